"""The traps of vLLM's command line, each with the releases it holds for."""

import pytest

from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Hardware, Inputs, Release
from skewguard.language import accelerators
from skewguard.language.facts import Origin
from skewguard.language.workloads import EnvVar, TextFile, Token
from tests.knowledge.checkpoints import making
from tests.knowledge.engines.cases import NOTHING
from tests.knowledge.engines.vllm_cases import (
    anything,
    config,
    exactly,
    faults,
    module,
    odd,
    only,
    parse,
    serve,
    token,
    tokens,
    values,
)

# ---- which program reads the arguments -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "program"),
    [("0.11.0", "vllm.entrypoints.openai.api_server"), ("0.11.1", "vllm serve"), ("0.33.0", "vllm serve")],
)
def test_image_arguments_go_to_the_entrypoint_of_the_version(version: str, program: str) -> None:
    """The official image starts the API server module up to 0.11.0 and `vllm serve` from 0.11.1 on."""
    assert parse(version, "--model", "m", from_image=True).entrypoint == program


def test_image_arguments_with_a_model_flag_stop_some_serve_versions() -> None:
    """`args: [--model, m]` lives through the change of entrypoint, because 0.11.1 moves the flag to the front."""
    parsed = parse("0.11.1", "--model", "m", "--dtype", "half", from_image=True)

    assert (parsed.starts, values(parsed)["model"]) == (True, "m")


@pytest.mark.parametrize(("version", "starts"), [("0.9.2", False), ("0.10.0", True), ("0.33.0", True)])
def test_positional_model_of_the_module_is_refused_then_ignored(version: str, starts: bool) -> None:
    """Up to 0.9.2 an error; from 0.10.0 on taken and dropped, so that the built-in default model is served."""
    parsed = module(version, "Qwen/Qwen3-8B")

    assert parsed.starts is starts
    assert "model" not in values(parsed)
    assert only(parsed).fault == ("ignored" if starts else "unexpected-value")


@pytest.mark.parametrize("version", ["0.6.6", "0.8.5", "0.10.2", "0.11.0"])
def test_model_flag_under_serve_is_refused(version: str) -> None:
    """`vllm serve --model X` is a start error up to 0.11.0."""
    parsed = serve(version, "--model", "m")

    assert parsed.starts is False
    assert "model-by-flag" in [argument.fault for argument in parsed.arguments]


@pytest.mark.parametrize("version", ["0.11.1", "0.14.1", "0.33.0"])
def test_model_flag_under_serve_is_moved_to_the_front(version: str) -> None:
    """From 0.11.1 on `--model X` becomes the positional, with a warning."""
    parsed = serve(version, "--dtype", "half", "--model", "m")

    assert (parsed.starts, values(parsed)["model"], only(parsed).fault) == (True, "m", "deprecated")


def test_model_by_flag_and_by_position_is_refused() -> None:
    """`serve M --model X`: the flag wins the positional's place, and M is a stray word."""
    parsed = serve("0.33.0", "M", "--model", "X")

    assert (parsed.starts, values(parsed)["model"]) == (False, "X")
    assert ("M", "unexpected-value") in faults(parsed)


@pytest.mark.parametrize("version", ["0.8.5", "0.10.2", "0.14.1"])
def test_served_name_before_the_model_swallows_it(version: str) -> None:
    """`serve --served-model-name a M` names the server twice and serves the default model."""
    parsed = serve(version, "--served-model-name", "a", "M")

    assert parsed.starts is True
    assert values(parsed) == {"served_model_name": ["a", "M"]}


@pytest.mark.parametrize("version", ["0.17.0", "0.20.0", "0.33.0"])
def test_served_name_before_the_model_is_refused_later(version: str) -> None:
    """From 0.17.0 on the same words stop the start."""
    assert serve(version, "--served-model-name", "a", "M").starts is False


def test_serve_behind_the_images_own_serve_becomes_the_model() -> None:
    """`args: [serve, M]` under an image that starts `vllm serve` itself."""
    parsed = parse("0.33.0", "serve", "M", from_image=True)

    assert parsed.starts is False
    assert faults(parsed) == [("serve", "unexpected-value"), ("M", "unexpected-value")]
    assert "entrypoint already is" in odd(parsed)[0].message


def test_serve_without_a_model_takes_the_default() -> None:
    """`vllm serve` alone starts from 0.8.3 on, and before it wants a model."""
    assert serve("0.33.0").starts is True
    assert serve("0.8.2").starts is False


