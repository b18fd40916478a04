"""Each right of the reader taken away in turn, on a real API server: nothing crashes, and nothing is decided blindly."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from skewguard.api.access import check_access
from skewguard.api.discovering import discover
from skewguard.api.verifying import verify
from skewguard.knowledge import rights
from skewguard.knowledge.rights import Right
from tests.cluster import roles
from tools.control_plane import objects
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

SERVED = ("", "apps", "batch", "autoscaling", "networking.k8s.io", "resource.k8s.io")
"""The groups of the table that a cluster has by itself."""
IN_TURN = [row for row in rights.of("reader") if row.group in SERVED]
SETTLES = {
    "pods": "what runs at all",
    "nodes": "the class of the GPU",
    "configmaps": "the length, from a variable",
    "services": "which route leads here",
    "horizontalpodautoscalers.autoscaling": "the signal of autoscaling",
    "ingresses.networking.k8s.io": "the timeout of requests",
}
"""Resource → the promise below that nobody can decide without it."""
PROMISED = """\
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {name: chat}
spec:
  targets: [{kind: Deployment, name: chat}]
  model: {id: Qwen/Qwen3-8B}
  limits: {max_model_len: 32768}
  hardware: {gpu_class: H100-80GB, gpu_count: 1}
  autoscaling: {signal: cpu, min_replicas: {min: 1}}
  serving: {request_timeout: {min: 600s}}
"""
SURROUNDED = """\
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {LENGTH: "32768"}}
---
{apiVersion: v1, kind: Service, metadata: {name: chat}, spec: {selector: {app: chat}, ports: [{port: 80, targetPort: 8000}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: chat}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: chat}
  minReplicas: 1
  maxReplicas: 1
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: chat, annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "900"}}
spec:
  ingressClassName: nginx
  rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: chat, port: {number: 80}}}}]}}]
"""


@pytest.fixture(scope="module")
def surrounded(control_plane: Plane) -> Iterator[Namespace]:
    """A namespace with an engine and all that a contract can speak of: variables, a route, an autoscaler."""
    with control_plane.namespace() as namespace:
        namespace.gpu_node("a")
        box = objects.engine("vllm/vllm-openai:v0.11.0", ["--model=Qwen/Qwen3-8B", "--max-model-len=$(LENGTH)"])
        box |= {"envFrom": [{"configMapRef": {"name": "settings"}}], "ports": [{"containerPort": 8000}]}
        namespace.apply(*yaml.safe_load_all(SURROUNDED), objects.deployment("chat", box))
        namespace.wait_ready("deployment/chat")
        yield namespace


@pytest.fixture(scope="module")
def without(control_plane: Plane, surrounded: Namespace) -> Callable[[Right], str]:
    """Gives the kubeconfig of a reader who lacks one row."""

    @cache
    def lacking(title: str) -> str:
        rest = [row for row in rights.of("reader") if row.title != title]
        rules = [{"apiGroups": [row.group], "resources": [row.resource], "verbs": list(row.verbs)} for row in rest]
        account = "without-" + title.replace("/", "-")
        kubeconfig = surrounded.account(account, cluster_rules=rules)
        roles.wait_for(
            control_plane, surrounded, account, group=rest[-1].group, verb="list", resource=rest[-1].resource
        )
        return str(kubeconfig)

    return lambda missing: lacking(missing.title)


@pytest.fixture
def contract(tmp_path: Path) -> str:
    """A contract that promises something of everything that is read."""
    path = tmp_path / "chat.yaml"
    path.write_text(PROMISED)
    return str(path)


in_turn = pytest.mark.parametrize("missing", IN_TURN, ids=lambda row: row.title)


def test_with_every_right_the_promises_are_kept(control_plane: Plane, surrounded: Namespace, contract: str) -> None:
    """So that what is unknown below is unknown for the lack of a right."""
    kubeconfig = str(roles.as_role(control_plane, surrounded, "reader"))
    report = verify(["deploy/chat"], kubeconfig=kubeconfig, contracts=[contract], depth="api")
    assert ([each.state for each in report.live], report.exit_code) == (["verified"], 0)


@in_turn
def test_without_one_right_verify_decides_nothing_that_it_cannot_know(
    without: Callable[[Right], str], contract: str, missing: Right
) -> None:
    """Never a crash and never a false verdict: the promise is unknown, the right is named, and the exit code is 3."""
    report = verify(["deploy/chat"], kubeconfig=without(missing), contracts=[contract], depth="api")
    named = {each.would_need.split()[1] for live in report.live for each in live.unread}
    assert not [
        item
        for item in report.findings
        if item.verdict == "error" or (item.verdict, item.severity) == ("fail", "error")
    ]
    assert named <= {missing.title}
    if missing.title in SETTLES:
        assert (report.exit_code, named) == (3, {missing.title})
    elif missing.title == "deployments.apps":  # the workload that was named: nothing is left to verify
        assert (report.exit_code, missing.title in report.errors[0].message) == (2, True)
    else:
        assert report.exit_code in (0, 3)


@in_turn
def test_without_one_right_discover_lists_what_it_can_and_names_the_right(
    without: Callable[[Right], str], missing: Right
) -> None:
    """What was asked for in vain stands with its right; what could be read is listed, and the exit code is 0."""
    report = discover(kubeconfig=without(missing))
    denied = {each.would_need.split()[1] for each in report.unread if each.kind == "denied"}
    assert denied <= {missing.title}
    assert [row.model for row in report.workloads] == ["Qwen/Qwen3-8B"]
    assert report.exit_code == 0


@in_turn
def test_without_one_right_check_access_names_it(without: Callable[[Right], str], missing: Right) -> None:
    """The verbs of that resource are not allowed, all others of the reader are, and the exit code is 3."""
    report = check_access(kubeconfig=without(missing))
    lacking = {each.resource for each in report.rights if not each.allowed and "/" not in each.resource}
    assert (lacking, report.exit_code) == ({missing.title}, 3)
