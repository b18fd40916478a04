"""Objects that make pods, as they come from a list: the JSON of what somebody wrote, and what their status says."""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

from skewguard.language.objects import Json
from skewguard.language.running import Owner, Progress
from skewguard.observe.sources.live import owners, progress, references, written
from skewguard.observe.sources.live.climbing import Head, meta_of

_ACCELERATED = re.compile(rb'"(?:limits|requests)":\{[^}]*"[^"/}]+/|"claims":\[')
"""An amount of an extended resource: a GPU, or something that is asked for just like one."""


class Whole(Struct, frozen=True):
    """One object. `text` is its JSON as somebody wrote it (`written.of`).

    `desired` are the pods that it wants, None where it names no number. `revision` is the hash or number of the template
    that new pods are made from, where the object says it. `replicas_written` is False where the server or an
    autoscaler may have filled in the number.
    """

    head: Head
    text: bytes
    owners: tuple[Owner, ...]
    desired: int | None
    revision: str | None
    named: frozenset[tuple[str, str]]
    replicas_written: bool
    progress: Progress | None = None

    @property
    def mark(self) -> str:
        """Equal for two readings of an object that nobody wrote to in between."""
        return blake2b(self.text, digest_size=16).hexdigest()

    def value(self) -> dict[str, Any]:
        """The object as somebody wrote it."""
        found: dict[str, Any] = msgspec.json.decode(self.text)
        return found


def of(value: dict[str, Any]) -> Whole:
    """Keep an object (with `apiVersion` and `kind`)."""
    group = str(value.get("apiVersion") or "").rpartition("/")[0]
    head = Head(str(value.get("kind") or ""), group, meta_of(value))
    kept = written.of(value)
    text = msgspec.json.encode(kept)
    return Whole(
        head=head,
        text=text,
        owners=owners.of(value),
        desired=desired(value),
        revision=revision(value),
        named=references.named(kept.get("spec")) if b"onfigMap" in text or b"ecret" in text else frozenset(),
        replicas_written=written.replicas_are_written(value),
        progress=progress.of(value),
    )


def may_serve(text: bytes, words: tuple[str, ...]) -> bool:
    """Whether an object may hold an engine: it asks for an accelerator, or one of the words stands in it."""
    if not words or _ACCELERATED.search(text) or b"skewguard.dev/engine" in text:
        return True
    lower = text.lower()
    return any(word.lower().encode() in lower for word in words)


def desired(value: Mapping[str, Any]) -> int | None:
    """The pods that an object of a kind that makes them itself wants; None for other kinds, and where it does not say."""
    kind = value.get("kind")
    if kind == "DaemonSet":
        return _integer(value, "status", "desiredNumberScheduled")
    if kind == "Job":
        return 0 if _rests(value) else _integer(value, "spec", "parallelism")
    if kind == "Pod":
        return 1
    if kind == "RayCluster":
        workers = _integer(value, "status", "desiredWorkerReplicas")
        return None if workers is None else workers + 1
    if kind not in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout", "LeaderWorkerSet"):
        return None
    count = _integer(value, "spec", "replicas")
    size = _integer(value, "spec", "leaderWorkerTemplate", "size") if kind == "LeaderWorkerSet" else 1
    return None if count is None else count * (1 if size is None else size)


def _rests(job: Mapping[str, Any]) -> bool:
    """Whether a Job has done its work, or was told to wait (batch/v1: the condition Complete; `suspend`)."""
    told = _at(dict(job), "status", "conditions")
    conditions = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    complete = any((each.get("type"), each.get("status")) == ("Complete", "True") for each in conditions)
    return complete or _at(dict(job), "spec", "suspend") is True


_CURRENT: tuple[tuple[str, ...], ...] = (
    ("metadata", "annotations", "deployment.kubernetes.io/revision"),
    ("status", "currentPodHash"),
    ("status", "updateRevision"),
    ("status", "latestReadyRevisionName"),
)


def revision(value: Mapping[str, Any]) -> str | None:
    """What an object says of the version of its template: a number (Deployment), else a hash or a name."""
    for path in _CURRENT:
        found = _at(value, *path)
        if isinstance(found, str) and found:
            return found
    return None


def _integer(value: Mapping[str, Any], *path: str) -> int | None:
    found = _at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _at(value: Json, *path: str) -> Json:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value
