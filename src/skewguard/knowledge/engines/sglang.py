"""SGLang as an engine: the names of `interface.EngineModule`.

The table says which flags each release has; `sglang_grammar` what it does around the plain parser; `sglang_rules` what
it decides at its start.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines import (
    conversions,
    listing,
    merging,
    sglang_defaults,
    sglang_environment,
    sglang_overruling,
    sglang_program,
    tables,
)
from skewguard.knowledge.engines.environment import read as read_environment
from skewguard.knowledge.engines.interface import FlagRecord, Inputs, Parsed, Release, Variable
from skewguard.knowledge.engines.sglang_sentences import VOICE
from skewguard.knowledge.engines.tables import Table
from skewguard.language import vocabulary
from skewguard.language.facts import Choice, Fact, Gap, Value
from skewguard.language.workloads import Container, EnvVar, TextFile, Token

NAME = "sglang"
TITLE = "SGLang"


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
    """Nothing: the official image has no entrypoint of its own, and its base's runs whatever the arguments name."""
    return ()


def parse(argv: Sequence[Token], release: Release, files: Sequence[TextFile], *, from_image: bool = False) -> Parsed:
    """Read an argument vector as this release's parser does.

    `from_image`: `argv` are arguments alone. SGLang's own image would run their first word; an image that takes flags
    has an entrypoint of its own, which may give others.
    """
    groups = sglang_program.groups(table(), argv, release, files)
    if not groups:
        return sglang_program.foreign(argv, release)
    parsed = _shared_copies(merging.merge(groups, release, VOICE, _typed))
    if not from_image or parsed.blind is not None:
        return parsed
    gap = Gap(
        "*",
        "the image's own entrypoint reads these arguments, and may give SGLang others",
        rule="image-entrypoint",
        inputs=(release.key.replace("version@", "entrypoint@", 1),),
        would_need="`command` in the container, or the running server",
    )
    return structs.replace(parsed, blind=gap, starts=None if parsed.starts else parsed.starts)


def settle(parsed: Parsed, _env: Sequence[EnvVar], release: Release, _inputs: Inputs) -> Parsed:
    """`parsed`, and what SGLang's start makes of settings that other arguments decide."""
    return sglang_overruling.applied(parsed, release)


def _typed(dest: str, value: Any) -> Value:
    """A destination's value in the form its setting has."""
    if dest == "json_model_override_args" and isinstance(value, str):
        try:
            return conversions.json_value(value)
        except conversions.Refused:
            return value
    return vocabulary.spoken(NAME, dest, value)


def _shared_copies(parsed: Parsed) -> Parsed:
    """With data-parallel attention `--dp-size` counts ranks inside one copy, not copies of the engine."""
    ranks, attention = parsed.values.get("dp_size"), parsed.values.get("enable_dp_attention")
    if ranks is None or attention is None or attention.value is not True:
        return parsed
    return structs.replace(
        parsed, values={**parsed.values, "dp_size": structs.replace(ranks, setting=f"{NAME}.dp_size")}
    )


def environment(env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """What SGLang makes of each variable that concerns it."""
    return read_environment(sglang_environment.MANNER, table(), env, release)


def derive(
    setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
) -> Fact | Choice | Gap | None:
    """The engine's own value of a setting that nobody wrote; None when it has no such setting."""
    return sglang_defaults.derive(table(), setting, parsed, env, release, inputs)


def settings(release: Release) -> tuple[str, ...]:
    """Every setting name this release has: vocabulary names first, then `sglang.<dest>`."""
    return sglang_defaults.settings(table(), release.candidates)


def flags(version: str) -> tuple[FlagRecord, ...]:
    """Every flag of one version."""
    return listing.records(table(), version, sglang_defaults.kind)


def variables(version: str) -> Mapping[str, Value]:
    """Every environment variable of one version, with its default."""
    return listing.variables(table(), version)


def history(flag: str) -> tuple[tuple[str, str, FlagRecord | None], ...]:
    """(first version, last version, record) runs of one flag or destination through the table; None: absent."""
    return listing.history(table(), flag, sglang_defaults.kind)


def recognised_command(argv: Sequence[Token]) -> bool:
    """Whether this argument vector starts SGLang."""
    return sglang_program.locate(argv) is not None


def recognised_image(container: Container) -> str | None:
    """Why this image is SGLang's, in words; None when it is not."""
    return listing.recognised_image(NAME, container)
