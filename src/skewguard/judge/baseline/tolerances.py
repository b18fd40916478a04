"""How far a metric may move before it is worse: the defaults, and what a contract says instead.

The defaults stand above what the very same thing does twice: in the public pair of inference-perf's KubeCon 2025 runs,
output tokens/s differed by up to 1.2 %, median TPOT by 3 %, TPOT p99 by 10 %.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, structs

from skewguard.language.baselines import Number
from skewguard.language.measures import LIMITS, MEASURES, STATS, TIMES

DEFAULTS: Mapping[str, Mapping[str, Mapping[str, float]]] = {
    "output_tokens_per_second": {"value": {"min_ratio": 0.95}},
    "tpot": {"p50": {"max_ratio": 1.1}, "p95": {"max_ratio": 1.1}},
    "ttft": {"p95": {"max_ratio": 1.2}, "p99": {"max_ratio": 1.3}},
    "e2e": {"p95": {"max_ratio": 1.2}, "p99": {"max_ratio": 1.3}},
    "gpu_utilization": {"p50": {"max_points": 10}},
    "gpu_memory_used": {"p50": {"max_ratio": 1.05, "min_ratio": 0.95}},
}
"""By metric and statistic. The median of TPOT has the limit of its p95: a slower kernel or a smaller batch moves every
token, and the median shows it with a third of the requests that the p95 needs."""

DECIDING = frozenset({("output_tokens_per_second", "value"), ("tpot", "p50")})
"""Default limits that leave the whole comparison open where they cannot be decided. Of tails, worse counts and undecided is told:
they need longer loads than most will send. What a contract itself limits always decides."""


Mirror = Callable[[float], float]


def of_nothing(tolerance: "Tolerance", a: Number, b: Number) -> "Tolerance":
    """The same limits as differences from `a`, where `b` is nothing at all: that has no logarithm, and is no less of a loss."""
    if (
        tolerance.points
        or tolerance.is_share
        or tolerance.stat != "value"
        or b != 0
        or not isinstance(a, float)
        or a <= 0
    ):
        return tolerance
    low, high = (None if limit is None else a * (limit - 1) for limit in (tolerance.low, tolerance.high))
    return structs.replace(tolerance, low=low, high=high, points=True)


def _negative(limit: float) -> float:
    return -limit


def _inverse(limit: float) -> float:
    return 1 / limit


class Tolerance(Struct, frozen=True):
    """Between `low` and `high` an effect is tolerated (None: on that side there is nothing to lose).

    The effect is the ratio b/a, or b − a in shares (0.1 is ten points) where `points`. `said` is the limit in words.
    `promised`: a contract's own, which nobody may pass over in silence where it was not measured.
    """

    name: str
    stat: str
    low: float | None
    high: float | None
    points: bool
    said: str
    deciding: bool
    promised: bool = False

    @property
    def same(self) -> tuple[float, float]:
        """Between which two effects two runs count as the same: the one limit that is given, and its mirror image."""
        mirror = _negative if self.points else _inverse
        low = self.low if self.low is not None else mirror(self.high or 1.0)
        return low, self.high if self.high is not None else mirror(low)

    @property
    def is_share(self) -> bool:
        """Whether its points are those of a share, and not its unit."""
        return _scale(self.name) == 100

    def in_words(self, points: float) -> str:
        """A difference in points as a reader counts it."""
        return f"{points * _scale(self.name):.3g} {'points' if self.is_share else MEASURES[self.name].unit}"


def of(promised: Mapping[str, Mapping[str, Any]] | None = None) -> tuple[Tolerance, ...]:
    """The tolerances of a comparison: a contract's `performance.tolerances`, laid over the defaults.

    A limit for a whole metric holds for each statistic that is judged of it; one for a statistic holds there alone.
    """
    given = promised or {}
    found = [
        tolerance
        for name in MEASURES
        if name in given or name in DEFAULTS
        for stat, limits, own in _limits(name, given.get(name, {}))
        for tolerance in _tolerances(name, stat, limits, promised=own)
    ]
    return tuple(found)


def _limits(name: str, promised: Mapping[str, Any]) -> list[tuple[str, Mapping[str, float], bool]]:
    defaults = DEFAULTS.get(name, {})
    whole = {key: value for key, value in promised.items() if key in LIMITS}
    rows = {stat: (limits, False) for stat, limits in defaults.items()}
    if whole:
        rows = dict.fromkeys(rows or _usual(name), (whole, True))
    rows |= {stat: (promised[stat], True) for stat in STATS if stat in promised}
    return [(stat, limits, own) for stat, (limits, own) in rows.items()]


def _usual(name: str) -> tuple[str, ...]:
    """Which statistics a limit for a whole metric is about where there are no defaults."""
    if not MEASURES[name].quantiles:
        return ("value",)
    return ("p50", "p95") if name in TIMES else ("p50",)


def _tolerances(name: str, stat: str, limits: Mapping[str, float], *, promised: bool) -> list[Tolerance]:
    """One tolerance for ratios and one for points, as far as either is limited."""
    ratio = _range(name, limits.get("min_ratio"), limits.get("max_ratio"), _inverse)
    down, up = _points(name, limits.get("min_points"), -1), _points(name, limits.get("max_points"), 1)
    points = _range(name, down, up, _negative)
    whose = {"deciding": promised or (name, stat) in DECIDING, "promised": promised}
    found = []
    if ratio != (None, None):
        found.append(Tolerance(name, stat, *ratio, points=False, said=_ratio_words(*ratio), **whose))
    if points != (None, None):
        found.append(Tolerance(name, stat, *points, points=True, said=_points_words(name, *points), **whose))
    return found


def _points(name: str, limit: float | None, sign: int) -> float | None:
    """`min_points: 10` lets a share fall by 0.1, `max_points: 10` lets it rise by that; of what is no share, points are its unit."""
    return None if limit is None else sign * limit / _scale(name)


def _scale(name: str) -> int:
    return 100 if MEASURES[name].unit == "ratio" else 1


def _range(name: str, low: float | None, high: float | None, mirror: Mirror) -> tuple[float | None, float | None]:
    """Where more is neither better nor worse, one limit is meant for both directions; so is one that limits the gain alone: without
    a limit on the side of the loss, a loss would look like a gain."""
    given = {"more": low, "less": high}.get(MEASURES[name].better)
    if given is not None:
        return low, high
    return (mirror(high) if low is None and high else low), (mirror(low) if high is None and low else high)


def _ratio_words(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"between {low:.3g}x and {high:.3g}x"
    return f"at most {high:.3g}x" if high is not None else f"at least {low:.3g}x"


def _points_words(name: str, low: float | None, high: float | None) -> str:
    scale = _scale(name)
    unit = "points" if scale == 100 else MEASURES[name].unit
    if low is not None and high is not None and low == -high:
        return f"within ±{high * scale:.3g} {unit}"
    parts = [f"up by at most {high * scale:.3g} {unit}"] if high is not None else []
    parts += [f"down by at most {-low * scale:.3g} {unit}"] if low is not None else []
    return ", ".join(parts)
