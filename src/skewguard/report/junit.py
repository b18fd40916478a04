"""JUnit XML, for the test reports of CI servers: a suite for each container, a case for each check.

A case fails when the exit code counts it: a failure at or above `--fail-on`. A weaker one is told in the output of a case
that passes, so that a CI server is never red where skewguard is not.
"""

from collections.abc import Iterable

from msgspec import Struct

from skewguard.language.facts import Subject
from skewguard.language.findings import SEVERITIES, Finding
from skewguard.language.results import CheckReport, InputProblem, PassedCheck
from skewguard.language.running import Unread
from skewguard.report import live_words, pods, sizes, words
from skewguard.report.characters import visible
from skewguard.report.options import View

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}


class Case(Struct):
    """One test case: its name and place, and the element that says how it went (None: passed)."""

    name: str
    outcome: str | None = None
    kind: str = ""
    message: str = ""
    text: str = ""
    file: str | None = None
    line: int | None = None


def render(report: CheckReport, _view: View) -> str:
    """All suites: the inputs that could not be read, then every container with passes and skips."""
    suites: dict[str, list[Case]] = {}
    if report.errors:
        suites["inputs"] = [problem(each) for each in report.errors]
    for checked in report.subjects:
        suites[_suite_name(checked.subject)] = []
    for finding in report.findings:
        suites.setdefault(_suite_name(finding.subject), []).append(_finding(finding, report))
    for line in report.passed:
        suites.setdefault(_suite_name(line.subject), []).append(_passed(line))
    for live in report.live:
        suites.setdefault(_suite_name(live.subject), []).extend(map(_unread, dict.fromkeys(live.unread)))
    return written(suites, report.run_at)


def written(suites: dict[str, list[Case]], run_at: str) -> str:
    """Cases by suite as XML."""
    body = [line for name, cases in suites.items() for line in _suite(name, cases, run_at)]
    every = [case for cases in suites.values() for case in cases]
    head = f'<testsuites name="skewguard" {_counts(every)}>'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *body, "</testsuites>"]) + "\n"


def _suite_name(subject: Subject) -> str:
    source = f" ({subject.source.path})" if subject.source else ""
    return words.subject(subject) + source


def _suite(name: str, cases: Iterable[Case], run_at: str) -> list[str]:
    listed = list(cases)
    head = f'  <testsuite name="{xml(name)}" timestamp="{xml(run_at)}" {_counts(listed)}>'
    return [head, *(line for case in listed for line in _case(name, case)), "  </testsuite>"]


def _counts(cases: list[Case]) -> str:
    outcomes = [case.outcome for case in cases]
    return (
        f'tests="{len(cases)}" failures="{outcomes.count("failure")}" '
        f'errors="{outcomes.count("error")}" skipped="{outcomes.count("skipped")}"'
    )


def _case(suite: str, case: Case) -> list[str]:
    place = f' file="{xml(case.file)}"' if case.file else ""
    place += f' line="{case.line}"' if case.line is not None else ""
    head = f'    <testcase classname="{xml(suite)}" name="{xml(case.name)}"{place}'
    if case.outcome is None and not case.text:
        return [f"{head}/>"]
    if case.outcome is None:
        return [f"{head}>", f"      <system-out>{xml_text(case.text)}</system-out>", "    </testcase>"]
    kind = f' type="{xml(case.kind)}"' if case.kind else ""
    opening = f'      <{case.outcome}{kind} message="{xml(case.message)}"'
    closing = f">{xml_text(case.text)}</{case.outcome}>" if case.text else "/>"
    return [f"{head}>", opening + closing, "    </testcase>"]


def _finding(finding: Finding, report: CheckReport) -> Case:
    origin = finding.origin
    outcome = _outcome(finding, report)
    told = _told(finding) if outcome is not None or finding.verdict != "pass" else ""
    return Case(
        name=f"{finding.check} {finding.setting}" if finding.setting else finding.check,
        outcome=outcome,
        kind=finding.severity if finding.verdict == "fail" else finding.verdict,
        message=_message(finding),
        text=told if outcome != "skipped" else "",
        file=(origin.file if origin else None) or words.file_of(finding) or None,
        line=origin.line if origin else None,
    )


def _outcome(finding: Finding, report: CheckReport) -> str | None:
    if finding.verdict == "fail":
        threshold = 0 if report.fail_on == "never" else SEVERITIES.index(report.fail_on) + 1
        return "failure" if SEVERITIES.index(finding.severity) < threshold else None
    if finding.verdict == "error":
        return "error"
    if finding.verdict == "unknown" and finding.group == "contract" and not report.allow_unknown:
        return "error"
    return None if finding.verdict == "pass" else "skipped"


def _message(finding: Finding) -> str:
    if finding.verdict == "waived" and finding.waiver is not None:
        return f"waived: {finding.waiver.reason} ({finding.message})"
    if finding.verdict == "unknown":
        return f"unknown: {finding.message}"
    return finding.message


def _told(finding: Finding) -> str:
    parts = [f"{finding.severity}: {finding.message}", words.place(finding.origin)]
    if finding.pods:
        parts.append(f"On: {pods.folded(finding.pods, most=None)}")
    if finding.inputs:
        parts.append(f"Would decide: {words.needed(finding.inputs)}")
    if finding.contract is not None:
        parts.append(f"Contract: {finding.contract.name}, {finding.contract.origin}")
    if finding.effect:
        parts.append(f"Effect: {sizes.effect(finding.effect)}")
    if finding.remedy:
        parts.append(f"Fix: {finding.remedy}")
    return "\n".join(part for part in parts if part)


def _passed(line: PassedCheck) -> Case:
    name = f"{line.check} {line.setting}" if line.setting else line.check
    if line.verdict == "skipped":
        return Case(name=name, outcome="skipped", message=line.message)
    return Case(name=name, text=line.message)


def _unread(item: Unread) -> Case:
    """A source that could not be read is no failure, and must not look like a pass."""
    return Case(name=f"not read: {item.what}", outcome="skipped", message=live_words.unread(item))


def problem(item: InputProblem) -> Case:
    """An input that could not be read."""
    return Case(
        name=item.file or "input",
        outcome="error",
        kind="input",
        message=item.message,
        text=item.hint or "",
        file=item.file,
        line=item.line,
    )


def xml(text: str) -> str:
    r"""Text for an attribute. XML 1.0 has no way to hold most control characters: they are shown as `\x1b`."""
    if text.isascii() and text.isprintable():
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return "".join(_ESCAPES.get(char) or visible(char) for char in text)


def xml_text(text: str) -> str:
    """Text for an element, where lines may stay lines; one that begins as a workflow command would be obeyed in a log."""
    return "\n".join(xml(f"|{line}" if line.lstrip().startswith("::") else line) for line in text.split("\n"))
