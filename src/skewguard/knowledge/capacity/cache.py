"""What the KV cache keeps of one request: bytes per token, and per request of the longest length.

The arithmetic is that of vLLM's `v1/kv_cache_interface.py` (full, sliding-window and latent attention). Proven against
the log lines of real servers is the plain path, alike heads in every layer; windows, latent attention and splits over
devices rest on arithmetic alone. Families outside the lists below have no answer; a layer that keeps a state (Mamba,
linear attention), shares another layer's cache or has heads of its own size is a `Gap`.
"""

from msgspec import Struct

from skewguard.knowledge.capacity import widths
from skewguard.knowledge.capacity.values import Amount, Answer, Plan, gap
from skewguard.knowledge.checkpoints import Checkpoint, Decoder, LatentAttention
from skewguard.knowledge.checkpoints.values import LayerKind
from skewguard.language.facts import Gap

LATENT = "multi-head latent attention keeps one compressed vector per token, whole on every device"
STAGES = "the fullest pipeline stage holds its share of the layers rounded up"
WINDOW = "a layer with a sliding window keeps no more than its window; what a prefill step adds is left out"

_EQUAL = frozenset(
    {
        "llama", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "phi3", "gemma", "starcoder2", "granite",
        "granitemoe", "olmo2", "glm4", "stablelm", "gpt_neox", "phi", "qwen2_5_vl_text", "qwen2_vl_text",
        "qwen3_vl_text", "qwen3_vl_moe_text",
    }
)  # fmt: skip
_TOLD = frozenset({"gemma2", "gemma3_text", "cohere2", "gpt_oss"})  # windows in some layers, never in none
_LATENT = frozenset({"deepseek_v2", "deepseek_v3", "kimi_k2"})
_WINDOWED = frozenset({"mistral", "mixtral", "phi3", "starcoder2"})  # a window that is written is every layer's
_HEADS_ALIKE = frozenset({"llama", "phi", "phi3", "gpt_neox", "granite", "granitemoe", "olmo2"})
"""Families whose class takes as many heads of keys and values as heads where the config says none or null."""
_HEAD_NAMED = frozenset(
    {
        "gemma", "gemma2", "gemma3_text", "qwen3", "qwen3_moe", "qwen3_vl_text", "qwen3_vl_moe_text", "glm4", "gpt_oss",
    }
)  # fmt: skip
"""Families whose class has a head size of its own, so that it does not follow from the hidden size."""
_UNEQUAL = (
    "block_configs", "num_kv_shared_layers", "global_head_dim", "num_global_key_value_heads", "cross_attention_layers",
    "index_head_dim", "swa_num_key_value_heads", "swa_head_dim", "is_encoder_decoder", "attention_chunk_size",
)  # fmt: skip


class Kept(Struct, frozen=True):
    """What one device keeps: `row` bytes per token and layer, layers that keep all, layers that keep a `window`."""

    row: int
    full: int
    sliding: int = 0
    window: int | None = None
    assumes: tuple[str, ...] = ()

    @property
    def uniform(self) -> bool:
        """Whether all layers keep alike, so that the cache counts in tokens."""
        return not (self.full and self.sliding)

    def bytes_of(self, length: int) -> int:
        """Bytes of `length` tokens."""
        seen = length if self.window is None else min(length, self.window)
        return self.row * (self.full * length + self.sliding * seen)


def per_token(checkpoint: Checkpoint, plan: Plan) -> Answer:
    """Bytes that one more token takes on the fullest device, while every window still has room."""
    found = kept(checkpoint, plan)
    if isinstance(found, Gap):
        return found
    return Amount(found.bytes_of(1), "bytes per token", "exact", found.assumes)


