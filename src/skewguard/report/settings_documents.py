"""The JSON document of `settings`: its keys and types, a promise like those in `documents`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from skewguard.language.facts import Authority, Bound
from skewguard.report.documents import (
    Document,
    Effective,
    Json,
    Missing,
    Origin,
    Problem,
    SettingName,
    Starts,
    Subject,
    Text,
)


class Argument(Struct):
    """One argument as the engine's parser takes it."""

    text: Text
    flag: str | None
    dest: str | None
    value: Json
    outcome: Literal["parsed", "swallowed", "ignored", "overridden", "unknown", "ambiguous", "invalid"]
    message: Text
    origin: Origin


class Variable(Struct):
    """One environment variable that concerns the engine."""

    name: Text
    outcome: Literal["read", "unread", "dead", "invalid"]
    message: Text
    origin: Origin


class FactLine(Struct):
    """One value of a setting, from one place."""

    value: Json
    authority: Authority
    origin: Origin
    assumes: list[str]


class Setting(Struct):
    """One setting of one subject."""

    setting: SettingName
    unit: Text
    effective: Effective
    authority: Authority | None
    facts: list[FactLine]


class Size(Struct):
    """An answer of the arithmetic of memory and speed. `bound` says on which side of the value the truth can lie."""

    name: Text
    meaning: Text
    unit: Text
    effective: Effective
    bound: Bound | None
    assumes: Annotated[list[str], Meta(description="what the number rests on")]
    origin: Origin | None


class SubjectSettings(Struct):
    """The effective settings of one container."""

    subject: Subject
    engine: Text
    version: str | None
    entrypoint: Text
    starts: Starts
    arguments: list[Argument]
    environment: list[Variable]
    settings: list[Setting]
    capacity: Annotated[list[Size], Meta(description="memory and speed; empty without the model's own files")]


class SettingsDocument(Document, kw_only=True):
    """`settings`: what an engine really runs with, and where each value comes from."""

    schema: Literal["skewguard.dev/settings/v1"] = "skewguard.dev/settings/v1"
    subjects: list[SubjectSettings]
    errors: list[Problem]
    missing: list[Missing]
    notes: list[str]
