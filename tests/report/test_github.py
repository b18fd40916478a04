"""Workflow commands that no text can break or forge."""

from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.facts import Origin
from skewguard.language.findings import Observed
from skewguard.language.results import CheckReport
from skewguard.report import github, render
from skewguard.report.characters import visible_lines
from tests.report.reports import OPTIONS, REPORT, RUN_AT, finding, summary


def unescaped(text: str) -> str:
    """A message as the runner reads it."""
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def unescaped_property(text: str) -> str:
    """A property as the runner reads it."""
    return unescaped(text.replace("%3A", ":").replace("%2C", ","))


@given(st.text())
def test_message_comes_back_as_it_is_shown(text: str) -> None:
    """What the runner unescapes is the message, and it stays on one line."""
    assert "\n" not in github.escaped(text)
    assert "\r" not in github.escaped(text)
    assert unescaped(github.escaped(text)) == visible_lines(text)


@given(st.text())
def test_property_comes_back_as_it_is_shown(text: str) -> None:
    """A property survives colons and commas, which would end it."""
    assert not set(":,\n\r") & set(github.escaped_property(text))
    assert unescaped_property(github.escaped_property(text)) == visible_lines(text)


@given(st.text(), st.text(min_size=1))
def test_finding_is_one_command_whatever_its_text(message: str, file: str) -> None:
    """No message and no file name makes a second command."""
    place = Observed(1, None, Origin("file", file, file, 1, 2, 3, "1"))
    found = finding("a.b", message=message, remedy="", observed=place)
    report = CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ()))
    text = render(report, "github", OPTIONS)
    assert text.count("\n") == 1
    assert text.startswith("::error file=")


def test_columns_name_the_last_character() -> None:
    """The end of an annotation is its last column, ours the one after it."""
    (command,) = [line for line in render(REPORT, "github", OPTIONS).splitlines() if "args.swallowed" in line]
    assert command.startswith("::error file=deploy.yaml,line=12,col=15,endColumn=41,title=")


def test_worst_commands_come_first() -> None:
    """The runner shows ten of each level, so errors stand before warnings and notices."""
    levels = [line.split(" ", 1)[0] for line in render(REPORT, "github", OPTIONS).splitlines()]
    assert levels == sorted(levels, key=["::error", "::warning", "::notice"].index)


def test_waived_findings_are_silent() -> None:
    """What a colleague has settled is not announced again."""
    assert "pin.image-digest" not in render(REPORT, "github", OPTIONS)
