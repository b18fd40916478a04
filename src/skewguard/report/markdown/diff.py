"""Two things side by side, for a pull request: a table of what differs and why, then what cannot be decided."""

from collections.abc import Iterator, Sequence

from skewguard.language.facts import Effective, Fact, Subject
from skewguard.language.results import Change, DiffReport, Undecided
from skewguard.report import arranging, sizes, summaries, words
from skewguard.report.markdown import inputs
from skewguard.report.markdown.page import code, folded, joined, table, text
from skewguard.report.options import View

_ORDER = {"error": 0, "warning": 1, "note": 2}
_SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}


def render(report: DiffReport, _view: View) -> str:
    """Changes by container, the gravest first; what is undecided and expected is folded away."""
    sign = {"error": "❌", "warning": "⚠️", "good": "✅"}[summaries.diff_mood(report)]
    blocks = [f"### {sign} skewguard diff: {text(summaries.diff(report))}", f"a: {code(report.a)}, b: {code(report.b)}"]
    for name, starts in (("a", report.starts_a), ("b", report.starts_b)):
        if starts is False:
            blocks.append(f"❌ **{name} will not start: its parser refuses the arguments.**")
    blocks += _words(report)
    blocks += _changes(report.changes)
    blocks += [f"**Only in a:** {text(words.subject(subject))}" for subject in report.only_in_a]
    blocks += [f"**Only in b:** {text(words.subject(subject))}" for subject in report.only_in_b]
    if report.undecided:
        title = f"{len(report.undecided)} cannot be decided from the input"
        blocks.append(folded(title, _undecided(report.undecided)))
    if report.expected_differences:
        lines = [f"- {code(item.setting)}: {text(item.reason)}" for item in report.expected_differences]
        blocks.append(folded(f"{len(lines)} expected to differ", ["\n".join(lines)]))
    blocks += [*inputs.missing(report.missing), *inputs.problems(report.errors), *inputs.notes(report.notes)]
    return joined(
        blocks, f"<sub>exit code {report.exit_code}</sub>", "{} more parts are left out: `-o html` shows all."
    )


def _words(report: DiffReport) -> Iterator[str]:
    """What the two sides make of the same words, with the edits."""
    for of_subject in arranging.reread(report):
        rows = [
            (
                f"{_SIGNS[item.severity]} {code(item.name)} {text(words.place(item.origin))}",
                item.before,
                item.after,
                text(f"{item.message}; {item.remedy}" if item.remedy else item.message),
            )
            for item in of_subject.words
        ]
        entries = [text(item.message) for item in of_subject.entrypoints]
        tables = [table(("word", "a", "b", "why, and what to do"), rows)] if rows else []
        yield "\n\n".join([f"**{text(words.subject(of_subject.subject))}: its words**", *entries, *tables])


def _changes(changes: Sequence[Change]) -> Iterator[str]:
    for subject in _subjects(changes):
        of_subject = sorted(
            (item for item in changes if item.subject == subject), key=lambda item: _ORDER[item.severity]
        )
        rows = [
            (
                f"{_SIGNS[item.severity]} {code(item.setting)}",
                _side(item.before, item.unit),
                _side(item.after, item.unit),
                text("; ".join(part for part in (item.reason, sizes.effect(item.effect)) if part)),
            )
            for item in of_subject
        ]
        yield f"**{text(words.subject(subject))}**\n\n" + table(("setting", "a", "b", "why"), rows)


def _undecided(undecided: Sequence[Undecided]) -> Iterator[str]:
    for subject in _subjects(undecided):
        rows = [
            (
                code(item.setting),
                _side(item.before, item.unit),
                _side(item.after, item.unit),
                text(words.needed(item.inputs)),
            )
            for item in undecided
            if item.subject == subject
        ]
        yield f"**{text(words.subject(subject))}**\n\n" + table(("setting", "a", "b", "would decide"), rows)


def _side(item: Effective | None, unit: str) -> str:
    said = words.shortened(words.effective(item, unit))
    if not isinstance(item, Fact):
        return text(said)
    return f"{code(said)} {text(f'({item.authority}, {item.origin})')}"


def _subjects(items: Sequence[Change | Undecided]) -> list[Subject]:
    return list(dict.fromkeys(item.subject for item in items))
