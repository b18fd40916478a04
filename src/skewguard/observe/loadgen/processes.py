"""The load processes of a run: started, told, listened to, and ended."""

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Literal, Self

from msgspec import structs

from skewguard.language.errors import InputError
from skewguard.observe.loadgen.merging import Written
from skewguard.observe.loadgen.messages import (
    CLOSE,
    Broken,
    Counts,
    End,
    Message,
    Plan,
    Ready,
    Refused,
    Rows,
    Unpacking,
    packed,
)

_WORKER = "skewguard.observe.loadgen.worker"
_PIECE = 1 << 20
_FIRST_WORD = 60.0
"""Seconds that a process may need until it is connected."""

_LAST_WORD = 10.0
_PLAINER = (
    "",
    "the server refuses continuous_usage_stats: it counts the tokens of an answer where that is over, and not in each chunk",
    "the server refuses stream_options: it was not asked to count tokens",
)
_FEW = 0.01


class _Process:
    """One of them, and what it said so far."""

    def __init__(self, plan: Plan, environment: Mapping[str, str]) -> None:
        self.popen = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
            [sys.executable, "-P", "-m", _WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
            process_group=0,  # Ctrl-C is for the parent, which ends them in order
        )
        self.unpacking = Unpacking()
        self.written = Written()
        self.counts = Counts(0, 0, 0, 0)
        self.ready: Ready | None = None
        self.end: End | None = None
        self.fault = ""
        self.tell(packed(plan))

    def tell(self, data: bytes) -> None:
        """Write to it; one that is gone hears nothing."""
        assert self.popen.stdin is not None
        with suppress(BrokenPipeError):
            while data:
                data = data[self.popen.stdin.write(data) or 0 :]

    def heard(self, message: Message) -> None:
        """Take what it said. Raises `InputError` where the target cannot be loaded."""
        if isinstance(message, Rows):
            self.written.add(message)
        elif isinstance(message, Counts):
            recent = (self.counts.ttfts + message.ttfts, self.counts.e2es + message.e2es)
            self.counts = structs.replace(message, ttfts=recent[0], e2es=recent[1])
        elif isinstance(message, Ready):
            self.ready = message
        elif isinstance(message, End):
            self.end = message
        elif isinstance(message, Broken):
            self.fault = message.message
        elif isinstance(message, Refused):
            raise InputError(message.message, hint=message.hint)


class Processes:
    """All of them. `lost`: that one ended without a word, and how; its rows until then are kept."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        environment = _without(plans[0].key)
        self._all: list[_Process] = []
        self._selector = selectors.DefaultSelector()
        self.lost = ""
        try:
            for plan in plans:
                self._add(_Process(plan, environment))
        except BaseException:
            self._kill()
            raise

    def _add(self, process: _Process) -> None:
        self._all.append(process)
        assert process.popen.stdout is not None
        self._selector.register(process.popen.stdout, selectors.EVENT_READ, process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    def ready(self) -> None:
        """Wait until all are connected. Raises `InputError` where one cannot be."""
        deadline = time.monotonic() + _FIRST_WORD
        while any(process.ready is None for process in self._all):
            left = deadline - time.monotonic()
            if left <= 0 or self.lost or not self.listen(left):
                raise InputError(self.lost or "the load processes did not get ready in time")

    def go(self, start: int) -> None:
        """Begin at a moment of the monotonic clock, in nanoseconds."""
        for process in self._all:
            process.tell(start.to_bytes(8, "little"))

    def listen(self, seconds: float) -> bool:
        """Take what they say, waiting so long at most; False once all have ended."""
        if self._selector.get_map():
            for key, _ in self._selector.select(seconds):
                self._read(key.data, key.fd)
        return bool(self._selector.get_map())

    def _read(self, process: _Process, descriptor: int) -> None:
        data = os.read(descriptor, _PIECE)
        for message in process.unpacking.feed(data):
            process.heard(message)
        if not data:
            self._selector.unregister(descriptor)
            if process.end is None and not self.lost:
                self.lost = f"a load process ended early ({process.fault or _how(process.popen.wait())})"

    def close(self) -> None:
        """Call the end of sending: what is under way comes to its end."""
        for process in self._all:
            process.tell(CLOSE)

    def stop(self) -> None:
        """Call the end."""
        for process in self._all:
            process.tell(b"\0")

    def finish(self) -> None:
        """Call the end and wait for it, for a while; a second Ctrl-C does not wait."""
        self.stop()
        deadline = time.monotonic() + _LAST_WORD
        with suppress(KeyboardInterrupt):
            while self.listen(max(0.0, deadline - time.monotonic())) and time.monotonic() < deadline:
                pass

    def counts(self) -> list[Counts]:
        """The last word of each on how it stands; what was recent is given once."""
        told = [process.counts for process in self._all]
        for process in self._all:
            process.counts = structs.replace(process.counts, ttfts=(), e2es=())
        return told

    @property
    def written(self) -> list[Written]:
        """The rows of each."""
        return [process.written for process in self._all]

    @property
    def ends(self) -> list[End]:
        """The last word of those that gave one."""
        return [process.end for process in self._all if process.end is not None]

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return next((process.ready.model for process in self._all if process.ready is not None), "")

    def clock(self) -> Literal["kernel", "user", "mixed"]:
        """By which clock answers were stamped."""
        reads, stamped = sum(end.reads for end in self.ends), sum(end.stamped for end in self.ends)
        if not self.ends:
            return "kernel" if any(written.lags for written in self.written) else "user"
        if stamped >= reads * (1 - _FEW):
            return "kernel" if reads else "user"
        return "mixed" if stamped else "user"

    def notes(self) -> list[str]:
        """What has to be known about the run beside its rows."""
        return _notes(self.ends)

    def _kill(self) -> None:
        for process in self._all:
            if process.popen.poll() is None:
                process.popen.kill()
            for pipe in (process.popen.stdin, process.popen.stdout):
                if pipe is not None:
                    pipe.close()
            process.popen.wait()
        self._selector.close()


def _notes(ends: Sequence[End]) -> list[str]:
    told = []
    errors: dict[str, int] = {}
    for end in ends:
        for text, times in end.errors:
            errors[text] = errors.get(text, 0) + times
    told += [f"{text} ({times} request{'s' * (times != 1)})" for text, times in errors.items()]
    if stale := sum(end.stale for end in ends):
        told.append(f"{stale} idle connections were closed by the server when a request met them, which was sent again")
    if waits := sum(end.waits for end in ends):
        waited = sum(end.waited for end in ends)
        told.append(
            f"{waited} request{'s' * (waited != 1)} waited for {waits} retr{'ies' if waits != 1 else 'y'}, each after the Retry-After of the"
            " server: TTFT and end-to-end times hold the waits, from the intended start on"
        )
    if plainer := max((end.plainer for end in ends), default=0):
        told.append(_PLAINER[plainer])
    if steps := max((end.steps for end in ends), default=0):
        told.append(
            f"the wall clock was set {steps} times during the run; kernel stamps of those moments were not used"
        )
    return told


def _without(key: str | None) -> dict[str, str]:
    """This process's environment, handed on without any variable that holds the key."""
    environment = {name: text for name, text in os.environ.items() if not (key and key in text)}  # noqa: TID251 - not read
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return environment


def _how(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit {code}"
