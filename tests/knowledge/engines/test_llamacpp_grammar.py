"""How the llama.cpp server reads arguments and variables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines import llamacpp
from skewguard.knowledge.engines.interface import Hardware, Inputs, Variable
from tests.knowledge.engines.cases import odd, only, tokens, values
from tests.knowledge.engines.llamacpp_cases import HERE, SERVER, anything, exactly, read, variables

M = ("-m", "/models/x.gguf")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-m", "x", "-c", "8192"), {"model": "x", "n_ctx": 8192}),
        (("--model", "x", "--ctx_size", "8192"), {"model": "x", "n_ctx": 8192}),
        (("--temp", "-1"), {"sampling_temp": -1.0}),
        (("--grammar", "--x"), {"grammar": "--x"}),  # the next word, whatever it is
        (("-ngl", "all", "-fa", "on", "-nocb"), {"n_gpu_layers": "all", "flash_attn_type": True, "cont_batching": False}),
        (("--no-kv-unified", "-ctk", "q8_0"), {"kv_unified": False, "cache_type_k": "q8_0"}),
        (("--lora", "a", "--lora", "b"), {"lora_adapters": ["a", "b"]}),
        (("-np", "-1", "-ngl", "-1", "-c", "0", "-n", "-1"), {
            "n_parallel": "auto", "n_gpu_layers": "auto", "n_ctx": "auto", "n_predict": None,
        }),
        (("--control-vector-layer-range", "1", "2"), {"control_vector_layer_range": ["1", "2"]}),
    ],
)  # fmt: skip
def test_forms_that_the_server_takes(words: tuple[str, ...], expected: dict[str, object]) -> None:
    """Values as words of their own, also those that begin with a dash; `auto` for what is left to the server."""
    parsed = read("b10573", *words)

    assert (values(parsed), parsed.starts, odd(parsed)) == (expected, True, [])


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--port=80",), "misspelt"),
        (("--ctx", "8"), "unknown"),  # no abbreviations
        (("--ctx-siz", "8"), "misspelt"),
        (("x",), "unexpected-value"),
        (("--",), "unknown"),
        (("-c",), "missing-value"),
        (("--control-vector-layer-range", "1"), "missing-value"),
        (("-c", "many"), "invalid"),
        (("-fa", "maybe"), "invalid"),
        (("-ctk", "fp8"), "invalid"),
        (("--draft", "8"), "removed"),
        (("--help",), "unexpected-value"),
        (("--list-devices",), "unexpected-value"),
    ],
)
def test_forms_that_end_the_start(words: tuple[str, ...], fault: str) -> None:
    """The server prints what it does not know, and ends."""
    argument = only(read("b10573", *M, *words))

    assert (argument.fault, argument.fatal, bool(argument.message)) == (fault, True, True)


def test_number_is_read_up_to_its_first_letter() -> None:
    """`32k` is a context of 32 tokens, and nothing says so."""
    parsed = read("b10573", *M, "-c", "32k")
    argument = only(parsed)

    assert (parsed.values["n_ctx"].value, argument.fault, argument.fatal) == (32, "ignored", False)
    assert "`--ctx-size 32k` is 32" in argument.message


def test_last_of_several_wins() -> None:
    """As with most parsers."""
    parsed = read("b10573", *M, "-c", "8192", "--ctx-size", "4096")

    assert (parsed.values["n_ctx"].value, only(parsed).fault) == (4096, "duplicated")


@pytest.mark.parametrize(
    ("build", "words", "fault"),
    [
        ("b6324", ("-fa",), None),
        ("b6325", ("-fa",), "missing-value"),
        ("b6325", ("-fa", "on"), None),
        ("b5912", ("--kv-unified",), "not-yet"),
        ("b5913", ("--kv-unified",), None),
        ("b7406", ("--fit", "on"), "not-yet"),
        ("b7416", ("--fit", "on"), None),
        ("b4424", ("-hf", "a/b"), "not-yet"),
        ("b7549", ("-ngl", "all"), "invalid"),
        ("b7556", ("-ngl", "all"), None),
    ],
)
def test_flags_come_and_go(build: str, words: tuple[str, ...], fault: str | None) -> None:
    """Each build knows its own."""
    found = odd(read(build, *M, *words))

    assert [argument.fault for argument in found] == ([fault] if fault else [])


def test_repository_is_the_model() -> None:
    """The path beside it is where its copy lies; the name behind the colon is one of its files."""
    parsed = read("b10573", "-hf", "org/repo:Q8_0", "-m", "/cache/x.gguf")
    settings = {fact.setting: fact.value for fact in parsed.values.values()}

    assert settings == {
        "model.id": "org/repo",
        "llamacpp.hf_repo": "org/repo:Q8_0",
        "llamacpp.model_path": "/cache/x.gguf",
    }
    assert read("b10573", env={"LLAMA_ARG_HF_REPO": None}).gaps["model"].setting == "model.id"


# ---- variables ----------------------------------------------------------------------------------------------------------


def environment(env: dict[str, str | None], build: str = "b10573") -> tuple[Variable, ...]:
    """Variables as one build takes them."""
    return llamacpp.environment(variables(env), exactly(build))


def test_variable_sets_what_the_command_line_does_not() -> None:
    """The flag goes first, then the variable."""
    env = {"LLAMA_ARG_CTX_SIZE": "8192", "LLAMA_ARG_N_PARALLEL": "2", "LLAMA_ARG_FIT": "off", "LLAMA_ARG_CPU_MOE": "1"}
    parsed = read("b10573", *M, "-c", "4096", env=env)

    assert values(parsed) == {"model": M[1], "n_ctx": 4096, "n_parallel": 2, "fit_params": False, "cpu_moe": True}
    assert parsed.values["n_parallel"].origin == HERE


def test_switch_stays_at_a_word_that_does_not_switch_it_on() -> None:
    """`0` leaves a switch as it was; a pair of switches is set by it, and ended by any other word."""
    assert values(read("b10573", *M, env={"LLAMA_ARG_CPU_MOE": "0"})) == {"model": M[1]}
    assert values(read("b10573", *M, env={"LLAMA_ARG_WEBUI": "0", "LLAMA_ARG_UI": "off"})) == {
        "model": M[1],
        "ui": False,
    }
    assert read("b10573", *M, env={"LLAMA_ARG_UI": "no"}).starts is False
    assert environment({"LLAMA_ARG_UI": "no"})[0].outcome == "invalid"


def test_second_variable_of_a_pair_switches_it_off_by_being_there() -> None:
    """Whatever it says; before b7376 each switch had its own."""
    found = read("b10573", *M, env={"LLAMA_ARG_NO_JINJA": "1"}).values["use_jinja"]

    assert (found.value, found.origin) == (False, HERE)
    assert environment({"LLAMA_ARG_NO_JINJA": "1"})[0].outcome == "read"
    assert values(read("b7361", *M, env={"LLAMA_ARG_NO_MMAP": "1"})) == {"model": M[1], "use_mmap": False}


@pytest.mark.parametrize(
    ("build", "name", "outcome"),
    [
        ("b7099", "LLAMA_ARG_KV_SPLIT", "read"),
        ("b7342", "LLAMA_ARG_KV_SPLIT", "dead"),
        ("b7406", "LLAMA_ARG_FIT", "unread"),
        ("b7416", "LLAMA_ARG_FIT", "read"),
        ("b10573", "LLAMA_ARG_CTX_SIZES", "unread"),
        ("b10573", "CTX_SIZE", "unread"),
        ("b10573", "LLAMA_ARG_DRAFT_MAX", "invalid"),
    ],
)
def test_variables_come_and_go(build: str, name: str, outcome: str) -> None:
    """Read, not yet, no longer, never; that of a removed flag ends the start."""
    (variable,) = environment({name: "1"}, build)

    assert variable.outcome == outcome


# ---- programs -----------------------------------------------------------------------------------------------------------


def test_images_of_tools_name_the_program_first() -> None:
    """`full` runs a script, whose first argument says which program; the others are no server."""
    release = exactly("b10573", tag="full-cuda")
    server = llamacpp.parse(tokens("--server", "-c", "8192"), release, (), from_image=True)
    other = llamacpp.parse(tokens("--convert", "x"), release, (), from_image=True)

    assert (values(server), server.blind, other.blind is None) == ({"n_ctx": 8192}, None, False)


def test_other_servers_are_not_read() -> None:
    """They have parsers of their own."""
    for argv in (("python3", "-m", "llama_cpp.server", "--model", "x"), ("llamafile", "-m", "x")):
        assert llamacpp.parse(tokens(*argv), exactly("b10573"), ()).blind is not None


WORDS = st.lists(
    st.sampled_from(["-m", "-c", "-np", "--port=1", "--fit", "-hf", "a/b:c", "--no-jinja", "--", "-", "32k", "--draft"])
    | st.text(max_size=12),
    max_size=8,
)
NAMES = st.sampled_from(["LLAMA_ARG_PORT", "LLAMA_ARG_FIT", "LLAMA_ARG_NO_JINJA", "LLAMA_ARG_HF_REPO", "CTX_SIZE"])


@given(WORDS, st.dictionaries(NAMES, st.text(max_size=6)))
def test_no_arguments_and_no_variables_fail_the_reading(words: list[str], env: dict[str, str]) -> None:
    """Whatever stands there, in any build."""
    for release in (exactly("b10573"), anything()):
        for from_image in (True, False):
            parsed = read(release, *words, env=env, from_image=from_image)
            for setting in ("limits.max_model_len", "runtime.quantization", "llamacpp.port"):
                llamacpp.derive(setting, parsed, variables(env), release, Inputs(Hardware("gpu@x")))
            assert parsed.starts in (True, False, None)


def test_command_lines_are_recognised() -> None:
    """By its program, wherever it lies."""
    assert llamacpp.recognised_command(tokens("/app/llama-server", "-m", "x"))
    assert not llamacpp.recognised_command(tokens("llama-cli", "-m", "x"))
    assert llamacpp.entrypoint("b10573") == (SERVER,)
