"""What changed after the engines had started, or on their way into the cluster."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cluster import scenes
from tests.cluster.scenes import ARGS, alarms, beside, chat, config_map, found, verify
from tools.control_plane import objects
from tools.control_plane.client import Object, Refused
from tools.control_plane.namespaces import DEADLINE_S, Namespace
from tools.control_plane.plane import Plane

LOAD = "skewguard.test/load-time"
CACHE = [{"name": "HF_HOME", "value": "/models"}]
SHORTER = (*ARGS[:2], "--max-model-len=16384")
ROOMY = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}


# ---- rollouts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def half(namespace: Namespace) -> Namespace:
    """A rollout of another length that was paused when its first pod was there, which loads its model."""
    namespace.gpu_node("h100")
    namespace.apply(chat(replicas=2, spec=ROOMY))
    namespace.wait_ready("deployment/chat")
    rollout = chat("chat", *SHORTER, replicas=2, spec=ROOMY, pod_annotations={LOAD: "1h"})
    namespace.apply(rollout)
    namespace.wait_until("deployment/chat", lambda thing: thing["status"].get("updatedReplicas") == 1)
    rollout["spec"]["paused"] = True
    namespace.apply(rollout)
    new = new_pod(namespace)
    namespace.wait_until(f"pod/{new}", lambda thing: thing["status"]["phase"] == "Running")
    return namespace


def new_pod(namespace: Namespace) -> str:
    """The pod of the new template."""
    (name,) = [
        pod["metadata"]["name"] for pod in namespace.pods("app=chat") if LOAD in pod["metadata"].get("annotations", {})
    ]
    return str(name)


def test_a_rollout_that_stands_half_way(control_plane: Plane, half: Namespace) -> None:
    """Old and new serve at once, and differ: told once, with the setting, and with no second alarm for the replicas."""
    new = new_pod(half)
    half.client.patch(f"/api/v1/namespaces/{half.name}/pods/{new}", {"metadata": {"annotations": {LOAD: "1ms"}}})
    half.wait_ready(f"pod/{new}")
    report = verify(control_plane, half, "deploy/chat")
    told = found(report, "serving.rollout-unfinished")
    assert alarms(report) == {"serving.rollout-unfinished"}
    assert told.setting == "limits.max_model_len"
    assert set(told.pods) == {*scenes.pods(half, "chat")} - {new}
    assert sorted((group.current, group.ready) for group in beside(report).groups) == [(False, 2), (True, 1)]


def test_a_rollout_whose_first_pod_loads(control_plane: Plane, half: Namespace, tmp_path: Path) -> None:
    """A replica that is not ready beside others is a warning; that its template breaks the contract is an error."""
    written = scenes.contract(tmp_path / "c.yaml", "Deployment/chat", "limits: {max_model_len: 32768}")
    report = verify(control_plane, half, "deploy/chat", contracts=(written,))
    assert found(report, "serving.not-ready").severity == "warning"
    assert found(report, "contract.mismatch").pods == (new_pod(half),)
    assert report.exit_code == 1


def test_a_partition_that_holds_some_pods_back(control_plane: Plane, namespace: Namespace) -> None:
    """A StatefulSet gives its new template to the pods from an ordinal on: the others are told in a note that wakes nobody."""
    namespace.gpu_node("h100")
    namespace.apply(partitioned(ARGS))
    namespace.wait_ready("statefulset/chat")
    namespace.apply(partitioned(SHORTER))
    namespace.wait_until("statefulset/chat", lambda thing: _is_half_way(thing["status"]))
    report = verify(control_plane, namespace, "sts/chat")
    told = found(report, "serving.rollout-unfinished")
    assert (told.setting, told.pods, told.severity) == ("limits.max_model_len", ("chat-0",), "note")
    assert (alarms(report), report.exit_code) == (set(), 0)


def partitioned(args: tuple[str, ...]) -> Object:
    """A StatefulSet of two whose template is new for the second alone."""
    made = chat("chat", *args, replicas=2)
    made["kind"] = "StatefulSet"
    update = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    made["spec"] |= {"serviceName": "chat", "updateStrategy": update}
    return made


def _is_half_way(status: Object) -> bool:
    return bool(status.get("updatedReplicas") == 1 and status.get("readyReplicas") == 2)


# ---- ConfigMaps ------------------------------------------------------------------------------------------------------


def from_env(name: str, **more: object) -> Object:
    """A Deployment whose variables come from the ConfigMap of its name."""
    return chat(name, container={"envFrom": [{"configMapRef": {"name": name, **more}}]})


def from_file(name: str) -> Object:
    """A Deployment whose engine reads a file of the ConfigMap of its name."""
    mounted = {"volumeMounts": [{"name": "c", "mountPath": "/etc/vllm"}]}
    volumes = [{"name": "c", "configMap": {"name": name}}]
    return chat(name, *ARGS[:2], "--config", "/etc/vllm/c.yaml", container=mounted, volumes=volumes)


@pytest.fixture(scope="module")
def configured(control_plane: Plane) -> Iterator[Namespace]:
    """Workloads with ConfigMaps, some of which changed when the pods ran."""
    variables: Mapping[str, str] = {"VLLM_USE_FLASHINFER_SAMPLER": "0"}
    names = ("env", "file", "frozen", "optional", "kept")
    with control_plane.namespace() as namespace:
        namespace.gpu_node("h100")
        namespace.apply(
            config_map("env", data=variables),
            config_map("file", data={"c.yaml": "max-model-len: 32768\n"}),
            config_map("frozen", data=variables, immutable=True),
            config_map("kept", data=variables),
        )
        namespace.apply(
            *map(from_env, ("env", "frozen", "kept")), from_env("optional", optional=True), from_file("file")
        )
        for name in names:
            namespace.wait_ready(f"deployment/{name}")
        namespace.pass_a_second()
        namespace.apply(
            config_map("env", data={"VLLM_USE_FLASHINFER_SAMPLER": "1"}),
            config_map("file", data={"c.yaml": "max-model-len: 16384\n"}),
            config_map("optional", data=variables),
        )
        namespace.client.delete(f"/api/v1/namespaces/{namespace.name}/configmaps/frozen")
        namespace.apply(config_map("frozen", data={"VLLM_USE_FLASHINFER_SAMPLER": "1"}, immutable=True))
        labelled = {"metadata": {"labels": {"touched": "yes"}}}
        namespace.client.patch(f"/api/v1/namespaces/{namespace.name}/configmaps/kept", labelled)
        yield namespace


@pytest.mark.parametrize(
    ("name", "way"),
    [("env", "variables"), ("file", "file"), ("frozen", "variables"), ("optional", "variables")],
)
def test_a_config_map_that_changed_after_the_start(
    control_plane: Plane, configured: Namespace, name: str, way: str
) -> None:
    """By variables or as a file, an immutable one made anew, an optional one that came later: told with its pods."""
    report = verify(control_plane, configured, f"deploy/{name}")
    told = found(report, "facts.config-changed-since-start")
    assert alarms(report) == {"facts.config-changed-since-start"}
    assert told.pods == tuple(scenes.pods(configured, name))
    assert f"ConfigMap {configured.name}/{name} was last written at" in told.message
    assert way in told.message


def test_a_config_map_of_which_somebody_else_set_a_label(control_plane: Plane, configured: Namespace) -> None:
    """Its data is as the pods read it: nothing is told."""
    assert alarms(verify(control_plane, configured, "deploy/kept")) == set()


def test_a_promise_about_what_a_file_said_at_the_start(
    control_plane: Plane, configured: Namespace, tmp_path: Path
) -> None:
    """The file says something else by now: whether the engine keeps the promise is not known, and not called broken."""
    written = scenes.contract(tmp_path / "c.yaml", "Deployment/file", "limits: {max_model_len: 32768}")
    report = verify(control_plane, configured, "deploy/file", contracts=(written,))
    assert found(report, "contract.mismatch").verdict == "unknown"
    assert report.exit_code == 3


# ---- admission -------------------------------------------------------------------------------------------------------


def policy(namespace: Namespace, expression: str) -> tuple[Object, Object]:
    """A mutating admission policy for the pods of one namespace, and its binding."""
    version, name = "admissionregistration.k8s.io/v1", f"{namespace.name}-bounds"
    matched = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    own = {"kubernetes.io/metadata.name": namespace.name}
    made = {
        "apiVersion": version,
        "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [matched]},
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
        },
    }
    binding = {
        "apiVersion": version,
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "matchResources": {"namespaceSelector": {"matchLabels": own}}},
    }
    return made, binding


def enforce(namespace: Namespace, expression: str) -> None:
    """Have a policy change pods, and return when it does: the API server hears of it through a watch."""
    namespace.apply(*policy(namespace, expression))
    containers = [scenes.engine(env=CACHE)]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tried", "labels": {"app": "tried"}},
        "spec": {"containers": containers},
    }

    def tried() -> str:
        text = namespace.client.send("POST", f"/api/v1/namespaces/{namespace.name}/pods", pod, dryRun="All")
        (engine, *beside) = json.loads(text)["spec"]["containers"]
        if engine["args"] == list(ARGS) and not beside:
            raise Refused(404, "the policy does not act yet")
        return text

    namespace.client.retry(tried, DEADLINE_S)


def test_what_a_mesh_adds_to_every_pod(control_plane: Plane, namespace: Namespace) -> None:
    """A container beside the engine, a label and a variable that it does not read are no difference to the template."""
    namespace.gpu_node("h100")
    enforce(
        namespace,
        "[JSONPatch{op: 'add', path: '/spec/containers/-', "
        "value: Object.spec.containers{name: 'istio-proxy', image: 'istio/proxyv2:1.27.0'}}, "
        "JSONPatch{op: 'add', path: '/spec/containers/0/env/-', "
        "value: Object.spec.containers.env{name: 'ISTIO_META_MESH_ID', value: 'mesh'}}, "
        "JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('security.istio.io/tlsMode'), value: 'istio'}]",
    )
    namespace.apply(chat(replicas=2, container={"env": CACHE}))
    namespace.wait_ready("deployment/chat")
    report = verify(control_plane, namespace, "deploy/chat")
    assert [len(pod["spec"]["containers"]) for pod in namespace.pods()] == [2, 2]
    assert (alarms(report), beside(report).state) == (set(), "unpromised")


# ---- nothing runs ----------------------------------------------------------------------------------------------------

OUTAGE = ({"serving.not-ready"}, 1, "skewed")


@pytest.mark.parametrize(
    ("more", "said", "outcome"),
    [
        ({"replicas": 0}, "", ({"hardware.gpu-class"}, 0, "empty")),
        ({"pod_annotations": {"skewguard.test/crash": "137"}}, "CrashLoopBackOff", OUTAGE),
        (
            {"pod_annotations": {"skewguard.test/waiting": "ImagePullBackOff"}},
            "ImagePullBackOff",
            OUTAGE,
        ),
        ({"nodeSelector": {"nvidia.com/gpu.product": objects.L4.product}}, "nodes are available", OUTAGE),
    ],
    ids=["scaled to none", "crashes", "cannot be pulled", "finds no machine"],
)
def test_a_workload_of_which_nothing_serves(
    control_plane: Plane, namespace: Namespace, more: Mapping[str, object], said: str, outcome: object
) -> None:
    """None is wanted, and what is declared is judged; or none comes up, an outage: its state is told, no setting is called broken."""
    namespace.gpu_node("h100")
    namespace.apply(chat(**more))  # type: ignore[arg-type]
    wanted = int(str(more.get("replicas", 1)))
    namespace.wait_for_pods("app=chat", wanted)
    for name in scenes.pods(namespace, "chat"):
        namespace.wait_until(f"pod/{name}", lambda thing: bool(thing["status"].get("conditions")))
    report = verify(control_plane, namespace, "deploy/chat")
    assert (alarms(report), report.exit_code, beside(report).state) == outcome
    told = [each.message for each in report.findings if each.check == "serving.not-ready"]
    assert [said in text for text in told] == [True] * wanted


def test_a_workload_that_goes_while_it_is_read(control_plane: Plane, namespace: Namespace) -> None:
    """Deleted between two lists: never a crash; that no pod of it runs is all that is told."""
    namespace.gpu_node("h100")
    namespace.apply(chat(replicas=2))
    namespace.wait_ready("deployment/chat")
    deleted: list[str] = []

    def progress(what: str, count: int) -> None:
        if what == "deployments" and count and not deleted:
            deleted.append(what)
            namespace.client.delete(f"/apis/apps/v1/namespaces/{namespace.name}/deployments/chat")
            namespace.wait_for_pods("app=chat", 0)

    report = verify(control_plane, namespace, progress=progress)
    assert (deleted, alarms(report), report.exit_code) == (
        ["deployments"],
        {"hardware.gpu-class", "serving.not-ready"},
        1,
    )
