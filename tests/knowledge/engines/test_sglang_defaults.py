"""The values of SGLang's settings that nobody wrote."""

import json
from collections.abc import Mapping, Sequence

import pytest

from skewguard.knowledge import checkpoints
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines import sglang
from skewguard.knowledge.engines.interface import Hardware, Inputs, Platform, Release
from skewguard.language import accelerators
from skewguard.language.facts import Choice, Fact, Gap, Origin, same
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.cases import config
from tests.knowledge.engines.sglang_cases import GPU_KEY, UNSEEN, anything, exactly, launch, some

CHUNK, SHARE, GRAPH = "sglang.chunked_prefill_size", "sglang.mem_fraction_static", "sglang.cuda_graph_max_bs"
H100, A10, L40, H200, B200 = "NVIDIA-H100-80GB-HBM3", "NVIDIA-A10G", "NVIDIA-L40S", "NVIDIA-H200", "NVIDIA-B200"


def checkpoint(**keys: object) -> Checkpoint:
    """A folder whose config.json has these keys."""
    return checkpoints.read({"config.json": json.dumps({"model_type": "llama", **keys})}, {}, "models/m", whole=True)


def derive(
    setting: str,
    version: str | Release,
    *words: str,
    gpu: str | None = None,
    platform: Platform | None = None,
    model: Checkpoint | None = None,
    env: Mapping[str, str] | None = None,
) -> Fact | Choice | Gap | None:
    """One setting of `sglang.launch_server --model-path m` and further words."""
    release = exactly(version) if isinstance(version, str) else version
    hardware = Hardware(GPU_KEY, accelerators.find(gpu) if gpu else None, platform=platform)
    entries = [EnvVar(name, text, Origin("file", "deploy.yaml")) for name, text in (env or {}).items()]
    parsed = launch(release, "--model-path", "m", *words)
    return sglang.derive(setting, parsed, entries, release, Inputs(hardware, model))


def value(setting: str, version: str | Release, *words: str, **more: object) -> object:
    """The value of a setting that has one."""
    found = derive(setting, version, *words, **more)  # type: ignore[arg-type]
    assert isinstance(found, Fact), found
    return found.value


def gap(setting: str, version: str | Release, *words: str, **more: object) -> Gap:
    """The gap of a setting that has none."""
    found = derive(setting, version, *words, **more)  # type: ignore[arg-type]
    assert isinstance(found, Gap), found
    return found


def test_literal_default_names_its_version() -> None:
    """Where a value comes from is always said."""
    found = derive("sglang.schedule_policy", "0.4.6")

    assert found == Fact(
        "sglang.schedule_policy", "fcfs", "derived", Origin(kind="default", ref="default of SGLang 0.4.6")
    )
    assert value("sglang.schedule_policy", "0.4.3") == "lpm"


def test_random_seed_is_nobodys() -> None:
    """Drawn in every process, so that replicas differ; equal as configuration."""
    found = gap("runtime.seed", "0.5.5")

    assert (found.rule, found.inputs) == ("sglang.random-seed", ("random@each process",))
    assert same(found, gap("runtime.seed", "0.5.23")) is True


def test_tokenizer_and_served_name_follow_the_model() -> None:
    """Unset, both are the model's."""
    assert value("tokenizer.id", "0.5.5") == value("model.served_name", "0.5.23") == "m"


@pytest.mark.parametrize(
    ("version", "gpu", "chunk", "graph"),
    [
        ("0.4.0", A10, 2048, 8),
        ("0.4.0", H100, 8192, 160),
        ("0.4.6", H100, 8192, None),
        ("0.4.10", A10, 2048, 8),
        ("0.4.10", L40, 8192, None),
        ("0.4.10", B200, 16384, None),
        ("0.5.5", A10, 2048, 24),
        ("0.5.5", L40, 4096, 32),
        ("0.5.5", H100, 8192, 256),
        ("0.5.12", H200, 8192, 256),
        ("0.5.12", B200, 16384, 512),
    ],
)
def test_chunk_and_graphs_follow_the_gpu(version: str, gpu: str, chunk: int, graph: int | None) -> None:
    """The same manifest splits prompts and captures graphs otherwise on another GPU, and on another release."""
    assert (value(CHUNK, version, gpu=gpu), value(GRAPH, version, gpu=gpu)) == (chunk, graph)


@pytest.mark.parametrize(("version", "chunk"), [("0.5.18", 2048), ("0.5.20", 4096)])
def test_small_gpus_take_larger_chunks_from_0_5_20_on(version: str, chunk: int) -> None:
    """24 and 32 GiB."""
    assert value(CHUNK, version, gpu=A10) == value(CHUNK, version, gpu="NVIDIA GeForce RTX 5090") == chunk


