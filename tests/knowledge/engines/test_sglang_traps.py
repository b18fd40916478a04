"""The traps of SGLang's command line, each with the releases it holds for."""

from collections.abc import Callable

import pytest

from skewguard.knowledge.engines import sglang, tables
from skewguard.knowledge.engines.interface import Parsed
from skewguard.language.facts import Gap
from tests.knowledge.engines.cases import config, faults, odd, only, token, tokens, values
from tests.knowledge.engines.sglang_cases import anything, exactly, launch, parse, serve, some

M = ("--model-path", "m")


# ---- which program reads the arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "program"),
    [
        (("python3", "-m", "sglang.launch_server"), "sglang.launch_server"),
        (("python", "-u", "-m", "sglang.launch_server"), "sglang.launch_server"),
        (("/usr/bin/python3.12", "-msglang.launch_server"), "sglang.launch_server"),
        (("python3", "/sgl-workspace/sglang/python/sglang/launch_server.py"), "sglang.launch_server"),
        (("numactl", "-N", "0", "python3", "-m", "sglang.launch_server"), "sglang.launch_server"),
        (("sglang", "serve"), "sglang serve"),
        (("/usr/local/bin/sglang", "serve"), "sglang serve"),
        (("env", "A=b", "sglang", "serve"), "sglang serve"),
        (("python3", "-m", "sglang.cli.main", "serve"), "sglang serve"),
        (("sglang", "serve", "--model-type", "llm"), "sglang serve"),
    ],
)
def test_program_is_found_behind_what_starts_it(argv: tuple[str, ...], program: str) -> None:
    """Interpreters, wrappers, modules and scripts."""
    parsed = parse("0.5.12", *argv, *M, "--tp-size", "2")

    assert (parsed.entrypoint, parsed.starts) == (program, True)
    assert values(parsed) == {"model_path": "m", "tp_size": 2}


@pytest.mark.parametrize(
    "argv",
    [
        ("sglang", "generate", "--model-path", "m"),
        ("sglang", "serve", "--model-type=diffusion", "--model-path", "m"),
        ("python3", "-m", "sglang.bench_serving", "--model", "m"),
    ],
)
def test_program_of_another_grammar_is_not_read(argv: tuple[str, ...]) -> None:
    """Pictures, benchmarks and offline runs have arguments of their own."""
    parsed = parse("0.5.12", *argv)

    assert (parsed.starts, parsed.values) == (None, {})
    assert parsed.blind is not None


def test_arguments_alone_may_be_completed_by_the_image() -> None:
    """The official image starts nothing; one that takes flags has an entrypoint nobody can see."""
    parsed = parse("0.5.5", *M, from_image=True)

    assert (parsed.entrypoint, parsed.starts, values(parsed)) == ("sglang.launch_server", None, {"model_path": "m"})
    assert isinstance(parsed.blind, Gap)
    assert parsed.blind.rule == "image-entrypoint"
    assert sglang.entrypoint("0.5.5") == ()


def test_arguments_alone_on_a_command_line_are_those_of_the_module() -> None:
    """Nobody types an image's entrypoint."""
    parsed = parse("0.5.5", *M, "--tp", "2")

    assert (parsed.starts, parsed.blind) == (True, None)


@pytest.mark.parametrize(("version", "starts"), [("0.5.2", False), ("0.5.5", True), ("0.5.23", True)])
def test_serve_command_comes_with_0_5_5(version: str, starts: bool) -> None:
    """Older releases have no `sglang` program."""
    assert serve(version, *M).starts is starts


@pytest.mark.parametrize(
    ("version", "starts"), [("0.5.5", False), ("0.5.10.post1", False), ("0.5.12", True), ("0.5.23", True)]
)
def test_serve_sees_the_short_name_of_the_model_from_0_5_11_on(version: str, starts: bool) -> None:
    """`--model` is an alias to the parser, and `sglang serve` looks for the model before it."""
    parsed = serve(version, "--model", "m")

    assert parsed.starts is starts
    assert launch(version, "--model", "m").starts is True
    if not starts:
        assert (only(parsed).fault, only(parsed).suggestion) == ("model-by-flag", "--model-path")


