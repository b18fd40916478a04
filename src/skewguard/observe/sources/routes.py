"""Routes to Services, with the time limits, retries and body sizes they set.

Sources: networking.k8s.io Ingress and the annotation references of its controllers, Gateway API (HTTPRoute timeouts and
retry), Istio VirtualService, Envoy Gateway policies, Contour HTTPProxy, Traefik, GKE BackendConfig and
GCPBackendPolicy, OpenShift Route, Kong, Knative and KServe `timeout`. A limit of 0 switches it off.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import structs

from skewguard.language import controllers
from skewguard.language.facts import Located
from skewguard.language.joining import service_of_host
from skewguard.language.neighbours import Backend, Route, Timeout
from skewguard.language.trees import Node
from skewguard.observe.sources import matching, policies
from skewguard.observe.sources.limits import annotated_retries, body, retries, timeout, untold
from skewguard.observe.sources.objects import Object, Objects


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
_NUMBERS = (_NGINX, "appgw.ingress.kubernetes.io/", "konghq.com/")
"""Annotations that are read as whole numbers: a unit makes them no number, and the default holds.

Source: ingress-nginx internal/ingress/annotations/parser (strconv.Atoi), annotations/proxy (the default on an error).
"""
_BODIES = controllers.BODY_ANNOTATIONS
_ATTRIBUTES = "alb.ingress.kubernetes.io/load-balancer-attributes"


class _Annotations:
    """The limits that an object's annotations set, as one controller reads them (None: nobody knows which)."""

    def __init__(self, node: Node, families: tuple[str, ...]) -> None:
        self.timeouts: list[Timeout] = []
        self.ignored: list[Located[str]] = []
        self.unclear = False
        held: dict[str, Node] = {}
        for key, value in node.items():
            readers = controllers.readers(key)
            if readers and families and not set(readers) & set(families):
                if key in _LIMITS or key in (*_BODIES, _ATTRIBUTES):
                    self.ignored.append(Located(key, value.origin))
                continue
            held[key] = value
            self._limit(key, value)
        self.body = next((found for name in _BODIES if (found := body(held.get(name, _ABSENT)))), None)
        self.retries = tuple(annotated_retries(held))
        self.untold = untold(held)

    def _limit(self, key: str, value: Node) -> None:
        if key == _ATTRIBUTES:
            text = value.text() or ""
            match = re.search(r"idle_timeout\.timeout_seconds=(\d+)", text)
            if match is not None:
                place = value.locate(*match.span(1))
                self.timeouts.append(Timeout(f"{key}: idle_timeout.timeout_seconds", float(match[1]), place))
        elif key in _LIMITS and not self._unreadable(key, value):
            self.timeouts.extend(timeout(key, value, _LIMITS[key]))

    def _unreadable(self, key: str, value: Node) -> bool:
        """Whether a value is in a form that the controller refuses, or (then it is unclear) not there yet."""
        text = value.text() or ""
        if re.search(r"[${<]", text):
            self.unclear = True
            return True
        if not key.startswith(_NUMBERS) or re.fullmatch(r"\s*\d+\s*", text):
            return False
        self.ignored.append(Located(key, value.origin))
        return True


_ABSENT = Node.absent()


def _ingress(own: Object, objects: Objects) -> Iterator[Route]:
    spec, annotations = own.root.get("spec"), own.metadata.get("annotations")
    nodes = [spec.get("defaultBackend"), spec.get("backend")]
    for rule in spec.get("rules").elements():
        paths = rule.get("http", "paths").elements()
        nodes.extend(path.get("backend") for path in paths if matching.ingress_path(path, annotations))
    if not any(nodes):
        return
    controller = spec.get("ingressClassName").text() or annotations.get("kubernetes.io/ingress.class").text()
    families, sure = _families(controller, annotations, objects)
    limits = _Annotations(annotations, families)
    made = _route(
        own,
        tuple(dict.fromkeys(backend for node in nodes for backend in _ingress_backend(node, own.namespace))),
        limits.timeouts,
        limits.retries,
        families[0] if families and not limits.unclear else None,
    )
    yield structs.replace(
        made,
        body_bytes=limits.body,
        controller=controller,
        ignored=tuple(limits.ignored),
        untold=limits.untold,
        assumes=() if sure else (f"what implements the Ingress class {controller}",),
    )


def _families(controller: str | None, annotations: Node, objects: Objects) -> tuple[tuple[str, ...], bool]:
    """Who may implement an Ingress: what its class is known to be, else whoever its annotations speak to.

    And whether that is sure: an annotation does not make its controller that of a class with a name of one's own.
    """
    told = tuple(dict.fromkeys(name for key, _ in annotations.items() for name in controllers.readers(key)))
    if controller is None:
        return told[:1] if len(told) == 1 else (), True
    found = objects.find("IngressClass", controller, None)
    written = found.root.get("spec", "controller").text() if found else None
    named = controllers.CONTROLLERS.get(written or "")
    if named is not None:
        return (named,), True
    may_be = () if written else controllers.CLASSES.get(controller, ())
    spoken = tuple(name for name in may_be if name in told)
    return spoken or may_be or (told if len(told) == 1 else ()), bool(may_be)


