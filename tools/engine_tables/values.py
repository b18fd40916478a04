"""What an expression of an engine's source can stand for, when it is read and not run.

Constants, lists and dictionaries stand for themselves; so do the built-in types. Everything else is one of these.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from msgspec import Struct

Value: TypeAlias = Any


class CannotTell(Exception):
    """An expression whose value cannot be told without running the engine."""


class Unknown(Struct, frozen=True):
    """A value that cannot be told: its source text."""

    text: str


class External(Struct, frozen=True):
    """A name from outside the engine (`argparse.SUPPRESS`, `json.loads`)."""

    path: str


class Module(Struct, frozen=True):
    """A module of the engine."""

    name: str


class Class(Struct, frozen=True, eq=False):
    """A class of the engine. `module` is where it is written. One object for each class, compared by identity."""

    module: str
    node: ast.ClassDef

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name


class Function(Struct, frozen=True, eq=False):
    """A function of the engine; `scope` holds the names around it, `bound` what a method is called on.

    `defaults` are those of parameters that were worked out when a function was made inside another.
    """

    module: str
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: "Scope"
    bound: Value = None
    owner: Class | None = None
    defaults: dict[str, Value] = {}

    @property
    def name(self) -> str:
        """Its name; a lambda has none."""
        return "" if isinstance(self.node, ast.Lambda) else self.node.name


class Native(Struct, frozen=True, eq=False):
    """Something callable whose meaning is known here."""

    call: Callable[..., Value]


class Member(Struct, frozen=True):
    """A member of an enumeration."""

    enum: str
    name: str
    value: Any


class Instance(Struct, eq=False):
    """An object of a class of the engine, or a record of ours (then `of` is None)."""

    of: Class | None
    attributes: dict[str, Value]


class Super(Struct, frozen=True, eq=False):
    """`super()`: what is bound, and the class after which to look."""

    bound: Value
    after: Class


class Variable(Struct, frozen=True):
    """An environment variable that is read when the engine starts, with the value it has when nobody sets it."""

    name: str
    default: Value


class Generic(Struct, frozen=True):
    """A type with arguments (`list[int]`, `Literal["a"]`). `origin` is a type, or an `External` of typing."""

    origin: Any
    args: tuple[Value, ...]


class Bag(list[Any]):
    """A set that keeps its order and takes what cannot be hashed."""

    def __init__(self, values: Iterable[Value] = ()) -> None:
        super().__init__()
        self.update(values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bag) and all(x in other for x in self) and all(x in self for x in other)

    __hash__ = None

    def add(self, value: Value) -> None:
        """Put one value in."""
        if value not in self:
            self.append(value)

    def update(self, values: Iterable[Value]) -> None:
        """Put several values in."""
        for value in values:
            self.add(value)


def parameter_defaults(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> dict[str, ast.expr]:
    """The expressions of a function's defaults, by parameter."""
    form = node.args
    positional = [each.arg for each in form.posonlyargs + form.args]
    found = dict(zip(reversed(positional), reversed(form.defaults), strict=False))
    keywords = zip(form.kwonlyargs, form.kw_defaults, strict=True)
    return found | {each.arg: default for each, default in keywords if default is not None}


class Scope:
    """Names that hold at one place: those of a function, then of the functions around it."""

    def __init__(self, module: str, around: "Scope | None" = None, owner: Class | None = None) -> None:
        self.module = module
        self.around = around
        self.owner = owner
        self.names: dict[str, Value] = {}

    def __iter__(self) -> "Iterator[Scope]":
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.around


def is_plain(value: Value) -> bool:
    """Whether a value is known down to its last part."""
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(is_plain(key) and is_plain(item) for key, item in value.items())
    return value is None or isinstance(value, str | int | float | bool)
