"""Which workloads there are, who owns them, and by which names somebody on call asks for them."""

from collections.abc import Iterator

import pytest

from skewguard import api
from skewguard.language.errors import ExitCode
from tests.cluster import scenes
from tests.cluster.scenes import alarms, beside, chat, engine, found, verify
from tools.control_plane import objects
from tools.control_plane.client import Object
from tools.control_plane.namespaces import OWN, Namespace
from tools.control_plane.plane import Plane

KSERVE = "serving.kserve.io/v1beta1"
TRACKING = "argocd.argoproj.io/tracking-id"
NAMED = {scenes.IMAGE_ID: f"{scenes.REPOSITORY}@{scenes.DIGEST}"}


# ---- owners ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def owned(control_plane: Plane) -> Iterator[Namespace]:
    """A workload that a platform made, and one that seems to be an application's."""
    with control_plane.namespace() as namespace:
        namespace.gpu_node("h100")
        copied = chat("copied")
        copied["metadata"]["annotations"] = {TRACKING: f"llm-app:apps/Deployment:{namespace.name}/original"}
        namespace.apply(_platform(namespace), copied)
        for name in ("llama-predictor", "copied"):
            namespace.wait_ready(f"deployment/{name}")
        yield namespace


def _platform(namespace: Namespace) -> Object:
    """An InferenceService with the Deployment that its controller makes of it."""
    namespace.custom_kind("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices")
    container = engine(name="kserve-container")
    predictor = {"minReplicas": 1, "containers": [container]}
    service = {"apiVersion": KSERVE, "kind": "InferenceService", "metadata": {"name": "llama"}}
    namespace.apply({**service, "spec": {"predictor": predictor}})
    uid = namespace.get(KSERVE, "InferenceService", "llama")["metadata"]["uid"]
    made = chat("llama-predictor", container={"name": "kserve-container"})
    reference = {"apiVersion": KSERVE, "kind": "InferenceService", "name": "llama", "uid": uid, "controller": True}
    made["metadata"]["ownerReferences"] = [reference]
    return made


@pytest.mark.parametrize("kind_and_name", ["InferenceService/llama", "Deployment/llama-predictor"])
def test_a_contract_for_any_object_above_the_pods(
    control_plane: Plane, owned: Namespace, kind_and_name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A contract binds whether it was written for the platform's object or for the Deployment below."""
    path = tmp_path_factory.mktemp("contract") / "c.yaml"
    written = scenes.contract(path, kind_and_name, "limits: {max_model_len: 16384}")
    report = verify(control_plane, owned, "inferenceservice/llama", contracts=(written,))
    assert (alarms(report), report.exit_code) == ({"contract.mismatch"}, 1)
    assert found(report, "contract.mismatch").setting == "limits.max_model_len"


def test_marks_of_another_object(control_plane: Plane, owned: Namespace) -> None:
    """An application's mark was copied together with a manifest, and names another object: nobody owns this one."""
    report = verify(control_plane, owned, "deploy/copied")
    assert (beside(report).owners, alarms(report), report.exit_code) == ((), set(), 0)


# ---- kinds -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kinds(control_plane: Plane) -> Iterator[Namespace]:
    """One engine under each of Kubernetes' own kinds, and something that is no engine."""
    with control_plane.namespace() as namespace:
        namespace.gpu_node("h100")
        job = {**_pods("batch", namespace.name), "backoffLimit": 0}
        job["template"]["spec"]["restartPolicy"] = "Never"
        namespace.apply(
            _object(
                "apps/v1",
                "StatefulSet",
                "sts",
                {**_selected("sts", namespace.name), "replicas": 2, "serviceName": "sts"},
            ),
            _object("apps/v1", "DaemonSet", "ds", _selected("ds", namespace.name)),
            _object("batch/v1", "Job", "batch", job),
            _object("batch/v1", "CronJob", "nightly", {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}}),
            {"apiVersion": "v1", "kind": "Pod", **_pods("alone", namespace.name)["template"]},
            chat("chat", replicas=2),
            objects.deployment("web", {"name": "nginx", "image": "nginx:1.29.3"}),
        )
        for name in ("statefulset/sts", "daemonset/ds", "job/batch", "deployment/chat", "deployment/web", "pod/alone"):
            namespace.wait_ready(name)
        yield namespace


