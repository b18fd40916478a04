"""Which Services, routes and autoscalers belong to a workload, and which do not."""

from collections.abc import Sequence

import pytest
from msgspec import structs

from skewguard.language import surroundings
from skewguard.language.facts import Origin, Source, Subject
from skewguard.language.joining import service_of_host
from skewguard.language.neighbours import Autoscaler, Backend, Route
from skewguard.language.workloads import Inventory, PodTemplate, Service, Workload

CHAT = {"app": "chat"}


def at(file: str = "all.yaml") -> Origin:
    """A place in a file."""
    return Origin("file", file, file=file, line=1, column=1)


def workload(
    namespace: str | None = "prod",
    file: str = "all.yaml",
    name: str = "chat",
    kind: str = "Deployment",
    role: str | None = None,
) -> Workload:
    """A workload whose pods carry `app: chat`."""
    subject = Subject(kind, name, namespace=namespace, role=role)
    return Workload(subject, PodTemplate(at(file), (), labels=CHAT), at(file))


def service(namespace: str | None = "prod", file: str = "all.yaml", name: str = "chat", **more: object) -> Service:
    """A Service that selects `app: chat`."""
    return Service(name, namespace, at(file), **{"selector": CHAT, **more})  # type: ignore[arg-type]


def scaler(namespace: str | None = "prod", file: str = "all.yaml", target: str = "chat", **more: object) -> Autoscaler:
    """A HorizontalPodAutoscaler of a Deployment."""
    found = {"target_kind": "Deployment", "target_name": target, **more}
    return Autoscaler("HorizontalPodAutoscaler", "hpa", namespace, at(file), **found)  # type: ignore[arg-type]


def route(*backends: Backend, namespace: str | None = "prod", file: str = "all.yaml") -> Route:
    """A route to some backends."""
    return Route("HTTPRoute", "r", namespace, at(file), backends)


def scaled(scalers: Sequence[Autoscaler], *workloads: Workload) -> list[int]:
    """How many autoscalers each workload has."""
    inventory = Inventory(workloads=workloads, autoscalers=tuple(scalers))
    return [len(surroundings.autoscalers_of(each, inventory)) for each in workloads]


def served(services: Sequence[Service], *workloads: Workload) -> list[list[str]]:
    """The Services of each workload."""
    inventory = Inventory(workloads=workloads, services=tuple(services))
    return [[found.name for found in surroundings.services_of(each, inventory)] for each in workloads]


def reached(routes: Sequence[Route], services: Sequence[Service], *workloads: Workload) -> list[int]:
    """How many routes lead to each workload."""
    inventory = Inventory(workloads=workloads, services=tuple(services), routes=tuple(routes))
    return [len(surroundings.routes_of(each, inventory)) for each in workloads]


@pytest.mark.parametrize(
    ("one", "others", "expected"),
    [
        (scaler("prod"), [workload("prod")], [1]),
        (scaler(None), [workload("prod")], [1]),
        (scaler("prod"), [workload(None)], [1]),
        (scaler("prod"), [workload("staging")], [0]),
        (scaler("prod"), [workload("prod"), workload("staging")], [1, 0]),
        (scaler("prod"), [workload("prod"), workload(None)], [1, 0]),
        (scaler(None), [workload("prod"), workload("staging")], [0, 0]),
        (scaler(None), [workload("prod"), workload(None)], [0, 1]),
        (scaler(None, "p.yaml"), [workload("prod", "p.yaml"), workload("staging", "s.yaml")], [1, 0]),
        (scaler(None, "p.yaml"), [workload(None, "p.yaml"), workload(None, "s.yaml")], [1, 0]),
        (scaler(None, "a/hpa.yaml"), [workload(None, "a/d.yaml"), workload(None, "b/d.yaml")], [1, 0]),
        (scaler(None, "hpa.yaml"), [workload(None, "a/d.yaml"), workload(None, "b/d.yaml")], [1, 1]),
        (scaler("prod", "x/h.yaml"), [workload("prod", "y/d.yaml"), workload(None, "x/d.yaml")], [1, 0]),
        (scaler(target="other"), [workload()], [0]),
        (scaler(target_kind="StatefulSet"), [workload()], [0]),
        (scaler(target_kind=None), [workload()], [1]),
        (scaler(target_kind=None, target=""), [workload()], [0]),
    ],
)
def test_autoscaler_means_the_namesake_it_can_reach(
    one: Autoscaler, others: list[Workload], expected: list[int]
) -> None:
    """Its namespace decides, then its file and folder; between two namespaces nothing is taken for granted."""
    assert expected == scaled([one], *others)


