"""How the files of a checkpoint say that its weights are quantized."""

from collections.abc import Iterator, Mapping
from typing import Any

from skewguard.knowledge.checkpoints.fields import Fields
from skewguard.knowledge.checkpoints.values import Quantization

MODELOPT = "hf_quant_config.json"
GPTQ = "quantize_config.json"
AWQ = "quant_config.json"
"""A file of early AWQ models. Nothing is taken from it: engines look at it only where they are told the method."""


def quantizations(config: Fields, parts: Mapping[str, Fields]) -> Iterator[Quantization]:
    """What each file says, the config before those that lie beside it (`parts`, by file name)."""
    text = config.part("text_config")
    inside = (
        config.part("quantization_config"),
        config.part("compression_config"),
        text.part("quantization_config") if text else None,
    )
    for found in inside:
        if found is not None:
            yield _quantization(found, "config.json")
            break
    for file, beside in parts.items():
        if beside.values:
            yield _quantization(beside, file)


def _quantization(fields: Fields, file: str) -> Quantization:
    inner = fields.part("quantization")  # ModelOpt's own file keeps everything one level deeper
    nested = inner or fields
    method = fields.text("quant_method")
    producer = fields.part("producer")
    if method is None and producer is not None and producer.text("name") == "modelopt":
        method = _modelopt(nested.text("quant_algo"))
    return Quantization(
        file=file,
        method=method.lower().replace("compressed_tensors", "compressed-tensors") if method is not None else None,
        bits=_bits(nested),
        group_size=nested.integer("group_size", "q_group_size"),
        kv_cache=_kv_cache(nested),
        details=fields.values,
    )


def _modelopt(algorithm: str | None) -> str | None:
    """The method's name for a ModelOpt algorithm (vLLM `_normalize_quantization_config`)."""
    if algorithm is None:
        return None
    if algorithm.upper() == "NVFP4":
        return "modelopt_fp4"
    return "modelopt_mixed" if algorithm.upper() == "MIXED_PRECISION" else "modelopt"


def _bits(fields: Fields) -> int | None:
    for name in ("bits", "w_bit", "wbits"):
        value = fields.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _kv_cache(fields: Fields) -> Any:
    for name in ("kv_cache_scheme", "kv_cache_quant_algo"):
        if fields.values.get(name) is not None:
            return fields.values[name]
    return None
