"""What the config classes of Transformers fill in where a config.json leaves something out.

Multimodal checkpoints leave most of their text part out (Gemma 3 names neither its heads nor its context length). Read in
`models/*/configuration_*.py` of Transformers 4.51.3, 4.57.3 and 5.19.0; a figure stands here where all of them that
have the class agree. Remote code (`auto_map`) has classes of its own, and none of this is said of it.
"""

from collections.abc import Mapping

from msgspec import structs

from skewguard.knowledge.checkpoints.values import Decoder

_Row = tuple[
    int | None, int | None, int | None, int | None, int | None, int | None, bool | None, int | None, int | None
]
_FIELDS = ("hidden_size", "layers", "heads", "kv_heads", "head_dim", "vocab_size", "tie_word_embeddings")
_SPELLINGS = {
    "hidden_size": ("hidden_size", "n_embd", "d_model"),
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head", "n_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv"),
    "head_dim": ("head_dim",),
    "vocab_size": ("vocab_size", "padded_vocab_size"),
    "tie_word_embeddings": ("tie_word_embeddings",),
}

TEXT_PART: dict[str, str] = {
    "aria": "aria_text", "aya_vision": "cohere2", "ernie4_5_vl_moe": "ernie4_5_vl_moe_text", "gemma3": "gemma3_text",
    "gemma3n": "gemma3n_text", "gemma4": "gemma4_text", "gemma4_unified": "gemma4_unified_text", "glm4v": "glm4v_text",
    "glm4v_moe": "glm4v_moe_text", "idefics3": "llama", "internvl": "qwen2", "llama4": "llama4_text", "llava": "llama",
    "llava_next": "llama", "llava_onevision": "qwen2", "mistral3": "mistral", "mllama": "mllama_text_model",
    "paligemma": "gemma", "qwen2_5_vl": "qwen2_5_vl_text", "qwen2_vl": "qwen2_vl_text", "qwen3_5": "qwen3_5_text",
    "qwen3_5_moe": "qwen3_5_moe_text", "qwen3_vl": "qwen3_vl_text", "qwen3_vl_moe": "qwen3_vl_moe_text",
    "smolvlm": "llama",
}  # fmt: skip
"""The class of the text part where it does not name its own."""

