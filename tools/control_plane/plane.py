"""A control plane that runs, seen by those who use it: where it is, and what its administrator can ask of it."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import httpx2
from msgspec import Struct

from tools.control_plane import credentials
from tools.control_plane.client import Client
from tools.control_plane.namespaces import Namespace


class Plane(Struct, frozen=True):
    """Where a control plane is: enough to use it from any process of this machine. Written as JSON between processes.

    `users` are the tokens of those who were there from the start, by name; `admin` may do everything.
    """

    folder: Path
    server: str
    kubectl_path: Path
    users: Mapping[str, str]
    etcd: str = ""

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.kubeconfig_of(credentials.ADMIN)

    @property
    def authority(self) -> Path:
        """The certificate by which its server is known."""
        return self.folder / "certs" / "apiserver.crt"

    def kubeconfig_of(self, user: str) -> Path:
        """The kubeconfig of a user that was there from the start."""
        return self.folder / f"{user}.kubeconfig"

    def write_kubeconfig(self, path: Path, token: str, contexts: Mapping[str, str]) -> Path:
        """Another kubeconfig: a token, and contexts by name with their namespaces, the first of them current."""
        credentials.write_secret(path, credentials.kubeconfig(self.server, self.authority, token, contexts))
        return path

    def client(self, user: str = credentials.ADMIN) -> Client:
        """A client of one user; it is a context manager."""
        return Client(self.server, self.authority, self.users[user])

    def kubectl(self, *words: str, user: str = credentials.ADMIN, deadline_s: float = 30) -> str:
        """What kubectl prints; raises `CalledProcessError` with what it complained of."""
        command = [str(self.kubectl_path), "--kubeconfig", str(self.kubeconfig_of(user)), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=deadline_s, check=True)
        return done.stdout

    def forget_versions(self) -> None:
        """Compact etcd, as the API server does every five minutes: lists of earlier versions cannot go on."""
        now = httpx2.post(f"{self.etcd}/v3/kv/range", json={"key": "AA==", "count_only": True}, trust_env=False)
        asked = {"revision": now.json()["header"]["revision"], "physical": True}
        httpx2.post(f"{self.etcd}/v3/kv/compaction", json=asked, trust_env=False)  # refused: somebody did it just now

    @contextmanager
    def forwarded(self, namespace: str, pod: str, port: int) -> Iterator[int]:
        """A loopback port that kubectl forwards to a pod's, as long as the context lasts."""
        words = ["port-forward", "-n", namespace, pod, f":{port}"]
        command = [str(self.kubectl_path), "--kubeconfig", str(self.kubeconfig), *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                said = process.stdout.readline()  # Forwarding from 127.0.0.1:41234 -> 8000
                yield int(said.split(" -> ")[0].rpartition(":")[2])
            finally:
                process.terminate()

    @contextmanager
    def namespace(self, name: str | None = None, labels: Mapping[str, str] | None = None) -> Iterator[Namespace]:
        """A namespace of one's own, ready for pods, with what belongs to it; removed at the end (not waited for).

        Without a name it gets one that nobody else has.
        """
        with self.client() as client:
            name = name or f"test-{token_hex(3)}"
            namespace = Namespace(client, name, self.folder / name, self.write_kubeconfig)
            namespace.create(labels or {})
            try:
                yield namespace
            finally:
                namespace.remove()

    def logs(self) -> str:
        """The end of what each program of it printed, for a failure's report."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            parts.append(f"--- {path}\n" + "\n".join(line[:300] for line in lines[-12:]))
        return "\n".join(parts)
