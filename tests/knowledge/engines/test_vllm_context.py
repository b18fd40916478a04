"""The context length by model and release, on both sides of every release that reads a model otherwise."""

from typing import Any

import pytest

from skewguard.language.facts import Fact
from tests.knowledge.checkpoints import making
from tests.knowledge.engines.vllm_asking import LENGTH, ask, gap, value

COMMAND_R = {"model_type": "cohere", "max_position_embeddings": 8192, "model_max_length": 131072}
PHI = {
    "model_type": "phi3",
    "max_position_embeddings": 131072,
    "original_max_position_embeddings": 4096,
    "rope_scaling": {"type": "longrope", "long_factor": [1.0], "short_factor": [1.0]},
}
YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
YARN_SHORT = {"model_type": "qwen2", "max_position_embeddings": 32768, "rope_scaling": YARN}
YARN_LONG = {"model_type": "qwen2", "max_position_embeddings": 131072, "rope_scaling": YARN}
LLAMA3 = {
    "model_type": "llama",
    "max_position_embeddings": 131072,
    "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192},
}
LINEAR = {"model_type": "llama", "max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 2.0}}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            COMMAND_R,
            {"0.4.2": 8192, "0.8.2": 8192, "0.8.3": 131072, "0.11.0": 131072, "0.30.0": 131072, "0.33.0": 131072},
        ),
        (
            PHI,
            {
                "0.5.1": 131072,
                "0.5.3": 131072,
                "0.5.3.post1": 131072,
                "0.5.4": 131072,
                "0.8.2": 131072,
                "0.11.0": 131072,
                "0.11.1": 4096,
                "0.29.0": 4096,
                "0.30.0": 4096,
            },
        ),
        (
            YARN_SHORT,
            {"0.4.2": 131072, "0.8.3": 131072, "0.11.1": 131072, "0.29.0": 131072, "0.30.0": 32768, "0.33.0": 32768},
        ),
        (YARN_LONG, {"0.4.2": 131072, "0.11.0": 131072, "0.29.0": 131072, "0.30.0": 131072, "0.33.0": 131072}),
        (
            LLAMA3,
            {
                "0.5.3.post1": 131072,
                "0.5.4": 131072,
                "0.8.2": 131072,
                "0.11.0": 131072,
                "0.11.1": 131072,
                "0.30.0": 131072,
            },
        ),
        (LINEAR, {"0.4.2": 8192, "0.8.2": 8192, "0.11.0": 8192, "0.12.0": 8192, "0.29.0": 8192, "0.33.0": 8192}),
    ],
    ids=["Command-R", "LongRoPE", "YaRN on a short config", "YaRN on a long config", "llama3 RoPE", "linear RoPE"],
)
def test_length_by_rope_and_release(config: dict[str, Any], expected: dict[str, int]) -> None:
    """Each kind of RoPE gives the length that this release's own function gave."""
    assert {version: value(LENGTH, version, model=config) for version in expected} == expected


def test_new_form_of_rope_is_read_from_0_12_on() -> None:
    """`rope_parameters`, which Transformers 5 writes, scales nothing in releases that look at `rope_scaling` alone."""
    config = {
        "model_type": "llama",
        "max_position_embeddings": 4096,
        "rope_parameters": {"rope_type": "linear", "factor": 2.0},
    }
    assert value(LENGTH, "0.11.2", model=config) == 4096
    assert value(LENGTH, "0.12.0", model=config) == 8192


def test_rope_by_layer_type_scales_once() -> None:
    """The factor of one layer type counts for all, and Gemma 3's is taken for applied already from 0.8.0 on."""
    ropes = {"full_attention": {"rope_type": "linear", "factor": 8.0}, "sliding_attention": {"rope_type": "default"}}
    other = {"model_type": "olmo3", "max_position_embeddings": 1000, "rope_parameters": ropes}
    gemma = {"model_type": "gemma3_text", "max_position_embeddings": 1000, "rope_parameters": ropes}
    assert value(LENGTH, "0.32.0", model=other) == 8000
    assert value(LENGTH, "0.32.0", model=gemma) == 1000
    old = {
        "model_type": "gemma3_text",
        "max_position_embeddings": 1000,
        "rope_scaling": {"rope_type": "linear", "factor": 8.0},
    }
    assert (value(LENGTH, "0.7.3", model=old), value(LENGTH, "0.8.0", model=old)) == (8000, 1000)


