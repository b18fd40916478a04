"""What a format of reports provides."""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from skewguard.language.baselines import Baseline
from skewguard.language.facts import Subject

Tree = Any
"""A JSON value as a report holds it: nothing of its shape is known before it was looked at (`picking`)."""


class Report(Struct, frozen=True):
    """One report: the JSON values of its text (several where lines were appended to it), and those of the files beside it,
    by name. `path` is fit to be printed."""

    path: str
    trees: tuple[Tree, ...]
    beside: Mapping[str, tuple[Tree, ...]] = field(default_factory=dict)
    subject: Subject | None = None


class Format(Protocol):
    """A module of this room that reads one tool's reports."""

    TITLE: str

    def recognises(self, tree: Tree) -> bool:
        """Whether a report of this tool looks so."""
        ...

    def companions(self, name: str) -> tuple[str, ...]:
        """What lies beside the file of that name and tells more of its run."""
        ...

    def baselines(self, report: Report) -> tuple[Baseline, ...]:
        """One for each run in it."""
        ...
