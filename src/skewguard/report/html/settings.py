"""Effective settings as a page: for each container what is not taken as written, then every setting with its origin."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from skewguard.language.facts import Fact
from skewguard.language.results import SettingLine, SettingsReport, SizeLine, SubjectSettings
from skewguard.report import arranging, sizes, summaries, words
from skewguard.report.html import inputs
from skewguard.report.html.page import Part, el, prose, section, table, written
from skewguard.report.options import View


def render(report: SettingsReport, _view: View) -> str:
    """One section for each container."""
    return written(
        "skewguard settings",
        el("h1", "skewguard settings"),
        prose(summaries.settings(report), of="verdict"),
        *(_subject(subject) for subject in report.subjects),
        inputs.missing(report.missing),
        inputs.problems(report.errors),
        inputs.notes(report.notes),
    )


def _entrypoint(subject: SubjectSettings) -> Element | str:
    return el("code", subject.entrypoint) if subject.entrypoint else words.started(subject)


def _subject(subject: SubjectSettings) -> Element | None:
    ordered = arranging.settings(subject.settings)
    news = [line for line in ordered if arranging.is_setting_news(line)]
    rest = [line for line in ordered if not arranging.is_setting_news(line)]
    refused = None
    if (doubt := words.starts(subject)) is not None:
        refused = prose(doubt, of="unknown" if subject.starts is None else "error")
    return section(
        words.subject(subject.subject),
        el("p", f"{subject.engine} {subject.version or 'of unknown version'}, ", _entrypoint(subject)),
        refused,
        _odd(subject),
        _table(news),
        el("details", el("summary", words.counted(len(rest), "more setting") + " that nobody wrote"), _table(rest))
        if rest
        else None,
        *_capacity(subject.capacity),
    )


def _capacity(lines: tuple[SizeLine, ...]) -> Iterator[Element]:
    """Whether the model fits and what it costs, with what that assumes."""
    if not lines:
        return
    rows = [
        (el("code", line.name, of="name"), prose(sizes.said(line), "span"), prose(line.meaning, "span"))
        for line in lines
    ]
    yield el("h3", "Will it fit, and what will it cost")
    yield table(("size", "value", "of what"), rows)
    assumed = sizes.assumptions(lines)
    if assumed:
        items = (el("li", said) for said in assumed)
        yield el("details", el("summary", words.counted(len(assumed), "assumption")), el("ul", *items))


def _odd(subject: SubjectSettings) -> Part:
    """Arguments and variables that are not taken as written."""
    rows = [
        (
            el("span", line.outcome, of="word warning"),
            el("code", line.text),
            words.place(line.origin),
            prose(line.message, "span"),
        )
        for line in subject.arguments
        if line.outcome != "parsed" or line.message
    ]
    rows += [
        (
            el("span", line.outcome, of="word warning"),
            el("code", line.name),
            words.place(line.origin),
            prose(line.message, "span"),
        )
        for line in subject.environment
        if line.outcome != "read" or line.message
    ]
    return table(("not as written", "what", "where", "why"), rows) if rows else None


def _table(lines: list[SettingLine]) -> Element:
    return table(("setting", "value", "authority", "origin"), [_row(line) for line in lines])


def _row(line: SettingLine) -> tuple[Part, ...]:
    said = words.effective(line.effective, line.unit)
    value = el("code", said) if isinstance(line.effective, Fact) else prose(said, "span", of="unknown")
    origin = el("span", words.origin_of(line), of="place faint")
    return el("code", line.setting, of="name"), value, el("span", line.authority or "", of="name"), origin
