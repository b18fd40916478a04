"""Every controller that stands between a person's object and its pods: the chain, the parts, the roles."""

from typing import Any

import pytest

from skewguard.language.running import Live
from tests.observe.live import made
from tests.observe.live.made import Values
from tests.observe.live.shelf import ISVC, LLMISVC, LWS, RAY_CLUSTER, RAY_SERVICE, ROLLOUT, Shelf, seen


def _of(api: str, kind: str, name: str, spec: Values, owner: Values | None = None, **more: Any) -> Values:
    return {"apiVersion": api, "kind": kind, "metadata": made.meta(name, owner, **more), "spec": spec}


def _chain(live: Live) -> list[str]:
    return [f"{each.kind}/{each.name}" for each in live.chain]


def _roles(live: Live) -> list[tuple[str, str | None]]:
    return [(each.name, each.role) for each in live.replicas]


# ---- KServe --------------------------------------------------------------------------------------------------------

KSERVE = "serving.kserve.io/v1beta1"


def _inference_service() -> list[Values]:
    predictor = {
        "model": {"modelFormat": {"name": "huggingface"}, "storageUri": "hf://org/m", "args": ["--max-model-len=4096"]}
    }
    service = _of(KSERVE, "InferenceService", "chat", {"predictor": predictor})
    body = made.spec(made.container("--model_dir=/mnt/models", "--max-model-len=4096", name="kserve-container"))
    below = made.deployment("chat-predictor", body)
    below["metadata"]["ownerReferences"] = [made.reference(service)]
    replicas = made.replica_set(below)
    return [service, below, replicas, made.pod(replicas, "chat-predictor-1"), made.node()]


def test_an_inference_service_in_raw_mode() -> None:
    """The InferenceService is the subject, its Deployment stands in the chain, the pod has what the runtime made of it."""
    (one,) = seen(Shelf(_inference_service(), ISVC)).live
    assert _chain(one) == ["InferenceService/chat", "Deployment/chat-predictor", "ReplicaSet/chat-predictor-hash2"]
    assert one.desired == 2
    (workload,) = one.workloads
    assert workload.subject.kind == "InferenceService"
    (replica,) = one.replicas
    (container,) = replica.template.containers
    assert container.name == "kserve-container"
    assert [each.text for each in container.args or ()] == ["--model_dir=/mnt/models", "--max-model-len=4096"]
    assert container.fields["model.source_uri"].value == "hf://org/m"


def test_the_deployment_under_an_inference_service_leads_to_it() -> None:
    """Naming an object in the middle gives the topmost one."""
    for name in ("deploy/chat-predictor", "rs/chat-predictor-hash2", "pod/chat-predictor-1", "isvc/chat"):
        found = seen(Shelf(_inference_service(), ISVC), name)
        assert [str(each.subject) for each in found.live] == ["InferenceService prod/chat"]
        assert [each.name for each in found.live[0].replicas] == ["chat-predictor-1"]


def test_prefill_and_decode_of_an_llm_inference_service() -> None:
    """Pods of both roles are told apart by the labels of KServe's controller; the router's pods have no role."""
    template = {"containers": [made.container("serve", name="main")]}
    spec = {"model": {"uri": "hf://org/m", "name": "m"}, "template": template, "prefill": {"template": template}}
    service = _of("serving.kserve.io/v1alpha1", "LLMInferenceService", "llm", spec)
    objects = [service, made.node()]
    component = "llminferenceservice-workload"
    for name, word in (("llm-kserve", component), ("llm-kserve-prefill", f"{component}-prefill"), ("llm-router", "x")):
        container = made.container("serve", name="epp" if word == "x" else "main")
        below = made.deployment(name, made.spec(container))
        below["metadata"]["ownerReferences"] = [made.reference(service)]
        replicas = made.replica_set(below)
        objects += [below, replicas, made.pod(replicas, f"{name}-1", labels={"app.kubernetes.io/component": word})]
    (one,) = seen(Shelf(objects, LLMISVC)).live
    assert _roles(one) == [("llm-kserve-1", "decode"), ("llm-kserve-prefill-1", "prefill"), ("llm-router-1", None)]
    assert one.desired == 6


# ---- LeaderWorkerSet -----------------------------------------------------------------------------------------------


def _group() -> list[Values]:
    template = {"metadata": {}, "spec": made.spec(made.container("serve", "m"))}
    spec = {"replicas": 1, "leaderWorkerTemplate": {"size": 2, "leaderTemplate": template, "workerTemplate": template}}
    group = _of("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "big", spec)
    labels = {"leaderworkerset.sigs.k8s.io/name": "big", "leaderworkerset.sigs.k8s.io/template-revision-hash": "r1"}
    record = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": made.meta("big-r1", group, labels=labels),
        "revision": 3,
    }
    leaders = _of("apps/v1", "StatefulSet", "big", {"replicas": 1, "template": template}, group)
    leaders["metadata"]["uid"] = "uid-leaders"
    leader = made.pod(leaders, "big-0", labels={**labels, "leaderworkerset.sigs.k8s.io/worker-index": "0"})
    workers = _of("apps/v1", "StatefulSet", "big-0", {"replicas": 1, "template": template}, leader)
    workers["metadata"]["uid"] = "uid-workers"
    worker = made.pod(workers, "big-0-1", labels={**labels, "leaderworkerset.sigs.k8s.io/worker-index": "1"})
    return [group, record, leaders, leader, workers, worker, made.node()]


