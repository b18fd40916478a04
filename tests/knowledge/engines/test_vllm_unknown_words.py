"""Words that nobody knows: what they may override, what they may add, and whether the parser takes them."""

from collections.abc import Mapping

import pytest
from msgspec import structs

from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.interface import Parsed
from skewguard.language.workloads import Token
from tests.knowledge.engines.vllm_cases import config, exactly, token

SPLIT, ONE = "splits", "is one word"


def parse(*words: str | tuple[str, str, str], version: str = "0.11.0", program: str = "serve") -> Parsed:
    """A command line; a word that is not known stands with its name and whether a shell splits it."""
    start = ("vllm", "serve") if program == "serve" else ("python3", "-m", "vllm.entrypoints.openai.api_server")
    return vllm.parse(tuple(_token(word) for word in (*start, *words)), exactly(version), ())


def _token(word: str | tuple[str, str, str]) -> Token:
    if isinstance(word, str):
        return token(word)
    text, name, how = word
    return structs.replace(token(text, name), splits=how == SPLIT)


def assumed(parsed: Parsed) -> Mapping[str, tuple[str, ...]]:
    """What each value rests on."""
    return {dest: fact.assumes for dest, fact in parsed.values.items()}


@pytest.mark.parametrize("how", [SPLIT, ONE])
def test_word_that_may_be_a_flag_can_override_what_stands_before_it(how: str) -> None:
    """The last value on the line counts: what stands behind the word is certain, and so is the positional model."""
    parsed = parse("m", "--max-num-seqs", "64", ("$ARGS", "ARGS", how), "--dtype", "half")

    assert {"model": (), "max_num_seqs": ("$ARGS",), "dtype": ()} == assumed(parsed)
    assert parsed.blind is not None
    assert ("further arguments" if how == SPLIT else "a further argument") in parsed.blind.reason


def test_model_by_flag_can_be_overridden_under_the_api_server() -> None:
    """There `--model` is a flag like others."""
    parsed = parse("--model", "m", ("$ARGS", "ARGS", SPLIT), program="module")

    assert {"model": ("$ARGS",)} == assumed(parsed)


def test_word_before_the_model_may_be_the_model() -> None:
    """`vllm serve $ARGS m`: a flag at the end of the bundle could take the word behind it."""
    parsed = parse(("$ARGS", "ARGS", SPLIT), "m")

    assert {"model": ("$ARGS",)} == assumed(parsed)


def test_joined_json_can_be_joined_further() -> None:
    """A later `--compilation-config.level` merges into an earlier one."""
    parsed = parse("m", "--compilation-config.level", "3", ("$ARGS", "ARGS", SPLIT))

    assert ("$ARGS",) == assumed(parsed)["compilation_config"]


def test_entries_of_a_config_file_give_way_to_a_word_wherever_it_stands() -> None:
    """The command line stands above the file."""
    file = config("max-num-seqs: 64\n")
    words = [_token(word) for word in ("vllm", "serve", "m", ("$ARGS", "ARGS", SPLIT), "--config", file.path)]
    parsed = vllm.parse(tuple(words), exactly("0.11.0"), (file,))

    assert ("$ARGS",) == assumed(parsed)["max_num_seqs"]


@pytest.mark.parametrize(
    ("word", "blind"),
    [
        (("$LEN", "LEN", SPLIT), False),
        (("$LEN_AND_ARGS", "LEN_AND_ARGS", SPLIT), True),
        (("$(ARGS)", "ARGS", ONE), False),
    ],
)
def test_bundle_in_the_place_of_a_value_may_hold_more(word: tuple[str, str, str], blind: bool) -> None:
    """A shell splits a variable that is named as a bundle; a reference that Kubernetes expands is one word."""
    parsed = parse("m", "--max-num-seqs", "64", "--max-model-len", word)

    assert blind == (parsed.blind is not None)
    assert "max_model_len" in parsed.gaps


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        (("m", "--max-num-seqs=$(N)"), None),  # an integer
        (("m", "--dtype=$(N)"), None),  # one of several
        (("m", "--api-key=$(N)"), True),  # any text
        (("m", "--api-key", "$(N)"), None),  # any text, but a flag
        (("m", "--download-dir", "/models/$(N)"), True),
        (("m", "--compilation-config=$(N)"), None),
        (("$(N)",), None),
        (("/models/$(N)",), True),
    ],
)
def test_unknown_value_leaves_the_start_open_unless_any_value_will_do(
    words: tuple[str, ...], starts: bool | None
) -> None:
    """Only free text that cannot be taken for a flag is certain to be accepted."""
    parsed = parse(*((word, "N", ONE) if "$(N)" in word else word for word in words))

    assert parsed.starts is starts


def test_text_that_a_shell_splits_leaves_the_start_open() -> None:
    """`--api-key=$KEY` without quotes may become two words, or lose its value."""
    assert parse("m", ("--api-key=$KEY", "KEY", SPLIT)).starts is None
    assert parse("m", ("--api-key=$KEY", "KEY", ONE)).starts is True