@pytest.mark.parametrize(
    "argv",
    [
        ("/usr/local/bin/vllm", "serve", "m"),
        ("env", "A=b", "vllm", "serve", "m"),
        ("tini", "--", "vllm", "serve", "m"),
        ("numactl", "--cpunodebind=0", "vllm", "serve", "m"),
        ("nohup", "vllm", "serve", "m"),
        ("python3", "-m", "vllm.entrypoints.cli.main", "serve", "m"),
        ("serve", "m"),
    ],
)
def test_serve_is_found_behind_paths_and_wrappers(argv: tuple[str, ...]) -> None:
    """What stands before the program changes nothing."""
    parsed = parse("0.11.0", *argv, "--dtype", "half")

    assert (parsed.entrypoint, values(parsed)) == ("vllm serve", {"model": "m", "dtype": "half"})


@pytest.mark.parametrize("argv", [("vllm", "bench", "serve"), ("vllm-rs", "serve", "m"), ("vllm",)])
def test_program_of_another_grammar_leaves_everything_open(argv: tuple[str, ...]) -> None:
    """Nothing is claimed about arguments that another parser reads."""
    parsed = parse("0.33.0", *argv)

    assert parsed.arguments == ()
    assert parsed.starts is None
    assert parsed.blind is not None


# ---- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "starts"), [("0.5.0.post1", False), ("0.5.1", True), ("0.33.0", True)])
def test_underscores_are_dashes(version: str, starts: bool) -> None:
    """From 0.5.1 on `--max_model_len` is `--max-model-len`; before it is unknown."""
    parsed = module(version, "--max_model_len", "100")

    assert parsed.starts is starts
    assert (values(parsed).get("max_model_len") == 100) is starts


def test_underscores_of_values_stay() -> None:
    """Only the name is turned, not what stands behind `=`, and from 0.9.1 on nothing behind a dot."""
    parsed = serve(
        "0.33.0", "m", "--served_model_name=my_model", "--structured_outputs_config.disable_any_whitespace=true"
    )

    assert values(parsed)["served_model_name"] == "my_model"
    assert values(parsed)["structured_outputs_config"] == {"disable_any_whitespace": True}


@pytest.mark.parametrize(("version", "works"), [("0.30.0", False), ("0.31.0", True)])
def test_alias_of_memory_utilization_came_late(version: str, works: bool) -> None:
    """`--device-memory-utilization` means `--gpu-memory-utilization` from 0.31.0 on."""
    parsed = serve(version, "m", "--device-memory-utilization", "0.5")

    assert (values(parsed).get("gpu_memory_utilization") == 0.5) is works


@pytest.mark.parametrize("version", ["0.4.2", "0.6.6", "0.11.0", "0.33.0"])
def test_unique_prefix_is_a_flag(version: str) -> None:
    """`--tensor-parallel 2` works in every release, by abbreviation."""
    parsed = module(version, "--tensor-parallel", "2", "--tensor-parallel=4")

    assert values(parsed)["tensor_parallel_size"] == 4
    assert odd(parsed)[-1].suggestion == "--tensor-parallel-size"


@pytest.mark.parametrize(
    ("version", "fault", "dest"),
    [
        ("0.8.5", None, "device"),
        ("0.10.2", "removed", "device"),
        ("0.17.0", "removed", "device"),
        ("0.28.0", "removed", "device_ids"),
        ("0.33.0", "removed", "device"),
    ],
)
def test_device_changes_its_meaning_by_prefix(version: str, fault: str | None, dest: str | None) -> None:
    """A flag, then none, then read as the beginning of another one, then of two: it stays a flag that was removed."""
    (argument,) = [each for each in serve(version, "m", "--device", "cuda").arguments if each.text == "--device"]

    assert (argument.fault, argument.dest) == (fault, dest)


def test_single_dash_flags_attach_values_only_behind_an_equals_sign_or_one_letter() -> None:
    """`-tp=2` and `-q=fp8` and `-qfp8` work, `-tp2` does not."""
    assert values(serve("0.33.0", "m", "-tp=2", "-qfp8"))["tensor_parallel_size"] == 2
    assert values(serve("0.33.0", "m", "-qfp8"))["quantization"] == "fp8"
    assert serve("0.33.0", "m", "-tp2").starts is False


def test_last_of_two_spellings_wins() -> None:
    """Across aliases and spellings; the earlier one is told as overridden."""
    parsed = serve("0.11.0", "m", "-tp", "2", "--tensor_parallel_size", "4")

    assert values(parsed)["tensor_parallel_size"] == 4
    assert (only(parsed).text, only(parsed).outcome, only(parsed).fault) == ("-tp", "overridden", "duplicated")


