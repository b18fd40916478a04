"""SGLang's layouts from 0.4.0 on: written out, made from annotated fields, collected from several classes."""

from tests.tools.trees import flag, of_sglang

ACTIONS = """
    import argparse, json

    def human_readable_int(value):
        return int(value)

    class LoRAPathAction(argparse.Action):
        def __call__(self, parser, namespace, values, option_string=None):
            setattr(namespace, self.dest, values)

    class DeprecatedAction(argparse.Action):
        def __init__(self, option_strings, dest, error_message=None, nargs=0, **kwargs):
            super().__init__(option_strings, dest, nargs=nargs, **kwargs)

        def __call__(self, parser, namespace, values, option_string=None):
            if self.error_message is not None:
                parser.error(self.error_message)

    class DeprecatedStoreTrueAction(argparse.Action):
        pass

    class DeprecatedStoreConstAction(argparse.Action):
        pass
"""
DERIVING = """
    from __future__ import annotations
    import dataclasses, msgspec
    from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

    A = Annotated
    _MISSING = dataclasses.MISSING

    class Arg(msgspec.Struct, frozen=True):
        help: str = ""
        choices: list | None = None
        aliases: list[str] | None = None
        cli_name: str | None = None
        type_parser: Any = None
        action: Any | None = None
        action_kwargs: dict | None = None
        no_cli: bool = False
        fallback: Any = None

    def record_fields(cls):
        if isinstance(cls, type) and issubclass(cls, msgspec.Struct):
            return msgspec.structs.fields(cls)
        return dataclasses.fields(cls)

    def is_record(cls):
        return issubclass(cls, msgspec.Struct)

    def fallbacks_of(cls):
        if not is_record(cls):
            return {}
        hints = get_type_hints(cls, include_extras=True)
        found = {}
        for field in record_fields(cls):
            _, arg = _unwrap(hints.get(field.name, field.type))
            if arg is not None and arg.fallback is not None:
                found[field.name] = arg.fallback
        return found

    def _unwrap(tp):
        if get_origin(tp) is Annotated:
            inner = get_args(tp)[0]
            for each in get_args(tp)[1:]:
                if isinstance(each, Arg):
                    return inner, each
                if isinstance(each, str):
                    return inner, Arg(help=each)
            return inner, None
        return tp, None

    def _optional(tp):
        if get_origin(tp) is Union:
            rest = [each for each in get_args(tp) if each is not type(None)]
            if len(rest) == 1:
                return rest[0], True
        return tp, False

    def _infer(tp):
        if tp is int:
            return int
        if tp is float:
            return float
        return str

    def _field_default(field):
        absent = (_MISSING, msgspec.NODEFAULT)
        if field.default not in absent:
            return field.default
        if field.default_factory not in absent:
            return field.default_factory()
        return _MISSING

    def add_cli_args_from_dataclass(parser, cls):
        hints = get_type_hints(cls, include_extras=True)
        for field in record_fields(cls):
            raw, meta = _unwrap(hints.get(field.name))
            if meta is None or meta.no_cli:
                continue
            name = meta.cli_name or "--" + field.name.replace("_", "-")
            names = [name] + (meta.aliases or [])
            default = _field_default(field)
            auto = name.lstrip("-").replace("-", "_")
            kwargs = {"help": meta.help, **({"dest": field.name} if field.name != auto else {})}
            if default is not _MISSING:
                kwargs["default"] = default
            if meta.action is not None:
                kwargs.update(action=meta.action, **(meta.action_kwargs or {}))
                parser.add_argument(*names, **kwargs)
                continue
            inner, optional = _optional(raw)
            if get_origin(inner) is Literal:
                kwargs.update(type=str, choices=meta.choices or list(get_args(inner)))
            elif get_origin(inner) is list and meta.type_parser is None:
                kwargs.update(type=_infer(get_args(inner)[0]), nargs="+")
            elif inner is bool:
                kwargs["action"] = "store_true"
            else:
                kwargs["type"] = meta.type_parser or _infer(inner)
                if meta.choices:
                    kwargs["choices"] = meta.choices
                if default is _MISSING:
                    kwargs["required"] = True
            parser.add_argument(*names, **kwargs)
"""
FIELDS = """
        model_path: A[str, Arg(help="the model", aliases=["--model"])]
        port: A[int, f"The {'port'} of the server."] = 30000
        tp_size: A[int, Arg(cli_name="--tensor-parallel-size", aliases=["--tp-size"])] = 1
        context_length: A[Optional[int], Arg(type_parser=human_readable_int)] = None
        policy: A[Literal["lpm", "fcfs"], "order"] = "fcfs"
        stops: A[Optional[List[str]], "words"] = None
        overrides: A[str, Arg(type_parser=json.loads)] = "{}"
        trust: A[bool, "custom models"] = False
        ratio: A[Optional[float], Arg(fallback=0.8)] = None
        hidden: A[bool, Arg(no_cli=True)] = False
        unlisted: int = 4
"""
IMPORTS = """
    from __future__ import annotations
    import argparse, dataclasses, json, msgspec
    from typing import List, Literal, Optional
    from sglang.srt.arg_groups.arg_utils import A, Arg, add_cli_args_from_dataclass
    from sglang.srt.arg_groups.argparse_actions import *
    from sglang.srt.environ import envs
"""
ENVIRON = """
    def _default_hip() -> bool:
        import torch
        return torch.version.hip is not None

    class EnvField:
        def __init__(self, default):
            self.default = default

        def get(self):
            text = os.getenv(self.name)
            try:
                return self.parse(text)
            except ValueError as error:
                warnings.warn(str(error))
                return self.default

    class EnvInt(EnvField):
        def parse(self, value):
            try:
                return int(value)
            except ValueError:
                raise ValueError("no number")

    class EnvStr(EnvField):
        def parse(self, value):
            return value

    class EnvBool(EnvField):
        def parse(self, value):
            if value.lower() in ["true", "1", "yes"]:
                return True
            if value.lower() in ["false", "0", "no"]:
                return False
            raise ValueError("neither")

    class OldName:
        def get(self):
            return super().get()

    class EnvBoolWithOldName(OldName, EnvBool):
        pass

    class Envs:
        SGLANG_WORKERS = EnvInt(4)
        SGLANG_ORACLE = EnvBool(False)
        SGLANG_FUSED = EnvBool(_default_hip)
        SGLANG_RENAMED = EnvBoolWithOldName(True, old="SGLANG_FORMER")
        SGLANG_FOLDER = EnvStr("/var/x")

    envs = Envs()
"""
COMMON = {
    "sglang/srt/arg_groups/arg_utils.py": DERIVING,
    "sglang/srt/arg_groups/argparse_actions.py": ACTIONS,
    "sglang/srt/environ.py": ENVIRON,
}


