"""The llama.cpp server as an engine: the names of `interface.EngineModule`.

The table says which flags and variables each build has; `llamacpp_grammar` how it reads them; `llamacpp_rules` what is
decided at the start. A flag goes before its variable, that before the default. Builds are counted: `b4719`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from msgspec import structs

from skewguard.knowledge.engines import listing, llamacpp_environment, llamacpp_program, merging, tables, twins
from skewguard.knowledge.engines.environment import read as read_environment
from skewguard.knowledge.engines.interface import FlagRecord, Inputs, Parsed, Release, Variable
from skewguard.knowledge.engines.llamacpp_reading import from_environment
from skewguard.knowledge.engines.llamacpp_rules import BOOK, LLAMACPP
from skewguard.knowledge.engines.llamacpp_sentences import SERVER, VOICE
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Choice, Fact, Gap, Value
from skewguard.language.workloads import Container, EnvVar, TextFile, Token

NAME = LLAMACPP.name
TITLE = LLAMACPP.title

_CONFIGURED = "b10398"
"""The first build that reads a file of settings before variables and flags (`common_params_apply_system_config`)."""
_CONFIG = "/llama.cpp/config.ini"
"""The end of its path, under `/etc` and under the user's own folder of settings."""


def table() -> Table:
    """The table of builds."""
    return tables.load(NAME)


def releases() -> tuple[str, ...]:
    """Every build of the table, oldest first."""
    return table().versions


def table_version() -> str:
    """The version of the table itself."""
    return table().table_version


def entrypoint(_version: str) -> tuple[str, ...]:
    """What the images `server…` run."""
    return (SERVER,)


def parse(argv: Sequence[Token], release: Release, files: Sequence[TextFile], *, from_image: bool = False) -> Parsed:
    """Read an argument vector as this build does. `from_image`: `argv` are arguments alone."""
    groups = llamacpp_program.groups(table(), argv, release, from_image=from_image)
    if not groups:
        return llamacpp_program.foreign(argv, release, from_image=from_image)
    return _configured(merging.merge(groups, release, VOICE, _typed), files, release)


def _configured(parsed: Parsed, files: Sequence[TextFile], release: Release) -> Parsed:
    """`parsed`, with what a mounted file of settings leaves open, whose form is not read here."""
    file = next((each for each in files if each.path.endswith(_CONFIG)), None)
    if file is None or parsed.blind is not None or not any(since(each, _CONFIGURED) for each in release.candidates):
        return parsed
    gap = Gap(
        "*",
        f"{file.path} ({file.ref}) may set what neither a flag nor a variable does, and is not read here",
        rule="config-file",
        inputs=(f"file@{file.path}#{crc32((file.text or file.ref).encode('utf-8', 'replace')):08x}",),
        would_need="the running server (`GET /props`)",
    )
    return structs.replace(parsed, blind=gap)


def settle(parsed: Parsed, env: Sequence[EnvVar], release: Release, _inputs: Inputs) -> Parsed:
    """`parsed`, with what variables set where the command line says nothing, and the model by whatever names it."""
    versions = parsed.versions or release.candidates
    entries = list(llamacpp_environment.plain(table(), env, versions))
    settled = twins.applied(table(), twins.Way(from_environment, _typed), parsed, entries, release)
    return _by_repository(settled)


def _by_repository(parsed: Parsed) -> Parsed:
    """Where a repository is given, that is the model, and a path beside it only the place of its copy."""
    repository, path = parsed.values.get("hf_repo"), parsed.values.get("model")
    gap = parsed.gaps.get("hf_repo")
    if repository is None and gap is None:
        return parsed
    values, gaps = dict(parsed.values), dict(parsed.gaps)
    if path is not None:
        values["model_path"] = structs.replace(path, setting=f"{NAME}.model_path")
        del values["model"]
    if repository is not None:
        values["model"] = structs.replace(repository, setting="model.id", value=str(repository.value).partition(":")[0])
    if gap is not None:
        gaps["model"] = structs.replace(gap, setting="model.id")
    return structs.replace(parsed, values=values, gaps=gaps)


def _typed(dest: str, value: Any) -> Value:
    """A destination's value in the form its setting has: `auto` for what leaves it to the server."""
    if dest in ("n_parallel", "n_gpu_layers") and isinstance(value, int) and value < 0:
        return "auto" if value == -1 or dest == "n_parallel" else "all"
    if dest == "n_ctx" and value == 0:
        return "auto"
    if dest == "n_predict" and isinstance(value, int) and value < 0:
        return None
    typed: Value = value
    return typed


def environment(env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """What the server makes of each variable that concerns it."""
    return read_environment(llamacpp_environment.MANNER, table(), env, release)


def derive(
    setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
) -> Fact | Choice | Gap | None:
    """The server's own value of a setting that nobody wrote; None when it has no such setting."""
    return BOOK.derive(table(), setting, parsed, env, release, inputs)


def settings(release: Release) -> tuple[str, ...]:
    """Every setting name this build has: vocabulary names first, then `llamacpp.<dest>`."""
    return BOOK.settings(table(), release.candidates)


def flags(version: str) -> tuple[FlagRecord, ...]:
    """Every flag of one build."""
    return listing.records(table(), version, BOOK.kind)


def variables(version: str) -> Mapping[str, Value]:
    """Every environment variable of one build."""
    return listing.variables(table(), version)


def history(flag: str) -> tuple[tuple[str, str, FlagRecord | None], ...]:
    """(first build, last build, record) runs of one flag or destination through the table; None: absent."""
    return listing.history(table(), flag, BOOK.kind)


def recognised_command(argv: Sequence[Token]) -> bool:
    """Whether this argument vector starts the llama.cpp server."""
    return llamacpp_program.locate(argv) is not None


def recognised_image(container: Container) -> str | None:
    """Why this image is llama.cpp's, in words; None when it is not."""
    return listing.recognised_image(NAME, container)
