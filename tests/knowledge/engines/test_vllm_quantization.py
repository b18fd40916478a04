"""Quantization of weights and KV cache as the checkpoint says it, by GPU and release."""

from typing import Any

import pytest

from tests.knowledge.checkpoints import making
from tests.knowledge.engines.vllm_asking import KV, PLAIN, QUANT, choice, gap, value

GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 128, "sym": True, "desc_act": False}
AWQ = {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}


def quantized(**details: Any) -> dict[str, Any]:
    """A plain model with this quantization_config."""
    return {**PLAIN, "quantization_config": details}


@pytest.mark.parametrize(
    ("version", "gpu", "expected"),
    [
        ("0.4.2", "A100-80GB", "gptq_marlin"),
        ("0.11.0", "A100-80GB", "gptq_marlin"),
        ("0.11.0", "T4", "gptq"),
        ("0.13.0", "T4", "gptq"),
        ("0.14.0", "T4", "gptq_marlin"),
        ("0.14.0", "V100-16GB", "gptq"),
        ("0.21.0", "L4", "gptq_marlin"),
        ("0.22.0", "L4", "auto_gptq"),
        ("0.22.0", "V100-16GB", "auto_gptq"),
        ("0.11.0", "MI300X", "gptq"),
    ],
)
def test_gptq_by_release_and_gpu(version: str, gpu: str, expected: str) -> None:
    """Marlin kernels where the GPU has them: from Ampere on, from 0.14 on from Turing on; one name for all from 0.22 on."""
    assert value(QUANT, version, model=quantized(**GPTQ), gpu=gpu) == expected


@pytest.mark.parametrize(
    ("version", "gpu", "expected"),
    [
        ("0.5.0", "A100-80GB", "awq"),
        ("0.5.4", "A100-80GB", "awq_marlin"),
        ("0.5.4", "T4", "awq"),
        ("0.18.0", "MI300X", "awq"),
        ("0.19.0", "MI300X", "awq_marlin"),
        ("0.23.0", "L4", "awq_marlin"),
        ("0.24.0", "L4", "auto_awq"),
    ],
)
def test_awq_by_release_and_gpu(version: str, gpu: str, expected: str) -> None:
    """Marlin kernels from 0.5.4 on, on AMD from 0.19 on; one name for all from 0.24 on."""
    assert value(QUANT, version, model=quantized(**AWQ), gpu=gpu) == expected


def test_an_unknown_gpu_leaves_a_choice_of_kernels() -> None:
    """The arms are the generations of GPUs that the release tells apart."""
    assert choice(QUANT, "0.11.0", model=quantized(**GPTQ)) == {
        "a GPU of the Ampere generation or newer": "gptq_marlin",
        "an older GPU (T4, V100)": "gptq",
    }
    assert choice(QUANT, "0.14.0", model=quantized(**GPTQ)) == {
        "a GPU of the Turing generation or newer": "gptq_marlin",
        "an older GPU (V100)": "gptq",
    }


@pytest.mark.parametrize("details", [{"bits": 3}, {"group_size": 16}, {"sym": False}, {"desc_act": None}])
def test_formats_that_marlin_does_not_take(details: dict[str, Any]) -> None:
    """Other widths, groups and asymmetric weights stay with the plain kernels."""
    assert value(QUANT, "0.11.0", model=quantized(**{**GPTQ, **details}), gpu="H100") == "gptq"


