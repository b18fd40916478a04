"""What `verify`, `discover` and `--check-access` answer with beside the findings: values, shown by `report`.

A workload's replicas are folded: pods that run the same in everything that was compared are one group.
"""

from typing import Literal

from msgspec import Struct

from skewguard.language.explanations import Tables
from skewguard.language.facts import Effective, Fact, Subject
from skewguard.language.results_parts import InputProblem
from skewguard.language.running import Owner, Revision, Unread

State = Literal["verified", "skewed", "undecided", "unpromised", "empty"]
"""In words: keeps its contract everywhere, and no error stands beside it; an error was found; a clause is unknown; no contract
binds it and nothing is an error; no replica runs and none is asked for."""

API_ALONE = "read from the cluster's API alone; --depth logs asks the engines too"
"""The note of a report for which no engine was asked."""


class ReplicaGroup(Struct, frozen=True):
    """Replicas of one container that are equal in everything compared. `machines` are distinct, in order.

    `revision` is the hash of their pod template. `restarts` is the most of any of them.
    """

    pods: tuple[str, ...]
    machines: tuple[str, ...] = ()
    ready: int = 0
    revision: str | None = None
    current: bool = True
    restarts: int = 0
    terminating: int = 0
    role: str | None = None
    note: str = ""


class Compared(Struct, frozen=True):
    """One setting, side by side: what was promised, what is declared, what follows, and what each group runs with.

    `groups` stands in the order of `LiveSubject.groups`; a Gap there says why it is not known of these replicas.
    `differs`: two groups are certainly not equal, whoever says so and whether they have started or not. `broken`: some
    group breaks the promise.
    """

    setting: str
    unit: str = ""
    promised: str | None = None
    declared: Fact | None = None
    derived: Effective | None = None
    groups: tuple[Effective, ...] = ()
    differs: bool = False
    broken: bool = False


class LiveSubject(Struct, frozen=True):
    """One container of one workload of a cluster (or one endpoint), with what runs of it."""

    subject: Subject
    engine: str
    version: str | None
    contract: str | None
    state: State
    desired: int | None = None
    groups: tuple[ReplicaGroup, ...] = ()
    settings: tuple[Compared, ...] = ()
    owners: tuple[Owner, ...] = ()
    revisions: tuple[Revision, ...] = ()
    unread: tuple[Unread, ...] = ()


class Recorded(Struct, frozen=True):
    """What `--record-good` wrote of one container: ids of records, and the store (`store` is fit to be shown)."""

    subject: Subject
    validation: str
    snapshot: str
    store: str
    baseline: str | None = None
    inputs_digest: str | None = None


class Discovered(Struct, frozen=True):
    """One inference workload: its engine, and what it serves on how many of which GPUs. None: not known, never 0.

    `gpus` counts them by class, and is empty where those of some replica are not known. `there` are its pods, without
    those that are being deleted.
    """

    subject: Subject
    engine: str
    version: str | None = None
    model: str | None = None
    served_name: str | None = None
    gpu_count: int | None = None
    gpu_classes: tuple[str, ...] = ()
    desired: int | None = None
    ready: int | None = None
    contract: str | None = None
    state: State = "unpromised"
    owner: str | None = None
    notes: tuple[str, ...] = ()
    gpus: tuple[tuple[str, int], ...] = ()
    there: int | None = None


class DiscoverReport(Struct, frozen=True):
    """The answer of `discover`."""

    context: str
    workloads: tuple[Discovered, ...] = ()
    unread: tuple[Unread, ...] = ()
    tables: Tables = Tables()
    errors: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


class Access(Struct, frozen=True):
    """One right: what it is for, and whether the user has it. `allowed` None: the server would not say."""

    verb: str
    resource: str
    namespace: str | None
    allowed: bool | None
    for_: str
    without: str


class AccessReport(Struct, frozen=True):
    """The answer of `verify --check-access`. `user` is None where the server does not tell."""

    context: str
    user: str | None
    rights: tuple[Access, ...] = ()
    errors: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0
