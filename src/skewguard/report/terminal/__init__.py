"""Reports for a person at a terminal: plain text with a few colours, as wide as the terminal.

What may enter: layout of results in words. What may not: a second way to write a line than `page.Page`, which makes
control characters of a manifest harmless.
"""

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


def render(report: Report, view: View, *, wide: bool) -> str:
    """The report as a person reads it; `wide` shows all evidence."""
    if isinstance(report, CheckReport) and report.context is not None:
        from skewguard.report.terminal import verify

        return verify.render(report, view, wide=wide)
    if isinstance(report, CheckReport):
        from skewguard.report.terminal import check

        return check.render(report, view, wide=wide)
    if isinstance(report, SettingsReport):
        from skewguard.report.terminal import settings

        return settings.render(report, view, wide=wide)
    if isinstance(report, DiffReport):
        from skewguard.report.terminal import diff

        return diff.render(report, view, wide=wide)
    if isinstance(report, DiscoverReport):
        from skewguard.report.terminal import discover

        return discover.render(report, view, wide=wide)
    if isinstance(report, AccessReport):
        from skewguard.report.terminal import access

        return access.render(report, view, wide=wide)
    if isinstance(report, Explanation):
        from skewguard.report.terminal import explain

        return explain.render(report, view)
    from skewguard.report.terminal import performance

    return performance.render(report, view, wide=wide)
