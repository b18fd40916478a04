"""What is the matter with a flag that one release does not know: removed, not there yet, misspelt, or never a flag."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from skewguard.knowledge.engines.interface import Fault
from skewguard.knowledge.engines.tables import Flag, Table

CLOSE = 0.8
"""How alike two names must be for one to be a misspelling of the other."""


class Missing(Struct, frozen=True):
    """Why a spelling is unknown. `spelling` is the flag it most likely means, `suggestion` what to write instead.

    `last` and `gone` are the last version that had it and the first without; `first` the version that has it next.
    """

    fault: Fault
    spelling: str
    flag: Flag | None = None
    suggestion: str | None = None
    advice: str = ""
    last: str | None = None
    gone: str | None = None
    first: str | None = None

    @property
    def detail(self) -> tuple[str, ...]:
        """What a sentence needs to know beside the fault."""
        return (self.last or "", self.gone or "", self.first or "", self.spelling, self.advice)


class Successors(Struct, frozen=True, eq=False):
    """What took the place of an engine's removed flags: for each, the flag to write instead (None: there is none), and

    what else to know."""

    rows: Mapping[str, tuple[str | None, str]]

    def of(self, spelling: str) -> tuple[str | None, str]:
        """The successor of one flag, and the advice beside it."""
        return self.rows.get(spelling, (None, ""))


@lru_cache(maxsize=2000)
def missing(table: Table, successors: Successors, version: str, name: str, *, serve: bool) -> Missing:
    """Why `name`, dashes and all, is no flag of `version`."""
    known = table.spellings(version, serve=serve)
    dashed = name[:2] + name[2:].replace("_", "-")
    if dashed != name:
        if dashed in known.flags:
            return Missing("misspelt", dashed, known.flags[dashed], dashed)
        return missing(table, successors, version, dashed, serve=serve)
    written = _historic(table, name)
    if written is not None and written in known.flags:  # a beginning of it, with underscores
        return Missing("misspelt", written, known.flags[written], written)
    if written is not None:
        return _dated(table, successors, version, written, known.flags)
    near = nearest_ever(table, name)
    if near is not None and near in known.flags:
        return Missing("misspelt", near, known.flags[near], near)
    if near is not None:
        return _dated(table, successors, version, near, known.flags)
    return Missing("unknown", name)


def uncompleted(table: Table, successors: Successors, version: str, name: str) -> Missing:
    """As `missing`, for a parser that takes no beginning of a name for the name."""
    known = table.spellings(version).flags
    longer = [each for each in table.spellings(version).starting(name) if each != name] if len(name) > 2 else []
    if not longer or table.runs(name):
        return missing(table, successors, version, name, serve=True)
    return Missing("misspelt", longer[0], known[longer[0]], longer[0]) if len(longer) == 1 else Missing("unknown", name)


def elsewhere(table: Table, successors: Successors, version: str, name: str, flag: Flag) -> Missing | None:
    """What `name`, which `version` completes to `flag`, is as a flag of its own in other releases.

    None where it is none, where it set the same, and where `flag` took its place in the release that dropped it: a
    longer name for the same thing.
    """
    if not table.runs(name):
        return None
    found = _dated(table, successors, version, name, table.spellings(version).flags)
    if found.flag is None or found.flag.dest == flag.dest:
        return None
    began = min(run[0] for run in table.runs(flag.name))
    return None if found.gone is not None and table.versions[began] == found.gone else found


@lru_cache(maxsize=2000)
def nearest_ever(table: Table, name: str) -> str | None:
    """The spelling of any version that a misspelt one most likely means."""
    return nearest(name, tuple(table.ever_starting("-")))


def nearest(name: str, spellings: tuple[str, ...]) -> str | None:
    """The spelling that a misspelt one most likely means."""
    from difflib import SequenceMatcher

    best, found = CLOSE, None
    matcher = SequenceMatcher(None)
    matcher.set_seq2(name)
    for spelling in spellings:
        if abs(len(spelling) - len(name)) > 6 or spelling == name:
            continue
        matcher.set_seq1(spelling)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and matcher.ratio() > best:
            best, found = matcher.ratio(), spelling
    return found


def one_letter_apart(one: str, other: str) -> bool:
    """Whether two names are alike, or are once a letter of one of them is left out, put in or exchanged."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = next((index for index, letter in enumerate(one) if letter != other[index]), len(one))
    return one[at + (len(one) == len(other)) :] == other[at + 1 :]


def slip(one: str, other: str) -> bool:
    """Whether one letter parts two names, or two that changed places."""
    swapped = [index for index, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]]
    exchanged = len(one) == len(other) and len(swapped) == 2 and sorted(one) == sorted(other)
    return one_letter_apart(one, other) or (exchanged and swapped[1] - swapped[0] == 1)


LONG = 10
"""Names shorter than this are not told to be slips of others where anybody may have names of their own."""


def slipped(name: str, spellings: Iterable[str]) -> str | None:
    """The spelling of which a long name is a slip of the pen; where names that differ by more may be somebody's own."""
    near = (each for each in spellings if each != name and slip(name, each))
    return next(near, None) if len(name) >= LONG else None


def _historic(table: Table, name: str) -> str | None:
    """The spelling of any version that `name` is, or is the only beginning of."""
    if not name.strip("-"):
        return None
    if table.runs(name):
        return name
    if not name.startswith("--"):
        return None
    matches = table.ever_starting(name)
    return matches[0] if len({_one(table, match) for match in matches}) == 1 else None


def _one(table: Table, spelling: str) -> str:
    return table.runs(spelling)[0][2].dest


def _dated(table: Table, successors: Successors, version: str, spelling: str, known: Mapping[str, Flag]) -> Missing:
    at = table.index(version)
    runs = table.runs(spelling)
    older = [run for run in runs if run[1] < at]
    newer = [run for run in runs if run[0] > at]
    first = table.versions[newer[0][0]] if newer else None
    if not older:
        if newer:
            return Missing("not-yet", spelling, newer[0][2], first=first)
        return Missing("unknown", spelling, runs[0][2] if runs else None)
    last = older[-1][1]
    suggestion, advice = successors.of(spelling)
    if suggestion is None:
        suggestion = _inverse(spelling, older[-1][2], known)
    elif suggestion.partition("=")[0].partition(".")[0] not in known:
        suggestion = None
    return Missing(
        "removed",
        spelling,
        older[-1][2],
        suggestion,
        advice,
        last=table.versions[last],
        gone=table.versions[last + 1],
        first=first,
    )


@lru_cache(maxsize=2000)
def advisable(table: Table, successors: Successors, name: str) -> tuple[str, ...]:
    """The spellings that may be advised instead of `name` in versions that do not know it."""
    name = name[:2] + name[2:].replace("_", "-")
    written = _historic(table, name)
    if written is None:
        near = nearest_ever(table, name)
        return (near,) if near is not None else ()
    successor, _ = successors.of(written)
    better = (successor or "").partition("=")[0].partition(".")[0]
    return tuple(each for each in (better, _opposite(written)) if each is not None and table.runs(each))


def _inverse(spelling: str, flag: Flag, known: Mapping[str, Flag]) -> str | None:
    """The switch of opposite sense that is still there: `--no-enable-x` for `--disable-x`."""
    opposite = _opposite(spelling)
    return opposite if flag.switch and opposite in known else None


def _opposite(spelling: str) -> str | None:
    for prefix, inverse in (("--disable-", "--enable-"), ("--enable-", "--disable-")):
        if spelling.startswith(prefix):
            return f"--no-{inverse[2:]}{spelling.removeprefix(prefix)}"
    return None
