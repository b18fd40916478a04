"""Values out of a tree of which nothing is sure: what is not there, or is of another type, is None."""

from collections.abc import Iterator
from datetime import UTC, datetime

from skewguard.observe.sources.reports.interface import Tree


def at(tree: Tree, *path: str | int) -> Tree:
    """The value at a path of keys and indexes."""
    for step in path:
        if isinstance(step, str):
            tree = tree.get(step) if isinstance(tree, dict) else None
        else:
            tree = tree[step] if isinstance(tree, list) and -len(tree) <= step < len(tree) else None
    return tree


MOST = 1e19
"""Largest number that is believed; the largest there are is a Unix time in nanoseconds, of 2e18."""


def number(tree: Tree, *path: str | int) -> float | None:
    """A number that can have been measured or counted: tools write -1 for what they do not know, and what is broken writes more."""
    value = at(tree, *path)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value <= MOST else None


def whole(tree: Tree, *path: str | int) -> int | None:
    """A whole number; `12.0` is one."""
    value = number(tree, *path)
    return int(value) if value is not None and value == int(value) else None


def text(tree: Tree, *path: str | int) -> str | None:
    """A text that is not empty."""
    value = at(tree, *path)
    return value if isinstance(value, str) and value else None


def items(tree: Tree, *path: str | int) -> list[Tree]:
    """The elements of a list; none where there is no list."""
    value = at(tree, *path)
    return value if isinstance(value, list) else []


def numbers(tree: Tree, *path: str | int) -> list[float] | None:
    """A list of numbers; None where it is none, or one of them is none."""
    found = [number(each) for each in items(tree, *path)]
    known = [value for value in found if value is not None]
    return known if len(known) == len(found) and isinstance(at(tree, *path), list) else None


def mapping(tree: Tree, *path: str | int) -> dict[str, Tree]:
    """The entries of a mapping; none where there is no mapping."""
    value = at(tree, *path)
    return value if isinstance(value, dict) else {}


def first(values: Iterator[float | None]) -> float | None:
    """The first that is known."""
    return next((value for value in values if value is not None), None)


def moment(seconds: float | None) -> str:
    """A Unix time as ISO 8601 in UTC; empty where it is not known."""
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return ""