def test_the_text_part_decides_for_a_model_that_sees() -> None:
    """Gemma 3 names neither length nor heads in its text part; its class does."""
    config = {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "text_config": {
            "model_type": "gemma3_text",
            "hidden_size": 2560,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        },
        "vision_config": {"hidden_size": 1152},
    }
    assert value(LENGTH, "0.11.0", model=config) == 131072


def test_smallest_key_counts_and_which_keys_there_are() -> None:
    """The smallest of all keys; Whisper's own from 0.7.0 on."""
    both = {"model_type": "x", "max_position_embeddings": 4096, "seq_length": 2048}
    whisper = {"model_type": "x", "max_position_embeddings": 1500, "max_target_positions": 448}
    assert value(LENGTH, "0.11.0", model=both) == 2048
    assert (value(LENGTH, "0.6.6", model=whisper), value(LENGTH, "0.7.0", model=whisper)) == (1500, 448)


def test_no_length_is_2048_only_where_the_class_has_none() -> None:
    """A class that is known to have no length gives vLLM's own; one that is not known gives nothing."""
    assert value(LENGTH, "0.11.0", model={"model_type": "mamba"}) == 2048
    assert value(LENGTH, "0.11.0", model={"model_type": "mistral"}) == 131072
    assert "class" in gap(LENGTH, "0.11.0", model={"model_type": "of_tomorrow"}).reason
    assert "class" in gap(LENGTH, "0.11.0", model={"model_type": "mistral", "auto_map": {"AutoConfig": "x.y"}}).reason


def test_a_sliding_window_that_is_switched_off_bounds_it() -> None:
    """`--disable-sliding-window` serves no more than the window."""
    config = {"model_type": "mistral", "max_position_embeddings": 32768, "sliding_window": 4096}
    assert value(LENGTH, "0.11.0", model=config) == 32768
    assert value(LENGTH, "0.11.0", "--disable-sliding-window", model=config) == 4096


@pytest.mark.parametrize(
    ("version", "generates", "pools", "absolute"),
    [
        ("0.9.0", 8192, 8192, 8192),
        ("0.9.1", 512, 512, 512),
        ("0.9.2", 8192, 512, 512),
        ("0.10.0", 8192, 8192, 512),
        ("0.33.0", 8192, 8192, 512),
    ],
)
def test_the_tokenizer_bounds_what_pools(version: str, generates: int, pools: int, absolute: int) -> None:
    """`model_max_length` of the tokenizer: for all in 0.9.1, for what pools in 0.9.2, then only with absolute positions."""
    config = {"model_type": "llama", "max_position_embeddings": 8192}
    tokenizer = {"model_max_length": 512}
    chat = making.of({**config, "architectures": ["LlamaForCausalLM"]}, tokenizer_config__json=tokenizer)
    embed = making.of({**config, "architectures": ["LlamaModel"]}, tokenizer_config__json=tokenizer)
    old = making.of(
        {**config, "architectures": ["BertModel"], "position_embedding_type": "absolute"},
        tokenizer_config__json=tokenizer,
    )
    assert [value(LENGTH, version, model=each) for each in (chat, embed, old)] == [generates, pools, absolute]


def test_sentence_transformers_say_it_themselves() -> None:
    """`max_seq_length` of sentence_bert_config.json goes before everything from 0.6.4 on."""
    config = {"model_type": "bert", "architectures": ["BertModel"], "max_position_embeddings": 512}
    model = making.of(config, sentence_bert_config__json={"max_seq_length": 256, "do_lower_case": False})
    assert (value(LENGTH, "0.6.3", model=model), value(LENGTH, "0.6.4", model=model)) == (512, 256)


