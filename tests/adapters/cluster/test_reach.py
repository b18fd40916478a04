"""Commands in containers, forwarded ports and the pod proxy."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpcore2
import pytest

from skewguard.adapters.cluster import access, sockets
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import Denied, NotThere, Refused, TooSlow, Unreachable
from skewguard.adapters.cluster.reach import Ran, Reach
from skewguard.adapters.cluster.session import Cluster
from tests.adapters.cluster.conftest import pod
from tests.fakes.api_server import ApiServer, free_port
from tests.fakes.streaming import Ran as Does


@pytest.fixture
def reach(cluster: Cluster, server: ApiServer) -> Reach:
    server.add(pod("chat-0"))
    return Reach(cluster)


@pytest.fixture
def engine() -> Iterator[tuple[str, int]]:
    """An HTTP server that tells which path and which Authorization it was asked with."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            body = f"{self.path} {self.headers.get('Authorization')}".encode()
            self.send_response(404 if self.path == "/missing" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        yield "127.0.0.1", listening.server_address[1]
        listening.shutdown()


@pytest.mark.parametrize("protocols", [("v5.channel.k8s.io", "v4.channel.k8s.io"), ("v4.channel.k8s.io",)])
@pytest.mark.parametrize("code", [0, 3])
def test_a_command_with_its_output_and_exit_code(
    reach: Reach, server: ApiServer, protocols: tuple[str, ...], code: int
) -> None:
    """Both outputs and the exit code come back, over the newer protocol and the older."""
    server.exec_protocols = protocols
    server.on_exec("prod", "chat-0", "vllm", lambda words: Does(" ".join(words).encode() * 9000, b"warning", code))
    ran = reach.exec_("prod", "chat-0", "vllm", ["nvidia-smi", "--query gpu"])
    assert ran == Ran(b"nvidia-smi --query gpu" * 9000, b"warning", code)


def test_a_flood_of_output_is_cut(reach: Reach, server: ApiServer) -> None:
    """More output than was asked for is not kept, and the exit code is then not known."""
    server.on_exec("prod", "chat-0", "vllm", Does(b"x" * 500_000))
    ran = reach.exec_("prod", "chat-0", "vllm", ["yes"], most_bytes=1000)
    assert (ran.stdout, ran.code, ran.cut) == (b"x" * 1000, None, True)


def test_a_connection_that_ends_without_a_status(reach: Reach, server: ApiServer) -> None:
    """Whoever does not hear how a command ended does not claim that it ended well."""
    server.on_exec("prod", "chat-0", "vllm", Does(b"half", code=None))
    assert reach.exec_("prod", "chat-0", "vllm", ["cat"]) == Ran(b"half", b"", None)


def test_refusals_of_a_command(reach: Reach, server: ApiServer) -> None:
    """A missing pod, a container that is none, a missing right: each its own error."""
    with pytest.raises(NotThere, match="a command in container vllm of pod prod/gone"):
        reach.exec_("prod", "gone", "vllm", ["ls"])
    with pytest.raises(Refused, match="container other is not valid for pod chat-0"):
        reach.exec_("prod", "chat-0", "other", ["ls"])
    server.rights.deny("create", "pods/exec")
    with pytest.raises(Denied) as caught:
        reach.exec_("prod", "chat-0", "vllm", ["ls"])
    assert caught.value.right == "create pods/exec in namespace prod"


def test_a_command_that_does_not_end(reach: Reach, server: ApiServer) -> None:
    """The deadline ends it, not the container."""

    def hang(_words: list[str]) -> Does:
        server.closing.wait()
        return Does()

    server.on_exec("prod", "chat-0", "vllm", hang)
    with pytest.raises(TooSlow, match=r"a command in container vllm of pod prod/chat-0 did not come"):
        reach.exec_("prod", "chat-0", "vllm", ["sleep", "inf"], seconds=0.2)


def test_several_requests_through_a_forwarded_port(reach: Reach, server: ApiServer, engine: tuple[str, int]) -> None:
    """An HTTP client of httpcore2 speaks through it, with headers of its own, which arrive unchanged."""
    server.listen("prod", "chat-0", 8000, engine)

    class Backend(httpcore2.NetworkBackend):
        def connect_tcp(self, host: str, port: int, *args: object, **kwargs: object) -> httpcore2.NetworkStream:
            return reach.stream("prod", "chat-0", port, Deadline.after(10))

    headers = [("Authorization", "Bearer engine-key"), ("Host", "localhost")]
    with httpcore2.ConnectionPool(network_backend=Backend()) as pool:
        first = pool.request("GET", "http://localhost:8000/v1/models", headers=headers)
        second = pool.request("GET", "http://localhost:8000/metrics", headers=headers)
    assert (first.status, first.content) == (200, b"/v1/models Bearer engine-key")
    assert second.content == b"/metrics Bearer engine-key"
    assert len([line for line in server.asked if "portforward" in line]) == 1


def test_a_tunnel_that_ended_is_not_used_again(server: ApiServer, engine: tuple[str, int], tmp_path: Path) -> None:
    """The pod goes while its connection rests: the next question gets a connection of its own, and no strange error."""
    server.add(pod("chat-0"))
    server.listen("prod", "chat-0", 8000, engine)
    with (
        access.connect(kubeconfig=server.kubeconfig(tmp_path), deadline=20) as cluster,
        Reach(cluster).forward("prod", "chat-0", 8000) as tunnel,
    ):
        tunnel.write(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 5)
        assert tunnel.read(65536, 5)
        assert not tunnel.get_extra_info("is_readable")
        server.go_away()
        with contextlib.suppress(httpcore2.NetworkError):
            while tunnel.read(65536, 5):
                continue
        assert tunnel.get_extra_info("is_readable")


def test_nothing_is_sent_into_a_websocket_that_was_closed() -> None:
    """The library's own error would be nobody's to expect."""

    class Closed(httpcore2.NetworkStream):
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return b"\x88\x02\x03\xe8"

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            """Take it."""

        def close(self) -> None:
            """Go."""

    channels = sockets.Channels(Closed(), "v4.channel.k8s.io", ExitStack())
    assert channels.receive(5) is None
    with pytest.raises(httpcore2.WriteError):
        channels.send(0, b"GET", 5)


def test_a_stream_of_bytes(reach: Reach, server: ApiServer, engine: tuple[str, int]) -> None:
    """What is written arrives, what comes back is read, in pieces as small as one likes."""
    server.listen("prod", "chat-0", 8000, engine)
    with reach.forward("prod", "chat-0", 8000) as tunnel:
        tunnel.write(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n", 5)
        came = b""
        while not came.endswith(b"/x None"):
            came += tunnel.read(7, 5)
    assert came.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_port_that_nobody_listens_on(reach: Reach) -> None:
    """The kubelet's words, and which port of which pod."""
    with (
        pytest.raises(Unreachable, match=r"port 9 of pod prod/chat-0 cannot be reached.*connection refused"),
        reach.forward("prod", "chat-0", 9) as tunnel,
    ):
        tunnel.read(1, 5)


def test_a_forwarded_port_that_says_nothing(reach: Reach, server: ApiServer, engine: tuple[str, int]) -> None:
    """A read ends at its timeout, in the exception that HTTP clients know."""
    server.listen("prod", "chat-0", 8000, engine)
    with reach.forward("prod", "chat-0", 8000) as tunnel, pytest.raises(httpcore2.ReadTimeout):
        tunnel.read(1, 0.1)


def test_the_pod_proxy_gives_what_the_pod_answers(reach: Reach, server: ApiServer, engine: tuple[str, int]) -> None:
    """Also a 404 of the pod itself, which is an answer; its query arrives, `Authorization` does not."""
    server.listen("prod", "chat-0", 8000, engine)
    assert reach.proxy_get("prod", "chat-0", 8000, "/metrics?name=a").body == b"/metrics?name=a None"
    assert reach.proxy_get("prod", "chat-0", 8000, "/missing").status == 404


def test_the_pod_proxy_says_what_the_api_server_says(reach: Reach, server: ApiServer) -> None:
    """A pod that is gone, a port that nobody listens on, a missing right: errors, and no answers of an engine."""
    with pytest.raises(NotThere):
        reach.proxy_get("prod", "gone", 8000, "/metrics")
    server.listen("prod", "chat-0", 8000, ("127.0.0.1", free_port()))
    with pytest.raises(Unreachable, match="error trying to reach service"):
        reach.proxy_get("prod", "chat-0", 8000, "/metrics")
    server.rights.deny("get", "pods/proxy")
    with pytest.raises(Denied, match="may not get pods/proxy in namespace prod"):
        reach.proxy_get("prod", "chat-0", 8000, "/metrics")
