"""What SGLang makes of environment variables.

From 0.5.3 on it keeps them in one place (`srt/environ.py`): a value that is no number where one is wanted is passed over
with a warning, and a name that begins with the old `SGL_` counts as the `SGLANG_` one. Before, it fails where it reads
such a value.
"""

from skewguard.knowledge.engines.environment import LOOK_ALIKES, Manner
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
    renamed=("SGL_", "SGLANG_", "0.5.3"),
)
