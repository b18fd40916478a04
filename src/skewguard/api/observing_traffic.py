"""Reading what engines and GPUs say of themselves through a window of live traffic, or beside a load that is sent.

Nothing is sent to an engine but GETs of its page of metrics. What comes is judged by `judge.baseline.windows`.
"""

from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic, sleep

from msgspec import Struct, structs

from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.endpoints import PROMETHEUS_VARIABLE, Direct, Forwarded, Proxied, Way, key_from
from skewguard.api import interviews
from skewguard.api.interviews import Asked, Manner
from skewguard.assess.replicas import Standing
from skewguard.judge.checks import listening
from skewguard.knowledge.engines.live import promql
from skewguard.language.baselines import Watched
from skewguard.language.errors import UsageError
from skewguard.language.running import Unread
from skewguard.observe.loadgen.interrupts import Interrupts
from skewguard.observe.sources import gpus, prometheus, sampling
from skewguard.observe.sources.live import naming
from skewguard.observe.sources.live.naming import Names
from skewguard.observe.sources.live.newcomers import newcomers
from skewguard.observe.sources.sampling import BEAT_S, Probe, Sampler, Seen, Target

WINDOW_S = 900.0
"""Seconds of live traffic that are looked at where nobody says how many."""
_TELL_S = 0.5

Progress = Callable[[Seen, float], None]
"""Is told a few times a second how far it is, and how many seconds are left."""


class Witnesses(Struct, frozen=True):
    """Who is read: replicas, GPUs, and what cannot be read already. `close` gives their connections back.

    `newcomers` asks the cluster which replicas have come since (None: there is no cluster).
    """

    targets: tuple[Target, ...] = ()
    probes: tuple[Probe, ...] = ()
    unread: tuple[Unread, ...] = ()
    newcomers: Callable[[], tuple[str, ...] | Unread] | None = None
    exporter: Direct | None = None

    def sampler(self, beat: float = BEAT_S) -> Sampler:
        """One that reads them on a beat once it is started: `with witnesses.sampler() as sampler: …`."""
        return Sampler(self.targets, beat=beat, probes=self.probes, unread=self.unread)

    def close(self) -> None:
        """Give the connections back."""
        for way in (way for target in self.targets for way in target.ways):
            if isinstance(way, Direct | Forwarded | Proxied):
                way.close()
        if self.exporter is not None:
            self.exporter.close()


def at_url(
    url: str, manner: Manner, *, engine: str | None = None, ca_file: str | None = None, dcgm: str | None = None
) -> Witnesses:
    """The engine behind a URL; `dcgm` is the URL of an exporter on its machine. Raises `UsageError` and `InputError`."""
    target = Target(url, (Direct(url, key=manner.key, ca_file=ca_file),), engine)
    exporter = Direct(dcgm, ca_file=ca_file) if dcgm is not None else None
    probes = (gpus.exporter(exporter),) if exporter is not None else ()
    return Witnesses((target,), probes, exporter=exporter)


def of_replicas(reader: Reader, found: Iterable[Standing], manner: Manner, *, dcgm: str | None = None) -> Witnesses:
    """Every replica of what was found in a cluster, by a forwarded port or, where no key is needed, the pod proxy.

    With leave to run commands, the GPUs of each container are asked for; else an exporter at the URL `dcgm` is, for those
    that it shows of these pods.
    """
    reach = Reach(reader.cluster)
    targets: list[Target] = []
    probes: list[Probe] = []
    pods: list[str] = []
    unread: list[Unread] = []
    known: dict[str, set[str]] = {}
    for asked in interviews.replicas_of(found):
        space = asked.replica.subject.namespace or reader.cluster.namespace
        known.setdefault(space, set()).add(asked.replica.uid)
        pods.append(asked.replica.name)
        if manner.exec_ and dcgm is None:
            probes.append(gpus.command(reach, space, asked.replica.name, asked.case.container.name))
        if listening.worker(asked.case):
            continue
        target = _target(reach, space, asked, manner)
        if isinstance(target, Unread):
            unread.append(target)
        else:
            targets.append(target)
    exporter = Direct(dcgm) if dcgm is not None else None
    if exporter is not None:
        probes.append(gpus.exporter(exporter, pods=tuple(pods)))
    return Witnesses(tuple(targets), tuple(probes), tuple(unread), partial(newcomers, reader, known), exporter)


def _target(reach: Reach, namespace: str, asked: Asked, manner: Manner) -> Target | Unread:
    pod, port = asked.replica.name, interviews.port_of(asked.case)
    if port is None:
        reason, needs = "the port it listens on is not known", "a containerPort, or a literal --port"
        return Unread(f"GET /metrics of pod {pod}", reason, sampling.HIDES, needs, asked.case.sheet.subject)
    ways: list[Way] = [Forwarded(reach, namespace, pod, port, key=manner.key)]
    if manner.key is None:
        ways.append(Proxied(reach, namespace, pod, port))
    return Target(pod, tuple(ways), asked.case.engine)


