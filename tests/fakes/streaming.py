"""What runs over a WebSocket (exec, port-forward), and the pod proxy: the parts of a kubelet that skewguard uses."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, State
from websockets.protocol import Protocol as Frames

from tests.fakes.answers import Reply, status


class Ran(NamedTuple):
    """What a command in a container did. `code` None: its status never comes, the connection just ends."""

    stdout: bytes = b""
    stderr: bytes = b""
    code: int | None = 0


Exec = Callable[[list[str]], Ran]


class Socket:
    """One WebSocket after its handshake, on the server's side."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._frames = Frames(SERVER, state=State.OPEN, max_size=None)

    def send(self, channel: int, content: bytes) -> None:
        self._frames.send_binary(bytes([channel]) + content)
        self._flush()

    def close(self) -> None:
        if self._frames.state is State.OPEN:
            self._frames.send_close(1000)
            self._flush()

    def received(self) -> Iterator[bytes]:
        """The binary messages that come, until the other side closes."""
        while True:
            try:
                data = self.connection.recv(65536)
            except OSError:
                return
            if not data:
                return
            self._frames.receive_data(data)
            for event in self._frames.events_received():
                if isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                    yield bytes(event.data)
                elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                    return

    def _flush(self) -> None:
        for data in self._frames.data_to_send():
            if data:
                self.connection.sendall(data)


def execute(web: Socket, ran: Ran) -> None:
    """Output in pieces, empty frames first (a real API server opens every channel with one), then the exit status."""
    web.send(1, b"")
    web.send(2, b"")
    for channel, content in ((1, ran.stdout), (2, ran.stderr)):
        for start in range(0, len(content), 32768):
            web.send(channel, content[start : start + 32768])
    if ran.code is not None:
        web.send(3, json.dumps(_exit_status(ran.code)).encode())
    web.close()


def _exit_status(code: int) -> dict[str, Any]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    causes = [{"reason": "ExitCode", "message": str(code)}]
    message = f"command terminated with non-zero exit code: exit status {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": message,
        "details": {"causes": causes},
    }


def forward(web: Socket, port: int, address: tuple[str, int] | None) -> None:
    """The port on each channel, then bytes. The peer does not close the WebSocket when the TCP side closes."""
    import threading

    for channel in (0, 1):
        web.send(channel, port.to_bytes(2, "little"))
    try:
        target = socket.create_connection(address, timeout=5) if address is not None else None
    except OSError:
        target = None
    if target is None:
        web.send(1, f"failed to connect to localhost:{port} inside namespace: connection refused".encode())
        return
    target.settimeout(None)
    with target:
        threading.Thread(target=_pump, args=(target, web), daemon=True).start()
        for message in web.received():
            if message[:1] == b"\0":
                target.sendall(message[1:])
        target.shutdown(socket.SHUT_RDWR)


def _pump(target: socket.socket, web: Socket) -> None:
    try:
        while data := target.recv(65536):
            web.send(0, data)
    except OSError:
        return


def proxy(address: tuple[str, int] | None, path: str, headers: list[tuple[str, str]]) -> Reply:
    """A GET to what listens behind a pod's port, without `Authorization`: the API server has used it itself."""
    if address is None:
        return status(503, "ServiceUnavailable", "error trying to reach service: dial tcp: connect: connection refused")
    passed = {name: text for name, text in headers if name.lower() not in ("authorization", "host", "connection")}
    connection = http.client.HTTPConnection(*address, timeout=5)
    try:
        connection.request("GET", path, headers=passed)
        answer = connection.getresponse()
        kept = tuple((name, text) for name, text in answer.getheaders() if name.lower() == "location")
        return Reply(answer.status, answer.read(), answer.getheader("Content-Type") or "text/plain", kept)
    except OSError as error:
        return status(503, "ServiceUnavailable", f"error trying to reach service: {error}")
    finally:
        connection.close()
