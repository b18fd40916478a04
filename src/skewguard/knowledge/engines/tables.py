"""The tables of engine versions: every flag, environment variable and config field of every release that was read.

A table is one JSON file of the package. Each name holds runs `[first, last, record]`, indexes into the list of
versions, because most flags stay as they are for many releases. This is the only module that reads package data; a
newer table (`newer_tables`) holds inside `using`: for that call, and for no other.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec import Struct

from skewguard.knowledge.engines.table_format import Content, Flag, FlagRun

if TYPE_CHECKING:
    from importlib.abc import ResourceLoader

__all__ = ["HELP", "LENIENT", "TWIN", "Flag", "Spellings", "Table", "load", "packaged", "parse", "using"]


class Spellings(Struct, frozen=True, eq=False):
    """What one release's parser knows: each spelling with its flag, and all of them in order for prefixes."""

    flags: Mapping[str, Flag]
    ordered: tuple[str, ...]
    positional: Flag | None

    def starting(self, prefix: str) -> list[str]:
        """The spellings that `prefix` can stand for."""
        return _starting(self.ordered, prefix)


TWIN = "twin"
"""The kind of a variable that stands for a flag, and takes what that flag takes."""

LENIENT = "lenient-"
"""Before the kind of a variable: a value that is none of the kind is passed over, and the default taken."""

HELP = Flag("help", ("--help", "-h"), action="help")


