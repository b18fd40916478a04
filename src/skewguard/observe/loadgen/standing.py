"""How a run stands: the counts of all processes, and what the last seconds were like."""

import time
from collections import deque
from collections.abc import Sequence
from statistics import median

from skewguard.observe.loadgen.arrivals import Schedule
from skewguard.observe.loadgen.live import Live
from skewguard.observe.loadgen.messages import Counts

_RECENT = 5.0
"""Seconds that rate and latency are told of."""


class Standing:
    """Keeps what is recent of a run that began at `start` (nanoseconds of the monotonic clock)."""

    def __init__(self, whole: Schedule, start: int) -> None:
        self._start = start
        self._planned = whole.quota if whole.steps else len(whole.times)
        if whole.steps and len(whole.times):
            self._planned = None
        self._seconds = _length(whole)
        self._recent: deque[tuple[float, int, tuple[float, ...], tuple[float, ...]]] = deque()

    def live(self, counts: Sequence[Counts]) -> Live:
        """How it stands now, from the last word of every process."""
        elapsed = max(0.0, (time.monotonic_ns() - self._start) / 1e9)
        completed = sum(count.completed for count in counts)
        ttfts = tuple(value for count in counts for value in count.ttfts)
        e2es = tuple(value for count in counts for value in count.e2es)
        self._recent.append((elapsed, completed, ttfts, e2es))
        while self._recent[0][0] < elapsed - _RECENT:
            self._recent.popleft()
        since, before = self._recent[0][:2] if len(self._recent) > 1 else (0.0, 0)
        return Live(
            elapsed=elapsed,
            sent=sum(count.sent for count in counts),
            completed=completed,
            failed=sum(count.failed for count in counts),
            in_flight=sum(count.in_flight for count in counts),
            rate=(completed - before) / (elapsed - since) if elapsed > since else 0.0,
            ttft_p50=_median(entry[2] for entry in self._recent),
            e2e_p50=_median(entry[3] for entry in self._recent),
            planned=self._planned,
            planned_seconds=self._seconds,
            heard=sum(count.heard for count in counts),
            refused=sum(count.refused for count in counts),
        )


def _median(parts: "object") -> float | None:
    values = [value for part in parts for value in part]  # type: ignore[attr-defined]
    return median(values) if values else None


def _length(whole: Schedule) -> float | None:
    last = whole.times[-1] if len(whole.times) else 0.0
    if whole.steps:
        at, slots = whole.steps[-1]
        return max(last, at) if slots == 0 else None
    return last
