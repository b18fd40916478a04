"""The JSON document of `check` and `verify`: its keys and types, a promise like those in `documents`."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from skewguard.language.facts import Authority
from skewguard.language.findings import Category, Group, Phase, Severity, Verdict
from skewguard.report.documents import (
    Document,
    Effect,
    Json,
    Missing,
    Origin,
    Problem,
    SettingName,
    Subject,
    Text,
)
from skewguard.report.live_documents import LiveSubject, Recorded


class Clause(Struct):
    """The contract clause a finding judges."""

    name: Text
    origin: Origin


class Contract(Struct):
    """A contract that was given, and how many subjects it binds."""

    name: Text
    origin: Origin
    subjects: int


class Waiver(Struct):
    """Why a finding does not count, and until when (ISO date; null: without end)."""

    reason: Text
    until: str | None


class Observed(Struct):
    """The value a check looked at."""

    value: Json
    authority: Authority | None
    origin: Origin | None


class Finding(Struct):
    """One verdict of one check about one subject."""

    id: Annotated[str, Meta(description="16 hex digits, stable over line moves, reformatting and rollouts")]
    check: Text
    group: Group
    category: Category
    verdict: Verdict
    severity: Severity
    setting: SettingName | None
    anchor: Annotated[
        str | None,
        Meta(
            description="the flag, variable or object name at fault, `positional` for a word without a name; numbered from `[2]` where it has several faults of one kind"
        ),
    ]
    subject: Subject
    contract: Clause | None
    waiver: Waiver | None
    expected: Json
    observed: Observed | None
    inputs: Annotated[list[str], Meta(description="keys of the unseen inputs that would decide")]
    assumes: Annotated[list[str], Meta(description="unseen sources that could still change the value")]
    message: Text
    remedy: Annotated[str, Meta(description="the exact edit")]
    effect: Annotated[list[Effect], Meta(description="from what is expected to what is; empty where it is not known")]
    pods: Annotated[list[str], Meta(description="the replicas it was seen on; empty where none was looked at")]


class GapLine(Struct):
    """A value nobody can know from the inputs, why, and what would settle it."""

    subject: Subject
    setting: SettingName
    reason: Text
    rule: Text
    inputs: list[str]
    would_need: Text


class Run(Struct):
    """When the check ran (ISO 8601), and which phases it covered."""

    at: Text
    phases: list[Phase]


class CheckedSubject(Struct):
    """A container that runs an engine, why it is taken for one, and the contract that binds it."""

    subject: Subject
    engine: Text
    version: str | None
    reason: Text
    contract: str | None


class RestingPass(Struct):
    """A pass that holds only if sources that could not be seen say nothing else."""

    check: Text
    subject: Subject
    setting: str | None
    on: Annotated[list[str], Meta(description="the sources")]


class Summary(Struct):
    """The counts. `assumed` passes rest on sources that are not in the input."""

    files: int
    documents: int
    skipped_files: Annotated[int, Meta(description="files of a folder that hold no Kubernetes object")]
    engines: int
    under_contract: int
    assumed: int
    by_verdict: dict[str, int]
    by_severity: Annotated[dict[str, int], Meta(description="of the failures alone")]


class CheckDocument(Document, kw_only=True):
    """`check` and `verify`. `findings` holds fail, unknown, waived and error; pass and skipped are counted."""

    schema: Literal["skewguard.dev/report/v1"] = "skewguard.dev/report/v1"
    run: Run
    contracts: list[Contract]
    subjects: list[CheckedSubject]
    findings: list[Finding]
    gaps: list[GapLine]
    resting: Annotated[list[RestingPass], Meta(description="passes that rest on sources nobody could see")]
    errors: list[Problem]
    missing: list[Missing]
    notes: list[str]
    summary: Summary
    context: Annotated[str | None, Meta(description="the cluster or endpoint `verify` read; null for `check`")]
    live: Annotated[list[LiveSubject], Meta(description="what runs of each subject; empty for `check`")]
    recorded: Annotated[
        list[Recorded] | UnsetType, Meta(description="what `--record-good` wrote; absent where nothing was")
    ] = UNSET
