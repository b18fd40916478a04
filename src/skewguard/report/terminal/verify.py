"""What runs, against what was promised, as a tired engineer reads it: what is wrong first, then where, then the rest.

A few objects are shown in full. A fleet is a table with one line for each container in trouble; the fine ones are counted.
"""

from collections.abc import Iterable, Sequence
from shlex import quote

from skewguard.language.results import CheckReport
from skewguard.language.verifications import API_ALONE
from skewguard.report import arranging, fleet, live_words, problems, side_by_side, sources, words
from skewguard.report.characters import visible
from skewguard.report.options import View
from skewguard.report.terminal import page as pages
from skewguard.report.terminal.closing import close
from skewguard.report.terminal.finding import Findings
from skewguard.report.terminal.page import Page, Piece

_NO_CONTEXT = "in-cluster"
"""What stands for the context where a pod's own account is used, and is none of a kubeconfig."""

_NARROWEST_PROBLEM = 30
"""Columns that the problem of a line gets, however long the names before it are."""


def render(report: CheckReport, view: View, *, wide: bool = False) -> str:
    """The subjects, what could not be read, and the counts."""
    page = Page(view.width, color=view.color)
    told = fleet.told(report)
    body = _Body(page, view, report.context, wide=wide)
    if not told.is_fleet or wide:
        for item in told.subjects:
            body.subject(item)
    else:
        body.several(told, asked=API_ALONE not in report.notes)
    body.findings.by_file(filter(body.is_shown, told.others), report)
    return close(page, report, view, wide=wide)


class _Body:
    """Writes subjects. `everything`: notes too, and settings that are not known to differ and were promised by nobody."""

    def __init__(self, page: Page, view: View, context: str | None, *, wide: bool) -> None:
        self.page = page
        self.context = context
        self.wide = wide
        self.everything = wide or view.verbose
        self.is_shown = arranging.is_told if self.everything else arranging.is_news
        self.findings = Findings(page, view, wide=wide)

    def subject(self, item: fleet.OfLive) -> None:
        """One subject in full: its state, what is wrong, its replicas, the settings side by side."""
        page, live = self.page, item.live
        page.blank()
        page.line(live_words.state(item), "  ", (live_words.heading(live, self.context), "strong"))
        for owner in live.owners:
            page.prose(live_words.owner(owner), indent=2, label=("owner: ", "faint"))
        for finding in filter(self.is_shown, item.findings):
            self.findings.write(finding)
        self._replicas(item)
        self._settings(item)
        unread_lines(page, [(each, 1) for each in sources.folded(live)])

    def _replicas(self, item: fleet.OfLive) -> None:
        table = live_words.replicas(item.live, whole=self.wide)
        if len(table.rows) == 1:
            pieces: list[Piece] = [text for cell in table.rows[0] if cell[0] for text in (cell, "  ")]
            self.page.blank()
            self.page.line(*pieces, indent=2)
        else:
            table_lines(self.page, table)

    def _settings(self, item: fleet.OfLive) -> None:
        table_lines(self.page, side_by_side.table(item.live, everything=self.everything, whole=self.wide))
        if not self.everything and (said := side_by_side.rest(item.live)):
            self.page.prose(f"{said}: see -v", indent=2, style="faint")

    def several(self, told: fleet.Told, *, asked: bool) -> None:
        """A line for each container in trouble, in full with -v; the fine ones are counted."""
        troubled = [item for item in told.subjects if not item.is_fine]
        if self.everything:
            for item in troubled:
                self.subject(item)
        elif troubled:
            self._problems(troubled, asked=asked)
        if fine := fleet.fine(told.subjects):
            self.page.blank()
            more = words.counted(len(told.subjects) - len(troubled), "more container" if troubled else "container")
            self.page.prose(f"nothing to report of {more}: {fine}", style="good")
        if not self.everything:
            unread_lines(self.page, fleet.unread(told.subjects), indent=0)
            self._how_to_see_more(troubled)

    def _problems(self, troubled: Sequence[fleet.OfLive], *, asked: bool) -> None:
        """One line each, cut where the terminal ends."""
        head = ("state", "workload")
        names = fleet.names([item.live.subject for item in troubled], self.context)
        rows = [(live_words.state(item), (name, "strong")) for item, name in zip(troubled, names, strict=True)]
        widths = [max(pages.cells(visible(text)) for text, _ in column) for column in zip(*rows, strict=True)]
        taken = sum(max(width, len(name)) + 2 for width, name in zip(widths, head, strict=True))
        room = max(self.page.width - taken, _NARROWEST_PROBLEM)
        problems = [_problem(item, room, asked=asked) for item in troubled]
        self.page.table((*head, "problem"), [(*row, said) for row, said in zip(rows, problems, strict=True)])

    def _how_to_see_more(self, troubled: Sequence[fleet.OfLive]) -> None:
        if troubled:
            subject = troubled[0].live.subject
            place = f" -n {subject.namespace}" if subject.namespace else ""
            place += f" --context {quote(self.context)}" if self.context and self.context != _NO_CONTEXT else ""
            said = f"-v shows each in full; one alone: `skewguard verify {subject.kind.lower()}/{subject.name}{place}`"
            self.page.blank()
            self.page.prose(said, style="faint")


def _problem(item: fleet.OfLive, room: int, *, asked: bool) -> str:
    said, more = problems.problem(item, room, asked=asked)
    return pages.head(visible(said), room - len(more)) + more


def table_lines(page: Page, table: live_words.Table, *, indent: int = 2, last: int = 0) -> None:
    """A table with its notes; nothing where it is empty."""
    if table.rows:
        page.blank()
        page.table(table.head, table.rows, indent=indent, last=last)
    for note in table.notes:
        page.prose(note, indent=indent, style="unknown", hang=2)


def unread_lines(page: Page, items: Iterable[fleet.Missed], *, indent: int = 2) -> None:
    """What could not be read, what that hides, and the right it needs."""
    for number, (item, subjects) in enumerate(items):
        if not number:
            page.blank()
        page.prose(live_words.unread(item, subjects), indent=indent, label=("not read: ", "unknown"))
