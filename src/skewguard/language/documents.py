"""Text of YAML or JSON as a tree whose every value knows its place in the file.

The tree is PyYAML's C-composed node graph, typed only where somebody looks: most values of a manifest are never
read, and typing them all costs twice the parsing. Scalars are typed as `kubectl` does it (sigs.k8s.io/yaml, YAML 1.1
booleans, octal `012`, no sexagesimals, timestamps stay text), not as PyYAML does.

This is the only module that knows PyYAML.
"""

import bisect
import re
from collections.abc import Iterator
from typing import Any, Literal

import yaml
from msgspec import Struct
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # its stubs forget to export it

from skewguard.language.errors import InputError
from skewguard.language.facts import Origin

MAX_DEPTH = 200
"""Deepest nesting that is read; Kubernetes objects stay below 40, and the C composer recurses."""

MAX_VALUES = 200_000
"""Most values that `Node.value` unfolds: an alias bomb ends here instead of in memory."""

Kind = Literal["mapping", "sequence", "scalar", "missing"]

_PLAIN = "plain"


class _Composer(CParser):
    """The C parser with tag resolution switched off: `Node` types scalars itself, lazily."""

    def resolve(self, _kind: object, _value: object, _implicit: object) -> str:
        return _PLAIN

    def descend_resolver(self, _node: object, _index: object) -> None:
        """No path resolvers."""

    def ascend_resolver(self) -> None:
        """No path resolvers."""


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


