"""What is taken of the objects that a fleet has by the thousand; everything else of them never becomes a value.

Go writes an empty list as null or leaves it out, so that every list and mapping may be None here.
"""

from typing import Any

import msgspec
from msgspec import Struct, field


class OwnerReference(Struct, frozen=True, rename="camel", gc=False):
    """What made an object, and ends it."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""
    controller: bool | None = None

    @property
    def group(self) -> str:
        """The API group; empty for the core."""
        return self.api_version.rpartition("/")[0]


class Meta(Struct, frozen=True, rename="camel"):
    """Metadata without `managedFields`, most of its bytes. Times are ISO 8601 as the server writes them."""

    name: str = ""
    namespace: str | None = None
    uid: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None

    @property
    def controller(self) -> OwnerReference | None:
        """The one owner that answers for it."""
        return next((each for each in self.owner_references or () if each.controller), None)


class Touched(Struct, frozen=True, rename="camel"):
    """One entry of `managedFields`: who wrote when, and which fields are that manager's."""

    manager: str = ""
    operation: str = ""
    time: str | None = None
    subresource: str | None = None
    fields: dict[str, Any] | None = field(name="fieldsV1", default=None)


class Versioned(Meta, frozen=True, rename="camel"):
    """Metadata with the record of who wrote what, for what pods read at their start."""

    managed_fields: list[Touched] | None = None


# ---- pods ----------------------------------------------------------------------------------------------------------


class Waiting(Struct, frozen=True):
    """Why a container waits, or how it ended."""

    reason: str | None = None


class Started(Struct, frozen=True, rename="camel"):
    """Since when a container runs."""

    started_at: str | None = None


class State(Struct, frozen=True):
    """One of the three is set."""

    running: Started | None = None
    waiting: Waiting | None = None
    terminated: Waiting | None = None


class ContainerStatus(Struct, frozen=True, rename="camel"):
    """What the kubelet says of a container."""

    name: str = ""
    image: str = ""
    image_id: str = field(name="imageID", default="")
    ready: bool = False
    restart_count: int = 0
    state: State | None = None


class Condition(Struct, frozen=True):
    """One condition of a pod."""

    type: str = ""
    status: str = ""
    message: str | None = None


class ClaimStatus(Struct, frozen=True, rename="camel"):
    """Which ResourceClaim was made for a pod's entry."""

    name: str = ""
    resource_claim_name: str | None = None


class PodStatus(Struct, frozen=True, rename="camel"):
    """The status of a pod."""

    phase: str = ""
    pod_ip: str | None = field(name="podIP", default=None)
    start_time: str | None = None
    conditions: list[Condition] | None = None
    container_statuses: list[ContainerStatus] | None = None
    init_container_statuses: list[ContainerStatus] | None = None
    resource_claim_statuses: list[ClaimStatus] | None = None


class Pod(Struct, frozen=True):
    """A pod. Its spec is kept as it came: most pods are like one that was read before."""

    metadata: Meta = Meta()
    spec: msgspec.Raw = msgspec.Raw(b"{}")
    status: PodStatus = PodStatus()


# ---- what makes pods, and what they run on -------------------------------------------------------------------------


class Replicas(Struct, frozen=True, rename="camel"):
    """How many pods something wants or has."""

    replicas: int | None = None
    ready_replicas: int | None = None


class ReplicaSet(Struct, frozen=True):
    """A ReplicaSet, without its template."""

    metadata: Meta = Meta()
    spec: Replicas = Replicas()
    status: Replicas = Replicas()


class ControllerRevision(Struct, frozen=True):
    """A version of a StatefulSet's, DaemonSet's or LeaderWorkerSet's template, without the template."""

    metadata: Meta = Meta()
    revision: int | None = None


class Named(Struct, frozen=True):
    """An image under all the names that a node knows it by, digests among them."""

    names: list[str] | None = None


class NodeInfo(Struct, frozen=True, rename="camel"):
    """What a node says of its software."""

    container_runtime_version: str | None = None


class NodeStatus(Struct, frozen=True, rename="camel"):
    """The status of a node. Amounts are Kubernetes quantities; a number is one, too."""

    capacity: dict[str, str | int] | None = None
    images: list[Named] | None = None
    node_info: NodeInfo = NodeInfo()


class Node(Struct, frozen=True):
    """A node."""

    metadata: Meta = Meta()
    status: NodeStatus = NodeStatus()


class ConfigMap(Struct, frozen=True, rename="camel"):
    """A ConfigMap. `binary_data` is kept as it came: nobody reads it."""

    metadata: Versioned = Versioned()
    data: dict[str, str] | None = None
    binary_data: dict[str, msgspec.Raw] | None = None
    immutable: bool | None = None
