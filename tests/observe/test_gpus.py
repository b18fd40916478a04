"""Looks at GPUs: an exporter on loopback, and commands in a container of a fake API server."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.endpoints import Direct
from skewguard.language.baselines import Devices
from skewguard.language.running import Unread
from skewguard.observe.sources import gpus
from tests.fakes.api_server import ApiServer
from tests.fakes.pages import Pages
from tests.fakes.streaming import Ran
from tests.observe.live import made

MIB = 2**20


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A cluster with one pod."""
    with ApiServer() as running:
        running.add(made.pod(made.replica_set(made.deployment("chat")), "chat-0"))
        yield running


def _looked(server: ApiServer, tmp_path: Path, programs: dict[str, Ran], times: int = 1) -> Devices | Unread:
    """What the last of so many looks shows, in a container with these programs."""
    server.on_exec("prod", "chat-0", "vllm", lambda words: programs.get(words[0], Ran(code=127)))
    with access.connect(kubeconfig=server.kubeconfig(tmp_path, namespace="prod"), deadline=60) as cluster:
        look = gpus.command(Reach(cluster), "prod", "chat-0", "vllm")
        return [look() for _ in range(times)][-1]


def test_nvidia_smi_in_the_container_shows_its_gpus(server: ApiServer, tmp_path: Path) -> None:
    """Both GPUs of the pod, and where it comes from."""
    found = _looked(server, tmp_path, {"nvidia-smi": Ran(b"80, 1024\n20, 2048\n")})

    assert isinstance(found, Devices)
    assert (found.utilization, found.memory_used) == ((0.8, 0.2), (1024.0 * MIB, 2048.0 * MIB))
    assert (found.origin.kind, found.origin.ref) == ("exec", "nvidia-smi in pod chat-0")


def test_rocm_smi_is_run_where_there_is_no_nvidia_smi(server: ApiServer, tmp_path: Path) -> None:
    """The program that answered once is the only one that is run from then on."""
    found = _looked(server, tmp_path, {"rocm-smi": Ran(b'{"card0": {"GPU use (%)": "50"}}')}, times=2)

    assert isinstance(found, Devices)
    assert found.utilization == (0.5,)


def test_container_without_programs_is_unread(server: ApiServer, tmp_path: Path) -> None:
    """An image without either tells nothing, and it is said."""
    found = _looked(server, tmp_path, {})

    assert isinstance(found, Unread)
    assert (found.what, found.reason) == ("nvidia-smi in pod chat-0", "it ended with exit code 127")


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b'DCGM_FI_DEV_GPU_UTIL{pod="other"} 5\n', gpus._WITHOUT),
        (b"up 1\n", gpus._WITHOUT),
        (404, "it answers 404: there is no such path"),
    ],
)
def test_exporter_that_does_not_show_the_pods_is_unread(page: bytes | int, reason: str) -> None:
    """GPUs of others are not theirs."""
    with Pages(lambda _: page) as server, closing(Direct(server.url)) as way:
        found = gpus.exporter(way, pods=("chat-0",))()

    assert isinstance(found, Unread)
    assert found.reason == reason


def test_exporter_shows_every_gpu_where_no_pod_is_named() -> None:
    """On a machine without Kubernetes all GPUs count."""
    with Pages(lambda _: b'DCGM_FI_DEV_GPU_UTIL{gpu="0"} 5\n') as server, closing(Direct(server.url)) as way:
        found = gpus.exporter(way)()

    assert isinstance(found, Devices)
    assert found.utilization == (0.05,)
