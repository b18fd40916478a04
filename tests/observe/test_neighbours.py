"""Services, autoscalers and routes around the workloads."""

from textwrap import dedent

import pytest

from skewguard.language import surroundings
from skewguard.language.neighbours import Route
from skewguard.language.vocabulary import BY_NAME
from skewguard.observe.sources import scaling
from tests.observe import reading


def one(kind: str, api: str, spec: str, annotations: str = "{}") -> str:
    """An object of some kind."""
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: n, namespace: p, annotations: {annotations}}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("spec", "ports", "headless"),
    [
        ("{selector: {a: b}, ports: [{port: 80, targetPort: http, name: web}]}", [(80, "http", "web")], False),
        ("{clusterIP: None, selector: {a: b}, ports: [{port: 80}]}", [(80, None, None)], True),
        ("{type: ExternalName, externalName: x}", [], True),
    ],
)
def test_services_are_read(spec: str, ports: list[tuple[int, object, str | None]], headless: bool) -> None:
    """Selector, ports with their targets, and whether it injects variables into pods."""
    found = reading.read(one("Service", "v1", spec)).inventory.services[0]
    assert ([(port.number, port.target, port.name) for port in found.ports], found.headless) == (ports, headless)


def test_inference_pool_leads_to_pods_as_a_headless_service() -> None:
    """An InferencePool selects pods, and injects no variables."""
    spec = "{selector: {matchLabels: {a: b}}, targetPorts: [{number: 8000}]}"
    found = reading.read(one("InferencePool", "inference.networking.k8s.io/v1", spec)).inventory.services[0]
    assert (dict(found.selector), found.ports[0].target, found.headless) == ({"a": "b"}, 8000, True)


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("vllm:num_requests_waiting", "queue"),
        ("avg(vllm:num_requests_waiting{namespace='x'})", "queue"),
        ("sglang:num_queue_reqs", "queue"),
        ("nv_inference_pending_request_count", "queue"),
        ("vllm:num_requests_running", "concurrency"),
        ("target_ongoing_requests", "concurrency"),
        ("vllm:gpu_cache_usage_perc", "kv-cache"),
        ("vllm:kv_cache_usage_perc", "kv-cache"),
        ("DCGM_FI_DEV_GPU_UTIL", "gpu"),
        ("histogram_quantile(0.95, vllm:time_to_first_token_seconds_bucket)", "latency"),
        ("vllm:e2e_request_latency_seconds", "latency"),
        ("vllm:generation_tokens_total", "tokens"),
        ("http_requests_per_second", "requests"),
        ("vllm:request_success_total", "requests"),
        ("container_cpu_usage_seconds_total", "cpu"),
        ("container_memory_working_set_bytes", "memory"),
        ("temperature", "other"),
    ],
)
def test_metric_names_tell_the_signal(metric: str, kind: str) -> None:
    """The documented metric names of engines and exporters are known for what they measure."""
    assert scaling.signal_of(metric) == kind


def test_every_kind_of_signal_can_be_promised() -> None:
    """A contract names signals by the words that this module gives them."""
    assert {kind for kind, _ in scaling._PATTERNS} | {"schedule", "other"} == set(BY_NAME["autoscaling.signal"].choices)


HPA = "scaleTargetRef: {kind: Deployment, name: chat}, minReplicas: 1, maxReplicas: 4"
KEDA = "scaleTargetRef: {name: chat}, minReplicaCount: 1, maxReplicaCount: 4"


