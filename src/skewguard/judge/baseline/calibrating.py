"""What runs of the very same thing differ in (A/A): the noise floor under which no effect is believed.

One run does not show it: servers start with other memory layouts, clocks and neighbours, and stay with them for hours.
Each run gives one number per metric and statistic; their standard deviation s makes √2·s that of a difference of two, and
Student's t of n − 1 degrees says how far the true one may lie beyond what n runs happened to show: 3 runs support a floor three to
six times wider than 10 do. It never claims more than that.
"""

import math
from collections.abc import Hashable

from skewguard.judge.baseline import matching, resampling
from skewguard.language.baselines import Baseline, Calibration, Noise, Number
from skewguard.language.errors import InputError
from skewguard.language.measures import MEASURES, STATS

FEWEST = 3
"""Runs of which a spread can be taken at all; 10 or more make a floor that finds regressions."""

CONFIDENCE = 0.99


def calibrate(baselines: tuple[Baseline, ...], made_at: str, confidence: float = CONFIDENCE) -> Calibration:
    """The noise of one subject at one load. `made_at` is ISO 8601.

    Raises `InputError` where there are fewer than three runs, one is there twice, by whatever name, or two of them are not of the very
    same thing, or not known to be.
    """
    _refuse_twice(baselines)
    _refuse_untold(baselines)
    if len(baselines) < FEWEST:
        raise InputError(
            f"{len(baselines)} baselines show no noise: at least {FEWEST} of the same thing are needed, 10 are better"
        )
    first = baselines[0]
    for at, other in enumerate(baselines[1:], 2):
        apart = matching.another_thing(first, other)
        if apart is not None:
            raise InputError(
                f"baselines {_called(first, 1)} and {_called(other, at)} are not of the very same thing at the same load:"
                f" {apart.what} is {apart.a} and {apart.b}",
                hint="what differs between them would count as noise, and hide that much of every loss: name recordings of one"
                " thing alone; `skewguard baseline list` shows of what each is",
            )
    _refuse_copies(baselines)
    keys = [(name, stat) for name in MEASURES for stat in ("value", *STATS)]
    noise = [found for name, stat in keys for found in _noises(baselines, name, stat, confidence)]
    return Calibration(
        first.subject,
        first.load,
        made_at,
        tuple(each.id for each in baselines),
        tuple(noise),
        confidence,
        inputs_digest=first.inputs_digest,
    )


def _refuse_twice(baselines: tuple[Baseline, ...]) -> None:
    """Raises where one recording stands for two: between it and itself there is no noise."""
    ids = [each.id for each in baselines if each.id]
    twice = next((each for each in ids if ids.count(each) > 1), None)
    if twice is not None:
        raise InputError(f"baseline {twice} is named twice, and no recording differs from itself", hint="name it once")


def _refuse_copies(baselines: tuple[Baseline, ...]) -> None:
    """Raises where two of them are one run by other names: a file beside what is kept of it, or what two stores keep."""
    seen: dict[Hashable, str] = {}
    for at, each in enumerate(baselines, 1):
        run, called = _run(each), _called(each, at)
        if run in seen:
            raise InputError(
                f"baselines {seen[run]} and {called} are copies of one run, and no recording differs from itself",
                hint="name it once, and others of the same thing beside it",
            )
        seen[run] = called


def _run(baseline: Baseline) -> Hashable:
    """What two runs never share: when it was, and every number to its last digit. A copy has another id at most."""
    return (baseline.made_by, baseline.started_at, baseline.duration, repr(baseline.requests), repr(baseline.metrics))


def _called(baseline: Baseline, at: int) -> str:
    """Its id; of one that no store has given one, which of those that were named it is, and when it was."""
    return baseline.id or f"number {at}" + (f" (of {baseline.started_at})" if baseline.started_at else "")


def _refuse_untold(baselines: tuple[Baseline, ...]) -> None:
    """Raises where nobody knows what the load was: what differs between unlike loads is no noise."""
    for at, each in enumerate(baselines, 1):
        if missing := matching.untold(each.load):
            raise InputError(
                f"baseline {_called(each, at)} does not tell the {' and the '.join(missing)} of its load, so that nobody knows whether"
                " the others were made at the same load",
                hint="who knows it says it when the report is imported: `skewguard baseline import --help`",
            )


def _noises(baselines: tuple[Baseline, ...], name: str, stat: str, confidence: float) -> list[Noise]:
    """Its floor as a ratio, and in points where it is a share."""
    values = [_point(each, name, stat) for each in baselines]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return []
    found = []
    if min(known) > 0:
        found.append(_noise(name, stat, [math.log(value) for value in known], confidence, points=False))
    if MEASURES[name].unit == "ratio":
        found.append(_noise(name, stat, known, confidence, points=True))
    return found


def _noise(name: str, stat: str, values: list[float], confidence: float, *, points: bool) -> Noise:
    runs = len(values)
    mean = sum(values) / runs
    spread = math.sqrt(2 * sum((value - mean) ** 2 for value in values) / (runs - 1))
    critical = resampling.student((1 - confidence) / 2, runs - 1)
    return Noise(name, stat, floor=critical * spread, spread=spread, pairs=runs * (runs - 1) // 2, points=points)


def _point(baseline: Baseline, name: str, stat: str) -> float | None:
    """A statistic of one run where it is a point."""
    metric = baseline.metric(name)
    if metric is None or metric.gap is not None:
        return None
    value: Number | None
    if stat in {"value", "mean"}:
        value = metric.value if stat == "value" else metric.mean
    else:
        value = (metric.quantiles or {}).get(stat)
    return value if isinstance(value, (int, float)) else None


def runs_behind(pairs: int) -> int:
    """How many runs make so many pairs: n·(n − 1)/2."""
    return round((1 + math.sqrt(1 + 8 * pairs)) / 2)
