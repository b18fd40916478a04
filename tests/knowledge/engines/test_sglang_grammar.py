"""SGLang's releases read words as Python's `argparse` does with the flags of each, and any words get an answer."""

import argparse
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines import sglang
from skewguard.knowledge.engines.sglang_grammar import LAUNCH, SERVE, behaviour
from skewguard.knowledge.engines.sglang_program import groups
from skewguard.knowledge.engines.tables import Flag
from tests.knowledge.engines import stdlib
from tests.knowledge.engines.cases import same_reading, tokens
from tests.knowledge.engines.sglang_cases import LAUNCH_ARGV, SERVE_ARGV, anything, parse, simulated, some
from tests.searching import examples

VERSIONS = ("0.4.0", "0.4.10", "0.5.5", "0.5.12", "0.5.23")
OWN = ("config", "lora_paths")  # read by the engine's own hand, with tests of their own


@cache
def _flags(version: str) -> tuple[Flag, ...]:
    return sglang.table().flags(version)


@cache
def _stdlib(version: str) -> argparse.ArgumentParser:
    return stdlib.parser(flag for flag in _flags(version) if flag.dest not in OWN)


@pytest.mark.parametrize("version", VERSIONS)
@given(data=st.data())
@examples(150)
def test_words_are_read_as_argparse_reads_them(version: str, data: st.DataObject) -> None:
    """The same vectors are refused, and the others give the same values."""
    flags = [flag for flag in _flags(version) if flag.dest not in OWN]
    words = data.draw(stdlib.vectors(flags))
    if data.draw(st.integers(0, 9)):
        words = ["--model-path", "org/m", *words]
    if any("--config".startswith(word.partition("=")[0]) and word.startswith("--c") for word in words):
        return
    if any("--lora-paths".startswith(word.partition("=")[0]) and word.startswith("--lo") for word in words):
        return

    real = stdlib.answered(_stdlib(version), words)
    result = simulated(version, LAUNCH, words)

    if real is None:
        assert result.starts is False
    else:
        assert [reading for reading in result.readings if reading.fatal] == []
        mine = {dest: held.value for dest, held in result.values.items() if held.value is not None}
        assert stdlib.text_of(mine) == stdlib.text_of(real)


_ANY_WORD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ("--", "-", "--=", "-.", "-=", "--config", "--model", "--model-type", "serve", "=", " ", "--a.", "-0.5")
    ),
    st.sampled_from(stdlib.VALUES),
    st.builds(
        lambda name, text: f"--{name}{text}",
        st.sampled_from(("tp_size", "model-path", "lora-paths", "cuda-graph-config=")),
        st.text(max_size=4),
    ),
)


@given(words=st.lists(_ANY_WORD, max_size=8), start=st.sampled_from(((), SERVE_ARGV, LAUNCH_ARGV)))
@examples(150)
def test_any_vector_gets_an_answer(words: list[str], start: tuple[str, ...]) -> None:
    """Whatever the words are: no traceback, for a known version, a range and an unknown one."""
    for release in ("0.5.23", some("0.4.6", "0.5.5"), anything()):
        parsed = parse(release, *start, *words, from_image=not start)
        assert parsed.starts in (True, False, None)


@given(words=stdlib.historic(sglang.table().ever_starting("--")), start=st.sampled_from((SERVE_ARGV, LAUNCH_ARGV)))
@examples(40)
def test_releases_of_one_group_read_alike(words: list[str], start: tuple[str, ...]) -> None:
    """The release that speaks for a group makes the same of the words as every other one in it."""
    for group in groups(sglang.table(), tokens(*start, *words), anything(), ()):
        for version in group.versions:
            assert behaviour(version).serve or start == LAUNCH_ARGV
            program = SERVE if start == SERVE_ARGV else LAUNCH
            same_reading(simulated(version, program, words), group.simulation)
