"""The metrics of a baseline, named once: contracts, records and reports use these names.

Terms are the field's: TTFT (time to first token), ITL (gap between chunks), TPOT (time per output token after the first
chunk), E2E (until the last token). Times are seconds.
"""

from typing import Literal

from msgspec import Struct

Better = Literal["more", "less", "neither"]


class Measure(Struct, frozen=True):
    """One metric: its unit, which way is better, and whether it is told by quantiles or as one number."""

    name: str
    unit: str
    better: Better
    meaning: str
    quantiles: bool = False


def _time(name: str, meaning: str) -> Measure:
    return Measure(name, "s", "less", meaning, quantiles=True)


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("requests_per_second", "requests/s", "more", "requests completed per second"),
        Measure("output_tokens_per_second", "tokens/s", "more", "tokens generated per second"),
        Measure("input_tokens_per_second", "tokens/s", "more", "prompt tokens processed per second"),
        Measure("output_tokens_per_second_per_gpu", "tokens/s/GPU", "more", "tokens generated per second and GPU"),
        _time("ttft", "from the intended start of a request to its first token"),
        _time("itl", "between two chunks of one answer"),
        _time("tpot", "per token after the first chunk of an answer"),
        _time("e2e", "from the intended start of a request to its last token"),
        Measure("goodput", "requests/s", "more", "requests per second that met every service level objective"),
        Measure("error_rate", "ratio", "less", "requests that failed, of all that were sent"),
        Measure("effective_batch", "requests", "neither", "requests that an engine computes at once", quantiles=True),
        Measure("queue", "requests", "less", "requests that wait in an engine", quantiles=True),
        Measure("kv_cache_usage", "ratio", "less", "KV cache in use", quantiles=True),
        Measure("preemptions", "1/s", "less", "requests thrown out of the batch for want of KV cache, per second"),
        Measure(
            "prefix_cache_hit_rate", "ratio", "more", "prompt tokens found in the prefix cache, of those asked for"
        ),
        Measure("gpu_utilization", "ratio", "neither", "share of the time in which a kernel ran", quantiles=True),
        Measure("gpu_memory_used", "bytes", "neither", "GPU memory in use, of one GPU", quantiles=True),
    )
}
"""By name, in the order in which they are shown."""

TIMES = ("ttft", "itl", "tpot", "e2e")
QUANTILES = ("p50", "p90", "p95", "p99")
STATS = (*QUANTILES, "mean")
LIMITS = ("max_ratio", "min_ratio", "max_points", "min_points")
