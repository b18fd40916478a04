"""What keeps the arithmetic from an answer: unknown settings, sizes that make no sense, and what moves things elsewhere.

A setting that is a choice or a gap on the sheet makes a gap here, with the inputs that would decide it; so does a setting
that takes the arithmetic away from the device (offloading, overrides of the config, context parallelism), where it is
not at its neutral value.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from skewguard.knowledge.capacity import room
from skewguard.knowledge.capacity.situation import CLASS, DATA, PIPELINE, SHARE, TENSOR, Situation
from skewguard.knowledge.capacity.values import Amount, gap
from skewguard.knowledge.checkpoints import Checkpoint, Decoder, is_gguf
from skewguard.language.facts import Choice, Effective, Fact, Gap

_OVERRIDES = "runtime.hf_overrides"
_NOTHING: tuple[Any, ...] = (None, False, "", "none", 0, [], {})
_ONE = (None, 0, 1)
_GENERATES = (None, "auto", "generate")
_OF_POSITIONS = frozenset({"rope_scaling", "rope_parameters", "rope_theta", "max_position_embeddings"})
"""Keys of a config that move positions alone: they size no weight and no cache."""
_STORED = (
    None, "auto", "dummy", "fastsafetensors", "hf", "instanttensor", "mistral", "npcache", "pt", "remote",
    "remote_instance", "runai_streamer", "runai_streamer_sharded", "safetensors", "sharded_state",
)  # fmt: skip
"""Ways of loading that take the weights as the checkpoint has them; others quantize, or read other files."""
_Neutral = Mapping[str, Mapping[str, tuple[Any, ...]]]
_MODEL: _Neutral = {
    "vllm": {
        "runtime.load_format": _STORED, _OVERRIDES: _NOTHING, "vllm.model_class_overrides": _NOTHING, "vllm.quantization_config": _NOTHING,
        "vllm.language_model_only": _NOTHING, "vllm.task": _GENERATES, "vllm.runner": _GENERATES,
    },
    "sglang": {
        "runtime.load_format": _STORED, _OVERRIDES: _NOTHING, "sglang.torchao_config": _NOTHING, "sglang.modelopt_quant": _NOTHING,
        "sglang.language_model_only": _NOTHING, "sglang.encoder_only": _NOTHING, "sglang.is_embedding": _NOTHING,
    },
}  # fmt: skip
"""Settings that make another model of the files, with the values at which they do nothing."""
PLACE: _Neutral = {
    "vllm": {
        "vllm.cpu_offload_gb": _NOTHING, "vllm.offload_group_size": _NOTHING, "vllm.num_gpu_blocks_override": _NOTHING,
        "vllm.decode_context_parallel_size": _ONE, "vllm.prefill_context_parallel_size": _ONE,
        "vllm.kv_cache_dtype_skip_layers": _NOTHING, "vllm.kv_sharing_fast_prefill": _NOTHING,
    },
    "sglang": {
        "sglang.cpu_offload_gb": _NOTHING, "sglang.offload_group_size": (None, 0, -1), "sglang.dwdp_size": _ONE,
        "sglang.enable_dp_attention": _NOTHING, "sglang.attn_cp_size": _ONE,
        "sglang.dcp_size": _ONE, "sglang.max_total_tokens": _NOTHING, "sglang.enable_hisparse": _NOTHING,
        "sglang.enable_kv_cache_sharding": _NOTHING, "sglang.prefill_only_disable_kv_cache": _NOTHING,
        "sglang.enable_double_sparsity": _NOTHING, "sglang.kt_weight_path": _NOTHING,
        "sglang.kt_amx_weight_path": _NOTHING, "sglang.ple_offload_embedding": _NOTHING,
    },
}  # fmt: skip
"""Settings that lay weights or KV cache elsewhere than evenly on the devices, with the values at which they do nothing."""
_RESERVED, _CPU_SPACE = "vllm.kv_cache_memory_bytes", "vllm.env.VLLM_CPU_KVCACHE_SPACE"
_GIB = 2**30
_LARGEST = 2**32
"""Larger than any size in the config of a model; a product of several still fits a float."""
_MOST_DEVICES = 2**16


def model(situation: Situation) -> Gap | None:
    """Why nothing follows from the model's files: they are not there, or the engine makes another model of them."""
    if situation.engine not in SHARE:
        reason = "how much of a GPU's memory this engine takes for weights and KV cache is not worked out here"
        return gap("model", reason, "a look at the running server")
    if situation.checkpoint is None:
        return gap("model", "the model's own files are not in the input", "--model-config DIR")
    if situation.checkpoint.sentence is not None or situation.checkpoint.modules is not None:
        return gap("model", "it lies beside files of a model that embeds", "a model that generates text")
    if is_gguf(str(situation.value("model.id"))):
        return gap("model", "a GGUF file holds weights and config of its own", "a look at the running server")
    return _odd_sizes(situation.checkpoint) or moved(situation, _MODEL) or _spread(situation)


def _odd_sizes(checkpoint: Checkpoint) -> Gap | None:
    """A size in the config that no model has: whoever wrote it, no number follows from it."""
    for name, size in _sizes(checkpoint.decoder):
        if size is not None and not 0 < size <= _LARGEST:
            return gap("model", f"its config says that {name} is {_short(size)}", f"{name} of a real model")
    return None


