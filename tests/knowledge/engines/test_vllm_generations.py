"""Which of vLLM's two engines runs, seen by prefix caching: off in V0, on in V1."""

import pytest

from skewguard.knowledge.engines import vllm
from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.cases import NOTHING
from tests.knowledge.engines.vllm_asking import CACHING, CHUNKED, PLAIN, SEQS, STEP, choice, gap, value
from tests.knowledge.engines.vllm_cases import exactly, serve


def v1(version: str, *words: str, gpu: str | None = "H100", **more: object) -> bool:
    """Whether V1 runs a plain model."""
    return bool(value(CACHING, version, *words, **{"model": PLAIN, "gpu": gpu, **more}))


def test_releases_with_one_engine() -> None:
    """V0 alone to 0.6.3, V1 alone from 0.11.0 on, whatever the variable says."""
    assert not v1("0.6.3.post1", env={"VLLM_USE_V1": "1"})
    assert v1("0.11.0", env={"VLLM_USE_V1": "0"})


def test_the_variable_asks() -> None:
    """V1 if asked for to 0.7.3, V0 if asked for from 0.8.0 on."""
    assert [v1(each) for each in ("0.6.5", "0.7.3", "0.8.0", "0.10.2")] == [False, False, True, True]
    assert v1("0.6.4", env={"VLLM_USE_V1": "1"})
    assert v1("0.6.5", env={"VLLM_USE_V1": "1"})
    assert [v1(each) for each in ("0.6.4", "0.6.4.post1")] == [False, False]
    assert not v1("0.10.2", env={"VLLM_USE_V1": "0"})


ASKED = {"VLLM_USE_V1": "1"}


def test_the_first_v1_has_numbers_of_its_own() -> None:
    """0.6.4 with VLLM_USE_V1: 1024 requests and 2048 tokens, prefix caching but for models that see; V0 without it."""
    seeing = {**PLAIN, "vision_config": {"depth": 1}}
    for version in ("0.6.4", "0.6.4.post1"):
        asked = {"model": PLAIN, "gpu": "H100", "env": ASKED}
        assert (value(SEQS, version, **asked), value(STEP, version, **asked)) == (1024, 2048)
        assert value(CHUNKED, version, **asked) is True
        assert value(CACHING, version, model=seeing, gpu="H100", env=ASKED) is False
        assert value(SEQS, version, model=PLAIN, gpu="H100") == 256
    assert value(SEQS, "0.6.3.post1", model=PLAIN, gpu="H100", env=ASKED) == 256


@pytest.mark.parametrize(
    ("version", "env", "decided"),
    [
        ("0.6.3.post1", ASKED, {}),
        ("0.6.4", {}, {}),
        ("0.6.4", {"VLLM_USE_V1": "0"}, {}),
        ("0.6.4", ASKED, {"max_num_seqs": 1024, "max_num_batched_tokens": 2048}),
        ("0.6.4.post1", ASKED, {"max_num_seqs": 1024, "max_num_batched_tokens": 2048}),
        ("0.6.5", ASKED, {}),
    ],
)
def test_the_first_v1_obeys_no_batch_limits(version: str, env: dict[str, str], decided: dict[str, int]) -> None:
    """They are accepted, marked, and replaced; from 0.6.5 on they count."""
    entries = [EnvVar(name, text, Origin("file", "deploy.yaml")) for name, text in env.items()]
    words = ("--max-num-seqs", "64", "--max-num-batched-tokens", "4096")
    settled = vllm.settle(serve(exactly(version), "m", *words), entries, exactly(version), NOTHING)

    assert {dest: fact.value for dest, fact in settled.decided.items()} == decided
    assert {item.dest for item in settled.arguments if item.fault == "overruled"} == set(decided)


@pytest.mark.parametrize(
    ("words", "old", "new"),
    [
        (("--enable-lora",), "0.8.2", "0.8.3"),
        (("--cpu-offload-gb", "4"), "0.8.2", "0.8.3"),
        (("--pipeline-parallel-size", "2"), "0.9.0", "0.9.1"),
        (("--pipeline-parallel-size", "2", "--distributed-executor-backend", "ray"), "0.8.2", "0.8.3"),
        (("--pipeline-parallel-size", "2", "--distributed-executor-backend", "mp"), "0.8.5", "0.9.0"),
        (("--dtype", "float32"), "0.9.1", "0.9.2"),
        (("--quantization", "bitsandbytes"), "0.8.2", "0.8.3"),
        (("--quantization", "gguf"), "0.8.5", "0.9.0"),
        (("--load-format", "tensorizer"), "0.8.5", "0.9.0"),
        (("--load-format", "sharded_state"), "0.10.2", "0.11.0"),
        (("--scheduling-policy", "priority"), "0.9.1", "0.9.2"),
        (("--num-scheduler-steps", "8"), "0.10.0", None),
        (("--guided-decoding-backend", "guidance"), "0.8.1", "0.8.2"),
        (("--guided-decoding-backend", "outlines"), "0.9.2", "0.10.0"),
        (("--kv-transfer-config", '{"kv_connector": "PyNcclConnector"}'), "0.8.4", "0.8.5"),
        (("--kv-cache-dtype", "fp8"), "0.8.1", "0.8.2"),
        (("--speculative-config", '{"method": "ngram", "num_speculative_tokens": 2}'), "0.8.5", "0.9.0"),
        (("--speculative-config", '{"method": "eagle", "num_speculative_tokens": 2}'), "0.8.5", "0.9.0"),
        (("--otlp-traces-endpoint", "http://otel"), "0.10.1", "0.10.2"),
        (("--max-num-partial-prefills", "2"), "0.10.2", "0.11.0"),
    ],
)
def test_what_v1_lacks_falls_back_to_v0(words: tuple[str, ...], old: str, new: str | None) -> None:
    """One log line says so, and nothing else. The last release that falls back, and the first that does not."""
    assert not v1(old, *words)
    if new is not None:
        assert v1(new, *words)


