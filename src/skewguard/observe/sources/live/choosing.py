"""From what was asked for to what is read: names and selectors become topmost objects and namespaces."""

from collections.abc import Sequence

from msgspec import Struct

from skewguard.adapters.cluster.resources import PODS
from skewguard.language.running import Unread
from skewguard.observe.sources.live import families, shapes
from skewguard.observe.sources.live.climbing import Head
from skewguard.observe.sources.live.gathering import Gathering
from skewguard.observe.sources.live.wanted import Named, Wanted

ALONE = 20
"""Most workloads of a selector that are read one by one; more of them are cheaper as lists of everything."""
_DEFAULT = "default"


class Chosen(Struct, frozen=True):
    """The namespaces that were read (None: all), and the uids of the topmost objects that are wanted (None: all)."""

    namespaces: tuple[str | None, ...]
    tops: frozenset[str] | None = None


def choose(gathering: Gathering, wanted: Wanted) -> Chosen:
    """Read the workloads that are wanted, with their pods."""
    if wanted.names:
        return _named(gathering, wanted)
    heads = gathering.workloads(wanted.namespace, wanted.labels)
    if wanted.labels is None:
        gathering.pods_of(wanted.namespace)
        return Chosen((wanted.namespace,))
    tops = list({head.meta.uid: head for head in (families.top(gathering, each) for each in heads)}.values())
    if len(tops) <= ALONE:
        return _each(gathering, tops)
    gathering.workloads(wanted.namespace)
    gathering.pods_of(wanted.namespace)
    return Chosen((wanted.namespace,), frozenset(head.meta.uid for head in tops))


def _named(gathering: Gathering, wanted: Wanted) -> Chosen:
    tops: list[Head] = []
    for name in wanted.names:
        head = _find(gathering, name, name.namespace or wanted.namespace or _DEFAULT)
        if head is not None:
            tops.append(families.top(gathering, head))
    return _each(gathering, tops)


def _each(gathering: Gathering, tops: Sequence[Head]) -> Chosen:
    """Read some topmost objects one by one."""
    for head in tops:
        _read(gathering, head)
    namespaces = tuple(dict.fromkeys(head.meta.namespace for head in tops))
    return Chosen(namespaces, frozenset(head.meta.uid for head in tops))


def _find(gathering: Gathering, name: Named, namespace: str) -> Head | None:
    """The object that somebody named."""
    resource = gathering.served.called(name.kind, name.group)
    title = f"{name.kind} {namespace}/{name.name}"
    if resource is None:
        kind = f"{name.kind}.{name.group}" if name.group else name.kind
        reason = f"the cluster serves no kind that is called {kind}"
        gathering.asking.miss(Unread(title, reason, "everything about it", "", kind="absent"))
        return None
    before = len(gathering.asking.unread)
    value = gathering.asking.get(resource, name.name, namespace, dict, "everything about it")
    if value is not None:
        return gathering.keep(value)
    if len(gathering.asking.unread) == before:
        place = f" in namespace {namespace}" if resource.namespaced else ""
        reason = f"there is no {resource.kind} {name.name}{place}"
        gathering.asking.miss(Unread(title, reason, "everything about it", "", kind="absent"))
    return None


def _read(gathering: Gathering, head: Head) -> None:
    """Read the pods of a topmost object: by its selector, else with its whole namespace."""
    if head.kind == "Pod":
        pod = gathering.asking.get(PODS, head.meta.name, head.meta.namespace, shapes.Pod, "what runs")
        if pod is not None:
            gathering.pod(pod)
        return
    whole = gathering.whole(head)
    if whole is None or not gathering.alone(whole):
        gathering.workloads(head.meta.namespace)
        gathering.pods_of(head.meta.namespace)
