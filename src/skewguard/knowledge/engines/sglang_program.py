"""Which program of SGLang reads an argument vector, and how many readings of it the candidate releases give."""

from collections.abc import Iterable, Sequence

from skewguard.knowledge.engines import commands, grouping, programs, sglang_reading
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.merging import Group
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.programs import Start
from skewguard.knowledge.engines.sglang_grammar import BOUNDARIES, LAUNCH, SERVE, Program, possible
from skewguard.knowledge.engines.sglang_successors import SUCCESSORS
from skewguard.knowledge.engines.tables import Table
from skewguard.language.workloads import TextFile, Token

_MODULES = ("sglang.launch_server", "sglang.srt.entrypoints.http_server")
_COMMANDS = ("sglang.cli.main", ".bin.sglang")


def locate(argv: Sequence[Token]) -> Start[Program] | None:
    """Where SGLang's program stands in a command line; None when it starts something else."""
    if not argv:
        return None
    words = [token.text.strip() for token in argv]
    found = commands.read(argv)
    at = found.at if found.engine == "sglang" and not found.joins else 0
    name = commands.base(words[at])
    if name.startswith(("python", "pypy")):
        return _python(words, at)
    if found.engine != "sglang" or found.joins:
        return None
    return _command(words, at) if name == "sglang" else Start(None, at + 1, name)


def _command(words: Sequence[str], at: int) -> Start[Program]:
    """`sglang SUBCOMMAND`, the program at `at`. A server of pictures has another grammar."""
    following = words[at + 1] if at + 1 < len(words) else ""
    if following != "serve":
        return Start(None, at + 1, f"sglang {following}".strip())
    kind = _model_type(words[at + 2 :])
    if kind in ("", "auto", "llm"):
        return Start(SERVE, at + 2, SERVE)
    return Start(None, at + 2, f"{SERVE} --model-type {kind}")


def _model_type(words: Sequence[str]) -> str:
    for index, word in enumerate(words):
        if word == "--model-type" and index + 1 < len(words):
            return words[index + 1]
        if word.startswith("--model-type="):
            return word.partition("=")[2]
    return ""


def _python(words: Sequence[str], at: int) -> Start[Program] | None:
    for module, first in commands.modules(words, at):
        if module.endswith(_MODULES):
            return Start(LAUNCH, first, LAUNCH)
        if module.endswith(_COMMANDS):
            return _command([*words[: first - 1], "sglang", *words[first:]], first - 1)
        if module.rpartition(".")[0].endswith("sglang") or module.startswith("sglang."):
            return Start(None, first, module[module.index("sglang") :])
    return None


def groups(table: Table, argv: Sequence[Token], release: Release, files: Sequence[TextFile]) -> list[Group]:
    """The candidate releases in groups that read the vector alike; empty for a program of another grammar.

    A vector that begins with a flag is read as arguments of the server module: SGLang's own image starts nothing.
    """
    start = _start(argv)
    if start.program is None:
        return []
    words = words_of(argv[start.first :])
    candidates = possible(release.candidates, start.program, known=release.certainty != "unknown")
    bounds = _bounds(table, [word.text for word in words], files, start.program) if len(candidates) > 1 else set[int]()
    return [
        Group(versions, sglang_reading.simulate(table, versions[-1], start.program, words, files))
        for versions in grouping.spans(table, candidates, bounds)
    ]


def _start(argv: Sequence[Token]) -> Start[Program]:
    found = locate(argv)
    if found is not None:
        return found
    if not argv or argv[0].text.startswith("-"):
        return Start(LAUNCH, 0, LAUNCH)
    if argv[0].text == "serve":
        return Start(SERVE, 1, SERVE)
    return Start(None, 0, argv[0].text)


def foreign(argv: Sequence[Token], release: Release) -> Parsed:
    """The answer for a program whose arguments are not those of the server."""
    return programs.foreign(_start(argv).name, argv, release)


def _bounds(table: Table, texts: Sequence[str], files: Sequence[TextFile], program: Program) -> set[int]:
    """Indexes of the releases from which on these words may be read in another way."""
    sorts = {"serve"} if program == SERVE else set[str]()
    names = [*_names(texts), "--model-path"]
    if "--config" in texts:
        sorts.add("config")
        names.extend(f"--{key}" for key in grouping.file_keys(files))
        names.extend(f"--{key.replace('_', '-')}" for key in grouping.file_keys(files))
    if any(flag.action == "lora" for name in names for _, _, flag in table.runs(name)):
        sorts.add("lora")
    firsts = (first for sort in sorts for first in BOUNDARIES[sort])
    return grouping.changes(table, SUCCESSORS, names, " ".join(texts)) | grouping.from_releases(table, firsts)


def _names(texts: Sequence[str]) -> Iterable[str]:
    """Every name that a word could be read as a flag by."""
    for text in texts:
        if text.startswith("-") and len(text) > 1:
            name = text.partition("=")[0].split(" ")[0]
            yield from {name, name[:2] + name[2:].replace("_", "-"), text[:2]} - {"--"}
