"""Reads the code that registers arguments as if it ran, with what cannot be told kept apart.

A small interpreter over syntax trees: expressions here, statements in `statements`, what is known of names outside the
engine in `natives`, classes and their fields in `classes`. It never imports the engine. An expression whose value
cannot be told is an `Unknown` with its source text; where a condition is unknown, both branches are read and what they
register is marked.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tools.engine_tables import classes, natives, operators, statements, typehints
from tools.engine_tables.library import Definition, Import, Library, Names, absolute
from tools.engine_tables.parser import Recorder
from tools.engine_tables.values import (
    Bag,
    CannotTell,
    Class,
    External,
    Function,
    Generic,
    Instance,
    Member,
    Module,
    Native,
    Scope,
    Super,
    Unknown,
    Value,
    Variable,
    is_plain,
    parameter_defaults,
)

DEEPEST = 40
"""Calls within calls before a value counts as one that cannot be told."""

UNTOLD = (CannotTell, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What reading an expression raises when its value cannot be told."""


class Machine:
    """The reading of one release.

    `given` are names whose value is known from elsewhere, by module and name; `modules` answer for attributes of
    modules that compute them. `environment` is what the engine finds set when it starts; without it, what is read
    from the environment is a `Variable`.
    """

    def __init__(
        self,
        library: Library,
        *,
        given: Mapping[tuple[str, str], Value] | None = None,
        modules: Mapping[str, Callable[[str], Value]] | None = None,
        environment: dict[str, str] | None = None,
        argv: Sequence[str] = (),
    ) -> None:
        self.library = library
        self.outside: dict[str, Value] = {"sys.argv": list(argv)}
        if environment is not None:
            self.outside["os.environ"] = environment
        self.environment = environment
        self.uncertain = 0
        self.parsers: list[Recorder] = []
        self.undecided: dict[str, str] = {}
        self._modules = dict(modules or {})
        self._depth = 0
        self.collected: dict[Class, list[Class]] = {}
        """Classes whose fields were collected from others, as code does that runs at import."""
        self.lineages: dict[Class, list[Class]] = {}
        self.bodies: dict[Class, Scope] = {}
        self._known = dict(given or {})
        self._classes: dict[int, Class] = {}
        self._asked: set[tuple[str, str]] = set()

    def name(self, module: str, name: str) -> Value:
        """What a name stands for at a module's top level. Raises `CannotTell`."""
        key = (module, name)
        if key in self._known:
            return self._known[key]
        if key in self._asked:
            raise CannotTell(f"{name} is defined by itself")
        found = self.library.definition(module, name)
        if found is None:
            raise CannotTell(name)
        self._asked.add(key)
        try:
            self._known[key] = self._definition(*found)
        finally:
            self._asked.discard(key)
        return self._known[key]

    def _definition(self, names: Names, definition: Definition) -> Value:
        match definition:
            case Import(module=module, name=None):
                return self.module(module)
            case Import(module=module, name=str() as name):
                return self.imported(module, name)
            case ast.ClassDef():
                return self.class_of(names.module, definition)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return Function(names.module, definition, Scope(names.module))
            case ast.expr():
                return self.evaluate(definition, Scope(names.module))
            case _:
                raise CannotTell(type(definition).__name__)

    def class_of(self, module: str, node: ast.ClassDef) -> Class:
        """The one value that stands for a class."""
        return self._classes.setdefault(id(node), Class(module, node))

    def module(self, name: str) -> Value:
        """A module by its dotted name."""
        return Module(name) if self.library.owns(name) else External(name)

    def imported(self, module: str, name: str) -> Value:
        """`from module import name`. Raises `CannotTell`."""
        if not self.library.owns(module):
            return natives.of_outside(self, f"{module}.{name}")
        if module in self._modules:
            return self._modules[module](name)
        if self.library.definition(module, name):
            return self.name(module, name)
        if self.library.path(f"{module}.{name}") or any(
            self.library.source.under(f"{module}.{name}".replace(".", "/"))
        ):
            return Module(f"{module}.{name}")
        return self._lazily(self.library.names(module), name)

    def _lazily(self, names: Names | None, name: str) -> Value:
        """A name that a module's `__getattr__` takes from a dictionary of module names."""
        for node in ast.walk(names.tree) if names else ():
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == name and isinstance(value, ast.Constant):
                        target = str(value.value).partition(":")[0]
                        target = (names.module if names else "") + target if target.startswith(".") else target
                        if self.library.names(target):
                            return self.imported(target, name)
        raise CannotTell(name)

    def lookup(self, name: str, scope: Scope) -> Value:
        """What a name stands for in a function. Raises `CannotTell`."""
        for each in scope:
            if name in each.names:
                return each.names[name]
        if self.library.definition(scope.module, name):
            return self.name(scope.module, name)
        if name in natives.TYPES:
            return natives.TYPES[name]
        if name in natives.CONSTANTS:
            return natives.CONSTANTS[name]
        if name in natives.BUILTINS:
            return External(name)
        raise CannotTell(name)

    def bind_import(self, statement: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        """An import inside a function."""
        names = self.library.names(scope.module)
        if isinstance(statement, ast.ImportFrom):
            module = absolute(names, statement) if names else statement.module or ""
            for alias in statement.names:
                try:
                    value = self.imported(module, alias.name)
                except UNTOLD:
                    value = Unknown(alias.name)
                scope.names[alias.asname or alias.name] = value
        else:
            for alias in statement.names:
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                scope.names[alias.asname or top] = self.module(top)

    def attribute(self, value: Value, name: str) -> Value:
        """`value.name`. Raises `CannotTell`."""
        match value:
            case Module():
                return self.imported(value.name, name)
            case External():
                return natives.of_outside(self, f"{value.path}.{name}")
            case Recorder():
                return Native(value.method(name, lambda: self.uncertain > 0))
            case Instance():
                return classes.attribute_of_instance(self, value, name)
            case Class():
                return classes.attribute(self, value, name)
            case Super():
                return classes.inherited(self, value, name)
            case Member():
                return {"value": value.value, "name": value.name}[name]
            case Function() if name == "__doc__":
                return ""
            case Function() if name == "__name__":
                return value.name
            case Unknown() | Variable():
                raise CannotTell(name)
            case _:
                return natives.attribute(value, name)

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression; an `Unknown` where it cannot be told."""
        try:
            return self._evaluate(node, scope)
        except UNTOLD:
            text = ast.unparse(node)
            return Unknown(text if len(text) < 200 else text[:199] + "…")

    def told(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression. Raises `CannotTell` when it cannot be told, or only at the engine's start."""
        value = self.evaluate(node, scope)
        if isinstance(value, Unknown | Variable):
            raise CannotTell(ast.unparse(node))
        return value

    def _evaluate(self, node: ast.expr, scope: Scope) -> Value:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.lookup(name, scope)
            case ast.Attribute(value=base, attr=name):
                return self.attribute(self.evaluate(base, scope), name)
            case ast.Call():
                return self._call(node, scope)
            case ast.Subscript():
                return self._subscript(node, scope)
            case ast.Lambda():
                return self.function(node, scope)
            case ast.NamedExpr(target=target, value=value):
                scope.names[target.id] = self.evaluate(value, scope)
                return scope.names[target.id]
            case _:
                return self._display(node, scope)

    def _display(self, node: ast.expr, scope: Scope) -> Value:
        """Lists, dictionaries and texts with parts."""
        match node:
            case ast.List(elts=items):
                return list(self._items(items, scope))
            case ast.Tuple(elts=items):
                return tuple(self._items(items, scope))
            case ast.Set(elts=items):
                return Bag(self._items(items, scope))
            case ast.Dict():
                return self._dictionary(node, scope)
            case ast.JoinedStr(values=parts):
                return "".join(self._piece(part, scope) for part in parts)
            case _:
                return self._operation(node, scope)

    def _operation(self, node: ast.expr, scope: Scope) -> Value:
        match node:
            case ast.BinOp(left=left, op=sign, right=right):
                return self._binary(sign, self.told(left, scope), self.told(right, scope))
            case ast.UnaryOp(op=sign, operand=operand):
                return operators.UNARY[type(sign)](self.told(operand, scope))
            case ast.BoolOp(op=sign, values=values):
                return self._boolean(isinstance(sign, ast.Or), values, scope)
            case ast.Compare(left=left, ops=signs, comparators=others):
                return self._comparison([left, *others], signs, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.evaluate(body if operators.truth(self.told(test, scope)) else orelse, scope)
            case ast.ListComp(elt=item, generators=loops) | ast.GeneratorExp(elt=item, generators=loops):
                return [self.evaluate(item, inner) for inner in self._loops(loops, scope)]
            case ast.SetComp(elt=item, generators=loops):
                return Bag(self.evaluate(item, inner) for inner in self._loops(loops, scope))
            case ast.DictComp(key=key, value=value, generators=loops):
                return {self.told(key, inner): self.evaluate(value, inner) for inner in self._loops(loops, scope)}
            case _:
                raise CannotTell(type(node).__name__)

    def _items(self, nodes: Sequence[ast.expr], scope: Scope) -> Iterator[Value]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.iterate(self.told(node.value, scope))
            else:
                yield self.evaluate(node, scope)

    def _dictionary(self, node: ast.Dict, scope: Scope) -> dict[Any, Value]:
        found: dict[Any, Value] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                found.update(self.told(value, scope))
            else:
                found[self.told(key, scope)] = self.evaluate(value, scope)
        return found

    def _piece(self, node: ast.expr, scope: Scope) -> str:
        value = self.told(node.value if isinstance(node, ast.FormattedValue) else node, scope)
        if not is_plain(value):
            raise CannotTell("a part of a text")
        return str(value)

    def _binary(self, sign: ast.operator, left: Value, right: Value) -> Value:
        if isinstance(sign, ast.BitOr) and typehints.is_type(left) and typehints.is_type(right):
            return typehints.union(left, right)
        return operators.BINARY[type(sign)](left, right)

    def _boolean(self, either: bool, nodes: Sequence[ast.expr], scope: Scope) -> Value:
        value: Value = None
        for node in nodes:
            value = self.told(node, scope)
            if operators.truth(value) is either:
                break
        return value

    def _comparison(self, nodes: Sequence[ast.expr], signs: Sequence[ast.cmpop], scope: Scope) -> bool:
        if isinstance(signs[0], ast.Is | ast.IsNot):
            left, right = (self.evaluate(node, scope) for node in nodes)
            if right == classes.MISSING:  # which nothing read from the source can be but itself
                return (left == right) is isinstance(signs[0], ast.Is)
        values = [self.told(node, scope) for node in nodes]
        return all(
            operators.COMPARISON[type(sign)](left, right)
            for sign, left, right in zip(signs, values, values[1:], strict=False)
        )

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        base = self.told(node.value, scope)
        if typehints.is_type(base) and not classes.is_enum(self, base):
            return typehints.subscripted(self, base, node.slice, scope)
        if isinstance(node.slice, ast.Slice):
            bounds = (node.slice.lower, node.slice.upper, node.slice.step)
            return base[slice(*(None if bound is None else self.told(bound, scope) for bound in bounds))]
        key = self.told(node.slice, scope)
        if isinstance(base, Class):
            return self.attribute(base, key)
        return base[key]

    def _loops(self, loops: Sequence[ast.comprehension], scope: Scope) -> Iterator[Scope]:
        if not loops:
            yield scope
            return
        for item in self.iterate(self.told(loops[0].iter, scope)):
            inner = Scope(scope.module, scope, scope.owner)
            statements.bind(loops[0].target, item, inner)
            if all(operators.truth(self.told(test, inner)) for test in loops[0].ifs):
                yield from self._loops(loops[1:], inner)

    def iterate(self, value: Value) -> list[Value]:
        """The items of a value. Raises `CannotTell`."""
        if isinstance(value, Class):
            return classes.members(self, value)
        if isinstance(value, Unknown | External | Instance | Variable | Generic):
            raise CannotTell("items")
        return list(value)

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return classes.parent(scope)
        function = self.evaluate(node.func, scope)
        arguments = list(self._items(node.args, scope))
        named: dict[str, Value] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                named.update(self.told(keyword.value, scope))
            else:
                named[keyword.arg] = self.evaluate(keyword.value, scope)
        return self.call(function, arguments, named)

    def call(self, function: Value, arguments: Sequence[Value] = (), named: Mapping[str, Value] | None = None) -> Value:
        """What a call gives. Raises `CannotTell`."""
        named = named or {}
        match function:
            case Function():
                return self._run(function, arguments, named)
            case Native():
                return function.call(*arguments, **named)
            case External() | type():
                return natives.call(self, function, arguments, named)
            case Class():
                return classes.made(self, function, arguments, named)
            case _:
                raise CannotTell("a call")

    def _run(self, function: Function, arguments: Sequence[Value], named: Mapping[str, Value]) -> Value:
        if self._depth >= DEEPEST:
            raise CannotTell("too deep")
        scope = Scope(function.module, function.scope, function.owner)
        if function.bound is not None:
            arguments = [function.bound, *arguments]
        statements.parameters(self, function, arguments, dict(named), scope)
        self._depth += 1
        try:
            if isinstance(function.node, ast.Lambda):
                return self._evaluate(function.node.body, scope)
            return statements.run(self, function.node.body, scope)
        finally:
            self._depth -= 1

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> Function:
        """A function that is made inside another: the defaults of its parameters are worked out at once."""
        defaults = {name: self.evaluate(default, scope) for name, default in parameter_defaults(node).items()}
        return Function(scope.module, node, scope, None, scope.owner, defaults)
