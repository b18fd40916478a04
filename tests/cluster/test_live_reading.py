"""What is read of a real API server: the defaults it fills in, what admission and its controllers make of a workload."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct, structs

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.language import documents, objects
from skewguard.language.facts import Located, Origin, Source
from skewguard.observe.sources import live, manifests
from skewguard.observe.sources.live import Named, Seen, Wanted, written
from tools.control_plane import objects as made
from tools.control_plane.client import Refused
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

IMAGE = "vllm/vllm-openai:v0.11.0"
NATIVE = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "ConfigMap",
          "HorizontalPodAutoscaler", "Ingress")  # fmt: skip

MOST = 50
"""Native objects in the examples, at the least."""


@contextmanager
def reading(kubeconfig: Path) -> Iterator[Reader]:
    """A reader of the cluster as the user of a kubeconfig."""
    with access.connect(kubeconfig=str(kubeconfig), deadline=60) as cluster:
        yield Reader(cluster)


def seen(plane: Plane, namespace: Namespace, *names: str) -> Seen:
    """What runs in a test's namespace."""
    named = tuple(Named(kind, name, namespace.name) for kind, name in (each.split("/") for each in names))
    with reading(plane.kubeconfig) as reader:
        return live.read(reader, Wanted(named, namespace.name), cluster="test")


def chat(namespace: Namespace, *args: str, replicas: int = 2, **more: Any) -> None:
    """A Deployment that is rolled out."""
    container = made.engine(IMAGE, args or ["--model", "m"], **more.pop("container", {}))
    namespace.apply(made.deployment("chat", container, replicas=replicas, **more))
    namespace.wait_ready("deployment/chat")


def test_pods_are_their_template(control_plane: Plane, namespace: Namespace) -> None:
    """What admission, defaults and the scheduler add to a pod is no difference to its template."""
    machine = namespace.gpu_node("a", made.H100, count=8)
    chat(namespace)
    found = seen(control_plane, namespace)
    assert found.unread == ()
    (one,) = found.live
    assert [each.kind for each in one.chain] == ["Deployment", "ReplicaSet"]
    assert (one.desired, len(one.replicas), [each.current for each in one.revisions]) == (2, 2, [True])
    for replica in one.replicas:
        assert replica.template is one.workloads[0].template
        assert replica.ready
        assert replica.revision == one.revisions[0].hash
        assert replica.machine is not None
        assert replica.machine.name == machine
        assert replica.machine.accelerator is not None
        assert replica.machine.accelerator.name == "H100-80GB"
        status = replica.running("vllm")
        assert status is not None
        assert (status.state, status.image_id is not None) == ("running", True)


def test_a_named_workload_and_what_leads_to_it(control_plane: Plane, namespace: Namespace) -> None:
    """A pod, its ReplicaSet and its Deployment, in any of kubectl's spellings, lead to the Deployment."""
    namespace.gpu_node("a")
    chat(namespace, replicas=1)
    pod = namespace.pods("app=chat")[0]["metadata"]
    for name in ("deploy/chat", "deployments/chat", f"po/{pod['name']}", f"rs/{pod['ownerReferences'][0]['name']}"):
        assert [str(each.subject) for each in seen(control_plane, namespace, name).live] == [
            f"Deployment {namespace.name}/chat"
        ]


def test_a_config_map_that_changes_after_the_start(control_plane: Plane, namespace: Namespace) -> None:
    """The server's own record of writes tells that the pods run with older values."""
    namespace.gpu_node("a")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg"}, "data": {"LEN": "1"}}
    namespace.apply(config)
    chat(namespace, "--max-model-len", "$(LEN)", container={"envFrom": [{"configMapRef": {"name": "cfg"}}]}, replicas=1)
    (before,) = seen(control_plane, namespace).live
    assert before.changes == ()
    started = before.replicas[0].containers[0].started_at
    namespace.wait_until("deployment/chat", lambda _: _later(namespace, config, str(started)))
    (after,) = seen(control_plane, namespace).live
    assert [(each.ref, each.reference) for each in after.changes] == [(f"ConfigMap {namespace.name}/cfg", "env")]
    words = [each.text for each in after.replicas[0].template.containers[0].args or ()]
    assert words[0] == "--max-model-len"


