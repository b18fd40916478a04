"""Windows of any pages: nothing negative, nothing without a reason, and no number for what is not known."""

from itertools import pairwise
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from skewguard.judge.baseline import windows
from skewguard.language.baselines import Between, Buckets, Metric, Scrape, Watched
from skewguard.language.facts import Origin
from skewguard.language.measures import MEASURES

COUNTERS = (
    "requests",
    "aborted",
    "failed",
    "prompt_tokens",
    "output_tokens",
    "preemptions",
    "prefix_queries",
    "prefix_hits",
)
SIZES = st.floats(0, 1e9)
HISTOGRAMS = st.builds(
    lambda bounds, counts, total: Buckets(
        (*sorted(bounds), inf), tuple(sorted(float(each) for each in [*counts, 10_000][-len(bounds) - 1 :])), total
    ),
    st.just((0.1, 1.0)) | st.just((0.5,)),
    st.lists(st.integers(0, 9_999), min_size=2, max_size=2),
    SIZES,
)
SCRAPES = st.builds(
    Scrape,
    st.sampled_from("abc"),
    st.floats(1e9, 1e9 + 100),
    st.just(Origin("endpoint", "GET /metrics")),
    st.dictionaries(st.sampled_from(("running", "waiting", "kv_cache_usage")), SIZES),
    st.dictionaries(st.sampled_from(COUNTERS), SIZES),
    st.dictionaries(st.sampled_from(("ttft", "itl", "tpot", "e2e", "prompt_tokens", "output_tokens")), HISTOGRAMS),
    st.none() | st.sampled_from((1.0, 500.0)),
    st.booleans(),
)
WATCHED = st.builds(
    Watched,
    st.lists(SCRAPES, max_size=12).map(tuple),
    beat=st.none() | st.floats(0.1, 20),
    engine=st.sampled_from((None, "vllm")),
)


def _said(metric: Metric) -> int:
    """In how many ways a metric answers: a value, quantiles, or the reason why there is none."""
    return (metric.value is not None) + (metric.quantiles is not None) + (metric.gap is not None)


def _lows(metric: Metric) -> list[float]:
    numbers = [*(metric.quantiles or {}).values(), *([metric.value] if metric.value is not None else [])]
    return [(each.low or 0.0) if isinstance(each, Between) else each for each in numbers]


@given(WATCHED)
def test_every_metric_is_a_number_or_a_reason(watched: Watched) -> None:
    """Each metric stands there once, says one thing, and is never negative, whatever the pages hold."""
    window = windows.of_scrapes(watched, gpus=2)

    assert [metric.name for metric in window.metrics] == list(MEASURES)
    assert {_said(metric) for metric in window.metrics} == {1}
    assert all(low >= 0 for metric in window.metrics for low in _lows(metric))
    assert all(metric.mean is None or metric.mean >= 0 for metric in window.metrics)
    assert all(metric.gap != "" for metric in window.metrics)


@given(WATCHED)
def test_window_without_reason_against_it_counts_every_replica(watched: Watched) -> None:
    """A baseline is of the whole fleet: every replica that was seen is in it, and none of its counters fell."""
    window = windows.of_scrapes(watched)
    if window.invalid_because:
        return

    by_replica: dict[str, list[Scrape]] = {}
    for scrape in sorted(watched.scrapes, key=lambda each: each.at):
        by_replica.setdefault(scrape.replica, []).append(scrape)
    assert window.replicas == len(by_replica)
    for pages in by_replica.values():
        assert all(
            b.counters.get(name, value) >= value for a, b in pairwise(pages) for name, value in a.counters.items()
        )


@given(WATCHED)
def test_what_is_seen_beside_a_run_is_a_number_or_a_reason(watched: Watched) -> None:
    """Likewise what engines and GPUs show meanwhile."""
    assert {_said(metric) for metric in windows.beside_run(watched, within=(1e9, 1e9 + 50))} == {1}