def test_appending_flag_collects_its_values() -> None:
    """`--middleware` twice is two values, not a duplicate."""
    parsed = serve("0.11.0", "m", "--middleware", "a.B", "--middleware", "c.D")

    assert values(parsed)["middleware"] == ["a.B", "c.D"]
    assert odd(parsed) == []


# ---- switches -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "value"), [("0.5.2", None), ("0.5.3", False), ("0.8.4", False), ("0.8.5", None), ("0.33.0", None)]
)
def test_switch_with_false_was_legal_for_some_releases(version: str, value: bool | None) -> None:
    """`--enable-chunked-prefill=False` works from 0.5.3 to 0.8.4 and stops every other start."""
    parsed = module(version, "--enable-chunked-prefill=False")

    assert parsed.starts is (value is not None)
    assert values(parsed).get("enable_chunked_prefill") is value
    if version == "0.33.0":
        assert only(parsed).suggestion == "--no-enable-chunked-prefill"


@pytest.mark.parametrize(
    ("version", "obeyed"), [("0.7.3", True), ("0.8.5", False), ("0.11.0", False), ("0.11.1", True), ("0.33.0", True)]
)
def test_engine_v1_first_split_prompts_whatever_the_flag_said(version: str, obeyed: bool) -> None:
    """`_set_default_args_v1` of 0.8.0 to 0.11.0 overrules the flag for models that generate text."""
    words = ["--enable-chunked-prefill=False"] if version == "0.7.3" else ["--no-enable-chunked-prefill"]
    settled = vllm.settle(module(version, *words), (), exactly(version), NOTHING)
    assert ("enable_chunked_prefill" in settled.gaps) is not obeyed