@pytest.mark.parametrize(
    ("text", "signals"),
    [
        (one("HorizontalPodAutoscaler", "autoscaling/v1", f"{{{HPA}, targetCPUUtilizationPercentage: 80}}"), ["cpu"]),
        (one("HorizontalPodAutoscaler", "autoscaling/v2", f"{{{HPA}}}"), []),
        (one("HorizontalPodAutoscaler", "autoscaling/v2",
             f"{{{HPA}, metrics: [{{type: Resource, resource: {{name: memory}}}}, {{type: Pods, pods: {{metric: {{name: 'vllm:num_requests_waiting'}}}}}}]}}"),
         ["memory", "queue"]),
        (one("HorizontalPodAutoscaler", "autoscaling/v2",
             f"{{{HPA}, metrics: [{{type: ContainerResource, containerResource: {{name: cpu, container: c}}}}, {{type: External, external: {{metric: {{name: DCGM_FI_DEV_GPU_UTIL}}}}}}]}}"),
         ["cpu", "gpu"]),
        (one("HorizontalPodAutoscaler", "autoscaling/v2beta1",
             f"{{{HPA}, metrics: [{{type: Object, object: {{metricName: queue_length}}}}]}}"), ["queue"]),
        (one("ScaledObject", "keda.sh/v1alpha1", f"{{{KEDA}, triggers: [{{type: cpu, metadata: {{value: '80'}}}}, {{type: cron}}]}}"),
         ["cpu", "schedule"]),
        (one("ScaledObject", "keda.sh/v1alpha1",
             f"{{{KEDA}, triggers: [{{type: prometheus, metadata: {{query: 'sum(vllm:num_requests_running)'}}}}]}}"),
         ["concurrency"]),
        (one("ScaledObject", "keda.sh/v1alpha1", f"{{{KEDA}, triggers: [{{type: rabbitmq, metadata: {{queueName: jobs}}}}]}}"),
         ["queue"]),
        (one("PodAutoscaler", "autoscaling.aibrix.ai/v1alpha1",
             f"{{{HPA}, metricsSources: [{{targetMetric: gpu_cache_usage_perc}}]}}"), ["kv-cache"]),
    ],
)  # fmt: skip
def test_autoscalers_are_read(text: str, signals: list[str]) -> None:
    """What is scaled, between which bounds, and on which signals."""
    found = reading.read(text).inventory.autoscalers[0]
    assert (found.target_kind, found.target_name, found.namespace) == ("Deployment", "chat", "p")
    assert [signal.kind for signal in found.signals] == signals
    assert found.min_replicas is not None
    assert found.max_replicas is not None
    assert (found.min_replicas.value, found.max_replicas.value) == (1, 4)


@pytest.mark.parametrize(
    ("text", "signals", "low", "high"),
    [
        (one("InferenceService", "serving.kserve.io/v1beta1", "{predictor: {minReplicas: 1, maxReplicas: 3, scaleMetric: concurrency, containers: []}}"),
         ["concurrency"], 1, 3),
        (one("InferenceService", "serving.kserve.io/v1beta1", "{predictor: {containers: []}}",
             '{autoscaling.knative.dev/metric: rps, autoscaling.knative.dev/max-scale: "5"}'), ["requests"], None, 5),
        (one("Service", "serving.knative.dev/v1",
             '{template: {metadata: {annotations: {autoscaling.knative.dev/min-scale: "1"}}, spec: {containers: [{name: c, image: i}]}}}'),
         ["concurrency"], 1, None),
        (one("Model", "kubeai.org/v1", "{engine: VLLM, url: 'hf://a/b', minReplicas: 0, maxReplicas: 3, targetRequests: 50}"),
         ["concurrency"], 0, 3),
    ],
)  # fmt: skip
def test_platforms_scale_themselves(text: str, signals: list[str], low: int | None, high: int | None) -> None:
    """Scaling fields of a platform's own objects are autoscalers of those objects."""
    found = reading.read(text).inventory.autoscalers[0]
    assert (found.target_name, [signal.kind for signal in found.signals]) == ("n", signals)
    assert (
        found.min_replicas.value if found.min_replicas else None,
        found.max_replicas.value if found.max_replicas else None,
    ) == (low, high)


def named(route: Route) -> list[tuple[str, int | str | None]]:
    """Where a route leads: names and ports."""
    return [(backend.name, backend.port) for backend in route.backends]


