"""Results as one HTML page: no script, no font, no image from elsewhere, so that it can be sent, archived and printed."""

from skewguard.language.results import CheckReport, DiffReport, Report, SettingsReport
from skewguard.report.options import View


def render(report: Report, view: View) -> str:
    """The result of `check`, `diff` or `settings` as a page."""
    if isinstance(report, CheckReport):
        from skewguard.report.html import check

        return check.render(report, view)
    if isinstance(report, DiffReport):
        from skewguard.report.html import diff

        return diff.render(report, view)
    from skewguard.report.html import settings

    assert isinstance(report, SettingsReport)
    return settings.render(report, view)
