"""An object of an API server (plain JSON values) as a tree that answers as a document's does, with its own places.

A fleet has thousands of objects and readers look at a few values of each, so a node is made where somebody looks,
and its place is put into words where somebody asks for it. Values are shared, never copied: nobody may change them.
"""

import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from skewguard.language.documents import Document
from skewguard.language.facts import Origin
from skewguard.language.trees import Kind, Node

Json = Any
"""None, bool, int, float, str, list of Json, or dict of str to Json."""


class ObjectNode(Node):
    """One value of an object. `title` names the object to a reader (`Deployment prod/chat`)."""

    __slots__ = ("_above", "_place", "_present", "_steps", "_title", "_value")

    def __init__(
        self,
        value: Json,
        title: str,
        above: "ObjectNode | None" = None,
        steps: tuple[str | int, ...] = (),
        *,
        present: bool = True,
    ) -> None:
        self._value = value
        self._title = title
        self._above = above
        self._steps = steps
        self._present = present
        self._place: str | None = None  # made where somebody asks, and kept for the places of what is inside

    @property
    def kind(self) -> Kind:
        """What stands here."""
        if not self._present:
            return "missing"
        if isinstance(self._value, dict):
            return "mapping"
        return "sequence" if isinstance(self._value, list) else "scalar"

    @property
    def present(self) -> bool:
        """Whether the object has this value; null counts."""
        return self._present

    def __bool__(self) -> bool:
        return self._present and self._value is not None

    def get(self, *path: str | int) -> "ObjectNode":
        """The value at a path of keys and indexes."""
        value = self._value
        for step in path:
            if isinstance(step, str):
                if not isinstance(value, dict) or step not in value:
                    return ObjectNode(None, self._title, present=False)
            elif not isinstance(value, list) or not -len(value) <= step < len(value):
                return ObjectNode(None, self._title, present=False)
            value = value[step]
        return ObjectNode(value, self._title, self, path, present=self._present)

    def items(self) -> list[tuple[str, Node]]:
        """Entries of a mapping."""
        if not isinstance(self._value, dict):
            return []
        return [(key, ObjectNode(value, self._title, self, (key,))) for key, value in self._value.items()]

    def elements(self) -> list[Node]:
        """Entries of a sequence."""
        if not isinstance(self._value, list):
            return []
        return [ObjectNode(value, self._title, self, (index,)) for index, value in enumerate(self._value)]

    def text(self) -> str | None:
        """The content of a scalar, numbers and booleans as JSON writes them; None for null and collections."""
        value = self._value
        if isinstance(value, str):
            return value
        if value is None or isinstance(value, (dict, list)):
            return None
        return msgspec.json.encode(value).decode()

    def value(self) -> Json:
        """The value itself: not to be changed."""
        return self._value

    @property
    def origin(self) -> Origin:
        """The object and the path inside it; of an absent value, the object."""
        return Origin("object", self._ref(), text=self.text())

    def key_origin(self, key: str) -> Origin:
        """The place of a key of this mapping; of the mapping when it has no such key."""
        if not isinstance(self._value, dict) or key not in self._value:
            return self.origin
        return Origin("object", self.get(key)._ref(), text=key)  # noqa: SLF001  # a value of the same tree

    def locate(self, start: int, end: int) -> Origin:
        """The place of characters `start` to `end` of `text()`: the path of the whole, and the characters."""
        text = self.text()
        if text is None or not 0 <= start < end <= len(text):
            return self.origin
        return Origin("object", self._ref(), text=text[start:end])

    def lines(self) -> tuple[Origin, ...]:
        """The place of each line of a text, in order."""
        text = self.text()
        if not text:
            return ()
        ref = self._ref()
        lines = text.removesuffix("\n").split("\n")
        return tuple(Origin("object", f"{ref} line {number}", text=line) for number, line in enumerate(lines, 1))

    @property
    def identity(self) -> Hashable:
        """Equal for two nodes that are one value of the object."""
        if isinstance(self._value, (dict, list)):
            return id(self._value)
        return (self._title, self._inside())  # equal words are one string in memory

    def _ref(self) -> str:
        place = self._inside()
        return f"{self._title} {place}" if place else self._title

    def _inside(self) -> str:
        if self._place is None:
            before = self._above._inside() if self._above is not None else ""  # noqa: SLF001  # a value of the same tree
            self._place = before + "".join([_step(step) for step in self._steps])
        return self._place


@lru_cache(maxsize=4096)  # the same few keys stand in every object
def _step(step: str | int) -> str:
    """One step of a path as `kubectl explain` and jq would have it: `.args`, `[3]`, `["config.yaml"]`."""
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(r"[A-Za-z_][\w-]*", step, re.ASCII) else f"[{msgspec.json.encode(step).decode()}]"


def title(value: Mapping[str, Json]) -> str:
    """How an object is named to a reader: `Deployment prod/chat`."""
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    namespace, name = metadata.get("namespace"), metadata.get("name")
    kind = value.get("kind")
    return f"{kind if isinstance(kind, str) else 'object'} {f'{namespace}/' if namespace else ''}{name or '(no name)'}"


def document(value: Mapping[str, Json], cluster: str | None = None) -> Document:
    """An object as a document that no file holds. `value` has `apiVersion` and `kind`, which items of a list lack."""
    return Document(ObjectNode(value, title(value)), path="", index=0, cluster=cluster)
