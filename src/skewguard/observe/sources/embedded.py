"""YAML inside a text inside YAML (Ray's `serveConfigV2`, KAITO's config): a tree whose places are the outer file's."""

from skewguard.language import documents
from skewguard.language.documents import Node
from skewguard.language.facts import Origin


class Inner:
    """A value of the inner document. It answers as `Node` does."""

    __slots__ = ("_lines", "_node", "_outer")

    def __init__(self, node: Node, outer: Node, lines: tuple[int, ...]) -> None:
        self._node = node
        self._outer = outer
        self._lines = lines

    def __bool__(self) -> bool:
        return bool(self._node)

    @property
    def present(self) -> bool:
        """Whether anything is written here."""
        return self._node.present

    def get(self, *path: str | int) -> "Inner":
        """The value at a path."""
        return self._wrap(self._node.get(*path))

    def elements(self) -> list["Inner"]:
        """Entries of a sequence."""
        return [self._wrap(each) for each in self._node.elements()]

    def items(self) -> list[tuple[str, "Inner"]]:
        """Entries of a mapping."""
        return [(key, self._wrap(value)) for key, value in self._node.items()]

    def text(self) -> str | None:
        """The content of a scalar."""
        return self._node.text()

    def integer(self) -> int | None:
        """The scalar as an integer."""
        return self._node.integer()

    @property
    def origin(self) -> Origin:
        """The place in the outer file."""
        inner = self._node.origin
        if inner.line is None or inner.column is None or inner.line > len(self._lines):
            return self._outer.origin
        start = self._lines[inner.line - 1] + inner.column - 1
        width = (inner.end_column or inner.column + 1) - inner.column
        return self._outer.locate(start, start + max(width, 1))

    def _wrap(self, node: Node) -> "Inner":
        return Inner(node, self._outer, self._lines)


def read(outer: Node) -> Inner | None:
    """The document a scalar holds; None where it is not YAML."""
    text = outer.text() or ""
    found, errors = documents.read(text, outer.origin.file or "")
    if errors or not found:
        return None
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return Inner(found[0].root, outer, tuple(starts))
