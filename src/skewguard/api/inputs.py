"""From words to cases: the project configuration, the documents of every input, and the engines in them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from skewguard.adapters import files, places, sweeping
from skewguard.api import given, things
from skewguard.api.surroundings import CONFIG, Around, problem
from skewguard.api.things import Thing
from skewguard.assess import cases as assessing
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import values as contracts
from skewguard.knowledge.engines import commands, declarations, versions
from skewguard.language import documents
from skewguard.language.documents import Document
from skewguard.language.errors import InputError, UsageError
from skewguard.language.results import InputProblem
from skewguard.language.workloads import Inventory, Missing, Workload
from skewguard.observe.sources import command_lines, manifests

if TYPE_CHECKING:
    from skewguard.api.witnessing import Reached

FOLDER = ".skewguard"
MOST_FOREIGN = 5
"""Documents of one file that are told one by one when they are no Kubernetes objects; the others are counted."""
MOST_NAMED = 3
"""Subjects that one note names."""

Progress = Callable[[int], None]
"""Called with the number of inputs read so far."""


class Loaded(Struct):
    """What the inputs hold: neighbours, engines as cases, and all that could not be read.

    `contract_files` are those inputs that hold a contract, which is no manifest.
    """

    inventory: Inventory
    cases: tuple[Case, ...] = ()
    problems: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
    files: int = 0
    documents: int = 0
    skipped_files: int = 0
    contract_files: tuple[str, ...] = ()


def load(
    paths: Sequence[str],
    around: Around,
    *,
    namespace: str | None = None,
    version: str | None = None,
    progress: Progress | None = None,
) -> Loaded:
    """Read every input and judge every container in it. `version` (`vllm==0.11.0`) stands in for the manifest's own."""
    gathered = _Gathered(around)
    for done, item in enumerate(sweeping.read_inputs(paths), start=1):
        gathered.take(_advised(item))
        if progress is not None:
            progress(done)
    return gathered.finish(namespace, _version(version))


def _advised(item: sweeping.Input) -> sweeping.Input:
    """An input that is not there, with the advice for a URL or an object of a cluster, where a path names one."""
    error = item.error
    advice = things.instead(item.path, "check") if error is not None and item.named else None
    if error is None or advice is None:
        return item
    return structs.replace(item, error=InputError(error.message, hint=advice, file=error.file))


def reached(reach: Mapping[str, Any]) -> "Reached | None":
    """How a cluster and its engines are reached, from the options of a verb (the fields of `Reached`); None without any."""
    if not reach:
        return None
    from skewguard.api.witnessing import Reached

    return Reached(**reach)


def of_thing(
    thing: Thing,
    around: Around,
    *,
    namespace: str | None = None,
    version: str | None = None,
    reached: "Reached | None" = None,
    every: bool = False,
) -> Loaded:
    """The engines of one THING. `reached` says how a cluster and an engine are; `every`: all ways in which replicas run.

    An object under another `version` is read as its manifest says it: what its replicas show is of the version that runs.
    """
    if thing.kind == "path":
        return load([thing.text], around, namespace=namespace, version=version)
    if thing.kind == "command-line":
        return _of_command_line(thing, version, around)
    from skewguard.api import witnessing  # lazily: a manifest needs no cluster

    how = reached or witnessing.Reached()
    if thing.kind == "url":
        if version is not None:
            raise UsageError("what runs behind a URL runs one version", hint="name the manifest, or its command line")
        return witnessing.of_url(thing, around, how)
    name = things.object_name(thing.text)
    if name is None:
        raise UsageError(f"{thing.text!r} names no object of a cluster", hint="write it as kind/name")
    if version is None:
        return witnessing.of_object(name, around, how, namespace, every=every)
    inventory, problems = witnessing.declared(name, around, how, namespace)
    judged = _judged(inventory, _version(version), around)
    cases = tuple(item.case for item in judged.containers if item.case is not None)
    return Loaded(inventory, cases, (*around.problems, *problems, *judged.problems), (*around.notes, *judged.notes))


def _of_command_line(thing: Thing, version: str | None, around: Around) -> Loaded:
    if thing.engine not in commands.ENGINES:
        raise UsageError(
            f"no inference engine is called {thing.engine!r}",
            hint=f"engines that are known: {', '.join(commands.ENGINES)}",
        )
    workload = command_lines.workload(thing.text, thing.engine, thing.argv, _file_of_command_line)
    assumed = version or (f"{thing.engine}=={thing.version}" if thing.version else None)
    unread = [file for container in workload.template.containers for file in container.files if file.text is None]
    hides, supply = "every setting in it", "check the path; it is taken from the working folder"
    missing = (Missing(file.path, hides, supply, workload.origin, workload.subject) for file in unread)
    inventory = Inventory(workloads=(workload,), missing=tuple(missing))
    judged = _judged(inventory, _version(assumed), around)
    cases = tuple(item.case for item in judged.containers if item.case is not None)
    return Loaded(inventory, cases, around.problems + judged.problems, around.notes + judged.notes)


class _Judged(Struct, frozen=True):
    """Every container judged; what was given for them and could not be read, and what of it was not used."""

    containers: Sequence[assessing.Judged]
    problems: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()


