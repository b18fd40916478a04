"""A release in the manner of vLLM from 0.9 on, whose arguments are made from the fields of config classes."""

ARGUMENTS = """
    import argparse, copy, functools, json, re, sys
    from dataclasses import MISSING, dataclass, fields, is_dataclass
    from types import UnionType
    from typing import Annotated, Any, Literal, Union, get_args, get_origin

    from pydantic import TypeAdapter
    from pydantic.fields import FieldInfo

    from vllm.config import CacheConfig, CompilationConfig, ModelConfig, get_attr_docs, get_field
    from vllm.plugins import load_general_plugins
    from vllm.utils.argparse_utils import human_readable_int, human_readable_int_or_auto

    NEEDS_HELP = any("--help" in each for each in sys.argv)

    def parse_type(return_type):
        def _parse_type(val):
            return return_type(val)
        return _parse_type

    def optional_type(return_type):
        def _optional_type(val):
            return None if val in ("", "None") else parse_type(return_type)(val)
        return _optional_type

    def is_type(type_hint, type):
        return type_hint is type or get_origin(type_hint) is type

    def contains_type(type_hints, type):
        return any(is_type(each, type) for each in type_hints)

    def get_type(type_hints, type):
        return next((each for each in type_hints if is_type(each, type)), None)

    def get_type_hints(type_hint):
        found = set()
        if get_origin(type_hint) is Annotated:
            found.update(get_type_hints(get_args(type_hint)[0]))
        elif get_origin(type_hint) in {Union, UnionType}:
            for each in get_args(type_hint):
                found.update(get_type_hints(each))
        else:
            found.add(type_hint)
        return found

    @functools.lru_cache(maxsize=30)
    def _compute_kwargs(cls):
        docs = get_attr_docs(cls) if NEEDS_HELP else {}
        kwargs = {}
        for field in fields(cls):
            type_hints = get_type_hints(field.type)
            dataclass_cls = next((each for each in type_hints if is_dataclass(each)), None)
            if field.default is not MISSING:
                default = field.default
                if isinstance(default, FieldInfo):
                    default = default.default
            elif field.default_factory is not MISSING:
                default = field.default_factory()
            name = field.name
            kwargs[name] = {"default": default, "help": docs.get(name, "").strip()}
            if dataclass_cls is not None:
                def parse_dataclass(val, cls=dataclass_cls):
                    return TypeAdapter(cls).validate_json(val)
                kwargs[name]["type"] = parse_dataclass
            elif type_hints == {bool, str, type(None)}:
                kwargs[name].update(type=str, nargs="?", const=True)
            elif contains_type(type_hints, bool):
                kwargs[name]["action"] = argparse.BooleanOptionalAction
            elif contains_type(type_hints, Literal):
                options = get_args(get_type(type_hints, Literal))
                kwargs[name].update(type=type(options[0]), choices=sorted(options))
            elif contains_type(type_hints, list):
                kwargs[name].update(type=get_args(get_type(type_hints, list))[0], nargs="+")
            elif contains_type(type_hints, int):
                if name == "max_len":
                    kwargs[name]["type"] = human_readable_int_or_auto
                elif name in {"max_tokens"}:
                    kwargs[name]["type"] = human_readable_int
                else:
                    kwargs[name]["type"] = int
            elif contains_type(type_hints, dict):
                kwargs[name]["type"] = parse_type(json.loads)
            elif contains_type(type_hints, str):
                kwargs[name]["type"] = str
            else:
                raise ValueError(f"no type for {name}")
            if type(None) in type_hints and not contains_type(type_hints, bool):
                kwargs[name]["type"] = optional_type(kwargs[name]["type"])
                if kwargs[name].get("choices"):
                    kwargs[name]["choices"].append("None")
        return kwargs

    def get_kwargs(cls):
        return copy.deepcopy(_compute_kwargs(cls))

    @dataclass
    class EngineArgs:
        model: str = ModelConfig.model

        @staticmethod
        def add_cli_args(parser):
            kwargs = get_kwargs(ModelConfig)
            group = parser.add_argument_group(title="ModelConfig")
            if not ("serve" in sys.argv[1:] and "--help" in sys.argv[1:]):
                group.add_argument("--model", **kwargs["model"])
            group.add_argument("--max-len", **kwargs["max_len"])
            group.add_argument("--max-tokens", **kwargs["max_tokens"])
            group.add_argument("--dtype", **kwargs["dtype"])
            group.add_argument("--token", **kwargs["token"])
            group.add_argument("--names", **kwargs["names"])
            group.add_argument("--overrides", **kwargs["overrides"])
            group.add_argument("--pooling", **{**kwargs["pooling"], "default": "mean"})
            group.add_argument("--enable-caching", **get_kwargs(CacheConfig)["caching"])
            group.add_argument("--compilation", "-cc", **get_kwargs(CacheConfig)["compilation"])
            return parser

    @dataclass
    class AsyncEngineArgs(EngineArgs):
        @staticmethod
        def add_cli_args(parser):
            load_general_plugins()
            return EngineArgs.add_cli_args(parser)
"""
CONFIG = {
    "vllm/config/__init__.py": """
        from vllm.config.cache import CacheConfig, CompilationConfig
        from vllm.config.model import *
        from vllm.config.utils import get_attr_docs, get_field
        """,
    "vllm/config/utils.py": """
        from dataclasses import MISSING, dataclass, field, fields

        def config(cls):
            return dataclass(cls)

        def get_attr_docs(cls):
            raise NotImplementedError("it reads the class's own source")

        def get_field(cls, name):
            found = {each.name: each for each in fields(cls)}
            if name not in found:
                raise ValueError(name)
            if found[name].default is not MISSING:
                return field(default=found[name].default)
            return field(default_factory=found[name].default_factory)
        """,
    "vllm/config/model.py": '''
        from __future__ import annotations
        from typing import Literal
        import torch
        import vllm.envs as envs
        from pydantic import Field
        from vllm.config.utils import config

        DType = Literal["auto", "bfloat16", "float16"]

        @config
        class ModelConfig:
            """What is served."""
            model: str = "a/small-model"
            max_len: int | None = Field(default=None, ge=-1)
            max_tokens: int = 2048
            dtype: DType | torch.dtype = "auto"
            token: bool | str | None = None
            names: list[str] | None = None
            overrides: dict = Field(default_factory=dict)
            pooling: Literal["mean", "last"] | None = None
            """How to pool. This one is deprecated."""
            log_level: str = envs.VLLM_LOGGING_LEVEL
            device: str = Field(default_factory=lambda: torch.device_of())
        ''',
    "vllm/config/cache.py": """
        from vllm.config.utils import config
        from pydantic import Field

        @config
        class CompilationConfig:
            level: int = 3
            passes: list[str] = Field(default_factory=list)

        @config
        class CacheConfig:
            size: int = Field(...)
            caching: bool | None = None
            compilation: CompilationConfig = Field(default_factory=CompilationConfig)
        """,
}
FRONTEND = """
    from dataclasses import dataclass, field
    from vllm.config.utils import config
    from vllm.engine.arg_utils import AsyncEngineArgs, get_kwargs

    @config
    class BaseFrontendArgs:
        host: str | None = None
        headers: list[str] = field(default_factory=lambda: ["*"])

        @classmethod
        def _customize_cli_kwargs(cls, kwargs):
            del kwargs["headers"]["nargs"]
            return kwargs

        @classmethod
        def add_cli_args(cls, parser):
            kwargs = cls._customize_cli_kwargs(get_kwargs(cls))
            group = parser.add_argument_group(title="Frontend")
            for name, each in kwargs.items():
                group.add_argument(f"--{name.replace('_', '-')}", **each)
            return parser

    @config
    class FrontendArgs(BaseFrontendArgs):
        port: int = 8000

        @classmethod
        def _customize_cli_kwargs(cls, kwargs):
            kwargs = super()._customize_cli_kwargs(kwargs)
            kwargs["port"]["type"] = int
            kwargs["host"]["default"] = "::"
            return kwargs

    def make_arg_parser(parser):
        parser.add_argument("model_tag", type=str, nargs="?")
        parser = FrontendArgs.add_cli_args(parser)
        return AsyncEngineArgs.add_cli_args(parser)
"""
PARSER = """
    import argparse

    def human_readable_int(value):
        return int(value)

    def human_readable_int_or_auto(value):
        return int(value)

    class EnableDisableAction(argparse.BooleanOptionalAction):
        pass
"""
SERVE = """
    from vllm.entrypoints.common.cli_args import make_arg_parser

    class ServeSubcommand:
        name = "serve"

        def subparser_init(self, subparsers):
            parser = subparsers.add_parser(self.name, help="start")
            parser.add_argument("--headless", action="store_true", default=False)
            return make_arg_parser(parser)
"""
ENVS = """
    import os
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        VLLM_LOGGING_LEVEL: str = "not what is read"

    environment_variables = {
        "VLLM_LOGGING_LEVEL": lambda: os.getenv("VLLM_LOGGING_LEVEL", "INFO"),
    }
"""
RELEASE = {
    "vllm/engine/arg_utils.py": ARGUMENTS,
    "vllm/entrypoints/common/cli_args.py": FRONTEND,
    "vllm/entrypoints/cli/serve.py": SERVE,
    "vllm/envs.py": ENVS,
    "vllm/plugins.py": "def load_general_plugins():\n    raise RuntimeError\n",
    **CONFIG,
}
"""The layout of 0.9 to 0.32; a later one has `PARSER` too."""
