"""A checkpoint's files are read as their families write them, and what they do not say stays unknown."""

import json
from pathlib import Path
from typing import Any

import pytest

from skewguard.knowledge import checkpoints
from skewguard.language.errors import InputError
from tests.knowledge.checkpoints import making

LLAMA = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "torch_dtype": "bfloat16",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "rope_theta": 500000.0,
    "rope_scaling": {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    },
    "tie_word_embeddings": False,
}


def test_a_config_alone_says_its_sizes() -> None:
    """Sizes, number format and context length of a plain decoder are read by their usual keys."""
    found = checkpoints.read({"config.json": json.dumps(LLAMA)}, {}, "config.json", whole=False)
    assert found.architectures == ("LlamaForCausalLM",)
    assert found.dtypes.config == "bfloat16"
    assert (found.decoder.layers, found.decoder.heads, found.decoder.kv_heads) == (32, 32, 8)
    assert found.decoder.head_size == 128
    assert found.decoder.lengths == {"max_position_embeddings": 131072}
    assert found.decoder.tie_word_embeddings is False
    assert not found.whole


def test_what_is_absent_is_unknown() -> None:
    """An empty config gives None everywhere, and no number."""
    decoder = making.of({}).decoder
    for name in ("hidden_size", "layers", "heads", "kv_heads", "head_dim", "head_size", "vocab_size", "sliding_window"):
        assert getattr(decoder, name) is None, name
    assert decoder.experts is None
    assert decoder.latent is None
    assert decoder.lengths == {}


def test_unknown_keys_are_kept() -> None:
    """A key that nobody knows is kept as it is written."""
    assert making.of({**LLAMA, "of_tomorrow": {"a": [1, None]}}).config["of_tomorrow"] == {"a": [1, None]}


@pytest.mark.parametrize(
    "key", [("text_config",), ("llm_config",), ("language_config",), ("thinker_config", "text_config")]
)
def test_the_text_part_of_a_multimodal_config_counts(key: tuple[str, ...]) -> None:
    """Whatever a family calls its text part, that is the decoder, and the number format may stand inside it."""
    inner: dict[str, Any] = dict(LLAMA)
    for name in reversed(key):
        inner = {name: inner}
    found = making.of({"architectures": ["SomethingForConditionalGeneration"], "vision_config": {"depth": 32}, **inner})
    assert found.decoder.key == ".".join(key)
    assert found.decoder.hidden_size == 4096
    assert (found.dtypes.config, found.dtypes.text) == (None, "bfloat16")
    assert [rope.at for rope in found.ropes] == ["text"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model_type": "falcon", "multi_query": True, "num_attention_heads": 71, "num_kv_heads": 71}, 1),
        (
            {
                "model_type": "falcon",
                "multi_query": True,
                "new_decoder_architecture": True,
                "num_attention_heads": 128,
                "num_kv_heads": 8,
            },
            8,
        ),
        ({"model_type": "gpt_bigcode", "multi_query": True, "n_head": 48}, 1),
        ({"model_type": "chatglm", "num_attention_heads": 32, "multi_query_group_num": 2}, 2),
        ({"model_type": "dbrx", "n_heads": 48, "attn_config": {"kv_n_heads": 8}}, 8),
        ({"model_type": "gpt2", "n_head": 12}, 12),
        ({"num_attention_heads": 32, "num_key_value_heads": None}, 32),
    ],
)
def test_heads_of_the_kv_cache_by_family(config: dict[str, Any], expected: int) -> None:
    """Multi-query and grouped models have their own words for the heads of keys and values."""
    assert making.of(config).decoder.cache_heads == expected


