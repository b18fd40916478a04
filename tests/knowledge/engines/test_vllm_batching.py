"""Requests and tokens of one step by GPU, model and release. `test_vllm_defaults` holds the tiers of known GPUs."""

import pytest

from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Choice, Fact
from tests.knowledge.engines.vllm_asking import PLAIN, SEQS, STEP, ask, choice, gap, value


@pytest.mark.parametrize(
    ("version", "gpu", "seqs", "step"),
    [
        ("0.8.0", "T4", 256, 8192),
        ("0.8.3", "L4", 1024, 2048),
        ("0.8.4", "L4", 256, 2048),
        ("0.8.4", "MI300X", 256, 8192),
        ("0.8.5", "GH200-96GB", 1024, 8192),
        ("0.9.2", "MI300X", 1024, 8192),
        ("0.27.0", "MI300X", 1024, 8192),
        ("0.28.0", "MI300X", 1024, 16384),
        ("0.32.0", "GB10", 1024, 8192),
        ("0.33.0", "GB10", 256, 2048),
        ("0.33.0", "RTX-PRO-6000", 1024, 8192),
    ],
)
def test_batch_by_gpu_and_release(version: str, gpu: str, seqs: int, step: int) -> None:
    """Tiers by name or memory; where the GPU makes the old engine run, its numbers (a whole prompt of 8192)."""
    assert (value(SEQS, version, model=PLAIN, gpu=gpu), value(STEP, version, model=PLAIN, gpu=gpu)) == (seqs, step)


@pytest.mark.parametrize(
    ("version", "step"), [("0.6.5", 2048), ("0.6.6.post1", 2048), ("0.7.0", 8192), ("0.7.2", 8192), ("0.7.3", 8192)]
)
def test_v1_on_request_knows_h100_from_0_7_0_on(version: str, step: int) -> None:
    """By the name of the device; every other GPU has 2048 tokens in a step, and all of them 1024 requests."""
    asked = {"VLLM_USE_V1": "1"}
    assert value(STEP, version, model=PLAIN, gpu="H100", env=asked) == step
    assert value(STEP, version, model=PLAIN, gpu="L40S", env=asked) == 2048
    assert value(SEQS, version, model=PLAIN, gpu="H100", env=asked) == 1024


def test_classes_that_may_run_are_told_apart() -> None:
    """Where scheduling allows several classes, the arms are these and no others."""
    assert choice(SEQS, "0.11.0", gpu=("H100", "L40S")) == {"on H100-80GB": 1024, "on L40S": 256}
    assert value(SEQS, "0.11.0", gpu=("L4", "L40S")) == 256


def test_an_unknown_gpu_can_mean_the_old_engine() -> None:
    """To 0.10.1 a GPU older than Ampere runs V0, whose step holds the longest prompt."""
    assert choice(STEP, "0.10.1", model=PLAIN) == {
        "GPU memory ≥ 70 GiB and not an A100, or a GPU older than Ampere (T4, V100)": 8192,
        "any other GPU": 2048,
    }
    assert "a GPU older than Ampere (T4, V100)" not in str(choice(STEP, "0.10.2", model=PLAIN))


def test_the_context_length_of_the_model_bounds_the_step() -> None:
    """From 0.11.1 on no more tokens than all requests can have, which the model's own length decides."""
    short = {**PLAIN, "max_position_embeddings": 100}
    assert value(STEP, "0.11.0", "--max-num-seqs", "4", model=short, gpu="L40S") == 2048
    assert value(STEP, "0.11.1", "--max-num-seqs", "4", model=short, gpu="L40S") == 400
    assert value(SEQS, "0.11.1", model=short, gpu="L40S") == 256


def test_whole_prompts() -> None:
    """Without splitting a step holds the longest prompt: to 0.11.0 for what pools alone, from 0.11.1 on at least the tier."""
    words = ("--no-enable-chunked-prefill",)
    assert value(STEP, "0.11.0", *words, model=PLAIN, gpu="L40S") == 2048
    assert value(STEP, "0.11.1", *words, model=PLAIN, gpu="L40S") == 8192
    assert value(STEP, "0.11.1", *words, "--max-model-len", "512", model=PLAIN, gpu="L40S") == 2048
    assert "kind of model" in gap(STEP, "0.11.0", *words, gpu="L40S").reason


def test_an_encoder_decoder_is_not_split() -> None:
    """Its step holds the longest prompt from 0.12.0 on without being asked."""
    whisper = {
        "architectures": ["WhisperForConditionalGeneration"],
        "model_type": "whisper",
        "max_target_positions": 4480,
    }
    assert value(STEP, "0.12.0", model=whisper, gpu="L40S") == 4480


@pytest.mark.parametrize(
    ("version", "words", "seqs", "step"),
    [
        ("0.9.2", (), 32, 2048),
        ("0.10.0", (), 128, 2048),
        ("0.10.0", ("-tp", "2"), 256, 4096),
        ("0.32.0", ("-tp", "2", "-pp", "2"), 512, 8192),
    ],
)
def test_batch_on_a_cpu(version: str, words: tuple[str, ...], seqs: int, step: int) -> None:
    """Small in 0.9.2, and by the number of processes from 0.10.0 on."""
    assert value(SEQS, version, *words, model=PLAIN, platform="cpu") == seqs
    assert value(STEP, version, *words, model=PLAIN, platform="cpu") == step