def test_what_a_release_cannot_read_is_no_value() -> None:
    """RoPE types and keys that a release does not know stop its start."""
    assert "does not start" in gap(LENGTH, "0.5.0.post1", model=PHI).reason
    assert "does not start" in gap(LENGTH, "0.5.3", model=LLAMA3).reason
    no_factor = {"model_type": "llama", "max_position_embeddings": 4096, "rope_scaling": {"type": "dynamic"}}
    assert "does not start" in gap(LENGTH, "0.6.3", model=no_factor).reason
    assert (value(LENGTH, "0.6.3.post1", model=no_factor), value(LENGTH, "0.6.4", model=no_factor)) == (4096, 4096)
    bare = {"model_type": "qwen2", "max_position_embeddings": 4096, "rope_scaling": {"type": "yarn", "factor": 4.0}}
    assert "no original length" in gap(LENGTH, "0.29.0", model=bare).reason
    assert value(LENGTH, "0.30.0", model=bare) == 4096


def rope(**details: Any) -> dict[str, Any]:
    """A model of 4096 tokens whose RoPE is this."""
    return {"model_type": "llama", "max_position_embeddings": 4096, "rope_scaling": {"factor": 8.0, **details}}


@pytest.mark.parametrize(
    ("kind", "tokens"),
    [
        ("extended", {"0.5.2": None, "0.5.3": 4096}),
        ("deepseek_yarn", {"0.5.0.post1": None, "0.5.1": 32768}),
        ("su", {"0.4.2": 4096, "0.5.1": 4096, "0.5.3.post1": 4096}),
        ("llama3", {"0.5.3": None, "0.5.3.post1": 4096}),
        ("dynamic", {"0.4.2": 32768, "0.5.3": 32768, "0.6.4": 32768}),
    ],
)
def test_types_of_rope_came_one_by_one(kind: str, tokens: dict[str, int | None]) -> None:
    """What `get_rope` of the release does not know stops its start; what it scales makes the context longer."""
    asked = {version: ask(LENGTH, version, model=rope(type=kind)) for version in tokens}
    assert {version: found.value if isinstance(found, Fact) else None for version, found in asked.items()} == tokens


def test_new_key_of_the_type_goes_first_from_0_6_3_post1_on() -> None:
    """Before, the old one did; `mrope` scales nothing while it counts."""
    both = rope(type="mrope", rope_type="linear")
    assert [value(LENGTH, each, model=both) for each in ("0.6.3", "0.6.3.post1", "0.6.4")] == [4096, 32768, 32768]


def test_arguments_that_change_the_config_count() -> None:
    """`--rope-scaling` to 0.11.0, `--hf-overrides` after, replace what the file says."""
    plain = {"model_type": "qwen2", "max_position_embeddings": 32768}
    text = '{"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}'
    overrides = f'{{"rope_scaling": {text}}}'
    assert value(LENGTH, "0.10.2", "--rope-scaling", text, model=plain) == 131072
    assert value(LENGTH, "0.12.0", "--hf-overrides", overrides, model=plain) == 131072
    assert value(LENGTH, "0.30.0", "--hf-overrides", overrides, model=plain) == 32768


def test_length_that_is_fitted_to_memory_is_no_value() -> None:
    """`--max-model-len auto` from 0.14 on hangs on the GPU's memory, whatever the model says."""
    found = gap(LENGTH, "0.14.0", "--max-model-len", "auto", model=LINEAR)
    assert found.rule.startswith("vllm.max-model-len-fit")
    assert "gpu@scheduling(abc)" in found.inputs


def test_where_the_length_comes_from_is_named() -> None:
    """The key, the file and the release stand in the origin."""
    found = ask(LENGTH, "0.11.0", model=COMMAND_R)
    assert isinstance(found, Fact)
    assert found.origin.kind == "config"
    assert found.origin.ref.startswith("model_max_length in config.json of models/it, as vLLM 0.11.0 reads it")
