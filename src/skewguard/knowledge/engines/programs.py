"""Which program of an engine reads an argument vector, and the answer where that program's grammar is not known."""

from typing import Generic, TypeVar

from msgspec import Struct

from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.language.facts import Gap

P = TypeVar("P", bound=str)


class Start(Struct, Generic[P], frozen=True):
    """The program that reads the arguments, and the index of its first one. `program` None: one of another grammar."""

    program: P | None
    first: int
    name: str


def foreign(name: str, release: Release) -> Parsed:
    """The answer for a program whose arguments are not those of the server."""
    gap = Gap(
        "*",
        f"`{name}` reads its arguments by rules that are not known here",
        rule="foreign-program",
        inputs=(f"program@{name}", release.key),
        would_need="a look at the running server",
    )
    return Parsed(arguments=(), values={}, gaps={}, starts=None, entrypoint=name, blind=gap)
