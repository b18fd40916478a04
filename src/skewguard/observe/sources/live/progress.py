"""How far a controller has come with a workload's template: what it waits for, and what somebody told it to wait for.

A condition outlives its cause: that a deadline was exceeded stays in the status of a Deployment after it was taken back. It
counts where the controller has seen the newest edit and the pods of it are in truth not all there.

Sources: pkg/controller/deployment/util/deployment_util.go (DeploymentComplete), apps/v1 StatefulSet `partition` and
`OnDelete`; Argo Rollouts, `status.{phase,message,pauseConditions,abort}`; LeaderWorkerSet, `rolloutStrategy`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs

from skewguard.language import objects
from skewguard.language.running import Progress

Values = Mapping[str, Any]


def of(value: Values) -> Progress | None:
    """What is to be said of one object; None where there is nothing."""
    spec, status = _mapping(value, "spec"), _mapping(value, "status")
    found = Progress(objects.title(value), behind=_is_behind(value, status))
    tell = _TELLERS.get(str(value.get("kind")))
    told = tell(found, spec, status) if tell is not None else found
    return None if told == Progress(told.of) else told


def _is_behind(value: Values, status: Values) -> bool:
    wanted, seen = _mapping(value, "metadata").get("generation"), status.get("observedGeneration")
    if isinstance(seen, str) and seen.isdigit():  # a Rollout writes it as text
        seen = int(seen)
    return isinstance(wanted, int) and isinstance(seen, int) and seen < wanted


def _deployment(found: Progress, spec: Values, status: Values) -> Progress:
    if spec.get("paused") is True:
        found = structs.replace(
            found, held="it is paused, and rolls no edit out until `kubectl rollout resume`", pending=True
        )
    if found.behind or _is_complete(spec, status):
        return found
    return _stuck(found, status, _DEADLINE) or _stuck(found, status, _FAILURE) or found


_DEADLINE = ("Progressing", "False")
_FAILURE = ("ReplicaFailure", "True")


def _is_complete(spec: Values, status: Values) -> bool:
    """Whether every pod is of the newest template and available, whatever a condition of an earlier day says."""
    wanted = spec.get("replicas", 1)
    updated, every, available = (_count(status, f"{name}eplicas") for name in ("updatedR", "r", "availableR"))
    return isinstance(wanted, int) and updated >= wanted and every <= updated and available >= updated


def _stuck(found: Progress, status: Values, mark: tuple[str, str]) -> Progress | None:
    listed = status.get("conditions")
    for each in listed if isinstance(listed, list) else []:
        if isinstance(each, dict) and (each.get("type"), each.get("status")) == mark:
            said = ": ".join(str(each[key]) for key in ("reason", "message") if each.get(key))
            since = each.get("lastUpdateTime") or each.get("lastTransitionTime")
            return structs.replace(found, stuck=said or mark[0], since=since if isinstance(since, str) else None)
    return None


def _stateful_set(found: Progress, spec: Values, status: Values) -> Progress:
    if found.behind or status.get("currentRevision") == status.get("updateRevision"):
        return found
    return _by_ordinal(found, _mapping(spec, "updateStrategy"))


def _by_ordinal(found: Progress, strategy: Values) -> Progress:
    """An update that stops at a number, or waits for somebody to delete each pod."""
    if strategy.get("type") == "OnDelete":
        return structs.replace(found, held="it replaces a pod only when somebody deletes it (`OnDelete`)")
    partition = _mapping(strategy, "rollingUpdate").get("partition")
    if isinstance(partition, int) and partition > 0:
        held = f"its partition is {partition}: pods below that number keep the old template until somebody lowers it"
        return structs.replace(found, held=held)
    return found


def _daemon_set(found: Progress, spec: Values, status: Values) -> Progress:
    strategy = _mapping(spec, "updateStrategy")
    left = _count(status, "updatedNumberScheduled") < _count(status, "desiredNumberScheduled")
    return _by_ordinal(found, strategy) if left and strategy.get("type") == "OnDelete" else found


def _leader_worker_set(found: Progress, spec: Values, status: Values) -> Progress:
    if _count(status, "updatedReplicas") >= _count(status, "replicas"):
        return found
    strategy = _mapping(_mapping(spec, "rolloutStrategy"), "rollingUpdateConfiguration")
    return _by_ordinal(found, {"rollingUpdate": strategy})


def _rollout(found: Progress, spec: Values, status: Values) -> Progress:
    pauses = status.get("pauseConditions")
    first = next((each for each in pauses if isinstance(each, dict)), {}) if isinstance(pauses, list) else {}
    if status.get("abort") is True:
        message = status.get("message")
        said = f"aborted: {message}" if isinstance(message, str) and message else "aborted"
        since = status.get("abortedAt")
        return structs.replace(found, stuck=said, since=since if isinstance(since, str) else None)
    if first or spec.get("paused") is True:
        why = f" ({first['reason']}, since {first.get('startTime')})" if first.get("reason") else ""
        return structs.replace(found, held=f"it waits at a step{why} until it is promoted")
    if status.get("phase") == "Degraded" and not found.behind:
        return structs.replace(found, stuck=f"Degraded: {status.get('message') or 'it says nothing more'}")
    return found


_TELLERS: Mapping[str, Callable[[Progress, Values, Values], Progress]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "LeaderWorkerSet": _leader_worker_set,
    "Rollout": _rollout,
}


def _mapping(value: Values, key: str) -> Values:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _count(status: Values, name: str) -> int:
    found = status.get(name)
    return found if isinstance(found, int) else 0
