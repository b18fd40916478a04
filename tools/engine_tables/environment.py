"""Environment variables that an engine reads, with what they are when nobody sets them and which texts they refuse.

Nothing is guessed from the form of the code: the expression that reads a variable is read with the variable unset,
then with a few texts. Its kind is the one of `skewguard.knowledge.engines.tables.Table.env`.
"""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from tools.engine_tables import classes
from tools.engine_tables.library import Library
from tools.engine_tables.machine import UNTOLD, Machine
from tools.engine_tables.records import written
from tools.engine_tables.values import Class, Function, Instance, Scope, Unknown, Value

Variables = dict[str, tuple[Any, str]]
READERS = ("get_bool_env_var", "get_int_env_var", "get_float_env_var", "getenv", "get")
CONVERSIONS = ("int", "float")
WORD, FRACTION, NUMBER, NONE, TRUE, YES = "no-number", "1.5", "1", "0", "true", "yes"
LENIENT = "lenient-"


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
    """The variables of a class whose attributes are descriptors with a default (`X = EnvInt(4)`)."""
    names = library.names(module)
    of = names.defined.get(name) if names else None
    machine, found, kinds = Machine(library, environment={}), Variables(), dict[str, str]()
    for statement in of.body if isinstance(of, ast.ClassDef) else ():
        match statement:
            case ast.Assign(targets=[ast.Name(id=variable)], value=ast.Call() as call):
                descriptor = ast.unparse(call.func)
                if descriptor not in kinds:
                    kinds[descriptor] = _descriptor(machine, machine.evaluate(call.func, Scope(module)))
                found[variable] = (_first(machine, module, call.args, call.keywords), kinds[descriptor])
    return found


def _descriptor(machine: Machine, of: Value) -> str:
    """What a descriptor makes of texts: its `parse`; where its `get` catches what that raises, it takes the default."""
    if not isinstance(of, Class):
        return "text"
    value = Instance(of, {})
    kind = _kind(lambda text: machine.call(machine.attribute(value, "parse"), [text]))
    return _lenient(kind, forgiving=any(_catches(each.node) for each in classes.lineage(machine, of)))


def scanned(library: Library, pattern: str, known: Variables) -> Variables:
    """The variables that any file reads by a name that matches, besides those known.

    The first reading gives the default, and the first that does not take every text the kind.
    """
    rule = re.compile(pattern)
    reading = re.compile(rf"""\b(?:{"|".join(READERS)})\(\s*["']{pattern}["']""")
    machine, found = Machine(library, environment={}), Variables()
    for path in library.source.under(library.root):
        if reading.search(text := library.source.text(path)):
            module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for each in _readings(ast.parse(text)):
                if rule.fullmatch(each.name) and each.name not in known:
                    default, kind = found.get(each.name) or (_first(machine, module, *each.rest), "text")
                    found[each.name] = (default, each.kind(library, module) if kind == "text" else kind)
    return found


class _Reading(Struct):
    """One call that reads a variable, and the expression that converts what it gives: often the call itself.

    `forgiven`: what the conversion raises is caught.
    """

    name: str
    call: ast.Call
    around: ast.Call
    forgiven: bool = False

    @property
    def rest(self) -> tuple[Sequence[ast.expr], Sequence[ast.keyword]]:
        """The arguments besides the name."""
        return self.call.args[1:], self.call.keywords

    def kind(self, library: Library, module: str) -> str:
        """What it makes of texts."""
        if self.around is self.call and ast.unparse(self.call.func).endswith(("getenv", ".get")):
            return "text"

        def read(text: str) -> Value:
            return Machine(library, environment={self.name: text}).evaluate(self.around, Scope(module))

        reader = Machine(library, environment={}).evaluate(self.call.func, Scope(module))
        forgiving = self.forgiven or (isinstance(reader, Function) and _catches(reader.node))
        return _lenient(_kind(read), forgiving=forgiving)


