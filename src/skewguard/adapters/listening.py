"""A small HTTP server that answers a few fixed questions: what a controller asks that gates a rollout.

Whoever asks chooses a path and nothing else: neither query nor body is looked at. One answer is worked out at a time, and who
asks meanwhile is told to come again. Not for the open network: there is no TLS and no key in it, and by default it listens on
this machine alone.
"""

import signal
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, SHUT_RDWR
from typing import Any

from msgspec import Struct

from skewguard.language.errors import UsageError

READ_S = 10.0
"""Seconds in which a request must be there, however slowly it comes."""
MOST_AT_ONCE = 64
"""Connections that are listened to at once; beyond, one is closed without an answer."""
MOST_BODY = 64 * 2**10
"""Bytes of a body that are taken from the wire, and thrown away: Flagger sends its canary and metadata."""
AGAIN_S = 10
"""Seconds after which to ask again while another answer is worked out."""
_DIGITS = 9
LOOPBACK = "127.0.0.1"


class Reply(Struct, frozen=True):
    """What is answered."""

    status: int
    body: bytes
    media_type: str = "application/json"


HEALTHY = Reply(200, b"ok\n", "text/plain")
BUSY = Reply(503, b'{"error":"another run is under way: ask again later"}\n')
NOWHERE = Reply(404, b'{"error":"there is no such path"}\n')
TOO_LARGE = Reply(413, b'{"error":"the body is larger than anything that is expected here"}\n')
UNMEASURED = Reply(411, b'{"error":"a body needs a Content-Length"}\n')
BROKEN = Reply(500, b'{"error":"an internal error; the log tells more"}\n')

Answering = Callable[[], Reply]


def place_of(text: str) -> tuple[str, int]:
    """`[HOST:]PORT` as host and port; without a host, this machine alone. Raises `UsageError`."""
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{text!r} is no place to listen at", hint="write PORT, HOST:PORT or [IPv6]:PORT")
    return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port)


def serve(place: str, paths: Mapping[str, Answering], said: Callable[[str], None]) -> None:
    """Answer at these paths, and at `/healthz`, until the process is told to end. Raises `UsageError` for a place that is taken.

    `said` is told once where it listens. A run that is under way when the process is told to end is finished first.
    """
    with listening(place, paths) as (server, url):
        said(url)
        with _ended_by_signals(server):
            server.serve_forever(poll_interval=0.2)


@contextmanager
def listening(place: str, paths: Mapping[str, Answering]) -> Iterator[tuple[ThreadingHTTPServer, str]]:
    """The server at its place, and its URL; it answers once `serve_forever` runs."""
    host, port = place_of(place)
    try:
        server = _server(host, port, paths)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "that is no name of a host"
        raise UsageError(
            f"nothing can listen at {place}: {why}", hint="choose another port, or an address of this machine"
        ) from None
    shown = f"[{host}]" if ":" in host else host
    try:
        yield server, f"http://{shown}:{server.server_address[1]}"
    finally:
        server.server_close()


def _server(host: str, port: int, paths: Mapping[str, Answering]) -> ThreadingHTTPServer:
    class Server(ThreadingHTTPServer):
        address_family = AF_INET6 if ":" in host else ThreadingHTTPServer.address_family
        daemon_threads = False  # what is under way is finished

        def process_request(self, request: Any, client_address: Any) -> None:
            """In a thread of its own, where there are not too many already."""
            if not places.acquire(blocking=False):
                self.shutdown_request(request)
                return
            super().process_request(request, client_address)

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            """To its end."""
            try:
                super().process_request_thread(request, client_address)
            finally:
                places.release()

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Nothing of a client that went away; anything else is a defect, and is logged."""
            if not isinstance(sys.exc_info()[1], OSError):
                super().handle_error(request, client_address)

    running, places = threading.Lock(), threading.BoundedSemaphore(MOST_AT_ONCE)

    class Handler(_Handler):
        def answer(self, path: str) -> Reply:
            return _answer(path, paths, running)

    return Server((host, port), Handler)


def _answer(path: str, paths: Mapping[str, Answering], running: threading.Lock) -> Reply:
    if path == "/healthz":
        return HEALTHY
    if path not in paths:
        return NOWHERE
    if not running.acquire(blocking=False):
        return BUSY
    try:
        return paths[path]()
    finally:
        running.release()


class _Handler(BaseHTTPRequestHandler, ABC):
    """One request: HTTP/1.0, so that a connection ends with its answer."""

    server_version, sys_version = "skewguard", ""
    timeout = READ_S

    def setup(self) -> None:
        """A request that is not there in time has its connection closed, a byte now and then or not."""
        super().setup()
        self._late = threading.Timer(READ_S, self._hang_up)
        self._late.daemon = True
        self._late.start()

    def finish(self) -> None:
        """Whatever came of it."""
        self._late.cancel()
        super().finish()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(SHUT_RDWR)

    @abstractmethod
    def answer(self, path: str) -> Reply:
        """What is answered at a path."""

    def do_GET(self) -> None:
        """Any question; `do_POST` is the same."""
        self._reply()

    def do_POST(self) -> None:
        """A webhook: its body is read, and not looked at."""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") is not None:
            self._send(UNMEASURED)
        elif not length.isdecimal() or len(length) > _DIGITS or int(length) > MOST_BODY:
            self._send(TOO_LARGE)
        elif len(self.rfile.read(int(length))) == int(length):  # one that broke off asked for nothing
            self._reply()

    def _reply(self) -> None:
        self._late.cancel()
        try:
            reply = self.answer(self.path.partition("?")[0])
        except Exception:
            self._send(BROKEN)
            raise
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Cache-Control", "no-store")
        if reply.status == BUSY.status:
            self.send_header("Retry-After", str(AGAIN_S))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *arguments: Any) -> None:  # its name in the standard library
        """Nothing: what was found is logged by whoever found it."""


@contextmanager
def _ended_by_signals(server: ThreadingHTTPServer) -> Iterator[None]:
    """SIGTERM and SIGINT end the server; what is under way is finished before the process ends."""

    def end(_number: int, _frame: Any) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()  # in this thread it would wait for itself

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
