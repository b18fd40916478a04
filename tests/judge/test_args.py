"""Arguments as the engine's parser takes them: each fault with its severity and the exact edit."""

import pytest

from skewguard.judge.checks import args, version_dependence
from skewguard.judge.checks.interface import CHECKS
from skewguard.knowledge.engines.interface import Parsed, Recognition
from tests.judge.cases import argument, at, case, run, severities, tokens, variable, verdicts

assert args
assert version_dependence

FAULTS = {
    "swallowed": "args.swallowed",
    "unknown": "args.unknown",
    "misspelt": "args.misspelt",
    "removed": "args.removed",
    "not-yet": "args.not-yet",
    "ambiguous": "args.ambiguous",
    "abbreviated": "args.abbreviated",
    "duplicated": "args.duplicated",
    "ignored": "args.ignored",
    "invalid": "args.invalid-value",
    "missing-value": "args.missing-value",
    "unexpected-value": "args.unexpected-value",
    "model-by-flag": "args.model-by-flag",
    "deprecated": "args.deprecated",
}


@pytest.mark.parametrize(("fault", "check"), FAULTS.items())
def test_fault_is_told_by_its_own_check_at_the_flag(fault: str, check: str) -> None:
    """Each fault of the grammar belongs to one check, placed at the flag."""
    subject = case(arguments=[argument("--some-flag", fault, line=12, flag="--some-flag", dest="some_flag")])
    (answer,) = run(check, subject)
    assert (answer.verdict, answer.anchor, answer.setting) == ("fail", "--some-flag", "vllm.some_flag")
    assert answer.at == at(12, "--some-flag")
    told = [other for other in FAULTS.values() if run(other, subject)]
    assert told == [check]


@pytest.mark.parametrize("check", FAULTS.values())
def test_sound_arguments_pass(check: str) -> None:
    """An argument without a fault is told by nobody, and neither is an engine without a grammar."""
    assert verdicts(check, case(arguments=[argument("--port", flag="--port")])) == ["pass"]
    assert verdicts(check, case(arguments=None)) == ["pass"]


@pytest.mark.parametrize(("fault", "check"), FAULTS.items())
def test_fault_of_some_versions_only_is_left_to_the_version(fault: str, check: str) -> None:
    """What only some candidate versions make of it is one warning of its own."""
    subject = case(version=None, arguments=[argument("--x", fault, versions=("0.10.0",))])
    assert verdicts(check, subject) == ["pass"]


@pytest.mark.parametrize("fault", ["unknown", "misspelt", "removed", "not-yet"])
def test_name_outside_the_tables_is_unknown(fault: str) -> None:
    """A version newer than the tables may have the flag: newer tables would decide."""
    subject = case(version="9.9.0", certainty="newer", arguments=[argument("--x", fault, flag="--x")])
    (answer,) = run(FAULTS[fault], subject)
    assert (answer.verdict, answer.inputs) == ("unknown", ("version@image",))


@pytest.mark.parametrize(
    ("image", "severity"),
    [("vllm/vllm-openai:latest", "error"), ("vllm/vllm-omni:v0.20.0", "warning"), (None, "error")],
)
def test_name_in_an_image_of_somebody_else_is_a_warning(image: str | None, severity: str) -> None:
    """Another build of the engine may bring flags of its own."""
    subject = case(image=image, version=None, arguments=[argument("--omni", "unknown", flag="--omni")])
    assert severities("args.unknown", subject) == [severity]


@pytest.mark.parametrize("runs", ["worker", "wrapped", "unstarted"])
def test_arguments_that_another_program_reads_are_not_judged(runs: str) -> None:
    """A group member's and a wrapper's arguments are not the engine's."""
    found = Recognition("vllm", "its image", runs=runs)  # type: ignore[arg-type]
    subject = case(arguments=[argument("--x", "unknown")], recognition=found)
    assert verdicts("args.unknown", subject) == ["pass"]


