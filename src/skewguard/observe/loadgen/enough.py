"""When a run has gone on for long enough: a closed loop that is to end once it has answers enough, and one that hears nothing."""

from msgspec import Struct, structs

from skewguard.language.loads import Load
from skewguard.observe.loadgen.live import Live

DEAF_S, SILENT_S = 60.0, 120.0
"""Seconds after the last request was sent for which a stream that brings nothing is waited for: where nothing ever came, and where
something did. A request may take ten minutes, and a server that is stuck would be waited for as long."""


class Until(Struct, frozen=True):
    """A closed loop lasts for its duration at least, and then until so many `answers` came after its warm-up, `seconds` at most."""

    answers: int
    seconds: float


class Watch:
    """Looks at how a run stands, a few times a second."""

    def __init__(self, load: Load, until: Until | None) -> None:
        self._until = until if load.profile == "concurrency" and load.duration and load.requests is None else None
        self._load = load
        self._least = load.warmup + (load.duration or 0.0)
        self._warm: int | None = None
        self._closed: float | None = None
        self._heard = (0, 0.0)

    @property
    def longest(self) -> Load:
        """The load as long as it may become, which the schedule is of."""
        if self._until is None:
            return self._load
        return structs.replace(self._load, duration=max(self._load.duration or 0.0, self._until.seconds))

    def told(self, live: Live) -> Live:
        """The same with the end that is seen now."""
        if live.heard != self._heard[0]:
            self._heard = (live.heard, live.elapsed)
        if self._until is None:
            return live
        if self._warm is None and live.elapsed >= self._load.warmup:
            self._warm = live.completed
        if live.elapsed < self._least:
            return structs.replace(live, planned_seconds=self._least)
        return structs.replace(live, planned=(self._warm or 0) + self._until.answers)

    def closes(self, live: Live) -> bool:
        """Whether there is enough now: said once."""
        if self._until is None or self._closed is not None or live.elapsed < self._least:
            return False
        if live.completed - (self._warm or 0) < self._until.answers:
            return False
        self._closed = live.elapsed
        return True

    def silent(self, live: Live) -> str:
        """Why it is of no use to wait any longer; empty where it may be. An answer in one piece may be long in coming."""
        heard, at = self._heard
        over = self._closed if self._closed is not None else live.planned_seconds or 0.0
        limit = SILENT_S if heard or live.planned_seconds is None else DEAF_S
        if not self._load.stream or not live.in_flight or live.elapsed < max(over, at) + limit:
            return ""
        last = f"for {live.elapsed - at:.0f} s" if heard else f"within {live.elapsed:.0f} s"
        return f"the server sent nothing {last}, with {live.in_flight} requests under way"
