"""Start and stop a control plane."""

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Self

import httpx2

from tools.control_plane import credentials, objects, waiting
from tools.control_plane.binaries import Binaries
from tools.control_plane.client import Refused
from tools.control_plane.plane import Plane
from tools.control_plane.processes import Process

DATA = Path(__file__).parent / "data"
START_S = 60.0
"""How long a start may take, all in all; it takes 3 s on two idle cores."""
STOP_S = 5.0
TRIES = 3
PODS = "127.77.0.1/16"
"""Where kwok takes pods' addresses from. Loopback: whoever dials one stays on this machine, and the API server's pod
proxy refuses (it would dial the pod from here, and any other address may lead out of this machine)."""
ANSWERS = {"Logs": "logs", "Exec": "execs", "PortForward": "portforwards"}
"""The kinds, and their plurals, by which kwok is told what a pod answers."""


class DidNotStart(Exception):
    """A program ended or was not ready in time; the message holds the end of every log."""


class PortTaken(DidNotStart):
    """Somebody else took a port between the moment when it was free and the one when a program wanted it."""


class ControlPlane:
    """Runs inside `with`; `plane` tells where. Everything it starts ends with it, also when it is killed (Linux).

    `users` are known from the start, each with its groups and without any right of its own; `admin` may do everything.
    Its state lies in `folder`, else in a temporary one that goes with it.
    """

    def __init__(
        self, binaries: Binaries, *, folder: Path | None = None, users: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._binaries = binaries
        self._temporary = folder is None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="skewguard-control-plane-"))
        self._groups = {credentials.ADMIN: ["system:masters"], **(users or {})}
        self._processes: list[Process] = []
        self._tokens = {name: token_hex(16) for name in self._groups}
        self._choose_ports()

    def _choose_ports(self) -> None:
        self._api, self._etcd, self._peer, self._kubelet = free_ports(4)
        server, etcd = f"https://127.0.0.1:{self._api}", f"http://127.0.0.1:{self._etcd}"
        self.plane = Plane(self._folder, server, self._binaries["kubectl"], self._tokens, etcd)

    def __enter__(self) -> Self:
        try:
            for _ in range(TRIES - 1):
                with suppress(PortTaken):
                    self._start()
                    return self
                self._stop_programs()
                self._choose_ports()
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self._write_credentials()
        self._start_etcd()
        self._start_apiserver()
        self._start_controllers()
        self._serve_answers()
        self._start_kwok()

    def stop(self) -> None:
        """Stop what runs, last started first; the logs stay unless the folder was a temporary one."""
        self._stop_programs()
        shutil.rmtree(self._folder if self._temporary else self._folder / "etcd", ignore_errors=True)

    def _stop_programs(self) -> None:
        while self._processes:
            self._processes.pop().stop(STOP_S)

    def restart_apiserver(self, *, while_away: Callable[[], object] | None = None) -> None:
        """End the API server as an upgrade does (SIGTERM), call `while_away`, and start it again at the same address.

        A controller that finds no API server ends (kube-controller-manager does while it is still initializing); in a
        cluster the kubelet starts it again, here this does.
        """
        server = self.program("kube-apiserver")
        server.stop(STOP_S)
        if while_away is not None:
            while_away()
        server.start()
        self._wait_until(self._apiserver_is_ready, server)
        for process in self._processes:
            if process.ended:
                process.start()

    def suspend_apiserver(self) -> None:
        """Connections stay open and nothing answers, until `resume_apiserver`."""
        self.program("kube-apiserver").signal(signal.SIGSTOP)

    def resume_apiserver(self) -> None:
        """Go on as if nothing had been."""
        self.program("kube-apiserver").signal(signal.SIGCONT)

    def program(self, name: str) -> Process:
        """The one of its programs that has this name."""
        [process] = [process for process in self._processes if process.name == name]
        return process

    def _write_credentials(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        plane = self.plane
        credentials.write_secret(self._folder / "sa.key", credentials.signing_key())
        credentials.write_secret(self._folder / "tokens.csv", credentials.tokens_csv(plane.users, self._groups))
        for name, token in plane.users.items():
            plane.write_kubeconfig(plane.kubeconfig_of(name), token, {"test": "default"})

    def _run(self, name: str, words: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        command = [str(self._binaries[name]), *words]
        self._processes.append(Process(name, command, self._folder, environment))

    def _start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self._etcd}", f"http://127.0.0.1:{self._peer}"
        self._run(
            "etcd",
            [
                f"--data-dir={self._folder / 'etcd'}",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=default={peer}",
                "--unsafe-no-fsync",  # a test's cluster need not survive a power cut
                "--log-level=warn",
            ],
        )

    def _start_apiserver(self) -> None:
        self._run(
            "kube-apiserver",
            [
                f"--etcd-servers=http://127.0.0.1:{self._etcd}",
                f"--secure-port={self._api}",
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",  # a machine without a default route has none to find
                "--cert-dir=certs",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--service-account-key-file=sa.key",
                "--service-account-signing-key-file=sa.key",
                "--service-account-issuer=https://kubernetes.default.svc",
                "--token-auth-file=tokens.csv",
                "--authorization-mode=Node,RBAC",
                "--enable-admission-plugins=PodTolerationRestriction",  # machines that belong to a namespace
                "--endpoint-reconciler-type=none",
            ],
        )
        self._wait_until(self._apiserver_is_ready, *self._processes)

    def _wait_until(self, ready: Callable[[], bool], *needed: Process) -> None:
        """Until the last of the programs that this needs is ready, while all of them run."""
        end = time.monotonic() + START_S
        while not ready():
            ended = [process.name for process in needed if process.ended]
            if ended or time.monotonic() > end:
                what = f"{ended[0]} ended" if ended else f"{needed[-1].name} is not ready after {START_S:g} s"
                logs = self.plane.logs()
                raise (PortTaken if "address already in use" in logs else DidNotStart)(f"{what}\n{logs}")
            time.sleep(0.05)

    def _apiserver_is_ready(self) -> bool:
        """/readyz says `ok`: any other answer (401, 500) only shows that something listens."""
        if not self.plane.authority.is_file():
            return False
        try:
            with self.plane.client() as client:
                return client.send("GET", "/readyz") == "ok"
        except (Refused, httpx2.TransportError, OSError):
            return False

    def _start_controllers(self) -> None:
        words = [f"--kubeconfig={self.plane.kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1"]
        # Nobody asks them for metrics, so they need no port; and 5,000 workloads are made in one go.
        words += ["--secure-port=0", "--kube-api-qps=2000", "--kube-api-burst=4000"]
        patient = "--node-monitor-grace-period=10m"  # on a busy machine a heartbeat may be late
        self._run("kube-controller-manager", [*words, "--service-account-private-key-file=sa.key", patient])
        self._run("kube-scheduler", words)

    def _serve_answers(self) -> None:
        group, version = "kwok.x-k8s.io", "v1alpha1"
        with self.plane.client() as client:
            client.apply(*(objects.custom_kind(group, version, kind, plural) for kind, plural in ANSWERS.items()))
            for plural in ANSWERS.values():
                waiting.ready(client, f"customresourcedefinition/{plural}.{group}", None, START_S)

    def _start_kwok(self) -> None:
        parts = [path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.yaml"))]
        (self._folder / "kwok.yaml").write_text("---\n".join(parts), encoding="utf-8")
        certificate, key = self.plane.authority, self.plane.authority.with_suffix(".key")
        # It looks up what is executed in a pod in its own PATH: the programs that a pod has, first.
        environment = {**os.environ, "PATH": f"{DATA / 'bin'}:{os.environ.get('PATH', os.defpath)}"}
        self._run(
            "kwok",
            [
                f"--kubeconfig={self.plane.kubeconfig}",
                "--config=kwok.yaml",
                "--v=WARN",
                f"--enable-crds={','.join(ANSWERS)}",
                "--manage-all-nodes=false",
                f"--manage-nodes-with-annotation-selector={objects.FAKE}=fake",
                f"--cidr={PODS}",
                "--node-ip=127.0.0.1",
                f"--node-port={self._kubelet}",
                f"--server-address=127.0.0.1:{self._kubelet}",
                f"--tls-cert-file={certificate}",
                f"--tls-private-key-file={key}",
            ],
            environment,
        )
        self._wait_until(lambda: _listens(self._kubelet), *self._processes)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(number: int) -> list[int]:
    """Ports of loopback that nothing listens at, as the kernel gives them out; all different."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
