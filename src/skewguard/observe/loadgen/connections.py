"""Connections to the target: opened ahead, told by the kernel when their packets came, and used again."""

import errno
import socket
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from skewguard.observe.loadgen import clocks

if TYPE_CHECKING:
    from ssl import SSLContext

    from skewguard.observe.loadgen.exchanges import Exchange
    from skewguard.observe.loadgen.tls import Tls

PATIENCE = 10.0
"""Seconds that the first connection may take."""

_PENDING = (errno.EINPROGRESS, errno.EWOULDBLOCK)


class Connection:
    """One socket that does not block. `exchange`: what runs on it (None: it is idle).

    `connecting` until the server took it; `out` is what still has to be sent.
    """

    __slots__ = ("connecting", "exchange", "fd", "fresh", "out", "recvmsg", "sock", "tls")

    def __init__(self, sock: socket.socket, tls: "Tls | None", *, connecting: bool) -> None:
        self.sock = sock
        self.fd = sock.fileno()
        self.recvmsg = sock.recvmsg
        self.tls = tls
        self.connecting = connecting
        self.fresh = True
        self.out = b""
        self.exchange: Exchange | None = None

    def send(self, data: bytes) -> None:
        """Send, or keep what the kernel does not take now (`out`). Raises `OSError`."""
        if self.tls is not None:
            data = self.tls.sealed(data)
        self.out = self.out + data if self.out else data
        if not self.connecting:
            self.flush()

    def flush(self) -> None:
        """Send what is left. Raises `OSError`."""
        with suppress(BlockingIOError):
            while self.out:
                taken = self.sock.send(self.out)
                self.out = self.out[taken:] if taken < len(self.out) else b""

    def connected(self) -> None:
        """The server took it, or not: raises `OSError` then."""
        failed = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failed:
            raise OSError(failed, "cannot connect")
        self.connecting = False
        self.flush()

    def opened(self, data: bytes) -> bytes:
        """What came, in clear. With TLS it also answers what the handshake asks. Raises `OSError`."""
        if self.tls is None:
            return data
        clear = self.tls.opened(data)
        waiting = self.tls.waiting()
        if waiting:
            self.out += waiting
            self.flush()
        return clear

    @property
    def up(self) -> bool:
        """Whether requests can be sent on it: it is connected, and the handshake is done."""
        return not self.connecting and (self.tls is None or self.tls.up)

    @property
    def unread(self) -> bool:
        """Whether something came that was not read yet."""
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Give the socket back."""
        self.sock.close()


class Opening:
    """Opens connections to one target, in turn to each of its addresses that answers."""

    def __init__(self, host: str, port: int, context: "SSLContext | None") -> None:
        self._host = host
        self._context = context
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        self._places = deque((family, place) for family, _, _, _, place in dict.fromkeys(found))
        self.stamps = clocks.STAMPED

    def first(self) -> socket.socket:
        """A connection that blocks, to the first address that takes one; the others are forgotten if they do not. Raises `OSError`."""
        reached: list[socket.socket] = []
        places, failure = deque[tuple[int, tuple[object, ...]]](), OSError("no address")
        for family, place in self._places:
            sock = self._socket(family)
            sock.settimeout(PATIENCE)
            try:
                sock.connect(place)
            except OSError as error:
                sock.close()
                failure = error
                continue
            places.append((family, place))
            reached.append(sock)
        if not reached:
            raise failure
        self._places = places  # type: ignore[assignment]
        for sock in reached[1:]:
            sock.close()
        return reached[0]

    def wrap(self, sock: socket.socket) -> Connection:
        """A socket that is connected, as a connection."""
        return Connection(sock, self._tls(), connecting=False)

    def begin(self) -> Connection:
        """A connection on its way. Raises `OSError`."""
        family, place = self._places[0]
        self._places.rotate(-1)
        sock = self._socket(family)
        sock.setblocking(False)
        failed = sock.connect_ex(place)
        if failed and failed not in _PENDING:
            sock.close()
            raise OSError(failed, "cannot connect")
        tls = self._tls()
        made = Connection(sock, tls, connecting=bool(failed))
        if tls is not None:
            made.out = tls.waiting()
            if not made.connecting:
                made.flush()
        return made

    def _tls(self) -> "Tls | None":
        if self._context is None:
            return None
        from skewguard.observe.loadgen.tls import Tls

        return Tls(self._context, self._host)

    def _socket(self, family: int) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.stamps:
            try:
                sock.setsockopt(socket.SOL_SOCKET, clocks.RECEIVE_STAMPS, 1)
            except OSError:
                self.stamps = False
        return sock
