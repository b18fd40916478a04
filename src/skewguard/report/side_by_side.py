"""The settings of what runs, side by side: promised, declared, derived, and what each group of replicas runs with."""

import re
from collections.abc import Iterable, Iterator, Sequence

from skewguard.language.facts import Choice, Effective, Gap
from skewguard.language.verifications import Compared, LiveSubject
from skewguard.report import live_words, words
from skewguard.report.fleet import ENDPOINT
from skewguard.report.live_words import Cell, Table

MOST_GROUPS = 4
"""Groups of replicas that stand beside each other in a table; `wide` shows all."""

LONGEST_CELL = 40
"""Characters of a value in a table; `wide` shows all."""

_NOTHING_SET = "unset"
"""How a contract's promise that nobody sets it is told."""

_HEX = re.compile(r"(?<![0-9a-f])([0-9a-f]{12})[0-9a-f]{12,}")
"""A digest or a commit: its beginning tells two apart."""


def table(item: LiveSubject, *, everything: bool, whole: bool) -> Table:
    """One row for each setting, what is broken or differs first.

    Without `everything` only what differs or was promised. Columns without a word are left out. Long values are cut,
    and why a value is unknown stands under the table, unless `whole` has room for both.
    """
    lines = sorted((line for line in item.settings if everything or _is_news(line)), key=_order)
    groups = item.groups if whole else item.groups[:MOST_GROUPS]
    names = [_group_name(item, number) for number in range(len(groups))]
    head = ("setting", "promised", "declared", "derived", *names)
    rows = [(_name(line), *_values(line, len(groups), whole=whole)) for line in lines]
    kept = [number for number in range(len(head)) if any(row[number][0] for row in rows)]
    return Table(
        tuple(head[number] for number in kept),
        tuple(tuple(row[number] for number in kept) for row in rows),
        tuple(_notes(item, lines, len(groups), whole=whole)) if rows else (),
    )


def hidden(item: LiveSubject) -> int:
    """Settings that are not known to differ, and were promised by nobody."""
    return sum(not _is_news(line) for line in item.settings)


def rest(item: LiveSubject) -> str:
    """What is true of the settings that are not shown; empty where all are."""
    lines = [line for line in item.settings if not _is_news(line)]
    if not lines:
        return ""
    said = words.counted(len(lines), "more setting")
    if len(item.groups) < 2:
        return said
    partly = sum(_is_partly_known(line) for line in lines)
    return f"{said}, none known to differ" + (f", {partly:,} of them not known of all replicas" if partly else "")


def _is_partly_known(line: Compared) -> bool:
    """Whether some group's value is known, and another's is not."""
    return 0 < sum(map(_is_open, line.groups)) < len(line.groups)


def _is_open(value: Effective) -> bool:
    return isinstance(value, Choice) or (isinstance(value, Gap) and value.rule != "absent")


def _is_news(line: Compared) -> bool:
    """A promise that nothing is set says nothing to a reader as long as nobody knows of a value."""
    is_promised = line.promised is not None and not (line.promised == _NOTHING_SET and _is_unknown(line))
    return line.differs or line.broken or is_promised


def _is_unknown(line: Compared) -> bool:
    return all(map(_is_open, line.groups))


def _order(line: Compared) -> tuple[bool, bool, bool, str]:
    return not line.broken, not line.differs, line.promised is None, line.setting


def _name(line: Compared) -> Cell:
    return line.setting, "error" if line.broken else "warning" if line.differs else ""


def _values(line: Compared, groups: int, *, whole: bool) -> list[Cell]:
    """The values of one row; cut only where all that differ still do."""
    derived = None if isinstance(line.derived, Gap) else line.derived  # no rule applies: the replicas tell
    given = [line.declared, derived, *(_at(line.groups, number) for number in range(groups))]
    cells = [(line.promised or "", ""), *(_cell(value, line, whole=whole) for value in given)]
    if whole:
        return cells
    short = [(said if style else _short(said), style) for said, style in cells]  # what is open needs all its words
    is_told_apart = len({said for said, _ in short}) == len({said for said, _ in cells})
    return short if is_told_apart else cells


def _at(values: Sequence[Effective], number: int) -> Effective | None:
    return values[number] if number < len(values) else None


def _cell(value: Effective | None, line: Compared, *, whole: bool) -> Cell:
    if value is None:
        return "", ""
    is_open = _is_open(value)
    if isinstance(value, Gap) and is_open and not whole:
        return "unknown", "unknown"
    return words.effective(value, line.unit), "unknown" if is_open else ""


def _short(said: str) -> str:
    said = _HEX.sub(r"\1…", said)
    return said if len(said) <= LONGEST_CELL else f"{said[: LONGEST_CELL - 1]}…"


def _group_name(item: LiveSubject, number: int) -> str:
    group = item.groups[number]
    if not group.pods or item.subject.kind == ENDPOINT:
        return "running"
    card = live_words.gpu(item, number)
    said = live_words.count(group) + (f", {card}" if card else "")
    return f"{number + 1}: {said}" if len(item.groups) > 1 else said


def _notes(item: LiveSubject, lines: Iterable[Compared], groups: int, *, whole: bool) -> Iterator[str]:
    more = len(item.groups) - groups
    if more:
        yield f"{words.counted(more, 'more group')} of replicas: -o wide shows every one"
    if whole:
        return
    by_reason: dict[str, list[str]] = {}
    for line in lines:
        for value in line.groups[:groups]:
            if isinstance(value, Gap) and value.rule != "absent":
                by_reason.setdefault(words.gap(value), []).append(line.setting)
    for reason, settings in by_reason.items():
        yield f"{', '.join(dict.fromkeys(settings))} {reason}"
