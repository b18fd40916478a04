"""Text of YAML or JSON as a tree whose every value knows its place in the file.

The tree is PyYAML's C-composed node graph, typed only where somebody looks: most values of a manifest are never
read, and typing them all costs twice the parsing. Scalars are typed as `kubectl` does it (sigs.k8s.io/yaml, YAML 1.1
booleans, octal `012`, no sexagesimals, timestamps stay text), not as PyYAML does.
"""

import bisect
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from skewguard.language import alignment, composing, entries, scalars
from skewguard.language.errors import InputError
from skewguard.language.facts import Origin
from skewguard.language.trees import Kind, Node

MAX_BROKEN = 50
"""Most broken documents of one file after which reading goes on; each costs a new start."""

MAX_VALUES = 200_000
"""Most values that `Node.value` unfolds: an alias bomb ends here instead of in memory."""

_TYPED = (composing.PLAIN, "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


class _File:
    """One text with its line starts, shared by all nodes read from it."""

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    def place(self, index: int) -> tuple[int, int]:
        """(line, column) of a character, both 1-based."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in re.finditer(r"\r\n|[\r\n\x85\u2028\u2029]", self.text))]
        line = bisect.bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


class Written(Node):
    """One value of a document, or the lack of one at a place of it."""

    __slots__ = ("_base", "_file", "_template", "_yaml")

    def __init__(self, node: composing.Node | None, file: _File, base: int, template: str | None = None) -> None:
        self._yaml = node
        self._file = file
        self._base = base
        self._template = template

    @property
    def kind(self) -> Kind:
        """What stands here."""
        return "missing" if self._yaml is None else _KINDS[type(self._yaml)]

    @property
    def present(self) -> bool:
        """Whether anything is written here; null counts."""
        return self._yaml is not None

    @property
    def style(self) -> str | None:
        """`|`, `>`, `"`, `'`, or None for plain scalars and collections."""
        return (self._yaml.style or None) if isinstance(self._yaml, composing.ScalarNode) else None

    def __bool__(self) -> bool:
        if isinstance(self._yaml, composing.ScalarNode):
            return not _is_null(self._yaml)
        return self._yaml is not None

    def get(self, *path: str | int) -> "Node":
        """The value at a path of keys and indexes."""
        node = self._yaml
        for step in path:
            if isinstance(step, str):
                pair = entries.of(node).get(step) if isinstance(node, composing.MappingNode) else None
                node = pair[1] if pair is not None else None
            else:
                inside = isinstance(node, composing.SequenceNode) and -len(node.value) <= step < len(node.value)
                node = node.value[step] if node is not None and inside else None
            if node is None:
                break
        return self._wrap(node)

    def items(self) -> list[tuple[str, "Node"]]:
        """Entries of a mapping, merge keys applied, the last of equal keys winning."""
        if not isinstance(self._yaml, composing.MappingNode):
            return []
        return [(key, self._wrap(value)) for key, (_, value) in entries.of(self._yaml).items()]

    def elements(self) -> list["Node"]:
        """Entries of a sequence."""
        if not isinstance(self._yaml, composing.SequenceNode):
            return []
        return [self._wrap(value) for value in self._yaml.value]

    def text(self) -> str | None:
        """The content of a scalar, numbers and booleans as written; None for null and collections."""
        if not isinstance(self._yaml, composing.ScalarNode) or _is_null(self._yaml):
            return None
        return str(self._yaml.value)

    def value(self) -> Any:
        """The JSON value, typed as kubectl would. Raises `InputError` for a value that refers to itself or explodes."""
        return _Unfolding(self).run()

    @property
    def origin(self) -> Origin:
        """The place of the value; of a collection, its first character."""
        return self._place(self._yaml)

    def key_origin(self, key: str) -> Origin:
        """The place of a key of this mapping; of the mapping when it has no such key."""
        if isinstance(self._yaml, composing.MappingNode) and key in entries.of(self._yaml):
            return self._place(entries.of(self._yaml)[key][0])
        return self.origin

    def locate(self, start: int, end: int) -> Origin:
        """The place in the file of characters `start` to `end` of `text()`, through folding, quoting and escapes."""
        if not isinstance(self._yaml, composing.ScalarNode) or not 0 <= start < end <= len(self._yaml.value):
            return self.origin
        places = self._places(self._yaml)
        line, column = self._file.place(places[start])
        last_line, last_column = self._file.place(places[end - 1])
        same_line = last_line == line
        return self._origin(line, column, last_column + 1 if same_line else None, self._yaml.value[start:end])

    def lines(self) -> tuple[Origin, ...]:
        """The place of each line of a scalar's text, in order; cheap for block scalars, however long."""
        if not isinstance(self._yaml, composing.ScalarNode) or not self._yaml.value:
            return ()
        lines = self._yaml.value.removesuffix("\n").split("\n")
        if self._yaml.style == "|":
            return tuple(self._block_lines(self._yaml, lines))
        offsets = [0]
        for line in lines:
            offsets.append(offsets[-1] + len(line) + 1)
        return tuple(
            self.locate(at, at + len(line)) if line else self.origin for at, line in zip(offsets, lines, strict=False)
        )

    def _block_lines(self, node: composing.Node, lines: list[str]) -> Iterator[Origin]:
        text = self._file.text
        at = text.find("\n", _start(node) + self._base) + 1
        first, _ = self._file.place(at)
        for number, line in enumerate(lines):
            end = text.find("\n", at)
            raw = text[at : end if end >= 0 else len(text)].removesuffix("\r")
            column = len(raw) - len(line) + 1 if raw.endswith(line) else 1
            at = end + 1 if end >= 0 else len(text)
            yield self._origin(first + number, column, column + len(line), line)

    def duplicates(self) -> list[tuple[str, Origin, Origin]]:
        """Keys written twice in this mapping: the key, the place of the lost one, the place of the one that wins."""
        if not isinstance(self._yaml, composing.MappingNode):
            return []
        seen: dict[str, composing.Node] = {}
        found = []
        for key, _ in self._yaml.value:
            if isinstance(key, composing.ScalarNode) and key.value in seen and key.value != "<<":
                found.append((key.value, self._place(seen[key.value]), self._place(key)))
            if isinstance(key, composing.ScalarNode):
                seen[key.value] = key
        return found

    @property
    def identity(self) -> int:
        """Equal for two nodes that are one value in the file (an alias and its anchor); for bounding walks."""
        return id(self._yaml)

    def _places(self, node: composing.ScalarNode) -> list[int]:
        """The index in the file of every character of a scalar's content, made once and kept on the node."""
        cached: list[int] | None = getattr(node, "places", None)
        if cached is None:
            start, end = _start(node) + self._base, _end(node) + self._base
            cached = alignment.places(node.value, node.style or None, self._file.text, start, end)
            node.places = cached  # type: ignore[attr-defined]
        return cached

    def _wrap(self, node: composing.Node | None) -> "Written":
        return Written(node, self._file, self._base, self._template)

    def _place(self, node: composing.Node | None) -> Origin:
        if node is None:
            return self._origin(None, None, None, None)
        line, column = self._file.place(_start(node) + self._base)
        end_column, text = None, None
        if isinstance(node, composing.ScalarNode):
            text = node.value
            one_line = "\n" not in self._file.text[_start(node) + self._base : _end(node) + self._base]
            end_column = column + _end(node) - _start(node) if one_line else None
        return self._origin(line, column, end_column, text)

    def _origin(self, line: int | None, column: int | None, end_column: int | None, text: str | None) -> Origin:
        path = self._file.path
        return Origin("file", path, path, line, column, end_column, text, self._template)


_KINDS: dict[type, Kind] = {
    composing.MappingNode: "mapping",
    composing.SequenceNode: "sequence",
    composing.ScalarNode: "scalar",
}


class Document(Struct):
    """One document of a file: its tree, its 1-based number, and the Helm template it was rendered from.

    An object of a cluster is one too: `path` is empty then, and `cluster` the context it was read in.
    """

    root: Node
    path: str
    index: int
    template: str | None = None
    cluster: str | None = None


def read(text: str, path: str) -> tuple[list[Document], list[InputError]]:
    """Read every document of a text. A document that does not parse is an error; the ones after its `---` are read."""
    file = _File(path, text.removeprefix("\ufeff"))
    stream = _Stream(file)
    base = 0
    while base < len(file.text):
        failed_at = stream.read(base)
        if failed_at is None:
            break
        following = re.compile(r"^---(?=\s|$)", re.MULTILINE).search(file.text, max(failed_at, base + 1))
        if following is None:
            break
        base = following.start()
        if len(stream.errors) >= MAX_BROKEN:
            stream.errors.append(
                _error(file, base, "this follows on many broken documents, and nothing from here on is read")
            )
            break
    return stream.documents, stream.errors


class _Stream:
    """The documents of one file as they are read, and those that could not be."""

    def __init__(self, file: _File) -> None:
        self.documents: list[Document] = []
        self.errors: list[InputError] = []
        self._file = file
        self._number = 0

    def read(self, base: int) -> int | None:
        """Read on from `base`; the index of the fault where a document does not parse."""
        text = self._file.text[base:] if base else self._file.text
        helm, aliased = "# Source:" in text, _may_alias(text)
        last = 0
        try:
            for node in composing.nodes(text):
                if node is not None:
                    template = _template(text, last, node) if helm else None
                    last = _end(node)
                    self._take(node, base, template, aliased=aliased)
        except composing.Broken as broken:
            self._number += 1
            self.errors.append(_error(self._file, base + broken.index, f"not valid YAML: {broken.reason}"))
            return base + broken.index
        return None

    def _take(self, node: composing.Node, base: int, template: str | None, *, aliased: bool) -> None:
        self._number += 1
        if isinstance(node, composing.ScalarNode) and _is_null(node):
            return  # nothing but comments between two `---`, as Helm leaves it where a template is switched off
        fault = entries.settle(node) if aliased else None
        if fault is not None:
            self.errors.append(_error(self._file, _start(node) + base, f"the document cannot be read: {fault}"))
            return
        root = Written(node, self._file, base, template)
        self.documents.append(Document(root, self._file.path, self._number, template))


def _may_alias(text: str) -> bool:
    """Whether anything in a text may be a merge key or an alias; in doubt yes."""
    return "<<" in text or ("&" in text and re.search(r"(?:^|[\s\[{,:-])&[^\s&,\[\]{}]", text) is not None)


def _error(file: _File, index: int, reason: str) -> InputError:
    line, column = file.place(index)
    return InputError(
        reason,
        hint="mend the document, or leave the file out; `kubectl apply --dry-run=client -f` refuses it too",
        file=file.path,
        line=line,
        column=column,
    )


def _start(node: composing.Node) -> int:
    return int(node.start_mark.index) if node.start_mark else 0


def _end(node: composing.Node) -> int:
    return int(node.end_mark.index) if node.end_mark else 0


def _template(text: str, start: int, node: composing.Node) -> str | None:
    found = re.compile(r"^# Source: (\S+)", re.MULTILINE).findall(text, start, _start(node))
    return found[-1] if found else None


def _is_null(node: composing.ScalarNode) -> bool:
    return not node.style and node.tag == composing.PLAIN and node.value in scalars.NULLS


class _Unfolding:
    """One run of `Node.value`: counts values and depth, so that neither an alias bomb nor a cycle is followed."""

    def __init__(self, node: Written) -> None:
        self._node = node
        self._left = MAX_VALUES

    def run(self) -> Any:
        return self._value(self._node._yaml, 0)  # noqa: SLF001  # one class in two, for the counting

    def _value(self, node: composing.Node | None, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > composing.MAX_DEPTH:
            where = self._node.origin
            raise InputError(
                "the value refers to itself or unfolds to more than Kubernetes would accept (aliases)",
                file=where.file,
                line=where.line,
                column=where.column,
            )
        if isinstance(node, composing.MappingNode):
            return {key: self._value(value, depth + 1) for key, (_, value) in entries.of(node).items()}
        if isinstance(node, composing.SequenceNode):
            return [self._value(value, depth + 1) for value in node.value]
        if not isinstance(node, composing.ScalarNode):
            return None
        return scalars.typed(node.value) if not node.style and node.tag in _TYPED else str(node.value)
