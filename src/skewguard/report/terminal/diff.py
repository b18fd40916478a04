"""Two things side by side: which effective settings differ and why, what cannot be decided, what only one has."""

from collections.abc import Sequence

from skewguard.language.facts import Effective, Fact, Subject
from skewguard.language.rereadings import WordChange
from skewguard.language.results import Change, DiffReport, Undecided
from skewguard.report import arranging, sizes, summaries, words
from skewguard.report.options import View
from skewguard.report.terminal.inputs import missing_lines, notes_lines, problem_lines
from skewguard.report.terminal.page import Page, Piece

_ORDER = {"error": 0, "warning": 1, "note": 2}


def render(report: DiffReport, view: View, *, wide: bool = False) -> str:
    """Changes by container, the gravest first; then what is undecided, and what stands on one side alone."""
    page = Page(view.width, color=view.color)
    page.line(("a: ", "faint"), report.a)
    page.line(("b: ", "faint"), report.b)
    for name, starts in (("a", report.starts_a), ("b", report.starts_b)):
        if starts is False:
            page.line((f"{name} will not start: its parser refuses the arguments.", "error"))
    _words(page, report)
    for subject in _subjects(report.changes):
        _changes(page, subject, [change for change in report.changes if change.subject == subject], wide=wide)
    _undecided(page, report.undecided)
    _only(page, "a", report.only_in_a)
    _only(page, "b", report.only_in_b)
    if view.verbose or wide:
        _expected(page, report)
    missing_lines(page, report.missing)
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    page.blank()
    page.prose(summaries.diff(report), style=summaries.diff_mood(report))
    return page.text()


def _words(page: Page, report: DiffReport) -> None:
    """What the two sides make of the same words, with the edits: a server that does not start comes first."""
    for of_subject in arranging.reread(report):
        page.blank()
        page.line((f"{words.subject(of_subject.subject)}: its words", "strong"))
        for entry in of_subject.entrypoints:
            page.line(("the image's entrypoint", "warning"), indent=2)
            page.prose(entry.message, indent=4, label=("why: ", "faint"))
        for item in of_subject.words:
            _word(page, item)


def _word(page: Page, item: WordChange) -> None:
    place = f"  {words.place(item.origin)}" if item.origin else ""
    page.line((item.name, item.severity), f"  {item.before} in a, {item.after} in b", (place, "faint"), indent=2)
    page.prose(item.message, indent=4, label=("why: ", "faint"))
    if item.remedy:
        page.prose(item.remedy, indent=4, label=("do: ", "faint"))


def _subjects(items: Sequence[Change | Undecided]) -> list[Subject]:
    return list(dict.fromkeys(item.subject for item in items))


def _changes(page: Page, subject: Subject, changes: Sequence[Change], *, wide: bool) -> None:
    page.blank()
    page.line((words.subject(subject), "strong"))
    for change in sorted(changes, key=lambda change: _ORDER[change.severity]):
        page.line((change.setting, change.severity), indent=2)
        _side(page, "a", change.before, change.unit, wide=wide)
        _side(page, "b", change.after, change.unit, wide=wide)
        page.prose(change.reason, indent=4, label=("why: ", "faint"))
        if change.effect:
            page.prose(sizes.effect(change.effect), indent=4, label=("effect: ", "faint"))
        if wide:
            page.line(("severity: ", "faint"), change.severity, indent=4)


def _side(page: Page, name: str, item: Effective | None, unit: str, *, wide: bool = False) -> None:
    place = f"  ({item.authority}, {item.origin})" if isinstance(item, Fact) else ""
    label: Piece = (f"{name}: ", "faint")
    said = words.effective(item, unit)
    page.prose((said if wide else words.shortened(said)) + place, indent=4, label=label)


def _undecided(page: Page, undecided: Sequence[Undecided]) -> None:
    if not undecided:
        return
    page.blank()
    page.line(("Cannot be decided from the input", "unknown"))
    for subject in _subjects(undecided):
        page.line(words.subject(subject), indent=2)
        for item in (item for item in undecided if item.subject == subject):
            page.line((item.setting, "strong"), indent=4)
            _side(page, "  a", item.before, item.unit)
            _side(page, "  b", item.after, item.unit)
            if item.inputs:
                page.prose(words.needed(item.inputs), indent=6, label=("would decide: ", "unknown"))


def _only(page: Page, name: str, subjects: Sequence[Subject]) -> None:
    if subjects:
        page.blank()
        page.line((f"Only in {name}", "strong"))
    for subject in subjects:
        page.line(words.subject(subject), indent=2)


def _expected(page: Page, report: DiffReport) -> None:
    if report.expected_differences:
        page.blank()
        page.line(("Expected to differ", "strong"))
    for item in report.expected_differences:
        page.prose(item.reason, indent=2, label=f"{item.setting}: ")
