"""HTTP to an engine: one question, one answer that is whole, small enough, and here in time.

A `Way` is how an engine is reached: by a URL, through a port that is forwarded to its pod, or through the API server's
proxy. Whatever answers there may be anything, so that every wait ends at the deadline, every body at its limit, no redirect
is followed and nothing is unpacked. What the answer means is not known here.
"""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Protocol
from urllib.parse import urlsplit

import httpcore2
from msgspec import Struct

from skewguard import __version__
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import Kind
from skewguard.language.errors import InputError, SkewguardError, UsageError

MOST_BYTES = 8 * 2**20
"""Bytes of one answer; SGLang's record has 70,000, a busy engine's page of metrics some hundred thousand."""

KEY_VARIABLE = "SKEWGUARD_API_KEY"
"""The variable that an engine's API key is taken from where none is named."""


class Key(Struct, frozen=True):
    """An engine's API key, and where it came from; only the latter is ever shown."""

    text: str
    source: str

    def __repr__(self) -> str:
        return f"Key(from {self.source})"


class Answer(Struct, frozen=True):
    """What came back: a status of 200 to 299, the media type without parameters, and the whole body."""

    media_type: str
    body: bytes


class NoAnswer(SkewguardError):
    """An engine, or the way to it, gave no usable answer. `message` is the reason; `status` None: there was none at all."""

    def __init__(self, message: str, kind: Kind, *, would_need: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.would_need = would_need
        self.status = status


class Question(Struct, frozen=True):
    """What to ask: a path with its query; with a body, by POST."""

    target: str
    body: bytes | None = None

    @property
    def method(self) -> str:
        """The method it is asked with."""
        return "GET" if self.body is None else "POST"


class Way(Protocol):
    """How one engine is reached. Safe to use from several threads."""

    @property
    def open_only(self) -> bool:
        """Whether only GETs without a key get through: the API server's proxy takes `Authorization` off."""
        ...

    def shown(self, question: Question) -> str:
        """What a person reads as the place of the answer: `GET /v1/models of pod chat-0`."""
        ...

    def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = MOST_BYTES) -> Answer:
        """The answer. Raises `NoAnswer`."""
        ...


def key_from(variable: str | None = None, file: str | None = None) -> Key | None:
    """The API key of a file or of a variable; None where neither is named and `SKEWGUARD_API_KEY` is not set.

    Raises `InputError` where the named one cannot be had.
    """
    if file is not None:
        try:
            with open(file, encoding="utf-8") as opened:
                return _key(opened.read(8192), file)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read the API key: {error}", file=file) from None
    text = os.environ.get(variable or KEY_VARIABLE)
    if text is None and variable is not None:
        raise InputError(f"the API key is to be in {variable}, which is not set", hint=f"export {variable}=…")
    return _key(text, f"${variable or KEY_VARIABLE}") if text is not None else None


def _key(text: str, source: str) -> Key:
    text = text.strip()
    if not text or not text.isascii() or not text.isprintable():
        raise InputError(f"{source} holds no API key: it is one line of printable ASCII")
    return Key(text, source)


class Direct:
    """An engine at a URL. `ca_file` replaces the system's certificates; they are always verified."""

    open_only = False

    def __init__(self, url: str, *, key: Key | None = None, ca_file: str | None = None) -> None:
        parts = _checked(url)
        self.url = f"{parts[0]}://{parts[1]}{parts[2]}"
        self._asking = _Asking(self.url, key, _tls(ca_file) if parts[0] == "https" else None, _Backend(_connected))

    def shown(self, question: Question) -> str:
        """`GET http://chat:8000/v1/models`."""
        return f"{question.method} {self.url}{question.target}"

    def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = MOST_BYTES) -> Answer:
        """See `Way`."""
        return self._asking.ask(question, deadline, most_bytes)

    def close(self) -> None:
        """Give the connections back."""
        self._asking.close()