def _object(api_version: str, kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _pods(name: str, namespace: str) -> Object:
    """A pod template with one engine. Controllers that choose machines themselves do not see a namespace's defaults."""
    metadata = {"name": name, "labels": {"app": name}, "annotations": NAMED}
    own = [{"key": OWN, "operator": "Equal", "value": namespace}]
    return {"template": {"metadata": metadata, "spec": {"containers": [engine()], "tolerations": own}}}


def _selected(name: str, namespace: str) -> Object:
    return {**_pods(name, namespace), "selector": {"matchLabels": {"app": name}}}


@pytest.mark.parametrize(("name", "desired"), [("sts/sts", 2), ("ds/ds", 1), ("pod/alone", 1)])
def test_kinds_that_serve(control_plane: Plane, kinds: Namespace, name: str, desired: int) -> None:
    """Each kind's own pods are its replicas, and nothing is told of what is in order."""
    report = verify(control_plane, kinds, name)
    one = beside(report)
    assert (one.desired, [len(group.pods) for group in one.groups]) == (desired, [desired])
    assert (alarms(report), report.exit_code) == (set(), 0)


@pytest.mark.parametrize("name", ["job/batch", "cronjob/nightly"])
def test_work_that_is_done_or_to_come(control_plane: Plane, kinds: Namespace, name: str) -> None:
    """A Job that has completed, and one whose hour has not come: nothing runs, and nobody is woken for it."""
    report = verify(control_plane, kinds, name)
    assert (beside(report).state, beside(report).groups) == ("empty", ())
    assert (alarms(report), report.exit_code) == (set(), 0)


# ---- names -----------------------------------------------------------------------------------------------------------


def test_every_name_that_leads_to_a_workload(control_plane: Plane, kinds: Namespace) -> None:
    """Its pod, its ReplicaSet, its group and its namespace spelt out: each is the Deployment with all its pods."""
    metadata = kinds.pods("app=chat")[0]["metadata"]
    names = (
        f"po/{metadata['name']}", f"rs/{metadata['ownerReferences'][0]['name']}", "deployments.apps/chat",
        f"{kinds.name}/deploy/chat",
    )  # fmt: skip
    seen = [beside(verify(control_plane, kinds, name)) for name in names]
    assert {(each.subject.kind, each.subject.name) for each in seen} == {("Deployment", "chat")}
    assert [len(each.groups[0].pods) for each in seen] == [2] * len(names)


def test_workloads_by_label(control_plane: Plane, kinds: Namespace) -> None:
    """The labels of a workload choose it, and no other."""
    report = verify(control_plane, kinds, selector="app=chat")
    assert beside(report).subject.name == "chat"
    assert alarms(report) == set()


def test_everything_in_a_namespace(control_plane: Plane, kinds: Namespace) -> None:
    """A sweep holds every engine once, leaves what is none out, and says how many those are."""
    report = verify(control_plane, kinds)
    assert sorted(each.subject.name for each in report.live) == ["alone", "batch", "chat", "ds", "nightly", "sts"]
    assert [note for note in report.notes if note.startswith("1 workload that asks for no accelerator")]
    assert (alarms(report), report.exit_code) == (set(), 0)


def test_everything_in_the_cluster(control_plane: Plane, kinds: Namespace, owned: Namespace) -> None:
    """`-A` holds the engines of both namespaces, each in its own."""
    report = api.verify(all_namespaces=True, kubeconfig=str(control_plane.kubeconfig))
    seen = {(each.subject.namespace, each.subject.name) for each in report.live}
    assert {(kinds.name, "chat"), (kinds.name, "sts"), (owned.name, "copied"), (owned.name, "llama")} <= seen


def test_a_workload_that_is_no_engine(control_plane: Plane, kinds: Namespace) -> None:
    """It is said why it is taken for none, and nothing is judged."""
    report = verify(control_plane, kinds, "deploy/web")
    assert (report.live, report.findings, report.exit_code) == ((), (), 0)
    assert [note for note in report.notes if "web" in note]


@pytest.mark.parametrize(("name", "said"), [("deploy/chatt", "there is no Deployment chatt"), ("chats/chat", "chats")])
def test_a_name_that_leads_to_nothing(control_plane: Plane, kinds: Namespace, name: str, said: str) -> None:
    """A misspelt name or kind is an error of the input, not a clean bill."""
    report = verify(control_plane, kinds, name)
    assert [said in error.message for error in report.errors] == [True]
    assert (report.live, report.exit_code) == ((), ExitCode.UNREADABLE)