def test_both_forms_of_rope_are_one() -> None:
    """`rope_scaling` with `rope_theta` beside it, and `rope_parameters` with all in it, mean the same."""
    old = making.of(
        {"rope_theta": 1e6, "rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 32768}}
    )
    new = making.of(
        {
            "rope_parameters": {
                "rope_type": "yarn",
                "factor": 4.0,
                "rope_theta": 1e6,
                "original_max_position_embeddings": 32768,
            }
        }
    )
    for found in (old.ropes[0], new.ropes[0]):
        assert (found.type, found.factor, found.original_length, found.theta) == ("yarn", 4.0, 32768, 1e6)


def test_rope_by_layer_type_is_told_apart() -> None:
    """A config that holds one set of RoPE parameters per layer type gives one value each."""
    found = making.of(
        {
            "rope_parameters": {
                "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
            }
        }
    )
    assert [(rope.layers, rope.type, rope.factor) for rope in found.ropes] == [
        ("full_attention", "linear", 8.0),
        ("sliding_attention", "default", None),
    ]


def test_latent_attention_and_experts() -> None:
    """DeepSeek's compressed keys and its experts are read."""
    decoder = making.of(
        {
            "model_type": "deepseek_v3",
            "kv_lora_rank": 512,
            "qk_rope_head_dim": 64,
            "qk_nope_head_dim": 128,
            "v_head_dim": 128,
            "n_routed_experts": 256,
            "num_experts_per_tok": 8,
            "n_shared_experts": 1,
            "moe_intermediate_size": 2048,
        }
    ).decoder
    assert decoder.latent is not None
    assert (decoder.latent.kv_lora_rank, decoder.latent.rope_head_dim) == (512, 64)
    assert decoder.experts is not None
    assert (decoder.experts.count, decoder.experts.per_token, decoder.experts.shared) == (256, 8, 1)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"layer_types": ["linear_attention", "full_attention"]}, ("linear", "full")),
        ({"hybrid_override_pattern": "M-M*E"}, ("mamba", "none", "mamba", "full", "none")),
        ({"num_hidden_layers": 4, "full_attention_interval": 4}, ("linear", "linear", "linear", "full")),
        ({"num_hidden_layers": 4, "attn_layer_period": 4, "attn_layer_offset": 1}, ("mamba", "full", "mamba", "mamba")),
        ({"num_hidden_layers": 3, "sliding_window_pattern": 3}, ("sliding", "sliding", "full")),
        ({"attn_type_list": [0, 1]}, ("linear", "full")),
        ({"layer_types": ["of_tomorrow"]}, ()),
        ({"num_hidden_layers": 2}, ()),
    ],
)
def test_kinds_of_layers(config: dict[str, Any], expected: tuple[str, ...]) -> None:
    """Every way of telling layers apart gives one kind per layer; a kind that is not known gives none at all."""
    assert making.of(config).decoder.layer_kinds == expected


def test_a_window_that_is_switched_off_is_none() -> None:
    """Qwen2 writes a sliding window and `use_sliding_window: false` beside it."""
    assert making.of({"sliding_window": 4096}).decoder.sliding_window == 4096
    assert making.of({"sliding_window": 4096, "use_sliding_window": False}).decoder.sliding_window is None


@pytest.mark.parametrize(
    ("config", "files", "method", "file"),
    [
        ({"quantization_config": {"quant_method": "GPTQ", "bits": 4}}, {}, "gptq", "config.json"),
        (
            {"quantization_config": {"quant_method": "compressed_tensors"}},
            {},
            "compressed-tensors",
            "config.json",
        ),
        (
            {"compression_config": {"quant_method": "compressed-tensors"}},
            {},
            "compressed-tensors",
            "config.json",
        ),
        ({"text_config": {"quantization_config": {"quant_method": "fp8"}}}, {}, "fp8", "config.json"),
        (
            {},
            {"hf_quant_config__json": {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "NVFP4"}}},
            "modelopt_fp4",
            "hf_quant_config.json",
        ),
        ({}, {"quantize_config__json": {"bits": 4, "group_size": 128}}, None, "quantize_config.json"),
    ],
)
def test_quantization_from_every_file(
    config: dict[str, Any], files: dict[str, Any], method: str | None, file: str
) -> None:
    """The config, ModelOpt's and GPTQ's own files say how the weights are quantized."""
    found = making.of(config, **files).quantization
    assert found is not None
    assert (found.method, found.file) == (method, file)


