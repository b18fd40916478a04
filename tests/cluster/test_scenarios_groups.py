"""What acts together: several engines in one pod, sidecars, a group's leader and workers, prefill and decode."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import scenes
from tests.cluster.scenes import ARGS, alarms, beside, chat, engine, found, verify
from tools.control_plane import objects
from tools.control_plane.client import Object
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane

LWS, KSERVE = "leaderworkerset.x-k8s.io", "serving.kserve.io"
SHORTER = (*ARGS[:2], "--max-model-len=16384")
TRANSFER = '--kv-transfer-config={"kv_connector": "NixlConnector", "kv_role": "kv_both"}'
NAMED = {scenes.IMAGE_ID: f"{scenes.REPOSITORY}@{scenes.DIGEST}"}


# ---- one pod ---------------------------------------------------------------------------------------------------------


def test_two_engines_in_one_pod(control_plane: Plane, namespace: Namespace, tmp_path: Path) -> None:
    """Each is judged by its own arguments: the one that breaks the contract is named, the other keeps it."""
    namespace.gpu_node("h100")
    small = engine(*SHORTER, "--port=8001", name="small", ports=[{"containerPort": 8001}])
    namespace.apply(chat(containers=[engine(), small]))
    namespace.wait_ready("deployment/chat")
    written = scenes.contract(tmp_path / "c.yaml", "Deployment/chat", "limits: {max_model_len: 32768}")
    report = verify(control_plane, namespace, "deploy/chat", contracts=(written,))
    assert found(report, "contract.mismatch").subject.container == "small"
    assert [(each.subject.container, each.state) for each in report.live] == [("vllm", "verified"), ("small", "skewed")]
    assert (alarms(report), report.exit_code) == ({"contract.mismatch"}, 1)


def test_a_sidecar_that_starts_before_the_engine(control_plane: Plane, namespace: Namespace) -> None:
    """A native sidecar is an init container that goes on running: the engine is found, and no restart is told."""
    namespace.gpu_node("h100")
    proxy = {"name": "istio-proxy", "image": "istio/proxyv2:1.27.0", "restartPolicy": "Always"}
    namespace.apply(chat(replicas=2, initContainers=[proxy]))
    namespace.wait_ready("deployment/chat")
    report = verify(control_plane, namespace, "deploy/chat")
    assert (beside(report).subject.container, len(beside(report).groups)) == ("vllm", 1)
    assert (alarms(report), report.exit_code) == (set(), 0)


# ---- leader and worker -----------------------------------------------------------------------------------------------


def member(*args: str) -> Object:
    """The pod of one member of a group that shares a model out over 16 GPUs."""
    container = {
        **objects.engine(scenes.IMAGE, args, gpus=8),
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108  # a path in the container
    }
    return {"containers": [container], "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory"}}]}


def labels(index: int) -> dict[str, str]:
    """As the controller labels a member."""
    own = {"name": "big", "group-index": "0", "worker-index": str(index), "template-revision-hash": "abc"}
    return {f"leaderworkerset.sigs.k8s.io/{key}": text for key, text in own.items()}


def controlled(api_version: str, kind: str, name: str, uid: str) -> list[Object]:
    """The owner reference of what a controller made."""
    return [{"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": True}]


def stateful(name: str, index: int, pod: Object, owner: list[Object]) -> Object:
    """The StatefulSet that holds a group's leader, or its workers."""
    own = labels(index)
    template = {"metadata": {"labels": own, "annotations": NAMED}, "spec": pod}
    spec = {
        "replicas": 1, "serviceName": "big", "ordinals": {"start": index}, "selector": {"matchLabels": own},
        "template": template,
    }  # fmt: skip
    metadata = {"name": name, "labels": own, "ownerReferences": owner}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec}