class Node:
    """One value of a document. An absent value is a falsy node on which every question has an answer."""

    __slots__ = ("_base", "_file", "_template", "_yaml")

    def __init__(self, node: yaml.Node | None, file: _File, base: int, template: str | None = None) -> None:
        self._yaml = node
        self._file = file
        self._base = base
        self._template = template

    @staticmethod
    def absent() -> "Node":
        """A value that is written nowhere."""
        return Node(None, _File("", ""), 0)

    @property
    def kind(self) -> Kind:
        """What stands here."""
        if self._yaml is None:
            return "missing"
        return _KINDS[type(self._yaml)]

    @property
    def present(self) -> bool:
        """Whether anything is written here; null counts."""
        return self._yaml is not None

    @property
    def style(self) -> str | None:
        """`|`, `>`, `"`, `'`, or None for plain scalars and collections."""
        return (self._yaml.style or None) if isinstance(self._yaml, yaml.ScalarNode) else None

    def __bool__(self) -> bool:
        if isinstance(self._yaml, yaml.ScalarNode):
            return not self._is_null(self._yaml)
        return self._yaml is not None

    def get(self, *path: str | int) -> "Node":
        """The value at a path of keys and indexes."""
        node = self._yaml
        for step in path:
            if isinstance(step, str):
                pair = _index(node).get(step) if isinstance(node, yaml.MappingNode) else None
                node = pair[1] if pair is not None else None
            else:
                inside = isinstance(node, yaml.SequenceNode) and -len(node.value) <= step < len(node.value)
                node = node.value[step] if node is not None and inside else None
            if node is None:
                break
        return self._wrap(node)

    def items(self) -> list[tuple[str, "Node"]]:
        """Entries of a mapping, merge keys applied, the last of equal keys winning."""
        if not isinstance(self._yaml, yaml.MappingNode):
            return []
        return [(key, self._wrap(value)) for key, (_, value) in _index(self._yaml).items()]

    def elements(self) -> list["Node"]:
        """Entries of a sequence."""
        if not isinstance(self._yaml, yaml.SequenceNode):
            return []
        return [self._wrap(value) for value in self._yaml.value]

    def text(self) -> str | None:
        """The content of a scalar, numbers and booleans as written; None for null and collections."""
        if not isinstance(self._yaml, yaml.ScalarNode) or self._is_null(self._yaml):
            return None
        return str(self._yaml.value)

    def integer(self) -> int | None:
        """The scalar as an integer (a quoted one too), None when it is none."""
        text = self.text()
        return _integer(text.strip()) if text is not None else None

    def number(self) -> float | None:
        """The scalar as a number, None when it is none."""
        text = self.text()
        return _number(text.strip()) if text is not None else None

    def boolean(self) -> bool | None:
        """The scalar as a boolean in any of YAML 1.1's spellings, None when it is none."""
        text = self.text()
        return _BOOLEANS.get(text.lower()) if text is not None else None

    def value(self) -> Any:
        """The JSON value, typed as kubectl would. Raises `InputError` for a value that refers to itself or explodes."""
        return _Unfolding(self).run()

    @property
    def origin(self) -> Origin:
        """The place of the value; of a collection, its first character."""
        return self._place(self._yaml)

    def key_origin(self, key: str) -> Origin:
        """The place of a key of this mapping; of the mapping when it has no such key."""
        if isinstance(self._yaml, yaml.MappingNode) and key in _index(self._yaml):
            return self._place(_index(self._yaml)[key][0])
        return self.origin

    def locate(self, start: int, end: int) -> Origin:
        """The place in the file of characters `start` to `end` of `text()`, through folding, quoting and escapes."""
        if not isinstance(self._yaml, yaml.ScalarNode) or not 0 <= start < end <= len(self._yaml.value):
            return self.origin
        places = _places(self._yaml, self._file.text, self._base)
        line, column = self._file.place(places[start])
        last_line, last_column = self._file.place(places[end - 1])
        same_line = last_line == line
        return Origin(
            kind="file",
            ref=self._file.path,
            file=self._file.path,
            line=line,
            column=column,
            end_column=last_column + 1 if same_line else None,
            text=self._yaml.value[start:end],
            template=self._template,
        )

    def lines(self) -> tuple[Origin, ...]:
        """The place of each line of a scalar's text, in order; cheap for block scalars, however long."""
        if not isinstance(self._yaml, yaml.ScalarNode) or not self._yaml.value:
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

    def _block_lines(self, node: yaml.Node, lines: list[str]) -> Iterator[Origin]:
        text = self._file.text
        at = text.find("\n", _start(node) + self._base) + 1
        first, _ = self._file.place(at)
        for number, line in enumerate(lines):
            end = text.find("\n", at)
            raw = text[at : end if end >= 0 else len(text)].removesuffix("\r")
            column = len(raw) - len(line) + 1 if raw.endswith(line) else 1
            at = end + 1 if end >= 0 else len(text)
            yield Origin(
                kind="file",
                ref=self._file.path,
                file=self._file.path,
                line=first + number,
                column=column,
                end_column=column + len(line),
                text=line,
                template=self._template,
            )

    def duplicates(self) -> list[tuple[str, Origin, Origin]]:
        """Keys written twice in this mapping: the key, the place of the lost one, the place of the one that wins."""
        if not isinstance(self._yaml, yaml.MappingNode):
            return []
        seen: dict[str, yaml.Node] = {}
        found = []
        for key, _ in self._yaml.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                found.append((key.value, self._place(seen[key.value]), self._place(key)))
            if isinstance(key, yaml.ScalarNode):
                seen[key.value] = key
        return found

    @property
    def identity(self) -> int:
        """Equal for two nodes that are one value in the file (an alias and its anchor); for bounding walks."""
        return id(self._yaml)

    def _wrap(self, node: yaml.Node | None) -> "Node":
        return Node(node, self._file, self._base, self._template)

    def _place(self, node: yaml.Node | None) -> Origin:
        if node is None:
            return Origin(kind="file", ref=self._file.path, file=self._file.path, template=self._template)
        line, column = self._file.place(_start(node) + self._base)
        end_column, text = None, None
        if isinstance(node, yaml.ScalarNode):
            text = node.value
            one_line = "\n" not in self._file.text[_start(node) + self._base : _end(node) + self._base]
            end_column = column + _end(node) - _start(node) if one_line else None
        return Origin(
            kind="file",
            ref=self._file.path,
            file=self._file.path,
            line=line,
            column=column,
            end_column=end_column,
            text=text,
            template=self._template,
        )

    @staticmethod
    def _is_null(node: yaml.ScalarNode) -> bool:
        return not node.style and node.tag == _PLAIN and node.value in _NULLS


