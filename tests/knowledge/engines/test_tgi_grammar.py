"""How TGI's launcher reads arguments and variables: clap's rules, and a variable for every flag."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines import tgi
from skewguard.knowledge.engines.interface import Hardware as Machine
from skewguard.knowledge.engines.interface import Inputs, Variable
from skewguard.language.facts import Gap
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.cases import NOTHING, odd, only, token, tokens, values
from tests.knowledge.engines.tgi_cases import HERE, LAUNCHER, anything, exactly, read, variables

M = ("--model-id", "m")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--model-id", "m", "--port", "80"), {"model_id": "m", "port": 80}),
        (("--model-id=m", "-p", "80"), {"model_id": "m", "port": 80}),
        (("-p80", "-e"), {"port": 80, "env": True}),
        (("-p=80",), {"port": 80}),
        (("--sharded", "false"), {"sharded": False}),
        (("--cuda-graphs", "1,2", "--cuda-graphs=4"), {"cuda_graphs": [1, 2, 4]}),
        (("--cors-allow-origin", "a", "--cors-allow-origin", "b"), {"cors_allow_origin": ["a", "b"]}),
        (("--lora-adapters", "a/b, c=d"), {"lora_adapters": ["a/b", "c=d"]}),
        (("--revision=",), {"revision": ""}),
    ],
)
def test_forms_that_the_launcher_takes(words: tuple[str, ...], expected: dict[str, object]) -> None:
    """Long and short names, values behind a space or an equals sign, lists."""
    parsed = read("3.3.4", *words)

    assert (values(parsed), parsed.starts, odd(parsed)) == (expected, True, [])


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--max-total", "8"), "misspelt"),  # no abbreviations
        (("--max-batch", "8"), "unknown"),
        (("--max_total_tokens", "8"), "misspelt"),
        (("m",), "unexpected-value"),
        (("--", "m"), "unexpected-value"),
        (("--json-output=true",), "unexpected-value"),
        (("--json-output", "true"), "unexpected-value"),
        (("--max-total-tokens",), "missing-value"),
        (("--max-total-tokens", "--json-output"), "missing-value"),
        (("--max-total-tokens", "8k"), "invalid"),
        (("--max-total-tokens", "8_000"), "invalid"),
        (("--port", "65536"), "invalid"),
        (("--dtype", "bf16"), "invalid"),
        (("--sharded", "True"), "invalid"),
        (("--json-output", "--json-output"), "invalid"),
        (("--port", "1", "-p", "1"), "invalid"),
        (("--max-input-length", "8", "--max-input-tokens", "8"), "invalid"),
        (("--help",), "unexpected-value"),
        (("-V",), "unexpected-value"),
    ],
)
def test_forms_that_end_the_start(words: tuple[str, ...], fault: str) -> None:
    """Clap refuses them, and no server starts."""
    parsed = read("3.3.4", *M, *words)

    assert parsed.starts is False
    assert [(argument.fault, argument.fatal) for argument in odd(parsed) if argument.fault != "deprecated"] == [
        (fault, True)
    ]
    assert all(argument.message for argument in odd(parsed))


def test_negative_number_is_no_value() -> None:
    """A word that begins with a dash is a flag to clap, whatever follows."""
    parsed = read("3.3.4", *M, "--rope-factor", "-1")

    assert [argument.fault for argument in odd(parsed)] == ["missing-value", "unknown"]


@pytest.mark.parametrize(
    ("version", "flag", "fault", "suggestion"),
    [
        ("1.4.5", "--max-input-tokens", "not-yet", None),
        ("2.0.0", "--max-input-tokens", None, None),
        ("2.0.0", "--enable-cuda-graphs", "removed", None),
        ("1.4.0", "--enable-cuda-graphs", "not-yet", None),
        ("2.3.0", "--disable-usage-stats", "removed", "--usage-stats=off"),
        ("3.2.3", "--prometheus-port", "not-yet", None),
    ],
)
def test_flags_come_and_go(version: str, flag: str, fault: str | None, suggestion: str | None) -> None:
    """Each release knows its own flags, and says since or until when."""
    value = () if flag.startswith(("--enable", "--disable")) else ("8",)
    parsed = read(version, *M, flag, *value)
    (argument,) = [item for item in parsed.arguments if item.text == flag]

    assert (argument.fault, argument.suggestion) == (fault, suggestion)


def test_image_splits_its_arguments_at_spaces() -> None:
    """The script of the image hands `$@` on without quotes, from 2.0.0 on; a program named in the manifest does not."""
    assert values(read("2.0.0", "--model-id m", from_image=True)) == {"model_id": "m"}
    assert read("1.4.5", "--model-id m", from_image=True).starts is False
    assert read("3.3.4", "--model-id m").starts is False


def test_image_starts_the_launcher_or_its_script() -> None:
    """The script came with 2.0.0."""
    assert [tgi.entrypoint(version) for version in ("1.4.5", "2.0.0")] == [(LAUNCHER,), ("tgi-entrypoint.sh",)]


def test_variable_sets_what_the_command_line_does_not() -> None:
    """The flag goes first, then the variable."""
    parsed = read("3.3.4", *M, env={"MODEL_ID": "other", "NUM_SHARD": "2", "JSON_OUTPUT": "true"})

    assert values(parsed) == {"model_id": "m", "num_shard": 2, "json_output": True}
    assert parsed.values["num_shard"].origin == HERE
    assert parsed.values["num_shard"].setting == "parallelism.tensor"


@pytest.mark.parametrize("text", ["1", "True", "yes", ""])
def test_switch_takes_two_words_from_its_variable(text: str) -> None:
    """Clap's own reader of a `bool` ends at anything but `true` and `false`."""
    parsed = read("3.3.4", *M, env={"TRUST_REMOTE_CODE": text})
    (variable,) = environment({"TRUST_REMOTE_CODE": text})

    assert (parsed.starts, variable.outcome) == (False, "invalid")
    assert "takes `true` or `false`" in variable.message


