"""YAML inside a text inside YAML (Ray's `serveConfigV2`, KAITO's config): a tree whose places are the outer file's."""

from collections.abc import Callable

from msgspec import structs

from skewguard.language import documents
from skewguard.language.facts import Origin
from skewguard.language.trees import Node
from skewguard.language.workloads import TextFile

Place = Callable[[Origin], Origin]
"""The place in the outer file of a place in the inner text."""


class Inner:
    """A value of the inner document. It answers as `Node` does."""

    __slots__ = ("_node", "_place")

    def __init__(self, node: Node, place: Place) -> None:
        self._node = node
        self._place = place

    def __bool__(self) -> bool:
        return bool(self._node)

    @property
    def present(self) -> bool:
        """Whether anything is written here."""
        return self._node.present

    @property
    def kind(self) -> str:
        """What stands here."""
        return self._node.kind

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

    def value(self) -> object:
        """The content in plain values. Raises `InputError` for an alias bomb."""
        return self._node.value()

    @property
    def origin(self) -> Origin:
        """The place in the outer file."""
        return self._place(self._node.origin)

    def key_origin(self, key: str) -> Origin:
        """The place of a mapping's key in the outer file."""
        return self._place(self._node.key_origin(key))

    def _wrap(self, node: Node) -> "Inner":
        return Inner(node, self._place)


def read(outer: Node) -> Inner | None:
    """The document a scalar holds; None where it is not YAML."""
    text = outer.text() or ""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def place(inner: Origin) -> Origin:
        if inner.line is None or inner.column is None or inner.line > len(starts):
            return outer.origin
        start = starts[inner.line - 1] + inner.column - 1
        width = (inner.end_column or inner.column + 1) - inner.column
        return outer.locate(start, start + max(width, 1))

    return _document(text, outer.origin.file or "", place)


def of_file(file: TextFile) -> Inner | None:
    """The document that a mounted file holds; None where its text is not known, or is not YAML."""

    def place(inner: Origin) -> Origin:
        if inner.line is None or inner.column is None or inner.line > len(file.lines):
            return file.origin
        line = file.lines[inner.line - 1]
        if line.column is None:
            return line
        width = (inner.end_column or inner.column + 1) - inner.column
        start = line.column + inner.column - 1
        return structs.replace(line, column=start, end_column=start + max(width, 1), text=inner.text)

    return None if file.text is None else _document(file.text, file.path, place)


def _document(text: str, path: str, place: Place) -> Inner | None:
    found, errors = documents.read(text, path)
    return None if errors or not found else Inner(found[0].root, place)
