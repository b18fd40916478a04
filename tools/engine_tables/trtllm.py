"""Where TensorRT-LLM keeps the arguments of `trtllm-serve`, from 0.20.0 on: decorators of one function.

Up to 1.2.1 `@click.option(…)`, later `@stability_option(…)` stand over `serve` in `commands/serve.py`; their defaults are
written out, or taken from fields of `BuildConfig` and `TorchLlmArgs`. The package index holds placeholders for its
releases, without sources: what is read is what somebody put into the cache, `tensorrt-llm/VERSION.zip` with the Python
files of that release. Parsers of reasoning and tools register themselves while their modules load; their names are
taken from the decorators that do it.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from tools.engine_tables import environment
from tools.engine_tables.library import Import, Library
from tools.engine_tables.records import Record
from tools.engine_tables.release import Extract
from tools.engine_tables.source import Source

PROJECT = "tensorrt-llm"
FIRST = "0.20.0"
FETCHED = False
"""The index has no sources of it."""

WANTED = (r"tensorrt_llm/(commands|llmapi|serve)/.*\.py$", r"tensorrt_llm/(builder|logger)\.py$")
SERVE = "tensorrt_llm.commands.serve"
_TYPES = {"int": "int", "IntRange": "int", "float": "float", "FloatRange": "float"}
_READ_AS_JSON = ("media_io_kwargs",)
_WHERE_NONE = {"backend": "tensorrt"}
"""What the start makes of a flag that nobody wrote and that has no default."""

_FIELDS = {
    "KvCacheConfig": ("KvCacheConfig", ("dtype", "enable_block_reuse", "free_gpu_memory_fraction")),
    "LlmArgs": (
        "BaseLlmArgs",
        ("dtype", "enable_chunked_prefill", "load_format", "revision", "tokenizer_mode", "tokenizer_revision"),
    ),
}
"""Fields that the file can hold where no flag sets them, by the class that is read for them."""

_FRACTION = 0.9
"""What the runtime takes where `free_gpu_memory_fraction` is None, as its description says."""

UNKNOWN = object()


def extract(source: Source) -> Extract:
    """Everything the table holds of one release."""
    library = Library(source, "tensorrt_llm")
    reading = _Reading(library)
    flags = {record["flags"][0]: record for record in reading.records()}
    variables = environment.scanned(library, r"TRTLLM_[A-Z0-9_]+", {})
    return Extract(source.version, flags, variables, reading.fields(), tuple(reading.strange))


class _Reading:
    """One release. `strange` are expressions that could not be worked out."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.strange: list[str] = []

    def records(self) -> Iterator[Record]:
        """The record of every argument of the command."""
        function = self._library.find(SERVE, "serve")
        if function is None:
            return
        fields = _handed_on(function)
        for decorator in function.decorator_list:
            match decorator:
                case ast.Call(func=ast.Attribute(attr="argument"), args=[ast.Constant(value=str() as name), *_]):
                    yield {"dest": fields.get(name, name), "flags": [name], "required": True}
                case ast.Call(func=ast.Attribute(attr="option") | ast.Name(id="stability_option")):
                    yield self._option(decorator, fields)

    def fields(self) -> dict[str, Any]:
        """The defaults of fields of the engine's own record."""
        found: dict[str, Any] = {}
        for config, (owner, names) in _FIELDS.items():
            definition = self._defined(owner, "tensorrt_llm.llmapi.llm_args")
            read = {name: self._field(definition, name) for name in names}
            found.update({f"{config}.{name}": value for name, value in read.items() if value is not UNKNOWN})
        fraction = "KvCacheConfig.free_gpu_memory_fraction"
        if fraction in found and found[fraction] is None:
            found[fraction] = _FRACTION
        return found

    def _option(self, call: ast.Call, fields: Mapping[str, str]) -> Record:
        names = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
        parameter = _parameter(names)
        spellings = [part for name in names if name.startswith("-") for part in name.split("/")]
        toggle = any("/" in name for name in names)
        action = "toggle" if toggle else "true" if self._true(given.get("is_flag")) else None
        action = "append" if self._true(given.get("multiple")) else action
        found: Record = {
            "dest": fields.get(parameter, parameter),
            "flags": spellings,
            "default": self._default(given.get("default"), action),
            "action": action,
            **({} if action in ("true", "toggle") else self._type(given.get("type"), parameter)),
            "deprecated": _deprecated(given),
        }
        if found["default"] is None and found["dest"] in _WHERE_NONE:
            found["fallback"] = _WHERE_NONE[found["dest"]]
        return {k: v for k, v in found.items() if v not in (None, False) or (k, v) == ("default", False)}

    def _true(self, node: ast.expr | None) -> bool:
        return isinstance(node, ast.Constant) and node.value is True

    def _default(self, node: ast.expr | None, action: str | None) -> Any:
        if node is None:
            return False if action == "true" else None
        value = self._value(node, SERVE)
        return {"$expr": ast.unparse(node)} if value is UNKNOWN else value

    def _type(self, node: ast.expr | None, parameter: str) -> Record:
        if isinstance(node, ast.Call) and _last(node.func) in ("Choice", "ChoiceWithAlias"):
            listed = [self._value(each, SERVE) for each in node.args]
            if UNKNOWN in listed or not listed:
                self.strange.append(ast.unparse(node))
                return {"type": "str"}
            return {"type": "str", "choices": sorted({str(each) for part in listed for each in part})}
        if parameter in _READ_AS_JSON:
            return {"type": "json"}
        name = _last(node.func if isinstance(node, ast.Call) else node)
        return {"type": _TYPES.get(name, "str")}

    # ---- values ------------------------------------------------------------------------------------------------

    def _value(self, node: ast.expr, module: str) -> Any:
        """A constant expression's value; `UNKNOWN` where it is none that is understood here."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                values = [self._value(part, module) for part in parts]
                return UNKNOWN if UNKNOWN in values else values
            case ast.Dict(keys=keys):
                return [key.value for key in keys if isinstance(key, ast.Constant)]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = self._value(left, module), self._value(right, module)
                return UNKNOWN if UNKNOWN in both else both[0] + both[1]
            case ast.Call(func=ast.Name(id="list" | "tuple"), args=[inner]):
                return self._value(inner, module)
            case ast.Call(func=ast.Attribute(value=owner, attr="keys")):
                return self._keys(owner, module)
            case ast.Attribute(value=ast.Subscript(value=fields, slice=ast.Constant(value=name)), attr="default"):
                return self._field(self._class_of(fields, module), str(name))
            case ast.Attribute(value=ast.Name() as owner, attr=name):
                return self._field(self._defined(owner.id, module), name)
            case ast.Name(id=name):
                found = self._defined(name, module)
                return (
                    UNKNOWN if found is None or not isinstance(found[1], ast.expr) else self._value(found[1], found[0])
                )
        return UNKNOWN

    def _keys(self, owner: ast.expr, module: str) -> Any:
        """The keys of a table that is written out, or that classes enter themselves in."""
        named = owner.value if isinstance(owner, ast.Attribute) else owner
        found = self._defined(named.id, module) if isinstance(named, ast.Name) else None
        if found is None:
            return UNKNOWN
        if isinstance(found[1], ast.expr):
            return self._value(found[1], found[0])
        attribute = owner.attr if isinstance(owner, ast.Attribute) else ""
        written = self._field(found, attribute) if attribute else []
        return (written if isinstance(written, list) and written else None) or self._registered(found[0])

    def _registered(self, module: str) -> Any:
        """The names under which the classes of a module are registered, in the order of the text."""
        names = self._library.names(module)
        decorators = [
            each for node in ast.walk(names.tree) if isinstance(node, ast.ClassDef) for each in node.decorator_list
        ] if names else []  # fmt: skip
        found = [
            each.args[0].value
            for each in decorators
            if isinstance(each, ast.Call) and each.args and isinstance(each.args[0], ast.Constant)
            and _last(each.func).startswith("register")
        ]  # fmt: skip
        return found or UNKNOWN

    def _class_of(self, node: ast.expr, module: str) -> tuple[str, ast.AST] | None:
        """The class whose `model_fields` an expression means, straight or by a name for them."""
        if isinstance(node, ast.Attribute) and node.attr == "model_fields" and isinstance(node.value, ast.Name):
            return self._defined(node.value.id, module)
        found = self._defined(node.id, module) if isinstance(node, ast.Name) else None
        return self._class_of(found[1], found[0]) if found and isinstance(found[1], ast.expr) else None

    def _field(self, owner: tuple[str, ast.AST] | None, name: str) -> Any:
        """The default of a class's field, or of its base's."""
        if owner is None or not isinstance(owner[1], ast.ClassDef):
            return UNKNOWN
        module, definition = owner[0], owner[1]
        for statement in definition.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                    return self._field_default(value, module)
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    return self._value(value, module)
        bases = (self._defined(base.id, module) for base in definition.bases if isinstance(base, ast.Name))
        return next((found for base in bases if (found := self._field(base, name)) is not UNKNOWN), UNKNOWN)

    def _field_default(self, value: ast.expr, module: str) -> Any:
        if isinstance(value, ast.Call) and _last(value.func) in ("Field", "field"):
            given = next((each.value for each in value.keywords if each.arg == "default"), None)
            return UNKNOWN if given is None else self._value(given, module)
        return self._value(value, module)

    def _defined(self, name: str, module: str) -> tuple[str, ast.AST] | None:
        """What a name of a module stands for, and the module that writes it."""
        for _ in range(10):
            found = self._library.definition(module, name)
            if found is None:
                return None
            names, definition = found
            if not isinstance(definition, Import):
                return names.module, definition
            if definition.name is None:
                return None
            module, name = definition.module, definition.name
        return None


def _handed_on(function: ast.FunctionDef) -> dict[str, str]:
    """Under which names of the engine's options the command's parameters are handed on."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and _last(node.func) == "get_llm_args"]
    return {
        keyword.value.id: keyword.arg
        for call in calls[:1]
        for keyword in call.keywords
        if keyword.arg is not None and isinstance(keyword.value, ast.Name)
    }


def _parameter(names: list[str]) -> str:
    """The parameter that click makes of an option's names: the one that is no flag, else the first with most dashes."""
    plain = next((name for name in names if name.isidentifier()), None)
    if plain is not None:
        return plain
    first = max(names, key=lambda name: len(name) - len(name.lstrip("-")))
    return first.partition("/")[0].lstrip("-").replace("-", "_")


def _deprecated(given: Mapping[str, ast.expr]) -> bool:
    status = given.get("status")
    tagged = given.get("help")
    words = [status, *(tagged.args[1:] if isinstance(tagged, ast.Call) else [])]
    return any(isinstance(word, ast.Constant) and word.value == "deprecated" for word in words)


def _last(node: ast.expr | None) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
