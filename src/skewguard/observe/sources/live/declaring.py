"""What somebody declared of a family: its topmost object, read as a manifest would be."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from skewguard.language.running import Device, Machine
from skewguard.language.workloads import Workload
from skewguard.observe.sources import kinds, pieces
from skewguard.observe.sources.live import admitted, pods, surrounding
from skewguard.observe.sources.live.families import Family
from skewguard.observe.sources.live.gathering import Gathering
from skewguard.observe.sources.live.surrounding import Configs
from skewguard.observe.sources.live.wholes import Whole
from skewguard.observe.sources.objects import Ledger, Object, Objects
from skewguard.observe.sources.pieces import Piece, Reading


class Ground(Struct, frozen=True):
    """What is the same for every family of one cluster.

    `scaled` are (namespace, kind, name) of what an autoscaler sets the replicas of. `no_nodes` says why machines are
    not known, where they are not.
    """

    cluster: str | None
    configs: Configs
    templates: Sequence[Object]
    machines: Mapping[str, Machine]
    devices: Mapping[tuple[str, str], tuple[Device, ...]]
    scaled: frozenset[tuple[str | None, str, str]]
    no_nodes: str | None = None


class Declared(Struct, frozen=True):
    """A workload for each part, the piece it was read from, and the key of its template (None: it is merged of several)."""

    reading: Reading
    workloads: tuple[Workload, ...]
    pieces: tuple[Piece, ...]
    keys: tuple[str | None, ...]


def of(family: Family, gathering: Gathering, ground: Ground) -> Declared | None:
    """The parts of the topmost object; of one below it, where that one's templates cannot be read; of a pod at last."""
    for head in family.chain:
        whole = family.whole(head) or (gathering.whole(head) if head.known and head.kind != "Pod" else None)
        found = _of_whole(whole, family, gathering, ground) if whole is not None else None
        if found is not None:
            return found
    return _of_pod(family, gathering, ground)


def _of_whole(whole: Whole, family: Family, gathering: Gathering, ground: Ground) -> Declared | None:
    value = whole.value()
    meta = whole.head.meta
    if (meta.namespace, whole.head.kind, meta.name) in ground.scaled and not whole.replicas_written:
        value.get("spec", {}).pop("replicas", None)
    named = whole.named | _read_by_pods(family, gathering)
    others = list(_taken(value, gathering, ground))
    return _read(value, named, others, ground)


def _of_pod(family: Family, gathering: Gathering, ground: Ground) -> Declared | None:
    """A bare pod; or a pod of an object that tells nothing, which then stands for its template."""
    pod = next(iter(family.pods), None)
    if pod is None:
        return None
    found = _read(pods.value(pod, gathering.pods.specs[pod.key]), _read_by_pods(family, gathering), [], ground)
    if found is None or family.head.kind == "Pod":
        return found
    subject = family.head.subject(ground.cluster)
    own = tuple(structs.replace(each, subject=structs.replace(subject, uid=None)) for each in found.workloads)
    return structs.replace(found, workloads=own)


def _read(
    value: dict[str, Any], named: frozenset[tuple[str, str]], others: list[Object], ground: Ground
) -> Declared | None:
    own = next(surrounding.as_objects(value, ground.cluster), None)
    if own is None:
        return None
    configs = ground.configs.objects(sorted(named), own.namespace or "", ground.cluster)
    reading = Reading(own, Objects([own, *configs, *others, *ground.templates]), Ledger())
    found = kinds.pieces(reading)
    if not found:
        return None
    workloads = pieces.workloads(reading, found)
    return Declared(reading, tuple(workloads), tuple(found), tuple(map(_key, found)))


def _read_by_pods(family: Family, gathering: Gathering) -> frozenset[tuple[str, str]]:
    keys = {pod.key for pod in family.pods}
    return frozenset((each.kind, each.name) for key in keys for each in gathering.pods.specs[key].references)


def _taken(value: Mapping[str, Any], gathering: Gathering, ground: Ground) -> Iterator[Object]:
    """The object whose template a Rollout runs."""
    place = taken_over(value)
    for whole in gathering.wholes.values() if place is not None else ():
        meta = whole.head.meta
        if (meta.namespace, whole.head.kind, meta.name) == place:
            yield from surrounding.as_objects(whole.value(), ground.cluster)


def taken_over(value: Mapping[str, Any]) -> tuple[str | None, str, str] | None:
    """(namespace, kind, name) of the object whose template an object runs as its own (a Rollout's `workloadRef`)."""
    spec, metadata = value.get("spec"), value.get("metadata")
    ref = spec.get("workloadRef") if isinstance(spec, dict) and value.get("kind") == "Rollout" else None
    if not isinstance(ref, dict) or not isinstance(metadata, dict):
        return None
    return metadata.get("namespace"), str(ref.get("kind") or "Deployment"), str(ref.get("name"))


def _key(piece: Piece) -> str | None:
    """The key that a pod of this template has, where nothing changes it on the way."""
    if len(piece.spec.nodes) != 1:
        return None
    value = piece.spec.top.value()
    metadata = piece.metadata.top.value() or {}
    if not isinstance(value, dict) or not isinstance(metadata, dict):
        return None
    labels, annotations = metadata.get("labels"), metadata.get("annotations")
    own = admitted.labels(labels if isinstance(labels, dict) else None)
    return admitted.key(admitted.spec(value, ""), own, annotations if isinstance(annotations, dict) else None)
