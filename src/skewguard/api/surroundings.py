"""What stands around the inputs of one call: the project's words, the engine tables, and what was given beside them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from msgspec import Struct

from skewguard.adapters import files, folders, places
from skewguard.api import given
from skewguard.api.given import NOTHING, Wanted
from skewguard.knowledge import engines
from skewguard.knowledge import project as projects
from skewguard.knowledge.engines import commands, tables, versions
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.project import Project
from skewguard.language.errors import InputError, SkewguardError
from skewguard.language.facts import Located
from skewguard.language.results import InputProblem

CONFIG = "config.yaml"


class Around(Struct, frozen=True):
    """The project's words and what was given beside the inputs. `problems` are what is wrong with the project's file,

    `notes` what is to be said of the tables."""

    project: Project = Project()
    wanted: Wanted = NOTHING
    problems: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def apart(self) -> tuple[str, ...]:
        """What the project's file names for another use, and may lie among the contracts."""
        said = self.project.tables
        named = [(rule.origin, rule.config) for rule in self.project.models]
        named += [(said.origin, said.value)] if said is not None else []
        return tuple(places.beside(origin.file, path) for origin, path in named)


@contextmanager
def of_call(
    *,
    fail_on: str | None = None,
    tables_folder: str | None = None,
    store: str | None = None,
    environ: Mapping[str, str] | None = None,
    model_configs: Sequence[str] = (),
    gpu: str | None = None,
) -> Iterator[Around]:
    """Everything around one call; its engine tables hold inside the block, and nowhere else.

    Raises `InputError` for tables and checkpoints that cannot be read, `UsageError` for what cannot be meant.
    """
    found, problems = project(environ, {"fail_on": fail_on, "tables": tables_folder, "store": store})
    newer = _newer(found.tables)
    with tables.using(newer):
        wanted = given.read(model_configs, gpu, found.models)
        yield Around(found, wanted, problems, tuple(_told(newer, found.tables)))


def project(
    environ: Mapping[str, str] | None = None, flags: Mapping[str, str | None] | None = None
) -> tuple[Project, tuple[InputProblem, ...]]:
    """The project configuration of `.skewguard/config.yaml` above the working folder, under environment and flags.

    What is wrong with the file comes back beside what could be read of it.
    """
    found, errors = Project(), list[InputError]()
    path = places.project_file(CONFIG)
    if path is not None:
        from skewguard.judge.checks import registry  # lazily: most verbs need no check, and most projects no file

        known = (*registry.CHECKS, *registry.aliases())
        try:
            found, errors = projects.read(files.read_text(path), path, tuple(commands.ENGINES), known)
        except InputError as error:
            errors.append(error)
    return projects.merge(found, environ or {}, flags or {}), tuple(problem(error) for error in errors)


def problem(error: SkewguardError) -> InputProblem:
    """An error as a result shows it."""
    return InputProblem(error.file, error.message, error.line, error.column, error.hint)


def _newer(said: Located[str] | None) -> dict[str, Table]:
    """The tables of the folder that was named, by engine. An engine that it does not hold keeps the package's."""
    if said is None:
        return {}
    from skewguard.knowledge.engines import newer_tables

    names = {f"{engine}.json": engine for engine in engines.ENGINES}
    try:
        texts = folders.texts(places.beside(said.origin.file, said.value), tuple(names))
    except InputError as error:
        origin, place = said.origin, "`tables`" if said.origin.file else said.origin.ref
        message = f"the engine tables that {place} names cannot be used: {error.message}"
        raise InputError(message, hint=error.hint, file=origin.file, line=origin.line, column=origin.column) from None
    by_engine = {names[files.name(path)]: (path, text) for path, text in texts.items()}
    return {engine: newer_tables.read(engine, text, path) for engine, (path, text) in by_engine.items()}


def _told(newer: Mapping[str, Table], said: Located[str] | None) -> Iterator[str]:
    """A sentence on each table that is not the package's."""
    for engine, table in newer.items():
        own = tables.packaged(engine).table_version
        age = "" if versions.since(table.table_version, own) else ", which is newer"
        place = said.origin.brief if said is not None else ""
        yield (
            f"the table of {commands.ENGINES[engine].title} is {table.file} ({table.table_version}; by {place}), "
            f"not the package's ({own}{age})"
        )
