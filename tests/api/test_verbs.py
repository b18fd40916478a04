"""The public library: its names, and that one verb does not pay for another."""

import subprocess
import sys

import pytest

from skewguard import api
from skewguard.language.errors import UsageError
from skewguard.language.explanations import FlagHistory


def test_every_name_is_there() -> None:
    """What `__all__` promises can be had, and nothing else is promised."""
    assert [name for name in api.__all__ if not callable(getattr(api, name))] == []


def test_unknown_name_is_refused_as_in_any_module() -> None:
    """A misspelt verb is an AttributeError that names it."""
    with pytest.raises(AttributeError, match="chekc"):
        _ = api.chekc


def test_check_imports_no_other_verb() -> None:
    """The start of a check holds neither the comparison of two things nor the writing of contracts."""
    code = (
        "import sys; from skewguard import api; api.check(['examples/clean']); "
        "print(*sorted(name for name in sys.modules if name.startswith('skewguard')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "skewguard.api.checking" in loaded
    assert loaded & {"skewguard.api.diffing", "skewguard.api.explaining", "skewguard.api.initializing"} == set()
    assert loaded & {"skewguard.judge.comparison", "skewguard.knowledge.contract.writer"} == set()


@pytest.mark.parametrize(
    ("asked", "spelt"),
    [
        ("vllm/max-num-seqs", "--max-num-seqs"),
        ("trtllm/max_batch_size", "--max_batch_size"),
        ("trtllm/model", "model"),
        ("nim/max_model_len", "NIM_MAX_MODEL_LEN"),
    ],
)
def test_explanation_names_a_setting_as_the_engine_spells_it(asked: str, spelt: str) -> None:
    """With hyphens, with underscores, as a word, as a variable."""
    told = api.explain(asked)
    assert isinstance(told, FlagHistory)
    assert told.flag == spelt


def test_beginning_of_a_flag_is_explained_as_the_parser_completes_it() -> None:
    """`--tp` is `--tp-size` for SGLang's parser, and the answer says so."""
    told = api.explain("sglang/tp")
    assert isinstance(told, FlagHistory)
    assert told.flag == "--tp-size"
    assert told.notes == ("SGLang 0.5.23 takes `--tp` for `--tp-size`: the only flag that begins so",)


@pytest.mark.parametrize("asked", ["sglang/t", "sglang/enable-", "tgi/max-tot"])
def test_beginning_of_several_flags_is_not_explained(asked: str) -> None:
    """The parser refuses it, and so does one that completes nothing."""
    with pytest.raises(UsageError):
        api.explain(asked)
