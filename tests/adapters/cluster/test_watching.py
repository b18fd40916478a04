"""A watch that goes on through everything a server and a network do to it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Struct

from skewguard.adapters.cluster import watching
from skewguard.adapters.cluster.errors import ClusterError, Unauthorized, Unreachable, Unusable
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import PODS
from skewguard.adapters.cluster.session import Cluster
from tests.adapters.cluster.conftest import pod
from tests.fakes.api_server import ApiServer


class Meta(Struct):
    name: str


class Pod(Struct):
    metadata: Meta


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited each time; nothing is waited for."""
    waited: list[float] = []
    monkeypatch.setattr(Cluster, "rest", lambda _self, seconds: waited.append(seconds))
    return waited


def told(events: Iterator[watching.Event[Pod]], number: int) -> list[tuple[str, str | None]]:
    """The next so many events, as their types and names."""
    taken = [next(events) for _ in range(number)]
    return [(each.type, each.object.metadata.name if each.object is not None else None) for each in taken]


def started(reader: Reader) -> Iterator[watching.Event[Pod]]:
    """A watch whose list, of one pod, is over."""
    events = watching.watch(reader, PODS, Pod, namespace="prod")
    assert told(events, 3) == [("listing", None), ("listed", "a"), ("synced", None)]
    return events


def line(type_: str, **content: Any) -> bytes:
    return json.dumps({"type": type_, "object": content}).encode() + b"\n"


def asked(server: ApiServer) -> list[str]:
    """The versions that were watched from."""
    return [line.partition("resourceVersion=")[2].partition("&")[0] for line in server.asked if "watch=1" in line]


@pytest.mark.parametrize("status", [200, 410])
def test_a_forgotten_version_means_a_new_list(reader: Reader, server: ApiServer, status: int) -> None:
    """In the watch or before it: the caller hears that the list begins again."""
    server.add(pod("a"))
    events = started(reader)
    server.watch_gone_status = status
    server.add(pod("b"))
    server.store.compact()
    assert told(events, 4) == [("listing", None), ("listed", "a"), ("listed", "b"), ("synced", None)]
    server.add(pod("c"))
    assert told(events, 1) == [("added", "c")]


def test_a_broken_watch_goes_on_where_it_was(reader: Reader, server: ApiServer) -> None:
    """From the version of its last event: nothing is lost, nothing comes twice."""
    server.add(pod("a"))
    events = started(reader)
    server.fault("watch=1", drop=True, times=2)
    server.add(pod("b"))
    assert told(events, 1) == [("added", "b")]
    server.go_away()
    server.come_back()
    server.add(pod("c"))
    assert told(events, 1) == [("added", "c")]
    assert asked(server)[-1] == str(server.store.version - 1)


def test_bookmarks_move_it_on(reader: Reader, server: ApiServer) -> None:
    """While nothing happens here, versions go by; a bookmark saves the next request from being too old."""
    server.add(pod("a"))
    events = started(reader)
    server.fault("watch=1", status=200, body=line("BOOKMARK", metadata={"resourceVersion": "2000"}))
    server.fault("watch=1", status=200, body=line("ADDED", metadata={"resourceVersion": "2001", "name": "b"}))
    assert told(events, 1) == [("added", "b")]
    assert asked(server)[-1] == "2000"


def test_a_server_that_is_behind_is_waited_for(reader: Reader, server: ApiServer, waits: list[float]) -> None:
    """`Too large resource version` is no reason to list again."""
    server.add(pod("a"))
    events = started(reader)
    behind = line(
        "ERROR", kind="Status", code=500, reason="Timeout", message="Too large resource version: 9, current: 8"
    )
    server.fault("watch=1", status=200, body=behind, times=3)
    server.add(pod("b"))
    assert told(events, 1) == [("added", "b")]
    assert len(waits) == 3


def test_a_server_that_stays_away_ends_it(reader: Reader, server: ApiServer, waits: list[float]) -> None:
    """After longer and longer waits."""
    server.add(pod("a"))
    events = started(reader)
    server.fault("watch=1", drop=True, times=99)
    with pytest.raises(Unreachable):
        next(events)
    assert len(waits) == watching.ATTEMPTS
    assert waits == sorted(waits)


def test_credentials_that_expire_end_it(reader: Reader, server: ApiServer) -> None:
    """They would never be accepted again."""
    server.add(pod("a"))
    events = started(reader)
    server.rights.known = False
    with pytest.raises(Unauthorized):
        next(events)


def test_an_odd_object_is_left_out(reader: Reader, server: ApiServer) -> None:
    """What is not of its kind's shape is told of, and what follows is read."""
    server.add(pod("a"))
    events = started(reader)
    odd = line("ADDED", metadata={"resourceVersion": "2000", "name": 7})
    unknown = line("WHATEVER", metadata={"resourceVersion": "2001"})
    good = line("ADDED", metadata={"resourceVersion": "2002", "name": "b"})
    server.fault("watch=1", status=200, body=odd + b"\n" + unknown + good)
    assert told(events, 1) == [("added", "b")]
    assert any("was left out" in note for note in reader.cluster.notes)


@pytest.mark.parametrize(
    "body", [b"<html>\n", b'{"type":"ADDED"}\n', b"[1]\n", b'{"type":1,"object":{}}\n', b"\xff\xfe\n"]
)
def test_what_is_no_event_ends_it(reader: Reader, server: ApiServer, body: bytes) -> None:
    """A login page or another document is told, and not waited for."""
    server.add(pod("a"))
    events = started(reader)
    server.fault("watch=1", status=200, body=body)
    with pytest.raises(Unusable):
        next(events)


def test_an_error_of_its_own_ends_it(reader: Reader, server: ApiServer) -> None:
    """An event of an error that is none of those that pass."""
    server.add(pod("a"))
    events = started(reader)
    server.fault("watch=1", status=200, body=line("ERROR", kind="Status", code=400, message="bad selector"))
    with pytest.raises(ClusterError, match="bad selector"):
        next(events)


def test_a_list_that_expires_begins_again(reader: Reader, server: ApiServer) -> None:
    """The caller hears that what came so far is not the list."""
    for index in range(600):
        server.add(pod(f"p{index:03}"))
    server.fault("continue=", status=410)
    events = watching.watch(reader, PODS, Pod, namespace="prod")
    taken = told(events, 1 + 500 + 1 + 600 + 1)
    assert [index for index, (type_, _) in enumerate(taken) if type_ in ("listing", "synced")] == [0, 501, 1102]
