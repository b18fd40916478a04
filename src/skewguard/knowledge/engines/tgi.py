"""Text Generation Inference as an engine: the names of `interface.EngineModule`.

The table says which flags and variables each release of the launcher has; `tgi_grammar` how its parser, clap, reads
them; `tgi_rules` what is decided at the start. A flag goes before its variable, that before the default.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines import listing, merging, programs, tables, tgi_contradictions, tgi_program, twins
from skewguard.knowledge.engines.environment import read as read_environment
from skewguard.knowledge.engines.interface import FlagRecord, Inputs, Parsed, Release, Variable
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.tgi_environment import MANNER
from skewguard.knowledge.engines.tgi_grammar import SPLITTING
from skewguard.knowledge.engines.tgi_reading import from_environment
from skewguard.knowledge.engines.tgi_rules import BOOK, TGI
from skewguard.knowledge.engines.tgi_sentences import IMAGE, LAUNCHER, VOICE
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Choice, Fact, Gap, Value
from skewguard.language.workloads import Container, EnvVar, TextFile, Token

NAME = TGI.name
TITLE = TGI.title

_VENDORS = ("huggingface-pytorch-tgi-inference", "huggingface-text-generation-inference")
"""Images of clouds, whose own start-up script turns other variables into those of TGI and drops arguments."""


_BACKENDS = {
    "-trtllm": "TGI's TensorRT-LLM backend",
    "-llamacpp": "TGI's llama.cpp backend",
    "-neuron": "TGI for Neuron",
}
"""Images of TGI with a program of their own, by the end of the tag (`Dockerfile_trtllm`, `Dockerfile_llamacpp`)."""


def table() -> Table:
    """The table of releases."""
    return tables.load(NAME)


def releases() -> tuple[str, ...]:
    """Every version of the table, oldest first."""
    return table().versions


def table_version() -> str:
    """The version of the table itself."""
    return table().table_version


def entrypoint(version: str) -> tuple[str, ...]:
    """What the official image runs: up to 1.4 the launcher itself, from 2.0.0 on through a script of its own."""
    return (IMAGE if since(version, SPLITTING) else LAUNCHER,)


def parse(argv: Sequence[Token], release: Release, _files: Sequence[TextFile], *, from_image: bool = False) -> Parsed:
    """Read an argument vector as this release's launcher does. `from_image`: `argv` are arguments alone."""
    other = next((name for end, name in _BACKENDS.items() if release.key.partition("@sha256")[0].endswith(end)), None)
    if other is not None:
        return programs.foreign(other, argv, release)
    groups = tgi_program.groups(table(), argv, release, from_image=from_image)
    if not groups:
        return tgi_program.foreign(argv, release)
    parsed = merging.merge(groups, release, VOICE, _typed)
    if not from_image or not any(vendor in release.key for vendor in _VENDORS):
        return parsed
    blind = Gap(
        "*",
        "the start-up script of this image makes TGI's settings of variables of its own, and may drop these arguments",
        rule="image-entrypoint",
        inputs=(release.key.replace("version@", "entrypoint@", 1),),
        would_need="`command` in the container, or the running server",
    )
    return structs.replace(parsed, blind=parsed.blind or blind, starts=None)


def settle(parsed: Parsed, env: Sequence[EnvVar], release: Release, _inputs: Inputs) -> Parsed:
    """`parsed`, with what variables set where the command line says nothing, and what the start refuses of both."""
    way = twins.Way(from_environment, _typed)
    return tgi_contradictions.told(twins.applied(table(), way, parsed, env, release), env, release)


def _typed(dest: str, value: Any) -> Value:
    """A destination's value in the form its setting has."""
    if dest == "lora_adapters" and isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    typed: Value = value
    return typed


def environment(env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """What TGI makes of each variable that concerns it."""
    return read_environment(MANNER, table(), env, release)


def derive(
    setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
) -> Fact | Choice | Gap | None:
    """The engine's own value of a setting that nobody wrote; None when it has no such setting."""
    return BOOK.derive(table(), setting, parsed, env, release, inputs)


def settings(release: Release) -> tuple[str, ...]:
    """Every setting name this release has: vocabulary names first, then `tgi.<dest>`."""
    return BOOK.settings(table(), release.candidates)


def flags(version: str) -> tuple[FlagRecord, ...]:
    """Every flag of one version."""
    return listing.records(table(), version, BOOK.kind)


def variables(version: str) -> Mapping[str, Value]:
    """Every environment variable of one version, with its default."""
    return listing.variables(table(), version)


def history(flag: str) -> tuple[tuple[str, str, FlagRecord | None], ...]:
    """(first version, last version, record) runs of one flag or destination through the table; None: absent."""
    return listing.history(table(), flag, BOOK.kind)


def recognised_command(argv: Sequence[Token]) -> bool:
    """Whether this argument vector starts TGI."""
    return tgi_program.locate(argv) is not None


def recognised_image(container: Container) -> str | None:
    """Why this image is TGI's, in words; None when it is not."""
    return listing.recognised_image(NAME, container)
