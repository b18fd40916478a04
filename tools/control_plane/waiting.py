"""When an object is as its controller was asked to make it: one rule for each kind."""

from collections.abc import Callable, Mapping

from tools.control_plane.client import Client, Object

Rule = Callable[[Object], bool]


def _status(thing: Object) -> Object:
    status: Object = thing.get("status", {})
    return status


def _condition(name: str) -> Rule:
    def holds(thing: Object) -> bool:
        conditions = _status(thing).get("conditions") or []  # null until something has looked at the object
        return any(each["type"] == name and each["status"] == "True" for each in conditions)

    return holds


def _seen(thing: Object) -> bool:
    """The controller has read what the spec says now."""
    return bool(_status(thing).get("observedGeneration", 0) >= thing["metadata"].get("generation", 0))


def _deployment(thing: Object) -> bool:
    status, wanted = _status(thing), thing["spec"].get("replicas", 1)
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    return _seen(thing) and counts == [wanted] * 3


def _stateful_set(thing: Object) -> bool:
    status, wanted = _status(thing), thing["spec"].get("replicas", 1)
    current = status.get("currentRevision") == status.get("updateRevision")
    return _seen(thing) and status.get("readyReplicas", 0) == wanted and current


def _daemon_set(thing: Object) -> bool:
    status = _status(thing)
    wanted = status.get("desiredNumberScheduled", 0)
    return _seen(thing) and status.get("updatedNumberScheduled", 0) == status.get("numberReady", 0) == wanted


def _replica_set(thing: Object) -> bool:
    return _seen(thing) and bool(_status(thing).get("readyReplicas", 0) == thing["spec"].get("replicas", 1))


def _node(thing: Object) -> bool:
    """The scheduler uses it: the node controller has taken the taint away that every new node has."""
    taints = [taint["key"] for taint in thing["spec"].get("taints", [])]
    return _condition("Ready")(thing) and "node.kubernetes.io/not-ready" not in taints


READY: Mapping[str, tuple[str, str, Rule]] = {
    "deployment": ("apps/v1", "Deployment", _deployment),
    "statefulset": ("apps/v1", "StatefulSet", _stateful_set),
    "daemonset": ("apps/v1", "DaemonSet", _daemon_set),
    "replicaset": ("apps/v1", "ReplicaSet", _replica_set),
    "pod": ("v1", "Pod", _condition("Ready")),
    "node": ("v1", "Node", _node),
    "job": ("batch/v1", "Job", _condition("Complete")),
    "customresourcedefinition": ("apiextensions.k8s.io/v1", "CustomResourceDefinition", _condition("Established")),
}
"""By kind in small letters: its API version, its name, and when it is ready."""


def ready(client: Client, thing: str, namespace: str | None, deadline_s: float) -> Object:
    """`kind/name` as soon as it is ready; raises `TooLong` with its last status."""
    kind, _, name = thing.partition("/")
    api_version, spelt, rule = READY[kind]
    return client.until(client.kind(api_version, spelt).path(namespace, name), rule, deadline_s)
