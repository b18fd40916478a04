"""Kinds whose pods act together as one server: LeaderWorkerSet, and the Ray kinds of KubeRay.

Sources: leaderworkerset.x-k8s.io/v1 (a group has `size` pods; without a leader template all take the worker's),
ray.io/v1 (one head, worker groups), the Ray Serve LLM configuration (`llm_configs` in `serveConfigV2`).
"""

from collections.abc import Callable, Iterator, Mapping

from skewguard.language import vocabulary
from skewguard.language.documents import Node
from skewguard.language.facts import Gap, Located
from skewguard.language.neighbours import Autoscaler, Signal
from skewguard.language.workloads import Container
from skewguard.observe.sources import embedded, searching
from skewguard.observe.sources.embedded import Inner
from skewguard.observe.sources.pieces import Piece, Reading, add_fields, claimed, piece


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


# ---- Ray -----------------------------------------------------------------------------------------------------------

_CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "RayCluster": ("spec",),
    "RayService": ("spec", "rayClusterConfig"),
    "RayJob": ("spec", "rayClusterSpec"),
    "RayClusterFleet": ("spec", "template", "spec"),
    "RayClusterReplicaSet": ("spec", "template", "spec"),
}


def ray(reading: Reading) -> list[Piece]:
    """Head and worker groups of a Ray cluster."""
    cluster = reading.object.root.get(*_CLUSTERS[reading.object.kind])
    groups = cluster.get("workerGroupSpecs").elements()
    size = _size(groups)
    settings = dict(_serve_settings(reading))
    gaps = tuple(_code_gaps(reading))
    labels = {"ray.io/cluster": reading.object.name, "ray.io/is-ray-node": "yes"}

    def finish(container: Container) -> Container:
        return add_fields(container, settings, *gaps)

    pieces = []
    head = cluster.get("headGroupSpec", "template")
    if head.get("spec"):
        pieces.append(
            piece(head, role="leader", group_size=size, labels={**labels, "ray.io/node-type": "head"}, finish=finish)
        )
    labels = {**labels, "ray.io/node-type": "worker"}
    pieces.extend(
        piece(
            group.get("template"),
            role="worker",
            replicas=group.get("replicas"),
            group_size=size,
            labels={**labels, "ray.io/group": group.get("groupName").text() or ""},
        )
        for group in groups
        if group.get("template", "spec")
    )
    return pieces


def _size(groups: list[Node]) -> int | None:
    """Pods of the cluster; None where an autoscaler of Ray's decides."""
    total = 1
    for group in groups:
        replicas, low, high = (group.get(key).integer() for key in ("replicas", "minReplicas", "maxReplicas"))
        count = replicas if replicas is not None else low
        if count is None or (low is not None and high is not None and low != high):
            return None
        total += count * (group.get("numOfHosts").integer() or 1)
    return total


_LOADING = {"model_id": "model.served_name", "model_source": "model.id"}


def _serve_settings(reading: Reading) -> Iterator[tuple[str, Located[str]]]:
    """What `serveConfigV2` says of the engine, under the vocabulary's names, else `vllm.<dest>`."""
    for config in _llm_configs(reading):
        loading = config.get("model_loading_config")
        for key, setting in _LOADING.items():
            value = loading.get(key).text()
            if value is not None:
                yield setting, Located(value, loading.get(key).origin)
        if not loading.get("model_source") and loading.get("model_id").text():
            yield "model.id", Located(loading.get("model_id").text() or "", loading.get("model_id").origin)
        for key, node in config.get("engine_kwargs").items():
            value = node.text()
            if value is not None:
                yield vocabulary.named("vllm", key), Located(value, node.origin)
        return  # one engine in a container's settings; further models are further engines


def autoscalers(reading: Reading) -> Iterator[Autoscaler]:
    """The autoscaling of Ray Serve deployments."""
    for config in _llm_configs(reading):
        scaling = config.get("deployment_config", "autoscaling_config")
        if not scaling:
            continue
        target = scaling.get("target_ongoing_requests")
        bounds = [_count(scaling.get(key)) for key in ("min_replicas", "max_replicas")]
        yield Autoscaler(
            kind=reading.object.kind,
            name=reading.object.name,
            namespace=reading.object.namespace,
            origin=scaling.origin,
            target_kind=reading.object.kind,
            target_name=reading.object.name,
            signals=(
                Signal("concurrency", "target_ongoing_requests", target.origin if target.present else scaling.origin),
            ),
            min_replicas=bounds[0],
            max_replicas=bounds[1],
        )


def _llm_configs(reading: Reading) -> Iterator[Inner]:
    for application in _applications(reading):
        yield from application.get("args", "llm_configs").elements()


def _applications(reading: Reading) -> Iterator[Inner]:
    node = reading.spec.get("serveConfigV2")
    root = embedded.read(node) if node.text() else None
    if root is not None:
        yield from root.get("applications").elements()


def _code_gaps(reading: Reading) -> Iterator[Gap]:
    """Applications whose settings stand in Python code."""
    for application in _applications(reading):
        path = application.get("import_path").text()
        if path and not application.get("args", "llm_configs").elements():
            yield Gap(
                "runtime.engine",
                f"Ray Serve starts `{path}`, Python code that is not in the input; the engine's settings stand there",
                rule="ray-serve",
                inputs=(f"code@{path}",),
            )


def _count(node: Inner) -> Located[int] | None:
    number = node.integer()
    return None if number is None else Located(number, node.origin)


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    "LeaderWorkerSet": leader_worker_set,
    "DisaggregatedSet": disaggregated_set,
    **dict.fromkeys(_CLUSTERS, ray),
}
