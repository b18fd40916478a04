"""Default sampling and generated tokens by the model's generation_config.json, the flags and the release."""

from typing import Any

import pytest

from skewguard.knowledge.checkpoints import Checkpoint
from tests.knowledge.checkpoints import making
from tests.knowledge.engines.vllm_asking import PLAIN, gap, value

SAMPLING = "vllm.default_sampling_params"
CAP, DEFAULT = "limits.max_output_tokens", "limits.default_output_tokens"


def of(**settings: Any) -> Checkpoint:
    """A plain model with these generation settings."""
    return making.of(PLAIN, generation_config__json=settings)


def test_the_model_decides_from_0_8_on() -> None:
    """Before, only where `--generation-config auto` asks for it."""
    model = of(temperature=0.6, top_p=0.95)
    assert value(SAMPLING, "0.7.3", model=model) == {}
    assert value(SAMPLING, "0.7.3", "--generation-config", "auto", model=model) == {"temperature": 0.6, "top_p": 0.95}
    assert value(SAMPLING, "0.8.0", model=model) == {"temperature": 0.6, "top_p": 0.95}
    assert value(SAMPLING, "0.8.0", "--generation-config", "vllm", model=model) == {}


def test_an_override_comes_last() -> None:
    """Also over `--generation-config vllm`."""
    words = ("--override-generation-config", '{"temperature": 0.1}')
    assert value(SAMPLING, "0.11.0", *words, model=of(temperature=0.6, top_k=20)) == {"temperature": 0.1, "top_k": 20}
    assert value(SAMPLING, "0.11.0", *words, "--generation-config", "vllm", model=of(top_k=20)) == {"temperature": 0.1}


@pytest.mark.parametrize(
    ("name", "value_", "before", "after"),
    [
        ("presence_penalty", 1.5, "0.30.0", "0.31.0"),
        ("skip_special_tokens", False, "0.32.0", "0.33.0"),
        ("max_new_tokens", 64, "0.6.6", "0.7.0"),
    ],
)
def test_what_is_taken_grows_by_release(name: str, value_: object, before: str, after: str) -> None:
    """The same file means more to a newer release."""
    words = ("--generation-config", "auto")
    assert value(SAMPLING, before, *words, model=of(**{name: value_})) == {}
    assert list(value(SAMPLING, after, *words, model=of(**{name: value_})).values()) == [value_]


def test_what_transformers_has_by_default_is_left_out() -> None:
    """Neutral values say nothing; `top_k` 50 says something to Transformers 5 alone."""
    assert value(SAMPLING, "0.11.0", model=of(temperature=1.0, top_p=1.0, repetition_penalty=1.0)) == {}
    assert value(SAMPLING, "0.14.1", model=of(top_k=50)) == {}
    assert "top_k 50" in gap(SAMPLING, "0.16.0", model=of(top_k=50)).reason
    assert value(SAMPLING, "0.24.0", model=of(top_k=50)) == {"top_k": 50}


def test_without_the_file_the_config_counts() -> None:
    """A folder without generation_config.json is asked for the same keys in config.json; a lone config is not enough."""
    assert value(SAMPLING, "0.11.0", model={**PLAIN, "temperature": 0.5}) == {"temperature": 0.5}
    assert value(SAMPLING, "0.11.0", model=PLAIN) == {}
    assert "generation_config.json" in gap(SAMPLING, "0.11.0", model=making.alone(PLAIN)).reason


def test_another_place_is_not_the_model() -> None:
    """`--generation-config /path` goes by files that were not given."""
    found = gap(SAMPLING, "0.11.0", "--generation-config", "/gen", model=of(temperature=0.5))
    assert found.inputs == ("generation_config.json@/gen@main",)


def test_tokens_of_a_request_without_a_limit() -> None:
    """The model's number is a cap too to 0.16, and a default alone from 0.17 on."""
    model = of(max_new_tokens=2048)
    assert [value(DEFAULT, each, model=model) for each in ("0.7.3", "0.8.0", "0.33.0")] == [None, 2048, 2048]
    assert [value(CAP, each, model=model) for each in ("0.16.0", "0.17.0")] == [2048, None]
    assert value(DEFAULT, "0.11.0", model=of(temperature=0.5)) is None
