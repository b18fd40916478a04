"""Classes of an engine: their bases, attributes, enumerations, and the fields of data classes.

Data classes of the standard library, of pydantic and of msgspec read alike here: annotated names with a default, or
with a `field(…)` that holds one.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from tools.engine_tables.parser import Recorder
from tools.engine_tables.values import (
    CannotTell,
    Class,
    External,
    Function,
    Generic,
    Instance,
    Member,
    Scope,
    Super,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from tools.engine_tables.machine import Machine

MISSING = External("dataclasses.MISSING")
ENUMS = ("enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag")
PARSERS = "argparse.ArgumentParser"


class Field(Struct, eq=False):
    """A field of a data class. `default` is `MISSING` where there is none; `scope` is where its annotation holds."""

    name: str
    annotation: ast.expr
    default: Value
    scope: Scope
    owner: Class
    doc: str = ""


# ---- bases ----------------------------------------------------------------------------------------------------------


def lineage(machine: "Machine", of: Class) -> list[Class]:
    """A class and its bases that are the engine's, nearest first."""
    if of not in machine.lineages:
        found = machine.lineages[of] = [of]
        for base in _bases(machine, of):
            if isinstance(base, Class):
                found += [each for each in lineage(machine, base) if each not in found]
    return machine.lineages[of]


def _bases(machine: "Machine", of: Class) -> Iterator[Value]:
    for node in of.node.bases:
        base = machine.evaluate(node, Scope(of.module))
        yield base.origin if isinstance(base, Generic) else base


def _outside(machine: "Machine", of: Class) -> Iterator[Value]:
    """Every base of a class or of its bases that is not the engine's."""
    for each in lineage(machine, of):
        yield from (base for base in _bases(machine, each) if not isinstance(base, Class))


def is_enum(machine: "Machine", value: Value) -> bool:
    """Whether a value is an enumeration."""
    return isinstance(value, Class) and any(
        isinstance(base, External) and base.path in ENUMS for base in _outside(machine, value)
    )


def is_subclass(machine: "Machine", value: Value, of: Value) -> bool:
    """`issubclass(value, of)`. Raises `CannotTell`."""
    if isinstance(value, type):
        return isinstance(of, type) and issubclass(value, of)
    if isinstance(value, External):
        return bool(value == of)
    if not isinstance(value, Class):
        raise CannotTell("issubclass")
    return of in lineage(machine, value) or of in list(_outside(machine, value))


def is_typed_dict(machine: "Machine", value: Value) -> bool:
    """`typing.is_typeddict(value)`."""
    return isinstance(value, Class) and External("typing.TypedDict") in list(_outside(machine, value))


def is_dataclass(machine: "Machine", value: Value) -> bool:
    """`dataclasses.is_dataclass(value)`, for a class."""
    return isinstance(value, Class) and any(
        _makes_dataclass(machine, decorator, Scope(each.module))
        for each in lineage(machine, value)
        for decorator in each.node.decorator_list
    )


