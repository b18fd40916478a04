"""The JSON documents, as Structs: their keys and types are the promise other programs build on.

The documentation page and the JSON Schemas are made from these (see `schemas`), so they cannot say anything else. A
key is never renamed and never changes its meaning within a version; new keys may come. Absent is null, never 0. Here
stand the parts that several documents have in common and the document of `diff`; the others have modules of their own.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from skewguard.language.facts import Authority, Bound, OriginKind
from skewguard.language.findings import Severity
from skewguard.language.rereadings import Treatment

Text = str
Line = Annotated[int | None, Meta(description="1-based; null where no line is known")]
Column = Annotated[int | None, Meta(description="1-based, counted in characters")]
SettingName = Annotated[str, Meta(description="a name of the vocabulary, or `<engine>.<destination>`")]
Json = Annotated[Any, Meta(description="a JSON value of the setting's type (seconds, bytes, integers)")]
Starts = Annotated[bool | None, Meta(description="whether the engine's parser takes the arguments; null: unknown")]


class Tool(Struct):
    """What made the document. `table_files` holds the files of those tables that are not the package's own."""

    version: Text
    tables: Annotated[Mapping[str, str], Meta(description="version of the table of each engine that was used")]
    table_files: Mapping[str, str] | UnsetType = UNSET


class Source(Struct):
    """The file a subject was read from, and the document in it (1-based)."""

    path: Text
    document: int


class Subject(Struct, omit_defaults=True):
    """One container of one workload. Keys that do not apply are left out, except the first five."""

    cluster: str | None
    group: str | None
    kind: Text
    namespace: str | None
    name: Text
    uid: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    revision: str | UnsetType = UNSET
    container: str | UnsetType = UNSET
    pod: str | UnsetType = UNSET
    source: Source | UnsetType = UNSET


class Origin(Struct):
    """The exact place a value comes from. `text` is the value as written there."""

    kind: OriginKind
    ref: Annotated[str, Meta(description="the place in words")]
    file: str | None
    line: Line
    column: Column
    end_column: Annotated[int | None, Meta(description="the column after the last character")]
    text: str | None
    template: Annotated[str | None, Meta(description="Helm template the file was rendered from")]


class Effect(Struct):
    """What a difference does to memory or speed, by arithmetic alone. A side is null where the weights leave no room."""

    name: Annotated[str, Meta(description="one of the names of `capacity` in the document of `settings`")]
    unit: Text
    before: float | None
    after: float | None
    bound: Annotated[Bound, Meta(description="on which side of both numbers the truth can lie")]


class Problem(Struct):
    """An input that could not be read or understood."""

    file: str | None
    line: Line
    column: Column
    message: Text
    hint: str | None


class Missing(Struct):
    """A ConfigMap, Secret or file that the input refers to and does not hold."""

    ref: Text
    hides: Annotated[str, Meta(description="what cannot be seen without it")]
    supply: Annotated[str, Meta(description="how to put it into the input")]
    origin: Origin
    subject: Subject | None


class Document(Struct, kw_only=True):
    """What every document starts with."""

    schema: Annotated[str, Meta(description="which document this is")]
    tool: Tool
    exit_code: Annotated[int, Meta(description="the exit code of the command")]


class Arm(Struct):
    """One way a rule can turn out."""

    when: Text
    value: Json


class Choice(Struct):
    """What a rule gives when an input is missing: one of the arms. Of rule `replicas` all of them hold at once: replicas
    run apart, and `when` says on how many and on which each value was found."""

    rule: Text
    inputs: list[str]
    arms: list[Arm]


class Gap(Struct):
    """Why nobody can know the value, and what would settle it."""

    reason: Text
    rule: Text
    inputs: list[str]
    would_need: Text


class Effective(Struct):
    """What is in effect: exactly one of `value`, `choice` and `gap` is present."""

    value: Json | UnsetType = UNSET
    choice: Choice | UnsetType = UNSET
    gap: Gap | UnsetType = UNSET


class Side(Struct, kw_only=True):
    """One side of a difference: exactly one of `value`, `choice` and `gap`, with who says so and where."""

    value: Json | UnsetType = UNSET
    choice: Choice | UnsetType = UNSET
    gap: Gap | UnsetType = UNSET
    authority: Authority | None
    origin: Origin | None


class Change(Struct):
    """A setting that differs. A side is null where that engine or version has no such setting."""

    subject: Subject
    setting: SettingName
    before: Side | None = field(name="from")
    after: Side | None = field(name="to")
    severity: Severity
    reason: Text
    effect: Annotated[list[Effect], Meta(description="of this change alone, on `a`; empty where it is not known")]


class Undecided(Struct):
    """A setting of which nobody can say whether it differs."""

    subject: Subject
    setting: SettingName
    before: Side | None = field(name="from")
    after: Side | None = field(name="to")
    inputs: Annotated[list[str], Meta(description="keys of the unseen inputs that would decide")]


class Expected(Struct):
    """A difference that follows from what was compared."""

    subject: Subject | None
    setting: SettingName
    reason: Text


class BothStart(Struct):
    """Whether each side's parser accepts its arguments; null: cannot be told."""

    a: Starts
    b: Starts


class WordChange(Struct):
    """An argument or variable that the two sides do not treat alike, what it does and what to edit."""

    subject: Subject
    name: Annotated[str, Meta(description="the flag or variable; `positional` for a word without a name")]
    before: Treatment = field(name="from")
    after: Treatment = field(name="to")
    severity: Severity
    setting: SettingName | None
    message: Text
    remedy: Annotated[str, Meta(description="the exact edit; empty where none is needed")]
    origin: Origin | None


class EntrypointChange(Struct):
    """A container given arguments alone, whose image starts another program on the two sides."""

    subject: Subject
    before: Text = field(name="from")
    after: Text = field(name="to")
    message: Text


class Entrypoints(Struct):
    """What the images start before the arguments. `a` and `b` are null where containers differ or nobody can know it."""

    a: str | None
    b: str | None
    changes: list[EntrypointChange]


class DiffDocument(Document, kw_only=True):
    """`diff`: which effective settings of two things differ, and why."""

    schema: Literal["skewguard.dev/diff/v1"] = "skewguard.dev/diff/v1"
    a: Text
    b: Text
    arguments: list[WordChange]
    environment: list[WordChange]
    entrypoints: Entrypoints
    changes: list[Change]
    undecided: list[Undecided]
    only_in_a: list[Subject]
    only_in_b: list[Subject]
    starts: BothStart
    expected_differences: list[Expected]
    errors: list[Problem]
    missing: list[Missing]
    notes: list[str]
