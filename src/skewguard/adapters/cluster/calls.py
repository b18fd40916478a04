"""What is asked of an API server, what it answered, and where: values."""

from collections.abc import Mapping

from msgspec import Struct, field

MAX_BODY = 256 * 2**20
"""Bytes of the largest answer that is taken; a page of 500 pods has 2 to 5 MB."""

CALL_SECONDS = 60
"""Seconds that one call gets at most, retries included; the overall deadline may be sooner."""


class Call(Struct, frozen=True):
    """One request. `what` and `right` are words for messages: `pods in namespace prod`, `list pods in namespace prod`.

    `cut`: stop reading at `limit` bytes and keep those, instead of refusing the answer. `patient`: try again when
    the server is busy or away.
    """

    path: str
    what: str
    right: str
    params: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    limit: int = MAX_BODY
    cut: bool = False
    patient: bool = True
    seconds: float = CALL_SECONDS


class Answer(Struct, frozen=True):
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Place(Struct, frozen=True):
    """Where a request went: words for messages, none of them a credential."""

    context: str
    host: str
    login: str = "log in again"
    proxy: str | None = None

    def __str__(self) -> str:
        return f"context {self.context} ({self.host})"
