"""What skewguard may read in a cluster: what is missing first, with what stays unknown without it."""

from skewguard.language.verifications import AccessReport
from skewguard.report import rights
from skewguard.report.options import View
from skewguard.report.terminal.inputs import notes_lines, problem_lines
from skewguard.report.terminal.page import Page
from skewguard.report.terminal.verify import table_lines


def render(report: AccessReport, view: View, *, wide: bool = False) -> str:
    """One line for each purpose; the rights behind it in `wide` and with -v."""
    page = Page(view.width, color=view.color)
    page.line((rights.heading(report), "strong"))
    table_lines(page, rights.table(report, wide=wide or view.verbose), indent=0)
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    page.blank()
    page.prose(rights.summary(report), style=rights.mood(report))
    return page.text()
