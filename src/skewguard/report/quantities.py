"""Measured numbers in words: milliseconds, GiB and percent, with as many digits as a person compares by (three)."""

import math
import re

from skewguard.language import figures
from skewguard.language.baselines import Between, Number

_SIZES = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_TIMES = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
_UNITS = {"1/s": "per s"}
_LIMIT = re.compile(r"at (?:most|least) (?=\d+(?:\.\d+)?x\b)")
_RATIO = re.compile(r"(\d+(?:\.\d+)?)x\b")

UNKNOWN, digits = figures.UNKNOWN, figures.digits


def scaled(largest: float, unit: str) -> tuple[float, str]:
    """By what numbers up to `largest` are divided to be read, and the unit then: `(0.001, "ms")` for 0.07 of `s`."""
    size = abs(float(f"{largest:.3g}")) if math.isfinite(largest) else 0.0
    if unit == "s":
        name, scale = next(
            ((name, scale) for name, scale in _TIMES if size >= scale), ("s", 1.0) if not size else _TIMES[-1]
        )
        return scale, name
    if unit == "bytes":
        name, step = next(((name, step) for name, step in _SIZES if size >= step), ("bytes", 1))
        return float(step), name
    if unit == "ratio":
        return 0.01, "%"
    return 1.0, _UNITS.get(unit, unit)


def said(value: float, unit: str) -> str:
    """One number with its unit: `68.3 ms`, `72 GiB`, `11.3 %`, `503 tokens/s`."""
    if not math.isfinite(value):
        return UNKNOWN
    scale, name = scaled(value, unit)
    text = digits(value / scale)
    return f"{text} {_singular(name) if text == '1' else name}".rstrip()


def _singular(unit: str) -> str:
    return unit.removesuffix("s") if unit in ("requests", "tokens") else unit


def number(item: Number | None, unit: str) -> str:
    """A number, or the interval it lies in: `100-250 ms`, `at least 250 ms`."""
    if item is None:
        return UNKNOWN
    if not isinstance(item, Between):
        return said(item, unit)
    low, high = (None if end is None or not math.isfinite(end) else end for end in (item.low, item.high))
    if low is None and high is None:
        return UNKNOWN
    if low is None or high is None:
        return f"at least {said(low, unit)}" if low is not None else f"up to {said(high or 0.0, unit)}"
    first, last = said(low, unit), said(high, unit)
    if first.partition(" ")[2] == last.partition(" ")[2] or not low:
        first = first.partition(" ")[0]
    return f"{first}-{last}" if "e-" not in first else f"{first} to {last}"


def duration(seconds: float) -> str:
    """`45 s`, `15 min`, `2 h 5 min`."""
    if not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 120:
        return said(seconds, "s")
    minutes = round(seconds / 60)
    if minutes < 60:
        rest = round(seconds - 60 * (seconds // 60)) % 60
        return f"{int(seconds // 60)} min {rest} s" if rest and seconds < 600 else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


# ---- effects ---------------------------------------------------------------------------------------------------------


def change(ratio: float) -> str:
    """A ratio as the change it is: `+23 %`, `-4.1 %`, `±0 %`; beyond tenfold `×12`."""
    if not math.isfinite(ratio):
        return UNKNOWN
    if ratio >= 10:
        return f"×{digits(ratio)}"
    return _signed((ratio - 1) * 100, "%")


def step(difference: float, unit: str) -> str:
    """A difference: `+7 points` of a share, else in its unit."""
    if not math.isfinite(difference):
        return UNKNOWN
    if unit == "ratio":
        return _signed(difference * 100, "points")
    scale, name = scaled(difference, unit)
    return _signed(difference / scale, name)


def _signed(value: float, unit: str) -> str:
    """Two digits that count: an effect is never known better, and a hundredth of a percent is none."""
    small = float(f"{value:.2g}") if abs(value) < 10 else float(round(value))
    if abs(small) < 0.01:
        return f"±0 {unit}"
    sign = "+" if small > 0 else "−"
    return f"{sign}{digits(abs(small))} {unit}"


def tolerance(words: str) -> str:
    """`at most 1.1x` as the change it allows: `up to +10 %`; other words stay as they are."""
    words = _LIMIT.sub(lambda found: "up to " if found[0].endswith("most ") else "down to ", words)
    return _RATIO.sub(lambda found: change(float(found[1])), words)