def test_the_gpu_decides_in_0_8_and_0_9() -> None:
    """V1 wants Ampere to 0.10.1, AMD's GPUs run it from 0.9.2 on, and an unknown GPU leaves a choice."""
    assert [v1(each, gpu="T4") for each in ("0.8.0", "0.10.1", "0.10.2")] == [False, False, True]
    assert [v1(each, gpu="MI300X") for each in ("0.8.5", "0.9.1", "0.9.2")] == [False, False, True]
    assert choice(CACHING, "0.10.1", model=PLAIN) == {
        "a GPU of the Ampere generation or newer": True,
        "an older GPU (T4, V100)": False,
    }
    assert v1("0.10.2", gpu=None)


def test_a_kv_cache_of_8_bits_wants_hopper() -> None:
    """From 0.8.2 to 0.10.2 V1 has it on Hopper alone, and on AMD from 0.9.2 on (0.9.0 for the cache, 0.9.2 for AMD)."""
    asked = ("--kv-cache-dtype", "fp8")
    assert v1("0.10.2", *asked, gpu="H100")
    assert not v1("0.10.2", *asked, gpu="L40S")
    assert v1("0.10.2", *asked, gpu="MI300X")
    assert set(choice(CACHING, "0.10.2", *asked, model=PLAIN).values()) == {True, False}


def test_other_devices() -> None:
    """CPUs run V1 from 0.9.1 on, TPUs from 0.9.0 on."""
    assert [v1(each, gpu=None, platform="cpu") for each in ("0.9.0", "0.9.1")] == [False, True]
    assert [v1(each, gpu="TPU-v6e") for each in ("0.8.5", "0.9.0")] == [False, True]


def test_a_backend_that_v1_does_not_take() -> None:
    """VLLM_ATTENTION_BACKEND can name kernels of V0."""
    assert not v1("0.8.4", env={"VLLM_ATTENTION_BACKEND": "FLASHINFER"})
    assert v1("0.8.5", env={"VLLM_ATTENTION_BACKEND": "FLASHINFER"})
    assert not v1("0.10.2", env={"VLLM_ATTENTION_BACKEND": "XFORMERS"})


def test_models_that_v0_alone_runs() -> None:
    """By architecture, with the last release that falls back; those with Mamba layers to 0.10.1."""
    whisper = {**PLAIN, "architectures": ["WhisperForConditionalGeneration"]}
    bamba = {**PLAIN, "architectures": ["BambaForCausalLM"]}
    bloom = {**PLAIN, "architectures": ["BloomForCausalLM"]}
    assert value(SEQS, "0.10.1", model=bloom, gpu="H100") == 256
    assert value(SEQS, "0.10.2", model=bloom, gpu="H100") == 1024
    assert value(SEQS, "0.10.1", model=bamba, gpu="H100") == 256
    assert value(SEQS, "0.10.2", model=bamba, gpu="H100") == 1024
    assert value(SEQS, "0.10.1", model=whisper, gpu="H100") == 256


def test_the_engine_decides_the_other_settings() -> None:
    """A flag that V1 lacks makes the batch small and leaves prompts whole."""
    words = ("--num-scheduler-steps", "8")
    assert value(SEQS, "0.9.2", model=PLAIN, gpu="H100") == 1024
    assert value(SEQS, "0.9.2", *words, model=PLAIN, gpu="H100") == 256
    assert value(CHUNKED, "0.9.2", *words, model=PLAIN, gpu="H100") is False
    assert value(STEP, "0.9.2", *words, model=PLAIN, gpu="H100") == 8192


def test_without_the_model_v1_rests_on_an_assumption() -> None:
    """The value says what it takes for granted; from 0.11.0 on there is nothing to assume."""
    from skewguard.language.facts import Fact
    from tests.knowledge.engines.vllm_asking import ask

    before, after = ask(SEQS, "0.10.2", gpu="H100"), ask(SEQS, "0.11.0", gpu="H100")
    assert isinstance(before, Fact)
    assert before.assumes == ("a fall-back to engine V0",)
    assert isinstance(after, Fact)
    assert after.assumes == ()


def test_an_argument_that_cannot_be_known_leaves_the_engine_open() -> None:
    """A variable that nobody gave may name a KV cache of 8 bits."""
    from skewguard.knowledge.engines.interface import Hardware, Inputs
    from skewguard.language import accelerators
    from skewguard.language.facts import Gap
    from tests.knowledge.engines.vllm_cases import token, tokens

    argv = (*tokens("vllm", "serve", "m", "--load-format"), token("$(FORMAT)", "FORMAT"))
    parsed = vllm.parse(argv, exactly("0.10.2"), ())
    inputs = Inputs(Hardware("gpu@x", accelerators.find("H100")))
    found = vllm.derive(SEQS, parsed, (), exactly("0.10.2"), inputs)
    assert isinstance(found, Gap)
    assert "V0 and V1" in found.reason
    assert "V0 and V1" not in gap(CACHING, "0.11.0").reason
