"""What routes and autoscalers of the input make of an engine's settings, from manifest to sheet."""

from typing import Any

import pytest

from skewguard.language.facts import Choice, Effective, Fact, Gap
from tests.assess.surrounded import DEPLOYMENT, SERVICE, engine, engines, found, known, together

TIMEOUT, RETRIES, BODY = "serving.request_timeout", "serving.retries", "serving.max_body_size"
SIGNAL, LEAST, MOST = "autoscaling.signal", "autoscaling.min_replicas", "autoscaling.max_replicas"
NGINX = "nginx.ingress.kubernetes.io"


def ingress(name: str = "a", controller: str | None = "nginx", annotations: str = "{}", service: str = "chat") -> str:
    """An Ingress that leads to a Service."""
    chosen = f"ingressClassName: {controller}, " if controller else ""
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata: {{name: {name}, namespace: prod, annotations: {annotations}}}\n"
        f"spec: {{{chosen}rules: [{{http: {{paths: [{{backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}]}}}}]}}"
    )


def http_route(name: str, *rules: str, gateway: str = "gw") -> str:
    """An HTTPRoute with some rules."""
    return (
        f"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: {name}, namespace: prod}}\n"
        f"spec: {{parentRefs: [{{name: {gateway}}}], rules: [{', '.join(rules)}]}}"
    )


def virtual_service(*rules: str, namespace: str = "prod") -> str:
    """A VirtualService with some rules."""
    return (
        f"apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: v, namespace: {namespace}}}\n"
        f"spec: {{hosts: [x], http: [{', '.join(rules)}]}}"
    )


TO_CHAT = "{backendRefs: [{name: chat, port: 80}]}"
TO_CHAT_IN_AN_HOUR = "{backendRefs: [{name: chat, port: 80}], timeouts: {request: 1h}}"
TO_OTHER = "{backendRefs: [{name: other, port: 80}], timeouts: {request: 5s}, retry: {attempts: 9}}"
HOUR = f'{{{NGINX}/proxy-read-timeout: "3600"}}'


def value(effective: Effective) -> Any:
    """A fact's value, or the kind of thing that stands in its place."""
    return effective.value if isinstance(effective, Fact) else type(effective).__name__


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ([], "Gap"),
        ([ingress(annotations=HOUR)], 3600),
        ([ingress(annotations=HOUR), ingress("b")], 60),
        ([ingress(annotations=HOUR), ingress("b", "public")], "Gap"),
        ([ingress(annotations=f'{{{NGINX}/proxy-read-timeout: "3600", {NGINX}/proxy-connect-timeout: "5"}}')], 3600),
        ([ingress(annotations=f'{{{NGINX}/proxy-connect-timeout: "5"}}')], 60),
        ([ingress(annotations=f"{{{NGINX}/proxy-read-timeout: 3600s}}")], 60),
        ([ingress(annotations=f'{{{NGINX}/proxy-read-timeout: "${{T}}"}}')], "Gap"),
        ([ingress(controller="alb", annotations=HOUR)], 60),
        ([ingress(controller="gce")], 30),
        ([ingress(controller="public", annotations=HOUR)], 3600),
        ([ingress(controller=None)], "Gap"),
        ([ingress(controller=None, annotations=f'{{{NGINX}/proxy-body-size: "0"}}')], 60),
        ([ingress(controller="traefik")], None),
        ([http_route("a", TO_CHAT)], "Gap"),
        ([http_route("a", TO_CHAT_IN_AN_HOUR)], 3600),
        ([http_route("a", TO_CHAT_IN_AN_HOUR), http_route("b", TO_CHAT)], "Gap"),
        ([http_route("a", TO_OTHER, TO_CHAT_IN_AN_HOUR)], 3600),
        ([virtual_service("{route: [{destination: {host: chat}}]}")], None),
        ([virtual_service("{route: [{destination: {host: chat}}], timeout: 0s}")], None),
        ([virtual_service("{route: [{destination: {host: chat.prod.svc.cluster.local}}], timeout: 9s}", namespace="x")], 9),
        ([virtual_service("{route: [{destination: {host: chat.stage.svc.cluster.local}}], timeout: 9s}")], "Gap"),
        ([virtual_service("{route: [{destination: {host: chat}}], timeout: 9s}"), ingress(annotations=HOUR)], 9),
    ],
)  # fmt: skip
def test_shortest_time_on_all_ways_counts(around: list[str], expected: object) -> None:
    """A silent route has its controller's documented default, and where there is none nobody knows the time."""
    assert expected == value(known(TIMEOUT, DEPLOYMENT, SERVICE, *around))