def environment(env: dict[str, str | None], version: str = "3.3.4") -> tuple[Variable, ...]:
    """Variables as one release takes them."""
    return tgi.environment(variables(env), exactly(version))


@pytest.mark.parametrize(
    ("version", "name", "outcome", "suggestion"),
    [
        ("3.3.4", "MAX_TOTAL_TOKENS", "read", None),
        ("2.3.1", "USE_PREFIX_CACHING", "read", None),
        ("2.4.0", "USE_PREFIX_CACHING", "dead", "PREFIX_CACHING"),
        ("2.3.1", "PREFIX_CACHING", "unread", None),
        ("2.4.0", "PREFIX_CACHING", "read", None),
        ("3.2.3", "PROMETHEUS_PORT", "unread", None),
        ("3.3.0", "PROMETHEUS_PORT", "read", None),
        ("3.3.4", "NUM_SHARDS", "unread", "--num-shard"),
        ("3.3.4", "TGI_WIGGLE_ROM", "unread", "TGI_WIGGLE_ROOM"),
        ("3.3.4", "MAX_BATCH_PREFIL_TOKENS", "unread", "MAX_BATCH_PREFILL_TOKENS"),
        ("3.3.4", "MAX_INPTU_TOKENS", "unread", "MAX_INPUT_TOKENS"),
    ],
)
def test_variables_come_and_go(version: str, name: str, outcome: str, suggestion: str | None) -> None:
    """Read, not yet, no longer, never."""
    (variable,) = environment({name: "1"}, version)

    assert (variable.outcome, variable.suggestion) == (outcome, suggestion)


def test_variable_of_a_flag_is_no_setting_of_its_own() -> None:
    """It says which destination it stands for, so that one value is not told twice."""
    (twin,) = environment({"MAX_TOTAL_TOKENS": "8"})
    (own,) = environment({"ATTENTION": "paged"})

    assert (twin.stands_for, own.stands_for) == ("max_total_tokens", None)


