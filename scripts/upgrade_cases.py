"""The servers whose settings the page of silent changes compares: one plain model, and one for each kind that a rule
treats apart.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, json

PLAIN: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "torch_dtype": "bfloat16",
    "max_position_embeddings": 8192,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "num_hidden_layers": 32,
    "vocab_size": 128256,
}
"""A dense decoder in bfloat16 that nothing special is known of."""


class Server(Struct, frozen=True):
    """A GPU, what its model's config.json says besides `PLAIN`, and how the page calls the two."""

    name: str
    gpu: str
    model: Mapping[str, Any] = {}

    @property
    def files(self) -> dict[str, str]:
        """The small files of its checkpoint."""
        return {"config.json": json.encode({**PLAIN, **self.model}).decode()}


BASE = (Server("H100-80GB", "H100-80GB"), Server("L4", "L4"))
"""Compared in every setting. One on each side of the memory sizes at which batch limits part."""

_LONG = {"max_position_embeddings": 131072}
_LONGROPE = {
    "type": "longrope",
    "short_factor": [1.0] * 48,
    "long_factor": [2.0] * 48,
}
_YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
_HYBRID = {
    "architectures": ["JambaForCausalLM"],
    "model_type": "jamba",
    "attn_layer_offset": 4,
    "attn_layer_period": 8,
    "mamba_d_state": 16,
    "mamba_d_conv": 4,
    "mamba_expand": 2,
    "mamba_dt_rank": 256,
}
_MODELOPT = {"quant_method": "modelopt", "quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}

SPECIAL = (
    Server("A100-80GB", "A100-80GB"),
    Server("B200", "B200"),
    Server("a float32 checkpoint", "H100-80GB", {"torch_dtype": "float32"}),
    Server("a context of 131072", "H100-80GB", _LONG),
    Server(
        "LongRoPE, 4096 to 131072",
        "H100-80GB",
        {**_LONG, "original_max_position_embeddings": 4096, "rope_scaling": _LONGROPE},
    ),
    Server("YaRN ×4 over 32768", "H100-80GB", {"max_position_embeddings": 32768, "rope_scaling": _YARN}),
    Server("`model_max_length` 131072 beside 8192 positions", "H100-80GB", {"model_max_length": 131072}),
    Server("a hybrid model with Mamba layers", "H100-80GB", _HYBRID),
    Server("ModelOpt FP8 with an FP8 KV cache", "H100-80GB", {"quantization_config": _MODELOPT}),
)
"""Compared in the settings that contracts and checks know by name, where they differ from what the base tells."""
