"""What TGI decides at its start, on both sides of every release that changed it."""

import pytest

from skewguard.knowledge.engines import tgi
from skewguard.knowledge.engines.interface import Release
from skewguard.language.facts import Arm, Choice, Fact
from tests.knowledge.engines.tgi_cases import GPU_KEY, anything, checkpoint, derive, exactly, gap, value

LONG = checkpoint(max_position_embeddings=32768, hidden_size=4096, num_attention_heads=32)
SHORT = checkpoint(max_position_embeddings=2048, hidden_size=4096, num_attention_heads=32)
H100, T4 = "NVIDIA-H100-80GB-HBM3", "Tesla-T4"


# ---- lengths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "total", "prompt", "prefill"),
    [("1.4.5", 2048, 1024, 4096), ("2.0.0", 4096, 4095, 4145), ("2.4.0", 4096, 4095, 4145)],
)
def test_lengths_of_a_long_model(version: str, total: int, prompt: int, prefill: int) -> None:
    """Literals, then at most 4096."""
    assert value("limits.max_model_len", version, model=LONG) == total
    assert value("limits.max_prompt_tokens", version, model=LONG) == prompt
    assert value("tgi.max_batch_prefill_tokens", version, model=LONG) == prefill


@pytest.mark.parametrize("setting", ["limits.max_model_len", "limits.max_prompt_tokens", "tgi.max_batch_total_tokens"])
def test_lengths_are_left_to_the_memory(setting: str) -> None:
    """From 2.4.1 on no input of a manifest tells them."""
    assert GPU_KEY in gap(setting, "2.4.1", model=LONG).inputs


def test_lengths_of_a_short_model() -> None:
    """What the model has, where that is less than 4096."""
    assert value("limits.max_model_len", "2.3.0", model=SHORT) == 2048
    assert value("tgi.max_batch_prefill_tokens", "2.4.1", model=SHORT) == 2048
    assert value("tgi.max_batch_prefill_tokens", "2.4.1", model=LONG) == 4096
    assert GPU_KEY in gap("tgi.max_batch_prefill_tokens", "3.0.0", model=LONG).inputs


@pytest.mark.parametrize(("version", "total"), [("2.0.3", 4096), ("2.0.4", 1024)])
def test_old_name_of_the_positions(version: str, total: int) -> None:
    """`n_positions` counts from 2.0.4 on; where nothing is found it is 4096."""
    assert value("limits.max_model_len", version, model=checkpoint(n_positions=1024)) == total


@pytest.mark.parametrize(("version", "total"), [("2.2.0", 2048), ("2.3.0", 4096)])
def test_method_that_the_launcher_does_not_know_hides_the_config(version: str, total: int) -> None:
    """2.3.0 began to read the method, and one unknown to it makes the file unreadable."""
    model = checkpoint(max_position_embeddings=2048, quantization_config={"quant_method": "quark"})

    assert value("limits.max_model_len", version, model=model) == total


def test_prefill_follows_a_written_prompt() -> None:
    """By the size of the batch, where that is bounded."""
    assert value("tgi.max_batch_prefill_tokens", "2.3.0", "--max-input-tokens=100", "--max-total-tokens=200") == 150
    words = ("--max-input-tokens=100", "--max-total-tokens=200", "--max-batch-size=4")
    assert value("tgi.max_batch_prefill_tokens", "2.3.0", *words) == 400


# ---- shards -----------------------------------------------------------------------------------------------------------


def test_one_shard_for_each_gpu() -> None:
    """Of one GPU there is no doubt; of several the container runtime decides, up to 3.3.6."""
    assert value("parallelism.tensor", "3.3.6", count=1) == 1
    assert value("parallelism.tensor", "3.3.7", count=4) == 4
    found = derive("parallelism.tensor", "3.3.6", count=4)
    assert isinstance(found, Choice)
    assert found.values() == [4, 1]


def test_variables_name_the_devices() -> None:
    """They are counted by their commas, so that `all` is one device before 3.3.7."""
    assert value("parallelism.tensor", "3.3.4", env={"CUDA_VISIBLE_DEVICES": "0,1"}, count=4) == 2
    assert value("parallelism.tensor", "3.3.4", env={"NVIDIA_VISIBLE_DEVICES": "all"}, count=4) == 1
    assert value("parallelism.tensor", "3.3.7", env={"NVIDIA_VISIBLE_DEVICES": "all"}, count=4) == 4
    assert value("parallelism.tensor", "3.3.4", env={"SHARDED": "false"}, count=4) == 1
    assert value("parallelism.tensor", "3.3.4", platform="rocm", count=4) == 1
    assert gap("parallelism.tensor", "3.3.4").inputs == (GPU_KEY,)


