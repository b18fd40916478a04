"""What each engine calls a setting: the engine's own destination for every name of the vocabulary that it has.

Two settings share a name only where they mean the same. SGLang's `mem_fraction_static` is no `gpu_memory_utilization`
(it leaves activations and CUDA graphs outside), and its `chunked_prefill_size` no budget of a whole step: both stay
settings of its own; so does TensorRT-LLM's `free_gpu_memory_fraction`, a share of what the weights leave free.
"""

from collections.abc import Mapping

_VLLM = {
    "model.id": "model",
    "model.revision": "revision",
    "model.code_revision": "code_revision",
    "model.served_name": "served_model_name",
    "model.lora": "lora_modules",
    "tokenizer.id": "tokenizer",
    "tokenizer.revision": "tokenizer_revision",
    "tokenizer.mode": "tokenizer_mode",
    "tokenizer.chat_template": "chat_template",
    "tokenizer.tool_call_parser": "tool_call_parser",
    "tokenizer.reasoning_parser": "reasoning_parser",
    "runtime.dtype": "dtype",
    "runtime.quantization": "quantization",
    "runtime.kv_cache_dtype": "kv_cache_dtype",
    "runtime.gpu_memory_utilization": "gpu_memory_utilization",
    "runtime.prefix_caching": "enable_prefix_caching",
    "runtime.chunked_prefill": "enable_chunked_prefill",
    "runtime.enforce_eager": "enforce_eager",
    "runtime.seed": "seed",
    "runtime.generation_config": "generation_config",
    "runtime.trust_remote_code": "trust_remote_code",
    "runtime.hf_overrides": "hf_overrides",
    "runtime.load_format": "load_format",
    "runtime.attention_backend": "attention_backend",
    "runtime.speculative": "speculative_config",
    "runtime.block_size": "block_size",
    "limits.max_model_len": "max_model_len",
    "limits.max_num_seqs": "max_num_seqs",
    "limits.max_num_batched_tokens": "max_num_batched_tokens",
    "parallelism.tensor": "tensor_parallel_size",
    "parallelism.pipeline": "pipeline_parallel_size",
    "parallelism.data": "data_parallel_size",
    "parallelism.expert": "enable_expert_parallel",
}
_SGLANG = {
    "model.id": "model_path",
    "model.revision": "revision",
    "model.served_name": "served_model_name",
    "model.lora": "lora_paths",
    "tokenizer.id": "tokenizer_path",
    "tokenizer.mode": "tokenizer_mode",
    "tokenizer.chat_template": "chat_template",
    "tokenizer.tool_call_parser": "tool_call_parser",
    "tokenizer.reasoning_parser": "reasoning_parser",
    "runtime.dtype": "dtype",
    "runtime.quantization": "quantization",
    "runtime.kv_cache_dtype": "kv_cache_dtype",
    "runtime.prefix_caching": "disable_radix_cache",
    "runtime.enforce_eager": "disable_cuda_graph",
    "runtime.seed": "random_seed",
    "runtime.generation_config": "sampling_defaults",
    "runtime.trust_remote_code": "trust_remote_code",
    "runtime.hf_overrides": "json_model_override_args",
    "runtime.load_format": "load_format",
    "runtime.attention_backend": "attention_backend",
    "runtime.block_size": "page_size",
    "limits.max_model_len": "context_length",
    "limits.max_num_seqs": "max_running_requests",
    "limits.max_queue": "max_queued_requests",
    "parallelism.tensor": "tp_size",
    "parallelism.pipeline": "pp_size",
    "parallelism.data": "dp_size",
}
_TGI = {
    "model.id": "model_id",
    "model.revision": "revision",
    "model.lora": "lora_adapters",
    "runtime.dtype": "dtype",
    "runtime.quantization": "quantize",
    "runtime.kv_cache_dtype": "kv_cache_dtype",
    "runtime.trust_remote_code": "trust_remote_code",
    "limits.max_model_len": "max_total_tokens",
    "limits.max_prompt_tokens": "max_input_tokens",
    "limits.max_num_seqs": "max_batch_size",
    "parallelism.tensor": "num_shard",
}
_TRTLLM = {
    "model.id": "model",
    "model.revision": "revision",
    "model.served_name": "served_model_name",
    "tokenizer.id": "tokenizer",
    "tokenizer.revision": "tokenizer_revision",
    "tokenizer.mode": "tokenizer_mode",
    "tokenizer.chat_template": "chat_template",
    "tokenizer.tool_call_parser": "tool_parser",
    "tokenizer.reasoning_parser": "reasoning_parser",
    "runtime.dtype": "dtype",
    "runtime.quantization": "quant_algo",
    "runtime.kv_cache_dtype": "kv_cache_dtype",
    "runtime.prefix_caching": "enable_block_reuse",
    "runtime.chunked_prefill": "enable_chunked_prefill",
    "runtime.generation_config": "generation_config",
    "runtime.trust_remote_code": "trust_remote_code",
    "runtime.load_format": "load_format",
    "runtime.attention_backend": "attn_backend",
    "runtime.speculative": "speculative_config",
    "limits.max_model_len": "max_seq_len",
    "limits.max_num_seqs": "max_batch_size",
    "limits.max_num_batched_tokens": "max_num_tokens",
    "parallelism.tensor": "tensor_parallel_size",
    "parallelism.pipeline": "pipeline_parallel_size",
}
_LLAMACPP = {
    "model.id": "model",
    "model.served_name": "model_alias",
    "model.lora": "lora_adapters",
    "tokenizer.chat_template": "chat_template",
    "tokenizer.reasoning_parser": "reasoning_format",
    "runtime.kv_cache_dtype": "cache_type_k",
    "runtime.prefix_caching": "cache_prompt",
    "runtime.seed": "sampling_seed",
    "limits.max_num_seqs": "n_parallel",
    "limits.max_num_batched_tokens": "n_batch",
    "limits.max_output_tokens": "n_predict",
}
_NIM = {
    "model.id": "model",
    "model.served_name": "served_model_name",
    "runtime.prefix_caching": "enable_kv_cache_reuse",
    "limits.max_model_len": "max_model_len",
    "limits.max_num_seqs": "max_num_seqs",
    "parallelism.tensor": "tensor_parallel_size",
    "parallelism.pipeline": "pipeline_parallel_size",
}
_DIALECTS: Mapping[str, Mapping[str, str]] = {
    "vllm": _VLLM,
    "sglang": _SGLANG,
    "tgi": _TGI,
    "trtllm": _TRTLLM,
    "llamacpp": _LLAMACPP,
    "nim": _NIM,
}
_INVERTED = frozenset((("sglang", "disable_radix_cache"),))


def called(setting: str) -> Mapping[str, str]:
    """Each engine that has the setting, with its destination."""
    return {engine: names[setting] for engine, names in _DIALECTS.items() if setting in names}


def in_two_senses(engine: str, dest: str) -> bool:
    """Whether a destination is the vocabulary's setting in some servers, and another setting of the engine's own in others."""
    return (engine, dest) in _TWO_SENSES


_TWO_SENSES = frozenset((("sglang", "dp_size"),))
"""SGLang's `--dp-size` counts copies of the engine, and with data-parallel attention the ranks inside one copy."""


def inverts(engine: str, dest: str) -> bool:
    """Whether a destination says the opposite of its setting: `disable_radix_cache` of prefix caching."""
    return (engine, dest) in _INVERTED
