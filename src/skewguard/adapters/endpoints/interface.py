"""What is asked of an engine, what it answered, and what a way to it is: values."""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import Kind
from skewguard.adapters.endpoints.keys import KEY_VARIABLE, Key
from skewguard.language.errors import SkewguardError

MOST_BYTES = 8 * 2**20
"""Bytes of one answer; SGLang's record has 70,000, a busy engine's page of metrics some hundred thousand."""


class Answer(Struct, frozen=True):
    """What came back: a status of 200 to 299, the media type without parameters, and the whole body."""

    media_type: str
    body: bytes


class NoAnswer(SkewguardError):
    """An engine, or the way to it, gave no usable answer. `message` is the reason; `status` None: there was none at all."""

    def __init__(self, message: str, kind: Kind, *, would_need: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.would_need = would_need
        self.status = status


class Question(Struct, frozen=True):
    """What to ask: a path with its query; with a body, by POST."""

    target: str
    body: bytes | None = None

    @property
    def method(self) -> str:
        """The method it is asked with."""
        return "GET" if self.body is None else "POST"


class Way(Protocol):
    """How one engine is reached. Safe to use from several threads."""

    @property
    def open_only(self) -> bool:
        """Whether only GETs without a key get through: the API server's proxy takes `Authorization` off."""
        ...

    def shown(self, question: Question) -> str:
        """What a person reads as the place of the answer: `GET /v1/models of pod chat-0`."""
        ...

    def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = MOST_BYTES) -> Answer:
        """The answer. Raises `NoAnswer`."""
        ...


def understood(status: int, headers: Mapping[str, str], body: bytes, *, key: Key | None = None) -> Answer:
    """What one response gives. `headers` are in lower case. Raises `NoAnswer` for a status that is no answer."""
    if 200 <= status < 300:
        if headers.get("content-encoding", "identity") != "identity":
            raise NoAnswer("its answer is compressed, which nobody asked for", "unusable", status=status)
        return Answer(headers.get("content-type", "").partition(";")[0].strip().lower(), body)
    if 300 <= status < 400:
        raise NoAnswer(
            f"it redirects to {_host_of(headers.get('location', ''))}, which is not followed: something else answers here",
            "refused",
            would_need="an address that leads to the engine itself",
            status=status,
        )
    if status in (401, 403):
        raise NoAnswer(*_no_key(status, key), status=status)
    if status in (404, 405):
        raise NoAnswer(f"it answers {status}: there is no such path", "absent", status=status)
    raise NoAnswer(f"it answers {status}", "unusable", status=status)


def _no_key(status: int, key: Key | None) -> tuple[str, Kind]:
    if key is None:
        ways = f"set {KEY_VARIABLE}, or name a variable or a file (--api-key-env, --api-key-file)"
        return f"it needs an API key (it answers {status}): {ways}", "denied"
    return f"it does not accept the API key of {key.source} (it answers {status})", "denied"


def _host_of(location: str) -> str:
    try:
        return urlsplit(location).netloc.rpartition("@")[2][:200] or "another path"
    except ValueError:
        return "another place"
