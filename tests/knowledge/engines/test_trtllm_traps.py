"""The traps of `trtllm-serve`, each with the releases it holds for."""

import pytest
from msgspec import structs

from skewguard.knowledge.engines import trtllm
from skewguard.language.facts import Gap
from tests.knowledge.engines.cases import config, faults, odd, only, token, tokens, values
from tests.knowledge.engines.trtllm_cases import OPTIONS, exactly, parse, serve, some

# ---- values of the file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["eight", "[8]", "1.5", "{a: 1}"])
def test_value_that_is_no_number_ends_the_start(content: str) -> None:
    """At its place in the file; what 0.21.0 makes of it was not read."""
    told = only(serve("1.2.0", text=f"max_batch_size: {content}\n"))

    assert (told.outcome, told.fatal, told.source) == ("invalid", True, "config-file")
    assert "a whole number" in told.message
    assert serve("0.21.0", text=f"max_batch_size: {content}\n").starts is True


@pytest.mark.parametrize(("content", "value"), [('"8"', 8), ("8.0", 8), ("null", None), ("${SIZE}", "${SIZE}")])
def test_text_of_a_number_is_the_number(content: str, value: object) -> None:
    """Quoted by whoever wrote the template; what stands for a value that is filled in later is no fault."""
    parsed = serve("1.2.0", text=f"max_batch_size: {content}\n")

    assert (parsed.starts, values(parsed)["max_batch_size"]) == (True, value)


# ---- which program reads the arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argv",
    [
        ("trtllm-serve",),
        ("trtllm-serve", "serve"),
        ("/usr/local/bin/trtllm-serve", "serve"),
        ("python3", "-m", "tensorrt_llm.commands.serve"),
        ("python3", "-m", "tensorrt_llm.commands.serve", "serve"),
        ("trtllm-llmapi-launch", "trtllm-serve"),
        ("mpirun", "-n", "8", "--allow-run-as-root", "trtllm-llmapi-launch", "trtllm-serve", "serve"),
    ],
)
def test_program_is_found_behind_what_starts_it(argv: tuple[str, ...]) -> None:
    """Its command named or not, launchers, interpreters and MPI."""
    parsed = parse("1.0.0", *argv, "org/m", "--tp_size", "8")

    assert (parsed.entrypoint, parsed.starts) == ("trtllm-serve serve", True)
    assert values(parsed) == {"model": "org/m", "tensor_parallel_size": 8}


@pytest.mark.parametrize("command", ["disaggregated_mpi_worker", "mm_embedding_serve"])
def test_other_commands_have_arguments_of_their_own(command: str) -> None:
    """A worker of a split server and an encoder of pictures."""
    parsed = parse("1.1.0", "trtllm-serve", command, "-c", "x.yaml")

    assert (parsed.starts, parsed.values) == (None, {})
    assert parsed.blind is not None


def test_first_word_is_the_model_or_the_command() -> None:
    """The program has no flags before its command, and stops at one."""
    assert parse("1.1.0", "trtllm-serve", "serve", "--tp_size", "2", "m").starts is True
    told = only(parse("1.1.0", "trtllm-serve", "--tp_size", "2", "m"))

    assert (told.text, told.fault, told.fatal) == ("--tp_size", "unexpected-value", True)
    assert "the model or `serve` stands first" in told.message


def test_arguments_alone_may_be_completed_by_the_image() -> None:
    """The official image starts nothing; one that takes flags has an entrypoint nobody can see."""
    parsed = parse("1.1.0", "--tp_size", "2", "m", from_image=True)

    assert values(parsed) == {"tensor_parallel_size": 2, "model": "m"}
    assert parsed.blind is not None


def test_official_image_runs_the_program_that_the_arguments_name() -> None:
    """Its entrypoint hands over; that of another image is not known."""
    words = ("trtllm-serve", "m", "--tp_size", "2")
    own = structs.replace(exactly("1.0.0"), key="version@nvcr.io/nvidia/tensorrt-llm/release:1.0.0")

    assert parse(own, *words, from_image=True).blind is None
    assert parse("1.0.0", *words, from_image=True).blind is not None


# ---- click, not argparse -------------------------------------------------------------------------------------------


def test_beginning_of_a_name_is_no_flag() -> None:
    """What `argparse` completes stops click, which is the first thing somebody used to vLLM meets."""
    told = only(serve("1.2.0", "--max_batch", "4"))

    assert (told.fault, told.suggestion, told.fatal) == ("misspelt", "--max_batch_size", True)


def test_dashes_are_not_underscores() -> None:
    """`--tp-size` is unknown, and the message names the right spelling."""
    assert (only(serve("1.0.0", "--tp-size", "2")).suggestion) == "--tp_size"
    assert (only(serve("1.2.0", "--max-num-tokens=4096")).suggestion) == "--max_num_tokens"