PLAIN = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
EMBEDS = {"architectures": ["LlamaModel"], "model_type": "llama"}
WHISPER = {"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "is_encoder_decoder": True}


@pytest.mark.parametrize(
    ("version", "model", "gpu", "expected"),
    [
        ("0.8.5", PLAIN, "H100", True),
        ("0.8.5", PLAIN, "T4", "obeyed"),
        ("0.8.5", PLAIN, None, "unknown"),
        ("0.10.1", PLAIN, "T4", "obeyed"),
        ("0.10.2", PLAIN, "T4", True),
        ("0.10.2", PLAIN, None, True),
        ("0.9.1", EMBEDS, "H100", "obeyed"),
        ("0.9.2", EMBEDS, "H100", "obeyed"),
        ("0.11.0", PLAIN, "H100", True),
        ("0.11.0", WHISPER, "H100", "obeyed"),
        ("0.11.0", None, "H100", "unknown"),
        ("0.11.1", PLAIN, "H100", "obeyed"),
    ],
)
def test_model_and_gpu_decide_whether_the_flag_counts(
    version: str, model: dict[str, object] | None, gpu: str | None, expected: object
) -> None:
    """V1 splits what generates; V0, which old GPUs and some models fall back to, obeys, and so does V1 for the others."""
    accelerator = accelerators.find(gpu) if gpu else None
    inputs = Inputs(Hardware("gpu@x", accelerator), making.of(model) if model else None)
    settled = vllm.settle(module(version, "--no-enable-chunked-prefill"), (), exactly(version), inputs)
    overruled = settled.decided.get("enable_chunked_prefill")
    unknown = "unknown" if "enable_chunked_prefill" in settled.gaps else "obeyed"

    assert (overruled.value if overruled else unknown) == expected


@pytest.mark.parametrize(
    ("version", "asked", "obeyed"),
    [("0.6.3.post1", "1", True), ("0.6.4", "1", False), ("0.7.3", "1", False), ("0.7.3", "0", True)],
)
def test_engine_v1_on_request_splits_prompts_whatever_the_flag_says(version: str, asked: str, obeyed: bool) -> None:
    """`_override_v1_engine_args` sets it; the V1 of 0.6.4 knows nothing else."""
    env = (EnvVar("VLLM_USE_V1", asked, Origin("file", "x")),)
    settled = vllm.settle(module(version, "--enable-chunked-prefill=False"), env, exactly(version), NOTHING)
    assert ("enable_chunked_prefill" not in settled.decided) is obeyed


@pytest.mark.parametrize(("version", "works"), [("0.6.4", False), ("0.6.5", True), ("0.33.0", True)])
def test_negative_form_of_prefix_caching_came_with_065(version: str, works: bool) -> None:
    """`--no-enable-prefix-caching`."""
    parsed = module(version, "--no-enable-prefix-caching")

    assert (values(parsed).get("enable_prefix_caching") is False) is works


def test_disable_form_of_enable_flags_came_with_033() -> None:
    """`--disable-prefix-caching` is `--no-enable-prefix-caching` from 0.33.0 on, which stays."""
    assert serve("0.32.0", "m", "--disable-prefix-caching").starts is False
    assert values(serve("0.33.0", "m", "--disable-prefix-caching"))["enable_prefix_caching"] is False
    assert values(serve("0.33.0", "m", "--no-enable-prefix-caching"))["enable_prefix_caching"] is False
    assert values(serve("0.33.0", "m", "--disable-log-requests"))["enable_log_requests"] is False


def test_word_behind_a_switch_is_a_positional() -> None:
    """`--enable-prefix-caching false` leaves caching on: the word becomes the model, or is dropped."""
    dropped = module("0.11.0", "--model", "m", "--enable-prefix-caching", "false")
    taken = serve("0.11.0", "--enable-prefix-caching", "true", "--dtype", "half")

    assert values(dropped)["enable_prefix_caching"] is True
    assert only(dropped).fault == "ignored"
    assert values(taken)["model"] == "true"
    assert serve("0.11.0", "m", "--enable-prefix-caching", "true").starts is False


@pytest.mark.parametrize(
    ("version", "words", "meant"),
    [
        ("0.11.0", ("--enable-prefix-caching", "false"), "--no-enable-prefix-caching"),
        ("0.11.0", ("--enable-prefix-caching", "true"), None),
        ("0.11.0", ("--no-enable-prefix-caching", "false"), "--enable-prefix-caching"),
        ("0.5.5", ("--enable-prefix-caching", "false"), None),
        ("0.11.0", ("--headless", "false"), None),
    ],
)
def test_false_behind_a_switch_names_the_spelling_that_says_so(
    version: str, words: tuple[str, ...], meant: str | None
) -> None:
    """Where this release has an opposite spelling, that is what `--switch false` was to say."""
    assert only(serve(version, "m", *words)).suggestion == meant


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (("--dtype", "bf16"), "bfloat16"),
        (("--kv-cache-dtype=fp8_e4m3fn",), "fp8_e4m3"),
        (("--dtype", "int3"), None),
        (("--max-num-seqs", "many"), None),
    ],
)
def test_refused_value_names_the_nearest_choice_of_the_table(words: tuple[str, ...], nearest: str | None) -> None:
    """Where a flag has choices and one of them is near; nothing is made up for a number."""
    assert only(serve("0.11.0", "m", *words)).suggestion == nearest


# ---- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "text", "value"),
    [
        ("0.8.4", "32k", 32000),
        ("0.8.3", "32k", None),
        ("0.11.0", "32K", 32768),
        ("0.11.0", "25.6k", 25600),
        ("0.11.0", "25.6K", None),
        ("0.11.0", "1M", 1 << 20),
        ("0.13.0", "1t", 10**12),
        ("0.11.0", "auto", None),
        ("0.14.0", "auto", -1),
        ("0.14.0", "-1", -1),
        ("0.8.5", "-1", -1),
        ("0.11.0", "None", None),
    ],
)
def test_context_length_takes_human_numbers_by_release(version: str, text: str, value: int | None) -> None:
    """`32k` is 32000 and `32K` 32768 from 0.8.4 on; `auto` from 0.14.0 on."""
    parsed = serve(version, "m", "--max-model-len", text)

    assert values(parsed).get("max_model_len") == value
    assert parsed.starts is (value is not None)


def test_batched_tokens_take_human_numbers_from_091() -> None:
    """`--max-num-batched-tokens 8k`."""
    assert serve("0.9.0", "m", "--max-num-batched-tokens", "8k").starts is False
    assert values(serve("0.9.1", "m", "--max-num-batched-tokens", "8k"))["max_num_batched_tokens"] == 8000


@pytest.mark.parametrize(
    ("version", "starts"), [("0.8.5", False), ("0.9.0", True), ("0.11.2", True), ("0.12.0", False)]
)
def test_seed_may_be_none_in_some_releases(version: str, starts: bool) -> None:
    """`--seed None`."""
    assert serve(version, "m", "--seed", "None").starts is starts


