"""One server of the engine: started with flags, waited for, and ended with everything below it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from msgspec import Struct

HERE = "127.0.0.1"


class NotStarted(Exception):
    """The server ended or was not ready in time; the message ends with its last lines."""


class RealEngine(Struct, frozen=True):
    """A server that answers. `log` is the file of what it has written so far, start included."""

    port: int
    log: Path
    flags: tuple[str, ...]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HERE}:{self.port}"


@contextmanager
def start(
    program: Sequence[str],
    flags: Sequence[str],
    *,
    log: Path,
    variables: Mapping[str, str] | None = None,
    deadline: float,
) -> Iterator[RealEngine]:
    """Serve until the block ends. `program` takes `flags`, `--host` and `--port`; `deadline` is in seconds from now."""
    port = _free_port()
    words = [*program, *flags, "--host", HERE, "--port", str(port)]
    keeper = [sys.executable, "-m", "tools.real_engine.keeping"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*keeper, *words],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(variables or {}),
            cwd=Path(__file__).resolve().parents[2],
        )
    try:
        _wait(process, port, log, deadline)
        yield RealEngine(port, log, tuple(flags))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def vllm(environment: Path, model: Path) -> list[str]:
    """The command that serves a checkpoint, without what a test varies."""
    return [str(environment / "bin" / "vllm"), "serve", str(model), "--enforce-eager"]


def variables_of(environment: Path) -> dict[str, str]:
    """What a server on a CPU needs to be told: 1 GiB for its KV cache, no hub, its caches beside its environment."""
    return {
        "VLLM_TARGET_DEVICE": "cpu",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CACHE_ROOT": str(environment / "cache"),
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(environment / "cache" / "huggingface"),
        "GLOO_SOCKET_IFNAME": "lo",
    }


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Ours without what would change the engine: its own variables, and the one that makes every start compile anew."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VLLM_", "HF_", "PYTHON", "LD_")) and name != "VIRTUAL_ENV"
    }
    return {**ours, **variables}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, deadline: float) -> None:
    until = time.monotonic() + deadline
    while not _healthy(port):
        if process.poll() is not None:
            raise NotStarted(f"it ended with {process.returncode}:\n{_tail(log)}")
        if time.monotonic() > until:
            raise NotStarted(f"it was not ready after {deadline:.0f} s:\n{_tail(log)}")
        time.sleep(0.2)


def _healthy(port: int) -> bool:
    connection = HTTPConnection(HERE, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-25:])
