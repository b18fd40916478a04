"""What vLLM decides at its start: the rule of each destination. The rules themselves stand in one module per topic."""

from collections.abc import Callable

from skewguard.knowledge.engines import (
    vllm_batching,
    vllm_context,
    vllm_kernels,
    vllm_numbers,
    vllm_prefill,
    vllm_processes,
    vllm_quantization,
)
from skewguard.knowledge.engines.vllm_ground import Answer, Ground

RULES: dict[str, Callable[[str, Ground], Answer]] = {
    "max_num_seqs": vllm_batching.max_num_seqs,
    "max_num_batched_tokens": vllm_batching.max_num_batched_tokens,
    "dtype": vllm_numbers.dtype,
    "max_model_len": vllm_context.max_model_len,
    "quantization": vllm_quantization.quantization,
    "kv_cache_dtype": vllm_quantization.kv_cache_dtype,
    "enable_prefix_caching": vllm_prefill.prefix_caching,
    "enable_chunked_prefill": vllm_prefill.chunked_prefill,
    "attention_backend": vllm_kernels.attention_backend,
    "block_size": vllm_kernels.block_size,
    "distributed_executor_backend": vllm_processes.executor,
    "api_server_count": vllm_processes.api_servers,
    "async_scheduling": vllm_processes.async_scheduling,
}
"""Destinations that vLLM decides at its start when their default is None or `auto`."""