def test_written_out_arguments_end_in_the_fields_they_are_copied_to() -> None:
    """0.4 to 0.5.12: `from_cli_args` renames what the parser calls otherwise."""
    server_args = (
        ACTIONS
        + """
    import dataclasses
    from typing import List, Optional

    class Refusing(argparse.Action):
        def __call__(self, parser, namespace, values, option_string=None):
            raise ValueError(self.help)

    @dataclasses.dataclass
    class ServerArgs:
        model_path: str
        tp_size: int = 1
        lora_paths: Optional[List[str]] = None
        schedule_policy: str = "lpm"

        @staticmethod
        def add_cli_args(parser: argparse.ArgumentParser):
            parser.add_argument("--model-path", "--model", type=str, required=True)
            parser.add_argument("--tensor-parallel-size", "--tp-size", type=int, default=ServerArgs.tp_size)
            parser.add_argument("--lora-paths", type=str, nargs="*", default=None, action=LoRAPathAction)
            parser.add_argument("--schedule-policy", default=ServerArgs.schedule_policy, choices=["lpm", "fcfs"])
            parser.add_argument("--old", action=DeprecatedAction, help="it is gone")
            parser.add_argument("--older", action=DeprecatedAction, error_message="use --new")

        @classmethod
        def from_cli_args(cls, args):
            args.tp_size = args.tensor_parallel_size
            return cls(**{each.name: getattr(args, each.name) for each in dataclasses.fields(cls)})

    @dataclasses.dataclass
    class PortArgs:
        port: int = 1
    """
    )
    found = of_sglang("0.4.10", {"sglang/srt/server_args.py": server_args})

    assert (found.strange, found.undecided) == ((), ())
    assert found.flags["--model-path"]["required"] is True
    assert found.flags["--tensor-parallel-size"] == {
        "dest": "tp_size",
        "flags": ["--tensor-parallel-size", "--tp-size"],
        "type": "int",
        "default": 1,
    }
    assert flag(found, "--lora-paths")["action"] == "lora"
    assert flag(found, "--old") == {"dest": "old", "action": "retired", "deprecated": True}
    assert flag(found, "--older") == {"dest": "older", "action": "refused", "deprecated": True}


