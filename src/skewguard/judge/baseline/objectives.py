"""Which service level objectives of a contract a baseline meets, misses, or cannot tell of.

`ttft: {p95: 2s}` is missed where more than one in twenty take longer. How many did is counted, failed requests among them, and
a binomial tail says whether so many (or so few) could be chance; requests that were slow together count as fewer.
"""

import math
from collections.abc import Mapping
from typing import Literal

from skewguard.judge.baseline import evidence, metrics, resampling
from skewguard.judge.baseline.evidence import Side
from skewguard.judge.baseline.resampling import Blocks
from skewguard.judge.baseline.rows import Array
from skewguard.language.baselines import Baseline, Between, Metric, Number, Objective

CONFIDENCE = 0.99

EXACT = 5000
"""Observations up to which the binomial tail is summed; beyond, the normal one is as good."""


def misses(baseline: Baseline, slo: Mapping[str, Mapping[str, float]]) -> tuple[Objective, ...]:
    """The objectives that are missed, or of which this baseline cannot tell; `judged` gives all."""
    return tuple(each for each in judged(baseline, slo) if each.verdict != "met")


def judged(
    baseline: Baseline, slo: Mapping[str, Mapping[str, float]], confidence: float = CONFIDENCE
) -> tuple[Objective, ...]:
    """Every objective. `confidence` holds for each verdict that is not undecided."""
    each = evidence.side(baseline)
    return tuple(
        _objective(baseline, each, name, stat, bound, 1 - confidence)
        for name, bounds in slo.items()
        for stat, bound in bounds.items()
    )


def _objective(baseline: Baseline, each: Side | None, name: str, stat: str, bound: float, tail: float) -> Objective:
    metric = baseline.metric(name)
    value = _value(metric, stat)
    if metric is None or value is None:
        few = metric is not None and metric.gap is None
        why = f"{metric.n} observations are too few for {stat}" if few and metric is not None else None
        gap = why or (metric.gap if metric is not None else None) or "it was not measured"
        return Objective(name, stat, bound, "undecided", reason=gap)
    if each is not None and stat in metrics.PROBABILITIES and name in each.series:
        verdict, reason = _counted(each, name, stat, bound, tail)
    elif each is not None and evidence.has(each, name):
        verdict, reason = _reached(each, name, stat, bound, value, tail)
    else:
        verdict, reason = _plain(stat, bound, value)
    return Objective(name, stat, bound, verdict, value, reason)


Told = tuple[Literal["met", "missed", "undecided"], str]


def _value(metric: Metric | None, stat: str) -> Number | None:
    if metric is None or metric.gap is not None:
        return None
    if stat == "mean":
        return metric.mean
    if stat in {"min", "max"}:
        return metric.value if metric.value is not None else (metric.quantiles or {}).get("p50")
    return (metric.quantiles or {}).get(stat)


# ---- a quantile: how many are beyond ---------------------------------------------------------------------------------


def _counted(each: Side, name: str, stat: str, bound: float, tail: float) -> Told:
    """Late ones against the share that may be late."""
    import numpy as np

    series, allowed = each.series[name], 1 - metrics.PROBABILITIES[stat]
    failed = int((each.rows.measured & ~each.rows.complete & ~each.rows.stopped).sum())
    late = series.high > bound
    certain = int((series.low > bound).sum()) + failed
    possible, n = int(late.sum()) + failed, int(series.high.size) + failed
    blocks = Blocks(*each.window, max(2, resampling.count(each.window[1] - each.window[0], each.lifetime)))
    index = blocks.of(series.at)
    together = _together(np.bincount(index, late, blocks.number), np.bincount(index, minlength=blocks.number))
    said = f"{possible} of {n} took longer{f' or failed ({failed})' if failed else ''}, {allowed:.0%} may"
    if at_most(n / together - certain / together, n / together, 1 - allowed) <= tail:
        return "missed", said
    if at_most(possible / together, n / together, allowed) <= tail:
        return "met", said
    return "undecided", f"{said}: with so few that may be chance; measure longer"


def _together(late: Array, sizes: Array) -> float:
    """How many requests count as one, since they were late together: variance over blocks against that of single ones."""
    import numpy as np

    share = late.sum() / max(sizes.sum(), 1)
    alone = float((sizes * share * (1 - share)).sum())
    if alone <= 0:
        return 1.0
    apart = float(np.square(late - sizes * share).sum()) * len(late) / (len(late) - 1)
    return max(1.0, apart / alone)


def at_most(count: float, n: float, share: float) -> float:
    """P(X ≤ count) of `n` that each are with probability `share`."""
    whole, upto = round(n), math.floor(count + 0.5)
    if upto >= whole:
        return 1.0
    if whole > EXACT:
        spread = math.sqrt(whole * share * (1 - share))
        return 0.5 * math.erfc((whole * share - upto - 0.5) / spread / math.sqrt(2))
    base = math.lgamma(whole + 1)
    logs = (
        base - math.lgamma(k + 1) - math.lgamma(whole - k + 1) + k * math.log(share) + (whole - k) * math.log1p(-share)
        for k in range(upto + 1)
    )  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, logs)))


# ---- a rate, a share or a mean ---------------------------------------------------------------------------------------


def _reached(each: Side, name: str, stat: str, bound: float, value: Number, tail: float) -> Told:
    half = evidence.half(each, name, stat, tail)
    if isinstance(half, str) or isinstance(value, Between):
        return "undecided", half if isinstance(half, str) else "only an interval is known"
    return _plain(stat, bound, Between(value - half, value + half))


def _plain(stat: str, bound: float, value: Number) -> Told:
    """A number or an interval against its bound: from below for `min`, from above for all others."""
    low, high = (value.low, value.high) if isinstance(value, Between) else (value, value)
    if stat == "min":
        beyond, within = high is not None and high < bound, low is not None and low >= bound
    else:
        beyond, within = low is not None and low > bound, high is not None and high <= bound
    if beyond or within:
        return ("missed" if beyond else "met"), "" if low != high else "one number: nobody knows how far chance reaches"
    return "undecided", "the bound lies within what is known of it; measure longer"
