"""The manifests of deploy/, as values, for the tests that read them and for those that apply them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[1] / "deploy"


def documents(name: str) -> list[Any]:
    """The objects of a file of it."""
    return [each for each in yaml.safe_load_all((DEPLOY / name).read_text("utf-8")) if each]


def pods(node: Any) -> Iterator[Any]:
    """Every spec of a pod inside an object, however deep."""
    if isinstance(node, dict):
        if "containers" in node:
            yield node
        for inside in node.values():
            yield from pods(inside)
    elif isinstance(node, list):
        for inside in node:
            yield from pods(inside)
