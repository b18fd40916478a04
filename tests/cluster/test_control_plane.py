"""The test cluster itself: everything else here rests on these."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from tools.control_plane import objects, running
from tools.control_plane.binaries import Binaries
from tools.control_plane.client import Object
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane
from tools.control_plane.running import ControlPlane

IMAGE = "vllm/vllm-openai:v0.11.0"
DIGEST = f"sha256:{'ab' * 32}"


def run_engine(namespace: Namespace, **more: object) -> str:
    """A Deployment of one pod on one GPU, rolled out; the pod's name."""
    namespace.apply(objects.deployment("chat", objects.engine(IMAGE, ["--model", "m"]), **more))  # type: ignore[arg-type]
    namespace.wait_ready("deployment/chat")
    return str(namespace.pods("app=chat")[0]["metadata"]["name"])


@contextmanager
def serving(text: str) -> Iterator[int]:
    """An HTTP server on loopback that answers everything with `text`; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def test_a_rollout_goes_to_machines_with_enough_gpus(namespace: Namespace) -> None:
    """Each replica of a Deployment is placed by the real scheduler, on a machine whose GPUs suffice."""
    small = namespace.gpu_node("small", objects.L4, count=1)
    large = namespace.gpu_node("large", objects.H100, count=4)
    namespace.apply(objects.deployment("chat", objects.engine(IMAGE, ["--model", "m"], gpus=2), replicas=2))
    namespace.wait_ready("deployment/chat")
    assert {large} == {pod["spec"]["nodeName"] for pod in namespace.pods("app=chat")}
    assert small != large


def test_image_ids_are_those_of_the_annotations(namespace: Namespace) -> None:
    """A pod reports the imageID that the test wants, one container's own before the one for all."""
    namespace.gpu_node("a")
    annotations = {
        "skewguard.test/image-id": f"docker.io/vllm/vllm-openai@{DIGEST}",
        "skewguard.test/image-id.proxy": "none",
    }
    containers = [objects.engine(IMAGE, []), {"name": "proxy", "image": "envoy:v1"}]
    run_engine(namespace, pod_annotations=annotations, containers=containers)
    statuses = namespace.pods()[0]["status"]["containerStatuses"]
    assert {"vllm": annotations["skewguard.test/image-id"], "proxy": ""} == {
        each["name"]: each["imageID"] for each in statuses
    }


def test_one_name_has_one_digest_where_nothing_is_said(namespace: Namespace) -> None:
    """Without an annotation the imageID is the image's own digest, or one that is made from its name."""
    namespace.gpu_node("a")
    containers = [
        {"name": "tagged", "image": "registry:5000/llm:v1"},
        {"name": "again", "image": "registry:5000/llm:v1"},
        {"name": "pinned", "image": f"registry:5000/llm:v1@{DIGEST}"},
    ]
    run_engine(namespace, containers=containers)
    tagged, again, pinned = (
        next(each["imageID"] for each in namespace.pods()[0]["status"]["containerStatuses"] if each["name"] == name)
        for name in ("tagged", "again", "pinned")
    )
    assert tagged == again
    assert tagged.startswith("registry:5000/llm@sha256:")
    assert pinned == f"registry:5000/llm@{DIGEST}"


def test_a_slow_load_is_running_before_it_is_ready(namespace: Namespace) -> None:
    """The annotation `load-time` holds a pod between its start and its readiness, as loading weights does."""
    namespace.gpu_node("a")
    chat = objects.deployment("chat", objects.engine(IMAGE, []), pod_annotations={"skewguard.test/load-time": "1h"})
    namespace.apply(chat)
    namespace.wait_until("deployment/chat", lambda thing: thing.get("status", {}).get("unavailableReplicas") == 1)
    name = namespace.wait_for_pods("app=chat", 1)[0]
    pod = namespace.wait_until(f"pod/{name}", lambda thing: thing["status"]["phase"] == "Running")
    assert [False] == [status["ready"] for status in pod["status"]["containerStatuses"]]
    namespace.client.patch(
        f"/api/v1/namespaces/{namespace.name}/pods/{name}",
        {"metadata": {"annotations": {"skewguard.test/load-time": "1ms"}}},
    )
    namespace.wait_ready(f"pod/{name}")


@pytest.mark.parametrize(
    ("annotation", "value", "reason"),
    [
        ("skewguard.test/waiting", "ImagePullBackOff", "ImagePullBackOff"),
        ("skewguard.test/crash", "137", "CrashLoopBackOff"),
    ],
)
def test_a_pod_fails_as_its_annotation_says(namespace: Namespace, annotation: str, value: str, reason: str) -> None:
    """A pod waits or crashes for the reason that the test wants."""
    namespace.gpu_node("a")
    namespace.apply(objects.deployment("chat", objects.engine(IMAGE, []), pod_annotations={annotation: value}))
    name = namespace.wait_for_pods("app=chat", 1)[0]

    def failing(thing: Object) -> bool:
        statuses = thing["status"].get("containerStatuses", [])
        return any(each["state"].get("waiting", {}).get("reason") == reason for each in statuses)

    namespace.wait_until(f"pod/{name}", failing)


