"""HTTP/1.x answers, taken apart as they come: a status, and what the body holds. It does not matter how reads cut them.

Only what a load client needs: no header is kept but those that say where the body ends and whether the connection lives on.
"""

from collections.abc import Callable

from msgspec import Struct

MOST_HEAD = 64 * 2**10
MOST_BODY = 256 * 2**20
"""Bytes of one answer: a stream of 100,000 tokens with everything an engine can tell of each has 50 million."""

_MOST_INTERIM = 16
_SIZES: dict[bytes, int] = {}
"""Sizes of chunks that were read before: there are few, and they come again and again. Never that of the last chunk, 0."""

_HEX = b"0123456789abcdefABCDEF"
_LONGEST_SIZE = 4096
"""Bytes of a line with the size of a chunk, extensions and all; of a line of a trailer too."""


class BadAnswer(Exception):
    """What came is no answer that can be understood; says what is wrong with it. `failure` is the kind that it counts as."""

    failure = "bad-answer"


class CutOff(BadAnswer):
    """What came is an answer, and not the whole of it."""

    failure = "closed-early"


class _Head(Struct, frozen=True):
    """The head of an answer: how its body goes on (None: it has none), and what of its headers matters."""

    status: int
    keep: bool
    kind: bytes
    retry_after: bytes
    step: Callable[..., bytes] | None
    length: int


_HEADS: dict[bytes, _Head] = {}
"""Heads that were read before: a server's answers begin alike, until its clock shows another second."""
_MOST_HEADS = 64


