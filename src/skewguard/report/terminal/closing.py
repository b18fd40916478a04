"""How a check and a verification end: what could not be seen, then the counts. The same for both, so that neither hides it."""

from skewguard.language.results import CheckReport
from skewguard.report import summaries
from skewguard.report.options import View
from skewguard.report.terminal.finding import undecided_line
from skewguard.report.terminal.inputs import missing_lines, notes_lines, problem_lines, resting_lines
from skewguard.report.terminal.page import Page


def close(page: Page, report: CheckReport, view: View, *, wide: bool) -> str:
    """Write the end of a report, and give the whole text."""
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