@pytest.mark.parametrize(("version", "starts"), [("0.5.12", False), ("0.5.15", False), ("0.5.18", True)])
def test_serve_takes_the_model_as_its_first_word_from_0_5_16_on(version: str, starts: bool) -> None:
    """Before, a word without dashes is a stray one."""
    parsed = serve(version, "org/model", "--tp-size", "2")

    assert parsed.starts is starts
    assert values(parsed).get("model_path") == ("org/model" if starts else None)
    assert (("org/model", "unexpected-value") in faults(parsed)) is not starts


def test_serve_takes_only_its_first_word_for_the_model() -> None:
    """Behind a flag it is that flag's value, or stray."""
    parsed = serve("0.5.23", "--trust-remote-code", "org/model")

    assert parsed.starts is False
    assert ("org/model", "unexpected-value") in faults(parsed)


def test_module_takes_no_positional() -> None:
    """`python -m sglang.launch_server MODEL` ends at once."""
    parsed = launch("0.5.23", "org/model")

    assert parsed.starts is False
    assert [fault for _, fault in faults(parsed)] == ["missing-value", "unexpected-value"]
    assert "--model-path" in odd(parsed)[1].message


@pytest.mark.parametrize("start", [launch, serve])
def test_model_is_required(start: Callable[..., Parsed]) -> None:
    """There is no built-in default."""
    parsed = start("0.5.12", "--tp-size", "2")

    assert (parsed.starts, only(parsed).fault, only(parsed).dest) == (False, "missing-value", "model_path")


def test_model_in_a_config_file_is_unseen_by_serve() -> None:
    """`sglang serve --config FILE` looks for the model on the command line alone; the module reads the file."""
    files = [config("model-path: m\n")]

    assert launch("0.5.12", "--config", "/cfg/a.yaml", files=files).starts is True
    parsed = serve("0.5.12", "--config", "/cfg/a.yaml", files=files)
    assert (parsed.starts, only(parsed).fault) == (False, "model-by-flag")
    assert "command line alone" in only(parsed).message


@pytest.mark.parametrize(("version", "fault"), [("0.5.8", "not-yet"), ("0.5.10.post1", None)])
def test_model_type_is_read_by_serve_from_0_5_10_on(version: str, fault: str | None) -> None:
    """The parser has no such flag; the module never takes it."""
    parsed = serve(version, *M, "--model-type", "llm")

    assert (parsed.starts, [argument.fault for argument in odd(parsed)]) == (fault is None, [fault] if fault else [])
    assert launch(version, *M, "--model-type=llm").starts is False


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["0.4.10", "0.5.23"])
def test_underscores_are_refused(version: str) -> None:
    """Plain `argparse`: `--tp_size` is no flag, and the dashed one is what its writer meant."""
    parsed = launch(version, *M, "--tp_size", "2")

    assert (parsed.starts, only(parsed).fault, only(parsed).suggestion) == (False, "misspelt", "--tp-size")


def test_beginning_with_underscores_is_a_slip_where_the_flag_is_known() -> None:
    """Not a flag that went: only its default changed in between."""
    argument = only(launch("0.4.4", "--model-path=m", "--speculative_ea", "4"))

    assert (argument.fault, argument.suggestion) == ("misspelt", "--speculative-eagle-topk")


def test_unique_beginning_is_completed() -> None:
    """`--mem-frac 0.8` works as long as no other flag begins so."""
    parsed = launch("0.5.5", *M, "--mem-frac", "0.8")

    assert values(parsed)["mem_fraction_static"] == 0.8
    assert (only(parsed).fault, only(parsed).suggestion, parsed.starts) == (
        "abbreviated",
        "--mem-fraction-static",
        True,
    )


def test_beginning_of_several_flags_is_refused() -> None:
    """`--max` could be anything."""
    parsed = launch("0.5.5", *M, "--max", "8")

    assert (parsed.starts, only(parsed).fault) == (False, "ambiguous")


def test_old_name_that_fits_several_flags_names_the_one_that_took_its_place() -> None:
    """`--cuda-graph-max-bs` was a flag, then another name of the first; 0.5.20 took that away."""
    argument = only(launch("0.5.20", *M, "--cuda-graph-max-bs", "64"))

    assert (argument.fault, argument.suggestion) == ("ambiguous", "--cuda-graph-max-bs-decode")
    assert only(launch("0.5.20", *M, "--cuda-graph-m", "64")).suggestion is None


