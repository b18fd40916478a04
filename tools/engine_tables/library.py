"""The names of an engine's modules: which definition a name stands for, through imports and re-exports."""

import ast
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from tools.engine_tables.source import Source


class Import(Struct, frozen=True):
    """A name that comes from elsewhere: `from module import name`, or (with `name` None) a module."""

    module: str
    name: str | None


Definition: TypeAlias = ast.AST | Import


class Names(Struct):
    """One module: its tree, and what each of its names stands for."""

    module: str
    package: bool
    tree: ast.Module
    defined: dict[str, Definition]
    stars: list[str]


class Library:
    """The modules of one release, read when they are asked for."""

    def __init__(self, source: Source, root: str) -> None:
        self.source = source
        self.root = root
        self._modules: dict[str, Names | None] = {}

    def path(self, module: str) -> str | None:
        """The file of a module; None when the release has none."""
        base = module.replace(".", "/")
        return next((path for path in (f"{base}.py", f"{base}/__init__.py") if path in self.source), None)

    def names(self, module: str) -> Names | None:
        """The names of a module; None when the release has none, or it is not ours."""
        if module not in self._modules:
            path = self.path(module)
            self._modules[module] = None if path is None else self._read(module, path)
        return self._modules[module]

    def owns(self, module: str) -> bool:
        """Whether a module name belongs to the engine."""
        return module == self.root or module.startswith(self.root + ".")

    def definition(self, module: str, name: str) -> "tuple[Names, Definition] | None":
        """What a module's name stands for and in which module that is written, through `from … import *`."""
        names = self.names(module)
        if names is None:
            return None
        if name in names.defined:
            return names, names.defined[name]
        inside = (each for each in names.stars if self.owns(each))
        return next((found for each in inside if (found := self.definition(each, name))), None)

    def find(self, module: str, function: str) -> ast.FunctionDef | None:
        """A function on a module's top level."""
        names = self.names(module)
        found = names.defined.get(function) if names else None
        return found if isinstance(found, ast.FunctionDef) else None

    def _read(self, module: str, path: str) -> Names:
        names = Names(module, path.endswith("/__init__.py"), ast.parse(self.source.text(path)), {}, [])
        index(names, names.tree.body)
        return names


def index(names: Names, body: Sequence[ast.stmt]) -> None:
    """Note what each statement of a module's body defines. Later wins; what runs wins over what only a type checker sees."""
    for statement in body:
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            names.stars.append(absolute(names, statement))
        names.defined.update(_defined(names, statement))
        for part in _parts(statement):
            index(names, part)


def _defined(names: Names, statement: ast.stmt) -> Iterator[tuple[str, Definition]]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name, statement
        case ast.Assign(targets=targets, value=value):
            yield from ((target.id, value) for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.Import(names=aliases):
            for alias in aliases:
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or top, Import(top, None)
        case ast.ImportFrom(names=aliases):
            module = absolute(names, statement)
            yield from ((alias.asname or alias.name, Import(module, alias.name)) for alias in aliases)
        case _ if type(statement).__name__ == "TypeAlias":  # `type X = …` of Python 3.12
            yield statement.name.id, statement.value  # type: ignore[attr-defined]


def _parts(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    match statement:
        case ast.If(test=test, body=body, orelse=orelse):
            seen_by_checker = "TYPE_CHECKING" in ast.dump(test)
            yield from (body, orelse) if seen_by_checker else (orelse, body)
        case ast.Try(body=body, handlers=handlers):
            yield from (handler.body for handler in handlers)
            yield body
        case ast.With(body=body):
            yield body


def absolute(names: Names, statement: ast.ImportFrom) -> str:
    """The module that a `from … import` names, dots resolved."""
    if not statement.level:
        return statement.module or ""
    parts = names.module.split(".")
    parts = parts[: len(parts) - statement.level + (1 if names.package else 0)]
    return ".".join([*parts, statement.module] if statement.module else parts)