# ---- a window --------------------------------------------------------------------------------------------------------


class Window(Struct, frozen=True):
    """What was read in a window. `partial`: it was ended early; `interrupted`: somebody wanted to, then or when it was over."""

    watched: Watched
    partial: bool = False
    interrupted: bool = False


def watch(
    witnesses: Witnesses, *, seconds: float = WINDOW_S, beat: float = BEAT_S, progress: Progress | None = None
) -> Window:
    """Read them for so many seconds. Ctrl-C and SIGTERM end it: what was read until then is kept.

    Replicas that came meanwhile are expected, and not read: the window is then not the whole workload's.

    Raises `UsageError` for a window in which nothing could be seen to change.
    """
    if not seconds >= 2 * beat > 0:
        raise UsageError(
            f"a window of {seconds:g} s has no two pages on a beat of {beat:g} s", hint="a longer --window"
        )
    sampler = witnesses.sampler(beat)
    partial = False
    try:
        with Interrupts() as interrupts:
            sampler.start()
            _wait(sampler, monotonic() + seconds, progress, interrupts)
    except KeyboardInterrupt:
        partial = True
    with Interrupts() as late:  # a second one meanwhile, or one at its end, loses nothing
        watched = sampler.stop()
        if not partial:
            watched = _with_newcomers(watched, witnesses)
    return Window(watched, partial, partial or late.heard)


def _with_newcomers(watched: Watched, witnesses: Witnesses) -> Watched:
    came = witnesses.newcomers() if witnesses.newcomers is not None else ()
    if isinstance(came, Unread):
        return structs.replace(watched, unread=(*watched.unread, came))
    unread = (Unread(f"GET /metrics of pod {name}", _CAME, sampling.HIDES, "a window without it") for name in came)
    return structs.replace(watched, expected=(*watched.expected, *came), unread=(*watched.unread, *unread))


_CAME = "it came after the window had begun"


def _wait(sampler: Sampler, end: float, progress: Progress | None, interrupts: Interrupts) -> None:
    while (left := end - monotonic()) > 0:
        interrupts.check()
        if progress is not None:
            progress(sampler.seen(), left)
        sleep(min(left, _TELL_S))
    interrupts.check()


def out_of_prometheus(
    url: str,
    *,
    engine: str | None,
    seconds: float = WINDOW_S,
    matchers: str | None = None,
    namespace: str | None = None,
    pods: Iterable[str] = (),
    called: Names = naming.NONE,
    at: float | None = None,
    token_env: str | None = None,
    token_file: str | None = None,
    ca_file: str | None = None,
) -> Watched:
    """The same window out of a Prometheus that scraped the replicas, until `at` (Unix time; None: now).

    The pods of a namespace pick the series, with those that are `called` as theirs are and may be gone by now; or `matchers` do,
    as PromQL has them between braces. The token comes from `SKEWGUARD_PROMETHEUS_TOKEN`, or a variable or file that is named.
    Raises `UsageError` and `InputError`.
    """
    named = tuple(sorted(pods))
    picked = _matchers(matchers, namespace, named, called)
    way = way_to_prometheus(url, token_env=token_env, token_file=token_file, ca_file=ca_file)
    try:
        watched = prometheus.window(
            way, engine=engine, seconds=seconds, matchers=picked, at=at, namespace=namespace, pods=named
        )
    finally:
        way.close()
    return watched if matchers else structs.replace(watched, unread=(*watched.unread, *_untold(called)))


def _untold(called: Names) -> Iterable[Unread]:
    """That replicas of which nobody knows the names may be missing."""
    if called.untold:
        several = f" and {len(called.untold) - 1} more" if len(called.untold) > 1 else ""
        yield Unread(
            f"replicas like {called.untold[0]}{several} that are gone by now",
            "what their controller calls its pods is not known, so that none was looked for: one that served in a part of the"
            " window is missing from its sums",
            "replicas that served and are gone",
            "labels that pick them too (--prometheus-match)",
        )


def way_to_prometheus(
    url: str, *, token_env: str | None = None, token_file: str | None = None, ca_file: str | None = None
) -> Direct:
    """How it is asked; nothing is asked yet. Raises `UsageError` and `InputError` for what can never be asked."""
    return Direct(url, key=key_from(token_env, token_file, usual=PROMETHEUS_VARIABLE), ca_file=ca_file)


def _matchers(matchers: str | None, namespace: str | None, pods: tuple[str, ...], called: Names) -> str:
    if matchers:
        return matchers
    if namespace is None or not pods:
        raise UsageError(
            "which series of Prometheus are this engine's is not known",
            hint='name a workload, or its labels: --prometheus-match \'namespace="prod",pod=~"chat-.*"\'',
        )
    try:
        return promql.of_pods(namespace, pods, like=called.patterns)
    except ValueError as error:
        raise UsageError(str(error)) from None
