"""What SGLang decides at its start, release by release.

Read in `sglang/srt/server_args.py` (`ServerArgs.__post_init__`, from 0.5.3 on its `_handle_*` methods) and, from 0.5.19
on, `sglang/srt/arg_groups/*_hook.py`, of every release from 0.4.0 on. What depends on the GPU's memory stands in
`sglang_memory`, what on the checkpoint in `sglang_model_rules`. A rule's id ends in the release that began to decide so.

From 0.5.15 on each model family may override what it likes (`arg_groups/model_overrides`): such settings are gaps, and
the running server is what to ask (`GET /server_info`).
"""

from collections.abc import Callable

from skewguard.knowledge.engines import sglang_memory, sglang_model_rules, sglang_overruling
from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.sglang_ground import Ground, Row, by_gpu, derived, gpu_gap, old_eagle, unknown_argument
from skewguard.knowledge.engines.sglang_overruling import Imposed
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Effective, Fact, Gap, Origin

# ---- the seed -------------------------------------------------------------------------------------------------------


def random_seed(setting: str, ground: Ground) -> Effective:
    """Drawn anew in every process: two replicas never share it, and no other input would decide it."""
    return Gap(
        setting,
        f"SGLang {ground.version} draws it anew in every process: replicas differ, and a restart changes it",
        rule="sglang.random-seed",
        inputs=("random@each process",),
        would_need="`--random-seed` with a number",
    )


# ---- what else follows ----------------------------------------------------------------------------------------------


def prefix_caching(setting: str, ground: Ground) -> Effective | None:
    """Off in a decode server of a disaggregated pair, and beside old EAGLE; else as the parser has it."""
    asked = ground.declared("disaggregation_decode_enable_radix_cache")
    mode = ground.declared("disaggregation_mode")
    if mode is UNKNOWABLE or asked is UNKNOWABLE:
        return unknown_argument(setting, ground, "whether this is a decode server is not known")
    if mode == "decode" and asked is not True and since(ground.version, "0.4.5.post3"):
        return derived(setting, ground, "decode-radix-cache", value=False, why="a decode server keeps no prefixes")
    if old_eagle(ground):
        return derived(setting, ground, "decode-radix-cache", value=False, why="speculative decoding switches it off")
    return None


_PAGES_OF_ONE = ("torch_native", "triton", "flashinfer", "fa3", "flex_attention")
"""Attention backends that take pages of one token."""


def imposed(rule: Callable[[sglang_overruling.Said], Imposed | None]) -> Callable[[str, Ground], Effective | None]:
    """A rule for what is not written, from one that other arguments decide."""

    def answer(setting: str, ground: Ground) -> Effective | None:
        found = rule(ground)
        if found is None:
            return None
        if found.value is UNKNOWABLE:
            return unknown_argument(setting, ground, found.why)
        return derived(setting, ground, rule.__name__.replace("_", "-"), found.value, found.why)

    return answer


def page_size(setting: str, ground: Ground) -> Effective:
    """One token, unless the attention backend wants more; the backend is written, or chosen by GPU and model."""
    forced = sglang_overruling.page_size(ground)
    if forced is not None:
        return derived(setting, ground, "page-size", forced.value, forced.why)
    written = [ground.declared(f"{part}attention_backend") for part in ("", "prefill_", "decode_")]
    named = [each for each in written if each is not None]
    if named and written[0] is not None and all(each in _PAGES_OF_ONE for each in named):
        return derived(setting, ground, "page-size", 1)
    return gpu_gap(setting, ground, "sglang.page-size", "attention backend and model choose it")


def attention_backend(setting: str, ground: Ground) -> Effective:
    """Unset: chosen by GPU, head layout, number formats and the model's own override."""
    first = next(each for each in ("0.5.15", "0.5.3", "0.4.4.post4", "0.4.0") if since(ground.version, each))
    return gpu_gap(
        setting, ground, f"sglang.attention-backend@{first}", "it is chosen by GPU, model and number formats"
    )


def sampling_backend(setting: str, ground: Ground) -> Effective:
    """FlashInfer on NVIDIA GPUs, PyTorch elsewhere."""
    if ground.hardware.platform == "cpu":
        return derived(setting, ground, "sampling-backend", "pytorch")
    available = ground.variable("SGLANG_IS_FLASHINFER_AVAILABLE")
    if available is UNKNOWABLE:
        return gpu_gap(setting, ground, "sglang.sampling-backend", "a variable of unknown value decides it")
    if available in ("false", "0"):
        return derived(setting, ground, "sampling-backend", "pytorch")
    rows: list[Row] = [
        ("an NVIDIA GPU", lambda gpu: gpu.vendor == "nvidia", "flashinfer"),
        ("anything else", lambda _gpu: True, "pytorch"),
    ]
    return by_gpu(setting, ground, "sglang.sampling-backend", rows)


def grammar_backend(setting: str, ground: Ground) -> Effective:
    """`xgrammar` where nobody chooses; releases before 0.4.4.post4 have a literal default."""
    return derived(setting, ground, "grammar-backend", "xgrammar")


