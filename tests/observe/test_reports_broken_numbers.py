"""Numbers of a report that nobody can have measured: they are not there, and nothing breaks."""

import json
from pathlib import Path
from typing import Any

import pytest

from skewguard.language.baselines import Baseline
from skewguard.observe.sources import reports

REPORT = Path(__file__).parents[1] / "data" / "load-reports" / "vllm-0.32.0-detailed.json"


def read(**changed: Any) -> Baseline:
    """The baseline of a report with these changed."""
    text = json.dumps({**json.loads(REPORT.read_text()), **changed})
    (found,) = reports.read(text, "report.json", {}, None)
    return found


@pytest.mark.parametrize("duration", [-2, 1e300, 1e18, True, "2"])
def test_a_duration_that_cannot_be_is_none(duration: Any) -> None:
    """Also one that leads to before the first year."""
    assert read(duration=duration).started_at == ("" if duration == 1e18 else "2026-11-28T09:45:45")


def test_negative_counts_are_not_counted() -> None:
    """-1 is what tools write for unknown."""
    found = read(completed=-5, failed=-3)
    assert (found.requests.sent, found.requests.completed, found.valid) == (None, None, False)
    assert found.load.prompts.prompt_tokens.mean is None


@pytest.mark.parametrize("value", [-4, 1e308, float("nan"), float("inf")])
def test_a_quantile_that_cannot_be_is_left_out(value: float) -> None:
    """The others are kept."""
    ttft = read(p95_ttft_ms=value).metric("ttft")
    assert ttft is not None
    told = ttft.quantiles or {}
    assert {"p50", "p99"} <= told.keys()
    assert all(isinstance(each, float) and 0 < each < 1 for each in told.values())