def test_default_of_a_controller_is_derived_and_says_what_may_change_it() -> None:
    """It is nobody's word: its origin names the controller and the route, and its configuration could differ."""
    fact = known(TIMEOUT, DEPLOYMENT, SERVICE, ingress())

    assert isinstance(fact, Fact)
    assert (fact.authority, fact.origin.ref) == ("derived", "default of ingress-nginx for Ingress a")
    assert fact.assumes == ("the configuration of ingress-nginx",)


def test_gap_names_the_silent_route_and_tells_what_is_known_apart() -> None:
    """Two manifests with the same silent route and another known limit do not look the same."""
    hour = known(TIMEOUT, DEPLOYMENT, SERVICE, http_route("a", TO_CHAT_IN_AN_HOUR), http_route("b", TO_CHAT))
    minute = known(
        TIMEOUT, DEPLOYMENT, SERVICE, http_route("a", TO_CHAT_IN_AN_HOUR.replace("1h", "60s")), http_route("b", TO_CHAT)
    )

    assert isinstance(hour, Gap)
    assert "HTTPRoute b sets no time limit" in hour.reason
    assert "route-default@HTTPRoute/b" in hour.inputs
    assert isinstance(minute, Gap)
    assert hour.inputs != minute.inputs


CLASS = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: internal}\nspec: {controller: k8s.io/ingress-nginx}"
GATEWAY = (
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: prod}\n"
    "spec: {gatewayClassName: CLASS, listeners: []}"
)
GATEWAY_CLASS = (
    "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: eg}\n"
    "spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}"
)


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ([ingress(controller="internal"), CLASS], 60),
        ([http_route("a", TO_CHAT), GATEWAY.replace("CLASS", "gke-l7-rilb")], 30),
        ([http_route("a", TO_CHAT), GATEWAY.replace("CLASS", "eg"), GATEWAY_CLASS], 15),
        ([http_route("a", TO_CHAT), GATEWAY.replace("CLASS", "eg")], "Gap"),
        ([http_route("a", TO_CHAT, gateway="elsewhere"), GATEWAY.replace("CLASS", "gke-l7-rilb")], "Gap"),
    ],
)
def test_class_and_gateway_of_the_input_say_who_implements_a_route(around: list[str], expected: object) -> None:
    """An IngressClass, or a Gateway with its class, names the controller, whatever an installation calls it."""
    assert expected == value(known(TIMEOUT, DEPLOYMENT, SERVICE, *around))


def policy(kind: str, target: str, seconds: str) -> str:
    """A policy of Envoy Gateway's on the route or on its gateway."""
    return (
        f"apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: BackendTrafficPolicy\n"
        f"metadata: {{name: {target}-{seconds}, namespace: prod}}\n"
        f"spec: {{targetRefs: [{{kind: {kind}, name: {target}}}], timeout: {{http: {{requestTimeout: {seconds}}}}}}}"
    )


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ([http_route("a", TO_CHAT), policy("Gateway", "gw", "30s")], 30),
        ([http_route("a", TO_CHAT_IN_AN_HOUR), policy("Gateway", "gw", "30s")], 3600),
        ([http_route("a", TO_CHAT), policy("Gateway", "gw", "30s"), policy("HTTPRoute", "a", "90s")], 90),
        ([http_route("a", TO_CHAT), policy("HTTPRoute", "b", "90s")], "Gap"),
    ],
)
def test_policies_give_way_to_what_is_nearer_to_the_request(around: list[str], expected: object) -> None:
    """The route's own limit stands above a policy's, and a policy on the route above one on its gateway."""
    assert expected == value(known(TIMEOUT, DEPLOYMENT, SERVICE, *around))


BACKEND_CONFIG = (
    "apiVersion: cloud.google.com/v1\nkind: BackendConfig\nmetadata: {name: slow, namespace: prod}\n"
    "spec: {timeoutSec: 1800}"
)


