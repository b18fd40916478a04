"""Old names of environment variables that an engine still takes: at its start it copies the value to the new name."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.versions import since

Runs = tuple[tuple[int, int, object, str], ...]
"""(first, last, default, kind) of a variable, as indices of releases."""


class Renaming(Struct, frozen=True):
    """An old name that counts as a new one from release `first` on, up to `last` (empty: still).

    A name that ends in `_` stands for all that begin so. The old name is written over the new one; with `yields` the new
    one counts where both are set. `changed` says that the value is not taken over as it stands (another unit, the
    opposite sense).
    """

    old: str
    new: str
    first: str
    last: str = ""
    yields: bool = False
    changed: bool = False

    def name(self, written: str) -> str | None:
        """The new name of a variable; None where this says nothing of it."""
        if self.old.endswith("_"):
            return self.new + written.removeprefix(self.old) if written.startswith(self.old) else None
        return self.new if written == self.old else None

    def holds(self, version: str) -> bool:
        """Whether this release reads the old name so."""
        return since(version, self.first) and (not self.last or since(self.last, version))


def of(renamings: Sequence[Renaming], name: str, version: str) -> Renaming | None:
    """What one release makes of an old name; the first that speaks of it counts."""
    return next((each for each in renamings if each.name(name) is not None and each.holds(version)), None)


def runs(renamings: Sequence[Renaming], table: Table, name: str) -> Runs:
    """The releases that read a variable, under its own name or the one that it stands for."""
    own = table.env_runs(name)
    concerned = [each for each in renamings if each.name(name) is not None]
    return tuple(sorted((*own, *_more(concerned, table, name, own)), key=lambda run: run[0])) if concerned else own


def _more(renamings: Sequence[Renaming], table: Table, name: str, own: Runs) -> Iterator[tuple[int, int, object, str]]:
    for at, version in enumerate(table.versions):
        if any(first <= at <= last for first, last, _, _ in own):
            continue
        found = of(renamings, name, version)
        new = found.name(name) if found is not None else None
        run = next((run for run in table.env_runs(new or "") if run[0] <= at <= run[1]), None)
        if run is not None:
            yield at, at, run[2], run[3]
