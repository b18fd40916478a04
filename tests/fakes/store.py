"""Objects as an API server keeps them: each with a uid and a resourceVersion, and every change remembered for watches."""

import copy
import threading
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.fakes.kinds import Kind

Object = dict[str, Any]


class Change(NamedTuple):
    """One event of a watch."""

    version: int
    type: str
    kind: Kind
    object: Object


class Store:
    """All objects. `changed` is notified with every change, and when the server closes."""

    def __init__(self, now: str = "2026-11-28T06:00:00Z") -> None:
        self.version = 1000
        self.forgotten = 0
        self.changed = threading.Condition(threading.RLock())
        self.now = now
        self._objects: dict[tuple[str, str], dict[tuple[str, str], Object]] = {}
        self._changes: list[Change] = []

    def all(self, kind: Kind, namespace: str | None) -> list[Object]:
        """The objects of a kind in the order of their keys, as etcd gives them."""
        with self.changed:
            found = self._objects.get(_home(kind), {})
            return [copy.deepcopy(found[key]) for key in sorted(found) if namespace is None or key[0] == namespace]

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        with self.changed:
            found = self._objects.get(_home(kind), {}).get((namespace, name))
            return copy.deepcopy(found)

    def put(self, kind: Kind, namespace: str, content: Object) -> Object:
        """Make or replace an object, whoever wrote it; uid, generation and version are the server's to give."""
        with self.changed:
            meta = dict(content.get("metadata") or {})
            home = self._objects.setdefault(_home(kind), {})
            before = home.get((namespace, meta.get("name", "")))
            self.version += 1
            meta["uid"] = before["metadata"]["uid"] if before else meta.get("uid") or str(uuid.uuid4())
            meta["resourceVersion"] = str(self.version)
            meta.setdefault("creationTimestamp", self.now)
            if kind.namespaced:
                meta["namespace"] = namespace
            stored = {"apiVersion": kind.api_version, "kind": kind.kind, **copy.deepcopy(content), "metadata": meta}
            home[namespace, meta["name"]] = stored
            self._remember("MODIFIED" if before else "ADDED", kind, stored)
            return copy.deepcopy(stored)

    def delete(self, kind: Kind, namespace: str, name: str) -> Object | None:
        with self.changed:
            gone = self._objects.get(_home(kind), {}).pop((namespace, name), None)
            if gone is not None:
                self.version += 1
                gone["metadata"]["resourceVersion"] = str(self.version)
                self._remember("DELETED", kind, gone)
            return gone

    def compact(self) -> None:
        """Forget every version but the present one: older tokens and watches get 410."""
        with self.changed:
            self.forgotten = self.version
            self._changes.clear()
            self.changed.notify_all()

    def since(self, kind: Kind, namespace: str | None, version: int) -> Iterator[Change]:
        with self.changed:
            for change in list(self._changes):
                here = namespace is None or change.object["metadata"].get("namespace") == namespace
                if change.version > version and _home(change.kind) == _home(kind) and here:
                    yield change

    def _remember(self, type_: str, kind: Kind, content: Object) -> None:
        self._changes.append(Change(self.version, type_, kind, copy.deepcopy(content)))
        self.changed.notify_all()


def _home(kind: Kind) -> tuple[str, str]:
    """Versions of one kind are one set of objects."""
    return kind.group, kind.plural
