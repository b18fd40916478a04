"""Whether a load reached the pods of the workload whose settings it is bound to, and whether it was alone there.

A URL may lead anywhere, and users may come after one has looked. Before anything is sent, the model that answers at the URL has to
be one that the workload serves. Afterwards the engine's own counters have to have grown by what was answered, and by little more.
"""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from skewguard.judge.baseline import windows
from skewguard.judge.baseline.windows import Counted
from skewguard.language.baselines import Baseline, Run, Watched
from skewguard.language.facts import Fact

REACHED = 0.9
"""Share of the answers that the pods have to have counted at least: a last page that is read a moment early lacks a few."""
OTHERS = 1.1
"""Times the requests that were sent that may be counted before others' traffic is spoken of."""
OTHERS_TOKENS = 1.25
"""The same of output tokens: releases have counted them in more than one way."""
PROBES_PER_S = 0.2
"""Requests of health checks that each replica may have had: one every 5 seconds. SGLang's `/health_generate` has a token computed,
and a probe may ask for an answer by a command of its own."""
PROBE_TOKENS = 8
"""Output tokens that one of them may have."""
MISSED = "the load did not reach the pods of the workload"
MIXED = "somebody else was served beside the load"
"""How the reasons begin: shares of one load keep them when they are merged."""
CARRIED = (MISSED, MIXED)
_NOUNS = {"requests": "requests", "output_tokens": "output tokens"}
_SETTINGS = ("model.served_name", "model.id")


class Reached(Struct, frozen=True):
    """What the counters of the pods say: why the run is none of them, and what has to be read beside it."""

    invalid_because: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def names(facts: Iterable[Fact]) -> frozenset[str]:
    """The names that a workload serves models under, and those of the models themselves."""
    return frozenset(
        name
        for fact in facts
        if fact.setting in _SETTINGS
        for name in (fact.value if isinstance(fact.value, list) else [fact.value])
        if isinstance(name, str) and name
    )


def stranger(own: Collection[str], there: Mapping[str, Collection[str]], asked: str | None) -> str:
    """Why what answers at a URL is not the workload; empty where it may be.

    `own` are the workload's names of models, `there` those that the URL serves, each with what else it is known by (its path, the model that
    it adapts), `asked` the one that requests are to name (None: the first that is served).
    """
    ours = [name for name, others in there.items() if not {name, *others}.isdisjoint(own)]
    if not ours:
        return f"it serves {listed(there)}, and the workload {listed(own)}"
    wanted = asked or next(iter(there))
    if wanted not in own and wanted not in ours:
        return f"the requests would ask for {wanted}, and the workload serves {listed(own)}"
    return ""


def listed(found: Iterable[str]) -> str:
    """The first few of these names."""
    every = sorted(found)
    return ", ".join(every[:3]) + (f" and {len(every) - 3} more" if len(every) > 3 else "")


class Place(Struct, frozen=True):
    """Where a load went. `pods`: what was read are all pods of a workload, and not whatever answered at a URL.

    `engines` share in one answer (prefill and decode), and each counts it. `on_live`: users were expected there.
    """

    pods: bool = False
    engines: int = 1
    on_live: bool = False


def counted(bound: Baseline, run: Run, watched: Watched, place: Place) -> Reached:
    """What the engine counted from before the load until after it, against what the client saw of it."""
    found = windows.counted(watched)
    if isinstance(found, str):
        what = "whether the load reached the pods of the workload" if place.pods else _ALONE
        return Reached(notes=(f"{what} is not known: {found}",)) if place.pods or watched.scrapes else Reached()
    if place.pods and (missed := _missed(run, found)):
        return Reached((missed,))
    more = "" if run.partial else _more(bound, run, found, place)
    if not more:
        return Reached()
    if place.on_live:
        return Reached(notes=(f"{MIXED}: {more}",))
    way = "Record again while nobody uses it; --from traffic measures what users do, --on-live sends beside them"
    return Reached((f"{MIXED}: {more}, so that its numbers are those of a mix. {way}",))


_ALONE = "whether others were served beside the load"


def _missed(run: Run, found: Counted) -> str:
    """Why the load did not reach them; by its tokens where they count no requests. Empty where it did."""
    name, total = ("requests", found.requests) if found.requests is not None else ("output_tokens", found.output_tokens)
    each = [1 if name == "requests" else max(tokens, 0) for tokens in run.samples.output_tokens]
    answered = sum(count for count, failure in zip(each, run.samples.failure, strict=True) if not failure)
    if total is None or total >= REACHED * answered:
        return ""
    said = f"they counted {total:,.0f} of {answered:,} {_NOUNS[name]}"
    return f"{MISSED}: {said}. Give the address that leads to these pods with --endpoint"


def _more(bound: Baseline, run: Run, found: Counted, place: Place) -> str:
    """How much more was counted than this load can have been; empty where it was not clearly more."""
    shares = _shares(bound, run)
    if shares is None:
        return ""
    times, probes = place.engines * shares, PROBES_PER_S * found.seconds
    ours = {"requests": _requests(run), "output_tokens": _tokens(run)}
    limits = {"requests": (OTHERS, probes), "output_tokens": (OTHERS_TOKENS, probes * PROBE_TOKENS)}
    for name, total in (("requests", found.requests), ("output_tokens", found.output_tokens)):
        most, (factor, beside) = ours[name], limits[name]
        if total is not None and most is not None and total > factor * times * max(most, 1) + 1 + beside:
            whose = "this load's" if shares == 1 else f"those of all {shares} shares of this load"
            return (
                f"the engine counted {total:,.0f} {_NOUNS[name]} meanwhile, and at most {times * most:,} were {whose}"
            )
    return ""


def _shares(bound: Baseline, run: Run) -> int | None:
    """How many of these make the whole load; None where they need not be alike (who ends a request sends the next one)."""
    if bound.part is None:
        return 1
    looped = run.load.profile == "concurrency" or any(stage.concurrency for stage in run.load.stages)
    return None if looped else bound.part[1]


def _requests(run: Run) -> int:
    """Requests that the engine may have counted as ours: one that failed may have been counted, and have been sent again."""
    return len(run.samples.failure) + sum(bool(failure) for failure in run.samples.failure)


def _tokens(run: Run) -> int | None:
    """Output tokens that it may have counted as ours at most: those of which the client was told nothing are taken for as long as
    the longest answer, and each may have one that no client is told of. None: nobody knows how long an answer was.
    """
    told = run.samples.output_tokens
    longest = max((*told, run.load.prompts.output_tokens.maximum or -1), default=-1)
    whole = zip(told, run.samples.failure, strict=True)
    if longest < 0:
        return None
    return sum(2 * (longest + 1) if failure else (tokens if tokens >= 0 else longest) + 1 for tokens, failure in whole)
