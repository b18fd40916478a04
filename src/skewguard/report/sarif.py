"""SARIF 2.1.0 (OASIS standard), for code scanning: true regions, stable fingerprints, waivers as suppressions.

What could not be judged is a result of kind `open`; a check that crashed and an input that could not be read are
notifications of the run, so that a broken run never looks like a clean one.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import structs

from skewguard import __version__
from skewguard.language.errors import ExitCode
from skewguard.language.facts import Origin, Subject
from skewguard.language.findings import Finding, Severity
from skewguard.language.results import CheckExplanation, CheckReport, InputProblem
from skewguard.language.running import Unread
from skewguard.language.workloads import Missing
from skewguard.report import live_words, sizes, words
from skewguard.report.json_text import pretty
from skewguard.report.options import View
from skewguard.report.parts import plain

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"

_JUDGED = ("fail", "unknown", "waived")
_RAN = (ExitCode.OK, ExitCode.FAILED, ExitCode.UNKNOWN)


def render(report: CheckReport, view: View) -> str:
    """One run with every finding that is no pass."""
    judged = [finding for finding in report.findings if finding.verdict in _JUDGED]
    ids = list(
        dict.fromkeys([finding.check for finding in report.findings if finding.verdict not in ("pass", "skipped")])
    )
    run = {
        "tool": {"driver": _driver(report, ids, view.rules)},
        "automationDetails": {"id": f"skewguard/{'check' if report.context is None else 'verify'}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            ROOT: {"description": {"text": "The folder that skewguard was started in; paths are relative to it."}}
        },
        "invocations": [_invocation(report)],
        "results": [_result(finding, ids.index(finding.check)) for finding in judged],
    }
    return pretty({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(report: CheckReport, ids: list[str], rules: Mapping[str, CheckExplanation]) -> dict[str, Any]:
    severities = {finding.check: finding.severity for finding in report.findings}
    return {
        "name": "skewguard",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(check, severities[check], rules.get(check)) for check in ids],
        "properties": {
            "tables": dict(report.tables.versions),
            **({"table_files": dict(report.tables.files)} if report.tables.files else {}),
        },
    }


def _rule(check: str, severity: Severity, row: CheckExplanation | None) -> dict[str, Any]:
    if row is None:
        return {"id": check, "defaultConfiguration": {"level": severity}}
    return {
        "id": check,
        "name": "".join(part.capitalize() for part in check.replace(".", "-").split("-")),
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.why},
        "help": {"text": f"{row.why}\n\nFix: {row.remedy}", "markdown": _markdown(row)},
        "defaultConfiguration": {"level": row.severity},
        "properties": {"category": row.category, "tags": list(dict.fromkeys((row.category, check.partition(".")[0])))},
    }


def _markdown(row: CheckExplanation) -> str:
    parts = [row.why, f"**Fix:** {row.remedy}"]
    for title, fragment in (("Before", row.bad), ("After", row.good)):
        if fragment:
            parts.append(f"{title}:\n\n```yaml\n{fragment.strip()}\n```")
    return "\n\n".join(parts)


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    unknown = finding.verdict == "unknown"
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": rule_index,
        # SARIF 3.27.10: a result that is no failure has level "none".
        "kind": "open" if unknown else "fail",
        "level": "none" if unknown else finding.severity,
        "message": {"text": _message(finding)},
        "locations": [_location(finding)],
        "partialFingerprints": {"skewguard/v1": finding.id},
        "properties": _properties(finding),
    }
    if finding.contract is not None and (place := _physical(finding.contract.origin)):
        clause = {"text": f"The clause of contract {finding.contract.name}."}
        result["relatedLocations"] = [{"id": 1, "physicalLocation": place, "message": clause}]
    if finding.verdict == "waived":
        result["suppressions"] = [_suppression(finding)]
    return result


def _message(finding: Finding) -> str:
    parts = [finding.message]
    if finding.verdict == "unknown" and finding.inputs:
        parts.append(f"Would decide: {words.needed(finding.inputs)}.")
    if finding.effect:
        parts.append(f"Effect: {sizes.effect(finding.effect)}.")
    if finding.remedy:
        parts.append(f"Fix: {finding.remedy}")
    return "\n".join(parts)


def _properties(finding: Finding) -> dict[str, Any]:
    observed = finding.observed
    properties = {
        "verdict": finding.verdict,
        "severity": finding.severity,
        "category": finding.category,
        "setting": finding.setting,
        "anchor": finding.numbered_anchor,
        "expected": plain(finding.expected),
        "observed": plain(observed.value) if observed else None,
        "authority": observed.authority if observed else None,
        "inputs": list(finding.inputs),
        "assumes": list(finding.assumes),
        "effect": [structs.asdict(item) for item in finding.effect],
        "pods": list(finding.pods),
    }
    return {name: value for name, value in properties.items() if value not in (None, [])}


def _suppression(finding: Finding) -> dict[str, Any]:
    """A waiver of a contract is outside the manifest; an annotation, which has no end, is inside it."""
    waiver = finding.waiver
    until = f" (until {waiver.until})" if waiver and waiver.until else ""
    reason = waiver.reason if waiver else ""
    place_file = waiver.origin.file if waiver and waiver.origin else words.file_of(finding)
    in_source = waiver is not None and waiver.until is None and place_file == words.file_of(finding)
    suppression: dict[str, Any] = {
        "kind": "inSource" if in_source else "external",
        "status": "accepted",
        "justification": f"{reason}{until}",
    }
    if waiver is not None and waiver.origin is not None and (place := _physical(waiver.origin)):
        suppression["location"] = {"physicalLocation": place}
    return suppression


def _location(finding: Finding) -> dict[str, Any]:
    """The place of the evidence; the file alone where there is none, rather than a line that means nothing.

    What runs stands in no file: its objects and replicas are named, and where in them the evidence is.
    """
    place = _physical(finding.origin) if finding.origin else None
    if place is None and (file := words.file_of(finding)):
        place = {"artifactLocation": _artifact(file)}
    location: dict[str, Any] = {"physicalLocation": place} if place else {}
    location["logicalLocations"] = [_logical(finding.subject), *(_pod(finding.subject, pod) for pod in finding.pods)]
    if place is None and finding.origin is not None:
        location["message"] = {"text": words.place(finding.origin)}
    return location


def _pod(subject: Subject, pod: str) -> dict[str, str]:
    parts = (subject.cluster, subject.namespace, "Pod", pod)
    return {"fullyQualifiedName": "/".join(part for part in parts if part), "name": pod, "kind": "resource"}


def _logical(subject: Subject) -> dict[str, str]:
    parts = (subject.cluster, subject.namespace, subject.kind, subject.name, subject.role, subject.container)
    name = "/".join(part for part in parts if part)
    return {"fullyQualifiedName": name, "name": subject.container or subject.name, "kind": "resource"}


def _physical(origin: Origin) -> dict[str, Any] | None:
    if origin.file is None:
        return None
    place: dict[str, Any] = {"artifactLocation": _artifact(origin.file)}
    if origin.line is not None:
        region: dict[str, Any] = {"startLine": origin.line}
        if origin.column is not None:
            region["startColumn"] = origin.column
            if origin.end_column is not None and origin.end_column >= origin.column:
                region["endColumn"] = origin.end_column
        if origin.text and "\n" not in origin.text:
            region["snippet"] = {"text": origin.text}
        place["region"] = region
    return place


def _artifact(file: str) -> dict[str, str]:
    """A relative path hangs on the root, so that a server finds the file in its own checkout."""
    path = quote(file.replace("\\", "/").encode("utf-8", "surrogateescape"), safe="/-._~")
    if path.startswith("/"):
        return {"uri": f"file://{path}"}
    return {"uri": path.removeprefix("./"), "uriBaseId": ROOT}


def _invocation(report: CheckReport) -> dict[str, Any]:
    crashed = [_crash(finding) for finding in report.findings if finding.verdict == "error"]
    unread = [_problem(problem) for problem in report.errors]
    unseen = [_missing(item) for item in report.missing]
    unseen += [_unread(item) for live in report.live for item in dict.fromkeys(live.unread)]
    return {
        "executionSuccessful": not (crashed or unread) and report.exit_code in _RAN,
        "exitCode": report.exit_code,
        "startTimeUtc": report.run_at,
        "toolExecutionNotifications": [*unread, *crashed, *unseen],
    }


def _notification(kind: str, level: str, text: str, place: dict[str, Any] | None) -> dict[str, Any]:
    notification: dict[str, Any] = {"descriptor": {"id": kind}, "level": level, "message": {"text": text}}
    if place is not None:
        notification["locations"] = [{"physicalLocation": place}]
    return notification


def _problem(problem: InputProblem) -> dict[str, Any]:
    text = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    origin = Origin("file", problem.file or "", problem.file, problem.line, problem.column)
    return _notification("input", "error", text, _physical(origin))


def _crash(finding: Finding) -> dict[str, Any]:
    place = _location(finding).get("physicalLocation")
    return _notification("check-crashed", "error", finding.message, place) | {"associatedRule": {"id": finding.check}}


def _missing(item: Missing) -> dict[str, Any]:
    text = f"{item.ref} is not in the input: it hides {item.hides}. To supply it: {item.supply}"
    return _notification("missing-input", "warning", text, _physical(item.origin))


def _unread(item: Unread) -> dict[str, Any]:
    return _notification("unread-source", "warning", live_words.unread(item), None)
