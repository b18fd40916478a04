"""What Python's operators give for values that are read and not run."""

import ast
import operator
from collections.abc import Callable
from typing import Any

from tools.engine_tables import natives
from tools.engine_tables.values import (
    CannotTell,
    Class,
    External,
    Function,
    Generic,
    Instance,
    Unknown,
    Value,
    Variable,
    is_plain,
)


def truth(value: Value) -> bool:
    """Whether a value counts as true. Raises `CannotTell`."""
    if isinstance(value, Unknown | Variable) or (isinstance(value, External) and not natives.is_known(value)):
        raise CannotTell("a condition")
    return True if isinstance(value, Instance | Class | Function | Generic | External) else bool(value)


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, External) or isinstance(right, External):
        return bool(left == right)
    return left is right or (type(left) is type(right) and left == right)


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, External) is not isinstance(right, External) and (is_plain(left) or is_plain(right)):
        raise CannotTell("a value from outside")
    return bool(left == right)


def _in(left: Value, right: Value) -> bool:
    if isinstance(right, Unknown | External | Instance):
        raise CannotTell("in")
    return left in right


UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: lambda value: not truth(value),
}
BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
COMPARISON: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Is: _same,
    ast.IsNot: lambda left, right: not _same(left, right),
    ast.Eq: _equal,
    ast.NotEq: lambda left, right: not _equal(left, right),
    ast.In: _in,
    ast.NotIn: lambda left, right: not _in(left, right),
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