def test_a_worker_that_was_not_made_anew(control_plane: Plane, namespace: Namespace) -> None:
    """A worker still runs with the length of an earlier template: it is named beside its leader's value."""
    namespace.custom_kind(LWS, "v1", "LeaderWorkerSet", "leaderworkersets")
    namespace.gpu_node("h100", count=16)
    shared = ("--tensor-parallel-size=8", "--pipeline-parallel-size=2", "--nnodes=2")
    lead = member(*ARGS, *shared, "--node-rank=0")
    work, old = (member(*args, *shared, "--node-rank=1", "--headless") for args in (ARGS, SHORTER))
    templates = {"size": 2, "leaderTemplate": {"spec": lead}, "workerTemplate": {"spec": work}}
    spec = {"replicas": 1, "leaderWorkerTemplate": templates}
    group = {"apiVersion": f"{LWS}/v1", "kind": "LeaderWorkerSet", "metadata": {"name": "big"}, "spec": spec}
    namespace.apply(group)
    uid = namespace.get(f"{LWS}/v1", "LeaderWorkerSet", "big")["metadata"]["uid"]
    namespace.apply(stateful("big", 0, lead, controlled(f"{LWS}/v1", "LeaderWorkerSet", "big", uid)))
    leader = namespace.wait_ready("pod/big-0")
    namespace.apply(stateful("big-0", 1, old, controlled("v1", "Pod", "big-0", leader["metadata"]["uid"])))
    namespace.wait_ready("pod/big-0-1")
    report = verify(control_plane, namespace, "leaderworkerset/big")

    told = found(report, "parallel.group-settings")
    assert (told.setting, told.pods) == ("limits.max_model_len", ("big-0-1",))
    assert {each.groups[0].role: each.state for each in report.live} == {"leader": "unpromised", "worker": "skewed"}
    alarmed = {
        "parallel.group-settings",
        "facts.runs-regardless",
    }  # this release knows no `--nnodes`, and the fake is ready
    assert (alarms(report), report.exit_code) == (alarmed, 1)


# ---- prefill and decode ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def halves(control_plane: Plane) -> Iterator[Namespace]:
    """Three services with prefill and decode: equal halves, other bytes, other settings."""
    with control_plane.namespace() as namespace:
        namespace.custom_kind(KSERVE, "v1alpha1", "LLMInferenceService", "llminferenceservices")
        namespace.gpu_node("h100")
        formats, other = "--kv-cache-dtype=fp8", (*SHORTER, "--kv-cache-dtype=fp8_e5m2")
        for name, decode in (("equal", (*ARGS, formats)), ("bytes", (*ARGS, formats)), ("settings", other)):
            service(namespace, name, prefill=(*ARGS, formats), decode=decode)
        for pod in scenes.pods(namespace, "bytes-prefill"):
            namespace.set_image_id(pod, f"{scenes.REPOSITORY}@{scenes.MOVED}")
        yield namespace


def service(namespace: Namespace, name: str, *, prefill: tuple[str, ...], decode: tuple[str, ...]) -> None:
    """An LLMInferenceService with the two Deployments that its controller makes of it."""
    first, second = (engine(*args, TRANSFER, name="main") for args in (prefill, decode))
    spec = {
        "model": {"uri": f"hf://Qwen/Qwen3-8B:{scenes.REVISION}", "name": "Qwen/Qwen3-8B"},
        "template": {"containers": [second]},
        "prefill": {"replicas": 1, "template": {"containers": [first]}},
    }
    kind = ("serving.kserve.io/v1alpha1", "LLMInferenceService")
    namespace.apply({"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": name}, "spec": spec})
    owner = controlled(*kind, name, namespace.get(*kind, name)["metadata"]["uid"])
    for suffix, role, container in (("", "decode", second), ("-prefill", "prefill", first)):
        made = objects.deployment(f"{name}{suffix}", container, pod_annotations=NAMED)
        made["metadata"]["ownerReferences"] = owner
        component = f"llminferenceservice-workload{suffix}"
        made["spec"]["template"]["metadata"]["labels"] |= {
            "app.kubernetes.io/component": component, "app.kubernetes.io/name": name, "llm-d.ai/role": role
        }  # fmt: skip
        namespace.apply(made)
        namespace.wait_ready(f"deployment/{name}{suffix}")


@pytest.mark.parametrize(
    ("name", "found_in", "settings"),
    [
        ("equal", set(), set()),
        ("bytes", {"parallel.pair-image"}, {"runtime.image"}),
        ("settings", {"parallel.pair-settings"}, {"limits.max_model_len", "runtime.kv_cache_dtype"}),
    ],
)
def test_prefill_and_decode(
    control_plane: Plane, halves: Namespace, name: str, found_in: set[str], settings: set[str]
) -> None:
    """Halves that agree are fine; other bytes, and other settings of what both compute, are told of the decode pods."""
    report = verify(control_plane, halves, f"llminferenceservice/{name}")
    told = [each for each in report.findings if each.severity != "note"]
    assert (alarms(report), report.exit_code) == (found_in, 0)
    assert {each.setting for each in told} == settings
    assert {each.pods for each in told} == ({tuple(scenes.pods(halves, name))} if settings else set())
    assert {each.groups[0].role for each in report.live} == {"prefill", "decode"}
