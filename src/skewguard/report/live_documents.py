"""The JSON documents about what runs: the parts of `verify`, `discover` and `verify --check-access`.

A promise like those in `documents`. Numbers are null where nobody knows them, never 0.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from skewguard.language.running import OwnerVia
from skewguard.language.verifications import State
from skewguard.report.documents import Document, Origin, Problem, SettingName, Side, Subject, Text

Promise = Annotated[str | None, Meta(description="what the contract wants, in words; null: nothing is promised")]
StateName = Annotated[
    State,
    Meta(
        description="verified: keeps its contract; skewed: an error was found; undecided: a clause is "
        "unknown; unpromised: no contract; empty: no replica runs and none is asked for"
    ),
]


class ReplicaGroup(Struct):
    """Replicas of one container that are equal in everything compared."""

    pods: list[str]
    machines: Annotated[list[str], Meta(description="the nodes they run on, each once")]
    ready: int
    revision: Annotated[str | None, Meta(description="hash of the pod template they were made from")]
    current: Annotated[bool, Meta(description="whether new pods are made from that revision")]
    restarts: Annotated[int, Meta(description="the most of any of them")]
    terminating: int
    role: str | None
    note: Text


class Compared(Struct):
    """One setting side by side. `groups` stands in the order of the subject's `groups`."""

    setting: SettingName
    unit: Text
    promised: Promise
    declared: Side | None
    derived: Side | None
    groups: list[Side]
    differs: Annotated[bool, Meta(description="the groups are not equal")]
    broken: Annotated[bool, Meta(description="some group breaks the promise")]


class Owner(Struct):
    """What stands above a workload and would undo a change, and by which evidence."""

    kind: Text
    name: Text
    namespace: str | None
    group: str | None
    via: OwnerVia
    certain: Annotated[bool, Meta(description="false for evidence that many write themselves")]
    origin: Origin


class Revision(Struct):
    """One version of the pod template. `desired` and `ready` are null where the object does not say."""

    hash: Text
    name: Text
    number: int | None
    created_at: str | None
    current: bool
    desired: int | None
    ready: int | None


class Unread(Struct):
    """A source that could not be read, why, what it hides, and what it would need."""

    what: Text
    reason: Text
    hides: Text
    would_need: Annotated[str, Meta(description="the right or the thing that is missing")]
    kind: Literal["denied", "unreachable", "absent", "timeout", "changed", "refused", "unusable"]
    subject: Subject | None


class LiveSubject(Struct):
    """One container of one workload (or one endpoint), with what runs of it."""

    subject: Subject
    engine: Text
    version: str | None
    contract: str | None
    state: StateName
    desired: int | None
    groups: list[ReplicaGroup]
    settings: list[Compared]
    owners: list[Owner]
    revisions: list[Revision]
    unread: list[Unread]


class Recorded(Struct):
    """What `--record-good` wrote of one container: ids of records in `store`."""

    subject: Subject
    validation: Text
    snapshot: Text
    store: Text
    baseline: Annotated[str | None, Meta(description="the latest valid baseline of the same inputs")]
    inputs_digest: str | None


class Discovered(Struct):
    """One inference workload: its engine, and what it serves on how many of which GPUs."""

    subject: Subject
    engine: Text
    version: str | None
    model: str | None
    served_name: str | None
    gpu_count: Annotated[int | None, Meta(description="GPUs of all its replicas together")]
    gpu_classes: list[str]
    desired: int | None
    ready: int | None
    contract: str | None
    state: StateName
    owner: Annotated[str | None, Meta(description="what stands above it, in words")]
    notes: list[str]


class DiscoverDocument(Document, kw_only=True):
    """`discover`: the inference workloads of a cluster."""

    schema: Literal["skewguard.dev/discover/v1"] = "skewguard.dev/discover/v1"
    context: Annotated[str, Meta(description="the kubeconfig context that was read")]
    workloads: list[Discovered]
    unread: list[Unread]
    errors: list[Problem]
    notes: list[str]


class Access(Struct):
    """One right: what it is for, what is not seen without it, and whether the user has it."""

    verb: Text
    resource: Annotated[str, Meta(description="with its API group and subresource: `pods/log`, `deployments.apps`")]
    namespace: Annotated[str | None, Meta(description="null: in every namespace")]
    allowed: Annotated[bool | None, Meta(description="null: the server would not say")]
    for_: Annotated[str, Meta(description="what it is for")] = field(name="for")
    without: Annotated[str, Meta(description="what is not known without it")]


class AccessDocument(Document, kw_only=True):
    """`verify --check-access`: what skewguard may read here, and what stays unknown without it."""

    schema: Literal["skewguard.dev/access/v1"] = "skewguard.dev/access/v1"
    context: Text
    user: Annotated[str | None, Meta(description="null where the server does not tell")]
    rights: list[Access]
    errors: list[Problem]
    notes: list[str]
