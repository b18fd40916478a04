"""What every tool is asked to do, and how the mock serves it meanwhile."""

from collections.abc import Mapping
from typing import NamedTuple

PEAK, CHUNKS, PACED = "peak", "chunks", "paced"


class Cell(NamedTuple):
    """One load. Of `rate` (requests per second, evenly) and `concurrency` (closed loop) one is set.

    `serving` are the mock's settings. `requests` is what the best tools send in a few seconds; a slower one sends fewer
    where the loop is closed (`Tool.peak_requests`), since only a rate is taken from it.
    """

    name: str
    kind: str
    tokens: int
    requests: int
    serving: Mapping[str, float]
    rate: float | None = None
    concurrency: int | None = None

    @property
    def seconds(self) -> float:
        """How long sending takes where arrivals are paced."""
        return self.requests / self.rate if self.rate else 0.0


AT_ONCE = {"first_us": 0, "gap_us": 0, "spread": 0, "slow_share": 0}
EVEN = {"first_us": 20_000, "gap_us": 10_000, "spread": 0, "slow_share": 0}
MIXED = {"first_us": 50_000, "gap_us": 10_000, "spread": 0.2, "slow_share": 0.02, "slow_factor": 4}


def cells(share: float = 1.0) -> tuple[Cell, ...]:
    """All of them; `share` makes each shorter. Delays of the paced ones vary by ±20 %, and 2 % of first tokens take 4×."""
    return (
        Cell(PEAK, PEAK, 16, round(16_000 * share), AT_ONCE, concurrency=64),
        Cell(CHUNKS, CHUNKS, max(16, round(256 * share)), 100, EVEN, concurrency=100),
        Cell("paced-100", PACED, 16, round(300 * share), MIXED, rate=100),
        Cell("paced-400", PACED, 16, round(1200 * share), MIXED, rate=400),
    )
