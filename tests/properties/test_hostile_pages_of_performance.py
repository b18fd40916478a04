"""Pages of metrics from anything that may answer: read without a crash, within bounds, and with nothing made up."""

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines.live import performance

NAMES = [name for engine in performance.engines() for name in performance.wanted(engine)]
LINES = st.builds(
    lambda name, labels, value: f"{name}{labels} {value}",
    st.sampled_from(NAMES) | st.text(max_size=20),
    st.sampled_from(("", '{le="0.1"}', '{le="+Inf"}', '{le="x"}', '{le="nan"}', '{a="b",le="1"}', "{", '{a="'))
    | st.text(max_size=20),
    st.sampled_from(("0", "1", "-1", "NaN", "+Inf", "1e999", "x", "", "1 2 3")) | st.floats().map(str),
)
ENGINES = st.sampled_from((None, "unheard-of", *performance.engines()))


@given(st.lists(LINES, max_size=40).map("\n".join).map(str.encode) | st.binary(max_size=500), ENGINES)
def test_no_page_breaks_the_reader_or_makes_it_lie(page: bytes, engine: str | None) -> None:
    """Whatever comes: every value is a finite number that is not negative, every histogram cumulative."""
    found = performance.read(page, engine)

    assert all(isfinite(value) and value >= 0 for value in (*found.gauges.values(), *found.counters.values()))
    for buckets in found.histograms.values():
        assert list(buckets.counts) == sorted(buckets.counts)
        assert len(buckets.bounds) == len(buckets.counts)


def test_page_with_too_many_series_is_not_summed_in_part() -> None:
    """A sum over a part of the label sets would be a number that is wrong."""
    lines = (f'vllm:prompt_tokens_total{{lora="{each}"}} 1' for each in range(performance.MOST_SERIES + 2))
    found = performance.read("\n".join(lines).encode(), "vllm")

    assert found.empty
    assert found.troubles == ("it has more than 20,000 series of performance, and sums of a part say nothing",)


@pytest.mark.parametrize(
    ("page", "trouble"),
    [
        ("vllm:prompt_tokens_total -3", "vllm:prompt_tokens_total has a value that is no number of anything"),
        (
            (
                'vllm:e2e_request_latency_seconds_bucket{le="1"} 5\nvllm:e2e_request_latency_seconds_bucket{le="+Inf"} 3\n'
                "vllm:e2e_request_latency_seconds_sum 1"
            ),
            "vllm:e2e_request_latency_seconds has counts that are not cumulative",
        ),
        (
            'vllm:e2e_request_latency_seconds_bucket{le="1"} 5\nvllm:e2e_request_latency_seconds_sum 1',
            'vllm:e2e_request_latency_seconds has no bucket for everything (le="+Inf"), or a bound that is no number',
        ),
        (
            'vllm:e2e_request_latency_seconds_bucket{le="+Inf"} 3',
            "vllm:e2e_request_latency_seconds has no sum",
        ),
        (
            (
                'vllm:e2e_request_latency_seconds_bucket{engine="0",le="+Inf"} 3\nvllm:e2e_request_latency_seconds_sum{engine="0"} 1\n'
                'vllm:e2e_request_latency_seconds_bucket{engine="1",le="1"} 3\n'
                'vllm:e2e_request_latency_seconds_bucket{engine="1",le="+Inf"} 3\nvllm:e2e_request_latency_seconds_sum{engine="1"} 1'
            ),
            "vllm:e2e_request_latency_seconds has label sets with different buckets, which cannot be added up",
        ),
        ("up 1", "no engine that is known names its metrics so"),
    ],
)
def test_what_is_broken_is_a_trouble_in_words(page: str, trouble: str) -> None:
    """A series that cannot be understood is not there, and why is said."""
    found = performance.read(page.encode(), None)

    assert (found.empty, found.troubles) == (True, (trouble,))