_KINDS: dict[type, Kind] = {
    yaml.MappingNode: "mapping",
    yaml.SequenceNode: "sequence",
    yaml.ScalarNode: "scalar",
}


class Document(Struct):
    """One document of a file: its tree, its 1-based number, and the Helm template it was rendered from."""

    root: Node
    path: str
    index: int
    template: str | None = None


def read(text: str, path: str) -> tuple[list[Document], list[InputError]]:
    """Read every document of a text. A document that does not parse is an error; the ones after its `---` are read."""
    file = _File(path, text.removeprefix("\ufeff"))
    documents: list[Document] = []
    errors: list[InputError] = []
    base = 0
    while base < len(file.text):
        error = _read_stream(file, base, documents, len(documents) + len(errors))
        if error is None:
            break
        failed_at, problem = error
        errors.append(problem)
        following = re.compile(r"^---(?=\s|$)", re.MULTILINE).search(file.text, max(failed_at, base + 1))
        if following is None:
            break
        base = following.start()
    return documents, errors


def _read_stream(
    file: _File, base: int, documents: list[Document], number: int
) -> tuple[int, InputError] | None:
    text = file.text[base:] if base else file.text
    too_deep = _too_deep(text)
    if too_deep is not None:
        return base + too_deep, _error(file, base + too_deep, f"nested deeper than {MAX_DEPTH} levels")
    helm = "# Source:" in text
    last = 0
    try:
        composer = _Composer(text)
        while composer.check_node():
            node = composer.get_node()
            if node is None:
                continue
            template = _template(text, last, node) if helm else None
            last = _end(node)
            number += 1
            documents.append(Document(Node(node, file, base, template), file.path, number, template))
    except yaml.YAMLError as error:
        at = base + _index_of(error, text)
        return at, _error(file, at, _reason(error))
    return None


def _index_of(error: yaml.YAMLError, text: str) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return min(int(mark.index), max(len(text) - 1, 0))
    return min(int(getattr(error, "position", 0) or 0), max(len(text) - 1, 0))


def _reason(error: yaml.YAMLError) -> str:
    parts = [getattr(error, "context", None), getattr(error, "problem", None), getattr(error, "reason", None)]
    return ", ".join(str(part) for part in parts if part) or "not YAML"


def _error(file: _File, index: int, reason: str) -> InputError:
    line, column = file.place(index)
    return InputError(
        f"not valid YAML: {reason}",
        hint="mend the document, or leave the file out; `kubectl apply --dry-run=client -f` refuses it too",
        file=file.path,
        line=line,
        column=column,
    )


def _too_deep(text: str) -> int | None:
    """The index where nesting passes MAX_DEPTH, found without recursion; None for ordinary texts, at little cost."""
    brackets = text.count("[") + text.count("{")
    if brackets <= MAX_DEPTH and "- " * MAX_DEPTH not in text and " " * MAX_DEPTH not in text:
        return None
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    return int(event.start_mark.index) if event.start_mark else 0
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return None
    return None


def _start(node: yaml.Node) -> int:
    return int(node.start_mark.index) if node.start_mark else 0


def _end(node: yaml.Node) -> int:
    return int(node.end_mark.index) if node.end_mark else 0


def _template(text: str, start: int, node: yaml.Node) -> str | None:
    found = re.compile(r"^# Source: (\S+)", re.MULTILINE).findall(text, start, _start(node))
    return found[-1] if found else None


