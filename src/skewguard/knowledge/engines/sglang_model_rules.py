"""What SGLang takes from the checkpoint: number formats, context length, quantization.

Read in `sglang/srt/configs/model_config.py` (`_get_and_verify_dtype`, `_verify_quantization`), `get_context_length` of
`hf_transformers_utils` and `configure_kv_cache_dtype`, of every release from 0.4.0 on.
"""

from skewguard.knowledge.checkpoints import Checkpoint, Rope
from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.sglang_ground import ASK, Ground, derived
from skewguard.knowledge.engines.versions import since
from skewguard.language import vocabulary
from skewguard.language.facts import Effective, Fact, Gap

LENGTHS = ("max_sequence_length", "seq_length", "max_seq_len", "model_max_length", "max_position_embeddings")
"""The keys that bound the context; the first that a config has decides."""

_KEPT = ("fp8", "compressed-tensors", "mxfp4", "bitsandbytes", "w8a8_int8", "w8a8_fp8", "qoq", "quark")
"""Methods that no kernel of another name takes over."""


def _gap(setting: str, ground: Ground, rule: str, reason: str) -> Gap:
    return Gap(setting, reason, rule, (ground.model_key,), f"the model's config.json, or {ASK}")


def dtype(setting: str, ground: Ground) -> Effective:
    """`auto`: the checkpoint's format; a 32-bit one becomes float16, of Gemma models bfloat16."""
    rule = "sglang.dtype@0.5.15" if since(ground.version, "0.5.15") else "sglang.dtype"
    checkpoint = ground.checkpoint
    if checkpoint is None:
        return _gap(setting, ground, rule, "`auto` takes the number format of the checkpoint")
    decoder, written = checkpoint.decoder, checkpoint.dtypes
    if decoder.key is not None and written.text is None:
        return _gap(setting, ground, rule, f"the part `{decoder.key}` of config.json names no number format")
    named = (written.text if decoder.key is not None else written.config) or "float32"
    kind = decoder.model_type or ""
    gemma = kind.startswith("gemma") if since(ground.version, "0.4.4.post4") else kind == "gemma2"
    value = named if named != "float32" else "bfloat16" if gemma else "float16"
    if value == "bfloat16" or kind != "gpt_oss":  # whose releases from 0.5.15 on override it
        return derived(setting, ground, "dtype", value, f"config.json says {named}")
    return _gap(setting, ground, rule, "this model's own override decides")


def context_length(setting: str, ground: Ground) -> Effective:
    """Unset: the first length that config.json names, times the factor of its RoPE where that stretches it."""
    rule = "sglang.context-length"
    checkpoint = ground.checkpoint
    if checkpoint is None:
        return _gap(setting, ground, rule, "the model's config decides the context length")
    name = next((each for each in LENGTHS if each in checkpoint.decoder.lengths), None)
    factor = _factor(checkpoint)
    if name is None or factor is None:
        return _gap(setting, ground, rule, "config.json leaves the length to the model's own code")
    length = checkpoint.decoder.lengths[name]
    return derived(setting, ground, "context-length", int(factor * length), f"{name} {length}")


def _factor(checkpoint: Checkpoint) -> float | None:
    """By what the RoPE stretches the length; None where that hangs on the release of Transformers."""
    at = "text" if checkpoint.decoder.key is not None else "config"
    rope: Rope | None = next((each for each in checkpoint.ropes if each.at == at), None)
    if rope is None or rope.factor is None or rope.original_length is not None or rope.type == "llama3":
        return 1.0
    return rope.factor if rope.form == "rope_scaling" else None


def quantization(setting: str, ground: Ground) -> Effective:
    """Unset: what the checkpoint says; GPTQ, AWQ and ModelOpt methods are rewritten by kernel and GPU."""
    rule, checkpoint = "sglang.quantization", ground.checkpoint
    if checkpoint is None:
        gap = _gap(setting, ground, rule, "the checkpoint says how it is quantized")
        return Gap(setting, gap.reason, rule, (*gap.inputs, ground.hardware.key), gap.would_need)
    found = checkpoint.quantization
    if found is None:
        fact = derived(setting, ground, "quantization", None, "the checkpoint is not quantized")
        unseen = () if checkpoint.whole else ("hf_quant_config.json beside config.json",)
        return Fact(setting, None, "derived", fact.origin, unseen)
    if found.method in _KEPT:
        return derived(setting, ground, "quantization", found.method, f"{found.file} says so")
    return _gap(setting, ground, rule, f"{found.file} says {found.method}; kernel and GPU decide which method runs it")


def kv_cache_dtype(setting: str, ground: Ground) -> Effective:
    """`auto`: the model's number format, unless the checkpoint brings scales for a smaller one."""
    rule = "sglang.kv-cache-dtype@0.5.15" if since(ground.version, "0.5.15") else "sglang.kv-cache-dtype"
    checkpoint = ground.checkpoint
    if checkpoint is None or any(each.kv_cache is not None for each in checkpoint.quantizations):
        return _gap(setting, ground, rule, "`auto` follows the model and its checkpoint")
    written = ground.declared("dtype")
    if written is UNKNOWABLE:
        return _gap(setting, ground, rule, "`auto` follows --dtype, whose value is not known")
    if isinstance(written, str) and written != "auto":
        value = vocabulary.canonical("runtime.dtype", written)
        return derived(setting, ground, "kv-cache-dtype", value, "follows --dtype")
    model = dtype("runtime.dtype", ground)
    if isinstance(model, Fact):
        return derived(setting, ground, "kv-cache-dtype", model.value, "follows the model")
    return _gap(setting, ground, rule, "`auto` follows the model's number format")


def disable_chunked_prefix_cache(setting: str, ground: Ground) -> Effective:
    """Only latent attention (MLA) reads a cached prefix in chunks: for every other model the server switches it off.

    `ModelRunner` does so when it loads the model, from the first release that has the flag on.
    """
    rule, checkpoint = "sglang.chunked-prefix-cache", ground.checkpoint
    if checkpoint is None:
        return _gap(setting, ground, rule, "only models with latent attention keep it")
    if checkpoint.decoder.latent is None and checkpoint.decoder.model_type is not None:
        return derived(setting, ground, "chunked-prefix-cache", value=True, why="the model has no latent attention")
    return _gap(setting, ground, rule, "the attention backend decides whether this model keeps it")
