"""What TGI decides at its start, release by release: lengths, shards, number formats, quantization, attention.

Read in `launcher/src/main.rs` and `server/text_generation_server/models/__init__.py` (`get_model`) and `globals.py` of
every release from 1.4.0 to 3.3.7. What the running server took it tells at `GET /info`.
"""

from collections.abc import Mapping
from typing import Any

from skewguard.knowledge.engines.answers import Engine
from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.start_rules import Book, Ground, Rule
from skewguard.knowledge.engines.tgi_attention import attention, chunked_prefill, prefix_caching
from skewguard.knowledge.engines.tgi_config import positions, quantization_method, short_cache
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Arm, Choice, Effective, Fact

TGI = Engine("tgi", "Text Generation Inference")
CAP = 4096
BY_MEMORY = "2.4.1"
"""The first release that leaves lengths to what fits into memory; before it no default is longer than `CAP`."""

# ---- lengths --------------------------------------------------------------------------------------------------------


def max_total_tokens(setting: str, ground: Ground) -> Effective | None:
    """2.0.0 to 2.4.0: the model's positions, at most 4096; from 2.4.1 on what the memory holds of them."""
    if not since(ground.version, "2.0.0"):
        return None
    if since(ground.version, BY_MEMORY):
        return _by_memory(setting, ground, "max-total-tokens")
    length = _capped(ground)
    if length is None:
        return ground.gap(setting, "max-total-tokens@2.0.0", f"it is what config.json says, at most {CAP}")
    return ground.derived(setting, "max-total-tokens", length, f"the model's positions, at most {CAP}")


def max_input_tokens(setting: str, ground: Ground) -> Effective | None:
    """One less than the positions that `max_total_tokens` would have, whatever somebody wrote for that."""
    if not since(ground.version, "2.0.0"):
        return None
    if since(ground.version, BY_MEMORY):
        return _by_memory(setting, ground, "max-input-tokens")
    length = _capped(ground)
    if length is None:
        return ground.gap(setting, "max-input-tokens@2.0.0", f"it is what config.json says, at most {CAP}, minus one")
    return ground.derived(setting, "max-input-tokens", length - 1, "one less than the model's positions")


def max_batch_prefill_tokens(setting: str, ground: Ground) -> Effective | None:
    """2.0.0: room for one longest prompt; 2.4.1: 4096; from 3.0.0 on by the speed and the memory of the GPU."""
    version = ground.version
    if not since(version, "2.0.0"):
        return None
    if since(version, "3.0.0"):
        return ground.gap(
            setting,
            "max-batch-prefill-tokens@3.0.0",
            "it follows the speed and the memory of the GPU, and the model's size",
            ground.model_key,
            ground.hardware.key,
        )
    if since(version, BY_MEMORY):
        length = _capped(ground)
        if length is None:
            return ground.gap(setting, "max-batch-prefill-tokens@2.4.1", f"at most {CAP}, and what config.json says")
        return ground.derived(setting, "max-batch-prefill-tokens", length)
    return _prefill_of_one(setting, ground)


def _prefill_of_one(setting: str, ground: Ground) -> Effective:
    prompt, size = ground.declared("max_input_tokens"), ground.declared("max_batch_size")
    if UNKNOWABLE in (prompt, size):
        return ground.unknown(setting, "it follows the longest prompt, which is not known")
    longest = prompt if isinstance(prompt, int) else max_input_tokens("limits.max_prompt_tokens", ground)
    if isinstance(longest, Fact) and isinstance(longest.value, int):
        longest = longest.value
    if not isinstance(longest, int):
        return ground.gap(setting, "max-batch-prefill-tokens@2.0.0", "it follows the longest prompt")
    value = size * longest if isinstance(size, int) else longest + 50
    return ground.derived(setting, "max-batch-prefill-tokens", value, "room for the longest prompt")


def max_batch_total_tokens(setting: str, ground: Ground) -> Effective:
    """What is left of the memory beside the weights."""
    return _by_memory(setting, ground, "max-batch-total-tokens")


def _by_memory(setting: str, ground: Ground, rule: str) -> Effective:
    reason = "it is what the GPU's memory holds beside the weights, at most the model's positions"
    return ground.gap(setting, f"{rule}@{BY_MEMORY}", reason, ground.model_key, ground.hardware.key)


def _capped(ground: Ground) -> int | None:
    """The model's positions, at most `CAP`; None where nobody gave config.json."""
    if ground.checkpoint is None:
        return None
    found = positions(ground)
    return min(found, CAP) if found is not None else CAP


# ---- shards ---------------------------------------------------------------------------------------------------------

NAMES_ALL = "3.3.7"
"""The first release that counts the GPUs itself where `NVIDIA_VISIBLE_DEVICES` says `all` or `void`."""


