"""An API server to hold a contract to: objects to put there, and a way in."""

import base64
import json
from pathlib import Path
from typing import Any, Protocol

from tests.fakes.api_server import ApiServer
from tests.fakes.streaming import Ran
from tools.control_plane.namespaces import Namespace
from tools.control_plane.plane import Plane


class Bench(Protocol):
    """What both sides can do. `namespace` is the test's own."""

    @property
    def kubeconfig(self) -> str: ...

    @property
    def namespace(self) -> str: ...

    def forgotten_token(self) -> str:
        """A token of a list of LeaderWorkerSets after `a`, so old that the server has forgotten it."""
        ...

    def forgotten_version(self) -> str:
        """A resourceVersion so old that no watch of LeaderWorkerSets can go on from it."""
        ...

    def add(self, content: dict[str, Any]) -> None:
        """Make or change an object in the namespace."""
        ...

    def remove(self, name: str) -> None:
        """Delete a ConfigMap of the namespace."""
        ...

    def run(self, pod: str, *, log: str, port: int, behind: tuple[str, int]) -> None:
        """Have a pod run whose only container, `vllm`, has printed this and listens on a port."""
        ...

    def poor(self) -> str:
        """The kubeconfig of somebody who may list ConfigMaps of the namespace and nothing else."""
        ...

    def stranger(self) -> str:
        """The kubeconfig of somebody whom the server does not know."""
        ...


class FakeBench:
    """The server in this process."""

    namespace = "prod"

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server = server
        self.kubeconfig = server.kubeconfig(folder, namespace=self.namespace)
        self.folder = folder

    def forgotten_token(self) -> str:
        self.server.store.compact()
        return base64.urlsafe_b64encode(json.dumps([1, self.namespace, "a"]).encode()).decode()

    def forgotten_version(self) -> str:
        self.server.store.compact()
        return "1"

    def add(self, content: dict[str, Any]) -> None:
        self.server.add({**content, "metadata": {**content["metadata"], "namespace": self.namespace}})

    def remove(self, name: str) -> None:
        self.server.remove("v1", "ConfigMap", self.namespace, name)

    def run(self, pod: str, *, log: str, port: int, behind: tuple[str, int]) -> None:
        self.add({**POD, "metadata": {"name": pod}})
        self.server.log(self.namespace, pod, "vllm", log.encode())
        self.server.listen(self.namespace, pod, port, behind)
        self.server.on_exec(self.namespace, pod, "vllm", lambda words: Ran(" ".join(words[1:]).encode() + b"\n"))

    def poor(self) -> str:
        self.server.rights.allow_only("list", "configmaps", self.namespace)
        return self.kubeconfig

    def stranger(self) -> str:
        self.server.rights.known = False
        return self.kubeconfig


class RealBench:
    """A namespace of a real control plane."""

    def __init__(self, plane: Plane, namespace: Namespace) -> None:
        self._plane = plane
        self._own = namespace
        self.namespace = namespace.name
        self.kubeconfig = str(
            plane.write_kubeconfig(
                namespace.folder / "admin.kubeconfig", plane.users["admin"], {"test": namespace.name}
            )
        )

    def forgotten_token(self) -> str:
        self.forgotten_version()
        self._plane.forget_versions()
        token = {"v": "meta.k8s.io/v1", "rv": 1, "start": "a\u0000"}
        return base64.urlsafe_b64encode(json.dumps(token, separators=(",", ":")).encode()).decode().rstrip("=")

    def forgotten_version(self) -> str:
        self._own.custom_kind("leaderworkerset.x-k8s.io", "v1", "LeaderWorkerSet", "leaderworkersets")
        return "1"  # its cache begins where the kind was defined

    def add(self, content: dict[str, Any]) -> None:
        self._own.apply(content)

    def remove(self, name: str) -> None:
        self._own.client.delete(f"/api/v1/namespaces/{self.namespace}/configmaps/{name}")

    def run(self, pod: str, *, log: str, port: int, behind: tuple[str, int]) -> None:
        self._own.gpu_node("node")
        self._own.apply({**POD, "metadata": {"name": pod}})
        self._own.wait_ready(f"pod/{pod}")
        self._own.answer(pod, log=log, forward={port: behind[1]})

    def poor(self) -> str:
        rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]
        return str(self._own.account("poor", rules))

    def stranger(self) -> str:
        path = self._own.folder / "stranger.kubeconfig"
        return str(self._plane.write_kubeconfig(path, "no-such-token", {"test": self.namespace}))


POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "spec": {"containers": [{"name": "vllm", "image": "vllm/vllm-openai:v0.11.0"}]},
}