def test_llm_service_scales_decode_and_prefill_apart() -> None:
    """Each has a minimum, a maximum and signals of its own; what is idle may go below the minimum."""
    text = """
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceService
        metadata: {name: n, namespace: p}
        spec:
          model: {uri: "hf://m/x"}
          scaling: {minReplicas: 2, maxReplicas: 8, wva: {hpa: {}}}
          template: {containers: [{name: main, image: i}]}
          prefill:
            scaling: {minReplicas: 1, maxReplicas: 3, keda: {idleReplicaCount: 0, triggers: [{type: cpu}]}}
            template: {containers: [{name: main, image: i}]}
    """
    found = reading.read(text).inventory
    told = [
        (each.target_role, [signal.kind for signal in each.signals], each.idle_replicas and each.idle_replicas.value)
        for each in found.autoscalers
    ]
    assert told == [("decode", ["queue"], None), ("prefill", ["cpu"], 0)]
    assert [len(surroundings.autoscalers_of(each, found)) for each in found.workloads] == [1, 1]


@pytest.mark.parametrize(
    "annotation", ["networking.gke.io/managed-certificates", "kubernetes.io/ingress.global-static-ip-name"]
)
def test_annotations_of_a_controller_tell_who_implements_an_ingress(annotation: str) -> None:
    """Where no class is named, the only controller whose annotations stand there is meant."""
    text = one("Ingress", "networking.k8s.io/v1", f"{{{BACKEND}}}", f"{{{annotation}: x, cert-manager.io/issuer: y}}")
    assert reading.read(text).inventory.routes[0].family == "gce"


BACKEND = "rules: [{http: {paths: [{backend: {service: {name: chat, port: {number: 80}}}}]}}]"
NGINX = "nginx.ingress.kubernetes.io"


@pytest.mark.parametrize(
    ("annotations", "timeouts", "retries"),
    [
        (f'{{{NGINX}/proxy-read-timeout: "3600", {NGINX}/proxy-send-timeout: "60"}}',
         [(f"{NGINX}/proxy-read-timeout", 3600.0), (f"{NGINX}/proxy-send-timeout", 60.0)], []),
        (f'{{{NGINX}/proxy-read-timeout: "0"}}', [(f"{NGINX}/proxy-read-timeout", None)], []),
        (f'{{{NGINX}/proxy-next-upstream-tries: "3"}}', [], []),
        (f'{{{NGINX}/proxy-next-upstream: "error non_idempotent", {NGINX}/proxy-next-upstream-tries: "3"}}', [], [2]),
        ("{nginx.org/proxy-read-timeout: 90s}", [("nginx.org/proxy-read-timeout", 90.0)], []),
        ("{alb.ingress.kubernetes.io/load-balancer-attributes: 'a=b,idle_timeout.timeout_seconds=600'}",
         [("alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds", 600.0)], []),
        ("{haproxy-ingress.github.io/timeout-server: 10m}", [("haproxy-ingress.github.io/timeout-server", 600.0)], []),
        ("{haproxy.org/timeout-server: 5000}", [("haproxy.org/timeout-server", 5.0)], []),
        ("{projectcontour.io/response-timeout: infinity}", [("projectcontour.io/response-timeout", None)], []),
    ],
)  # fmt: skip
def test_ingress_annotations_are_limits(
    annotations: str, timeouts: list[tuple[str, float | None]], retries: list[int]
) -> None:
    """Each controller's annotations, in seconds; nginx repeats a POST only where it is told to."""
    found = reading.read(one("Ingress", "networking.k8s.io/v1", f"{{ingressClassName: x, {BACKEND}}}", annotations))
    route = found.inventory.routes[0]
    assert (named(route), route.controller) == ([("chat", 80)], "x")
    assert [(limit.name, limit.seconds) for limit in route.timeouts] == timeouts
    assert [count.value for count in route.retries] == retries


@pytest.mark.parametrize(
    ("size", "expected"), [("8m", 8 * 2**20), ("1g", 2**30), ("512", 512), ("0", "no limit"), ("many", None)]
)
def test_body_sizes_are_bytes(size: str, expected: int | str | None) -> None:
    """Nginx counts in powers of two, and 0 is no limit, which is another thing than none written."""
    text = one("Ingress", "networking.k8s.io/v1", f"{{{BACKEND}}}", f'{{{NGINX}/proxy-body-size: "{size}"}}')
    found = reading.read(text).inventory.routes[0].body_bytes
    assert (None if found is None else "no limit" if found.value is None else found.value) == expected


