"""What a cluster is asked for: one list for each kind that makes pods, their pods, and what stands between.

A list is read once for all workloads, never once for each. A workload that was named by its name, and that selects
its pods by labels and has no owner, is read alone: its namespace may hold thousands of others.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from skewguard.adapters.cluster.resources import PODS, Resource
from skewguard.observe.sources import kinds
from skewguard.observe.sources.live import shapes, wholes
from skewguard.observe.sources.live.asking import Asking, Served
from skewguard.observe.sources.live.climbing import Climbing, Head
from skewguard.observe.sources.live.pods import Pods
from skewguard.observe.sources.live.wholes import Whole

TEMPLATES = ("PodTemplate", "ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig")
"""Known kinds that make no pods by themselves: others take their templates."""
_LISTED_APART = ("Pod", "ReplicaSet", *TEMPLATES)
_RECORDED = ("StatefulSet", "DaemonSet", "LeaderWorkerSet")
_SELECTING = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
_SETS = Resource("apps", "v1", "replicasets", "ReplicaSet")
_RECORDS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")


class Gathering:
    """Everything that was read, by uid."""

    def __init__(self, asking: Asking, served: Served) -> None:
        self.asking = asking
        self.served = served
        self.climbing = Climbing(asking, served)
        self.wholes: dict[str, Whole] = {}
        self.pods = Pods()
        self.sets: dict[str, list[shapes.ReplicaSet]] = {}
        self.records: dict[str, list[shapes.ControllerRevision]] = {}
        self._done: set[str | None] = set()
        self._listed: set[tuple[str | None, str | None]] = set()
        self._kept: set[str] = set()

    def workloads(self, namespace: str | None, labels: str | None = None) -> list[Head]:
        """List the objects of every kind that makes pods, but bare pods; a namespace once."""
        if (namespace, labels) in self._listed:
            return []
        self._listed.add((namespace, labels))
        found: list[Head] = []
        for resource in self._kinds():
            hides = f"every {resource.kind}"
            found.extend(map(self._keep, self.asking.list(resource, dict, hides, namespace=namespace, labels=labels)))
        return found

    def pods_of(self, namespace: str | None, labels: str | None = None) -> None:
        """List pods and the versions of what makes them."""
        if labels is None and namespace in self._done:
            return
        if labels is None:
            self._done.add(namespace)
        for pod in self.asking.list(PODS, shapes.Pod, "what runs", namespace=namespace, labels=labels):
            self.pod(pod)
        self._history(namespace, labels)

    def alone(self, whole: Whole) -> bool:
        """Read the pods of one object by its own selector; False where it does not select them that way."""
        selector = _selector(whole.value())
        if whole.head.kind not in _SELECTING or selector is None:
            return False
        self.pods_of(whole.head.meta.namespace, selector)
        return True

    def pod(self, pod: shapes.Pod) -> None:
        """Keep a pod, once."""
        if pod.metadata.uid not in self._kept:
            self._kept.add(pod.metadata.uid)
            self.climbing.add("Pod", "", self.pods.add(pod).meta)

    def whole(self, head: Head) -> Whole | None:
        """An object of the chain; read by its name where no list held it."""
        uid = head.meta.uid
        if uid not in self.wholes:
            resource = self.served.kind(head.kind, head.group)
            hides = f"what {head.kind} {head.meta.name} asks for"
            value = (
                None
                if resource is None
                else self.asking.get(resource, head.meta.name, head.meta.namespace, dict, hides)
            )
            if value is None:
                return None
            self._keep(value)
        return self.wholes.get(uid)

    def keep(self, value: dict[str, Any]) -> Head:
        """Remember an object that was read by its name."""
        return self._keep(value)

    def _keep(self, value: dict[str, Any]) -> Head:
        whole = wholes.of(value)
        if whole.head.kind != "Pod":  # its own list tells of it
            self.wholes[whole.head.meta.uid] = whole
        return self.climbing.add(whole.head.kind, whole.head.group, whole.head.meta)

    def _kinds(self) -> Iterator[Resource]:
        for kind in kinds.NAMES:
            if kind not in _LISTED_APART:
                yield from (each for each in self.served.of(kind) if kinds.is_known(kind, each.group))

    def _history(self, namespace: str | None, labels: str | None) -> None:
        for each in self.asking.list(
            _SETS, shapes.ReplicaSet, "revisions, and which pods are whose", namespace=namespace, labels=labels
        ):
            owner = each.metadata.controller
            self.climbing.add("ReplicaSet", "apps", each.metadata)
            if owner is not None:
                self.sets.setdefault(owner.uid, []).append(each)
        if not any(head.kind in _RECORDED for head in self.climbing.heads.values()):
            return
        for record in self.asking.list(
            _RECORDS, shapes.ControllerRevision, "revisions", namespace=namespace, labels=labels
        ):
            owner = record.metadata.controller
            if owner is not None:
                self.records.setdefault(owner.uid, []).append(record)


def _selector(value: Mapping[str, Any]) -> str | None:
    """The labels by which an object selects its pods; None where it does not select by labels alone."""
    spec = value.get("spec")
    selector = spec.get("selector") if isinstance(spec, dict) else None
    labels = selector.get("matchLabels") if isinstance(selector, dict) else None
    if not isinstance(labels, dict) or not labels or (isinstance(selector, dict) and selector.get("matchExpressions")):
        return None
    return ",".join(f"{key}={text}" for key, text in labels.items())
