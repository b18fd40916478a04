"""The table of rights against what is really asked of an API server: neither a right too few nor one too many."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.errors import Denied
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.read import Reader
from skewguard.api import kept_contracts
from skewguard.api.contracts import Contracts
from skewguard.knowledge import rights
from skewguard.observe.sources import live
from tests.fakes.api_server import ApiServer
from tests.fakes.kinds import Kind

READS = [row for row in rights.ROWS if row.role == "reader"]
BOX = {"name": "vllm", "image": "vllm/vllm-openai:v0.11.0", "envFrom": [{"configMapRef": {"name": "settings"}}]}
STRANGERS = (
    Kind("", "v1", "namespaces", "Namespace", namespaced=False),
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "podtemplates", "PodTemplate"),
    Kind("networking.istio.io", "v1", "gateways", "Gateway"),
    Kind("autoscaling.internal.knative.dev", "v1alpha1", "podautoscalers", "PodAutoscaler"),
)
"""Kinds that are served too, of a name that could be meant, and that no role reads."""
VERSIONS = {"autoscaling": "v2", "keda.sh": "v1alpha1", "serving.kserve.io": "v1beta1"}


def owned(kind: str, name: str, by: tuple[str, str, str] | None, **more: Any) -> dict[str, Any]:
    """An object of a workload; `by` is API version, kind and name of what made it."""
    api_version = {"Pod": "v1", "Node": "v1"}.get(kind, "apps/v1")
    metadata: dict[str, Any] = {"name": name, "namespace": "prod", "uid": f"{kind}-{name}", "labels": {"app": "chat"}}
    if by is not None:
        owner = {"apiVersion": by[0], "kind": by[1], "name": by[2], "uid": f"{by[1]}-{by[2]}", "controller": True}
        metadata["ownerReferences"] = [owner]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def platform(api_version: str, kind: str, name: str) -> dict[str, Any]:
    """An object of a platform, above others."""
    return {**owned(kind, name, None), "apiVersion": api_version, "spec": {}}


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A server of every kind of the table, with one workload of each sort that leads to further questions."""
    with ApiServer() as api:
        api.kinds = (
            *STRANGERS,
            *(Kind(row.group, VERSIONS.get(row.group, "v1"), row.resource, row.kind, not row.cluster) for row in READS),
        )
        template = {"metadata": {"labels": {"app": "chat"}}, "spec": {"containers": [BOX]}}
        spec = {"selector": {"matchLabels": {"app": "chat"}}, "template": template}
        pod = {"containers": [BOX], "nodeName": "a", "resourceClaims": [{"name": "gpu", "resourceClaimName": "gpu"}]}
        api.add(owned("StatefulSet", "chat", None, spec=spec))
        api.add(owned("Pod", "chat-0", ("apps/v1", "StatefulSet", "chat"), spec=pod, status={"phase": "Running"}))
        isvc = ("serving.kserve.io/v1beta1", "InferenceService", "kserved")
        api.add({**platform(*isvc), "spec": {"predictor": {"containers": [BOX]}}})
        api.add(owned("Deployment", "kserved", isvc, spec=spec))
        service = ("serving.knative.dev/v1", "Service", "scaled")
        above = [("Service", None), ("Configuration", "Service"), ("Revision", "Configuration")]
        for kind, upper in above:
            by = (service[0], upper, "scaled") if upper else None
            api.add({**owned(kind, "scaled", by), "apiVersion": service[0]})
        api.add(owned("Deployment", "scaled", (service[0], "Revision", "scaled"), spec=spec))
        result = {"request": "gpu", "driver": "gpu.nvidia.com", "pool": "a", "device": "gpu-0"}
        claim = owned("ResourceClaim", "gpu", None, status={"allocation": {"devices": {"results": [result]}}})
        api.add({**claim, "apiVersion": "resource.k8s.io/v1"})
        yield api


@pytest.fixture
def reader(server: ApiServer, tmp_path: Path) -> Iterator[Reader]:
    with access.connect(kubeconfig=server.kubeconfig(tmp_path), deadline=20) as reached:
        yield Reader(reached)


def asked(server: ApiServer) -> set[tuple[str, str, str]]:
    """Every (group, resource, verb) that the server was asked for; discovery, which everybody may read, apart."""
    found = set()
    for line in server.asked:
        method, _, target = line.partition(" ")
        parts = urlsplit(target).path.strip("/").split("/")
        assert method == "GET", line
        group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1] if len(parts) > 1 else "", parts[3:])
        rest = rest[2:] if rest[:1] == ["namespaces"] and len(rest) > 2 else rest
        if rest:
            found.add((group, rest[0], "list" if len(rest) == 1 else "get"))
    return found


def test_the_reader_has_the_rights_that_reading_asks_for_and_no_others(server: ApiServer, reader: Reader) -> None:
    """A sweep, a workload by its name, and the kept contracts: each question has its row, and each row its question."""
    live.read(reader, live.Wanted(namespace="prod"))
    live.read(reader, live.Wanted(names=(live.Named("statefulset", "chat", "prod"),)))
    kept_contracts.in_cluster(Contracts(), reader, ["prod"])
    questions = asked(server)
    granted = {(row.group, row.resource, verb) for row in READS for verb in row.verbs}
    assert questions - granted == set()
    assert {(row.group, row.resource) for row in READS} - {(group, plural) for group, plural, _ in questions} == set()


Reaching = Mapping[str, Callable[[Reader, Reach], Any]]
REACHING: Reaching = {
    "pods/log": lambda reader, _: reader.log("prod", "chat-0", "vllm", head_bytes=100),
    "pods/proxy": lambda _, reach: reach.proxy_get("prod", "chat-0", 8000, "/metrics"),
    "pods/exec": lambda _, reach: reach.exec_("prod", "chat-0", "vllm", ["true"]),
    "pods/portforward": lambda _, reach: reach.forward("prod", "chat-0", 8000).__enter__(),
}


@pytest.mark.parametrize("resource", sorted(row.resource for row in rights.of("exec") if "/" in row.resource))
def test_a_refusal_on_the_way_to_an_engine_names_a_right_of_the_table(
    server: ApiServer, reader: Reader, resource: str
) -> None:
    """Logs, proxy, exec and port-forward: the right that a refusal names is one that a role grants."""
    server.rights.deny(None, resource)
    with pytest.raises(Denied) as refused:
        REACHING[resource](reader, Reach(reader.cluster))
    verb, title = refused.value.right.split()[:2]
    assert title == resource
    assert rights.row_of("", resource, verb) is not None