def max_running_requests(setting: str, ground: Ground) -> Effective:
    """Unset: what the KV cache holds, between limits of the engine's own."""
    algorithm = ground.declared("speculative_algorithm")
    if algorithm in ("EAGLE", "EAGLE3", "NEXTN") and since(ground.version, "0.4.4.post4"):
        if not since(ground.version, "0.5.13"):
            return derived(setting, ground, "max-running-requests", 48, "speculative decoding")
        return gpu_gap(setting, ground, "sglang.max-running-requests@0.5.13", "speculative decoding bounds it")
    return gpu_gap(setting, ground, "sglang.max-running-requests", "it follows the size of the KV cache")


def load_balance_method(setting: str, ground: Ground) -> Effective:
    """`auto`, from 0.5.8 on: requests go round the ranks; a prefill server follows the room of its pair."""
    mode = ground.declared("disaggregation_mode")
    if mode is UNKNOWABLE:
        return unknown_argument(setting, ground, "whether this is a prefill server is not known")
    value = "follow_bootstrap_room" if mode == "prefill" else "round_robin"
    return derived(setting, ground, "load-balance-method", value)


def device(setting: str, ground: Ground) -> Effective:
    """Unset: the kind of device the image is built for."""
    platform = ground.hardware.platform
    if platform in ("cuda", "rocm"):
        return derived(setting, ground, "device", "cuda")
    if platform is not None:
        return derived(setting, ground, "device", platform)
    return gpu_gap(setting, ground, "sglang.device", "it is the kind of device that the server finds")


def resolved(setting: str, ground: Ground) -> Effective:
    """A setting that the engine fills in at its start, or the model's own override does."""
    return gpu_gap(
        setting, ground, "sglang.decided-at-start", f"SGLang {ground.version} decides it at the start, also by model"
    )


def overrides(setting: str, ground: Ground) -> Fact:
    """The parser's default is the text of an empty JSON object: nothing is overridden."""
    return Fact(setting, {}, "derived", Origin(kind="default", ref=f"default of SGLang {ground.version}"))


def single(setting: str, ground: Ground) -> Fact | None:
    """Copies of the engine: with data-parallel attention the ranks share one copy, whatever `--dp-size` says."""
    if ground.declared("enable_dp_attention") is True or (ground.number("attn_dp_size", 1) or 1) > 1:
        return derived(setting, ground, "attention-data-parallel", 1, "attention ranks share one copy of the model")
    return None


RULES: dict[str, Callable[[str, Ground], Effective | None]] = {
    "attention_backend": attention_backend,
    "attn_dp_size": imposed(sglang_overruling.attn_dp_size),
    "chunked_prefill_size": sglang_memory.chunked_prefill_size,
    "context_length": sglang_model_rules.context_length,
    "cuda_graph_max_bs": sglang_memory.cuda_graph_max_bs,
    "device": device,
    "disable_chunked_prefix_cache": sglang_model_rules.disable_chunked_prefix_cache,
    "disable_radix_cache": prefix_caching,
    "disable_overlap_schedule": imposed(sglang_overruling.disable_overlap_schedule),
    "dp_size": single,
    "dtype": sglang_model_rules.dtype,
    "ep_size": imposed(sglang_overruling.ep_size),
    "grammar_backend": grammar_backend,
    "json_model_override_args": overrides,
    "kv_cache_dtype": sglang_model_rules.kv_cache_dtype,
    "load_balance_method": load_balance_method,
    "max_running_requests": max_running_requests,
    "mem_fraction_static": sglang_memory.mem_fraction_static,
    "page_size": page_size,
    "quantization": sglang_model_rules.quantization,
    "random_seed": random_seed,
    "sampling_backend": sampling_backend,
}
"""What decides a destination that nobody wrote (or wrote as `auto`); a rule that gives None leaves the parser's default."""

OVER_LITERALS = frozenset(("attn_dp_size", "dp_size", "ep_size", "json_model_override_args"))
"""Destinations whose rule is asked even where the parser has a plain default."""

RESOLVED = frozenset(
    (
        "aux_hidden_state_capture",
        "boundary_reduction",
        "cuda_graph_config",
        "custom_weight_loader",
        "dcp_comm_backend",
        "dcp_replicate_q_proj",
        "decode_attention_backend",
        "disaggregation_decode_retraction_backup",
        "dsa_decode_backend",
        "dsa_prefill_backend",
        "dsv4_attn_backend",
        "enable_decoder_swa_bounded_replay",
        "enable_dsa_fused_indexer",
        "enable_fused_qk_norm_rope",
        "enable_tp_lm_head_all_to_all",
        "encoder_transfer_backend",
        "expert_distribution_recorder_buffer_size",
        "flashinfer_allreduce_fusion_backend",
        "fp4_gemm_runner_backend",
        "fp8_gemm_runner_backend",
        "hicache_ratio",
        "mamba_radix_cache_strategy",
        "mm_feature_transport",
        "mm_preprocess_cache_size_mb",
        "mm_process_config",
        "moe_dense_tp_size",
        "moe_runner_backend",
        "ple_offload_embedding",
        "pp_max_micro_batch_size",
        "prefill_attention_backend",
        "prefill_decode_interval",
        "prefill_kv_cache_dequant_dtype",
        "speculative_draft_attention_backend",
        "speculative_draft_kv_cache_dtype",
        "speculative_moe_a2a_backend",
        "speculative_moe_runner_backend",
    )
)
"""Destinations whose `None` or `auto` SGLang replaces at its start: those its record marks as resolvable, and those that
its server was seen to fill in."""
