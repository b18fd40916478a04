"""A check as a tired engineer reads it: the worst first, each with its place, its cause and the edit that mends it.

Findings stand under the file and the container they are about. What is fine takes one line. What could not be read
or is not in the input is always said, because a report that hides it would look like a pass.
"""

from skewguard.language.results import CheckReport
from skewguard.report import arranging, folding, summaries
from skewguard.report.options import View
from skewguard.report.terminal.finding import Findings, undecided_line
from skewguard.report.terminal.inputs import missing_lines, notes_lines, problem_lines, resting_lines
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
    if not view.verbose:
        undecided_line(page, report)
    if view.verbose or wide:
        resting_lines(page, report.resting)
    missing_lines(page, report.missing)
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    page.blank()
    page.prose(summaries.check(report, hint=not view.verbose), style=summaries.mood(report))
    return page.text()


def _folded(page: Page, idle: folding.Folded) -> None:
    page.blank()
    page.line(("warning", "warning"), "  ", (idle.check, "faint"), indent=2)
    page.prose(idle.message, indent=4)
    page.prose(f"{idle.remedy}; -v shows each with its place", indent=4, label=("fix: ", "good"))
