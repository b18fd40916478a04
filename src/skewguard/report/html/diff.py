"""Two things side by side as a page: what differs and why, then what cannot be decided."""

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from skewguard.language.facts import Effective, Fact
from skewguard.language.results import Change, DiffReport, Undecided
from skewguard.report import arranging, sizes, summaries, words
from skewguard.report.html import inputs
from skewguard.report.html.page import Part, el, listed, prose, section, table, written
from skewguard.report.options import View

_ORDER = {"error": 0, "warning": 1, "note": 2}


def render(report: DiffReport, _view: View) -> str:
    """Changes by container, the gravest first."""
    refused = [
        el("p", f"{name} will not start: its parser refuses the arguments.", of="error word")
        for name, starts in (("a", report.starts_a), ("b", report.starts_b))
        if starts is False
    ]
    return written(
        "skewguard diff",
        el("h1", "skewguard diff"),
        el("p", "a: ", el("code", report.a), el("br"), "b: ", el("code", report.b)),
        prose(summaries.diff(report), of=f"verdict {summaries.diff_mood(report)}"),
        *refused,
        section("Words that the two sides treat otherwise", *_words(report)),
        section("What differs", *_changes(report.changes)),
        section("Only in a", listed(el("span", words.subject(subject)) for subject in report.only_in_a)),
        section("Only in b", listed(el("span", words.subject(subject)) for subject in report.only_in_b)),
        section("Cannot be decided from the input", *_undecided(report.undecided)),
        section(
            "Expected to differ",
            listed(prose(f"`{item.setting}`: {item.reason}", "span") for item in report.expected_differences),
        ),
        inputs.missing(report.missing),
        inputs.problems(report.errors),
        inputs.notes(report.notes),
    )


def _words(report: DiffReport) -> Iterable[Element]:
    for of_subject in arranging.reread(report):
        rows = [
            (
                el("span", item.severity, of=f"word {item.severity}"),
                el(
                    "span", el("code", item.name, of="name"), el("br"), el("span", words.place(item.origin), of="place")
                ),
                item.before,
                item.after,
                prose(item.message, "span"),
                prose(item.remedy, "span"),
            )
            for item in of_subject.words
        ]
        yield el("h3", words.subject(of_subject.subject))
        yield from (prose(item.message) for item in of_subject.entrypoints)
        if rows:
            yield table(("severity", "word", "a", "b", "why", "do"), rows)


def _changes(changes: Sequence[Change]) -> Iterable[Element]:
    for subject in dict.fromkeys(item.subject for item in changes):
        of_subject = sorted(
            (item for item in changes if item.subject == subject), key=lambda item: _ORDER[item.severity]
        )
        rows = [
            (
                el("span", item.severity, of=f"word {item.severity}"),
                el("code", item.setting, of="name"),
                _side(item.before, item.unit),
                _side(item.after, item.unit),
                el("span", prose(item.reason, "span"), *_effect(item)),
            )
            for item in of_subject
        ]
        yield el("h3", words.subject(subject))
        yield table(("severity", "setting", "a", "b", "why"), rows)


def _effect(item: Change) -> Iterable[Element]:
    """What this change alone does to memory and speed, where that is known."""
    if item.effect:
        yield el("br")
        yield el("span", f"effect: {sizes.effect(item.effect)}", of="faint")


def _undecided(undecided: Sequence[Undecided]) -> Iterable[Element]:
    for subject in dict.fromkeys(item.subject for item in undecided):
        rows = [
            (
                el("code", item.setting, of="name"),
                _side(item.before, item.unit),
                _side(item.after, item.unit),
                prose(words.needed(item.inputs), "span"),
            )
            for item in undecided
            if item.subject == subject
        ]
        yield el("h3", words.subject(subject))
        yield table(("setting", "a", "b", "would decide"), rows)


def _side(item: Effective | None, unit: str) -> Part:
    said = words.effective(item, unit)
    if not isinstance(item, Fact):
        return prose(said, "span", of="unknown" if item is not None else "faint")
    return el("span", el("code", said), el("br"), el("span", f"{item.authority}, {item.origin}", of="place faint"))
