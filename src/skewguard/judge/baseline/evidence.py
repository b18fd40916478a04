"""What the rows of two runs say of how far the effect between them could be chance."""

import math
from collections.abc import Callable
from typing import NamedTuple

from skewguard.judge.baseline import metrics, resampling
from skewguard.judge.baseline import rows as rowing
from skewguard.judge.baseline.resampling import Blocks
from skewguard.judge.baseline.rows import Array, Rows, Series
from skewguard.language.baselines import Baseline
from skewguard.language.figures import digits
from skewguard.language.loads import UNTOLD, Load

BEYOND = 10
"""Observations expected beyond a quantile from which two of them are compared: with fewer the draws see only the few that
happened to be there."""

LASTING = 0.6
"""Correlation of neighbouring blocks, at the fewest blocks there may be, from which a window is one long episode: then the eight
blocks are worth two."""

PARTS = 4
"""Parts of a window whose levels are held against each other: long enough to see what comes and goes slowly, and a few."""

OPEN = frozenset({"poisson", "constant", "stages", "trace", "observed"})
"""Loads that arrive whether or not the server keeps up."""

MAYBE_OPEN = OPEN | {UNTOLD}
"""Those, and loads of which nobody knows it: what only a closed loop is excused from is asked of them, too."""

RATES: dict[str, Callable[[Rows, Array], Array]] = {
    "requests_per_second": rowing.completions,
    "output_tokens_per_second": rowing.delivered,
    "output_tokens_per_second_per_gpu": rowing.delivered,
    "input_tokens_per_second": rowing.prefilled,
}


SERVED: dict[str, Callable[[Rows], Array]] = {
    "output_tokens_per_second": lambda rows: rows.output,
    "output_tokens_per_second_per_gpu": lambda rows: rows.output,
    "input_tokens_per_second": lambda rows: rows.prompt,
}
"""What each request adds to a rate; to that of requests, itself."""


class Side(NamedTuple):
    """One baseline with its rows. `lifetime` is how long a request is served at the median (from its first token on, where that was seen:
    what it waited before is the queue's time)."""

    baseline: Baseline
    rows: Rows
    series: dict[str, Series]
    window: tuple[float, float]
    lifetime: float


def side(baseline: Baseline) -> Side | None:
    """The rows of a baseline; None where there are none (imported, from traffic, or nothing complete)."""
    import numpy as np

    if baseline.samples is None:
        return None
    rows = rowing.of(baseline.samples)
    starts = rows.intended[rows.measured]
    if not rows.counted.any() or starts.size < 2 or starts.max() <= starts.min():
        return None
    series = rowing.times(rows, stream=bool(baseline.load.stream))
    seen = np.isfinite(rows.first) & ~rows.unseen
    served = (rows.last - np.where(seen, rows.first, rows.sent))[rows.counted]
    lifetime = float(np.nanmedian(served)) if np.isfinite(served).any() else 0.0
    window = baseline.measured or (float(starts.min()), float(starts.max()))
    return Side(baseline, rows, series, window, lifetime)


def paired(a: Side, b: Side) -> bool:
    """Whether both were sent the same schedule, so that what it does to both alike cancels."""
    import numpy as np

    if a.baseline.load.profile not in OPEN or a.baseline.load.seed != b.baseline.load.seed:
        return False
    one, other = a.rows.intended[a.rows.measured], b.rows.intended[b.rows.measured]
    return one.size == other.size and bool(np.allclose(one - one[0], other - other[0], atol=1e-3))


# ---- how far an effect reaches ---------------------------------------------------------------------------------------


def halves(a: Side, b: Side, name: str, stat: str, tail: float, *, points: bool) -> tuple[float, float] | str:
    """How far below and above what was measured the effect can lie, each beyond with probability `tail` at most.

    Of the logarithm of the ratio b/a, or of the difference where `points`. Or why the rows do not tell.
    """
    few = _few(a, name, stat) or _few(b, name, stat)
    if few:
        return few
    count = min(_count(a), _count(b))
    if count < resampling.FEWEST:
        return (
            f"the measured window holds {max(count, 0)} lifetimes of a request, {resampling.FEWEST} are needed to see how it varies:"
            " measure longer"
        )
    drawn = _draw(a, b, name, stat, count)
    while drawn.held and count // 2 >= resampling.FEWEST:
        count //= 2
        drawn = _draw(a, b, name, stat, count)
    if drawn.held > LASTING:
        return (
            "what was measured drifts through the window as a whole: chance cannot be told from change; measure longer"
        )
    if name in a.series and stat in metrics.PROBABILITIES:
        return _of_quantiles(a, b, name, stat, drawn, tail, points=points)
    return _of_totals(drawn, tail, points=points)