class Through:
    """An engine behind something that opens connections to it: a port of a pod that is forwarded.

    `open_stream` gives one connection, or raises; it has until the deadline that it is handed. `name` is what the engine
    is called (`pod chat-0`).
    """

    open_only = False

    def __init__(
        self, open_stream: Callable[[Deadline], httpcore2.NetworkStream], name: str, *, key: Key | None = None
    ) -> None:
        self._name = name

        def connect(_host: str, _port: int, moment: float) -> httpcore2.NetworkStream:
            return open_stream(Deadline(moment, max(0.0, moment - monotonic())))

        self._asking = _Asking("http://localhost", key, None, _Backend(connect))

    def shown(self, question: Question) -> str:
        """`GET /v1/models of pod chat-0`."""
        return f"{question.method} {question.target.partition('?')[0]} of {self._name}"

    def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = MOST_BYTES) -> Answer:
        """See `Way`."""
        return self._asking.ask(question, deadline, most_bytes)

    def close(self) -> None:
        """Give the connections back."""
        self._asking.close()


def answer(status: int, headers: Mapping[str, str], body: bytes, *, key: Key | None = None) -> Answer:
    """What one response gives. `headers` are in lower case. Raises `NoAnswer` for a status that is no answer."""
    if 200 <= status < 300:
        if headers.get("content-encoding", "identity") != "identity":
            raise NoAnswer("its answer is compressed, which nobody asked for", "unusable", status=status)
        return Answer(headers.get("content-type", "").partition(";")[0].strip().lower(), body)
    if 300 <= status < 400:
        raise NoAnswer(
            f"it redirects to {_host_of(headers.get('location', ''))}, which is not followed: something else answers here",
            "refused",
            would_need="the address of the engine itself",
            status=status,
        )
    if status in (401, 403):
        raise NoAnswer(*_no_key(status, key), status=status)
    if status in (404, 405):
        raise NoAnswer(f"it answers {status}: there is no such path", "absent", status=status)
    raise NoAnswer(f"it answers {status}", "unusable", status=status)


def _no_key(status: int, key: Key | None) -> tuple[str, Kind]:
    if key is None:
        return f"it needs an API key (it answers {status}): set {KEY_VARIABLE}, or name a file that holds it", "denied"
    return f"it does not accept the API key of {key.source} (it answers {status})", "denied"


# ---- asking --------------------------------------------------------------------------------------------------------


class _Asking:
    """Questions to one base URL over connections that are kept. A connection serves one question at a time."""

    def __init__(self, base: str, key: Key | None, tls: ssl.SSLContext | None, backend: "_Backend") -> None:
        self._base = base
        self._key = key
        self._pool = httpcore2.ConnectionPool(ssl_context=tls, network_backend=backend, max_connections=4)

    def close(self) -> None:
        self._pool.close()

    def ask(self, question: Question, deadline: Deadline, most_bytes: int) -> Answer:
        if deadline.passed:
            raise _late(deadline)
        try:
            return self._asked(question, deadline, most_bytes)
        except httpcore2.TimeoutException:
            raise _late(deadline) from None
        except httpcore2.ConnectError as error:
            raise NoAnswer(_unreached(error), "unreachable", would_need="a way to it from here") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise NoAnswer(f"its answer broke off or is no HTTP: {_brief(error)}", "unusable") from None

    def _asked(self, question: Question, deadline: Deadline, most_bytes: int) -> Answer:
        moments = {"connect": deadline.at, "read": deadline.at, "write": deadline.at, "pool": deadline.left()}
        with self._pool.stream(
            question.method,
            self._base + question.target,
            headers=self._headers(question),
            content=question.body,
            extensions={"timeout": moments},
        ) as response:
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            body = _whole(response.iter_stream(), headers, most_bytes) if response.status < 300 else b""
            return answer(response.status, headers, body, key=self._key)

    def _headers(self, question: Question) -> list[tuple[str, str]]:
        headers = [
            ("User-Agent", f"skewguard/{__version__}"),
            ("Accept", "application/json, text/plain"),
            ("Accept-Encoding", "identity"),
        ]
        if self._key is not None:
            headers.append(("Authorization", f"Bearer {self._key.text}"))
        if question.body is not None:
            headers += [("Content-Type", "application/json"), ("Content-Length", str(len(question.body)))]
        return headers