def test_what_the_checkpoint_says_of_the_kv_cache() -> None:
    """Both ways of asking for a quantized KV cache are read, and silence is None."""
    scheme = {"num_bits": 8, "type": "float"}
    in_config = making.of({"quantization_config": {"quant_method": "compressed-tensors", "kv_cache_scheme": scheme}})
    beside = making.of(
        {},
        hf_quant_config__json={
            "producer": {"name": "modelopt"},
            "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"},
        },
    )
    silent = making.of({"quantization_config": {"quant_method": "gptq", "kv_cache_scheme": None}})
    assert [each.quantization.kv_cache for each in (in_config, beside, silent) if each.quantization] == [
        scheme,
        "FP8",
        None,
    ]


def test_weight_bytes_are_exact() -> None:
    """Bytes, bytes per format and parameters are those of the headers, over all files."""
    heads = {
        "model-00001-of-00002.safetensors": making.head({"a": ("BF16", (10, 4)), "b": ("F32", (3,))}),
        "model-00002-of-00002.safetensors": making.head({"c": ("F8_E4M3", (8,)), "scalar": ("F32", ())}),
    }
    found = making.of(LLAMA, heads).weights
    assert found is not None
    assert (found.bytes, found.parameters, found.source) == (80 + 12 + 8 + 4, 40 + 3 + 8 + 1, "headers")
    assert found.by_dtype == {"BF16": 80, "F32": 16, "F8_E4M3": 8}


def test_the_index_says_which_files_count() -> None:
    """A second copy of the weights is not counted, and a shard that is not there is named."""
    heads = {
        "consolidated.safetensors": making.head({"x": ("F32", (100,))}),
        "model-00001-of-00002.safetensors": making.head({"a": ("F32", (1,))}),
    }
    index = {
        "metadata": {"total_size": 8},
        "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"},
    }
    indexed = making.of(LLAMA, heads, model__safetensors__index__json=index).weights
    alone = making.of(LLAMA, heads).weights
    only_index = making.of(LLAMA, model__safetensors__index__json=index).weights
    assert indexed is not None
    assert (indexed.bytes, indexed.missing) == (4, ("model-00002-of-00002.safetensors",))
    assert alone is not None
    assert alone.bytes == 4
    assert only_index is not None
    assert (only_index.bytes, only_index.source, only_index.parameters) == (8, "index", None)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ((b"version https://git-lfs.github.com/spec/v1\n", 130), "does not begin with the header"),
        ((b"", 0), "does not begin with the header"),
        ((making.head({"a": ("F32", (8,))})[0][:20], 100), "does not begin with the header"),
        (((5).to_bytes(8, "little") + b"[1,2]", 13), "cannot be read"),
        (making.head({"a": ("F32", (8,))}, cut=4), "is cut"),
    ],
)
def test_a_file_that_is_no_safetensors_is_told(head: tuple[bytes, int], message: str) -> None:
    """A pointer of Git LFS, an empty, a cut and a foreign file are each named with what to do."""
    with pytest.raises(InputError, match=message) as caught:
        making.of(LLAMA, {"model.safetensors": head})
    assert caught.value.file == "models/it/model.safetensors"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "no JSON object"),
        ('{"hidden_size": "big"}', "`hidden_size` is 'big'"),
        ('{"num_hidden_layers": 1.5}', "a whole number"),
        ('{"num_attention_heads": true}', "a whole number"),
        ('{"text_config": "x"}', "a mapping"),
        ('{"architectures": "LlamaForCausalLM"}', "a list of texts"),
        ('{"text_config": {"torch_dtype": 16}}', "`text_config.torch_dtype` is 16"),
    ],
)
def test_a_malformed_config_is_told(text: str, message: str) -> None:
    """What cannot be a config is refused with the file and the key."""
    with pytest.raises(InputError, match=message) as caught:
        checkpoints.read({"config.json": text}, {}, "models/it", whole=True)
    assert caught.value.file == "models/it/config.json"


