"""A Kubernetes API server in this process: loopback, threads, objects in memory.

It answers the contract tests under `tests/cluster_contract` as a real one does, so it cannot drift from it. Beyond
those, `faults` make it do on request what a real one does on a bad day.
"""

import json
import socket
import ssl
import threading
from pathlib import Path
from typing import Any, Self

from tests.fakes.faults import Fault, Faults
from tests.fakes.kinds import BUILT_IN, DEFINED, Kind
from tests.fakes.listing import Lists
from tests.fakes.rights import Rights
from tests.fakes.serving import Handler, Listener
from tests.fakes.store import Object, Store
from tests.fakes.streaming import Exec, Ran

TOKEN = "admin-token"  # noqa: S105  # what the fake takes for its administrator


class ApiServer:
    """Start it with `with`; `add` objects; point a kubeconfig at it (`kubeconfig`). Without TLS everybody is `admin`, as
    behind `kubectl proxy`: no client sends credentials over plain HTTP.

    `aggregated`: answers the newer discovery document. `exec_protocols`: what it speaks, the first one preferred.
    `asked` are the requests so far, as `GET /api/v1/pods?limit=500`.
    """

    def __init__(
        self, *, without: tuple[str, ...] = (), aggregated: bool = True, tls: ssl.SSLContext | None = None
    ) -> None:
        self.kinds: tuple[Kind, ...] = (*BUILT_IN, *(kind for kind in DEFINED if kind.group not in without))
        self.aggregated = aggregated
        self.exec_protocols: tuple[str, ...] = ("v5.channel.k8s.io", "v4.channel.k8s.io")
        self.watch_gone_status = 200
        self.store = Store()
        self.lists = Lists(self.store)
        self.rights = Rights()
        self.faults = Faults()
        self.logs: dict[tuple[str, str, str, bool], bytes] = {}
        self.execs: dict[tuple[str, str, str], Exec] = {}
        self.ports: dict[tuple[str, str, int], tuple[str, int]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.closing = threading.Event()
        self.tls = tls
        self._listener: Listener | None = None
        self._port = 0
        for name in ("default", "kube-system"):
            self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._port}"

    def come_back(self) -> None:
        """Listen, on the same port as before."""
        self.closing.clear()
        self._listener = Listener(("127.0.0.1", self._port), Handler, self, self.tls)
        self._port = self._listener.server_address[1]
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()

    def go_away(self) -> None:
        """End every connection and listen no more, as a server that restarts. What is stored stays."""
        self.closing.set()
        self.faults.over.set()
        with self.store.changed:
            self.store.changed.notify_all()
        if self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener.hang_up()
            self._listener = None

    def add(self, content: Object) -> Object:
        """Make or replace an object, as a controller or another user would."""
        kind = self.kind_of(content["apiVersion"], content["kind"])
        namespace = (content["metadata"].get("namespace") or "default") if kind.namespaced else ""
        return self.store.put(kind, namespace, content)

    def remove(self, api_version: str, kind: str, namespace: str, name: str) -> None:
        self.store.delete(self.kind_of(api_version, kind), namespace, name)

    def log(self, namespace: str, pod: str, container: str, text: bytes, *, previous: bool = False) -> None:
        self.logs[namespace, pod, container, previous] = text

    def on_exec(self, namespace: str, pod: str, container: str, run: Exec | Ran) -> None:
        """What a command does in a container: always the same, or what `run` makes of its words."""
        self.execs[namespace, pod, container] = run if callable(run) else lambda _words: run

    def listen(self, namespace: str, pod: str, port: int, address: tuple[str, int]) -> None:
        """Which loopback address stands behind a pod's port, for port-forward and the pod proxy."""
        self.ports[namespace, pod, port] = address

    def fault(self, path: str, **what: Any) -> None:
        """See `faults.Fault`."""
        self.faults.add(Fault(path, **what))

    def kind_of(self, api_version: str, kind: str) -> Kind:
        return next(each for each in self.kinds if (each.api_version, each.kind) == (api_version, kind))

    def kubeconfig(self, folder: Path, *, namespace: str | None = None, ca: Path | None = None, **user: Any) -> str:
        """Write a kubeconfig with one context, `fake`, and give its path."""
        cluster: dict[str, Any] = {"server": self.url}
        if ca is not None:
            cluster["certificate-authority"] = str(ca)
        context = {"cluster": "fake", "user": "fake", **({"namespace": namespace} if namespace else {})}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": cluster}],
            "users": [{"name": "fake", "user": user or {"token": TOKEN}}],
            "contexts": [{"name": "fake", "context": context}],
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(content))
        return str(path)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
