"""What baseline b says against baseline a: better, same, worse or inconclusive, per metric and statistic.

An effect (the ratio b/a, or a difference in points) has an interval in which it lies. Worse is said only if the whole
interval is beyond the tolerance and the effect beyond what two runs of the very same thing may differ in (learned by a
calibration, or assumed), same only if the interval lies within, better as worse on the other side; else the answer is
that nobody can tell. docs/decisions/0008 says how intervals are had and how often they mislead.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

from skewguard.judge.baseline import evidence, matching, resampling
from skewguard.judge.baseline import tolerances as tolerating
from skewguard.judge.baseline.calibrating import runs_behind
from skewguard.judge.baseline.evidence import Side
from skewguard.judge.baseline.tolerances import Tolerance
from skewguard.language.baselines import (
    Baseline,
    Between,
    Calibration,
    Compared,
    Comparison,
    Metric,
    Noise,
    Number,
    Verdict,
)
from skewguard.language.measures import MEASURES

CONFIDENCE = 0.99
"""That a comparison of the very same thing calls nothing worse, in any of its metrics."""

ASSUMED: Mapping[str, float] = {"value": 0.012, "mean": 0.03, "p50": 0.03, "p90": 0.06, "p95": 0.06, "p99": 0.10}
"""What two runs of the same thing are taken to differ in by statistic (|ln b/a|) until a calibration tells: output tokens/s,
TPOT p50 and TPOT p99 are those of the one public pair (inference-perf's KubeCon 2025 runs); the p90 and p95 lie between."""

ASSUMED_POINTS = 0.05
"""The same for shares in points (GPU utilization): half of the default tolerance. Nothing public was found to take it from."""

UNLEARNED, UNLEARNED_OPEN = math.log(1.25), math.log(1.35)
"""The effect (1.25x, 0.8x; where requests arrive whether or not the server keeps up, 1.35x and 0.74x) below which nothing is called
worse, or better, until a calibration tells what runs of this server differ in: where they differ by 6 % (standard deviation), two of
them lie further apart in fewer than one of a hundred pairs. In an open loop what is slower has more to do at once, which makes it
slower still: of simulated steps that take 1.2 times as long tokens took 1.24 to 1.27 times as long."""

DRIFTS = 4.0
"""How many times what moved within two runs (`evidence.drift`) an effect between them must be, until a calibration tells. Of simulated pairs
of one server on a machine that others use (its steps wander by 30 %, and come back after 5 to 20 s), one in ten was called worse without."""

OVERLOOKED = 0.05
"""The chance that what differs between runs, as a calibration learned it, hides an effect beyond the tolerance from an interval: the same
one in twenty regressions that may go unfound. An alarm asks for more: that the effect lies beyond the floor of all verdicts together."""

FAR = 3.0
"""How many assumed floors an effect must lie beyond its tolerance to be believed without rows and without calibration."""

WAITING = frozenset({"ttft", "e2e"})
"""Times that hold the wait in a queue, which near saturation has no typical length: 49 % apart in the public pair."""


class Interval(NamedTuple):
    """An effect and between what it lies: logarithms of ratios, or differences. Without ends nothing is known but the effect.

    `least` is the smallest effect that the numbers allow, without its sign; `floor` what two runs of the very same thing may differ in, as
    so many `runs` of a calibration taught (0: assumed, or `moved`: as far as these two moved within themselves).
    """

    effect: float
    low: float
    high: float
    reason: str = ""
    least: float = math.inf
    floor: float = 0.0
    runs: int = 0
    moved: bool = False

    @property
    def unknown(self) -> bool:
        """Whether there is no interval at all."""
        return math.isinf(self.low) and math.isinf(self.high)


class _Noise(NamedTuple):
    """What two runs of the very same thing may differ in: `hides` widens an interval, an effect below `alarms` wakes nobody, one
    without rows has to lie `far` beyond the tolerance. As so many `runs` taught; 0: assumed.
    """

    hides: float
    alarms: float
    runs: int
    far: float = 0.0


class _Pair(NamedTuple):
    """Two baselines with what both bring along: their rows, the noise learned, and the share of errors each verdict may have."""

    a: Baseline
    b: Baseline
    rows: tuple[Side, Side] | None
    noise: Mapping[tuple[str, str, bool], Noise]
    tail: float
    shorter: bool


def compare(
    a: Baseline,
    b: Baseline,
    *,
    tolerances: tuple[Tolerance, ...] | None = None,
    calibration: Calibration | None = None,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """b against a. `tolerances` are those of `tolerances.of(contract)`; None: the defaults.

    `confidence` holds for the whole comparison: a pair of the very same thing is called worse, in any metric, in at most 1 − confidence
    of all comparisons. Each verdict gets an equal part of that (Bonferroni), since metrics of one run are anything but independent.
    """
    differs = matching.differences(a, b)
    if any(each.blocks for each in differs):
        return Comparison(a.id, b.id, comparable=False, differs=differs, confidence=confidence)
    limits = tolerances or tolerating.of()
    judged = [each for each in limits if _metric(a, each) and _metric(b, each)]
    sides = (evidence.side(a), evidence.side(b))
    rows = (sides[0], sides[1]) if sides[0] is not None and sides[1] is not None else None
    usable = calibration if calibration is not None and matching.calibrates(calibration, a, b) else None
    if calibration is not None and usable is None:
        differs = (*differs, matching.foreign(calibration))
    if usable is not None:
        differs = (*differs, *matching.other_settings(usable, a, b))
    noise = {(each.name, each.stat, each.points): each for each in usable.noise} if usable else {}
    shorter = usable is not None and min(a.duration, b.duration) < 0.9 * (usable.load.duration or 0.0)
    pair = _Pair(a, b, rows, noise, (1 - confidence) / max(len(judged), 1), shorter)
    metrics = [_compared(pair, each) if each in judged else _lacking(a, b, each) for each in limits]
    return Comparison(a.id, b.id, True, differs, tuple(filter(None, metrics)), confidence, calibrated=bool(noise))


def _metric(baseline: Baseline, tolerance: Tolerance) -> Metric | None:
    """The metric, where it has the statistic."""
    metric = baseline.metric(tolerance.name)
    return metric if metric is not None and number(metric, tolerance.stat) is not None else None


def _lacking(a: Baseline, b: Baseline, tolerance: Tolerance) -> Compared | None:
    """Of what one side lacks nobody can tell; what both lack is passed over, unless a contract limits it."""
    sides = [(name, each.metric(tolerance.name), _metric(each, tolerance)) for name, each in (("a", a), ("b", b))]
    values = [number(found, tolerance.stat) if found is not None else None for _, _, found in sides]
    if values == [None, None] and not tolerance.promised:
        return None
    why = "; ".join(
        f"{name} lacks it: {_why(metric, tolerance.stat)}" for name, metric, found in sides if found is None
    )
    unit = MEASURES[tolerance.name].unit
    return Compared(
        tolerance.name, tolerance.stat, unit, "inconclusive", a=values[0], b=values[1],
        points=tolerance.points, tolerance=tolerance.said, reason=why, deciding=tolerance.deciding,
    )  # fmt: skip


def _why(metric: Metric | None, stat: str) -> str:
    if metric is None:
        return "it was not measured"
    return metric.gap or f"{metric.n} observations are too few for {stat}"


def number(metric: Metric, stat: str) -> Number | None:
    """One statistic of a metric; a whole metric (`value`) of one that is told by quantiles is its median."""
    if metric.gap is not None:
        return None
    if stat == "mean":
        return metric.mean
    return metric.value if stat == "value" else (metric.quantiles or {}).get(stat)


# ---- one metric at one statistic -------------------------------------------------------------------------------------


def _compared(pair: _Pair, tolerance: Tolerance) -> Compared:
    one, other = _metric(pair.a, tolerance), _metric(pair.b, tolerance)
    assert one is not None
    assert other is not None
    values = number(one, tolerance.stat), number(other, tolerance.stat)
    assert values[0] is not None
    assert values[1] is not None
    tolerance = tolerating.of_nothing(tolerance, values[0], values[1]) if pair.rows is not None else tolerance
    points = tolerance.points
    interval = _interval(pair, tolerance, values[0], values[1], min(one.n, other.n))
    verdict, reason = _judged(pair, tolerance, interval)
    return Compared(
        tolerance.name,
        tolerance.stat,
        MEASURES[tolerance.name].unit,
        verdict,
        a=values[0],
        b=values[1],
        effect=_shown(interval.effect, points=points),
        interval=None
        if interval.unknown
        else (_shown(interval.low, points=points), _shown(interval.high, points=points)),
        points=points,
        tolerance=tolerance.said,
        reason=reason,
        deciding=tolerance.deciding and not _harmless(tolerance, interval),
    )


def _shown(value: float, *, points: bool) -> float | None:
    if math.isnan(value) or math.isinf(value):
        return None
    return value if points else math.exp(value)


def _limits(tolerance: Tolerance) -> tuple[float, float, float, float]:
    """Where worse begins below and above, and between what two runs are the same; as effects are kept."""
    scale = (lambda limit: limit) if tolerance.points else math.log
    worse_low = -math.inf if tolerance.low is None else scale(tolerance.low)
    worse_high = math.inf if tolerance.high is None else scale(tolerance.high)
    same_low, same_high = (scale(limit) for limit in tolerance.same)
    return worse_low, worse_high, same_low, same_high


def _harmless(tolerance: Tolerance, interval: Interval) -> bool:
    """Whether it is certainly not worse, so that all that is open is whether it is better or the same."""
    worse_low, worse_high, _, _ = _limits(tolerance)
    return interval.low >= worse_low and interval.high <= worse_high


def _judged(pair: _Pair, tolerance: Tolerance, interval: Interval) -> tuple[Verdict, str]:
    verdict = _verdict(tolerance, interval)
    if verdict in {"better", "worse"} and interval.least <= interval.floor:
        return "inconclusive", _lost(pair, tolerance, interval)
    if verdict != "same" and tolerance.name in WAITING:
        full = evidence.saturated(pair.a) or evidence.saturated(pair.b)
        if full:
            return (
                "inconclusive",
                f"near saturation waiting times are no measure of the server: {full}. Compare at a lower rate",
            )
    if verdict in {"better", "worse"} and _demanded(pair, tolerance):
        return "inconclusive", "in live traffic this is what was asked for, not what the server can do"
    return verdict, _reason(tolerance, interval, verdict)


def _lost(pair: _Pair, tolerance: Tolerance, interval: Interval) -> str:
    """Why an effect beyond the tolerance is nothing to be woken for: runs of the very same thing may lie as far apart."""
    reach = tolerance.in_words(interval.floor) if tolerance.points else f"{math.exp(interval.floor):.3g}x"
    if interval.moved:
        return (
            f"beyond the tolerance, but these two moved so far within themselves that runs of the very same thing may differ by up to {reach}:"
            " see what else uses the machines, or run baseline calibrate"
        )
    if not interval.runs:
        return (
            f"beyond the tolerance, but without a calibration{_which(pair)} runs of the very same thing are taken to differ by up to {reach}:"
            " run baseline calibrate"
        )
    return (
        f"beyond the tolerance, but runs of the very same thing differ by up to {reach}, as {interval.runs} of them taught:"
        " calibrate with more runs"
    )


def _which(pair: _Pair) -> str:
    """What calibration is lacking where there is one."""
    if pair.shorter:
        return " of runs as short as these"
    return " that tells of this metric" if pair.noise else ""


def _demanded(pair: _Pair, tolerance: Tolerance) -> bool:
    rate = tolerance.name in evidence.RATES or tolerance.name == "goodput"
    return rate and "traffic" in {pair.a.kind, pair.b.kind}


def _verdict(tolerance: Tolerance, interval: Interval) -> Verdict:
    worse_low, worse_high, same_low, same_high = _limits(tolerance)
    if interval.low > worse_high or interval.high < worse_low:
        return "worse"
    if (tolerance.low is None and interval.high < same_low) or (tolerance.high is None and interval.low > same_high):
        return "better"
    return "same" if interval.low >= same_low and interval.high <= same_high else "inconclusive"


def _reason(tolerance: Tolerance, interval: Interval, verdict: Verdict) -> str:
    if interval.reason:
        return interval.reason
    if verdict == "worse":
        return f"the whole interval is outside what is tolerated ({tolerance.said})"
    if verdict == "better":
        return "the whole interval is better by more than the tolerance"
    if verdict == "same":
        return "the whole interval is within the tolerance"
    if _harmless(tolerance, interval):
        return "certainly not worse; whether it is better or the same is open"
    return "the interval reaches across the limit: measure longer, or calibrate with more runs"


# ---- intervals -------------------------------------------------------------------------------------------------------


def _interval(pair: _Pair, tolerance: Tolerance, one: Number, other: Number, n: int) -> Interval:
    ends = _effects(one, other, points=tolerance.points)
    if any(map(math.isnan, ends)) or (ends[0] == ends[1] and math.isinf(ends[0])):
        return Interval(math.nan, -math.inf, math.inf, "a value of 0 has no ratio")
    rows = pair.rows if pair.rows and all(evidence.has(each, tolerance.name) for each in pair.rows) else None
    noise = _noise(pair, tolerance, _ends(one)[1], alone=rows is None)
    if rows is None:
        found = _without_rows(pair, tolerance, ends, noise, n)
    else:
        found = _with_rows(pair, tolerance, ends, noise, rows)
    return found._replace(least=max(ends[0], -ends[1], 0.0), runs=noise.runs)


def _noise(pair: _Pair, tolerance: Tolerance, a: float, *, alone: bool) -> _Noise:
    """What is known, or assumed, of how far runs of the same thing lie apart where `a` was measured.

    `alone`: no rows tell of the chance inside a run, which what was learned of longer runs holds too little of. Points of a share are learned as such. Those of seconds, bytes or requests are that part of `a` which the ratio is.
    """
    share = tolerance.points and tolerance.is_share
    scale = a if tolerance.points and not share else 1.0
    learned = pair.noise.get((tolerance.name, tolerance.stat, share))
    if learned is not None and not (alone and pair.shorter):
        runs = runs_behind(learned.pairs)
        hides, alarms = (resampling.student(tail, runs - 1) * learned.spread for tail in (OVERLOOKED, pair.tail))
        return _Noise(scale * hides, scale * alarms, runs)
    if share:
        return _Noise(0.0, 0.0, 0, far=FAR * ASSUMED_POINTS)
    assumed = ASSUMED[tolerance.stat]
    floor = UNLEARNED_OPEN if pair.a.load.profile in evidence.MAYBE_OPEN else UNLEARNED
    return _Noise(scale * assumed, scale * (math.expm1(floor) if tolerance.points else floor), 0, scale * FAR * assumed)


def _effects(one: Number, other: Number, *, points: bool) -> tuple[float, float]:
    """The least and the greatest effect that two numbers allow, which may be intervals themselves."""
    a, b = _ends(one), _ends(other)
    if points:
        return b[0] - a[1], b[1] - a[0]
    return _log(b[0]) - _log(a[1]), _log(b[1]) - _log(a[0])


def _ends(value: Number) -> tuple[float, float]:
    if not isinstance(value, Between):
        return value, value
    return value.low if value.low is not None else 0.0, value.high if value.high is not None else math.inf


def _log(value: float) -> float:
    if math.isinf(value):
        return value
    return math.log(value) if value > 0 else -math.inf


def _with_rows(
    pair: _Pair, tolerance: Tolerance, ends: tuple[float, float], noise: _Noise, rows: tuple[Side, Side]
) -> Interval:
    """What the rows say, and what runs of the same thing differ in beyond that.

    Calibration runs of this load hold the chance inside a run already: the larger of both counts. Where they
    were longer than these runs, or nothing was learned, both add up (as variances do).
    """
    effect = (ends[0] + ends[1]) / 2
    halves = evidence.halves(*rows, tolerance.name, tolerance.stat, pair.tail, points=tolerance.points)
    if isinstance(halves, str):
        return Interval(effect, -math.inf, math.inf, halves)
    join = max if noise.runs and not pair.shorter else math.hypot
    floor = math.hypot(noise.alarms, max(halves)) if pair.shorter else noise.alarms
    low, high = ends[0] - join(halves[0], noise.hides), ends[1] + join(halves[1], noise.hides)
    moved = (
        0.0 if noise.runs else DRIFTS * evidence.drift(*rows, tolerance.name, tolerance.stat, points=tolerance.points)
    )
    return Interval(effect, low, high, floor=max(floor, moved), moved=moved > floor)


def _without_rows(pair: _Pair, tolerance: Tolerance, ends: tuple[float, float], noise: _Noise, n: int) -> Interval:
    """Means and quantiles alone: the learned floor decides, or disjoint buckets, or an effect that no noise explains."""
    effect = (ends[0] + ends[1]) / 2
    few = n < (least := evidence.needed(tolerance.stat))
    if few and ends[0] < ends[1]:
        reason = f"{n} observations are too few to compare {tolerance.stat}: {least} are needed"
        return Interval(effect, -math.inf, math.inf, reason)
    if noise.runs or ends[0] < ends[1]:
        half = noise.alarms if noise.runs else noise.hides
        return Interval(effect, ends[0] - half, ends[1] + half, floor=noise.alarms)
    far = Interval(
        effect,
        effect - noise.far,
        effect + noise.far,
        "no rows and no calibration, but far beyond what noise explains",
        floor=noise.alarms,
    )
    if not few and _verdict(tolerance, far) in {"better", "worse"}:
        return far
    reason = (
        f"no rows and no calibration{_which(pair)}, so that nobody knows how far chance reaches: run baseline calibrate"
    )
    return Interval(effect, -math.inf, math.inf, reason)
