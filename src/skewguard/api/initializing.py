"""`init`: a contract from what a manifest makes an engine run with."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skewguard.adapters import files, places, writing
from skewguard.api import inputs, surroundings, things
from skewguard.api.contracts import load_contracts
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import binding, writer
from skewguard.knowledge.contract.values import Contract
from skewguard.language.errors import ExitCode, InputError, UsageError
from skewguard.language.results import InitReport, WrittenContract


def init(
    words: Sequence[str],
    *,
    namespace: str | None = None,
    write: bool = False,
    model_configs: Sequence[str] = (),
    gpu: str | None = None,
    tables: str | None = None,
    environ: Mapping[str, str] | None = None,
    **reach: Any,
) -> InitReport:
    """One contract for each engine of a THING; with `write` each in a new file of the nearest `.skewguard` folder.

    What could not be read comes back beside the contracts. Raises `InputError` when everything was read and holds no
    engine, `UsageError` when a file exists already: then none is written. `model_configs`, `gpu`, `tables` and `environ`
    as in `settings`. `reach` are the fields of `witnessing.Reached`: how a cluster and its engines are reached.
    """
    thing = things.parse(tuple(words))
    with surroundings.of_call(tables_folder=tables, environ=environ, model_configs=model_configs, gpu=gpu) as around:
        loaded = inputs.of_thing(thing, around, namespace=namespace, reached=inputs.reached(reach))
        if not loaded.cases and not loaded.problems:
            raise InputError(
                f"no inference engine in {' '.join(words)}, so there is nothing to promise",
                hint="`skewguard check` says for every container why it is none",
            )
        there = load_contracts((), around.apart).contracts if write else ()
        return _report(loaded, there, namespace, write=write)


def _report(loaded: inputs.Loaded, there: Sequence[Contract], namespace: str | None, *, write: bool) -> InitReport:
    bound = _bound_already(loaded.cases, there, namespace)
    taken = {contract.name for contract in there}
    named = zip(_names(loaded.cases), loaded.cases, bound, strict=True)
    names = [_apart(name, case) if name in taken and not notes else name for name, case, notes in named]
    texts = [writer.write(case, name) for case, name in zip(loaded.cases, names, strict=True)]
    return InitReport(
        contracts=_written(names, texts) if write else _joined(texts),
        errors=loaded.problems,
        missing=loaded.inventory.missing,
        notes=(*loaded.notes, *_unheld(loaded.cases), *(note for notes in bound for note in notes)),
        exit_code=ExitCode.UNREADABLE if loaded.problems else ExitCode.OK,
    )


def _joined(texts: Sequence[str]) -> tuple[WrittenContract, ...]:
    """The contracts as documents of one stream."""
    return tuple(WrittenContract(f"---\n{text}" if index else text) for index, text in enumerate(texts))


def _apart(name: str, case: Case) -> str:
    """The name with its namespace before it, for one that a contract of something else has."""
    space = case.workload.subject.namespace
    return f"{space}-{name}" if space else name


def _written(names: Sequence[str], texts: Sequence[str]) -> tuple[WrittenContract, ...]:
    """Each contract in a file of its own; none where one of the files exists."""
    folder = places.project_folder() or inputs.FOLDER
    paths = [f"{folder}/{name}.yaml" for name in _file_names(names)]
    taken = [files.shown(path) for path in paths if files.exists(path)]
    if taken:
        raise UsageError(
            f"{', '.join(taken)} exist{'' if len(taken) > 1 else 's'} already; nothing is overwritten, and nothing was written",
            hint="remove what is no longer meant, or print the contracts instead of writing them",
        )
    return tuple(WrittenContract(text, writing.write_new(path, text)) for path, text in zip(paths, texts, strict=True))


def _unheld(cases: Sequence[Case]) -> Iterator[str]:
    """Which settings that matter a contract leaves out: one that promises little stays green whatever changes."""
    for case in cases:
        server = case.recognition is None or case.recognition.runs == "server"  # a worker's settings are its leader's
        names = writer.unheld(case) if server else []
        if names:
            yield (
                f"the contract of {case.sheet.subject} does not hold {', '.join(names)} ({_why(case)}): a change of "
                "these will not be seen until you write down what you validated"
            )


def _why(case: Case) -> str:
    if case.parsed is not None:
        return "could not be read"
    return f"skewguard does not know how {case.title} takes them, and holds its arguments and variables as written"


def _bound_already(cases: Sequence[Case], there: Sequence[Contract], namespace: str | None) -> list[tuple[str, ...]]:
    """For each, the contracts it is under before the new one is written: two on one container are not judged."""
    subjects = [case.sheet.subject for case in cases]
    bindings = binding.bind(there, subjects, namespace)
    return [
        tuple(
            f"{subject} is under the contract {contract.name} already ({contract.origin.brief}); of two contracts on "
            "one container none is judged, so keep one"
            for contract in bound.candidates
        )
        for subject, bound in zip(subjects, bindings, strict=True)
    ]


def _names(cases: Sequence[Case]) -> list[str]:
    """One name per contract: the workload's, with role and container where that is not enough."""
    names = [case.workload.subject.name for case in cases]
    if len(set(names)) == len(names):
        return names
    longer = [
        "-".join(part for part in (case.workload.subject.name, case.workload.subject.role, case.container.name) if part)
        for case in cases
    ]
    return [name if longer.count(name) == 1 else f"{name}-{index + 1}" for index, name in enumerate(longer)]


def _file_names(names: Sequence[str]) -> list[str]:
    """A file for each name, without what would lead to another folder: the manifest may be anybody's."""
    import re

    plain = [re.sub(r"[^A-Za-z0-9_.=-]+", "-", name).strip(".-")[:100] or "contract" for name in names]
    return [name if plain.count(name) == 1 else f"{name}-{index + 1}" for index, name in enumerate(plain)]
