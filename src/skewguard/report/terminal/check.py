"""A check as a tired engineer reads it: the worst first, each with its place, its cause and the edit that mends it.

Findings stand under the file and the container they are about. What is fine takes one line. What could not be read
or is not in the input is always said, because a report that hides it would look like a pass.
"""

from collections.abc import Iterable

from skewguard.language.facts import Subject
from skewguard.language.findings import Finding, Severity
from skewguard.language.results import CheckReport, SubjectLine
from skewguard.report import words
from skewguard.report.characters import visible
from skewguard.report.options import View
from skewguard.report.terminal.excerpt import excerpt
from skewguard.report.terminal.inputs import missing_lines, notes_lines, problem_lines
from skewguard.report.terminal.page import Page, Piece, cells

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


def render(report: CheckReport, view: View, *, wide: bool = False) -> str:
    """The findings by file and container, what could not be seen, and the counts."""
    page = Page(view.width, color=view.color)
    shown = [finding for finding in report.findings if _is_shown(finding, view)]
    body = _Body(page, report, view, wide=wide)
    for file, findings in _grouped(shown, words.file_of):
        body.file(file, findings)
    missing_lines(page, report.missing)
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    page.blank()
    page.prose(summary_line(report, hint=not view.verbose), style=_color_of(report))
    return page.text()


def summary_line(report: CheckReport, *, hint: bool = False) -> str:
    """`2 errors, 41 passed; 3 files; 3 engines, 2 under contract`. `hint` says how to see what is not shown."""
    summary = report.summary
    parts = [", ".join(words.verdicts(summary)) or "nothing to check"]
    if hint and (hidden := sum(not _is_shown(finding, View()) for finding in report.findings)):
        parts[0] += f" ({hidden} of them not shown, -v shows them)"
    if summary.assumed:
        parts.append(f"{words.counted(summary.assumed, 'pass rests', 'passes rest')} on sources not in the input")
    if report.errors:
        parts.append(words.counted(len(report.errors), "input problem"))
    parts.append(_files(report))
    parts.append(words.engines(summary))
    return "; ".join(parts)


def _files(report: CheckReport) -> str:
    summary = report.summary
    skipped = f" ({summary.skipped_files} more without Kubernetes objects skipped)" if summary.skipped_files else ""
    return words.counted(summary.files, "file") + skipped


def _color_of(report: CheckReport) -> str:
    severities = report.summary.by_severity
    if severities.get("error") or report.errors or report.summary.by_verdict.get("error"):
        return "error"
    return "warning" if severities.get("warning") or report.summary.by_verdict.get("unknown") else "good"


def _is_shown(finding: Finding, view: View) -> bool:
    """Notes, waived findings and unknowns that no contract asks about wait for `-v`; everything else is news."""
    if finding.verdict == "fail":
        return view.verbose or finding.severity != "note"
    if finding.verdict == "unknown":
        return view.verbose or finding.group == "contract"
    return finding.verdict == "error" or (view.verbose and finding.verdict == "waived")


def _rank(finding: Finding) -> tuple[int, int, int, int]:
    verdict = {"fail": 0, "error": 0, "unknown": 1, "waived": 2}.get(finding.verdict, 3)
    severity = 0 if finding.verdict == "error" else _RANK[finding.severity]
    origin = finding.origin
    return verdict, severity, (origin.line if origin else None) or 0, (origin.column if origin else None) or 0


