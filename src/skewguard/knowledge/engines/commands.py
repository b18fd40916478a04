"""What a command line starts: an engine, something known that is none, or a program nobody can look into.

The engine's program is searched through the wrappers that start it (`env A=b`, `numactl`, `tini --`, `nsys profile`),
and its own sub-commands are told apart: `vllm serve` is a server, `vllm bench` a client.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from skewguard.knowledge.engines import bystanders, launching
from skewguard.knowledge.engines.interface import Runs
from skewguard.knowledge.engines.others import ROWS, Signs
from skewguard.knowledge.engines.wrappers import SCRIPTS, WRAPPERS
from skewguard.language.workloads import Token

VLLM = Signs(
    name="vllm",
    title="vLLM",
    programs=(("vllm", ("serve",)),),
    modules=("vllm.entrypoints.openai.api_server", "vllm.entrypoints.api_server", "vllm.entrypoints.grpc_server"),
    entrypoints=(
        "vllm/vllm-openai",
        "vllm/vllm-openai-*",
        "vllm/vllm-tpu",
        "vllm/vllm-cpu",
        "vllm/vllm-xpu",
        "public.ecr.aws/q9t5s3a7/vllm-*release-repo",
        "lmcache/vllm-openai",
        "deep-learning-containers/vllm",
        "763104351884.dkr.ecr.*.amazonaws.com/vllm",
    ),
    repositories=(
        "rocm/vllm",
        "rocm/vllm-dev",
        "nvcr.io/nvidia/vllm",
        "ascend/vllm-ascend",
        "llm-d/llm-d",
        *(f"llm-d/llm-d-{platform}*" for platform in ("cuda", "rocm", "xpu", "hpu", "cpu", "aws", "gke", "dev")),
        *(f"{org}/*vllm*" for org in ("rhaiis", "rhoai", "modh", "opendatahub")),
        "vertex-vision-model-garden-dockers/pytorch-vllm-serve",
    ),
    words=("vllm",),
)
SGLANG = Signs(
    name="sglang",
    title="SGLang",
    programs=(("sglang", ("serve",)),),
    modules=("sglang.launch_server", "sglang.srt.entrypoints.http_server"),
    repositories=("nvcr.io/nvidia/sglang", "rocm/sgl-dev", "ascend/sglang"),
    bare=("lmsysorg/sglang",),
    words=("sglang",),
)
ENGINES: dict[str, Signs] = {row.name: row for row in (VLLM, SGLANG, *ROWS)}


def words() -> tuple[str, ...]:
    """Words of which one stands in every workload that starts an engine by name: its programs, modules and images."""
    found: dict[str, None] = {}
    for row in ENGINES.values():
        names = (*row.words, *(name for name, _ in row.programs), *(module.partition(".")[0] for module in row.modules))
        images = (image.rpartition("/")[2].strip("*") for image in (*row.entrypoints, *row.repositories, *row.bare))
        found |= dict.fromkeys(name for name in (*names, *images) if len(name) > 2 and "*" not in name)
    return tuple(name for name in found if not any(other != name and other in name for other in found))


Kind = Literal["engine", "bystander", "setup", "unknown"]

_SHELLS = frozenset(("sh", "bash", "ash", "dash", "zsh", "ksh"))
_RAY_START = ("$KUBERAY_GEN_RAY_START_CMD", "${KUBERAY_GEN_RAY_START_CMD")
_GROUP_SCRIPTS = ("multi-node-serving.sh", "run_cluster.sh")
_NO_START = frozenset(("--version", "-v", "--help", "-h"))
_CLI_MODULES = {
    "vllm.entrypoints.cli.main": ("vllm", "vllm"),
    "vllm.scripts": ("vllm", "vllm"),
    "sglang.cli.main": ("sglang", "sglang"),
}
"""Modules that are an engine's own program under another name: what follows them is its sub-command."""

_PYTHON_VALUES = frozenset(("-X", "-W", "--check-hash-based-pycs"))


class Start(Struct, frozen=True):
    """What one command line starts. `at` is the index of the engine's program in it.

    `joins` is True for a member of a Ray group: which engine the group runs, its image tells. `wrapper` names the
    program that takes the engine's arguments among its own (`WRAPPERS`).
    """

    kind: Kind
    reason: str
    engine: str | None = None
    runs: Runs = "server"
    at: int = 0
    certain: bool = True
    joins: bool = False
    wrapper: str = ""


