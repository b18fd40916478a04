"""A value of a manifest or of a live object, as readers ask for it: what stands here, and where was it written.

`documents` answers from the text of a file, `objects` from the JSON of an API server. A reader cannot tell them apart.
"""

from collections.abc import Hashable
from typing import Any, Literal

from skewguard.language import scalars
from skewguard.language.facts import Origin

Kind = Literal["mapping", "sequence", "scalar", "missing"]


class Node:
    """One value. The class itself is the absent one: a falsy node on which every question has an answer."""

    __slots__ = ()

    @staticmethod
    def absent() -> "Node":
        """A value that is written nowhere."""
        return _NOTHING

    @property
    def kind(self) -> Kind:
        """What stands here."""
        return "missing"

    @property
    def present(self) -> bool:
        """Whether anything is written here; null counts."""
        return False

    @property
    def style(self) -> str | None:
        """`|`, `>`, `"`, `'`, or None for plain scalars and collections."""
        return None

    def __bool__(self) -> bool:
        return False

    def get(self, *path: str | int) -> "Node":
        """The value at a path of keys and indexes."""
        del path
        return self

    def items(self) -> list[tuple[str, "Node"]]:
        """Entries of a mapping."""
        return []

    def elements(self) -> list["Node"]:
        """Entries of a sequence."""
        return []

    def text(self) -> str | None:
        """The content of a scalar, numbers and booleans as written; None for null and collections."""
        return None

    def integer(self) -> int | None:
        """The scalar as an integer (a quoted one too), None when it is none."""
        text = self.text()
        return scalars.integer(text.strip()) if text is not None else None

    def number(self) -> float | None:
        """The scalar as a number, None when it is none."""
        text = self.text()
        return scalars.number(text.strip()) if text is not None else None

    def boolean(self) -> bool | None:
        """The scalar as a boolean in any of YAML 1.1's spellings, None when it is none."""
        text = self.text()
        return scalars.BOOLEANS.get(text.lower()) if text is not None else None

    def value(self) -> Any:
        """The JSON value. Raises `InputError` for a value that refers to itself or explodes (aliases of a file)."""
        return None

    @property
    def origin(self) -> Origin:
        """The place of the value; of a collection, its beginning."""
        return Origin("file", "", "")

    def key_origin(self, key: str) -> Origin:
        """The place of a key of this mapping; of the mapping when it has no such key."""
        del key
        return self.origin

    def locate(self, start: int, end: int) -> Origin:
        """The place of characters `start` to `end` of `text()`."""
        del start, end
        return self.origin

    def lines(self) -> tuple[Origin, ...]:
        """The place of each line of a scalar's text, in order."""
        return ()

    def duplicates(self) -> list[tuple[str, Origin, Origin]]:
        """Keys written twice in this mapping: the key, the place of the lost one, the place of the one that wins."""
        return []

    @property
    def identity(self) -> Hashable:
        """Equal for two nodes that are one value (an alias and its anchor); for bounding walks."""
        return 0


_NOTHING = Node()
