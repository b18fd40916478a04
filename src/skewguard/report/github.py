"""Annotations of GitHub Actions: one workflow command a line, which the runner shows beside the changed line.

Source of the grammar and of its escapes: GitHub, "Workflow commands", and `command.ts` of actions/toolkit.
"""

from collections.abc import Iterable

from msgspec import Struct

from skewguard.language.facts import Origin
from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport, InputProblem
from skewguard.language.running import Unread
from skewguard.language.workloads import Missing
from skewguard.report import fleet, folding, live_words, pods, sizes, words
from skewguard.report.characters import visible_lines
from skewguard.report.options import View

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
_ORDER = {"error": 0, "warning": 1, "notice": 2}


class Command(Struct, frozen=True):
    """One annotation: its level (error, warning, notice) and the line that asks for it."""

    level: str
    text: str


def render(report: CheckReport, _view: View) -> str:
    """A command for each input problem, crash, failure, unknown and missing input, the worst first.

    Waived findings are settled and stay silent. The order matters: the runner shows ten of each level.
    """
    commands = [problem(each) for each in report.errors]
    findings, idle = folding.fold(report.findings)
    commands += [told for finding in findings if (told := _finding(finding))]
    if idle is not None:
        commands.append(command("warning", None, idle.check, _joined(idle.message, f"Fix: {idle.remedy}")))
    commands += [_missing(item) for item in report.missing]
    commands += [_unread(item, number) for item, number in fleet.unread(fleet.told(report).subjects)]
    return lines(commands)


def lines(commands: Iterable[Command]) -> str:
    """The commands as the runner reads them, the worst first."""
    return "".join(f"{each.text}\n" for each in sorted(commands, key=lambda each: _ORDER[each.level]))


def problem(item: InputProblem) -> Command:
    """An input that could not be read."""
    origin = Origin("file", item.file or "", item.file, item.line, item.column)
    return command("error", origin, "input", _joined(item.message, item.hint))


def _missing(item: Missing) -> Command:
    text = f"{item.ref} is missing: it hides {item.hides}. To supply it: {item.supply}"
    return command("notice", item.origin, "not in the input", text)


def _unread(item: Unread, subjects: int) -> Command:
    return command("notice", None, "not read", live_words.unread(item, subjects))


def _finding(finding: Finding) -> Command | None:
    if finding.verdict not in ("fail", "unknown", "error"):
        return None
    title = f"{finding.check} {finding.setting}" if finding.setting else finding.check
    fix = f"Fix: {finding.remedy}" if finding.remedy else None
    message = _joined(_whom(finding), finding.message)
    if finding.verdict == "unknown":
        needed = f"Would decide: {words.needed(finding.inputs)}." if finding.inputs else None
        level = "warning" if finding.group == "contract" else "notice"
        return command(level, _place(finding), f"{title} (unknown)", _joined(message, needed, fix))
    if finding.verdict == "error":
        return command("error", _place(finding), f"{title} (crashed)", message)
    effect = f"Effect: {sizes.effect(finding.effect)}." if finding.effect else None
    return command(_LEVELS[finding.severity], _place(finding), title, _joined(message, effect, fix))


def _whom(finding: Finding) -> str | None:
    """Whom a finding is about that no file shows beside: what runs."""
    if _place(finding) is not None:
        return None
    on = f" on {pods.folded(finding.pods)}" if finding.pods else ""
    return f"{words.subject(finding.subject)}{on}:"


def _place(finding: Finding) -> Origin | None:
    if finding.origin is not None and finding.origin.file:
        return finding.origin
    file = words.file_of(finding)
    return Origin("file", file, file) if file else None


def _joined(*parts: str | None) -> str:
    return "\n".join(part for part in parts if part)


def command(level: str, origin: Origin | None, title: str, message: str) -> Command:
    """One annotation, beside a line where there is one."""
    properties: dict[str, str] = {}
    if origin is not None and origin.file:
        properties["file"] = origin.file.removeprefix("./")
        numbers = {"line": origin.line, "col": origin.column, "endColumn": _last_column(origin)}
        properties |= {name: str(number) for name, number in numbers.items() if number is not None}
    properties["title"] = title
    listed = ",".join(f"{name}={escaped_property(value)}" for name, value in properties.items())
    return Command(level, f"::{level} {listed}::{escaped(message)}")


def _last_column(origin: Origin) -> int | None:
    """Annotations name the last column itself, origins the one after it."""
    if origin.end_column is None or origin.column is None:
        return None
    return max(origin.end_column - 1, origin.column)


def escaped(text: str) -> str:
    """A message as the runner unescapes it: percent signs and line ends would break or forge a command."""
    return visible_lines(text).replace("%", "%25").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """A property: colons and commas would end it as well."""
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
