"""Names and shares in the file of `trtllm-serve` that its reader refuses, or may refuse."""

import pytest

from skewguard.knowledge.engines import trtllm, trtllm_fields
from tests.knowledge.engines.trtllm_cases import serve

SINCE_STRICT = [version for version in trtllm.releases() if version not in ("0.20.0", "0.21.0")]


@pytest.mark.parametrize("version", SINCE_STRICT)
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("max_seqlen: 3", "--max_seq_len"),
        ("max_batch_szie: 3", "--max_batch_size"),
        ("cuda_graph_confg: {}", "--cuda_graph_config"),
        ("kv_cache_config: {enable_blok_reuse: true}", "--kv_cache_config.enable_block_reuse"),
        ("kv_cache_config: {free_gpu_memory_fractoin: 0.5}", "--kv_cache_config.free_gpu_memory_fraction"),
    ],
)
def test_misspelt_field_stops_the_start(version: str, text: str, meant: str) -> None:
    """A letter, an underscore or two letters that changed places part it from a field."""
    parsed = serve(version, text=text)
    assert [(each.fault, each.suggestion) for each in parsed.arguments if each.source == "config-file"] == [
        ("misspelt", meant)
    ]
    assert parsed.starts is False


@pytest.mark.parametrize("text", ["wholly_new_option: 3", "kv_cache_config: {wholly_new_option: 3}"])
def test_name_that_was_not_read_is_in_doubt(text: str) -> None:
    """Which release has which field was not read, so that nobody knows whether it starts."""
    parsed = serve("1.1.0", text=text)
    (line,) = [each for each in parsed.arguments if each.source == "config-file"]
    assert (line.fault, bool(line.doubt), line.fatal, parsed.starts) == ("unknown", True, False, None)


@pytest.mark.parametrize("version", SINCE_STRICT)
def test_fields_that_were_read_are_taken(version: str) -> None:
    """Each by itself, and inside of objects whose own fields were not read."""
    text = "moe_config: {whatever: 1}\nquant_config: {whatever: 1}\ncuda_graph_config: {max_batch_size: 4}"
    assert [each.fault for each in serve(version, text=text).arguments if each.fault] == []
    assert [name for name in trtllm_fields.NAMES if trtllm_fields.strange(name)] == []


@pytest.mark.parametrize("share", ["1.7", "-0.1", "90"])
def test_share_outside_of_the_whole_is_refused(share: str) -> None:
    """On the command line and in the file; the ends are taken."""
    flag = serve("1.0.0", "--kv_cache_free_gpu_memory_fraction", share)
    file = serve("1.2.0", text=f"kv_cache_config: {{free_gpu_memory_fraction: {share}}}")
    for parsed in (flag, file):
        assert ["a share between 0 and 1" in each.message for each in parsed.arguments if each.fault == "invalid"] == [
            True
        ]
        assert (parsed.starts, "free_gpu_memory_fraction" in parsed.values) == (False, False)
    for taken in ("0", "1", "0.9"):
        assert serve("1.0.0", "--kv_cache_free_gpu_memory_fraction", taken).starts is True


def test_older_releases_are_left_alone() -> None:
    """Whether 0.21.0 refuses other names was not read."""
    assert [each.fault for each in serve("0.21.0", text="max_seqlen: 3").arguments if each.fault] == []
