"""Text that was to be filled in: what is taken for it, and where it is told."""

import pytest
from msgspec import structs

from skewguard.language.workloads import Invocation, Token
from tests.judge.cases import at, case, env, run, severities, verdicts


@pytest.mark.parametrize(
    "value",
    ["<YOUR_TOKEN>", "<your-hf-token>", "<model-name>", "YOUR_API_KEY", "changeme", "hf_xxxxxxxx", "<HF_TOKEN>",
     "REPLACE_WITH_KEY", "<insert token>", "<account-id>"],
)  # fmt: skip
def test_placeholder_is_an_error(value: str) -> None:
    """Text that somebody had to fill in reaches the engine as it stands."""
    assert severities("args.placeholder", case(environment=[env("HF_TOKEN", value)])) == ["error"]
    assert severities("args.placeholder", case(args=[f"--api-key={value}"])) == ["error"]


@pytest.mark.parametrize(
    "value",
    ["<think>", "<|im_end|>", "<image>", "</s>", "<tool_call>", "meta-llama/Llama-3.1-8B", "my-model", "<start_of_turn>",
     "enterprise", "insert", "", "a < b > c", "puts"],
)  # fmt: skip
def test_special_tokens_and_names_are_no_placeholders(value: str) -> None:
    """Models' special tokens stand in angle brackets too."""
    assert verdicts("args.placeholder", case(environment=[env("X", value)], args=[f"--stop={value}"])) == ["pass"]


def test_placeholder_of_a_secret_names_the_secret() -> None:
    """The edit for a token's placeholder is a secretKeyRef."""
    subject = case(environment=[env("HF_TOKEN", "<YOUR_TOKEN>")])
    assert "secretKeyRef" in run("args.placeholder", subject)[0].remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HF_TOKEN", "HF_TOKEN"),
        ("HUGGING_FACE_HUB_TOKEN", "HF_TOKEN"),
        ("HF_TOKEN", "<HF_TOKEN>"),
        ("HF_TOKEN", "<hf token>"),
        ("HF_TOKEN", "<token>"),
        ("HF_TOKEN", "__HF_TOKEN__"),
        ("HF_TOKEN", "{{HF_TOKEN}}"),
        ("MODEL_NAME", "MODEL_NAME"),
        ("MODEL_NAME", "<model_name>"),
    ],
)
def test_name_in_place_of_a_value_is_a_placeholder(name: str, value: str) -> None:
    """It is nobody's secret, and nobody has to replace a key for it."""
    subject = case(environment=[env(name, value)])
    assert severities("args.placeholder", subject) == ["error"]
    assert verdicts("args.secret-in-clear", subject) == ["pass"]


@pytest.mark.parametrize("words", [["--api-key=API_KEY"], ["--api-key", "VLLM_API_KEY"], ["--hf-token", "<token>"]])
def test_name_behind_a_secret_flag_is_a_placeholder(words: list[str]) -> None:
    """Clients would authenticate with the name; the edit is a variable from a Secret."""
    subject = case(args=words)
    (answer,) = run("args.placeholder", subject)
    assert (answer.verdict, answer.anchor) == ("fail", words[0].partition("=")[0])
    assert "secretKeyRef" in answer.remedy
    assert verdicts("args.secret-in-clear", subject) == ["pass"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("MODE", "mode"), ("A", "HF_TOKEN"), ("SECRET_NAME", "HF_TOKEN"), ("TOKEN", "abc_DEF"), ("MODE", "[mode"), ("HF_TOKEN", "")],
)  # fmt: skip
def test_values_that_only_look_like_names_pass(name: str, value: str) -> None:
    """A word that equals its name in lower case, a secret's name where no secret belongs, and real keys."""
    assert verdicts("args.placeholder", case(environment=[env(name, value)])) == ["pass"]


def _reading(*words: tuple[str, str]) -> tuple[Invocation, ...]:
    """An argument vector of (word after expansion, word as written)."""
    return (Invocation(tuple(Token(text, at(10 + n, written)) for n, (text, written) in enumerate(words)), "exec"),)


@pytest.mark.parametrize("written", ["--model=$(MODEL)", "--model=${MODEL}", '--model="$MODEL"'])
def test_placeholder_that_a_variable_brings_is_told_at_the_variable(written: str) -> None:
    """One cause, one finding, at the place where somebody has to write; other variables that read it say nothing."""
    other = env("OTHER", "<your-model>", line=31)
    subject = case(
        environment=[
            env("MODEL", "<your-model>"),
            structs.replace(other, origin=at(31, "$(MODEL)")),
        ],
        container={"invocations": _reading(("--model=<your-model>", written), ("<your-model>", "$(OTHER)"))},
    )
    assert [("MODEL", 30)] == [
        (answer.anchor, answer.at.line) for answer in run("args.placeholder", subject) if answer.at
    ]


def test_name_of_a_secret_that_a_variable_brings_is_told_at_the_variable() -> None:
    """The reference `$(VLLM_API_KEY)` holds the placeholder's letters, and is no place to fill in."""
    subject = case(
        environment=[env("VLLM_API_KEY", "VLLM_API_KEY")],
        container={"invocations": _reading(("--api-key=VLLM_API_KEY", "--api-key=$(VLLM_API_KEY)"))},
    )
    assert ["VLLM_API_KEY"] == [answer.anchor for answer in run("args.placeholder", subject)]


def test_placeholder_written_in_two_places_is_told_at_both() -> None:
    """Each has to be filled in."""
    subject = case(environment=[env("MODEL", "<your-model>")], args=["--model=<your-model>"])
    assert ["MODEL", "--model"] == [answer.anchor for answer in run("args.placeholder", subject)]


def test_placeholder_of_an_unseen_place_is_told_once_where_it_is_used() -> None:
    """A shell's own variable is in no list of variables: its first use is the place, the next ones say nothing."""
    words = (("<your-model>", "$MODEL"), ("--tokenizer=<your-model>", "--tokenizer=$MODEL"))
    subject = case(container={"invocations": _reading(*words)})
    assert [10] == [answer.at.line for answer in run("args.placeholder", subject) if answer.at]


def test_placeholder_that_a_script_exports_is_told_at_the_export() -> None:
    """`export MODEL=CHANGEME` in the script itself."""
    (start,) = _reading(("CHANGEME", "$MODEL"))
    exported = structs.replace(start, environment=(env("MODEL", "CHANGEME", source="shell"),))
    assert ["MODEL"] == [
        answer.anchor for answer in run("args.placeholder", case(container={"invocations": (exported,)}))
    ]
