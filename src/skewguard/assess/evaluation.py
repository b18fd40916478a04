"""Cases to findings: every check on every case, its answers given an identity, waivers applied, crashes contained."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, field, structs

from skewguard.judge.checks.interface import Case, Check, Result
from skewguard.language import redact
from skewguard.language.facts import Fact, Origin, Subject
from skewguard.language.findings import Finding, Observed, identity
from skewguard.language.results import PassedCheck, RestingPass

Anchor = Callable[[str], str]
"""Gives a file's path as it enters an identity: relative to the folder that holds `.skewguard` or `.git`."""


class Evaluation(Struct):
    """What the checks said about one case. `counts` are its passes and skips, `passed` lists them where it is asked.

    `resting` are the passes that hold only if sources that could not be seen say nothing else.
    """

    findings: list[Finding]
    passed: list[PassedCheck] | None
    counts: dict[str, int]
    resting: list[RestingPass] = field(default_factory=list)
    crashes: int = 0


def evaluate(case: Case, checks: Iterable[Check], anchor: Anchor, *, list_passed: bool = False) -> Evaluation:
    """Run checks over a case. A check that crashes becomes one finding with verdict `error`; the others go on."""
    evaluation = Evaluation([], [] if list_passed else None, {"pass": 0, "skipped": 0})
    for check in checks:
        try:
            results = list(check.run(case))
        except Exception as error:  # noqa: BLE001  # one check's defect must not hide the other checks' findings
            results = [_crash(check, error)]
            evaluation.crashes += 1
        if results:
            collect(evaluation, check, results, case.sheet.subject, anchor, case.container.origin)
        else:
            blind = check.reads_arguments and case.parsed is None
            _count(evaluation, check, _NOT_READ if blind else _PASSED, case.sheet.subject)
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
            _count(evaluation, check, result, subject)
        else:
            evaluation.findings.append(finding(check, result, subject, anchor, place))


_PASSED = Result("pass", "")
_NOT_READ = Result("skipped", "the arguments of this engine are not understood here")


def _count(evaluation: Evaluation, check: Check, result: Result, subject: Subject) -> None:
    """Count a pass or a skip; each container has dozens, so that they are listed for those alone who list them."""
    evaluation.counts[result.verdict] += 1
    if result.assumes and result.verdict == "pass":
        evaluation.resting.append(RestingPass(check.id, subject, result.setting, tuple(result.assumes)))
    if evaluation.passed is not None:
        verdict: Any = result.verdict
        evaluation.passed.append(PassedCheck(check.id, subject, verdict, result.message, result.setting))


def finding(check: Check, result: Result, subject: Subject, anchor: Anchor, place: Origin | None = None) -> Finding:
    """A result as a finding: with its identity, its evidence, and the check's own remedy where it has none."""
    made = Finding(
        id="",
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
        observed=_observed(result),
        inputs=result.inputs,
        assumes=result.assumes,
        place=place,
        effect=result.effect,
        pods=tuple(result.pods),
    )
    return _identified(made, anchor)


def _identified(item: Finding, anchor: Anchor) -> Finding:
    """The finding with its identity, which rests on names alone: no secret enters it, not even as a hash."""
    seen = item.observed.origin if item.observed else None
    file = seen.file if seen and seen.file else (item.subject.source.path if item.subject.source else None)
    told = item.numbered_anchor
    known_by = identity(
        item.check,
        item.setting,
        told if told is None or redact.free_text(told) == told else "hidden",
        item.subject,
        anchor(file) if file else None,
        _openly(item.setting, item.expected),
    )
    return structs.replace(item, id=known_by)


def _openly(setting: str | None, expected: Any) -> Any:
    """What is expected, as far as it may be known; the name of the setting tells two hidden ones apart."""
    if expected is None:
        return None
    name = (setting or "").rpartition(".")[2]
    return expected if redact.tree(expected, name) == expected else "hidden"


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


def distinct(findings: Iterable[Finding], anchor: Anchor) -> list[Finding]:
    """Every fault once, in reading order, each with an identity of its own.

    One fault seen through two roles of one template is told once: it has the same words and the same place. Several
    faults of one kind at one anchor (two words that belong to no flag) are numbered in the order of the document, so
    that none is lost; the first keeps the plain anchor.
    """
    places: dict[str, set[tuple[str, str, Origin | None]]] = {}
    told: list[Finding] = []
    for item in _by_place(findings):
        known = places.setdefault(item.id, set())
        seen = (item.verdict, item.message, item.origin)
        if seen not in known:
            known.add(seen)
            told.append(item if len(known) == 1 else _identified(structs.replace(item, occurrence=len(known)), anchor))
    return told


def _by_place(findings: Iterable[Finding]) -> list[Finding]:
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
