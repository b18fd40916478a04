"""Limits of a comparison: the defaults, and a contract's laid over them."""

from typing import Any

import pytest

from skewguard.judge.baseline import tolerances


def said(promised: dict[str, Any]) -> dict[str, str]:
    return {f"{each.name} {each.stat}": each.said for each in tolerances.of(promised)}


def test_defaults_are_those_of_the_documentation() -> None:
    """Without a contract there is a limit for each metric that tells of a regression."""
    assert said({}) == {
        "output_tokens_per_second value": "at least 0.95x",
        "ttft p95": "at most 1.2x",
        "ttft p99": "at most 1.3x",
        "tpot p50": "at most 1.1x",
        "tpot p95": "at most 1.1x",
        "e2e p95": "at most 1.2x",
        "e2e p99": "at most 1.3x",
        "gpu_utilization p50": "within ±10 points",
        "gpu_memory_used p50": "between 0.95x and 1.05x",
    }


@pytest.mark.parametrize(
    ("promised", "key", "expected"),
    [
        ({"tpot": {"p95": {"max_ratio": 1.05}}}, "tpot p95", "at most 1.05x"),
        ({"tpot": {"p95": {"max_ratio": 1.05}}}, "tpot p50", "at most 1.1x"),
        ({"tpot": {"max_ratio": 1.3}}, "tpot p50", "at most 1.3x"),
        ({"itl": {"max_ratio": 1.3}}, "itl p95", "at most 1.3x"),
        ({"goodput": {"min_ratio": 0.9}}, "goodput value", "at least 0.9x"),
        ({"gpu_utilization": {"max_points": 5}}, "gpu_utilization p50", "within ±5 points"),
        ({"error_rate": {"max_points": 1}}, "error_rate value", "up by at most 1 points"),
        ({"tpot": {"p50": {"min_ratio": 0.5}}}, "tpot p50", "between 0.5x and 2x"),
        ({"requests_per_second": {"max_ratio": 1.25}}, "requests_per_second value", "between 0.8x and 1.25x"),
        ({"queue": {"max_points": 3}}, "queue p50", "up by at most 3 requests"),
        ({"gpu_memory_used": {"max_ratio": 1.25}}, "gpu_memory_used p50", "between 0.8x and 1.25x"),
    ],
)
def test_contract_is_laid_over_the_defaults(promised: dict[str, Any], key: str, expected: str) -> None:
    """A limit of a statistic holds there alone, one of a metric for all that is judged of it; one on the side of gains alone, both ways."""
    assert said(promised)[key] == expected


def test_what_a_contract_limits_decides() -> None:
    """A tail that nobody promised does not leave the comparison open; a promised one does."""
    plain = {(each.name, each.stat): each.deciding for each in tolerances.of({})}
    promised = {(each.name, each.stat): each.deciding for each in tolerances.of({"ttft": {"p95": {"max_ratio": 1.1}}})}

    assert not plain["ttft", "p95"]
    assert promised["ttft", "p95"]
    assert plain["tpot", "p50"]


def test_limit_has_a_mirror_image_beyond_which_is_better() -> None:
    """At most 1.25x: the same between 0.8x and 1.25x."""
    (limit,) = (
        each
        for each in tolerances.of({"tpot": {"p50": {"max_ratio": 1.25}}})
        if each.stat == "p50" and each.name == "tpot"
    )

    assert limit.same == (0.8, 1.25)