@pytest.mark.parametrize(
    ("annotations", "around", "expected"),
    [
        ("""{cloud.google.com/backend-config: '{"default": "slow"}'}""", [ingress(controller="gce"), BACKEND_CONFIG], 1800),
        ("""{cloud.google.com/backend-config: '{"default": "slow"}'}""", [ingress(annotations=HOUR), BACKEND_CONFIG], 3600),
        ('{konghq.com/read-timeout: "90000"}', [ingress(controller="kong")], 90),
        ('{konghq.com/read-timeout: "90000"}', [ingress(controller="nginx")], 60),
        ('{konghq.com/read-timeout: "90000"}', [], 90),
    ],
)  # fmt: skip
def test_limits_beside_a_service_hold_on_the_ways_of_their_controller(
    annotations: str, around: list[str], expected: object
) -> None:
    """A BackendConfig decides a Google load balancer's route, not another controller's."""
    service = SERVICE.replace("namespace: prod}", f"namespace: prod, annotations: {annotations}}}")
    assert expected == value(known(TIMEOUT, DEPLOYMENT, service, *around))


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ([ingress()], (0, 2**20)),
        ([ingress(annotations=f'{{{NGINX}/proxy-body-size: "0"}}')], (0, None)),
        ([ingress(annotations=f"{{{NGINX}/proxy-body-size: 64m}}")], (0, 64 * 2**20)),
        ([ingress(annotations=f"{{{NGINX}/proxy-body-size: 64m}}"), ingress("b")], (0, 2**20)),
        ([http_route("a", TO_CHAT)], ("Gap", "Gap")),
        ([virtual_service("{route: [{destination: {host: chat}}]}")], (2, "Gap")),
        ([virtual_service("{route: [{destination: {host: chat}}], retries: {attempts: 0}}")], (0, "Gap")),
        ([virtual_service("{route: [{destination: {host: chat}}], retries: {attempts: 5}}"), ingress()], (5, "Gap")),
    ],
)  # fmt: skip
def test_most_retries_and_smallest_body_count(around: list[str], expected: tuple[object, object]) -> None:
    """As for the time: what is written, else what is documented, else nobody knows."""
    case = engine(DEPLOYMENT, SERVICE, *around)
    assert expected == (value(case.sheet.effective(RETRIES)), value(case.sheet.effective(BODY)))


@pytest.mark.parametrize(
    "annotations",
    [
        f'{{{NGINX}/proxy-next-upstream: "error http_502 non_idempotent"}}',
        f'{{{NGINX}/proxy-next-upstream: "error non_idempotent", {NGINX}/proxy-next-upstream-tries: "0"}}',
        '{nginx.org/proxy-next-upstream: "error non_idempotent"}',
    ],
)
def test_retries_without_a_number_are_not_known(annotations: str) -> None:
    """Nginx repeats a POST by its configuration's number, or on as many servers as there are: never 0 for certain."""
    assert value(known(RETRIES, DEPLOYMENT, SERVICE, ingress(annotations=annotations))) == "Gap"


@pytest.mark.parametrize(("controller", "assumes"), [("alb", ()), ("foo", ("what implements the Ingress class foo",))])
def test_limit_of_a_class_that_nobody_knows_is_an_assumption(controller: str, assumes: tuple[str, ...]) -> None:
    """An annotation says whom its writer had in mind, not who reads it."""
    seconds = "{alb.ingress.kubernetes.io/load-balancer-attributes: idle_timeout.timeout_seconds=3600}"
    fact = known(TIMEOUT, DEPLOYMENT, SERVICE, ingress(controller=controller, annotations=seconds))
    assert isinstance(fact, Fact)
    assert (fact.value, fact.assumes) == (3600.0, assumes)


def test_route_to_an_unseen_service_of_the_same_name_is_told() -> None:
    """It may lead here, and it may not: only the Service says."""
    gap = known(TIMEOUT, DEPLOYMENT, ingress(annotations=f'{{{NGINX}/proxy-read-timeout: "5"}}'))

    assert isinstance(gap, Gap)
    assert gap.reason == "Ingress a leads to Service chat, which is not in the input"


# ---- autoscaling ---------------------------------------------------------------------------------------------------


def hpa(
    name: str = "chat", least: int | None = 1, most: int = 4, metrics: str = "", api: str = "v2", **more: str
) -> str:
    """A HorizontalPodAutoscaler of the Deployment, on the queue unless told otherwise."""
    queue = "metrics: [{type: Pods, pods: {metric: {name: 'vllm:num_requests_waiting'}}}]"
    lowest = "" if least is None else f"minReplicas: {least}, "
    return (
        f"apiVersion: autoscaling/{api}\nkind: HorizontalPodAutoscaler\n"
        f"metadata: {{name: {name}, namespace: {more.get('namespace', 'prod')}, annotations: {more.get('annotations', '{}')}}}\n"
        f"spec: {{scaleTargetRef: {{kind: Deployment, name: chat}}, {lowest}maxReplicas: {most}, {metrics or queue}}}"
    )


def keda(more: str = "minReplicaCount: 2, maxReplicaCount: 6, ", annotations: str = "{}", name: str = "chat") -> str:
    """A ScaledObject of the Deployment, on the queue."""
    return (
        f"apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\n"
        f"metadata: {{name: {name}, namespace: prod, annotations: {annotations}}}\n"
        f"spec: {{scaleTargetRef: {{name: chat}}, {more}triggers: [{{type: prometheus, metadata: {{query: 'vllm:num_requests_waiting'}}}}]}}"
    )


