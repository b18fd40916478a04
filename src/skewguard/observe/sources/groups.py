"""LeaderWorkerSet and what is made of it: pods that act together as one server.

Source: leaderworkerset.x-k8s.io/v1 (a group has `size` pods; without a leader template all take the worker's).
"""

from collections.abc import Callable, Mapping

from skewguard.language.trees import Node
from skewguard.observe.sources import searching
from skewguard.observe.sources.pieces import Piece, Reading, claimed, piece


def leader_worker_set(reading: Reading) -> list[Piece]:
    """The templates of a LeaderWorkerSet."""
    return leader_worker(reading.object.name, reading.spec)


def leader_worker(name: str, spec: Node, role: str | None = None) -> list[Piece]:
    """The templates under a LeaderWorkerSet's spec; `role` where it is itself one role of something larger."""
    inner = spec.get("leaderWorkerTemplate")
    size = inner.get("size").integer() if inner.get("size") else 1
    labels = {"leaderworkerset.sigs.k8s.io/name": name}
    leader, worker = inner.get("leaderTemplate"), inner.get("workerTemplate")
    common = {"replicas": spec.get("replicas"), "group_size": size, "claimed": claimed(inner)}
    if not leader.get("spec"):
        return [piece(worker, role=role, labels=labels, **common)]
    first = {**labels, "leaderworkerset.sigs.k8s.io/worker-index": "0"}
    return [
        piece(leader, role=role or "leader", labels=first, **common),
        piece(worker, role=f"{role}-worker" if role else "worker", labels=labels, **common),
    ]


def disaggregated_set(reading: Reading) -> list[Piece]:
    """A DisaggregatedSet: every role is a LeaderWorkerSet written inline."""
    pieces: list[Piece] = []
    for role in reading.spec.get("roles").elements():
        name = role.get("name").text()
        inner = role.get("template", "spec") if role.get("template", "spec", "leaderWorkerTemplate") else role
        inner = role.get("spec") if role.get("spec", "leaderWorkerTemplate") else inner
        if inner.get("leaderWorkerTemplate"):
            pieces.extend(leader_worker(f"{reading.object.name}-{name}", inner, name))
    return pieces or searching.templates(reading, generic=False)


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    "LeaderWorkerSet": leader_worker_set,
    "DisaggregatedSet": disaggregated_set,
}
