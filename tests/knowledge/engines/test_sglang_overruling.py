"""What SGLang's start makes of settings that other arguments decide."""

from typing import Any

import pytest

from skewguard.knowledge.engines import sglang
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.language.facts import Fact, Gap
from tests.knowledge.engines.cases import NOTHING, token, tokens
from tests.knowledge.engines.sglang_cases import LAUNCH_ARGV, UNSEEN, exactly, some

WIDE = ("--tp", "16", "--moe-a2a-backend", "deepep")
RANKS = ("--tp", "8", "--dp", "8", "--enable-dp-attention")


def settled(version: str | Release, *words: str) -> Parsed:
    """A command line as the start leaves it."""
    release = exactly(version) if isinstance(version, str) else version
    return sglang.settle(
        sglang.parse(tokens(*LAUNCH_ARGV, "--model-path", "m", *words), release, ()), (), release, NOTHING
    )


def overruled(parsed: Parsed) -> list[str]:
    """The arguments that are accepted and not obeyed."""
    return [argument.text for argument in parsed.arguments if argument.fault == "overruled"]


def derived(setting: str, version: str, *words: str) -> Any:
    """The value of a setting that nobody wrote."""
    found = sglang.derive(setting, settled(version, *words), (), exactly(version), UNSEEN)
    assert isinstance(found, Fact), found
    return found.value


@pytest.mark.parametrize(
    ("version", "words", "dest", "value"),
    [
        ("0.5.5", (*WIDE, "--ep-size", "8"), "ep_size", 16),
        ("0.5.23", (*WIDE, "--ep-size", "8"), "ep_size", 16),
        ("0.4.3", ("--tp", "8", "--enable-ep-moe", "--ep-size", "2"), "ep_size", 8),
        ("0.5.5", ("--attention-backend", "flashmla", "--page-size", "1"), "page_size", 64),
        ("0.5.23", ("--decode-attention-backend", "trtllm_mha", "--page-size", "1"), "page_size", 64),
    ],
)
def test_value_that_is_not_obeyed_is_told(version: str, words: tuple[str, ...], dest: str, value: int) -> None:
    """Another argument decides: the written one is accepted and dropped."""
    parsed = settled(version, *words)

    assert parsed.decided[dest].value == value
    assert overruled(parsed) == [words[-2]]


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0.5.5", (*WIDE, "--ep-size", "16")),
        ("0.5.5", ("--tp", "16", "--ep-size", "8")),
        ("0.5.2", ("--tp", "16", "--moe-a2a-backend", "deepep", "--ep-size", "16")),
        ("0.5.5", ("--attention-backend", "flashmla", "--page-size", "64")),
        ("0.5.5", ("--attention-backend", "trtllm_mha", "--page-size", "32")),
        ("0.5.23", ("--attention-backend", "trtllm_mha", "--page-size", "128")),
        ("0.5.5", ("--chunked-prefill-size", "8192", "--dp", "8")),
    ],
)
def test_value_that_is_obeyed_is_left_alone(version: str, words: tuple[str, ...]) -> None:
    """What others would decide all the same, and what nothing decides."""
    parsed = settled(version, *words)

    assert parsed.decided == {}
    assert overruled(parsed) == []


@pytest.mark.parametrize(("version", "chunk"), [("0.4.3", 4096), ("0.4.6", 1024), ("0.5.5", 1024), ("0.5.23", 1024)])
def test_written_chunk_is_shared_by_the_ranks(version: str, chunk: int) -> None:
    """As meant: nothing is wrong with the argument."""
    parsed = settled(version, *RANKS, "--chunked-prefill-size", "8192")

    assert parsed.decided["chunked_prefill_size"].value == chunk
    assert overruled(parsed) == []


def test_chunks_that_are_off_stay_off() -> None:
    """-1 is shared by nobody."""
    assert settled("0.5.5", *RANKS, "--chunked-prefill-size", "-1").decided == {}


def test_number_that_cannot_be_read_leaves_it_open() -> None:
    """A gap, and the argument is in doubt."""
    words = tokens(*LAUNCH_ARGV, "--model-path", "m", "--moe-a2a-backend", "deepep", "--ep-size", "8", "--tp-size")
    release = exactly("0.5.5")
    parsed = sglang.settle(sglang.parse((*words, token("$(TP)", "TP")), release, ()), (), release, NOTHING)

    assert isinstance(parsed.gaps["ep_size"], Gap)
    assert [argument.doubt != "" for argument in parsed.arguments if argument.fault == "overruled"] == [True]


def test_release_that_is_not_known_leaves_it_open() -> None:
    """Where only newer ones decide it."""
    parsed = settled(some("0.4.10", "0.5.23"), "--tp", "16", "--moe-a2a-backend", "flashinfer", "--ep-size", "8")

    assert "ep_size" in parsed.gaps or "ep_size" in parsed.decided


@pytest.mark.parametrize(
    ("setting", "version", "words", "value"),
    [
        ("sglang.ep_size", "0.5.5", WIDE, 16),
        ("sglang.ep_size", "0.5.5", ("--tp", "16"), 1),
        ("parallelism.expert", "0.5.5", WIDE, True),
        ("parallelism.expert", "0.5.5", (*WIDE, "--ep-size", "1"), True),
        ("runtime.block_size", "0.5.5", ("--attention-backend", "cutlass_mla"), 128),
        ("sglang.disable_overlap_schedule", "0.5.5", ("--pp-size", "2"), True),
        ("sglang.disable_overlap_schedule", "0.4.6", (), False),
    ],
)
def test_value_that_nobody_wrote_follows_too(setting: str, version: str, words: tuple[str, ...], value: object) -> None:
    """The same rules, where there is nothing to overrule."""
    assert derived(setting, version, *words) == value


@pytest.mark.parametrize(("version", "overruled_there"), [("0.5.7", False), ("0.5.9", True), ("0.5.10", False)])
def test_old_name_of_a_prefill_servers_balance_means_what_it_meant(version: str, overruled_there: bool) -> None:
    """Two releases take `round_robin` there for the method that got a name of its own; nothing is wrong with the word."""
    parsed = settled(version, "--disaggregation-mode", "prefill", "--load-balance-method", "round_robin")

    assert ("load_balance_method" in parsed.decided) is overruled_there
    assert overruled(parsed) == []
    assert "load_balance_method" not in settled(version, "--load-balance-method", "round_robin").decided


@pytest.mark.parametrize(("version", "ranks"), [("0.5.22", 8), ("0.5.23", 8)])
def test_old_spelling_of_attention_ranks_is_read_as_the_new_one(version: str, ranks: int) -> None:
    """`--dp-size 8 --enable-dp-attention` becomes `--attn-dp-size 8` at the start."""
    assert derived("sglang.attn_dp_size", version, *RANKS) == ranks
    assert derived("sglang.attn_dp_size", version, "--tp", "8", "--dp", "8") == 1
