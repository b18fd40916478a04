"""Environment variables that stand for flags: what they set where the command line says nothing.

Parsers that give a flag a variable (clap's `env`, llama.cpp's `LLAMA_ARG_*`) take the command line first, then the
variable, then the default. The table names the variable of each flag (`tables.Flag.env`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from skewguard.knowledge.engines import conversions
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.readings import same_value
from skewguard.knowledge.engines.tables import Flag, Table
from skewguard.language import vocabulary
from skewguard.language.facts import Fact, Gap
from skewguard.language.workloads import EnvVar


class Nothing:
    """Stands for what a variable says that changes nothing: the text `0` of a switch."""


NOTHING = Nothing()


class Way(Struct, frozen=True):
    """How one engine takes the variable of a flag.

    `read` gives the value of a text, `NOTHING` where it changes nothing, and raises `conversions.Refused` for a text
    that stops the start. `typed` gives a destination's value the form of its setting.
    """

    read: Callable[[Flag, str], Any]
    typed: Callable[[str, Any], Any]


def applied(table: Table, way: Way, parsed: Parsed, env: Sequence[EnvVar], release: Release) -> Parsed:
    """`parsed`, with the values that variables give to flags which the command line does not have.

    A variable that an unseen source may set, and may not, is left to what is derived (`undecided`).
    """
    values, gaps, starts = dict(parsed.values), dict(parsed.gaps), parsed.starts
    versions = parsed.versions or release.candidates
    for entry in certain(env).values():
        told = _told(table, way, entry, versions)
        if told is None:
            continue
        starts = False if told.refused is True and starts is not None else starts if told.refused is False else None
        if told.dest in values or told.dest in gaps:
            continue
        found = told.answer(entry, parsed.blind, release)
        if isinstance(found, Gap):
            gaps[told.dest] = found
        elif found is not None:
            values[told.dest] = structs.replace(found, value=way.typed(told.dest, found.value))
    return structs.replace(parsed, values=values, gaps=gaps, starts=starts)


def undecided(table: Table, dest: str, env: Mapping[str, EnvVar], version: str, setting: str) -> Gap | None:
    """The answer where a variable that stands for a flag is set, or may be, to what nobody knows."""
    name = next((flag.env for flag in table.flags(version) if flag.dest == dest and flag.env in env), None)
    entry = env.get(name) if name is not None else None
    return _unknown(setting, entry) if entry is not None and entry.value is None else None


def certain(env: Sequence[EnvVar]) -> dict[str, EnvVar]:
    """The variables that are set for certain, by name; of one written twice, the entry that counts."""
    return {entry.name: entry for entry in env if entry.value is not None or not entry.assumes}


class _Told(Struct):
    """What the releases that may run make of one variable. `refused` None: only some of them refuse it."""

    dest: str
    each: list[Any]
    everywhere: bool
    refused: bool | None

    def answer(self, entry: EnvVar, blind: Gap | None, release: Release) -> Fact | Gap | None:
        setting = vocabulary.named(release.engine, self.dest)
        if entry.value is None or "$(" in entry.value:
            return _unknown(setting, entry)
        if self.refused is True or all(value is NOTHING for value in self.each):
            return None
        first = self.each[0] if self.each else NOTHING
        if not self.everywhere or self.refused is None or not all(same_value(value, first) for value in self.each):
            reason = f"not every release that may run takes the same from {entry.name}"
            return Gap(setting, reason, "version", (release.key,), "a pinned version")
        assumes = (*entry.assumes, *(blind.inputs if blind is not None else ()))
        return Fact(setting, first, "declared", entry.origin, assumes)


def _told(table: Table, way: Way, entry: EnvVar, versions: Sequence[str]) -> _Told | None:
    flags = [flag for version in versions if (flag := table.twin(entry.name, version)) is not None]
    if not flags:
        return None
    values: list[Any] = []
    refused = 0
    for flag in flags if entry.value is not None and "$(" not in entry.value else ():
        try:
            values.append(way.read(flag, entry.value or ""))
        except conversions.Refused:
            refused += 1
    some = None if refused < len(versions) else True
    return _Told(flags[-1].dest, values, len(flags) == len(versions), some if refused else False)


def _unknown(setting: str, entry: EnvVar) -> Gap:
    if entry.source == "secret":
        reason = f"{entry.name} comes from a Secret, whose value is not read"
        return Gap(setting, reason, "secret", (f"env@{entry.name}",), "a look at the running server")
    reason = entry.why_unknown or f"the value of {entry.name} is not in the input"
    return Gap(
        setting, f"{entry.name} sets it, and {reason}", "env", (f"env@{entry.name}",), f"the value of {entry.name}"
    )
