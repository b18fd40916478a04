"""What is known of names outside the engine: Python's built-ins, and the few library functions that parsers are made with."""

import itertools
import json
import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from tools.engine_tables import classes, typehints
from tools.engine_tables.values import (
    Bag,
    CannotTell,
    Class,
    External,
    Generic,
    Instance,
    Member,
    Native,
    Unknown,
    Value,
    Variable,
    is_plain,
)

if TYPE_CHECKING:
    from tools.engine_tables.machine import Machine

TYPES: dict[str, type] = {
    each.__name__: each for each in (bool, bytes, dict, float, frozenset, int, list, object, set, str, tuple, type)
}
CONSTANTS: dict[str, Value] = {
    "Ellipsis": ...,
    "ssl.CERT_NONE": 0,
    "ssl.CERT_OPTIONAL": 1,
    "ssl.CERT_REQUIRED": 2,
    "sys.maxsize": 2**63 - 1,
    "sys.platform": "linux",
    "sys.version_info": (3, 12),
    "typing.TYPE_CHECKING": False,
}
ALIASES = {
    "typing_extensions.": "typing.",
    "collections.abc.": "typing.",
    "types.UnionType": "typing.Union",
    "msgspec.NODEFAULT": "dataclasses.MISSING",
    "pydantic.dataclasses.dataclass": "dataclasses.dataclass",
}
FIELD_INFO = External("pydantic.fields.FieldInfo")
"""pydantic's form of `field(…)`. Nothing read here is one: what stands behind it is already the field's value."""
METHODS: dict[type, tuple[str, ...]] = {
    str: (
        "capitalize", "endswith", "format", "join", "lower", "lstrip", "partition", "removeprefix", "removesuffix",
        "replace", "rpartition", "rstrip", "split", "startswith", "strip", "title", "upper",
    ),
    dict: ("copy", "get", "items", "keys", "pop", "setdefault", "update", "values"),
    list: ("append", "copy", "extend", "index", "insert", "remove"),
    Bag: ("add", "append", "copy", "remove", "update"),
    tuple: ("index",),
}  # fmt: skip


def of_outside(machine: "Machine", path: str) -> Value:
    """A name from outside the engine: a constant that is known here, or an `External` under its usual name."""
    for alias, name in ALIASES.items():
        if alias.endswith(".") and path.startswith(alias):
            path = name + path.removeprefix(alias)
    path = ALIASES.get(path, path)
    return machine.outside.get(path, CONSTANTS.get(path, External(path)))


def is_known(function: External) -> bool:
    """Whether a name from outside is a function that is known here."""
    return any(function.path in known for known in (_OVER_TYPES, _CONTAINERS, _PLAIN))


def attribute(value: Value, name: str) -> Value:
    """An attribute of a plain value or a type. Raises `CannotTell`."""
    if name == "__module__":
        return typehints.module_of(value)
    if isinstance(value, type):
        if name == "__name__":
            return value.__name__
        raise CannotTell(name)
    if name not in METHODS.get(type(value), ()):
        raise CannotTell(name)
    method = getattr(value, name)
    lists = isinstance(value, dict) and name in ("items", "keys", "values")
    return Native((lambda: list(method())) if lists else method)


def call(
    machine: "Machine", function: External | type, arguments: Sequence[Value], named: Mapping[str, Value]
) -> Value:
    """What a built-in, or a library function that is known here, gives. Raises `CannotTell`."""
    name = function.path if isinstance(function, External) else function.__name__
    if name in ("dataclasses.field", "pydantic.Field", "pydantic.fields.Field", "msgspec.field"):
        return classes.specification(arguments, named)
    if name == "argparse.ArgumentParser":
        return classes.recorder(machine)
    if name in _OVER_TYPES:
        return _OVER_TYPES[name](machine, *arguments, **{key: named[key] for key in named if key == "default"})
    values = [each.value if isinstance(each, Member) else each for each in arguments]
    if any(isinstance(each, Unknown | Variable) for each in values):
        raise CannotTell(name)
    if name in _CONTAINERS:
        return _CONTAINERS[name](
            *(each if isinstance(each, dict | int) else machine.iterate(each) for each in values), **named
        )
    if name in _PLAIN:
        return _PLAIN[name](*values, **named)
    raise CannotTell(name)


def _type_of(_: "Machine", value: Value) -> Value:
    if isinstance(value, Instance) and value.of is not None:
        return value.of
    if value is None or (isinstance(value, str | int | float | list | tuple | dict) and not isinstance(value, Bag)):
        return type(value)
    raise CannotTell("type")