def _sizes(decoder: Decoder) -> Iterator[tuple[str, int | None]]:
    yield "hidden_size", decoder.hidden_size
    yield "intermediate_size", decoder.intermediate_size
    yield "num_hidden_layers", decoder.layers
    yield "num_attention_heads", decoder.heads
    yield "num_key_value_heads", decoder.kv_heads
    yield "head_dim", decoder.head_dim
    yield "vocab_size", decoder.vocab_size
    yield "sliding_window", decoder.sliding_window
    if decoder.experts is not None:
        yield "num_experts", decoder.experts.count
        yield "moe_intermediate_size", decoder.experts.intermediate_size
    if decoder.latent is not None:
        yield "kv_lora_rank", decoder.latent.kv_lora_rank
        yield "qk_rope_head_dim", decoder.latent.rope_head_dim


def _short(size: int) -> str:
    return str(size) if -_LARGEST < size < _LARGEST else "a number beyond all sizes"


def _spread(situation: Situation) -> Gap | None:
    """Experts of several data-parallel ranks lie over the devices of all of them."""
    copies, checkpoint = situation.known(DATA), situation.checkpoint
    if (
        checkpoint is None
        or checkpoint.decoder.experts is None
        or (isinstance(copies, Fact) and copies.value in (None, 1))
    ):
        return None
    return gap("weights", "how experts lie over data-parallel ranks is not known", "data parallelism of 1")


def unknown(situation: Situation, setting: str) -> Gap | None:
    """Why a setting has no value, as the gap of an answer that needs it."""
    found = situation.known(setting)
    if isinstance(found, Fact):
        return _senseless(setting, found.value)
    if isinstance(found, Choice):
        arms = ", ".join(f"{arm.value} {arm.when}" for arm in found.arms)
        return Gap(setting, f"{setting} is not decided ({arms})", found.rule, found.inputs, f"what decides {setting}")
    return Gap(setting, f"{setting}: {found.reason}", found.rule, found.inputs, found.would_need or setting)


def _senseless(setting: str, value: Any) -> Gap | None:
    """A value with which no engine starts, and no arithmetic goes."""
    if setting in SHARE.values():
        fine = isinstance(value, int | float) and 0 < value <= 1
    elif setting in (TENSOR, PIPELINE, DATA):
        fine = value is None or (isinstance(value, int) and 0 < value <= _MOST_DEVICES)
    else:
        fine = True
    return None if fine else gap(setting, f"{setting} is {value!r}, with which no engine starts", setting)


def moved(situation: Situation, rows: _Neutral) -> Gap | None:
    """The first setting that is not at a value where it does nothing."""
    for setting, neutral in rows[situation.engine].items():
        found = situation.known(setting)
        if isinstance(found, Gap) and found.rule == "absent":
            continue  # this release has no such setting
        if not isinstance(found, Fact):
            return unknown(situation, setting)
        moves_positions = isinstance(found.value, Mapping) and set(found.value) <= _OF_POSITIONS
        if found.value not in neutral and not (setting == _OVERRIDES and moves_positions):
            return gap(setting, f"{setting} is {found.value!r}, and what it moves is not known", f"no {setting}")
    return None


def given(situation: Situation) -> Gap | None:
    """The memory of the KV cache as a setting gives it: the engine then heeds no share of the device."""
    if reserved(situation) is None:
        return None
    return gap("kv_cache", "the memory of the KV cache is given, and no share of the device counts", "no such setting")


def device(situation: Situation) -> Gap | None:
    """Why no one class of device is known, or not what one part of it holds."""
    if situation.device is not None and situation.device.vendor != "aws":
        return None
    if situation.device is not None:
        return gap(CLASS, f"the cores of a {situation.device.name} share its memory", "another class")
    if situation.on_cpu:
        return gap(CLASS, "the memory that a server without GPU may use is not in the input", "a GPU class")
    found = situation.known(CLASS)
    if isinstance(found, Fact):
        return gap(CLASS, f"{found.value} is no single class of the table", "a class that the table holds")
    if isinstance(found, Gap) and situation.classes:
        named = " or ".join(each.title for each in situation.classes)
        return Gap(CLASS, f"the GPU may be {named}", found.rule, found.inputs, "one of them by its whole name")
    return unknown(situation, CLASS)


def fitted(length: Effective) -> bool:
    """Whether the engine cuts the longest length to what the memory holds."""
    return isinstance(length, Gap) and length.rule.startswith("vllm.max-model-len-fit")


def reserved(situation: Situation) -> Amount | None:
    """The memory that a setting gives to the KV cache of one device."""
    given, space = situation.value(_RESERVED), situation.value(_CPU_SPACE)
    if isinstance(given, int) and given > 0:
        return room.reserved(given)
    if situation.on_cpu and isinstance(space, str | int) and str(space).isdecimal() and int(space):
        return room.reserved(int(space) * _GIB)
    return None


def most(situation: Situation) -> float | Gap:
    """The share of a device that weights and KV cache may take, at most: all of it where SGLang works it out itself."""
    setting = SHARE.get(situation.engine, "")
    share, blocked = situation.known(setting), unknown(situation, setting)
    if isinstance(share, Gap) and share.rule.startswith("sglang.mem-fraction-static"):
        return 1.0
    return blocked if blocked is not None else float(situation.value(setting))
