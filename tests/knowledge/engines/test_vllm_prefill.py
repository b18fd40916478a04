"""Chunked prefill and prefix caching by kind of model and release."""

import json
from typing import Any

import pytest

from skewguard.knowledge import checkpoints
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language.facts import Fact
from tests.knowledge.checkpoints import making
from tests.knowledge.engines.vllm_asking import CACHING, CHUNKED, PLAIN, STEP, ask, gap, value

LONG = {**PLAIN, "max_position_embeddings": 131072}
V0 = {"VLLM_USE_V1": "0"}
FAR = {"max_position_embeddings": 131072}
HYBRID = {**PLAIN, "architectures": ["NemotronHForCausalLM"], "hybrid_override_pattern": "M-M*"}
MAMBA = {**PLAIN, "architectures": ["MambaForCausalLM"], "model_type": "mamba"}
WHISPER = {"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "is_encoder_decoder": True}
EMBEDS = {**PLAIN, "architectures": ["LlamaModel"]}


@pytest.mark.parametrize("version", ["0.5.3", "0.5.4", "0.6.6", "0.7.3", "0.10.2"])
def test_the_old_engine_splits_long_prompts(version: str) -> None:
    """On above 32768 tokens of context, which a flag or the model sets."""
    assert value(CHUNKED, version, model=PLAIN, gpu="H100", env=V0) is False
    assert value(CHUNKED, version, model=LONG, gpu="H100", env=V0) is True
    assert value(CHUNKED, version, "--max-model-len", "32768", model=LONG, gpu="H100", env=V0) is False


@pytest.mark.parametrize(
    ("version", "words", "more"),
    [
        ("0.6.6", ("--enable-lora",), {}),
        ("0.6.6", (), {"sliding_window": 4096}),
        ("0.6.6", (), {"vision_config": {"depth": 1}}),
        ("0.6.0", ("--enable-prefix-caching",), {}),
        ("0.7.3", (), {"model_type": "deepseek_v3", "kv_lora_rank": 512}),
        ("0.6.5", (), {"architectures": ["MistralModel"]}),
    ],
)
def test_what_keeps_the_old_engine_from_splitting(version: str, words: tuple[str, ...], more: dict[str, Any]) -> None:
    """Adapters, windows, images, latent attention and models that pool."""
    assert value(CHUNKED, version, *words, model={**LONG, **more}, gpu="H100", env=V0) is False


def test_limits_of_what_keeps_it() -> None:
    """The other side: prefix caching from 0.6.1 on, images to 0.6.1, models that pool to 0.6.4, AMD to 0.6.4."""
    assert value(CHUNKED, "0.6.1", "--enable-prefix-caching", model=LONG, gpu="H100") is True
    assert value(CHUNKED, "0.6.1", model={**LONG, "vision_config": {"depth": 1}}, gpu="H100") is True
    assert value(CHUNKED, "0.6.4", model={**LONG, "architectures": ["MistralModel"]}, gpu="H100") is True
    assert [value(CHUNKED, each, model=LONG, gpu="MI300X") for each in ("0.6.4", "0.6.5")] == [True, False]


def test_long_prompts_are_split_from_0_5_3_on() -> None:
    """Before, the default was off whatever the length, and a step held the longest prompt."""
    assert [value(CHUNKED, each, model=LONG, gpu="H100") for each in ("0.5.2", "0.5.3")] == [False, True]
    assert [value(STEP, each, model=LONG, gpu="H100") for each in ("0.5.2", "0.5.3")] == [131072, 512]


def test_models_with_states_are_kept_whole_from_0_5_4_to_0_6_2() -> None:
    """0.5.3 did not ask yet, and 0.6.3 could split them."""
    assert [value(CHUNKED, each, model={**HYBRID, **FAR}, gpu="H100") for each in ("0.5.3", "0.5.4")] == [True, False]
    assert [value(CHUNKED, each, model={**HYBRID, **FAR}, gpu="H100") for each in ("0.6.2", "0.6.3")] == [False, True]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (PLAIN, {"0.8.0": True, "0.11.0": True, "0.11.1": True, "0.33.0": True}),
        (HYBRID, {"0.11.0": True, "0.11.1": True, "0.33.0": True}),
        (WHISPER, {"0.12.0": False, "0.33.0": False}),
    ],
)
def test_v1_splits_what_it_can(model: dict[str, Any], expected: dict[str, bool]) -> None:
    """All models that generate, but those that read with an encoder."""
    assert {version: value(CHUNKED, version, model=model, gpu="H100") for version in expected} == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (PLAIN, {"0.8.0": True, "0.11.1": True, "0.33.0": True}),
        (HYBRID, {"0.9.2": False, "0.11.0": False, "0.25.0": False, "0.27.0": False, "0.28.0": True, "0.33.0": True}),
        (MAMBA, {"0.11.0": False, "0.28.0": False, "0.33.0": False}),
        (WHISPER, {"0.12.0": False, "0.33.0": False}),
    ],
)
def test_v1_keeps_prefixes_where_it_can(model: dict[str, Any], expected: dict[str, bool]) -> None:
    """Models with Mamba layers from 0.28.0 on; without attention, or with an encoder, never."""
    assert {version: value(CACHING, version, model=model, gpu="H100") for version in expected} == expected