def test_old_ingress_is_read() -> None:
    """The beta form names Service and port in other fields, and its class in an annotation."""
    spec = "{rules: [{http: {paths: [{backend: {serviceName: chat, servicePort: http}}]}}]}"
    text = one("Ingress", "networking.k8s.io/v1beta1", spec, "{kubernetes.io/ingress.class: nginx}")
    found = reading.read(text).inventory.routes[0]
    assert (named(found), found.controller, found.family) == ([("chat", "http")], "nginx", "nginx")


@pytest.mark.parametrize(
    ("text", "backends", "timeouts", "retries"),
    [
        (one("HTTPRoute", "gateway.networking.k8s.io/v1",
             "{rules: [{backendRefs: [{name: chat, port: 80}], timeouts: {request: 10s, backendRequest: 1m30s}, retry: {attempts: 2}}]}"),
         [("chat", 80)], [("timeouts.request", 10.0), ("timeouts.backendRequest", 90.0)], [2]),
        (one("HTTPRoute", "gateway.networking.k8s.io/v1", "{rules: [{backendRefs: [{name: chat}], timeouts: {request: 0s}}]}"),
         [("chat", None)], [("timeouts.request", None)], []),
        (one("GRPCRoute", "gateway.networking.k8s.io/v1", "{rules: [{backendRefs: [{name: chat, port: 80}]}]}"), [("chat", 80)], [], []),
        (one("VirtualService", "networking.istio.io/v1",
             "{http: [{timeout: 15s, retries: {attempts: 3, perTryTimeout: 5s}, route: [{destination: {host: chat.p.svc.cluster.local, port: {number: 80}}}]}]}"),
         [("chat", 80)], [("http.timeout", 15.0), ("http.retries.perTryTimeout", 5.0)], [3]),
        (one("DestinationRule", "networking.istio.io/v1",
             "{host: chat, trafficPolicy: {connectionPool: {tcp: {connectTimeout: 30ms}}}}"),
         [("chat", None)], [("trafficPolicy.connectionPool.tcp.connectTimeout", 0.03)], []),
        (one("HTTPProxy", "projectcontour.io/v1",
             "{routes: [{services: [{name: chat, port: 80}], timeoutPolicy: {response: 60s, idle: infinity}, retryPolicy: {count: 3}}]}"),
         [("chat", 80)], [("timeoutPolicy.response", 60.0), ("timeoutPolicy.idle", None)], [3]),
        (one("Route", "route.openshift.io/v1", "{to: {kind: Service, name: chat}, port: {targetPort: http}}",
             "{haproxy.router.openshift.io/timeout: 5m}"),
         [("chat", "http")], [("haproxy.router.openshift.io/timeout", 300.0)], []),
        (one("GCPBackendPolicy", "networking.gke.io/v1", "{default: {timeoutSec: 40}, targetRef: {kind: Service, name: chat}}"),
         [("chat", None)], [("spec.default.timeoutSec", 40.0)], []),
        (one("Service", "v1", "{ports: []}", '{konghq.com/read-timeout: "120000", konghq.com/retries: "5"}'),
         [("n", None)], [("konghq.com/read-timeout", 120.0)], [5]),
        (one("InferenceService", "serving.kserve.io/v1beta1", "{predictor: {timeout: 90, containers: []}}"),
         [("n", None)], [("spec.predictor.timeout", 90.0)], []),
        (one("Service", "serving.knative.dev/v1", "{template: {spec: {timeoutSeconds: 300, containers: [{name: c, image: i}]}}}"),
         [("n", None)], [("spec.template.spec.timeoutSeconds", 300.0)], []),
    ],
)  # fmt: skip
def test_routes_are_read(
    text: str, backends: list[tuple[str, object]], timeouts: list[tuple[str, float | None]], retries: list[int]
) -> None:
    """Where a route leads, the limits it sets in seconds, and how often it tries again."""
    found = reading.read(text).inventory.routes[0]
    assert named(found) == backends
    assert [
        (limit.name, pytest.approx(limit.seconds) if limit.seconds else None) for limit in found.timeouts
    ] == timeouts
    assert [count.value for count in found.retries] == retries


