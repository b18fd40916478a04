"""Which attention TGI runs, and whether it keeps prefixes and splits prompts: environment, model and GPU decide.

Read in `resolve_attention` of `launcher/src/main.rs` from 2.3.0 on, which has no flag for any of it, and in
`server/text_generation_server/models/globals.py`.
"""

from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.start_rules import Ground
from skewguard.knowledge.engines.tgi_config import config, head_size
from skewguard.knowledge.engines.versions import since
from skewguard.language.facts import Effective, Fact

FIRST = "2.3.0"
_KERNELS = (64, 128, 256)
"""Head sizes that FlashInfer has kernels for."""


def attention(setting: str, ground: Ground) -> Effective | None:
    """`ATTENTION`, else FlashInfer where it takes the model, else what the GPU can do."""
    if not since(ground.version, FIRST):
        return None
    written = ground.variable("ATTENTION")
    if written is UNKNOWABLE:
        return ground.unknown(setting, "ATTENTION is set, and its value is not known")
    if isinstance(written, str):
        return ground.derived(setting, "attention", written, "ATTENTION says so")
    if _unread(ground):
        return ground.gap(setting, "attention", "model and GPU decide", ground.model_key, ground.hardware.key)
    kept_out = (config(ground) or {}).get("model_type") in _kept_from_flashinfer(ground.version)
    if config(ground) is None or (head_size(ground) in _KERNELS and not kept_out):
        return ground.derived(setting, "attention", "flashinfer", f"heads of {head_size(ground)}")
    other = _fallback(ground)
    if other is None:
        return ground.gap(
            setting, "attention", "FlashInfer does not take the model; the GPU decides", ground.hardware.key
        )
    return ground.derived(setting, "attention", other, "FlashInfer does not take the model")


def _kept_from_flashinfer(version: str) -> tuple[str, ...]:
    """Families that run without FlashInfer, whatever their heads."""
    return ("falcon", "deepseek_v2") if since(version, "2.4.0") else ("falcon", "deepseek_v2", "gemma2")


def _unread(ground: Ground) -> bool:
    """Whether what decides is not in the input, or the image is one whose own environment decides (AMD, Intel)."""
    return ground.checkpoint is None or ground.hardware.platform not in ("cuda", None)


def _fallback(ground: Ground) -> str | None:
    """The attention beside FlashInfer: paged below compute capability 8.0, which 2.3.0 does not ask for."""
    if not since(ground.version, "2.3.1"):
        return "flashdecoding"
    gpus = (ground.hardware.accelerator,) if ground.hardware.accelerator else ground.hardware.classes
    ages = {gpu.capability is not None and gpu.capability >= 8 for gpu in gpus}
    return None if len(ages) != 1 else "flashdecoding" if ages.pop() else "paged"


def prefix_caching(setting: str, ground: Ground) -> Effective | None:
    """`PREFIX_CACHING` (2.3: `USE_PREFIX_CACHING`), else on where attention and model allow it."""
    if not since(ground.version, FIRST):
        return None
    name = "PREFIX_CACHING" if since(ground.version, "2.4.0") else "USE_PREFIX_CACHING"
    written = ground.variable(name)
    if written is UNKNOWABLE:
        return ground.unknown(setting, f"{name} is set, and its value is not known")
    if isinstance(written, str):
        return ground.derived(setting, "prefix-caching", written.lower() in ("1", "true"), f"{name} says so")
    if _unread(ground):
        return ground.gap(setting, "prefix-caching", "model and GPU decide", ground.model_key, ground.hardware.key)
    return _by_model(setting, ground)


def _by_model(setting: str, ground: Ground) -> Effective:
    found = config(ground)
    if found is not None and (found.get("vision_config") is not None or found.get("is_encoder_decoder") is True):
        return ground.derived(setting, "prefix-caching", value=False, why="the model reads pictures or has an encoder")
    if found is not None and head_size(ground) not in _KERNELS:
        return ground.derived(setting, "prefix-caching", value=False, why="FlashInfer does not take its heads")
    adapters = ground.declared("lora_adapters")
    if adapters is UNKNOWABLE:
        return ground.unknown(setting, "whether adapters are loaded is not known")
    if found is not None and adapters is not None:
        return ground.derived(setting, "prefix-caching", value=False, why="adapters are loaded")
    if found is not None and found.get("model_type") in _kept_from_flashinfer(ground.version):
        other = _fallback(ground)  # whatever ATTENTION says
        if other is None:
            return ground.gap(setting, "prefix-caching", "the GPU decides", ground.hardware.key)
        if other == "paged":
            return ground.derived(setting, "prefix-caching", value=False, why="paged attention is all the GPU has")
    return _by_attention(setting, ground)


def _by_attention(setting: str, ground: Ground) -> Effective:
    """Paged attention keeps no prefixes, which 2.3 does not ask of one that a variable names."""
    runs = attention(setting, ground)
    if not isinstance(runs, Fact):
        return runs or ground.gap(setting, "prefix-caching", "the attention decides", ground.hardware.key)
    kept = runs.value != "paged" or not since(ground.version, "2.4.0")
    return ground.derived(setting, "prefix-caching", value=kept, why=f"with {runs.value} attention")


def chunked_prefill(setting: str, ground: Ground) -> Effective | None:
    """`PREFILL_CHUNKING`: off from 2.4.0, on from 3.0.0; the model's own code has to support it."""
    if not since(ground.version, "2.4.0"):
        return None
    written = ground.variable("PREFILL_CHUNKING")
    if written is UNKNOWABLE:
        return ground.unknown(setting, "PREFILL_CHUNKING is set, and its value is not known")
    on = since(ground.version, "3.0.0") if written is None else str(written).lower() in ("1", "true")
    if not on:
        return ground.derived(setting, "chunked-prefill", value=False)
    return ground.derived(setting, "chunked-prefill", value=True, assumes=("the model's code in TGI",))
