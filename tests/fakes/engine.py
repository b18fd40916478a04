"""An engine whose truth is known: what it was asked, and when it wrote what, to set beside what a client says of it.

    with engine.serving(engine.Answer(tokens=8, per_chunk=2)) as url:
        ...
        assert [request.tokens for request in url.requests] == [8]

It speaks HTTP/1.1 over plain sockets in a thread of its own. How a request is answered may depend on its number and body:
`serving(lambda number, body: ...)`. Moments are seconds of the monotonic clock, taken before each write (`writes`) and
after a request was read (`received`): a client can only see later moments than the first and have sent before the second.
"""

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

MODEL = "fake-model"


@dataclass(frozen=True)
class Answer:
    """How one request is answered; times in seconds.

    `tokens` None: as many as the request's max_tokens asks for. `per_chunk`: tokens in each chunk; `joined`: chunks in each
    write. `stall`: an extra pause before the n-th token chunk. `cut_after`: so many chunks, then `cut` (close or reset).
    `usage`: `asked` follows stream_options, `never`, `always`; `apart`: usage and [DONE] in writes of their own, so long
    after the last token. `text`: where it stands, or `unseen`: tokens without a text. `raw` replaces the whole answer by these bytes. `slices`: write everything in pieces of so many bytes.
    """

    ttft: float = 0.0
    gap: float = 0.0
    tokens: int | None = None
    per_chunk: int = 1
    joined: int = 1
    stall: tuple[int, float] | None = None
    role_first: bool = True
    usage: str = "asked"
    continuous: bool = True
    apart: float | None = None
    text: str = "delta"
    cut_after: int | None = None
    cut: str = "close"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    raw: bytes | None = None
    error_after: int | None = None
    close: bool = False
    http10: bool = False
    slices: int | None = None
    never: bool = False


@dataclass
class Request:
    """What was asked, and the truth of its answer."""

    number: int
    connection: int
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    received: float
    writes: list[float] = field(default_factory=list)
    tokens: int = 0
    status: int = 0
    whole: bool = False

    @property
    def first(self) -> float:
        """Just before the first token was written."""
        return self.writes[0]

    @property
    def last(self) -> float:
        """Just before the last token was written."""
        return self.writes[-1]


class Served(str):
    """The URL of a fake engine; `requests` are those it was asked to generate for, in order; `asked` every path."""

    requests: list[Request]
    asked: list[str]
    connections: int

    __slots__ = ("asked", "connections", "requests")


_TURNS = 8
"""Turns of the loop: accepting a connection takes four, and closing one takes two."""

Behaviour = Answer | Callable[[int, dict[str, Any]], Answer]


@contextmanager
def serving(
    behaviour: Behaviour | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    key: str | None = None,
    idle_close: bool = False,
    models: bytes | None = None,
    pages: Mapping[str, Callable[[], bytes]] | None = None,
) -> Iterator[Served]:
    """A fake engine on a free port of this machine. `idle_close`: it closes a connection that waits half a second for a request.

    `pages` answer for other paths, such as `/metrics`; with empty `models` it has no list of them.
    """
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    served = Served(f"{'https' if tls else 'http'}://127.0.0.1:{listening.getsockname()[1]}")
    served.requests, served.asked, served.connections = [], [], 0
    engine = _Engine(served, behaviour or Answer(), key, idle_close, models, pages or {})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_serve, args=(loop, engine, listening, tls), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        loop.call_soon_threadsafe(engine.over.set)
        thread.join(timeout=10)


def _serve(
    loop: asyncio.AbstractEventLoop, engine: "_Engine", listening: socket.socket, tls: ssl.SSLContext | None
) -> None:
    loop.run_until_complete(engine.serve(listening, tls))
    loop.close()