def test_graphs_follow_the_tensor_parallel_size() -> None:
    """More GPUs hold larger batches."""
    assert value(GRAPH, "0.5.5", "--tp-size", "4", gpu=H100) == 512
    assert value(GRAPH, "0.5.5", "--tp-size", "2", gpu=H100) == 256


def test_chunk_without_a_gpu_is_a_choice() -> None:
    """The arms, and the unknown that would decide; equal between releases of one era."""
    found = derive(CHUNK, "0.5.5")

    assert isinstance(found, Choice)
    assert (found.inputs, found.values()) == ((GPU_KEY,), [2048, 4096, 8192, 16384])
    assert same(found, derive(CHUNK, "0.5.12")) is True  # type: ignore[arg-type]
    assert same(found, derive(CHUNK, "0.5.23")) is None  # type: ignore[arg-type]
    assert value("runtime.chunked_prefill", "0.5.5") is True


def test_chunk_is_shared_among_attention_ranks() -> None:
    """`--enable-dp-attention` divides it by the ranks; by two in the first releases."""
    words = ("--tp-size", "8", "--dp-size", "8", "--enable-dp-attention")

    assert value(CHUNK, "0.5.5", *words, gpu=H100) == 1024
    assert value(CHUNK, "0.4.3", *words, gpu=H100) == 4096
    assert value(CHUNK, "0.5.23", "--tp-size", "8", "--attn-dp-size", "4", gpu=H100) == 2048


def test_chunk_is_not_told_where_the_model_reads_pictures() -> None:
    """Such models switch chunks off, depending on which they are."""
    model = checkpoint(vision_config={"hidden_size": 8}, max_position_embeddings=4096)

    assert gap(CHUNK, "0.5.5", gpu=H100, model=model).rule == "sglang.chunked-prefill-size@pictures"
    assert value(CHUNK, "0.5.5", gpu=H100, model=checkpoint()) == 8192


def test_chunk_of_a_machine_without_a_gpu_follows_its_memory() -> None:
    """Which no manifest says."""
    assert gap(CHUNK, "0.5.23", platform="cpu").inputs == (GPU_KEY,)


def test_data_parallel_attention_keeps_one_copy() -> None:
    """So that no GPUs are counted for copies that do not exist."""
    words = ("--tp-size", "8", "--dp-size", "8", "--enable-dp-attention")

    assert value("parallelism.data", "0.5.5", *words) == 1
    assert value("parallelism.data", "0.5.5") == 1


def test_no_override_is_an_empty_object() -> None:
    """Unwritten and written as `{}` are the same."""
    assert value("runtime.hf_overrides", "0.5.5") == {}
    assert value("runtime.hf_overrides", "0.5.23") == {}


@pytest.mark.parametrize(("tensor", "share"), [("1", 0.88), ("2", 0.87), ("4", 0.85), ("8", 0.81), ("16", 0.79)])
def test_share_of_memory_follows_the_group_in_the_first_releases(tensor: str, share: float) -> None:
    """Up to 0.4.5 by the size of the tensor-parallel group alone."""
    assert value(SHARE, "0.4.3", "--tp-size", tensor) == share


@pytest.mark.parametrize(
    ("version", "gpu", "words", "share"),
    [
        ("0.4.6", H100, (), 0.88),
        ("0.4.10", H100, (), 0.874),
        ("0.4.10", A10, (), 0.871),
        ("0.5.5", H100, (), 0.835),
        ("0.5.5", H100, ("--chunked-prefill-size", "2048"), 0.874),
        ("0.5.5", A10, (), 0.837),
    ],
)
def test_share_of_memory_is_worked_out_from_all_that_is_known(
    version: str, gpu: str, words: Sequence[str], share: float
) -> None:
    """GPU memory, chunk and graph sizes, parallelism, and a model that reads text alone."""
    model = checkpoint(max_position_embeddings=4096, torch_dtype="bfloat16")

    assert value(SHARE, version, *words, gpu=gpu, model=model) == share
    assert gap(SHARE, version, *words).inputs == (GPU_KEY, "config.json@m@main")


def test_share_of_memory_of_later_releases_is_the_servers_to_tell() -> None:
    """From 0.5.10 on it hangs on the graphs of the whole prefill and on the model's own override."""
    model = checkpoint(max_position_embeddings=4096)

    assert "server_info" in gap(SHARE, "0.5.12", gpu=H100, model=model).would_need


def test_prefixes_are_kept_except_by_a_decode_server() -> None:
    """The engine's flag says the opposite of the setting."""
    assert value("runtime.prefix_caching", "0.5.5") is True
    assert value("runtime.prefix_caching", "0.5.5", "--disaggregation-mode", "decode") is False
    assert value("runtime.prefix_caching", "0.4.3", "--speculative-algorithm", "EAGLE") is False
    kept = ("--disaggregation-mode", "decode", "--disaggregation-decode-enable-radix-cache")
    assert value("runtime.prefix_caching", "0.5.23", *kept) is True


