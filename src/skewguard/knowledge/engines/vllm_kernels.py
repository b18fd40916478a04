"""Attention kernels and the size of a KV block, which platform and model choose together.

Read in `get_attn_backend_cls` and `check_and_update_config` of vllm/platforms. The choice among GPU kernels hangs on what
is installed and on sizes of heads, so no value is given for it. A block has 16 tokens on NVIDIA GPUs to 0.17 unless the
model has latent attention or Mamba layers; from 0.18 on the kernels choose. On CPUs it has 128 from 0.12 on.
"""

from skewguard.knowledge.engines import vllm_kinds
from skewguard.knowledge.engines.vllm_ground import Answer, Ground, derived, needs_model


def attention_backend(setting: str, ground: Ground) -> Answer:
    """Unset: chosen by GPU, head size and number formats."""
    rule = f"vllm.attention-backend@{ground.era('0.8.0', '0.11.0', '0.15.1')}"
    return needs_model(setting, ground, rule, "it is chosen by GPU, head size and number formats", ground.hardware.key)


def block_size(setting: str, ground: Ground) -> Answer:
    """Unset: the platform's and the attention backend's choice."""
    found = ground.checkpoint
    if found is not None and found.decoder.latent is None and vllm_kinds.plain(ground):
        if ground.platform == "cpu" and ground.since("0.12.0"):
            return derived(setting, ground, "block-size", 128, "CPU")
        if ground.platform == "cuda" and not ground.since("0.18.0"):
            return derived(setting, ground, "block-size", 16, "NVIDIA GPU")
    return needs_model(
        setting, ground, "vllm.block-size", "platform and attention backend choose it", ground.hardware.key
    )
