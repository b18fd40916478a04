"""The values of vLLM's settings that nobody wrote."""

from collections.abc import Sequence

import pytest

from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Hardware, Inputs, Release
from skewguard.language import accelerators
from skewguard.language.facts import Choice, Fact, Gap, Origin, same
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.vllm_cases import anything, config, exactly, module, serve, some

SEQS, STEP = "limits.max_num_seqs", "limits.max_num_batched_tokens"
GPU_KEY = "gpu@scheduling(abc)"


def derive(
    setting: str, version: str | Release, *words: str, gpu: str | None = None, env: Sequence[tuple[str, str]] = ()
) -> Fact | Choice | Gap | None:
    """One setting of `vllm serve m` and further words."""
    release = exactly(version) if isinstance(version, str) else version
    hardware = Hardware(GPU_KEY, accelerators.find(gpu) if gpu else None)
    entries = [EnvVar(name, value, Origin("file", "deploy.yaml")) for name, value in env]
    return vllm.derive(setting, serve(release, "m", *words), entries, release, Inputs(hardware))


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
    found = derive("runtime.gpu_memory_utilization", "0.19.0")

    assert found == Fact(
        "runtime.gpu_memory_utilization", 0.9, "derived", Origin(kind="default", ref="default of vLLM 0.19.0")
    )
    assert value("runtime.gpu_memory_utilization", "0.20.0") == 0.92


def test_setting_of_another_version_has_no_value() -> None:
    """`--swap-space` is gone in 0.18.0, and what vLLM never had is None too."""
    assert value("vllm.swap_space", "0.17.0") == 4
    assert derive("vllm.swap_space", "0.18.0") is None
    assert derive("hardware.gpu_count", "0.18.0") is None


def test_tokenizer_and_served_name_follow_the_model() -> None:
    """Unset, both are the model's."""
    assert value("tokenizer.id", "0.11.0") == "m"
    assert value("model.served_name", "0.11.0") == "m"


@pytest.mark.parametrize(
    ("version", "revision"), [("0.4.3", None), ("0.5.0", "abc"), ("0.6.6", "abc"), ("0.33.0", "abc")]
)
def test_tokenizer_revision_follows_the_revision(version: str, revision: str | None) -> None:
    """A pinned model pins its tokenizer from 0.5.0 on."""
    release = exactly(version)
    parsed = module(release, "--model", "m", "--revision", "abc")
    found = vllm.derive("tokenizer.revision", parsed, (), release, Inputs(Hardware(GPU_KEY)))
    assert isinstance(found, Fact)
    assert found.value == revision


def test_single_served_name_is_a_name() -> None:
    """`--served-model-name a` gives one name, several give a list."""
    assert serve("0.11.0", "m", "--served-model-name", "a").values["served_model_name"].value == "a"
    assert serve("0.11.0", "m", "--served-model-name", "a", "b").values["served_model_name"].value == ["a", "b"]


@pytest.mark.parametrize(
    ("setting", "rule", "older", "newer"),
    [
        ("runtime.dtype", "vllm.dtype", "0.9.0", "0.9.1"),
        ("limits.max_model_len", "vllm.max-model-len", "0.29.0", "0.30.0"),
        ("runtime.kv_cache_dtype", "vllm.kv-cache-dtype", "0.13.0", "0.14.0"),
        ("runtime.prefix_caching", "vllm.prefix-caching", "0.27.0", "0.28.0"),
    ],
)
def test_what_the_model_decides_is_a_gap_of_its_rule(setting: str, rule: str, older: str, newer: str) -> None:
    """The rule's id tells the releases that decide alike; the key names the checkpoint."""
    before, after = gap(setting, older), gap(setting, newer)

    assert before.rule.partition("@")[0] == after.rule.partition("@")[0] == rule
    assert before.inputs[0] == "config.json@m@main"
    assert same(before, after) is None
    assert same(after, gap(setting, newer, "--port", "1")) is True


def test_explicit_auto_is_still_decided_by_the_checkpoint() -> None:
    """`--dtype auto` says nothing."""
    assert gap("runtime.dtype", "0.11.0", "--dtype", "auto", "--revision", "abc").inputs[0] == "config.json@m@abc"


