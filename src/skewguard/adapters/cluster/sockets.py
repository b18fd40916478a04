"""WebSockets of an API server: messages that begin with the number of a channel.

The handshake is a request like every other (credentials, TLS, proxies, refusals); frames are the `websockets` package's,
without a thread. `httpcore2.NetworkStream` is what both ends of this module speak: timeouts are its exceptions.
"""

import base64
import os
from contextlib import ExitStack
from time import monotonic

import httpcore2
import msgspec
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, Protocol, State
from websockets.utils import accept_key

from skewguard.adapters.cluster.calls import Call
from skewguard.adapters.cluster.errors import Unusable
from skewguard.adapters.cluster.session import Cluster

LARGEST_FRAME = 8 * 2**20
CHUNK = 65536


class Channels:
    """One WebSocket. Not for several threads at once."""

    def __init__(self, stream: httpcore2.NetworkStream, protocol: str, held: ExitStack) -> None:
        self.protocol = protocol
        self._stream = stream
        self._held = held
        self._frames = Protocol(CLIENT, state=State.OPEN, max_size=LARGEST_FRAME)
        self._waiting: list[bytes] = []
        self._partial = bytearray()
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the other side is known to have closed."""
        return self._ended

    def send(self, channel: int, content: bytes, seconds: float | None) -> None:
        """One message. Raises the exceptions of `httpcore2`."""
        if self._frames.state is not State.OPEN:
            raise httpcore2.WriteError("the other side has closed")
        self._frames.send_binary(bytes([channel]) + content)
        self._flush(seconds)

    def receive(self, seconds: float | None) -> tuple[int, bytes] | None:
        """The next message, as its channel and content; None when the other side has closed.

        `seconds` is for the whole message, however many pieces it comes in. Raises the exceptions of `httpcore2`.
        """
        end = None if seconds is None else monotonic() + seconds
        while not self._waiting:
            if self._ended:
                return None
            left = None if end is None else end - monotonic()
            if left is not None and left <= 0:
                raise httpcore2.ReadTimeout("no message within the deadline")
            self._take(self._stream.read(CHUNK, left), left)
        message = self._waiting.pop(0)
        return (message[0], message[1:]) if message else (0, b"")

    def close(self) -> None:
        """Say goodbye without waiting for an answer, and let the connection go."""
        try:
            if self._frames.state is State.OPEN:
                self._frames.send_close(1000)
                self._flush(1.0)
        except (httpcore2.TimeoutException, httpcore2.NetworkError):
            pass  # whoever does not listen any more need not be told
        finally:
            self._held.close()

    def _take(self, data: bytes, seconds: float | None) -> None:
        if data:
            self._frames.receive_data(data)
        else:
            self._frames.receive_eof()
        for event in self._frames.events_received():
            if isinstance(event, Frame):
                self._frame(event)
        if self._frames.parser_exc is not None and data:
            raise httpcore2.RemoteProtocolError("what came is no WebSocket frame")
        self._ended = self._ended or not data
        self._flush(seconds)  # pongs, and the answer to a close

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._ended = True
        elif frame.opcode in _CONTENT:
            self._partial += frame.data
            if frame.fin:
                self._waiting.append(bytes(self._partial))
                self._partial.clear()

    def _flush(self, seconds: float | None) -> None:
        for data in self._frames.data_to_send():
            if data:
                self._stream.write(data, seconds)


_CONTENT = (Opcode.BINARY, Opcode.TEXT, Opcode.CONT)


def connect(cluster: Cluster, call: Call, protocols: tuple[str, ...]) -> Channels:
    """Open a WebSocket that speaks one of these protocols, the first one best. Raises a `ClusterError`."""
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {
        "Accept": "*/*",  # an API server answers 406 to a port-forward that accepts JSON alone
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Protocol": ", ".join(protocols),
    }
    call = msgspec.structs.replace(call, headers={**call.headers, **headers})
    with ExitStack() as stack:
        response = cluster.open(call, stack)
        chosen = response.headers.get("sec-websocket-protocol", "")
        if response.status_code != 101:
            cluster.refuse(call, response)
        if response.headers.get("sec-websocket-accept") != accept_key(key) or chosen not in protocols:
            raise Unusable(
                f"{cluster.place} answered no WebSocket when asked for {call.what}",
                hint="a proxy on the way may not let WebSockets through",
            )
        return Channels(response.extensions["network_stream"], chosen, stack.pop_all())
    raise AssertionError("the stack holds nothing back")
