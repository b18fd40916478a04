"""Clocks: the monotonic one that everything is told in, the kernel's stamp of what was received, a timer that is on time.

The kernel stamps packets by the wall clock. Each turn of the loop measures how far that is from the monotonic one; where it
moved between two turns somebody set the wall clock, and the stamps of that turn are not used.
"""

import os
import struct
import sys
import time
from contextlib import suppress
from typing import Any

NOW = time.monotonic_ns
_WALL = time.time_ns

RECEIVE_STAMPS = 35
"""SO_TIMESTAMPNS of Linux (asm-generic/socket.h), which the socket module does not name; the message has its number."""

STAMPED = sys.platform == "linux"
"""Whether the platform has such stamps; elsewhere the number means something else."""

TIMESPEC = struct.Struct("@ll").unpack
"""Seconds and nanoseconds of the wall clock, in a message of the kernel."""

_STEP = 500_000
"""Nanoseconds that the wall clock may drift from the monotonic one between two turns; NTP slews 500 a millisecond at most."""

_CLOCK_MONOTONIC = 1
_NONBLOCK = 0o4000
_ABSOLUTE = 1
_ITIMERSPEC = struct.Struct("@llll")


class Offset:
    """How far the wall clock is ahead of the monotonic one, measured each turn. `steps` counts how often it was set."""

    def __init__(self) -> None:
        self.value = _offset()
        self.steps = 0

    def measure(self) -> bool:
        """Measure again; False where the wall clock was set since."""
        before, self.value = self.value, _offset()
        stepped = abs(self.value - before) > _STEP
        self.steps += stepped
        return not stepped


def _offset() -> int:
    """Of three tries that one which was least interrupted."""
    best, least = 0, 1 << 62
    for _ in range(3):
        before = NOW()
        wall = _WALL()
        width = NOW() - before
        if width < least:
            best, least = wall - before - width // 2, width
        if width < 2_000:
            break
    return best


class Timer:
    """A moment at which the poll wakes: by a descriptor of the kernel, exact to microseconds; `fd` is -1 where there is none.

    Python 3.13 has it in `os`; before that it is the C library's.
    """

    def __init__(self) -> None:
        self._library: Any = None
        self._set_at = 0
        self.fd = -1
        with suppress(OSError, AttributeError, ImportError):
            self.fd = self._created()

    def _created(self) -> int:
        if hasattr(os, "timerfd_create"):
            return int(os.timerfd_create(_CLOCK_MONOTONIC, flags=_NONBLOCK))
        import ctypes

        self._library = ctypes.CDLL(None, use_errno=True)
        return int(self._library.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK))

    def wake_at(self, moment: int) -> None:
        """Wake the poll at a moment of the monotonic clock, in nanoseconds."""
        if self.fd < 0 or moment == self._set_at:
            return
        self._set_at = moment
        if self._library is None:
            os.timerfd_settime_ns(self.fd, flags=_ABSOLUTE, initial=moment)  # type: ignore[attr-defined,unused-ignore]
            return
        self._library.timerfd_settime(self.fd, _ABSOLUTE, _ITIMERSPEC.pack(0, 0, *divmod(moment, 1_000_000_000)), None)

    def heard(self) -> None:
        """It woke the poll: it does so once."""
        self._set_at = 0
        with suppress(BlockingIOError):
            os.read(self.fd, 8)

    def close(self) -> None:
        """Give the descriptor back."""
        if self.fd >= 0:
            os.close(self.fd)