def test_autoscaler_in_doubt_is_remembered() -> None:
    """What names no namespace and could be for either of two is for neither, and that can be said."""
    prod, staging = workload("prod"), workload("staging")
    inventory = Inventory(workloads=(prod, staging), autoscalers=(scaler(None),), services=(service(None),))

    scalers, services = surroundings.doubtful(prod, inventory)
    assert ([each.name for each in scalers], [each.name for each in services]) == (["hpa"], ["chat"])


@pytest.mark.parametrize(
    ("kind", "target_kind", "target", "expected"),
    [
        ("InferenceService", "Deployment", "chat-predictor", 1),
        ("InferenceService", "Deployment", "chat", 0),
        ("LLMInferenceService", "Deployment", "chat-kserve", 1),
        ("NIMService", "Deployment", "chat", 1),
        ("Deployment", "Deployment", "chat-predictor", 0),
    ],
)
def test_autoscaler_of_a_child_scales_its_owner(kind: str, target_kind: str, target: str, expected: int) -> None:
    """A platform's object makes a Deployment, and an autoscaler may name that."""
    assert [expected] == scaled([scaler(target=target, target_kind=target_kind)], workload(kind=kind))


def test_autoscaler_of_one_role_leaves_the_others_alone() -> None:
    """Prefill and decode of one object scale apart; a role's workers belong to it."""
    one = scaler(target_kind="RoleBasedGroup", target_role="decode")
    roles = ("prefill", "decode", "decode-worker", "decoder")

    assert [0, 1, 1, 0] == scaled([one], *(workload(kind="RoleBasedGroup", role=role) for role in roles))


def test_vertical_autoscalers_are_apart() -> None:
    """What sets requests sets no replicas."""
    vertical = Autoscaler("VerticalPodAutoscaler", "v", "prod", at(), "Deployment", "chat")
    own = workload()
    inventory = Inventory(workloads=(own,), autoscalers=(vertical,))

    assert surroundings.autoscalers_of(own, inventory) == []
    assert surroundings.vertical_autoscalers_of(own, inventory) == [vertical]


@pytest.mark.parametrize(
    ("services", "workloads", "expected"),
    [
        ([service()], [workload()], [["chat"]]),
        ([service(selector={"app": "chat", "tier": "web"})], [workload()], [[]]),
        ([service(selector={})], [workload()], [[]]),
        ([service("staging")], [workload()], [[]]),
        ([service(None)], [workload("prod"), workload("staging")], [[], []]),
        ([service(name="a"), service(name="b")], [workload()], [["a", "b"]]),
        ([service()], [workload(), workload(name="canary", file="canary.yaml")], [["chat"], ["chat"]]),
        (
            [service(None, "a.yaml")],
            [workload(None, "a.yaml"), workload(None, "b.yaml", "canary")],
            [["chat"], ["chat"]],
        ),
        (
            [service(None, "a.yaml", "a"), service(None, "b.yaml", "b")],
            [workload(None, "a.yaml", "a"), workload(None, "b.yaml", "b")],
            [["a"], ["b"]],
        ),
        (
            [service("prod", "a.yaml", "a"), service("prod", "b.yaml", "b")],
            [workload("prod", "a.yaml", "a"), workload("prod", "b.yaml", "b")],
            [["a", "b"], ["a", "b"]],
        ),
    ],
)
def test_service_belongs_to_the_pods_it_selects(
    services: list[Service], workloads: list[Workload], expected: list[list[str]]
) -> None:
    """All labels, in one namespace; two files without namespaces that each hold both are two deployments."""
    assert expected == served(services, *workloads)


