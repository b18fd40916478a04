"""What is written against the model's own config: the context it was made for, the heads that GPUs share."""

from typing import Any

import pytest

from skewguard.assess.given import Given
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.checkpoints import Checkpoint
from tests.assess.laid_out import case, findings
from tests.knowledge.capacity.test_capacity import LLAMA_8B
from tests.knowledge.checkpoints import making

SHORT: dict[str, Any] = LLAMA_8B | {"max_position_embeddings": 40960, "torch_dtype": "bfloat16"}
LENGTH, HEADS = "limits.length-beyond-model", "parallel.heads-not-divided"
LONGROPE = SHORT | {
    "max_position_embeddings": 131072,
    "original_max_position_embeddings": 4096,
    "rope_scaling": {"type": "longrope", "short_factor": [1.0], "long_factor": [2.0]},
}


def server(engine: str, version: str, *args: str, config: dict[str, Any] | None = SHORT, env: str = "") -> Case:
    """A server of one release, with the model's config given."""
    image, model = {
        "vllm": ("vllm/vllm-openai", "--model=org/m"),
        "sglang": ("lmsysorg/sglang", "--model-path=org/m"),
    }[engine]
    words = ", ".join(f"'{word}'" for word in (model, *args))
    given: Checkpoint | None = making.of(config) if config is not None else None
    text = f"args: [{words}]" + (f"\nenv: [{env}]" if env else "")
    return case(text, image=f"{image}:v{version}", given=Given(only=given))


def told(of: Case, check: str) -> list[tuple[str, str | None]]:
    """Verdict and severity of what a check says."""
    return [(item.verdict, item.severity) for item in findings(of, check)]


LET = "{name: VLLM_ALLOW_LONG_MAX_MODEL_LEN, value: '%s'}"
OVERWRITE = "{name: SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN, value: '%s'}"
BEYOND = "--max-model-len=131072"
LONGER = "--context-length=131072"


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (server("vllm", "0.11.0", BEYOND), [("fail", "error")]),
        (server("vllm", "0.4.2", BEYOND), [("fail", "error")]),
        (server("vllm", "0.33.0", BEYOND), [("fail", "error")]),
        (server("vllm", "0.11.0", BEYOND, env=LET % 0), [("fail", "error")]),
        (server("vllm", "0.5.3", BEYOND, env=LET % 1), [("fail", "error")]),  # does not know the variable yet
        (server("vllm", "0.11.0", BEYOND, env=LET % 1), []),  # limits.length-check-off tells it
        (server("vllm", "0.11.0", "--max-model-len=40960"), []),
        (server("vllm", "0.11.0"), []),
        (server("vllm", "0.33.0", "--max-model-len=-1"), []),
        (server("vllm", "0.11.0", BEYOND, config=SHORT | {"model_max_length": 131072}), []),
        (server("vllm", "0.11.0", "--max-model-len=131072", config=LONGROPE), []),
        (server("vllm", "0.11.1", "--max-model-len=131072", config=LONGROPE), []),  # unwritten it begins at 4096
        (server("sglang", "0.5.4", LONGER), [("fail", "error")]),
        (server("sglang", "0.4.2", LONGER), [("fail", "error")]),
        (server("sglang", "0.4.6", LONGER), [("fail", "warning")]),  # lets it pass by default
        (server("sglang", "0.4.6", LONGER, env=OVERWRITE % "false"), [("fail", "error")]),
        (server("sglang", "0.5.4", LONGER, env=OVERWRITE % 1), []),
        (server("sglang", "0.5.4", "--context-length=40960"), []),
    ],
)
def test_length_beyond_the_models_is_judged_as_the_release_does(of: Case, expected: list[tuple[str, str]]) -> None:
    """It ends, or warns, or lets it pass with a variable; no length above the model's own where a key allows more."""
    assert told(of, LENGTH) == expected


def test_length_beyond_the_models_names_both_places() -> None:
    """The argument and the model's config, and the length that may be written."""
    (found,) = findings(server("vllm", "0.11.0", BEYOND), LENGTH)

    assert found.observed is not None
    assert found.observed.origin is not None
    assert found.observed.origin.text == BEYOND
    assert "more than 40960" in found.message
    assert "config.json" in found.message
    assert "--max-model-len=40960" in found.remedy


def test_length_is_open_where_nobody_knows_what_the_variable_says() -> None:
    """A value from a Secret may let it pass."""
    hidden = "{name: VLLM_ALLOW_LONG_MAX_MODEL_LEN, valueFrom: {secretKeyRef: {name: s, key: k}}}"
    assert told(server("vllm", "0.11.0", BEYOND, env=hidden), LENGTH) == [("unknown", "error")]


def test_nothing_is_said_of_a_length_without_the_models_config() -> None:
    """Nobody knows what the model was made for."""
    assert told(server("vllm", "0.11.0", BEYOND, config=None), LENGTH) == []


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (server("vllm", "0.11.0", "--tensor-parallel-size=3"), [("fail", "error")]),
        (server("vllm", "0.4.2", "--tensor-parallel-size=6"), [("fail", "error")]),
        (server("vllm", "0.11.0", "--tensor-parallel-size=4"), []),
        (server("vllm", "0.11.0"), []),
        (server("vllm", "0.11.0", "--tensor-parallel-size=3", config=None), []),
        (server("vllm", "0.11.0", "--tensor-parallel-size=3", '--hf-overrides={"num_attention_heads": 33}'), []),
        (server("sglang", "0.5.4", "--tp-size=3"), []),  # each model's own code decides
    ],
)
def test_heads_that_tensor_parallelism_does_not_divide_end_vllm(of: Case, expected: list[tuple[str, str]]) -> None:
    """Every release compares them before it loads the model."""
    assert told(of, HEADS) == expected


def test_nearest_smaller_divisor_is_advised() -> None:
    """32 heads on 6 GPUs: 4."""
    (found,) = findings(server("vllm", "0.11.0", "--tensor-parallel-size=6"), HEADS)

    assert "such as 4" in found.remedy


AWQ = SHORT | {"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True}}


@pytest.mark.parametrize(
    ("version", "method", "model", "expected"),
    [
        ("0.11.0", "awq", making.of(SHORT), [("fail", "error")]),
        ("0.4.2", "gptq", making.of(SHORT), [("fail", "error")]),
        ("0.33.0", "awq", making.of(SHORT), [("fail", "error")]),
        ("0.11.0", "awq", making.of(AWQ), []),
        ("0.11.0", "awq", making.of(SHORT, quant_config__json={"w_bit": 4}), []),
        ("0.11.0", "gptq", making.of(SHORT, quantize_config__json={"bits": 4}), []),
        ("0.11.0", "fp8", making.of(SHORT), []),  # made at the start
        ("0.11.0", "awq", making.alone(SHORT), []),  # a file beside it may say so
    ],
)
def test_weights_that_nothing_describes_as_quantized_end_vllm(
    version: str, method: str, model: Checkpoint, expected: list[tuple[str, str]]
) -> None:
    """AWQ and GPTQ want a description in the model's folder."""
    of = case(
        f"args: [--model=org/m, --quantization={method}]",
        image=f"vllm/vllm-openai:v{version}",
        given=Given(only=model),
    )
    assert told(of, "runtime.weights-not-quantized") == expected