@pytest.mark.parametrize("name", ["--tp-size", "--tensor-parallel-size", "--tp"])
def test_aliases_set_one_setting(name: str) -> None:
    """Under whichever name, in old and new releases; `--tp` is an abbreviation."""
    for version in ("0.4.0", "0.5.12", "0.5.23"):
        found = launch(version, *M, name, "4").values["tp_size"]
        assert (found.value, found.setting) == (4, "parallelism.tensor")


def test_last_of_two_spellings_wins() -> None:
    """As in `argparse`."""
    parsed = launch("0.5.23", *M, "--tp-size", "2", "--tensor-parallel-size", "4")

    assert (values(parsed)["tp_size"], faults(parsed)) == (4, [("--tp-size", "duplicated")])


@pytest.mark.parametrize(
    ("version", "flag", "fault", "suggestion"),
    [
        ("0.5.23", "--cuda-graph-max-bs", "ambiguous", "--cuda-graph-max-bs-decode"),
        ("0.5.5", "--enable-ep-moe", "removed", "--ep-size"),
        ("0.5.20", "--nsa-decode-backend", "removed", "--dsa-decode-backend"),
        ("0.4.6", "--moe-runner-backend", "not-yet", None),
        ("0.5.5", "--no-such-flag", "unknown", None),
        ("0.4.6", "--enable-flashmla", "removed", "--attention-backend=flashmla"),
        ("0.5.18", "--enable-expert-distribution-metrics", "removed", "--expert-balancedness-report-mode"),
    ],
)
def test_flag_of_other_releases_is_dated(version: str, flag: str, fault: str, suggestion: str | None) -> None:
    """Removed (also where the parser knows it only to refuse it), the beginning of its successors, not there yet, or never."""
    parsed = launch(version, *M, flag)

    assert (parsed.starts, only(parsed).fault, only(parsed).suggestion) == (False, fault, suggestion)


@pytest.mark.parametrize("version", ["0.5.8", "0.5.12"])
def test_retired_flag_does_nothing(version: str) -> None:
    """Accepted with a warning, and without effect."""
    parsed = launch(version, *M, "--prefill-round-robin-balance")

    assert (parsed.starts, only(parsed).fault, only(parsed).outcome) == (True, "ignored", "ignored")
    assert "prefill_round_robin_balance" not in parsed.values


def test_old_switch_stores_a_value_of_a_newer_flag() -> None:
    """`--disable-piecewise-cuda-graph` is `--cuda-graph-backend-prefill disabled` in its last releases."""
    parsed = launch("0.5.15", *M, "--disable-piecewise-cuda-graph")

    assert values(parsed)["cuda_graph_backend_prefill"] == "disabled"
    assert only(parsed).fault == "deprecated"


# ---- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "text", "value"),
    [
        ("0.5.5", "32768", 32768),
        ("0.5.5", "32k", None),
        ("0.5.10.post1", "32k", 32000),
        ("0.5.10.post1", "32Ki", 32768),
        ("0.5.10.post1", "32K", None),
    ],
)
def test_lengths_take_suffixes_from_0_5_10_on(version: str, text: str, value: int | None) -> None:
    """Of the metric system, upper and lower case told apart: `32K`, which vLLM takes, is refused."""
    parsed = launch(version, *M, "--context-length", text)

    assert (parsed.starts, values(parsed).get("context_length")) == (value is not None, value)


@pytest.mark.parametrize("text", ["--disable-radix-cache=True", "--disable-radix-cache=false"])
def test_switch_takes_no_value(text: str) -> None:
    """There is no negative form to advise either."""
    parsed = launch("0.5.5", *M, text)

    assert (parsed.starts, only(parsed).fault) == (False, "unexpected-value")


def test_false_behind_a_switch_is_a_stray_word() -> None:
    """`--trust-remote-code false`."""
    parsed = launch("0.5.5", *M, "--trust-remote-code", "false")

    assert (parsed.starts, values(parsed)["trust_remote_code"]) == (False, True)
    assert faults(parsed) == [("false", "unexpected-value")]


def test_negative_of_a_switch_is_unknown() -> None:
    """`--no-disable-radix-cache` was never a flag."""
    assert launch("0.5.5", *M, "--no-disable-radix-cache").starts is False


def test_value_outside_the_choices_is_refused() -> None:
    """With those there are."""
    parsed = launch("0.5.5", *M, "--schedule-policy", "lifo")

    assert (parsed.starts, only(parsed).fault) == (False, "invalid")
    assert "`fcfs`" in only(parsed).message