class Table:
    """One engine's table. Everything is worked out when asked for, and once.

    `file` is where it was read from, None for the package's own.
    """

    def __init__(self, content: Content, file: str | None = None) -> None:
        self.file = file
        self.engine = content.engine
        self.table_version = content.table_version
        self.versions = content.versions
        self._content = content
        self._index = {version: index for index, version in enumerate(content.versions)}
        self._flags: dict[int, tuple[Flag, ...]] = {}
        self._by_dest: dict[int, dict[str, Flag]] = {}
        self._spellings: dict[tuple[int, bool], Spellings] = {}
        self._spelled: dict[str, tuple[FlagRun, ...]] | None = None
        self._all_spellings: tuple[str, ...] = ()
        self._runs_of_dest: dict[str, tuple[FlagRun, ...]] | None = None
        self._changes: dict[str, frozenset[int]] = {}
        self._twins: dict[str, tuple[FlagRun, ...]] | None = None
        self._fields: dict[tuple[str, int], Mapping[str, Any]] = {}

    def index(self, version: str) -> int:
        """The place of a version in `versions`. Raises KeyError for one that is not in the table."""
        return self._index[version]

    def flags(self, version: str) -> tuple[Flag, ...]:
        """Every flag of one version."""
        at = self._index[version]
        if at not in self._flags:
            self._flags[at] = tuple(_at(self._content.flags, at))
        return self._flags[at]

    def by_dest(self, version: str) -> Mapping[str, Flag]:
        """The flags of one version by destination; of two that share one, the flag named after it."""
        at = self._index[version]
        if at not in self._by_dest:
            found: dict[str, Flag] = {}
            for flag in self.flags(version):
                if flag.dest not in found or flag.name == "--" + flag.dest.replace("_", "-"):
                    found[flag.dest] = flag
            self._by_dest[at] = found
        return self._by_dest[at]

    def spellings(self, version: str, *, serve: bool = True) -> Spellings:
        """What one version's parser knows; `serve` False leaves out what only `vllm serve` registers."""
        key = (self._index[version], serve)
        if key not in self._spellings:
            known: dict[str, Flag] = dict.fromkeys(HELP.flags, HELP)
            positional = None
            for flag in self.flags(version):
                if flag.serve_only and not serve:
                    continue
                if flag.name.startswith("-"):
                    known.update(dict.fromkeys(flag.flags, flag))
                else:
                    positional = flag
            self._spellings[key] = Spellings(known, tuple(sorted(known)), positional)
        return self._spellings[key]

    def runs(self, spelling: str) -> tuple[tuple[int, int, Flag], ...]:
        """(first, last, flag) for every run of versions that knows this spelling, oldest first."""
        return tuple((run.first, run.last, run.flag) for run in self._known().get(spelling, ()))

    def runs_of_dest(self, dest: str) -> tuple[tuple[int, int, Flag], ...]:
        """(first, last, flag) for every run of versions that has this destination, oldest first."""
        if self._runs_of_dest is None:
            found: dict[str, list[FlagRun]] = {}
            for runs in self._content.flags.values():
                for run in runs:
                    found.setdefault(run.flag.dest, []).append(run)
            self._runs_of_dest = {
                dest: tuple(sorted(runs, key=lambda run: (run.first, run.last))) for dest, runs in found.items()
            }
        return tuple((run.first, run.last, run.flag) for run in self._runs_of_dest.get(dest, ()))

    def ever_starting(self, prefix: str) -> list[str]:
        """Every spelling of any version that begins with `prefix`."""
        self._known()
        return _starting(self._all_spellings, prefix)

    def changes(self, name: str) -> frozenset[int]:
        """Indexes of the versions from which on an argument written `name` may be read in another way.

        `name` may be an abbreviation: then every flag it could ever stand for counts, as far as no flag of exactly
        that name exists.
        """
        if name not in self._changes:
            own = self._reading_changes(name)
            known = self._presence(name)
            found = set(own)
            for spelling in self.ever_starting(name):
                if spelling != name:
                    found.update(
                        at for at in self._reading_changes(spelling) if not (known[at] and known[max(at - 1, 0)])
                    )
            self._changes[name] = frozenset(found)
        return self._changes[name]

    def twin(self, name: str, version: str) -> Flag | None:
        """The flag that a variable stands for in one version; None where it stands for none."""
        at = self._index[version]
        return next((run.flag for run in self._twin_runs().get(name, ()) if run.first <= at <= run.last), None)

    def _twin_runs(self) -> Mapping[str, tuple[FlagRun, ...]]:
        if self._twins is None:
            found: dict[str, list[FlagRun]] = {}
            for runs in self._content.flags.values():
                for run in runs:
                    if run.flag.env is not None:
                        found.setdefault(run.flag.env, []).append(run)
            self._twins = {name: tuple(sorted(runs, key=lambda run: run.first)) for name, runs in found.items()}
        return self._twins

    def env(self, version: str) -> Mapping[str, tuple[Any, str]]:
        """(default, kind) of every environment variable of one version.

        Kinds: `text`; `int` and `float`, which refuse what is no number; `bool` (true, 1, yes, y and their opposites);
        `truth`, for which every text but `true` and `1` is false; `TWIN`. `LENIENT` stands before them where the engine
        takes the default for a value that it cannot use.
        """
        at = self._index[version]
        twins: dict[str, tuple[Any, str]] = {
            flag.env: (None, TWIN) for flag in self.flags(version) if flag.env is not None
        }
        return twins | {
            name: (run.default, run.kind)
            for name, runs in self._content.env.items()
            for run in runs
            if run.first <= at <= run.last
        }

    def env_runs(self, name: str) -> tuple[tuple[int, int, Any, str], ...]:
        """(first, last, default, kind) of one environment variable, oldest first; empty when none ever read it."""
        own = [(run.first, run.last, run.default, run.kind) for run in self._content.env.get(name, ())]
        twins = [(run.first, run.last, None, TWIN) for run in self._twin_runs().get(name, ())]
        return tuple(sorted((*own, *twins), key=lambda run: run[0]))

    def env_names(self) -> tuple[str, ...]:
        """Every environment variable that any version reads."""
        return tuple(dict.fromkeys((*self._content.env, *self._twin_runs())))

    def config_fields(self, config: str, version: str) -> Mapping[str, Any]:
        """Fields of a config class of one version, with their defaults; empty when the class is not in the table."""
        at = self._index[version]
        if (config, at) not in self._fields:
            prefix = config + "."
            self._fields[config, at] = {
                name[len(prefix) :]: run.default
                for name, runs in self._content.configs.items()
                if name.startswith(prefix)
                for run in runs
                if run.first <= at <= run.last
            }
        return self._fields[config, at]

    def field_changes(self, config: str, text: str) -> set[int]:
        """Indexes of versions at which a field of a config class comes or goes that is named in `text`."""
        prefix = config + "."
        found: set[int] = set()
        for name, runs in self._content.configs.items():
            if name.startswith(prefix) and name[len(prefix) :] in text:
                found.add(runs[0].first)
                found.update(run.last + 1 for run in runs)
        return {at for at in found if 0 < at < len(self.versions)}

    def _known(self) -> dict[str, tuple[FlagRun, ...]]:
        if self._spelled is None:
            found: dict[str, list[FlagRun]] = {}
            for runs in self._content.flags.values():
                for run in runs:
                    for spelling in run.flag.flags:
                        found.setdefault(spelling, []).append(run)
            self._spelled = {
                spelling: tuple(sorted(runs, key=lambda run: run.first)) for spelling, runs in found.items()
            }
            self._all_spellings = tuple(sorted(self._spelled))
        return self._spelled

    def _presence(self, spelling: str) -> list[bool]:
        """For each version whether every program of it knows exactly this spelling."""
        known = [False] * (len(self.versions) + 1)
        for run in self._known().get(spelling, ()):
            if run.flag.serve_only:
                continue
            for at in range(run.first, run.last + 1):
                known[at] = True
        return known

    def _reading_changes(self, spelling: str) -> set[int]:
        found: set[int] = set()
        previous: FlagRun | None = None
        for run in self._known().get(spelling, ()):
            joined = previous is not None and previous.last + 1 == run.first and previous.flag.takes_like(run.flag)
            if not joined:
                found.update((run.first, previous.last + 1) if previous is not None else (run.first,))
            previous = run
        if previous is not None:
            found.add(previous.last + 1)
        return {at for at in found if 0 < at < len(self.versions)}


