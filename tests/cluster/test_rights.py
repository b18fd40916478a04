"""The manifests of deploy/ on a real API server: what each role may do and what it may not, and that it is told so."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.errors import Denied
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import NODES, PODS, Resource
from skewguard.api import kept_contracts
from skewguard.api.access import check_access
from skewguard.api.contracts import Contracts
from skewguard.api.discovering import discover
from skewguard.knowledge import rights
from skewguard.knowledge.contract import loading
from skewguard.knowledge.rights import Right, Role
from skewguard.language.verifications import AccessReport
from tools.control_plane import objects, waiting
from tools.control_plane.client import Client, Object, Refused
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

DEPLOY = Path(__file__).parents[2] / "deploy"
CONTRACT = Path(__file__).parents[1] / "data" / "contracts" / "full.yaml"
DEADLINE_S = 30.0
SECRETS = Resource("", "v1", "secrets", "Secret")
WORKLOAD = objects.deployment("chat", objects.engine("vllm/vllm-openai:v0.11.0", ["--model", "Qwen/Qwen3-8B"]))


def manifest(path: str) -> list[Object]:
    """The objects of a manifest of deploy/."""
    return list(yaml.safe_load_all((DEPLOY / path).read_text("utf-8")))


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


def as_role(plane: Plane, namespace: Namespace, role: Role) -> Path:
    """The kubeconfig of an account that is bound to a role of deploy/rbac in the whole cluster."""
    (made,) = [each for each in manifest(f"rbac/cluster/{role}.yaml") if each["kind"] == "ClusterRole"]
    namespace.client.apply(made)  # stays: tests beside this one may be bound to it
    kubeconfig = namespace.account(role, role=made["metadata"]["name"])
    wait_for(plane, namespace, role, verb="list", resource="nodes")
    return kubeconfig


def wait_for(
    plane: Plane, namespace: Namespace, account: str, *, group: str = "", verb: str, resource: str, where: str = ""
) -> None:
    """Until the authorizer has heard of a binding: it follows a watch."""
    attributes = {"verb": verb, "group": group, "resource": resource, "namespace": where}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }

    with Client(plane.server, plane.authority, namespace.token(account)) as client:

        def ask() -> str:
            text = client.send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
            if not json.loads(text)["status"]["allowed"]:
                raise Refused(403, f"{account} may not {verb} {resource} yet")
            return text

        client.retry(ask, DEADLINE_S)


@contextmanager
def reaching(kubeconfig: Path) -> Iterator[tuple[Reader, Reach]]:
    """The product's own way to the cluster, as this user."""
    with access.connect(kubeconfig=str(kubeconfig), deadline=DEADLINE_S) as cluster:
        yield Reader(cluster), Reach(cluster)


def granted(rows: Iterable[Right], report: AccessReport) -> set[tuple[str, str]]:
    """Verb and resource of rows, as far as the report speaks of them."""
    told = {(each.verb, each.resource) for each in report.rights}
    return {(verb, row.title) for row in rows for verb in row.verbs} & told


@pytest.mark.parametrize("role", ["reader", "prober", "exec"])
def test_check_access_says_exactly_what_a_role_grants(control_plane: Plane, namespace: Namespace, role: Role) -> None:
    """In all namespaces: the rows of the role are allowed and no others, and the user is named."""
    report = check_access(kubeconfig=str(as_role(control_plane, namespace, role)), all_namespaces=True)
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
    with reaching(as_role(control_plane, running, role)) as (reader, reach):
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
    as_role(control_plane, running, "operator")
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
        (DEPLOY / f"rbac/namespaced/{role}.yaml")
        .read_text("utf-8")
        .replace("namespace: prod", f"namespace: {namespace.name}")
    )
    namespace.apply(*yaml.safe_load_all(text))
    account = f"skewguard-{role}"
    wait_for(control_plane, namespace, account, verb="list", resource="pods", where=namespace.name)
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
        text = (DEPLOY / f"rbac/namespaced/{name}.yaml").read_text("utf-8")
        text = text.replace("namespace: prod", f"namespace: {namespace.name}")
        namespace.apply(*yaml.safe_load_all(text.replace("machines-prod", f"machines-{namespace.name}")))
    wait_for(control_plane, namespace, "skewguard-reader", verb="list", resource="nodes")
    wait_for(control_plane, namespace, "skewguard-reader", verb="list", resource="pods", where=namespace.name)
    path = namespace.folder / "namespaced.kubeconfig"
    control_plane.write_kubeconfig(path, namespace.token("skewguard-reader"), {"test": namespace.name})
    assert check_access(kubeconfig=str(path)).exit_code == 0


