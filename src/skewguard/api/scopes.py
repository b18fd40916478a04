"""Which context and which namespace are meant by what somebody typed, in every verb that looks at a cluster."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from skewguard.adapters.cluster.errors import ClusterError, Denied
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import Resource
from skewguard.adapters.cluster.session import Cluster
from skewguard.api import things
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


def context_of(workloads: Sequence[str], context: str | None) -> tuple[tuple[str, ...], str | None]:
    """Workloads without the context they are named with (`staging:deploy/chat`), and that context.

    Raises `UsageError` where they are named in several, and for words that name no workload.
    """
    _refuse_no_names(workloads)
    found = [(text, things.object_name(text)) for text in workloads]
    places = {name.context if name is not None and name.context else context for _, name in found}
    if len(places) > 1:
        said = " and ".join(sorted(place or "the current one" for place in places))
        raise UsageError(f"one context is read at a time, and these are {said}", hint="run it for each")
    plain = (text.removeprefix(f"{name.context}:") if name and name.context else text for text, name in found)
    return tuple(plain), next(iter(places), context)


def _refuse_no_names(words: Sequence[str]) -> None:
    """Raise for what people type for a name, with the way to write it."""
    if any(word.startswith(("http://", "https://")) for word in words):
        raise UsageError("a URL is no workload", hint="ask the engine behind it with --endpoint URL")
    if len(words) == 2 and things.is_kind(words[0]) and "/" not in words[1]:
        raise UsageError(f"{words[0]} {words[1]} is no workload", hint=f"write it as {words[0]}/{words[1]}")
    several = next((word for word in words if "," in word), None)
    if several is not None:
        hint = f"separate them by spaces: {' '.join(several.split(','))}"
        raise UsageError(f"{several} names several workloads as one word", hint=hint)
    bare = next((word for word in words if "/" not in word), None)
    if bare is not None:
        hint = f"write {bare}/NAME, such as {bare}/chat" if things.is_kind(bare) else f"write it as deploy/{bare}"
        raise UsageError(f"{bare!r} names no workload: its kind and its name are both needed", hint=hint)
