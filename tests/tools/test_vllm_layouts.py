"""vLLM's layouts from 0.4.2 on, one after the other: what is read of a release that keeps its arguments so."""

from tests.tools.trees import flag, of_vllm

WRITTEN_OUT = {
    "vllm/entrypoints/openai/cli_args.py": """
        import argparse, json, ssl
        from vllm.engine.arg_utils import AsyncEngineArgs, nullable_str

        class LoRAParserAction(argparse.Action):
            def __call__(self, parser, namespace, values, option_string=None):
                setattr(namespace, self.dest, values)

        def make_arg_parser():
            parser = argparse.ArgumentParser(description="a server")
            parser.add_argument("--host", type=nullable_str, default=None, help="where to listen")
            parser.add_argument("--ssl-cert-reqs", type=int, default=int(ssl.CERT_NONE))
            parser.add_argument("--allowed-origins", type=json.loads, default=["*"])
            parser.add_argument("--lora-modules", type=nullable_str, default=None, nargs="+", action=LoRAParserAction)
            parser = AsyncEngineArgs.add_cli_args(parser)
            return parser
        """,
    "vllm/engine/arg_utils.py": """
        import argparse, enum
        from dataclasses import dataclass
        from vllm.quantization import METHODS

        class Kind(enum.Enum):
            PIXEL_VALUES = enum.auto()
            FEATURES = enum.auto()

        def nullable_str(val: str):
            if not val or val == "None":
                return None
            return val

        class StoreBoolean(argparse.Action):
            def __call__(self, parser, namespace, values, option_string=None):
                setattr(namespace, self.dest, values == "True")

        @dataclass
        class EngineArgs:
            model: str = "small"
            seed: int = 0
            disable_log_stats: bool = False

            @staticmethod
            def add_cli_args(parser):
                parser.add_argument("--model", type=str, default="a/small-model")
                parser.add_argument("--seed", type=int, default=EngineArgs.seed)
                parser.add_argument("--quantization", "-q", type=nullable_str, choices=[*METHODS, None], default=None)
                parser.add_argument("--input-type", choices=[kind.name.lower() for kind in Kind])
                parser.add_argument("--disable-log-stats", action="store_true")
                parser.add_argument("--chunked", action=StoreBoolean, nargs="?", const="True", default=None)
                parser.add_argument("--old", action="store_true", help="Deprecated, has no effect")
                return parser

        @dataclass
        class AsyncEngineArgs(EngineArgs):
            @staticmethod
            def add_cli_args(parser):
                parser = EngineArgs.add_cli_args(parser)
                parser.add_argument("--max-log-len", type=int, default=None)
                return parser
        """,
    "vllm/quantization.py": "METHODS = {'awq': object, 'fp8': object}",
}


def test_arguments_written_out_are_read_with_defaults_from_elsewhere() -> None:
    """0.4 to 0.8: the parser is made inside, defaults are class attributes, choices come from other modules."""
    found = of_vllm("0.4.2", WRITTEN_OUT)

    assert found.strange == ()
    assert flag(found, "--host") == {"dest": "host", "type": "str", "nullable": True}
    assert flag(found, "--ssl-cert-reqs") == {"dest": "ssl_cert_reqs", "type": "int", "default": 0}
    assert flag(found, "--allowed-origins") == {"dest": "allowed_origins", "type": "json", "default": ["*"]}
    assert flag(found, "--model")["default"] == "a/small-model"
    assert flag(found, "--seed") == {"dest": "seed", "type": "int", "default": 0}
    assert flag(found, "--max-log-len") == {"dest": "max_log_len", "type": "int"}
    assert found.flags["--quantization"] == {
        "dest": "quantization",
        "flags": ["--quantization", "-q"],
        "type": "str",
        "nullable": True,
        "choices": [None, "awq", "fp8"],
    }


