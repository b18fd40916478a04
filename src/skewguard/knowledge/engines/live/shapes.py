"""Shapes that answers of several engines have in common."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from skewguard.knowledge.engines.live.interface import Heard

MOST = 4096
"""Entries of a list that are looked at."""


def listed(answer: Any, name: str = "data") -> list[Mapping[str, Any]]:
    """The objects of a list inside an answer; none where it has another shape."""
    found = answer.get(name) if isinstance(answer, dict) else None
    return [each for each in found[:MOST] if isinstance(each, dict)] if isinstance(found, list) else []


def served(answer: Any) -> list[Mapping[str, Any]]:
    """The models of `GET /v1/models`; adapters, which have a model as their parent, are none."""
    return [each for each in listed(answer) if isinstance(each.get("id"), str) and each.get("parent") is None]


def owner(answer: Any, name: str) -> bool:
    """Whether an engine says so itself as the owner of its models."""
    return any(each.get("owned_by") == name for each in listed(answer))


def count(value: Any) -> int | None:
    """A number of things; None for everything else, a truth value included."""
    return value if type(value) is int and value > 0 else None


def version(answer: Any) -> Heard:
    """`GET /version`: the release."""
    found = text(answer, "version")
    return Heard(version=found) if found else Heard(troubles=("it names no version",))


def text(answer: Any, name: str) -> str | None:
    """A short text inside an answer."""
    found = answer.get(name) if isinstance(answer, dict) else None
    return found if isinstance(found, str) and 0 < len(found) <= 200 else None


def digest(content: str) -> str:
    """The SHA-256 of a text, where only whether two are the same is asked."""
    return sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
