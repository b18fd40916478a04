"""The ways to an engine: its URL, a forwarded port of its pod, the API server's proxy."""

import ssl
from collections.abc import Iterable, Mapping
from time import monotonic
from urllib.parse import urlsplit

import httpcore2

from skewguard import __version__
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import ClusterError
from skewguard.adapters.cluster.reach import Reach
from skewguard.adapters.endpoints.interface import MOST_BYTES, Answer, NoAnswer, Question, understood
from skewguard.adapters.endpoints.keys import KEY_VARIABLE, Key
from skewguard.adapters.endpoints.streams import Backend, connected
from skewguard.language import addresses, certificates
from skewguard.language.errors import InputError, UsageError


class Direct:
    """An engine at a URL. `ca_file` replaces the system's certificates; they are always verified."""

    open_only = False

    def __init__(self, url: str, *, key: Key | None = None, ca_file: str | None = None) -> None:
        parts = _checked(url)
        self.url = f"{parts[0]}://{parts[1]}{parts[2]}"
        self._asking = _Asking(self.url, key, _tls(ca_file) if parts[0] == "https" else None, Backend(connected))

    def shown(self, question: Question) -> str:
        """`GET http://chat:8000/v1/models`."""
        return f"{question.method} {self.url}{question.target}"

    def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = MOST_BYTES) -> Answer:
        """See `Way`."""
        return self._asking.ask(question, deadline, most_bytes)

    def close(self) -> None:
        """Give the connections back."""
        self._asking.close()


class Forwarded:
    """A port of a pod, through the API server. Needs `create pods/portforward`; the API key gets through."""

    open_only = False

    def __init__(self, reach: Reach, namespace: str, pod: str, port: int, *, key: Key | None = None) -> None:
        self._pod = pod

        def connect(_host: str, _port: int, moment: float) -> httpcore2.NetworkStream:
            left = max(0.0, moment - monotonic())
            return reach.stream(namespace, pod, port, Deadline(moment, left))

        self._asking = _Asking("http://localhost", key, None, Backend(connect))

    def shown(self, question: Question) -> str:
        """`GET /v1/models of pod chat-0`."""
        return _of_pod(question, self._pod)

    def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = MOST_BYTES) -> Answer:
        """See `Way`."""
        try:
            return self._asking.ask(question, deadline, most_bytes)
        except ClusterError as error:
            raise _through(error) from None

    def close(self) -> None:
        """Give the connections back."""
        self._asking.close()


class Proxied:
    """A port of a pod, through the API server's proxy. Needs `get pods/proxy`. Only GETs, and no API key gets through."""

    open_only = True

    def __init__(self, reach: Reach, namespace: str, pod: str, port: int) -> None:
        self._reach = reach
        self._namespace = namespace
        self._pod = pod
        self._port = port

    def shown(self, question: Question) -> str:
        """`GET /v1/models of pod chat-0`."""
        return _of_pod(question, self._pod)

    def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = MOST_BYTES) -> Answer:
        """See `Way`. A question with a body is not asked: by POST the proxy needs a right of its own."""
        if question.body is not None:
            raise NoAnswer(
                "only GETs go through the API server's proxy", "denied", would_need="create pods/portforward"
            )
        if deadline.passed:
            raise _late(deadline)
        try:
            found = self._reach.proxy_get(
                self._namespace, self._pod, self._port, question.target, most_bytes=most_bytes, seconds=deadline.left()
            )
        except ClusterError as error:
            raise _through(error) from None
        return understood(found.status, found.headers, found.body)

    def close(self) -> None:
        """Nothing is held."""


def _of_pod(question: Question, pod: str) -> str:
    return f"{question.method} {question.target.partition('?')[0]} of pod {pod}"


def _through(error: ClusterError) -> NoAnswer:
    """What the cluster said on the way to an engine."""
    return NoAnswer(error.message, error.kind, would_need=error.would_need or error.hint or "")


# ---- asking --------------------------------------------------------------------------------------------------------


_KEPT_S = 3.0
"""Seconds that an idle connection is used again: uvicorn closes it after 5, which a forwarded port does not pass on."""


_REFUSAL_BYTES = 65_536


class _Asking:
    """Questions to one base URL over connections that are kept. A connection serves one question at a time."""

    def __init__(self, base: str, key: Key | None, tls: ssl.SSLContext | None, backend: "Backend") -> None:
        self._base = base
        self._key = key
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls, network_backend=backend, max_connections=4, keepalive_expiry=_KEPT_S
        )

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
            raise _unreached(error) from None
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
            if response.status >= 300:
                _drain(response.iter_stream())
                return understood(response.status, headers, b"", key=self._key)
            return understood(response.status, headers, _whole(response.iter_stream(), headers, most_bytes))

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


def _drain(chunks: Iterable[bytes]) -> None:
    """Read what goes with a refusal, so that the connection can be used again; one that goes on and on is left."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _REFUSAL_BYTES:
            return


def _too_large(most_bytes: int) -> NoAnswer:
    return NoAnswer(f"its answer is larger than {most_bytes / 2**20:g} MiB, and was left unread", "unusable")


def _late(deadline: Deadline) -> NoAnswer:
    return NoAnswer(
        f"it did not answer within {deadline.seconds:g} s",
        "timeout",
        would_need="a longer deadline, or an engine that answers",
    )


def _unreached(error: Exception) -> NoAnswer:
    cause = error.__cause__ or error.__context__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = f"its certificate is not trusted: {cause.verify_message}"
        return NoAnswer(reason, "unreachable", would_need=certificates.needed(cause.verify_code))
    if isinstance(cause, ssl.SSLError):
        return NoAnswer("it does not speak TLS, or broke it off", "unreachable", would_need=certificates.PLAIN)
    refused = isinstance(cause, ConnectionRefusedError)
    return NoAnswer(
        "nothing listens there (connection refused)" if refused else f"it cannot be reached: {_brief(error)}",
        "unreachable",
        would_need="an engine that listens there, and a network that leads to it from this machine",
    )


def _brief(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def _checked(url: str) -> tuple[str, str, str]:
    """Scheme, host with port, and path of a base URL. Raises `UsageError`."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        addresses.refuse_no_base(url)
        raise UsageError("that is no URL of an engine", hint="write http://HOST:PORT") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError("a URL with a password in it is seen by everybody on this machine", hint=f"set {KEY_VARIABLE}")
    addresses.refuse_no_base(url)
    if not host:
        raise UsageError("that is no URL of an engine: it names no host", hint="write http://HOST:PORT")
    place = f"[{host}]" if ":" in host else host
    return parts.scheme, place if port is None else f"{place}:{port}", parts.path.rstrip("/")


def _tls(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"no certificates can be read from it: {error}", file=ca_file) from None
