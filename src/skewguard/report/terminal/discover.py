"""The inference workloads of a cluster as a table: those in trouble first."""

from skewguard.language.verifications import DiscoverReport
from skewguard.report import inventory
from skewguard.report.options import View
from skewguard.report.terminal.inputs import notes_lines, problem_lines
from skewguard.report.terminal.page import Page
from skewguard.report.terminal.verify import table_lines, unread_lines


def render(report: DiscoverReport, view: View, *, wide: bool = False) -> str:
    """One line for each workload; what each is known by stands under it in `wide` and with -v."""
    page = Page(view.width, color=view.color)
    table_lines(page, inventory.table(report, wide=wide), indent=0)
    if wide or view.verbose:
        _notes(page, report)
    unread_lines(page, [(item, 1) for item in report.unread], indent=0)
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    page.blank()
    page.prose(inventory.summary(report), style=inventory.mood(report))
    return page.text()


def _notes(page: Page, report: DiscoverReport) -> None:
    for item in report.workloads:
        if item.notes:
            page.blank()
            page.line((inventory.name(item, report.context), "strong"))
        for note in item.notes:
            page.prose(note, indent=2)
