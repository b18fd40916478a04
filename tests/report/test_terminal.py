"""The report a person reads: carets under the right characters, and no text that can move a cursor."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.facts import Fact, Origin
from skewguard.language.findings import Observed
from skewguard.language.results import CheckReport, SettingLine, SettingsReport, SubjectSettings
from skewguard.report import Options, render
from skewguard.report.characters import visible
from skewguard.report.options import Marked
from skewguard.report.terminal.excerpt import excerpt
from skewguard.report.terminal.page import Page, cells, wrapped
from tests.report.every_report import EVERY_REPORT
from tests.report.reports import CHAT, OPTIONS, REPORT, RUN_AT, at, finding, lines, summary


def underlined(line: str, offence: str, width: int = 100) -> tuple[str, str]:
    """The source line and the caret line of a finding about `offence` in `line`."""
    start = line.index(offence)
    origin = Origin("file", "x.yaml", "x.yaml", 1, start + 1, start + 1 + len(offence), offence)
    found = finding("a.b", observed=Observed(None, None, origin))
    report = CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ()))
    text = render(report, "table", Options(lines=lambda _file, _line: line, width=width)).splitlines()
    number = next(i for i, shown in enumerate(text) if "^" in shown)
    return text[number - 1], text[number]


def under(source: str, carets: str) -> str:
    """The characters of the source line that stand over the carets, counted in columns of the terminal."""
    first, last = cells(carets[: carets.index("^")]), cells(carets)
    column, over = 0, ""
    for char in source:
        if first <= column < last:
            over += char
        column += cells(char)
    return over


@pytest.mark.parametrize(
    ("line", "offence"),
    [
        ("  - --dtype=half", "--dtype=half"),
        ("\t- x\tbad\ty", "bad"),
        ("名前: 对话模型 # x", "对话模型"),
        ("对话\tbad", "bad"),
        ("e\u0301e\u0301 bad", "bad"),
        ("- 🚀 bad", "bad"),
    ],
)
def test_carets_stand_under_the_offence(line: str, offence: str) -> None:
    """Tabs, ideographs and combining marks before it do not shift the carets."""
    assert under(*underlined(line, offence)) == offence


def test_control_characters_before_the_offence_do_not_shift_the_carets() -> None:
    """An escape sequence on the line is shown as its escape, and counted as such."""
    source, carets = underlined("a: \x1b[2J bad", "bad")
    assert "\\x1b[2J" in source
    assert under(source, carets) == "bad"


def test_long_line_is_cut_around_the_offence() -> None:
    """A line longer than the terminal keeps the offence in sight."""
    source, carets = underlined("x" * 5000 + " bad " + "y" * 5000, "bad", width=60)
    assert under(source, carets) == "bad"
    assert source.endswith("…")
    assert cells(source) <= 60


def test_offence_longer_than_the_terminal_is_cut() -> None:
    """An offence that does not fit is shown from its beginning."""
    source, carets = underlined("args: " + "z" * 10000, "z" * 10000, width=60)
    assert under(source, carets).startswith("zzz")
    assert cells(source) <= 60


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=60), st.integers(1, 80))
def test_excerpt_fits_and_keeps_the_carets_in_it(before: str, offence: str, after: str, width: int) -> None:
    """Whatever the line, the excerpt fits the width and the carets stand inside it."""
    cut = excerpt(Marked(before + offence + after, len(before), len(before) + len(offence)), width)
    assert cells(cut.before + cut.offence + cut.after) <= width
    assert cut.indent == cells(cut.before)
    assert cut.length == max(cells(cut.offence), 1)


@given(st.text())
def test_no_text_can_move_the_cursor(text: str) -> None:
    """Control characters and marks that reorder a line reach the terminal as escapes alone."""
    origin = Origin("file", text or "x", text or "x", 1, 1, 2, text)
    found = finding("a.b", message=text, remedy=text, observed=Observed(text, "declared", origin))
    report = CheckReport(run_at=RUN_AT, findings=(found,), notes=(text,), summary=summary((found,), ()))
    shown = render(report, "wide", Options(lines=lambda _file, _line: text, verbose=True))
    assert shown.replace("\n", "").isprintable()


def test_bidirectional_marks_are_shown() -> None:
    """A mark that would make a line read otherwise than it is stands there in the open."""
    assert visible("a\u202eb") == "a\\u202eb"


@given(st.text(), st.integers(20, 80))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    """Wrapped text holds the same visible characters."""
    shown = "".join(wrapped(text, width)).replace(" ", "")
    assert shown == "".join(visible(line) for line in text.splitlines()).replace(" ", "")


def test_wrapped_lines_fit() -> None:
    """No line is longer than asked for, unless one word is."""
    assert [cells(line) for line in wrapped(("模型 " * 30).strip(), 20)] == [19] * 7 + [9]


@pytest.mark.parametrize("name", EVERY_REPORT)
@pytest.mark.parametrize("form", ["table", "wide"])
def test_color_changes_no_word(name: str, form: str) -> None:
    """The coloured report without its colours is the plain one."""
    colored = render(EVERY_REPORT[name], form, msgspec.structs.replace(OPTIONS, color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(EVERY_REPORT[name], form, OPTIONS)


def test_errors_stand_before_warnings() -> None:
    """Within a container the worst stands first, whatever the order of the checks."""
    text = render(REPORT, "table", OPTIONS)
    assert text.index("args.swallowed") < text.index("pin.image-tag")


def test_missing_source_line_leaves_the_finding() -> None:
    """Where the source cannot be read the finding is shown without it."""
    text = render(REPORT, "table", msgspec.structs.replace(OPTIONS, lines=lambda _file, _line: None))
    assert "args.swallowed" in text
    assert "^" not in text


def test_place_beyond_the_line_does_not_break_the_report() -> None:
    """A file that changed since it was read may have shorter lines."""
    origin = Origin("file", "deploy.yaml", "deploy.yaml", 2, 500, 600, "gone")
    found = finding("a.b", observed=Observed(None, None, origin))
    report = CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ()))
    assert "kind: Deployment" in render(report, "table", Options(lines=lines))


def test_table_keeps_words_whole() -> None:
    """A narrow table wraps cells at spaces and never shortens a name that is to be copied."""
    page = Page(40, color=False)
    page.table(["setting", "value"], [["runtime.gpu_memory_utilization", "one two three four five"]])
    assert "runtime.gpu_memory_utilization" in page.text()


def test_long_values_are_cut_in_the_table_and_whole_in_wide() -> None:
    """A chat template written in place does not bury the table; `wide` has all of it."""
    template = "x" * 5000
    line = SettingLine(
        "tokenizer.chat_template", Fact("tokenizer.chat_template", template, "declared", at("name: vllm"))
    )
    settings = SettingsReport(subjects=(SubjectSettings(CHAT, "vllm", None, "vllm serve", None, settings=(line,)),))
    assert "(5000 characters; -o wide and -o json show all)" in render(settings, "table", OPTIONS)
    assert template in render(settings, "wide", OPTIONS)


def test_last_column_may_have_a_width_of_its_own() -> None:
    """A column that is read as a whole is not wrapped into one word a line."""
    page = Page(40, color=False)
    page.table(["subject", "load"], [["x" * 35, "poisson 4/s, 512→128"]], last=24)
    assert "poisson 4/s, 512→128" in page.text()
