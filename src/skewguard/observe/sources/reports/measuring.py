"""Metrics as a report tells them: with the unit that is ours, where they come from, and a gap for each that is missing."""

import math
from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from skewguard.language.baselines import Metric, Requests
from skewguard.language.measures import MEASURES, QUANTILES
from skewguard.observe.sources.reports import picking
from skewguard.observe.sources.reports.interface import Tree

MILLISECONDS = 1e-3


def one(name: str, value: float | None, source: str, *, n: int = 0, otherwise: str = "") -> Metric:
    """A metric that is one number; `otherwise` says why there is none."""
    if value is None:
        return missing(name, otherwise or f"{source} does not tell it")
    return Metric(name, MEASURES[name].unit, value=value, n=n, source=source)


def missing(name: str, why: str) -> Metric:
    """A metric that a report does not hold, or holds as something else."""
    return Metric(name, MEASURES[name].unit, gap=why)


def spread(
    name: str, told: Mapping[str, float | None], factor: float, source: str, *, n: int = 0, zero: bool = False
) -> Metric:
    """A metric told by quantiles and mean, in a unit of which one is `factor` of ours.

    Tools write 0 for what they measured nothing of: a time whose every number is 0 was not measured (`zero`: 0 is a value).
    """
    known = {stat: value * factor for stat, value in told.items() if value is not None}
    if not known or not (zero or any(known.values())):
        return missing(name, f"{source}: nothing was measured")
    quantiles = {stat: known[stat] for stat in QUANTILES if stat in known}
    unit = MEASURES[name].unit
    return Metric(name, unit, quantiles=quantiles or None, value=None if quantiles else known.get("mean"),
                  mean=known.get("mean"), n=n, source=source)  # fmt: skip


def streamed(told: object, metrics: Iterable[Metric]) -> bool | None:
    """Whether answers were streamed: as a report says, else by a time to the first token, which nothing else has; None: not told."""
    if isinstance(told, bool):
        return told
    return True if any(each.name == "ttft" and each.gap is None for each in metrics) else None


def of_rows(metric: Metric, rows: Sequence[float]) -> Metric:
    """The metric with what its report left out and its rows tell."""
    values = sorted(value for value in rows if math.isfinite(value))
    if not values or metric.gap is not None:
        return metric
    quantiles = {stat: (metric.quantiles or {}).get(stat, _quantile(values, stat)) for stat in QUANTILES}
    mean = metric.mean if metric.mean is not None else math.fsum(values) / len(values)
    return structs.replace(metric, quantiles=quantiles, value=None, mean=mean, n=len(values))


def _quantile(values: Sequence[float], stat: str) -> float:
    """Between two rows by a straight line, as the tools themselves do it."""
    place = (len(values) - 1) * int(stat[1:]) / 100
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def share(requests: Requests, source: str) -> Metric:
    """The share of requests that failed, of those that were answered or failed."""
    failed = sum(count for kind, count in requests.failed.items() if kind != "stopped")
    total = failed + (requests.completed or 0)
    return one("error_rate", failed / total if total else None, source, n=total)


def complete(told: Iterable[Metric], tool: str) -> tuple[Metric, ...]:
    """Every metric that there is, in our order; of what is not told, the gap."""
    by_name = {metric.name: metric for metric in told}
    return tuple(by_name.get(name) or missing(name, f"{tool} does not tell it") for name in MEASURES)


def quantiles_at(tree: Tree, *path: str | int) -> dict[str, float | None]:
    """The quantiles and the mean of an object that names them p50, p90 … (or median) and mean (or avg)."""
    found = {stat: picking.number(tree, *path, stat) for stat in QUANTILES}
    if found["p50"] is None:
        found["p50"] = picking.number(tree, *path, "median")
    mean = picking.number(tree, *path, "mean")
    return {**found, "mean": mean if mean is not None else picking.number(tree, *path, "avg")}
