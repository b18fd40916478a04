"""vLLM as an engine: the names of `interface.EngineModule`.

The table says which flags each release has; `vllm_grammar` how its own argument handling works; `vllm_rules` what it
decides at its start.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from skewguard.knowledge.engines import (
    listing,
    merging,
    tables,
    vllm_defaults,
    vllm_environment,
    vllm_grammar,
    vllm_overruling,
    vllm_program,
)
from skewguard.knowledge.engines.environment import read as read_environment
from skewguard.knowledge.engines.interface import FlagRecord, Inputs, Parsed, Release, Variable
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.vllm_ground import Ground
from skewguard.knowledge.engines.vllm_sentences import VOICE
from skewguard.language.facts import Choice, Fact, Gap, Value
from skewguard.language.workloads import Container, EnvVar, TextFile, Token

NAME = "vllm"
TITLE = "vLLM"


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
    """What the official image runs when the container gives no `command`."""
    return vllm_grammar.entrypoint(version)


def parse(
    argv: Sequence[Token],
    release: Release,
    files: Sequence[TextFile],
    *,
    from_image: bool = False,
) -> Parsed:
    """Read an argument vector as this release's parser does.

    `from_image`: `argv` are arguments for the image's own entrypoint, which depends on the version. An `argv` that
    begins with a flag is read so as well.
    """
    groups = vllm_program.groups(table(), argv, release, files, from_image=from_image)
    if not groups:
        return vllm_program.foreign(argv, release)
    return merging.merge(groups, release, VOICE, _typed)


def settle(parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs) -> Parsed:
    """`parsed`, and what vLLM's start makes of flags that it does not always obey."""

    def ground(version: str) -> Ground:
        return vllm_defaults.ground(table(), parsed, env, release, inputs, version)

    return vllm_overruling.applied(parsed, env, release, ground)


def _typed(dest: str, value: Any) -> Value:
    """A destination's value in the form its setting has."""
    if dest == "served_model_name" and isinstance(value, list) and len(value) == 1:
        return value[0]
    if dest == "optimization_level" and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def environment(env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """What vLLM makes of each variable that concerns it."""
    return read_environment(vllm_environment.MANNER, table(), env, release)


def derive(
    setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
) -> Fact | Choice | Gap | None:
    """The engine's own value of a setting that nobody wrote; None when it has no such setting."""
    return vllm_defaults.derive(table(), setting, parsed, env, release, inputs)


def settings(release: Release) -> tuple[str, ...]:
    """Every setting name this release has: vocabulary names first, then `vllm.<dest>`."""
    return vllm_defaults.settings(table(), release.candidates)


def flags(version: str) -> tuple[FlagRecord, ...]:
    """Every flag of one version."""
    return listing.records(table(), version, vllm_defaults.kind)


def variables(version: str) -> Mapping[str, Value]:
    """Every environment variable of one version, with its default."""
    return listing.variables(table(), version)


def history(flag: str) -> tuple[tuple[str, str, FlagRecord | None], ...]:
    """(first version, last version, record) runs of one flag or destination through the table; None: absent."""
    return listing.history(table(), flag, vllm_defaults.kind)


def recognised_command(argv: Sequence[Token]) -> bool:
    """Whether this argument vector starts vLLM."""
    return vllm_program.locate(argv) is not None


def recognised_image(container: Container) -> str | None:
    """Why this image is vLLM's, in words; None when it is not."""
    return listing.recognised_image(NAME, container)