def read(argv: Sequence[Token]) -> Start:
    """What this argument vector (program first) starts."""
    words = [token.text.strip() for token in argv]
    if not words:
        return Start("unknown", "no command is known")
    if words[0].startswith("-"):
        return Start("unknown", "its arguments go to the image's own program")
    first = _known(words, _script_at(words))
    if first is not None:
        return first
    behind = next((start for at in range(1, len(words)) if (start := _engine(words, at)) is not None), None)
    program = base(words[0])
    if behind is not None:
        return _through(program, words, behind)
    if program in launching.WRAPPERS:
        inner = next((start for at in range(1, len(words)) if (start := _known(words, at)) is not None), None)
        if inner is not None and inner.kind == "bystander":
            return inner
    if program in launching.SETUP:
        return Start("setup", f"`{program}` only prepares")
    return _named(words, program)


def _script_at(words: Sequence[str]) -> int:
    """The index of the program: behind `bash` it is the script, where one is named."""
    if base(words[0]) not in _SHELLS:
        return 0
    following = next((at for at, word in enumerate(words) if at and not word.startswith("-")), 0)
    return 0 if any(word.startswith("-") and "c" in word for word in words[1:following]) else following


def base(word: str) -> str:
    """The name of an executable without its folder."""
    return word.rstrip("/").rpartition("/")[2]


def _known(words: Sequence[str], at: int) -> Start | None:
    """An engine, a wrapper around one, a group member or a known bystander whose program stands at `at`."""
    program = base(words[at])
    following = words[at + 1] if at + 1 < len(words) else ""
    engine = _engine(words, at)
    if engine is not None:
        return engine
    if words[at].startswith(_RAY_START):
        return Start("engine", "it joins a Ray group", runs="worker", joins=True)
    if program == "ray" or program in _GROUP_SCRIPTS:
        return _group(program, following)
    if (program, following) == ("dynamo", "serve"):
        return _graph_service(words[at:])
    if program.startswith("python") or program == "pypy3":
        return _python_bystander(words, at)
    reason = bystanders.of_program(program, following)
    return Start("bystander", f"`{program}`: {reason}") if reason else None


def _engine(words: Sequence[str], at: int) -> Start | None:
    program = base(words[at])
    following = words[at + 1] if at + 1 < len(words) else ""
    if program.startswith("python") or program == "pypy3":
        module, script = _python(words, at)
        if module in _CLI_MODULES and module in words:
            behind = words.index(module) + 1
            following = words[behind] if behind < len(words) else ""
            engine, program = _CLI_MODULES[module]
            return _subcommand(ENGINES[engine], program, dict(ENGINES[engine].programs)[program], following, at)
        return _module(module, at, words) if module else _script(script, at)
    if program in WRAPPERS:
        return _wrapped(program, at, words)
    if program == "serve" and following == "run" and any("llm" in word for word in words[at:]):
        return _wrapped("ray.serve.llm", at, read=False)
    for row in ENGINES.values():
        for name, commands in row.programs:
            if program == name:
                return _subcommand(row, program, commands, following, at)
    return None


def _subcommand(row: Signs, program: str, commands: tuple[str, ...], following: str, at: int) -> Start | None:
    if not commands:
        other = bystanders.PROGRAMS.get(f"{program} {following}")
        if other is not None:
            return Start("bystander", f"`{program} {following}`: {other}", at=at)
        return Start("engine", f"its command starts {row.title} (`{program}`)", row.name, at=at)
    if following in commands:
        return Start("engine", f"its command starts {row.title} (`{program} {following}`)", row.name, at=at)
    if at:
        return None  # a word among another program's arguments: `pip install vllm`
    known = bystanders.of_program(program, following)
    if known is not None:
        return Start("bystander", f"`{program} {following}`: {known}")
    if following in _NO_START:
        return Start("bystander", f"`{program} {following}` prints and ends")
    reason = f"its command runs {row.title}, and which of its sub-commands is not known (`{program} {following}`)"
    return Start("engine", reason, row.name, at=at, certain=False)


def _module(module: str, at: int, words: Sequence[str]) -> Start | None:
    for row in ENGINES.values():
        if module in row.modules:
            return Start("engine", f"its command starts {row.title} (`python -m {module}`)", row.name, at=at)
    return _wrapped(module, at, words) if module in WRAPPERS else None


def _wrapped(name: str, at: int, words: Sequence[str] = (), *, read: bool = True) -> Start:
    """A program that takes the engine's arguments among its own. `read`: they stand behind it."""
    row = WRAPPERS[name]
    certain = row.certain or (bool(row.chosen) and row.chosen in (*words, *map("=".join, pairwise(words))))
    return Start("engine", f"it runs {row.what}", row.engine, "wrapped", at, certain, wrapper=name if read else "")