def test_swallowed_flag_names_both_ways_to_write_it() -> None:
    """The remedy is the two list items, or the one with an equals sign."""
    subject = case(arguments=[argument("--quantization bitsandbytes", "swallowed")])
    (answer,) = run("args.swallowed", subject)
    assert answer.remedy == (
        "write `- --quantization` and `- bitsandbytes` as two list items, or `- --quantization=bitsandbytes`"
    )
    assert (answer.anchor, answer.setting) == ("--quantization", "runtime.quantization")


def test_swallowed_line_of_several_flags_is_taken_apart() -> None:
    """A whole command line in one item is written word by word."""
    subject = case(arguments=[argument("--port 8000 --dtype half", "swallowed")])
    assert "`- --port`, `- 8000`, `- --dtype`, `- half`" in run("args.swallowed", subject)[0].remedy


def test_swallowed_word_behind_a_switch_is_removed() -> None:
    """`"--enable-x", "true"`: the stray word goes."""
    subject = case(arguments=[argument("true", "swallowed")])
    assert run("args.swallowed", subject)[0].remedy == "remove `true`"


def test_misspelt_flag_names_the_right_one() -> None:
    """The engine's nearest spelling is the edit."""
    subject = case(arguments=[argument("--max-modle-len=8", "misspelt", suggestion="--max-model-len=8")])
    assert run("args.misspelt", subject)[0].remedy == "write `--max-model-len=8` instead of `--max-modle-len=8`"


def test_duplicated_flag_with_another_value_is_an_error() -> None:
    """The earlier value is never applied; the remedy names the one that is."""
    subject = case(
        declared={"limits.max_model_len": 4096},
        arguments=[
            argument("--max-model-len=8192", "duplicated", flag="--max-model-len", dest="max_model_len", value=8192)
        ],
    )
    (answer,) = run("args.duplicated", subject)
    assert severities("args.duplicated", subject) == ["error"]
    assert "`4096` from deploy.yaml:20:1 is what runs" in answer.remedy


def test_duplicated_flag_with_the_same_value_is_a_note() -> None:
    """The same value twice changes nothing, in whatever spelling: `half` and `float16` are one dtype."""
    subject = case(
        declared={"runtime.dtype": "float16"},
        arguments=[argument("--dtype=half", "duplicated", flag="--dtype", dest="dtype", value="half")],
    )
    assert severities("args.duplicated", subject) == ["note"]


@pytest.mark.parametrize(
    ("fault", "severity"), [("abbreviated", "warning"), ("deprecated", "note"), ("removed", "error")]
)
def test_severity_follows_what_happens_at_start(fault: str, severity: str) -> None:
    """Refused or dropped is an error; works until a release adds a name, a warning; works and says so, a note."""
    assert CHECKS[FAULTS[fault]].severity == severity


def test_version_dependence_is_one_warning_that_names_the_versions() -> None:
    """All arguments and variables that some versions take otherwise are one finding with one remedy."""
    versions = ("0.8.5", "0.9.2", "0.10.0", "0.10.1", "0.11.0")
    subject = case(
        version=None,
        candidates=versions,
        arguments=[
            argument("--device", "removed", versions=versions[2:], fatal=None),
            argument("--a b", "swallowed", versions=versions[2:3], fatal=None),
            argument("--c", "abbreviated", versions=versions[:1]),
        ],
        variables=[variable("VLLM_USE_V1", "dead", versions=versions[-1:])],
    )
    (answer,) = run("args.depends-on-version", subject)
    assert severities("args.depends-on-version", subject) == ["warning"]
    assert "`--device` is refused by 0.10.0 to 0.11.0" in answer.message
    assert "`--a b` is taken as one positional word by 0.10.0" in answer.message
    assert "`VLLM_USE_V1` is not read by 0.11.0" in answer.message
    assert "--c" not in answer.message
    assert answer.inputs == ("version@image",)


def test_version_dependence_needs_a_difference() -> None:
    """An unknown version alone is no finding."""
    assert verdicts("args.depends-on-version", case(version=None, arguments=[argument("--port")])) == ["pass"]
    assert verdicts("args.depends-on-version", case(arguments=None)) == ["pass"]


