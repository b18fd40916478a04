"""The reading of TensorRT-LLM's arguments equals click's own, for every release of the table."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skewguard.knowledge.engines import trtllm, trtllm_reading
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.readings import UNKNOWABLE
from tests.knowledge.engines import clicking
from tests.knowledge.engines.cases import tokens
from tests.knowledge.engines.trtllm_cases import parse, some

TABLE = trtllm.table()
COMMANDS = {version: clicking.command(TABLE.flags(version)) for version in TABLE.versions}
NOT_CLICKS = ("extra_llm_api_options", "free_gpu_memory_fraction", "media_io_kwargs", "moe_cluster_parallel_size")
"""What the start makes of these after click has taken them."""


def words(version: str) -> st.SearchStrategy[list[str]]:
    """Vectors for one release, without the flags that the server's own function reads."""
    return clicking.vectors([flag for flag in TABLE.flags(version) if flag.dest not in NOT_CLICKS])


@pytest.mark.parametrize("version", TABLE.versions)
@settings(max_examples=150)
@given(data=st.data())
def test_reading_equals_clicks_own(version: str, data: st.DataObject) -> None:
    """The same values, and the same answer to whether it starts."""
    texts = data.draw(words(version))
    there = clicking.answer(COMMANDS[version], texts)
    here = trtllm_reading.simulate(TABLE, version, words_of(tokens(*texts)), (), named=True)
    folded = any(reading.fault == "swallowed" for reading in here.readings)

    assert (here.starts is not False) == (there is not None) or folded, texts
    if there is not None and not folded:
        assert {dest: held.value for dest, held in here.values.items()} == there, texts


@settings(max_examples=200)
@given(
    texts=st.lists(st.one_of(st.text(max_size=12), st.sampled_from(("trtllm-serve", "serve", "--config", "=", "$(A)"))))
)
def test_no_vector_breaks_the_reading(texts: list[str]) -> None:
    """Whatever somebody writes, by every release at once."""
    parsed = parse(some(), "trtllm-serve", *texts)

    assert all(fact.value is not UNKNOWABLE for fact in parsed.values.values())
