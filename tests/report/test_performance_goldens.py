"""Reports of performance, word for word: a change of what an engineer reads of a regression shows in a review."""

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion

from skewguard.report import formats_for, render, verb
from tests.report.performance_reports import PERFORMANCE_REPORTS
from tests.report.reports import OPTIONS

TEXTS = ("table", "wide", "markdown", "junit", "github")
"""Formats that a person reads line by line; documents are held by their schemas, pages by a few goldens below."""

CASES = [
    (name, form) for name, report in PERFORMANCE_REPORTS.items() for form in formats_for(verb(report)) if form in TEXTS
]


@pytest.mark.parametrize(("name", "form"), CASES)
def test_report_of_performance_reads_as_recorded(name: str, form: str, snapshot: SnapshotAssertion) -> None:
    """Every answer of `baseline`, in every format of lines, is what was last read and found good."""
    assert render(PERFORMANCE_REPORTS[name], form, OPTIONS) == snapshot


@pytest.mark.parametrize("name", ["baseline-traffic", "comparison", "calibration"])
def test_page_of_performance_reads_as_recorded(name: str, snapshot: SnapshotAssertion) -> None:
    """A page with intervals, one with curves of two sides, and one with a table alone."""
    assert render(PERFORMANCE_REPORTS[name], "html", OPTIONS) == snapshot


@pytest.mark.parametrize("name", ["comparison", "comparison-refused", "calibration", "baselines"])
def test_document_of_performance_reads_as_recorded(name: str, snapshot: SnapshotAssertion) -> None:
    """Documents that other programs read, where they hold no samples."""
    assert render(PERFORMANCE_REPORTS[name], "json", OPTIONS) == snapshot


@pytest.mark.parametrize("width", [60, 140])
@pytest.mark.parametrize("name", ["baseline", "comparison", "baselines"])
def test_other_widths_read_as_recorded(name: str, width: int, snapshot: SnapshotAssertion) -> None:
    """Names are never torn; tables and plots give way where they can."""
    assert render(PERFORMANCE_REPORTS[name], "table", msgspec.structs.replace(OPTIONS, width=width)) == snapshot


def test_colored_comparison_reads_as_recorded(snapshot: SnapshotAssertion) -> None:
    """Colours stand on verdicts."""
    assert render(PERFORMANCE_REPORTS["comparison"], "table", msgspec.structs.replace(OPTIONS, color=True)) == snapshot


def test_plots_of_letters_read_as_recorded(snapshot: SnapshotAssertion) -> None:
    """Where the encoding has no blocks, plots are drawn with letters."""
    assert (
        render(PERFORMANCE_REPORTS["baseline-invalid"], "table", msgspec.structs.replace(OPTIONS, blocks=False))
        == snapshot
    )
