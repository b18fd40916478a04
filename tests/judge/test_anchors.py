"""What findings hang on: names of flags, variables and objects, and never what is written behind them."""

import pytest

from skewguard.judge.checks import anchors
from skewguard.judge.checks.interface import Case
from tests.judge.cases import argument, case


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("--max-model-len=8192", "--max-model-len"),
        ("--max_model_len 8192", "--max-model-len"),
        (" --dtype half", "--dtype"),
        ("--hf-overrides.rope_scaling.factor=2", "--hf-overrides"),
        ("-O3", "-O"),
        ("-tp=2", "-tp"),
        ("--api-key:secret", "--api-key"),
        ("stray", "positional"),
        ("hf_abcdefghijklmnopqrstuvwx", "positional"),
        ("NAME=--value", "positional"),
        ("-1", "positional"),
        ("--", "positional"),
        ("\\", "positional"),
        ("", "positional"),
    ],
)
def test_word_is_named_by_its_flag(text: str, anchor: str) -> None:
    """The flag without what is written behind it; a word that begins with none is a positional."""
    assert anchor == anchors.of_word(text)


def test_argument_is_named_as_the_engine_spells_it() -> None:
    """The canonical flag, whatever was written; a word that no flag owns is a positional."""
    assert "--max-model-len" == anchors.of_argument(argument("--max-mo=1", flag="--max-model-len"))
    assert "--no-such" == anchors.of_argument(argument("--no_such=1", "unknown", flag="--no_such"))
    assert "positional" == anchors.of_argument(argument("stray", "unexpected-value"))


def test_value_is_named_by_its_flag() -> None:
    """In one word or in two, as the parser read it; without a parser by the word before it."""
    words = ["--model", "m", "--served-model-name=x", "stray"]
    place = case(args=words).container.invocations[0].argv[3].origin
    read = case(args=words, arguments=[argument("--mod", flag="--model-of-this-engine", value_origin=place)])
    plain = case(args=words, arguments=None)

    def named(subject: Case) -> list[str]:
        return [anchors.of_token(subject, word) for word in subject.container.invocations[0].argv[2:]]

    assert ["--model", "--model-of-this-engine", "--served-model-name", "positional"] == named(read)
    assert ["--model", "--model", "--served-model-name", "positional"] == named(plain)