def test_batch_on_a_tpu() -> None:
    """Fewer tokens by generation; what other devices take is not known here."""
    assert value(STEP, "0.11.0", model=PLAIN, gpu="TPU-v6e") == 1024
    assert value(STEP, "0.11.0", model=PLAIN, gpu="TPU-v5p") == 256
    assert gap(STEP, "0.11.0", model=PLAIN, gpu="Gaudi3").rule.startswith("vllm.batch-tier-other")


def test_experts_over_several_engines() -> None:
    """256 tokens from 0.20.0 on where batches of experts are exchanged."""
    words = ("--all2all-backend", "deepep_low_latency", "--enable-expert-parallel", "--data-parallel-size", "2")
    assert value(STEP, "0.19.0", *words, gpu="H100") == 8192
    assert value(STEP, "0.20.0", *words, gpu="H100") == 256


@pytest.mark.parametrize(
    ("version", "words", "model", "step"),
    [
        ("0.4.2", (), PLAIN, 8192),
        ("0.6.4", ("--enable-chunked-prefill",), PLAIN, 512),
        ("0.6.5", ("--enable-chunked-prefill",), PLAIN, 2048),
        ("0.6.3", ("--enable-chunked-prefill", "--num-scheduler-steps", "8"), PLAIN, 8192),
        ("0.6.2", ("--enable-chunked-prefill",), {**PLAIN, "vision_config": {"depth": 1}}, 4096),
        ("0.6.3", ("--enable-chunked-prefill",), {**PLAIN, "vision_config": {"depth": 1}}, 5120),
        ("0.5.5", ("--enable-chunked-prefill",), {**PLAIN, "architectures": ["MistralModel"]}, 512),
        ("0.6.0", (), {**PLAIN, "architectures": ["MistralModel"]}, 32768),
        ("0.4.2", (), {**PLAIN, "architectures": ["MistralModel"]}, 8192),
        ("0.6.6", (), {**PLAIN, "max_position_embeddings": 131072}, 2048),
        ("0.8.5", ("--max-num-seqs", "1"), {**PLAIN, "max_position_embeddings": 1024}, 2048),
        ("0.9.0", ("--max-num-seqs", "1"), {**PLAIN, "max_position_embeddings": 1024}, 1024),
    ],
)
def test_step_of_the_old_engine(version: str, words: tuple[str, ...], model: dict[str, object], step: int) -> None:
    """Split prompts, whole prompts, floors by kind of model, and from 0.9.0 on a bound by all requests."""
    assert value(STEP, version, *words, model=model, gpu="H100", env={"VLLM_USE_V1": "0"}) == step


def test_the_gpu_is_named_where_it_decided() -> None:
    """The origin of a tier says for which class."""
    found = ask(SEQS, "0.11.0", model=PLAIN, gpu="L40S")
    assert isinstance(found, Fact)
    assert found.origin.ref == "default of vLLM 0.11.0 (rule batch-tier, L40S)"


def applies(when: str, gpu: Accelerator) -> bool:
    """Whether one arm, as it is worded, is that of a GPU; what is `any other` is asked last."""
    if ", or " in when:
        return any(applies(each, gpu) for each in when.split(", or "))
    hopper = gpu.capability is not None and 9 <= gpu.capability < 10
    if when.startswith("a GPU of the Hopper generation, "):
        return hopper and applies(when.partition(", ")[2], gpu)
    if when == "H100 or H200 by name":
        return "H100" in gpu.device or "H200" in gpu.device
    if when.startswith("GPU memory"):
        return gpu.memory_gib >= 70 and not ("A100" in when and "A100" in gpu.device)
    if "older than Ampere" in when:
        return gpu.capability is not None and gpu.capability < 8
    return {"a GPU of another generation": not hopper, "any other GPU of the Hopper generation": hopper}.get(when, True)


@pytest.mark.parametrize("setting", [SEQS, STEP])
@pytest.mark.parametrize("words", [(), ("--kv-cache-dtype=fp8",)])
@pytest.mark.parametrize("version", ["0.8.4", "0.8.5", "0.9.2", "0.10.1", "0.10.2", "0.11.0"])
def test_arm_that_applies_to_a_gpu_is_the_answer_for_that_gpu(
    version: str, words: tuple[str, ...], setting: str
) -> None:
    """For every known class of NVIDIA's: naming it gives what the arm says that speaks of it."""
    found = ask(setting, version, *words, model=PLAIN, platform="cuda")
    assert isinstance(found, (Choice, Fact))
    for name in (*accelerators.names(), "H100-80GB-MIG-1g.10gb"):
        gpu = accelerators.find(name)
        if gpu is None or gpu.vendor != "nvidia":
            continue
        if isinstance(found, Fact):
            said = found.value
        else:
            arms = sorted(found.arms, key=lambda arm: "any other" in arm.when)
            said = next(arm.value for arm in arms if applies(arm.when, gpu))
        assert (name, said) == (name, value(setting, version, *words, model=PLAIN, gpu=name, platform="cuda"))
