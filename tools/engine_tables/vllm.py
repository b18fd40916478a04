"""Where vLLM keeps its arguments, environment variables and config classes, from 0.4.2 on.

Arguments were written out one by one up to 0.8.2; then more and more of them were made from the fields of config
classes by `get_kwargs`, which is read like everything else, so that its own changes need no code here. The module
`cli_args` moved twice; it is looked for.
"""

from collections.abc import Iterator, Sequence

from tools.engine_tables import classes, environment
from tools.engine_tables.kinds import Kind, Kinds, Read
from tools.engine_tables.library import Library
from tools.engine_tables.machine import UNTOLD, Machine
from tools.engine_tables.parser import Argument, Recorder
from tools.engine_tables.records import record, text_of, written
from tools.engine_tables.release import Extract
from tools.engine_tables.source import Source
from tools.engine_tables.values import CannotTell, Class, Function, Instance, Native, Unknown, Value, Variable

PROJECT = "vllm"
FIRST = "0.4.2"
WANTED = (r"vllm/(?!model_executor/models/).*\.py$",)
ENVIRONMENT = "vllm.envs"
API_SERVER = ("api_server",)
SERVE = ("vllm", "serve")
"""What the two programs find in `sys.argv`: what they register may depend on it."""


def extract(source: Source) -> Extract:
    """Everything the table holds of one release."""
    library = Library(source, PROJECT)
    variables = environment.declared(library, ENVIRONMENT, "environment_variables")
    machine = _machine(library, variables, API_SERVER)
    kinds = Kinds(machine, FUNCTIONS, NAMELESS, ACTIONS)
    inverses = "EnableDisableAction" in _defined(library, "vllm.utils.argparse_utils")
    flags = {each.names[0]: record(each, kinds, inverses=inverses) for each in _registered(machine)}
    for each in _served(_machine(library, variables, SERVE)):
        if each.names[0] not in flags:
            flags[each.names[0]] = {**record(each, kinds, inverses=inverses), "serve_only": True}
    return Extract(source.version, flags, variables, _configs(machine), tuple(kinds.strange), tuple(machine.undecided))


def _machine(library: Library, variables: environment.Variables, argv: Sequence[str]) -> Machine:
    def variable(name: str) -> Value:
        if name not in variables:
            raise CannotTell(name)
        return Variable(name, variables[name][0])

    arguments = "vllm.engine.arg_utils"
    docs = Native(lambda of: {field.name: field.doc for field in classes.fields(machine, of)})
    given = {
        (arguments, "NEEDS_HELP"): True,
        (arguments, "get_attr_docs"): docs,
        ("vllm.platforms", "current_platform"): Unknown("current_platform"),
        ("vllm.plugins", "load_general_plugins"): Native(lambda: None),
    }
    machine = Machine(library, given=given, modules={ENVIRONMENT: variable}, argv=argv)
    return machine  # `docs` holds on to the name


def _defined(library: Library, module: str) -> tuple[str, ...]:
    names = library.names(module)
    return tuple(names.defined) if names else ()


def _registered(machine: Machine) -> list[Argument]:
    """What `make_arg_parser` registers, which both programs share."""
    library = machine.library
    paths = (path for path in library.source.under("vllm/entrypoints") if path.endswith("/cli_args.py"))
    modules = (path.removesuffix(".py").replace("/", ".") for path in paths)
    module = next(module for module in modules if library.find(module, "make_arg_parser"))
    given = Recorder()
    made = machine.call(machine.name(module, "make_arg_parser"), [given])
    return (made if isinstance(made, Recorder) and made.arguments else given).arguments


def _served(machine: Machine) -> list[Argument]:
    """What the parser of `vllm serve` has; nothing before there was such a command."""
    if machine.library.names("vllm.entrypoints.cli.serve"):
        root = Recorder()
        command = Instance(machine.name("vllm.entrypoints.cli.serve", "ServeSubcommand"), {"name": "serve"})
        machine.call(machine.attribute(command, "subparser_init"), [root])
        return root.commands["serve"].arguments
    if machine.library.find("vllm.scripts", "main"):
        machine.call(machine.name("vllm.scripts", "main"))
        return next(parser.commands["serve"].arguments for parser in machine.parsers if "serve" in parser.commands)
    return []