@pytest.mark.parametrize(
    ("way", "services", "expected"),
    [
        (route(Backend("chat", 80, "prod")), [service()], 1),
        (route(Backend("chat", 80, None), namespace=None), [service()], 1),
        (route(Backend("chat", 80, "staging")), [service()], 0),
        (route(Backend("chat", 80, "prod"), namespace="edge"), [service()], 1),
        (route(Backend("chat", 80, "prod")), [service(selector={"app": "router"})], 0),
        (route(Backend("chat", 80, "prod")), [], 0),
        (route(Backend("other", 80, "prod"), Backend("chat", 80, "prod")), [service()], 1),
        (route(Backend("chat", 80, "prod", "InferencePool")), [service()], 0),
        (route(Backend("chat", 80, "prod", "InferencePool")), [service(kind="InferencePool")], 1),
        (route(Backend("chat", 80, "prod")), [service(kind="InferencePool")], 0),
    ],
)
def test_route_leads_where_its_backends_do(way: Route, services: list[Service], expected: int) -> None:
    """A Service of that name, kind and namespace has to select the pods; a like name alone leads nowhere."""
    assert [expected] == reached([way], services, workload())


@pytest.mark.parametrize(
    ("external", "expected"),
    [
        ("chat.prod.svc.cluster.local", 1),
        ("chat.prod.svc", 1),
        ("chat.prod", 1),
        ("chat.staging.svc.cluster.local", 0),
        ("chat", 0),
        ("chat.example.com", 0),
    ],
)
def test_external_name_leads_on(external: str, expected: int) -> None:
    """An ExternalName that is a Service of the cluster leads to its pods, and one of the world leads out of it."""
    front = service("edge", name="front", selector={}, external=external)
    way = route(Backend("front", 80, "edge"), namespace="edge")

    assert [expected] == reached([way], [front, service()], workload())


def test_external_names_in_a_circle_lead_nowhere() -> None:
    """Two that name each other end the search."""
    there = service("a", name="x", selector={}, external="y.a.svc")
    back = service("a", name="y", selector={}, external="x.a.svc")

    assert [0] == reached([route(Backend("x", 80, "a"))], [there, back], workload())


@pytest.mark.parametrize(
    ("kind", "role", "backend", "expected"),
    [
        ("InferenceService", None, "chat-predictor", 1),
        ("InferenceService", None, "chat", 1),
        ("NIMService", None, "chat", 1),
        ("RayService", "leader", "chat-serve-svc", 1),
        ("DynamoGraphDeployment", "Frontend", "chat-frontend", 1),
        ("RoleBasedGroup", "decode", "s-chat-decode", 1),
        ("RoleBasedGroup", "prefill", "s-chat-decode", 0),
        ("Deployment", None, "chat", 0),
        ("StatefulSet", None, "chat", 0),
    ],
)
def test_services_that_a_platform_makes_are_known(kind: str, role: str | None, backend: str, expected: int) -> None:
    """They are not in the input; a Deployment has none that it makes."""
    assert [expected] == reached([route(Backend(backend, 80, "prod"))], [], workload(kind=kind, role=role))


def test_backend_that_is_not_in_the_input_is_remembered() -> None:
    """A route to an unseen Service of the workload's name may lead to it, and that can be said."""
    own = workload()
    inventory = Inventory(workloads=(own,), routes=(route(Backend("chat", 80, "prod"), Backend("other", 80, "prod")),))

    assert [backend.name for _, backend in surroundings.unseen_backends(own, inventory)] == ["chat"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("chat", ("chat", "here")),
        ("chat.prod", ("chat", "prod")),
        ("chat.prod.svc", ("chat", "prod")),
        ("chat.prod.svc.cluster.local.", ("chat", "prod")),
        ("api.openai.com", None),
        ("*.prod.svc.cluster.local", None),
        ("", None),
    ],
)
def test_names_of_the_cluster_are_told_from_names_of_the_world(host: str, expected: tuple[str, str] | None) -> None:
    """A Service's DNS name has a namespace and `svc`."""
    found = service_of_host(host, "here")
    assert expected == (None if found is None else (found.name, found.namespace))


def test_roles_of_a_namesake_in_another_file_are_another_object() -> None:
    """Two files may each hold a LeaderWorkerSet of one name; their workers are not the other's."""
    made = [
        structs.replace(each, subject=structs.replace(each.subject, source=Source(each.origin.ref, 1)))
        for file in ("a.yaml", "b.yaml")
        for each in (workload(None, file, role="leader"), workload(None, file, role="worker"))
    ]
    inventory = Inventory(workloads=tuple(made))

    assert [2, 2, 2, 2] == [len(surroundings.of_object(each.subject, inventory)) for each in made]
