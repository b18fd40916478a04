"""How many replicas of a workload are ready, in the same words in every table, line and finding."""

from msgspec import Struct


class Count(Struct, frozen=True):
    """Pods of one container: those there that are to stay, the ready ones among them, and those that are being deleted.

    `desired` is the number that was asked for, None where nobody says one.
    """

    there: int
    ready: int
    desired: int | None = None
    leaving: int = 0

    @property
    def wanted(self) -> int:
        """How many should be ready: as many as there are where no number is asked for."""
        return self.there if self.desired is None else self.desired

    @property
    def surplus(self) -> int:
        """Those beyond the number asked for: in a rollout, mostly."""
        return max(self.there - self.wanted, 0)

    def __str__(self) -> str:
        """`2 of 2 replicas ready, 1 more than asked for, 1 terminating`."""
        return self._said(" replica" if self.wanted == 1 else " replicas")

    @property
    def brief(self) -> str:
        """The same under a head that says what is counted: `2 of 2 ready, 1 more than asked for`."""
        return self._said("")

    def _said(self, noun: str) -> str:
        said = f"{min(self.ready, self.wanted)} of {self.wanted}{noun} ready"
        said += f", {self.surplus} more than asked for" if self.surplus else ""
        return said + (f", {self.leaving} terminating" if self.leaving else "")
