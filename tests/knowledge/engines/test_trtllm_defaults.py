"""What `trtllm-serve` takes where nobody wrote anything, on both sides of each change."""

import pytest

from skewguard.knowledge.engines import trtllm
from skewguard.language.facts import Choice, Fact, Gap
from tests.knowledge.engines.trtllm_cases import UNSEEN, derive, exactly, serve, some


@pytest.mark.parametrize(
    ("version", "setting", "value"),
    [
        ("0.21.0", "trtllm.backend", "tensorrt"),
        ("1.0.0", "trtllm.backend", "pytorch"),
        ("0.20.0", "limits.max_num_seqs", 2048),
        ("1.3.0rc29", "limits.max_num_batched_tokens", 8192),
        ("1.0.0", "trtllm.free_gpu_memory_fraction", 0.9),
        ("1.0.0", "runtime.prefix_caching", True),
        ("1.1.0", "runtime.chunked_prefill", False),
        ("1.2.0", "runtime.chunked_prefill", False),
        ("1.1.0", "model.revision", None),
        ("1.0.0", "parallelism.tensor", 1),
    ],
)
def test_default_of_a_release(version: str, setting: str, value: object) -> None:
    """By flag, or by the field of the engine's options that no flag sets yet."""
    answer = derive(version, setting, serve(version))

    assert isinstance(answer, Fact)
    assert answer.value == value


@pytest.mark.parametrize("setting", ["runtime.prefix_caching", "runtime.chunked_prefill", "model.revision"])
def test_field_of_an_unread_release_is_a_gap(setting: str) -> None:
    """The options of 0.20 and 0.21 were not read."""
    answer = derive("0.21.0", setting, serve("0.21.0"))

    assert isinstance(answer, Gap)
    assert answer.rule == "unread"


@pytest.mark.parametrize(
    "setting", ["runtime.dtype", "runtime.quantization", "runtime.kv_cache_dtype", "limits.max_model_len"]
)
def test_what_the_model_decides_is_a_gap_that_names_it(setting: str) -> None:
    """Equal for equal models and revisions."""
    answer = derive("1.2.0", setting, serve("1.2.0", "--revision", "abc"))

    assert isinstance(answer, Gap)
    assert answer.inputs[0] == "config.json@m@abc"


def test_tokenizer_follows_the_model() -> None:
    """As every release hands it on."""
    answer = derive("1.0.0", "tokenizer.id", serve("1.0.0"))

    assert isinstance(answer, Fact)
    assert answer.value == "m"


@pytest.mark.parametrize(("size", "spread"), [("1", False), ("8", True)])
def test_experts_are_spread_by_a_written_size(size: str, spread: bool) -> None:
    """Unset the engine maps them itself."""
    answer = derive("1.0.0", "parallelism.expert", serve("1.0.0", "--ep_size", size))

    assert isinstance(answer, Fact)
    assert answer.value is spread
    assert isinstance(derive("1.0.0", "parallelism.expert", serve("1.0.0")), Gap)


def test_default_that_releases_give_differently_is_a_choice() -> None:
    """The backend changed its default with 1.0."""
    release = some("0.21.0", "1.0.0")
    answer = derive(release, "trtllm.backend", serve(release))

    assert isinstance(answer, Choice)
    assert [arm.value for arm in answer.arms] == ["tensorrt", "pytorch"]


def test_release_beyond_the_table_has_no_known_defaults() -> None:
    """Newer than the newest that was read."""
    from skewguard.knowledge.engines import releases

    newer = releases.of_version("trtllm", trtllm.releases(), "2.0.0", "asked")
    answer = trtllm.derive("limits.max_num_seqs", serve(newer), (), newer, UNSEEN)

    assert isinstance(answer, Gap)
    assert answer.rule == "default-beyond"


def test_every_setting_has_an_answer() -> None:
    """None of the names it lists is one it knows nothing of."""
    for version in trtllm.releases():
        parsed = serve(version)
        for name in trtllm.settings(exactly(version)):
            assert trtllm.derive(name, parsed, (), exactly(version), UNSEEN) is not None or name not in (
                f"trtllm.{flag.dest}" for flag in trtllm.flags(version)
            )


def test_history_finds_a_flag_by_any_of_its_names() -> None:
    """With dashes or underscores, short or long."""
    for name in ("tp-size", "--tp_size", "tensor_parallel_size"):
        runs = [(first, last) for first, last, record in trtllm.history(name) if record]
        assert runs == [("0.20.0", "1.1.0"), ("1.2.0", "1.3.0rc29")]