def drift(a: Side, b: Side, name: str, stat: str, *, points: bool) -> float:
    """How far the effect between b and a differs from part to part of their windows (standard deviation): what moved so far within a run
    may have moved as far between two. Of a time it is that of its median. 0 where a part holds nothing to tell it by.
    """
    import numpy as np

    one, other = _levels(a, name, stat), _levels(b, name, stat)
    if not points:
        if not (one.min() > 0 and other.min() > 0):
            return 0.0
        one, other = np.log(one), np.log(other)
    if paired(a, b):
        return float(np.std(other - one, ddof=1))
    return math.sqrt(float(np.var(one, ddof=1) + np.var(other, ddof=1)))


def _levels(each: Side, name: str, stat: str) -> Array:
    """A rate or a share of each part of a window, or the median of a time; 0 where there is none."""
    import numpy as np

    blocks = Blocks(*each.window, PARTS)
    if name not in each.series:
        sums, sizes = _totals(each, name, stat, blocks)
        return sums / np.maximum(sizes, 1e-12)
    index, values = blocks.of(each.series[name].at), each.series[name].high
    parts = [values[index == number] for number in range(PARTS)]
    return np.array([float(np.median(part)) if part.size else 0.0 for part in parts])


def half(each: Side, name: str, stat: str, tail: float) -> float | str:
    """Half of the interval of one rate, mean or share of one side; or why the rows do not tell."""
    count = _count(each)
    if count < resampling.FEWEST:
        return "the measured window is too short to see how this varies: measure longer"
    totals = _totals(each, name, stat, Blocks(*each.window, count))
    drawn = resampling.shares(*totals, resampling.draws(count))
    wider, freedom = resampling.stretch(resampling.dependence([resampling.rest(*totals)]), count - 1)
    return wider * resampling.student(tail, freedom) * resampling.deviation(drawn)


class _Drawn(NamedTuple):
    """What the draws make of a rate, a mean or a share of each side; and how blocks of this length still hang together."""

    one: Array
    other: Array
    together: bool
    held: float
    blocks: int

    def critical(self, one: float, other: float, tail: float) -> float:
        """How many standard deviations an end of the interval lies away, given those of both sides."""
        freedom = resampling.freedom(self.blocks, one, other, together=self.together)
        wider, freedom = resampling.stretch(self.held, freedom)
        return wider * resampling.student(tail, freedom)


def _draw(a: Side, b: Side, name: str, stat: str, count: int) -> _Drawn:
    totals = [_totals(each, name, stat, Blocks(*each.window, count)) for each in (a, b)]
    together = paired(a, b)
    weights = resampling.draws(count), resampling.draws(count, stream=0 if together else 1)
    one, other = (resampling.shares(*total, weight) for total, weight in zip(totals, weights, strict=True))
    held = resampling.dependence([resampling.rest(*total) for total in totals])
    return _Drawn(one, other, together, held, count)


def _of_totals(drawn: _Drawn, tail: float, *, points: bool) -> tuple[float, float] | str:
    import numpy as np

    one, other = drawn.one, drawn.other
    if not points:
        if one.min() <= 0 or other.min() <= 0:
            return "a value of 0 has no ratio"
        one, other = np.log(one), np.log(other)
    critical = drawn.critical(resampling.deviation(one), resampling.deviation(other), tail)
    half = critical * resampling.deviation(other - one)
    return half, half


