"""What runs of a workload, as its cluster shows it: owners, revisions, replicas and the machines below them.

Values only, as in `workloads`: `observe.sources.live` builds them, `assess` lays them out, checks and reports read them.
What could not be read is `Unread`, with the reason and the right that it would need; nothing is left out in silence.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Fact, Gap, Origin, Subject
from skewguard.language.workloads import PodTemplate, Workload

ENDPOINT = "Endpoint"
"""The kind of a subject that is a URL and no object of a cluster: no manifest, node or route of it is known."""

MODEL = "Model"
"""The kind of a subject of which a report of another tool tells nothing but the model."""


class ImageId(Struct, frozen=True):
    """The `imageID` of a container's status, taken apart (CRI `ImageRef`).

    `digest` is a repository digest (`sha256:…`, of an index or of one platform's manifest), `config` the digest of the
    image's config, which no registry can be asked for (CRI-O, images loaded into a node). One of them is None, unless
    the pod asked for a digest and the runtime reports the config; both are, where the text is of no known form.
    `repository` may be a mirror's: compare digests, not names.
    """

    text: str
    digest: str | None = None
    config: str | None = None
    repository: str | None = None


class Running(Struct, frozen=True):
    """One container of one pod as the kubelet reports it. `state` in words: `running`, `waiting: ImagePullBackOff`."""

    name: str
    image: str
    image_id: ImageId | None
    ready: bool
    restarts: int
    state: str
    started_at: str | None = None


class Machine(Struct, frozen=True):
    """A node, as far as it decides what an engine does. Memory in bytes; None where no label tells.

    `accelerator` None: no label names a class that is known (`gpu_label` is then what the label says, if there is one).
    `partition` is a MIG profile or `shared`. Each fact has the label that tells it as its origin; None: the node itself. `gaps` say what could not be told, and why.
    """

    name: str
    origin: Origin
    labels: Mapping[str, str] = field(default_factory=dict)
    accelerator: Accelerator | None = None
    gpu_label: str | None = None
    gpu_origin: Origin | None = None
    gpu_memory: int | None = None
    memory_origin: Origin | None = None
    gpu_count: int | None = None
    driver_version: str | None = None
    driver_origin: Origin | None = None
    partition: str | None = None
    partition_origin: Origin | None = None
    instance_type: str | None = None
    runtime: str | None = None
    gaps: tuple[Gap, ...] = ()


class Device(Struct, frozen=True):
    """One device that a claim of dynamic resource allocation gave to a pod, with the attributes its driver publishes."""

    claim: str
    driver: str
    pool: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Revision(Struct, frozen=True):
    """One version of a workload's pod template: a ReplicaSet or ControllerRevision.

    `hash` names it for good (numbers change with every rollback). `desired` and `ready` count its pods, None where
    the object does not say. `current`: new pods are made from it.
    """

    hash: str
    name: str
    number: int | None
    created_at: str | None
    current: bool
    desired: int | None = None
    ready: int | None = None


class Progress(Struct, frozen=True):
    """How far the controller of one object (`Deployment prod/chat`) has come with its template, where that is worth a word.

    `behind`: it has not looked at the newest edit yet, so that its status says nothing of it. `held` says in words why it
    stands still on purpose, and how to go on; `pending`: an edit of the template may then be in no pod. `stuck` is what
    its status says has failed (reason, and the message behind a colon), `since` when (ISO 8601).
    """

    of: str
    behind: bool = False
    held: str = ""
    pending: bool = False
    stuck: str = ""
    since: str | None = None


OwnerVia = Literal["owner-reference", "annotation", "label", "managed-fields"]


class Owner(Struct, frozen=True):
    """What stands above a workload and would undo or redo a change: a controller, a release, a GitOps application.

    `via` says by which evidence, strongest first; `certain` is False for evidence that many write themselves.
    """

    kind: str
    name: str
    namespace: str | None
    group: str | None
    via: OwnerVia
    origin: Origin
    certain: bool = True


class ConfigChange(Struct, frozen=True):
    """A ConfigMap or Secret that changed after a pod had started with it: what the pod runs with is the older one.

    `reference` says how the pod takes it: `env` (read once, at the start) or `file` (the kubelet renews it, and an
    engine still reads it at its start alone). Times are ISO 8601. `changed_at` may be later than the change itself.
    """

    ref: str
    pods: tuple[str, ...]
    changed_at: str
    reference: Literal["env", "file"]
    origin: Origin


class Replica(Struct, frozen=True):
    """One pod. `template` is its own spec as admitted, which mutating policies may have changed.

    `revision` is the hash of the template it was made from. `role` is that of its workload's part (leader, worker,
    prefill, decode). `unplaced` is what the scheduler says of a pod that no machine takes. `template_key` is equal for pods
    whose specs are equal in everything an engine or a check reads.
    """

    subject: Subject
    uid: str
    template: PodTemplate
    template_key: str
    origin: Origin
    machine: Machine | None = None
    revision: str | None = None
    role: str | None = None
    phase: str = ""
    unplaced: str = ""
    ready: bool = False
    terminating: bool = False
    created_at: str | None = None
    started_at: str | None = None
    ip: str | None = None
    containers: tuple[Running, ...] = ()
    devices: tuple[Device, ...] = ()

    @property
    def name(self) -> str:
        """The pod's name."""
        return self.subject.pod or self.subject.name

    def running(self, container: str) -> Running | None:
        """The status of one container."""
        return next((each for each in self.containers if each.name == container), None)


class Unread(Struct, frozen=True):
    """A source that could not be read: what, why, what it hides, and what it would need (`get pods/log in prod`).

    `subject` None: it concerns everything that was asked for.
    """

    what: str
    reason: str
    hides: str
    would_need: str
    subject: Subject | None = None
    kind: Literal["denied", "unreachable", "absent", "timeout", "changed", "refused", "unusable"] = "unusable"


class Live(Struct, frozen=True):
    """One top-level object of a cluster with everything that runs of it.

    `workloads` are its parts (one, or one for each role). `chain` are the objects between it and the pods, top first,
    itself included: a contract may be written for any of them. `desired` is None where the object names no number.
    `written` is a hash of the object as somebody wrote it, None where it was not read whole.
    """

    subject: Subject
    workloads: tuple[Workload, ...]
    origin: Origin
    chain: tuple[Subject, ...] = ()
    owners: tuple[Owner, ...] = ()
    revisions: tuple[Revision, ...] = ()
    replicas: tuple[Replica, ...] = ()
    desired: int | None = None
    changes: tuple[ConfigChange, ...] = ()
    unread: tuple[Unread, ...] = ()
    progress: tuple[Progress, ...] = ()
    written: str | None = None


class Answers(Struct, frozen=True):
    """What one engine process said of itself, over HTTP and in its log.

    `facts` are observed where the engine's table marks the field as in effect, declared where it only echoes what was
    asked for. `engine` and `version` are None where it did not say. `fingerprint` is the engine's own hash of its config.
    """

    pod: str | None
    container: str | None
    engine: str | None = None
    version: str | None = None
    version_origin: Origin | None = None
    fingerprint: str | None = None
    facts: tuple[Fact, ...] = ()
    unread: tuple[Unread, ...] = ()
