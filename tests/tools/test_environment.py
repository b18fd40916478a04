"""Environment variables: what they are unset, and which texts their reading refuses."""

from typing import Any

import pytest

from tests.tools.trees import source
from tools.engine_tables import environment
from tools.engine_tables.library import Library

ENVS = """
    import os
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        X_LIMIT: int = 65536
        X_ONLY_DECLARED: bool = False
        X_ROOT: str = os.path.expanduser("~/.cache/x")

    def default_root():
        return os.getenv("XDG_CACHE_HOME", os.path.join(os.path.expanduser("~"), ".cache"))

    def env_with_choices(name, default, choices):
        def read():
            value = os.getenv(name)
            if value is None:
                return default
            if value not in choices:
                raise ValueError(value)
            return value
        return read

    def port():
        if "X_PORT" not in os.environ:
            return None
        text = os.getenv("X_PORT", "0")
        try:
            return int(text)
        except ValueError as error:
            raise ValueError(f"{text} is no port") from error

    def workers():
        import torch
        return os.getenv("X_WORKERS", torch.count())

    environment_variables = {
        "X_LIMIT": lambda: int(os.getenv("X_LIMIT", "32768")),
        "X_RATIO": lambda: float(os.environ.get("X_RATIO", "0.5")),
        "X_FLAG": lambda: bool(int(os.getenv("X_FLAG", "1"))),
        "X_WORDS": lambda: os.environ.get("X_WORDS", "False").lower() in ("true", "1"),
        "X_MAYBE": lambda: int(os.environ["X_MAYBE"]) if "X_MAYBE" in os.environ else None,
        "X_ROOT": lambda: os.path.join(default_root(), "x"),
        "X_LEVEL": env_with_choices("X_LEVEL", "low", ["low", "high"]),
        "X_PORT": port,
        "X_WORKERS": workers,
        "X_OTHER": lambda: int(os.getenv("SOMETHING_ELSE", "7")),
    }
"""
EXPECTED: dict[str, tuple[Any, str]] = {
    "X_LIMIT": (32768, "int"),
    "X_RATIO": (0.5, "float"),
    "X_FLAG": (True, "int"),
    "X_WORDS": (False, "text"),
    "X_MAYBE": (None, "int"),
    "X_ROOT": ("~/.cache/x", "text"),
    "X_LEVEL": ("low", "text"),
    "X_PORT": (None, "int"),
    "X_WORKERS": ({"$expr": "torch.count()"}, "text"),
    "X_OTHER": (7, "text"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_variable_has_the_default_and_kind_of_its_reading(name: str) -> None:
    """Not what is declared for a type checker: what the expression gives, unset and set."""
    library = Library(source("1", {"x/envs.py": ENVS}), "x")

    assert environment.declared(library, "x.envs", "environment_variables")[name] == EXPECTED[name]


def test_what_is_only_declared_is_no_variable() -> None:
    """Nothing reads it."""
    library = Library(source("1", {"x/envs.py": ENVS}), "x")

    assert set(environment.declared(library, "x.envs", "environment_variables")) == set(EXPECTED)
    assert environment.declared(library, "x.nothing", "environment_variables") == {}
