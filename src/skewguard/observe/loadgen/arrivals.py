"""When requests are due: drawn whole, before the first is sent, from the load and its seed alone.

Pure: the same load gives the same schedule on any machine, and for any number of processes, each of which takes every
N-th arrival. Seconds since the start of the run, the warm-up included.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from math import log
from random import Random

from msgspec import Struct

from skewguard.language.errors import UsageError
from skewguard.language.loads import UNTOLD, Load, Stage

_FOREVER = float("inf")
MOST_ARRIVALS = 10_000_000
"""More than a day at 100 requests per second; a schedule is drawn whole, 8 bytes each."""


class Schedule(Struct, frozen=True):
    """What is due when.

    `times`: arrivals of an open loop, rising. `steps` of a closed loop: from this second on, so many requests at once; the
    last step is 0 where its end is a moment. `quota`: how many a closed loop may send from `warmup` on (None: no limit).
    """

    times: Sequence[float]
    steps: tuple[tuple[float, int], ...] = ()
    quota: int | None = None
    warmup: float = 0.0

    @property
    def slots(self) -> int:
        """The most requests that the closed loop keeps at once."""
        return max((slots for _, slots in self.steps), default=0)


def schedule(load: Load, recorded: Sequence[float] = ()) -> Schedule:
    """What a load means in time; `recorded` are the moments of a trace. Raises `UsageError` where the load says too little."""
    _require(load)
    if load.profile == "concurrency":
        assert load.concurrency is not None
        return Schedule(array("d"), _steps(load, load.concurrency), load.requests, load.warmup)
    if load.profile == "stages":
        return _staged(load)
    return Schedule(_counted(load, _open(load, recorded)), warmup=load.warmup)


def share(whole: Schedule, process: int, processes: int) -> Schedule:
    """What one of several processes sends: every N-th arrival, its part of the slots and of their quota."""
    quota = None if whole.quota is None else len(range(process, whole.quota, processes))
    steps = tuple((at, len(range(process, slots, processes))) for at, slots in whole.steps)
    return Schedule(whole.times[process::processes], steps, quota, whole.warmup)


def _require(load: Load) -> None:
    if load.profile in ("poisson", "constant") and not (load.rate and load.rate > 0):
        raise UsageError(f"a {load.profile} load needs a rate above 0 requests per second")
    if load.profile == "concurrency" and not (load.concurrency and load.concurrency > 0):
        raise UsageError("a closed loop needs a concurrency of at least 1")
    if load.profile == "burst" and not load.requests:
        raise UsageError("a burst needs a number of requests")
    if load.profile == "stages" and not load.stages:
        raise UsageError("a load in stages needs at least one stage")
    if load.profile == "observed" or load.seed is None:
        raise UsageError("what production sent is not sent again", hint="record a trace, or a mix of lengths")
    if UNTOLD in (load.profile, load.api):
        raise UsageError("it is not known what another tool sent, so it cannot be sent again", hint="describe the load")
    if load.profile in ("poisson", "constant", "concurrency") and load.requests is None and load.duration is None:
        raise UsageError("a load needs an end: a duration or a number of requests")
    if _size(load) > MOST_ARRIVALS:
        raise UsageError(f"that load is of more than {MOST_ARRIVALS:,} requests")


def _size(load: Load) -> float:
    """About how many arrivals a load has at most."""
    staged = sum((stage.rate or 0.0) * stage.duration for stage in load.stages)
    if load.duration is None or load.rate is None:
        return max(staged, load.requests or 0)
    timed = load.rate * (load.warmup + load.duration)
    return max(staged, timed if load.requests is None else min(timed, load.requests + load.rate * load.warmup))


def _steps(load: Load, slots: int) -> tuple[tuple[float, int], ...]:
    if load.duration is None:
        return ((0.0, slots),)
    return ((0.0, slots), (load.warmup + load.duration, 0))


def _open(load: Load, recorded: Sequence[float]) -> Iterable[float]:
    if load.profile == "burst":
        return (load.warmup for _ in range(load.requests or 0))
    if load.profile == "trace":
        if not recorded:
            raise UsageError("a trace needs the moments of its requests")
        return sorted(recorded)
    assert load.rate is not None
    draw = Random(f"arrivals {load.seed}")  # noqa: S311 - drawn again by whoever repeats the load
    return _at_random(load.rate, draw) if load.profile == "poisson" else _evenly(load.rate)


def _at_random(rate: float, draw: Random) -> Iterator[float]:
    moment = 0.0
    while True:
        moment -= log(1.0 - draw.random()) / rate
        yield moment


def _evenly(rate: float) -> Iterator[float]:
    number = 0
    while True:
        yield number / rate
        number += 1


def _counted(load: Load, moments: Iterable[float]) -> "array[float]":
    """Those before the end of the load: after `duration`, or as many as it asks for once the warm-up is over."""
    end = _FOREVER if load.duration is None else load.warmup + load.duration
    left = load.requests if load.requests is not None else MOST_ARRIVALS
    times = array("d")
    for moment in moments:
        if moment >= end or left == 0:
            break
        left -= moment >= load.warmup
        times.append(moment)
    return times


def _staged(load: Load) -> Schedule:
    times = array("d")
    steps: list[tuple[float, int]] = []
    draw = Random(f"arrivals {load.seed}")  # noqa: S311 - see above
    begin = 0.0
    for stage in load.stages:
        _check(stage)
        end = begin + stage.duration
        steps.append((begin, stage.concurrency or 0))
        if stage.rate:
            times.extend(_between(begin, end, _at_random(stage.rate, draw)))
        begin = end
    if load.requests is not None:
        raise UsageError("a load in stages ends with its last stage, not after a number of requests")
    return Schedule(times, (*steps, (begin, 0)), warmup=load.warmup)


def _check(stage: Stage) -> None:
    if (stage.rate is None) == (stage.concurrency is None) or stage.duration <= 0:
        raise UsageError("a stage needs a duration, and either a rate or a concurrency")


def _between(begin: float, end: float, moments: Iterator[float]) -> Iterator[float]:
    for moment in moments:
        if begin + moment >= end:
            return
        yield begin + moment
