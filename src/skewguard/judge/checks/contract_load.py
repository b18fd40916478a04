"""What a contract promises of performance, held against a short load: a promise is broken only where that is no chance.

A run of a minute knows a p95 only roughly. A limit is kept where the measured value keeps it, broken where so many requests
were over it that it would be chance once in twenty times at most, and undecided between the two.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from skewguard.judge.baseline import rows
from skewguard.judge.checks.interface import Case, Result, fail, passed, unknown
from skewguard.knowledge.contract.values import Contract
from skewguard.language.baselines import Baseline, Between, Metric
from skewguard.language.facts import Fact, Origin
from skewguard.language.findings import ContractRef
from skewguard.language.measures import TIMES

CHANCE = 0.05
"""How often a server that keeps its promise may be said to break it, by a share of slow requests that was chance."""

QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def objectives(case: Case, contract: Contract) -> Iterator[Result]:
    """One answer for each limit of `performance.slo`."""
    measured = case.measured
    if measured is None:
        return
    for name, limits in contract.performance.get("slo", {}).items():
        for stat, limit in limits.items():
            verdict, why, value = _held(measured, name, stat, float(limit))
            yield _answer(case, contract, f"{name}.{stat}", limit, verdict, why, value)


def _held(measured: Baseline, name: str, stat: str, limit: float) -> tuple[str, str, float | None]:
    """The verdict on one limit, why, and what was measured."""
    metric = measured.metric(name)
    if measured.invalid_because:
        return "unknown", f"the measurement cannot be trusted: {measured.invalid_because[0]}", None
    if metric is None or metric.gap is not None:
        return "unknown", metric.gap if metric is not None and metric.gap else "it was not measured", None
    if name in TIMES:
        return _time(measured, metric, stat, limit)
    value = metric.value if isinstance(metric.value, float) else metric.mean
    if value is None:
        return "unknown", "it is not known as one number", None
    kept = value >= limit if stat == "min" else value <= limit
    return _one(kept, stat, value, name)


def _one(kept: bool, stat: str, value: float, name: str) -> tuple[str, str, float | None]:
    """A rate, which a load that is smaller than the promise cannot reach: short of it, nothing is said."""
    if kept:
        return "pass", "", value
    if stat == "min":
        return (
            "unknown",
            f"a short load reached {value:.4g}: `skewguard baseline record` measures what it can do",
            value,
        )
    return "fail", f"{name} is {value:.4g}", value


def _time(measured: Baseline, metric: Metric, stat: str, limit: float) -> tuple[str, str, float | None]:
    known = metric.mean if stat == "mean" else (metric.quantiles or {}).get(stat)
    if known is None:
        return "unknown", f"{metric.n} observations are too few for it: give it longer with --sanity-duration", None
    value = known.high if isinstance(known, Between) else known
    if value is not None and value <= limit:
        return "pass", "", value
    low = known.low if isinstance(known, Between) else known
    told = seconds(value) if value is not None else "more than was seen"
    if low is not None and low > limit and _no_chance(measured, metric.name, stat, limit):
        return "fail", f"it is {told}", value
    return (
        "unknown",
        f"it was {told} of {metric.n} observations, which may be chance: give it longer with --sanity-duration",
        value,
    )


def _no_chance(measured: Baseline, name: str, stat: str, limit: float) -> bool:
    """Whether a server that keeps the limit would be seen like this once in twenty times at most."""
    if measured.samples is None:
        return False
    observed = rows.times(rows.of(measured.samples), stream=measured.load.stream).get(name)
    if observed is None or observed.gap:
        return False
    values: Sequence[float] = observed.low.tolist()
    if stat == "mean":
        return _mean_above(values, limit)
    return at_least(sum(value > limit for value in values), len(values), 1 - QUANTILES[stat]) <= CHANCE


def _mean_above(values: Sequence[float], limit: float) -> bool:
    mean = math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / max(len(values) - 1, 1))
    return mean - 2 * spread / math.sqrt(len(values)) > limit


def at_least(count: int, total: int, share: float) -> float:
    """The probability that `count` or more of `total` happen, where each happens with the probability `share`."""
    if count <= 0:
        return 1.0
    logs = (
        math.lgamma(total + 1) - math.lgamma(each + 1) - math.lgamma(total - each + 1)
        + each * math.log(share) + (total - each) * math.log1p(-share)
        for each in range(count, total + 1)
    )  # fmt: skip
    return min(math.fsum(math.exp(log) for log in logs), 1.0)


def _answer(
    case: Case, contract: Contract, name: str, limit: Any, verdict: str, why: str, value: float | None
) -> Result:
    setting = f"performance.{name}"
    at = Origin("endpoint", f"a load sent to {case.sheet.subject.name}")
    bound = "at least" if name.endswith(".min") else "at most"
    wanted = seconds(float(limit)) if name.partition(".")[0] in TIMES else f"{limit:g}"
    more: dict[str, Any] = {
        "setting": setting,
        "category": "serving",
        "contract": ContractRef(contract.name, contract.origin),
        "expected": limit,
        "at": at,
        "fact": Fact(setting, value, "observed", at) if value is not None else None,
    }
    if verdict == "pass":
        return passed("", **more)
    message = f"the contract promises `{setting}` of {bound} {wanted}, and {why}"
    if verdict == "unknown":
        return unknown(message, remedy="send more requests (--sanity-duration 2m)", **more)
    return fail(
        message,
        remedy="find out what is slower (`skewguard verify`, `skewguard baseline compare`) before users do",
        **more,
    )


def seconds(value: float) -> str:
    """A time as people read it."""
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
