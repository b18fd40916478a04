"""Routes to Services, with the time limits, retries and body sizes they set.

Sources: networking.k8s.io Ingress and the annotation references of its controllers, Gateway API (HTTPRoute timeouts and
retry), Istio VirtualService, Envoy Gateway policies, Contour HTTPProxy, Traefik, GKE BackendConfig and
GCPBackendPolicy, OpenShift Route, Kong, Knative and KServe `timeout`. A limit of 0 switches it off.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from skewguard.language.documents import Node
from skewguard.language.facts import Located
from skewguard.language.workloads import Route, Timeout
from skewguard.observe.sources import policies
from skewguard.observe.sources.limits import body, retries, timeout
from skewguard.observe.sources.objects import Object, Objects

Backends = tuple[tuple[str, int | str | None], ...]


def read(own: Object, objects: Objects) -> Iterator[Route]:
    """The routes that one object is, or holds."""
    reader = _READERS.get(own.kind)
    if reader is not None:
        yield from reader(own, objects)


# ---- Ingress -------------------------------------------------------------------------------------------------------

_NGINX = "nginx.ingress.kubernetes.io/"
# Annotation → seconds in one unit of a number without one.
_LIMITS: Mapping[str, float] = {
    **{f"{_NGINX}{name}": 1.0 for name in ("proxy-read-timeout", "proxy-send-timeout", "proxy-connect-timeout")},
    **{f"nginx.org/{name}": 1.0 for name in ("proxy-read-timeout", "proxy-send-timeout", "proxy-connect-timeout")},
    **{f"haproxy-ingress.github.io/{name}": 1.0 for name in ("timeout-server", "timeout-client", "timeout-connect")},
    **{f"haproxy.org/{name}": 0.001 for name in ("timeout-server", "timeout-client", "timeout-connect")},
    "haproxy.router.openshift.io/timeout": 0.001,
    "appgw.ingress.kubernetes.io/request-timeout": 1.0,
    "projectcontour.io/response-timeout": 1.0,
    "konghq.com/read-timeout": 0.001,
    "konghq.com/write-timeout": 0.001,
    "konghq.com/connect-timeout": 0.001,
}
_BODIES = (f"{_NGINX}proxy-body-size", "nginx.org/client-max-body-size")
_ATTRIBUTES = "alb.ingress.kubernetes.io/load-balancer-attributes"


def _ingress(own: Object, _objects: Objects) -> Iterator[Route]:
    spec = own.root.get("spec")
    nodes = [spec.get("defaultBackend"), spec.get("backend")]
    for rule in spec.get("rules").elements():
        nodes.extend(path.get("backend") for path in rule.get("http", "paths").elements())
    annotations = own.metadata.get("annotations")
    limit = next((found for name in _BODIES if (found := body(annotations.get(name)))), None)
    controller = spec.get("ingressClassName").text() or annotations.get("kubernetes.io/ingress.class").text()
    yield _route(
        own,
        tuple(dict.fromkeys(backend for node in nodes for backend in _ingress_backend(node))),
        tuple(_annotated(annotations)),
        tuple(_annotated_retries(annotations)),
        limit,
        controller,
    )


def _ingress_backend(node: Node) -> Iterator[tuple[str, int | str | None]]:
    name = node.get("service", "name").text() or node.get("serviceName").text()
    if name:
        port = node.get("service", "port")
        old = node.get("servicePort")
        yield name, port.get("number").integer() or port.get("name").text() or old.integer() or old.text()


def _annotated(annotations: Node) -> Iterator[Timeout]:
    for key, value in annotations.items():
        if key in _LIMITS:
            yield from timeout(key, value, _LIMITS[key])
        elif key == _ATTRIBUTES:
            text = value.text() or ""
            match = re.search(r"idle_timeout\.timeout_seconds=(\d+)", text)
            if match is not None:
                place = value.locate(*match.span(1))
                yield Timeout(f"{key}: idle_timeout.timeout_seconds", float(match[1]), place)


def _annotated_retries(annotations: Node) -> Iterator[Located[int]]:
    """A POST is repeated by nginx only where `non_idempotent` says so; its number counts the first try."""
    if "non_idempotent" in (annotations.get(f"{_NGINX}proxy-next-upstream").text() or ""):
        yield from retries(annotations.get(f"{_NGINX}proxy-next-upstream-tries"), first=1)
    yield from retries(annotations.get("konghq.com/retries"))


def _openshift(own: Object, _objects: Objects) -> Iterator[Route]:
    if own.group != "route.openshift.io":
        return
    spec = own.root.get("spec")
    nodes = [spec.get("to"), *spec.get("alternateBackends").elements()]
    port = spec.get("port", "targetPort")
    backends = tuple((node.get("name").text() or "", port.integer() or port.text()) for node in nodes if node)
    yield _route(own, backends, tuple(_annotated(own.metadata.get("annotations"))))


# ---- Gateway API and meshes ----------------------------------------------------------------------------------------


def _gateway_route(own: Object, objects: Objects) -> Iterator[Route]:
    rules = own.root.get("spec", "rules").elements()
    limits: list[Timeout] = []
    again: list[Located[int]] = []
    for rule in rules:
        for field in ("request", "backendRequest"):
            limits.extend(timeout(f"timeouts.{field}", rule.get("timeouts", field)))
        again.extend(retries(rule.get("retry", "attempts")))
    backends = route_backends(own)
    yield _route(own, backends, tuple(limits), tuple(again))
    yield from policies.of_route(own, backends, objects)


def route_backends(own: Object) -> Backends:
    """Where a route of the Gateway API leads."""
    found: dict[tuple[str, int | str | None], None] = {}
    for rule in own.root.get("spec", "rules").elements():
        for ref in rule.get("backendRefs").elements():
            found[ref.get("name").text() or "", ref.get("port").integer()] = None
    return tuple(found)


def _virtual_service(own: Object, _objects: Objects) -> Iterator[Route]:
    limits: list[Timeout] = []
    again: list[Located[int]] = []
    backends: dict[tuple[str, int | str | None], None] = {}
    for rule in own.root.get("spec", "http").elements():
        limits.extend(timeout("http.timeout", rule.get("timeout")))
        limits.extend(timeout("http.retries.perTryTimeout", rule.get("retries", "perTryTimeout")))
        again.extend(retries(rule.get("retries", "attempts")))
        for target in rule.get("route").elements():
            destination = target.get("destination")
            backends[
                (destination.get("host").text() or "").partition(".")[0], destination.get("port", "number").integer()
            ] = None
    yield _route(own, tuple(backends), tuple(limits), tuple(again))


def _destination_rule(own: Object, _objects: Objects) -> Iterator[Route]:
    spec = own.root.get("spec")
    host = (spec.get("host").text() or "").partition(".")[0]
    connect = spec.get("trafficPolicy", "connectionPool", "tcp", "connectTimeout")
    limits = tuple(timeout("trafficPolicy.connectionPool.tcp.connectTimeout", connect))
    if limits:
        yield _route(own, ((host, None),), limits)


def _http_proxy(own: Object, _objects: Objects) -> Iterator[Route]:
    limits: list[Timeout] = []
    again: list[Located[int]] = []
    backends: dict[tuple[str, int | str | None], None] = {}
    for rule in own.root.get("spec", "routes").elements():
        for field in ("response", "idle"):
            limits.extend(timeout(f"timeoutPolicy.{field}", rule.get("timeoutPolicy", field)))
        again.extend(retries(rule.get("retryPolicy", "count")))
        for service in rule.get("services").elements():
            backends[service.get("name").text() or "", service.get("port").integer()] = None
    yield _route(own, tuple(backends), tuple(limits), tuple(again))


def _ingress_route(own: Object, objects: Objects) -> Iterator[Route]:
    """Traefik: retries stand in a Middleware that the route names."""
    again: list[Located[int]] = []
    backends: dict[tuple[str, int | str | None], None] = {}
    for rule in own.root.get("spec", "routes").elements():
        for service in rule.get("services").elements():
            port = service.get("port")
            backends[service.get("name").text() or "", port.integer() or port.text()] = None
        for ref in rule.get("middlewares").elements():
            middleware = objects.find("Middleware", ref.get("name").text() or "", own.namespace)
            if middleware is not None:
                again.extend(retries(middleware.root.get("spec", "retry", "attempts"), first=1))
    yield _route(own, tuple(backends), (), tuple(again))


# ---- beside Services and workloads ---------------------------------------------------------------------------------


def _service(own: Object, objects: Objects) -> Iterator[Route]:
    """Limits that stand on a Service: Kong's annotations, a BackendConfig of GKE, Knative's own `timeoutSeconds`."""
    annotations = own.metadata.get("annotations")
    limits = list(_annotated(annotations))
    again = list(_annotated_retries(annotations))
    if own.group == "serving.knative.dev":
        pod = own.root.get("spec", "template", "spec")
        for field in ("timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds"):
            limits.extend(timeout(f"spec.template.spec.{field}", pod.get(field)))
    for key in ("cloud.google.com/backend-config", "beta.cloud.google.com/backend-config"):
        text = annotations.get(key).text() or ""
        for name in dict.fromkeys(re.findall(r'"(?:default|ports)"\s*:\s*"([^"]+)"|"[^"]+"\s*:\s*"([^"]+)"', text)):
            config = objects.find("BackendConfig", name[0] or name[1], own.namespace)
            if config is not None:
                limits.extend(timeout("BackendConfig spec.timeoutSec", config.root.get("spec", "timeoutSec")))
    if limits or again:
        yield _route(own, ((own.name, None),), tuple(limits), tuple(again))


def _backend_policy(own: Object, _objects: Objects) -> Iterator[Route]:
    spec = own.root.get("spec")
    name = spec.get("targetRef", "name").text()
    limits = tuple(timeout("spec.default.timeoutSec", spec.get("default", "timeoutSec")))
    if name and limits:
        yield _route(own, ((name, None),), limits)


def _kserve(own: Object, _objects: Objects) -> Iterator[Route]:
    if own.group != "serving.kserve.io":
        return
    limits = tuple(timeout("spec.predictor.timeout", own.root.get("spec", "predictor", "timeout")))
    if limits:
        yield _route(own, ((own.name, None),), limits)


def _route(
    own: Object,
    backends: Backends,
    limits: Sequence[Timeout],
    again: Sequence[Located[int]] = (),
    size: Located[int] | None = None,
    controller: str | None = None,
) -> Route:
    return Route(own.kind, own.name, own.namespace, own.origin, backends, tuple(limits), tuple(again), size, controller)


_READERS: Mapping[str, Callable[[Object, Objects], Iterator[Route]]] = {
    "Ingress": _ingress,
    "Route": _openshift,
    "HTTPRoute": _gateway_route,
    "GRPCRoute": _gateway_route,
    "VirtualService": _virtual_service,
    "DestinationRule": _destination_rule,
    "HTTPProxy": _http_proxy,
    "IngressRoute": _ingress_route,
    "Service": _service,
    "GCPBackendPolicy": _backend_policy,
    "InferenceService": _kserve,
}