def test_address_of_a_service_ends_the_start() -> None:
    """Kubernetes sets `PROMETHEUS_PORT=tcp://…` for a Service named prometheus, and 3.3.0 began to read it."""
    (variable,) = environment({"PROMETHEUS_PORT": "tcp://10.0.0.1:9090"}, "3.3.0")

    assert variable.outcome == "invalid"


def test_variable_of_unknown_value_is_a_gap() -> None:
    """A key of a ConfigMap that is not in the input decides it."""
    parsed = read("3.3.4", *M, env={"MAX_TOTAL_TOKENS": None})

    assert parsed.gaps["max_total_tokens"].inputs == ("env@MAX_TOTAL_TOKENS",)


def test_variable_that_may_be_set_leaves_a_doubt() -> None:
    """An unseen source may set any flag's variable: the default is then no certain answer."""
    release = exactly("1.4.0")
    maybe = EnvVar("MAX_TOTAL_TOKENS", None, HERE, assumes=("ConfigMap more",))
    parsed = tgi.settle(tgi.parse(tokens(LAUNCHER, *M), release, ()), [maybe], release, NOTHING)
    inputs = Inputs(Machine("gpu@x"))

    assert isinstance(tgi.derive("limits.max_model_len", parsed, [maybe], release, inputs), Gap)
    assert "max_total_tokens" not in parsed.gaps


def test_variable_beside_unknown_words_rests_on_them() -> None:
    """`$(ARGS)` may hold the flag, which would go first."""
    release = exactly("3.3.4")
    parsed = tgi.parse((*tokens(LAUNCHER, *M), token("$(ARGS)", "ARGS")), release, ())
    settled = tgi.settle(parsed, variables({"NUM_SHARD": "2"}), release, NOTHING)

    assert settled.values["num_shard"].assumes == ("value@ARGS",)


def test_other_programs_are_not_read() -> None:
    """The launcher's own child, and images of TGI with another program."""
    child = tgi.parse(tokens("text-generation-server", "serve", "m"), exactly("3.3.4"), ())
    backend = tgi.parse(tokens("--x"), exactly("3.3.4-trtllm"), (), from_image=True)

    assert [parsed.blind is not None for parsed in (child, backend)] == [True, True]


def test_cloud_images_may_drop_the_arguments() -> None:
    """Their own script starts the launcher."""
    image = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/huggingface-pytorch-tgi-inference"
    parsed = tgi.parse(tokens(*M), exactly("3.3.4", image), (), from_image=True)

    assert parsed.blind is not None
    assert parsed.starts is None


@pytest.mark.parametrize(
    ("version", "words", "starts"),
    [
        ("3.3.4", ("--max-input-tokens=8", "--max-total-tokens=8"), False),
        ("3.3.4", ("--max-input-tokens=8", "--max-total-tokens=9"), True),
        ("3.3.4", ("--max-total-tokens=9", "--max-batch-total-tokens=8"), False),
        ("3.3.4", ("--max-total-tokens=9", "--max-batch-total-tokens=9"), True),
        ("2.3.1", ("--max-input-tokens=9", "--max-batch-prefill-tokens=8"), False),
        ("2.4.0", ("--max-input-tokens=9", "--max-batch-prefill-tokens=8"), True),
        ("1.4.5", ("--max-total-tokens=1024",), False),  # the input's default is 1024
        ("1.4.5", ("--max-total-tokens=1025",), True),
        ("2.4.0", ("--max-total-tokens=2048",), None),  # the input's default is 4095 for most models
        ("2.4.0", ("--max-total-tokens=4096",), True),
        ("2.4.1", ("--max-total-tokens=2048",), True),
        ("2.4.0", ("--max-input-tokens=4096",), False),  # the total's default is at most 4096
        ("2.4.0", ("--max-input-tokens=4095",), True),
        ("2.4.0", ("--max-input-tokens=4096", "--max-total-tokens=4097"), True),
        ("2.4.1", ("--max-input-tokens=4096",), True),
    ],
)
def test_lengths_that_contradict_each_other(version: str, words: tuple[str, ...], starts: bool | None) -> None:
    """The launcher compares them, up to 2.4.0 the defaults too, and ends."""
    parsed = read(version, *M, *words)

    assert parsed.starts is starts
    assert bool(odd(parsed)) is (starts is not True)


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        (("--sharded=true", "--num-shard=1"), False),
        (("--sharded=true", "--num-shard=2"), True),
        (("--sharded=false", "--num-shard=1"), True),
        (("--num-shard=0",), False),
    ],
)
def test_shards_that_contradict_each_other(words: tuple[str, ...], starts: bool) -> None:
    """Several are asked for and one is named, or none at all."""
    parsed = read("3.3.4", *M, *words)

    assert parsed.starts is starts
    assert bool(odd(parsed)) is (starts is not True)


