"""From what a tool reported and what the server knows to the numbers of the page. Nothing here touches a machine."""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.loadgen.mocking import Truth
from benchmarks.loadgen.watching import Sample

NANOSECONDS = 1e9
ANCHOR = 0.01
"""A grid is laid so that this share of the arrivals come before their time: one early request must not move it."""


class Reported(NamedTuple):
    """What a tool said itself: means in seconds (None where it says none), and how many requests it says succeeded."""

    ttft_s: float | None
    e2e_s: float | None
    requests: int


class Spread(NamedTuple):
    """One number over the repeats."""

    median: float
    low: float
    high: float
    n: int


def spread(values: Iterable[float]) -> Spread | None:
    """Median with the least and the most; None of nothing."""
    known = sorted(value for value in values if not math.isnan(value))
    return Spread(statistics.median(known), known[0], known[-1], len(known)) if known else None


def percentile(values: Sequence[float], share: float) -> float:
    """Between the two neighbours, as most tools do. `values` need no order."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def counted(truths: Sequence[Truth], expected: int) -> list[Truth]:
    """The complete ones of the last `expected` requests: what came before them warmed up or asked whether anybody is there."""
    return [truth for truth in truths[-expected:] if truth.complete]


def window(truths: Sequence[Truth]) -> tuple[float, float]:
    """From the arrival of the first request to the last write of all, in seconds of the monotonic clock."""
    return truths[0].received / NANOSECONDS, max(truth.last for truth in truths) / NANOSECONDS


def rate(truths: Sequence[Truth]) -> float:
    """Complete requests per second of a closed loop."""
    start, end = window(truths)
    return len(truths) / (end - start)


def arrival_rate(truths: Sequence[Truth]) -> float:
    """Requests per second as they arrived."""
    return (len(truths) - 1) * NANOSECONDS / (truths[-1].received - truths[0].received)


def true_ttft(truths: Sequence[Truth]) -> float:
    """Mean seconds from a request's arrival to the first write of tokens."""
    return statistics.fmean(truth.first - truth.received for truth in truths) / NANOSECONDS


def true_e2e(truths: Sequence[Truth]) -> float:
    """Mean seconds from a request's arrival to the last write."""
    return statistics.fmean(truth.last - truth.received for truth in truths) / NANOSECONDS


def slips(truths: Sequence[Truth], rate: float) -> list[float]:
    """How late each request arrived, in seconds, against an even grid of `rate` requests per second.

    The n-th arrival belongs to the n-th place, whichever request it was. A client that falls behind gets later and later.
    """
    offsets = [truth.received / NANOSECONDS - at / rate for at, truth in enumerate(truths)]
    anchor = percentile(offsets, ANCHOR)
    return [offset - anchor for offset in offsets]


def used(samples: Sequence[Sample], moment: float, *, others: bool = False) -> float:
    """CPU seconds at a moment, on the line between the two samples around it."""
    values = [(sample.at, sample.others if others else sample.tree) for sample in samples]
    if not values:
        return math.nan
    before = max((pair for pair in values if pair[0] <= moment), default=values[0])
    after = min((pair for pair in values if pair[0] > moment), default=values[-1])
    if after[0] == before[0]:
        return before[1]
    return before[1] + (after[1] - before[1]) * (moment - before[0]) / (after[0] - before[0])


def used_between(samples: Sequence[Sample], start: float, end: float) -> float:
    """CPU seconds of the tree between two moments."""
    return used(samples, end) - used(samples, start)


def others_between(samples: Sequence[Sample], start: float, end: float) -> float:
    """Cores that everything else on the machine used between two moments."""
    return max(0.0, (used(samples, end, others=True) - used(samples, start, others=True)) / (end - start))


# ---- verdicts --------------------------------------------------------------------------------------------------------


class Bar(NamedTuple):
    """What is promised of us against the best peer: at least `times` as much, or at most the `times`-th part."""

    number: str
    cell: str
    times: float
    more: bool
    title: str


BARS = (
    Bar("rate", "peak", 5, True, "peak requests/s"),
    Bar("ttft_error_ms", "paced-400", 20, False, "mean TTFT error at 400 requests/s"),
    Bar("slip_p99_ms", "paced-400", 20, False, "slip p99 at 400 requests/s"),
    Bar("startup_s", "start", 10, False, "start-up to the first request"),
    Bar("cpu_per_chunk_us", "chunks", 1.5, False, "CPU per chunk"),
)


class Judged(NamedTuple):
    """A bar and what came of it. `ratio`: how many times better we are than the best peer; `best`: that peer."""

    bar: Bar
    ours: float
    best: str
    theirs: float
    ratio: float

    @property
    def passed(self) -> bool:
        """At least as many times better as promised."""
        return self.ratio >= self.bar.times


def judge(bar: Bar, ours: Spread | None, peers: dict[str, Spread | None]) -> Judged | None:
    """Our median against the best median of the peers; None where either is missing. Errors count without their sign."""
    known = {name: abs(each.median) for name, each in peers.items() if each is not None}
    if ours is None or not known:
        return None
    best = (max if bar.more else min)(known, key=lambda name: known[name])
    mine, theirs = abs(ours.median), known[best]
    better, worse = (mine, theirs) if bar.more else (theirs, mine)
    return Judged(bar, mine, best, theirs, better / worse if worse else math.inf)