class Answer:
    """One answer. `feed` it what was read, and it gives the bytes of the body in it; `done` once it is whole."""

    __slots__ = ("_interim", "_left", "_rest", "_size", "_step", "done", "keep", "kind", "retry_after", "status")

    def __init__(self) -> None:
        self._rest = b""
        self._left = 0
        self._interim = 0
        self._size = 0
        self._step: Callable[[Answer, bytes], bytes] = Answer._head  # not bound to itself: nothing would free it
        self.done = False
        self.keep = True
        self.kind = b""
        self.retry_after = b""
        self.status = 0

    @property
    def begun(self) -> bool:
        """Whether a single byte of it has come."""
        return bool(self.status or self._rest)

    def feed(self, data: bytes) -> bytes:
        """What of the body came with `data`. Raises `BadAnswer`."""
        if self.done:
            raise BadAnswer("bytes after the end of the answer")
        body = self._step(self, data)
        self._size += len(body)
        if self._size > MOST_BODY:
            raise BadAnswer(f"an answer of more than {MOST_BODY // 2**20} MiB")
        return body

    def ended(self) -> bool:
        """The connection was closed: whether that is where the answer ends."""
        if self._step is Answer._until_close:
            self.done = True
        return self.done

    def _head(self, data: bytes) -> bytes:
        data = self._rest + data
        end, skip = data.find(b"\r\n\r\n"), 4
        bare = data.find(b"\n\n", 0, end + 1 if end >= 0 else len(data))
        if bare >= 0:
            end, skip = bare, 2
        if end < 0:
            self._refuse_head(data)
            self._rest = data
            return b""
        self._rest = b""
        text, rest = data[:end], data[end + skip :]
        head = _HEADS.get(text)
        if head is None:
            lines = text.replace(b"\r\n", b"\n").split(b"\n")
            status = _status(lines[0])
            if 100 <= status < 200:
                self._interim += 1
                if status == 101 or self._interim > _MOST_INTERIM:
                    raise BadAnswer("the server wants to speak another protocol")
                return self._head(rest)
            self.status = status  # known, whatever is wrong with the rest
            head = self._head_of(status, lines)
            if len(_HEADS) >= _MOST_HEADS:
                _HEADS.clear()
            _HEADS[text] = head
        return self._begin_body(head, rest)

    def _begin_body(self, head: _Head, rest: bytes) -> bytes:
        self.status, self.kind, self.retry_after = head.status, head.kind, head.retry_after
        if head.step is None:
            self.done = True
            self.keep = head.keep and not rest
            return b""
        self.keep, self._left, self._step = head.keep, head.length, head.step
        return self._step(self, rest)

    @staticmethod
    def _head_of(status: int, lines: list[bytes]) -> _Head:
        """What matters of a head. Raises `BadAnswer`."""
        named = _fields(lines[1:])
        connection = named.get(b"connection", b"").lower()
        keep = b"close" not in connection and (lines[0].startswith(b"HTTP/1.1") or b"keep-alive" in connection)
        if named.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
            raise BadAnswer("a packed body, which was not asked for")
        step, length = Answer._body_of(status, named)
        keep = keep and step is not Answer._until_close
        return _Head(
            status, keep, named.get(b"content-type", b"").lower(), named.get(b"retry-after", b""), step, length
        )

    @staticmethod
    def _body_of(status: int, named: dict[bytes, bytes]) -> tuple[Callable[..., bytes] | None, int]:
        """How a body goes on, and its length where it has one. Raises `BadAnswer`."""
        coding, length = named.get(b"transfer-encoding"), named.get(b"content-length")
        if status in (204, 304):
            return None, 0
        if coding is not None:
            if coding.lower() != b"chunked":
                raise BadAnswer("a transfer coding that was not asked for")
            return Answer._chunk_size, 0
        if length is None:
            return Answer._until_close, 0
        if not length.isdigit() or len(length) > 18:
            raise BadAnswer("a Content-Length that is no number")
        if int(length) > MOST_BODY:
            raise BadAnswer(f"an answer of more than {MOST_BODY // 2**20} MiB")
        return (Answer._counted if int(length) else None), int(length)

    @staticmethod
    def _refuse_head(data: bytes) -> None:
        if not data.startswith(b"HTTP/1."[: len(data)]):
            raise BadAnswer("what answers there does not speak HTTP/1")
        if len(data) > MOST_HEAD:
            raise BadAnswer(f"headers of more than {MOST_HEAD // 2**10} KiB")

    def _counted(self, data: bytes) -> bytes:
        body = data[: self._left]
        self._left -= len(body)
        if not self._left:
            self.done = True
            self.keep = self.keep and len(body) == len(data)
        return body

    def _until_close(self, data: bytes) -> bytes:
        return data

    def _chunk_size(self, data: bytes) -> bytes:
        """At the line with a chunk's size; goes on through every chunk that is whole in `data`. The hot one: most reads of a
        stream hold exactly one chunk, of a size that was met before, and late ones hold dozens."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        at, length = data.find(b"\r\n"), len(data)
        if _SIZES.get(data[:at]) == length - at - 4 and data.endswith(b"\r\n"):
            return data[at + 2 : -2]
        found = []
        at = 0
        while at < length:
            end = data.find(b"\r\n", at)
            if end < 0:
                self._rest = data[at:]
                if len(self._rest) > _LONGEST_SIZE:
                    raise BadAnswer("the size of a chunk is no number")
                break
            line = data[at:end]
            size = _SIZES.get(line, -1)
            if size < 0:
                size = _size(line)
            at = end + 2
            if size == 0:
                self._step = Answer._trailer
                self._trailer(data[at:])
                break
            stop = at + size
            found.append(data[at:stop])
            if stop + 2 > length:
                self._left = stop + 2 - length
                self._step = Answer._chunk_rest
                if stop < length and data[stop] != 13:
                    raise BadAnswer("a chunk is longer than its size")
                break
            if data[stop : stop + 2] != b"\r\n":
                raise BadAnswer("a chunk is longer than its size")
            at = stop + 2
        return found[0] if len(found) == 1 else b"".join(found)

    def _chunk_rest(self, data: bytes) -> bytes:
        """Within a chunk: `_left` counts what misses of it, with the two bytes of the line end behind it."""
        taken = data[: max(0, self._left - 2)]
        end = data[len(taken) : self._left]
        expected = b"\r\n"[2 - min(2, self._left - len(taken)) :]
        if end != expected[: len(end)]:
            raise BadAnswer("a chunk is longer than its size")
        self._left -= len(taken) + len(end)
        if self._left:
            return taken
        self._step = Answer._chunk_size
        return taken + self._chunk_size(data[len(taken) + len(end) :])

    def _trailer(self, data: bytes) -> bytes:
        """After the last chunk: lines until an empty one."""
        data = self._rest + data
        self._rest = b""
        while True:
            end = data.find(b"\r\n")
            if end < 0:
                self._rest = data
                if len(data) > _LONGEST_SIZE:
                    raise BadAnswer("a trailer without an end")
                return b""
            if end == 0:
                self.done = True
                self.keep = self.keep and len(data) == 2
                return b""
            self._size += end
            data = data[end + 2 :]


def _size(line: bytes) -> int:
    text = line.split(b";", 1)[0].strip(b" \t")
    if not text or len(text) > 15 or text.strip(_HEX):
        raise BadAnswer("the size of a chunk is no number")
    size = int(text, 16)
    if size > 0 and len(_SIZES) < 4096 and len(line) < 8:
        _SIZES[line] = size
    return size


def _status(line: bytes) -> int:
    parts = line.split(b" ", 2)
    if len(parts) < 2 or parts[0] not in (b"HTTP/1.1", b"HTTP/1.0") or len(parts[1]) != 3 or not parts[1].isdigit():
        raise BadAnswer("what answers there does not speak HTTP/1")
    return int(parts[1])


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    """Headers by name. Two lengths that differ are no answer at all (RFC 9112, 6.3)."""
    named: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, text = line.partition(b":")
        name, text = name.strip().lower(), text.strip()
        if not colon:
            raise BadAnswer("a header without a colon")
        if name == b"content-length" and named.get(name, text) != text:
            raise BadAnswer("two lengths of one answer")
        named[name] = text
    return named