def _whole(chunks: Iterable[bytes], headers: Mapping[str, str], most_bytes: int) -> bytes:
    """The body, which is not read further than its limit; one that announces itself too long is not read at all."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > most_bytes:
        raise _too_large(most_bytes)
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(body)


def _too_large(most_bytes: int) -> NoAnswer:
    return NoAnswer(f"its answer is larger than {most_bytes / 2**20:g} MiB, and was left unread", "unusable")


def _late(deadline: Deadline) -> NoAnswer:
    return NoAnswer(
        f"it did not answer within {deadline.seconds:g} s",
        "timeout",
        would_need="a longer deadline, or an engine that answers",
    )


def _unreached(error: Exception) -> str:
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there (connection refused)"
    return f"it cannot be reached: {_brief(error)}"


def _brief(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


# ---- connections ---------------------------------------------------------------------------------------------------


class _Backend(httpcore2.NetworkBackend):
    """Opens connections whose every wait ends at one moment.

    The library hands each wait its own number of seconds, and a server that sends a byte now and then would be waited for
    without end. Here that number is the moment itself, on the monotonic clock, so that what is left grows ever less.
    """

    def __init__(self, connect: Callable[[str, int, float], httpcore2.NetworkStream]) -> None:
        self._connect = connect

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the library's signature
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - likewise
    ) -> httpcore2.NetworkStream:
        return _Stream(self._connect(host, port, timeout or 0.0))


class _Stream(httpcore2.NetworkStream):
    """A connection whose timeouts are moments."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


def _left(moment: float | None, late: type[Exception]) -> float:
    left = (moment or 0.0) - monotonic()
    if left <= 0:
        raise late
    return left


def _connected(host: str, port: int, moment: float) -> httpcore2.NetworkStream:
    """A TCP connection to the first address of a host that takes one."""
    failed: Exception = httpcore2.ConnectError("the name has no address")
    for address in _addresses(host, port, moment):
        try:
            left = _left(moment, httpcore2.ConnectTimeout)
            return httpcore2.SyncBackend().connect_tcp(address, port, timeout=left)
        except httpcore2.ConnectError as error:
            failed = error
    raise failed


def _addresses(host: str, port: int, moment: float) -> list[str]:
    """The addresses of a host. The system's resolver knows no deadline: it is waited for, and left alone when it is late."""
    found: list[list[str] | OSError] = []

    def resolve() -> None:
        try:
            known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.append(list(dict.fromkeys(str(each[4][0]) for each in known)))
        except (OSError, UnicodeError) as error:
            found.append(OSError(str(error)))

    thread = threading.Thread(target=resolve, daemon=True, name="resolving")
    thread.start()
    thread.join(_left(moment, httpcore2.ConnectTimeout))
    if not found:
        raise httpcore2.ConnectTimeout
    if isinstance(found[0], OSError):
        raise httpcore2.ConnectError(f"the name {host} cannot be resolved")
    return found[0]


def _checked(url: str) -> tuple[str, str, str]:
    """Scheme, host with port, and path of a base URL. Raises `UsageError`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"{url!r} is no URL of an engine", hint="write http://HOST:PORT") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("a URL with a password in it is seen by everybody on this machine", hint=f"set {KEY_VARIABLE}")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(f"{url!r} is no URL of an engine", hint="write http://HOST:PORT, without a query")
    place = f"[{host}]" if ":" in host else host
    return parts.scheme, place if port is None else f"{place}:{port}", parts.path.rstrip("/")


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"no certificates can be read from it: {error}", file=ca_file) from None


def _host_of(location: str) -> str:
    try:
        return urlsplit(location).netloc.rpartition("@")[2][:200] or "another path"
    except ValueError:
        return "another place"
