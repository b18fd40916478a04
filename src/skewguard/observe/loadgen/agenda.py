"""What is due next in one process: arrivals, free slots of the closed loop, requests that wait to be sent again."""

from heapq import heappop, heappush
from itertools import count

from skewguard.observe.loadgen.arrivals import Schedule
from skewguard.observe.loadgen.exchanges import Exchange

NEVER = 1 << 62


class Agenda:
    """The part of a schedule that is this process's, in nanoseconds of the monotonic clock from `start` on."""

    def __init__(self, schedule: Schedule, start: int) -> None:
        self._times = [start + int(moment * 1e9) for moment in schedule.times]
        self._at = 0
        self._steps = [(start + int(moment * 1e9), slots) for moment, slots in schedule.steps]
        self._slots = 0
        self._left = schedule.quota if schedule.quota is not None else NEVER
        self._counts_from = start + int(schedule.warmup * 1e9)
        self._busy = 0
        self._waiting: list[tuple[int, int, Exchange | None]] = []
        self._waits = count()
        self._ended_at = 0
        self.full = 0
        self.last = 0

    def next_due(self) -> int:
        """The moment at which something is due that does not follow from an answer."""
        due = self._times[self._at] if self._at < len(self._times) else NEVER
        if self._steps and self._steps[0][0] < due:
            due = self._steps[0][0]
        if self._waiting and self._waiting[0][0] < due:
            due = self._waiting[0][0]
        return due

    def arrival(self, now: int) -> int:
        """The intended moment of the next arrival of the open loop, if it is due; 0 where none is."""
        if self._at < len(self._times) and self._times[self._at] <= now:
            self._at += 1
            self.last = self._times[self._at - 1]
            return self.last
        return 0

    def slot(self, now: int) -> bool:
        """Whether a slot of the closed loop is free, which is taken then."""
        while self._steps and self._steps[0][0] <= now:
            self._ended_at, self._slots = self._steps.pop(0)
        if self._busy >= self._slots or (now >= self._counts_from and self._left <= 0):
            return False
        if now >= self._counts_from:
            self._left -= 1
        self._busy += 1
        self.last = now
        if self._busy == self._slots and not self.full:
            self.full = now
        return True

    def freed(self) -> None:
        """A slot is free again."""
        self._busy -= 1

    def wait(self, until: int, exchange: Exchange | None) -> None:
        """A slot stays taken until this moment: for a request that is sent again then, or for none."""
        heappush(self._waiting, (until, next(self._waits), exchange))

    def waited(self, now: int) -> tuple[bool, Exchange | None]:
        """Whether a wait is over, and the request that it was for; a wait for none frees its slot."""
        if not self._waiting or self._waiting[0][0] > now:
            return False, None
        exchange = heappop(self._waiting)[2]
        if exchange is None:
            self._busy -= 1
        return True, exchange

    def beyond(self, moment: int) -> bool:
        """Whether a closed loop is over by then."""
        if not self._steps:
            return self._slots == 0
        return self._steps[-1][1] == 0 and self._steps[-1][0] <= moment

    def close(self, now: int) -> None:
        """Nothing more is begun from now on; what is under way, or waits to be sent again, comes to its end."""
        self._at = len(self._times)
        self._steps = [(now, 0)] if self._slots or self._steps else []

    def stop(self, now: int) -> list[Exchange]:
        """Nothing more is due; gives the requests that were waiting."""
        self._at = len(self._times)
        self._steps, self._slots = [], 0
        self.last = self._ended_at = now
        waiting = [exchange for _, _, exchange in self._waiting if exchange is not None]
        self._waiting.clear()
        return waiting

    def over(self) -> bool:
        """Whether everything was sent."""
        closed = (self._slots == 0 and not self._steps) or self._left <= 0
        return self._at >= len(self._times) and closed and not any(waiting for _, _, waiting in self._waiting)

    @property
    def closed_at(self) -> int:
        """When a closed loop's last slots were taken away, or its last request sent."""
        return self._ended_at if self._slots == 0 and self._left > 0 else self.last
