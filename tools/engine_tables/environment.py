"""Environment variables that an engine reads, with what they are when nobody sets them and which texts they refuse.

Nothing is guessed from the form of the code: the expression that reads a variable is read with the variable unset,
then with three texts.
"""

import ast
import re
from collections.abc import Sequence
from typing import Any

from tools.engine_tables.library import Library
from tools.engine_tables.machine import UNTOLD, Machine
from tools.engine_tables.records import written
from tools.engine_tables.values import Function, Scope, Unknown, Value

Variables = dict[str, tuple[Any, str]]
READERS = ("get_bool_env_var", "get_int_env_var", "get_float_env_var", "getenv", "get")
WORD, FRACTION, NUMBER = "no-number", "1.5", "1"


def declared(library: Library, module: str, name: str) -> Variables:
    """The variables of a dictionary whose values read them, as (default, kind)."""
    names = library.names(module)
    table = names.defined.get(name) if names else None
    if not isinstance(table, ast.Dict):
        return {}
    keys = [key.value if isinstance(key, ast.Constant) else None for key in table.keys]
    return {
        str(key): _variable(library, module, str(key), node)
        for key, node in zip(keys, table.values, strict=True)
        if key is not None
    }


def fields(library: Library, module: str, name: str) -> Variables:
    """The variables of a class whose attributes are descriptors with a default (`X = EnvInt(4)`).

    Such a descriptor falls back to its default where it cannot use a text, so that none is refused.
    """
    names = library.names(module)
    of = names.defined.get(name) if names else None
    found: Variables = {}
    for statement in of.body if isinstance(of, ast.ClassDef) else ():
        match statement:
            case ast.Assign(targets=[ast.Name(id=variable)], value=ast.Call() as call):
                found[variable] = (_first(Machine(library, environment={}), module, call.args, call.keywords), "text")
    return found


def scanned(library: Library, pattern: str, known: Variables) -> Variables:
    """The variables that any file reads by a name that matches, besides those known; the first reading counts."""
    machine = Machine(library, environment={})
    rule = re.compile(pattern)
    reading = re.compile(rf"""\b(?:{"|".join(READERS)})\(\s*["']{pattern}["']""")
    found: Variables = {}
    for path in library.source.under(library.root):
        if reading.search(text := library.source.text(path)):
            module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for call in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)):
                named = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
                reads = ast.unparse(call.func).rpartition(".")[2] in READERS
                if reads and isinstance(named, str) and rule.fullmatch(named) and named not in known:
                    found.setdefault(named, (_first(machine, module, call.args[1:], call.keywords), "text"))
    return found


def _first(machine: Machine, module: str, arguments: Sequence[ast.expr], named: Sequence[ast.keyword]) -> Any:
    """The default that a reading names: its first argument, or the one called so. A function works it out later."""
    nodes = [*arguments, *(keyword.value for keyword in named if keyword.arg == "default")]
    if not nodes:
        return None
    value = machine.evaluate(nodes[0], Scope(module))
    return {"$expr": ast.unparse(nodes[0])} if isinstance(value, Function) else written(value)


def _variable(library: Library, module: str, name: str, node: ast.expr) -> tuple[Any, str]:
    unset = _read(library, module, node, {})
    texts = {
        text: not isinstance(_read(library, module, node, {name: text}), Unknown) for text in (WORD, FRACTION, NUMBER)
    }
    default = written(unset)
    if texts[WORD] or not texts[NUMBER]:
        return default, "text"
    return default, "float" if texts[FRACTION] else "int"


def _read(library: Library, module: str, node: ast.expr, environment: dict[str, str]) -> Value:
    machine = Machine(library, environment=environment)
    try:
        return machine.call(machine.evaluate(node, Scope(module)))
    except UNTOLD:
        return Unknown(ast.unparse(node.body if isinstance(node, ast.Lambda) else node))
