"""The word-by-word parser answers as Python's `argparse` does, over the flags of real releases."""

import argparse
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines import vllm
from skewguard.knowledge.engines.tables import Flag
from skewguard.knowledge.engines.vllm_grammar import API_SERVER, behaviour
from skewguard.knowledge.engines.vllm_program import groups
from tests.knowledge.engines import stdlib
from tests.knowledge.engines.cases import same_reading
from tests.knowledge.engines.vllm_cases import anything, parse, simulated, some, tokens
from tests.searching import examples

VERSIONS = ("0.6.6", "0.10.2", "0.20.0", "0.33.0")
ADAPTERS = ("lora_modules", "prompt_adapters")


def _flags(version: str) -> list[Flag]:
    return [flag for flag in vllm.table().flags(version) if not flag.serve_only]


@cache
def _stdlib(version: str) -> argparse.ArgumentParser:
    return stdlib.parser(_flags(version))


def _answered(version: str, words: list[str]) -> dict[str, Any] | None:
    """What the standard library's parser makes of the words; None when it refuses them."""
    found = stdlib.answered(_stdlib(version), words)
    return None if found is None else {dest: value for dest, value in found.items() if dest != "model_tag"}


@st.composite
def _vectors(draw: st.DrawFn, version: str) -> list[str]:
    """vLLM's own steps before the parser have tests of their own: no underscores, dots or `--config` here."""
    flags = [flag for flag in _flags(version) if flag.name.startswith("-") and flag.dest != "config"]
    words = draw(stdlib.vectors(flags))
    # `--config-format` cut short can be `--config`
    own = ("-O", "--config")
    return [word for word in words if word.partition("=")[0] not in own and not word.startswith("-O.")]


@pytest.mark.parametrize("version", VERSIONS)
@given(data=st.data())
@examples(120)
def test_simulation_answers_as_argparse(version: str, data: st.DataObject) -> None:
    """The same vectors are refused, and the others give the same values."""
    words = data.draw(_vectors(version))
    if any(word.startswith("-") and "." in word.partition("=")[0] for word in words):
        return  # a dotted argument: vLLM's own

    real = _answered(version, words)
    result = simulated(version, API_SERVER, words)
    if any(reading.why == "field" or reading.dest in ADAPTERS for reading in result.readings):
        return  # a config class or an action of the engine's own decides

    if real is None:
        assert result.starts is False
    else:
        assert [reading for reading in result.readings if reading.fatal] == []
        assert stdlib.text_of(
            {dest: held.value for dest, held in result.values.items() if held.value is not None}
        ) == stdlib.text_of(real)


_ANY_WORD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ("--", "-", "--=", "-.", "--.", "-O", "-O.", "-=", "--config", "--model", "=", " ", "--a.", "-0.5")
    ),
    st.sampled_from(stdlib.VALUES),
    st.builds(
        lambda name, text: f"--{name}{text}",
        st.sampled_from(("max_model_len", "model", "hf-overrides.a")),
        st.text(max_size=4),
    ),
)


@given(
    words=st.lists(_ANY_WORD, max_size=8),
    start=st.sampled_from(((), ("vllm", "serve"), ("python3", "-m", "vllm.entrypoints.openai.api_server"))),
)
@examples(150)
def test_any_vector_gets_an_answer(words: list[str], start: tuple[str, ...]) -> None:
    """Whatever the words are: no traceback, for a known version, a range and an unknown one."""
    for release in ("0.33.0", some("0.6.6", "0.9.2"), anything()):
        parsed = parse(release, *start, *words, from_image=not start)
        assert parsed.starts in (True, False, None)


@given(
    words=stdlib.historic(vllm.table().ever_starting("--")),
    start=st.sampled_from((("vllm", "serve"), ("python3", "-m", "vllm.entrypoints.openai.api_server"))),
)
@examples(25)
def test_releases_of_one_group_read_alike(words: list[str], start: tuple[str, ...]) -> None:
    """The release that speaks for a group makes the same of the words as every other one in it."""
    for group in groups(vllm.table(), tokens(*start, *words), anything(), (), from_image=False):
        for version in group.versions:
            assert behaviour(version).serve or start[0] != "vllm"
            same_reading(simulated(version, group.simulation.program, words), group.simulation)  # type: ignore[arg-type]
