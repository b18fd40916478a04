"""TensorRT-LLM's server `trtllm-serve` as an engine: the names of `interface.EngineModule`.

The table says which flags each release has; `trtllm_grammar` what it does around click's parser and with the file that
its options name; `trtllm_laying` how the two meet; `trtllm_defaults` what it takes where nobody wrote anything.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines import listing, merging, tables, trtllm_defaults, trtllm_program
from skewguard.knowledge.engines.environment import LOOK_ALIKES, Manner
from skewguard.knowledge.engines.environment import read as read_environment
from skewguard.knowledge.engines.interface import FlagRecord, Inputs, Parsed, Release, Variable
from skewguard.knowledge.engines.merging import Group
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.trtllm_defaults import TRTLLM
from skewguard.knowledge.engines.trtllm_reading import Laid
from skewguard.knowledge.engines.trtllm_sentences import VOICE
from skewguard.language import vocabulary
from skewguard.language.facts import Choice, Fact, Gap, Value
from skewguard.language.workloads import Container, EnvVar, TextFile, Token

NAME = "trtllm"
TITLE = "TensorRT-LLM"
_OWN_IMAGE = "nvidia/tensorrt-llm/"

MANNER = Manner(TRTLLM, prefixes=(), not_ours=(), look_alikes=LOOK_ALIKES, successors={}, port="")
"""click is given no prefix of variables, so that none sets an option. Which `TRTLLM_*` and `TLLM_*` the engine itself
reads was not read, so that none of them is called unread."""


def table() -> Table:
    """The table of releases."""
    return tables.load(NAME)


def releases() -> tuple[str, ...]:
    """Every version of the table, oldest first."""
    return table().versions


def table_version() -> str:
    """The version of the table itself."""
    return table().table_version


def entrypoint(_version: str) -> tuple[str, ...]:
    """Nothing: the official image's entrypoint runs whatever the arguments name."""
    return ()


def parse(argv: Sequence[Token], release: Release, files: Sequence[TextFile], *, from_image: bool = False) -> Parsed:
    """Read an argument vector as this release's parser does, and the file that it names.

    `from_image`: `argv` are arguments alone. NVIDIA's own image runs the program that they name; an image that takes
    flags has an entrypoint of its own, which may give others.
    """
    groups = trtllm_program.groups(table(), argv, release, files)
    if not groups:
        return trtllm_program.foreign(argv, release)
    parsed = _doubted(merging.merge(groups, release, VOICE, _typed), groups)
    runs_them = _OWN_IMAGE in release.key and trtllm_program.locate(argv) is not None
    if not from_image or runs_them or parsed.blind is not None:
        return parsed
    gap = Gap(
        "*",
        "the image's own entrypoint reads these arguments, and may give trtllm-serve others",
        rule="image-entrypoint",
        inputs=(release.key.replace("version@", "entrypoint@", 1),),
        would_need="`command` in the container, or the running server",
    )
    return structs.replace(parsed, blind=gap, starts=None if parsed.starts else parsed.starts)


def _doubted(parsed: Parsed, groups: Sequence[Group]) -> Parsed:
    """`parsed`, with what flags and file together leave open."""
    gaps = dict(parsed.gaps)
    for group in groups:
        doubts = group.simulation.doubts if isinstance(group.simulation, Laid) else {}
        config = parsed.values.get("extra_llm_api_options")
        for dest, reason in doubts.items():
            key = parsed.blind.inputs if parsed.blind is not None else (f"file@{config.value if config else '?'}",)
            name = vocabulary.named(NAME, dest)
            gaps.setdefault(dest, Gap(name, reason, "overlaid", key, "the file in the same input, or the server's log"))
    return structs.replace(parsed, gaps=gaps) if gaps != parsed.gaps else parsed


def _typed(dest: str, value: Any) -> Value:
    """A destination's value in the form its setting has; `trt` is another name of one backend."""
    return "tensorrt" if (dest, value) == ("backend", "trt") else vocabulary.spoken(NAME, dest, value)


def settle(parsed: Parsed, _env: Sequence[EnvVar], _release: Release, _inputs: Inputs) -> Parsed:
    """`parsed` itself: what the start makes of the flags is laid over them while they are read."""
    return parsed


def environment(env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """What the server makes of each variable that concerns it."""
    return read_environment(MANNER, table(), env, release)


def derive(
    setting: str, parsed: Parsed, _env: Sequence[EnvVar], release: Release, inputs: Inputs
) -> Fact | Choice | Gap | None:
    """The engine's own value of a setting that nobody wrote; None when it has no such setting."""
    return trtllm_defaults.derive(table(), setting, parsed, release, inputs)


def settings(release: Release) -> tuple[str, ...]:
    """Every setting name this release has: vocabulary names first, then `trtllm.<dest>`."""
    return trtllm_defaults.settings(table(), release.candidates)


def flags(version: str) -> tuple[FlagRecord, ...]:
    """Every flag of one version."""
    return listing.records(table(), version, trtllm_defaults.kind)


def variables(version: str) -> Mapping[str, Value]:
    """Every environment variable of one version, with its default."""
    return listing.variables(table(), version)


def history(flag: str) -> tuple[tuple[str, str, FlagRecord | None], ...]:
    """(first version, last version, record) runs of one flag or destination through the table; None: absent."""
    underscored = f"--{flag.lstrip('-').replace('-', '_')}"
    known = table().runs(underscored)
    dest = known[-1][2].dest if known else flag
    return listing.history(table(), dest, trtllm_defaults.kind)


def recognised_command(argv: Sequence[Token]) -> bool:
    """Whether this argument vector starts TensorRT-LLM."""
    return trtllm_program.locate(argv) is not None


def recognised_image(container: Container) -> str | None:
    """Why this image is TensorRT-LLM's, in words; None when it is not."""
    return listing.recognised_image(NAME, container)
