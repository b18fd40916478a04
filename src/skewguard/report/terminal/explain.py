"""One setting, one check, one flag through the versions, or a whole engine version, explained."""

from skewguard.language.results import (
    CheckExplanation,
    EngineReport,
    FlagHistory,
    FlagLine,
    Report,
    SettingExplanation,
    VariableHistory,
)
from skewguard.report import words
from skewguard.report.options import View
from skewguard.report.terminal.inputs import notes_lines
from skewguard.report.terminal.page import Page, Piece


def render(report: Report, view: View) -> str:
    """The explanation as a person reads it."""
    page = Page(view.width, color=view.color)
    if isinstance(report, SettingExplanation):
        _setting(page, report)
    elif isinstance(report, CheckExplanation):
        _check(page, report)
    elif isinstance(report, FlagHistory):
        _history(page, report)
    elif isinstance(report, VariableHistory):
        _variable(page, report)
    elif isinstance(report, EngineReport):
        _engine(page, report)
    return page.text()


def _setting(page: Page, report: SettingExplanation) -> None:
    page.line((report.name, "strong"))
    page.prose(report.meaning, indent=2)
    page.blank()
    _facts(page, [
        ("type", f"{report.type}, in {report.unit}" if report.unit else report.type),
        ("category", report.category),
        ("compared", report.compare),
        ("known by", ", ".join(report.phases)),
        *((f"in {engine}", name) for engine, name in report.called.items()),
        ("known", ", ".join(report.values)),
    ])  # fmt: skip
    _fragment(page, "In a contract", report.example)
    notes_lines(page, report.notes)


def _check(page: Page, report: CheckExplanation) -> None:
    page.line((report.id, "strong"), "  ", (report.severity, report.severity))
    page.prose(report.title, indent=2)
    page.blank()
    page.prose(report.why, indent=2, label=("why: ", "faint"))
    page.prose(report.remedy, indent=2, label=("fix: ", "good"))
    page.blank()
    _facts(page, [
        ("category", report.category),
        ("phases", ", ".join(report.phases)),
        ("also called", ", ".join(report.aliases)),
        ("sources", "; ".join(report.sources)),
    ])  # fmt: skip
    _fragment(page, "Before", report.bad)
    _fragment(page, "After", report.good)


def _history(page: Page, report: FlagHistory) -> None:
    page.line((f"{report.engine} {report.flag}", "strong"))
    if report.setting:
        page.prose(f"The setting {report.setting} of skewguard.", indent=2)
    page.blank()
    rows: list[list[Piece]] = [
        [_versions(run.first, run.last), *(_flag_cells(run.flag) if run.flag else [("not there", "faint"), "", "", ""])]
        for run in report.runs
    ]
    page.table(["versions", "default", "type", "choices", "spellings"], rows, indent=2)
    notes_lines(page, report.notes)


def _variable(page: Page, report: VariableHistory) -> None:
    page.line((f"{report.engine} {report.name}", "strong"))
    page.prose(f"An environment variable; in a contract it is the engine setting {report.setting}.", indent=2)
    page.blank()
    rows: list[list[Piece]] = [
        [_versions(run.first, run.last), words.value(run.variable.default) if run.variable else ("not read", "faint")]
        for run in report.runs
    ]
    page.table(["versions", "default"], rows, indent=2)
    notes_lines(page, report.notes)


def _engine(page: Page, report: EngineReport) -> None:
    page.line(
        (f"{report.engine} {report.version}", "strong"),
        f", started as: {report.entrypoint}" if report.entrypoint else "",
    )
    page.blank()
    rows: list[list[Piece]] = [[(flag.setting or flag.dest, "strong"), *_flag_cells(flag)] for flag in report.flags]
    page.table(["setting or destination", "default", "type", "choices", "spellings"], rows, indent=2)
    if report.env:
        page.blank()
        page.table(
            ["environment", "default"], [[line.name, words.value(line.default)] for line in report.env], indent=2
        )
    notes_lines(page, report.notes)
    page.blank()
    page.line(f"{words.counted(len(report.flags), 'flag')}, {words.counted(len(report.env), 'environment variable')}")


def _flag_cells(flag: FlagLine) -> list[Piece]:
    default = {"computed": "decided at start", "required": "required"}.get(flag.kind) or words.value(flag.default)
    choices = ", ".join(words.value(choice) for choice in flag.choices or ())
    deprecated = " (deprecated)" if flag.deprecated else ""
    return [default, flag.type or "", choices, ", ".join(flag.spellings) + deprecated]


def _versions(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _facts(page: Page, rows: list[tuple[str, str]]) -> None:
    rows = [(name, text) for name, text in rows if text]
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        page.prose(text, indent=2, label=(f"{name}:".ljust(width + 2), "faint"))


def _fragment(page: Page, title: str, text: str) -> None:
    if not text:
        return
    page.blank()
    page.line((title, "faint"), indent=2)
    for line in text.strip("\n").splitlines():
        page.line(line, indent=4)
