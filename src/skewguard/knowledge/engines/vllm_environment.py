"""What vLLM makes of environment variables.

vLLM ignores a variable it does not know without a word up to 0.16, and with one warning line from 0.17 on. What took
the place of a variable stands in its release notes.
"""

from skewguard.knowledge.engines import vllm_endings
from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.environment import LOOK_ALIKES, Manner

_NOT_OURS = (
    "VLLM_ADDITIONAL_ARGS",  # KServe's LLMInferenceService presets append it to the command
    "VLLM_ARGS",
    "VLLM_EXTRA_ARGS",  # entrypoint scripts of charts
    "VLLM_SERVICE_",  # Kubernetes service links
    "VLLM_PORT_",
    "VLLM_ASCEND_",  # platform plugins read these themselves
    "VLLM_HPU_",
    "VLLM_GAUDI_",
    "VLLM_OMNI_",
    "VLLM_SPYRE_",
    "VLLM_NEURON_",
    "VLLM_PROMPT_SEQ_",
    "VLLM_PROMPT_BS_",
    "VLLM_DECODE_BS_",
    "VLLM_DECODE_BLOCK_",
)

_LOOK_ALIKES = {
    **LOOK_ALIKES,
    "SWAP_SPACE": "vllm.swap_space",
    "MAX_LORA_RANK": "vllm.max_lora_rank",
}

_SUCCESSORS: dict[str, tuple[str | None, str]] = {
    "VLLM_ATTENTION_BACKEND": ("--attention-backend", ""),
    "VLLM_USE_V1": (None, "there is one engine now"),
    "VLLM_ALL2ALL_BACKEND": ("--all2all-backend", ""),
    "VLLM_FLASH_ATTN_VERSION": ("--attention-config.flash_attn_version", ""),
    "VLLM_LOG_LEVEL": ("VLLM_LOGGING_LEVEL", ""),
}


MANNER = Manner(
    Engine("vllm", "vLLM"),
    prefixes=("VLLM_",),
    not_ours=_NOT_OURS,
    look_alikes=_LOOK_ALIKES,
    successors=_SUCCESSORS,
    port="VLLM_PORT",
    wanted=vllm_endings.wanted,
)