@pytest.mark.parametrize(
    ("version", "gpu", "seqs", "step"),
    [
        ("0.8.0", "NVIDIA-H100-80GB-HBM3", 1024, 8192),
        ("0.8.0", "NVIDIA-A100-SXM4-80GB", 1024, 2048),
        ("0.8.4", "NVIDIA-A100-SXM4-80GB", 256, 2048),
        ("0.8.5", "NVIDIA-A100-SXM4-80GB", 1024, 8192),
        ("0.9.0", "NVIDIA-A100-SXM4-80GB", 256, 2048),
        ("0.9.0", "NVIDIA-L40S", 256, 2048),
        ("0.11.0", "NVIDIA-H200", 1024, 8192),
        ("0.27.0", "NVIDIA-B200", 1024, 8192),
        ("0.28.0", "NVIDIA-B200", 1024, 16384),
        ("0.33.0", "NVIDIA-H100-80GB-HBM3", 1024, 8192),
    ],
)
def test_batch_defaults_follow_the_gpu(version: str, gpu: str, seqs: int, step: int) -> None:
    """The same manifest gives another batch on another GPU, and on another release."""
    assert (value(SEQS, version, gpu=gpu), value(STEP, version, gpu=gpu)) == (seqs, step)


def test_batch_defaults_without_a_gpu_are_a_choice() -> None:
    """The arms, and the unknown that would decide."""
    found = derive(STEP, "0.28.0")

    assert isinstance(found, Choice)
    assert (found.inputs, found.values()) == ((GPU_KEY,), [16384, 8192, 2048])
    assert same(found, derive(STEP, "0.30.0")) is True  # type: ignore[arg-type]
    assert same(found, derive(STEP, "0.27.0")) is None  # type: ignore[arg-type]


def test_batch_is_doubled_for_throughput() -> None:
    """`--performance-mode throughput` from 0.17.0 on."""
    words = ("--performance-mode", "throughput")

    assert value(SEQS, "0.28.0", *words, gpu="NVIDIA-L40S") == 512
    assert value(STEP, "0.28.0", *words, gpu="NVIDIA-L40S") == 4096


def test_batch_and_step_bound_each_other() -> None:
    """No more requests than tokens in a step (0.10.1), no more tokens than all requests hold (0.11.1)."""
    assert value(SEQS, "0.11.0", "--max-num-batched-tokens", "128", gpu="NVIDIA-H200") == 128
    assert value(SEQS, "0.10.0", "--max-num-batched-tokens", "128", gpu="NVIDIA-H200") == 1024
    assert value(STEP, "0.12.0", "--max-num-seqs", "2", "--max-model-len", "1000", gpu="NVIDIA-H200") == 2000
    assert gap(STEP, "0.12.0", "--max-num-seqs", "2", gpu="NVIDIA-H200").inputs == ("config.json@m@main",)


def test_step_without_chunks_holds_a_whole_prompt() -> None:
    """`--no-enable-chunked-prefill`: the context length, which the model decides when it is not written."""
    words = ("--no-enable-chunked-prefill",)

    assert value(STEP, "0.12.0", *words, "--max-model-len", "32768", gpu="NVIDIA-H200") == 32768
    assert isinstance(derive(STEP, "0.12.0", *words), Gap)


def test_engine_before_v1_has_its_own_batch() -> None:
    """Up to 0.7.3 unless asked for V1, up to 0.10.2 if asked for the old one."""
    assert value(SEQS, "0.6.3") == 256
    assert value(STEP, "0.5.5", "--enable-chunked-prefill") == 512
    assert gap(STEP, "0.6.3", "--enable-chunked-prefill").inputs == ("config.json@m@main",)  # more for what sees
    assert gap(STEP, "0.5.4", "--max-model-len", "8192").inputs == ("config.json@m@main",)  # more for what pools
    assert value(SEQS, "0.10.2", env=[("VLLM_USE_V1", "0")]) == 256
    assert value(SEQS, "0.7.3", env=[("VLLM_USE_V1", "1")], gpu="NVIDIA-L40S") == 1024


