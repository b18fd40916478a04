"""Sending a load to what is measured: only where it harms nobody unasked, and with the engine's own metrics read beside it."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from skewguard.adapters import files
from skewguard.api import loads, measuring, watching
from skewguard.api.loads import Wish
from skewguard.api.measured import Thing
from skewguard.api.watching import Watching
from skewguard.assess import measured
from skewguard.judge.baseline import busy, reaching
from skewguard.judge.baseline.busy import Busy
from skewguard.judge.baseline.reaching import Place
from skewguard.language import redact
from skewguard.language.baselines import Baseline, Run, Watched
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

HOPELESS = 20
"""Requests that were all answered with an HTTP error, from which on no other answer is waited for."""

STRICT = frozenset({"vllm"})
"""Engines that answer 404 for a name which `GET /v1/models` does not list (vLLM: `The model … does not exist`); others take any."""

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
    named = _refuse_stranger(thing, target, manner, how)
    seconds = longest(load, prompts)
    with (
        watching.witnesses(thing, how, seconds=seconds + GRACE_S) as witnesses,
        witnesses.sampler(how.paced) as sampler,
    ):
        seen = _looked(sampler, manner, how)
        notes = _allowed(seen, thing, manner)
        until = _until(thing, manner, load)
        guarded = manner.on_live or not seen.told
        run = loadgen.run(
            target,
            load,
            prompts,
            processes=manner.processes,
            progress=manner.told,
            stop=_ending(stopping(sampler) if guarded else None),
            part=manner.share or (0, 1),
            until=until,
        )
        notes += _longer(run) if until is not None else ()
        with Interrupts() as late:  # the load is over: an impatient hand throws away nothing of it
            if thing.context is not None:
                watching.settle(sampler, run)
            watched = sampler.stop()
            reached = reaching.counted(bound, run, watched, _place(thing, manner))
            notes += _unguarded(watched) if guarded else ()
            told = (*bound.notes, *notes, *named, *reached.notes)
            whole = structs.replace(bound, endpoint=_shown(manner.url), notes=told)
            beside = watching.metrics_beside(watched, run, thing, how)
            made = measuring.of_run(whole, run, beside, reached.invalid_because)
    return Sent(made, interrupted=_was_interrupted(run) or late.heard)


def _place(thing: Thing, manner: Manner) -> Place:
    """Where the load goes. Of a workload whose engines share in one answer, each counts it."""
    cases = [each.case for each in thing.standings if each.case is not None]
    return Place(thing.context is not None, max(1, len(measured.serving(cases))), manner.on_live)


def _refuse_stranger(thing: Thing, target: loadgen.Target, manner: Manner, how: Watching) -> tuple[str, ...]:
    """Raise `UsageError` where what answers at the URL serves no model of the workload; a note where that is not known."""
    if thing.context is None:
        _refuse_unlisted(thing, target.url, manner.model, how)
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


def _refuse_unlisted(thing: Thing, url: str, asked: str | None, how: Watching) -> None:
    """Raise `UsageError` where an engine that answers 404 for a model which it does not list does not list the one asked for."""
    if asked is None or thing.bound.engine not in STRICT:
        return
    there = models.at_url(url, how.manner.key, how.reached.ca_file, seconds=how.reached.timeout)
    if not isinstance(there, str) and asked not in there:
        raise UsageError(
            f"{_shown(url)} serves no model {redact.free_text(asked)}: it lists {reaching.listed(there)}; nothing was sent",
            hint="name one of these with --model, or leave it out",
        )


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
    """Until when a closed loop goes on of which nobody said how long; beside users, and of several machines, never longer than it is.

    A rate lasts as long as it needs from the first, and stages, a trace and a burst say themselves when they are over.
    """
    if (
        load.profile != "concurrency"
        or manner.on_live
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
"""Why a share that may go beside users tells nothing of them."""
TOGETHER_S = 20.0
"""Seconds for which a share goes on looking before it sends: those that begin later see an engine that is still idle, and all of them
go as soon as one goes."""


def _looked(sampler: Sampler, manner: Manner, how: Watching) -> Busy:
    """What is seen of users before anything is sent.

    A share waits then for the others: who begins first is chance, and the requests of the first would look like those of users to
    the rest. What begins while it waits is the first of them.
    """
    if not _is_share(manner):
        return watching.look(sampler, how.paced)
    if manner.on_live:
        return Busy(why=OTHERS)
    found = watching.look(sampler, how.paced)
    if found.told and not found.any:
        watching.wait_for_traffic(sampler, TOGETHER_S)
    return found


def _is_share(manner: Manner) -> bool:
    return manner.share is not None and manner.share[1] > 1


def _allowed(found: Busy, thing: Thing, manner: Manner) -> tuple[str, ...]:
    """What is to be said of the traffic that was there. Raises `UsageError` where it keeps the load from being sent."""
    who = str(thing.bound.subject)
    if found.any and not manner.on_live:
        raise UsageError(
            f"{who} has traffic of its users ({found}), and a load beside it would slow them down: nothing was sent",
            hint="--from traffic measures what they send, and sends nothing; --on-live sends a small load beside it, which ends "
            "itself at 1 % errors or a standing queue" + (_SHARES if _is_share(manner) else ""),
        )
    if found.any:
        return (f"users were served meanwhile ({found}): what was measured is the engine beside their traffic",)
    if found.told or (manner.on_live and found.why != OTHERS):
        return ()
    if not manner.on_live and (thing.context is not None or found.mute):
        raise UsageError(
            f"nobody can tell whether {who} has traffic of its users: {found.why}",
            hint=_LET_LOOK,
        )
    return (f"whether it had traffic of its users meanwhile is not known: {found.why}",)


_SHARES = (
    f". If these are the other shares of this load, start all of them within {TOGETHER_S - watching.LOOK_S - 2:.0f} s: one that comes later"
    " cannot tell them from users"
)
_LET_LOOK = (
    "make its metrics readable (`skewguard verify --check-access` says what that needs), or say with --on-live that a load may"
    " go there in any case"
)


def _ending(beside: Callable[[Live], str | None] | None) -> Callable[[Live], str | None]:
    """What ends any load: that the server refused all of it so far; and what ends one beside users."""
    return lambda live: (beside(live) if beside is not None else None) or hopeless(live)


def hopeless(live: Live) -> str | None:
    """Why nothing more is to be hoped for: all of the first requests, those of the warm-up included, were HTTP errors."""
    if live.completed or live.refused < HOPELESS or live.refused < live.failed:
        return None
    return f"all of the first {live.refused} requests were answered with an HTTP error"


def stopping(sampler: Any) -> Callable[[Live], str | None]:
    """What ends a load beside the traffic of users: errors, or a queue that stands."""

    def why(live: Live) -> str | None:
        ended = live.completed + live.failed
        if live.failed >= FEWEST_ERRORS and live.failed > MOST_ERRORS * ended:
            return f"{live.failed} of {ended} requests failed, which is more than {MOST_ERRORS:.0%}"
        return busy.standing(sampler.watched().scrapes) or None

    return why


def _unguarded(watched: Watched) -> tuple[str, ...]:
    """That a load which should have ended at a standing queue could not see one."""
    untold = busy.queue_untold(watched.scrapes)
    return (
        (f"whether a queue stood is not known, so that errors alone could have ended the load: {untold}",)
        if untold
        else ()
    )


def _was_interrupted(run: Run) -> bool:
    return run.partial and run.stopped == running.INTERRUPTED
