"""Which program of an engine reads an argument vector, and the answer where that program's grammar is not known."""

from collections.abc import Sequence
from typing import Generic, TypeVar
from zlib import crc32

from msgspec import Struct

from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.language.facts import Gap
from skewguard.language.workloads import Token

P = TypeVar("P", bound=str)


class Start(Struct, Generic[P], frozen=True):
    """The program that reads the arguments, and the index of its first one. `program` None: one of another grammar."""

    program: P | None
    first: int
    name: str


def foreign(name: str, argv: Sequence[Token], release: Release) -> Parsed:
    """The answer for a program whose arguments are not those of the server: equal for equal words."""
    words = repr([token.text for token in argv if not token.secret])
    gap = Gap(
        "*",
        f"`{name}` reads its arguments by rules that are not known here",
        rule="foreign-program",
        inputs=(f"program@{name}({crc32(words.encode('utf-8', 'replace')):08x})", release.key),
        would_need="a look at the running server",
    )
    return Parsed(arguments=(), values={}, gaps={}, starts=None, entrypoint=name, blind=gap)