def test_a_group_of_leader_and_worker() -> None:
    """Workers belong to a StatefulSet that the leader's pod owns; the group is the subject of both."""
    (one,) = seen(Shelf(_group(), LWS)).live
    assert _chain(one) == ["LeaderWorkerSet/big", "StatefulSet/big", "StatefulSet/big-0"]
    assert _roles(one) == [("big-0", "leader"), ("big-0-1", "worker")]
    assert [(each.hash, each.number, each.current) for each in one.revisions] == [("r1", 3, True)]
    assert {each.revision for each in one.replicas} == {"r1"}
    assert one.desired == 2


# ---- Ray -----------------------------------------------------------------------------------------------------------


def _ray_service() -> list[Values]:
    head = made.spec(made.container("--head", name="ray-head", command=["ray", "start"]))
    worker = made.spec(made.container("--block", name="ray-worker", command=["ray", "start"]))
    groups = [{"groupName": "gpu", "replicas": 1, "minReplicas": 1, "maxReplicas": 1, "template": {"spec": worker}}]
    cluster = {"headGroupSpec": {"template": {"spec": head}}, "workerGroupSpecs": groups}
    serve = (
        "applications:\n- args:\n    llm_configs:\n    - model_loading_config: {model_id: m, model_source: org/m}\n"
        "      engine_kwargs: {max_model_len: 4096}\n"
    )
    service = _of("ray.io/v1", "RayService", "rays", {"rayClusterConfig": cluster, "serveConfigV2": serve})
    made_of_it = _of("ray.io/v1", "RayCluster", "rays-abc", cluster, service)
    made_of_it["status"] = {"desiredWorkerReplicas": 1}
    common = {"ray.io/cluster": "rays-abc"}
    pods = [
        made.pod(made_of_it, "rays-abc-head", head, labels={**common, "ray.io/node-type": "head", "ray.io/group": "headgroup"}),
        made.pod(made_of_it, "rays-abc-gpu-1", worker, labels={**common, "ray.io/node-type": "worker", "ray.io/group": "gpu"}),
    ]  # fmt: skip
    return [service, made_of_it, *pods, made.node()]


def test_a_ray_service() -> None:
    """Head and worker are parts of the RayService; the head has the engine that Ray Serve starts in its cluster."""
    (one,) = seen(Shelf(_ray_service(), RAY_SERVICE, RAY_CLUSTER)).live
    assert _chain(one) == ["RayService/rays", "RayCluster/rays-abc"]
    assert _roles(one) == [("rays-abc-gpu-1", "worker"), ("rays-abc-head", "leader")]
    head = next(each for each in one.replicas if each.role == "leader")
    words = [token.text for token in head.template.containers[0].invocations[0].argv]
    assert "org/m" in words or "--max-model-len" in " ".join(words)
    worker = next(each for each in one.replicas if each.role == "worker")
    assert [each.text for each in worker.template.containers[0].invocations[0].argv][:2] == ["ray", "start"]
    assert (one.desired, {each.revision for each in one.replicas}) == (2, {"rays-abc"})


# ---- Kubernetes' own, and Argo Rollouts ------------------------------------------------------------------------------


