"""Answers about performance, made by hand: baselines, a comparison, a calibration, a list. Samples follow from a formula."""

import math
from collections.abc import Mapping
from typing import Any

from msgspec import structs

from skewguard.language.baselines import (
    Baseline,
    BaselineList,
    BaselineReport,
    Between,
    Calibration,
    CalibrationReport,
    Compared,
    Comparison,
    ComparisonReport,
    Difference,
    Instrument,
    Metric,
    Noise,
    Requests,
    Samples,
)
from skewguard.language.facts import Fact, Gap, Origin, Subject
from skewguard.language.loads import Load, Prompts, Spread
from skewguard.language.results import InputProblem
from tests.report.reports import TABLES

CHAT = Subject("Deployment", "chat", "prod", "vllm", group="apps", cluster="prod-eu")
STARTED = "2026-11-23T10:00:00Z"
SYNTHETIC = Prompts("synthetic", Spread(512, 512, 512), Spread(128, 128, 128), digest="sha256:" + "4f" * 32)
LOAD = Load("poisson", SYNTHETIC, rate=4.0, duration=60.0, warmup=10.0, ignore_eos=True)
KERNEL = Instrument("kernel", 0.00031, 0.00012, 0.004, 0.21, 0.4, 8, host="runner-7")


def samples(number: int = 240, slower: float = 1.0, failing: int = 0) -> Samples:
    """`number` requests, four a second, the first tenth of them warm-up. `failing` of the last have no answer."""
    made = Samples()
    for index in range(number):
        wave = (1 + math.sin(index * 2.399)) / 2
        intended = round(index / 4, 7)
        first = round(0.06 + 0.07 * wave**3, 7)
        tpot = round((0.0118 + 0.004 * wave**2) * slower, 7)
        failed = index >= number - failing
        tokens = 128
        made.intended.append(intended)
        made.sent.append(round(intended + 0.0002 * wave, 7))
        made.first.append(math.nan if failed else round(intended + first, 7))
        made.last.append(math.nan if failed else round(intended + first + tpot * (tokens - 1), 7))
        made.prompt_tokens.append(-1 if failed else 512)
        made.output_tokens.append(-1 if failed else tokens)
        made.first_tokens.append(-1 if failed else 1)
        made.chunks.append(0 if failed else 3)
        made.status.append(0 if failed else 200)
        made.failure.append("timeout" if failed else "")
        made.censored.append(index % 90 == 7)
        made.fresh.append(index < 4)
        made.phase.append(0 if index < number // 10 else 1)
        made.gap_counts.append(0 if failed else 2)
        made.gaps.extend(() if failed else (round(tpot * 60, 7), round(tpot * 67, 7)))
    return made


def quantiles(*numbers: float) -> Mapping[str, float]:
    """p50, p90, p95 and p99."""
    return dict(zip(("p50", "p90", "p95", "p99"), numbers, strict=True))


METRICS = (
    Metric("requests_per_second", "requests/s", 3.93, n=216, source="load client"),
    Metric("output_tokens_per_second", "tokens/s", 503.2, n=216, source="load client"),
    Metric("input_tokens_per_second", "tokens/s", 2012.8, n=216, source="load client"),
    Metric("output_tokens_per_second_per_gpu", "tokens/s/GPU", gap="nobody said how many GPUs it has"),
    Metric("ttft", "s", None, quantiles(0.0683, 0.1021, 0.1188, 0.1297), 0.0754, n=216, source="load client"),
    Metric("itl", "s", None, quantiles(0.0129, 0.0151, 0.0155, 0.0158), 0.0131, n=27432, source="load client"),
    Metric("tpot", "s", None, quantiles(0.0127, 0.0149, 0.0154, 0.0157), 0.0133, n=216, source="load client"),
    Metric("e2e", "s", None, quantiles(1.693, 1.998, 2.062, 2.125), 1.74, n=216, source="load client"),
    Metric("goodput", "requests/s", 3.9, n=216, source="load client"),
    Metric("error_rate", "ratio", 0.0, n=216, source="load client"),
    Metric("effective_batch", "requests", None, {"p50": 7.0, "p95": 11.0}, n=120, source="GET /metrics of 2 replicas"),
    Metric("queue", "requests", None, {"p50": 0.0, "p95": 1.0}, n=120, source="GET /metrics of 2 replicas"),
    Metric("kv_cache_usage", "ratio", None, {"p50": 0.113, "p95": 0.171}, n=120, source="GET /metrics of 2 replicas"),
    Metric("preemptions", "1/s", 0.0, n=2, source="GET /metrics of 2 replicas"),
    Metric("prefix_cache_hit_rate", "ratio", 0.034, n=2, source="GET /metrics of 2 replicas"),
    Metric("gpu_utilization", "ratio", gap="no exporter and no `--exec`: nobody may look at the GPUs"),
    Metric(
        "gpu_memory_used", "bytes", None, {"p50": 77309411328.0, "p95": 77309411328.0}, n=60, source="DCGM exporter"
    ),
)
DTYPE = Fact(
    "runtime.dtype",
    "bfloat16",
    "observed",
    Origin("log", "start-up log of pod chat-0"),
    ("VLLM_CONFIG_ROOT",),
    "2026-11-23T09:59:00Z",
)
NO_GPU = Gap(
    "hardware.gpu_class", "the node carries no label of its GPU", "label", ("gpu@node of(chat-0)",), "get nodes"
)

LOADED = Baseline(
    CHAT,
    STARTED,
    60.4,
    "load",
    LOAD,
    id="01JDA6K2Q4W8E0R5T7Y9ABCDEF",
    replicas=2,
    gpus=2,
    requests=Requests(240, 240),
    slo={"ttft": {"p95": 2.0}},
    instrument=KERNEL,
    metrics=METRICS,
    samples=samples(),
    facts=(DTYPE,),
    gaps=(NO_GPU,),
    inputs_digest="inp1:" + "9d" * 32,
    model="Qwen/Qwen3-8B",
    endpoint="http://chat.prod:8000",
    engine="vllm",
    version="0.11.0",
)


def _slower(metric: Metric) -> Metric:
    factor = {"tpot": 1.23, "itl": 1.23, "e2e": 1.21}.get(metric.name)
    if factor is None or metric.quantiles is None or metric.mean is None:
        return metric
    told = {name: round(number * factor, 7) for name, number in metric.quantiles.items() if isinstance(number, float)}
    return structs.replace(metric, quantiles=told, mean=metric.mean * factor)


SLOWER = structs.replace(
    LOADED,
    started_at="2026-11-24T10:00:00Z",
    id="01JDCR0V7N3S6K1M9P2XGHJKMN",
    metrics=tuple(_slower(metric) for metric in METRICS),
    samples=samples(slower=1.23),
)
INVALID = structs.replace(
    LOADED,
    id="01JDB9Z4M1C7F5H2J8KQRSTVWX",
    started_at="2026-11-23T16:20:00Z",
    duration=31.2,
    valid=False,
    partial=True,
    invalid_because=(
        "the load client was late: requests left 41 ms after their moment at p99, and the limit is 10 ms",
        "7.9 % of the requests failed, and the limit is 1 %",
    ),
    requests=Requests(126, 116, {"timeout": 7, "http": 3}, tokens_untold=2),
    instrument=Instrument("user", 0.041, None, 0.31, 0.98, None, 1, processes=1, tls=True),
    samples=samples(126, failing=10),
    notes=("ended after 31 s: more than 1 % of the requests failed",),
)
BUCKETS = {
    "p50": Between(0.06, 0.08),
    "p90": Between(0.1, 0.25),
    "p95": Between(0.1, 0.25),
    "p99": Between(0.25, None),
}
TRAFFIC = Baseline(
    CHAT,
    "2026-11-23T12:00:00Z",
    900.0,
    "traffic",
    Load("observed", Prompts("observed", Spread(811.4), Spread(203.2)), rate=2.61),
    id="01JDAD1F5G7H9J2K4M6NPQRSTV",
    replicas=3,
    requests=Requests(completed=2349),
    metrics=(
        Metric("requests_per_second", "requests/s", 2.61, n=2349, source="GET /metrics of 3 replicas"),
        Metric("output_tokens_per_second", "tokens/s", 530.4, n=2349, source="GET /metrics of 3 replicas"),
        Metric("ttft", "s", None, BUCKETS, 0.091, n=2349, source="histogram of 3 replicas"),
        Metric("tpot", "s", gap="this version of vLLM counts no such histogram"),
        Metric(
            "e2e", "s", None,
            {"p50": Between(2.0, 2.5), "p90": Between(5.0, 10.0), "p95": Between(5.0, 10.0), "p99": Between(10.0, 15.0)},
            n=2349, source="histogram of 3 replicas",
        ),
    ),
    model="Qwen/Qwen3-8B",
    engine="vllm",
    version="0.11.0",
    notes=("pod chat-2 restarted at 12:07: its counters began anew, and what came before is counted",),
)  # fmt: skip

WORSE = Compared(
    "tpot", "p95", "s", "worse", 0.0154, 0.0189, 1.23, (1.19, 1.27), tolerance="at most 1.1x",
    reason="the whole interval lies beyond the tolerance",
)  # fmt: skip
COMPARISON = Comparison(
    LOADED.id,
    SLOWER.id,
    True,
    (Difference("image digest", "sha256:1111…", "sha256:2222…", blocks=False, reason="another build of the engine"),),
    (
        Compared("output_tokens_per_second", "value", "tokens/s", "same", 503.2, 501.9, 0.9974, (0.99, 1.004), tolerance="at least 0.95x"),
        Compared("ttft", "p95", "s", "same", 0.1188, 0.1201, 1.011, (0.93, 1.1), tolerance="at most 1.2x"),
        Compared(
            "ttft", "p99", "s", "inconclusive", 0.1297, 0.1502, 1.158, (0.9, 1.44), tolerance="at most 1.3x",
            reason="the interval reaches over the tolerance: 216 requests are too few for p99",
        ),
        WORSE,
        Compared("e2e", "p95", "s", "worse", 2.062, 2.495, 1.21, (1.18, 1.24), tolerance="at most 1.2x"),
        Compared("goodput", "value", "requests/s", "same", 3.9, 3.9, 1.0, (0.98, 1.02), tolerance="at least 0.95x"),
        Compared(
            "gpu_utilization", "mean", "ratio", "better", 0.91, 0.84, -0.07, (-0.08, -0.06), points=True,
            tolerance="at most 10 points more",
        ),
        Compared("gpu_memory_used", "p95", "bytes", "same", 77309411328.0, 77309411328.0, 1.0, (1.0, 1.0), tolerance="at most 1.05x"),
    ),
    calibrated=True,
)  # fmt: skip
REFUSED = Comparison(
    LOADED.id,
    TRAFFIC.id,
    False,
    (
        Difference("rate", "4 requests/s", "2.61 requests/s", reason="more than 20 % apart"),
        Difference("replicas", "2", "3", reason="another number of engines shares the load"),
        Difference("mean prompt", "512 tokens", "811.4 tokens", reason="more than 20 % apart"),
    ),
)
CALIBRATION = Calibration(
    CHAT,
    LOAD,
    "2026-11-23T11:00:00Z",
    ("01JDA6K2Q4W8E0R5T7Y9ABCDEF", "01JDA6R8Z1B3C5D7F9GHJKMNPQ", "01JDA6XAV2W4X6Y8Z0123456AB"),
    (
        Noise("output_tokens_per_second", "value", 0.0041, 0.0016, 3),
        Noise("ttft", "p95", 0.061, 0.024, 3),
        Noise("tpot", "p95", 0.0093, 0.0036, 3),
        Noise("gpu_utilization", "mean", 0.008, 0.003, 3, points=True),
    ),
    inputs_digest=LOADED.inputs_digest,
)

PERFORMANCE_REPORTS: Mapping[str, Any] = {
    "baseline": BaselineReport((LOADED,), stored="/home/dev/.local/share/skewguard/records.db", tables=TABLES),
    "baseline-against": BaselineReport(
        (SLOWER,), against=LOADED, comparison=COMPARISON, stored="/home/dev/records.db", tables=TABLES, exit_code=1
    ),
    "baseline-invalid": BaselineReport((INVALID,), tables=TABLES, notes=("not stored: it is invalid",), exit_code=3),
    "baseline-traffic": BaselineReport((TRAFFIC,), tables=TABLES),
    "baseline-unreadable": BaselineReport(
        errors=(InputProblem("run.json", "this baseline cannot be read as JSON", 1, 1, "export it again"),), exit_code=2
    ),
    "comparison": ComparisonReport(COMPARISON, LOADED, SLOWER, TABLES, exit_code=1),
    "comparison-refused": ComparisonReport(REFUSED, LOADED, TRAFFIC, TABLES, exit_code=3),
    "calibration": CalibrationReport(CALIBRATION, (LOADED,), "/home/dev/records.db", TABLES),
    "calibration-impossible": CalibrationReport(
        notes=("one baseline of this subject at this load is there, and two are needed",), exit_code=3
    ),
    "baselines": BaselineList(
        "/home/dev/records.db",
        tuple(structs.replace(each, samples=None) for each in (SLOWER, INVALID, TRAFFIC, LOADED)),
        TABLES,
    ),
    "baselines-none": BaselineList("/home/dev/records.db"),
}