def _annotated() -> str:
    return (
        IMPORTS
        + """
    @dataclasses.dataclass
    class ServerArgs:"""
        + FIELDS
        + """
        @staticmethod
        def add_cli_args(parser):
            add_cli_args_from_dataclass(parser, ServerArgs)
            choices = {"plain"}
            if envs.SGLANG_ORACLE.get():
                choices.add("oracle")
            parser.add_argument("--sampling", type=str, choices=choices, default="plain")
            parser.add_argument("--no-graph", action=DeprecatedStoreConstAction, const_value="off", dest="graph")
            parser.add_argument(
                "--kernel", action=DeprecatedStoreConstAction, nargs=None, choices=["amd"], const_value=True, dest="fast"
            )
    """
    )


def _collected() -> str:
    return (
        IMPORTS
        + """
    class Model(msgspec.Struct):"""
        + FIELDS.replace("        trust:", "    class Device(msgspec.Struct):\n        trust:")
        + """
    class ServerArgs:
        @staticmethod
        def add_cli_args(parser):
            add_cli_args_from_dataclass(parser, ServerArgs)
            parser.add_argument("--device", type=str, default=_declared_default("port"))

    _INPUT_NAMESPACES = [Model, Device]
    ServerArgs = msgspec.defstruct("ServerArgs", [(name, int) for name in _INPUT_NAMESPACES])

    def _declared_default(name):
        return next(field.default for field in msgspec.structs.fields(ServerArgs) if field.name == name)
    """
    )


def test_annotated_fields_give_arguments_with_names_types_and_aliases() -> None:
    """0.5.15 to 0.5.18: what stands in `Arg(…)` or a bare text beside the type."""
    found = of_sglang("0.5.18", {"sglang/srt/server_args.py": _annotated(), **COMMON})

    assert (found.strange, found.undecided) == ((), ())
    assert found.flags["--model-path"]["flags"] == ["--model-path", "--model"]
    assert found.flags["--model-path"]["required"] is True
    assert flag(found, "--port") == {"dest": "port", "type": "int", "default": 30000}
    assert found.flags["--tensor-parallel-size"]["dest"] == "tp_size"
    assert flag(found, "--context-length") == {"dest": "context_length", "type": "si-int"}
    assert flag(found, "--policy") == {
        "dest": "policy",
        "type": "str",
        "default": "fcfs",
        "choices": ["fcfs", "lpm"],
    }
    assert flag(found, "--stops") == {"dest": "stops", "type": "str", "nargs": "+"}
    assert flag(found, "--overrides")["type"] == "json"
    assert flag(found, "--trust") == {"dest": "trust", "action": "true", "default": False}
    assert not {"--hidden", "--unlisted"} & found.flags.keys()


def test_choices_that_hang_on_a_variable_are_those_without_it() -> None:
    """A variable that nobody set switches nothing on."""
    found = of_sglang("0.5.18", {"sglang/srt/server_args.py": _annotated(), **COMMON})

    assert flag(found, "--sampling")["default"] == "plain"
    assert "oracle" not in flag(found, "--sampling").get("choices", [])