def test_value_that_looks_like_a_flag_is_none() -> None:
    """The flag before it has no value then."""
    parsed = serve("0.11.0", "m", "--max-model-len", "--port", "8000")

    assert (only(parsed).fault, only(parsed).flag, values(parsed)["port"]) == ("missing-value", "--max-model-len", 8000)


def test_choice_outside_the_list_is_refused_by_the_versions_that_list_it() -> None:
    """A choice that a release added is refused by the one before."""
    assert serve("0.11.0", "m", "--dtype", "int3").starts is False
    assert "one of" in only(serve("0.11.0", "m", "--dtype", "int3")).message


def test_literal_shell_variables_are_told() -> None:
    """Nothing expands `${LEN}` in a plain argument vector."""
    assert only(serve("0.11.0", "m", "--served-model-name=${NAME}")).fault == "literal-variable"
    assert serve("0.11.0", "m", "--max-model-len", "$LEN").starts is False
    assert only(serve("0.11.0", "m", "--revision", "<COMMIT>")).fault == "literal-variable"
    assert odd(serve("0.11.0", "m", "--chat-template", "{{ '$x' }}<|im_start|>")) == []


# ---- one word -------------------------------------------------------------------------------------------------------


def test_flag_and_value_in_one_word_are_swallowed_by_the_module() -> None:
    """From 0.10.0 on nobody notices: the model is served unquantized."""
    parsed = module("0.11.0", "--model", "m", "--quantization bitsandbytes")

    assert parsed.starts is True
    assert "quantization" not in values(parsed)
    assert (only(parsed).fault, only(parsed).dest, only(parsed).fatal) == ("swallowed", "quantization", False)
    assert only(parsed).message == (
        "`--quantization bitsandbytes` is one argument with a space in it; vLLM 0.11.0 takes it as a positional and "
        "ignores it, so quantization stays at its default"
    )


@pytest.mark.parametrize("version", ["0.6.6", "0.9.2"])
def test_flag_and_value_in_one_word_stop_the_older_module(version: str) -> None:
    """Up to 0.9.2 the module takes no positional at all."""
    parsed = module(version, "--model", "m", "--quantization bitsandbytes")

    assert (parsed.starts, only(parsed).fault, only(parsed).fatal) == (False, "swallowed", True)


def test_second_swallowed_word_stops_the_start() -> None:
    """The module has room for one positional."""
    parsed = module("0.11.0", "--model m", "--dtype half")

    assert parsed.starts is False
    assert [argument.fatal for argument in odd(parsed)] == [False, True]


def test_swallowed_word_with_a_dot_takes_the_next_word_with_it() -> None:
    """`--gpu-memory-utilization 0.9` in one word is read as a dotted argument, and the word behind it as its value."""
    parsed = module("0.11.0", "--gpu-memory-utilization 0.9", "--trust-remote-code")

    assert "trust_remote_code" not in values(parsed)
    assert odd(parsed)[0].fault == "swallowed"
    assert parsed.starts is False


def test_swallowed_word_under_serve_becomes_the_model_or_stops_the_start() -> None:
    """The first positional is the model."""
    first = serve("0.33.0", "--quantization fp8")
    behind = serve("0.33.0", "m", "--quantization fp8")

    assert (first.starts, only(first).fault) == (False, "swallowed")
    assert (behind.starts, only(behind).fault) == (False, "swallowed")


def test_word_that_begins_with_a_space_is_no_flag() -> None:
    """Folded YAML leaves ` --dtype`, which is a positional."""
    assert only(module("0.11.0", "--model", "m", " --dtype")).fault == "swallowed"


# ---- JSON -----------------------------------------------------------------------------------------------------------


def test_dotted_arguments_are_joined_from_090() -> None:
    """Values are JSON where they parse; lists grow with `+`; keys repeat to one object."""
    parsed = serve(
        "0.33.0",
        "m",
        "--speculative-config.model=x",
        "-sc.num_speculative_tokens",
        "3",
        "--hf-overrides.a.b+",
        "p,q",
        "--hf-overrides.a.b+=r",
    )

    assert values(parsed)["speculative_config"] == {"num_speculative_tokens": 3}
    assert values(parsed)["hf_overrides"] == {"a": {"b": ["p", "q", "r"]}}


@pytest.mark.parametrize(
    ("version", "value"),
    [("0.8.5", None), ("0.9.0", {"level": "3"}), ("0.10.2", {"level": 3}), ("0.14.1", {"level": 3})],
)
def test_dotted_value_is_text_then_json(version: str, value: object) -> None:
    """0.9.0 and 0.9.1 keep it as text."""
    assert values(serve(version, "m", "--compilation-config.level", "3")).get("compilation_config") == value


