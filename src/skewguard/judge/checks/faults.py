"""What the versions that may run make of one word: at fault in all of them, or only in some."""

from collections.abc import Iterator

from msgspec import structs

from skewguard.judge.checks import evidence, starting
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.engines.interface import Argument

MILD = ("abbreviated", "deprecated", "duplicated")
"""Faults that stop nothing and drop nothing that was meant, in the versions that have them."""


def told(case: Case, *names: str) -> Iterator[Argument]:
    """Arguments with one of these faults in every version that may run, those of a doubled entrypoint left out."""
    if next(case.arguments(*names), None) is None or not evidence.words_read(case):
        return
    doubled = starting.doubled(case) is not None
    slipped = [word.origin for start in evidence.starts(case) if (word := starting.slipped(start)) is not None]
    for argument in everywhere(case):
        if argument.fault not in names or starting.is_folded(argument.text) or (doubled and argument.flag is None):
            continue
        if argument.origin in slipped:
            continue  # `args.cut-command` tells it
        yield argument


def everywhere(case: Case) -> Iterator[Argument]:
    """Arguments that are at fault in every version that may run, as the newest of them reads each.

    One word can be refused by old versions and dropped by new ones: it is wrong in all of them, and told once.
    """
    for readings in by_word(case):
        holding = [item for item in readings if item.fault and not item.versions]
        if holding:
            yield holding[-1]
            continue
        for mild in (False, True):
            newest = _agreed(case, [item for item in readings if item.fault and (item.fault in MILD) is mild])
            if newest is not None:
                yield newest
                break


def by_word(case: Case) -> list[list[Argument]]:
    """The arguments, those of one word together: several where versions read the word differently."""
    words: dict[tuple[object, str], list[Argument]] = {}
    for argument in case.parsed.arguments if case.parsed else ():
        words.setdefault((argument.origin, argument.text), []).append(argument)
    return list(words.values())


def readers(case: Case) -> tuple[str, ...]:
    """The versions that can have read the arguments, oldest first: of all that may run those that have the program."""
    if case.parsed is not None and case.parsed.versions:
        return case.parsed.versions
    return case.release.candidates if case.release else ()


def _agreed(case: Case, readings: list[Argument]) -> Argument | None:
    """The newest version's reading, where the faults cover every version that can have read the word."""
    candidates = readers(case)
    covered = {version for item in readings for version in item.versions}
    if not candidates or not covered.issuperset(candidates):
        return None
    newest = next(item for item in readings if candidates[-1] in item.versions)
    refused = [item for item in readings if item is not newest and item.fatal is not False]
    rest = f"; {case.title} {spans(refused[0].versions, candidates)} does not start with it" if refused else ""
    dropped = [item for item in readings if item is not newest and item.fatal is False and item.fault not in MILD]
    if dropped:
        rest += f"; {case.title} {spans(dropped[0].versions, candidates)} drops it"
    return structs.replace(newest, versions=(), message=newest.message + rest if newest.message else "")


def spans(versions: tuple[str, ...], candidates: tuple[str, ...]) -> str:
    """Versions as spans of the table: `0.4.2 to 0.9.2, 0.33.0`."""
    found: list[list[str]] = [[]]
    for version in candidates:
        if version in versions:
            found[-1].append(version)
        elif found[-1]:
            found.append([])
    said = [span[0] if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in found if span]
    return ", ".join(said) or ", ".join(versions)
