"""Results as GitHub-flavoured Markdown, to be posted on a pull request: short on top, the rest folded away."""

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
    """The result of a verb as Markdown, no longer than a comment may be."""
    if isinstance(report, CheckReport) and report.context is not None:
        from skewguard.report.markdown import verify

        return verify.render(report, view)
    if isinstance(report, (DiscoverReport, AccessReport)):
        from skewguard.report.markdown import inventory

        return (
            inventory.discovered(report, view) if isinstance(report, DiscoverReport) else inventory.access(report, view)
        )
    if isinstance(report, CheckReport):
        from skewguard.report.markdown import check

        return check.render(report, view)
    if isinstance(report, DiffReport):
        from skewguard.report.markdown import diff

        return diff.render(report, view)
    if isinstance(report, SettingsReport):
        from skewguard.report.markdown import settings

        return settings.render(report, view)
    from skewguard.report.markdown import performance

    assert not isinstance(report, Explanation)
    return performance.render(report, view)