@pytest.mark.parametrize(
    ("version", "words", "env", "starts"),
    [
        ("3.3.4", ("--max-input-tokens=8",), {"MAX_INPUT_LENGTH": "8"}, False),
        ("3.3.4", ("--max-input-length=8",), {"MAX_INPUT_TOKENS": "8"}, False),
        ("3.3.4", (), {"MAX_INPUT_TOKENS": "8", "MAX_INPUT_LENGTH": "8"}, False),
        ("3.3.4", ("--max-input-length=8",), {"MAX_INPUT_LENGTH": "9"}, True),
        ("1.4.5", ("--max-input-length=8",), {"MAX_INPUT_TOKENS": "8"}, True),
    ],
)
def test_both_names_of_the_prompts_length_end_the_start(
    version: str, words: tuple[str, ...], env: dict[str, str], starts: bool
) -> None:
    """Each by a flag or a variable; 2.0.0 began to know the second name."""
    parsed = read(version, *M, *words, env=env)

    assert parsed.starts is starts
    assert [argument.origin for argument in parsed.arguments if argument.fatal] == ([] if starts else [HERE])


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        (("--max-input-tokens=8000",), True),
        (("--max-total-tokens=2048",), True),
        (("--max-input-tokens=8000", "--max-batch-prefill-tokens=2000"), False),
    ],
)
def test_default_is_no_fault_where_an_unseen_source_may_set_the_length(words: tuple[str, ...], starts: bool) -> None:
    """An `envFrom` that is not in the input may say what the command line does not."""
    release = exactly("2.3.1")
    maybe = [EnvVar(name, None, HERE, assumes=("ConfigMap gone",)) for name in ("MAX_TOTAL_TOKENS", "MAX_INPUT_TOKENS")]
    parsed = tgi.settle(tgi.parse(tokens(LAUNCHER, *M, *words), release, ()), maybe, release, NOTHING)

    assert parsed.starts is starts


def test_contradiction_stands_at_the_variable_that_wrote_it() -> None:
    """Whoever wrote the length finds the place."""
    parsed = read("3.3.4", *M, "--max-input-tokens=8", env={"MAX_TOTAL_TOKENS": "8"})

    assert only(parsed).origin == HERE


WORDS = st.lists(
    st.sampled_from(
        ["--model-id", "--port", "-p", "-p80", "--json-output", "--sharded=", "--", "-", "--cuda-graphs", "1,x"]
    )
    | st.text(max_size=12),
    max_size=8,
)


@given(WORDS, st.dictionaries(st.sampled_from(["PORT", "JSON_OUTPUT", "CUDA_GRAPHS", "SHARDED"]), st.text(max_size=6)))
def test_no_arguments_and_no_variables_fail_the_reading(words: list[str], env: dict[str, str]) -> None:
    """Whatever stands there, in any release."""
    for release in (exactly("3.3.4"), anything()):
        for from_image in (True, False):
            parsed = read(release, *words, env=env, from_image=from_image)
            found = tgi.derive("tgi.port", parsed, variables(env), release, Inputs(Machine("gpu@x")))
            assert parsed.starts in (True, False, None)
            assert found is not None