def _readings(tree: ast.Module) -> Iterator[_Reading]:
    """Every call that reads a variable by its name."""
    nodes = list(ast.walk(tree))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    conversions = {id(call.args[0]): call for call in calls if _converts(call)}
    conversions |= {id(read): call for node in nodes for read, call in _converted_later(node)}
    forgiven = {id(call) for node in nodes for call in _forgiven(node)}
    for call in calls:
        name = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        if isinstance(name, str) and ast.unparse(call.func).rpartition(".")[2] in READERS:
            around = conversions.get(id(call))
            whole = call if around is None else ast.Call(around.func, [call], [])
            yield _Reading(name, call, whole, id(around or call) in forgiven)


def _converts(call: ast.Call) -> bool:
    """`int(…)` or `float(…)` of one thing."""
    return isinstance(call.func, ast.Name) and call.func.id in CONVERSIONS and len(call.args) == 1


def _converted_later(function: ast.AST) -> Iterator[tuple[ast.Call, ast.Call]]:
    """What a function gives a name and converts in a later statement: `port = getenv("PORT")`, then `int(port)`."""
    if not isinstance(function, ast.FunctionDef):
        return
    named: dict[str, ast.Call] = {}
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                named.setdefault(name, call)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _converts(node) and isinstance(node.args[0], ast.Name):
            read = named.get(node.args[0].id)
            if read is not None and read is not node:
                yield read, node


def _forgiven(node: ast.AST) -> Iterator[ast.Call]:
    """The calls in a block whose `ValueError` is caught, and not raised anew."""
    if not isinstance(node, ast.Try):
        return
    caught = any(
        each.type is None or re.search(r"\b(ValueError|Exception)\b", ast.unparse(each.type)) for each in node.handlers
    )
    raised = any(isinstance(each, ast.Raise) for handler in node.handlers for each in ast.walk(handler))
    if caught and not raised:
        yield from (call for each in node.body for call in ast.walk(each) if isinstance(call, ast.Call))


def _catches(code: ast.AST) -> bool:
    """Whether a function or class that reads a variable goes on after what it cannot use."""
    return any(True for node in ast.walk(code) for _ in _forgiven(node))


def _lenient(kind: str, *, forgiving: bool) -> str:
    """The kind of a reading that goes on after a text that it cannot use."""
    return f"{LENIENT}{kind}" if forgiving and kind in ("int", "float", "bool") else kind


def _first(machine: Machine, module: str, arguments: Sequence[ast.expr], named: Sequence[ast.keyword]) -> Any:
    """The default that a reading names: its first argument, or the one called so. A function works it out later."""
    nodes = [*arguments, *(keyword.value for keyword in named if keyword.arg == "default")]
    if not nodes:
        return None
    value = machine.evaluate(nodes[0], Scope(module))
    return {"$expr": ast.unparse(nodes[0])} if isinstance(value, Function) else written(value)


def _variable(library: Library, module: str, name: str, node: ast.expr) -> tuple[Any, str]:
    unset = _read(library, module, node, {})
    kind = _kind(lambda text: _read(library, module, node, {name: text}))
    return written(unset), kind if kind in CONVERSIONS else "text"


def _kind(read: Callable[[str], Value]) -> str:
    """What a reading makes of texts: which it refuses, and whether it tells true from false."""
    given = {text: _told(read, text) for text in (WORD, FRACTION, NUMBER, NONE, TRUE, YES)}
    refused = {text for text, value in given.items() if isinstance(value, Unknown)}
    if given[TRUE] is True and given[NUMBER] is True and given[NONE] is False:
        return "bool" if WORD in refused else "truth" if given[YES] is False else "text"
    if WORD not in refused or NUMBER in refused:
        return "text"
    return "int" if FRACTION in refused else "float"


def _told(read: Callable[[str], Value], text: str) -> Value:
    try:
        return read(text)
    except UNTOLD:
        return Unknown(text)


def _read(library: Library, module: str, node: ast.expr, environment: dict[str, str]) -> Value:
    machine = Machine(library, environment=environment)
    try:
        return machine.call(machine.evaluate(node, Scope(module)))
    except UNTOLD:
        return Unknown(ast.unparse(node.body if isinstance(node, ast.Lambda) else node))