def test_flag_takes_the_next_word_whatever_it_looks_like() -> None:
    """A forgotten value swallows the flag behind it."""
    parsed = serve("1.0.0", "--tokenizer", "--trust_remote_code")

    assert values(parsed) == {"model": "m", "tokenizer": "--trust_remote_code"}


def test_last_of_two_counts_also_by_another_name() -> None:
    """As click stores them."""
    parsed = serve("1.2.0", "--tp_size=2", "--tensor_parallel_size=4")

    assert values(parsed)["tensor_parallel_size"] == 4
    assert faults(parsed) == [("--tp_size=2", "duplicated")]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("0.20.0", "0.21.0", ("--server_role", "context")),
        ("0.21.0", "1.0.0", ("--backend", "trt")),
        ("0.21.0", "1.0.0", ("--fail_fast_on_attention_window_too_large",)),
        ("1.0.0", "1.1.0", ("--backend", "_autodeploy")),
        ("1.1.0", "1.2.0", ("--tensor_parallel_size", "2")),
        ("1.1.0", "1.2.0", ("--revision", "main")),
        ("1.1.0", "1.2.0", ("--enable_chunked_prefill",)),
        ("1.1.0", "1.2.0", ("--reasoning_parser", "qwen3")),
        ("1.2.1", "1.3.0rc29", ("--served_model_name", "chat")),
        ("1.2.1", "1.3.0rc29", ("--kv_cache_dtype", "fp8")),
    ],
)
def test_flag_comes_with_a_release(before: str, after: str, words: tuple[str, ...]) -> None:
    """Both sides of the release that brings it."""
    assert serve(before, *words).starts is False
    assert serve(after, *words).starts is True


def test_flag_goes_with_a_release() -> None:
    """Both sides of the release that drops it."""
    flag = "--fail_fast_on_attention_window_too_large"

    assert serve("1.2.1", flag).starts is True
    assert only(serve("1.3.0rc29", flag)).fault == "removed"


def test_model_is_required() -> None:
    """A single word without a flag; a second one stops the start."""
    assert only(parse("1.0.0", "trtllm-serve", "serve", "--tp_size", "2")).fault == "missing-value"
    assert only(serve("1.0.0", "again")).fault == "unexpected-value"


def test_cluster_size_goes_nowhere() -> None:
    """Every release parses it and hands it to a function that has no such parameter."""
    for version in trtllm.releases():
        told = only(serve(version, "--cluster_size", "2"))
        assert (told.fault, told.fatal) == ("overruled", False)


# ---- the file over the flags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.1.0", "1.2.0", "1.2.1"])
def test_file_is_laid_over_the_flags(version: str) -> None:
    """The reverse of other engines: what the command line says has no effect."""
    parsed = serve(version, "--max_batch_size", "256", "--tp_size=4", text="max_batch_size: 64\n")

    assert (values(parsed)["max_batch_size"], values(parsed)["tensor_parallel_size"]) == (64, 4)
    told = only(parsed)
    assert (told.text, told.fault, told.flag) == ("--max_batch_size", "overruled", "--max_batch_size")
    assert "`max_batch_size` gives `64` (configmap.yaml:10)" in told.message
    assert told.suggestion == "`max_batch_size` at configmap.yaml:10"


def test_flags_win_from_the_release_that_says_so() -> None:
    """In 1.3.0rc29 written flags go before the file, which speaks for the rest."""
    parsed = serve("1.3.0rc29", "--max_batch_size", "256", text="max_batch_size: 64\nmax_num_tokens: 4096\n")

    assert (values(parsed)["max_batch_size"], values(parsed)["max_num_tokens"]) == (256, 4096)
    assert odd(parsed) == []


def test_equal_values_are_no_fault() -> None:
    """A flag that says what the file says is only written twice."""
    assert odd(serve("1.1.0", "--tp_size", "4", text="tensor_parallel_size: 4\n")) == []


@pytest.mark.parametrize(("version", "kept"), [("1.1.0", None), ("1.2.0", 0.8), ("1.3.0rc29", 0.8)])
def test_cache_configuration_replaces_the_flags_until_it_is_merged(version: str, kept: float | None) -> None:
    """Up to 1.1.0 any `kv_cache_config` drops the fraction that a flag gave."""
    parsed = serve(
        version, "--kv_cache_free_gpu_memory_fraction", "0.8", text="kv_cache_config:\n  enable_block_reuse: false\n"
    )

    assert values(parsed).get("free_gpu_memory_fraction") == kept
    assert values(parsed)["enable_block_reuse"] is False
    assert [fault for _, fault in faults(parsed)] == ([] if kept else ["overruled"])