def per_request(checkpoint: Checkpoint, plan: Plan) -> Answer:
    """Bytes that one request of the longest length takes on the fullest device."""
    found = kept(checkpoint, plan)
    if isinstance(found, Gap):
        return found
    if plan.length is None:
        return gap("max_model_len", "the longest length is not known", "max_model_len")
    length = -(-plan.length // plan.block) * plan.block if plan.block else plan.length
    exact = plan.block is not None and not found.sliding
    return Amount(found.bytes_of(length), "bytes", "exact" if exact else "at-least", found.assumes)


def kept(checkpoint: Checkpoint, plan: Plan) -> Kept | Gap:
    """What the fullest device keeps of the past."""
    decoder = checkpoint.decoder
    odd = [name for name in _UNEQUAL if decoder.config.get(name) or checkpoint.config.get(name)]
    if odd:
        return gap("kv_cache", f"its layers do not keep alike ({', '.join(odd)})", "a rule for this architecture")
    kinds = _kinds(checkpoint)
    if isinstance(kinds, Gap):
        return kinds
    row = _row(checkpoint, plan)
    if isinstance(row, Gap):
        return row
    assumes = (LATENT,) if decoder.latent else ()
    full, sliding = kinds.count("full"), kinds.count("sliding")
    if plan.pipeline > 1:
        if full and sliding:
            return gap("kv_cache", "which stage holds which kind of layer is not known", "pipeline parallelism of 1")
        full, sliding = -(-full // plan.pipeline), -(-sliding // plan.pipeline)
        assumes = (*assumes, STAGES)
    if sliding:
        return Kept(row, full, sliding, decoder.sliding_window, (*assumes, WINDOW))
    return Kept(row, full, assumes=assumes)


def _kinds(checkpoint: Checkpoint) -> tuple[LayerKind, ...] | Gap:
    """The kind of every layer, where the family's layers are known."""
    decoder = checkpoint.decoder
    family = _family(checkpoint)
    if family not in _EQUAL | _TOLD | _LATENT | _WINDOWED or (family in _LATENT) != (decoder.latent is not None):
        return gap("kv_cache", f"what the layers of {family or 'this model'} keep is not known", "a rule for it")
    if not decoder.layers:
        return gap("kv_cache", "the number of layers is not known", "num_hidden_layers in config.json")
    if decoder.layer_kinds:
        return _listed(decoder, decoder.layers)
    return _unlisted(decoder, decoder.layers, family)


def _listed(decoder: Decoder, layers: int) -> tuple[LayerKind, ...] | Gap:
    kinds = decoder.layer_kinds
    others = sorted(set(kinds) - {"full", "sliding"})
    if others:
        return gap("kv_cache", f"layers of kind {', '.join(others)} keep a state", "a rule for this architecture")
    if len(kinds) != layers:
        return gap("kv_cache", f"{len(kinds)} layer types for {layers} layers", "a config.json that agrees with itself")
    if "sliding" in kinds and decoder.sliding_window is None:
        return gap("kv_cache", "the window of its sliding layers is not known", "sliding_window in config.json")
    return kinds


def _unlisted(decoder: Decoder, layers: int, family: str) -> tuple[LayerKind, ...] | Gap:
    unsaid = family == "mistral" and "sliding_window" not in decoder.config  # its class fills in 4096
    if family == "gemma2" and decoder.sliding_window is not None:
        return tuple("full" if at % 2 else "sliding" for at in range(layers))
    if family in _TOLD or unsaid or (decoder.sliding_window is not None and family not in _WINDOWED):
        return gap("kv_cache", "which layers have a sliding window is not known", "layer_types in config.json")
    kind: LayerKind = "full" if decoder.sliding_window is None else "sliding"
    return (kind,) * layers


def _row(checkpoint: Checkpoint, plan: Plan) -> int | Gap:
    """Bytes of one token in one layer on one device."""
    stated = checkpoint.quantization
    width = widths.cached(plan, scheme=stated is not None and stated.kv_cache is not None)
    if isinstance(width, Gap):
        return width
    if checkpoint.decoder.latent is not None:
        return _latent(checkpoint.decoder.latent, width)
    heads, size = _heads(checkpoint)
    if not heads or not size:
        return gap("kv_cache", "the heads of keys and values are not known", "num_key_value_heads and head_dim")
    larger, smaller = max(heads, plan.tensor), min(heads, plan.tensor)
    if larger % smaller:
        return gap(
            "kv_cache", f"{heads} heads of keys and values do not divide by {plan.tensor}", "another tensor size"
        )
    return 2 * max(1, heads // plan.tensor) * size * width


def _heads(checkpoint: Checkpoint) -> tuple[int | None, int | None]:
    """Heads of keys and values, and the size of one; derived only where the family's class derives them too."""
    decoder, family = checkpoint.decoder, _family(checkpoint)
    heads = decoder.cache_heads if family in _HEADS_ALIKE else decoder.kv_heads
    return heads, decoder.head_dim if family in _HEAD_NAMED else decoder.head_size


def _family(checkpoint: Checkpoint) -> str:
    """The model type of the part that generates text; a part that does not name its own has none."""
    decoder = checkpoint.decoder
    return decoder.model_type or (checkpoint.model_type if decoder.key is None else None) or ""


def _latent(latent: LatentAttention, width: int) -> int | Gap:
    if latent.rope_head_dim is None:
        return gap("kv_cache", "the rotary part of a compressed token is not known", "qk_rope_head_dim in config.json")
    return (latent.kv_lora_rank + latent.rope_head_dim) * width
