"""From a pod up to the object that somebody wrote: the chain of controllers.

Lists give most owners; one that no list holds (a kind that makes no pods by itself, such as Knative's Revision) is
read by its name, once. The chain ends where an owner cannot be read: what its reference says is then all there is.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from skewguard.adapters.cluster.resources import Resource
from skewguard.language.facts import Origin, Subject
from skewguard.language.running import Owner
from skewguard.observe.sources import kinds
from skewguard.observe.sources.live.asking import Asking, Served
from skewguard.observe.sources.live.shapes import Meta, OwnerReference

FEW = 5
"""Owners of one kind and namespace that are read by their names, before the rest is read as a list."""
_ENDS = ("Node",)  # a static pod's node, which nothing owns
_OF_SETS = {"pod-template-hash": "Deployment", "rollouts-pod-template-hash": "Rollout"}
"""The label that a controller of ReplicaSets puts on the pods of each, with the end of the ReplicaSet's own name."""
MOST = 12
"""Most owners above one another; Kubernetes does not forbid a circle."""


class Head(Struct, frozen=True):
    """One object, as far as its place among the others goes."""

    kind: str
    group: str
    meta: Meta

    @property
    def known(self) -> bool:
        """Whether its kind is one whose pod templates are known."""
        return kinds.is_known(self.kind, self.group)

    def subject(self, cluster: str | None) -> Subject:
        """The object as a subject."""
        meta = self.meta
        return Subject(
            self.kind, meta.name, meta.namespace, group=self.group or None, cluster=cluster, uid=meta.uid or None
        )


class _Bare(Struct, frozen=True):
    metadata: Meta = Meta()


class Climbing:
    """The objects that are known by their uid, and the way up from each."""

    def __init__(self, asking: Asking, served: Served) -> None:
        self._asking = asking
        self._served = served
        self.heads: dict[str, Head] = {}
        self._fetched: dict[str, Head | None] = {}
        self._reads: dict[tuple[Resource, str | None], int] = {}
        self._makers: dict[tuple[str, str | None, str], Head] = {}

    def add(self, kind: str, group: str, meta: Meta) -> Head:
        """Remember an object of a list."""
        head = Head(kind, group, meta)
        if meta.uid:
            self.heads[meta.uid] = head
        if kind in _OF_SETS.values():
            self._makers[kind, meta.namespace, meta.name] = head
        return head

    def above(self, meta: Meta) -> list[Head]:
        """The controllers above an object, the nearest first."""
        found: list[Head] = []
        seen = {meta.uid}
        owner = meta.controller
        while owner is not None and owner.uid not in seen and len(found) < MOST:
            seen.add(owner.uid)
            head = self._find(owner, meta.namespace, (found[-1].meta if found else meta).labels or {})
            if head is None:
                break
            found.append(head)
            owner = head.meta.controller
        return found

    def _find(self, owner: OwnerReference, namespace: str | None, labels: Mapping[str, str]) -> Head | None:
        """An owner: of the same namespace, or of none. `labels` are those of what it owns."""
        if owner.uid in self.heads:
            return self.heads[owner.uid]
        if owner.uid not in self._fetched:
            self._fetched[owner.uid] = self._fetch(owner, namespace, labels)
        return self._fetched[owner.uid]

    def _fetch(self, owner: OwnerReference, namespace: str | None, labels: Mapping[str, str]) -> Head | None:
        """Read an owner by its name. What cannot be read is known by the reference alone, and nothing above it."""
        resource = self._served.kind(owner.kind, owner.group)
        told = Head(
            owner.kind,
            owner.group,
            Meta(owner.name, namespace, owner.uid, owner_references=self._presumed(owner, namespace, labels)),
        )
        if resource is None or owner.kind in _ENDS:
            return told
        if self._listed(resource, namespace) and owner.uid in self.heads:
            return self.heads[owner.uid]
        hides = f"what stands above {owner.kind} {owner.name}"
        read = self._asking.get(resource, owner.name, namespace, _Bare, hides)
        if read is None or read.metadata.uid != owner.uid:
            return told
        return Head(owner.kind, owner.group, read.metadata)

    def _listed(self, resource: Resource, namespace: str | None) -> bool:
        """Whether all owners of a kind are known: after some that were read one by one, the others are read as a list."""
        place = (resource, namespace)
        self._reads[place] = self._reads.get(place, 0) + 1
        if self._reads[place] == FEW:
            hides = f"what stands above each {resource.kind}"
            for each in self._asking.list(resource, _Bare, hides, namespace=namespace):
                self.add(resource.kind, resource.group, each.metadata)
        return self._reads[place] >= FEW

    def _presumed(
        self, owner: OwnerReference, namespace: str | None, labels: Mapping[str, str]
    ) -> list[OwnerReference] | None:
        """The owner of a ReplicaSet that cannot be read, where the pod's own label proves it.

        A Deployment (a Rollout) calls its ReplicaSets by its own name with the template's hash behind, and labels their
        pods with that hash; a ReplicaSet with such pods and without an owner would be adopted by it. Source:
        pkg/controller/deployment/sync.go, getNewReplicaSet.
        """
        name, _, ending = owner.name.rpartition("-")
        kind = next((kind for label, kind in _OF_SETS.items() if labels.get(label) == ending), "")
        maker = self._makers.get((kind, namespace, name)) if owner.kind == "ReplicaSet" else None
        if maker is None:
            return None
        return [OwnerReference(maker.kind, maker.meta.name, maker.meta.uid, f"{maker.group}/", True)]


def top(chain: list[Head]) -> int:
    """The place in a chain (nearest first) of the topmost object whose kind is known; -1 where none is."""
    return max((index for index, head in enumerate(chain) if head.known), default=-1)


def owners(above: list[Head], below: Head) -> tuple[Owner, ...]:
    """The controllers above the topmost known object, highest first."""
    found: list[Owner] = []
    for head in above:
        namespace = f"{below.meta.namespace}/" if below.meta.namespace else ""
        place = Origin(
            "object", f"{below.kind} {namespace}{below.meta.name} .metadata.ownerReferences", text=head.meta.name
        )
        found.append(
            Owner(head.kind, head.meta.name, head.meta.namespace, head.group or None, "owner-reference", place)
        )
        below = head
    return tuple(reversed(found))


def meta_of(value: dict[str, Any]) -> Meta:
    """The metadata of a whole object; empty where it is of another shape."""
    import msgspec

    try:
        return msgspec.convert(value.get("metadata") or {}, Meta)
    except msgspec.ValidationError:
        return Meta(str((value.get("metadata") or {}).get("name") or ""))
