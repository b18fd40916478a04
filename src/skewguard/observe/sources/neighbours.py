"""What stands around the workloads of the same input: Services, autoscalers and routes."""

from collections.abc import Iterator

from msgspec import Struct

from skewguard.language.neighbours import Autoscaler, Route
from skewguard.language.trees import Node
from skewguard.language.workloads import Port, Service
from skewguard.observe.sources.objects import Ledger, Object, Objects
from skewguard.observe.sources.pieces import Reading

# Kinds that hold an autoscaler or a route; most inputs have none, and then neither reader is imported.
_SCALING = frozenset(
    (
        "HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler", "PodAutoscaler", "InferenceService",
        "LLMInferenceService", "Service", "NIMService", "VLLMRuntime", "Model",
    )
)  # fmt: skip
_ROUTING = frozenset(
    (
        "Ingress", "Route", "HTTPRoute", "GRPCRoute", "VirtualService", "DestinationRule", "HTTPProxy", "IngressRoute",
        "Service", "GCPBackendPolicy", "InferenceService",
    )
)  # fmt: skip


class Neighbours(Struct, frozen=True):
    """Everything around the workloads, in the order of the input."""

    services: tuple[Service, ...]
    autoscalers: tuple[Autoscaler, ...]
    routes: tuple[Route, ...]


def read(objects: Objects, ledger: Ledger) -> Neighbours:
    """The neighbours among some objects."""
    services: list[Service] = []
    scalers: list[Autoscaler] = []
    found: list[Route] = []
    for each in objects.all:
        services.extend(_services(each))
        if (each.kind in _SCALING or each.kind.startswith("Ray")) and not (each.kind == "Service" and not each.group):
            from skewguard.observe.sources import scaling

            scalers.extend(scaling.read(Reading(each, objects, ledger)))
        if each.kind in _ROUTING and (each.kind != "Service" or each.group or each.metadata.get("annotations")):
            from skewguard.observe.sources import routes

            found.extend(routes.read(each, objects))
    return Neighbours(tuple(services), tuple(scalers), tuple(found))


def _services(own: Object) -> Iterator[Service]:
    """A Service, or an InferencePool, which leads to pods as a headless Service does."""
    spec = own.root.get("spec")
    if own.kind == "Service" and own.group == "":
        headless = spec.get("clusterIP").text() == "None"
        external = (spec.get("externalName").text() or "") if spec.get("type").text() == "ExternalName" else None
        yield Service(
            name=own.name,
            namespace=own.namespace,
            origin=own.origin,
            selector=_labels(spec.get("selector")) if external is None else {},
            ports=tuple(_port(node) for node in spec.get("ports").elements()),
            headless=headless or external is not None,
            external=external,
        )
    elif own.kind == "InferencePool":
        labels = spec.get("selector", "matchLabels") or spec.get("selector")
        numbers = [node.get("number") for node in spec.get("targetPorts").elements()] or [spec.get("targetPortNumber")]
        yield Service(
            name=own.name,
            namespace=own.namespace,
            origin=own.origin,
            selector=_labels(labels),
            ports=tuple(Port(node.integer(), node.origin, target=node.integer()) for node in numbers if node),
            headless=True,
            kind=own.kind,
        )


def _labels(node: Node) -> dict[str, str]:
    return {key: value.text() or "" for key, value in node.items()}


def _port(node: Node) -> Port:
    target = node.get("targetPort")
    number = node.get("port")
    return Port(
        number=number.integer(),
        origin=(target or number).origin,
        name=node.get("name").text(),
        target=target.integer() if target.integer() is not None else target.text(),
        protocol=node.get("protocol").text() or "TCP",
    )
