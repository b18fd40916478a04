"""Which of an engine's functions that decide settings at its start have changed since somebody read them for a rule.

The rules of `skewguard.knowledge.engines` are written by hand after such functions. A file beside them notes for each
function the release at which it was read and a fingerprint of its syntax tree, in which comments, docstrings and
layout do not count.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from tools.engine_tables.source import Source

DIGITS = 12
"""Hexadecimal digits of a fingerprint: enough to tell two texts of one function apart."""


class Noted(Struct, frozen=True):
    """A function by its name (`Class.method` for one of several), when it was read and what it was then.

    `rules` say what rests on it. `fingerprint` is None where the release has no such function.
    """

    function: str
    rules: tuple[str, ...]
    read: str
    fingerprint: str | None


def parse(text: str | bytes) -> dict[str, tuple[Noted, ...]]:
    """The file: what was noted, by engine. Raises `msgspec.ValidationError`."""
    return msgspec.json.decode(text, type=dict[str, tuple[Noted, ...]])


def text(noted: Mapping[str, Sequence[Noted]]) -> str:
    """The file's text: one function on a line."""
    parts = []
    for engine in sorted(noted):
        rows = sorted(noted[engine], key=lambda row: row.function)
        parts.append(f'"{engine}":[\n' + ",\n".join(msgspec.json.encode(row).decode() for row in rows) + "\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def fingerprint(source: Source, root: str, function: str) -> tuple[str | None, tuple[str, ...]]:
    """The fingerprint of a function, and where it stands (`file:line`); all that bear the name count together."""
    owner, _, name = function.rpartition(".")
    found = sorted(_bodies(source, root, owner, name))
    if not found:
        return None, ()
    digest = hashlib.sha256("\n".join(body for body, _ in found).encode()).hexdigest()
    return digest[:DIGITS], tuple(place for _, place in found)


def changed(source: Source, root: str, noted: Iterable[Noted]) -> Iterator[str]:
    """A line for each function that is no longer what it was when somebody read it."""
    for row in noted:
        now, places = fingerprint(source, root, row.function)
        if now == row.fingerprint:
            continue
        what = "is gone" if now is None else "is new" if row.fingerprint is None else "has another body"
        where = f" ({', '.join(places)})" if places else ""
        yield f"  {row.function} {what} since {row.read}{where}: read it again for {', '.join(row.rules)}"


def read_again(source: Source, root: str, noted: Iterable[Noted], functions: Sequence[str]) -> list[Noted]:
    """The notes after somebody has read functions (all of them when none is named) at this release."""
    return [
        Noted(row.function, row.rules, source.version, fingerprint(source, root, row.function)[0])
        if not functions or row.function in functions
        else row
        for row in noted
    ]


def _bodies(source: Source, root: str, owner: str, name: str) -> Iterator[tuple[str, str]]:
    """(syntax tree, place) of every function of a name, in the class `owner` if one is given."""
    written = re.compile(rf"\bdef {re.escape(name)}\(")
    for path in source.under(root):
        if written.search(code := source.text(path)):
            for within, node in _functions(ast.parse(code)):
                if node.name == name and (not owner or within == owner):
                    yield _shape(_bare(node)), f"{path}:{node.lineno}"


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for statement in ast.walk(tree):
        if isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield statement.name, inner
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield "", statement


def _shape(node: ast.AST) -> str:
    """A syntax tree as text that every version of Python writes alike: what is empty is left out."""
    parts = []
    for name, value in ast.iter_fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                parts.append(f"{name}={_shape(item)}")
            elif item is not None:
                parts.append(f"{name}={item!r}")
    return f"{type(node).__name__}({' '.join(parts)})"


def _bare(node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
    """A function without its docstrings, nor those of what stands in it."""
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = each.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                each.body = each.body[1:] or [ast.Pass()]
    return node
