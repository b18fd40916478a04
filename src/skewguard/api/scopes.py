"""Which namespace is meant by what somebody typed, in every verb that looks at a cluster."""

from difflib import get_close_matches
from typing import Any

from skewguard.adapters.cluster.errors import ClusterError, Denied
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import Resource
from skewguard.adapters.cluster.session import Cluster
from skewguard.language.errors import InputError, UsageError

_NAMESPACES = Resource("", "v1", "namespaces", "Namespace", namespaced=False)


def namespace_of(cluster: Cluster, namespace: str | None, *, all_namespaces: bool) -> str | None:
    """The one that is named, else the context's; None for all of them."""
    refuse_both(namespace, all_namespaces=all_namespaces)
    return None if all_namespaces else namespace or cluster.namespace


def refuse_both(namespace: str | None, *, all_namespaces: bool) -> None:
    """Raise `UsageError` where one namespace and all of them are asked for."""
    if all_namespaces and namespace:
        raise UsageError("-A means every namespace, and -n one of them", hint="leave one of them out")


def existing(reader: Reader, namespace: str | None) -> tuple[str, ...]:
    """Look whether a namespace that somebody named is there. Gives notes on what could not be told.

    Raises `InputError` for one that is not, with the nearest name there is: to find nothing in it would look like a pass.
    """
    if namespace is None:
        return ()
    try:
        if reader.get(_NAMESPACES, namespace, None, dict) is not None:
            return ()
    except Denied as error:
        return (f"whether namespace {namespace} exists may not be read; it needs: {error.would_need}",)
    except ClusterError:
        return ()  # what keeps everything from being read is told by what is read next
    raise InputError(f"there is no namespace {namespace} in this cluster", hint=_nearest(reader, namespace))


def _nearest(reader: Reader, namespace: str) -> str:
    try:
        names = [_name(each) for each in reader.list(_NAMESPACES, dict)]
    except ClusterError:
        names = []
    close = get_close_matches(namespace, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else "correct -n, or the namespace of the context"


def _name(value: dict[str, Any]) -> str:
    metadata = value.get("metadata")
    return str(metadata.get("name")) if isinstance(metadata, dict) else ""
