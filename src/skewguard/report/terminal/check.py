"""A check as a tired engineer reads it: the worst first, each with its place, its cause and the edit that mends it.

Findings stand under the file and the container they are about. What is fine takes one line. What could not be read
or is not in the input is always said, because a report that hides it would look like a pass.
"""

from skewguard.language.results import CheckReport
from skewguard.report import arranging, folding
from skewguard.report.options import View
from skewguard.report.terminal.closing import close
from skewguard.report.terminal.finding import Findings
from skewguard.report.terminal.page import Page


def render(report: CheckReport, view: View, *, wide: bool = False) -> str:
    """The findings by file and container, what could not be seen, and the counts."""
    page = Page(view.width, color=view.color)
    is_shown = arranging.is_told if view.verbose else arranging.is_news
    shown = [finding for finding in report.findings if is_shown(finding)]
    shown, idle = (shown, None) if view.verbose or wide else folding.fold(shown)
    findings = Findings(page, view, wide=wide)
    findings.by_file(shown, report)
    if idle is not None:
        _folded(page, idle)
    return close(page, report, view, wide=wide)


def _folded(page: Page, idle: folding.Folded) -> None:
    page.blank()
    page.line(("warning", "warning"), "  ", (idle.check, "faint"), indent=2)
    page.prose(idle.message, indent=4)
    page.prose(f"{idle.remedy}; -v shows each with its place", indent=4, label=("fix: ", "good"))
