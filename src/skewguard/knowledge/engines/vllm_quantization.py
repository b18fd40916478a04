"""The quantization that vLLM takes from the checkpoint: of the weights, and of the KV cache.

Read in `ModelConfig._verify_quantization` and `_parse_quant_hf_config` (vllm/config.py, vllm/config/model.py), in
`override_quantization_method` and `is_*_marlin_compatible` of model_executor/layers/quantization, in `check_marlin_supported`
(utils/marlin_utils.py), `resolve_kv_cache_dtype_string` (vllm/utils/torch_utils.py) and `Attention.__init__`.

A method of the checkpoint may become a faster one of the same format. GPTQ becomes `gptq_marlin` where the GPU has it,
and `auto_gptq` everywhere from 0.22 on; AWQ `awq_marlin` from 0.5.4 on, and `auto_awq` from 0.24 on. Marlin kernels want
4 bits (GPTQ also 8), groups of 32, 64, 128 or none, and compute capability 8.0, from 0.14 on 7.5.
"""

from collections.abc import Mapping
from typing import Any

from skewguard.knowledge.checkpoints import Quantization
from skewguard.knowledge.engines.vllm_ground import (
    Answer,
    Ground,
    Kind,
    by_gpu,
    derived,
    needs_model,
    of_model,
    open_answer,
)
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Fact

RULE = "vllm.quantization"
KV_RULE = "vllm.kv-cache-dtype"

_GROUPS = (-1, 32, 64, 128)
_AMPERE = (Kind("a GPU of the Ampere generation or newer", "L40S"), Kind("an older GPU (T4, V100)", "T4"))
_TURING = (Kind("a GPU of the Turing generation or newer", "L40S"), Kind("an older GPU (V100)", "V100-16GB"))

_OWN_KV = {
    "GlmMoeDsaForCausalLM": "0.16.0", "Glm5NextForCausalLM": "0.28.0", "Glm5NextForConditionalGeneration": "0.28.0",
    "DeepseekV4ForCausalLM": "0.20.0", "DeepseekV4ForConditionalGeneration": "0.20.0", "DeepseekV41ForCausalLM": "0.30.0",
}  # fmt: skip
"""Architectures whose own config classes set the format of the KV cache (model_executor/models/config.py)."""


def quantization(setting: str, ground: Ground) -> Answer:
    """Unset: what the checkpoint says, sometimes rewritten to a faster kernel of the same method."""
    rule = f"{RULE}@{ground.era('0.5.4', '0.14.0', '0.22.0', '0.24.0')}"
    found = ground.checkpoint
    if found is None:
        return needs_model(
            setting,
            ground,
            rule,
            "the checkpoint says how it is quantized",
            *((ground.hardware.key,) if _gpu_decides(ground) else ()),
        )
    said = _said(ground)
    if said is None:
        if not found.whole and ground.since("0.4.3"):
            reason = "config.json says nothing of it, and hf_quant_config.json, which may lie beside it, was not given"
            return open_answer(
                setting,
                rule,
                reason,
                (ground.model_key,),
                "the checkpoint's folder instead of the file, or the running server",
            )
        return of_model(setting, ground, "quantization", None, "no quantization_config in config.json")
    where = f"quantization_config in {said.file}"
    if said.method in (None, ""):
        reason = f"{said.file} names no quant_method that is known here"
        return open_answer(setting, rule, reason, (ground.model_key,), "the running server")
    return _rewritten(setting, ground, rule, said, where)


def _gpu_decides(ground: Ground) -> bool:
    return not ground.since("0.24.0")


def _said(ground: Ground) -> Quantization | None:
    """What vLLM looks at: the config, and ModelOpt's own file; GPTQ's quantize_config.json alone says nothing."""
    found = ground.checkpoint
    assert found is not None
    return next((each for each in found.quantizations if each.file != "quantize_config.json"), None)


def _rewritten(setting: str, ground: Ground, rule: str, said: Quantization, where: str) -> Answer:
    method = said.method or ""

    def answer(value: str) -> Fact:
        return of_model(setting, ground, "quantization", value, where)

    if method == "gptq" and ground.since("0.22.0"):
        return answer("auto_gptq")
    if method == "awq" and ground.since("0.24.0") and ground.platform != "cpu":
        return answer("auto_awq")
    marlin = f"{method}_marlin"
    if method in ("gptq", "awq") and _marlin_fits(ground, said):
        if not ground.on_gpu:
            reason = f"which kernels take {method} on this device is not known here"
            return open_answer(setting, rule, reason, (ground.model_key, ground.hardware.key), "the running server")
        kinds = _TURING if ground.since("0.14.0") else _AMPERE
        return by_gpu(
            setting, ground, rule, kinds, lambda gpu: answer(marlin if _marlin_runs(ground, method, gpu) else method)
        )
    return answer(_renamed(ground, said))


def _marlin_fits(ground: Ground, said: Quantization) -> bool:
    """Whether the format is one that Marlin kernels take, the GPU left aside."""
    details = said.details
    if said.method == "awq":
        whole = said.bits == 4 and details.get("zero_point") is True
        return ground.since("0.5.4") and whole and said.group_size in _GROUPS
    symmetric = details.get("sym") is True and details.get("desc_act") is not None
    return symmetric and said.bits in (4, 8) and said.group_size in _GROUPS and _is_marlin(details) is None


