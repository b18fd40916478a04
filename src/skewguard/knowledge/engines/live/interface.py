"""What the module of one engine's answers gives, and the values it answers with."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from skewguard.knowledge.engines.live.log_lines import Line
from skewguard.language.facts import Value

Form = Literal["json", "metrics"]


class Said(Struct, frozen=True):
    """One value that an engine said of one setting.

    `effective`: the field shows what is in effect; otherwise it repeats what was asked for (`dtype: auto`).
    `line` is the line of a log it stands on, from 1.
    """

    setting: str
    value: Value
    effective: bool
    line: int | None = None


class Heard(Struct, frozen=True):
    """What one answer, or one log, says.

    `version` and `fingerprint` are the engine's own words. `troubles` are sentences on what could not be understood;
    `undecided` are settings of which it repeats `auto`, and not what came of it.
    """

    said: tuple[Said, ...] = ()
    version: str | None = None
    fingerprint: str | None = None
    troubles: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


Read = Callable[[Any], Heard]
"""How an answer reads: from decoded JSON of any shape, or from the bytes of a page of metrics. Never raises."""


class Endpoint(Struct, frozen=True):
    """One thing to ask an engine.

    `since` is the first release that has it, `before` the first that has it no more (None: open). `optional`: it is missing where nobody turned it on, which `absent` says in words. `hides` are the settings that
    nobody learns without it. `instead` is the path of older releases, asked where this one is not found.
    `spends`: it makes the engine compute a token; `body` is then sent by POST, as JSON, with the model filled in.
    """

    path: str
    read: Read
    form: Form = "json"
    since: str | None = None
    before: str | None = None
    optional: bool = False
    absent: str = ""
    hides: tuple[str, ...] = ()
    instead: str | None = None
    body: Any = None

    @property
    def spends(self) -> bool:
        """Whether it makes the engine compute."""
        return self.body is not None


class LiveModule(Protocol):
    """The names that the module of one engine defines.

    `OWN` are destinations that each process has a value of its own of; `SHOWN` those that no argument sets, and only a
    running process shows. `READS_LOGS`: its start-up log is understood.
    """

    NAME: str
    OWN: frozenset[str]
    SHOWN: frozenset[str]
    READS_LOGS: bool
    ENDPOINTS: tuple[Endpoint, ...]

    def read_log(self, lines: Sequence[Line]) -> Heard | None:
        """What the head of a start-up log says; None where no line of it is from the engine's start."""
        ...

    def recognised(self, path: str, answer: Any) -> bool:
        """Whether an answer to `path` (decoded JSON, or the bytes of metrics) can come from this engine alone."""
        ...