IN_V1 = """{autoscaling.alpha.kubernetes.io/metrics: '[{"type":"Pods","pods":{"metricName":"vllm_num_requests_waiting"}}]'}"""


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ([], ("Gap", "Gap", "Gap")),
        ([hpa()], ("queue", 1, 4)),
        ([hpa(least=None)], ("queue", 1, 4)),
        ([hpa(metrics="behavior: {}")], ("cpu", 1, 4)),
        ([hpa(api="v1", metrics="targetCPUUtilizationPercentage: 80")], ("cpu", 1, 4)),
        ([hpa(api="v1", metrics="behavior: {}", annotations=IN_V1)], ("queue", 1, 4)),
        ([hpa(api="v2beta2")], ("queue", 1, 4)),
        ([hpa(namespace="staging")], ("Gap", "Gap", "Gap")),
        ([keda()], ("queue", 2, 6)),
        ([keda("")], ("queue", 0, 100)),
        ([keda("idleReplicaCount: 0, minReplicaCount: 2, maxReplicaCount: 6, ")], ("queue", 0, 6)),
        ([keda(annotations='{autoscaling.keda.sh/paused-replicas: "3"}')], (None, 3, 3)),
        ([keda(annotations='{autoscaling.keda.sh/paused: "true"}')], (None, "Gap", "Gap")),
        ([keda(annotations='{autoscaling.keda.sh/paused: "false"}')], ("queue", 2, 6)),
        ([keda(annotations='{autoscaling.keda.sh/paused-scale-in: "true"}')], ("queue", 2, 6)),
        ([keda(), hpa("keda-hpa-chat")], ("queue", 2, 6)),
        ([keda("advanced: {horizontalPodAutoscalerConfig: {name: own}}, minReplicaCount: 2, "), hpa("own")], ("queue", 2, 100)),
        ([hpa("a"), hpa("b")], ("queue", 1, 4)),
        ([hpa("a"), hpa("b", 3)], ("queue", "Choice", 4)),
        ([hpa("a"), hpa("b", 3, 9, "metrics: [{type: Resource, resource: {name: cpu}}]")], ("Choice", "Choice", "Choice")),
        ([hpa("a", 1, 9), keda(annotations='{autoscaling.keda.sh/paused: "true"}')], ("queue", 1, 9)),
    ],
)  # fmt: skip
def test_autoscaler_says_signal_and_bounds(around: list[str], expected: tuple[object, object, object]) -> None:
    """Its own fields, Kubernetes' and KEDA's defaults; paused it scales nothing, and of two none is the one."""
    case = engine(DEPLOYMENT, *around)
    assert expected == tuple(value(case.sheet.effective(each)) for each in (SIGNAL, LEAST, MOST))


def test_choice_between_autoscalers_names_each_with_its_number() -> None:
    """Nobody is picked by its name: both are arms."""
    choice = known(LEAST, DEPLOYMENT, hpa("a"), hpa("b", 3))

    assert isinstance(choice, Choice)
    assert [(arm.when, arm.value) for arm in choice.arms] == [
        ("HorizontalPodAutoscaler/a sets it", 1),
        ("HorizontalPodAutoscaler/b sets it", 3),
    ]


def test_environments_in_one_folder_do_not_meet() -> None:
    """Two files with the same objects are two environments: no autoscaler has a rival, no route another's limit."""
    files = {
        f"{place}.yaml": together(
            DEPLOYMENT.replace(", namespace: prod", ""),
            SERVICE.replace(", namespace: prod", ""),
            hpa(least=least).replace(", namespace: prod", ""),
            ingress(annotations=f'{{{NGINX}/proxy-read-timeout: "{least}00"}}').replace(", namespace: prod", ""),
        )
        for place, least in (("prod", 3), ("staging", 1))
    }

    made = engines(files)

    assert [value(case.sheet.effective(LEAST)) for case in made] == [3, 1]
    assert [value(case.sheet.effective(TIMEOUT)) for case in made] == [300, 100]
    assert [found("scaling.two-autoscalers", case) for case in made] == [[], []]


def test_doubt_about_a_namespace_is_told() -> None:
    """An autoscaler without a namespace, between two Deployments of its target's name, counts for none of them."""
    text = together(
        DEPLOYMENT, DEPLOYMENT.replace("namespace: prod", "namespace: staging"), hpa().replace(", namespace: prod", "")
    )
    gaps = [case.sheet.effective(SIGNAL) for case in engines(text)]

    assert all(isinstance(gap, Gap) and "names no namespace" in gap.reason for gap in gaps)