def test_version_between_two_known_ones_is_said() -> None:
    """A release between two table versions is named with its neighbours' difference."""
    subject = case(
        version="0.10.3",
        certainty="between",
        candidates=("0.10.2", "0.11.0"),
        arguments=[argument("--x", "not-yet", versions=("0.10.2",), fatal=None)],
    )
    assert "0.10.3, which lies between two known versions" in run("args.depends-on-version", subject)[0].message


def test_doubled_entrypoint_leaves_its_stray_words_to_its_own_check() -> None:
    """`args: [serve, m]` behind `vllm serve`: one finding, not three."""
    stray = [argument("serve", dest="model_tag", value="serve"), argument("m", "unexpected-value", fatal=True)]
    subject = case(args=["serve", "m"], arguments=stray, image="vllm/vllm-openai:v0.12.0")
    assert verdicts("args.unexpected-value", subject) == ["pass"]
    assert verdicts("args.entrypoint-doubled", subject) == ["fail"]


def test_folded_flag_is_left_to_its_own_check() -> None:
    """A flag with the blank of YAML folding before it is not told as swallowed too."""
    subject = case(args=[" --model", "m"], arguments=[argument(" --model", "swallowed")])
    assert verdicts("args.swallowed", subject) == ["pass"]
    assert verdicts("args.folded", subject) == ["fail"]


def test_secret_argument_keeps_its_masked_text() -> None:
    """The engine masks what it read; the finding shows what the engine hands on."""
    parsed = Parsed((argument("--api-key <hidden>", "swallowed"),), {}, {}, None, "vllm serve")
    subject = case(args=tokens("x")[0].text.split())
    subject.parsed = parsed
    assert "hidden" in run("args.swallowed", subject)[0].message


def test_version_dependence_on_old_versions_only_is_a_note() -> None:
    """Whoever wrote the flag ran a version that has it."""
    subject = case(version=None, arguments=[argument("--new", "not-yet", versions=("0.10.0",), fatal=None)])
    assert severities("args.depends-on-version", subject) == ["note"]


@pytest.mark.parametrize(
    ("first", "second", "severity"), [("0.10.0", None, "note"), ("0.11.0", None, "warning"), ("0.10.0", "0.11.0", None)]
)
def test_version_dependence_counts_the_refusals_of_one_word_together(
    first: str, second: str | None, severity: str | None
) -> None:
    """Refused by the oldest alone it is a note; by a newer one it can stop the next pull."""
    words = [argument("--c=3", "not-yet", flag="--c", versions=(first,), fatal=None)]
    words += [argument("--c=3", "invalid-value", flag="--c", versions=(second,), fatal=None)] if second else []
    subject = case(version=None, candidates=("0.10.0", "0.10.1", "0.11.0"), arguments=words)
    if severity is not None:
        assert severities("args.depends-on-version", subject) == [severity]
    else:
        (answer,) = run("args.depends-on-version", subject)
        assert "`--c` is refused by 0.10.0, 0.11.0" in answer.message
        assert severities("args.depends-on-version", subject) == ["warning"]


def test_version_dependence_names_at_most_six_differences() -> None:
    """The rest is counted; what the newest version refuses stands first."""
    old = [argument(f"--x{number}", "removed", versions=("0.10.1",), fatal=None) for number in range(7)]
    gone = argument("--gone", "removed", versions=("0.11.0",), fatal=None)
    subject = case(version=None, candidates=("0.10.0", "0.10.1", "0.11.0"), arguments=[*old, gone])
    message = run("args.depends-on-version", subject)[0].message
    assert "and 2 more" in message
    assert message.index("--gone") < message.index("--x0")


def test_word_that_old_versions_refuse_and_new_ones_drop_is_wrong_in_all() -> None:
    """A swallowed flag under an unknown version: told once, as an error, as the newest version reads it."""
    word = "--quantization bitsandbytes"
    subject = case(
        version=None,
        arguments=[
            argument(word, "swallowed", versions=("0.10.0",), fatal=None, message="0.10.0 refuses it"),
            argument(word, "swallowed", versions=("0.11.0",), fatal=False, message="0.11.0 ignores it"),
        ],
    )
    (answer,) = run("args.swallowed", subject)
    assert answer.message == "0.11.0 ignores it; vLLM 0.10.0 does not start with it"
    assert verdicts("args.depends-on-version", subject) == ["pass"]