def test_each_pod_has_its_own_log(control_plane: Plane, namespace: Namespace) -> None:
    """`kubectl logs` prints what the test gave this pod."""
    namespace.gpu_node("a")
    run_engine(namespace, replicas=2)
    names = [str(pod["metadata"]["name"]) for pod in namespace.pods()]
    for name in names:
        namespace.answer(name, log=f"I am {name}\nready")
    said = [control_plane.kubectl("logs", "-n", namespace.name, name) for name in names]
    assert [f"I am {name}\nready\n" for name in names] == said


def test_a_pod_sees_the_gpu_of_its_machine(control_plane: Plane, namespace: Namespace) -> None:
    """`nvidia-smi`, executed in a pod, tells the GPUs that the pod's machine has and the pod asked for."""
    namespace.gpu_node("a", objects.H200, driver="580.65.06")
    name = run_engine(namespace)
    namespace.answer(name)
    asked = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
    said = control_plane.kubectl("exec", "-n", namespace.name, name, "--", "nvidia-smi", *asked)
    assert said == "NVIDIA H200, 143771, 580.65.06\n"


def test_each_pod_has_its_own_server_behind_its_port(control_plane: Plane, namespace: Namespace) -> None:
    """A port that is forwarded to a pod ends at the server that the test put behind that pod."""
    namespace.gpu_node("a")
    run_engine(namespace, replicas=2)
    with serving("one") as one, serving("two") as two:
        said = []
        for pod, port in zip(namespace.pods(), (one, two), strict=True):
            namespace.answer(pod["metadata"]["name"], forward={8000: port})
            with control_plane.forwarded(namespace.name, pod["metadata"]["name"], 8000) as local:
                said.append(httpx2.get(f"http://127.0.0.1:{local}/version", trust_env=False).text)
    assert said == ["one", "two"]


def test_an_account_may_do_what_it_was_given_and_nothing_else(control_plane: Plane, namespace: Namespace) -> None:
    """RBAC is the real one: reading pods is allowed here, reading Deployments is not."""
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    kubeconfig = namespace.account("reader", rules)

    def ask(what: str) -> subprocess.CompletedProcess[str]:
        command = [str(control_plane.kubectl_path), "--kubeconfig", str(kubeconfig), "get", what]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert ask("pods").returncode == 0
    assert "cannot list resource" in ask("deployments").stderr


def test_objects_of_other_projects_are_kept_with_their_status(namespace: Namespace) -> None:
    """A kind whose controller does not run here is served, and holds the status that the test gave it."""
    namespace.custom_kind("argoproj.io", "v1alpha1", "Rollout", "rollouts")
    rollout = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": "chat"},
        "spec": {"replicas": 2},
        "status": {"phase": "Degraded"},
    }
    namespace.apply(rollout)
    assert namespace.get("argoproj.io/v1alpha1", "Rollout", "chat")["status"] == {"phase": "Degraded"}


def test_pods_addresses_lead_nowhere_else(namespace: Namespace) -> None:
    """Whoever dials a pod's address stays on this machine: it is one of loopback."""
    namespace.gpu_node("a")
    run_engine(namespace)
    assert [True] == [pod["status"]["podIP"].startswith("127.") for pod in namespace.pods()]


def test_the_cluster_works_on_after_its_api_server_was_restarted(own_control_plane: ControlPlane) -> None:
    """Objects are still there, and controllers, scheduler and kubelets go on with their work."""
    with own_control_plane.plane.namespace() as namespace:
        namespace.gpu_node("a")
        run_engine(namespace)
        own_control_plane.restart_apiserver()
        path = f"/apis/apps/v1/namespaces/{namespace.name}/deployments/chat"
        namespace.client.patch(path, {"spec": {"template": {"metadata": {"annotations": {"again": "yes"}}}}})
        namespace.wait_ready("deployment/chat")


def test_a_controller_that_ends_while_the_api_server_is_away_is_started_again(own_control_plane: ControlPlane) -> None:
    """As the kubelet does it: kube-controller-manager ends where it finds no API server while it initializes."""
    with own_control_plane.plane.namespace() as namespace:
        namespace.gpu_node("a")
        controllers = own_control_plane.program("kube-controller-manager")
        own_control_plane.restart_apiserver(while_away=lambda: controllers.stop(5))
        run_engine(namespace)
        namespace.wait_ready("deployment/chat")


def test_a_port_that_somebody_took_in_between_is_given_up(
    programs: Binaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port can be taken after it was found free: the start is tried again with others."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free = running.free_ports
        monkeypatch.setattr(running, "free_ports", lambda number: [*free(number - 1), taken.getsockname()[1]])
        control_plane = ControlPlane(programs, folder=tmp_path)
        monkeypatch.setattr(running, "free_ports", free)
        with control_plane, control_plane.plane.client() as client:
            assert client.send("GET", "/readyz") == "ok"
