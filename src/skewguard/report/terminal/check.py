"""A check as a tired engineer reads it: the worst first, each with its place, its cause and the edit that mends it.

Findings stand under the file and the container they are about. What is fine takes one line. What could not be read
or is not in the input is always said, because a report that hides it would look like a pass.
"""

from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport
from skewguard.report import arranging, folding, sizes, summaries, words
from skewguard.report.characters import visible
from skewguard.report.options import View
from skewguard.report.terminal.excerpt import excerpt
from skewguard.report.terminal.inputs import missing_lines, notes_lines, problem_lines
from skewguard.report.terminal.page import Page, Piece, cells


def render(report: CheckReport, view: View, *, wide: bool = False) -> str:
    """The findings by file and container, what could not be seen, and the counts."""
    page = Page(view.width, color=view.color)
    is_shown = arranging.is_told if view.verbose else arranging.is_news
    shown = [finding for finding in report.findings if is_shown(finding)]
    shown, idle = (shown, None) if view.verbose or wide else folding.fold(shown)
    body = _Body(page, report, view, wide=wide)
    for of_file in arranging.by_file(shown):
        body.file(of_file)
    if idle is not None:
        _folded(page, idle)
    _undecided(page, "" if view.verbose else summaries.undecided(report))
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


def _undecided(page: Page, said: str) -> None:
    if said:
        page.blank()
        page.prose(f"{said}; -v shows what would decide", label=("unknown: ", "unknown"))


class _Body:
    """Writes findings; remembers which checks have already told why they matter."""

    def __init__(self, page: Page, report: CheckReport, view: View, *, wide: bool) -> None:
        self.page = page
        self.view = view
        self.wide = wide
        self.subjects = {line.subject: line for line in report.subjects}
        self.explained: set[str] = set()

    def file(self, of_file: arranging.OfFile) -> None:
        """Everything about one file."""
        self.page.blank()
        self.page.line((of_file.file or "not in a file", "strong"))
        for number, of_subject in enumerate(of_file.subjects):
            if number:
                self.page.blank()
            self.page.line(
                (words.heading(of_subject.subject, self.subjects.get(of_subject.subject)), "faint"), indent=2
            )
            for finding in of_subject.findings:
                self.finding(finding)

    def finding(self, finding: Finding) -> None:
        """One finding: what, where, why, and the edit."""
        page = self.page
        page.blank()
        word, style = arranging.word(finding)
        place = words.place(finding.origin)
        head: list[Piece] = [(word.ljust(7), style), "  "]
        if place:
            head += [(place, "strong"), "  "]
        page.line(*head, (finding.check, "faint"), *([f"  {finding.setting}"] if finding.setting else []), indent=2)
        page.prose(finding.message, indent=4)
        self._source_line(finding)
        self._contract(finding)
        self._why(finding)
        if finding.effect:
            page.prose(sizes.effect(finding.effect), indent=4, label=("effect: ", "faint"))
        if finding.verdict == "waived" and finding.waiver is not None:
            until = f" (until {finding.waiver.until})" if finding.waiver.until else ""
            page.prose(f"{finding.waiver.reason}{until}", indent=4, label=("waived: ", "faint"))
        elif finding.remedy:
            page.prose(finding.remedy, indent=4, label=("fix: ", "good"))
        if finding.verdict == "unknown" and finding.inputs:
            page.prose(words.needed(finding.inputs), indent=4, label=("would decide: ", "unknown"))
        if self.wide:
            self._evidence(finding)

    def _source_line(self, finding: Finding) -> None:
        origin = finding.origin
        line = self.view.marked(origin) if origin else None
        if origin is None or line is None:
            return
        number = f"{origin.line} | "
        cut = excerpt(line, max(self.page.width - 4 - len(number), 1))
        self.page.line((number, "faint"), cut.before, (cut.offence, "strong"), cut.after, indent=4)
        margin = " " * (len(number) - 2) + "| "
        self.page.line((margin, "faint"), " " * cut.indent, ("^" * cut.length, arranging.word(finding)[1]), indent=4)

    def _contract(self, finding: Finding) -> None:
        if finding.contract is not None:
            said = f"{finding.contract.name}, {words.place(finding.contract.origin)}"
            self.page.prose(said, indent=4, label=("contract: ", "faint"))

    def _why(self, finding: Finding) -> None:
        rule = self.view.rules.get(finding.check)
        if rule is not None and rule.why and finding.check not in self.explained and finding.verdict != "waived":
            self.explained.add(finding.check)
            self.page.prose(rule.why, indent=4, label=("why: ", "faint"))

    def _evidence(self, finding: Finding) -> None:
        rows = words.evidence(finding)
        width = max(cells(visible(name)) for name, _ in rows)
        for name, text in rows:
            self.page.prose(text, indent=4, label=(f"{name}: ".ljust(width + 2), "faint"))
