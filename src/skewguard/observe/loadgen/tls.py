"""TLS between the kernel and the client, in memory: the socket is read by us, so that the kernel's stamps still hold."""

import ssl

_PIECE = 65536


def context(ca_file: str | None) -> ssl.SSLContext:
    """Certificates are always verified, against the system's or those of `ca_file`. Raises `OSError`."""
    made = ssl.create_default_context(cafile=ca_file)
    made.set_alpn_protocols(["http/1.1"])
    return made


class Tls:
    """One side of a TLS connection. What is sealed before the handshake is done waits for it."""

    __slots__ = ("_early", "_in", "_out", "_side", "_up", "over")

    def __init__(self, made: ssl.SSLContext, host: str) -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._side = made.wrap_bio(self._in, self._out, server_hostname=host)
        self._up = False
        self._early = b""
        self.over = False
        self._shake()

    def sealed(self, data: bytes) -> bytes:
        """What has to be sent so that `data` arrives."""
        if not self._up:
            self._early += data
            return b""
        self._side.write(data)
        return self._out.read()

    def opened(self, data: bytes) -> bytes:
        """What `data` says, in clear; nothing where it is of the handshake. Raises `ssl.SSLError`."""
        self._in.write(data)
        if not self._up:
            self._shake()
            if not self._up:
                return b""
        return self._clear()

    @property
    def up(self) -> bool:
        """Whether the handshake is done."""
        return self._up

    def waiting(self) -> bytes:
        """What has to be sent now: of the handshake, and what waited for it."""
        return self._out.read()

    def _shake(self) -> None:
        try:
            self._side.do_handshake()
        except ssl.SSLWantReadError:
            return
        self._up = True
        if self._early:
            self._side.write(self._early)
            self._early = b""

    def _clear(self) -> bytes:
        found = []
        try:
            while piece := self._side.read(_PIECE):
                found.append(piece)
            self.over = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.over = True
        return b"".join(found)