def num_shard(setting: str, ground: Ground) -> Effective:
    """As many as devices are named in `CUDA_VISIBLE_DEVICES`, else in `NVIDIA_VISIBLE_DEVICES`; one where neither is set.

    A container runtime in CDI mode sets the latter to `void`, which counts as one device before 3.3.7.
    """
    sharded = ground.declared("sharded")
    devices = [ground.variable(name) for name in ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")]
    named = next((each for each in devices if each is not None), None)
    if sharded is UNKNOWABLE or named is UNKNOWABLE:
        return ground.unknown(setting, "what is visible of the GPUs is not known")
    if sharded is False:
        return ground.derived(setting, "num-shard", 1, "--sharded false")
    everything = named in ("all", "void") and named == devices[1] and since(ground.version, NAMES_ALL)
    if isinstance(named, str) and not everything:
        return ground.derived(setting, "num-shard", len(named.split(",")), "the devices that a variable names")
    return _visible(setting, ground)


def _visible(setting: str, ground: Ground) -> Effective:
    count, platform = ground.hardware.count, ground.hardware.platform
    if platform in ("rocm", "cpu"):
        return ground.derived(setting, "num-shard", 1, "no variable names CUDA devices")
    if count is None or platform not in ("cuda", None):
        return ground.gap(setting, "num-shard", "it is the number of GPUs the container sees", ground.hardware.key)
    if count == 1 or since(ground.version, NAMES_ALL):
        return ground.derived(setting, "num-shard", count, "the GPUs of the container")
    arms = (
        Arm("the container runtime lists the GPUs in NVIDIA_VISIBLE_DEVICES", count),
        Arm("it says `void` there (CDI mode)", 1),
    )
    return Choice(setting, "tgi.num-shard", (f"NVIDIA_VISIBLE_DEVICES@{ground.hardware.key}",), arms)


# ---- number formats -------------------------------------------------------------------------------------------------

BFLOAT16: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("2.2.0", ("deepseek_v2", "gemma", "gemma2", "dbrx", "mamba", "paligemma", "ssm")),
    ("2.3.1", ("mllama",)),
    ("3.0.2", ("idefics3",)),
    ("3.1.0", ("deepseek_v3",)),
    ("3.1.1", ("qwen2_vl", "qwen2_5_vl")),
    ("3.2.0", ("gemma3", "gemma3_text")),
    ("3.2.2", ("llama4",)),
)
"""Families whose default is bfloat16, with the first release that has them so; all others are served in float16."""
_FIRST_TABLE = "2.2.0"
_ALWAYS_HALF = ("llama", "mistral", "mixtral")
_HALF_METHODS = ("awq", "exl2", "gptq", "marlin")
FP8_AS_OTHERS = "2.4.0"
"""The first release that asks no kernel for the number format of a model in FP8."""
SHORT_CACHE = "3.0.0"
"""The first release that takes an 8-bit cache from a compressed-tensors checkpoint, under FlashInfer."""


def dtype(setting: str, ground: Ground) -> Effective:
    """Unset: float16, whatever the checkpoint holds; bfloat16 for some families. A server without a GPU differs."""
    if ground.hardware.platform not in ("cuda", "rocm", None):
        return ground.gap(setting, "dtype", "it follows the kind of device", ground.hardware.key, ground.model_key)
    method = _method(ground)
    first = "2.1.0" if ground.declared("quantize") is not None else "2.2.0"  # config.json was asked too late before
    if method in _HALF_METHODS and since(ground.version, first):
        return ground.derived(setting, "dtype", "float16", f"{method} kernels take nothing else")
    if method == "fp8" and since(ground.version, _FIRST_TABLE) and not since(ground.version, FP8_AS_OTHERS):
        reason = "it is bfloat16 where the FBGEMM kernels are there, which take a GPU of compute capability 8.0"
        return ground.gap(setting, f"dtype@{_FIRST_TABLE}", reason, ground.hardware.key, ground.release.key)
    kind = ground.checkpoint.model_type if ground.checkpoint is not None else None
    families = {name for first, names in BFLOAT16 if since(ground.version, first) for name in names}
    if kind in families:
        return ground.derived(setting, "dtype", "bfloat16", f"model type {kind}")
    if kind is not None and method is not UNKNOWABLE and (since(ground.version, _FIRST_TABLE) or kind in _ALWAYS_HALF):
        return ground.derived(setting, "dtype", "float16", "the checkpoint's own format is not asked")
    if not families:
        return ground.gap(setting, "dtype", "the class that loads the model decides")
    rule = f"tgi.dtype@{next(first for first, _ in reversed(BFLOAT16) if since(ground.version, first))}"
    names = ", ".join(sorted(families))
    arms = (Arm(f"a model of {names}", "bfloat16"), Arm("any other model", "float16"))
    return Choice(setting, rule, (ground.model_key,), arms)


def _method(ground: Ground) -> Any:
    """The quantization that is declared, else what the checkpoint says; `UNKNOWABLE` where that is not known."""
    written = ground.declared("quantize")
    if written is not None:
        return written
    found = quantize("runtime.quantization", ground)
    return found.value if isinstance(found, Fact) else UNKNOWABLE