def _makes_dataclass(machine: "Machine", decorator: ast.expr, scope: Scope) -> bool:
    """Whether a decorator is `dataclass`, or a function of the engine that applies it."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    value = machine.evaluate(function, scope)
    if isinstance(value, Function):
        return "dataclass(" in ast.unparse(value.node)
    return isinstance(value, External) and value.path.endswith(".dataclass")


# ---- attributes -----------------------------------------------------------------------------------------------------


def attribute(machine: "Machine", of: Class, name: str) -> Value:
    """`Class.name`. Raises `CannotTell`."""
    plain = {"__name__": of.name, "__module__": of.module, "__doc__": ast.get_docstring(of.node) or ""}
    if name in plain:
        return plain[name]
    for each in lineage(machine, of):
        found = _own(machine, each, name, bound=of, of_class=True)
        if found is not MISSING:
            return found
    raise CannotTell(name)


def attribute_of_instance(machine: "Machine", value: Instance, name: str) -> Value:
    """`object.name`. Raises `CannotTell`."""
    if name in value.attributes:
        return value.attributes[name]
    for each in lineage(machine, value.of) if value.of else ():
        found = _own(machine, each, name, bound=value, of_class=False)
        if found is not MISSING:
            return found
    raise CannotTell(name)


def inherited(machine: "Machine", value: Super, name: str) -> Value:
    """`super().name`. Raises `CannotTell`."""
    of = value.bound.of if isinstance(value.bound, Instance) else value.bound
    if not isinstance(of, Class):
        raise CannotTell("super")
    line = lineage(machine, of)
    for each in line[line.index(value.after) + 1 :]:
        found = _own(machine, each, name, bound=value.bound, of_class=isinstance(value.bound, Class))
        if found is not MISSING:
            return found
    raise CannotTell(name)


def parent(scope: Scope) -> Super:
    """`super()` at one place. Raises `CannotTell`."""
    for each in scope:
        bound = each.names.get("self", each.names.get("cls"))
        if each.owner is not None and bound is not None:
            return Super(bound, each.owner)
    raise CannotTell("super")


def _own(machine: "Machine", of: Class, name: str, *, bound: Value, of_class: bool) -> Value:
    """What the class itself defines under a name; `MISSING` when nothing. The last definition counts."""
    for statement in reversed(list(_flat(of.node.body))):
        match statement:
            case ast.FunctionDef(name=found) | ast.AsyncFunctionDef(name=found) if found == name:
                return _method(machine, of, statement, bound, of_class=of_class)
            case ast.ClassDef(name=found) if found == name:
                return machine.class_of(of.module, statement)
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
                return _default(machine, machine.evaluate(value, body_scope(machine, of)))
            case ast.Assign(targets=targets, value=value) if _names(targets, name):
                held = machine.evaluate(value, body_scope(machine, of))
                return Member(of.name, name, _auto(held, name)) if is_enum(machine, of) else held
    return MISSING


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            yield from _flat(statement.orelse)
            yield from _flat(statement.body)


def _names(targets: Sequence[ast.expr], name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _auto(value: Value, name: str) -> Value:
    """What `enum.auto()` gives for text enumerations."""
    return name.lower() if isinstance(value, Instance) and "auto" in value.attributes else value


def body_scope(machine: "Machine", of: Class) -> Scope:
    """The scope of a class body: the names that it assigns before it uses them."""
    if of in machine.bodies:
        return machine.bodies[of]
    scope = machine.bodies[of] = Scope(of.module)
    for statement in of.node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            scope.names[statement.targets[0].id] = machine.evaluate(statement.value, scope)
    return scope


def _method(
    machine: "Machine", of: Class, node: ast.FunctionDef | ast.AsyncFunctionDef, bound: Value, *, of_class: bool
) -> Value:
    kinds = [ast.unparse(decorator) for decorator in node.decorator_list]
    scope = Scope(of.module)
    if "staticmethod" in kinds:
        return Function(of.module, node, scope, None, of)
    if "classmethod" in kinds:
        return Function(of.module, node, scope, bound.of if isinstance(bound, Instance) else bound, of)
    function = Function(of.module, node, scope, None if of_class else bound, of)
    return machine.call(function) if "property" in kinds and not of_class else function


def members(machine: "Machine", of: Class) -> list[Value]:
    """The members of an enumeration. Raises `CannotTell`."""
    if not is_enum(machine, of):
        raise CannotTell("members")
    names = [
        target.id
        for statement in of.node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and not target.id.startswith("_")
    ]
    return [attribute(machine, of, name) for name in names]


# ---- objects and fields ---------------------------------------------------------------------------------------------


def made(machine: "Machine", of: Class, arguments: Sequence[Value], named: Mapping[str, Value]) -> Value:
    """What calling a class gives: a parser that records, a member of an enumeration, or an object."""
    if any(base == External(PARSERS) for base in _outside(machine, of)):
        return recorder(machine)
    if is_enum(machine, of):
        return next(member for member in members(machine, of) if arguments[0] in (member, member.value))
    names = [field.name for field in fields(machine, of)]
    return Instance(of, dict(zip(names, arguments, strict=False)) | dict(named))


def recorder(machine: "Machine") -> Recorder:
    """A new parser."""
    machine.parsers.append(Recorder())
    return machine.parsers[-1]


def fields(machine: "Machine", of: Class) -> list[Field]:
    """The fields of a data class with those of its bases, in their order."""
    found: dict[str, Field] = {}
    for each in [*machine.collected.get(of, ()), *reversed(lineage(machine, of))]:
        scope = body_scope(machine, each)
        for statement, after in zip(each.node.body, [*each.node.body[1:], None], strict=True):
            if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
                continue
            if ast.unparse(statement.annotation).split("[")[0].split(".")[-1] in ("ClassVar", "InitVar", "KW_ONLY"):
                continue
            default = MISSING if statement.value is None else machine.evaluate(statement.value, scope)
            name = statement.target.id
            held = _default(machine, default)
            found[name] = Field(name, statement.annotation, held, Scope(each.module), each, _doc(after))
    return list(found.values())


def _source(factory: Value) -> str:
    node = factory.node if isinstance(factory, Function | Class) else None
    return (
        ast.unparse(node.body) if isinstance(node, ast.Lambda) else f"{getattr(factory, 'name', 'default_factory')}()"
    )


def _doc(after: ast.stmt | None) -> str:
    """The text behind a field that describes it."""
    text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
    return text if isinstance(text, str) else ""


def specification(arguments: Sequence[Value], named: Mapping[str, Value]) -> Instance:
    """`field(…)` or pydantic's `Field(…)`: where a default, or the function that makes it, stands."""
    default = named.get("default", arguments[0] if arguments and arguments[0] is not Ellipsis else MISSING)
    return Instance(None, {"default": default, "default_factory": named.get("default_factory", MISSING)})


def _default(machine: "Machine", value: Value) -> Value:
    """The default that an assigned value gives: itself, or what a `field(…)` says."""
    if not (isinstance(value, Instance) and value.of is None and "default_factory" in value.attributes):
        return value
    factory = value.attributes["default_factory"]
    if factory in (MISSING, None):
        return value.attributes["default"]
    try:
        return machine.call(factory)
    except (CannotTell, LookupError, TypeError, ValueError, AttributeError):
        return Unknown(f"{factory.path}()" if isinstance(factory, External) else _source(factory))
