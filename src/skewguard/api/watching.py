"""What an engine and its GPUs say of themselves beside a load, or in a window of their users' traffic."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from msgspec import Struct, structs

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.api import measuring, observing_traffic
from skewguard.api.interviews import Manner
from skewguard.api.measured import Thing
from skewguard.api.observing_traffic import Progress
from skewguard.api.witnessing import Reached
from skewguard.judge.baseline import busy, windows
from skewguard.judge.baseline.busy import Busy
from skewguard.language.baselines import Baseline, Metric, Run, Watched
from skewguard.language.errors import InputError, UsageError
from skewguard.observe.sources import sampling
from skewguard.observe.sources.sampling import Sampler

LOOK_S = 3.0
"""Seconds for which an engine is looked at before anything is sent to it."""
PATIENCE_S = 12.0
"""Seconds beyond them, and beyond two beats, that slow pages are waited for: two of them may take 5 s each."""
SETTLE_S = 3.0
"""Seconds for which pages are waited for that have counted everything that was answered."""
_ROUND_S = 0.25


class Watching(Struct, frozen=True):
    """How it is watched: the ways to engines, the beat in seconds, an exporter and a Prometheus by URL."""

    reached: Reached
    manner: Manner
    beat: float | None = None
    dcgm: str | None = None
    prometheus: str | None = None
    matchers: str | None = None

    @property
    def paced(self) -> float:
        """The beat, or the usual one."""
        return self.beat or sampling.BEAT_S


@contextmanager
def witnesses(thing: Thing, how: Watching, *, seconds: float) -> Iterator[observing_traffic.Witnesses]:
    """The replicas and GPUs of a thing, to be read for so many seconds."""
    if thing.context is None:
        url, engine = thing.url or "", thing.bound.engine
        found = observing_traffic.at_url(url, how.manner, engine=engine, ca_file=how.reached.ca_file, dcgm=how.dcgm)
        with closing(found):
            yield found
        return
    named = None if thing.context == access.IN_CLUSTER else thing.context
    patience = seconds + how.reached.timeout * 2
    with access.connect(named, how.reached.kubeconfig, deadline=patience) as cluster:
        found = observing_traffic.of_replicas(Reader(cluster), thing.standings, how.manner, dcgm=how.dcgm)
        with closing(found):
            yield found


def look(sampler: Sampler, beat: float) -> Busy:
    """Whether users are served: what the pages of a few seconds show, sooner where they show it at once.

    An engine whose pages come slowly, or seldom, is looked at until there are two of each replica or one that does not come:
    a slow page is what an engine has that is busy.
    """
    began = time.monotonic()
    limit = LOOK_S + 2 * beat + PATIENCE_S
    while True:
        found = busy.seen(sampler.watched())
        spent = time.monotonic() - began
        settled = spent >= LOOK_S and (found.told or sampler.seen().missed > 0)
        if found.any or settled or spent >= limit:
            return found
        time.sleep(_ROUND_S)


def wait_for_traffic(sampler: Sampler, seconds: float) -> None:
    """Wait until requests show, for so many seconds at most."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and not busy.seen(sampler.watched()).any:
        time.sleep(_ROUND_S)


def settle(sampler: Sampler, run: Run) -> None:
    """Wait a moment for pages that have counted the last answers: an engine may count after it has sent."""
    limit = time.monotonic() + SETTLE_S
    completed = sum(not failure for failure in run.samples.failure)
    while time.monotonic() < limit:
        counted = sampler.seen().requests
        if counted is None or counted >= completed:
            return
        time.sleep(_ROUND_S)


def metrics_beside(watched: Watched, run: Run, thing: Thing, how: Watching) -> tuple[Metric, ...]:
    """What was seen in the time in which rows of a run count; where Prometheus has more of it, with that."""
    began = datetime.fromisoformat(run.started_at).timestamp()
    low, high = run.measured
    found = windows.beside_run(watched, within=(began + low, began + high))
    if how.prometheus is None:
        return found
    kept = out_of_prometheus(thing, how, high - low, at=began + high)
    return measuring.together(found, windows.beside_run(kept))


