"""Cases against contracts: every check on every case, waivers applied, what stands idle told, and the exit code."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Protocol

from msgspec import Struct, field, structs

from skewguard.adapters import places
from skewguard.api import surroundings
from skewguard.api.contracts import Contracts
from skewguard.assess.evaluation import Anchor, Evaluation, distinct, finding
from skewguard.judge.checks import contract_itself, registry
from skewguard.judge.checks.interface import Case, Check
from skewguard.knowledge.contract import waiving
from skewguard.knowledge.contract.values import Binding, Contract, WaiverRule
from skewguard.knowledge.project import Project
from skewguard.language.errors import ExitCode
from skewguard.language.facts import Origin
from skewguard.language.findings import SEVERITIES, Finding, Phase, Waiver
from skewguard.language.results import ContractLine, InputProblem, PassedCheck, RestingPass, SubjectLine


class Evaluate(Protocol):
    """What runs checks over one case."""

    def __call__(self, case: Case, checks: Iterable[Check], anchor: Anchor, *, list_passed: bool = False) -> Evaluation:
        """The checks' answers."""
        ...


class Bench(Struct, frozen=True):
    """What cases are judged with. `wanted` says of a contract that binds nothing whether that is an error (None: unknown).

    `only` leaves out checks whose answers nobody asks for.
    """

    promised: Contracts
    project: Project
    today: str
    phase: Phase
    evaluate: Evaluate
    wanted: Callable[[Contract], bool | None]
    list_passed: bool = False
    only: Callable[[Check], bool] = lambda _check: True


class Judged(Struct):
    """Everything the checks said, waivers applied."""

    findings: list[Finding]
    passed: list[PassedCheck]
    counts: Counter[str]
    bindings: Sequence[Binding]
    problems: list[InputProblem]
    resting: list[RestingPass] = field(default_factory=list)

    def contracts(self, promised: Contracts) -> tuple[ContractLine, ...]:
        """Each contract, with how many subjects it binds."""
        bound = [item.contract for item in self.bindings if item.contract is not None]
        return tuple(
            ContractLine(contract.name, contract.origin, sum(item is contract for item in bound))
            for contract in promised.contracts
        )


def judge(cases: Sequence[Case], bindings: Sequence[Binding], bench: Bench) -> Judged:
    """Every check of the phase (of a case that was loaded: of that phase) on every case under its binding, and what is to be said of the contracts themselves."""
    rows = [row for row in registry.CHECKS.values() if row not in contract_itself.OF_CONTRACTS and bench.only(row)]
    checks = [row for row in rows if bench.phase in row.phases]
    under_load = [row for row in rows if "load" in row.phases]
    anchor = cache(places.anchor_of)  # asked for every finding
    result = Judged([], [], Counter(), bindings, [])
    pairs: list[tuple[Finding, Sequence[WaiverRule]]] = []
    known = [*registry.CHECKS, *registry.aliases()]
    for case, bound in zip(cases, bindings, strict=True):
        case.binding = bound
        answer = bench.evaluate(
            case, under_load if case.phase == "load" else checks, anchor, list_passed=bench.list_passed
        )
        rules = _rules(case, bound, result, known)
        pairs += [(item, rules) for item in answer.findings]
        result.passed += answer.passed or ()
        result.counts.update(answer.counts)
        result.resting += answer.resting
    contracts = bench.promised.contracts
    every = [rule for contract in contracts for rule in contract.waivers]
    settled = waiving.settle(pairs, bench.today, every, registry.aliases())
    about = [
        *contract_itself.without_target(contracts, bindings, [case.sheet.subject for case in cases], bench.wanted),
        *contract_itself.unknown_names(contracts, _broken(settled.findings)),
        *contract_itself.waivers(settled),
    ]
    found = [*settled.findings, *(finding(item.check, item.result, item.subject, anchor) for item in about)]
    result.findings = distinct([_ignored(item, bench.project, anchor) for item in found], anchor)
    return result


def _broken(findings: Iterable[Finding]) -> set[Origin]:
    """The places of the clauses that some container does not keep, or may not."""
    return {item.contract.origin for item in findings if item.contract and item.verdict in ("fail", "unknown")}


def _ignored(item: Finding, project: Project, anchor: Anchor) -> Finding:
    """The finding, waived where the project configuration ignores its check for its file."""
    if not project.ignore or item.verdict not in ("fail", "unknown"):
        return item
    place = item.origin
    file = (place.file if place else None) or (item.subject.source.path if item.subject.source else "")
    names = (item.check, *registry.CHECKS[item.check].aliases)
    rule = next((rule for name in names if (rule := project.ignores(name, anchor(file)))), None)
    if rule is None:
        return item
    return structs.replace(item, verdict="waived", waiver=Waiver(rule.reason, None, rule.origin))


def _rules(case: Case, bound: Binding, result: Judged, known: Sequence[str]) -> list[WaiverRule]:
    """The waivers that may excuse a finding on this case: its contract's, and its annotations'."""
    rules = list(bound.contract.waivers) if bound.contract else []
    workload = case.workload
    for annotations in (workload.annotations, workload.template.annotations):
        own, errors = waiving.from_annotations(annotations, workload.subject, known)
        rules += own
        result.problems += [surroundings.problem(error) for error in errors]
    return rules


def exit_code(
    findings: Iterable[Finding], problems: Sequence[InputProblem], fail_on: str, *, allow_unknown: bool
) -> int:
    """The exit code of a check: the first that applies of 1 failed, 4 crashed, 2 unreadable, 3 unknown, 0."""
    severities = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on in SEVERITIES else ()
    found = list(findings)
    happened: Mapping[ExitCode, bool] = {
        ExitCode.FAILED: any(item.verdict == "fail" and item.severity in severities for item in found),
        ExitCode.INTERNAL: any(item.verdict == "error" for item in found),
        ExitCode.UNREADABLE: bool(problems),
        ExitCode.UNKNOWN: not allow_unknown
        and any(item.verdict == "unknown" and item.group == "contract" for item in found),
    }
    return ExitCode.first(code for code, applies in happened.items() if applies)


def subject_line(case: Case) -> SubjectLine:
    """One container that runs an engine, as a result lists it."""
    bound = case.binding.contract if case.binding else None
    return SubjectLine(
        subject=case.sheet.subject,
        engine=case.engine,
        reason=case.recognition.reason if case.recognition else "",
        version=case.release.version if case.release else None,
        contract=bound.name if bound else None,
        understood=case.release is not None,  # of an engine without table
    )
