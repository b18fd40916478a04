"""Which objectives are met, missed, or not to be told."""

from typing import Any

import pytest

from skewguard.judge.baseline import metrics, objectives
from skewguard.language.baselines import Baseline, Between
from tests.judge.baseline.building import bare, failed, metric, run


def measured(slow: int, total: int, *, failures: int = 0, bunched: bool = False) -> Baseline:
    """`slow` of `total` requests over a hundred seconds take 3 s, the others 1 s."""
    step = total // max(slow, 1)
    rows: list[dict[str, Any]] = [
        {
            "intended": 100 * at / total,
            "last": 100 * at / total
            + (3.0 if (at < slow if bunched else at % step == 0 and at // step < slow) else 1.0),
        }
        for at in range(total)
    ]
    rows += [failed("timeout", intended=50.0) for _ in range(failures)]
    found = run(sorted(rows, key=lambda row: row["intended"]), measured=(0.0, 100.0))
    return bare(*metrics.of_run(found, slo={}, gpus=1), samples=found.samples, measured=found.measured)


def verdict(baseline: Baseline, slo: dict[str, dict[str, float]]) -> str:
    (only,) = objectives.judged(baseline, slo)
    return only.verdict


@pytest.mark.parametrize(
    ("slow", "total", "expected"),
    [
        (1, 200, "met"),
        (10, 200, "undecided"),
        (25, 200, "missed"),
        (2, 40, "undecided"),
        (60, 1000, "undecided"),
        (80, 1000, "missed"),
    ],
)
def test_quantile_is_missed_or_met_where_chance_does_not_explain_it(slow: int, total: int, expected: str) -> None:
    """One in twenty may be late; how sure one can be depends on how many were sent."""
    assert verdict(measured(slow, total), {"e2e": {"p95": 2.0}}) == expected


def test_failed_requests_count_as_late() -> None:
    """A timeout met nobody's objective."""
    assert verdict(measured(1, 200, failures=30), {"e2e": {"p95": 2.0}}) == "missed"


def test_late_ones_in_a_bunch_count_as_fewer() -> None:
    """A single stall that made 80 of 1,000 late is one event, and might be the only one in an hour."""
    assert verdict(measured(80, 1000, bunched=True), {"e2e": {"p95": 2.0}}) == "undecided"


@pytest.mark.parametrize(("bound", "expected"), [(1.0, "met"), (1000.0, "missed")])
def test_rate_is_held_against_its_bound(bound: float, expected: str) -> None:
    """Ten tokens, ten times a second, are about a hundred tokens per second."""
    assert verdict(measured(0, 1000), {"output_tokens_per_second": {"min": bound}}) == expected


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.1, 0.2, "met"), (0.2, 0.5, "undecided"), (0.5, 1.0, "missed")]
)
def test_bucket_decides_where_the_bound_is_outside(low: float, high: float, expected: str) -> None:
    """A quantile of traffic is an interval."""
    assert verdict(bare(metric("ttft", p95=Between(low, high))), {"ttft": {"p95": 0.3}}) == expected


def test_what_was_not_measured_is_undecided_and_among_the_misses() -> None:
    """Nobody can say that an objective without a number is met."""
    (told,) = objectives.misses(bare(), {"tpot": {"p95": 0.05}})

    assert (told.verdict, told.reason) == ("undecided", "it was not measured")


def test_met_objectives_are_no_misses() -> None:
    """Nothing to say."""
    assert objectives.misses(measured(1, 200), {"e2e": {"p95": 2.0}}) == ()
