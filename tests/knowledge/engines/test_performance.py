"""What pages of metrics tell of performance, by engine and release."""

from math import inf

import pytest

from skewguard.knowledge.engines.live import performance
from skewguard.language.baselines import Buckets


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("vllm:gpu_cache_usage_perc 0.5", "kv_cache_usage", 0.5),
        ("vllm:kv_cache_usage_perc 0.25\nvllm:gpu_cache_usage_perc 0.5", "kv_cache_usage", 0.25),
        ("vllm:num_requests_running 3", "running", 3.0),
        ("sglang:num_queue_reqs 7", "waiting", 7.0),
        ("tgi_batch_current_size 5", "running", 5.0),
        ("llamacpp:requests_deferred 2", "waiting", 2.0),
        ("trtllm_kv_cache_utilization 0.5", "kv_cache_usage", 0.5),
        ("num_request_max 8\nnum_requests_running 6", "running", 6.0),
    ],
)
def test_gauges_have_one_name_for_every_engine_and_release(line: str, name: str, value: float) -> None:
    """Whatever an engine calls it, the newest of its names that the page has counts."""
    assert performance.read(line.encode(), None).gauges == {name: value}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("vllm:gpu_prefix_cache_queries_total 9", "prefix_queries"),
        ("vllm:prefix_cache_queries_total 9", "prefix_queries"),
        ("vllm:num_preemptions_total 9", "preemptions"),
        ("sglang:num_retracted_requests_total 9", "preemptions"),
        ("llamacpp:tokens_predicted_total 9", "output_tokens"),
        ("trtllm_prompt_cached_tokens_total 9", "prefix_hits"),
        ("tgi_request_success 9", "requests"),
    ],
)
def test_counters_have_one_name_for_every_engine_and_release(line: str, name: str) -> None:
    """Likewise what is counted."""
    assert performance.read(line.encode(), None).counters == {name: 9.0}


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("vllm:time_per_output_token_seconds", "itl"),
        ("vllm:inter_token_latency_seconds", "itl"),
        ("vllm:request_time_per_output_token_seconds", "tpot"),
        ("tgi_request_duration", "e2e"),
        ("sglang:prompt_tokens_histogram", "prompt_tokens"),
        ("trtllm_time_per_output_token_seconds", "tpot"),
    ],
)
def test_histograms_have_one_name_for_every_engine_and_release(name: str, ours: str) -> None:
    """vLLM's old time per output token is a time between steps: it is no TPOT under another name."""
    page = f'{name}_bucket{{le="1.0"}} 2\n{name}_bucket{{le="+Inf"}} 3\n{name}_sum 4.5'

    assert performance.read(page.encode(), None).histograms == {ours: Buckets((1.0, inf), (2.0, 3.0), 4.5)}


def test_engines_of_one_process_are_added_up_and_shares_averaged() -> None:
    """Two data-parallel engines run 3 and 5 requests in caches that are a half and a quarter full."""
    page = (
        'vllm:num_requests_running{engine="0"} 3\nvllm:num_requests_running{engine="1"} 5\n'
        'vllm:kv_cache_usage_perc{engine="0"} 0.5\nvllm:kv_cache_usage_perc{engine="1"} 0.25'
    )

    assert performance.read(page.encode(), "vllm").gauges == {"running": 8.0, "kv_cache_usage": 0.375}


def test_ranks_of_one_engine_that_report_the_same_count_once() -> None:
    """`--enable-metrics-for-all-schedulers` makes every tensor-parallel rank report the batch that all compute together."""
    page = "\n".join(
        f'sglang:num_running_reqs{{dp_rank="{group}",tp_rank="{rank}"}} {3 + group}'
        for group in (0, 1)
        for rank in (0, 1)
    )

    assert performance.read(page.encode(), "sglang").gauges == {"running": 7.0}


def test_adapters_are_summed() -> None:
    """Requests for a loaded adapter have its name for their model, and are requests to the same engine."""
    page = 'vllm:prompt_tokens_total{model_name="base"} 3\nvllm:prompt_tokens_total{model_name="sql-lora"} 4'

    assert performance.read(page.encode(), "vllm").counters == {"prompt_tokens": 7.0}


def test_requests_are_told_apart_by_how_they_ended() -> None:
    """Aborted and failed requests are among vLLM's successes, and no completed ones."""
    page = "\n".join(
        f'vllm:request_success_total{{finished_reason="{how}"}} {number}'
        for how, number in (("stop", 5), ("length", 3), ("abort", 2), ("error", 1))
    )

    assert performance.read(page.encode(), "vllm").counters == {"requests": 8.0, "aborted": 2.0, "failed": 1.0}


def test_engine_behind_another_is_the_one_that_is_read() -> None:
    """NIM is expected, and vLLM's own page stands behind it."""
    assert performance.read(b"vllm:num_requests_running 3", "nim").gauges == {"running": 3.0}


def test_lean_reading_passes_histograms_over() -> None:
    """Between the first and the last page only gauges and counters are of use."""
    page = b'vllm:num_requests_running 1\nvllm:e2e_request_latency_seconds_bucket{le="+Inf"} 1\nvllm:e2e_request_latency_seconds_sum 1'

    assert performance.read(page, "vllm", whole=False).histograms == {}
    assert set(performance.read(page, "vllm").histograms) == {"e2e"}


def test_pages_lie_where_their_engine_puts_them() -> None:
    """TensorRT-LLM and NIM have them elsewhere."""
    found = {engine: performance.path(engine) for engine in ("vllm", "trtllm", "nim")}

    assert found == {"vllm": "/metrics", "trtllm": "/prometheus/metrics", "nim": "/v1/metrics"}
