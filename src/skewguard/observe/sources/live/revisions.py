"""The versions of a workload's template that its cluster remembers: ReplicaSets and ControllerRevisions.

Numbers change with every rollback, hashes do not. A ReplicaSet without pods is history; it is kept, for it is what
somebody can go back to.
"""

from collections.abc import Iterable

from msgspec import structs

from skewguard.language.running import Revision
from skewguard.observe.sources.live import shapes
from skewguard.observe.sources.live.pods import revision_of

_NUMBERS = ("deployment.kubernetes.io/revision", "rollout.argoproj.io/revision")


def of_sets(sets: Iterable[shapes.ReplicaSet], current: str | None) -> tuple[Revision, ...]:
    """The ReplicaSets of one Deployment or Rollout, newest first. `current` is the number or hash the owner names."""
    found = [_of_set(each) for each in sets]
    found.sort(key=lambda each: (each.number or 0, each.created_at or ""), reverse=True)
    return _marked(found, current)


def of_records(records: Iterable[shapes.ControllerRevision], current: str | None) -> tuple[Revision, ...]:
    """The ControllerRevisions of one StatefulSet, DaemonSet or LeaderWorkerSet, newest first."""
    found = [_of_record(each) for each in records]
    found.sort(key=lambda each: (each.number or 0, each.created_at or ""), reverse=True)
    return _marked(found, current)


def _of_set(each: shapes.ReplicaSet) -> Revision:
    meta = each.metadata
    annotations = meta.annotations or {}
    number = next((annotations[key] for key in _NUMBERS if key in annotations), "")
    return Revision(
        hash=revision_of(meta.labels or {}, meta.controller) or meta.name,
        name=meta.name,
        number=int(number) if number.isdigit() else None,
        created_at=meta.creation_timestamp,
        current=False,
        desired=each.spec.replicas,
        ready=each.status.ready_replicas or 0,
    )


def _of_record(each: shapes.ControllerRevision) -> Revision:
    meta = each.metadata
    owner = meta.controller
    labelled = revision_of(meta.labels or {}, owner)
    name = meta.name.removeprefix(f"{owner.name}-") if owner is not None else meta.name
    return Revision(
        hash=labelled or name,
        name=meta.name,
        number=each.revision,
        created_at=meta.creation_timestamp,
        current=False,
    )


def _marked(found: list[Revision], current: str | None) -> tuple[Revision, ...]:
    """The one that new pods are made from: as the owner says, else the newest."""
    told = [each for each in found if current is not None and current in (str(each.number), each.hash, each.name)]
    now = (told or found)[:1]
    return tuple(structs.replace(each, current=each in now) for each in found)
