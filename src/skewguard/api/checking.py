"""`check`: manifests against contracts, and against what is known to go wrong."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from skewguard.api import inputs, judging, surroundings
from skewguard.api.contracts import Contracts, load_contracts
from skewguard.api.gated import Gated, Sanity
from skewguard.assess import evaluation
from skewguard.judge.checks.interface import Case
from skewguard.knowledge import engines
from skewguard.knowledge.contract import binding
from skewguard.knowledge.contract.values import Binding, Contract
from skewguard.knowledge.project import Project
from skewguard.language.errors import UsageError
from skewguard.language.facts import Gap, Subject
from skewguard.language.results import CheckReport, Summary, tally


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
    sanity: Sanity | None = None,
) -> CheckReport:
    """Check manifests: paths, folders, globs, `-` for stdin.

    `contracts` are files or folders; without any those of the `.skewguard` folder above the working folder count.
    `fail_on` is a severity or `never`. `today` (ISO date) decides which waivers have ended,
    `environ` holds the variables `SKEWGUARD_*`. `list_passed` lists every check that passed, and not only their number.
    `model_configs` are checkpoints (`DIR`, `config.json` or `MODEL=DIR`), `gpu` is the class to take where the manifest
    names none. `tables` is a folder of engine tables that stand before the package's in this call. `sanity`: the engine that
    they run as behind a URL is asked and loaded too, after everything else, and what is found is one report.
    """
    if "-" in paths and "-" in contracts:
        raise UsageError("standard input is named for the manifests and for the contracts, and can be read once")
    today = today or datetime.now(tz=UTC).date().isoformat()
    with surroundings.of_call(
        fail_on=fail_on, tables_folder=tables, environ=environ, model_configs=model_configs, gpu=gpu
    ) as around:
        promised = load_contracts(contracts, around.apart)
        loaded = inputs.load(paths, around, namespace=namespace, progress=progress)
        bindings = binding.bind(promised.contracts, [case.sheet.subject for case in loaded.cases], namespace)
        wanted = _wanted(loaded, promised, bindings, namespace)
        bench = judging.Bench(
            promised, around.project, today, "static", evaluation.evaluate, wanted, list_passed=list_passed
        )
        gated = _gated(sanity, loaded, bindings, around)
        judged = judging.judge([*loaded.cases, *gated.cases], [*bindings, *gated.bindings], bench)
        judged.bindings = bindings
        return _report(loaded, promised, judged, around.project, gated, allow_unknown=allow_unknown)


def _gated(sanity: Sanity | None, loaded: inputs.Loaded, bindings: list[Binding], around: surroundings.Around) -> Gated:
    if sanity is None:
        return Gated()
    from skewguard.api import gating  # lazily: most checks load nothing

    return gating.gate(sanity, loaded.cases, bindings, around)


def _wanted(
    loaded: inputs.Loaded, promised: Contracts, bindings: list[Binding], namespace: str | None
) -> Callable[[Contract], bool]:
    """Whether a contract that binds nothing is an error: named, or its object is in the input and is no engine any more."""
    objects = [workload.subject for workload in loaded.inventory.workloads]

    def wanted(contract: Contract) -> bool:
        there = any(binding.picks(contract, subject, namespace) for subject in objects)
        return there or promised.must_bind(contract, bindings)

    return wanted


def _report(
    loaded: inputs.Loaded,
    promised: Contracts,
    judged: judging.Judged,
    project: Project,
    gated: Gated,
    *,
    allow_unknown: bool,
) -> CheckReport:
    problems = tuple(dict.fromkeys((*loaded.problems, *promised.problems, *judged.problems, *gated.problems)))
    by_verdict, by_severity = tally(judged.findings, judged.counts)
    bound = [item.contract for item in judged.bindings if item.contract is not None]
    fail_on = project.fail_on
    return CheckReport(
        run_at=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        phases=("static", "load") if gated.cases else ("static",),
        tables=engines.tables_used(),
        contracts=judged.contracts(promised),
        subjects=tuple(judging.subject_line(case) for case in (*loaded.cases, *gated.cases)),
        findings=tuple(judged.findings),
        gaps=tuple(gaps(loaded.cases)),
        errors=problems,
        missing=loaded.inventory.missing,
        notes=(*loaded.notes, *promised.notes, *_unused(loaded, promised), *gated.notes),
        passed=tuple(judged.passed),
        resting=tuple(judged.resting),
        summary=Summary(
            files=loaded.files,
            documents=loaded.documents,
            skipped_files=loaded.skipped_files,
            engines=len(loaded.cases),
            under_contract=len(bound),
            assumed=len(judged.resting),
            by_verdict=by_verdict,
            by_severity=by_severity,
        ),
        exit_code=judging.exit_code(judged.findings, problems, fail_on, allow_unknown=allow_unknown),
        fail_on=fail_on,
        allow_unknown=allow_unknown,
    )


def _unused(loaded: inputs.Loaded, promised: Contracts) -> Iterator[str]:
    """Contracts that lie among the manifests, and that nobody asked for: nothing is held to them."""
    for path in loaded.contract_files:
        if path not in promised.files:
            yield f"{path} holds a contract, which is not used: name it with --contract, or keep it in {inputs.FOLDER}"


def gaps(cases: Iterable[Case]) -> Iterable[tuple[Subject, Gap]]:
    """The gaps a reader should know of: written values nobody can know, and why a container's start is unclear."""
    for case in cases:
        gaps = [*case.container.gaps, *(case.parsed.gaps.values() if case.parsed else ())]
        if case.parsed is not None and case.parsed.blind is not None:
            gaps.append(case.parsed.blind)
        yield from ((case.sheet.subject, gap) for gap in dict.fromkeys(gaps))
