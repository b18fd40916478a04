"""Statements, as `machine` reads them: the body of a function, with both branches of what cannot be told."""

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tools.engine_tables import operators
from tools.engine_tables.values import CannotTell, Function, Scope, Unknown, Value, Variable, parameter_defaults

if TYPE_CHECKING:
    from tools.engine_tables.machine import Machine


class _Left(Exception):
    """Control leaves a block."""


class _Return(_Left):
    def __init__(self, value: Value) -> None:
        self.value = value


class _Continue(_Left):
    pass


class _Break(_Left):
    pass


class _Raised(_Left):
    pass


def run(machine: "Machine", body: Sequence[ast.stmt], scope: Scope) -> Value:
    """What a function's body returns. Raises `CannotTell` when it raises."""
    try:
        _block(machine, body, scope)
    except _Return as left:
        return left.value
    except _Raised:
        raise CannotTell("it raises") from None
    return None


def parameters(
    machine: "Machine", function: Function, arguments: Sequence[Value], named: dict[str, Value], scope: Scope
) -> None:
    """Give a function's parameters what a call hands over, or their defaults."""
    form = function.node.args
    positional = [each.arg for each in form.posonlyargs + form.args]
    defaults = parameter_defaults(function.node)
    given = dict(zip(positional, arguments, strict=False))
    for name in [*positional, *(each.arg for each in form.kwonlyargs)]:
        if name in given:
            scope.names[name] = given[name]
        elif name in named:
            scope.names[name] = named.pop(name)
        elif name in function.defaults:
            scope.names[name] = function.defaults[name]
        elif name in defaults:
            scope.names[name] = machine.evaluate(defaults[name], function.scope)
        else:
            scope.names[name] = Unknown(name)
    if form.vararg:
        scope.names[form.vararg.arg] = tuple(arguments[len(positional) :])
    if form.kwarg:
        scope.names[form.kwarg.arg] = named


def bind(target: ast.expr, value: Value, scope: Scope) -> None:
    """Assign to a name, or take a tuple apart into names."""
    if isinstance(target, ast.Name):
        scope.names[target.id] = value
    elif isinstance(target, ast.Tuple | ast.List):
        count = len(target.elts)
        parts = list(value) if isinstance(value, list | tuple) else []
        parts = parts if len(parts) == count else [Unknown("a part")] * count
        for each, part in zip(target.elts, parts, strict=True):
            bind(each, part, scope)


def _block(machine: "Machine", body: Sequence[ast.stmt], scope: Scope) -> None:
    for statement in body:
        _statement(machine, statement, scope)


def _statement(machine: "Machine", statement: ast.stmt, scope: Scope) -> None:
    match statement:
        case ast.Expr(value=value):
            machine.evaluate(value, scope)
        case ast.Assign(targets=targets, value=value):
            held = machine.evaluate(value, scope)
            for target in targets:
                _assign(machine, target, held, scope)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            _assign(machine, target, machine.evaluate(value, scope), scope)
        case ast.AugAssign(target=target, op=sign, value=value):
            added = machine.evaluate(ast.BinOp(_loaded(target), sign, value), scope)
            _assign(machine, target, added, scope)
        case ast.Delete(targets=targets):
            for target in targets:
                _delete(machine, target, scope)
        case ast.Import() | ast.ImportFrom():
            machine.bind_import(statement, scope)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            scope.names[statement.name] = machine.function(statement, scope)
        case ast.ClassDef():
            scope.names[statement.name] = machine.class_of(scope.module, statement)
        case _:
            _control(machine, statement, scope)


def _control(machine: "Machine", statement: ast.stmt, scope: Scope) -> None:
    match statement:
        case ast.Return(value=value):
            raise _Return(None if value is None else machine.evaluate(value, scope))
        case ast.Raise():
            raise _Raised
        case ast.Continue():
            raise _Continue
        case ast.Break():
            raise _Break
        case ast.If(test=test, body=body, orelse=orelse):
            _branch(machine, test, (body, orelse), scope)
        case ast.For(target=target, iter=items, body=body):
            _loop(machine, target, items, body, scope)
        case ast.With(body=body):
            _block(machine, body, scope)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=last):
            try:
                _block(machine, [*body, *orelse], scope)
            except _Raised:
                if not handlers:
                    raise
                _block(machine, handlers[0].body, scope)
            _block(machine, last, scope)


def _branch(machine: "Machine", test: ast.expr, arms: tuple[Sequence[ast.stmt], ...], scope: Scope) -> None:
    value = machine.evaluate(test, scope)
    try:
        chosen = operators.truth(value.default if isinstance(value, Variable) else value)
    except CannotTell:
        machine.undecided.setdefault(ast.unparse(test), scope.module)
        machine.uncertain += 1
        try:
            for arm in arms:
                _possibly(machine, arm, scope)
        finally:
            machine.uncertain -= 1
    else:
        _block(machine, arms[0] if chosen else arms[1], scope)


def _possibly(machine: "Machine", body: Sequence[ast.stmt], scope: Scope) -> None:
    """A block that may or may not run: it is read, and leaving it leaves nothing else."""
    try:
        _block(machine, body, scope)
    except _Left:
        return


def _loop(machine: "Machine", target: ast.expr, items: ast.expr, body: Sequence[ast.stmt], scope: Scope) -> None:
    try:
        values = machine.iterate(machine.told(items, scope))
    except CannotTell:
        values = [Unknown("an item")]
    for value in values:
        bind(target, value, scope)
        try:
            _block(machine, body, scope)
        except _Continue:
            continue
        except _Break:
            break


def _assign(machine: "Machine", target: ast.expr, value: Value, scope: Scope) -> None:
    match target:
        case ast.Subscript(value=base, slice=key):
            holder = machine.evaluate(base, scope)
            at = machine.evaluate(key, scope)
            if isinstance(holder, dict | list) and isinstance(at, str | int):
                holder[at] = value  # type: ignore[index]
        case ast.Attribute(value=base, attr=name):
            holder = machine.evaluate(base, scope)
            attributes = getattr(holder, "attributes", None)
            if isinstance(attributes, dict):
                attributes[name] = value
        case _:
            bind(target, value, scope)


def _delete(machine: "Machine", target: ast.expr, scope: Scope) -> None:
    if isinstance(target, ast.Subscript):
        holder = machine.evaluate(target.value, scope)
        at = machine.evaluate(target.slice, scope)
        if isinstance(holder, dict) and isinstance(at, str | int):
            holder.pop(at, None)


def _loaded(target: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(target), mode="eval").body