# model_type: hidden size, layers, heads, KV heads, head size, vocabulary, tied embeddings, context length, original length
_ROWS: dict[str, _Row] = {
    "afmoe": (2048, 32, 16, None, 128, 200192, False, 16384, None),
    "apertus": (4096, 32, 32, None, None, 131072, False, 65536, None),
    "arcee": (2560, 32, 32, None, None, 32000, False, 4096, None),
    "aria_text": (4096, 32, 32, None, None, 32000, False, 2048, None),
    "bamba": (4096, 32, 32, 8, None, 128000, False, 262144, None),
    "bert": (768, 12, 12, None, None, 30522, True, 512, None),
    "bitnet": (2560, 30, 20, 5, None, 128256, False, 2048, None),
    "chameleon": (4096, 32, 32, 32, None, 65536, False, 4096, None),
    "codegen": (4096, 28, 16, None, None, 50400, False, 2048, None),
    "cohere": (8192, 40, 64, None, None, 256000, True, 8192, None),
    "cohere2": (8192, 40, 64, None, None, 256000, True, 8192, None),
    "cohere2_moe": (8192, 40, 64, None, 128, 256000, True, 8192, None),
    "deepseek_v3": (7168, 61, 128, 128, None, 129280, False, 4096, None),
    "deepseek_v32": (7168, 61, 128, 128, 64, 129280, False, 163840, None),
    "diffllama": (2048, 16, 32, None, None, 32000, False, 2048, None),
    "dots1": (4608, 62, 32, 32, None, 152064, False, 2048, None),
    "ernie4_5": (1024, 18, 16, 2, 128, 103424, True, 131072, None),
    "ernie4_5_moe": (2560, 28, 20, 4, None, 103424, True, 131072, None),
    "ernie4_5_vl_moe_text": (2560, 28, 20, 4, None, 103424, True, 131072, None),
    "exaone4": (4096, 32, 32, 32, None, 102400, False, 2048, None),
    "exaone_moe": (4096, 32, 32, 32, None, 102400, False, 2048, None),
    "falcon": (4544, 32, 71, None, None, 65024, True, 2048, None),
    "falcon_h1": (4096, 32, 32, 8, None, 128000, False, 8192, None),
    "falcon_mamba": (768, 32, None, None, None, 50280, True, None, None),
    "flex_olmo": (4096, 32, 32, None, None, 100352, False, 4096, None),
    "fuyu": (4096, 36, 64, None, None, 262144, False, 16384, None),
    "gemma": (3072, 28, 16, 16, 256, 256000, True, 8192, None),
    "gemma2": (2304, 26, 8, 4, 256, 256000, True, 8192, None),
    "gemma3_text": (2304, 26, 8, 4, 256, 262208, True, 131072, None),
    "gemma3n_text": (2048, 35, 8, 2, 256, 262400, True, 32768, None),
    "gemma4_text": (2304, 30, 8, 4, 256, 262144, True, 131072, None),
    "gemma4_unified_text": (2304, 30, 8, 4, 256, 262144, True, 262144, None),
    "glm": (4096, 40, 32, 2, 128, 151552, False, 131072, None),
    "glm4": (4096, 40, 32, 2, 128, 151552, False, 131072, None),
    "glm4_moe": (4096, 46, 96, 8, None, 151552, False, 131072, None),
    "glm4_moe_lite": (2048, 47, 20, 20, None, 154880, False, 202752, None),
    "glm4v_moe_text": (4096, 46, 96, 8, None, 151424, False, 65536, None),
    "glm4v_text": (4096, 40, 32, 2, None, 151552, False, 32768, None),
    "glm_moe_dsa": (6144, 78, 64, 64, 64, 154880, False, 202752, None),
    "gpt2": (768, 12, 12, None, None, 50257, True, 1024, None),
    "gpt_bigcode": (768, 12, 12, None, None, 50257, True, 1024, None),
    "gpt_neox": (6144, 44, 64, None, None, 50432, False, 2048, None),
    "gpt_oss": (2880, 36, 64, 8, 64, 201088, False, 131072, None),
    "gptj": (4096, 28, 16, None, None, 50400, False, 2048, None),
    "granite": (4096, 32, 32, None, None, 32000, False, 2048, None),
    "granitemoe": (4096, 32, 32, None, None, 32000, False, 2048, None),
    "granitemoehybrid": (4096, 32, 32, None, None, 32000, False, 2048, None),
    "granitemoeshared": (4096, 32, 32, None, None, 32000, False, 2048, None),
    "helium": (2560, 24, 20, 20, 128, 48000, False, 4096, None),
    "hunyuan_v1_dense": (4096, 32, 32, None, None, 290943, False, 2048, None),
    "hunyuan_v1_moe": (4096, 32, 32, None, None, 290943, False, 2048, None),
    "hyperclovax": (4096, 32, 32, None, None, 32000, False, 2048, None),
    "jamba": (4096, 32, 32, 8, None, 65536, False, 262144, None),
    "kimi_linear": (2304, 27, 32, 32, None, 163840, False, 1048576, None),
    "lfm2": (2560, 32, 32, 8, None, 65536, True, 128000, None),
    "lfm2_moe": (2048, 32, 32, 8, None, 65536, True, 128000, None),
    "llama": (4096, 32, 32, None, None, 32000, False, 2048, None),
    "llama4_text": (5120, 48, 40, 8, 128, 202048, False, 131072, None),
    "mamba": (768, 32, None, None, None, 50280, True, None, None),
    "mamba2": (4096, 64, None, None, None, 32768, False, None, None),
    "mimo_v2_flash": (4096, 48, 64, 4, 192, 152576, False, 131072, None),
    "minicpm3": (2560, 62, 40, 40, None, 73448, True, 32768, None),
    "minimax": (4096, 32, 32, 8, None, 32000, False, 131072, None),
    "minimax_m2": (3072, 62, 48, 8, 128, 200064, False, 196608, None),
    "ministral": (4096, 32, 32, 8, None, 32000, False, 131072, None),
    "ministral3": (4096, 34, 32, 8, 128, 131072, False, 262144, None),
    "mistral": (4096, 32, 32, 8, None, 32000, False, 131072, None),
    "mistral4": (4096, 36, 32, 32, None, 131072, False, 1048576, None),
    "mixtral": (4096, 32, 32, 8, None, 32000, False, 131072, None),
    "mllama_text_model": (4096, 40, 32, 8, None, 128256, False, 131072, None),
    "modernbert": (768, 22, 12, None, None, 50368, True, 8192, None),
    "nemotron": (6144, 32, 48, None, None, 256000, False, 4096, None),
    "olmo": (4096, 32, 32, None, None, 50304, False, 2048, None),
    "olmo2": (4096, 32, 32, None, None, 50304, False, 2048, None),
    "olmo3": (4096, 32, 32, None, None, 50304, False, 2048, None),
    "olmo_hybrid": (3840, 32, 30, None, None, 100352, False, 65536, None),
    "olmoe": (2048, 16, 16, None, None, 50304, False, 4096, None),
    "opt": (768, 12, 12, None, None, 50272, True, 2048, None),
    "persimmon": (4096, 36, 64, None, None, 262144, False, 16384, None),
    "phi": (2048, 24, 32, None, None, 51200, False, 2048, None),
    "phi3": (3072, 32, 32, None, None, 32064, False, 4096, 4096),
    "phimoe": (4096, 32, 32, 8, None, 32064, False, 131072, None),
    "qwen2": (4096, 32, 32, 32, None, 151936, False, 32768, None),
    "qwen2_5_omni_text": (3584, 28, 28, 4, None, 152064, None, 32768, None),
    "qwen2_5_vl_text": (8192, 80, 64, 8, None, 152064, False, 32768, None),
    "qwen2_moe": (2048, 24, 16, 16, None, 151936, False, 32768, None),
    "qwen2_vl_text": (8192, 80, 64, 8, None, 152064, False, 32768, None),
    "qwen3": (4096, 32, 32, 32, 128, 151936, False, 32768, None),
    "qwen3_5_moe_text": (2048, 40, 16, 2, 256, 248320, False, 32768, None),
    "qwen3_5_text": (4096, 32, 16, 4, 256, 248320, False, 32768, None),
    "qwen3_moe": (2048, 24, 32, 4, None, 151936, False, 32768, None),
    "qwen3_next": (2048, 48, 16, 2, 256, 151936, False, 32768, None),
    "qwen3_omni_moe_text": (2048, 28, 28, 4, None, 3584, False, 32768, None),
    "qwen3_vl_moe_text": (2048, 24, 16, 16, None, 151936, None, 128000, None),
    "qwen3_vl_text": (4096, 32, 32, 32, 128, 151936, False, 128000, None),
    "roberta": (768, 12, 12, None, None, 50265, True, 512, None),
    "seed_oss": (4096, 64, 80, 8, 128, 155136, False, 524288, None),
    "smollm3": (2048, 36, 16, 4, None, 128256, True, 32768, None),
    "solar_open": (4096, 48, 64, 8, 128, 196608, False, 131072, None),
    "stablelm": (2560, 32, 32, 32, None, 50304, False, 4096, None),
    "starcoder2": (3072, 30, 24, 2, None, 49152, True, 4096, None),
    "step3p5": (4096, 45, 64, 8, 128, 128815, False, 128000, None),
    "vaultgemma": (2304, 26, 8, 4, 256, 256000, True, 8192, None),
    "whisper": (None, None, None, None, None, 51865, True, 448, None),
    "xlm-roberta": (768, 12, 12, None, None, 30522, True, 512, None),
    "youtu": (2048, 32, 16, 16, None, 128256, True, 131072, None),
    "zamba": (3712, 76, 16, 16, None, 32000, True, 4096, None),
    "zamba2": (2560, 54, 32, None, None, 32000, True, 4096, None),
}  # fmt: skip


def filled(decoder: Decoder, kind: str | None, written: Mapping[str, object]) -> Decoder:
    """The decoder with what its class `kind` fills in; keys that are `written`, also as null, stay as they are."""
    row = _ROWS.get(kind or "")
    if row is None:
        return decoder
    *sizes, context, original = row
    added: dict[str, object] = {
        field: size
        for field, size in zip(_FIELDS, sizes, strict=True)
        if size is not None and getattr(decoder, field) is None and not any(key in written for key in _SPELLINGS[field])
    }
    lengths = dict(decoder.lengths)
    if context is not None and not lengths:
        lengths["max_position_embeddings"] = context
    if original is not None:
        lengths.setdefault("original_max_position_embeddings", original)
    if lengths != decoder.lengths:
        added["lengths"] = lengths
    return structs.replace(decoder, class_known=True, filled=tuple(added), **added)
