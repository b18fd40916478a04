"""What a load process is told, and what it tells: values that pass through its pipes, each behind its length."""

import struct
from typing import Any

import msgspec
from msgspec import Struct

from skewguard.language.loads import Load
from skewguard.observe.loadgen.targets import Address
from skewguard.observe.loadgen.wording import PromptSet

FAILURES = ("", "timeout", "refused", "reset", "closed-early", "http", "rate-limited", "bad-answer", "stopped")
"""`language.baselines.Failure`, by the number that stands for it in a row."""

CENSORED, FRESH, SHARED, APART, NEAR = 1, 2, 4, 8, 16
"""Of a row: its first token came in one read with others; its connection was opened for it; what follows the last token
(usage, the end of the stream) came in the read of the last token, in a later one, or in a later one and as good as at once."""


CLOSE = b"\1"
"""The word to a process to begin nothing more, and to let what is under way come to its end; any other ends that too."""


class Plan(Struct, frozen=True):
    """Everything a load process needs. The key is in `headers`, which is why a plan goes over a pipe and has no repr."""

    address: Address
    headers: bytes
    key: str | None
    model: str | None
    ca_file: str | None
    timeout_s: float
    load: Load
    prompts: PromptSet
    process: int
    processes: int

    def __repr__(self) -> str:
        return f"Plan(process {self.process} of {self.processes})"


class Ready(Struct, frozen=True, tag="ready"):
    """It is connected; `model` is what it will ask for."""

    model: str


class Refused(Struct, frozen=True, tag="refused"):
    """It cannot begin: why, for the user."""

    message: str
    hint: str | None = None


class Broken(Struct, frozen=True, tag="broken"):
    """It cannot go on: a fault of its own, and where."""

    message: str


class Rows(Struct, frozen=True, tag="rows"):
    """Requests that ended, one column each as the bytes of an array: times `d`, counts `q`, the rest `b`; lags `f`."""

    columns: tuple[bytes, ...]
    gaps: bytes
    lags: bytes
    slips: bytes


class Counts(Struct, frozen=True, tag="counts"):
    """How it stands: the recent times to the first token and to the end, of the requests that ended since the last word.

    `heard`: how often anything was read; `refused`: how many of the failed were answered with an HTTP error.
    """

    sent: int
    completed: int
    failed: int
    in_flight: int
    ttfts: tuple[float, ...] = ()
    e2es: tuple[float, ...] = ()
    heard: int = 0
    refused: int = 0


class End(Struct, frozen=True, tag="end"):
    """It is done. Seconds since the start; `full`: when all its slots were busy first (None: never, or an open loop).

    `last` is when its schedule was over, `cpu` the cores it used. `stamped` of its `reads` had the kernel's stamp;
    `steps`: how often the wall clock was set meanwhile. `waited` requests came again after a Retry-After, `waits` times in all.
    `plainer`: which of `bodies.COUNTS` was asked for in the end.
    """

    cpu: float
    wall: float
    reads: int
    stamped: int
    full: float | None = None
    last: float = 0.0
    steps: int = 0
    stale: int = 0
    waits: int = 0
    waited: int = 0
    plainer: int = 0
    errors: tuple[tuple[str, int], ...] = ()


Message = Ready | Refused | Broken | Rows | Counts | End
_LENGTH = struct.Struct("<I")
_reader = msgspec.msgpack.Decoder(Message)
_plans = msgspec.msgpack.Decoder(Plan)


def packed(value: Any) -> bytes:
    """One value with its length before it."""
    body = msgspec.msgpack.encode(value)
    return _LENGTH.pack(len(body)) + body


class Unpacking:
    """Messages out of what a pipe gave, however it was cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are whole now."""
        self._buffer += data
        found: list[Message] = []
        while (body := _taken(self._buffer)) is not None:
            found.append(_reader.decode(body))
        return found


def plan(data: bytes) -> Plan | None:
    """The plan at the beginning of these bytes; None where more of them are needed."""
    body = _taken(bytearray(data))
    return None if body is None else _plans.decode(body)


def _taken(buffer: bytearray) -> bytes | None:
    if len(buffer) < _LENGTH.size:
        return None
    end = _LENGTH.size + _LENGTH.unpack_from(buffer)[0]
    if len(buffer) < end:
        return None
    body = bytes(buffer[_LENGTH.size : end])
    del buffer[:end]
    return body