def test_dotted_human_number_came_with_020() -> None:
    """`--hf-overrides.x 4k`."""
    assert values(serve("0.19.0", "m", "--hf-overrides.x", "4k"))["hf_overrides"] == {"x": "4k"}
    assert values(serve("0.20.0", "m", "--hf-overrides.x", "4k"))["hf_overrides"] == {"x": 4000}


def test_dotted_arguments_override_the_whole_json_argument() -> None:
    """They are appended at the end, as one argument of their own."""
    parsed = serve("0.11.0", "m", "--hf-overrides.b", "2", "--hf-overrides", '{"a": 1}')

    assert values(parsed)["hf_overrides"] == {"b": 2}
    assert only(parsed).outcome == "overridden"


@pytest.mark.parametrize(("version", "fault"), [("0.12.0", "ignored"), ("0.16.0", "invalid"), ("0.33.0", "invalid")])
def test_unknown_field_is_dropped_then_refused(version: str, fault: str) -> None:
    """Config classes forbid unknown fields from 0.16.0 on."""
    assert only(serve(version, "m", "--structured-outputs-config", '{"no_such": 1}')).fault == fault


@pytest.mark.parametrize(
    ("version", "dest", "value"),
    [
        ("0.6.6", "compilation_config", {"level": 3}),
        ("0.11.0", "compilation_config", {"level": 3}),
        ("0.11.2", "compilation_config", {"mode": 3}),
        ("0.12.0", "optimization_level", 3),
        ("0.33.0", "optimization_level", 3),
    ],
)
@pytest.mark.parametrize("words", [("-O3",), ("-O=3",), ("-O", "3")])
def test_level_flag_changes_what_it_sets(version: str, dest: str, value: object, words: tuple[str, ...]) -> None:
    """`-O3` is the compilation level up to 0.11.0, its mode in 0.11.1, the optimization level from 0.12.0 on."""
    assert values(serve(version, "m", *words))[dest] == value


# ---- config files ---------------------------------------------------------------------------------------------------


def test_config_file_gives_way_to_the_command_line() -> None:
    """Command line over file over defaults; being overridden so is no fault."""
    parsed = serve(
        "0.11.0",
        "m",
        "--config",
        "/cfg/a.yaml",
        "--max-model-len",
        "9",
        files=[config("max_model_len: 7\ndtype: half\n")],
    )

    assert values(parsed) == {"model": "m", "config": "/cfg/a.yaml", "max_model_len": 9, "dtype": "half"}
    assert odd(parsed) == []
    assert [(each.text, each.outcome) for each in parsed.arguments if each.source == "config-file"] == [
        ("--max_model_len", "overridden"),
        ("--dtype", "parsed"),
    ]


def test_config_value_stands_where_the_file_is_in_the_input() -> None:
    """The origin of a value is its line in the ConfigMap."""
    parsed = serve("0.11.0", "m", "--config", "/cfg/a.yaml", files=[config("port: 1\nmax-model-len: 7\n")])

    assert str(parsed.values["max_model_len"].origin) == "configmap.yaml:11:20"


@pytest.mark.parametrize("version", ["0.6.6", "0.11.0", "0.33.0"])
def test_config_with_an_equals_sign_is_never_read(version: str) -> None:
    """Every release looks for `--config` as a word of its own."""
    parsed = serve(version, "m", "--config=/cfg/a.yaml", files=[config("max-model-len: 7\n")])

    assert values(parsed) == {"model": "m"}
    assert (only(parsed).fault, parsed.starts) == ("ignored", True)


@pytest.mark.parametrize("version", ["0.6.6", "0.11.0", "0.20.0", "0.28.0", "0.33.0"])
@pytest.mark.parametrize("key", ["enable-prefix-caching", "enable_prefix_caching"])
def test_false_in_a_config_file_is_dropped_under_serve(version: str, key: str) -> None:
    """Prefix caching stays at its default in every release."""
    parsed = serve(version, "m", "--config", "/cfg/a.yaml", files=[config(f"{key}: false\n")])

    assert "enable_prefix_caching" not in values(parsed)
    assert (only(parsed).fault, only(parsed).dest) == ("ignored", "enable_prefix_caching")