# ---- one right less, each in turn ------------------------------------------------------------------------------------

SERVED = ("", "apps", "batch", "autoscaling", "networking.k8s.io", "resource.k8s.io")
"""The groups of the table that a cluster has by itself."""
IN_TURN = [row for row in rights.of("reader") if row.group in SERVED]


def rules(rows: Iterable[Right]) -> list[Object]:
    """Rows as rules of a role."""
    return [{"apiGroups": [row.group], "resources": [row.resource], "verbs": list(row.verbs)} for row in rows]


def without(plane: Plane, namespace: Namespace, missing: Right) -> Path:
    """The kubeconfig of a reader who lacks one row."""
    rest = [row for row in rights.of("reader") if row is not missing]
    kubeconfig = namespace.account("reader", cluster_rules=rules(rest))
    wait_for(plane, namespace, "reader", group=rest[-1].group, verb="list", resource=rest[-1].resource)
    return kubeconfig


@pytest.mark.parametrize("missing", IN_TURN, ids=lambda row: row.title)
def test_without_one_right_discover_lists_what_it_can_and_names_the_right(
    control_plane: Plane, running: Namespace, missing: Right
) -> None:
    """Each right of the reader refused in turn: never a crash; what was asked for in vain stands with its right."""
    kubeconfig = str(without(control_plane, running, missing))
    report, told = discover(kubeconfig=kubeconfig), check_access(kubeconfig=kubeconfig)
    assert told.exit_code == 3
    assert {each.resource for each in told.rights if not each.allowed and each.verb in missing.verbs} >= {missing.title}
    denied = {each.would_need.split()[1] for each in report.unread if each.kind == "denied"}
    assert denied <= {missing.title}
    assert bool(report.workloads) or missing.title in denied
    assert report.exit_code == 0


# ---- contracts kept in the cluster -----------------------------------------------------------------------------------


def install_contracts(namespace: Namespace) -> None:
    """The custom resource of deploy/, served. It stays."""
    (definition,) = manifest("crd/servingcontract.yaml")
    namespace.client.apply(definition)
    name = f"customresourcedefinition/{definition['metadata']['name']}"
    waiting.ready(namespace.client, name, None, deadline_s=DEADLINE_S)


def test_the_custom_resource_keeps_a_contract_as_it_was_written(control_plane: Plane, namespace: Namespace) -> None:
    """The contract with every section, null and `unset` in it, comes back clause for clause, read as the reader."""
    install_contracts(namespace)
    written = yaml.safe_load(CONTRACT.read_text("utf-8"))
    written["spec"]["waivers"][0]["until"] = str(written["spec"]["waivers"][0]["until"])
    namespace.apply(written)
    with reaching(as_role(control_plane, namespace, "reader")) as (reader, _):
        kept = kept_contracts.in_cluster(Contracts(), reader, [namespace.name])
    ((contract,), problems) = kept.contracts.contracts, kept.contracts.problems
    at_hand = loading.load([("full.yaml", CONTRACT.read_text("utf-8"))]).contracts[0]
    assert (kept.unread, problems) == ((), ())
    assert {each.setting: each.promise for each in contract.clauses} == {
        each.setting: each.promise for each in at_hand.clauses
    }
    assert len(contract.waivers) == len(at_hand.waivers)


def test_a_misspelt_field_of_a_contract_is_refused_when_it_is_applied(
    control_plane: Plane, namespace: Namespace
) -> None:
    """The API server names it, as it does for its own kinds."""
    install_contracts(namespace)
    written = {
        "apiVersion": "skewguard.dev/v1alpha1",
        "kind": "ServingContract",
        "metadata": {"name": "chat"},
        "spec": {"targets": [{"kind": "Deployment", "name": "chat"}], "limits": {"max_modl_len": 1}},
    }
    path = f"/apis/skewguard.dev/v1alpha1/namespaces/{namespace.name}/servingcontracts"
    with pytest.raises(Refused, match=r"spec\.limits\.max_modl_len"):
        namespace.client.send("POST", path, written, fieldValidation="Strict")