# ---- number formats ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        ("3.3.4", "llama", "float16"),
        ("2.2.0", "gemma2", "bfloat16"),
        ("2.3.0", "mllama", "float16"),
        ("2.3.1", "mllama", "bfloat16"),
        ("3.1.0", "qwen2_vl", "float16"),
        ("3.1.1", "qwen2_vl", "bfloat16"),
        ("3.2.2", "llama4", "bfloat16"),
        ("2.2.0", "mamba", "bfloat16"),
        ("1.4.5", "mistral", "float16"),
    ],
)
def test_dtype_is_the_familys_not_the_checkpoints(version: str, kind: str, expected: str) -> None:
    """A bfloat16 checkpoint of most families is served in float16."""
    model = checkpoint(model_type=kind, torch_dtype="bfloat16")

    assert value("runtime.dtype", version, model=model) == expected
    assert value("runtime.kv_cache_dtype", version, model=model) == expected


def test_dtype_of_an_fp8_model_was_the_kernels() -> None:
    """From 2.2.0 to 2.3.1 bfloat16 where they are installed and the GPU takes them; no input of a manifest tells."""
    asked = ("runtime.dtype", "--quantize=fp8")
    for version in ("2.2.0", "2.3.1"):
        assert GPU_KEY in gap(asked[0], version, asked[1], model=checkpoint()).inputs
    for version in ("2.1.1", "2.4.0"):
        assert value(asked[0], version, asked[1], model=checkpoint()) == "float16"


def test_method_of_the_checkpoint_fixes_the_format_later_than_a_written_one() -> None:
    """2.1.0 looked at the flag alone; 2.2.0 reads config.json first."""
    model = checkpoint(model_type="gemma", quantization_config={"quant_method": "awq"})

    assert gap("runtime.dtype", "2.1.1", model=model)
    assert value("runtime.dtype", "2.1.1", "--quantize=awq", model=model) == "float16"
    assert value("runtime.dtype", "2.2.0", model=model) == "float16"


def test_cache_of_8_bits_that_the_checkpoint_asks_for() -> None:
    """3.0.0 began to look, under FlashInfer alone; an unseen checkpoint may ask for one."""
    method = {"quant_method": "compressed-tensors", "kv_cache_scheme": {"type": "float", "num_bits": 8}}
    asking = checkpoint(quantization_config=method, head_dim=128)
    plain = checkpoint(quantization_config={"quant_method": "compressed-tensors"}, head_dim=128)

    assert value("runtime.kv_cache_dtype", "3.0.0", model=asking) == "fp8_e4m3fn"
    assert value("runtime.kv_cache_dtype", "2.4.1", model=asking) == "float16"
    assert value("runtime.kv_cache_dtype", "3.0.0", model=plain) == "float16"
    assert value("runtime.kv_cache_dtype", "3.0.0", model=asking, env={"ATTENTION": "paged"}) == "float16"
    assert gap("runtime.kv_cache_dtype", "3.0.0", "--dtype=float16").inputs == ("config.json@m@main",)
    assert value("runtime.kv_cache_dtype", "3.0.0", "--dtype=float16", "--quantize=awq") == "float16"


def test_dtype_of_an_unseen_model_is_one_of_two() -> None:
    """The family decides."""
    found = derive("runtime.dtype", "3.3.4")

    assert isinstance(found, Choice)
    assert found.values() == ["bfloat16", "float16"]
    assert found.inputs == ("config.json@m@main",)
    assert gap("runtime.dtype", "1.4.0").inputs == found.inputs
    assert value("runtime.dtype", "3.3.4", "--quantize=awq") == "float16"
    assert gap("runtime.dtype", "3.3.4", platform="cpu").rule == "tgi.dtype"


@pytest.mark.parametrize(
    ("version", "method", "expected"),
    [
        ("1.4.5", "gptq", None),
        ("2.0.0", "gptq", "gptq"),
        ("2.1.0", "exl2", "exl2"),
        ("2.2.0", "fbgemm_fp8", "fp8"),
        ("2.3.0", "fp8", "fp8"),
        ("2.3.0", "bitsandbytes", "bitsandbytes"),
        ("2.4.1", "compressed-tensors", "compressed-tensors"),
    ],
)
def test_quantization_of_the_checkpoint(version: str, method: str, expected: str | None) -> None:
    """What each release takes from config.json."""
    model = checkpoint(quantization_config={"quant_method": method})

    assert value("runtime.quantization", version, model=model) == expected


