"""A cluster as a shelf of objects: it answers as `adapters.cluster.read.Reader` does, from JSON values."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from skewguard.adapters.cluster.errors import ClusterError, Denied, NotThere
from skewguard.adapters.cluster.resources import Resource, right
from skewguard.observe.sources import live
from skewguard.observe.sources.live import Named, Seen, Wanted

T = TypeVar("T")

RESOURCES = (
    Resource("", "v1", "pods", "Pod", names=("pod", "po")),
    Resource("", "v1", "nodes", "Node", namespaced=False),
    Resource("", "v1", "configmaps", "ConfigMap"),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "services", "Service"),
    Resource("apps", "v1", "deployments", "Deployment", names=("deployment", "deploy")),
    Resource("apps", "v1", "replicasets", "ReplicaSet", names=("replicaset", "rs")),
    Resource("apps", "v1", "statefulsets", "StatefulSet", names=("sts",)),
    Resource("apps", "v1", "daemonsets", "DaemonSet", names=("ds",)),
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Resource("batch", "v1", "jobs", "Job"),
    Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    Resource("networking.k8s.io", "v1", "ingresses", "Ingress"),
)
LWS = Resource("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet", names=("lws",))
ISVC = Resource("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService", names=("isvc",))
LLMISVC = Resource("serving.kserve.io", "v1alpha1", "llminferenceservices", "LLMInferenceService")
RAY_SERVICE = Resource("ray.io", "v1", "rayservices", "RayService")
RAY_CLUSTER = Resource("ray.io", "v1", "rayclusters", "RayCluster")
ROLLOUT = Resource("argoproj.io", "v1alpha1", "rollouts", "Rollout")
CLAIMS = Resource("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim")
SLICES = Resource("resource.k8s.io", "v1", "resourceslices", "ResourceSlice", namespaced=False)


class Shelf:
    """Objects, and what may be read of them. `failing` maps the plural of a kind to the error that its reading ends in."""

    def __init__(
        self,
        objects: Iterable[dict[str, Any]],
        *more: Resource,
        denied: Iterable[str] = (),
        failing: dict[str, ClusterError] | None = None,
    ) -> None:
        self.objects = list(objects)
        self.served = (*RESOURCES, *more)
        self.denied = frozenset(denied)
        self.failing = failing or {}
        self.asked: list[str] = []

    def resources(self) -> tuple[Resource, ...]:
        """What is served."""
        return self.served

    def list(
        self,
        resource: Resource,
        type_: type[T],
        *,
        namespace: str | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> Iterator[T]:
        """The objects of a kind."""
        del fields
        self._ask("list", resource, namespace)
        for each in self._of(resource, namespace):
            if _selected(each, labels):
                yield _typed(each, type_)

    def get(self, resource: Resource, name: str, namespace: str | None, type_: type[T]) -> T | None:
        """One object."""
        self._ask("get", resource, namespace)
        found = [each for each in self._of(resource, namespace) if each["metadata"]["name"] == name]
        return _typed(found[0], type_) if found else None

    def metadata(self, resource: Resource, name: str, namespace: str | None, type_: type[T]) -> T | None:
        """One object's metadata."""
        return self.get(resource, name, namespace, type_)

    def _ask(self, verb: str, resource: Resource, namespace: str | None) -> None:
        self.asked.append(right(verb, resource, namespace))
        if resource not in self.served:
            raise NotThere(f"the cluster does not serve {resource.title}")
        if resource.plural in self.denied:
            raise Denied("the user may not", right(verb, resource, namespace))
        if resource.plural in self.failing:
            raise self.failing[resource.plural]

    def _of(self, resource: Resource, namespace: str | None) -> Iterator[dict[str, Any]]:
        for each in self.objects:
            own = each.get("apiVersion", "").rpartition("/")[0], each.get("kind")
            home = each["metadata"].get("namespace")
            if own == (resource.group, resource.kind) and (not resource.namespaced or namespace in (None, home)):
                yield each


def _typed(value: dict[str, Any], type_: type[T]) -> T:
    whole: Any = copy.deepcopy(value)
    return whole if type_ is dict else msgspec.json.decode(msgspec.json.encode(whole), type=type_)


def _selected(value: dict[str, Any], labels: str | None) -> bool:
    own = value["metadata"].get("labels") or {}
    pairs = [pair.split("=", 1) for pair in (labels or "").split(",") if pair]
    return all(own.get(key) == text for key, text in pairs)


def seen(shelf: Shelf, *names: str, **wanted: Any) -> Seen:
    """What the shelf shows of the workloads named as kind/name in namespace prod, or of everything."""
    named = tuple(Named(kind, name, "prod") for kind, name in (each.split("/") for each in names))
    return live.read(shelf, Wanted(names=named, **wanted), cluster="prod-eu")  # type: ignore[arg-type]
