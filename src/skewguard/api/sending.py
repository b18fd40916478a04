"""Sending a load to what is measured: only where it harms nobody unasked, and with the engine's own metrics read beside it."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from skewguard.adapters import files
from skewguard.api import loads, measuring, watching
from skewguard.api.loads import Wish
from skewguard.api.measured import Thing
from skewguard.api.watching import Watching
from skewguard.judge.baseline import busy, reaching
from skewguard.judge.baseline.busy import Busy
from skewguard.judge.baseline.reaching import Reached
from skewguard.language import redact
from skewguard.language.baselines import Baseline, Run
from skewguard.language.errors import UsageError
from skewguard.language.loads import Load
from skewguard.observe import loadgen
from skewguard.observe.loadgen import prompting, running
from skewguard.observe.loadgen.interrupts import Interrupts
from skewguard.observe.loadgen.live import Live
from skewguard.observe.sources import models
from skewguard.observe.sources.sampling import Sampler

MOST_ERRORS = 0.01
FEWEST_ERRORS = 2
"""Failures below which no share of them is one: of the first ten requests a single one would be a tenth."""

GRACE_S = 900.0 + loads.LONGEST_S
"""Seconds that a load may go on for, and that the last answers may take, while the connections to the cluster are kept."""
UNTIMED_S = 3600.0
"""Seconds for which they are kept for a load that ends with its requests."""

ON_LIVE = ("prompt_tokens", "output_tokens", "seed")
"""What a contract says of the load that is kept beside the traffic of users; the rest is small, unless it was asked for."""


class Manner(Struct, frozen=True):
    """How a load is sent: where, what was asked for of it, under which name, by how many processes, as which share."""

    url: str
    wish: Wish
    model: str | None = None
    processes: int = 1
    share: tuple[int, int] | None = None
    on_live: bool = False
    told: Callable[[Live], None] | None = None


class Sent(Struct, frozen=True):
    """The baseline of a load, and whether somebody ended it."""

    baseline: Baseline
    interrupted: bool = False


def sent(bound: Baseline, thing: Thing, manner: Manner, how: Watching) -> Sent:
    """Send the load and measure it. Raises `UsageError` where users would be harmed that nobody spoke of."""
    watching.refuse_unnamed(thing, how)
    load, prompts = _load(thing, manner)
    target = loadgen.Target(
        manner.url,
        manner.model or bound.model,
        how.manner.key.text if how.manner.key is not None else None,
        how.reached.ca_file,
    )
    named = _refuse_stranger(thing, target, how)
    seconds = longest(load, prompts)
    with (
        watching.witnesses(thing, how, seconds=seconds + GRACE_S) as witnesses,
        witnesses.sampler(how.paced) as sampler,
    ):
        seen = _looked(sampler, manner, how)
        notes = _allowed(seen, thing, on_live=manner.on_live)
        until = _until(thing, manner, load)
        run = loadgen.run(
            target,
            load,
            prompts,
            processes=manner.processes,
            progress=manner.told,
            stop=stopping(sampler) if manner.on_live or not seen.told else None,
            part=manner.share or (0, 1),
            until=until,
        )
        notes += _longer(run) if until is not None else ()
        with Interrupts() as late:  # the load is over: an impatient hand throws away nothing of it
            if thing.context is not None:
                watching.settle(sampler, run)
            watched = sampler.stop()
            reached = reaching.counted(bound, run, watched) if thing.context is not None else Reached()
            told = (*bound.notes, *notes, *named, *reached.notes)
            whole = structs.replace(bound, endpoint=_shown(manner.url), notes=told)
            beside = watching.metrics_beside(watched, run, thing, how)
            made = measuring.of_run(whole, run, beside, reached.invalid_because)
    return Sent(made, interrupted=_was_interrupted(run) or late.heard)


def _refuse_stranger(thing: Thing, target: loadgen.Target, how: Watching) -> tuple[str, ...]:
    """Raise `UsageError` where what answers at the URL serves no model of the workload; a note where that is not known."""
    if thing.context is None:
        return ()
    own = reaching.names(thing.bound.facts)
    there = models.at_url(target.url, how.manner.key, how.reached.ca_file, seconds=how.reached.timeout)
    if isinstance(there, str) or not own:
        why = there if isinstance(there, str) else "which models it serves is not known"
        return (f"whether {_shown(target.url)} serves the model of the workload is not known: {why}",)
    if why := reaching.stranger(own, there, target.model):
        raise UsageError(
            f"{_shown(target.url)} does not lead to {thing.bound.subject}: {why}; nothing was sent",
            hint="give the address that leads to its pods; an engine of its own is measured with --endpoint URL alone",
        )
    return ()


def _shown(url: str) -> str:
    """An address as it is kept and shown: without credentials."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return redact.free_text(f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".rstrip("/"))