@pytest.mark.parametrize(
    ("version", "words", "expected"),
    [
        ("0.5.6", (), "round_robin"),
        ("0.5.23", (), "round_robin"),
        ("0.5.23", ("--disaggregation-mode", "decode"), "round_robin"),
        ("0.5.23", ("--disaggregation-mode", "prefill"), "follow_bootstrap_room"),
    ],
)
def test_requests_go_round_the_ranks_except_in_a_prefill_server(
    version: str, words: Sequence[str], expected: str
) -> None:
    """`auto` is no value that a server runs with: a prefill server follows the room that its pair has agreed on."""
    assert value("sglang.load_balance_method", version, *words) == expected


def test_chunks_of_a_prefix_are_read_by_latent_attention_alone() -> None:
    """The server switches them off for every other model; for those it is the attention backend's to decide."""
    latent = checkpoint(model_type="deepseek_v3", kv_lora_rank=512, qk_rope_head_dim=64, qk_nope_head_dim=128)

    assert value("sglang.disable_chunked_prefix_cache", "0.5.23", model=checkpoint()) is True
    assert gap("sglang.disable_chunked_prefix_cache", "0.5.23", model=latent).rule == "sglang.chunked-prefix-cache"
    assert gap("sglang.disable_chunked_prefix_cache", "0.5.23").inputs == ("config.json@m@main",)


SAMPLING = "sglang.default_sampling_params"
SAMPLED = {"temperature": 0.7, "top_k": 20, "top_p": 0.8, "repetition_penalty": 1.0}


def sampled(keys: Mapping[str, object] | None) -> Checkpoint:
    """A whole folder, with a generation_config.json of these keys."""
    files = {"config.json": '{"model_type": "llama"}'}
    return checkpoints.read(
        files if keys is None else {**files, "generation_config.json": json.dumps(keys)}, {}, "models/m", whole=True
    )


def test_requests_are_sampled_as_the_model_says() -> None:
    """From the first release that asks its file; what is neutral is left out, and `openai` asks no file."""
    assert value(SAMPLING, "0.5.3.post1", model=sampled(SAMPLED)) == {"temperature": 0.7, "top_k": 20, "top_p": 0.8}
    assert value(SAMPLING, "0.5.23", "--sampling-defaults", "openai", model=sampled(SAMPLED)) == {}
    assert value(SAMPLING, "0.5.23", model=sampled(None)) == {}
    assert derive(SAMPLING, "0.5.3", model=sampled(SAMPLED)) is None


def test_sampling_is_not_told_where_transformers_may_fill_it_in() -> None:
    """Without `top_k` in the file its version 4 takes 50 and its version 5 none; without the file nobody knows."""
    assert gap(SAMPLING, "0.5.23", model=sampled({"temperature": 0.6})).rule == "sglang.sampling"
    assert gap(SAMPLING, "0.5.23").inputs == ("generation_config.json@m@main",)


def test_page_follows_the_attention_backend() -> None:
    """One token for those that are known to take it; else the server knows."""
    assert value("runtime.block_size", "0.4.6") == 1
    assert value("runtime.block_size", "0.5.5", "--attention-backend", "triton") == 1
    assert value("runtime.block_size", "0.5.5", "--attention-backend", "trtllm_mha") == 64
    assert gap("runtime.block_size", "0.5.5", "--attention-backend", "ascend").rule == "sglang.page-size"
    assert gap("runtime.block_size", "0.5.23").inputs == ("config.json@m@main", GPU_KEY)


def test_backends_that_the_engine_fills_in() -> None:
    """Grammar by release, sampling by device, attention by nearly everything."""
    assert value("sglang.grammar_backend", "0.4.3") == "outlines"
    assert value("sglang.grammar_backend", "0.4.6") == "xgrammar"
    assert value("sglang.sampling_backend", "0.5.5", gpu=H100) == "flashinfer"
    assert value("sglang.sampling_backend", "0.5.5", platform="cpu") == "pytorch"
    assert isinstance(derive("sglang.sampling_backend", "0.5.5"), Choice)
    assert gap("runtime.attention_backend", "0.5.5").rule == "sglang.attention-backend@0.5.3"


def test_batch_follows_the_cache_or_speculation() -> None:
    """What the KV cache holds, or 48 beside EAGLE."""
    assert gap("limits.max_num_seqs", "0.5.5").rule == "sglang.max-running-requests"
    assert value("limits.max_num_seqs", "0.5.5", "--speculative-algorithm", "EAGLE") == 48


def test_what_models_override_is_the_servers_to_tell() -> None:
    """None in the record, a value in the server."""
    assert "server_info" in gap("sglang.moe_runner_backend", "0.5.23").would_need
    assert value("sglang.swa_full_tokens_ratio", "0.5.23") == 0.8


