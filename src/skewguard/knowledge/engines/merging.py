"""Several releases read one argument vector: what holds for all of them, what only for some.

A manifest whose image says `latest` may run any release. What every one of them makes of a word is told once and
plainly; where they differ, each reading names its releases and cannot be called fatal or harmless.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from skewguard.knowledge.engines.interface import Argument, Parsed, Release
from skewguard.knowledge.engines.readings import UNKNOWABLE, Held, Reading, Simulation, same_value
from skewguard.knowledge.engines.sentences import Voice
from skewguard.language import vocabulary
from skewguard.language.facts import Fact, Gap


class Group(Struct):
    """Releases that read the vector alike, and what they make of it."""

    versions: tuple[str, ...]
    simulation: Simulation


class Told(Struct):
    """One reading with every release that shares it, and the program that reads it there."""

    reading: Reading
    versions: list[str]
    program: str


def merge(groups: Sequence[Group], release: Release, voice: Voice, typed: Callable[[str, Any], Any]) -> Parsed:
    """One answer for all candidate releases. `typed` gives a destination's value the form of its setting."""
    running = [group for group in groups if group.simulation.starts is not False] or list(groups)
    values, gaps = _values(running, release, voice.title, typed)
    programs = list(dict.fromkeys(group.simulation.program for group in groups))
    return Parsed(
        arguments=_arguments(groups, release, voice),
        values=values,
        gaps=gaps,
        starts=_starts(groups, release),
        entrypoint=" or ".join(programs),
        blind=_blind(running),
        versions=tuple(version for group in groups for version in group.versions),
    )


def _starts(groups: Sequence[Group], release: Release) -> bool | None:
    answers = {group.simulation.starts for group in groups}
    if len(answers) != 1:
        return None
    answer = answers.pop()
    return None if release.beyond and answer is False and _only_names_unknown(groups) else answer


def _only_names_unknown(groups: Sequence[Group]) -> bool:
    """Whether a release outside the table might start, because it may know flags that the table does not."""
    return all(
        reading.outcome == "unknown" for group in groups for reading in group.simulation.readings if reading.fatal
    )


def _blind(groups: Sequence[Group]) -> Gap | None:
    for group in groups:
        if group.simulation.blind is not None:
            return Gap(
                "*",
                group.simulation.blind,
                rule="unseen-arguments",
                inputs=(group.simulation.blind_key,),
                would_need="the missing source in the same input",
            )
    return None


# ---- arguments -----------------------------------------------------------------------------------------------------


def _arguments(groups: Sequence[Group], release: Release, voice: Voice) -> tuple[Argument, ...]:
    told: dict[tuple[int, ...], list[Told]] = {}
    for group in groups:
        for reading in group.simulation.readings:
            _tell(told.setdefault(reading.key, []), reading, group)
    everywhere = sum(len(group.versions) for group in groups)
    return tuple(_argument(each, release, everywhere, voice) for key in sorted(told) for each in told[key])


def _tell(told: list[Told], reading: Reading, group: Group) -> None:
    for known in told:
        if known.reading.alike(reading):
            known.versions.extend(group.versions)
            known.reading = reading
            return
    told.append(Told(reading, list(group.versions), group.simulation.program))


def _argument(told: Told, release: Release, everywhere: int, voice: Voice) -> Argument:
    reading = told.reading
    everywhere_alike = len(told.versions) == everywhere
    fatal: bool | None = reading.fatal
    if reading.fatal and (not everywhere_alike or (release.beyond and reading.outcome == "unknown")):
        fatal = None
    message = voice.sentence(reading, told.versions if everywhere > 1 else release.candidates, told.program)
    return Argument(
        text=reading.text,
        outcome=reading.outcome,
        origin=reading.origin,
        flag=reading.flag,
        dest=reading.dest,
        value=reading.value,
        value_origin=reading.value_origin,
        fault=reading.fault,
        message=message,
        suggestion=reading.suggestion,
        fatal=fatal,
        versions=() if everywhere_alike else tuple(told.versions),
        source=reading.source,
        doubt=reading.doubt,
    )


# ---- values --------------------------------------------------------------------------------------------------------


def _values(
    groups: Sequence[Group], release: Release, title: str, typed: Callable[[str, Any], Any]
) -> tuple[dict[str, Fact], dict[str, Gap]]:
    values: dict[str, Fact] = {}
    gaps: dict[str, Gap] = {}
    for dest in dict.fromkeys(dest for group in groups for dest in group.simulation.values):
        setting = vocabulary.named(release.engine, dest)
        held = [group.simulation.values.get(dest) for group in groups]
        written = next(each for each in held if each is not None)
        unknowable = next((each for each in held if each is not None and each.value is UNKNOWABLE), None)
        if unknowable is not None:
            gaps[dest] = _unknowable(setting, unknowable)
        elif all(each is not None and same_value(each.value, written.value) for each in held):
            token = written.word.token
            assumes = dict.fromkeys(
                (*token.assumes, *(ref for each in held if each is not None for ref in each.assumes))
            )
            values[dest] = Fact(setting, typed(dest, written.value), "declared", token.origin, tuple(assumes))
        else:
            gaps[dest] = Gap(
                setting,
                f"releases of {title} read `{written.flag}` differently, and which one runs is not known",
                rule="version",
                inputs=(release.key,),
                would_need="a pinned version",
            )
    return values, gaps


def _unknowable(setting: str, held: Held) -> Gap:
    token = held.word.token
    names = ", ".join(token.unresolved) or token.text
    if token.secret and not token.unresolved:
        reason = f"`{held.flag}` comes from a Secret, whose value is not read"
        return Gap(setting, reason, "secret", (f"secret@{token.origin}",), "a look at the running server")
    return Gap(
        setting,
        f"`{held.flag}` is set to `{token.text}`, and {names} is not in the input",
        rule="unresolved",
        inputs=(f"value@{names}",),
        would_need=f"the value of {names}",
    )
