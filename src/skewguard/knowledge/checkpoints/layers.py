"""What each layer of a decoder keeps of the past, from the many ways in which configs say it."""

from collections.abc import Sequence

from skewguard.knowledge.checkpoints.fields import Fields
from skewguard.knowledge.checkpoints.values import LayerKind, StateSpace

_KINDS: dict[str, LayerKind] = {
    "full_attention": "full",
    "attention": "full",
    "global": "full",
    "hybrid": "full",  # Zamba2: attention and Mamba in one block
    "sliding_attention": "sliding",
    "local": "sliding",
    "chunked_attention": "chunked",
    "linear_attention": "linear",
    "mamba": "mamba",
    "mamba2": "mamba",
    "conv": "mamba",  # LFM2's short convolutions keep a state too
    "recurrent": "mamba",
    "mlp": "none",
    "moe": "none",
}
_PATTERN: dict[str, LayerKind] = {"M": "mamba", "*": "full", "-": "none", "E": "none"}

STATES = (
    "mamba_d_state", "mamba_d_conv", "mamba_expand", "mamba_n_heads", "mamba_d_head", "mamba_n_groups", "state_size",
    "ssm_state_size", "conv_kernel", "conv_kernel_size", "time_step_rank", "mamba_num_heads", "mamba_head_dim",
    "n_groups", "expand", "linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim",
    "linear_value_head_dim", "linear_conv_kernel_dim", "conv_L_cache", "lru_width",
)  # fmt: skip
"""Keys that size the state of Mamba, convolution and linear-attention layers."""


def state(fields: Fields) -> StateSpace | None:
    """The sizes of the state that such layers keep; None where the config has none."""
    found = {name: fields.integer(name) for name in STATES}
    sizes = {name: size for name, size in found.items() if size is not None}
    return StateSpace(sizes) if sizes else None


def kinds(fields: Fields, layers: int | None) -> tuple[LayerKind, ...]:
    """One kind per layer; empty where the config does not tell layers apart, or not in a way that is known."""
    for name in ("layer_types", "layers_block_type"):
        listed = fields.values.get(name)
        if isinstance(listed, list) and listed:
            return _named(listed)
    pattern = fields.values.get("hybrid_override_pattern")
    if isinstance(pattern, str) and pattern and all(letter in _PATTERN for letter in pattern):
        return tuple(_PATTERN[letter] for letter in pattern)
    listed = fields.values.get("attn_type_list")  # MiniMax: 1 is attention, 0 linear attention
    if isinstance(listed, list) and listed:
        return tuple("full" if each == 1 else "linear" for each in listed)
    return _periodic(fields, layers) if layers else ()


def _named(listed: Sequence[object]) -> tuple[LayerKind, ...]:
    found = [_KINDS.get(str(each)) for each in listed]
    known = tuple(kind for kind in found if kind is not None)
    return known if len(known) == len(found) else ()


def _periodic(fields: Fields, layers: int) -> tuple[LayerKind, ...]:
    """Configs that give a period: every n-th layer sees everything."""
    every = fields.integer("full_attention_interval")  # Qwen3-Next
    if every:
        return tuple("full" if (at + 1) % every == 0 else "linear" for at in range(layers))
    every, offset = fields.integer("attn_layer_period"), fields.integer("attn_layer_offset")  # Jamba
    if every and offset is not None:
        return tuple("full" if at % every == offset else "mamba" for at in range(layers))
    every = fields.integer("sliding_window_pattern")  # Gemma 3, Cohere 2
    if every:
        return tuple("full" if (at + 1) % every == 0 else "sliding" for at in range(layers))
    return ()
