"""The JSON documents of `explain`, as Structs: see `documents` for what they promise."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from skewguard.language.findings import Category, Phase, Severity
from skewguard.report.documents import Document, Json, SettingName, Text


class Flag(Struct):
    """One flag of one engine version. `default` means nothing where `kind` is computed or required."""

    dest: Text
    spellings: list[str]
    kind: Literal["literal", "computed", "required"]
    default: Json
    type: str | None
    choices: list[Any] | None
    nargs: str | None
    deprecated: bool
    setting: SettingName | None


class VariableDefault(Struct):
    """One environment variable of one engine version."""

    name: Text
    default: Json


class EngineDocument(Document, kw_only=True):
    """`explain vllm==0.11.0`: every flag and environment variable of one engine version."""

    schema: Literal["skewguard.dev/engine/v1"] = "skewguard.dev/engine/v1"
    engine: Text
    version: Text
    entrypoint: Text
    flags: list[Flag]
    env: list[VariableDefault]
    notes: list[str]


class FlagRun(Struct):
    """A run of versions in which the flag did not change; `flag` is null where it did not exist."""

    first: Text
    last: Text
    flag: Flag | None


class FlagDocument(Document, kw_only=True):
    """`explain vllm/max-num-seqs`: one flag through every version of the table."""

    schema: Literal["skewguard.dev/flag/v1"] = "skewguard.dev/flag/v1"
    engine: Text
    flag: Text
    setting: SettingName | None
    runs: list[FlagRun]
    notes: list[str]


class VariableRun(Struct):
    """A run of versions in which the default did not change; `variable` is null where the engine does not read it."""

    first: Text
    last: Text
    variable: VariableDefault | None


class VariableDocument(Document, kw_only=True):
    """`explain vllm.env.VLLM_PORT`: one environment variable through every version of the table."""

    schema: Literal["skewguard.dev/variable/v1"] = "skewguard.dev/variable/v1"
    engine: Text
    name: Text
    setting: SettingName
    runs: list[VariableRun]
    notes: list[str]


class SettingDocument(Document, kw_only=True):
    """`explain limits.max_num_seqs`: one setting of the vocabulary."""

    schema: Literal["skewguard.dev/setting/v1"] = "skewguard.dev/setting/v1"
    name: SettingName
    type: Text
    unit: Text
    meaning: Text
    category: Category
    compare: Annotated[str, Meta(description="how two values are compared")]
    phases: list[Phase]
    called: Annotated[dict[str, str], Meta(description="what each engine calls it")]
    example: Text
    values: Annotated[list[str], Meta(description="the known values, empty where any may be")]
    notes: list[str]


class RuleDocument(Document, kw_only=True):
    """`explain pin.image-tag`: one check."""

    schema: Literal["skewguard.dev/check/v1"] = "skewguard.dev/check/v1"
    id: Text
    title: Text
    category: Category
    severity: Severity
    phases: list[Phase]
    why: Text
    remedy: Text
    bad: Annotated[str, Meta(description="a manifest fragment before")]
    good: Annotated[str, Meta(description="the same after")]
    aliases: list[str]
    sources: list[str]
