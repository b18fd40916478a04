"""What all releases of an engine say together, asked through the names that every engine module has.

This module is the `Lexicon` of contracts, which may not know the engines themselves.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache

from skewguard.knowledge.engines import ENGINES, commands, file_fields, file_holds, live, tables
from skewguard.knowledge.engines.interface import Release
from skewguard.knowledge.engines.tables import Table
from skewguard.language.facts import Origin, Value
from skewguard.language.workloads import EnvVar

Run = tuple[str, str, bool, Value]
"""First version, last version, whether it is read there, and its default."""


def engines() -> Collection[str]:
    """Every engine that is recognised, with a table or not."""
    return commands.ENGINES


def title(engine: str) -> str:
    """The engine's own spelling."""
    return commands.ENGINES[engine].title


def releases(engine: str) -> Sequence[str] | None:
    """Every version of the engine's table, oldest first; None where it has none."""
    module = ENGINES.get(engine)
    return module.releases() if module else None


def choices(engine: str, dest: str) -> tuple[Collection[Value], bool] | None:
    """The listed values of a destination in all releases, and whether only they are taken; None: no such one.

    The words of arguments whose grammar is not in play stand under `arguments`, which no table has, and neither has one
    what only a running process shows.
    """
    if dest == "arguments":
        return (), False
    outside = file_holds(engine, dest) or dest in live.shown(engine)
    return _choices(tables.load(engine), dest) or (((), False) if outside else None)


def destinations(engine: str) -> Collection[str]:
    """Every destination of any release, of flags, of files and of running processes."""
    return (*_destinations(tables.load(engine)), *file_fields(engine), *sorted(live.shown(engine)))


def variables(engine: str) -> tuple[str, ...]:
    """Every environment variable that any release reads."""
    return _variables(tables.load(engine))


@lru_cache(maxsize=512)
def _choices(table: Table, dest: str) -> tuple[Collection[Value], bool] | None:
    records = [record for _, _, record in ENGINES[table.engine].history(dest) if record is not None]
    listed = dict.fromkeys(choice for record in records for choice in record.choices or ())
    return (tuple(listed), all(record.choices is not None for record in records)) if records else None


@lru_cache(maxsize=8)
def _destinations(table: Table) -> Collection[str]:
    module = ENGINES[table.engine]
    return dict.fromkeys(flag.dest for release in module.releases() for flag in module.flags(release))


@lru_cache(maxsize=8)
def _variables(table: Table) -> tuple[str, ...]:
    module = ENGINES[table.engine]
    return tuple(dict.fromkeys(name for release in module.releases() for name in module.variables(release)))


def variable(engine: str, name: str) -> tuple[Run, ...]:
    """The runs of one environment variable through the table; empty when no release reads it."""
    module = ENGINES[engine]
    runs: list[Run] = []
    for release in module.releases():
        known = module.variables(release)
        effective = name if name in known else new_name(engine, name, release) or name
        read, default = effective in known, known.get(effective)
        if runs and runs[-1][2:] == (read, default) and type(runs[-1][3]) is type(default):
            runs[-1] = (runs[-1][0], release, read, default)
        else:
            runs.append((release, release, read, default))
    return tuple(runs) if any(read for _, _, read, _ in runs) else ()


def new_name(engine: str, variable: str, release: str) -> str | None:
    """The variable that a release takes this one for: an old name of it; None where it is none."""
    about = Release(engine, release, (release,), "exact", "", "")
    answers = ENGINES[engine].environment((EnvVar(variable, None, Origin("command-line", variable)),), about)
    renamed = answers[0].renamed if answers else None
    return renamed.name(variable) if renamed is not None else None


def silence(engine: str, variable: str, release: str | None = None) -> str | None:
    """Why no release (or this one) reads a variable, in the engine's own words; None when it is read, or not ours."""
    module = ENGINES[engine]
    asked = (release,) if release else module.releases()
    about = Release(engine, release, tuple(asked), "exact" if release else "unknown", "", "")
    answers = module.environment((EnvVar(variable, None, Origin("command-line", variable)),), about)
    if not answers or any(answer.outcome in ("read", "invalid") for answer in answers):
        return None
    return answers[0].message