def test_policies_of_envoy_gateway_set_limits_on_routes() -> None:
    """A policy on a route, or on its gateway, sets limits on each rule of the route."""
    text = """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: r}
        spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: chat, port: 80}]}]}
        ---
        apiVersion: gateway.envoyproxy.io/v1alpha1
        kind: BackendTrafficPolicy
        metadata: {name: b}
        spec: {targetRefs: [{kind: HTTPRoute, name: r}], timeout: {http: {requestTimeout: 20s}}, retry: {numRetries: 4}}
        ---
        apiVersion: gateway.envoyproxy.io/v1alpha1
        kind: ClientTrafficPolicy
        metadata: {name: c}
        spec: {targetRef: {kind: Gateway, name: gw}, timeout: {http: {streamIdleTimeout: 30s}}}
        ---
        apiVersion: gateway.envoyproxy.io/v1alpha1
        kind: BackendTrafficPolicy
        metadata: {name: other}
        spec: {targetRefs: [{kind: HTTPRoute, name: elsewhere}], retry: {numRetries: 9}}
    """
    found = reading.read(text).inventory.routes
    told = [
        (each.kind, [limit.seconds for limit in each.timeouts], [count.value for count in each.retries], each.family)
        for each in found
    ]
    assert told == [("HTTPRoute", [20.0, 30.0], [4], "envoy-gateway")]
    assert [limit.name for limit in found[0].timeouts] == [
        "BackendTrafficPolicy b spec.timeout.http.requestTimeout",
        "ClientTrafficPolicy c spec.timeout.http.streamIdleTimeout",
    ]


def test_retries_of_traefik_stand_in_a_middleware() -> None:
    """A middleware of the input gives its retries to the routes that name it."""
    text = """
        apiVersion: traefik.io/v1alpha1
        kind: IngressRoute
        metadata: {name: r}
        spec: {routes: [{services: [{name: chat, port: 80}], middlewares: [{name: again}]}]}
        ---
        apiVersion: traefik.io/v1alpha1
        kind: Middleware
        metadata: {name: again}
        spec: {retry: {attempts: 4}}
    """
    found = reading.read(text).inventory.routes[0]
    assert (named(found), [count.value for count in found.retries]) == ([("chat", 80)], [3])


def test_backend_config_sets_a_limit_on_its_service() -> None:
    """GKE's BackendConfig holds for the Service that names it."""
    text = dedent("""
        apiVersion: v1
        kind: Service
        metadata: {name: chat, annotations: {cloud.google.com/backend-config: '{"default": "slow"}'}}
        ---
        apiVersion: cloud.google.com/v1
        kind: BackendConfig
        metadata: {name: slow}
        spec: {timeoutSec: 600}
    """)
    found = reading.read(text).inventory.routes[0]
    assert [(limit.name, limit.seconds) for limit in found.timeouts] == [("BackendConfig spec.timeoutSec", 600.0)]


RULES = {
    "HTTPRoute": (
        "gateway.networking.k8s.io/v1",
        "{{rules: [{{matches: [{{path: {{type: PathPrefix, value: {0}}}}}], backendRefs: [{{name: chat}}]}}]}}",
    ),
    "VirtualService": (
        "networking.istio.io/v1",
        "{{http: [{{match: [{{uri: {{prefix: {0}}}}}], route: [{{destination: {{host: chat}}}}]}}]}}",
    ),
    "Ingress": (
        "networking.k8s.io/v1",
        "{{rules: [{{http: {{paths: [{{path: {0}, backend: {{service: {{name: chat}}}}}}]}}}}]}}",
    ),
    "HTTPProxy": (
        "projectcontour.io/v1",
        "{{routes: [{{conditions: [{{prefix: {0}}}], services: [{{name: chat}}]}}]}}",
    ),
    "IngressRoute": (
        "traefik.io/v1alpha1",
        "{{routes: [{{match: 'Host(`a`) && PathPrefix(`{0}`)', services: [{{name: chat}}]}}]}}",
    ),
    "Route": ("route.openshift.io/v1", "{{path: {0}, to: {{kind: Service, name: chat}}}}"),
}


