"""Where numbers stand on paper: linear and logarithmic scales, and ticks at numbers that people count by."""

import math
from collections.abc import Sequence

from msgspec import Struct

_STEPS = (1, 2, 2.5, 5, 10)
_DECADE = (1, 2, 5)
_SPREAD = 20
"""Times the median that the largest number lies away from which a linear scale would show one line at its edge."""


class Scale(Struct, frozen=True):
    """From `low`-`high` in numbers to `start`-`end` on paper. A number beyond stands at the edge."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The place of a number; that of one that is none is the start."""
        if not math.isfinite(value):
            return self.end if value > 0 else self.start
        if self.high <= self.low:
            return self.start
        share = (
            _log_share(value, self.low, self.high) if self.logarithmic else (value - self.low) / (self.high - self.low)
        )
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        """Round numbers in it, at most about `most`."""
        return _decades(self.low, self.high, most) if self.logarithmic else linear_ticks(self.low, self.high, most)


def _log_share(value: float, low: float, high: float) -> float:
    return 0.0 if value <= low else math.log(value / low) / math.log(high / low)


def linear_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten between two numbers; one number where they are equal."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    step = _step((high - low) / max(most, 1))
    if step <= 0 or not math.isfinite(step):
        return [low]
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, min(last, first + 2 * most) + 1)]


def _step(rough: float) -> float:
    """The next round number from `rough` on."""
    if rough <= 0 or not math.isfinite(math.log10(rough)):
        return 0.0
    power = math.floor(math.log10(rough))
    try:
        unit = 10.0**power
    except OverflowError:
        return 0.0
    return next(step * unit for step in (*_STEPS, 20) if step * unit >= rough or step == 20)


def _decades(low: float, high: float, most: int) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = max(math.ceil(len(powers) / max(most, 1)), 1)
    steps = _DECADE if math.log10(high / low) <= most / 2 else (1,)
    ticks = [step * 10.0**power for power in powers if power % every == 0 for step in steps]
    return [tick for tick in ticks if low <= tick <= high] or [low, high]


def of_amount(values: Sequence[float], start: float, end: float) -> Scale:
    """A scale for amounts: from 0 to a little over the largest; logarithmic where the largest would hide all others.

    It says so itself (`logarithmic`); whoever draws with it writes that at the axis.
    """
    known = sorted(value for value in values if math.isfinite(value) and value >= 0)
    high = known[-1] if known else 0.0
    if known and known[0] > 0 and high > _SPREAD * known[len(known) // 2] and math.isfinite(high / known[0]):
        return Scale(known[0], high, start, end, logarithmic=True)
    return Scale(0.0, _over(high), start, end)


def _over(high: float) -> float:
    """The end of an axis that begins at 0: the next tick, so that the last one stands at its end."""
    if high <= 0:
        return 1.0
    ticks = linear_ticks(0.0, high)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else high
    reached = math.ceil(high / step - 1e-9) * step if step > 0 else high
    return reached if math.isfinite(reached) and reached > 0 else high
