"""How many parameters a model has, from its config alone, for architectures of a known layer plan.

The plans are those of Transformers' `modeling_*.py`, per family; what is proven is that they give the totals that the
tests name. Every other architecture, and code that comes with the checkpoint (`auto_map`), has no formula here.
"""

from msgspec import Struct

from skewguard.knowledge.capacity.values import gap
from skewguard.knowledge.checkpoints import Checkpoint, Decoder
from skewguard.language.facts import Gap


class _Family(Struct, frozen=True):
    """What tells the families of one layer plan apart: biases (`from config` reads `attention_bias`), norms of queries
    and keys, experts and their width, and whether heads that are not written may be derived.
    """

    qkv_bias: bool = False
    config_bias: bool = False
    norms_heads: bool = False
    experts: bool = False
    derives_kv_heads: bool = False
    derives_head_dim: bool = True


_FAMILIES = {
    "LlamaForCausalLM": _Family(config_bias=True, derives_kv_heads=True),
    "MistralForCausalLM": _Family(),
    "Qwen2ForCausalLM": _Family(qkv_bias=True),
    "Qwen3ForCausalLM": _Family(config_bias=True, norms_heads=True, derives_head_dim=False),
    "MixtralForCausalLM": _Family(experts=True),
    "Qwen3MoeForCausalLM": _Family(config_bias=True, norms_heads=True, experts=True, derives_head_dim=False),
}


class _Sizes(Struct, frozen=True):
    """Every size the formula needs, known."""

    hidden: int
    layers: int
    vocabulary: int
    queries: int
    keys: int
    head: int
    inner: int
    experts: int


def parameters(checkpoint: Checkpoint) -> int | Gap:
    """Elements of all weights; the tied output embedding counts once."""
    name = checkpoint.architectures[0] if len(checkpoint.architectures) == 1 else ""
    family = _FAMILIES.get(name)
    if family is None or "auto_map" in checkpoint.config or checkpoint.decoder.key is not None:
        return gap("weights", f"no formula for {name or 'this architecture'} is known", "the safetensors files")
    sizes = _sizes(checkpoint.decoder, family)
    if isinstance(sizes, Gap):
        return sizes
    tables = 1 if checkpoint.decoder.tie_word_embeddings else 2  # all six classes say False where the config does not
    layer = _attention(sizes, family, checkpoint.decoder) + _inner(sizes, checkpoint.decoder, name) + 2 * sizes.hidden
    return tables * sizes.vocabulary * sizes.hidden + sizes.layers * layer + sizes.hidden


def _sizes(decoder: Decoder, family: _Family) -> _Sizes | Gap:
    kv_heads = decoder.cache_heads if family.derives_kv_heads else decoder.kv_heads
    head = decoder.head_size if family.derives_head_dim else decoder.head_dim
    experts = decoder.experts
    if (experts is not None) != family.experts or _mixed(decoder):
        return gap("weights", "its layers are not those of its architecture's plan", "the safetensors files")
    inner = decoder.intermediate_size if experts is None else experts.intermediate_size or decoder.intermediate_size
    found = {
        "hidden_size": decoder.hidden_size, "num_hidden_layers": decoder.layers, "vocab_size": decoder.vocab_size,
        "num_attention_heads": decoder.heads, "num_key_value_heads": kv_heads, "head_dim": head,
        "intermediate_size": inner,
    }  # fmt: skip
    known = [value for value in found.values() if value]
    if len(known) < len(found):
        absent = ", ".join(name for name, value in found.items() if not value)
        return gap("weights", f"the config does not say {absent}", f"{absent} in config.json")
    hidden, layers, vocabulary, heads, keys, size, width = known
    return _Sizes(hidden, layers, vocabulary, heads * size, keys * size, size, width, experts.count if experts else 0)


def _mixed(decoder: Decoder) -> bool:
    """Qwen3-MoE can keep some layers dense."""
    return bool(decoder.config.get("mlp_only_layers")) or decoder.config.get("decoder_sparse_step", 1) != 1


def _attention(sizes: _Sizes, family: _Family, decoder: Decoder) -> int:
    count = 2 * sizes.hidden * sizes.queries + 2 * sizes.hidden * sizes.keys
    written = family.config_bias and decoder.config.get("attention_bias") is True
    if family.qkv_bias or written:
        count += sizes.queries + 2 * sizes.keys
    if written:
        count += sizes.hidden
    return count + (2 * sizes.head if family.norms_heads else 0)


def _inner(sizes: _Sizes, decoder: Decoder, name: str) -> int:
    block = 3 * sizes.hidden * sizes.inner
    if sizes.experts:
        return sizes.experts * block + sizes.experts * sizes.hidden
    biased = name == "LlamaForCausalLM" and decoder.config.get("mlp_bias") is True
    return block + (2 * sizes.inner + sizes.hidden if biased else 0)
