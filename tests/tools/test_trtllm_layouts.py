"""The layouts in which TensorRT-LLM releases write the arguments of `trtllm-serve`."""

from tests.tools.trees import flag, of_trtllm

OLD = {
    "tensorrt_llm/builder.py": """
        from pydantic import BaseModel, Field

        class BuildConfig(BaseModel):
            max_batch_size: int = Field(default=16, description="x")
            max_seq_len: int | None = None
    """,
    "tensorrt_llm/logger.py": """
        severity_map = {'error': [1], 'info': [2]}
    """,
    "tensorrt_llm/llmapi/__init__.py": """
        from ..builder import BuildConfig
    """,
    "tensorrt_llm/llmapi/llm_args.py": """
        class KvCacheConfig:
            enable_block_reuse: bool = Field(default=True)
            free_gpu_memory_fraction: float | None = Field(default=None)

        class BaseLlmArgs:
            dtype: str = Field(default="auto")
            revision: str | None = Field(default=None)
    """,
    "tensorrt_llm/llmapi/reasoning_parser.py": """
        class ReasoningParserFactory:
            parsers = {}

        @register_reasoning_parser("deep")
        class Deep: ...

        @register_reasoning_parser("wide", extra=True)
        class Wide: ...
    """,
    "tensorrt_llm/commands/serve.py": """
        import os
        import click
        from tensorrt_llm.llmapi import BuildConfig
        from tensorrt_llm.llmapi.reasoning_parser import ReasoningParserFactory
        from tensorrt_llm.logger import severity_map

        @click.command("serve")
        @click.argument("model", type=str)
        @click.option("--backend", type=click.Choice(["pytorch"]), default=None)
        @click.option('--log_level', type=click.Choice(severity_map.keys()), default='info')
        @click.option("--max_batch_size", type=int, default=BuildConfig.model_fields["max_batch_size"].default)
        @click.option("--max_seq_len", type=int, default=BuildConfig.max_seq_len)
        @click.option("--tp_size", type=int, default=1)
        @click.option("--cache_fraction", type=float, default=0.9)
        @click.option("--trust_remote_code", is_flag=True, default=False)
        @click.option("--extra_llm_api_options", type=str, default=None)
        @click.option("--reasoning_parser", type=click.Choice(ReasoningParserFactory.parsers.keys()), default=None)
        def serve(model, backend, log_level, max_batch_size, max_seq_len, tp_size, cache_fraction, trust_remote_code,
                  extra_llm_api_options, reasoning_parser):
            llm_args, _ = get_llm_args(model=model, tensor_parallel_size=tp_size, free_fraction=cache_fraction)
            if os.getenv("TRTLLM_NO_GC", "0") == "1":
                pass
    """,
}
NEW = {
    "tensorrt_llm/llmapi/llm_args.py": """
        class BaseLlmArgs:
            max_batch_size: int | None = Field(default=32)
            generation: str = Field(default_factory=make)

        class TorchLlmArgs(BaseLlmArgs): ...
    """,
    "tensorrt_llm/commands/serve.py": """
        import click
        from tensorrt_llm.llmapi.llm_args import TorchLlmArgs

        _FIELDS = TorchLlmArgs.model_fields

        @click.command("serve")
        @click.argument("model", type=str)
        @stability_option("--backend", type=ChoiceWithAlias(["pytorch", "tensorrt"], {"trt": "tensorrt"}),
                          default="pytorch", status="deprecated")
        @stability_option("--max_batch_size", type=int, default=_FIELDS["max_batch_size"].default)
        @stability_option("--generation-config", type=click.Choice(["auto"] + ["own"]), default=_FIELDS["generation"].default)
        @stability_option("--tensor_parallel_size", "--tp_size", type=int, default=1)
        @stability_option("--num_frontends", type=click.IntRange(min=1, max=8), default=1)
        @stability_option("--hf_revision", "--revision", "revision", type=str, default=None)
        @stability_option("--telemetry/--no-telemetry", default=True)
        @stability_option("--middleware", multiple=True, type=str)
        @stability_option("--tool_parser", type=click.Choice(registry.names()), default=None)
        def serve(model, **more): ...
    """,
}


def test_click_options_give_records_in_the_engines_own_names() -> None:
    """Spellings, types, choices and defaults, through imports; destinations as they are handed on."""
    found = of_trtllm("0.21.0", OLD)

    assert found.flags["model"] == {"dest": "model", "flags": ["model"], "required": True}
    assert flag(found, "--backend") == {
        "dest": "backend", "type": "str", "choices": ["pytorch"], "fallback": "tensorrt",
    }  # fmt: skip
    assert flag(found, "--log_level") == {
        "dest": "log_level", "type": "str", "choices": ["error", "info"], "default": "info",
    }  # fmt: skip
    assert flag(found, "--max_batch_size") == {"dest": "max_batch_size", "type": "int", "default": 16}
    assert flag(found, "--max_seq_len") == {"dest": "max_seq_len", "type": "int"}
    assert flag(found, "--tp_size") == {"dest": "tensor_parallel_size", "type": "int", "default": 1}
    assert flag(found, "--cache_fraction") == {"dest": "free_fraction", "type": "float", "default": 0.9}
    assert flag(found, "--trust_remote_code") == {"dest": "trust_remote_code", "action": "true", "default": False}
    assert flag(found, "--reasoning_parser")["choices"] == ["deep", "wide"]
    assert found.strange == ()


def test_fields_and_variables_are_read_beside_the_flags() -> None:
    """What the file can hold, and what the server reads from its environment."""
    found = of_trtllm("0.21.0", OLD)

    assert found.configs == {
        "KvCacheConfig.enable_block_reuse": True, "KvCacheConfig.free_gpu_memory_fraction": 0.9,
        "LlmArgs.dtype": "auto", "LlmArgs.revision": None,
    }  # fmt: skip
    assert list(found.variables) == ["TRTLLM_NO_GC"]


def test_options_with_a_stability_are_read_alike() -> None:
    """Aliases of names and of values, switches with two spellings, lists, and fields of a base class."""
    found = of_trtllm("1.3.0", NEW)

    assert flag(found, "--backend") == {
        "dest": "backend", "type": "str", "choices": ["pytorch", "tensorrt", "trt"], "default": "pytorch",
        "deprecated": True,
    }  # fmt: skip
    assert flag(found, "--max_batch_size")["default"] == 32
    assert flag(found, "--generation-config") == {
        "dest": "generation_config", "type": "str", "choices": ["auto", "own"],
        "default": {"$expr": "_FIELDS['generation'].default"},
    }  # fmt: skip
    assert found.flags["--tensor_parallel_size"]["flags"] == ["--tensor_parallel_size", "--tp_size"]
    assert flag(found, "--num_frontends")["type"] == "int"
    assert found.flags["--hf_revision"]["dest"] == "revision"
    assert found.flags["--telemetry"] == {
        "dest": "telemetry", "flags": ["--telemetry", "--no-telemetry"], "default": True, "action": "toggle",
    }  # fmt: skip
    assert flag(found, "--middleware") == {"dest": "middleware", "action": "append", "type": "str"}
    assert flag(found, "--tool_parser") == {"dest": "tool_parser", "type": "str"}
    assert found.strange == ("click.Choice(registry.names())",)
