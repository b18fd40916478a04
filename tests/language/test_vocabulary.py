"""The vocabulary: names, types and the form in which values compare."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language import vocabulary
from skewguard.language.errors import UsageError


@pytest.mark.parametrize(
    ("setting", "text", "value"),
    [
        ("limits.max_model_len", "32k", 32_000),
        ("limits.max_model_len", "32K", 32_768),
        ("limits.max_model_len", "-1", -1),
        ("serving.request_timeout", "1m30s", 90.0),
        ("serving.request_timeout", "600", 600.0),
        ("hardware.gpu_memory", "80GiB", 80 * 2**30),
        ("runtime.prefix_caching", "yes", True),
        ("runtime.gpu_memory_utilization", "0.9", 0.9),
        ("model.revision", "1e10", "1e10"),
    ],
)
def test_text_is_read_as_the_row_types_it(setting: str, text: str, value: object) -> None:
    """Numbers, durations and sizes by their row; a revision stays text though it looks like a number."""
    assert value == vocabulary.typed(vocabulary.BY_NAME[setting], text)


@pytest.mark.parametrize(
    ("setting", "text"),
    [("limits.max_model_len", "long"), ("serving.request_timeout", "5 weeks"), ("runtime.seed", "")],
)
def test_text_of_another_type_is_a_usage_error(setting: str, text: str) -> None:
    """The error names the setting and the type it has."""
    with pytest.raises(UsageError, match=setting):
        vocabulary.typed(vocabulary.BY_NAME[setting], text)


@pytest.mark.parametrize(("a", "b"), [("half", "float16"), ("torch.bfloat16", "bfloat16"), ("float", "float32")])
def test_spellings_of_one_dtype_are_equal(a: str, b: str) -> None:
    """vLLM, PyTorch and people spell a dtype differently."""
    assert vocabulary.canonical("runtime.dtype", a) == vocabulary.canonical("runtime.dtype", b)


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        ("gptq", "gptq_marlin", True),
        ("auto_gptq", "GPTQ", True),
        ("awq", "auto_awq", True),
        ("compressed_tensors", "compressed-tensors", True),
        ("gptq", "awq", False),
        ("fp8", "modelopt", False),
    ],
)
def test_kernels_of_one_format_are_one_quantization(a: str, b: str, equal: bool) -> None:
    """An engine renames a format by release and GPU; a promise of it is kept by all its names."""
    name = "runtime.quantization"
    assert equal == (vocabulary.canonical(name, a) == vocabulary.canonical(name, b))


def test_name_of_an_engine_destination_goes_both_ways() -> None:
    """Every engine destination of the table leads back to its row, others keep the engine's own name."""
    for row in vocabulary.ROWS:
        for engine, dest in row.called.items():
            assert row.name == vocabulary.named(engine, dest)
            assert dest == vocabulary.destination(engine, row.name)
    assert "vllm.uds" == vocabulary.named("vllm", "uds")
    assert "uds" == vocabulary.destination("vllm", "vllm.uds")


def test_misspelt_name_finds_its_nearest() -> None:
    """A typo in a contract is answered with the name that was meant."""
    assert "limits.max_num_seqs" == vocabulary.nearest("limits.max_num_seq")


@given(st.sampled_from(vocabulary.ROWS), st.text(max_size=30))
def test_any_text_is_typed_or_refused(row: vocabulary.Setting, text: str) -> None:
    """No text raises anything but a usage error."""
    with contextlib.suppress(UsageError):
        assert vocabulary.typed(row, text) is not None


@pytest.mark.parametrize(
    ("setting", "unit"),
    [
        ("limits.max_model_len", "tokens"),
        ("vllm.kv_cache_memory_bytes", "bytes"),
        ("vllm.kv_cache_size_tokens", "tokens"),
        ("vllm.kv_cache_bytes_per_token", ""),
        ("runtime.seed", ""),
    ],
)
def test_a_number_has_its_unit_where_the_name_is_certain(setting: str, unit: str) -> None:
    """By the row, else by how an engine's own name ends."""
    assert vocabulary.unit(setting) == unit