def _script(script: str, at: int) -> Start | None:
    """`python /site-packages/vllm/entrypoints/openai/api_server.py`, or `python /usr/bin/vllm serve`."""
    dotted = script.removesuffix(".py").replace("/", ".").strip(".")
    for row in ENGINES.values():
        for module in row.modules:
            if dotted == module or dotted.endswith(f".{module}"):
                return Start("engine", f"its command starts {row.title} (`{script}`)", row.name, at=at)
        if any(base(script) == name and not commands for name, commands in row.programs):
            return Start("engine", f"its command starts {row.title} (`{script}`)", row.name, at=at)
    name = next((name for end, name in SCRIPTS.items() if script.endswith(f"/{end}")), None)
    return _wrapped(name, at) if name else None


def _python(words: Sequence[str], at: int) -> tuple[str, str]:
    """(module, script) of a Python start; both empty for `-c`, a bare interpreter and unknown words."""
    index = at + 1
    while index < len(words):
        word = words[index]
        if word.startswith("-m") and len(word) > 2:  # -mMODULE
            return word[2:], ""
        if word.startswith("-") and not word.startswith("--") and word.endswith("m"):  # -m, -um
            return (words[index + 1] if index + 1 < len(words) else ""), ""
        if word == "-c" or not word.startswith("-"):
            return "", "" if word == "-c" else word
        index += 2 if word in _PYTHON_VALUES else 1
    return "", ""


def modules(words: Sequence[str], at: int) -> Iterator[tuple[str, int]]:
    """Each word behind the interpreter at `at` as the dotted module it may name, and the index of the word behind it.

    `/site-packages/vllm/entrypoints/openai/api_server.py` reads `.site-packages.vllm.entrypoints.openai.api_server`.
    """
    for index in range(at + 1, len(words)):
        word = words[index]
        if word == "-m" or (word.startswith("-") and not word.startswith("--") and word.endswith("m")):
            continue
        module = word.removeprefix("-m")
        yield module.removesuffix(".py").replace("/", "."), index + 1


def _python_bystander(words: Sequence[str], at: int) -> Start | None:
    module, script = _python(words, at)
    if module:
        reason = bystanders.of_module(module)
        return Start("bystander", f"`python -m {module}`: {reason}") if reason else None
    reason = bystanders.of_words(base(script).removesuffix(".py")) if script else None
    return Start("bystander", f"`python {base(script)}`: by its name {reason}") if reason else None


def _graph_service(words: Sequence[str]) -> Start | None:
    """One service of a graph of Dynamo's first releases: `dynamo serve graphs.agg:Frontend --service-name NAME`."""
    name = next((value for flag, value in pairwise(words) if flag == "--service-name"), "")
    if name in ("Frontend", "Processor", "Router", "Planner"):
        return Start("bystander", f"`dynamo serve` of the service {name}: it runs no engine itself")
    return None


def _group(program: str, following: str) -> Start | None:
    if (program, following) == ("ray", "start"):
        return Start("engine", "it joins a Ray group", runs="worker", joins=True)
    if program in _GROUP_SCRIPTS and following == "worker":
        return Start("engine", "it joins a Ray group", runs="worker", joins=True)
    if program in _GROUP_SCRIPTS:
        return Start("setup", f"`{program}` forms the Ray group before the engine starts")
    return None if following in ("symmetric-run", "job") else Start("setup", "`ray` only prepares")


def _through(program: str, words: Sequence[str], start: Start) -> Start:
    """An engine's command among the arguments of another program."""
    if program in ("echo", "printf"):
        return Start("setup", f"`{program}` only prints")
    prefix = words[0] if program != "ray" else " ".join(words[:2])
    if program in launching.WRAPPERS or program == "ray":
        return start
    if program in launching.SETUP:
        reason = f"the engine's command became arguments of `{program}`, so that nothing starts it"
        return Start("engine", reason, start.engine, "unstarted", start.at)
    reason = f"{start.reason}, handed to `{prefix}`, which is not in the input"
    return Start("engine", reason, start.engine, start.runs, start.at, certain=False)


def _named(words: Sequence[str], program: str) -> Start:
    script = program
    if program in _SHELLS or program.startswith("python"):
        script = base(next((word for word in words[1:] if not word.startswith("-")), program))
    reason = bystanders.of_words(script.rpartition(".")[0] or script)
    if reason is not None:
        return Start("bystander", f"`{script}`: by its name {reason}")
    return Start("unknown", f"it runs `{script}`, which is not in the input")
