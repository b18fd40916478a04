"""Which program of llama.cpp reads an argument vector, and how many readings of it the candidate builds give."""

from collections.abc import Sequence

from skewguard.knowledge.engines import commands, grouping, llamacpp_reading, programs
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.llamacpp_sentences import SERVER
from skewguard.knowledge.engines.merging import Group
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.programs import Start
from skewguard.knowledge.engines.tables import Table
from skewguard.language.workloads import Token

TOOLS = "tools.sh"
"""What the images `full` run: a script whose first argument names the program."""


def locate(argv: Sequence[Token]) -> Start[str] | None:
    """Where the server stands in a command line; None when it starts something else.

    `llamafile` and Python's `llama_cpp.server` have parsers of their own.
    """
    found = commands.read(argv)
    if found.engine != "llamacpp" or found.joins:
        return None
    name = commands.base(argv[found.at].text.strip())
    return Start(SERVER if name == SERVER else None, found.at + 1, name)


def start(argv: Sequence[Token], release: Release, *, from_image: bool) -> Start[str]:
    """The program; a vector that begins with a flag is read as arguments of the image."""
    found = locate(argv)
    if found is not None:
        return found
    tag = release.key.partition("@")[2].rpartition("/")[2].partition(":")[2]
    first = argv[0].text if argv else ""
    if tag.startswith("full"):
        return Start(SERVER, 1, SERVER) if first in ("--server", "-s") else Start(None, 0, TOOLS)
    if from_image or not argv or first.startswith("-"):
        return Start(SERVER, 0, SERVER)
    return Start(None, 0, first)


def groups(table: Table, argv: Sequence[Token], release: Release, *, from_image: bool) -> list[Group]:
    """The candidate builds in groups that read the vector alike; empty for a program of another grammar."""
    found = start(argv, release, from_image=from_image)
    if found.program is None:
        return []
    words = words_of(argv[found.first :])
    names = [name for word in words for name in _names(word.text)]
    bounds = grouping.changes(table, llamacpp_reading.SUCCESSORS, names, "")
    return [
        Group(versions, llamacpp_reading.simulate(table, versions[-1], found.program, words))
        for versions in grouping.spans(table, release.candidates, bounds)
    ]


def _names(text: str) -> set[str]:
    name = text.partition("=")[0]
    return {name, name[:2] + name[2:].replace("_", "-")} if name.startswith("-") and len(name) > 1 else set()


def foreign(argv: Sequence[Token], release: Release, *, from_image: bool) -> Parsed:
    """The answer for a program whose arguments are not the server's."""
    return programs.foreign(start(argv, release, from_image=from_image).name, argv, release)
