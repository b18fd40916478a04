"""The contracts of one run: which files hold them, what is wrong with them, and what was passed over.

A path that somebody names must give a contract: one that gives none is an error, because a check that judges nothing
must not look green. In a folder, documents of another kind are passed over and told.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct, field

from skewguard.adapters import files, places, sweeping
from skewguard.api import histories, inputs, surroundings
from skewguard.judge.checks import registry
from skewguard.knowledge.contract import values
from skewguard.knowledge.contract.values import Binding, Contract
from skewguard.language.errors import InputError
from skewguard.language.results import InputProblem

MOST_TOLD = 3
"""Documents of one folder that are told one by one when they are no contracts; the others are counted."""

_EXPECTED = f"a contract says apiVersion: {values.API_VERSION} and kind: {values.KIND}"


class Contracts(Struct):
    """The contracts of one run. `asked`: they were asked for with `--contract`.

    `named` are the files that were named themselves, `files` all that were read for contracts.
    """

    contracts: tuple[Contract, ...] = ()
    problems: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
    asked: bool = False
    named: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()

    def must_bind(self, contract: Contract, bindings: Iterable[Binding]) -> bool:
        """Whether binding nothing is an error: its file was named, or a folder was of which no contract binds any."""
        return self.asked and (contract.origin.file in self.named or not any(item.candidates for item in bindings))


class _Source(Struct):
    """What one path gave: texts by file, what could not be read, what was passed over. `whole`: it is no folder."""

    path: str
    texts: dict[str, str] = field(default_factory=dict)
    errors: list[InputError] = field(default_factory=list)
    passed: list[InputError] = field(default_factory=list)
    whole: bool = False
    repeated: bool = False


def load_contracts(paths: Sequence[str], apart: Collection[str] = ()) -> Contracts:
    """The contracts given by path, else those of the `.skewguard` folder found upward. Problems are kept, not raised.

    `apart` are files and folders that are known to hold something else, and are not looked at in a sweep.
    """
    asked = bool(paths)
    sources = list(_sources(dict.fromkeys(paths) if asked else _found_upward(), apart))
    errors = [error for source in sources for error in source.errors]
    errors += () if asked else _no_folder()
    texts = [item for source in sources for item in source.texts.items()]
    if not texts and not sources:
        return Contracts(problems=_problems(errors))
    from skewguard.knowledge.contract import loading  # lazily: most checks have no contract

    loaded = loading.load(texts, [*registry.CHECKS, *registry.aliases()], histories)
    errors += loaded.errors
    holding = {contract.origin.file for contract in loaded.contracts} | {error.file for error in loaded.errors}
    notes = [f"{note.origin}: {note.message}" for note in loaded.notes]
    for source in sources:
        foreign = [error for error in loaded.foreign if error.file in source.texts]
        barren = not source.errors and not source.repeated and not holding.intersection(source.texts)
        if asked and barren:
            errors += foreign[:1] if source.whole and foreign else [_without(source)]
        if not (asked and barren and source.whole):
            notes += _passed_over(source, [*foreign, *source.passed])
    return Contracts(
        contracts=tuple(loaded.contracts),
        problems=_problems(errors),
        notes=tuple(notes),
        asked=asked,
        named=frozenset(path for source in sources if source.whole for path in source.texts),
        files=frozenset(path for path, _ in texts),
    )


def _found_upward() -> Iterator[str]:
    folder = places.project_folder()
    if folder is not None:
        yield folder


def _no_folder() -> Iterator[InputError]:
    """What stands where the `.skewguard` folder should, and would hide every contract."""
    found = places.find_upward(".", inputs.FOLDER)
    if found is not None and places.project_folder() is None:
        yield InputError(
            f"{files.shown(found)} is no folder, so no contract can be read from it",
            hint="make it a folder that holds the contracts, or name them with --contract",
            file=files.shown(found),
        )


def _sources(paths: Iterable[str], apart: Collection[str]) -> Iterator[_Source]:
    """Every path with what it gave. A file reached by two paths is read once, where it was reached first."""
    seen: set[str] = set()
    for path in paths:
        source = _Source(path)
        for item in sweeping.read_inputs([path]):
            source.whole = item.named
            if item.error is not None:
                source.errors.append(item.error)
            elif item.skipped is not None or item.text is None:
                source.passed.append(InputError(f"is {item.skipped}", file=item.path))
            elif item.named or not _set_apart(item.path, apart):
                anchor = places.anchor_of(item.path)
                source.repeated |= anchor in seen
                source.texts.update({} if anchor in seen else {item.path: item.text})
                seen.add(anchor)
        yield source


def _set_apart(path: str, apart: Collection[str]) -> bool:
    """Whether a file of a sweep is known to be for something else than contracts."""
    return places.is_project_file(path, surroundings.CONFIG) or (bool(apart) and places.lies_in(path, apart))


def _without(source: _Source) -> InputError:
    """The error for a path that was named and gives no contract."""
    path = files.shown(source.path)
    return InputError(
        f"{path} holds no contract", hint=f"check the path; {_EXPECTED}; `skewguard init` writes one", file=path
    )


def _passed_over(source: _Source, foreign: Sequence[InputError]) -> Iterator[str]:
    """One note about the documents of a path that are no contracts."""
    told = [
        f"{error.file}:{error.line} {error.message}" if error.line else f"{error.file} {error.message}"
        for error in foreign
    ]
    if told:
        more = f"; and {len(told) - MOST_TOLD} more in {files.shown(source.path)}" if len(told) > MOST_TOLD else ""
        yield f"{'; '.join(told[:MOST_TOLD])}{more}"


def _problems(errors: Iterable[InputError]) -> tuple[InputProblem, ...]:
    return tuple(surroundings.problem(error) for error in errors)
