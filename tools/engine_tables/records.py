"""From calls of `add_argument` to the records of the table (`skewguard.knowledge.engines.tables.Flag`).

A record holds only what differs from a plain text argument without default, so that the table stays small.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from tools.engine_tables.kinds import Kinds
from tools.engine_tables.parser import Argument
from tools.engine_tables.values import Class, External, Function, Instance, Member, Unknown, Value, Variable

Record: TypeAlias = dict[str, Any]
TOGGLE = External("argparse.BooleanOptionalAction")
SUPPRESS = External("argparse.SUPPRESS")
NO_TYPE = ("true", "toggle", "enable-disable", "boolean", "const", "refused", "retired")
"""Actions that take no words, or read theirs in their own way."""
CONSTANT = ("const", "const-value")
"""Actions of the engine's own that store what they call `const_value`."""
INVERSES = (("--enable-", "--disable-"), ("--disable-", "--enable-"))


def written(value: Value) -> Any:
    """A value as JSON; what is no plain value says what it is under a key that begins with `$`."""
    match value:
        case Member():
            return written(value.value)
        case Instance(of=Class() as of):
            named = {name: written(each) for name, each in value.attributes.items()}
            return {"$object": of.name, **({"with": named} if named else {})}
        case Variable():
            return {"$env": value.name, "else": written(value.default)}
        case External() if value == SUPPRESS:
            return {"$suppress": True}
        case list() | tuple():
            return [written(each) for each in value]
        case dict():
            return {str(key): written(each) for key, each in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case Unknown(text=text) | External(path=text):
            return {"$expr": text}
        case Class() | Function():
            return {"$expr": value.name}
        case _:
            return {"$expr": repr(value)}


def record(argument: Argument, kinds: Kinds, *, inverses: bool) -> Record:
    """The record of one argument. `inverses`: toggles named `--enable-x` take `--disable-x`, and the other way round."""
    options = argument.options
    names = [name for name in argument.names if isinstance(name, str)]
    action = kinds.action(options, inverses=inverses)
    kind = {} if action in NO_TYPE else kinds.of(options.get("type"))
    found: Record = {
        "dest": _dest(options.get("dest"), names),
        "flags": [*names, *_negations(names, action)],
        "default": False if action == "true" and "default" not in options else written(options.get("default")),
        "action": action,
        **kind,
        "nargs": None if action in NO_TYPE else _counted(options.get("nargs")),
        "const": written(options.get("const_value" if action in CONSTANT else "const")),
        "choices": _choices(options.get("choices"), nullable=bool(kind.get("nullable"))),
        "deprecated": _deprecated(options),
        "required": options.get("required") is True,
    }
    return {
        name: value
        for name, value in found.items()
        if value not in (None, False) or (name, value) == ("default", False)
    }


def _dest(dest: Value, names: Sequence[str]) -> str:
    if isinstance(dest, str):
        return dest
    name = next((name for name in names if name.startswith("--")), names[0])
    return name.lstrip("-").replace("-", "_")


def _negations(names: Sequence[str], action: str | None) -> Iterator[str]:
    long = [name for name in names if name.startswith("--")]
    if action in ("toggle", "enable-disable"):
        yield from (f"--no-{name[2:]}" for name in long)
    if action == "enable-disable":
        for name in long:
            for prefix, inverse in INVERSES:
                if name.startswith(prefix):
                    yield inverse + name.removeprefix(prefix)


def _counted(nargs: Value) -> str | None:
    return str(nargs) if isinstance(nargs, str | int) else None


def _choices(choices: Value, *, nullable: bool) -> list[Any] | None:
    """Sorted and each once; None where a registry fills them in. The text `None` is never met where it means none."""
    if not isinstance(choices, list | tuple):
        return None
    found = {str(choice): choice for choice in map(written, choices) if not (nullable and choice == "None")}
    return [found[text] for text in sorted(found)] or None


def _deprecated(options: Mapping[str, Value]) -> bool:
    action = options.get("action")
    help_ = options.get("help")
    words = help_.text if isinstance(help_, Unknown) else help_
    return (
        options.get("deprecated") is True
        or (isinstance(action, Class) and action.name.startswith("Deprecated"))
        or (isinstance(words, str) and re.search(r"\bdeprecated\b", words, re.IGNORECASE) is not None)
    )


def text_of(function: Function) -> str:
    """The source of a function, laid out anew."""
    return ast.unparse(function.node)
