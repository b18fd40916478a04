"""Deadlines: one moment by which everything below it has to be done. Seconds of the monotonic clock."""

from time import monotonic

from msgspec import Struct


class Deadline(Struct, frozen=True):
    """A moment. `seconds` is how long it was away when it was set, for the message of what came too late."""

    at: float
    seconds: float

    @staticmethod
    def after(seconds: float) -> "Deadline":
        """The moment this many seconds from now."""
        return Deadline(monotonic() + seconds, seconds)

    def left(self) -> float:
        """Seconds until then; 0 when it has passed."""
        return max(0.0, self.at - monotonic())

    @property
    def passed(self) -> bool:
        """Whether the moment is over."""
        return self.left() <= 0

    def sooner(self, seconds: float | None) -> "Deadline":
        """The earlier of this one and the moment `seconds` from now."""
        if seconds is None:
            return self
        other = Deadline.after(seconds)
        return other if other.at < self.at else self