def _grouped(findings: Iterable[Finding], key: object) -> list[tuple[object, list[Finding]]]:
    """Groups of findings, the one with the worst finding first, otherwise in the order of the input."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(key(finding), []).append(finding)  # type: ignore[operator]
    return sorted(groups.items(), key=lambda group: min(_rank(finding)[:2] for finding in group[1]))


class _Body:
    """Writes findings; remembers which checks have already told why they matter."""

    def __init__(self, page: Page, report: CheckReport, view: View, *, wide: bool) -> None:
        self.page = page
        self.view = view
        self.wide = wide
        self.subjects = {line.subject: line for line in report.subjects}
        self.explained: set[str] = set()
        self.underlined: set[tuple[str | None, int | None, int | None]] = set()

    def file(self, file: object, findings: list[Finding]) -> None:
        """Everything about one file."""
        self.page.blank()
        self.page.line((str(file) or "not in a file", "strong"))
        for number, (subject, of_subject) in enumerate(_grouped(findings, lambda finding: finding.subject)):
            if number:
                self.page.blank()
            if isinstance(subject, Subject):
                self.page.line(self._heading(subject, self.subjects.get(subject)), indent=2)
            for finding in sorted(of_subject, key=_rank):
                self.finding(finding)

    def finding(self, finding: Finding) -> None:
        """One finding: what, where, why, and the edit."""
        page = self.page
        page.blank()
        word, style = _word(finding)
        place = words.place(finding.origin)
        head: list[Piece] = [(word.ljust(7), style), "  "]
        if place:
            head += [(place, "strong"), "  "]
        page.line(*head, (finding.check, "faint"), *([f"  {finding.setting}"] if finding.setting else []), indent=2)
        page.prose(finding.message, indent=4)
        self._source_line(finding)
        self._contract(finding)
        self._why(finding)
        if finding.verdict == "waived" and finding.waiver is not None:
            until = f" (until {finding.waiver.until})" if finding.waiver.until else ""
            page.prose(f"{finding.waiver.reason}{until}", indent=4, label=("waived: ", "faint"))
        elif finding.remedy:
            page.prose(finding.remedy, indent=4, label=("fix: ", "good"))
        if finding.verdict == "unknown" and finding.inputs:
            page.prose(words.needed(finding.inputs), indent=4, label=("would decide: ", "unknown"))
        if self.wide:
            self._evidence(finding)

    def _heading(self, subject: Subject, line: SubjectLine | None) -> Piece:
        said = words.subject(subject)
        if line is not None:
            said += f" · {line.engine} {line.version or 'of unknown version'}"
            said += f" · contract {line.contract}" if line.contract else ""
        return said, "faint"

    def _source_line(self, finding: Finding) -> None:
        origin = finding.origin
        line = self.view.marked(origin) if origin else None
        if origin is None or line is None:
            return
        number = f"{origin.line} | "
        cut = excerpt(line, max(self.page.width - 4 - len(number), 1))
        self.page.line((number, "faint"), cut.before, (cut.offence, "strong"), cut.after, indent=4)
        margin = " " * (len(number) - 2) + "| "
        self.page.line((margin, "faint"), " " * cut.indent, ("^" * cut.length, _word(finding)[1]), indent=4)

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
        rows: list[tuple[str, str]] = [("id", finding.id), ("category", finding.category)]
        if finding.expected is not None:
            rows.append(("expected", words.value(finding.expected)))
        if finding.observed is not None:
            by = f" ({finding.observed.authority})" if finding.observed.authority else ""
            rows.append(("observed", words.value(finding.observed.value) + by))
        if finding.origin and finding.origin.template:
            rows.append(("template", finding.origin.template))
        if finding.assumes:
            rows.append(("assumes", ", ".join(finding.assumes)))
        if finding.inputs and finding.verdict != "unknown":
            rows.append(("inputs", words.needed(finding.inputs)))
        width = max(cells(visible(name)) for name, _ in rows)
        for name, text in rows:
            self.page.prose(text, indent=4, label=(f"{name}: ".ljust(width + 2), "faint"))


def _word(finding: Finding) -> tuple[str, str]:
    """The word a finding starts with, and its style."""
    if finding.verdict == "fail":
        return finding.severity, finding.severity
    if finding.verdict == "error":
        return "crashed", "error"
    return finding.verdict, "unknown" if finding.verdict == "unknown" else "faint"
