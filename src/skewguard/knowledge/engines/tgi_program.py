"""Which program of TGI reads an argument vector, and how many readings of it the candidate releases give."""

from collections.abc import Sequence

from msgspec import structs

from skewguard.knowledge.engines import commands, grouping, programs, tgi_reading
from skewguard.knowledge.engines.grammar import Word
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.merging import Group
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.programs import Start
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.tgi_grammar import SPLITTING
from skewguard.knowledge.engines.tgi_sentences import IMAGE, LAUNCHER
from skewguard.knowledge.engines.versions import since
from skewguard.language.workloads import Token


def locate(argv: Sequence[Token]) -> Start[str] | None:
    """Where TGI's program stands in a command line; None when it starts something else.

    `text-generation-server` is the launcher's own child, with another grammar.
    """
    found = commands.read(argv)
    if found.engine != "tgi" or found.joins:
        return None
    name = commands.base(argv[found.at].text.strip())
    return Start(name if name in (LAUNCHER, IMAGE) else None, found.at + 1, name)


def start(argv: Sequence[Token]) -> Start[str]:
    """The program; a vector that begins with a flag is read as arguments of the image."""
    found = locate(argv)
    if found is not None:
        return found
    if not argv or argv[0].text.startswith("-"):
        return Start(IMAGE, 0, IMAGE)
    return Start(None, 0, argv[0].text)


def groups(table: Table, argv: Sequence[Token], release: Release, *, from_image: bool) -> list[Group]:
    """The candidate releases in groups that read the vector alike; empty for a program of another grammar."""
    found = start(argv)
    if from_image and (not argv or locate(argv) is None):
        found = Start(IMAGE, 0, IMAGE)  # the image's entrypoint takes whatever the arguments are
    if found.program is None:
        return []
    words = words_of(argv[found.first :])
    texts = [part for word in words for part in word.text.split()]
    bounds = grouping.changes(table, tgi_reading.SUCCESSORS, _names(texts), " ".join(texts))
    if found.program == IMAGE:
        bounds |= grouping.from_releases(table, (SPLITTING,))
    return [
        Group(versions, tgi_reading.simulate(table, versions[-1], found.program, _words(words, found, versions[-1])))
        for versions in grouping.spans(table, release.candidates, bounds)
    ]


def _words(words: Sequence[Word], found: Start[str], version: str) -> list[Word]:
    """The words that the launcher gets: the image's script splits them at spaces, from `SPLITTING` on."""
    if found.program != IMAGE or not since(version, SPLITTING):
        return list(words)
    return [each for word in words for each in _split(word)]


def _split(word: Word) -> list[Word]:
    parts = word.text.split()
    if len(parts) == 1 and parts[0] == word.text:
        return [word]
    return [
        Word(part, structs.replace(word.token, text=part), (*word.key, index), word.source)
        for index, part in enumerate(parts)
    ]


def _names(texts: Sequence[str]) -> list[str]:
    names = [text.partition("=")[0] for text in texts if text.startswith("-") and len(text) > 1]
    return [each for name in names for each in dict.fromkeys((name, name[:2])) if each != "--"]


def foreign(argv: Sequence[Token], release: Release) -> Parsed:
    """The answer for a program whose arguments are not the launcher's."""
    return programs.foreign(start(argv).name, argv, release)
