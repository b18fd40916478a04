"""Pod templates in objects of any kind, found by their shape: a mapping whose `containers` hold images or names.

A mapping with an image and what only containers have (arguments, variables, mounts) is a pod's only container: OME's
`engineConfig.runner` and other resources hold one like that, with the pod's own fields around it. What is found this
way is said to be so (`Workload.generic`), apart from kinds whose templates are documented to stand in a list of roles.
The walk is bounded and follows no alias twice.
"""

import re
from collections import deque
from collections.abc import Hashable, Iterator

from msgspec import Struct, structs

from skewguard.language.trees import Node
from skewguard.language.workloads import Container
from skewguard.observe.sources.layers import Layers, SoleContainer
from skewguard.observe.sources.pieces import Piece, Reading

MAX_NODES = 20_000
"""Most values of one object that are looked at."""

MAX_TEMPLATES = 50

_ANY_ROLE = frozenset(("spec", "template", "roles", "podTemplate", "components", "runner"))
_ROLES = (
    ("prefill", re.compile(r"prefill", re.IGNORECASE)),
    ("decode", re.compile(r"decode", re.IGNORECASE)),
    ("worker", re.compile(r"worker", re.IGNORECASE)),
    ("leader", re.compile(r"leader|head|entry|master", re.IGNORECASE)),
)


class _Found(Struct):
    """A pod spec (or, `alone`, a container) in an object: the keys and names on the way, and what is around it."""

    names: tuple[str, ...]
    node: Node
    parent: Node
    replicas: Node | None
    size: Node | None
    alone: bool


def templates(reading: Reading, *, generic: bool, sized: bool = False) -> list[Piece]:
    """Every pod template of an object.

    `sized`: the kind says in `podGroupSize` how many pods act as one server, and where it says nothing that is one.
    """
    found = list(_walk(reading))
    several = len(found) > 1
    note = f"skewguard does not know the kind {reading.object.kind}: this pod template was found by its shape"
    pieces = [_piece(each, several=several, notes=(note,) if generic else ()) for each in found]
    if sized:
        pieces = [structs.replace(made, group_size=_size(each)) for made, each in zip(pieces, found, strict=True)]
    roles = [each.role for each in pieces]
    return [
        structs.replace(made, role=_group_and_part(each.names, made.role)) if roles.count(made.role) > 1 else made
        for made, each in zip(pieces, found, strict=True)
    ]


def _size(found: _Found) -> int | None:
    return 1 if found.size is None else found.size.integer()


def _piece(found: _Found, *, several: bool, notes: tuple[str, ...]) -> Piece:
    names, node, parent = found.names, found.node, found.parent
    made = Piece(
        Layers([node]),
        Layers([parent.get("metadata") if names and names[-1] == "spec" else Node.absent()]),
        role=_role(names) if several else None,
        replicas=found.replicas,
        group_size=None if several else 1,
        generic=bool(notes),
        notes=notes,
    )
    if not found.alone:
        return made

    def finish(container: Container) -> Container:
        return container if container.name else structs.replace(container, name=names[-1])

    return structs.replace(
        made,
        spec=SoleContainer([parent, node], [node]),
        metadata=Layers([parent]),
        group_size=None if several and made.role in ("leader", "worker") else 1,
        finish=finish,
        complete=False,
    )


def _walk(reading: Reading) -> Iterator[_Found]:
    """Pod specs and lone containers, each with the nearest `replicas` and `podGroupSize` above it."""
    root = reading.object.root
    queue: deque[_Found] = deque()
    for key, value in root.items():
        if key not in ("metadata", "status", "kind"):
            queue.append(_Found((key,), value, root, None, None, False))
    seen: set[Hashable] = set()
    yielded = 0
    while queue and len(seen) < MAX_NODES and yielded < MAX_TEMPLATES:
        each = queue.popleft()
        node = each.node
        if node.kind not in ("mapping", "sequence") or node.identity in seen:
            continue
        seen.add(node.identity)
        if node.kind == "sequence":
            for element in node.elements():
                name = element.get("name").text() or element.get("role").text() or ""
                queue.append(_Found((*each.names, name), element, node, each.replicas, each.size, False))
            continue
        pod = _is_pod(node)
        each.alone = not pod and _may_hold_container(each.names) and _is_container(node)
        if pod or each.alone:
            yielded += 1
            yield each
            continue
        own, size = node.get("replicas") or each.replicas, node.get("podGroupSize") or each.size
        for key, value in node.items():
            queue.append(_Found((*each.names, key), value, node, own, size, False))


def _is_pod(node: Node) -> bool:
    elements = node.get("containers").elements()
    return bool(elements) and all(
        element.kind == "mapping" and (element.get("image").text() or element.get("name").text())
        for element in elements
    )


def _group_and_part(names: tuple[str, ...], part: str | None) -> str | None:
    """`prefill-leader`, where an object holds several groups."""
    groups = [role for name in names for role, pattern in _ROLES[:2] if pattern.search(name)]
    group = next((role for role in groups if role != part), None)
    return f"{group}-{part}" if group and part else part


_OF_CONTAINERS = ("command", "args", "env", "ports", "volumeMounts")


def _may_hold_container(names: tuple[str, ...]) -> bool:
    """A chart's `values` are the chart's to interpret, and a whole `spec` the operator's."""
    return names != ("spec",) and "values" not in names


def _is_container(node: Node) -> bool:
    """An image, and a list that only containers have."""
    return bool(node.get("image").text()) and any(node.get(field).elements() for field in _OF_CONTAINERS)


def _role(names: tuple[str, ...]) -> str | None:
    """The role that the last telling name on the way gives; else the name of the list entry itself."""
    for name in reversed(names):
        for role, pattern in _ROLES:
            if pattern.search(name):
                return role
    named = [name for name in names if name not in _ANY_ROLE]
    return named[-1] if named else None