def test_limits_come_from_the_build_configuration_in_one_release() -> None:
    """1.0.0 takes four limits from what the flags (or their defaults) built, and passes over the file's."""
    parsed = serve("1.0.0", text="max_batch_size: 64\nmax_seq_len: 4096\nmax_num_tokens: 8192\n")

    assert "max_batch_size" not in parsed.values
    assert (values(parsed)["max_seq_len"], values(parsed)["max_num_tokens"]) == (4096, 8192)
    told = only(parsed)
    assert (told.text, told.fault, told.source, told.suggestion) == (
        "max_batch_size", "overruled", "config-file", "--max_batch_size=64",
    )  # fmt: skip
    assert "`2048` by default" in told.message


@pytest.mark.parametrize(("version", "words"), [("1.0.0", ("--backend", "trt")), ("0.21.0", ())])
def test_limits_of_another_backend_or_an_unread_release_are_open(version: str, words: tuple[str, ...]) -> None:
    """What nobody read is a gap, not the value of one of the two."""
    parsed = serve(version, "--max_batch_size", "8", *words, text="max_batch_size: 64\n")

    assert "which of them counts here is not known" in parsed.gaps["max_batch_size"].reason
    assert odd(parsed) == []


def test_build_configuration_in_the_file_leaves_its_limits_open() -> None:
    """What it does hangs on the backend."""
    assert set(serve("1.1.0", text="build_config:\n  max_batch_size: 4\n").gaps) == {
        "max_batch_size", "max_num_tokens", "max_beam_width", "max_seq_len",
    }  # fmt: skip


def test_name_of_a_flag_is_no_field() -> None:
    """The options take field names and refuse others: `tp_size` stops the start."""
    told = only(serve("1.1.0", text="tp_size: 4\n"))

    assert (told.text, told.fault, told.fatal, told.source) == ("tp_size", "misspelt", True, "config-file")
    assert "`tensor_parallel_size`" in told.message


def test_unseen_file_leaves_the_command_line_open_too() -> None:
    """Where it is laid over the flags, none of them is known to count; the server's own are."""
    parsed = serve("1.2.0", "--config", "/not/here.yaml", "--tp_size", "4", "--port", "9000")

    assert parsed.starts is None
    assert set(parsed.gaps) == {"model", "tensor_parallel_size"}
    assert isinstance(parsed.blind, Gap)
    assert set(serve("1.3.0rc29", "--config", "/not/here.yaml", "--tp_size", "4").gaps) == set()


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "a: [b\n"])
def test_file_that_holds_no_mapping_stops_the_start(text: str) -> None:
    """Read before the engine starts."""
    assert serve("1.1.0", text=text).starts is False


def test_empty_file_is_taken_where_flags_win() -> None:
    """1.3.0rc29 makes an empty mapping of it."""
    assert serve("1.3.0rc29", text="# nothing\n").starts is True


def test_unknown_value_of_a_flag_is_overwritten_all_the_same() -> None:
    """What nobody knows has no effect either."""
    argv = (
        *tokens("trtllm-serve", "m", "--tp_size"),
        token("$(TP)", "TP"),
        *tokens("--extra_llm_api_options", OPTIONS),
    )
    parsed = trtllm.parse(argv, exactly("1.1.0"), (config("tensor_parallel_size: 2\n", OPTIONS),))

    assert values(parsed)["tensor_parallel_size"] == 2
    assert [argument.fault for argument in odd(parsed)] == ["overruled"]


def test_releases_that_disagree_leave_a_gap() -> None:
    """A version between 1.2.1 and 1.3.0rc29 may do either."""
    parsed = serve(some("1.2.1", "1.3.0rc29"), "--max_batch_size", "256", text="max_batch_size: 64\n")

    assert parsed.gaps["max_batch_size"].rule == "version"


@pytest.mark.parametrize(
    ("version", "written", "here"),
    [
        ("1.0.0", "--tensor-parallel-size", "--tp_size"),
        ("1.0.0", "--tensor_parallel_size", "--tp_size"),
        ("1.1.0", "--pipeline_parallel_size", "--pp_size"),
        ("1.0.0", "--free_gpu_memory_fraction", "--kv_cache_free_gpu_memory_fraction"),
    ],
)
def test_name_of_another_release_is_told_with_this_ones(version: str, written: str, here: str) -> None:
    """The setting is there under another name: that is the edit, not to remove it."""
    parsed = serve(version, written, "1")
    (said,) = [each for each in parsed.arguments if each.fault]
    assert (said.fault, said.suggestion, written in said.message) == ("misspelt", here, True)
