"""Changes as they happen: a list first, then a watch that goes on from it, and begins again where the server forgot.

Facts of the API (Kubernetes documentation, reference/using-api/api-concepts): a server forgets old versions and says so
in the watch (an `ERROR` event with code 410, HTTP 200) or before it (HTTP 410); bookmarks move the version on while nothing
happens; a server that is behind the version that it is asked for says 500 "Too large resource version" in the watch.
"""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct, field

from skewguard.adapters.cluster import failures
from skewguard.adapters.cluster.calls import Call
from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.cluster.errors import ClusterError, Expired, TooSlow, Unreachable, Unusable
from skewguard.adapters.cluster.read import RESTARTS, Reader
from skewguard.adapters.cluster.resources import Resource, right

T = TypeVar("T")

ROUND = 240
"""Seconds that one watch request lasts: below the five minutes at which many load balancers cut what is quiet."""

LONGEST_LINE = 32 * 2**20

Type = Literal["listing", "listed", "synced", "added", "modified", "deleted"]
"""`listing`: what follows is the whole list, at the start and whenever the server forgot. `listed`: one object of it.
`synced`: that was all; what was known before and is not in it is gone. The others: what happened since."""


class Event(Struct, Generic[T], frozen=True):
    """One thing that happened. `object` is None for `listing` and `synced`. `version` is where a later watch may go on."""

    type: Type
    object: T | None = None
    version: str = ""


class _Raw(Struct, frozen=True):
    type: str
    object: msgspec.Raw


class _Meta(Struct, frozen=True):
    version: str = field(name="resourceVersion", default="")
    name: Any = ""


class _Versioned(Struct, frozen=True):
    metadata: _Meta = _Meta()


class _Behind(Exception):
    """The server cannot go on right now; a little later it can."""


def watch(
    reader: Reader,
    resource: Resource,
    type_: type[T],
    *,
    namespace: str | None = None,
    labels: str | None = None,
    fields: str | None = None,
    seconds: float | None = None,
) -> Iterator[Event[T]]:
    """Every object, then every change of it, for so many seconds or until the cluster's deadline.

    Broken connections and busy servers are waited out; a missing right or credentials that are not accepted any more
    raise a `ClusterError`, and so does a server that stays away.
    """
    until = reader.cluster.deadline.sooner(seconds)
    one = _Watch(
        reader, resource, type_, until, {"labelSelector": labels or "", "fieldSelector": fields or ""}, namespace
    )
    while not until.passed:
        version = yield from one.listed()
        yield from one.changes(version)


class _Watch(Generic[T]):
    """One watch, through as many requests as it takes."""

    def __init__(
        self,
        reader: Reader,
        resource: Resource,
        type_: type[T],
        until: Deadline,
        selectors: dict[str, str],
        namespace: str | None,
    ) -> None:
        self._reader = reader
        self._cluster = reader.cluster
        self._resource = resource
        self._until = until
        self._selectors = {key: text for key, text in selectors.items() if text}
        self._namespace = namespace
        self._decoder = msgspec.json.Decoder(type_)
        self._type: Any = type_

    def listed(self) -> Generator[Event[T], None, str]:
        """The list, and the version it is of. One that expires in the middle begins again, and says so."""
        for attempt in count(1):
            yield Event("listing")
            version = ""
            try:
                for page in self._reader.pages(self._resource, self._type, namespace=self._namespace, **self._given()):
                    version = version or page.metadata.version
                    for item in page.items or []:
                        yield Event("listed", item)
            except Expired:
                if attempt > RESTARTS:
                    raise
                continue
            yield Event("synced", version=version)
            return version
        raise AssertionError("the loop ends by returning or raising")

    def changes(self, version: str) -> Iterator[Event[T]]:
        """What happens after a version, until the server has forgotten it or the time is over."""
        failed = 0
        while not self._until.passed:
            try:
                for event in self._round(version):
                    failed = 0
                    version = event.version or version
                    if event.object is not None:
                        yield event
            except Expired:
                return
            except TooSlow:
                continue  # a watch that the other end forgot to close
            except (Unreachable, _Behind) as error:
                failed += 1
                if failed > ATTEMPTS and isinstance(error, ClusterError):
                    raise
                self._cluster.rest(min(0.2 * 2 ** min(failed, 6), self._until.left()))

    def _given(self) -> dict[str, str]:
        names = {"labelSelector": "labels", "fieldSelector": "fields"}
        return {names[key]: text for key, text in self._selectors.items()}

    def _round(self, version: str) -> Iterator[Event[T]]:
        """One request. Events with `object` None carry a version alone."""
        lasts = max(1, min(ROUND, int(self._until.left())))
        call = self._call(version, lasts)
        with ExitStack() as held:
            response = self._cluster.open(call, held, read_seconds=lasts + 15)
            if response.status_code != 200:
                self._cluster.refuse(call, response)
            with self._cluster.reading(call):
                for line in _lines(response.iter_bytes(), call):
                    self._cluster.check(call, Deadline.after(1))
                    event = self._event(line)
                    if event is not None:
                        yield event
                    if self._until.passed:
                        return

    def _call(self, version: str, lasts: int) -> Call:
        params = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": str(lasts)}
        return Call(
            self._resource.path(self._namespace),
            f"a watch of {self._resource.title}",
            right("watch", self._resource, self._namespace),
            {**params, **self._selectors},
            seconds=lasts + 15,
        )

    def _event(self, line: bytes) -> Event[T] | None:
        try:
            raw = msgspec.json.decode(line, type=_Raw)
            if raw.type == "ERROR":
                self._told(msgspec.json.decode(raw.object, type=failures.Status))
                return None
            version = msgspec.json.decode(raw.object, type=_Versioned).metadata.version
        except msgspec.DecodeError:
            raise Unusable(f"{self._cluster.place} sent what is no event of a watch") from None
        if raw.type == "BOOKMARK":
            return Event("modified", None, version)
        known = _TYPES.get(raw.type)
        if known is None:
            return None
        return self._decoded(known, raw.object, version)

    def _decoded(self, type_: Type, raw: msgspec.Raw, version: str) -> Event[T]:
        try:
            item = self._decoder.decode(raw)
        except msgspec.ValidationError as error:
            name = msgspec.json.decode(raw, type=_Versioned).metadata.name
            self._cluster.note(f"{self._resource.title} {name} was left out: {error}")
            return Event(type_, None, version)
        return Event(type_, item, version)

    def _told(self, status: failures.Status) -> None:
        if status.code == 410 or status.reason in ("Expired", "Gone"):
            raise Expired(f"{self._cluster.place} has forgotten where the watch of {self._resource.title} was")
        if status.code >= 500 or status.code == 429:
            raise _Behind
        raise Unusable(f"{self._cluster.place} ended the watch of {self._resource.title}: {failures.said(status)}")


ATTEMPTS = 8
"""Rounds in a row that may fail: about 40 seconds, in which an API server has restarted several times."""

_TYPES: dict[str, Type] = {"ADDED": "added", "MODIFIED": "modified", "DELETED": "deleted"}


def _lines(chunks: Iterator[bytes], call: Call) -> Iterator[bytes]:
    """Whole lines; a last one that is cut off is none."""
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        if b"\n" in chunk:
            *lines, tail = bytes(rest).split(b"\n")
            rest = bytearray(tail)
            yield from (line for line in lines if line.strip())
        elif len(rest) > LONGEST_LINE:
            raise Unusable(f"{call.what}: an event is larger than {LONGEST_LINE >> 20} MiB")
