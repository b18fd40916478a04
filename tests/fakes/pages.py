"""A server of metrics whose page is another one each time it is asked, on loopback."""

import http.server
import threading
from collections.abc import Callable
from typing import Any, Self

Page = Callable[[int], bytes | int]
"""The page for the n-th question, from 0; a number is a status without a page."""


class Pages:
    """Start it with `with`. `asked` are the paths so far; `after(n)` waits until so many questions were answered."""

    def __init__(self, page: Page, *, media_type: str = "text/plain; version=0.0.4") -> None:
        self.page = page
        self.media_type = media_type
        self.asked: list[str] = []
        self._changed = threading.Condition()
        self._listener: http.server.ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        self._listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._listener.daemon_threads = True
        threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.shutdown()
        self._listener.server_close()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._listener is not None
        return int(self._listener.server_address[1])

    @property
    def url(self) -> str:
        """The same as a URL."""
        return f"http://127.0.0.1:{self.port}"

    def after(self, count: int) -> None:
        """Wait until it has answered so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= count, timeout=30)

    def _answered(self, path: str) -> bytes | int:
        with self._changed:
            number = len(self.asked)
            self.asked.append(path)
            self._changed.notify_all()
        return self.page(number)

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        pages = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answer = pages._answered(self.path)
                body = answer if isinstance(answer, bytes) else b""
                self.send_response(200 if isinstance(answer, bytes) else answer)
                self.send_header("content-type", pages.media_type)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing is printed."""

        return Handler


def vllm(
    requests: float, *, running: int = 2, started: float = 1.0, pod: str = "", tokens: int = 10, waiting: int | None = 0
) -> bytes:
    """A small page of vLLM on which so many requests of so many output tokens ended, each within a second. `waiting` None: it does

    not tell of the queue.
    """
    labels = f'engine="0",model_name="m{pod}"'
    lines = (
        f"process_start_time_seconds {started}",
        f"vllm:num_requests_running{{{labels}}} {running}",
        *([f"vllm:num_requests_waiting{{{labels}}} {waiting}"] if waiting is not None else []),
        f"vllm:kv_cache_usage_perc{{{labels}}} 0.5",
        f"vllm:prompt_tokens_total{{{labels}}} {requests * 100}",
        f"vllm:generation_tokens_total{{{labels}}} {requests * tokens}",
        f'vllm:request_success_total{{finished_reason="stop",{labels}}} {requests}',
        f"vllm:num_preemptions_total{{{labels}}} 0",
        f'vllm:e2e_request_latency_seconds_bucket{{le="1.0",{labels}}} {requests}',
        f'vllm:e2e_request_latency_seconds_bucket{{le="+Inf",{labels}}} {requests}',
        f"vllm:e2e_request_latency_seconds_sum{{{labels}}} {requests * 0.5}",
    )
    return "\n".join(lines).encode() + b"\n"