def _is_marlin(details: Mapping[str, Any]) -> str | None:
    """The name of a format that was written for Marlin kernels already."""
    kept = details.get("checkpoint_format")
    if kept == "marlin" or details.get("is_marlin_format") is True:
        return "marlin"
    return "gptq_marlin_24" if kept == "marlin_24" else None


def _marlin_runs(ground: Ground, method: str, gpu: Accelerator) -> bool:
    if gpu.vendor != "nvidia":  # AWQ on AMD from 0.19 on (`is_cuda_alike`)
        return method == "awq" and gpu.vendor == "amd" and ground.since("0.19.0")
    least = 7.5 if ground.since("0.14.0") else 8.0
    return gpu.capability is not None and gpu.capability >= least


def _renamed(ground: Ground, said: Quantization) -> str:
    """Methods that are one under several names."""
    method = said.method or ""
    algorithm = str(_inner(said.details).get("quant_algo") or "").upper()
    if method == "gptq" and not ground.since("0.22.0"):
        written = _is_marlin(said.details)
        newest = {"marlin": "0.10.2", "gptq_marlin_24": "0.16.0"}
        if written is not None and not ground.since(newest[written]):
            return written
    if method.startswith("modelopt") and ground.since("0.10.0"):
        return _modelopt(ground, method, algorithm)
    if method == "auto-round" and ground.since("0.16.0"):
        return "inc"
    if method == "mxfp4" and ground.since("0.20.0") and _of_type(ground, "gpt_oss"):
        return "gpt_oss_mxfp4"
    if method == "fp8" and ground.since("0.20.0") and _of_type(ground, "deepseek_v4"):
        return "deepseek_v4_fp8"
    return method


def _of_type(ground: Ground, prefix: str) -> bool:
    return ground.checkpoint is not None and (ground.checkpoint.model_type or "").startswith(prefix)


def _inner(details: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = details.get("quantization")
    return inner if isinstance(inner, Mapping) else details


def _modelopt(ground: Ground, method: str, algorithm: str) -> str:
    if "MXFP8" in algorithm and ground.since("0.16.0"):
        return "modelopt_mxfp8"
    if "FP4" in algorithm:
        return "modelopt_fp4"
    if algorithm == "MIXED_PRECISION" and ground.since("0.17.0"):
        return "modelopt_mixed"
    return "modelopt" if "FP8" in algorithm else method


# ---- the KV cache ----------------------------------------------------------------------------------------------------


def kv_cache_dtype(setting: str, ground: Ground) -> Answer:
    """`auto`: the model's number format; checkpoints can ask for a smaller one, ModelOpt's from 0.14, others from 0.17.

    A compressed-tensors checkpoint that has a `kv_cache_scheme` gets fp8 from 0.17.0 on; to 0.21.0 even where another
    format is written.
    """
    first = ground.era("0.14.0", "0.17.0", "0.20.0")
    rule = f"{KV_RULE}@{first}"
    found = ground.checkpoint
    if found is None:
        return needs_model(setting, ground, rule, "`auto` follows the model and its checkpoint")
    own = next((name for name in found.architectures if name in _OWN_KV and ground.since(_OWN_KV[name])), None)
    if own is not None:
        reason = f"vLLM has a format of its own for the KV cache of {own}"
        return open_answer(setting, rule, reason, (ground.model_key, ground.hardware.key), "the running server")
    if "DeepseekV32ForCausalLM" in found.architectures and ground.since("0.11.0") and not ground.since("0.20.0"):
        return of_model(
            setting, ground, "kv-cache-dtype", "fp8_ds_mla", "the architecture DeepseekV32ForCausalLM in config.json"
        )
    said = _said(ground)
    asked = _asked_kv(ground, said) if said is not None else None
    if asked is not None and said is not None:
        return of_model(setting, ground, "kv-cache-dtype", asked, f"format of the KV cache in {said.file}")
    weights = ground.ask("dtype")
    if not isinstance(weights, Fact):
        return _as(setting, weights)
    return derived(setting, ground, "kv-cache-dtype", weights.value, "as the weights", weights.assumes)


def _as(setting: str, other: Answer) -> Answer:
    """The answer of another setting under this one's name."""
    from msgspec import structs

    return structs.replace(other, setting=setting)


def _asked_kv(ground: Ground, said: Quantization) -> str | None:
    """The format of the KV cache that a checkpoint asks for, and this release gives it."""
    if (said.method or "").startswith("modelopt"):
        return _modelopt_kv(ground, said.kv_cache) if ground.since("0.14.0") else None
    if said.method == "compressed-tensors" and said.kv_cache is not None and ground.since("0.17.0"):
        return "fp8"
    return None


def _modelopt_kv(ground: Ground, asked: Any) -> str | None:
    four = ground.since("0.20.0")
    if isinstance(asked, Mapping):
        if asked.get("dynamic") is False and asked.get("num_bits") == 8 and asked.get("type") == "float":
            return "fp8_e4m3"
        return "nvfp4" if four and asked.get("num_bits") == 4 and asked.get("type") == "float" else None
    if str(asked).lower() == "fp8":
        return "fp8_e4m3"
    return "nvfp4" if four and str(asked).lower() == "nvfp4" else None
