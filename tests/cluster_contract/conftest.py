"""The same tests against the API server in this process and against a real one, so that the former cannot drift."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.session import Cluster
from tests.cluster.conftest import control_plane, programs  # noqa: F401  # fixtures
from tests.cluster_contract.benches import Bench, FakeBench, RealBench
from tests.fakes.api_server import ApiServer


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.cluster)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    if request.param == "fake":
        with ApiServer() as server:
            yield FakeBench(server, tmp_path)
    else:
        with request.getfixturevalue("control_plane").namespace() as namespace:
            yield RealBench(request.getfixturevalue("control_plane"), namespace)


@pytest.fixture
def cluster(bench: Bench) -> Iterator[Cluster]:
    with access.connect(kubeconfig=bench.kubeconfig, deadline=60) as reached:
        yield reached


@pytest.fixture
def reader(cluster: Cluster) -> Reader:
    return Reader(cluster)


@pytest.fixture
def engine() -> Iterator[tuple[str, int]]:
    """An HTTP server that answers with the path and the Authorization that it was asked with."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as listening:
        listening.daemon_threads = True
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        yield "127.0.0.1", listening.server_address[1]
        listening.shutdown()


class _Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        body = f"{self.path} {self.headers.get('Authorization')}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