@pytest.mark.parametrize(
    ("version", "method"),
    [("2.0.4", "exl2"), ("2.1.1", "fbgemm_fp8"), ("2.2.0", "fp8"), ("2.4.0", "compressed-tensors")],
)
def test_method_that_a_release_does_not_name_is_a_gap(version: str, method: str) -> None:
    """What runs then was not read."""
    assert gap("runtime.quantization", version, model=checkpoint(quantization_config={"quant_method": method}))


def test_older_name_of_the_section_counts_too() -> None:
    """The server began to read it in 2.3.1, which makes what was not read of it; the launcher never does."""
    model = checkpoint(compression_config={"quant_method": "compressed-tensors"})

    assert value("runtime.quantization", "2.4.1", model=model) == "compressed-tensors"
    assert gap("runtime.quantization", "2.3.1", model=model)
    assert value("runtime.quantization", "2.3.0", model=model) is None
    assert gap("runtime.quantization", "3.0.0", model=checkpoint(compression_config={"format": "pack-quantized"}))


def test_checkpoint_without_a_method_is_not_quantized() -> None:
    """And what nobody gave is a gap."""
    assert value("runtime.quantization", "3.3.4", model=LONG) is None
    assert gap("runtime.quantization", "3.3.4").inputs == ("config.json@m@main",)


# ---- attention, prefixes, chunks ------------------------------------------------------------------------------------------


def test_attention_and_prefixes_by_model_and_gpu() -> None:
    """FlashInfer with prefixes, unless heads or family forbid it; paged attention keeps none."""
    odd = checkpoint(hidden_size=80 * 32, num_attention_heads=32)
    falcon = checkpoint(model_type="falcon", hidden_size=4096, num_attention_heads=64)

    assert value("runtime.attention_backend", "3.3.4", model=LONG) == "flashinfer"
    assert value("runtime.prefix_caching", "3.3.4", model=LONG) is True
    assert value("runtime.attention_backend", "3.3.4", model=odd, gpu=H100) == "flashdecoding"
    assert value("runtime.attention_backend", "3.3.4", model=odd, gpu=T4) == "paged"
    assert value("runtime.attention_backend", "2.3.0", model=odd, gpu=T4) == "flashdecoding"
    assert value("runtime.prefix_caching", "3.3.4", model=odd, gpu=T4) is False
    assert value("runtime.attention_backend", "3.3.4", model=falcon, gpu=H100) == "flashdecoding"
    assert value("runtime.prefix_caching", "3.3.4", model=falcon, gpu=H100) is True
    assert value("runtime.prefix_caching", "3.3.4", model=falcon, gpu=T4) is False
    assert gap("runtime.attention_backend", "3.3.4", model=odd).inputs == (GPU_KEY,)
    assert value("runtime.prefix_caching", "3.3.4", model=checkpoint(vision_config={}, head_dim=128)) is False
    assert value("runtime.prefix_caching", "3.3.4", "--lora-adapters=a", model=LONG) is False


@pytest.mark.parametrize(("version", "expected"), [("2.3.1", "flashdecoding"), ("2.4.0", "flashinfer")])
def test_family_that_flashinfer_took_later(version: str, expected: str) -> None:
    """Gemma 2 was kept from it up to 2.3.1."""
    gemma = checkpoint(model_type="gemma2", head_dim=256)

    assert value("runtime.attention_backend", version, model=gemma, gpu=H100) == expected


def test_prefixes_of_a_family_that_flashinfer_does_not_take() -> None:
    """None where paged attention is all that the GPU has, whatever ATTENTION says."""
    model = checkpoint(model_type="falcon", head_dim=64)
    told = {"ATTENTION": "flashdecoding"}

    assert value("runtime.prefix_caching", "3.3.4", model=model, gpu=T4, env=told) is False
    assert value("runtime.prefix_caching", "3.3.4", model=model, gpu=H100, env=told) is True
    assert gap("runtime.prefix_caching", "3.3.4", model=model, env=told).inputs == (GPU_KEY,)


