"""Results as GitHub-flavoured Markdown, to be posted on a pull request: short on top, the rest folded away."""

from skewguard.language.results import CheckReport, DiffReport, Report, SettingsReport
from skewguard.report.options import View


def render(report: Report, view: View) -> str:
    """The result of `check`, `diff` or `settings` as Markdown, no longer than a comment may be."""
    if isinstance(report, CheckReport):
        from skewguard.report.markdown import check

        return check.render(report, view)
    if isinstance(report, DiffReport):
        from skewguard.report.markdown import diff

        return diff.render(report, view)
    from skewguard.report.markdown import settings

    assert isinstance(report, SettingsReport)
    return settings.render(report, view)
