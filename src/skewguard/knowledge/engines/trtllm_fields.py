"""Fields that the file of `trtllm-serve` can hold, as far as they were read, and what becomes of any other name.

Read in two states of `llmapi/llm_args.py` that lie about 1.0.0 and between 1.2.0 and 1.3.0rc29 (`BaseLlmArgs` with its
two heirs, `KvCacheConfig`), and of the newest one `KvCacheConfig`. All of them forbid other names (`extra="forbid"`).
Which release has which of these fields was not read: a name is strange where none of the states has it.
"""

from collections.abc import Collection

from msgspec import Struct

from skewguard.knowledge.engines import history

LLM_ARGS = frozenset(
    (
        "allreduce_strategy", "attention_dp_config", "attn_backend", "auto_parallel", "auto_parallel_world_size",
        "backend", "batch_wait_max_tokens_ratio", "batch_wait_timeout_iters", "batch_wait_timeout_ms",
        "batched_logits_processor", "batching_type", "build_config", "cache_transceiver_config", "calib_config",
        "checkpoint_format", "checkpoint_loader", "connector_config", "context_parallel_size", "cp_config",
        "cuda_graph_config", "custom_tokenizer", "decoding_config", "disable_flashinfer_sampling",
        "disable_overlap_scheduler", "dtype", "embedding_parallel_mode", "enable_attention_dp", "enable_autotuner",
        "enable_build_cache", "enable_chunked_prefill", "enable_iter_perf_stats", "enable_iter_req_stats",
        "enable_layerwise_nvtx_marker", "enable_lm_head_tp_in_adp", "enable_lora", "enable_min_latency",
        "enable_mixed_sampler", "enable_prompt_adapter", "enable_sleep", "enable_tqdm", "enable_trtllm_sampler",
        "env_overrides", "extended_runtime_perf_knob_config", "fail_fast_on_attention_window_too_large",
        "fast_build", "force_dynamic_quantization", "garbage_collection_gen0_threshold", "gather_generation_logits",
        "gpus_per_node", "guided_decoding_backend", "iter_stats_max_iterations", "kv_cache_config", "kv_cache_dtype",
        "kv_connector_config", "layer_wise_benchmarks_config", "load_format", "lora_config", "max_batch_size",
        "max_beam_width", "max_input_len", "max_num_tokens", "max_prompt_adapter_token", "max_seq_len",
        "max_stats_len", "mm_encoder_only", "model", "model_kwargs", "moe_cluster_parallel_size", "moe_config",
        "moe_expert_parallel_size", "moe_tensor_parallel_size", "mpi_session", "normalize_log_probs",
        "num_postprocess_workers", "nvfp4_gemm_config", "orchestrator_type", "otlp_traces_endpoint",
        "peft_cache_config", "perf_metrics_max_requests", "pipeline_parallel_size", "post_processor_hook",
        "postprocess_tokenizer_dir", "pp_partition", "print_iter_log", "quant_config", "ray_placement_config",
        "ray_worker_extension_cls", "reasoning_parser", "request_stats_max_iterations", "return_perf_metrics",
        "revision", "sampler_force_async_worker", "sampler_type", "scheduler_config", "skip_tokenizer_init",
        "sparse_attention_config", "speculative_config", "stream_interval", "tensor_parallel_size", "tokenizer",
        "tokenizer_mode", "tokenizer_revision", "torch_compile_config", "trust_remote_code",
        "use_cute_dsl_blockscaling_bmm", "use_cute_dsl_blockscaling_mm", "workspace",
    )
)  # fmt: skip
KV_CACHE = frozenset(
    (
        "attention_dp_events_gather_period_ms", "block_reuse_config", "copy_on_partial_reuse",
        "cross_kv_cache_fraction", "disk_cache_path", "disk_cache_size", "dtype", "enable_block_reuse",
        "enable_kv_pool_rebalance", "enable_partial_reuse", "enable_swa_scratch_reuse", "event_buffer_max_size",
        "free_gpu_memory_fraction", "host_cache_size", "iteration_stats_interval", "kv_cache_event_hash_algo",
        "kv_events_config", "kv_pool_rebalance_cooldown_secs", "kv_pool_rebalance_min_sampled_kv_caches",
        "kv_pool_rebalance_ratio_threshold", "kv_pool_rebalance_target_ratio_update_interval",
        "mamba_ssm_cache_dtype", "mamba_ssm_philox_rounds", "mamba_ssm_stochastic_rounding",
        "mamba_state_cache_interval", "mamba_state_config", "max_attention_window", "max_gpu_total_bytes",
        "max_tokens", "max_util_for_resume", "onboard_blocks", "secondary_offload_min_priority",
        "sink_token_length", "tokens_per_block", "use_kv_cache_manager_v2", "use_uvm",
    )
)  # fmt: skip
CACHE = "kv_cache_config"
NAMES: Collection[str] = frozenset((*LLM_ARGS, *(f"{CACHE}.{field}" for field in KV_CACHE)))
"""Every field by the name that a setting of it has behind `trtllm.`."""


class Strange(Struct, frozen=True):
    """A name that none of the fields read has. `near` is the field that it most likely means, `sure` whether one letter,

    two that changed places or an underscore alone part the two."""

    near: str | None
    sure: bool


def strange(path: str) -> Strange | None:
    """What a name of the file is, where it is none of the fields read; `path` is `max_seq_len` or `kv_cache_config.dtype`.

    None for a field, and within objects whose fields were not read.
    """
    section, dot, field = path.rpartition(".")
    known = KV_CACHE if section == CACHE else LLM_ARGS
    if field in known or (dot and section != CACHE):
        return None
    plain = field.replace("_", "")
    close = sorted(name for name in known if history.slip(name.replace("_", ""), plain))
    near = close[0] if len(close) == 1 else history.nearest(field, tuple(sorted(known)))
    return Strange(f"{section}{dot}{near}" if near else None, sure=len(close) == 1)
