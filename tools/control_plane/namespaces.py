"""A namespace of a test's own: its objects, its machines, what its pods answer, and users with few rights."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from httpx2 import TransportError

from tools.control_plane import objects, waiting
from tools.control_plane.client import Client, Object, Refused, TooLong

DEADLINE_S = 60.0
"""Far above what anything takes (a rollout about 1 s): a slow machine is no failure, and a hang ends."""
OWN = "skewguard.test/only"
"""The taint of machines that belong to one namespace."""
KWOK = "kwok.x-k8s.io/v1alpha1"

WriteKubeconfig = Callable[[Path, str, Mapping[str, str]], Path]


class Namespace:
    """Made by `Plane.namespace`. `name` is what `-n` takes; files of it lie in `folder`."""

    def __init__(self, client: Client, name: str, folder: Path, write_kubeconfig: WriteKubeconfig) -> None:
        self.client = client
        self.name = name
        self.folder = folder
        self._write_kubeconfig = write_kubeconfig
        self._beyond: list[str] = []

    def create(self, labels: Mapping[str, str]) -> None:
        """The namespace itself. Its pods, and nobody else's, may run on its own machines."""
        self.folder.mkdir(parents=True, exist_ok=True)
        tolerated = [{"key": OWN, "operator": "Equal", "value": self.name, "effect": "NoSchedule"}]
        annotations = {"scheduler.alpha.kubernetes.io/defaultTolerations": json.dumps(tolerated)}
        metadata = {"name": self.name, "labels": dict(labels), "annotations": annotations}
        self.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        # The controller manager makes it; before, the API server refuses every pod.
        self.client.until(f"/api/v1/namespaces/{self.name}/serviceaccounts/default", lambda _: True, DEADLINE_S)

    def remove(self) -> None:
        """Delete it and what of it lies outside: machines, cluster-wide rights. What is in it goes by and by."""
        for path in [*reversed(self._beyond), f"/api/v1/namespaces/{self.name}"]:
            with suppress(TransportError, Refused):  # what went wrong in the test is the news, not this
                self.client.delete(path)

    def apply(self, *things: Object) -> None:
        """Objects, status included. Cluster-wide ones are deleted with the namespace."""
        for thing in things:
            self.client.apply(thing, namespace=self.name)
            if not self.client.kind(thing["apiVersion"], thing["kind"]).namespaced:
                self._beyond.append(self.client.path(thing))

    def gpu_node(self, name: str, gpu: objects.Gpu = objects.H100, **more: Any) -> str:
        """A machine for this namespace's pods alone; returns its full name. `more` as for `objects.gpu_node`."""
        node = objects.gpu_node(f"{self.name}-{name}", gpu, **more)
        node["spec"] = {"taints": [{"key": OWN, "value": self.name, "effect": "NoSchedule"}]}
        self.apply(node)
        waiting.ready(self.client, f"node/{node['metadata']['name']}", None, DEADLINE_S)
        return str(node["metadata"]["name"])

    def custom_kind(self, group: str, version: str, kind: str, plural: str) -> None:
        """Have the API server serve a kind of another project. It stays: another test may use it at the same time."""
        made = objects.custom_kind(group, version, kind, plural)
        self.client.apply(made)
        waiting.ready(self.client, f"customresourcedefinition/{made['metadata']['name']}", None, DEADLINE_S)
        # Established, its paths and its place in the API server's discovery come one after the other.
        self.client.retry(lambda: self.client.kind(f"{group}/{version}", kind).plural, DEADLINE_S)

    def wait_ready(self, thing: str, deadline_s: float = DEADLINE_S) -> Object:
        """The object `kind/name` as soon as it is ready; raises `TooLong` with its last status."""
        return waiting.ready(self.client, thing, self.name, deadline_s)

    def wait_until(self, thing: str, wanted: Callable[[Object], bool], deadline_s: float = DEADLINE_S) -> Object:
        """The object `kind/name` as soon as `wanted` says so; a deleted one has `deleted: true`."""
        kind, _, name = thing.partition("/")
        api_version, spelt, _ = waiting.READY[kind]
        return self.client.until(self.client.kind(api_version, spelt).path(self.name, name), wanted, deadline_s)

    def get(self, api_version: str, kind: str, name: str) -> Object:
        """One object of this namespace."""
        thing: Object = self.client.get(self.client.kind(api_version, kind).path(self.name, name))
        return thing

    def wait_for_policy(self, argument: str, deadline_s: float = DEADLINE_S) -> None:
        """Until an admission policy that adds this argument to containers is in force: the API server hears of it later."""
        asked = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "asks-for-policy"}}
        asked["spec"] = {"containers": [{"name": "a", "image": "a", "args": ["a"]}]}

        def admitted() -> str:
            path = f"/api/v1/namespaces/{self.name}/pods"
            made = self.client.send("POST", path, asked, dryRun="All")
            if argument not in made:
                raise Refused(0, f"no pod is given {argument} yet")
            return made

        self.client.retry(admitted, deadline_s)

    def pass_a_second(self) -> None:
        """Return in another second: an object's times are whole seconds, and what is done next has a later one."""
        now = int(time.time())
        while int(time.time()) == now:
            time.sleep(0.05)

    def pods(self, labels: str = "") -> list[Object]:
        """The pods that are not going away, by name; `labels` is a selector: `app=chat`."""
        query = {"labelSelector": labels} if labels else {}
        found = self.client.get(f"/api/v1/namespaces/{self.name}/pods", **query)["items"]
        alive = [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]
        return sorted(alive, key=lambda pod: str(pod["metadata"]["name"]))

    def wait_for_pods(self, labels: str, number: int, deadline_s: float = DEADLINE_S) -> list[str]:
        """The names of the pods with these labels, as soon as there are so many, in whatever state they are."""
        end = time.monotonic() + deadline_s
        while len(found := self.pods(labels)) != number:
            if time.monotonic() > end:
                raise TooLong(f"{len(found)} pods with {labels} in {self.name}, not {number}, after {deadline_s:g} s")
            time.sleep(0.05)
        return [str(pod["metadata"]["name"]) for pod in found]

    def answer(
        self,
        pod: str,
        *,
        log: str = "",
        previous_log: str | None = None,
        forward: Mapping[int, int] | None = None,
        container: str | None = None,
        workdir: Path | None = None,
        gpu: Mapping[str, str] | None = None,
    ) -> None:
        """What a pod answers from now on, and returns when it does.

        `log` is what it has printed; `forward` its ports, by the loopback port that stands behind each. A command that
        is executed in it runs on this machine, in `workdir`, and sees the GPU of the pod's machine, or `gpu` (the
        variables of `data/bin/nvidia-smi`). Of several containers only `container`, where it is given.
        """
        containers = {"containers": [container]} if container else {}
        logs: Object = {**containers, "logsFile": self._cri_file(f"{pod}.log", log), "follow": False}
        if previous_log is not None:
            logs["previousLogsFile"] = self._cri_file(f"{pod}.previous.log", previous_log)
        envs = [{"name": name, "value": value} for name, value in (gpu or self._gpu_of(pod)).items()]
        runs = {**containers, "local": {"workDir": str(workdir or self.folder), "envs": envs}}
        forwards = [
            {"ports": [port], "target": {"address": "127.0.0.1", "port": behind}}
            for port, behind in (forward or {}).items()
        ]
        self.apply(
            _kwok("Exec", pod, {"execs": [runs]}),
            _kwok("PortForward", pod, {"forwards": forwards}),
            _kwok("Logs", pod, {"logs": [logs]}),
        )
        self._wait_for_log(pod, container)

    def set_image_id(self, pod: str, image_id: str, container: str | None = None) -> None:
        """Have this one pod report another image than its template's others do: a tag that has moved between two pulls."""
        statuses = self.get("v1", "Pod", pod)["status"]["containerStatuses"]
        for status in statuses:
            if container in {None, status["name"]}:
                status["imageID"] = image_id
        path = f"/api/v1/namespaces/{self.name}/pods/{pod}/status"
        self.client.patch(path, {"status": {"containerStatuses": statuses}})

    def _wait_for_log(self, pod: str, container: str | None) -> None:
        """Until kwok knows the last of a pod's rules: it hears of them through a watch."""
        path = f"/api/v1/namespaces/{self.name}/pods/{pod}/log"
        first = self.get("v1", "Pod", pod)["spec"]["containers"][0]["name"]
        self.client.retry(lambda: self.client.send("GET", path, container=container or first), DEADLINE_S)

    def _cri_file(self, name: str, text: str) -> str:
        """A log as a container runtime keeps it; the path."""
        path = self.folder / name
        stamp = "2026-01-05T09:00:00.000000000Z"
        path.write_text("".join(f"{stamp} stdout F {line}\n" for line in text.splitlines()), encoding="utf-8")
        return str(path)

    def _gpu_of(self, pod: str) -> dict[str, str]:
        """The variables of `data/bin/nvidia-smi`, from the labels of the machine that the pod runs on."""
        spec = self.get("v1", "Pod", pod)["spec"]
        labels = self.client.get(f"/api/v1/nodes/{spec['nodeName']}")["metadata"].get("labels", {})
        if "nvidia.com/gpu.product" not in labels:
            return {}
        limits = [container.get("resources", {}).get("limits", {}) for container in spec["containers"]]
        return {
            "FAKE_GPU_NAME": labels["nvidia.com/gpu.product"].replace("-", " "),
            "FAKE_GPU_MEMORY_MIB": labels["nvidia.com/gpu.memory"],
            "FAKE_GPU_DRIVER": labels["nvidia.com/cuda.driver-version.full"],
            "FAKE_GPU_COUNT": str(sum(int(each.get("nvidia.com/gpu", 0)) for each in limits)),
            "FAKE_GPU_COMPUTE": f"{labels['nvidia.com/gpu.compute.major']}.{labels['nvidia.com/gpu.compute.minor']}",
        }

    def account(
        self, name: str, rules: Sequence[Object] = (), *, cluster_rules: Sequence[Object] = (), role: str | None = None
    ) -> Path:
        """A service account that may do this and nothing else: its kubeconfig, whose namespace is this one.

        `rules` hold in this namespace, `cluster_rules` everywhere; `role` is a ClusterRole that is there already, bound
        everywhere.
        """
        self.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
        full = f"{self.name}-{name}"
        if rules:
            self.apply(_rights("Role", name, rules), self._binding("RoleBinding", name, name, "Role", name))
        if cluster_rules:
            binding = self._binding("ClusterRoleBinding", full, name, "ClusterRole", full)
            self.apply(_rights("ClusterRole", full, cluster_rules), binding)
        if role is not None:
            self.apply(self._binding("ClusterRoleBinding", f"{full}-{role}", name, "ClusterRole", role))
        return self._write_kubeconfig(self.folder / f"{name}.kubeconfig", self.token(name), {"test": self.name})

    def token(self, account: str) -> str:
        """A token of one of its service accounts, good for an hour."""
        path = f"/api/v1/namespaces/{self.name}/serviceaccounts/{account}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 3600}}
        return str(json.loads(self.client.send("POST", path, asked))["status"]["token"])

    def _binding(self, kind: str, name: str, account: str, role_kind: str, role: str) -> Object:
        return {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": self.name}],
        }


def _rights(kind: str, name: str, rules: Sequence[Object]) -> Object:
    metadata = {"name": name}
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": list(rules)}


def _kwok(kind: str, pod: str, spec: Object) -> Object:
    return {"apiVersion": KWOK, "kind": kind, "metadata": {"name": pod}, "spec": spec}
