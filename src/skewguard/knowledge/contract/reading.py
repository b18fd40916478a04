"""Reading a contract's tree: every mistake is collected with its place, and none hides the next one."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from skewguard.language.errors import InputError
from skewguard.language.facts import Origin
from skewguard.language.trees import Node

Place = Callable[[Origin], Origin]


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that a misspelt one probably means; `cutoff` is the least likeness, from 0 to 1."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return close[0] if close else None


def nearest_engine(name: str, engines: Mapping[str, str]) -> str | None:
    """The engine that a misspelt name probably means, by its name or by its own spelling (`TensorRT-LLM`: `trtllm`)."""
    spellings = {spelling.lower(): engine for engine, title in engines.items() for spelling in (title, engine)}
    guess = nearest(name.lower(), spellings)
    return spellings[guess] if guess else None


def mistake(origin: Origin, message: str, hint: str | None = None) -> InputError:
    """A mistake at a place. In a file it has a line; in an object of a cluster the place is named by its words alone."""
    if origin.file is None:
        return InputError(message, hint=hint, file=origin.ref)
    return InputError(message, hint=hint, file=origin.file, line=origin.line or 1, column=origin.column or 1)


class Reader:
    """Collects what is wrong with one document. `place` maps positions where the text was inside another document.

    `engines` are the names of engines with their own spellings; empty: any name may be one.
    """

    def __init__(self, place: Place = lambda origin: origin, engines: Mapping[str, str] | None = None) -> None:
        self.errors: list[InputError] = []
        self.engines = engines or {}
        self._place = place

    def origin(self, node: Node) -> Origin:
        """Where a value stands in the file."""
        return self._place(node.origin)

    def key_origin(self, node: Node, key: str) -> Origin:
        """Where a key of a mapping stands in the file."""
        return self._place(node.key_origin(key))

    def wrong(self, origin: Origin, message: str, hint: str | None = None) -> None:
        """Note a mistake at a place, as the node gives it."""
        self.errors.append(mistake(self._place(origin), message, hint))

    def entries(self, node: Node, name: str, known: Iterable[str] | None = None) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping. Unknown keys (with `known`), keys written twice and other shapes are mistakes."""
        if not node:
            return
        if node.kind != "mapping":
            self.wrong(node.origin, f"{name} must be a mapping, not {shape(node)}")
            return
        for key, lost, _ in node.duplicates():
            self.wrong(lost, f"{name}.{key} is written twice, and this one is lost")
        allowed = None if known is None else tuple(known)
        for key, value in node.items():
            if allowed is None or key in allowed:
                yield key, value
            else:
                self.unknown_key(node, name, key, allowed)

    def unknown_key(self, node: Node, name: str, key: str, allowed: Iterable[str]) -> None:
        """Note a key that means nothing here, with the nearest one that does."""
        allowed = tuple(allowed)
        guess = nearest(key, allowed)
        hint = f"did you mean {guess}?" if guess else f"it may hold: {', '.join(allowed)}"
        self.wrong(node.key_origin(key), f"{name} has no field {key!r}", hint)

    def elements(self, node: Node, name: str) -> list[Node]:
        """The entries of a list; another shape is a mistake."""
        if node and node.kind != "sequence":
            self.wrong(node.origin, f"{name} must be a list, not {shape(node)}")
        return node.elements()

    def text(self, node: Node, name: str) -> str | None:
        """A text that is not empty; anything else is a mistake."""
        text = node.text()
        if text is None or not text.strip():
            self.wrong(node.origin, f"{name} must be a text, not {shape(node)}")
            return None
        return text


def shape(node: Node) -> str:
    """What stands at a node, in words."""
    if node.kind == "scalar":
        return "null" if not node else repr(node.text()) if node.text() else "an empty text"
    return {"mapping": "a mapping", "sequence": "a list", "missing": "nothing"}[node.kind]