def _configs(machine: Machine) -> dict[str, object]:
    """The fields of every config class, by `Class.field`."""
    found: dict[str, object] = {}
    for of in _config_classes(machine):
        for field in classes.fields(machine, of):
            missing = field.default is classes.MISSING or field.default == classes.MISSING
            found[f"{of.name}.{field.name}"] = {"$required": True} if missing else written(field.default)
    return found


def _config_classes(machine: Machine) -> Iterator[Class]:
    library = machine.library
    paths = list(library.source.under("vllm/config")) or ["vllm/config.py"]
    for path in paths:
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in _defined(library, module):
            try:
                value = machine.name(module, name)
            except UNTOLD:
                continue
            if isinstance(value, Class) and value.module == module and classes.is_dataclass(machine, value):
                yield value


# ---- conversions ----------------------------------------------------------------------------------------------------


def _optional(kinds: Kinds, function: Function) -> Kind:
    """`optional_type(…)`; for a while (0.8.5) it took pairs where the text was no JSON object."""
    inner = kinds.of(kinds.around(function, "return_type"))
    pairs = inner.get("type") == "json" and "nullable_kvs" in text_of(function)
    return {**inner, **({"type": "json-or-pairs"} if pairs else {}), "nullable": True}


def _parsed(kinds: Kinds, function: Function) -> Kind:
    """`parse_type(…)`; in 0.9 it took pairs where the text was no JSON object."""
    inner = kinds.of(kinds.around(function, "return_type"))
    pairs = inner.get("type") == "json" and "nullable_kvs" in text_of(function)
    return {**inner, "type": "json-or-pairs"} if pairs else inner


def _of_class(kinds: Kinds, of: Class) -> Kind:
    """A JSON object that becomes a config class; some took a level alone."""
    level = "in ['0', '1', '2', '3']" in kinds.body_of(of, "from_cli")
    return {"type": "level-or-object" if level else "object", "config": of.name}


def _from_class(kinds: Kinds, function: Function) -> Kind | None:
    of = function.bound or function.owner
    return _of_class(kinds, of) if isinstance(of, Class) else None


def _dataclass(kinds: Kinds, function: Function) -> Kind:
    of = function.defaults["cls"]
    kind = _of_class(kinds, of)
    return kind if "from_cli" in text_of(function) else {**kind, "type": "object"}


def _lambda(kinds: Kinds, function: Function) -> Kind | None:
    text = text_of(function)
    if "f=from_cli" in text:
        return kinds.of(function.defaults["f"])
    if "f=dataclass_cls" in text:
        return {"type": "object", "config": function.defaults["f"].name}
    return next((kind for part, kind in LAMBDAS.items() if part in text), None)


LAMBDAS: dict[str, Kind] = {
    ".lower().replace('-', '_')": {"type": "lower"},
    "device_id.isdigit()": {"type": "device-ids"},
    "configs.split(',')": {"type": "str"},
}
NAMELESS = (_lambda,)
FUNCTIONS: dict[str, Kind | Read] = {
    "nullable_str": {"type": "str", "nullable": True},
    "nullable_kvs": {"type": "pairs", "nullable": True},
    "human_readable_int": {"type": "human-int"},
    "human_readable_int_or_auto": {"type": "human-int-or-auto"},
    "union_dict_and_str": {"type": "json-or-str"},
    "parse_reasoning_parser": {"type": "str"},
    "_optional_type": _optional,
    "_parse_type": _parsed,
    "parse_dataclass": _dataclass,
    "from_cli": _from_class,
    "from_json": _from_class,
}
ACTIONS: dict[str, str | None] = {
    "LoRAParserAction": "lora",
    "PromptAdapterParserAction": "adapters",
    "StoreBoolean": "boolean",
    "DeprecatedLogConfigFileAction": None,
}
