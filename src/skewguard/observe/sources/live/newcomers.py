"""Pods that came beside known ones since: what an autoscaler, or a hand, added to a workload while somebody looked at it."""

from collections.abc import Collection, Mapping

from skewguard.adapters.cluster.errors import ClusterError
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import PODS
from skewguard.language.running import Unread
from skewguard.observe.sources.live.shapes import Pod


def newcomers(reader: Reader, known: Mapping[str, Collection[str]]) -> tuple[str, ...] | Unread:
    """The names of pods that run now, are no known ones, and have the same controller as one of those. `known` are uids by
    namespace. Never raises: what may not be listed is `Unread`.
    """
    found: list[str] = []
    for namespace, uids in known.items():
        try:
            pods = list(reader.list(PODS, Pod, namespace=namespace))
        except ClusterError as error:
            hides = "replicas that came while it was looked at"
            return Unread(f"pods of {namespace}", error.message, hides, error.would_need, kind=error.kind)
        makers = {owner.uid for pod in pods if pod.metadata.uid in uids and (owner := pod.metadata.controller)}
        found += (pod.metadata.name for pod in pods if _is_new(pod, uids, makers))
    return tuple(sorted(found))


def _is_new(pod: Pod, known: Collection[str], makers: Collection[str]) -> bool:
    owner = pod.metadata.controller
    mine = owner is not None and owner.uid in makers and pod.metadata.uid not in known
    return mine and pod.status.phase == "Running" and pod.metadata.deletion_timestamp is None