def test_false_in_a_config_file_is_honoured_by_the_newer_module() -> None:
    """Only `python -m …api_server`, only with dashes, only from 0.28 on."""

    def held(version: str, key: str) -> object:
        parsed = module(version, "--model=m", "--config", "/cfg/a.yaml", files=[config(f"{key}: false\n")])
        return values(parsed).get("enable_prefix_caching")

    assert [held("0.27.0", "enable-prefix-caching"), held("0.28.0", "enable-prefix-caching")] == [None, False]
    assert held("0.33.0", "enable_prefix_caching") is None


def test_null_in_a_config_file_is_the_word_none() -> None:
    """It stops a start where a number is wanted."""
    assert serve("0.33.0", "m", "--config", "/cfg/a.yaml", files=[config("max-model-len: null\n")]).starts is False


def test_unknown_key_in_a_config_file_stops_the_start() -> None:
    """As on the command line, with its place in the file."""
    argument = only(serve("0.33.0", "m", "--config", "/cfg/a.yaml", files=[config("max-model-length: 7\n")]))

    assert (argument.fault, argument.suggestion, argument.origin.line) == ("misspelt", "--max-model-len", 10)


def test_model_in_a_config_file_is_used_without_a_positional() -> None:
    """From 0.8.3 on; a positional wins over it."""
    files = [config("model: of-file\n")]

    assert values(serve("0.11.0", "--config", "/cfg/a.yaml", files=files))["model"] == "of-file"
    assert values(serve("0.11.0", "m", "--config", "/cfg/a.yaml", files=files))["model"] == "m"
    assert serve("0.8.2", "--config", "/cfg/a.yaml", files=files).starts is False


def test_lists_and_mappings_in_a_config_file_came_late() -> None:
    """Lists from 0.10.2, mappings from 0.16.0 on."""
    names, mapping = [config("served-model-name: [a, b]\n")], [config("hf-overrides:\n  a: 1\n")]

    assert values(serve("0.10.2", "m", "--config", "/cfg/a.yaml", files=names))["served_model_name"] == ["a", "b"]
    assert values(serve("0.10.1", "m", "--config", "/cfg/a.yaml", files=names))["served_model_name"] == "['a', 'b']"
    assert values(serve("0.16.0", "m", "--config", "/cfg/a.yaml", files=mapping))["hf_overrides"] == {"a": 1}
    assert serve("0.14.1", "m", "--config", "/cfg/a.yaml", files=mapping).starts is False


@pytest.mark.parametrize("words", [("--config", "/elsewhere/b.yaml"), ("--config", "/cfg/a.yaml")])
def test_config_file_that_is_not_in_the_input_leaves_the_rest_open(words: tuple[str, ...]) -> None:
    """What is on the command line is known all the same."""
    files = [] if words[1].startswith("/else") else [TextFile("/cfg/a.yaml", None, "Secret s", config("").origin)]
    parsed = serve("0.11.0", "m", *words, "--dtype", "half", files=files)

    assert parsed.blind is not None
    assert parsed.blind.inputs[0].startswith("file@")
    assert (parsed.starts, values(parsed)["dtype"]) == (None, "half")


@pytest.mark.parametrize("text", ["- a\n", "a: [", "just text\n", "", "a: 1\n---\nb: 2\n"])
def test_config_file_that_is_no_mapping_stops_the_start(text: str) -> None:
    """PyYAML gives vLLM nothing to iterate over."""
    parsed = serve("0.33.0", "m", "--config", "/cfg/a.yaml", files=[config(text)])

    assert (parsed.starts, only(parsed).fault) == (False, "invalid")


# ---- removed, coming, misspelt --------------------------------------------------------------------------------------


def test_removed_flag_names_the_releases() -> None:
    """What removed it, and what had it last."""
    argument = only(serve("0.33.0", "m", "--swap-space", "4"))

    assert (argument.fault, argument.fatal) == ("removed", True)
    assert "removed in 0.18.0, 0.17.1 was the last" in argument.message


def test_removed_flag_that_comes_back_says_so() -> None:
    """`--disable-log-requests` is gone from 0.17.0 to 0.32.0."""
    argument = only(serve("0.20.0", "m", "--disable-log-requests"))

    assert (argument.fault, argument.suggestion) == ("removed", "--no-enable-log-requests")
    assert "back in 0.33.0" in argument.message


def test_coming_flag_names_its_first_release() -> None:
    """`--optimization-level` in 0.11.0."""
    argument = only(serve("0.11.0", "m", "--optimization-level", "3"))

    assert argument.fault == "not-yet"
    assert "0.12.0 is the first" in argument.message


