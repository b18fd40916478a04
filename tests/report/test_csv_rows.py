"""The requests of a recording as CSV."""

import csv
import io

import pytest
from msgspec import structs

from skewguard.language.baselines import BaselineReport
from skewguard.language.errors import UsageError
from skewguard.report import render
from tests.report.performance_reports import LOADED, samples


def rows(number: int, failing: int = 0) -> list[dict[str, str]]:
    """What a reader makes of a recording of so many requests."""
    made = structs.replace(LOADED, samples=samples(number, failing=failing))
    return list(csv.DictReader(io.StringIO(render(BaselineReport((made,)), "csv"))))


def test_each_request_is_a_row() -> None:
    """With the moments, counts and phase it was kept with, and the gaps of its own answer."""
    found = rows(30)
    assert len(found) == 30
    assert {row["phase"] for row in found} == {"warmup", "measured"}
    assert [float(row["intended"]) for row in found[:3]] == [0.0, 0.25, 0.5]
    assert float(found[7]["last"]) - float(found[7]["first"]) == pytest.approx(
        sum(map(float, found[7]["gaps"].split())), abs=1e-5
    )
    assert (found[7]["output_tokens"], found[7]["censored"], found[8]["censored"]) == ("128", "1", "0")


def test_what_never_came_is_empty() -> None:
    """And no number."""
    lost = rows(30, failing=1)[-1]
    assert (lost["first"], lost["last"], lost["output_tokens"], lost["gaps"], lost["failure"]) == (
        "",
        "",
        "",
        "",
        "timeout",
    )


def test_recording_without_rows_is_refused() -> None:
    """Traffic has none."""
    with pytest.raises(UsageError, match="no rows of requests"):
        render(BaselineReport((structs.replace(LOADED, samples=None),)), "csv")
