"""Cases to findings: every check on every case, its answers given an identity, waivers applied, crashes contained."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from skewguard.judge.checks.interface import Case, Check, Result
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.findings import Finding, Observed, identity
from skewguard.language.results import PassedCheck

Anchor = Callable[[str], str]
"""Gives a file's path as it enters an identity: relative to the folder that holds `.skewguard` or `.git`."""


class Evaluation(Struct):
    """What the checks said about one case."""

    findings: list[Finding]
    passed: list[PassedCheck]
    assumed: int = 0
    crashes: int = 0


def evaluate(case: Case, checks: Iterable[Check], anchor: Anchor) -> Evaluation:
    """Run checks over a case. A check that crashes becomes one finding with verdict `error`; the others go on."""
    evaluation = Evaluation([], [])
    for check in checks:
        try:
            results = list(check.run(case))
        except Exception as error:  # noqa: BLE001  # one check's defect must not hide the other checks' findings
            results = [_crash(check, error)]
            evaluation.crashes += 1
        if results:
            collect(evaluation, check, results, case.sheet.subject, anchor, case.container.origin)
        else:
            evaluation.passed.append(PassedCheck(check.id, case.sheet.subject, "pass"))
    return evaluation


def collect(
    evaluation: Evaluation,
    check: Check,
    results: Iterable[Result],
    subject: Subject,
    anchor: Anchor,
    place: Origin | None = None,
) -> None:
    """Sort a check's answers into findings and passes."""
    for result in results:
        if result.verdict in ("pass", "skipped"):
            evaluation.assumed += bool(result.assumes) and result.verdict == "pass"
            evaluation.passed.append(PassedCheck(check.id, subject, result.verdict, result.message, result.setting))
        else:
            evaluation.findings.append(finding(check, result, subject, anchor, place))


def finding(check: Check, result: Result, subject: Subject, anchor: Anchor, place: Origin | None = None) -> Finding:
    """A result as a finding: with its identity, its evidence, and the check's own remedy where it has none."""
    observed = _observed(result)
    seen = observed.origin if observed else None
    file = seen.file if seen and seen.file else (subject.source.path if subject.source else None)
    return Finding(
        id=identity(check.id, result.setting, result.anchor, subject, anchor(file) if file else None, result.expected),
        check=check.id,
        group=check.group,
        category=result.category or check.category,
        verdict=result.verdict,
        severity=result.severity or check.severity,
        subject=subject,
        message=result.message,
        remedy=result.remedy or check.remedy,
        setting=result.setting,
        anchor=result.anchor,
        contract=result.contract,
        expected=result.expected,
        observed=observed,
        inputs=result.inputs,
        assumes=result.assumes,
        place=place,
    )


def _observed(result: Result) -> Observed | None:
    if isinstance(result.fact, Fact):
        value = result.fact.value if result.value is None else result.value
        return Observed(value, result.fact.authority, result.at or result.fact.origin)
    if result.at is None:
        return None
    value = result.at.text if result.value is None else result.value
    return Observed(value, None, result.at)


def _crash(check: Check, error: Exception) -> Result:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = last.filename.rpartition("skewguard")[2].lstrip("/\\")
    return Result(
        "error",
        f"the check {check.id} crashed on this input: {type(error).__name__} at {where}:{last.lineno}. "
        "Its verdict is missing; the other checks ran",
        remedy="report this with the manifest: it is a defect of skewguard",
    )


def by_place(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in reading order: by file, then line, then severity."""
    rank: Mapping[str, int] = {"error": 0, "warning": 1, "note": 2}

    def key(item: Finding) -> tuple[str, int, int, int, str]:
        place: Origin | None = item.origin
        return (
            (place.file if place else None) or (item.subject.source.path if item.subject.source else ""),
            (place.line if place else None) or 0,
            (place.column if place else None) or 0,
            rank[item.severity],
            item.check,
        )

    return sorted(findings, key=key)


def unique(findings: Iterable[Finding]) -> Iterator[Finding]:
    """One finding for one identity: the same fault seen through two roles of one template is told once."""
    seen: set[tuple[str, str]] = set()
    for item in findings:
        if (item.id, item.verdict) not in seen:
            seen.add((item.id, item.verdict))
            yield item
