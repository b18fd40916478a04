"""What stands around workloads in a cluster: ConfigMaps, platforms' templates, Services, autoscalers, routes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from skewguard.adapters.cluster.resources import Resource
from skewguard.language import objects
from skewguard.language.workloads import Looked, Refused
from skewguard.observe.sources import manifests, neighbours
from skewguard.observe.sources.live import changes, shapes, written
from skewguard.observe.sources.live.asking import Asking, Served
from skewguard.observe.sources.live.gathering import TEMPLATES
from skewguard.observe.sources.neighbours import Neighbours
from skewguard.observe.sources.objects import Ledger, Object, Objects, called

ONE_BY_ONE = 40
"""Most ConfigMaps that are read by their names; more of them are cheaper as a list."""
AT_ONCE = 400
"""Most objects that are trees at the same time; a namespace is never split."""
_CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")
_KINDS = (
    "Service", "InferencePool", "HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler", "PodAutoscaler",
    "Ingress", "Route", "HTTPRoute", "GRPCRoute", "VirtualService", "DestinationRule", "HTTPProxy", "IngressRoute",
    "GCPBackendPolicy", "BackendTrafficPolicy", "ClientTrafficPolicy", "Middleware", "Gateway",
)  # fmt: skip
_GROUPS = {
    "PodAutoscaler": ("autoscaling.aibrix.ai",),  # Knative's own, one for each revision, tells nothing that is read here
    "Service": ("",), "Ingress": ("networking.k8s.io",), "Route": ("route.openshift.io",), "Gateway": ("gateway.networking.k8s.io",),
}  # fmt: skip
_SCALING = ("HorizontalPodAutoscaler", "ScaledObject", "PodAutoscaler")
"""Kinds that set replicas; the other kinds, but one, are on the way of a request."""
_BESIDE = ("VerticalPodAutoscaler",)
_HIDES = "what leads to the workloads or scales them"


class Configs(Struct):
    """The ConfigMaps that workloads name, and when they changed.

    Secrets are not asked for, not even for their metadata: a right to that is one to their contents, and no role that
    reads has it.
    """

    values: dict[tuple[str, str], shapes.ConfigMap]
    versions: dict[tuple[str, str, str], changes.Version]

    def objects(self, names: Iterable[tuple[str, str]], namespace: str, cluster: str | None) -> Iterator[Object]:
        """The ConfigMaps of these names (`kind`, `name`) as objects."""
        for kind, name in names:
            found = self.values.get((namespace, name)) if kind == "ConfigMap" else None
            if found is not None:
                yield from as_objects(_value(found), cluster)


def configs(asking: Asking, wanted: Collection[tuple[str, str, str]], namespaces: Sequence[str | None]) -> Configs:
    """Read the ConfigMaps among `wanted` ((kind, namespace, name)); the lists of `namespaces` hold all of them."""
    found = Configs({}, {})
    names = {(namespace, name) for kind, namespace, name in wanted if kind == "ConfigMap"}
    for each in _config_maps(asking, names, namespaces):
        place = (each.metadata.namespace or "", each.metadata.name)
        if place in names:
            found.values[place] = each
            found.versions["ConfigMap", *place] = changes.version(each.metadata, immutable=each.immutable)
    return found


def _config_maps(
    asking: Asking, names: Collection[tuple[str, str]], namespaces: Sequence[str | None]
) -> Iterator[shapes.ConfigMap]:
    if len(names) > ONE_BY_ONE:
        for home in namespaces:
            yield from asking.list(_CONFIG_MAPS, shapes.ConfigMap, "what ConfigMaps hold", namespace=home)
        return
    for namespace, name in sorted(names):
        hides = f"variables and files from {called('ConfigMap', name, namespace)}"
        found = asking.get(_CONFIG_MAPS, name, namespace, shapes.ConfigMap, hides)
        if found is not None:
            yield found


def templates(asking: Asking, served: Served, cluster: str | None) -> list[Object]:
    """The templates that platforms' objects refer to."""
    return [
        each
        for kind in TEMPLATES[1:]
        for resource in served.of(kind)
        for value in asking.list(resource, dict, f"the templates that a {kind} gives")
        for each in as_objects(written.of(value), cluster)
    ]


def around(
    asking: Asking, served: Served, namespaces: Sequence[str | None], kept: Collection[str], cluster: str | None
) -> tuple[Neighbours, Ledger]:
    """Everything around the workloads of the namespaces `kept`, from lists of `namespaces` (None: of all)."""
    by_namespace: dict[str, list[dict[str, Any]]] = {}
    for resource in _resources(served):
        for namespace in namespaces if resource.namespaced else [None]:
            for value in asking.list(resource, dict, _HIDES, namespace=namespace):
                home = _home(value)
                if home in kept or not home:
                    by_namespace.setdefault(home, []).append(written.of(value))
    ledger = Ledger()
    read = [neighbours.read(Objects(batch), ledger) for batch in _batches(by_namespace, cluster)]
    return joined(read), ledger


def looked(asking: Asking, served: Served, namespaces: Sequence[str | None]) -> Looked:
    """What of it the cluster did not list."""
    refused = [
        (resource.kind, Refused(missed.what, missed.reason, missed.would_need, namespace))
        for resource in _resources(served)
        for namespace in (namespaces if resource.namespaced else [None])
        if (missed := asking.missed(resource, namespace)) is not None
    ]
    return Looked(
        autoscalers=tuple(each for kind, each in refused if kind in _SCALING),
        routes=tuple(each for kind, each in refused if kind not in (*_SCALING, *_BESIDE)),
    )


def joined(read: Sequence[Neighbours]) -> Neighbours:
    """Several as one."""
    return Neighbours(
        tuple(each for part in read for each in part.services),
        tuple(each for part in read for each in part.autoscalers),
        tuple(each for part in read for each in part.routes),
    )


def as_objects(value: Mapping[str, Any], cluster: str | None) -> Iterator[Object]:
    """A whole object as the readers of manifests take it."""
    return manifests.objects_in(objects.document(value, cluster))


def _resources(served: Served) -> Iterator[Resource]:
    for kind in _KINDS:
        for each in served.of(kind):
            if each.group in _GROUPS.get(kind, (each.group,)):
                yield each


def _batches(by_namespace: Mapping[str, list[dict[str, Any]]], cluster: str | None) -> Iterator[list[Object]]:
    batch: list[Object] = []
    for values in by_namespace.values():
        batch.extend(each for value in values for each in as_objects(value, cluster))
        if len(batch) >= AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _home(value: Mapping[str, Any]) -> str:
    metadata = value.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    return namespace if isinstance(namespace, str) else ""


def _value(config: shapes.ConfigMap) -> dict[str, Any]:
    metadata = {"name": config.metadata.name, "namespace": config.metadata.namespace}
    value: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": config.data or {}}
    if config.binary_data:
        value["binaryData"] = dict.fromkeys(config.binary_data, "")
    return value