def _ingress_backend(node: Node, namespace: str | None) -> Iterator[Backend]:
    name = node.get("service", "name").text() or node.get("serviceName").text()
    if name:
        port = node.get("service", "port")
        old = node.get("servicePort")
        number = port.get("number").integer() or port.get("name").text() or old.integer() or old.text()
        yield Backend(name, number, namespace)


def _openshift(own: Object, _objects: Objects) -> Iterator[Route]:
    if own.group != "route.openshift.io" or not matching.ingress_path(
        own.root.get("spec"), own.metadata.get("annotations")
    ):
        return
    spec = own.root.get("spec")
    nodes = [spec.get("to"), *spec.get("alternateBackends").elements()]
    port = spec.get("port", "targetPort")
    names = [node.get("name").text() or "" for node in nodes if node]
    backends = tuple(Backend(name, port.integer() or port.text(), own.namespace) for name in names)
    limits = _Annotations(own.metadata.get("annotations"), ("openshift",))
    made = _route(own, backends, limits.timeouts, limits.retries, "openshift")
    yield structs.replace(made, ignored=tuple(limits.ignored))


# ---- Gateway API and meshes ----------------------------------------------------------------------------------------


def _gateway_route(own: Object, objects: Objects) -> Iterator[Route]:
    """A route for each rule: the limits of one are not those of another."""
    family = _of_gateways(own, objects)
    for rule in filter(matching.gateway_rule, own.root.get("spec", "rules").elements()):
        limits = [
            found
            for field in ("request", "backendRequest")
            for found in timeout(f"timeouts.{field}", rule.get("timeouts", field))
        ]
        made = _route(own, _references(rule, own), limits, tuple(retries(rule.get("retry", "attempts"))), family)
        yield policies.governed(made, own, objects)


def _references(rule: Node, own: Object) -> tuple[Backend, ...]:
    """Where a rule of the Gateway API leads. A ServiceImport has the name and namespace of the Service it stands for."""
    found: dict[Backend, None] = {}
    for ref in rule.get("backendRefs").elements():
        kind = ref.get("kind").text() or "Service"
        namespace = ref.get("namespace").text() or own.namespace
        name = ref.get("name").text() or ""
        port = ref.get("port").integer()
        found[Backend(name, port, namespace, "Service" if kind == "ServiceImport" else kind)] = None
    return tuple(found)


def _of_gateways(own: Object, objects: Objects) -> str | None:
    """What implements the gateways that a route is attached to, where they are in the input and agree."""
    found: set[str | None] = set()
    for ref in own.root.get("spec", "parentRefs").elements():
        if ref.get("kind").text() not in (None, "Gateway"):
            continue
        namespace = ref.get("namespace").text() or own.namespace
        gateway = objects.find("Gateway", ref.get("name").text() or "", namespace)
        name = gateway.root.get("spec", "gatewayClassName").text() if gateway is not None else None
        found.add(_of_class(name, objects) if name else None)
    return found.pop() if len(found) == 1 else None


def _of_class(name: str, objects: Objects) -> str | None:
    made = objects.find("GatewayClass", name, None)
    controller = made.root.get("spec", "controllerName").text() if made is not None else None
    return controllers.CONTROLLERS.get(controller or "") or controllers.gateway(name)


def _virtual_service(own: Object, _objects: Objects) -> Iterator[Route]:
    for rule in filter(matching.istio_rule, own.root.get("spec", "http").elements()):
        limits = [
            *timeout("http.timeout", rule.get("timeout")),
            *timeout("http.retries.perTryTimeout", rule.get("retries", "perTryTimeout")),
        ]
        backends = tuple(
            found for target in rule.get("route").elements() for found in _destination(target.get("destination"), own)
        )
        yield _route(own, backends, limits, tuple(retries(rule.get("retries", "attempts"))), "istio")


def _destination(node: Node, own: Object) -> Iterator[Backend]:
    """A host of Istio's that is a Service: `chat`, `chat.prod` or `chat.prod.svc.cluster.local`."""
    found = service_of_host(node.get("host").text() or "", own.namespace)
    if found is not None:
        yield structs.replace(found, port=node.get("port", "number").integer())


def _destination_rule(own: Object, _objects: Objects) -> Iterator[Route]:
    spec = own.root.get("spec")
    connect = spec.get("trafficPolicy", "connectionPool", "tcp", "connectTimeout")
    limits = tuple(timeout("trafficPolicy.connectionPool.tcp.connectTimeout", connect))
    found = service_of_host(spec.get("host").text() or "", own.namespace)
    if limits and found is not None:
        yield _beside(own, (found,), limits, family="istio")


