"""One finding as a tired engineer reads it: its place, its cause, the line at fault, and the edit that mends it."""

from collections.abc import Iterable

from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport
from skewguard.report import arranging, sizes, summaries, words
from skewguard.report.characters import visible
from skewguard.report.options import View
from skewguard.report.terminal.excerpt import excerpt
from skewguard.report.terminal.page import Page, Piece, cells


class Findings:
    """Writes findings; remembers which checks have already told why they matter."""

    def __init__(self, page: Page, view: View, *, wide: bool) -> None:
        self.page = page
        self.view = view
        self.wide = wide
        self.explained: set[str] = set()

    def by_file(self, items: Iterable[Finding], report: CheckReport) -> None:
        """Findings under the file and the container they are about."""
        subjects = {line.subject: line for line in report.subjects}
        for of_file in arranging.by_file(items):
            self.page.blank()
            self.page.line((of_file.file or "not in a file", "strong"))
            for number, of_subject in enumerate(of_file.subjects):
                if number:
                    self.page.blank()
                said = words.heading(of_subject.subject, subjects.get(of_subject.subject))
                self.page.line((said, "faint"), indent=2)
                for finding in of_subject.findings:
                    self.write(finding)

    def write(self, finding: Finding) -> None:
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
        self._replicas(finding, place)
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

    def _replicas(self, finding: Finding, place: str) -> None:
        """The replicas it was seen on, where neither place nor message names every one of them."""
        said = f"{place} {finding.message}"
        if all(pod in said for pod in finding.pods):
            return
        from skewguard.report import pods  # lazily: a check of files has none

        most = None if self.wide else pods.MOST_NAMED
        self.page.prose(pods.folded(finding.pods, most=most), indent=4, label=("on: ", "faint"))

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


def undecided_line(page: Page, report: CheckReport) -> None:
    """The checks that wait for `-v` and could still be failures."""
    if said := summaries.undecided(report):
        page.blank()
        page.prose(f"{said}; -v shows what would decide", label=("unknown: ", "unknown"))