def test_models_that_pool_are_left_open() -> None:
    """The kind of pooling decides, which another file says."""
    for setting in (CHUNKED, CACHING):
        assert "pooling@the model" in gap(setting, "0.11.0", model=EMBEDS, gpu="H100").inputs
    sentence = making.of(PLAIN, modules__json=[{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}])
    assert "pooling@the model" in gap(CACHING, "0.11.0", model=sentence, gpu="H100").inputs


def test_without_the_model_they_are_gaps() -> None:
    """Which models support it is not guessed."""
    assert gap(CACHING, "0.11.0").inputs == ("config.json@m@main",)
    assert gap(CHUNKED, "0.11.0").inputs == ("config.json@m@main",)


def test_an_architecture_without_mamba_layers_is_plain() -> None:
    """A hybrid architecture whose layers all attend is served as any other."""
    assert value(CACHING, "0.20.0", model={**HYBRID, "hybrid_override_pattern": "**"}, gpu="H100") is True
    unknown = {
        **PLAIN,
        "architectures": ["OfTomorrowForCausalLM"],
        "layer_types": ["linear_attention", "full_attention"],
    }
    assert value(CACHING, "0.20.0", model=unknown, gpu="H100") is False


def embeds(kind: str, config: dict[str, Any]) -> Checkpoint:
    """A model as Sentence Transformers lays it down, that pools in this way."""
    modules = [{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]
    texts = {
        "config.json": json.dumps({**PLAIN, **config}),
        "modules.json": json.dumps(modules),
        "1_Pooling/config.json": json.dumps({"word_embedding_dimension": 8, kind: True, "include_prompt": True}),
    }
    return checkpoints.read(texts, {}, "models/it", whole=True)


QWEN = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"}
BERT = {"architectures": ["BertModel"], "model_type": "bert"}
LAST, MEAN, CLS = "pooling_mode_lasttoken", "pooling_mode_mean_tokens", "pooling_mode_cls_token"


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        (LAST, QWEN, {"0.9.2": True, "0.11.0": True, "0.11.1": True, "0.12.0": True, "0.33.0": True}),
        (MEAN, QWEN, {"0.9.2": False, "0.12.0": False, "0.33.0": False}),
        (CLS, BERT, {"0.11.0": False, "0.33.0": False}),
        (LAST, {**QWEN, "is_causal": False}, {"0.9.2": None, "0.10.0": None, "0.10.1": False, "0.33.0": False}),
        (LAST, BERT, {"0.33.0": None}),
        ("pooling_mode_max_tokens", QWEN, {"0.33.0": None}),
    ],
)
def test_kind_of_pooling_decides_for_models_that_pool(
    kind: str, config: dict[str, Any], expected: dict[str, bool | None]
) -> None:
    """The last token of a model that attends backwards comes in pieces and is kept; a mean wants the whole prompt."""
    for setting in (CHUNKED, CACHING):
        found = {version: ask(setting, version, model=embeds(kind, config), gpu="H100") for version in expected}
        assert {each: item.value if isinstance(item, Fact) else None for each, item in found.items()} == expected


def test_kind_of_pooling_that_somebody_asks_for_is_left_open() -> None:
    """`--pooler-config` replaces what the file says."""
    words = ("--pooler-config", '{"pooling_type": "MEAN"}')
    assert "pooling@the model" in gap(CHUNKED, "0.33.0", *words, model=embeds(LAST, QWEN), gpu="H100").inputs


def test_step_holds_the_whole_prompt_of_what_is_not_split() -> None:
    """At least the tier's number from 0.11.1 on."""
    model = embeds(MEAN, {**QWEN, "max_position_embeddings": 40960})
    assert [value(STEP, each, model=model, gpu="L40S") for each in ("0.11.0", "0.33.0")] == [40960, 40960]
    assert value(STEP, "0.33.0", model=embeds(LAST, QWEN), gpu="L40S") == 2048
