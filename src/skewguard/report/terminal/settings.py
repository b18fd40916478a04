"""Effective settings as a table, with what the parser does not take as written on top."""

from collections.abc import Sequence

from skewguard.language.facts import AUTHORITIES, Fact
from skewguard.language.results import (
    ArgumentLine,
    SettingLine,
    SettingsReport,
    SizeLine,
    SubjectSettings,
    VariableLine,
)
from skewguard.report import arranging, sizes, words
from skewguard.report.options import View
from skewguard.report.terminal.inputs import missing_lines, notes_lines, problem_lines
from skewguard.report.terminal.page import Page, Piece


def render(report: SettingsReport, view: View, *, wide: bool = False) -> str:
    """One table for each container. Engine settings that nobody wrote are counted, and shown in `wide` or with -v."""
    page = Page(view.width, color=view.color)
    for subject in report.subjects:
        _subject(page, subject, everything=wide or view.verbose, wide=wide)
    missing_lines(page, report.missing)
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    if not report.subjects:
        page.blank()
        page.line("no engine")
    return page.text()


def _subject(page: Page, subject: SubjectSettings, *, everything: bool, wide: bool) -> None:
    page.blank()
    version = subject.version or "of unknown version"
    page.line((words.subject(subject.subject), "strong"))
    page.line(f"{subject.engine} {version}, {words.started(subject)}", indent=2)
    if (doubt := words.starts(subject)) is not None:
        page.prose(doubt, indent=2, style="unknown" if subject.starts is None else "error")
    _odd_lines(page, "Arguments not taken as written", [_argument(line) for line in subject.arguments])
    _odd_lines(
        page, "Environment without the effect it seems to have", [_variable(line) for line in subject.environment]
    )
    shown = [line for line in arranging.settings(subject.settings) if everything or arranging.is_setting_news(line)]
    page.blank()
    head = ["setting", "value", "authority", "origin"]
    page.table([*head, "other facts"] if wide else head, [_row(line, wide=wide) for line in shown], indent=2)
    if hidden := len(subject.settings) - len(shown):
        said = words.counted(hidden, "more setting")
        page.prose(f"{said} that nobody wrote: -v or -o wide shows them.", indent=2, style="faint")
    _capacity(page, subject.capacity, everything=everything)


def _capacity(page: Page, lines: Sequence[SizeLine], *, everything: bool) -> None:
    """Whether the model fits and what it costs; what that assumes stands under it."""
    if not lines:
        return
    page.blank()
    page.line(("Will it fit, and what will it cost", "strong"), indent=2)
    rows: list[list[Piece]] = [[line.name, _size(line), (line.meaning, "faint")] for line in lines]
    page.table(["size", "value", "of what"], rows, indent=2)
    assumed = sizes.assumptions(lines)
    if everything:
        for said in assumed:
            page.prose(said, indent=4, label=("assumes: ", "faint"))
    elif assumed:
        rests = words.counted(len(assumed), "assumption")
        page.prose(f"They rest on {rests}: -v or -o wide shows them.", indent=2, style="faint")


def _size(line: SizeLine) -> Piece:
    return (sizes.said(line), "strong" if isinstance(line.effective, Fact) else "unknown")


def _odd_lines(page: Page, title: str, lines: Sequence[tuple[str, str, str, str] | None]) -> None:
    odd = [line for line in lines if line is not None]
    if not odd:
        return
    page.blank()
    page.line((title, "strong"), indent=2)
    for outcome, text, place, message in odd:
        page.line((outcome, "warning"), "  ", text, "  ", (place, "faint"), indent=4)
        if message:
            page.prose(message, indent=6)


def _argument(line: ArgumentLine) -> tuple[str, str, str, str] | None:
    if line.outcome == "parsed" and not line.message:
        return None
    return line.outcome, line.text, words.place(line.origin), line.message


def _variable(line: VariableLine) -> tuple[str, str, str, str] | None:
    if line.outcome == "read" and not line.message:
        return None
    return line.outcome, line.name, words.place(line.origin), line.message


def _row(line: SettingLine, *, wide: bool) -> list[Piece]:
    item = line.effective
    style = "" if isinstance(item, Fact) else "unknown"
    said = words.effective(item, line.unit)
    row: list[Piece] = [
        (line.setting, "strong" if arranging.is_declared(line) else ""),
        (said if wide else words.shortened(said), style),
        line.authority or "",
        (words.origin_of(line), "faint"),
    ]
    if wide:
        row.append(_others(line))
    return row


def _others(line: SettingLine) -> str:
    rest = [fact for fact in line.facts if fact != line.effective]
    rest.sort(key=lambda fact: -AUTHORITIES.index(fact.authority))
    return "; ".join(f"{words.value(fact.value, line.unit)} {fact.authority} at {fact.origin}" for fact in rest)
