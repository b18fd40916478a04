"""Waiting for sockets and for moments: epoll with a timer of the kernel, or what the platform has instead."""

import select
from math import ceil
from typing import Any

from skewguard.observe.loadgen.clocks import NOW, Timer

_HOUR = 3_600_000_000_000
IN, OUT = 1, 4
"""EPOLLIN and EPOLLOUT, which are POLLIN and POLLOUT as well."""


class Poll:
    """Descriptors that are waited for. Without a timer of the kernel a wait ends up to a millisecond late; nothing spins."""

    def __init__(self) -> None:
        self._epoll = hasattr(select, "epoll")
        self._poll: Any = select.epoll() if self._epoll else select.poll()
        self._timer = Timer()
        if self._timer.fd >= 0:
            self._poll.register(self._timer.fd, IN)
        self.modify = self._poll.modify

    def register(self, descriptor: int, events: int = IN) -> None:
        """Wait for it as well."""
        self._poll.register(descriptor, events)

    def forget(self, descriptor: int) -> None:
        """Wait for it no more; epoll forgets what is closed by itself."""
        if not self._epoll:
            self._poll.unregister(descriptor)

    def wait(self, until: int) -> list[tuple[int, int]]:
        """Descriptors with what can be done with each; at the latest at `until`, in nanoseconds of the monotonic clock."""
        if self._timer.fd >= 0:
            self._timer.wake_at(until)
            ready: list[tuple[int, int]] = self._poll.poll()
            return ready
        left = ceil(min(max(0, until - NOW()), _HOUR) / 1e6)
        return list(self._poll.poll(left / 1e3 if self._epoll else left))

    def heard(self, descriptor: int) -> None:
        """A descriptor that nobody knows woke the poll: where it is the timer's, it is set again by the next wait."""
        if descriptor == self._timer.fd:
            self._timer.heard()

    def close(self) -> None:
        """Give the descriptors back."""
        self._timer.close()
        if self._epoll:
            self._poll.close()
