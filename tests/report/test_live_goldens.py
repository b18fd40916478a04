"""Reports of what runs, word for word: a change of what an engineer reads at night shows in a review."""

import msgspec
import pytest
from syrupy.assertion import SnapshotAssertion

from skewguard.report import formats_for, render, verb
from tests.report.live_reports import DISCOVER, FLEET, LIVE_REPORTS, VERIFY
from tests.report.reports import OPTIONS

IN_EVERY_FORMAT = ("verify", "discover", "access")
CASES = [(name, form) for name in IN_EVERY_FORMAT for form in formats_for(verb(LIVE_REPORTS[name]))]


@pytest.mark.parametrize(("name", "form"), CASES)
def test_live_report_reads_as_recorded(name: str, form: str, snapshot: SnapshotAssertion) -> None:
    """A skewed deployment, an inventory and the rights of a user, in every format they can be shown in."""
    assert render(LIVE_REPORTS[name], form, OPTIONS) == snapshot


@pytest.mark.parametrize("name", [name for name in LIVE_REPORTS if name not in IN_EVERY_FORMAT])
@pytest.mark.parametrize("form", ["table", "markdown", "github"])
def test_short_live_report_reads_as_recorded(name: str, form: str, snapshot: SnapshotAssertion) -> None:
    """A fleet, an endpoint, a deployment without a fault and a cluster that does not answer, for people."""
    report = LIVE_REPORTS[name]
    if form not in formats_for(verb(report)):
        form = "wide"
    assert render(report, form, OPTIONS) == snapshot


@pytest.mark.parametrize("width", [70, 140])
@pytest.mark.parametrize("report", [VERIFY, FLEET, DISCOVER], ids=["verify", "fleet", "discover"])
def test_other_widths_read_as_recorded(report: object, width: int, snapshot: SnapshotAssertion) -> None:
    """Names are never torn; tables give way where they can."""
    assert render(report, "table", msgspec.structs.replace(OPTIONS, width=width)) == snapshot  # type: ignore[arg-type]


def test_verbose_fleet_reads_as_recorded(snapshot: SnapshotAssertion) -> None:
    """With -v each container in trouble is shown in full, and the fine ones are still counted."""
    assert render(FLEET, "table", msgspec.structs.replace(OPTIONS, verbose=True)) == snapshot


def test_colored_verify_reads_as_recorded(snapshot: SnapshotAssertion) -> None:
    """Colours stand on states, differences and what is unknown."""
    assert render(VERIFY, "table", msgspec.structs.replace(OPTIONS, color=True)) == snapshot
