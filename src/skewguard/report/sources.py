"""Sources that could not be read, as a person reads them: those of equal replicas in one line."""

import re
from collections.abc import Collection

from msgspec import structs

from skewguard.language.running import Unread
from skewguard.language.verifications import LiveSubject
from skewguard.report import pods

_POD = re.compile(r"\bpod (?:[a-z0-9-]+/)?([a-z0-9.-]*[a-z0-9])")
"""How a source names its pod, with or without the namespace."""


def folded(live: LiveSubject) -> list[Unread]:
    """What could not be read of a subject; the same of several of its pods is one, with the names of all of them."""
    names = {pod for group in live.groups for pod in group.pods}
    groups: dict[object, list[tuple[str, Unread]]] = {}
    for item in dict.fromkeys(live.unread):
        pod = _pod(item, names)
        groups.setdefault(_without(item, pod) if pod else item, []).append((pod, item))
    return [_one(group) for group in groups.values()]


def _pod(item: Unread, names: Collection[str]) -> str:
    return next((name for name in _POD.findall(item.what) if name in names), "")


def _without(item: Unread, pod: str) -> object:
    """All that is said, but for the name of the pod."""
    return item.what.replace(pod, ""), item.reason.replace(pod, ""), item.hides, item.would_need


def _one(group: list[tuple[str, Unread]]) -> Unread:
    pod, first = group[0]
    if len(group) == 1:
        return first
    every = pods.folded([name for name, _ in group])
    return structs.replace(first, what=first.what.replace(f"pod {pod}", f"pods {every}"))
