"""What goes to pods: commands, forwarded ports, the proxy."""

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster import reach as reaching
from skewguard.adapters.cluster.errors import Denied, NotThere, Refused, Unreachable
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.session import Cluster
from tests.cluster_contract.benches import Bench


@pytest.fixture
def reach(cluster: Cluster, bench: Bench, engine: tuple[str, int]) -> Reach:
    bench.run("chat-0", log="INFO\n", port=8000, behind=engine)
    return Reach(cluster)


@pytest.mark.parametrize("protocols", [reaching.EXEC_PROTOCOLS, ("v4.channel.k8s.io",)])
def test_a_command(reach: Reach, bench: Bench, protocols: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its output and that it ended well, over the newer protocol and the older."""
    monkeypatch.setattr(reaching, "EXEC_PROTOCOLS", protocols)
    ran = reach.exec_(bench.namespace, "chat-0", "vllm", ["echo", "one two", "three&four"])
    assert (ran.stdout, ran.stderr, ran.code) == (b"one two three&four\n", b"", 0)


def test_a_command_that_cannot_be(reach: Reach, bench: Bench) -> None:
    """A pod or a container that is not there."""
    with pytest.raises(NotThere):
        reach.exec_(bench.namespace, "gone", "vllm", ["echo"])
    with pytest.raises(Refused, match="container other is not valid for pod chat-0"):
        reach.exec_(bench.namespace, "chat-0", "other", ["echo"])


def test_a_forwarded_port(reach: Reach, bench: Bench) -> None:
    """Requests with headers of one's own, one after the other on one connection."""
    with reach.forward(bench.namespace, "chat-0", 8000) as tunnel:
        for path in ("/v1/models", "/metrics"):
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer engine-key\r\n\r\n"
            tunnel.write(request.encode(), 10)
            came = b""
            while not came.endswith(b"engine-key"):
                came += tunnel.read(65536, 10)
            assert came.endswith(f"\r\n\r\n{path} Bearer engine-key".encode())


def test_a_port_that_leads_nowhere(reach: Reach, bench: Bench) -> None:
    """It says so on the channel of errors, and that becomes an error with its words."""
    with (
        pytest.raises(Unreachable, match=r"port 9 of pod .*/chat-0 cannot be reached"),
        reach.forward(bench.namespace, "chat-0", 9) as tunnel,
    ):
        tunnel.read(1, 10)


def test_a_proxy_to_nobody(reach: Reach, bench: Bench) -> None:
    """A pod that is not there is the API server's answer, and no engine's."""
    with pytest.raises(NotThere):
        reach.proxy_get(bench.namespace, "gone", 8000, "/metrics")


def test_rights_on_pods(bench: Bench) -> None:
    """Each way to a pod names the right that it needs."""
    with access.connect(kubeconfig=bench.poor(), deadline=60) as cluster:
        reach = Reach(cluster)
        with pytest.raises(Denied, match="pods/exec in namespace"):
            reach.exec_(bench.namespace, "chat-0", "vllm", ["echo"])
        with pytest.raises(Denied, match="pods/portforward in namespace"):
            reach.stream(bench.namespace, "chat-0", 8000, cluster.deadline)
        with pytest.raises(Denied, match="get pods/proxy in namespace"):
            reach.proxy_get(bench.namespace, "chat-0", 8000, "/metrics")
