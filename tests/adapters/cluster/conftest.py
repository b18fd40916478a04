"""An API server in this process, and a way to it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.session import Cluster
from tests.fakes.api_server import ApiServer


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the cluster, the proxy or the home of whoever runs it."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as api:
        yield api


@pytest.fixture
def cluster(server: ApiServer, tmp_path: Path) -> Iterator[Cluster]:
    with access.connect(kubeconfig=server.kubeconfig(tmp_path), deadline=20) as reached:
        yield reached


@pytest.fixture
def reader(cluster: Cluster) -> Reader:
    return Reader(cluster)


@pytest.fixture
def pods(server: ApiServer) -> Callable[[int], None]:
    """Make so many pods, all alike."""

    def make(count: int) -> None:
        for index in range(count):
            server.add(pod(f"chat-{index:04}"))

    return make


def pod(name: str, namespace: str = "prod", **spec: object) -> dict[str, object]:
    """A small pod."""
    content = {"containers": [{"name": "vllm", "image": "vllm/vllm-openai:v0.11.0"}], **spec}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "chat"}},
        "spec": content,
    }
