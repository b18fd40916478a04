"""How busy this machine is, where the platform tells: without that a client cannot know whether it, or the server, was slow."""

import os
from contextlib import suppress

from msgspec import Struct


class Busy(Struct, frozen=True):
    """Seconds of work of all cores since the start of the machine (None: not told), and those of this process."""

    all: float | None
    own: float


def busy() -> Busy:
    """How much was worked until now."""
    times = os.times()
    return Busy(_all(), times.user + times.system)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _all() -> float | None:
    """From Linux's /proc/stat: user, nice, system, irq, softirq, steal are work; idle and iowait are none, and guests are in user."""
    with suppress(OSError, ValueError, IndexError):
        descriptor = os.open("/proc/stat", os.O_RDONLY)
        try:
            fields = os.read(descriptor, 4096).split(b"\n", 1)[0].split()
        finally:
            os.close(descriptor)
        ticks = [int(field) for field in fields[1:9]]
        return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")
    return None
