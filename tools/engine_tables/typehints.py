"""Annotations as values: `int | None`, `list[str]`, `Literal["a", "b"]`, as `typing.get_origin` and `get_args` see them."""

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tools.engine_tables.values import CannotTell, Class, External, Function, Generic, Scope, Unknown, Value, Variable

if TYPE_CHECKING:
    from tools.engine_tables.machine import Machine

UNION = External("typing.Union")
LITERAL = External("typing.Literal")
ANNOTATED = External("typing.Annotated")
OPTIONAL = External("typing.Optional")
NONE = type(None)
BUILTINS: dict[str, type] = {
    "typing.Dict": dict,
    "typing.List": list,
    "typing.Set": set,
    "typing.Tuple": tuple,
    "typing.FrozenSet": frozenset,
    "typing.Type": type,
}
ANNOTATING = (ANNOTATED, External("pydantic.SkipValidation"))


def is_type(value: Value) -> bool:
    """Whether a value can stand in an annotation, so that `[…]` and `|` make types of it."""
    return value is None or isinstance(value, type | Class | External | Generic)


def of_annotation(machine: "Machine", node: ast.expr, scope: Scope) -> Value:
    """The type that an annotation means. A type that cannot be told is an `Unknown`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return of_annotation(machine, ast.parse(node.value, mode="eval").body, scope)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return union(of_annotation(machine, node.left, scope), of_annotation(machine, node.right, scope))
    if isinstance(node, ast.Subscript):
        base = machine.evaluate(node.value, scope)
        return subscripted(machine, base, node.slice, scope) if is_type(base) else Unknown(ast.unparse(node))
    return _type(machine.evaluate(node, scope))


def subscripted(machine: "Machine", base: Value, node: ast.expr, scope: Scope) -> Value:
    """`base[node]`, where `base` is a type."""
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    if base == LITERAL:
        return Generic(LITERAL, tuple(_literals(machine.evaluate(each, scope) for each in nodes)))
    if base in ANNOTATING:
        more = (_remark(machine.evaluate(each, scope), each) for each in nodes[1:])
        return Generic(ANNOTATED, (of_annotation(machine, nodes[0], scope), *more))
    args = tuple(of_annotation(machine, each, scope) for each in nodes)
    if base == OPTIONAL:
        return union(*args, NONE)
    if base == UNION:
        return union(*args)
    return Generic(BUILTINS.get(base.path, base) if isinstance(base, External) else base, args)


def union(*types: Value) -> Value:
    """One of several types; unions in it are taken apart."""
    found: list[Value] = []
    for each in types:
        found += [one for one in _members(_type(each)) if one not in found]
    return found[0] if len(found) == 1 else Generic(UNION, tuple(found))


def origin(value: Value) -> Value:
    """`typing.get_origin(value)`."""
    return value.origin if isinstance(value, Generic) else None


def arguments(value: Value) -> tuple[Value, ...]:
    """`typing.get_args(value)`."""
    return value.args if isinstance(value, Generic) else ()


def module_of(value: Value) -> str:
    """`value.__module__` of a type."""
    match value:
        case Generic(origin=of):
            return module_of(of)
        case Class():
            return value.module
        case External(path=path):
            return path.rpartition(".")[0]
        case type():
            return value.__module__
        case _:
            raise CannotTell("__module__")


def _remark(value: Value, node: ast.expr) -> Value:
    """What stands behind a type in `Annotated`; a text with parts that cannot be told is a text all the same."""
    text = isinstance(node, ast.JoinedStr | ast.BinOp)
    return ast.unparse(node) if text and isinstance(value, Unknown) else value


def _type(value: Value) -> Value:
    if value is None:
        return NONE
    if isinstance(value, External):
        return BUILTINS.get(value.path, value)
    if isinstance(value, Unknown | Variable | Function):
        return Unknown("a type")
    return value


def _members(value: Value) -> Sequence[Value]:
    return value.args if isinstance(value, Generic) and value.origin == UNION else (value,)


def _literals(values: Iterator[Value]) -> Iterator[Value]:
    for value in values:
        if isinstance(value, Generic) and value.origin == LITERAL:
            yield from value.args
        elif isinstance(value, Generic) and value.origin == UNION:
            yield from _literals(iter(value.args))
        else:
            yield value
