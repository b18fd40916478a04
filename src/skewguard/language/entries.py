"""Entries of mappings, with merge keys (`<<`) and aliases as YAML means them and as Kubernetes' parser bounds them.

A few lines of aliases can stand for billions of values. Kubernetes' own parser refuses such documents and those that
hold themselves; so a document is measured once, before anybody walks it, and every walk afterwards is finite.

A node here is what the YAML composer makes: its `id` is mapping, sequence or scalar.
"""

from collections.abc import Iterator
from typing import Any

MAX_UNFOLDED = 200_000
"""Most values that the aliases of one document may add to those written."""

_ENDLESS = 10**9


Entries = dict[str, tuple[Any, Any]]
"""Key text → (key node, value node)."""


def of(node: Any) -> Entries:
    """The entries of a mapping, made once and kept on it; the last of equal keys wins. `settle` filled in the merges."""
    cached: Entries | None = getattr(node, "entries", None)
    if cached is None:
        cached = {
            key.value: (key, value)
            for key, value in node.value
            if key.id == "scalar" and (key.value != "<<" or key.style)  # no merge key; a call for each would cost
        }
        node.entries = cached
    return cached


def settle(root: Any) -> str | None:
    """Fill in what `<<` brings into every mapping of a document, or say why its aliases cannot be meant.

    Without recursion, parts before wholes: a chain of thousands of aliases is written quickly.
    """
    sizes: dict[int, int] = {}
    begun: set[int] = set()
    written = 0
    waiting = [root]
    while waiting:
        node = waiting[-1]
        parts = list(_parts(node))
        if id(node) in sizes:
            waiting.pop()
        elif id(node) in begun:
            waiting.pop()
            sizes[id(node)] = min(len(parts) + 1 + sum(sizes.get(id(part), 0) for part in parts), _ENDLESS)
            written += len(parts) + 1
            _merge(node)
        else:
            begun.add(id(node))
            for part in parts:
                if id(part) in begun and id(part) not in sizes:
                    return "a value holds itself through an alias"
                if part.id != "scalar":
                    waiting.append(part)
    if sizes[id(root)] - written > MAX_UNFOLDED:
        return f"its aliases unfold to more than {MAX_UNFOLDED:,} values"
    return None


def _parts(node: Any) -> Iterator[Any]:
    if node.id == "mapping":
        for key, value in node.value:
            yield key
            yield value
    elif node.id == "sequence":
        yield from node.value


def _merge(node: Any) -> None:
    """Take over the entries of the mappings behind `<<`: own entries win, then those of the first source."""
    if node.id != "mapping":
        return
    for key, value in node.value:
        if _is_merge(key):
            for source in value.value if value.id == "sequence" else [value]:
                if source.id == "mapping":
                    own = of(node)
                    for name, pair in of(source).items():
                        own.setdefault(name, pair)


def _is_merge(key: Any) -> bool:
    return bool(key.id == "scalar" and key.value == "<<" and not key.style)
