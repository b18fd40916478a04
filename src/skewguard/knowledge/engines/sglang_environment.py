"""What SGLang makes of environment variables.

From 0.5.3 on it keeps them in one place (`srt/environ.py`): a value that is no number where one is wanted is passed over
with a warning, and old names count as the new ones (`_convert_SGL_to_SGLANG`, `_handle_deprecated_envs` from 0.5.18 on),
with a warning too. Before, it fails where it reads such a value.
"""

from skewguard.knowledge.engines.environment import LOOK_ALIKES, Manner
from skewguard.knowledge.engines.renamings import Renaming
from skewguard.knowledge.engines.sglang_defaults import SGLANG

_NOT_OURS = (
    "SGLANG_SERVICE_",  # Kubernetes service links
    "SGLANG_PORT_",
    "SGL_SERVICE_",
    "SGL_PORT",
    "SGLANG_ROUTER_",
    "SGLANG_ARGS",  # entrypoint scripts of charts
    "SGLANG_EXTRA_ARGS",
    "SGLANG_ADDITIONAL_ARGS",
    "SGLANG_VERSION",
)

_SUCCESSORS: dict[str, tuple[str | None, str]] = {
    "SGLANG_CUTLASS_MOE": ("--moe-runner-backend=cutlass", ""),
    "SGLANG_DISABLE_OUTLINES_DISK_CACHE": ("--disable-outlines-disk-cache", ""),
    "SGLANG_ENABLE_SPEC_V2": (None, "speculative decoding has one scheduler now"),
    "SGLANG_PREFILL_DELAYER_MAX_DELAY_PASSES": ("--prefill-delayer-max-delay-passes", ""),
    "SGLANG_PREFILL_DELAYER_TOKEN_USAGE_LOW_WATERMARK": ("--prefill-delayer-token-usage-low-watermark", ""),
    "SGLANG_SCHEDULER_DECREASE_PREFILL_IDLE": ("--enable-prefill-delayer", ""),
}

_RENAMED = (
    Renaming("SGLANG_GC_LOG", "SGLANG_LOG_GC", "0.5.4.post1", "0.5.20"),
    Renaming("SGLANG_ENABLE_FLASHINFER_GEMM", "SGLANG_ENABLE_FLASHINFER_FP8_GEMM", "0.5.5.post3", "0.5.9"),
    Renaming("SGLANG_CUTEDSL_MOE_NVFP4_DISPATCH", "SGLANG_MOE_NVFP4_DISPATCH", "0.5.6.post1", "0.5.20"),
    Renaming("SGL_DISABLE_TP_MEMORY_INBALANCE_CHECK", "SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK", "0.5.7", "0.5.17"),
    Renaming(
        "SGLANG_DISABLE_TP_MEMORY_INBALANCE_CHECK",
        "SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK",
        "0.5.18",
        "0.5.20",
        changed=True,
    ),
    Renaming("SGLANG_QUEUED_TIMEOUT_MS", "SGLANG_REQ_WAITING_TIMEOUT", "0.5.9", "0.5.20", changed=True),
    Renaming("SGLANG_FORWARD_TIMEOUT_MS", "SGLANG_REQ_RUNNING_TIMEOUT", "0.5.9", "0.5.20", changed=True),
    Renaming("SGLANG_ENABLE_THINKING", "SGLANG_DEFAULT_THINKING", "0.5.12", "0.5.20"),
    Renaming("SGLANG_REASONING_EFFORT", "SGLANG_DSV4_REASONING_EFFORT", "0.5.12", "0.5.20"),
    Renaming("SGLANG_USE_JIT_ALL_REDUCE", "SGLANG_OPT_USE_CUSTOM_ALL_REDUCE_V2", "0.5.12", "0.5.20"),
    Renaming("SGL_", "SGLANG_", "0.5.3"),
    Renaming("SGLANG_NSA_FUSE_TOPK", "SGLANG_DSA_FUSE_TOPK", "0.5.13", "0.5.20", yields=True),
    Renaming(
        "SGLANG_NSA_ENABLE_MTP_PRECOMPUTE_METADATA",
        "SGLANG_DSA_ENABLE_MTP_PRECOMPUTE_METADATA",
        "0.5.13",
        "0.5.14",
        yields=True,
    ),
    Renaming(
        "SGLANG_NSA_PREFILL_DENSE_ATTN_KV_LEN_THRESHOLD",
        "SGLANG_DSA_PREFILL_DENSE_ATTN_KV_LEN_THRESHOLD",
        "0.5.13",
        "0.5.20",
        yields=True,
    ),
    Renaming("SGLANG_NSA_HIP_DISABLE_PRESHUFFLE", "SGLANG_DSA_HIP_DISABLE_PRESHUFFLE", "0.5.13", "0.5.20", yields=True),
    Renaming("SGLANG_ENABLE_NVTX", "SGLANG_ENABLE_NVTX_SCHEDULER", "0.5.14", "0.5.20", yields=True),
    Renaming("SGLANG_OPERATIONS_ENABLE_PROFILE", "SGLANG_ENABLE_NVTX_OPERATIONS", "0.5.14", "0.5.20", yields=True),
    Renaming("SGLANG_EPLB_ROCM_P2P_BATCH_CHUNK_SIZE", "SGLANG_EPLB_P2P_BATCH_CHUNK_SIZE", "0.5.16", yields=True),
    Renaming("SGLANG_ENABLE_LOGITS_PROCESSER_CHUNK", "SGLANG_ENABLE_LOGPROB_CHUNK", "0.5.16", "0.5.20", yields=True),
    Renaming("SGLANG_LOGITS_PROCESSER_CHUNK_SIZE", "SGLANG_LOGPROB_CHUNK_SIZE", "0.5.16", "0.5.20", yields=True),
    Renaming(
        "SGLANG_NPU_USE_TRITON_KV_CACHE_STORE",
        "SGLANG_NPU_USE_TRITON_PREFIX_KV_CACHE_STORE",
        "0.5.18",
        "0.5.20",
        yields=True,
    ),
    Renaming("SGLANG_OPT_SWA_RELEASE_LEAF_LOCK_AFTER_WINDOW", "SGLANG_OPT_RELEASE_PREFILL_SWA", "0.5.22", yields=True),
    Renaming("SGLANG_AITER_MLA_DCP_DECODE_BACKEND", "SGLANG_AITER_MLA_DECODE_BACKEND", "0.5.22", yields=True),
    Renaming("SGLANG_USE_TRITON_ROUTER_SUM", "SGLANG_USE_CUSTOM_ROUTER_SUM", "0.5.23", yields=True),
)
"""What `srt/environ.py` copies to a new name; its `Env…WithAlias` read an old name where the new one is not set."""

MANNER = Manner(
    SGLANG,
    prefixes=("SGLANG_", "SGL_"),
    not_ours=_NOT_OURS,
    look_alikes={
        **LOOK_ALIKES,
        "CHUNKED_PREFILL_SIZE": "sglang.chunked_prefill_size",
        "MEM_FRACTION_STATIC": "sglang.mem_fraction_static",
    },
    successors=_SUCCESSORS,
    port="SGLANG_PORT",
    renamed=_RENAMED,
)
