"""What one release makes of each word somebody wrote, before several releases are laid over each other."""

from typing import Any

from msgspec import Struct
from msgspec import field as struct_field

from skewguard.knowledge.engines.grammar import Key, Source, Word
from skewguard.knowledge.engines.interface import Fault, Outcome
from skewguard.language.facts import Origin


class Unknowable:
    """Stands for a value that somebody wrote and nobody can know (`$(NAME)` without a source)."""

    def __repr__(self) -> str:
        return "UNKNOWABLE"


UNKNOWABLE = Unknowable()


class Reading(Struct, frozen=True):
    """One word (or flag with its values) as one release reads it; `interface.Argument` is made from it.

    `why` tells apart what the fault alone does not, `detail` are the words its sentence needs. Neither may hold
    anything that differs between releases which read the word alike, or they would not be merged.
    """

    key: Key
    text: str
    outcome: Outcome
    origin: Origin
    flag: str | None = None
    dest: str | None = None
    value: Any = None
    value_origin: Origin | None = None
    fault: Fault | None = None
    why: str = ""
    detail: tuple[str, ...] = ()
    suggestion: str | None = None
    fatal: bool = False
    source: Source = "argument"
    doubt: str = ""

    def alike(self, other: "Reading") -> bool:
        """Whether two releases make the same of the word."""
        return (
            (self.outcome, self.flag, self.dest, self.fault, self.why, self.detail, self.suggestion, self.fatal)
            == (
                other.outcome,
                other.flag,
                other.dest,
                other.fault,
                other.why,
                other.detail,
                other.suggestion,
                other.fatal,
            )
        ) and same_value(self.value, other.value)


class Held(Struct):
    """The value a destination ends with, and the word that gave it. `value` is `UNKNOWABLE` where nobody can know it.

    `assumes` are words behind it that nobody knows, and that may give it another value.
    """

    value: Any
    word: Word
    flag: str
    assumes: tuple[str, ...] = ()


class Simulation(Struct):
    """One release's reading of a whole vector. `blind` names a source that may have set anything else.

    `sure` is False where the parser may refuse a value that nobody knows.
    """

    program: str
    readings: list[Reading] = struct_field(default_factory=list)
    values: dict[str, Held] = struct_field(default_factory=dict)
    starts: bool | None = True
    sure: bool = True
    blind: str | None = None
    blind_key: str = ""


def same_value(a: Any, b: Any) -> bool:
    """Equality that tells 1 from True, and takes 4 and 4.0 for one number."""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)