def _load(thing: Thing, manner: Manner) -> tuple[Load, prompting.PromptSet]:
    promised: Mapping[str, Any] = thing.promised.get("load", {})
    if manner.on_live:
        promised = {name: value for name, value in promised.items() if name in ON_LIVE}
    load = loads.described(manner.wish, promised, loads.DURATION_S if manner.on_live else loads.LONGEST_S)
    path = manner.wish.trace or manner.wish.prompts
    prompts = prompting.from_load(load, files.read_text(path, files.MOST_OF_RESULTS) if path is not None else None)
    return structs.replace(load, prompts=prompts.described), prompts


def _until(thing: Thing, manner: Manner, load: Load) -> loadgen.Until | None:
    """Until when a load goes on of which nobody said how long; beside users, and of several machines, never longer than it is."""
    if (
        manner.on_live
        or manner.share is not None
        or not loads.is_unbounded(manner.wish, thing.promised.get("load", {}))
    ):
        return None
    return loadgen.Until(loads.ANSWERS + (load.concurrency or 0), loads.LONGEST_S)


def _longer(run: Run) -> tuple[str, ...]:
    """That it went on for longer than the load says."""
    planned = run.load.warmup + (run.load.duration or 0.0)
    if run.measured[1] - planned < 1:
        return ()
    said = f"{run.load.duration:g} s gave too few answers: it went on for {run.measured[1] - run.load.warmup:.0f} s"
    return (f"nobody said how long, and {said} (--duration says how long)",)


def longest(load: Load, prompts: prompting.PromptSet) -> float:
    """Seconds that a load may take, its last answers aside; without a rate a count of requests says nothing of time."""
    staged = sum(stage.duration for stage in load.stages)
    traced = max(prompts.times, default=0.0)
    counted = load.requests / load.rate if load.requests and load.rate else 0.0
    return load.warmup + max(load.duration or counted, staged, traced, UNTIMED_S if load.duration is None else 0.0)


# ---- whether it may be sent ------------------------------------------------------------------------------------------


OTHERS = "other machines send their shares of this load to it, and their requests look like those of users"
"""Why a share does not look: which one of them begins first is chance, and the others would all refuse."""


def _looked(sampler: Sampler, manner: Manner, how: Watching) -> Busy:
    """What is seen of users before anything is sent; of a share of a load nobody can tell."""
    if manner.share is not None and manner.share[1] > 1:
        return Busy(why=OTHERS)
    return watching.look(sampler, how.paced)


def _allowed(found: Busy, thing: Thing, *, on_live: bool) -> tuple[str, ...]:
    """What is to be said of the traffic that was there. Raises `UsageError` where it keeps the load from being sent."""
    who = str(thing.bound.subject)
    if found.any and not on_live:
        raise UsageError(
            f"{who} has traffic of its users ({found}), and a load beside it would slow them down: nothing was sent",
            hint="--from traffic measures what they send, and sends nothing; --on-live sends a small load beside it, which ends "
            "itself at 1 % errors or a standing queue",
        )
    if found.any:
        return (f"users were served meanwhile ({found}): what was measured is the engine beside their traffic",)
    if found.told or (on_live and found.why != OTHERS):
        return ()
    if not on_live and (thing.context is not None or found.mute):
        raise UsageError(
            f"nobody can tell whether {who} has traffic of its users: {found.why}",
            hint=_LOOK_ONCE if found.why == OTHERS else _LET_LOOK,
        )
    return (f"whether it had traffic of its users meanwhile is not known: {found.why}",)


_LET_LOOK = (
    "make its metrics readable (`skewguard verify --check-access` says what that needs), or say with --on-live that a load may"
    " go there in any case"
)
_LOOK_ONCE = "look once with --from traffic --window 30s, then give every share --on-live: it ends itself at 1 % errors or a standing queue"


def stopping(sampler: Any) -> Callable[[Live], str | None]:
    """What ends a load beside the traffic of users: errors, or a queue that stands."""

    def why(live: Live) -> str | None:
        ended = live.completed + live.failed
        if live.failed >= FEWEST_ERRORS and live.failed > MOST_ERRORS * ended:
            return f"{live.failed} of {ended} requests failed, which is more than {MOST_ERRORS:.0%}"
        return busy.standing(sampler.watched().scrapes) or None

    return why


def _was_interrupted(run: Run) -> bool:
    return run.partial and run.stopped == running.INTERRUPTED
