"""Connections whose every wait ends at one moment, and addresses of hosts whose resolver would not end."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from time import monotonic

import httpcore2


class Backend(httpcore2.NetworkBackend):
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
        """A connection to a host."""
        return Stream(self._connect(host, port, timeout or 0.0))


class Stream(httpcore2.NetworkStream):
    """A connection whose timeouts are moments."""

    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What comes next, up to so many bytes; none when the connection is over."""
        return self._inner.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        self._inner.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        """Let it go."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The same connection, encrypted."""
        left = _left(timeout, httpcore2.ConnectTimeout)
        return Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        """What the connection itself tells."""
        return self._inner.get_extra_info(info)


def _left(moment: float | None, late: type[Exception]) -> float:
    left = (moment or 0.0) - monotonic()
    if left <= 0:
        raise late
    return left


def connected(host: str, port: int, moment: float) -> httpcore2.NetworkStream:
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
