"""The number format of `--dtype auto` by checkpoint, GPU and release."""

from typing import Any

import pytest

from skewguard.language.facts import Choice, same
from tests.knowledge.checkpoints import making
from tests.knowledge.engines.vllm_asking import DTYPE, PLAIN, ask, choice, gap, value

WIDE = {**PLAIN, "torch_dtype": "float32"}
NONE = {key: value for key, value in PLAIN.items() if key != "torch_dtype"}


def of_type(kind: str, dtype: str = "float32") -> dict[str, Any]:
    """A plain model of another type."""
    return {**PLAIN, "model_type": kind, "torch_dtype": dtype}


@pytest.mark.parametrize("version", ["0.4.2", "0.9.0", "0.9.1", "0.33.0"])
def test_sixteen_bits_stay_as_they_are(version: str) -> None:
    """A checkpoint of 16 bits is served in its own format on a GPU that has it."""
    assert value(DTYPE, version, model=PLAIN, gpu="H100") == "bfloat16"
    assert value(DTYPE, version, model={**PLAIN, "torch_dtype": "float16"}, gpu="H100") == "float16"


def test_thirty_two_bits_become_another_format_by_release_and_gpu() -> None:
    """float16 to 0.9.0; from 0.9.1 on bfloat16 on Ampere and newer, float16 on older GPUs."""
    assert value(DTYPE, "0.9.0", model=WIDE, gpu="H100") == "float16"
    assert value(DTYPE, "0.9.1", model=WIDE, gpu="H100") == "bfloat16"
    assert value(DTYPE, "0.9.1", model=WIDE, gpu="T4") == "float16"
    assert value(DTYPE, "0.33.0", model=WIDE, gpu="MI300X") == "bfloat16"
    assert value(DTYPE, "0.33.0", model=WIDE, platform="cpu") == "bfloat16"


def test_an_unknown_gpu_leaves_a_choice() -> None:
    """By generation; classes that all agree need no choice."""
    assert choice(DTYPE, "0.9.1", model=WIDE) == {
        "a GPU of the Ampere generation or newer": "bfloat16",
        "an older GPU (T4, V100)": "float16",
    }
    assert choice(DTYPE, "0.11.0", model=WIDE, gpu=("H100", "T4")) == {"on H100-80GB": "bfloat16", "on T4": "float16"}
    assert value(DTYPE, "0.11.0", model=WIDE, gpu=("H100", "L4")) == "bfloat16"


def test_a_gpu_without_bfloat16_falls_back_from_0_9_0_on() -> None:
    """Before, the server does not start; the value is what it asks for."""
    assert value(DTYPE, "0.8.5", model=PLAIN, gpu="T4") == "bfloat16"
    assert value(DTYPE, "0.9.0", model=PLAIN, gpu="T4") == "float16"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "gemma2",
            {"0.5.0": "float16", "0.5.4": "bfloat16", "0.8.0": "bfloat16", "0.8.1": "float16", "0.9.1": "bfloat16"},
        ),
        ("gemma3_text", {"0.8.0": "bfloat16", "0.8.1": "float16", "0.9.1": "bfloat16"}),
        ("plamo2", {"0.8.4": "float16", "0.8.5": "bfloat16", "0.9.0": "bfloat16", "0.9.1": "bfloat16"}),
    ],
)
def test_models_that_float16_hurts(kind: str, expected: dict[str, str]) -> None:
    """Their exceptions come, go and come back."""
    assert {version: value(DTYPE, version, model=of_type(kind), gpu="A100-80GB") for version in expected} == expected


def test_a_model_that_refuses_float16_gets_32_bits_on_an_old_gpu() -> None:
    """Gemma 2 on a T4 has neither bfloat16 nor float16."""
    assert value(DTYPE, "0.11.0", model=of_type("gemma2"), gpu="T4") == "float32"
    assert value(DTYPE, "0.11.0", model=of_type("gemma2", "float16"), gpu="L4") == "bfloat16"


def test_models_that_pool_like_float16() -> None:
    """32 bits of a model that embeds become float16 from 0.9.1 on."""
    assert value(DTYPE, "0.11.0", model={**WIDE, "architectures": ["BertModel"]}, gpu="H100") == "float16"
    assert value(DTYPE, "0.11.0", "--runner", "pooling", model=WIDE, gpu="H100") == "float16"


def test_parts_of_the_config_can_say_it() -> None:
    """Text and vision part from 0.8.1 on; 0.8.5 asks the text part alone; the encoder's from 0.9.1 on."""
    text = {**NONE, "text_config": {"model_type": "llama", "torch_dtype": "bfloat16"}}
    vision = {**NONE, "vision_config": {"torch_dtype": "bfloat16"}}
    both = {**PLAIN, "torch_dtype": "float16", "text_config": {"model_type": "llama", "torch_dtype": "bfloat16"}}
    encoder = {**NONE, "encoder_config": {"torch_dtype": "bfloat16"}}
    asked = ("0.8.0", "0.8.1", "0.8.5", "0.9.0")
    assert [value(DTYPE, each, model=text, gpu="H100") for each in asked] == [
        "float16",
        "bfloat16",
        "bfloat16",
        "bfloat16",
    ]
    assert [value(DTYPE, each, model=vision, gpu="H100") for each in asked] == [
        "float16",
        "bfloat16",
        "bfloat16",
        "bfloat16",
    ]
    assert [value(DTYPE, each, model=both, gpu="H100") for each in asked] == [
        "float16",
        "float16",
        "bfloat16",
        "float16",
    ]
    assert value(DTYPE, "0.9.0", model=encoder, gpu="H100") == "float16"
    assert value(DTYPE, "0.9.1", model=encoder, gpu="H100") == "bfloat16"


def test_headers_of_the_weights_say_it_from_0_9_1_on() -> None:
    """The widest format; two of 16 bits together are 32, and where no header was given nobody knows."""
    one = making.of(NONE, {"model.safetensors": making.head({"a": ("F16", (1,)), "b": ("I8", (1,))})})
    two = making.of(NONE, {"model.safetensors": making.head({"a": ("F16", (1,)), "b": ("BF16", (1,))})})
    lone = making.alone(NONE)
    assert value(DTYPE, "0.9.1", model=one, gpu="H100") == "float16"
    assert value(DTYPE, "0.9.1", model=two, gpu="H100") == "bfloat16"
    assert value(DTYPE, "0.9.0", model=one, gpu="H100") == "float16"
    assert "headers" in gap(DTYPE, "0.9.1", model=lone, gpu="H100").reason


def test_the_new_key_is_not_read_by_old_releases() -> None:
    """`dtype`, which Transformers writes from 4.56 on, hangs on the Transformers in the image before 0.11.1."""
    new = {**NONE, "dtype": "bfloat16"}
    assert "4.56" in gap(DTYPE, "0.11.0", model=new, gpu="H100").reason
    assert value(DTYPE, "0.11.1", model=new, gpu="H100") == "bfloat16"


def test_without_the_model_nothing_is_known() -> None:
    """The gap names the checkpoint, and from 0.9.1 on the GPU; two manifests that leave it alike do not differ."""
    before, after = gap(DTYPE, "0.9.0"), gap(DTYPE, "0.9.1")
    assert before.inputs == ("config.json@m@main",)
    assert after.inputs == ("config.json@m@main", "gpu@scheduling(abc)")
    assert same(before, after) is None
    assert same(after, gap(DTYPE, "0.33.0", "--port", "1")) is True
    assert not isinstance(ask(DTYPE, "0.9.1"), Choice)