class _Engine:
    def __init__(
        self,
        served: Served,
        behaviour: Behaviour,
        key: str | None,
        idle_close: bool,
        models: bytes | None,
        pages: Mapping[str, Callable[[], bytes]],
    ) -> None:
        self.served = served
        self.behaviour = behaviour
        self.key = key
        self.idle = 0.5 if idle_close else None
        self.models = models
        self.pages = pages
        self.over = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        server = await asyncio.start_server(self._connected, sock=listening, ssl=tls)
        await self.over.wait()
        asyncio.get_running_loop().remove_reader(listening.fileno())
        # A server that is closed attaches nothing any more: what was accepted a moment ago begins before.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        for writer in self._writers:  # one that was closed with something unread by its client is still open
            writer.transport.abort()
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.served.connections += 1
        number = self.served.connections
        with suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while await self._one(reader, writer, number):
                pass
        writer.transport.abort() if self.over.is_set() else writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> bool:
        """Answer one request; whether the connection lives on."""
        async with asyncio.timeout(self.idle):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        received = time.monotonic()
        self.served.asked.append(path)
        if self.key is not None and f"authorization: bearer {self.key}".lower() not in head.lower():
            return await self._plain(writer, 401, b'{"error": "unauthorized"}')
        if method == "GET" and path in self.pages:
            return await self._plain(writer, 200, self.pages[path]())
        if method == "GET":
            told = self.models or json.dumps({"data": [{"id": MODEL}]}).encode()
            listed = path.endswith("/models") and self.models != b""
            return await self._plain(writer, 200 if listed else 404, told)
        asked = json.loads(body)
        request = Request(len(self.served.requests), connection, path, headers, asked, received)
        self.served.requests.append(request)
        answer = self.behaviour if isinstance(self.behaviour, Answer) else self.behaviour(request.number, asked)
        return await _Answering(request, answer, writer).go()

    @staticmethod
    async def _plain(writer: asyncio.StreamWriter, status: int, body: bytes) -> bool:
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        return True