def quantize(setting: str, ground: Ground) -> Effective:
    """Unset: what config.json says, as far as the release knows the method; 1.4 does not look."""
    if not since(ground.version, "2.0.0"):
        return ground.derived(setting, "quantize", None, "config.json is not asked")
    if ground.checkpoint is None:
        return ground.gap(setting, "quantize@2.0.0", "config.json says how the checkpoint is quantized")
    written, method = quantization_method(ground)
    if written is None:
        return ground.derived(setting, "quantize", None, "config.json names no method")
    if method is not None:
        return ground.derived(setting, "quantize", method, f"config.json says {written}")
    return ground.gap(setting, "quantize@2.0.0", f"config.json says {written}, which this release does not name")


def kv_cache_dtype(setting: str, ground: Ground) -> Effective:
    """Unset: 8 bits where a compressed-tensors checkpoint says so, else the number format of the model."""
    if since(ground.version, SHORT_CACHE) and _method(ground) in (UNKNOWABLE, "compressed-tensors"):
        if ground.checkpoint is None:
            return ground.gap(setting, f"kv-cache-dtype@{SHORT_CACHE}", "the checkpoint may ask for a cache of 8 bits")
        if short_cache(ground):
            return _short_cache(setting, ground)
    return _cache_as_model(setting, ground)


def _short_cache(setting: str, ground: Ground) -> Effective:
    runs = attention(setting, ground)
    if not isinstance(runs, Fact):
        reason = "the checkpoint asks for a cache of 8 bits, and it has one under FlashInfer on CUDA"
        return ground.gap(setting, f"kv-cache-dtype@{SHORT_CACHE}", reason, ground.model_key, ground.hardware.key)
    if runs.value != "flashinfer" or ground.hardware.platform not in ("cuda", None):
        return _cache_as_model(setting, ground)
    return ground.derived(setting, "kv-cache-dtype", "fp8_e4m3fn", "the checkpoint's kv_cache_scheme")


def _cache_as_model(setting: str, ground: Ground) -> Effective:
    written = ground.declared("dtype")
    if written is UNKNOWABLE:
        return ground.unknown(setting, "it follows --dtype, whose value is not known")
    if written is not None:
        return ground.follows(setting, "dtype") or dtype(setting, ground)
    return dtype(setting, ground)


# ---- identity, and what the image sets ------------------------------------------------------------------------------


def _follows(dest: str) -> Rule:
    def answer(setting: str, ground: Ground) -> Effective | None:
        found = ground.follows(setting, dest)
        if found is not None:
            return found
        return ground.derived(setting, dest.replace("_", "-"), None if dest == "revision" else "bigscience/bloom-560m")

    return answer


IMAGE = "huggingface/text-generation-inference"
CACHE_IN_HOME = "2.3.0"
"""The first release whose image says where the cache is by `HF_HOME`, before it by `HUGGINGFACE_HUB_CACHE`."""


def _from_image(values: Mapping[str, Any]) -> Rule:
    """A default that the image's own environment sets; 80 is the port in TGI's own image, 3000 that of the program."""

    def answer(setting: str, ground: Ground) -> Effective | None:
        name = setting.rpartition(".")[2]
        image = ground.release.key.partition("@")[2]
        if name == "huggingface_hub_cache" and since(ground.version, CACHE_IN_HOME):
            return None
        if ground.parsed.entrypoint == "tgi-entrypoint.sh" or IMAGE in image:
            return ground.derived(setting, "image-environment", values[name], "ENV of TGI's own image")
        if "/" in image or ":" in image:
            return ground.gap(setting, "image-environment", "the image may set it", f"environment@{image}")
        return None

    return answer


_OF_IMAGE = {"port": 80, "huggingface_hub_cache": "/data"}

BOOK = Book(
    engine=TGI,
    ask="the running server (`GET /info`)",
    rules={
        "dtype": dtype,
        "huggingface_hub_cache": _from_image(_OF_IMAGE),
        "kv_cache_dtype": kv_cache_dtype,
        "max_batch_prefill_tokens": max_batch_prefill_tokens,
        "max_batch_total_tokens": max_batch_total_tokens,
        "max_input_tokens": max_input_tokens,
        "max_total_tokens": max_total_tokens,
        "num_shard": num_shard,
        "port": _from_image(_OF_IMAGE),
        "quantize": quantize,
    },
    views={
        "runtime.attention_backend": attention,
        "runtime.chunked_prefill": chunked_prefill,
        "runtime.kv_cache_dtype": kv_cache_dtype,
        "runtime.prefix_caching": prefix_caching,
        "tokenizer.id": _follows("model_id"),
        "tokenizer.revision": _follows("revision"),
    },
    model="model_id",
)
"""All rules. The config.json of a checkpoint is read as the launcher reads it (`tgi_config`)."""
