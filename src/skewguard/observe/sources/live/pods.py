"""Pods as they come from a list: what is kept of each, and each distinct spec once.

A fleet has thousands of pods and few templates, so that a spec is kept for every `template_key` and not for every pod.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, structs

from skewguard.language import image_ids
from skewguard.language.running import Running
from skewguard.observe.sources.live import admitted, claims, references, shapes
from skewguard.observe.sources.live.references import Reference

_ENDED = ("Succeeded", "Failed")
_REVISIONS = (
    "leaderworkerset.sigs.k8s.io/template-revision-hash",
    "rollouts-pod-template-hash",
    "controller-revision-hash",
    "pod-template-hash",
    "ray.io/cluster",
)
"""Labels by which a pod names the version of the template it was made from, the outermost controller's first."""


_MOST_SAID = 300
"""Characters of the scheduler's words that are kept."""


class Spec(Struct, frozen=True):
    """A pod's spec and metadata as its template would say them, as JSON; and the objects it reads at its start."""

    text: bytes
    references: frozenset[Reference]


class Kept(Struct, frozen=True):
    """One pod, without its spec. `names` are those of its containers; `unplaced` is why no node takes it."""

    meta: shapes.Meta
    key: str
    names: tuple[str, ...]
    node: str | None
    phase: str
    ready: bool
    started_at: str | None
    ip: str | None
    containers: tuple[Running, ...]
    claims: tuple[str, ...] = ()
    unplaced: str = ""

    @property
    def terminating(self) -> bool:
        """Whether it is being deleted."""
        return self.meta.deletion_timestamp is not None

    @property
    def ended(self) -> bool:
        """Whether it has run to its end, and stays as a record."""
        return self.phase in _ENDED

    @property
    def revision(self) -> str | None:
        """The hash of the template it was made from."""
        return revision_of(self.meta.labels or {}, self.meta.controller)


def revision_of(labels: dict[str, str], owner: shapes.OwnerReference | None) -> str | None:
    """The hash that a controller labels the pods of one template with, without the controller's name before it."""
    found = next((labels[key] for key in _REVISIONS if labels.get(key)), None)
    if found is None or owner is None:
        return found
    return found.removeprefix(f"{owner.name}-")


def value(pod: Kept, spec: Spec) -> dict[str, Any]:
    """A pod as a whole object, in the words of its template."""
    found: dict[str, Any] = msgspec.json.decode(spec.text)
    metadata = {**found["metadata"], "name": pod.meta.name, "namespace": pod.meta.namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": found["spec"]}


class _Shape(Struct, frozen=True):
    """What follows from a pod's spec and labels, but for what one pod alone has.

    `containers` are (name, image as asked for, whether it is a native sidecar). `claims` are ResourceClaims by name.
    """

    key: str
    containers: tuple[tuple[str, str | None, bool], ...]
    claims: tuple[str, ...]


class Pods:
    """The pods of a list, and their specs by template key. A spec that was seen before is not read again."""

    def __init__(self) -> None:
        self.specs: dict[str, Spec] = {}
        self.all: list[Kept] = []
        self._shapes: dict[bytes, _Shape] = {}

    def add(self, pod: shapes.Pod) -> Kept:
        """Keep a pod."""
        raw, meta = bytes(pod.spec), pod.metadata
        labels = admitted.labels(meta.labels)
        mark = admitted.mark(raw, labels, meta.annotations)
        shape = self._shapes.get(mark)
        if shape is None:
            shape = self._shapes[mark] = self._read(raw, meta, labels)
        kept = _kept(pod, shape, admitted.node(raw))
        self.all.append(kept)
        return kept

    def _read(self, raw: bytes, meta: shapes.Meta, labels: dict[str, str]) -> _Shape:
        decoded = msgspec.json.decode(raw)
        whole = decoded if isinstance(decoded, dict) else {}
        spec = admitted.spec(whole, meta.name)
        key = admitted.key(spec, labels, meta.annotations)
        if key not in self.specs:
            metadata = {"labels": labels, "annotations": meta.annotations or {}}
            text = msgspec.json.encode({"metadata": metadata, "spec": spec})
            self.specs[key] = Spec(text, references.of_pod(spec))
        return _Shape(key, tuple(_containers(whole)), claims.named(whole))


def _kept(pod: shapes.Pod, shape: _Shape, node: str | None) -> Kept:
    status, meta = pod.status, pod.metadata
    conditions = {each.type: each.status for each in status.conditions or ()}
    slim = shapes.Meta(
        name=meta.name,
        namespace=meta.namespace,
        uid=meta.uid,
        labels=meta.labels,
        owner_references=[owner] if (owner := meta.controller) is not None else None,
        creation_timestamp=meta.creation_timestamp,
        deletion_timestamp=meta.deletion_timestamp,
    )
    return Kept(
        meta=slim,
        key=shape.key,
        names=tuple(name for name, _, _ in shape.containers),
        node=node,
        phase=status.phase,
        ready=conditions.get("Ready") == "True",
        started_at=status.start_time,
        ip=status.pod_ip,
        containers=_running(status, shape),
        claims=tuple(dict.fromkeys((*claims.made_for(status), *shape.claims))),
        unplaced=_unplaced(status),
    )


def _unplaced(status: shapes.PodStatus) -> str:
    """What the scheduler says of a pod that it found no node for; it says so in full, node by node, for large clusters."""
    said = (each.message for each in status.conditions or () if (each.type, each.status) == ("PodScheduled", "False"))
    return (next(said, None) or "")[:_MOST_SAID]


def _running(status: shapes.PodStatus, shape: _Shape) -> tuple[Running, ...]:
    """The containers that run beside each other: ordinary ones, and init containers that stay (native sidecars)."""
    asked = {name: image for name, image, _ in shape.containers}
    sidecars = {name for name, _, stays in shape.containers if stays}
    listed = [each for each in status.init_container_statuses or () if each.name in sidecars]
    return tuple(_container(each, asked.get(each.name)) for each in (*listed, *(status.container_statuses or ())))


def _containers(spec: dict[str, Any]) -> Iterator[tuple[str, str | None, bool]]:
    for field in ("initContainers", "containers"):
        listed = spec.get(field)
        for each in listed if isinstance(listed, list) else []:
            if isinstance(each, dict) and isinstance(each.get("name"), str):
                image = each.get("image")
                stays = field == "initContainers" and each.get("restartPolicy") == "Always"
                yield each["name"], image if isinstance(image, str) else None, stays


def _container(status: shapes.ContainerStatus, asked: str | None) -> Running:
    """A container; `image` is the reference of the pod's spec: a runtime may report another name of the same image."""
    state = status.state or shapes.State()
    image_id = image_ids.parse(status.image_id)
    fixed = image_ids.parse(asked) if asked and "@" in asked else None
    if image_id is not None and image_id.digest is None and fixed is not None and fixed.digest is not None:
        image_id = structs.replace(image_id, digest=fixed.digest, repository=fixed.repository)
    return Running(
        name=status.name,
        image=asked or status.image,
        image_id=image_id,
        ready=status.ready,
        restarts=status.restart_count,
        state=_state(state),
        started_at=state.running.started_at if state.running else None,
    )


def _state(state: shapes.State) -> str:
    if state.running is not None:
        return "running"
    for word, why in (("terminated", state.terminated), ("waiting", state.waiting)):
        if why is not None:
            return f"{word}: {why.reason}" if why.reason else word
    return "unknown"