def _later(namespace: Namespace, config: dict[str, Any], started: str) -> bool:
    """Write the ConfigMap, each time with another value; whether its last write is later than the start."""
    config["data"]["LEN"] = str(int(config["data"]["LEN"]) + 1)
    namespace.apply(config)
    fields = namespace.get("v1", "ConfigMap", "cfg")["metadata"]["managedFields"]
    return bool(max(each["time"] for each in fields) > started)


@pytest.mark.parametrize("denied", ["pods", "nodes", "replicasets", "configmaps", "services", "deployments"])
def test_a_right_that_is_missing(namespace: Namespace, denied: str) -> None:
    """A user who lacks one right reads everything else, and hears of that right."""
    namespace.gpu_node("a")
    namespace.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg"}, "data": {}})
    chat(namespace, container={"envFrom": [{"configMapRef": {"name": "cfg"}}]}, replicas=1)
    resources = {"": ["pods", "nodes", "configmaps", "services"], "apps": ["deployments", "replicasets"]}
    rules = [
        {"apiGroups": [group], "resources": [each for each in names if each != denied], "verbs": ["get", "list"]}
        for group, names in resources.items()
    ]
    with reading(namespace.account("some", cluster_rules=rules)) as reader:
        found = live.read(reader, Wanted(namespace=namespace.name))
    told = [each for each in found.unread if denied in each.would_need.split(" in ")[0]]
    assert {each.kind for each in told} == {"denied"}
    if denied not in ("pods", "deployments"):
        (one,) = found.live
        assert [each.subject.kind for each in one.replicas] == ["Deployment"]


def test_defaults_of_a_real_server(namespace: Namespace) -> None:
    """Every native object of the examples, its written defaults aside, reads the same as the server completes it."""
    wrong: list[str] = []
    count = 0
    for path in sorted(path for path in Path("examples").rglob("*") if path.suffix in (".yaml", ".json")):
        values = [value for value in _native(path) if _settle(value, namespace.name)]
        completed = list(_completed(namespace, values))
        plain = manifests.read([objects.document(written.of(value)) for value, _ in completed]).inventory
        read = manifests.read([objects.document(written.of(value)) for _, value in completed]).inventory
        count += len(completed)
        if _unplaced(plain) != _unplaced(read):
            wrong.append(f"{path}{_difference(_unplaced(plain), _unplaced(read))}")
    assert (wrong, count > MOST) == ([], True)


def _native(path: Path) -> Iterator[dict[str, Any]]:
    read, _ = documents.read(path.read_text(encoding="utf-8"), str(path))
    for document in read:
        value = document.root.value()
        listed = isinstance(value, dict) and str(value.get("kind")).endswith("List")
        yield from (
            each
            for each in (value["items"] if listed else [value])
            if isinstance(each, dict) and each.get("kind") in NATIVE
        )


def _settle(value: dict[str, Any], namespace: str) -> bool:
    metadata = value.setdefault("metadata", {})
    metadata["namespace"] = namespace
    metadata.get("annotations", {}).pop(written.LAST_APPLIED, None)  # kubectl would write it anew
    return "." not in str(value.get("apiVersion", "")).partition("/")[0] or value["kind"] == "Ingress"


def _completed(namespace: Namespace, values: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each object that the server accepts, beside what it would keep of it."""
    for value in values:
        ordered = json.loads(json.dumps(value, sort_keys=True))  # as the server keeps it
        with suppress(Refused, KeyError):  # an example that the server refuses, or of a version it does not serve
            path = namespace.client.kind(value["apiVersion"], value["kind"]).path(namespace.name)
            answer = namespace.client.send("POST", path, value, dryRun="All")
            yield ordered, json.loads(json.dumps(json.loads(answer), sort_keys=True))


def _unplaced(value: Any) -> Any:
    if isinstance(value, (Origin, Source)):
        return None
    if isinstance(value, Struct):
        one = isinstance(value, Located) and value.value == 1  # a number of replicas that nobody wrote is in effect
        return None if one else {name: _unplaced(part) for name, part in structs.asdict(value).items()}
    if isinstance(value, dict):
        return {key: _unplaced(each) for key, each in value.items()}
    return [_unplaced(each) for each in value] if isinstance(value, (list, tuple)) else value


def _difference(a: Any, b: Any, path: str = "") -> str:
    """The first place at which two values differ."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return next((_difference(a[key], b[key], f"{path}.{key}") for key in a if a[key] != b[key]), "")
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return next(
            (_difference(x, y, f"{path}[{i}]") for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), ""
        )
    return f"{path}: {a!r} is read as {b!r}"
