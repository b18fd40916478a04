"""`check`: manifests against contracts, and against what is known to go wrong."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

from msgspec import Struct, structs

from skewguard.adapters import places
from skewguard.api import inputs, surroundings
from skewguard.api.contracts import Contracts, load_contracts
from skewguard.assess import evaluation
from skewguard.judge.checks import contract_itself, registry
from skewguard.judge.checks.interface import Case
from skewguard.knowledge import engines
from skewguard.knowledge.contract import binding, waiving
from skewguard.knowledge.contract.values import Binding, Contract, WaiverRule
from skewguard.knowledge.project import Project
from skewguard.language.errors import ExitCode, UsageError
from skewguard.language.facts import Gap, Origin, Subject
from skewguard.language.findings import SEVERITIES, Finding, Waiver
from skewguard.language.results import (
    CheckReport,
    ContractLine,
    InputProblem,
    PassedCheck,
    SubjectLine,
    Summary,
    tally,
)


def check(
    paths: Sequence[str],
    *,
    contracts: Sequence[str] = (),
    fail_on: str | None = None,
    allow_unknown: bool = False,
    namespace: str | None = None,
    today: str | None = None,
    environ: Mapping[str, str] | None = None,
    progress: inputs.Progress | None = None,
    list_passed: bool = False,
    model_configs: Sequence[str] = (),
    gpu: str | None = None,
    tables: str | None = None,
) -> CheckReport:
    """Check manifests: paths, folders, globs, `-` for stdin.

    `contracts` are files or folders; without any those of the `.skewguard` folder above the working folder count.
    `fail_on` is a severity or `never`. `today` (ISO date) decides which waivers have ended,
    `environ` holds the variables `SKEWGUARD_*`. `list_passed` lists every check that passed, and not only their number.
    `model_configs` are checkpoints (`DIR`, `config.json` or `MODEL=DIR`), `gpu` is the class to take where the manifest
    names none. `tables` is a folder of engine tables that stand before the package's in this call.
    """
    if "-" in paths and "-" in contracts:
        raise UsageError("standard input is named for the manifests and for the contracts, and can be read once")
    today = today or datetime.now(tz=UTC).date().isoformat()
    with surroundings.of_call(
        fail_on=fail_on, tables_folder=tables, environ=environ, model_configs=model_configs, gpu=gpu
    ) as around:
        promised = load_contracts(contracts, around.apart)
        loaded = inputs.load(paths, around, namespace=namespace, progress=progress)
        judged = _judge(loaded, promised, around.project, namespace, today, list_passed=list_passed)
        return _report(loaded, promised, judged, around.project, allow_unknown=allow_unknown)


class _Judged(Struct):
    """Everything the checks said, waivers applied."""

    findings: list[Finding]
    passed: list[PassedCheck]
    counts: Counter[str]
    bindings: list[Binding]
    problems: list[InputProblem]
    assumed: int = 0


def _judge(
    loaded: inputs.Loaded,
    promised: Contracts,
    project: Project,
    namespace: str | None,
    today: str,
    *,
    list_passed: bool,
) -> _Judged:
    subjects = [case.sheet.subject for case in loaded.cases]
    bindings = binding.bind(promised.contracts, subjects, namespace)
    checks = [row for row in registry.CHECKS.values() if row not in contract_itself.OF_CONTRACTS]
    anchor = cache(places.anchor_of)  # asked for every finding
    result = _Judged([], [], Counter(), bindings, [])
    pairs: list[tuple[Finding, Sequence[WaiverRule]]] = []
    known = [*registry.CHECKS, *registry.aliases()]
    for case, bound in zip(loaded.cases, bindings, strict=True):
        case.binding = bound
        answer = evaluation.evaluate(case, checks, anchor, list_passed=list_passed)
        rules = _rules(case, bound, result, known)
        pairs += [(finding, rules) for finding in answer.findings]
        result.passed += answer.passed or ()
        result.counts.update(answer.counts)
        result.assumed += answer.assumed
    every = [rule for contract in promised.contracts for rule in contract.waivers]
    settled = waiving.settle(pairs, today, every, registry.aliases())
    about = [
        *_without_target(loaded, promised, bindings, subjects, namespace),
        *contract_itself.unknown_names(promised.contracts, _broken(settled.findings)),
        *contract_itself.waivers(settled),
    ]
    found = [*settled.findings, *(evaluation.finding(item.check, item.result, item.subject, anchor) for item in about)]
    kept = [_ignored(item, project, anchor) for item in found]
    result.findings = evaluation.distinct(kept, anchor)
    return result


def _broken(findings: Iterable[Finding]) -> set[Origin]:
    """The places of the clauses that some container does not keep, or may not."""
    return {item.contract.origin for item in findings if item.contract and item.verdict in ("fail", "unknown")}


def _without_target(
    loaded: inputs.Loaded,
    promised: Contracts,
    bindings: list[Binding],
    subjects: list[Subject],
    namespace: str | None,
) -> Iterator[contract_itself.About]:
    """Contracts that bind nothing; an error also where their object is in the input and is no engine any more."""
    objects = [workload.subject for workload in loaded.inventory.workloads]

    def wanted(contract: Contract) -> bool:
        there = any(binding.picks(contract, subject, namespace) for subject in objects)
        return there or promised.must_bind(contract, bindings)

    return contract_itself.without_target(promised.contracts, bindings, subjects, wanted)


def _ignored(item: Finding, project: Project, anchor: evaluation.Anchor) -> Finding:
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


def _rules(case: Case, bound: Binding, result: _Judged, known: Sequence[str]) -> list[WaiverRule]:
    """The waivers that may excuse a finding on this case: its contract's, and its annotations'."""
    rules = list(bound.contract.waivers) if bound.contract else []
    workload = case.workload
    for annotations in (workload.annotations, workload.template.annotations):
        own, errors = waiving.from_annotations(annotations, workload.subject, known)
        rules += own
        result.problems += [surroundings.problem(error) for error in errors]
    return rules


def _report(
    loaded: inputs.Loaded, promised: Contracts, judged: _Judged, project: Project, *, allow_unknown: bool
) -> CheckReport:
    problems = tuple(dict.fromkeys((*loaded.problems, *promised.problems, *judged.problems)))
    by_verdict, by_severity = tally(judged.findings, judged.counts)
    bound = [item.contract for item in judged.bindings if item.contract is not None]
    fail_on = project.fail_on
    return CheckReport(
        run_at=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        tables=engines.tables_used(),
        contracts=tuple(
            ContractLine(contract.name, contract.origin, sum(item is contract for item in bound))
            for contract in promised.contracts
        ),
        subjects=tuple(_subject_line(case) for case in loaded.cases),
        findings=tuple(judged.findings),
        gaps=tuple(_gaps(loaded.cases)),
        errors=problems,
        missing=loaded.inventory.missing,
        notes=(*loaded.notes, *promised.notes, *_unused(loaded, promised)),
        passed=tuple(judged.passed),
        summary=Summary(
            files=loaded.files,
            documents=loaded.documents,
            skipped_files=loaded.skipped_files,
            engines=len(loaded.cases),
            under_contract=len(bound),
            assumed=judged.assumed,
            by_verdict=by_verdict,
            by_severity=by_severity,
        ),
        exit_code=exit_code(judged.findings, problems, fail_on, allow_unknown=allow_unknown),
        fail_on=fail_on,
        allow_unknown=allow_unknown,
    )


def _unused(loaded: inputs.Loaded, promised: Contracts) -> Iterator[str]:
    """Contracts that lie among the manifests, and that nobody asked for: nothing is held to them."""
    for path in loaded.contract_files:
        if path not in promised.files:
            yield f"{path} holds a contract, which is not used: name it with --contract, or keep it in {inputs.FOLDER}"


def exit_code(
    findings: Iterable[Finding], problems: Sequence[InputProblem], fail_on: str, *, allow_unknown: bool
) -> int:
    """The exit code of a check: the first that applies of 1 failed, 4 crashed, 2 unreadable, 3 unknown, 0."""
    severities = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on in SEVERITIES else ()
    found = list(findings)
    happened = {
        ExitCode.FAILED: any(item.verdict == "fail" and item.severity in severities for item in found),
        ExitCode.INTERNAL: any(item.verdict == "error" for item in found),
        ExitCode.UNREADABLE: bool(problems),
        ExitCode.UNKNOWN: not allow_unknown
        and any(item.verdict == "unknown" and item.group == "contract" for item in found),
    }
    return ExitCode.first(code for code, applies in happened.items() if applies)


def _subject_line(case: Case) -> SubjectLine:
    bound = case.binding.contract if case.binding else None
    return SubjectLine(
        subject=case.sheet.subject,
        engine=case.engine,
        reason=case.recognition.reason if case.recognition else "",
        version=case.release.version if case.release else None,
        contract=bound.name if bound else None,
        understood=case.release is not None,  # of an engine without table
    )


def _gaps(cases: Iterable[Case]) -> Iterable[tuple[Subject, Gap]]:
    """The gaps a reader should know of: written values nobody can know, and why a container's start is unclear."""
    for case in cases:
        gaps = [*case.container.gaps, *(case.parsed.gaps.values() if case.parsed else ())]
        if case.parsed is not None and case.parsed.blind is not None:
            gaps.append(case.parsed.blind)
        yield from ((case.sheet.subject, gap) for gap in dict.fromkeys(gaps))
