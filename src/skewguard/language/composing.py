"""Texts of YAML or JSON as the nodes that PyYAML's C parser composes, bounded so that no text ends the process.

This is the only module that knows PyYAML. A node has an `id` (mapping, sequence, scalar), a `value`, a `style` and
marks; what a scalar means is not asked here.
"""

from collections.abc import Iterator

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stubs forget to export it

MAX_DEPTH = 200
"""Deepest nesting that is read; Kubernetes objects stay below 40, and the C composer recurses."""

PLAIN = "plain"
"""The tag of a node that is written without one."""


class Broken(Exception):
    """A document does not parse: why, and the index of the character where that shows."""

    def __init__(self, reason: str, index: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.index = index


def nodes(text: str) -> Iterator[Node | None]:
    """The root node of each document, in order; None for an empty one. Raises `Broken` at the first that does not parse."""
    try:
        composer = _composer(text)
        while composer.check_node():
            yield composer.get_node()
    except yaml.YAMLError as error:
        raise Broken(_reason(error), _index_of(error, text)) from None


class _Composer(CParser):
    """The C parser with tag resolution switched off: `Node` types scalars itself, lazily."""

    def resolve(self, _kind: object, _value: object, _implicit: object) -> str:
        return PLAIN

    def descend_resolver(self, _node: Node | None, _index: object) -> None:
        """No path resolvers."""

    def ascend_resolver(self) -> None:
        """No path resolvers."""


class _CountingComposer(_Composer):
    """Counts the depth in the hooks of the path resolvers: the C composer recurses, and would end the process."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def descend_resolver(self, node: Node | None, _index: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH + 1 and node is not None:  # a scalar inside counts one
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=node.start_mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1


def _composer(text: str) -> _Composer:
    """Depth needs brackets or long lines; ordinary texts have few, and need not be counted through."""
    harmless = text.count("[") + text.count("{") <= MAX_DEPTH and max(map(len, text.split("\n"))) <= MAX_DEPTH
    return _Composer(text) if harmless else _CountingComposer(text)


def _index_of(error: yaml.YAMLError, text: str) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return min(int(mark.index), max(len(text) - 1, 0))
    return min(int(getattr(error, "position", 0) or 0), max(len(text) - 1, 0))


def _reason(error: yaml.YAMLError) -> str:
    parts = [getattr(error, "context", None), getattr(error, "problem", None), getattr(error, "reason", None)]
    return ", ".join(str(part) for part in parts if part) or "not YAML"


__all__ = ["MAX_DEPTH", "PLAIN", "Broken", "MappingNode", "Node", "ScalarNode", "SequenceNode", "nodes"]
