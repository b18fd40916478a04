"""Small plots in one line of text: how observations are spread, and how something went over time.

They do not lie: heights begin at 0, a distribution begins at 0 or says that its scale is logarithmic, a part in which
there is anything is never drawn empty, and how many observations there are stands beside it.
"""

import math
from collections.abc import Sequence

from msgspec import Struct

BLOCKS = "▁▂▃▄▅▆▇█"
LETTERS = ".:-=+*%#"
"""From low to high, for encodings that have no blocks."""

_SPREAD = 20
"""Times the median that the largest observation lies away from which on a linear scale would show one bar."""


class Histogram(Struct, frozen=True):
    """Counts in equal parts between `low` and `high`: equal differences, or equal ratios where `logarithmic`."""

    counts: list[int]
    low: float
    high: float
    logarithmic: bool = False


def histogram(values: Sequence[float], parts: int) -> Histogram | None:
    """Sorted or not; numbers that are none, or below 0, are left out. None where nothing is left."""
    known = sorted(value for value in values if math.isfinite(value) and value >= 0)
    if not known or parts < 1:
        return None
    high, median = known[-1], known[len(known) // 2]
    positive = next((value for value in known if value > 0), 0.0)
    logarithmic = known[0] > 0 and high > _SPREAD * median and math.isfinite(high / positive)
    low = positive if logarithmic else 0.0
    counts = [0] * parts
    for value in known:
        counts[min(int(_share(value, low, high, logarithmic=logarithmic) * parts), parts - 1)] += 1
    return Histogram(counts, low, high, logarithmic)


def _share(value: float, low: float, high: float, *, logarithmic: bool) -> float:
    """Where a value stands between two others, as a share of the way."""
    if high <= low:
        return 1.0
    if logarithmic:
        return math.log(value / low) / math.log(high / low)
    return value / high  # a linear one begins at 0


def bars(heights: Sequence[float], *, blocks: bool = True) -> str:
    """A character for each height, from 0 up to the largest; nothing is a space, and anything more is seen."""
    marks = BLOCKS if blocks else LETTERS
    known = [height if math.isfinite(height) and height > 0 else 0.0 for height in heights]
    top = max(known, default=0.0)
    return "".join(" " if not height else marks[_level(height / top, len(marks))] for height in known)


def _level(share: float, levels: int) -> int:
    return min(max(math.ceil(share * levels), 1), levels) - 1