def test_old_switches_store_what_took_their_place() -> None:
    """With a value of their own, or in place of the one value they took."""
    found = of_sglang("0.5.18", {"sglang/srt/server_args.py": _annotated(), **COMMON})

    assert flag(found, "--no-graph") == {"dest": "graph", "action": "const", "const": "off", "deprecated": True}
    assert flag(found, "--kernel") == {
        "dest": "fast",
        "type": "str",
        "action": "const-value",
        "const": True,
        "choices": ["amd"],
        "deprecated": True,
    }


def test_fields_collected_from_several_classes_read_alike() -> None:
    """0.5.20 on: the class that is called has no fields of its own, and its name is given to another value later."""
    found = of_sglang("0.5.20", {"sglang/srt/server_args.py": _collected(), **COMMON})
    before = of_sglang("0.5.18", {"sglang/srt/server_args.py": _annotated(), **COMMON})

    assert found.undecided == ()
    for name in ("--model-path", "--port", "--policy", "--stops", "--trust"):
        assert found.flags[name] == before.flags[name]
    assert flag(found, "--ratio") == {"dest": "ratio", "type": "float", "fallback": 0.8}
    assert flag(found, "--device")["default"] == 30000


READERS = """
    import os

    def get_bool_env_var(name, default="false"):
        value = os.getenv(name, default).lower()
        if value not in ("true", "1") and value not in ("false", "0"):
            logger.warning(name)
        return value in ("true", "1")

    def get_int_env_var(name, default=0):
        value = os.getenv(name)
        if value is None:
            return default
        try:
            return int(value)
        except ValueError:
            return default
"""


def test_variables_come_from_descriptors_and_from_reading_calls() -> None:
    """Those described in one place first; the others wherever a file reads them. Each says which texts it takes."""
    elsewhere = """
        import os
        from sglang.srt.utils import get_bool_env_var, get_int_env_var

        LIMIT = int(os.environ.get("SGLANG_LIMIT", "16"))
        FAST = get_bool_env_var("SGLANG_FAST", default="true")
        SIZE = get_int_env_var("SGLANG_SIZE", 7)
        WORKERS = os.getenv("SGLANG_WORKERS", "9")
        OTHER = os.getenv("SOME_OTHER", "9")

        def ratio():
            try:
                return float(os.getenv("SGLANG_RATIO", "0.5"))
            except ValueError:
                return 0.5
        """
    files = {
        "sglang/srt/server_args.py": _annotated(),
        "sglang/srt/layers/moe.py": elsewhere,
        "sglang/srt/utils.py": READERS,
        **COMMON,
    }

    assert of_sglang("0.5.18", files).variables == {
        "SGLANG_WORKERS": (4, "lenient-int"),
        "SGLANG_ORACLE": (False, "lenient-bool"),
        "SGLANG_FUSED": ({"$expr": "_default_hip"}, "lenient-bool"),
        "SGLANG_RENAMED": (True, "lenient-bool"),
        "SGLANG_FOLDER": ("/var/x", "text"),
        "SGLANG_LIMIT": ("16", "int"),
        "SGLANG_FAST": ("true", "truth"),
        "SGLANG_SIZE": (7, "lenient-int"),
        "SGLANG_RATIO": ("0.5", "lenient-float"),
    }


def test_variable_that_is_converted_later_takes_what_its_conversion_takes() -> None:
    """`port = os.getenv(…)`, and a number made of it further down; the default is the first reading's."""
    elsewhere = """
        import os

        def open_port():
            port = os.getenv("SGLANG_PORT")
            if port is not None:
                port = int(port)
            return port

        def other():
            port = os.getenv("SGLANG_NAME")
            return port
        """
    files = {"sglang/srt/server_args.py": _annotated(), "sglang/srt/utils.py": elsewhere}

    found = of_sglang("0.5.5", {**COMMON, **files}).variables

    assert (found["SGLANG_PORT"], found["SGLANG_NAME"]) == ((None, "int"), (None, "text"))