def test_switches_and_actions_of_the_first_layout_have_their_kinds() -> None:
    """A switch is off unless given; an engine's own actions are told by their names."""
    found = of_vllm("0.4.2", WRITTEN_OUT)

    assert flag(found, "--disable-log-stats") == {"dest": "disable_log_stats", "action": "true", "default": False}
    assert flag(found, "--chunked") == {"dest": "chunked", "action": "boolean", "const": "True"}
    assert flag(found, "--lora-modules")["action"] == "lora"
    assert flag(found, "--input-type")["choices"] == ["features", "pixel_values"]
    assert flag(found, "--old")["deprecated"] is True


def test_sub_command_in_scripts_adds_what_only_it_registers() -> None:
    """0.5.2 to 0.8: `vllm serve` has a positional and `--config` of its own; other sub-commands do not count."""
    scripts = """
        from vllm.entrypoints.openai.cli_args import make_arg_parser
        from vllm.utils import FlexibleArgumentParser

        def main():
            parser = FlexibleArgumentParser(description="commands")
            subparsers = parser.add_subparsers(required=True)
            serve = subparsers.add_parser("serve", help="start")
            serve.add_argument("model_tag", type=str, help="the model")
            serve = make_arg_parser(serve)
            chat = subparsers.add_parser("chat")
            chat.add_argument("--url", type=str)
            args = parser.parse_args()
            if hasattr(args, "dispatch_function"):
                args.dispatch_function(args)
        """
    cli = """
        def make_arg_parser(parser):
            parser.add_argument("--port", type=int, default=8000)
            return parser
        """
    utils = "import argparse\nclass FlexibleArgumentParser(argparse.ArgumentParser):\n    pass\n"
    files = {"vllm/scripts.py": scripts, "vllm/entrypoints/openai/cli_args.py": cli, "vllm/utils.py": utils}

    found = of_vllm("0.6.0", files)

    assert list(found.flags) == ["--port", "model_tag"]
    assert flag(found, "model_tag") == {"dest": "model_tag", "type": "str", "serve_only": True}


def test_flags_made_from_fields_inside_the_function_follow_that_release() -> None:
    """0.8.3 and 0.8.4: `get_kwargs` stood inside `add_cli_args` and took every optional field for text."""
    arguments = """
        from dataclasses import MISSING, dataclass, fields
        from typing import Optional, Union, get_args, get_origin
        from vllm.config import LoadConfig

        def nullable_str(val):
            return None if val == "None" else val

        class EngineArgs:
            @staticmethod
            def add_cli_args(parser):
                def is_optional(cls):
                    return get_origin(cls) is Union and type(None) in get_args(cls)

                def get_kwargs(cls):
                    kwargs = {}
                    for field in fields(cls):
                        default = field.default_factory if field.default is MISSING else field.default
                        kwargs[field.name] = {"default": default}
                        if field.type is bool:
                            continue
                        if is_optional(field.type):
                            kwargs[field.name]["type"] = nullable_str
                            continue
                        kwargs[field.name]["type"] = field.type
                    return kwargs

                load = get_kwargs(LoadConfig)
                group = parser.add_argument_group(title="LoadConfig")
                group.add_argument("--workers", **load["workers"])
                group.add_argument("--retries", **load["retries"])
                group.add_argument("--eager", action="store_true", **load["eager"])
                return parser
        """
    config = """
        from dataclasses import dataclass
        from typing import Optional

        def config(cls):
            return cls

        @config
        @dataclass
        class LoadConfig:
            workers: Optional[int] = None
            retries: int = 3
            eager: bool = False
        """
    cli = """
        from vllm.engine.arg_utils import EngineArgs

        def make_arg_parser(parser):
            return EngineArgs.add_cli_args(parser)
        """

    found = of_vllm(
        "0.8.4",
        {
            "vllm/engine/arg_utils.py": arguments,
            "vllm/config.py": config,
            "vllm/entrypoints/openai/cli_args.py": cli,
        },
    )

    assert flag(found, "--workers") == {"dest": "workers", "type": "str", "nullable": True}
    assert flag(found, "--retries") == {"dest": "retries", "type": "int", "default": 3}
    assert flag(found, "--eager") == {"dest": "eager", "action": "true", "default": False}
    assert found.configs == {"LoadConfig.workers": None, "LoadConfig.retries": 3, "LoadConfig.eager": False}
    assert found.undecided == ()