def _of_quantiles(
    a: Side, b: Side, name: str, stat: str, drawn: _Drawn, tail: float, *, points: bool
) -> tuple[float, float]:
    """A quantile reaches as far as the share of observations below it can be off, read off the observations themselves.

    Woodruff's interval (1952): it knows how far apart neighbours are where it reaches, be they two modes or a long tail. Those of both
    sides are joined by the method of variance estimates recovery (Zou and Donner 2008), which keeps what is lopsided lopsided.
    """
    import numpy as np

    one, other = resampling.deviation(drawn.one), resampling.deviation(drawn.other)
    critical = drawn.critical(one, other, tail)
    alike = float(np.corrcoef(drawn.one[1:], drawn.other[1:])[0, 1]) if drawn.together and one and other else 0.0
    reaches = [
        _reach(values, metrics.PROBABILITIES[stat], critical * error, points=points)
        for values, error in (
            (b.series[name].low, other), (a.series[name].high, one), (b.series[name].high, other), (a.series[name].low, one)
        )
    ]  # fmt: skip
    return _joined(reaches[0][0], reaches[1][1], alike), _joined(reaches[2][1], reaches[3][0], alike)


def _reach(values: Array, probability: float, error: float, *, points: bool) -> tuple[float, float]:
    """How far below and above its quantile the observations lie whose rank is `error` away."""
    import numpy as np

    ranks = np.clip([probability - error, probability, probability + error], 0.0, 1.0)
    ends = np.quantile(values, ranks)
    low, middle, high = ends if points else np.log(np.maximum(ends, 1e-9))
    return float(middle - low), float(high - middle)


def _joined(one: float, other: float, alike: float) -> float:
    return math.sqrt(max(one * one + other * other - 2 * max(alike, 0.0) * one * other, 0.0))


def _count(each: Side) -> int:
    return resampling.count(each.window[1] - each.window[0], each.lifetime)


def _few(each: Side, name: str, stat: str) -> str:
    if name not in each.series:
        return ""
    size = each.series[name].high.size
    if size >= needed(stat):
        return ""
    return f"{size} observations are too few to compare {stat}: {needed(stat)} are needed"


def needed(stat: str) -> int:
    """Observations from which a statistic is compared."""
    return round(BEYOND / (1 - metrics.PROBABILITIES.get(stat, 0.5)))


def _totals(each: Side, name: str, stat: str, blocks: Blocks) -> tuple[Array, Array]:
    """What a rate, a mean or a share is made of, by block: the sum, and what it is divided by.

    Of a quantile it is the share of observations beyond it.
    """
    import numpy as np

    rows = each.rows
    if name in RATES and each.baseline.load.profile == "concurrency":
        sums, sizes = _of_slots(rows, SERVED.get(name), blocks)
        return sums, sizes / max(each.baseline.load.concurrency or 1, 1)
    if name in RATES:
        edges = blocks.edges
        return RATES[name](rows, edges), np.diff(edges)
    if name == "goodput":
        met = rows.measured & rowing.good(rows, metrics.bounds(each.baseline.slo))
        return np.bincount(blocks.of(rows.intended[met]), minlength=blocks.number), np.diff(blocks.edges)
    if name == "error_rate":
        judged = rows.measured & ~rows.stopped
        index = blocks.of(rows.intended[judged])
        return np.bincount(index, ~rows.complete[judged], blocks.number), np.bincount(index, minlength=blocks.number)
    series = each.series[name]
    index = blocks.of(series.at)
    values = series.high
    if stat in metrics.PROBABILITIES:
        values = (values > np.quantile(values, metrics.PROBABILITIES[stat])).astype(float)
    return np.bincount(index, values, blocks.number), np.bincount(index, minlength=blocks.number)


def _of_slots(rows: Rows, read: Callable[[Rows], Array] | None, blocks: Blocks) -> tuple[Array, Array]:
    """What the requests that left in each block were served, and the seconds for which they took a place.

    A closed loop keeps its places taken, so that its throughput is what a request gets over how long it takes one (Little 1961).
    Counted by the clock, requests that go in step come in lumps, as many as happen to end before a block does.
    """
    import numpy as np

    chosen = rows.counted & np.isfinite(rows.last)
    index = blocks.of(rows.intended[chosen])
    served = np.maximum(read(rows)[chosen], 0.0) if read else np.ones(index.size)
    taken = (rows.last - rows.intended)[chosen]
    return np.bincount(index, served, blocks.number), np.bincount(index, taken, blocks.number)


