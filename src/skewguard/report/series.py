"""What the requests of a baseline were like one by one: the observations that plots show, as the judge of performance counts them."""

from math import inf
from typing import Any

from msgspec import Struct

from skewguard.language.baselines import Baseline, Samples
from skewguard.language.measures import TIMES

PARTS = 40
"""Into how many equal stretches a run is cut to show its throughput over time."""


class Flow(Struct, frozen=True):
    """Output tokens per second over equal stretches between `start` and `end` (seconds since the start of the run)."""

    start: float
    end: float
    rates: list[float]


def times(item: Baseline, names: tuple[str, ...] = ("ttft", "tpot", "e2e")) -> dict[str, list[float]]:
    """Per metric all observations in seconds, sorted; without those of which there are none.

    A first token of which only the latest possible moment is known counts with that.
    """
    if item.samples is None or not any(name in TIMES for name in names):
        return {}
    from skewguard.judge.baseline import rows  # with numpy, which other reports do not pay for

    told = rows.times(rows.of(item.samples), stream=bool(item.load.stream))
    return {name: sorted(told[name].high.tolist()) for name in names if name in told and told[name].high.size}


def flow(item: Baseline, parts: int = PARTS) -> Flow | None:
    """Tokens as they came, in the stretch in which requests were measured; None where nobody knows them."""
    samples = item.samples
    if samples is None or not any(count > 0 for count in samples.output_tokens):
        return None
    low, high = item.measured or _stretch(samples)
    if not 0 < high - low < inf:  # a moment that is no number ends no stretch
        return None
    from skewguard.judge.baseline import rows

    width = (high - low) / parts
    edges: Any = [low + width * number for number in range(parts + 1)]
    rates = [tokens / width for tokens in rows.delivered(rows.of(samples), edges).tolist()]
    return Flow(low, edges[-1], rates) if any(rates) else None  # where nothing came within it, 0 would be no rate


def _stretch(samples: Samples) -> tuple[float, float]:
    """From the first to the last request that was measured, where nobody wrote down the window."""
    starts = [moment for moment, phase in zip(samples.intended, samples.phase, strict=True) if phase == 1]
    return (min(starts), max(starts)) if starts else (0.0, 0.0)