@pytest.mark.parametrize(
    ("version", "keys", "dtype"),
    [
        ("0.5.5", {"torch_dtype": "float32"}, "float16"),
        ("0.5.23", {"dtype": "float32"}, "float16"),
        ("0.5.23", {"dtype": "bfloat16"}, "bfloat16"),
        ("0.5.5", {}, "float16"),
        ("0.4.3", {"torch_dtype": "float32", "model_type": "gemma2"}, "bfloat16"),
        ("0.4.3", {"torch_dtype": "float32", "model_type": "gemma3"}, "float16"),
        ("0.4.6", {"torch_dtype": "float32", "model_type": "gemma3"}, "bfloat16"),
    ],
)
def test_dtype_auto_follows_the_checkpoint(version: str, keys: dict[str, object], dtype: str) -> None:
    """A 32-bit checkpoint is served in float16, where vLLM takes bfloat16; Gemma in bfloat16."""
    assert value("runtime.dtype", version, model=checkpoint(**keys)) == dtype
    assert gap("runtime.dtype", version).inputs == ("config.json@m@main",)


def test_kv_cache_follows_the_number_format() -> None:
    """Written, or the model's."""
    model = checkpoint(torch_dtype="float32")

    assert value("runtime.kv_cache_dtype", "0.5.5", model=model) == "float16"
    assert value("runtime.kv_cache_dtype", "0.5.5", "--dtype", "half", model=model) == "float16"
    assert gap("runtime.kv_cache_dtype", "0.5.5").inputs == ("config.json@m@main",)


@pytest.mark.parametrize(
    ("keys", "length"),
    [
        ({"max_position_embeddings": 8192}, 8192),
        ({"max_position_embeddings": 8192, "model_max_length": 131072}, 131072),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 2.0}}, 8192),
        (
            {"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
            131072,
        ),
        (
            {
                "max_position_embeddings": 32768,
                "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768},
            },
            32768,
        ),
    ],
)
def test_context_length_follows_the_checkpoint(keys: dict[str, object], length: int) -> None:
    """The first key of the engine's list, stretched by a RoPE that names no original length."""
    assert value("limits.max_model_len", "0.5.5", model=checkpoint(**keys)) == length


def test_context_length_follows_what_the_arguments_override() -> None:
    """`--json-model-override-args` counts like the file."""
    words = ("--json-model-override-args", '{"max_position_embeddings": 1024}')

    assert value("limits.max_model_len", "0.5.5", *words, model=checkpoint(max_position_embeddings=8192)) == 1024


def test_quantization_is_the_checkpoints() -> None:
    """What no kernel of another name takes over; the rest by GPU."""
    method = "runtime.quantization"

    assert value(method, "0.5.5", model=checkpoint()) is None
    assert value(method, "0.5.5", model=checkpoint(quantization_config={"quant_method": "fp8"})) == "fp8"
    assert "gptq" in gap(method, "0.5.5", model=checkpoint(quantization_config={"quant_method": "gptq"})).reason


def test_unknown_version_gives_what_all_agree_on_or_a_choice() -> None:
    """By version, with the key of the image."""
    found = derive("sglang.schedule_policy", anything())

    assert value("parallelism.tensor", anything()) == 1
    assert isinstance(found, Choice)
    assert (found.inputs, found.values()) == (("version@image:latest",), ["lpm", "fcfs"])
    assert value("sglang.schedule_policy", some("0.5.2", "0.5.5")) == "fcfs"


def test_version_outside_the_table_has_no_known_defaults() -> None:
    """A newer release may have changed any of them."""
    release = Release("sglang", "9.9.9", (sglang.releases()[-1],), "newer", "the tag", "version@x")

    assert gap("sglang.schedule_policy", release).rule == "default-beyond"


def test_unseen_config_file_leaves_every_default_open() -> None:
    """What is not on the command line may stand in the file."""
    parsed = launch("0.5.5", "--model-path", "m", "--config", "/cfg/b.yaml", files=[config("")])
    found = sglang.derive("parallelism.tensor", parsed, (), exactly("0.5.5"), UNSEEN)

    assert isinstance(found, Gap)
    assert "/cfg/b.yaml" in found.reason


@pytest.mark.parametrize("version", sglang.releases())
def test_every_setting_of_every_release_has_an_answer(version: str) -> None:
    """A value, a choice or a gap with its reason."""
    release = exactly(version)
    parsed = launch(release, "--model-path", "m")
    for name in sglang.settings(release):
        found = sglang.derive(name, parsed, (), release, UNSEEN)
        assert found is not None, name
        assert found.setting == name
        assert not isinstance(found, Gap) or (found.reason and found.rule and found.inputs)