def test_flag_and_value_in_one_word_are_a_stray_word() -> None:
    """`- --dtype bfloat16` as one list item stops SGLang, where vLLM's module drops it."""
    parsed = launch("0.5.5", *M, "--dtype bfloat16")

    assert (parsed.starts, only(parsed).fault, only(parsed).suggestion) == (False, "swallowed", "--dtype=bfloat16")


@pytest.mark.parametrize(
    ("version", "texts", "value"),
    [
        ("0.4.10", ("a=/x", "b"), ["a=/x", "b"]),
        ("0.5.23", ('{"lora_name": "a", "lora_path": "/x"}',), [{"lora_name": "a", "lora_path": "/x"}]),
        ("0.5.23", ('{"name": "a"}',), None),
        ("0.5.23", (), []),
    ],
)
def test_adapters_are_paths_or_objects(version: str, texts: tuple[str, ...], value: object) -> None:
    """PATH, NAME=PATH, from 0.5.1 on JSON objects."""
    parsed = launch(version, *M, "--lora-paths", *texts)

    assert (parsed.starts, values(parsed).get("lora_paths")) == (value is not None, value)


def test_radix_cache_is_prefix_caching_turned_round() -> None:
    """The engine's flag says the opposite of the setting."""
    found = launch("0.5.5", *M, "--disable-radix-cache").values["disable_radix_cache"]

    assert (found.setting, found.value) == ("runtime.prefix_caching", False)


def test_overrides_of_the_config_are_a_mapping() -> None:
    """A JSON text to the parser."""
    found = launch("0.5.5", *M, "--json-model-override-args", '{"rope_theta": 1}').values["json_model_override_args"]

    assert (found.setting, found.value) == ("runtime.hf_overrides", {"rope_theta": 1})


def test_data_parallel_attention_has_one_copy() -> None:
    """`--dp-size` then counts ranks inside it, and no copies of the engine."""
    words = ("--tp-size", "8", "--dp-size", "8")

    assert launch("0.5.5", *M, *words).values["dp_size"].setting == "parallelism.data"
    assert launch("0.5.5", *M, *words, "--enable-dp-attention").values["dp_size"].setting == "sglang.dp_size"


# ---- the config file -------------------------------------------------------------------------------------------------

FILE = ("--config", "/cfg/a.yaml")


@pytest.mark.parametrize(("version", "starts"), [("0.5.2", False), ("0.5.5", True)])
def test_config_file_comes_with_0_5_3(version: str, starts: bool) -> None:
    """Before, `--config` is no flag."""
    assert launch(version, *M, *FILE, files=[config("tp-size: 2\n")]).starts is starts


def test_command_line_wins_over_the_file() -> None:
    """The entries stand before the other words."""
    parsed = launch("0.5.23", *M, *FILE, "--tp-size", "4", files=[config("tp-size: 2\ndtype: half\n")])

    assert values(parsed)["tp_size"] == 4
    assert values(parsed)["dtype"] == "half"
    assert odd(parsed) == []


def test_key_with_underscores_is_refused() -> None:
    """The file's keys become flags as they are spelled, and no flag has underscores."""
    parsed = launch("0.5.23", *M, *FILE, files=[config("tp_size: 2\n")])

    assert (parsed.starts, only(parsed).fault, only(parsed).suggestion) == (False, "misspelt", "--tp-size")
    assert only(parsed).origin.line == 10


@pytest.mark.parametrize("version", ["0.5.5", "0.5.23"])
def test_false_for_a_switch_is_dropped(version: str) -> None:
    """It says what holds anyway, unless somebody believes it to switch something off."""
    parsed = launch(version, *M, *FILE, files=[config("disable-radix-cache: false\nenable-metrics: true\n")])

    assert parsed.starts is True
    assert values(parsed).get("enable_metrics") is True
    assert "disable_radix_cache" not in parsed.values


@pytest.mark.parametrize(("version", "starts"), [("0.5.5", True), ("0.5.8", False), ("0.5.23", False)])
def test_file_takes_plain_flags_only_from_0_5_8_on(version: str, starts: bool) -> None:
    """Adapters, for one, are refused: their flag has an action of its own."""
    assert launch(version, *M, *FILE, files=[config("lora-paths: [a=/x]\n")]).starts is starts


