"""Time limits, retries and body sizes as routes write them, in seconds, counts and bytes."""

import re
from collections.abc import Iterator

from skewguard.language import vocabulary
from skewguard.language.documents import Node
from skewguard.language.facts import Located
from skewguard.language.neighbours import Timeout


def timeout(name: str, node: Node, unit: float = 1.0) -> Iterator[Timeout]:
    """A limit that is written; numbers without a unit count in `unit` seconds."""
    seconds = duration(node, unit)
    if node and seconds is not None:
        yield Timeout(name, seconds or None, node.origin)
    elif node and (node.text() or "").lower() in ("infinity", "infinite"):
        yield Timeout(name, None, node.origin)


def duration(node: Node, unit: float = 1.0) -> float | None:
    """Seconds; None for what is no duration."""
    number = node.number()
    if number is not None:
        return number * unit
    text = (node.text() or "").strip()
    try:
        return vocabulary.seconds(re.sub(r"(\d)us\b", r"\1ms", text))
    except ValueError:
        return None


def retries(node: Node, first: int = 0) -> Iterator[Located[int]]:
    """A number of retries; `first` is 1 where the number counts the first try too."""
    number = node.integer()
    if number is not None:
        yield Located(max(number - first, 0), node.origin)


def body(node: Node) -> Located[int | None] | None:
    """A body size in nginx's units (powers of two), None inside for 0 (no limit); None where there is none."""
    match = re.fullmatch(r"(\d{1,12})\s*([kKmMgG]?)[bB]?", (node.text() or "").strip())
    if match is None:
        return None
    return Located(int(match[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[match[2].lower()] or None, node.origin)