def _judged(inventory: Inventory, version: assessing.Version | None, around: Around) -> _Judged:
    """Which model a checkpoint is for shows only when all of them are known, so they are judged once more with it."""
    wanted = around.wanted
    known, _ = given.fitted(wanted, ())
    judged = list(assessing.judged(inventory, around.project, version, known))
    if wanted.nothing:
        return _Judged(judged)
    cases = [item.case for item in judged if item.case is not None]
    found, errors = given.fitted(wanted, cases)
    if found != known:
        judged = list(assessing.judged(inventory, around.project, version, found))
    return _Judged(judged, tuple(problem(error) for error in errors), tuple(given.notes(wanted, cases)))


def _file_of_command_line(path: str) -> str | None:
    try:
        return files.read_text(path)
    except InputError:
        return None


def _version(text: str | None) -> assessing.Version | None:
    if text is None:
        return None
    engine, marker, number = text.partition("==")
    if not marker or versions.key(number) is None:
        raise UsageError(f"{text!r} is no engine version", hint="write it as vllm==0.11.0")
    return assessing.Version(engine.lower(), number)


class _Gathered:
    """The documents of all inputs, and what is to be said about those that gave none."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._project = around.project
        self._documents: list[Document] = []
        self._named: set[str] = set()
        self._problems: list[InputProblem] = []
        self._files = 0
        self._skipped = 0
        self._ignored = 0

    def take(self, item: sweeping.Input) -> None:
        """Read one input."""
        if item.error is not None:
            self._problems.append(problem(item.error))
            return
        if item.skipped is not None or item.text is None:
            self._skipped += 1
            return
        if self._project.ignore and self._project.skips(places.anchor_of(item.path)):
            self._ignored += 1
            return
        self._files += 1
        if item.named:
            self._named.add(item.path)
        template = manifests.unrendered(item.text, item.path)
        if template is not None and not item.named:
            self._skipped += 1
            self._files -= 1
        elif template is not None:
            self._problems.append(problem(template))
        else:
            found, errors = documents.read(item.text, item.path)
            self._documents += found
            self._problems += [problem(error) for error in errors]

    def finish(self, namespace: str | None, version: assessing.Version | None) -> Loaded:
        """Turn the documents into an inventory and judge its containers."""
        count = len(self._documents)
        promises = {each.path: None for each in self._documents if each.root.get("kind").text() == contracts.KIND}
        read = manifests.read(self._documents, namespace)
        foreign = self._foreign(read)
        self._documents.clear()  # the trees are most of the memory, and nobody asks them again
        inventory = read.inventory
        odd = tuple(hint for workload in inventory.workloads for hint in declarations.problems(workload))
        inventory = structs.replace(inventory, hints=inventory.hints + odd)
        judged = _judged(inventory, version, self._around)
        found = tuple(item.case for item in judged.containers if item.case is not None)
        problems = [*self._problems, *(problem(error) for error in read.errors), *foreign]
        if not read.objects and not problems and not self._ignored:
            problems.append(InputProblem(None, "no Kubernetes document in the input", hint="give rendered manifests"))
        return Loaded(
            inventory=inventory,
            cases=found,
            problems=(*problems, *judged.problems, *self._around.problems),
            notes=(*self._around.notes, *self._notes(inventory, judged.containers, found), *judged.notes),
            files=self._files,
            documents=count,
            skipped_files=self._skipped,
            contract_files=tuple(promises),
        )

    def _foreign(self, read: manifests.Manifests) -> list[InputProblem]:
        """Documents that are no Kubernetes objects: a problem where the file was named, counted where it was met."""
        told: dict[str, list[InputProblem]] = {}
        met: set[str] = set()
        more: dict[str, int] = {}
        for document in read.foreign:
            if document.path not in self._named:
                met.add(document.path)
            elif len(of_file := told.setdefault(document.path, [])) < MOST_FOREIGN:
                place = document.root.origin
                what = "has no `kind` and `apiVersion`, so it is no Kubernetes object"
                of_file.append(InputProblem(document.path, what, place.line, place.column, "leave it out"))
            else:
                more[document.path] = more.get(document.path, 0) + 1
        self._skipped += len(met)
        self._files -= len(met)
        rest = (
            InputProblem(path, f"{path} holds {number:,} more documents that are no Kubernetes objects")
            for path, number in more.items()
        )
        return [*(problem for of_file in told.values() for problem in of_file), *rest]

    def _notes(self, inventory: Inventory, judged: Sequence[assessing.Judged], found: Sequence[Case]) -> Iterator[str]:
        if self._ignored:
            yield f"{self._ignored} files are left out by `ignore` in {FOLDER}/{CONFIG}"
        yield from by_note([case.workload for case in found] or inventory.workloads)
        if not found and inventory.workloads:
            yield "no inference engine in the input"
            yield from (f"{item.subject}: {item.recognition.reason}" for item in judged[:20])


def by_note(workloads: Iterable[Workload]) -> Iterator[str]:
    """Each note about workloads once, with those it is about."""
    about: dict[str, dict[str, None]] = {}
    for workload in workloads:
        for note in workload.notes:
            about.setdefault(note, {})[str(workload.subject)] = None
    for note, subjects in about.items():
        names = list(subjects)
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield f"{', '.join(names[:MOST_NAMED])}{more}: {note}"