def test_prefix_caching_is_off_in_the_old_engine() -> None:
    """No model is needed to know that."""
    assert value("runtime.prefix_caching", "0.6.6") is False
    assert value("runtime.prefix_caching", "0.9.2", env=[("VLLM_USE_V1", "0")]) is False
    assert value("runtime.chunked_prefill", "0.6.6", "--max-model-len", "8192") is False


def test_attention_backend_comes_from_the_environment_where_it_is_read() -> None:
    """Up to 0.14.1; after that the variable decides nothing."""
    env = [("VLLM_ATTENTION_BACKEND", "FLASHINFER")]

    assert value("runtime.attention_backend", "0.10.2", env=env) == "FLASHINFER"
    assert gap("runtime.attention_backend", "0.15.1", env=env).rule.startswith("vllm.attention-backend")


def test_output_cap_comes_from_generation_settings() -> None:
    """A hard cap of the model up to 0.16, only a default from 0.17 on; an override caps always."""
    override = ("--override-generation-config", '{"max_new_tokens": 512}')
    cap, default = "limits.max_output_tokens", "limits.default_output_tokens"

    assert value(cap, "0.33.0", *override) == value(default, "0.11.0", *override) == 512
    assert gap(cap, "0.16.0").inputs == ("generation_config.json@m@main",)
    assert value(cap, "0.17.0") is None
    assert value(cap, "0.11.0", "--generation-config", "vllm") is None
    assert gap(default, "0.33.0").inputs == ("generation_config.json@m@main",)
    assert value(cap, "0.7.3") is None


def test_config_object_is_filled_in_at_the_start() -> None:
    """What the engine makes of an object nobody wrote cannot be read off it: no value is claimed."""
    found = derive("vllm.compilation_config", "0.11.0")

    assert isinstance(found, Gap)
    assert found.rule == "vllm.object-default"


def test_unknown_version_gives_what_all_agree_on_or_a_choice() -> None:
    """By version, with the key of the image."""
    found = derive("runtime.gpu_memory_utilization", anything())

    assert value("parallelism.tensor", anything()) == 1
    assert isinstance(found, Choice)
    assert (found.inputs, found.values()) == (("version@image:latest",), [0.9, 0.92])
    assert value("runtime.gpu_memory_utilization", some("0.10.1", "0.10.2")) == 0.9
    assert gap(SEQS, anything()).inputs[0] == "version@image:latest"


def test_version_outside_the_table_has_no_known_defaults() -> None:
    """A newer release may have changed any of them."""
    release = Release("vllm", "9.9.9", (vllm.releases()[-1],), "newer", "the tag", "version@x")

    assert gap("runtime.gpu_memory_utilization", release).rule == "default-beyond"


def test_unseen_config_file_leaves_every_default_open() -> None:
    """What is not on the command line may stand in the file."""
    release = exactly("0.11.0")
    parsed = serve("0.11.0", "m", "--config", "/cfg/b.yaml", "--dtype", "half", files=[config("")])
    found = vllm.derive("runtime.seed", parsed, (), release, Inputs(Hardware(GPU_KEY)))

    assert isinstance(found, Gap)
    assert "/cfg/b.yaml" in found.reason


def test_settings_are_named_by_the_vocabulary_first() -> None:
    """And by the engine's own destination where it has no word."""
    names = vllm.settings(exactly("0.11.0"))

    assert names[0] == "model.id"
    assert {"limits.max_output_tokens", "vllm.swap_space", "runtime.attention_backend"} <= set(names)
    assert "vllm.model_tag" not in names


@pytest.mark.parametrize("version", vllm.releases())
def test_every_setting_of_every_release_has_an_answer(version: str) -> None:
    """A value, a choice or a gap with its reason."""
    release = exactly(version)
    parsed = serve(release, "m")
    for name in vllm.settings(release):
        found = vllm.derive(name, parsed, (), release, Inputs(Hardware(GPU_KEY)))
        assert found is not None, name
        assert found.setting == name
        assert not isinstance(found, Gap) or (found.reason and found.rule and found.inputs)
