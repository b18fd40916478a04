"""Which program of TensorRT-LLM reads an argument vector, and how many readings of it the candidate releases give."""

from collections.abc import Iterable, Sequence

from skewguard.knowledge.engines import commands, grouping, programs, trtllm_reading
from skewguard.knowledge.engines.history import Successors
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.merging import Group
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.programs import Start
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.trtllm_grammar import BOUNDARIES, SERVE, SUBCOMMANDS, Program
from skewguard.language.workloads import TextFile, Token

LAUNCHER = "trtllm-llmapi-launch"
_PROGRAM = "trtllm-serve"
_MODULES = ("tensorrt_llm.commands.serve", f".bin.{_PROGRAM}")
_NOTHING = Successors({})


def locate(argv: Sequence[Token]) -> Start[Program] | None:
    """Where the server's program stands in a command line; None when it starts something else.

    `name` is the whole command where its own `serve` is written, else the program alone.
    """
    if not argv:
        return None
    words = [token.text.strip() for token in argv]
    found = commands.read(argv)
    if found.engine != "trtllm" or found.joins:
        return None
    name = commands.base(words[found.at])
    first = _behind(words, found.at)
    return Start(None, found.at + 1, name) if first is None else _command(words, first)


def _behind(words: Sequence[str], at: int) -> int | None:
    """The index behind the program, which a launcher or an interpreter at `at` may start; None where it is none."""
    for index in range(at, len(words)):
        name = commands.base(words[index])
        if name == _PROGRAM:
            return index + 1
        if name.startswith(("python", "pypy")):
            modules = commands.modules(words, index)
            return next((first for module, first in modules if module.endswith(_MODULES)), None)
        if commands.base(words[at]) != LAUNCHER:
            return None
    return None


def _command(words: Sequence[str], first: int) -> Start[Program]:
    """The program's command: without the name of one it is `serve`."""
    following = words[first] if first < len(words) else ""
    if following == "serve":
        return Start(SERVE, first + 1, SERVE)
    if following in SUBCOMMANDS:
        return Start(None, first + 1, f"{_PROGRAM} {following}")
    return Start(SERVE, first, _PROGRAM)


def _start(argv: Sequence[Token]) -> Start[Program]:
    found = locate(argv)
    if found is not None:
        return found
    if argv and argv[0].text.startswith("-"):
        return Start(SERVE, 0, SERVE)
    if argv and argv[0].text == "serve":
        return Start(SERVE, 1, SERVE)
    return Start(None, 0, argv[0].text if argv else "the image's own program")


def groups(table: Table, argv: Sequence[Token], release: Release, files: Sequence[TextFile]) -> list[Group]:
    """The candidate releases in groups that read the vector alike; empty for a program of another grammar."""
    start = _start(argv)
    if start.program is None:
        return []
    words = words_of(argv[start.first :])
    texts = [word.text for word in words]
    bounds = _bounds(table, texts) if len(release.candidates) > 1 else set[int]()
    named = start.name == SERVE
    return [
        Group(versions, trtllm_reading.simulate(table, versions[-1], words, files, named=named))
        for versions in grouping.spans(table, release.candidates, bounds)
    ]


def foreign(argv: Sequence[Token], release: Release) -> Parsed:
    """The answer for a program whose arguments are not those of the server."""
    return programs.foreign(_start(argv).name, argv, release)


def _bounds(table: Table, texts: Sequence[str]) -> set[int]:
    """Indexes of the releases from which on these words may be read in another way."""
    filed = any(text.partition("=")[0] in ("--config", "--extra_llm_api_options") for text in texts)
    firsts = BOUNDARIES if filed else ()
    changed = grouping.changes(table, _NOTHING, [*_names(texts), "model"], " ".join(texts))
    return changed | grouping.from_releases(table, firsts)


def _names(texts: Sequence[str]) -> Iterable[str]:
    """Every name that a word could be read as a flag by."""
    for text in texts:
        if text.startswith("-") and len(text) > 1:
            name = text.partition("=")[0].split(" ")[0]
            yield from {name, name[:2] + name[2:].replace("-", "_")} - {"--"}
