"""Every report made by hand, by name: what each format is tried on."""

from collections.abc import Mapping
from typing import Any

from tests.report.live_reports import LIVE_REPORTS
from tests.report.performance_reports import PERFORMANCE_REPORTS
from tests.report.reports import DIFF, EXPLANATIONS, FINE, REPORT, SETTINGS

EVERY_REPORT: Mapping[str, Any] = {
    "check": REPORT,
    "fine": FINE,
    "settings": SETTINGS,
    "diff": DIFF,
    **LIVE_REPORTS,
    **PERFORMANCE_REPORTS,
    **{f"explain-{name}": report for name, report in EXPLANATIONS.items()},
}