@pytest.mark.parametrize("kind", sorted(RULES))
@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("/health", False),
        ("/v1/models", False),
        ("/metrics/", False),
        ("/healthz/deep", False),
        ("/", True),
        ("/v1", True),
        ("/v1/chat/completions", True),
        ("/generate", True),
        ("/score", True),
        ("/team-a", True),
        ("/healthy-model/v1", True),
    ],
)
def test_rule_that_no_answer_takes_is_no_way(kind: str, path: str, counts: bool) -> None:
    """Health checks, metrics and lists of models have rules of their own; any other path may lead to an answer."""
    api, spec = RULES[kind]
    assert bool(reading.read(one(kind, api, spec.format(path))).inventory.routes) is counts


@pytest.mark.parametrize(
    ("kind", "api", "spec"),
    [
        ("HTTPRoute", "gateway.networking.k8s.io/v1",
         "{rules: [{matches: [{path: {value: /health}}], filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}], backendRefs: [{name: chat}]}]}"),
        ("HTTPRoute", "gateway.networking.k8s.io/v1",
         "{rules: [{matches: [{path: {value: /health}}, {path: {value: /v1}}], backendRefs: [{name: chat}]}]}"),
        ("VirtualService", "networking.istio.io/v1",
         "{http: [{match: [{uri: {exact: /health}}], rewrite: {uri: /}, route: [{destination: {host: chat}}]}]}"),
        ("IngressRoute", "traefik.io/v1alpha1",
         "{routes: [{match: 'Path(`/health`) || PathPrefix(`/v1`)', services: [{name: chat}]}]}"),
        ("IngressRoute", "traefik.io/v1alpha1",
         "{routes: [{match: 'PathPrefix(`/health`)', middlewares: [{name: strip}], services: [{name: chat}]}]}"),
    ],
)  # fmt: skip
def test_rule_that_may_lead_to_an_answer_after_all_is_a_way(kind: str, api: str, spec: str) -> None:
    """A rewrite, a middleware, or another match of the same rule."""
    assert reading.read(one(kind, api, spec)).inventory.routes


def test_rule_for_reading_alone_is_no_way() -> None:
    """An answer is asked for with POST."""
    spec = "{rules: [{matches: [{method: GET}], timeouts: {request: 5s}, backendRefs: [{name: chat}]}]}"
    assert not reading.read(one("HTTPRoute", "gateway.networking.k8s.io/v1", spec)).inventory.routes


def test_autoscaler_of_aibrix_scales_one_role() -> None:
    """`subTargetSelector` names the role; the others keep their replicas."""
    text = """
        apiVersion: autoscaling.aibrix.ai/v1alpha1
        kind: PodAutoscaler
        metadata: {name: n}
        spec: {scaleTargetRef: {kind: StormService, name: s}, subTargetSelector: {roleName: decode}, minReplicas: 2, maxReplicas: 4}
    """
    (found,) = reading.read(text).inventory.autoscalers
    assert (found.target_name, found.target_role) == ("s", "decode")


def test_vllm_runtime_is_scaled_by_its_operator() -> None:
    """The operator makes a ScaledObject on running requests and tokens where `autoscalingConfig` is on."""
    text = """
        apiVersion: production-stack.vllm.ai/v1alpha1
        kind: VLLMRuntime
        metadata: {name: n}
        spec: {autoscalingConfig: {enabled: true, minReplicas: 1, maxReplicas: 3, triggers: {requestsRunningThreshold: 8}}}
    """
    (found,) = reading.read(text).inventory.autoscalers
    assert ([signal.kind for signal in found.signals], found.max_replicas and found.max_replicas.value) == (
        ["concurrency", "tokens"],
        3,
    )