def test_head_size_of_the_text_part() -> None:
    """3.2.2 began to look there; Gemma 3 without one counts as 256 from 3.3.0 on."""
    inner = checkpoint(text_config={"head_dim": 128})
    gemma = checkpoint(model_type="gemma3", text_config={})

    found = [value("runtime.attention_backend", version, model=inner, gpu=H100) for version in ("3.2.1", "3.2.2")]
    later = [value("runtime.attention_backend", version, model=gemma, gpu=H100) for version in ("3.2.3", "3.3.0")]
    assert found == ["flashdecoding", "flashinfer"]
    assert later == ["flashdecoding", "flashinfer"]


def test_variables_decide_before_the_model() -> None:
    """Each release has its own name for them."""
    assert value("runtime.attention_backend", "3.3.4", env={"ATTENTION": "paged"}) == "paged"
    assert value("runtime.prefix_caching", "2.3.0", env={"USE_PREFIX_CACHING": "0"}) is False
    assert value("runtime.prefix_caching", "2.4.0", env={"PREFIX_CACHING": "True"}) is True
    assert value("runtime.prefix_caching", "2.4.0", env={"ATTENTION": "paged"}, model=LONG) is False
    assert value("runtime.prefix_caching", "2.3.1", env={"ATTENTION": "paged"}, model=LONG) is True
    assert gap("runtime.prefix_caching", "2.4.0", env={"PREFIX_CACHING": None}).rule == "tgi.unknown-argument"
    assert derive("runtime.prefix_caching", "2.2.0", model=LONG) is None


@pytest.mark.parametrize(("version", "expected"), [("2.4.1", False), ("3.0.0", True)])
def test_prompts_are_split_from_3_on(version: str, expected: bool) -> None:
    """The variable turns it round; before 2.4.0 there is none."""
    assert value("runtime.chunked_prefill", version) is expected
    turned = {"PREFILL_CHUNKING": "0" if expected else "1"}
    assert value("runtime.chunked_prefill", version, env=turned) is not expected
    assert derive("runtime.chunked_prefill", "2.3.1") is None


# ---- identity, the image's environment, several releases ------------------------------------------------------------------


def test_tokenizer_is_the_models() -> None:
    """At the model's revision."""
    assert value("tokenizer.id", "3.3.4") == "m"
    assert value("tokenizer.revision", "3.3.4", "--revision=abc") == "abc"
    assert value("tokenizer.revision", "3.3.4") is None


def test_port_is_the_images() -> None:
    """TGI's own image sets it to 80, whoever starts the launcher in it; the program's own default is 3000."""
    command = Release("tgi", "3.3.4", ("3.3.4",), "exact", "asked for", "version@3.3.4")

    assert value("tgi.port", "3.3.4") == 80
    assert value("tgi.port", command) == 3000
    assert value("tgi.port", command, from_image=True) == 80
    assert gap("tgi.port", exactly("3.3.4", "registry.example/llm")).rule == "tgi.image-environment"


@pytest.mark.parametrize(("version", "expected"), [("2.2.0", "/data"), ("2.3.0", None)])
def test_cache_of_the_image(version: str, expected: str | None) -> None:
    """The image says it by `HF_HOME` from 2.3.0 on."""
    assert value("tgi.huggingface_hub_cache", version) == expected


def test_several_releases_are_a_choice() -> None:
    """What differs is told with the releases; what is alike is one value."""
    found = derive("tgi.waiting_served_ratio", anything())

    assert isinstance(found, Choice)
    assert found.arms[0] == Arm("Text Generation Inference 1.4.0 to 2.0.1", 1.2)
    assert value("tgi.max_concurrent_requests", anything()) == 128


def test_newer_release_has_no_known_defaults() -> None:
    """The table ends at 3.3.7."""
    newer = Release("tgi", "4.0.0", ("3.3.7",), "newer", "the tag", "version@image:4.0.0")

    assert gap("tgi.max_concurrent_requests", newer).rule == "default-beyond"


def test_every_setting_of_every_release_has_an_answer() -> None:
    """A value, a choice or a gap; none where the release does not have it."""
    for version in tgi.releases():
        for setting in tgi.settings(exactly(version)):
            found = derive(setting, version, model=LONG, gpu=H100, count=2)
            missing = setting in ("runtime.attention_backend", "runtime.prefix_caching", "runtime.chunked_prefill")
            assert found is not None or missing
            assert not isinstance(found, Fact) or found.setting == setting