class _Answering:
    """Writes one answer, and notes when."""

    def __init__(self, request: Request, answer: Answer, writer: asyncio.StreamWriter) -> None:
        self.request = request
        self.answer = answer
        self.writer = writer
        self.chat = request.path.endswith("/chat/completions")
        asked = request.body.get("max_tokens") or 16
        self.tokens = answer.tokens if answer.tokens is not None else int(asked)
        options = request.body.get("stream_options") or {}
        self.counts = answer.usage == "always" or (answer.usage == "asked" and options.get("include_usage", False))
        self.running = self.counts and answer.continuous and options.get("continuous_usage_stats", False)

    async def go(self) -> bool:
        answer = self.answer
        if answer.never:
            await asyncio.sleep(3600)
        if answer.raw is not None:
            await asyncio.sleep(answer.ttft)
            await self._write(answer.raw)
            return not answer.close
        if answer.status != 200 or answer.body is not None:
            return await self._refuse()
        if not self.request.body.get("stream"):
            return await self._whole()
        return await self._stream()

    async def _write(self, data: bytes) -> None:
        pieces = self.answer.slices or len(data) or 1
        for at in range(0, len(data), pieces):
            self.writer.write(data[at : at + pieces])
            await self.writer.drain()
            if self.answer.slices:
                await asyncio.sleep(0)

    async def _head(self, status: int, kind: str, length: int | None) -> None:
        lines = [f"HTTP/1.{0 if self.answer.http10 else 1} {status} X", f"content-type: {kind}"]
        if length is not None:
            lines.append(f"content-length: {length}")
        elif not self.answer.http10:
            lines.append("transfer-encoding: chunked")
        if self.answer.close:
            lines.append("connection: close")
        lines += [f"{name}: {text}" for name, text in self.answer.headers.items()]
        self.request.status = status
        await self._write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def _refuse(self) -> bool:
        body = self.answer.body if self.answer.body is not None else b'{"error": {"message": "no"}}'
        await asyncio.sleep(self.answer.ttft)
        kind = self.answer.headers.get("content-type", "application/json")
        self.answer = replace(
            self.answer, headers={k: v for k, v in self.answer.headers.items() if k != "content-type"}
        )
        await self._head(self.answer.status, kind, len(body))
        await self._write(body)
        return self._done()

    async def _whole(self) -> bool:
        await asyncio.sleep(self.answer.ttft + self.answer.gap * self.tokens)
        text = " word" * self.tokens
        choice: dict[str, Any] = {"index": 0, "finish_reason": "length"}
        choice.update({"message": {"role": "assistant", "content": text}} if self.chat else {"text": text})
        document: dict[str, Any] = {"choices": [choice]}
        self.request.tokens = self.tokens
        if self.answer.usage != "never":
            document["usage"] = self._usage()
        body = json.dumps(document).encode()
        self.request.writes.append(time.monotonic())
        await self._head(200, "application/json", len(body))
        await self._write(body)
        return self._done()

    def _usage(self) -> dict[str, int]:
        prompt = len(json.dumps(self.request.body.get("messages") or self.request.body.get("prompt")).split())
        return {"prompt_tokens": prompt, "completion_tokens": self.request.tokens, "total_tokens": prompt}

    async def _stream(self) -> bool:
        answer = self.answer
        await self._head(200, "text/event-stream; charset=utf-8", None)
        if self.chat and answer.role_first:
            await self._events(self._delta({"role": "assistant", "content": ""}))
        begin, pending, chunks = self.request.received + answer.ttft, b"", 0
        while self.request.tokens < self.tokens:
            if answer.error_after == chunks:
                await self._events({"error": {"message": "the engine died", "code": 500}})
                break
            stalled = answer.stall[1] if answer.stall and chunks == answer.stall[0] else 0.0
            begin += stalled
            await asyncio.sleep(max(0.0, begin + answer.gap * self.request.tokens - time.monotonic()))
            step = min(answer.per_chunk, self.tokens - self.request.tokens)
            self.request.tokens += step
            chunks += 1
            last = self.request.tokens == self.tokens
            pending += self._event(self._token(step, "length" if last else None))
            if last and answer.apart is None and answer.cut_after is None:
                pending += self._tail()
            if last or chunks % answer.joined == 0 or answer.cut_after == chunks:
                self.request.writes.append(time.monotonic())
                await self._write(pending)
                pending = b""
            if answer.cut_after == chunks:
                return await self._cut()
        if answer.error_after is not None:
            await self._write(b"0\r\n\r\n")
        elif answer.apart is not None:
            await asyncio.sleep(answer.apart)
            await self._write(self._tail())
        return self._done()

    def _done(self) -> bool:
        self.request.whole = True
        return not (self.answer.close or self.answer.http10)

    async def _cut(self) -> bool:
        if self.answer.cut == "reset":
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.writer.transport.abort()
        return False

    def _token(self, tokens: int, finish: str | None) -> dict[str, Any]:
        words = " word" * tokens if self.answer.text != "unseen" else ""
        if not self.chat:
            return {"choices": [{"index": 0, "text": words, "finish_reason": finish}]}
        if self.answer.text == "tool":
            call = {"index": 0, "function": {"arguments": words}}
            return self._delta({"content": None, "tool_calls": [call]}, finish)
        if self.answer.text in {"delta", "unseen"}:
            return self._delta({"content": words}, finish)
        return self._delta({"content": None, self.answer.text: words}, finish)

    @staticmethod
    def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    def _event(self, event: dict[str, Any]) -> bytes:
        if self.running:
            event = {**event, "usage": self._usage()}
        return self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

    async def _events(self, event: dict[str, Any]) -> None:
        await self._write(self._event(event))

    def _tail(self) -> bytes:
        told = b""
        if self.counts:
            told = self._chunk(b"data: " + json.dumps({"choices": [], "usage": self._usage()}).encode() + b"\n\n")
        told += self._chunk(b"data: [DONE]\n\n")
        return told if self.answer.http10 else told + b"0\r\n\r\n"

    def _chunk(self, data: bytes) -> bytes:
        return data if self.answer.http10 else f"{len(data):x}\r\n".encode() + data + b"\r\n"