def test_word_that_one_version_takes_depends_on_the_version() -> None:
    """An abbreviation that a later release made ambiguous."""
    subject = case(
        version=None,
        arguments=[
            argument("--dev", "abbreviated", versions=("0.10.0",)),
            argument("--dev", "ambiguous", versions=("0.11.0",), fatal=None),
        ],
    )
    assert verdicts("args.abbreviated", subject) == ["pass"]
    assert verdicts("args.ambiguous", subject) == ["pass"]
    assert verdicts("args.depends-on-version", subject) == ["fail"]


@pytest.mark.parametrize(
    ("word", "opposite", "remedy"),
    [
        ("true", None, "remove `true`"),
        ("false", "--no-x", "write `--no-x` for `--x false` if `false` was meant; remove only `false` if `--x` was"),
        ("False", None, "remove both words for `--x False` if `False` was meant; remove only `False` if `--x` was"),
    ],
)
@pytest.mark.parametrize("fault", ["ignored", "unexpected-value"])
def test_word_behind_a_switch_has_an_edit_for_either_meaning(
    fault: str, word: str, opposite: str | None, remedy: str
) -> None:
    """`--x false`: to remove the word alone would switch on for good what somebody wanted off."""
    words = [argument("--x", line=10, flag="--x"), argument(word, fault, line=11, suggestion=opposite)]
    (answer,) = run(FAULTS[fault], case(arguments=words))
    assert answer.remedy == remedy


def test_value_attached_to_a_switch_is_not_attached_to_its_opposite() -> None:
    """`--x=false` is `--no-x`, and not `--no-x=false`."""
    subject = case(arguments=[argument("--x=false", "unexpected-value", flag="--x", suggestion="--no-x")])
    assert run("args.unexpected-value", subject)[0].remedy == "write `--no-x` instead of `--x=false`"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("--config=/x.yaml", "write `- --config` and `- /x.yaml` as two list items"),
        ("true", "remove `true`"),
        ("Qwen/Qwen3-8B", "write `--model=Qwen/Qwen3-8B` instead of `Qwen/Qwen3-8B`"),
    ],
)
def test_ignored_argument_is_written_as_the_engine_reads_it(text: str, remedy: str) -> None:
    """The file of `--config`, a word behind a switch, a positional model."""
    assert run("args.ignored", case(arguments=[argument(text, "ignored")]))[0].remedy == remedy


def test_duplicated_flag_is_named_with_its_value() -> None:
    """Two words of one argument are found by both."""
    subject = case(arguments=[argument("--max-num-seqs", "duplicated", flag="--max-num-seqs", value=512)])
    assert run("args.duplicated", subject)[0].remedy == "remove this `--max-num-seqs 512`"


@pytest.mark.parametrize(
    ("text", "value_at", "line", "remedy"),
    [
        ("--dtype", 11, 11, "write `bfloat16` instead of `bf16`, if that was meant"),
        ("--dtype=bf16", None, 10, "write `--dtype=bfloat16` instead of `--dtype=bf16`, if that was meant"),
    ],
)
def test_refused_value_is_told_at_the_value_with_the_nearest_choice(
    text: str, value_at: int | None, line: int, remedy: str
) -> None:
    """The word to change is the value; in one word with its flag both are written again."""
    place = at(value_at, "bf16") if value_at else None
    wrong = argument(text, "invalid", flag="--dtype", value="bf16", value_origin=place, suggestion="bfloat16")
    (answer,) = run("args.invalid-value", case(arguments=[wrong]))
    assert answer.at is not None
    assert (answer.at.line, answer.remedy) == (line, remedy)


def test_switch_that_is_given_again_is_quoted_as_it_stands() -> None:
    """A switch has no value of its own in the manifest."""
    word = argument("--disable-x", "duplicated", flag="--enable-x", dest="enable_x", value=False)
    (answer,) = run("args.duplicated", case(arguments=[word]))
    assert answer.remedy == "remove this `--disable-x`"