@pytest.mark.parametrize(("version", "starts"), [("0.5.12", False), ("0.5.15", True)])
def test_mapping_becomes_json_from_0_5_14_on(version: str, starts: bool) -> None:
    """Before, it is written as Python writes it, which no JSON flag takes."""
    files = [config("preferred-sampling-params: {temperature: 0.5}\n")]

    assert launch(version, *M, *FILE, files=files).starts is starts


def test_list_becomes_several_words() -> None:
    """For a flag that takes them."""
    parsed = launch("0.5.5", *M, *FILE, files=[config("cuda-graph-bs: [1, 2, 4]\n")])

    assert values(parsed)["cuda_graph_bs"] == [1, 2, 4]


def test_null_is_the_word_none() -> None:
    """No flag takes it for nothing: a number refuses it, a name is called None."""
    assert launch("0.5.5", *M, *FILE, files=[config("tp-size: null\n")]).starts is False
    assert (
        values(launch("0.5.5", *M, *FILE, files=[config("served-model-name: null\n")]))["served_model_name"] == "None"
    )


def test_empty_file_is_no_trouble() -> None:
    """It holds no flags."""
    assert launch("0.5.5", *M, *FILE, files=[config("# nothing yet\n")]).starts is True


def test_config_with_an_equals_sign_is_never_read() -> None:
    """SGLang looks for the word `--config`."""
    parsed = launch("0.5.23", *M, "--config=/cfg/a.yaml", files=[config("tp-size: 2\n")])

    assert (parsed.starts, values(parsed).get("tp_size")) == (True, None)
    assert only(parsed).fault == "ignored"
    assert "never read" in only(parsed).message


def test_unseen_file_may_set_anything() -> None:
    """Also what the parser requires."""
    parsed = launch("0.5.23", "--config", "/cfg/other.yaml")

    assert parsed.starts is None
    assert parsed.blind is not None


# ---- what is not known -----------------------------------------------------------------------------------------------


def test_unknown_variable_may_be_any_flag() -> None:
    """`$EXTRA_ARGS` blinds; `$(TP)` behind a flag is that value's gap."""
    blind = sglang.parse((*tokens(*M), token("$EXTRA_ARGS", "EXTRA_ARGS")), exactly("0.5.5"), ())
    gap = sglang.parse((*tokens(*M, "--tp-size"), token("$(TP)", "TP")), exactly("0.5.5"), ())

    assert blind.starts is None
    assert "tp_size" in gap.gaps


def test_variable_in_the_models_place_is_the_model() -> None:
    """`sglang serve $(MODEL)`."""
    parsed = sglang.parse((*tokens("sglang", "serve"), token("$(MODEL)", "MODEL")), exactly("0.5.23"), ())

    assert (parsed.starts, list(parsed.gaps)) == (None, ["model_path"])  # it may be a flag


def test_unknown_version_names_the_releases_that_differ() -> None:
    """What some refuse is neither fatal nor harmless."""
    parsed = launch(anything(), *M, "--enable-deepep-moe")

    assert parsed.starts is None
    refused = {argument.fault: argument.fatal for argument in odd(parsed) if argument.fault != "deprecated"}
    assert refused == {"not-yet": None, "removed": None}
    assert all(argument.versions for argument in odd(parsed))


def test_unknown_version_reads_alike_where_all_releases_do() -> None:
    """One reading for all."""
    parsed = launch(anything(), *M, "--tp-size", "2", "--mem-fraction-static", "0.8")

    assert (parsed.starts, odd(parsed)) == (True, [])
    assert values(parsed) == {"model_path": "m", "tp_size": 2, "mem_fraction_static": 0.8}


def test_serve_of_an_unknown_version_is_one_that_has_it() -> None:
    """Somebody runs it."""
    assert serve(some("0.5.2", "0.5.5", "0.5.8"), *M).starts is True


@pytest.mark.parametrize("flag", ["--enable-dp-attention", "--disable-cuda-graph", "--grpc-mode"])
def test_flag_on_its_way_out_names_what_takes_its_place(flag: str) -> None:
    """Every such flag of the newest release has a successor, or says that there is none."""
    argument = only(launch("0.5.23", *M, flag))

    assert argument.fault == "deprecated"
    assert argument.suggestion is not None
    assert argument.suggestion.partition("=")[0] in tables.load("sglang").spellings("0.5.23").flags