@pytest.mark.parametrize(
    ("details", "model_type", "expected"),
    [
        ({"quant_method": "fp8"}, "llama", {"0.5.0": "fp8", "0.33.0": "fp8"}),
        ({"quant_method": "compressed_tensors"}, "llama", {"0.11.0": "compressed-tensors"}),
        ({"quant_method": "auto-round", "bits": 4}, "llama", {"0.14.1": "auto-round", "0.16.0": "inc"}),
        ({"quant_method": "mxfp4"}, "gpt_oss", {"0.19.0": "mxfp4", "0.20.0": "gpt_oss_mxfp4"}),
        ({"quant_method": "mxfp4"}, "llama", {"0.20.0": "mxfp4"}),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "llama", {"0.9.2": "modelopt", "0.10.0": "modelopt_fp4"}),
        ({"quant_method": "modelopt", "quant_algo": "FP8"}, "llama", {"0.11.0": "modelopt", "0.33.0": "modelopt"}),
        (
            {"quant_method": "modelopt", "quant_algo": "MXFP8"},
            "llama",
            {"0.14.1": "modelopt", "0.16.0": "modelopt_mxfp8"},
        ),
    ],
)
def test_methods_that_are_renamed(details: dict[str, Any], model_type: str, expected: dict[str, str]) -> None:
    """One format under the name that each release has for it."""
    model = {**quantized(**details), "model_type": model_type}
    assert {version: value(QUANT, version, model=model, gpu="H100") for version in expected} == expected


def test_a_plain_checkpoint_has_no_quantization() -> None:
    """None is a value where the whole folder says nothing, and open where a file beside config.json could."""
    assert value(QUANT, "0.11.0", model=PLAIN) is None
    assert "hf_quant_config.json" in gap(QUANT, "0.11.0", model=making.alone(PLAIN)).reason


def test_files_beside_the_config() -> None:
    """ModelOpt's file counts, GPTQ's own alone does not."""
    modelopt = making.of(
        PLAIN, hf_quant_config__json={"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8"}}
    )
    assert value(QUANT, "0.11.0", model=modelopt) == "modelopt"
    assert value(QUANT, "0.11.0", model=making.of(PLAIN, quantize_config__json={"bits": 4})) is None


def test_kv_cache_follows_the_weights() -> None:
    """`auto` is the number format of the weights."""
    assert value(KV, "0.11.0", model=PLAIN, gpu="H100") == "bfloat16"
    assert value(KV, "0.11.0", "--dtype", "float16", model=PLAIN) == "float16"
    assert choice(KV, "0.11.0", model={**PLAIN, "torch_dtype": "float32"})["an older GPU (T4, V100)"] == "float16"


def test_a_checkpoint_can_quantize_the_kv_cache_without_any_flag() -> None:
    """ModelOpt's from 0.14 on, 4 bits from 0.20 on, compressed-tensors from 0.17 on."""
    eight = quantized(quant_method="modelopt", quant_algo="FP8", kv_cache_quant_algo="FP8")
    scheme = quantized(
        quant_method="modelopt", quant_algo="FP8", kv_cache_scheme={"dynamic": False, "num_bits": 8, "type": "float"}
    )
    four = quantized(quant_method="modelopt", quant_algo="NVFP4", kv_cache_quant_algo="NVFP4")
    tensors = quantized(quant_method="compressed-tensors", kv_cache_scheme={"num_bits": 8, "type": "float"})
    ask = {"gpu": "H100"}
    assert [value(KV, each, model=eight, **ask) for each in ("0.13.0", "0.14.0", "0.33.0")] == [
        "bfloat16",
        "fp8_e4m3",
        "fp8_e4m3",
    ]
    assert value(KV, "0.14.0", model=scheme, **ask) == "fp8_e4m3"
    assert [value(KV, each, model=four, **ask) for each in ("0.19.0", "0.20.0")] == ["bfloat16", "nvfp4"]
    assert [value(KV, each, model=tensors, **ask) for each in ("0.16.0", "0.17.0")] == ["bfloat16", "fp8"]


def test_architectures_with_a_kv_cache_of_their_own() -> None:
    """DeepSeek V3.2 had one to 0.19; of others it is not known here."""
    sparse = {**PLAIN, "architectures": ["DeepseekV32ForCausalLM"]}
    assert value(KV, "0.19.0", model=sparse) == "fp8_ds_mla"
    assert value(KV, "0.20.0", model=sparse, gpu="H200") == "bfloat16"
    assert "of its own" in gap(KV, "0.33.0", model={**PLAIN, "architectures": ["GlmMoeDsaForCausalLM"]}).reason