def test_a_stateful_set() -> None:
    """The revision of a pod is the hash of its ControllerRevision, without the set's name."""
    sets = _of("apps/v1", "StatefulSet", "db", {"replicas": 2, "template": {"metadata": {}, "spec": made.spec()}})
    sets["status"] = {"currentRevision": "db-old1", "updateRevision": "db-new1"}
    records = [
        {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": made.meta(f"db-{name}", sets), "revision": number}
        for number, name in ((1, "old1"), (2, "new1"))
    ]  # fmt: skip
    pods = [
        made.pod(sets, f"db-{index}", labels={"controller-revision-hash": f"db-{name}"})
        for index, name in enumerate(("new1", "old1"))
    ]
    (one,) = seen(Shelf([sets, *records, *pods, made.node()])).live
    assert [(each.hash, each.current) for each in one.revisions] == [("new1", True), ("old1", False)]
    assert [each.revision for each in one.replicas] == ["new1", "old1"]


def test_a_daemon_set_names_its_number_in_the_status() -> None:
    """A DaemonSet wants as many pods as its status says."""
    own = _of("apps/v1", "DaemonSet", "each", {"template": {"metadata": {}, "spec": made.spec()}})
    own["status"] = {"desiredNumberScheduled": 3}
    (one,) = seen(Shelf([own])).live
    assert (one.desired, one.replicas) == (3, ())


@pytest.mark.parametrize(
    ("of_spec", "conditions", "desired"),
    [
        ({}, None, 2),
        ({}, [{"type": "Complete", "status": "True"}], 0),
        ({}, [{"type": "Failed", "status": "True"}], 2),
        ({"suspend": True}, None, 0),
    ],
    ids=["runs", "has completed", "has failed", "is suspended"],
)
def test_a_job_wants_pods_as_long_as_it_has_work(
    of_spec: Values, conditions: list[Values] | None, desired: int
) -> None:
    """A Job that has completed, or that was told to wait, wants none; one that failed wanted some."""
    template = {"metadata": {}, "spec": made.spec()}
    own = _of("batch/v1", "Job", "batch", {"parallelism": 2, "template": template, **of_spec})
    own["status"] = {"conditions": conditions} if conditions else {}
    (one,) = seen(Shelf([own])).live
    assert (one.desired, one.replicas) == (desired, ())


def test_a_rollout_that_runs_the_template_of_a_deployment() -> None:
    """The Deployment that a Rollout takes over is read there, and not by itself."""
    below = made.deployment("chat")
    spec = {"replicas": 1, "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"}}
    rollout = _of("argoproj.io/v1alpha1", "Rollout", "chat-rollout", spec)
    rollout["status"] = {"currentPodHash": "abc"}
    replicas = made.replica_set(below)
    replicas["metadata"]["ownerReferences"] = [made.reference(rollout)]
    replicas["metadata"]["labels"]["rollouts-pod-template-hash"] = "abc"
    pod = made.pod(replicas, "chat-rollout-1", labels={"app": "chat", "rollouts-pod-template-hash": "abc"})
    (one,) = seen(Shelf([below, rollout, replicas, pod, made.node()], ROLLOUT)).live
    assert str(one.subject) == "Rollout prod/chat-rollout"
    assert [(each.hash, each.current) for each in one.revisions] == [("abc", True)]
    assert one.replicas[0].template is one.workloads[0].template


def test_a_bare_pod_is_its_own_workload() -> None:
    """A pod that nothing owns is read as it stands, with what its annotations tell of an owner."""
    annotations = {"meta.helm.sh/release-name": "r"}
    for names in ((), ("pod/lone",)):
        (one,) = seen(Shelf([made.pod(None, "lone", annotations=annotations), made.node()]), *names).live
        assert str(one.subject) == "Pod prod/lone"
        assert [each.kind for each in one.owners] == ["Helm release"]
        assert (one.desired, [each.name for each in one.replicas]) == (1, ["lone"])


def test_an_owner_of_an_unknown_kind_is_an_owner() -> None:
    """A controller that is not known stands above the topmost known object."""
    objects = made.chat(1)
    unknown = {"apiVersion": "corp.io/v1", "kind": "ModelServer", "metadata": {"name": "ms", "uid": "uid-ms"}}
    objects[0]["metadata"]["ownerReferences"] = [made.reference(unknown)]
    (one,) = seen(Shelf(objects)).live
    assert str(one.subject) == "Deployment prod/chat"
    assert [(each.kind, each.name, each.group, each.via) for each in one.owners] == [
        ("ModelServer", "ms", "corp.io", "owner-reference")
    ]


def test_a_circle_of_owners_ends() -> None:
    """Two objects that own each other are no way up without an end."""
    objects = made.chat(1)
    objects[0]["metadata"]["ownerReferences"] = [made.reference(objects[1])]
    found = seen(Shelf(objects))
    assert sum(len(each.replicas) for each in found.live) == 1


def test_a_pod_of_a_kind_that_cannot_be_read_stands_for_it() -> None:
    """Where nothing above a pod can be read, the pod's own spec tells what runs."""
    objects = made.chat(1)
    found = seen(Shelf(objects, denied=("deployments", "replicasets")))
    (one,) = found.live
    assert [each.what for each in found.unread] == ["deployments.apps", "replicasets.apps"]
    assert str(one.subject) == "ReplicaSet prod/chat-hash2"
    assert [each.name for each in one.workloads[0].template.containers] == ["vllm"]


@pytest.mark.parametrize(
    ("labels", "whose"),
    [
        ({"app": "chat", "pod-template-hash": "hash2"}, "Deployment prod/chat"),
        ({"app": "chat"}, "ReplicaSet prod/chat-hash2"),
        ({"app": "chat", "pod-template-hash": "other"}, "ReplicaSet prod/chat-hash2"),
        ({"app": "chat", "rollouts-pod-template-hash": "hash2"}, "ReplicaSet prod/chat-hash2"),
    ],
)
def test_a_replica_set_that_may_not_be_read_is_the_deployments_where_the_pod_says_so(
    labels: dict[str, str], whose: str
) -> None:
    """Its name alone proves nothing: somebody may have called it so."""
    own, replicas, pod, *_ = made.chat(1)
    pod["metadata"]["labels"] = labels
    found = seen(Shelf([own, replicas, pod], denied=("replicasets",)))

    assert [str(each.subject) for each in found.live if each.replicas] == [whose]
