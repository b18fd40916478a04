"""One request after the other on a bad day: busy servers, broken connections, deadlines, interrupts."""

import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest

from skewguard.adapters.cluster import session
from skewguard.adapters.cluster.calls import Call
from skewguard.adapters.cluster.errors import ClusterError, Denied, Refused, TooSlow, Unreachable, Unusable
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import NODES, PODS
from skewguard.adapters.cluster.session import Cluster
from tests.fakes.api_server import ApiServer


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited each time; nothing is waited for."""
    waited: list[float] = []
    monkeypatch.setattr(Cluster, "rest", lambda _self, seconds: waited.append(seconds))
    return waited


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(reader: Reader, server: ApiServer, waits: list[float], status: int) -> None:
    """After as long as it asks for."""
    server.fault("/pods", status=status, headers=(("Retry-After", "3"),), times=2)
    assert list(reader.list(PODS, dict)) == []
    assert waits == [3.0, 3.0]


def test_a_status_says_how_long_too(reader: Reader, server: ApiServer, waits: list[float]) -> None:
    """A server that is behind asks for a second in its answer's details."""
    body = b'{"kind":"Status","reason":"Timeout","details":{"retryAfterSeconds":1},"code":504}'
    server.fault("/pods", status=504, body=body)
    assert list(reader.list(PODS, dict)) == []
    assert waits == [1.0]


def test_a_wait_beyond_the_deadline_is_not_begun(reader: Reader, server: ApiServer, waits: list[float]) -> None:
    """The error comes at once, with what the server said."""
    server.fault("/pods", status=429, headers=(("Retry-After", "3600"),), times=9)
    with pytest.raises(Unreachable, match=r"could not answer for pods \(429\)"):
        list(reader.list(PODS, dict))
    assert waits == []


@pytest.mark.parametrize("fault", [{"drop": True}, {"cut": True, "status": 200}])
def test_a_broken_connection_is_made_again(
    reader: Reader, server: ApiServer, waits: list[float], fault: dict[str, bool]
) -> None:
    """Where the server has answered before, a connection that breaks is one that broke."""
    assert list(reader.list(NODES, dict)) == []
    server.fault("/pods", times=3, **fault)
    assert list(reader.list(PODS, dict)) == []
    assert waits == [0.1, 0.2, 0.4]


def test_a_restart_in_the_middle_of_a_list(
    reader: Reader, server: ApiServer, pods: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that goes away between two pages and comes back has answered everything in the end."""
    pods(1200)
    monkeypatch.setattr(
        Cluster, "rest", lambda _self, _seconds: server.come_back() if server.closing.is_set() else None
    )
    seen = []
    for each in reader.list(PODS, dict):
        seen.append(each["metadata"]["name"])
        if len(seen) == 100:
            server.go_away()
    assert len(set(seen)) == len(seen) == 1200


def test_a_server_that_stays_away(
    reader: Reader, server: ApiServer, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for, not for ever."""
    monkeypatch.setattr(session, "RECONNECT_SECONDS", 0.3)
    assert list(reader.list(PODS, dict)) == []
    server.go_away()
    with pytest.raises(Unreachable, match="cannot be reached"):
        list(reader.list(PODS, dict))
    assert waits


def test_no_answer_ends_at_the_deadline(cluster: Cluster, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that says nothing is left when its time is over."""
    server.fault("/api/v1/pods", hang=True)
    call = Call("/api/v1/pods", "pods", "list pods", seconds=0.2)
    with pytest.raises(TooSlow, match="pods did not come from context fake"):
        cluster.ask(call)


def test_an_answer_that_drips_ends_at_the_deadline(cluster: Cluster, server: ApiServer) -> None:
    """A byte now and then does not keep a call alive."""
    server.fault("/api/v1/pods", status=200, body=b"x" * 100_000, drip=True)
    with pytest.raises(TooSlow, match="pods did not come from context fake"):
        cluster.ask(Call("/api/v1/pods", "pods", "list pods", seconds=0.2))


def test_an_answer_that_is_too_large(cluster: Cluster, server: ApiServer) -> None:
    """It is not read to its end."""
    # Every time: a connection that breaks on a busy machine is asked again.
    server.fault("/api/v1/pods", times=9, status=200, body=b"x" * 3_000_000)
    with pytest.raises(Unusable, match="larger than 1 MiB"):
        cluster.ask(Call("/api/v1/pods", "pods", "list pods", limit=2**20))


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (302, b"", Unusable, "a redirect"),
        (403, b'{"kind":"Status","reason":"Forbidden","message":"exceeded quota: small"}', Refused, "exceeded quota"),
        (403, b"<html>", Denied, "may not list pods"),
        (
            500,
            b'{"kind":"Status","message":"etcd: Bearer abcdefghijklmnopqrstuvwxyz0123"}',
            Refused,
            r"Bearer <redacted",
        ),
        (418, b"\x1b[31mteapot\x00", Refused, r"\(418\): \[31mteapot"),
    ],
)
def test_refusals_in_every_form(
    cluster: Cluster, server: ApiServer, status: int, body: bytes, error: type[ClusterError], words: str
) -> None:
    """The server's words, without secrets and control characters."""
    server.fault("/api/v1/pods", status=status, body=body)
    with pytest.raises(error, match=words):
        cluster.ask(Call("/api/v1/pods", "pods", "list pods"))


def test_a_change_is_not_sent_twice(cluster: Cluster, server: ApiServer, waits: list[float]) -> None:
    """Whether a change that broke off was made is not known, so it is not made again."""
    server.fault("/configmaps", drop=True)
    call = Call("/api/v1/namespaces/prod/configmaps", "a", "create configmaps", method="POST", body=b"{}")
    with pytest.raises(Unreachable):
        cluster.ask(call)
    assert len(server.asked) == 1
    assert waits == []


def test_tasks_side_by_side(reader: Reader) -> None:
    """Their results in order; no more than eight at a time."""
    busy, most, lock = 0, 0, threading.Lock()
    gate = threading.Barrier(8)

    def task(index: int) -> int:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        gate.wait(10)
        with lock:
            busy -= 1
        return index

    tasks = [partial(task, index) for index in range(24)]
    assert reader.each(tasks) == tuple(range(24))
    assert most == 8


def test_the_first_error_ends_all(reader: Reader) -> None:
    """Nothing is begun after it."""

    def fail() -> None:
        raise TooSlow("too late")

    with pytest.raises(TooSlow, match="too late"):
        reader.each([fail, *[fail] * 100])


def test_an_interrupt_stops_what_runs(reader: Reader, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever presses Ctrl-C does not wait for threads: their next step ends them."""
    server.fault("/pods", hang=True)
    ended = threading.Event()

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    def ask() -> None:
        try:
            list(reader.list(PODS, dict))
        finally:
            ended.set()

    monkeypatch.setattr(threading.Semaphore, "acquire", interrupt)
    with pytest.raises(KeyboardInterrupt):
        reader.each([ask])
    monkeypatch.undo()
    assert reader.cluster._stop.is_set()
    server.faults.over.set()
    assert ended.wait(10)


def test_nothing_heavy_is_imported_before_a_cluster_is_reached() -> None:
    """Rooms may name the reader and its errors at no cost: 155 ms more than the interpreter is a third of a check."""
    modules = "access, calls, discovery, errors, read, resources, review, signal, watching, write"
    program = f"import sys; from skewguard.adapters.cluster import {modules}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"lightkube", "httpx2", "httpcore2", "websockets", "ssl"} & set(done.stdout.split())
