"""Every report in every format, word for word: a change of what users read shows in a review."""

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion

from skewguard.report import formats_for, render, verb
from tests.report.every_report import EVERY_REPORT
from tests.report.live_reports import LIVE_REPORTS
from tests.report.performance_reports import PERFORMANCE_REPORTS
from tests.report.reports import OPTIONS, REPORT, SETTINGS

CASES = [
    (name, form)
    for name, report in EVERY_REPORT.items()
    for form in formats_for(verb(report))
    if name not in {**LIVE_REPORTS, **PERFORMANCE_REPORTS}  # these have goldens of their own
]


@pytest.mark.parametrize(("name", "form"), CASES)
def test_report_reads_as_recorded(name: str, form: str, snapshot: SnapshotAssertion) -> None:
    """Every report, in every format it can be shown in, is what was last read and found good."""
    assert render(EVERY_REPORT[name], form, OPTIONS) == snapshot


def test_verbose_check_shows_notes_and_waivers(snapshot: SnapshotAssertion) -> None:
    """With -v the notes, the waived findings with their reasons, and every unknown are shown."""
    assert render(REPORT, "table", msgspec.structs.replace(OPTIONS, verbose=True)) == snapshot


def test_colored_check_reads_as_recorded(snapshot: SnapshotAssertion) -> None:
    """Colours stand where they were put."""
    assert render(REPORT, "table", msgspec.structs.replace(OPTIONS, color=True)) == snapshot


def test_narrow_settings_read_as_recorded(snapshot: SnapshotAssertion) -> None:
    """A narrow terminal gets wrapped cells, not a torn table."""
    assert render(SETTINGS, "table", msgspec.structs.replace(OPTIONS, width=70)) == snapshot
