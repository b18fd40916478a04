"""The roles of deploy/ on a real API server: what each may do and what it may not, and that it is told so."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
import yaml

from skewguard.adapters.cluster.errors import Denied
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import NODES, PODS, Resource
from skewguard.api.access import check_access
from skewguard.knowledge import rights
from skewguard.knowledge.rights import Right, Role
from skewguard.language.verifications import AccessReport
from tests.cluster import roles
from tools.control_plane import objects
from tools.control_plane.client import Client, Refused
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

SECRETS = Resource("", "v1", "secrets", "Secret")
WORKLOAD = objects.deployment("chat", objects.engine("vllm/vllm-openai:v0.11.0", ["--model", "Qwen/Qwen3-8B"]))


@pytest.fixture
def running(namespace: Namespace) -> Namespace:
    """A namespace with one engine that runs, and answers exec and logs."""
    namespace.gpu_node("a")
    namespace.apply(WORKLOAD)
    namespace.wait_ready("deployment/chat")
    namespace.answer(pod_of(namespace), log="INFO the head of its log")
    return namespace


def pod_of(namespace: Namespace) -> str:
    """The one pod."""
    return str(namespace.pods("app=chat")[0]["metadata"]["name"])


def granted(rows: Iterable[Right], report: AccessReport) -> set[tuple[str, str]]:
    """Verb and resource of rows, as far as the report speaks of them."""
    told = {(each.verb, each.resource) for each in report.rights}
    return {(verb, row.title) for row in rows for verb in row.verbs} & told


@pytest.mark.parametrize("role", ["reader", "prober", "exec"])
def test_check_access_says_exactly_what_a_role_grants(control_plane: Plane, namespace: Namespace, role: Role) -> None:
    """In all namespaces: the rows of the role are allowed and no others, and the user is named."""
    report = check_access(kubeconfig=str(roles.as_role(control_plane, namespace, role)), all_namespaces=True)
    allowed = {(each.verb, each.resource) for each in report.rights if each.allowed}
    assert allowed == granted(rights.of(role), report)
    assert (report.user, report.exit_code) == (f"system:serviceaccount:{namespace.name}:{role}", 0)
    assert not report.errors


Doing = Callable[[Reader, Reach, str, str], Any]
DOING: Mapping[str, Doing] = {
    "list pods": lambda reader, _, where, __: list(reader.list(PODS, dict, namespace=where)),
    "list nodes": lambda reader, *_: list(reader.list(NODES, dict)),
    "list secrets": lambda reader, _, where, __: list(reader.list(SECRETS, dict, namespace=where)),
    "read logs": lambda reader, _, where, pod: reader.log(where, pod, "vllm", head_bytes=1000),
    "run commands": lambda _, reach, where, pod: reach.exec_(where, pod, "vllm", ["true"]),
    "forward ports": lambda _, reach, where, pod: reach.forward(where, pod, 8000).__enter__().close(),
}
MAY: Mapping[Role, set[str]] = {
    "reader": {"list pods", "list nodes"},
    "prober": {"list pods", "list nodes", "read logs", "forward ports"},
    "exec": {"list pods", "list nodes", "read logs", "forward ports", "run commands"},
    "operator": {"list pods", "list nodes", "read logs", "forward ports"},
}


@pytest.mark.parametrize("role", list(rights.ROLES))
def test_a_role_may_do_what_it_says_and_nothing_else(control_plane: Plane, running: Namespace, role: Role) -> None:
    """Done for real: lists, logs, commands, ports; and Secrets for nobody."""
    pod, may = pod_of(running), set()
    with roles.reaching(roles.as_role(control_plane, running, role)) as (reader, reach):
        for name, do in DOING.items():
            try:
                do(reader, reach, running.name, pod)
            except Denied:
                continue
            may.add(name)
    assert may == MAY[role]


def test_the_operator_changes_workloads_and_writes_a_journal_that_it_cannot_read(
    control_plane: Plane, running: Namespace
) -> None:
    """A patch and a new Secret are allowed; reading that Secret is not, nor deleting anything."""
    roles.as_role(control_plane, running, "operator")
    home = f"/api/v1/namespaces/{running.name}"
    deployment = f"/apis/apps/v1/namespaces/{running.name}/deployments/chat"
    journal = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "skewguard-action-1"}}
    with Client(control_plane.server, control_plane.authority, running.token("operator")) as client:
        client.patch(deployment, {"metadata": {"annotations": {"skewguard.dev/note": "tried"}}})
        client.send("POST", f"{home}/secrets", journal)
        for method, path in (("GET", f"{home}/secrets/skewguard-action-1"), ("DELETE", deployment)):
            with pytest.raises(Refused, match="403"):
                client.send(method, path)


@pytest.mark.parametrize("role", list(rights.ROLES))
def test_the_role_of_one_namespace_ends_at_it(control_plane: Plane, namespace: Namespace, role: Role) -> None:
    """Everything that lives in a namespace is granted there; nodes and other namespaces are not."""
    text = (
        (roles.DEPLOY / f"rbac/namespaced/{role}.yaml")
        .read_text("utf-8")
        .replace("namespace: prod", f"namespace: {namespace.name}")
    )
    namespace.apply(*yaml.safe_load_all(text))
    account = f"skewguard-{role}"
    roles.wait_for(control_plane, namespace, account, verb="list", resource="pods", where=namespace.name)
    path = namespace.folder / "namespaced.kubeconfig"
    control_plane.write_kubeconfig(path, namespace.token(account), {"test": namespace.name})
    here, elsewhere = check_access(kubeconfig=str(path)), check_access(kubeconfig=str(path), namespace="default")
    allowed = {(each.verb, each.resource) for each in here.rights if each.allowed}
    assert allowed == granted([row for row in rights.of(role) if not row.cluster], here)
    assert {each.resource for each in here.rights if not each.allowed and each.namespace is None} >= {"nodes"}
    assert not [each for each in elsewhere.rights if each.allowed]
    assert (here.exit_code, elsewhere.exit_code) == (3, 3)


def test_machines_complete_the_reader_of_a_namespace(control_plane: Plane, namespace: Namespace) -> None:
    """With the manifest for nodes the reader of a namespace has all that a reader needs: exit code 0."""
    for name in ("reader", "machines"):
        text = (roles.DEPLOY / f"rbac/namespaced/{name}.yaml").read_text("utf-8")
        text = text.replace("namespace: prod", f"namespace: {namespace.name}")
        namespace.apply(*yaml.safe_load_all(text.replace("machines-prod", f"machines-{namespace.name}")))
    roles.wait_for(control_plane, namespace, "skewguard-reader", verb="list", resource="nodes")
    roles.wait_for(control_plane, namespace, "skewguard-reader", verb="list", resource="pods", where=namespace.name)
    path = namespace.folder / "namespaced.kubeconfig"
    control_plane.write_kubeconfig(path, namespace.token("skewguard-reader"), {"test": namespace.name})
    assert check_access(kubeconfig=str(path)).exit_code == 0
