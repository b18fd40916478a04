"""Which program of vLLM reads an argument vector, and how many readings of it the candidate releases give."""

from collections.abc import Iterable, Sequence

from skewguard.knowledge.engines import commands, grouping, programs, vllm_grammar, vllm_reading
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.merging import Group
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.programs import Start
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.vllm_grammar import API_SERVER, BOUNDARIES, SERVE, Program
from skewguard.knowledge.engines.vllm_successors import SUCCESSORS
from skewguard.language.workloads import TextFile, Token


def locate(argv: Sequence[Token]) -> Start[Program] | None:
    """Where vLLM's program stands in a command line; None when it starts something else."""
    if not argv:
        return None
    words = [token.text.strip() for token in argv]
    found = commands.read(argv)
    if found.engine != "vllm" or found.joins:
        return _python(words, 0) if commands.base(words[0]).startswith(("python", "pypy")) else None
    at = found.at
    name = commands.base(words[at])
    if name.startswith(("python", "pypy")):
        return _python(words, at)
    if name == "vllm":
        return _command(words, at)
    return Start(None, at + 1, name)


def _command(words: Sequence[str], at: int) -> Start[Program]:
    """`vllm SUBCOMMAND`, the program at `at`."""
    following = words[at + 1] if at + 1 < len(words) else ""
    if following == "serve":
        return Start(SERVE, at + 2, SERVE)
    return Start(None, at + 1, f"vllm {following}".strip())


def _python(words: Sequence[str], at: int) -> Start[Program] | None:
    for module, first in commands.modules(words, at):
        if module.endswith("vllm.entrypoints.openai.api_server"):
            return Start(API_SERVER, first, API_SERVER)
        if module.endswith(("vllm.entrypoints.cli.main", "vllm.scripts", ".bin.vllm")):
            return _command([*words[: first - 1], "vllm", *words[first:]], first - 1)
        if "vllm.entrypoints" in module:
            return Start(None, first, module[module.index("vllm.entrypoints") :])
    return None


def groups(
    table: Table, argv: Sequence[Token], release: Release, files: Sequence[TextFile], *, from_image: bool
) -> list[Group]:
    """The candidate releases in groups that read the vector alike; empty for a program of another grammar."""
    start = _start(argv, from_image=from_image)
    if start is not None and start.program is None:
        return []
    words = words_of(argv[start.first :] if start is not None else argv)
    candidates, bounds = _possible(release, start), set[int]()
    if len(candidates) > 1:
        bounds = _bounds(table, [word.text for word in words], files, from_image=start is None)
    found = []
    for versions in grouping.spans(table, candidates, bounds):
        speaker = versions[-1]
        program = start.program if start is not None and start.program is not None else _of_image(speaker)
        found.append(Group(versions, vllm_reading.simulate(table, speaker, program, words, files)))
    return found


def _possible(release: Release, start: Start[Program] | None) -> tuple[str, ...]:
    program = start.program if start is not None else None
    return vllm_grammar.possible(release.candidates, program or "", known=release.certainty != "unknown")


def _start(argv: Sequence[Token], *, from_image: bool) -> Start[Program] | None:
    """The program in the vector; None when the image's own entrypoint goes before it."""
    found = locate(argv)
    if found is not None and not (from_image and argv[0].text.startswith("-")):
        return found
    if from_image or not argv or argv[0].text.startswith("-"):
        return None
    if argv[0].text == "serve":
        return Start(SERVE, 1, SERVE)
    return Start(None, 0, argv[0].text)


def foreign(argv: Sequence[Token], release: Release) -> Parsed:
    """The answer for a program whose arguments are not those of the server."""
    start = _start(argv, from_image=False)
    return programs.foreign(start.name if start is not None else "", argv, release)


def _of_image(version: str) -> Program:
    return SERVE if vllm_grammar.entrypoint(version)[-1] == "serve" else API_SERVER


def _bounds(table: Table, texts: Sequence[str], files: Sequence[TextFile], *, from_image: bool) -> set[int]:
    """Indexes of the releases from which on these words may be read in another way."""
    sorts = {"image", "positional"} if from_image else {"positional", "program"}
    names = list(_names(texts))
    if "--config" in texts:
        sorts.add("config")
        names.extend(_file_names(files))
    everything = " ".join((*texts, *(file.text or "" for file in files if "config" in sorts)))
    sorts.update(_sorts(texts, everything))
    if any(flag.action in ("lora", "adapters") for name in names for _, _, flag in table.runs(name)):
        sorts.add("adapters")
    firsts = (first for sort in sorts for first in BOUNDARIES[sort])
    return grouping.changes(table, SUCCESSORS, names, everything) | grouping.from_releases(table, firsts)


def _sorts(texts: Sequence[str], everything: str) -> Iterable[str]:
    """The sorts of words (see `BOUNDARIES`) that occur."""
    for text in texts:
        name = text.partition("=")[0]
        if text.startswith("--") and "_" in name:
            yield "underscore"
        if text.startswith("-") and "." in name:
            yield from ("dot", "object")
        if text.startswith("-O"):
            yield "-O"
        if name == "--model":
            yield "model"
        if name.replace("_", "-").startswith("--served"):
            yield "served"
    if "{" in everything:
        yield "object"


def _names(texts: Sequence[str]) -> Iterable[str]:
    """Every name that a word could be read as a flag by."""
    for text in texts:
        if not text.startswith("-") or len(text) == 1:
            continue
        name = text.partition("=")[0].split(" ")[0]
        yield name
        yield from {name.replace("_", "-"), name.partition(".")[0].replace("_", "-"), text[:2]} - {name, "--"}
        if text.startswith("-O"):
            yield from ("--optimization-level", "--compilation-config")


def _file_names(files: Sequence[TextFile]) -> Iterable[str]:
    for key in grouping.file_keys(files):
        yield f"--{key}"
        yield f"--{key.replace('_', '-')}"
        yield f"--no-{key}"