def test_a_folder_without_config_is_told() -> None:
    """A folder that holds no config.json is no checkpoint."""
    with pytest.raises(InputError, match=r"holds no config.json"):
        checkpoints.read({}, {}, "models/it", whole=True)


def test_lists_and_infinity_are_no_mistakes() -> None:
    """Sizes per layer (Gemma 3n) and Mamba's `Infinity` are valid, and leave the single number unknown."""
    text = (
        '{"intermediate_size": [8192, 16384], "time_step_limit": [0.0, Infinity], "max_position_embeddings": 131072.0}'
    )
    found = checkpoints.read({"config.json": text}, {}, "c", whole=False)
    assert found.decoder.intermediate_size is None
    assert found.decoder.lengths == {"max_position_embeddings": 131072}


def test_where_the_chat_template_comes_from() -> None:
    """A file of its own comes before the tokenizer's; of several named ones the default counts."""
    own = making.of({}, chat_template__jinja="own", tokenizer_config__json={"chat_template": "inner"})
    inner = making.of({}, tokenizer_config__json={"chat_template": "inner"})
    named = making.of(
        {},
        tokenizer_config__json={
            "chat_template": [{"name": "tool_use", "template": "t"}, {"name": "default", "template": "d"}]
        },
    )
    assert [each.chat_template for each in (own, inner, named, making.of({}))] == ["own", "inner", "d", None]
    assert own.template_hash != inner.template_hash


def test_a_tokenizer_without_a_limit_has_none() -> None:
    """Transformers writes 1e30 where a tokenizer has no longest input."""
    assert (
        making.of({}, tokenizer_config__json={"model_max_length": 1000000000000000019884624838656}).tokenizer_length
        is None
    )
    assert making.of({}, tokenizer_config__json={"model_max_length": 512}).tokenizer_length == 512


def test_overrides_replace_and_merge() -> None:
    """`--hf-overrides` replaces keys, merges parts of the config, and leaves what lies beside it as it is."""
    before = making.of(
        {**LLAMA, "quantization_config": {"quant_method": "awq"}}, tokenizer_config__json={"model_max_length": 512}
    )
    after = checkpoints.overridden(
        before, {"max_position_embeddings": 8192, "rope_scaling": {"factor": 2.0}, "architectures": ["X"]}
    )
    assert after.decoder.lengths == {"max_position_embeddings": 8192}
    assert (after.ropes[0].type, after.ropes[0].factor) == (None, 2.0)
    assert after.architectures == ("X",)
    assert after.quantization == before.quantization
    assert after.tokenizer_length == 512

    parts = making.of({"text_config": {**LLAMA, "model_type": "llama"}, "vision_config": {"depth": 2}})
    merged = checkpoints.overridden(parts, {"text_config": {"rope_scaling": {"factor": 2.0}, "hidden_size": 8}})
    assert (merged.ropes[0].type, merged.ropes[0].factor) == ("llama3", 2.0)
    assert (merged.decoder.hidden_size, merged.decoder.heads) == (8, 32)


def test_the_real_files_of_a_checkpoint() -> None:
    """The files of a checkpoint that vLLM and SGLang served are understood, and its weights counted exactly."""
    folder = Path(__file__).parents[2] / "data" / "checkpoints" / "tiny-f32"
    texts = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".json", ".jinja")}
    head = (folder / "model.safetensors.head").read_bytes()
    found = checkpoints.read(texts, {"model.safetensors": (head, 2_233_000)}, "tiny-f32", whole=True)
    assert found.weights is not None
    assert (found.weights.bytes, found.weights.parameters) == (2_230_784, 557_696)
    assert (found.dtypes.config, found.decoder.lengths, found.tokenizer_length) == (
        "float32",
        {"max_position_embeddings": 1024},
        1024,
    )
    assert found.generation is not None
    assert found.generation["repetition_penalty"] == 1.05
    assert found.template_hash is not None