def _http_proxy(own: Object, _objects: Objects) -> Iterator[Route]:
    for rule in filter(matching.contour_rule, own.root.get("spec", "routes").elements()):
        limits = [
            found
            for field in ("response", "idle")
            for found in timeout(f"timeoutPolicy.{field}", rule.get("timeoutPolicy", field))
        ]
        again = tuple(retries(rule.get("retryPolicy", "count")))
        yield _route(own, _services_of(rule, own), limits, again, "contour")


def _services_of(rule: Node, own: Object) -> tuple[Backend, ...]:
    """The Services under a rule of Contour or Traefik, which may be in another namespace."""
    found: dict[Backend, None] = {}
    for service in rule.get("services").elements():
        port = service.get("port")
        namespace = service.get("namespace").text() or own.namespace
        found[Backend(service.get("name").text() or "", port.integer() or port.text(), namespace)] = None
    return tuple(found)


def _ingress_route(own: Object, objects: Objects) -> Iterator[Route]:
    """Traefik: retries stand in a Middleware that the route names, the time to the first byte in a ServersTransport."""
    for rule in filter(matching.traefik_rule, own.root.get("spec", "routes").elements()):
        again: list[Located[int]] = []
        limits: list[Timeout] = []
        family: str | None = "traefik"
        unseen: tuple[str, ...] = ()
        for ref in rule.get("middlewares").elements():
            middleware = objects.find("Middleware", ref.get("name").text() or "", own.namespace)
            if middleware is None:
                unseen = ("serving.retries", "serving.max_body_size")
            else:
                again.extend(retries(middleware.root.get("spec", "retry", "attempts"), first=1))
        for name in {service.get("serversTransport").text() for service in rule.get("services").elements()} - {None}:
            transport = objects.find("ServersTransport", name or "", own.namespace)
            if transport is None:
                family = None  # it may set a limit that nobody sees here
                continue
            field = transport.root.get("spec", "forwardingTimeouts", "responseHeaderTimeout")
            limits.extend(timeout("forwardingTimeouts.responseHeaderTimeout", field))
        made = _route(own, _services_of(rule, own), limits, tuple(again), family)
        yield structs.replace(made, untold=unseen)


# ---- beside Services and workloads ---------------------------------------------------------------------------------


def _service(own: Object, objects: Objects) -> Iterator[Route]:
    """Limits that stand on a Service: Kong's annotations, a BackendConfig of GKE, Knative's own `timeoutSeconds`."""
    annotations = own.metadata.get("annotations")
    backend = (Backend(own.name, None, own.namespace),)
    if own.group == "serving.knative.dev":
        pod = own.root.get("spec", "template", "spec")
        limits = [
            found
            for field in ("timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds")
            for found in timeout(f"spec.template.spec.{field}", pod.get(field))
        ]
        yield _route(own, backend, limits, family="knative")
        return
    for family in ("kong", "haproxy", "haproxy-tech"):
        held = _Annotations(annotations, (family,))
        if held.timeouts or held.retries:
            yield _beside(own, backend, held.timeouts, held.retries, family)
    yield from _backend_configs(own, annotations, backend, objects)


def _backend_configs(own: Object, annotations: Node, backend: tuple[Backend, ...], objects: Objects) -> Iterator[Route]:
    for key in ("cloud.google.com/backend-config", "beta.cloud.google.com/backend-config"):
        text = annotations.get(key).text() or ""
        for name in dict.fromkeys(re.findall(r'"(?:default|ports)"\s*:\s*"([^"]+)"|"[^"]+"\s*:\s*"([^"]+)"', text)):
            config = objects.find("BackendConfig", name[0] or name[1], own.namespace)
            if config is not None:
                limits = tuple(timeout("BackendConfig spec.timeoutSec", config.root.get("spec", "timeoutSec")))
                if limits:
                    yield _beside(own, backend, limits, family="gce")


def _backend_policy(own: Object, _objects: Objects) -> Iterator[Route]:
    spec = own.root.get("spec")
    target = spec.get("targetRef")
    name = target.get("name").text()
    limits = tuple(timeout("spec.default.timeoutSec", spec.get("default", "timeoutSec")))
    if name and limits:
        kind = target.get("kind").text() or "Service"
        yield _beside(own, (Backend(name, None, own.namespace, kind),), limits, family="gce")


def _kserve(own: Object, _objects: Objects) -> Iterator[Route]:
    if own.group != "serving.kserve.io":
        return
    limits = tuple(timeout("spec.predictor.timeout", own.root.get("spec", "predictor", "timeout")))
    if limits:
        yield _beside(own, (Backend(own.name, None, own.namespace),), limits)


def _route(
    own: Object,
    backends: tuple[Backend, ...],
    limits: Sequence[Timeout],
    again: Sequence[Located[int]] = (),
    family: str | None = None,
) -> Route:
    return Route(own.kind, own.name, own.namespace, own.origin, backends, tuple(limits), tuple(again), family=family)


def _beside(
    own: Object,
    backends: tuple[Backend, ...],
    limits: Sequence[Timeout],
    again: Sequence[Located[int]] = (),
    family: str | None = None,
) -> Route:
    return structs.replace(_route(own, backends, limits, again, family), beside=True)


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
