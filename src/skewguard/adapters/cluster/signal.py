"""What skewguard tells a cluster about itself: Events beside a workload, and the status of its own objects.

Apart from `write`, so that watching may tell what it found and still cannot change what it watches.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from skewguard.adapters.cluster.calls import Call
from skewguard.adapters.cluster.errors import Conflict
from skewguard.adapters.cluster.resources import EVENTS, Resource, right
from skewguard.adapters.cluster.session import Cluster

REPORTER = "skewguard.dev/skewguard"
OWN_GROUP = "skewguard.dev"

LONGEST_NOTE = 1024
"""Bytes of an Event's note that an API server takes (`events.k8s.io/v1`)."""


class About(msgspec.Struct, frozen=True):
    """The object that an Event is about."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str


def event(
    cluster: Cluster,
    about: About,
    *,
    type: Literal["Normal", "Warning"],
    reason: str,
    action: str,
    note: str,
    instance: str,
) -> None:
    """Tell of something, once: the same thing said again is counted in the same Event. Raises a `ClusterError`.

    `reason` and `action` are words in CamelCase of up to 128 characters. `note` is cut where an API server would refuse it.
    """
    name, now = _name(about, reason, note), _now()
    content = {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": name, "namespace": about.namespace},
        "eventTime": now,
        "type": type,
        "reason": reason,
        "action": action,
        "note": note.encode()[:LONGEST_NOTE].decode("utf-8", "ignore"),
        "reportingController": REPORTER,
        "reportingInstance": instance[:128],
        "regarding": _reference(about),
    }
    try:
        _send(cluster, "POST", EVENTS.path(about.namespace), right("create", EVENTS, about.namespace), content)
    except Conflict:
        _count(cluster, about.namespace, name, now)


def status(cluster: Cluster, resource: Resource, name: str, namespace: str | None, content: dict[str, Any]) -> None:
    """Write the status of one of our own objects. Raises a `ClusterError`.

    Raises `ValueError` for an object of somebody else: their status is theirs.
    """
    if resource.group != OWN_GROUP:
        raise ValueError(f"{resource.title} is not of {OWN_GROUP}")
    path = resource.path(namespace, name, "status")
    _send(cluster, "PATCH", path, right("patch", resource, namespace, "status"), {"status": content})


def _count(cluster: Cluster, namespace: str, name: str, now: str) -> None:
    """Say that the same thing was seen again. Two that count at once count one: the number is a hint."""
    path = EVENTS.path(namespace, name)
    call = Call(path, f"event {namespace}/{name}", right("get", EVENTS, namespace))
    found = msgspec.json.decode(cluster.ask(call).body, type=_Event)
    times = (found.series.count if found.series is not None else 1) + 1
    _send(
        cluster,
        "PATCH",
        path,
        right("patch", EVENTS, namespace),
        {"series": {"count": times, "lastObservedTime": now}},
    )


class _Series(msgspec.Struct, frozen=True):
    count: int = 1


class _Event(msgspec.Struct, frozen=True):
    series: _Series | None = None


def _send(cluster: Cluster, method: str, path: str, needs: str, content: dict[str, Any]) -> None:
    type_ = "application/merge-patch+json" if method == "PATCH" else "application/json"
    body = msgspec.json.encode(content)
    cluster.ask(Call(path, path, needs, method=method, headers={"Content-Type": type_}, body=body))


def _name(about: About, reason: str, note: str) -> str:
    """The same for the same thing said of the same object, so that it is counted and not repeated."""
    digest = hashlib.sha256(f"{about.uid}\n{reason}\n{note}".encode()).hexdigest()
    return f"{about.name[:200]}.{digest[:16]}"


def _reference(about: About) -> dict[str, str]:
    return {
        "apiVersion": about.api_version,
        "kind": about.kind,
        "namespace": about.namespace,
        "name": about.name,
        "uid": about.uid,
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
