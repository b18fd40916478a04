"""What an argument's `type` and `action` do with its words, in the table's terms.

An engine's own conversion functions are known by name, or by what they do where they have none; each engine lists its
own. One that is not known is noted, so that somebody reads it, and taken for text, which refuses nothing.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from tools.engine_tables.machine import Machine
from tools.engine_tables.values import Class, External, Function, Value

Kind: TypeAlias = dict[str, Any]
"""Some of the fields `type`, `nullable` and `config` of a record."""
Read: TypeAlias = Callable[["Kinds", Function], Kind | None]
Options: TypeAlias = Mapping[str, Value]
Act: TypeAlias = Callable[["Kinds", Class, Options], str | None]

PLAIN: dict[Any, Kind] = {
    None: {"type": "str"},
    str: {"type": "str"},
    int: {"type": "int"},
    float: {"type": "float"},
    bool: {"type": "bool-text"},
    External("json.loads"): {"type": "json"},
}
ACTIONS: dict[Any, str | None] = {
    None: None,
    "store": None,
    "store_true": "true",
    "append": "append",
    "help": "help",
    External("argparse.BooleanOptionalAction"): "toggle",
}


class Kinds:
    """The conversions of one release: `functions` by name, `nameless` by what they do, `actions` by class name."""

    def __init__(
        self,
        machine: Machine,
        functions: Mapping[str, Kind | Read],
        nameless: Sequence[Read],
        actions: Mapping[str, str | Act | None],
    ) -> None:
        self.machine = machine
        self.strange: dict[str, None] = {}
        self._functions = functions
        self._nameless = nameless
        self._actions = actions

    def of(self, value: Value) -> Kind:
        """What a `type=` does; the same as text where nobody has read it yet."""
        found = self._known(value)
        if found is None:
            self._note(value)
        return found or {"type": "str"}

    def _known(self, value: Value) -> Kind | None:
        if value is None or isinstance(value, type | External):
            return PLAIN.get(value)
        if not isinstance(value, Function):
            return None
        known = self._functions.get(value.name) if value.name else None
        if known is None:
            return next((kind for read in self._nameless if (kind := read(self, value))), None)
        return known(self, value) if callable(known) else known

    def action(self, options: Options, *, inverses: bool) -> str | None:
        """What an argument's `action=` does, given its other options."""
        value = options.get("action")
        if isinstance(value, Class) and value.name in self._actions:
            known = self._actions[value.name]
            return known(self, value, options) if callable(known) else known
        if (value is None or isinstance(value, str | External)) and value in ACTIONS:
            return "enable-disable" if ACTIONS[value] == "toggle" and inverses else ACTIONS[value]
        self._note(value)
        return None

    def _note(self, value: Value) -> None:
        text = ast.unparse(value.node) if isinstance(value, Function) else repr(value)
        self.strange[text if len(text) < 200 else text[:199] + "…"] = None

    def around(self, function: Function, name: str) -> Value:
        """What a name stands for where a function was made."""
        return self.machine.lookup(name, function.scope)

    def body_of(self, of: Class, method: str) -> str:
        """The source of a class's method; empty when it has none."""
        nodes = (node for node in of.node.body if isinstance(node, ast.FunctionDef) and node.name == method)
        return next((ast.unparse(node) for node in nodes), "")
