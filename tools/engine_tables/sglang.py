"""Where SGLang keeps its arguments and environment variables, from 0.4.0 on.

Up to 0.5.12 `ServerArgs.add_cli_args` writes its arguments out; from 0.5.15 on they are made from annotated fields
(`A[int, Arg(…)]`), which from 0.5.20 on are collected from the classes listed in `_INPUT_NAMESPACES`.
"""

import ast
from collections.abc import Iterator

from tools.engine_tables import environment, natives
from tools.engine_tables.kinds import Act, Kind, Kinds, Options
from tools.engine_tables.library import Library
from tools.engine_tables.machine import Machine
from tools.engine_tables.parser import Argument, Recorder
from tools.engine_tables.records import record, written
from tools.engine_tables.release import Extract
from tools.engine_tables.source import Source
from tools.engine_tables.values import Class, Instance, Native, Value, Variable

PROJECT = "sglang"
FIRST = "0.4.0"
WANTED = (r"sglang/(?!srt/models/|test/).*\.py$",)
ARGUMENTS = "sglang.srt.server_args"
DERIVING = "sglang.srt.arg_groups.arg_utils"
"""The module that makes arguments from annotated fields."""
ENVIRONMENT = "sglang.srt.environ"


def extract(source: Source) -> Extract:
    """Everything the table holds of one release."""
    library = Library(source, PROJECT)
    described = environment.fields(library, ENVIRONMENT, "Envs")
    variables = described | environment.scanned(library, r"SGL(?:ANG)?_[A-Z0-9_]+", known=described)
    machine = _machine(library, variables)
    kinds = Kinds(machine, FUNCTIONS, (), ACTIONS)
    flags = {each.names[0]: record(each, kinds, inverses=False) for each in _registered(machine)}
    fields, fallbacks = _fields(library), _fallbacks(machine)
    for flag in flags.values():
        flag["dest"] = fields.get(flag["dest"], flag["dest"])
        if flag["dest"] in fallbacks:
            flag["fallback"] = written(fallbacks[flag["dest"]])
    return Extract(source.version, flags, variables, {}, tuple(kinds.strange), tuple(machine.undecided))


def _machine(library: Library, variables: environment.Variables) -> Machine:
    of = Class(ARGUMENTS, _server_args(library))
    read = {
        name: Instance(None, {"get": Native(lambda name=name, default=default: Variable(name, default))})
        for name, (default, _) in variables.items()
    }
    given: dict[tuple[str, str], Value] = {
        (ARGUMENTS, of.name): of,
        (DERIVING, "record_fields"): Native(lambda of: natives.fields(machine, of)),
        (DERIVING, "is_record"): Native(lambda _: True),
        (ENVIRONMENT, "envs"): Instance(None, dict(read)),
    }
    machine = Machine(library, given=given, argv=("launch_server",))
    if library.definition(ARGUMENTS, "_INPUT_NAMESPACES"):  # before 0.5.20 the class has its fields itself
        machine.collected[of] = machine.name(ARGUMENTS, "_INPUT_NAMESPACES")
    return machine


def _server_args(library: Library) -> ast.ClassDef:
    """The class as it is written: its name is given to another value afterwards."""
    names = library.names(ARGUMENTS)
    assert names is not None
    return next(node for node in names.tree.body if isinstance(node, ast.ClassDef) and node.name == "ServerArgs")


def _registered(machine: Machine) -> Iterator[Argument]:
    parser = Recorder()
    machine.call(machine.attribute(machine.name(ARGUMENTS, "ServerArgs"), "add_cli_args"), [parser])
    yield from parser.arguments


def _fields(library: Library) -> dict[str, str]:
    """Where `from_cli_args` puts what the parser calls otherwise (`args.tp_size = args.tensor_parallel_size`)."""
    found: dict[str, str] = {}
    for statement in ast.walk(_server_args(library)):
        match statement:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="args"), attr=field)],
                value=ast.Attribute(value=ast.Name(id="args"), attr=dest),
            ):
                found[dest] = field
    return found


def _fallbacks(machine: Machine) -> dict[str, Value]:
    """What the engine takes in the end for fields that nothing else decides, by field."""
    if machine.library.find(DERIVING, "fallbacks_of") is None:
        return {}
    found = machine.call(machine.name(DERIVING, "fallbacks_of"), [machine.name(ARGUMENTS, "ServerArgs")])
    return found if isinstance(found, dict) else {}


def _retired(kinds: Kinds, of: Class, options: Options) -> str:
    """Whether a flag that is gone stops the start or only warns: its action raises, or is given an error to show."""
    call = kinds.body_of(of, "__call__")
    stops = "raise " in call or ("parser.error(" in call and options.get("error_message") is not None)
    return "refused" if stops else "retired"


def _constant(_: Kinds, __: Class, options: Options) -> str:
    """An old switch that stores one value, or (with `nargs` None) an old flag whose one value became a switch."""
    return "const-value" if "nargs" in options and options["nargs"] is None else "const"


FUNCTIONS: dict[str, Kind] = {
    "human_readable_int": {"type": "si-int"},
    "json_list_type": {"type": "json"},
    "nullable_str": {"type": "str", "nullable": True},
    "parse_cuda_graph_backend_arg": {"type": "str"},
    "parse_cuda_graph_config_arg": {"type": "object"},
}
ACTIONS: dict[str, str | Act | None] = {
    "DeprecatedAction": _retired,
    "DeprecatedAliasStoreAction": "alias",
    "DeprecatedStoreConstAction": _constant,
    "DeprecatedStoreTrueAction": "true",
    "LoRAPathAction": "lora",
}
