"""What stands between a client and an engine, and what it does where a route does not say: documented defaults alone.

A controller is named by its family: ingress-nginx is `nginx` whatever an installation calls its class. What a family
does not list is not documented, and stays unknown. Sources: ingress-nginx ConfigMap reference (proxy-read-timeout 60,
proxy-body-size 1m, proxy-next-upstream without non_idempotent); F5 NGINX Ingress ConfigMap reference; AWS Application
Load Balancer attributes (idle_timeout 60); Google Cloud backend service timeout (30); HAProxy ingress and HAProxy
Kubernetes ingress (timeout-server 50s); OpenShift HAProxy router (30s); Kong service object (read_timeout 60000) and
nginx_http_client_max_body_size (0); Contour timeout policy (Envoy's 15s); Azure Application Gateway ingress
(request-timeout 30); Traefik respondingTimeouts.writeTimeout and forwardingTimeouts.responseHeaderTimeout (0s);
Istio VirtualService (timeout disabled, two retries); Envoy Gateway HTTP timeouts (15s); Knative revision-timeout-seconds
(300).
"""

from collections.abc import Mapping

from msgspec import Struct


class Default(Struct, frozen=True):
    """A time limit that holds where nobody sets one: `seconds` None is no limit.

    `between`: it counts the time between two bytes, not the whole answer. `field` is where to set another one.
    """

    seconds: float | None
    field: str
    between: bool = False


NAMES: Mapping[str, str] = {
    "nginx": "ingress-nginx",
    "nginx-f5": "the F5 NGINX ingress",
    "alb": "the AWS load balancer",
    "gce": "the Google Cloud load balancer",
    "haproxy": "HAProxy ingress",
    "haproxy-tech": "HAProxy ingress",
    "kong": "Kong",
    "contour": "Contour",
    "azure": "Application Gateway",
    "openshift": "the OpenShift router",
    "traefik": "Traefik",
    "istio": "Istio",
    "envoy-gateway": "Envoy Gateway",
    "knative": "Knative",
}

_NGINX = "nginx.ingress.kubernetes.io"
TIMEOUTS: Mapping[str, Default] = {
    "nginx": Default(60, f"{_NGINX}/proxy-read-timeout", between=True),
    "nginx-f5": Default(60, "nginx.org/proxy-read-timeout", between=True),
    "alb": Default(
        60, "alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds", between=True
    ),
    "gce": Default(30, "BackendConfig spec.timeoutSec"),
    "haproxy": Default(50, "haproxy-ingress.github.io/timeout-server", between=True),
    "haproxy-tech": Default(50, "haproxy.org/timeout-server", between=True),
    "kong": Default(60, "konghq.com/read-timeout on the Service", between=True),
    "contour": Default(15, "projectcontour.io/response-timeout"),
    "azure": Default(30, "appgw.ingress.kubernetes.io/request-timeout"),
    "openshift": Default(30, "haproxy.router.openshift.io/timeout", between=True),
    "traefik": Default(None, "respondingTimeouts.writeTimeout"),
    "istio": Default(None, "timeout"),
    "envoy-gateway": Default(15, "timeouts.request"),
    "knative": Default(300, "spec.template.spec.timeoutSeconds"),
}

RETRIES: Mapping[str, int] = {"nginx": 0, "nginx-f5": 0, "contour": 0, "traefik": 0, "istio": 2, "envoy-gateway": 0}
"""How often a POST is sent again."""

BODIES: Mapping[str, int | None] = {"nginx": 2**20, "nginx-f5": 2**20, "kong": None, "traefik": None}
"""The largest body in bytes; None is no limit."""

BODY_ANNOTATIONS = (f"{_NGINX}/proxy-body-size", "nginx.org/client-max-body-size")
"""Annotations that bound the body."""

# The first is what a class of that name means where its annotations do not say which of them.
CLASSES: Mapping[str, tuple[str, ...]] = {
    "nginx": ("nginx", "nginx-f5"),
    "alb": ("alb",),
    "gce": ("gce",),
    "gce-internal": ("gce",),
    "haproxy": ("haproxy", "haproxy-tech"),
    "kong": ("kong",),
    "contour": ("contour",),
    "azure-application-gateway": ("azure",),
    "azure/application-gateway": ("azure",),
    "openshift-default": ("openshift",),
    "traefik": ("traefik",),
    "istio": ("istio",),
}
"""Ingress class, as installations call it by default → the families it may be."""

CONTROLLERS: Mapping[str, str] = {
    "k8s.io/ingress-nginx": "nginx",
    "nginx.org/ingress-controller": "nginx-f5",
    "ingress.k8s.aws/alb": "alb",
    "eks.amazonaws.com/alb": "alb",
    "haproxy-ingress.github.io/controller": "haproxy",
    "haproxy.org/ingress-controller": "haproxy-tech",
    "ingress-controllers.konghq.com/kong": "kong",
    "konghq.com/kic-gateway-controller": "kong",
    "projectcontour.io/ingress-controller": "contour",
    "projectcontour.io/gateway-controller": "contour",
    "azure/application-gateway": "azure",
    "openshift.io/ingress-to-route": "openshift",
    "traefik.io/ingress-controller": "traefik",
    "traefik.io/gateway-controller": "traefik",
    "istio.io/ingress-controller": "istio",
    "istio.io/gateway-controller": "istio",
    "gateway.envoyproxy.io/gatewayclass-controller": "envoy-gateway",
    "networking.gke.io/gateway": "gce",
}
"""`spec.controller` of an IngressClass, `spec.controllerName` of a GatewayClass → family."""

ANNOTATIONS: Mapping[str, tuple[str, ...]] = {
    f"{_NGINX}/": ("nginx",),
    "nginx.org/": ("nginx-f5",),
    "alb.ingress.kubernetes.io/": ("alb",),
    "haproxy-ingress.github.io/": ("haproxy",),
    "haproxy.org/": ("haproxy-tech",),
    "konghq.com/": ("kong",),
    "projectcontour.io/": ("contour",),
    "appgw.ingress.kubernetes.io/": ("azure",),
    "haproxy.router.openshift.io/": ("openshift",),
    "traefik.ingress.kubernetes.io/": ("traefik",),
    "networking.gke.io/": ("gce",),
    "ingress.gcp.kubernetes.io/": ("gce",),
    "kubernetes.io/ingress.global-static-ip-name": ("gce",),
    "kubernetes.io/ingress.regional-static-ip-name": ("gce",),
}
"""Prefix of an annotation → who reads it."""


_FIELDS: Mapping[tuple[str, str], str] = {
    ("gce", "HTTPRoute"): "GCPBackendPolicy spec.default.timeoutSec",
    ("contour", "HTTPProxy"): "timeoutPolicy.response",
    ("contour", "HTTPRoute"): "timeouts.request",
}


def field(family: str, kind: str) -> str:
    """Where a route of this kind sets another time limit than its controller's."""
    return _FIELDS.get((family, kind), TIMEOUTS[family].field)


def readers(annotation: str) -> tuple[str, ...]:
    """The families that read an annotation; empty when it is nobody's here."""
    return next((families for prefix, families in ANNOTATIONS.items() if annotation.startswith(prefix)), ())


def gateway(name: str) -> str | None:
    """The family of a GatewayClass that installations bring themselves, by its name."""
    return "gce" if name.startswith("gke-l7-") else {"istio": "istio", "istio-waypoint": "istio"}.get(name)
