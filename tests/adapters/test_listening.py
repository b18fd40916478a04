"""The small server behind `check --listen`: fixed paths, one answer at a time, and nothing of a request is obeyed."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from skewguard.adapters import listening
from skewguard.adapters.listening import Reply
from skewguard.language.errors import UsageError

DONE = Reply(200, b'{"exit_code":0}')


@contextmanager
def served(paths: Mapping[str, Callable[[], Reply]]) -> Iterator[int]:
    """A server of these paths in a thread; its port."""
    with listening.listening("0", paths) as (server, url):
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield int(url.rpartition(":")[2])
        finally:
            server.shutdown()
            thread.join()


def ask(port: int, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes, Mapping[str, str]]:
    """One request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", b'{"name": "chat", "phase": "Progressing"}')])
def test_a_path_is_answered(method: str, body: bytes | None) -> None:
    """By GET and by a webhook's POST, whatever it holds, and with a query that nobody reads."""
    with served({"/": lambda: DONE}) as port:
        status, answer, headers = ask(port, "/?run=rm", method, body)
    assert (status, answer) == (200, DONE.body)
    assert headers["Cache-Control"] == "no-store"
    assert headers["Server"].strip() == "skewguard"


def test_another_path_is_not_there() -> None:
    """Nothing but what was configured can be asked for."""
    with served({"/": lambda: DONE}) as port:
        assert ask(port, "/../etc/passwd")[0] == 404


def test_a_second_run_is_told_to_come_again() -> None:
    """An engine is never loaded twice at once; whether it is alive is told meanwhile."""
    begun, over = threading.Event(), threading.Event()

    def slow() -> Reply:
        begun.set()
        over.wait(20)
        return DONE

    with served({"/": slow}) as port:
        first = threading.Thread(target=ask, args=(port, "/"))
        first.start()
        assert begun.wait(20)
        status, _, headers = ask(port, "/")
        healthy = ask(port, "/healthz")[0]
        over.set()
        first.join()
        again = ask(port, "/")[0]
    assert (status, headers["Retry-After"]) == (503, "10")
    assert (healthy, again) == (200, 200)


@pytest.mark.parametrize("length", ["70000", "-1", "x", "9" * 5000])
def test_a_body_that_is_too_large_is_refused(length: str) -> None:
    """Before it is read."""
    with served({"/": lambda: DONE}) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert wire.recv(100).startswith(b"HTTP/1.0 413")


@pytest.mark.parametrize("place", ["", "x", "70000", "host:", "127.0.0.1:x"])
def test_a_place_that_cannot_be_meant_is_refused(place: str) -> None:
    """With how it is written."""
    with pytest.raises(UsageError, match="no place to listen at"):
        listening.place_of(place)


@pytest.mark.parametrize(
    ("text", "place"),
    [("8080", ("127.0.0.1", 8080)), ("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:9", ("::1", 9))],  # noqa: S104
)
def test_a_place_is_this_machine_alone_unless_it_is_named(text: str, place: tuple[str, int]) -> None:
    """Nobody opens a port to the network by leaving a word out."""
    assert listening.place_of(text) == place


def test_a_place_that_is_taken_is_told() -> None:
    """And not a traceback."""
    with (
        served({}) as port,
        pytest.raises(UsageError, match="nothing can listen"),
        listening.listening(str(port), {}),
    ):
        pass


@pytest.mark.parametrize("begin", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n"])
def test_a_request_that_trickles_is_hung_up_on(monkeypatch: pytest.MonkeyPatch, begin: bytes) -> None:
    """However often a byte comes, so that it holds up no end; and what broke off runs nothing."""
    monkeypatch.setattr(listening, "READ_S", 0.3)
    ran: list[int] = []

    def run() -> Reply:
        ran.append(1)
        return DONE

    with served({"/": run}) as port, socket.create_connection(("127.0.0.1", port), timeout=0.02) as wire:
        wire.sendall(begin)
        assert hung_up(wire)
    assert ran == []


def hung_up(wire: socket.socket) -> bool:
    """Whether the other side closes while a byte is sent again and again."""
    for _ in range(1000):
        try:
            wire.sendall(b"x")
            if not wire.recv(100):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def test_a_body_of_no_stated_length_is_refused() -> None:
    """It could not be told from the next request."""
    with served({"/": lambda: DONE}) as port, socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert wire.recv(100).startswith(b"HTTP/1.0 411")


def test_too_many_connections_are_closed_and_the_next_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads are not made without end."""
    monkeypatch.setattr(listening, "MOST_AT_ONCE", 1)
    with served({"/": lambda: DONE}) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as first:
            first.sendall(b"GET")
            with socket.create_connection(("127.0.0.1", port), timeout=10) as second:
                assert second.recv(10) == b""
        while True:  # until the first is given up
            with socket.create_connection(("127.0.0.1", port), timeout=10) as third:
                third.sendall(b"GET / HTTP/1.0\r\n\r\n")
                with contextlib.suppress(ConnectionError):
                    if third.recv(20):
                        break