def _at(runs_by_name: Mapping[str, tuple[FlagRun, ...]], at: int) -> Iterator[Flag]:
    for runs in runs_by_name.values():
        for run in runs:
            if run.first <= at <= run.last:
                yield run.flag
                break


def _starting(ordered: tuple[str, ...], prefix: str) -> list[str]:
    found = []
    for spelling in ordered[bisect_left(ordered, prefix) :]:
        if not spelling.startswith(prefix):
            break
        found.append(spelling)
    return found


def parse(text: str | bytes) -> Table:
    """A table from its text. Raises `msgspec.ValidationError` when it is none."""
    return Table(msgspec.json.decode(text, type=Content))


_in_use: ContextVar[Mapping[str, Table]] = ContextVar("engine tables of this call", default={})  # noqa: B039  # never written


@contextmanager
def using(newer: Mapping[str, Table]) -> Iterator[None]:
    """Let these tables, by engine, stand before the package's: inside this block, in this thread or task alone."""
    before = _in_use.set(newer)
    try:
        yield
    finally:
        _in_use.reset(before)


def load(engine: str) -> Table:
    """The table of an engine: the one that this call was given, else the package's."""
    return _in_use.get().get(engine) or packaged(engine)


@cache
def packaged(engine: str) -> Table:
    """The package's table of an engine.

    It is read through the loader that brought this module, which works in a zip file too: `importlib.resources`
    alone takes as long to import as the rest of a small check.
    """
    loader = cast("ResourceLoader", __spec__.loader)
    folder = __file__.removesuffix("tables.py").removesuffix("tables.pyc")
    return parse(loader.get_data(f"{folder}data/{engine}.json"))