def has(each: Side, name: str) -> bool:
    """Whether rows tell of a metric (what engines say of themselves has none)."""
    return name in RATES or name in {"goodput", "error_rate"} or (name in each.series and not each.series[name].gap)


# ---- saturation ------------------------------------------------------------------------------------------------------

KEPT_UP = 0.95
"""Share of what arrived that has to be completed meanwhile, else the queue is growing."""
GROWN = 1.5
"""How much more requests may be in flight in the last third of the window than in the first."""
WAITS = 3.0
"""How many times the median TTFT its p95 is from which it is asked whether a queue made it."""
COLLAPSED = 0.5
"""Share of the completed requests that has to meet the objectives, else what is measured is taken for a queue where no rows tell: rows show
one, and a server that got slower without one meets no objective either."""


def saturated(baseline: Baseline) -> str:
    """Why its waiting times tell how long the load lasted rather than what the server does; empty where they do not.

    Of a closed loop never: it sends no more than comes back.
    """
    load = baseline.load
    if load.profile not in MAYBE_OPEN:
        return ""
    each = side(baseline)
    seen = _growing(each) or _episodes(each) if each is not None else _collapsed(baseline)
    return _standing(baseline) or _behind(baseline, load, each) or seen


def _number(baseline: Baseline, name: str) -> float | None:
    metric = baseline.metric(name)
    return metric.value if metric is not None and isinstance(metric.value, float) else None


def _standing(baseline: Baseline) -> str:
    queue = baseline.metric("queue")
    median = (queue.quantiles or {}).get("p50") if queue is not None else None
    if isinstance(median, float) and median >= 1:
        return f"half of the time {median:g} requests or more waited in the engine"
    return ""


def _collapsed(baseline: Baseline) -> str:
    done, good = _number(baseline, "requests_per_second"), _number(baseline, "goodput")
    if done and good is not None and good < COLLAPSED * done:
        return f"only {digits(good)} of {digits(done)} requests/s met the objectives"
    return ""


def _behind(baseline: Baseline, load: Load, each: Side | None) -> str:
    done, asked = _number(baseline, "requests_per_second"), load.rate
    if each is not None:
        asked = float(each.rows.measured.sum()) / (each.window[1] - each.window[0])
    if done is None or not asked or load.profile == "observed" or done >= KEPT_UP * asked:
        return ""
    return f"{digits(done)} of {digits(asked)} requests/s were completed"


def _growing(each: Side) -> str:
    if each.baseline.load.profile in {"stages", "trace"}:
        return ""  # their rate is meant to change
    low, high = each.window
    third = (high - low) / 3
    early, late = _in_flight(each.rows, low, low + third), _in_flight(each.rows, high - third, high)
    if late <= GROWN * early or late - early < 3 * math.sqrt(early + 1):
        return ""
    return f"{late:.1f} requests were in flight in its last third, {early:.1f} in its first"


def _episodes(each: Side) -> str:
    """Whether long waits come in a row, as in a queue that builds up and drains; those of long prompts come singly."""
    import numpy as np

    series = each.series["ttft"]
    if series.gap:
        return ""
    usual, long = np.quantile(series.high, [0.5, 0.95])
    if long < WAITS * usual:
        return ""
    blocks = Blocks(*each.window, resampling.count(each.window[1] - each.window[0], each.lifetime / 2))
    index = blocks.of(series.at)
    sums = np.bincount(index, series.high > np.quantile(series.high, 0.9), blocks.number)
    rest = resampling.rest(sums, np.bincount(index, minlength=blocks.number))
    if not resampling.dependence([rest]):
        return ""
    return f"first tokens came after up to {long / usual:.0f} times the median (p95), many in a row: a queue that builds up and drains"


def _in_flight(rows: Rows, low: float, high: float) -> float:
    """Requests in flight between two moments, on average."""
    import numpy as np

    known = np.isfinite(rows.last)
    inside = np.minimum(rows.last, high) - np.maximum(rows.intended, low)
    return float(np.maximum(inside[known], 0).sum() / (high - low))
