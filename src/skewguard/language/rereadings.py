"""What two versions of an engine make of the same words: part of the answer of `diff`."""

from typing import Literal

from msgspec import Struct

from skewguard.language.facts import Origin, Subject
from skewguard.language.findings import Severity

Treatment = Literal[
    "read",  # as it was meant
    "refused",  # the engine does not start with it
    "dropped",  # the engine starts, and runs without it
    "overridden",  # a later value wins
    "dead",  # a variable that this version no longer reads
    "unread",  # a variable that this version does not read
    "deprecated",  # read, and a coming release will refuse it
    "abbreviated",  # read, as long as no other flag begins so
    "read otherwise",  # read on both sides, as another setting or value
    "unknown",  # the version lies outside the tables, or what decides is not in the input
    "absent",  # not written on this side
]


class WordChange(Struct, frozen=True):
    """One flag or variable of a container that the two sides do not treat alike.

    `name` is the flag or variable, never its value. `setting` is what the side that reads it takes it for. `message`
    and `remedy` speak of the side that treats it worse, and `origin` is the place there.
    """

    subject: Subject
    name: str
    before: Treatment
    after: Treatment
    severity: Severity
    message: str
    remedy: str = ""
    setting: str | None = None
    origin: Origin | None = None

    @property
    def decided(self) -> bool:
        """Whether it is certain that the sides differ."""
        return "unknown" not in (self.before, self.after)


class EntrypointChange(Struct, frozen=True):
    """A container without a command, whose image starts another program on the two sides; the commands as one types them."""

    subject: Subject
    before: str
    after: str
    message: str