def _isinstance(machine: "Machine", value: Value, of: Value) -> bool:
    if isinstance(of, tuple):
        return any(_isinstance(machine, value, each) for each in of)
    if of == FIELD_INFO:
        return False
    if isinstance(value, Unknown | Variable):
        raise CannotTell("isinstance")
    if of is type:
        return isinstance(value, type | Class) or (isinstance(value, External) and value.path[:7] != "typing.")
    if isinstance(value, Instance):
        return value.of is not None and classes.is_subclass(machine, value.of, of)
    if isinstance(value, External | Class | Generic):
        raise CannotTell("isinstance")
    return isinstance(of, type) and isinstance(value, of)


def fields(machine: "Machine", of: Value) -> list[Instance]:
    """`dataclasses.fields`: what stands behind a `field(…)` is already its value."""
    of = of.of if isinstance(of, Instance) else of
    if not isinstance(of, Class):
        raise CannotTell("fields")
    return [
        Instance(
            None,
            {
                "name": each.name,
                "type": typehints.of_annotation(machine, each.annotation, each.scope),
                "default": each.default,
                "default_factory": classes.MISSING,
                "owner": each.owner.name,
            },
        )
        for each in classes.fields(machine, of)
    ]


def _hints(machine: "Machine", of: Value) -> dict[str, Value]:
    """`typing.get_type_hints` with what `Annotated` adds."""
    return {each.attributes["name"]: each.attributes["type"] for each in fields(machine, of)}


def _getattr(machine: "Machine", value: Value, name: str, *default: Value) -> Value:
    try:
        return machine.attribute(value, name)
    except CannotTell:
        if default and not isinstance(value, Unknown | External):
            return default[0]
        raise


def _copied(_: "Machine", value: Value) -> Value:
    match value:
        case Bag():
            return Bag(value)
        case dict():
            return {key: _copied(_, item) for key, item in value.items()}
        case list():
            return [_copied(_, item) for item in value]
        case _:
            return value


def _environment(machine: "Machine", name: Value, default: Value = None) -> Value:
    if not isinstance(name, str):
        raise CannotTell("a variable")
    return Variable(name, default) if machine.environment is None else machine.environment.get(name, default)


def _hasattr(machine: "Machine", value: Value, name: str) -> bool:
    if value == External("types"):
        return True
    if isinstance(value, Unknown | Variable | External):
        raise CannotTell("hasattr")
    try:
        machine.attribute(value, name)
    except CannotTell:
        return False
    return True


_OVER_TYPES: dict[str, Callable[..., Value]] = {
    "copy.deepcopy": _copied,
    "copy.copy": _copied,
    "dataclasses.fields": fields,
    "msgspec.structs.fields": fields,
    "typing.get_type_hints": _hints,
    "dataclasses.is_dataclass": classes.is_dataclass,
    "enum.auto": lambda _: Instance(None, {"auto": True}),
    "getattr": _getattr,
    "hasattr": _hasattr,
    "isinstance": _isinstance,
    "issubclass": classes.is_subclass,
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "type": _type_of,
    "typing.cast": lambda _, __, value: value,
    "typing.get_args": lambda _, value: typehints.arguments(value),
    "typing.is_typeddict": classes.is_typed_dict,
    "typing.get_origin": lambda _, value: typehints.origin(value),
}


def _next(items: Sequence[Value], *default: Value) -> Value:
    return next(iter(items), *default)


def _sorted(items: Sequence[Value], **_: Value) -> list[Value]:
    return sorted(
        items,
        key=lambda item: (not isinstance(item, int | float), item if isinstance(item, int | float) else str(item)),
    )


_CONTAINERS: dict[str, Callable[..., Value]] = {
    "all": all,
    "any": any,
    "dict": dict,
    "frozenset": Bag,
    "itertools.permutations": lambda items, r=None: list(itertools.permutations(items, r)),
    "len": len,
    "list": list,
    "max": max,
    "min": min,
    "set": Bag,
    "sum": sum,
    "tuple": tuple,
}


def _dumped(value: Value) -> str:
    if not is_plain(value):
        raise CannotTell("json.dumps")
    return json.dumps(value)


_PLAIN: dict[str, Callable[..., Value]] = {
    "bool": bool,
    "float": float,
    "int": int,
    "json.dumps": _dumped,
    "json.loads": json.loads,
    "next": _next,
    "os.path.expanduser": lambda path: path,
    "os.path.join": posixpath.join,
    "range": lambda *bounds: list(range(*bounds)),
    "repr": repr,
    "sorted": _sorted,
    "str": str,
}
BUILTINS = frozenset({*_OVER_TYPES, *_CONTAINERS, *_PLAIN, "print", "property", "zip", "enumerate"})
