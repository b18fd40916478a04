"""NVIDIA NIM as an engine: the names of `interface.EngineModule`.

NIM is told by variables. From 2.0.0 on it hands arguments to the engine behind it, those of the command line before
those in `NIM_PASSTHROUGH_ARGS`, these before the variables; then come a file in the model's workspace and the tags of
the profile (`2.0.0/reference/advanced-configuration`). Which release of the engine is behind, no page tells, so that
arguments leave open what they may set. The table of variables is kept by hand, each with the page that names it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from msgspec import structs

from skewguard.knowledge.engines import answers, commands, listing, nim_rules, nim_variables, programs, tables, twins
from skewguard.knowledge.engines.interface import FlagRecord, Inputs, Parsed, Release, Variable
from skewguard.knowledge.engines.nim_rules import BOOK, BY_PROFILE, LAYERED, NIM
from skewguard.knowledge.engines.programs import Start
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Choice, Fact, Gap, Value
from skewguard.language.workloads import Container, EnvVar, TextFile, Token

NAME = NIM.name
TITLE = NIM.title

IMAGE = "the image's own start"
PASSTHROUGH = "NIM_PASSTHROUGH_ARGS"


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
    """Nothing: the official image starts the server by itself, and runs what the arguments name where they do."""
    return ()


# ---- arguments -----------------------------------------------------------------------------------------------------


def parse(argv: Sequence[Token], release: Release, _files: Sequence[TextFile], *, from_image: bool = False) -> Parsed:
    """Read an argument vector: without arguments everything is told by variables, with them the engine behind is."""
    found = _start(argv)
    if found.program is None and not from_image:
        return programs.foreign(found.name, argv, release)
    words = argv[found.first :]
    if not words:
        return Parsed((), {}, {}, starts=True, entrypoint=found.name, versions=release.candidates)
    gap = _behind("the arguments go", [word.text for word in words if not word.secret], release)
    return Parsed((), {}, {}, starts=None, entrypoint=found.name, blind=gap, versions=release.candidates)


def _locate(argv: Sequence[Token]) -> Start[str] | None:
    found = commands.read(argv)
    if found.engine != NAME or found.joins:
        return None
    name = commands.base(argv[found.at].text.strip())
    return Start(name, found.at + 1, name)


def _start(argv: Sequence[Token]) -> Start[str]:
    found = _locate(argv)
    if found is not None:
        return found
    if not argv or argv[0].text.startswith("-"):
        return Start(IMAGE, 0, IMAGE)
    return Start(None, 0, argv[0].text)


def _behind(what: str, said: Sequence[str] | str, release: Release) -> Gap:
    """The answer where arguments may set anything: equal for equal arguments of one image."""
    layered = all(since(version, LAYERED) for version in release.candidates)
    reason = f"{what} to the engine behind NIM, and no page of NIM that was read says which release of it that is"
    if not layered:
        reason = "no page of NIM before 2.0.0 that was read says what becomes of arguments"
    key = f"arguments@{crc32(repr(said).encode('utf-8', 'replace')):08x}"
    need = nim_rules.ASK_LAYERED if layered else nim_rules.ASK
    return Gap("*", reason, rule="nim.engine-arguments", inputs=(key, release.key), would_need=need)


# ---- variables -----------------------------------------------------------------------------------------------------


def settle(parsed: Parsed, env: Sequence[EnvVar], release: Release, _inputs: Inputs) -> Parsed:
    """`parsed`, with what variables set; arguments in `NIM_PASSTHROUGH_ARGS` may set more, and go before them."""
    passed = {entry.name: entry for entry in env}.get(PASSTHROUGH)
    if passed is not None and passed.value != "" and parsed.blind is None:
        gap = _behind(f"`{PASSTHROUGH}` goes", passed.value or f"env@{PASSTHROUGH}", release)
        parsed = structs.replace(parsed, blind=gap, starts=None)
    return twins.applied(table(), twins.Way(nim_variables.value, _typed), parsed, env, release)


def _typed(dest: str, value: Any) -> Value:
    """A destination's value in the form its setting has: several names stand behind commas."""
    if dest == "served_model_name" and isinstance(value, str) and "," in value:
        return [name.strip() for name in value.split(",")]
    typed: Value = value
    return typed


def environment(env: Sequence[EnvVar], release: Release) -> tuple[Variable, ...]:
    """What NIM makes of each variable that concerns it, as far as its pages tell."""
    return nim_variables.read(table(), env, release)


# ---- answers -------------------------------------------------------------------------------------------------------


def derive(
    setting: str, parsed: Parsed, env: Sequence[EnvVar], release: Release, inputs: Inputs
) -> Fact | Choice | Gap | None:
    """The engine's own value of a setting that nobody wrote; None when it has no such setting.

    The profile decides in every release, also in those outside the table.
    """
    if not release.beyond or setting not in BY_PROFILE:
        return BOOK.derive(table(), setting, parsed, env, release, inputs)
    within = structs.replace(release, certainty="between")
    answer = BOOK.derive(table(), setting, parsed, env, within, inputs)
    return answer if isinstance(answer, Gap) else answers.beyond(NIM, setting, release)


def settings(release: Release) -> tuple[str, ...]:
    """Every setting name this release has: vocabulary names first, then `nim.<dest>`."""
    return BOOK.settings(table(), release.candidates)


def flags(version: str) -> tuple[FlagRecord, ...]:
    """Every variable of one version that stands for a setting."""
    return listing.records(table(), version, BOOK.kind)


def variables(version: str) -> Mapping[str, Value]:
    """Every environment variable of one version, with its default."""
    return listing.variables(table(), version)


def history(flag: str) -> tuple[tuple[str, str, FlagRecord | None], ...]:
    """(first version, last version, record) runs of one variable or destination through the table; None: absent."""
    known = table().runs(flag)
    return listing.history(table(), known[-1][2].dest if known else flag, BOOK.kind)


def recognised_command(argv: Sequence[Token]) -> bool:
    """Whether this argument vector starts NIM."""
    return _locate(argv) is not None


def recognised_image(container: Container) -> str | None:
    """Why this image is NIM's, in words; None when it is not."""
    return listing.recognised_image(NAME, container)