def test_misspelt_flag_names_the_nearest_and_leaves_the_model_alone() -> None:
    """The word behind it is taken for its value."""
    parsed = serve("0.11.0", "m", "--max-modle-len", "8192")

    assert (only(parsed).fault, only(parsed).suggestion) == ("misspelt", "--max-model-len")
    assert values(parsed)["model"] == "m"


def test_all_faults_are_told_at_once() -> None:
    """The real parser stops at the first one."""
    parsed = serve(
        "0.33.0", "m", "--no-such-flag-at-all", "--swap-space=4", "--max-model-len", "x", "--enforce-eager=1"
    )

    assert [fault for _, fault in faults(parsed)] == ["unknown", "removed", "invalid", "unexpected-value"]


# ---- unknown words and versions -------------------------------------------------------------------------------------


def test_unresolved_value_is_a_gap_of_its_own_setting() -> None:
    """`--max-model-len=$(LEN)` without a source."""
    release = exactly("0.11.0")
    words = vllm_tokens(("vllm",), ("serve",), ("m",), ("--max-model-len=$(LEN)", "LEN"), ("--dtype",), ("$(T)", "T"))
    parsed = vllm.parse(words, release, ())

    assert set(parsed.gaps) == {"max_model_len", "dtype"}
    assert parsed.gaps["dtype"].inputs == ("value@T",)
    assert (parsed.starts, parsed.blind) == (None, None)


@pytest.mark.parametrize(
    "word", [("$EXTRA_ARGS", "EXTRA_ARGS"), ("{{ if .TLS }}--enable-ssl-refresh{{ end }}", "{{ if .TLS }}")]
)
def test_unresolved_word_may_hold_any_flags(word: tuple[str, str]) -> None:
    """`$EXTRA_ARGS` leaves everything open that the command line does not set; so does what a template may leave out."""
    words = vllm_tokens(("vllm",), ("serve",), ("m",), word, ("--dtype",), ("half",))
    parsed = vllm.parse(words, exactly("0.11.0"), ())

    assert parsed.blind is not None
    assert values(parsed) == {"model": "m", "dtype": "half"}
    assert parsed.starts is None


def test_unresolved_model_is_a_gap() -> None:
    """`vllm serve $MODEL --dtype half`."""
    words = vllm_tokens(("vllm",), ("serve",), ("$MODEL", "MODEL"), ("--dtype",), ("half",))
    parsed = vllm.parse(words, exactly("0.11.0"), ())

    assert (set(parsed.gaps), parsed.blind, parsed.starts) == ({"model"}, None, None)


def vllm_tokens(*words: tuple[str, ...]) -> tuple[Token, ...]:
    """Words, each followed by the names in it that are not known."""
    return tuple(token(*word) for word in words)


def test_value_from_a_secret_is_a_gap() -> None:
    """Nothing of it enters a value object, and no type is asked of its placeholder."""
    secret = Token("<from Secret s>", token("x").origin, secret=True)
    parsed = vllm.parse((*tokens("vllm", "serve", "m", "--port"), secret), exactly("0.11.0"), ())

    assert (set(parsed.gaps), parsed.starts, odd(parsed)) == ({"port"}, None, [])


def test_unknown_version_tells_what_holds_for_some() -> None:
    """Each reading names its versions, and no one calls it fatal."""
    parsed = serve(anything(), "m", "--swap-space", "4")
    removed = next(argument for argument in parsed.arguments if argument.fault == "removed")

    assert (removed.fatal, removed.versions[0], removed.versions[-1]) == (None, "0.18.0", "0.33.0")
    assert (parsed.starts, values(parsed)["swap_space"]) == (None, 4)


def test_unknown_version_tells_plainly_what_holds_for_all() -> None:
    """A misspelling is one in every release."""
    parsed = serve(anything(), "m", "--max-modle-len", "4", "--dtype", "half")

    assert (only(parsed).fault, only(parsed).versions, only(parsed).fatal) == ("misspelt", (), True)
    assert (parsed.starts, values(parsed)["dtype"]) == (False, "half")


def test_newer_version_does_not_call_an_unknown_flag_fatal() -> None:
    """It may know flags that the table does not."""
    release = Release("vllm", "9.9.9", (vllm.releases()[-1],), "newer", "the image tag", "version@x")
    parsed = serve(release, "m", "--brand-new-thing", "1")

    assert (parsed.starts, only(parsed).fatal, only(parsed).fault) == (None, None, "unknown")