def refuse_unnamed(thing: Thing, how: Watching) -> None:
    """Raise where nothing says which series of a Prometheus are meant, or it can never be asked: after a load it would be lost.

    `UsageError`, and `InputError` for certificates or a token that cannot be read.
    """
    if how.prometheus is None:
        return
    if how.matchers is None and not thing.pods:
        raise UsageError(
            "which series of the Prometheus are those of this endpoint is not known",
            hint='say it with --prometheus-match, such as \'namespace="prod",pod=~"chat-.*"\'',
        )
    observing_traffic.way_to_prometheus(how.prometheus, ca_file=how.reached.ca_file).close()


def out_of_prometheus(thing: Thing, how: Watching, seconds: float, at: float | None = None) -> Watched:
    """A window of a Prometheus that scrapes the replicas, until `at` (Unix time; None: now)."""
    return observing_traffic.out_of_prometheus(
        how.prometheus or "",
        engine=thing.bound.engine,
        seconds=seconds,
        matchers=how.matchers,
        namespace=thing.bound.subject.namespace,
        pods=thing.pods,
        called=thing.called,
        at=at,
        ca_file=how.reached.ca_file,
    )


# ---- a window of live traffic ----------------------------------------------------------------------------------------


class Observed(Struct, frozen=True):
    """The baseline of a window, and whether somebody ended it early."""

    baseline: Baseline
    interrupted: bool = False


def recorded(bound: Baseline, thing: Thing, how: Watching, window: float, told: Progress | None) -> Observed:
    """What users were served in a window: the next one of the engines' own pages, or the last one that a Prometheus kept.

    Sends nothing but questions for pages of metrics. Raises `InputError` where no page could be read.
    """
    if how.prometheus is not None:
        return Observed(of_window(bound, out_of_prometheus(thing, how, window)))
    with witnesses(thing, how, seconds=window) as found:
        seen = observing_traffic.watch(found, seconds=window, beat=how.paced, progress=told)
    if not seen.watched.scrapes:
        if seen.interrupted:
            raise KeyboardInterrupt
        raise _nothing_read(thing, seen.watched)
    return Observed(of_window(bound, seen.watched, window if seen.partial else None), seen.interrupted)


def _nothing_read(thing: Thing, watched: Watched) -> InputError:
    """A window without a single page is no recording: not even when it was is known."""
    reasons = "; ".join(dict.fromkeys(f"{each.what}: {each.reason}" for each in watched.unread)) or "none came"
    return InputError(
        f"no page of metrics of {thing.bound.subject} could be read: {reasons}",
        hint="see whether the engine itself answers under /metrics of that address, with its key where it asks for one",
    )


def of_window(bound: Baseline, watched: Watched, planned: float | None = None) -> Baseline:
    """The baseline of what was read in a window. `planned`: the seconds that one which was ended early should have had."""
    found = windows.of_scrapes(watched, gpus=bound.gpus)
    early = () if planned is None else (_ended_early(found.duration, planned),)
    reasons = (*early, *found.invalid_because)
    return structs.replace(
        bound,
        started_at=found.started_at,
        duration=found.duration,
        kind="traffic",
        load=found.load,
        replicas=found.replicas,
        valid=not reasons,
        invalid_because=reasons,
        partial=planned is not None,
        requests=found.requests,
        metrics=measuring.together(found.metrics, ()),
        notes=tuple(dict.fromkeys((*bound.notes, *found.notes))),
    )


def _ended_early(seconds: float, planned: float) -> str:
    return (
        f"the window was ended early, after {seconds:.0f} of {planned:.0f} s: what was seen until then is shown and kept, and is no"
        " baseline. Let it run to its end, or ask for a shorter --window"
    )
