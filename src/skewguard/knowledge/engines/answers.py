"""The value of a setting that nobody wrote, as any engine's table gives it, and what several releases give together."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from zlib import crc32

from msgspec import Struct

from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.tables import Table
from skewguard.knowledge.engines.versions import span
from skewguard.language import vocabulary
from skewguard.language.facts import Arm, Choice, Effective, Fact, Gap, Origin, Value, assuming

MOST_ARMS = 8
"""More releases' values than this are no choice a person can read, but a gap."""


class Engine(Struct, frozen=True):
    """An engine's name (`vllm`) and its own spelling of it (`vLLM`)."""

    name: str
    title: str


# ---- one release ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=20000)
def literal(engine: Engine, table: Table, version: str, setting: str, dest: str) -> Effective:
    """The default as the release's parser has it."""
    flag = table.by_dest(version)[dest]
    default = flag.default if flag.default is not None else flag.fallback
    if isinstance(default, dict) and any(key.startswith("$") for key in default):
        return _special(engine, table, version, setting, default)
    return _default(engine, version, setting, vocabulary.spoken(engine.name, dest, default))


def _default(engine: Engine, version: str, setting: str, value: Value, assumes: tuple[str, ...] = ()) -> Fact:
    return Fact(setting, value, "derived", Origin(kind="default", ref=f"default of {engine.title} {version}"), assumes)


def _special(engine: Engine, table: Table, version: str, setting: str, default: Mapping[str, Any]) -> Effective:
    """A default that is no plain value: a config object, a variable's value, an expression."""
    if "$object" in default:
        fields = table.config_fields(default["$object"], version)
        return Gap(
            setting,
            f"{engine.title} {version} makes it from {default['$object']}, and fills it in at the start",
            rule=f"{engine.name}.object-default",
            inputs=(f"object@{default['$object']}({_digest(fields)})",),  # equal where no field's default changed
            would_need="the running server",
        )
    if "$suppress" in default:
        return _default(engine, version, setting, None)
    if "$env" in default:
        return _default(engine, version, setting, default.get("else"), (f"{default['$env']}",))
    return Gap(
        setting,
        f"{engine.title} {version} works its default out at the start",
        rule=f"{engine.name}.computed@{version}",
        inputs=("the running server",),
        would_need="the running server",
    )


def _digest(fields: Mapping[str, Any]) -> str:
    """A short name for the defaults of a config object."""
    return f"{crc32(repr(sorted(fields.items())).encode()):08x}"


# ---- several releases ----------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def remembered(
    _table: Table, _candidates: tuple[str, ...], _certainty: str, _program: str, _key: str
) -> dict[str, Effective | None]:
    """Where answers are kept that follow from nothing but the release: the same for every container of it.

    Most settings are of this sort. What it is asked with are all the things that such an answer hangs on.
    """
    return {}


def of_release(table: Table, parsed: Parsed, release: Release) -> dict[str, Effective | None]:
    """The answers kept for what reads these arguments; an empty place where the arguments or the release decide more."""
    if parsed.blind is not None or release.beyond:
        return {}
    key = release.key if len(release.candidates) > 1 else ""
    return remembered(table, release.candidates, release.certainty, parsed.entrypoint, key)


def of_table(
    engine: Engine, table: Table, setting: str, dest: str, candidates: tuple[str, ...], key: str
) -> Effective | None:
    """The default of a setting that follows from nothing but the release. `key` is the input key of the version."""
    given = [(each, literal(engine, table, each, setting, dest)) for each in candidates if dest in table.by_dest(each)]
    return agreed(engine, setting, given, len(candidates), key)


def beyond(engine: Engine, setting: str, release: Release) -> Gap:
    """The answer for a release outside the table."""
    return Gap(
        setting,
        f"the defaults of {engine.title} {release.text} are not known here; "
        f"{release.candidates[-1]} is the nearest version in the table",
        rule="default-beyond",
        inputs=(f"default@{engine.name}=={release.text}",),
        would_need="a newer skewguard, or the running server",
    )


def agreed(
    engine: Engine, setting: str, answers: Sequence[tuple[str, Effective]], asked: int, key: str
) -> Effective | None:
    """What all releases give; a choice by version where they give different values; a gap where some give none.

    `answers` are those of the releases that have the setting, of `asked` that may run; `key` names the unknown version.
    """
    if not answers:
        return None
    first = answers[0][1]
    if asked == 1:
        return first
    complete = len(answers) == asked
    if complete and all(_same(first, answer) for _, answer in answers):
        return assuming(answers[-1][1], _assumes(answers))
    if complete and all(isinstance(answer, Fact) for _, answer in answers):
        return _by_version(engine, setting, answers, key)
    inputs = dict.fromkeys(item for _, answer in answers if not isinstance(answer, Fact) for item in answer.inputs)
    return Gap(
        setting,
        f"releases of {engine.title} decide it differently, and which one runs is not known",
        rule="version",
        inputs=(key, *list(inputs)[:3]),
        would_need="a pinned version",
    )


def _same(a: Effective, b: Effective) -> bool:
    if isinstance(a, Fact) and isinstance(b, Fact):
        return type(a.value) is type(b.value) and bool(a.value == b.value)
    if isinstance(a, Choice) and isinstance(b, Choice):
        return (a.rule, a.inputs, a.arms) == (b.rule, b.inputs, b.arms)
    return isinstance(a, Gap) and isinstance(b, Gap) and (a.rule, a.inputs) == (b.rule, b.inputs)


def _by_version(engine: Engine, setting: str, answers: Sequence[tuple[str, Effective]], key: str) -> Effective:
    spans: list[tuple[list[str], Value]] = []
    for version, answer in answers:
        assert isinstance(answer, Fact)
        if spans and type(spans[-1][1]) is type(answer.value) and spans[-1][1] == answer.value:
            spans[-1][0].append(version)
        else:
            spans.append(([version], answer.value))
    if len(spans) > MOST_ARMS:
        return Gap(setting, "its default changed often", "version", (key,), "a pinned version")
    arms = tuple(Arm(span(engine.title, versions), value) for versions, value in spans)
    return Choice(setting, f"{engine.name}.default-by-version", (key,), arms, _assumes(answers))


def _assumes(answers: Sequence[tuple[str, Effective]]) -> tuple[str, ...]:
    """All that the answers of several releases rest on."""
    known = [answer for _, answer in answers if isinstance(answer, Fact | Choice)]
    return tuple(dict.fromkeys(unseen for answer in known for unseen in answer.assumes))
