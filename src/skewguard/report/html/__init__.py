"""Results as one HTML page: no script, no font, no image from elsewhere, so that it can be sent, archived and printed."""

from skewguard.language.results import (
    AccessReport,
    CheckReport,
    DiffReport,
    DiscoverReport,
    Explanation,
    Report,
    SettingsReport,
)
from skewguard.report.options import View


def render(report: Report, view: View) -> str:
    """The result of a verb as a page."""
    if isinstance(report, CheckReport) and report.context is not None:
        from skewguard.report.html import verify

        return verify.render(report, view)
    if isinstance(report, (DiscoverReport, AccessReport)):
        from skewguard.report.html import inventory

        return (
            inventory.discovered(report, view) if isinstance(report, DiscoverReport) else inventory.access(report, view)
        )
    if isinstance(report, CheckReport):
        from skewguard.report.html import check

        return check.render(report, view)
    if isinstance(report, DiffReport):
        from skewguard.report.html import diff

        return diff.render(report, view)
    if isinstance(report, SettingsReport):
        from skewguard.report.html import settings

        return settings.render(report, view)
    from skewguard.report.html import performance

    assert not isinstance(report, Explanation)
    return performance.render(report, view)
