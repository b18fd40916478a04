"""Which releases read an argument vector alike, so that one of them can speak for the others.

Reading a vector once for each of a hundred releases would be slow. The words themselves say where it can be read
differently: at the releases that change a flag they could stand for, and at those that change the engine's own handling
of such words. Between two of these all releases read alike.
"""

import re
from collections.abc import Iterable, Sequence

from skewguard.knowledge.engines import history
from skewguard.knowledge.engines.history import Successors
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.versions import since
from skewguard.language.workloads import TextFile


def spans(table: Table, candidates: Sequence[str], bounds: set[int]) -> list[tuple[str, ...]]:
    """The candidates, cut into groups at the versions whose indexes are in `bounds`."""
    found: list[list[str]] = []
    last = -1
    for version in candidates:
        at = table.index(version)
        if not found or any(last < bound <= at for bound in bounds):
            found.append([])
        found[-1].append(version)
        last = at
    return [tuple(span) for span in found]


def changes(table: Table, successors: Successors, names: Iterable[str], everything: str) -> set[int]:
    """Indexes of the releases from which on an argument written as one of `names` may be read in another way.

    `everything` is all that is written, for the fields of JSON objects.
    """
    found: set[int] = set()
    for name in names:
        found |= table.changes(name)
        for better in history.advisable(table, successors, name):  # the advice for an unknown name changes with it
            found |= table.changes(better)
        for _, _, flag in table.runs(name):
            if flag.config is not None:
                found |= table.field_changes(flag.config, everything)
    return found


def from_releases(table: Table, firsts: Iterable[str]) -> set[int]:
    """Indexes of the first versions of the table that are not older than each of these releases."""
    wanted = [min((at for at, each in enumerate(table.versions) if since(each, first)), default=0) for first in firsts]
    return set(wanted)


def file_keys(files: Sequence[TextFile]) -> Iterable[str]:
    """Every key of the YAML files of the container, as written."""
    for file in files:
        if file.text is not None and file.path.lower().endswith((".yaml", ".yml")):
            yield from re.findall(r"""(?m)^\s*["']?([A-Za-z][\w.-]*)["']?\s*:""", file.text)
