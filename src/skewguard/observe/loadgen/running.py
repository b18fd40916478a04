"""Starts load processes, listens to them, and puts together what they wrote down."""

import platform
import secrets
import time
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain

from msgspec import structs

from skewguard.language import redact
from skewguard.language.baselines import Instrument, Run, Samples
from skewguard.language.errors import UsageError
from skewguard.language.loads import Load
from skewguard.observe.loadgen import arrivals, machine, merging
from skewguard.observe.loadgen.enough import Until, Watch
from skewguard.observe.loadgen.interrupts import Interrupts
from skewguard.observe.loadgen.live import Live
from skewguard.observe.loadgen.messages import Plan
from skewguard.observe.loadgen.processes import Processes
from skewguard.observe.loadgen.standing import Standing
from skewguard.observe.loadgen.targets import Target, address, headers
from skewguard.observe.loadgen.wording import PromptSet

_LEAD = 30_000_000
"""Nanoseconds between the word to begin and the beginning, so that every process has heard it."""

_RUN_BITS = 32
"""Of the words that keep a run out of an earlier one's prefix cache; four words tell more numbers apart."""

_TOLD_EVERY = 0.25
INTERRUPTED = "interrupted"


def run(
    target: Target,
    load: Load,
    prompts: PromptSet,
    *,
    processes: int = 1,
    progress: Callable[[Live], None] | None = None,
    stop: Callable[[Live], str | None] | None = None,
    part: tuple[int, int] = (0, 1),
    until: Until | None = None,
) -> Run:
    """See `loadgen.run`."""
    _check(load, prompts, processes, target)
    load = structs.replace(load, prompts=prompts.described)
    watch = Watch(load, until)
    prompts = structs.replace(prompts, run=secrets.randbits(_RUN_BITS))
    with Processes(_plans(target, watch.longest, prompts, processes, part)) as crew:
        whole = arrivals.share(arrivals.schedule(watch.longest, prompts.times), *part)
        crew.ready()
        before, started_at = machine.busy(), datetime.now(UTC).isoformat(timespec="milliseconds")
        start = time.monotonic_ns() + _LEAD
        crew.go(start)
        with Interrupts() as interrupts:
            reason = _listen(crew, Standing(whole, start), interrupts, watch, progress, stop)
        seconds = (time.monotonic_ns() - start) / 1e9
        return _put_together(crew, target, load, reason, started_at, seconds, before, machine.busy())


def _check(load: Load, prompts: PromptSet, processes: int, target: Target) -> None:
    if processes < 1:
        raise UsageError("a load needs at least one process")
    if target.timeout_s <= 0:
        raise UsageError("a request needs more than 0 seconds")
    if load.api == "completions" and any(content.startswith("[") for content in prompts.contents):
        raise UsageError("prompts that are messages are for the chat API")


def _plans(target: Target, load: Load, prompts: PromptSet, processes: int, part: tuple[int, int]) -> list[Plan]:
    """What each process sends: of the K-th of N machines, every N-th arrival from the K-th on, dealt out in turn.

    So the shares of all machines are the whole load, however many processes each of them has. Of a closed loop no process
    is started that would have no slot, or nothing to send in it.
    """
    where = address(target.url)
    lines = headers(target, where)
    first, machines = part
    if load.profile == "concurrency":
        most = min(load.concurrency or 1, load.requests or load.concurrency or 1)
        processes = max(1, min(processes, len(range(first, most, machines))))
    every = (where, lines, target.key, target.model, target.ca_file, target.timeout_s, load, prompts)
    return [Plan(*every, first + machines * process, machines * processes) for process in range(processes)]


def _listen(
    crew: Processes,
    standing: Standing,
    interrupts: Interrupts,
    watch: Watch,
    progress: Callable[[Live], None] | None,
    stop: Callable[[Live], str | None] | None,
) -> str:
    """Listen until all are done; the reason why the run was ended before that, or nothing."""
    reason = ""
    told_at = time.monotonic() + _TOLD_EVERY
    try:
        while crew.listen(max(0.0, told_at - time.monotonic())):
            interrupts.check()
            if time.monotonic() < told_at:
                continue
            told_at = time.monotonic() + _TOLD_EVERY
            live = watch.told(standing.live(crew.counts()))
            if progress is not None:
                progress(live)
            if watch.closes(live):
                crew.close()
            if not reason and (reason := (stop(live) if stop is not None else None) or crew.lost or watch.silent(live)):
                crew.stop()
        if progress is not None:
            progress(watch.told(standing.live(crew.counts())))
    except KeyboardInterrupt:
        reason = reason or INTERRUPTED
        crew.finish()
    return reason or crew.lost


def _put_together(
    crew: Processes,
    target: Target,
    load: Load,
    reason: str,
    started_at: str,
    seconds: float,
    before: machine.Busy,
    after: machine.Busy,
) -> Run:
    def shown(text: str) -> str:
        return redact.free_text(text.replace(target.key, "***") if target.key else text)

    measured = merging.window(load, crew.written, crew.ends, seconds)
    samples = merging.samples(crew.written, measured, loop=load.profile == "concurrency")
    return Run(
        load=load,
        started_at=started_at,
        duration=seconds,
        samples=samples,
        instrument=_instrument(crew, samples, seconds, before, after, tls=target.url.startswith("https")),
        measured=measured,
        model=shown(crew.model),
        partial=bool(reason),
        stopped=reason,
        notes=tuple(shown(note) for note in crew.notes()),
    )


def _instrument(
    crew: Processes, samples: Samples, seconds: float, before: machine.Busy, after: machine.Busy, *, tls: bool
) -> Instrument:
    lags = array("f", chain.from_iterable(written.lags for written in crew.written))
    slips = array("f", chain.from_iterable(written.slips for written in crew.written))
    answered = [censored for censored, chunks in zip(samples.censored, samples.chunks, strict=True) if chunks]
    return Instrument(
        clock=crew.clock(),
        slip_p99=merging.p99(slips),
        read_lag_p99=merging.p99(lags) if lags else None,
        censored=sum(answered) / len(answered) if answered else 0.0,
        client_cpu=max((end.cpu for end in crew.ends), default=0.0),
        others_cpu=_others(crew, seconds, before, after),
        cores=machine.cores(),
        processes=len(crew.written),
        tls=tls,
        host=platform.node() or None,
    )


def _others(crew: Processes, seconds: float, before: machine.Busy, after: machine.Busy) -> float | None:
    """Cores that everything but the client used; unknown where a process of its own ended without telling."""
    if before.all is None or after.all is None or crew.lost or seconds <= 0:
        return None
    own = after.own - before.own + sum(end.cpu * end.wall for end in crew.ends)
    return max(0.0, (after.all - before.all - own) / seconds)
