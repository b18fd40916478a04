"""An HTTP server on a loopback port that answers as a recorded one did."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from msgspec import Struct

from tools.replay.recordings import Answer, Recording

_NOT_FOUND = Answer(404, (("content-type", "application/json"),), b'{"detail":"Not Found"}')
"""What both servers answer to a path that they do not have."""

_NO_KEY = Answer(401, (("content-type", "application/json"),), b'{"error":"Unauthorized"}')

_SET_ANEW = ("content-length", "connection", "transfer-encoding", "date", "server")


class Served(Struct, frozen=True):
    """A recording that is being played: where, and every request that came (method and target), in order."""

    url: str
    port: int
    asked: list[tuple[str, str]]


@contextmanager
def serving(
    recording: Recording, *, port: int = 0, host: str = "127.0.0.1", delay_s: float = 0.0, api_key: str | None = None
) -> Iterator[Served]:
    """Play a recording until the block ends.

    `port` 0 takes a free one. `delay_s` passes before each answer. With `api_key`, requests that the engine guards and
    that bear no such key are answered 401: vLLM guards what lies under `/v1`, SGLang all but health and metrics.
    """
    asked: list[tuple[str, str]] = []
    ending = threading.Event()

    class Handler(_Playing):
        pass

    Handler.recording, Handler.asked, Handler.api_key = recording, asked, api_key
    Handler.delay_s, Handler.ending = delay_s, ending
    server = _Server((host, port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Served(f"http://{host}:{server.server_port}", server.server_port, asked)
    finally:
        ending.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """Whoever asks may go away in the middle of an answer."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away, and all of everything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Playing(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    recording: Recording
    asked: list[tuple[str, str]]
    api_key: str | None
    delay_s: float
    ending: threading.Event

    def do_GET(self) -> None:
        self._play()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self._play()

    def _play(self) -> None:
        self.asked.append((self.command, self.path))
        self.ending.wait(self.delay_s)
        answer = self.recording.answer(self.command, self.path) or _NOT_FOUND
        self._send(answer if self._admitted() else _NO_KEY)

    def _admitted(self) -> bool:
        if self.api_key is None or self.headers.get("authorization") == f"Bearer {self.api_key}":
            return True
        if self.recording.engine == "vllm":
            return not self.path.startswith("/v1")
        return self.path.startswith(("/health", "/metrics"))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _SET_ANEW:
                self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *_args: object) -> None:
        """Say nothing: what was asked stands in `asked`."""
