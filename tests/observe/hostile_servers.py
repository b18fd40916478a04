"""Servers that answer as no engine does: raw bytes on a loopback socket, said by a script."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Script = Callable[[socket.socket, threading.Event], None]
"""What is done with one connection, after its request was read. The event is set when the test is over."""


@contextmanager
def answering(script: Script) -> Iterator[str]:
    """The URL of a server that treats every connection so, until the block ends."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.05)
        thread = threading.Thread(target=_accept, args=(listening, script, over), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def _accept(listening: socket.socket, script: Script, over: threading.Event) -> None:
    while not over.is_set():
        try:
            connection, _ = listening.accept()
        except TimeoutError:
            continue
        threading.Thread(target=_treat, args=(connection, script, over), daemon=True).start()


def _treat(connection: socket.socket, script: Script, over: threading.Event) -> None:
    with connection:
        try:
            connection.settimeout(5)
            received = b""
            while b"\r\n\r\n" not in received and not received.startswith(b"\x16"):  # the start of TLS
                received += connection.recv(65536)
            script(connection, over)
        except OSError:
            return


def saying(
    body: bytes,
    *,
    status: str = "200 OK",
    media_type: str = "application/json",
    more: str = "",
    length: int | None = None,
) -> Script:
    """One whole answer, the same to every request; `length` is the one that is announced."""
    size = len(body) if length is None else length
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {size}\r\n{more}connection: close\r\n\r\n"
    )

    def script(connection: socket.socket, _over: threading.Event) -> None:
        connection.sendall(head.encode() + body)

    return script


def silent(_connection: socket.socket, over: threading.Event) -> None:
    """Take the request, and never answer."""
    over.wait(30)


def dripping(start: bytes, drop: bytes) -> Script:
    """Begin an answer, and go on with it a little at a time, without end."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        while not over.wait(0.01):
            connection.sendall(drop)

    return script


def endless(start: bytes, block: bytes) -> Script:
    """Begin an answer, and send more of it as fast as it is taken."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(start)
        while not over.is_set():
            connection.sendall(block)

    return script


def cut(start: bytes) -> Script:
    """Send so much, and hang up."""

    def script(connection: socket.socket, _over: threading.Event) -> None:
        connection.sendall(start)

    return script
