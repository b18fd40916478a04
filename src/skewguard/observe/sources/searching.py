"""Pod templates in objects of any kind, found by their shape: a mapping whose `containers` hold images or names.

What is found this way is said to be so (`Workload.generic`), apart from kinds whose templates are documented to stand
in a list of roles. The walk is bounded and follows no alias twice.
"""

import re
from collections import deque
from collections.abc import Iterator

from skewguard.language.documents import Node
from skewguard.observe.sources.layers import Layers
from skewguard.observe.sources.pieces import Piece, Reading

MAX_NODES = 20_000
"""Most values of one object that are looked at."""

MAX_TEMPLATES = 50

_ROLES = (
    ("prefill", re.compile(r"prefill", re.IGNORECASE)),
    ("decode", re.compile(r"decode", re.IGNORECASE)),
    ("worker", re.compile(r"worker", re.IGNORECASE)),
    ("leader", re.compile(r"leader|head|entry|master", re.IGNORECASE)),
)


def templates(reading: Reading, *, generic: bool) -> list[Piece]:
    """Every pod template of an object."""
    found = list(_walk(reading))
    several = len(found) > 1
    note = f"skewguard does not know the kind {reading.object.kind}: this pod template was found by its shape"
    pieces = []
    for names, spec, parent, replicas in found:
        metadata = parent.get("metadata") if names and names[-1] == "spec" else Node.absent()
        pieces.append(
            Piece(
                Layers([spec]),
                Layers([metadata]),
                role=_role(names) if several else None,
                replicas=replicas,
                group_size=None if several else 1,
                generic=generic,
                notes=(note,) if generic else (),
            )
        )
    return pieces


def _walk(reading: Reading) -> Iterator[tuple[tuple[str, ...], Node, Node, Node | None]]:
    """(keys and names on the way, pod spec, its parent, the nearest `replicas`)."""
    root = reading.object.root
    queue: deque[tuple[tuple[str, ...], Node, Node, Node | None]] = deque()
    queue.extend(((key,), value, root, None) for key, value in root.items() if key not in ("metadata", "status", "kind"))
    seen: set[int] = set()
    yielded = 0
    while queue and len(seen) < MAX_NODES and yielded < MAX_TEMPLATES:
        names, node, parent, replicas = queue.popleft()
        if node.kind not in ("mapping", "sequence") or node.identity in seen:
            continue
        seen.add(node.identity)
        if node.kind == "sequence":
            for element in node.elements():
                name = element.get("name").text() or element.get("role").text() or ""
                queue.append(((*names, name), element, node, replicas))
            continue
        if _is_pod(node):
            yielded += 1
            yield names, node, parent, replicas
            continue
        own = node.get("replicas")
        for key, value in node.items():
            queue.append(((*names, key), value, node, own or replicas))


def _is_pod(node: Node) -> bool:
    elements = node.get("containers").elements()
    return bool(elements) and all(
        element.kind == "mapping" and (element.get("image").text() or element.get("name").text()) for element in elements
    )


def _role(names: tuple[str, ...]) -> str | None:
    """The role that the last telling name on the way gives; else the name of the list entry itself."""
    for name in reversed(names):
        for role, pattern in _ROLES:
            if pattern.search(name):
                return role
    named = [name for name in names if name not in ("spec", "template", "roles", "podTemplate", "components")]
    return named[-1] if named else None
