"""Changes: create, JSON, merge and strategic patches, delete; dry runs, optimistic locks, preconditions."""

import copy
import json
from typing import Any

from tests.fakes.answers import Refusal, Reply, conflict, document, invalid, not_found, status
from tests.fakes.kinds import Kind
from tests.fakes.store import Object, Store

_SERVER_OWNED = ("uid", "creationTimestamp")


def create(store: Store, kind: Kind, namespace: str, body: bytes, query: dict[str, str]) -> Reply:
    content = json.loads(body)
    meta = content.setdefault("metadata", {})
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = f"{meta['generateName']}{store.version:x}"
    if not meta.get("name"):
        raise invalid(f"{kind.kind} is invalid: metadata.name: Required value: name or generateName is required")
    if store.get(kind, namespace, meta["name"]) is not None:
        raise Refusal(status(409, "AlreadyExists", f'{kind.title} "{meta["name"]}" already exists'))
    return document(content if _dry(query) else store.put(kind, namespace, content), 201)


def patch(
    store: Store,
    kind: Kind,
    namespace: str,
    name: str,
    body: bytes,
    content_type: str,
    query: dict[str, str],
    below: str,
) -> Reply:
    with store.changed:
        before = store.get(kind, namespace, name)
        if before is None:
            raise not_found(kind, name)
        after = _patched(before, json.loads(body), content_type)
        asked = after["metadata"].get("resourceVersion")
        if asked != before["metadata"]["resourceVersion"]:
            raise conflict(kind, name, "the object has been modified; please apply your changes to the latest version")
        if any(after["metadata"].get(key) != before["metadata"].get(key) for key in _SERVER_OWNED):
            raise invalid("metadata.uid: Invalid value: field is immutable")
        if below == "status":
            after = {**before, "status": after.get("status", {})}
        return document(after if _dry(query) else store.put(kind, namespace, after))


def delete(store: Store, kind: Kind, namespace: str, name: str, body: bytes, query: dict[str, str]) -> Reply:
    with store.changed:
        before = store.get(kind, namespace, name)
        if before is None:
            raise not_found(kind, name)
        options: Any = (
            json.loads(body) if body else {"dryRun": [query.get("dryRun")]}
        )  # with a body the query is not read
        wanted = options.get("preconditions") or {}
        for key in ("uid", "resourceVersion"):
            if key in wanted and wanted[key] != before["metadata"][key]:
                raise conflict(kind, name, f"the {key} in the precondition ({wanted[key]}) does not match")
        if "All" not in (options.get("dryRun") or ()):
            store.delete(kind, namespace, name)
        return document({"kind": "Status", "apiVersion": "v1", "status": "Success", "details": {"name": name}})


def _dry(query: dict[str, str]) -> bool:
    return query.get("dryRun") == "All"


def _patched(before: Object, change: Any, content_type: str) -> Any:
    match content_type.partition(";")[0]:
        case "application/json-patch+json":
            return _json_patch(copy.deepcopy(before), change)
        case "application/merge-patch+json":
            return _merge(before, change, lists=False)
        case "application/strategic-merge-patch+json":
            return _merge(before, change, lists=True)
        case other:
            raise Refusal(
                status(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {other}")
            )


def _json_patch(content: Any, steps: list[dict[str, Any]]) -> Any:
    """RFC 6902: add, remove, replace, test."""
    for step in steps:
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
        try:
            parent = content
            for part in way:
                parent = parent[int(part)] if isinstance(parent, list) else parent[part]
            _step(parent, last, step)
        except (KeyError, IndexError, ValueError, TypeError):
            raise invalid("the server rejected our request due to an error in our request") from None
    return content


def _step(parent: Any, last: str, step: dict[str, Any]) -> None:
    key: Any = (len(parent) if last == "-" else int(last)) if isinstance(parent, list) else last
    match step["op"]:
        case "add" if isinstance(parent, list):
            parent.insert(key, step["value"])
        case "add":
            parent[key] = step["value"]
        case "replace":
            _ = parent[key]
            parent[key] = step["value"]
        case "remove":
            del parent[key]
        case "test" if parent[key] != step["value"]:
            raise ValueError("test failed")


def _merge(before: Any, change: Any, *, lists: bool) -> Any:
    """RFC 7386; with `lists` as a strategic patch does it: members of lists are told apart by `name`."""
    if isinstance(change, dict):
        if change.get("$patch") == "replace":
            return {key: value for key, value in change.items() if key != "$patch"}
        merged = dict(before) if isinstance(before, dict) else {}
        for key, value in change.items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = _merge(merged.get(key), value, lists=lists)
        return merged
    named = isinstance(change, list) and all(isinstance(item, dict) and "name" in item for item in change)
    if lists and named and isinstance(before, list):
        return _merged_list(before, change)
    return change


def _merged_list(before: list[Any], change: list[Any]) -> list[Any]:
    changes = {item["name"]: item for item in change}
    kept = [_merge(item, changes.pop(item["name"], item), lists=True) for item in before]
    return [*kept, *changes.values()]
