"""Lists in pages and watches, with every way in which a real server lets them expire."""

import base64
import json
from collections.abc import Iterator
from time import monotonic
from typing import Any

from tests.fakes.answers import Refusal, Reply, document, status
from tests.fakes.kinds import Kind
from tests.fakes.selectors import fields_match, labels_match
from tests.fakes.store import Object, Store

EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results."
)


class Lists:
    """Lists of one store. `resumes`: an expired token is answered with a fresh one, as etcd's storage does."""

    def __init__(self, store: Store) -> None:
        self.resumes = True
        self._store = store
        self._snapshots: dict[int, list[Object]] = {}

    def page(self, kind: Kind, namespace: str | None, query: dict[str, str]) -> Reply:
        with self._store.changed:
            version, after = self._store.version, ("", "")
            if token := query.get("continue"):
                version, after = self._unpack(token)
                items = self._later(kind, namespace, version)
            else:
                items = self._snapshots[version] = self._store.all(kind, namespace)
        items = [item for item in items if _selected(item, query) and _key(item) > after]
        limit = 0 if query.get("resourceVersion") == "0" else int(query.get("limit") or 0)
        shown = items[:limit] if limit else items
        left = len(items) - len(shown)
        meta: dict[str, Any] = {"resourceVersion": str(version if version > 0 else self._store.version)}
        if left:
            meta |= {"continue": _pack(version, _key(shown[-1])), "remainingItemCount": left}
        bare = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in shown]
        return document(
            {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": meta, "items": bare or None}
        )

    def _later(self, kind: Kind, namespace: str | None, version: int) -> list[Object]:
        if version == INCONSISTENT:
            return self._store.all(kind, namespace)
        return self._snapshots.get(version, [])

    def _unpack(self, token: str) -> tuple[int, tuple[str, str]]:
        try:
            version, space, name = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            raise Refusal(status(400, "BadRequest", "invalid continue token: continue key is not valid")) from None
        if version != INCONSISTENT and version < self._store.forgotten:
            more = {"metadata": {"continue": _pack(INCONSISTENT, (space, name))}} if self.resumes else {}
            raise Refusal(status(410, "Expired", EXPIRED, **more))
        return version, (space, name)


INCONSISTENT = -1


def _pack(version: int, key: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, *key]).encode()).decode()


def _key(item: Object) -> tuple[str, str]:
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def _selected(item: Object, query: dict[str, str]) -> bool:
    labels = item["metadata"].get("labels") or {}
    return labels_match(query.get("labelSelector", ""), labels) and fields_match(query.get("fieldSelector", ""), item)


def watch(store: Store, kind: Kind, namespace: str | None, query: dict[str, str], closing: Any) -> Iterator[bytes]:
    """The lines of a watch, until its `timeoutSeconds` are over or the server closes."""
    version = int(query.get("resourceVersion") or 0)
    if version > store.version:
        message = f"Too large resource version: {version}, current: {store.version}"
        yield _line("ERROR", json.loads(status(500, "Timeout", f"Timeout: {message}").body))
        return
    end = monotonic() + float(query.get("timeoutSeconds") or 60)
    bookmarks = query.get("allowWatchBookmarks") == "true"
    while not closing.is_set():
        if version and version < store.forgotten:
            message = f"too old resource version: {version} ({store.forgotten})"
            yield _line("ERROR", json.loads(status(410, "Expired", message).body))
            return
        with store.changed:
            found = list(store.since(kind, namespace, version))
            if not found and monotonic() < end:
                store.changed.wait(min(0.2, max(0.0, end - monotonic())))
                continue
        for change in found:
            version = change.version
            if _selected(change.object, query):
                yield _line(change.type, change.object)
        if not found:
            if bookmarks:
                yield _bookmark(kind, store.version)
            return


def _bookmark(kind: Kind, version: int) -> bytes:
    meta = {"resourceVersion": str(version), "creationTimestamp": None}
    return _line("BOOKMARK", {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta})


def _line(type_: str, content: Any) -> bytes:
    return json.dumps({"type": type_, "object": content}).encode() + b"\n"