def _index(node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """Key text → (key node, value node), made once and kept on the node; merge keys give way to own keys."""
    cached: dict[str, tuple[yaml.Node, yaml.Node]] | None = getattr(node, "entries", None)
    if cached is not None:
        return cached
    entries: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    node.entries = entries  # type: ignore[attr-defined]  # set before merging: a mapping may merge itself
    merged: list[yaml.Node] = []
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value == "<<" and not key.style:
                merged.extend(value.value if isinstance(value, yaml.SequenceNode) else [value])
            else:
                entries[key.value] = (key, value)
    for source in merged:
        if isinstance(source, yaml.MappingNode):
            for name, pair in list(_index(source).items()):
                entries.setdefault(name, pair)
    return entries


class _Unfolding:
    """One run of `Node.value`: counts values and depth, so that neither an alias bomb nor a cycle is followed."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._left = MAX_VALUES

    def run(self) -> Any:
        return self._value(self._node._yaml, 0)  # noqa: SLF001  # one class in two, for the counting

    def _value(self, node: yaml.Node | None, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            where = self._node.origin
            raise InputError(
                "the value refers to itself or unfolds to more than Kubernetes would accept (aliases)",
                file=where.file,
                line=where.line,
                column=where.column,
            )
        if isinstance(node, yaml.MappingNode):
            return {key: self._value(value, depth + 1) for key, (_, value) in _index(node).items()}
        if isinstance(node, yaml.SequenceNode):
            return [self._value(value, depth + 1) for value in node.value]
        return _typed(node) if isinstance(node, yaml.ScalarNode) else None


_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = ("y", "yes", "on", "true")
_FALSE = ("n", "no", "off", "false")
_BOOLEANS = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
_BOOLEAN_CASES = frozenset(form for word in _BOOLEANS for form in (word, word.capitalize(), word.upper()))


def _typed(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style or node.tag not in (_PLAIN, "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEAN_CASES:
        return _BOOLEANS[text.lower()]
    integer = _integer(text)
    if integer is not None:
        return integer
    number = _number(text)
    return text if number is None else number


def _integer(text: str) -> int | None:
    """An integer as Go's ParseInt with base 0 reads it: `0x1f`, `0b11`, `0o17`, and `017` in octal."""
    digits = text.replace("_", "")
    if not digits or digits[-1] not in "0123456789abcdefABCDEF" or len(digits) > 64:
        return None
    try:
        if re.fullmatch(r"[-+]?0[0-7]+", digits):
            return int(digits, 8)
        return int(digits, 0)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
        return float(text)
    integer = _integer(text)
    return float(integer) if integer is not None else None


def _places(node: yaml.ScalarNode, text: str, base: int) -> list[int]:
    """The index in the file of every character of a scalar's content.

    Folding, indentation and line continuations change only white space, so the other characters stand in the same
    order in the file; white space is mapped to where the file is at that moment.
    """
    cached: list[int] | None = getattr(node, "places", None)
    if cached is None:
        cached = list(_align(node, text, base))
        node.places = cached  # type: ignore[attr-defined]
    return cached


def _align(node: yaml.ScalarNode, text: str, base: int) -> Iterator[int]:
    at = _start(node) + base
    end = max(_end(node) + base, at + 1)
    if node.style in ("|", ">"):
        newline = text.find("\n", at)
        at = newline + 1 if newline >= 0 else at
    elif node.style in ("'", '"'):
        at += 1
    for character in node.value:
        if character.isspace():
            yield min(at, end - 1)
            if at < end and text[at] == character:
                at += 1
            continue
        at, width = _next(text, at, end, node.style)
        yield min(at, end - 1)
        at += width


def _next(text: str, at: int, end: int, style: str | None) -> tuple[int, int]:
    """The next character of content at or after `at`, and how many characters stand for it in the file."""
    while at < end:
        if text[at].isspace():
            at += 1
        elif style == '"' and text[at] == "\\":
            escape = text[at + 1 : at + 2]
            if escape not in ("\n", "\r", "n", "t", " ", "r"):
                return at, {"x": 4, "u": 6, "U": 10}.get(escape, 2)
            at += 2
        else:
            return at, 2 if style == "'" and text[at] == "'" else 1
    return at, 1
