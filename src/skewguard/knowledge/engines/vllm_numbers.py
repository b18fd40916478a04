"""The number format that vLLM takes where it says `auto`.

Read in `_get_and_verify_dtype`, `_find_dtype`, `_resolve_auto_dtype` (vllm/config.py, vllm/config/model.py) and
`get_torch_dtype` (transformers_utils/model_arch_config_convertor.py), and in `supported_dtypes` of vllm/platforms.
The format of the checkpoint is

- to 0.8.0 what config.json names itself; from 0.8.1 on else what its text part or its vision part names; 0.8.5 asks the
  text part alone, and then the vision part
- from 0.9.1 on else what its encoder part names, and else the widest format in the headers of its safetensors files
- 32 bits where nothing names it

and 32 bits become float16 to 0.9.0 (bfloat16 for Gemma 2 from 0.5.4 to 0.8.0, for Gemma 3 in 0.8.0, and for PLaMo 2 in
0.8.5 and 0.9.0), and from 0.9.1 on what the device likes best of what the model allows: bfloat16 from Ampere on, float16
before, and float16 for models that pool. From 0.9.0 on a format that the device does not have becomes that one too.
"""

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines import vllm_kinds
from skewguard.knowledge.engines.vllm_ground import Answer, Ground, Kind, by_gpu, needs_model, of_model, open_answer
from skewguard.language.accelerators import Accelerator

RULE = "vllm.dtype"
GENERATIONS = (Kind("a GPU of the Ampere generation or newer", "L40S"), Kind("an older GPU (T4, V100)", "T4"))
"""How the number formats part GPUs: bfloat16 needs compute capability 8.0."""

_NO_FLOAT16 = {
    "gemma2": "0.9.1", "gemma3": "0.9.1", "plamo2": "0.9.1", "glm4": "0.9.1", "gemma3_text": "0.10.2",
}  # fmt: skip
"""Model types that float16 is not allowed for, with the first release that says so."""

_WIDTHS = {"F64": "float64", "F32": "float32", "BF16": "bfloat16", "F16": "float16"}


def dtype(setting: str, ground: Ground) -> Answer:
    """`auto`: from the checkpoint; 32-bit ones become what the GPU likes from 0.9.1 on, float16 before."""
    first = ground.era("0.9.1")
    rule = f"{RULE}@{first}"
    found = ground.checkpoint
    if found is None:
        more = (ground.hardware.key,) if first == "0.9.1" else ()
        return needs_model(setting, ground, rule, "`auto` takes the number format of the checkpoint", *more)
    if _unread_key(ground, found):
        reason = "config.json names it as `dtype`, which Transformers reads from 4.56 on and the releases before do not"
        key = f"transformers@vllm=={ground.version}"
        return open_answer(
            setting, rule, reason, (ground.model_key, key), "`torch_dtype` in config.json, or the running server"
        )
    said = _said(ground, found)
    if said is None:
        return needs_model(setting, ground, rule, "config.json does not name it, so the headers of its weights decide")
    if not ground.since("0.9.0"):
        return _before_platforms(setting, ground, found, *said)
    return _by_platform(setting, ground, rule, found, *said)


def _unread_key(ground: Ground, found: Checkpoint) -> bool:
    """Whether only the new key is there, and the release may hold a Transformers that does not know it."""
    parts = (found.config, found.decoder.config)
    written = [part for part in parts if "dtype" in part or "torch_dtype" in part]
    return not ground.since("0.11.1") and bool(written) and not any("torch_dtype" in part for part in written)


def _said(ground: Ground, found: Checkpoint) -> tuple[str, str] | None:
    """The checkpoint's format, and where it is named; None where files that were not given would say it."""
    named = found.dtypes
    text = (named.text if found.decoder.key is not None else named.config, "text part of config.json")
    whole = (named.config, "config.json")
    places = [whole, text, (named.vision, "vision part of config.json")]
    if not ground.since("0.8.1"):
        places = [whole]
    elif not ground.since("0.9.0") and ground.since("0.8.5"):
        places = places[1:]
    if ground.since("0.9.1"):
        places.append((named.encoder, "encoder part of config.json"))
    for value, where in places:
        if value is not None:
            return value, f"number format in the {where}" if " part " in where else f"number format in {where}"
    if not ground.since("0.9.1"):
        return "float32", "no number format in config.json"
    return _of_headers(found)


def _of_headers(found: Checkpoint) -> tuple[str, str] | None:
    """The widest format of the tensors (`common_broadcastable_dtype`); None where their headers were not given."""
    if found.weights is None or found.weights.source != "headers":
        return ("float32", "no number format in any file") if found.whole and found.weights is None else None
    formats = {_WIDTHS[name] for name in found.weights.by_dtype if name in _WIDTHS}
    if {"bfloat16", "float16"} <= formats:
        formats.add("float32")
    widest = next((name for name in ("float64", "float32", "bfloat16", "float16") if name in formats), "float32")
    return widest, "number format in the headers of the weights"


def _before_platforms(setting: str, ground: Ground, found: Checkpoint, said: str, where: str) -> Answer:
    value = said
    kind = found.model_type or ""
    if said == "float32":
        value = "bfloat16" if _gemma_exception(ground, kind) else "float16"
    if kind == "plamo2" and ground.since("0.8.5"):
        value = "bfloat16"
    if ground.platform == "hpu" and ground.since("0.6.4") and said == "float16":
        value = "bfloat16"
    return of_model(setting, ground, "dtype", value, where)


def _gemma_exception(ground: Ground, kind: str) -> bool:
    if not ground.since("0.5.4") or ground.since("0.8.1"):
        return False
    return kind == "gemma2" or (kind in ("gemma3", "gemma3_text") and ground.since("0.8.0"))


def _by_platform(setting: str, ground: Ground, rule: str, found: Checkpoint, said: str, where: str) -> Answer:
    def answer(formats: tuple[str, ...]) -> Answer:
        return of_model(setting, ground, "dtype", _resolved(ground, found, said, formats), where)

    if not ground.on_gpu:
        return answer(("bfloat16", "float16", "float32"))  # x86 and Arm on Linux, TPU, XPU
    return by_gpu(setting, ground, rule, GENERATIONS, lambda gpu: answer(_supported(gpu)))


def _supported(gpu: Accelerator) -> tuple[str, ...]:
    """The formats of a GPU, the one it likes best first (`supported_dtypes` of vllm/platforms/cuda.py, interface.py)."""
    if gpu.capability is None or gpu.capability >= 8:
        return ("bfloat16", "float16", "float32")
    return ("float16", "float32") if gpu.capability >= 6 else ("float32",)


def _resolved(ground: Ground, found: Checkpoint, said: str, formats: tuple[str, ...]) -> str:
    if not ground.since("0.9.1"):
        value = "float16" if said == "float32" else said
        value = "bfloat16" if found.model_type == "plamo2" else value
        return value if value in formats else formats[0]
    allowed = [each for each in formats if each != "float16" or not _refuses_float16(ground, found)]
    best = "float16" if vllm_kinds.pooling(ground) and "float16" in allowed else allowed[0]
    value = best if said == "float32" else said
    return value if value in allowed else best


def _refuses_float16(ground: Ground, found: Checkpoint) -> bool:
    first = _NO_FLOAT16.get(found.model_type or "")
    return first is not None and ground.since(first)
