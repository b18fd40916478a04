"""The part of a config that generates text, with its sizes under one name each.

Families have their own words for the same size; the order of the names is that of vLLM's
`transformers_utils/model_arch_config_convertor.py` and of the `attribute_map` of Transformers' config classes.
"""

from skewguard.knowledge.checkpoints import families, layers, positions
from skewguard.knowledge.checkpoints.fields import Fields
from skewguard.knowledge.checkpoints.values import Decoder, Experts, LatentAttention

PARTS = (
    ("text_config",),
    ("llm_config",),
    ("language_config",),
    ("thinker_config", "text_config"),
    ("language_model_config",),
)
"""Where multimodal configs keep the part that generates text."""

_ONE_HEAD = ("gpt_bigcode",)  # with `multi_query`
_FALCON = ("falcon", "RefinedWeb", "RefinedWebModel")


def find(config: Fields) -> tuple[str | None, Fields]:
    """The sub-config that generates text, with its key; the whole config where there is none."""
    for path in PARTS:
        found: Fields | None = config
        for key in path:
            found = found.part(key) if found is not None else None
        if found is not None:
            return ".".join(path), found
    return None, config


def decoder(config: Fields) -> Decoder:
    """The part of a config that generates text."""
    key, fields = find(config)
    count = fields.integer("num_hidden_layers", "n_layer", "n_layers", "num_layers")
    tied = fields.boolean("tie_word_embeddings")
    kind = fields.text("model_type") or config.text("model_type")
    written = Decoder(
        key=key,
        model_type=fields.text("model_type"),
        hidden_size=fields.integer("hidden_size", "n_embd", "d_model"),
        intermediate_size=fields.integer("intermediate_size", "ffn_hidden_size", "n_inner"),
        layers=count,
        heads=fields.integer("num_attention_heads", "n_head", "n_heads"),
        kv_heads=_kv_heads(fields),
        head_dim=_head_dim(fields),
        vocab_size=fields.integer("vocab_size", "padded_vocab_size"),
        tie_word_embeddings=tied if tied is not None else config.boolean("tie_word_embeddings"),
        sliding_window=_window(fields),
        lengths=positions.lengths(fields),
        layer_kinds=layers.kinds(fields, count),
        experts=_experts(fields),
        latent=_latent(fields),
        state=layers.state(fields),
        config=fields.values,
    )
    if "auto_map" in config.values:
        return written
    return families.filled(written, families.TEXT_PART.get(kind or "", kind), fields.values)


def _kv_heads(fields: Fields) -> int | None:
    """Heads of the KV cache as the config says them; None where it leaves them to its class."""
    kind = fields.text("model_type")
    new_falcon = kind in _FALCON and fields.boolean("new_decoder_architecture") is True
    if (kind in _ONE_HEAD or (kind in _FALCON and not new_falcon)) and fields.boolean("multi_query"):
        return 1
    attention = fields.part("attn_config")  # DBRX, MPT
    inner = attention.integer("kv_n_heads") if attention is not None else None
    if inner is not None:
        return inner
    return fields.integer(
        "n_head_kv", "num_kv_heads", "num_key_value_heads", "multi_query_group_num", "num_attention_groups"
    )


def _head_dim(fields: Fields) -> int | None:
    found = fields.integer("head_dim", "hidden_size_per_head", "kv_channels", "attention_head_dim")
    return found or None  # some classes save 0 for "the usual"


def _window(fields: Fields) -> int | None:
    """The sliding window in tokens; None where there is none or the config switches it off."""
    if fields.values.get("use_sliding_window") is False:
        return None
    return fields.integer("sliding_window")


def _experts(fields: Fields) -> Experts | None:
    count = fields.integer("num_experts", "moe_num_experts", "n_routed_experts", "num_local_experts")
    if not count:
        return None
    return Experts(
        count,
        per_token=fields.integer(
            "num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_topk", "moe_top_k"
        ),
        intermediate_size=fields.integer("moe_intermediate_size", "expert_ffn_hidden_size"),
        shared=fields.integer("n_shared_experts", "moe_num_shared_experts"),
    )


def _latent(fields: Fields) -> LatentAttention | None:
    rank = fields.integer("kv_lora_rank")
    if not rank:
        return None
    return LatentAttention(
        rank,
        rope_head_dim=fields.integer("qk_rope_head_dim"),
        nope_head_dim=fields.integer("qk_nope_head_dim"),
        value_head_dim=fields.integer("v_head_dim"),
        q_lora_rank=fields.integer("q_lora_rank"),
    )
