"""What other load tools wrote, as they wrote it: every number with our unit, and a gap for each that is not theirs to tell."""

import contextlib
import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.baselines import Baseline
from skewguard.language.errors import InputError
from skewguard.language.facts import Subject
from skewguard.language.measures import MEASURES
from skewguard.observe.sources import reports

DATA = Path(__file__).parents[1] / "data" / "load-reports"
CHAT = Subject("Deployment", "chat", "prod")


def read(name: str, **beside: str) -> tuple[Baseline, ...]:
    """A kept report, with the kept files that lie beside it."""
    path = DATA / name
    text = path.read_text()
    near = {each: (path.parent / each).read_text() for each in reports.companions(text, str(path))
            if (path.parent / each).exists()}  # fmt: skip
    return reports.read(text, str(path), {**near, **beside}, None)


def read_tree(tree: Any, name: str = "report.json", **beside: Any) -> tuple[Baseline, ...]:
    """A report that is written here."""
    return reports.read(json.dumps(tree), name, {key: json.dumps(each) for key, each in beside.items()}, CHAT)


def kept(name: str) -> Any:
    """The tree of a kept report."""
    text = (DATA / name).read_text()
    return yaml.safe_load(text) if name.endswith(".yaml") else json.loads(text)


def quantile(baseline: Baseline, name: str, stat: str) -> float:
    """One quantile, which has to be there."""
    metric = baseline.metric(name)
    assert metric is not None
    assert metric.quantiles is not None
    value = metric.quantiles[stat]
    assert isinstance(value, float)
    return value


def value(baseline: Baseline, name: str) -> object:
    """One number."""
    metric = baseline.metric(name)
    assert metric is not None
    return metric.value


def gap(baseline: Baseline, name: str) -> str:
    """Why there is no number."""
    metric = baseline.metric(name)
    assert metric is not None
    assert metric.gap is not None
    return metric.gap


# ---- all formats -----------------------------------------------------------------------------------------------------

EVERY = (
    ("vllm-0.32.0-detailed.json", "vllm bench serve"),
    ("vllm-0.32.0-appended.json", "vllm bench serve"),
    ("guidellm-0.8.1-constant.json", "GuideLLM 0.8.1"),
    ("guidellm-0.8.1-concurrent.yaml", "GuideLLM 0.8.1"),
    ("aiperf/profile_export_aiperf.json", "AIPerf 0.13.0"),
    ("inference-perf/stage_0_lifecycle_metrics.json", "inference-perf"),
    ("inference-perf/summary_lifecycle_metrics.json", "inference-perf"),
)


@pytest.mark.parametrize(("name", "tool"), EVERY)
def test_every_tool_is_told_by_what_it_wrote(name: str, tool: str) -> None:
    """Under any file name; each answer has a time in seconds, and every metric is a number or says why not."""
    text = (DATA / name).read_text()
    for baseline in reports.read(text, "anything.txt", {}, CHAT):
        assert (baseline.made_by, baseline.kind, baseline.subject) == (tool, "load", CHAT)
        assert [metric.name for metric in baseline.metrics] == list(MEASURES)
        assert all(metric.gap or metric.source for metric in baseline.metrics)
        assert 0.02 < quantile(baseline, "ttft", "p50") < 0.2


@pytest.mark.parametrize(("name", "tool"), EVERY)
def test_what_no_tool_measures_is_a_gap(name: str, tool: str) -> None:
    """None of them saw a GPU, and none of them knows how many there are."""
    for baseline in read(name):
        assert tool in gap(baseline, "gpu_utilization")
        assert tool in gap(baseline, "output_tokens_per_second_per_gpu")


@pytest.mark.parametrize("name", [name for name, _ in EVERY])
@given(data=st.data())
def test_a_damaged_report_is_read_or_refused(name: str, data: st.DataObject) -> None:
    """Whatever stands in one place of it instead: a baseline without a false number of requests, or a message."""
    tree = copy.deepcopy(kept(name) if not name.endswith("appended.json") else {"a": 1})
    _damage(tree, data)
    with contextlib.suppress(InputError):
        for each in read_tree(tree):
            assert all(metric.gap or math.isfinite(metric.mean or 0.0) for metric in each.metrics)


def _damage(tree: Any, data: st.DataObject) -> None:
    """Put something else into one place of a tree."""
    while True:
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        key = data.draw(st.sampled_from(keys))
        inside = tree[key]
        if not isinstance(inside, (dict, list)) or not inside or data.draw(st.integers(0, 3)) == 0:
            tree[key] = data.draw(st.sampled_from([None, "x", -1, 1e400, True, [], {}, [None], [["x"]], {"avg": "x"}]))
            return
        tree = inside


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ('{"a": 1, "b": ', "ends in the middle"),
        ('{"a": 1, b}', "is no JSON"),
        ('{"a": 1}', "no report that is known"),
        ("[1, 2]", "no report that is known"),
        ("a: [1", "report.json"),
        ("[" * 100_000, "report.json"),
    ],
)
def test_what_is_no_report_is_refused(text: str, words: str) -> None:
    """With what is wrong and where, and never with a traceback."""
    with pytest.raises(InputError) as caught:
        reports.read(text, "report.json", {}, None)
    assert words in f"{caught.value.message} {caught.value.file}"


@pytest.mark.parametrize("name", ["sk-ABCDEFGHIJKLMNOPQRST1234", "org/hf_ABCDEFGHIJKLMNOPQRSTUVWX"])
def test_a_model_that_looks_like_a_key_is_nobody_s_name(name: str) -> None:
    """It is neither shown nor kept as the subject: --as says whose numbers they are, and then they are read."""
    text = json.dumps({**kept("vllm-0.32.0-detailed.json"), "model_id": name})
    with pytest.raises(InputError, match="looks like a key") as caught:
        reports.read(text, "x.json", {}, None)
    assert name not in f"{caught.value} {caught.value.hint}"
    assert reports.read(text, "x.json", {}, CHAT)[0].subject == CHAT


def test_an_endpoint_is_named_without_what_was_asked_of_it() -> None:
    """A query may hold a key; a host that is called after tokens holds none."""
    tree = kept("guidellm-0.8.1-constant.json")
    tree["benchmarks"][0]["config"]["backend"]["target"] = "https://token-gateway:8443/v1/?api_key=abcdefgh12345678"
    (baseline,) = reports.read(json.dumps(tree), "x.json", {}, None)
    assert baseline.subject.name == "token-gateway:8443/v1"


def test_a_report_that_names_nobody_asks_whose_it_is() -> None:
    """Numbers of nobody cannot be kept: --as says whose they are."""
    with pytest.raises(InputError, match="neither the endpoint nor the model") as caught:
        reports.read((DATA / "inference-perf/stage_0_lifecycle_metrics.json").read_text(), "x.json", {}, None)
    assert "--as" in (caught.value.hint or "")


# ---- vllm bench serve ------------------------------------------------------------------------------------------------


def test_vllm_rows_become_samples() -> None:
    """With --save-detailed every request is a row in seconds since the first was sent, and every gap is kept."""
    (baseline,) = read("vllm-0.32.0-detailed.json")
    samples = baseline.samples
    assert samples is not None
    tree = kept("vllm-0.32.0-detailed.json")
    assert samples.sent[0] == 0.0
    assert samples.first[3] - samples.sent[3] == pytest.approx(tree["ttfts"][3])
    assert samples.last[3] - samples.sent[3] == pytest.approx(tree["latencies"][3])
    assert len(samples.gaps) == sum(samples.gap_counts) == 20 * 15
    assert set(samples.output_tokens) == {16}


def test_vllm_milliseconds_become_seconds() -> None:
    """Its summaries are in milliseconds, and say in their source what they mean."""
    (baseline,) = read("vllm-0.32.0-detailed.json")
    assert quantile(baseline, "ttft", "p99") == pytest.approx(kept("vllm-0.32.0-detailed.json")["p99_ttft_ms"] / 1e3)
    tpot = baseline.metric("tpot")
    assert tpot is not None
    assert "over all tokens but one" in tpot.source


def test_vllm_rows_fill_what_the_summary_left_out() -> None:
    """By default it tells the median and p99; the rows tell the rest."""
    tree = kept("vllm-0.32.0-detailed.json")
    short = {key: each for key, each in tree.items() if not key.startswith(("p90", "p95", "p50"))}
    (whole,), (less,) = read_tree(tree), read_tree(short)
    assert quantile(less, "e2e", "p95") == pytest.approx(quantile(whole, "e2e", "p95"))


def test_vllm_appended_runs_are_baselines_each() -> None:
    """--append-result writes one JSON document a line; the second had --goodput."""
    first, second = read("vllm-0.32.0-appended.json")
    assert (first.load.concurrency, second.load.concurrency) == (4, 2)
    assert "without --goodput" in gap(first, "goodput")
    assert value(second, "goodput") == pytest.approx(9.795, rel=1e-3)
    assert first.requests.failed == {"untold": 2}
    assert "--percentile-metrics" in gap(first, "e2e")


def test_an_older_vllm_report_has_no_count_of_failures() -> None:
    """What was asked for and not completed failed; without `latencies` the gaps tell when an answer ended."""
    tree = kept("vllm-0.32.0-detailed.json")
    for key in ("failed", "latencies", "queue_times", "backend"):
        tree.pop(key)
    tree["num_prompts"] = 25
    tree["errors"] = ["", *tree["errors"][1:]]
    plain = {key: each for key, each in tree.items() if not isinstance(each, list)}
    (baseline,) = read_tree(plain)
    assert baseline.requests.failed == {"untold": 5}
    assert value(baseline, "error_rate") == pytest.approx(0.2)
    (rows,) = read_tree(tree)
    assert rows.samples is not None
    assert rows.samples.last[0] == pytest.approx(tree["ttfts"][0] + math.fsum(tree["itls"][0]))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Service Unavailable", "http"),
        ("Traceback ... asyncio.TimeoutError", "timeout"),
        ("Cannot connect to host chat:8000 ssl:default", "refused"),
        ("aiohttp.ServerDisconnectedError: Server disconnected", "reset"),
        ("Too Many Requests", "rate-limited"),
        ("something else", "untold"),
    ],
)
def test_vllm_errors_have_the_kind_that_their_words_say(words: str, kind: str) -> None:
    """A failed request is a row without times, and its kind is no guess."""
    tree = kept("vllm-0.32.0-detailed.json")
    tree["errors"][2], tree["completed"], tree["failed"] = words, 19, 1
    (baseline,) = read_tree(tree)
    assert baseline.requests.failed == {kind: 1}
    assert baseline.samples is not None
    assert sum(map(math.isnan, baseline.samples.first)) == 1


@pytest.mark.parametrize(
    ("traffic", "profile"),
    [
        ({"request_rate": "inf", "max_concurrency": None}, "burst"),
        ({"request_rate": "inf", "max_concurrency": 8}, "concurrency"),
        ({"request_rate": 3.0, "burstiness": 1.0}, "poisson"),
        ({"request_rate": 3.0, "burstiness": 1e6}, "constant"),
        ({"request_rate": "inf", "ramp_up_strategy": "linear"}, "stages"),
    ],
)
def test_vllm_arrivals(traffic: dict[str, Any], profile: str) -> None:
    """Rate, burstiness and concurrency say how requests arrived."""
    (baseline,) = read_tree({**kept("vllm-0.32.0-detailed.json"), **traffic})
    assert baseline.load.profile == profile


@pytest.mark.parametrize(
    "traffic",
    [{"request_rate": None}, {"request_rate": 3.0, "burstiness": 0.5}, {"request_rate": 3.0, "burstiness": 2.0}],
    ids=["no rate", "in lumps", "between random and even"],
)
def test_vllm_arrivals_that_are_none_of_ours_are_untold(traffic: dict[str, Any]) -> None:
    """Without a rate nobody knows, and lumps are not `poisson`: the rate stands, how requests came at it is not guessed."""
    (baseline,) = read_tree({**kept("vllm-0.32.0-detailed.json"), **traffic})
    assert (baseline.load.profile, baseline.load.rate) == ("untold", traffic["request_rate"])


@pytest.mark.parametrize(
    ("backend", "api"),
    [
        ({"backend": "openai-chat"}, "chat"),
        ({"backend": "vllm"}, "completions"),
        ({"endpoint_type": "openai-chat"}, "chat"),
        ({"backend": "tgi"}, "untold"),
        ({}, "untold"),
    ],
)
def test_vllm_tells_the_api_by_its_backend(backend: dict[str, str], api: str) -> None:
    """Some releases name it `endpoint_type` alone; an API of its own is neither of ours, and none is not `completions`."""
    tree = {
        key: each for key, each in kept("vllm-0.32.0-detailed.json").items() if key not in ("backend", "endpoint_type")
    }
    (baseline,) = read_tree({**tree, **backend})
    assert baseline.load.api == api


def test_a_run_without_any_answer_is_no_baseline() -> None:
    """vLLM writes zeros then: they are gaps here, and the baseline is invalid."""
    tree = {key: each for key, each in kept("vllm-0.32.0-detailed.json").items() if not isinstance(each, list)}
    zeros = {key: 0.0 for key in tree if key.endswith("_ms")}
    (baseline,) = read_tree({**tree, **zeros, "completed": 0, "failed": 20})
    assert not baseline.valid
    assert baseline.invalid_because
    assert "nothing was measured" in gap(baseline, "ttft")


# ---- GuideLLM --------------------------------------------------------------------------------------------------------


def test_guidellm_calls_tpot_inter_token_latency() -> None:
    """Its own TPOT counts the first token's time too and is left out; the time between chunks it does not keep."""
    (baseline,) = read("guidellm-0.8.1-constant.json")
    assert quantile(baseline, "tpot", "p50") == pytest.approx(0.00833, rel=1e-2)
    assert "one mean of each request" in gap(baseline, "itl")


def test_guidellm_load_and_requests() -> None:
    """What was really scheduled is told by each benchmark, and its rows have the intended start apart."""
    (baseline,) = read("guidellm-0.8.1-constant.json")
    assert (baseline.load.profile, baseline.load.rate, baseline.load.seed) == ("constant", 5.0, 42)
    assert baseline.subject == Subject("Endpoint", "engine.example:8000")
    assert baseline.requests.failed == {"untold": 2}
    assert baseline.samples is not None
    assert baseline.samples.intended == pytest.approx([0.2 * each for each in range(8)], abs=1e-3)
    assert value(baseline, "requests_per_second") == pytest.approx(6 / baseline.duration)


def test_guidellm_before_version_two_tells_its_target_elsewhere() -> None:
    """Version 1 has `args`; the oldest has no version, the strategy under `args` and the counts beside the metrics."""
    tree = kept("guidellm-0.8.1-constant.json")
    run = tree["benchmarks"][0]
    old = {
        "args": {"target": "http://me:secret@old.example/", "model": "m", "profile": "constant", "rate": [5.0]},
        "benchmarks": [
            {
                "args": {"strategy": run["config"]["strategy"]},
                "metrics": {key: each for key, each in run["metrics"].items() if key != "request_totals"},
                "request_totals": run["metrics"]["request_totals"],
                "start_time": run["start_time"],
                "end_time": run["end_time"],
            }
        ],
    }
    (baseline,) = reports.read(json.dumps(old), "x.json", {}, None)
    assert (baseline.subject.name, baseline.made_by, baseline.model) == ("old.example", "GuideLLM", "m")
    assert (baseline.load.profile, baseline.requests.completed) == ("constant", 6)
    assert baseline.duration == pytest.approx(1.512, rel=1e-3)


def test_guidellm_tells_what_it_has_no_word_for_as_untold() -> None:
    """A strategy of a later release, and no format of requests: neither is taken for the usual one."""
    tree = kept("guidellm-0.8.1-constant.json")
    tree["benchmarks"][0]["config"]["strategy"]["type_"] = "tidal"
    tree["benchmarks"][0]["config"]["backend"].pop("request_format")
    (baseline,) = read_tree(tree)
    assert (baseline.load.profile, baseline.load.rate, baseline.load.api) == ("untold", 5.0, "untold")


@pytest.mark.parametrize(
    ("word", "api"),
    [("text_completions", "completions"), ("chat_completions", "chat"), ("audio_translation", "untold")],
)
def test_guidellm_of_version_one_names_its_api_in_its_arguments(word: str, api: str) -> None:
    """As the format of its requests."""
    tree = kept("guidellm-0.8.1-constant.json")
    tree["benchmarks"][0]["config"].pop("backend")
    tree.pop("config")
    (baseline,) = read_tree({**tree, "args": {"model": "m", "data_request_formatter": word}})
    assert baseline.load.api == api


def test_a_newer_guidellm_report_is_refused() -> None:
    """Its units may be others."""
    tree = kept("guidellm-0.8.1-constant.json")
    tree["metadata"]["version"] = 3
    with pytest.raises(InputError, match="version 3"):
        read_tree(tree)


def test_guidellm_rows_that_are_a_sample_are_left_out() -> None:
    """With `sample_size` it keeps some requests only; an interval over those would claim too much."""
    tree = kept("guidellm-0.8.1-constant.json")
    tree["benchmarks"][0]["requests"]["successful"].pop()
    (baseline,) = read_tree(tree)
    assert baseline.samples is None


# ---- AIPerf ----------------------------------------------------------------------------------------------------------


def test_aiperf_rows_lie_beside_its_summary() -> None:
    """They tell failures by kind, the moment of the start, and the time between chunks."""
    (baseline,) = read("aiperf/profile_export_aiperf.json")
    assert baseline.requests.failed == {"http": 3}
    assert baseline.started_at == "2026-11-28T09:46:12+00:00"
    assert baseline.samples is not None
    assert len(baseline.samples.gaps) == 63
    assert quantile(baseline, "itl", "p50") == pytest.approx(0.0083, rel=1e-2)


def test_aiperf_counts_by_the_server_where_it_can() -> None:
    """Its own tokenizer counted three times as many: throughput takes the server's, TPOT cannot, and that is said."""
    (baseline,) = read("aiperf/profile_export_aiperf.json")
    assert value(baseline, "output_tokens_per_second") == pytest.approx(72 / baseline.duration)
    assert any("216 by its own tokenizer, 72 by the server" in note for note in baseline.notes)


def test_aiperf_without_the_newer_metrics() -> None:
    """A release of 2025: its own count, no time between chunks, and errors in the summary alone."""
    tree = kept("aiperf/profile_export_aiperf.json")
    old = {key: each for key, each in tree.items()
           if not key.startswith(("total_usage", "usage", "inter_chunk", "schema", "aiperf"))}  # fmt: skip
    (baseline,) = read_tree(old)
    assert baseline.made_by == "AIPerf"
    assert value(baseline, "output_tokens_per_second") == pytest.approx(216 / baseline.duration)
    assert "inter_chunk_latency" in gap(baseline, "itl")
    assert baseline.requests.failed == {"http": 3}


@pytest.mark.parametrize(
    ("phase", "profile"),
    [
        ({"type": "poisson", "rate": 4.0}, "poisson"),
        ({"type": "constant", "rate": 4.0}, "constant"),
        ({"type": "concurrency", "concurrency": 4}, "concurrency"),
        ({"type": "fixed_schedule"}, "trace"),
        ({"type": "gamma", "rate": 4.0}, "untold"),
        ({"type": "user_centric", "rate": 4.0}, "untold"),
        ({"rate": 4.0}, "untold"),
        ({}, "untold"),
    ],
)
def test_aiperf_arrivals_are_those_of_its_phase(phase: dict[str, Any], profile: str) -> None:
    """A rate alone does not say how requests came at it, and neither does nothing at all."""
    tree = kept("aiperf/profile_export_aiperf.json")
    tree["input_config"]["phases"] = [{"kind": "profiling", **phase}]
    (baseline,) = read_tree(tree)
    assert (baseline.load.profile, baseline.load.rate) == (profile, phase.get("rate"))


@pytest.mark.parametrize("endpoint", [{}, {"type": "embeddings"}])
def test_aiperf_leaves_out_what_nobody_set(endpoint: dict[str, str]) -> None:
    """Which API it then asked is not told; that answers were streamed is, by their time to the first token."""
    tree = kept("aiperf/profile_export_aiperf.json")
    tree["input_config"]["endpoint"] = endpoint
    (baseline,) = read_tree(tree)
    assert (baseline.load.api, baseline.load.stream) == ("untold", True)
    tree.pop("time_to_first_token")
    (silent,) = read_tree(tree)
    assert silent.load.stream is None


def test_an_unknown_unit_is_a_gap() -> None:
    """A number in a unit that nobody knows is no number."""
    tree = kept("aiperf/profile_export_aiperf.json")
    tree["time_to_first_token"]["unit"] = "fortnights"
    (baseline,) = read_tree(tree)
    assert "fortnights" in gap(baseline, "ttft")


def test_aiperf_rows_alone_name_the_file_that_is_missing() -> None:
    """One row is no report."""
    with pytest.raises(InputError) as caught:
        reports.read((DATA / "aiperf/profile_export.jsonl").read_text(), "x", {}, CHAT)
    assert "profile_export_aiperf.json" in (caught.value.hint or "")


# ---- inference-perf --------------------------------------------------------------------------------------------------


def test_inference_perf_stage_takes_its_load_from_the_configuration() -> None:
    """Its stages are numbered by file name; the report in the other format says when it was."""
    (baseline,) = read("inference-perf/stage_0_lifecycle_metrics.json")
    load = baseline.load
    assert (load.profile, load.rate, load.duration, load.ignore_eos) == ("poisson", 4.0, 3.0, True)
    assert baseline.started_at.startswith("2026-11-28T09:53:12")
    assert baseline.requests.failed == {"http": 2}
    assert any("type constant at random" in note for note in baseline.notes)
    (other,) = read("inference-perf/stage_1_lifecycle_metrics.json")
    assert (other.load.rate, other.started_at) == (8.0, "")


def test_inference_perf_without_its_configuration_says_what_is_not_told() -> None:
    """Arrivals and the API stand in that file alone."""
    stage = (DATA / "inference-perf/stage_0_lifecycle_metrics.json").read_text()
    (baseline,) = reports.read(stage, "stage_0_lifecycle_metrics.json", {}, CHAT)
    assert any("how its requests arrived" in note and "which API was asked" in note for note in baseline.notes)
    assert (baseline.load.profile, baseline.load.rate, baseline.load.api) == ("untold", 4.0, "untold")
    assert baseline.load.ignore_eos is None


def test_inference_perf_closed_loop_is_told_without_its_configuration() -> None:
    """The stage itself says how many requests were under way; only the API is not told."""
    tree = kept("inference-perf/stage_0_lifecycle_metrics.json")
    tree["load_summary"] = {"count": 12, "concurrency": 4}
    (baseline,) = read_tree(tree)
    assert (baseline.load.profile, baseline.load.concurrency, baseline.load.api) == ("concurrency", 4, "untold")
    assert not any("how its requests arrived" in note for note in baseline.notes)


@pytest.mark.parametrize(
    ("load", "asked", "told"),
    [
        ({"type": "poisson", "stages": []}, {"type": "chat"}, ("poisson", "chat")),
        ({"type": "tidal", "stages": []}, {"type": "responses"}, ("untold", "untold")),
        ({"stages": []}, {}, ("untold", "untold")),
    ],
)
def test_inference_perf_configuration_that_says_nothing_of_ours_is_untold(
    load: dict[str, Any], asked: dict[str, Any], told: tuple[str, str]
) -> None:
    """A type of load or API that is not known is not taken for one that is."""
    beside = {"config.yaml": json.dumps({"load": {"interval": 1.0, **load}, "api": asked})}
    stage = json.dumps(kept("inference-perf/stage_0_lifecycle_metrics.json"))
    (baseline,) = reports.read(stage, "stage_0_lifecycle_metrics.json", beside, CHAT)
    assert (baseline.load.profile, baseline.load.api) == told


def test_inference_perf_takes_what_the_server_said() -> None:
    """The averages of Prometheus stand beside it; where it had none, it wrote zeros."""
    tree = kept("inference-perf/stage_0_lifecycle_metrics.json")
    server = {"successes": {"queue_len": {"mean": 3.5}, "kv_cache_usage_percentage": {"mean": 0.0, "p90": 0.0},
                            "prefix_cache_hit_percent": {"mean": 40.0}}}  # fmt: skip
    text = json.dumps(server)
    name = "stage_0_lifecycle_metrics.json"
    (baseline,) = reports.read(json.dumps(tree), name, {"stage_0_prometheus_metrics.json": text}, CHAT)
    queue = baseline.metric("queue")
    hits = baseline.metric("prefix_cache_hit_rate")
    assert queue is not None
    assert hits is not None
    assert queue.mean == 3.5
    assert hits.mean == pytest.approx(0.4)
    assert "nothing was measured" in gap(baseline, "kv_cache_usage")


def test_an_older_inference_perf_report_counts_by_itself() -> None:
    """It had no duration and no tokens by the server: count over rate, and its own tokens."""
    tree = kept("inference-perf/stage_0_lifecycle_metrics.json")
    tree.pop("benchmark_time_seconds")
    tree["successes"].pop("output_tokens")
    (baseline,) = read_tree(tree)
    assert baseline.duration == pytest.approx(3.064, rel=1e-3)
    rate = tree["successes"]["throughput"]["output_tokens_per_sec"]
    assert value(baseline, "output_tokens_per_second") == pytest.approx(rate)


# ---- llm-d -----------------------------------------------------------------------------------------------------------

STATS = {"units": "ms", "mean": 40.0, "p50": 38.0, "p90": 50.0, "p99": 70.0}


def bench_report(version: str = "0.2.1", tool: str = "inference-perf") -> Any:
    """A report of one decode pool with two replicas of four GPUs."""
    count = {"units": "count", "mean": 512.0}
    return {
        "version": version,
        "run": {"uid": "u", "time": {"start": "2026-03-01T10:00:00Z", "duration": "PT1M30.5S"}},
        "scenario": {
            "load": {"standardized": {"tool": tool, "tool_version": "0.3.0", "rate_qps": 10.0, "source": "random"}},
            "stack": [
                {
                    "metadata": {"label": "decode"},
                    "standardized": {
                        "kind": "inference_engine",
                        "replicas": 2,
                        "model": {"name": "org/model"},
                        "accelerator": {"model": "NVIDIA-H100-80GB-HBM3", "count": 4, "parallelism": {"tp": 4}},
                    },
                },
                {"metadata": {"label": "router"}, "standardized": {"kind": "generic"}},
            ],
        },
        "results": {
            "request_performance": {
                "aggregate": {
                    "requests": {"total": 900, "failures": 9, "input_length": count, "output_length": count},
                    "latency": {"time_to_first_token": STATS, "request_latency": {**STATS, "units": "s"},
                                "inter_token_latency": {**STATS, "units": "ms/token"},
                                "time_per_output_token": {"units": "s/token", "mean": 0.02, "p50": 0.02}},
                    "throughput": {"output_token_rate": {"units": "tokens/s", "mean": 4000.0}},
                }
            },
            "observability": {"components": [{"component_label": "decode", "aggregate": {
                "kv_cache_usage": {"units": "percent", "mean": 40.0, "p50": 42.0},
                "gpu_memory_usage": {"units": "GiB", "mean": 60.0, "p50": 61.0},
                "waiting_requests": {"units": "count", "mean": 0.0, "p50": 0.0}}}]},
        },
    }  # fmt: skip


def test_a_benchmark_report_is_bound_to_what_it_ran_on() -> None:
    """Replicas, GPUs of all of them, and what the stack says of itself, as declared facts."""
    (baseline,) = reports.read(yaml.safe_dump(bench_report()), "br.yaml", {}, None)
    assert (baseline.replicas, baseline.gpus, baseline.model) == (2, 8, "org/model")
    assert baseline.duration == 90.5
    facts = {fact.setting: fact.value for fact in baseline.facts}
    assert facts["parallelism.tensor"] == 4
    assert str(facts["hardware.gpu_class"]).startswith("H100")
    assert {fact.authority for fact in baseline.facts} == {"declared"}
    assert value(baseline, "output_tokens_per_second_per_gpu") == 500.0


@pytest.mark.parametrize(
    ("load", "profile"),
    [
        ({"rate_qps": 10.0}, "untold"),
        ({"rate_qps": 10.0, "concurrency": 8}, "untold"),
        ({"concurrency": 8}, "concurrency"),
        ({}, "untold"),
    ],
)
def test_a_benchmark_report_tells_a_rate_but_not_the_arrivals(load: dict[str, Any], profile: str) -> None:
    """Nor ever which API was asked: both are said to be missing."""
    tree = bench_report()
    tree["scenario"]["load"]["standardized"] = load
    (baseline,) = read_tree(tree)
    told = baseline.load
    assert (told.profile, told.rate, told.concurrency) == (profile, load.get("rate_qps"), load.get("concurrency"))
    assert told.api == "untold"
    assert any("which API was asked" in note for note in baseline.notes)


def test_a_benchmark_report_has_a_unit_for_every_number() -> None:
    """Milliseconds beside seconds, percent, GiB; an idle queue is a 0 that was measured."""
    (baseline,) = read_tree(bench_report())
    assert quantile(baseline, "ttft", "p50") == pytest.approx(0.038)
    assert quantile(baseline, "e2e", "p50") == pytest.approx(38.0)
    assert quantile(baseline, "kv_cache_usage", "p50") == pytest.approx(0.42)
    assert quantile(baseline, "gpu_memory_used", "p50") == pytest.approx(61 * 2**30)
    assert quantile(baseline, "queue", "p50") == 0.0


def test_a_benchmark_report_made_of_guidellm_has_its_meaning() -> None:
    """There the ITL is a mean of each request, which is called TPOT here."""
    (own,) = read_tree(bench_report())
    (made,) = read_tree(bench_report(tool="guidellm"))
    assert quantile(own, "tpot", "p50") == pytest.approx(0.02)
    assert quantile(own, "itl", "p50") == pytest.approx(0.038)
    assert quantile(made, "tpot", "p50") == pytest.approx(0.038)
    assert "one mean of each request" in gap(made, "itl")


def test_the_first_benchmark_reports_are_read_too() -> None:
    """0.1 has `metrics`, Unix times, and rates without units."""
    tree = {
        "version": "0.1",
        "scenario": {"model": {"name": "m"}, "load": {"name": "guidellm"},
                     "host": {"accelerator": [{"model": "H100", "count": 2}]},
                     "platform": {"engine": [{"name": "vllm", "version": "0.9.0"}]}},
        "metrics": {"time": {"start": 1749570583.5, "duration": 16.5},
                    "requests": {"total": 32, "failures": 1, "incomplete": 1},
                    "latency": {"time_to_first_token": STATS}, "throughput": {"requests_per_sec": 1.9}},
    }  # fmt: skip
    (baseline,) = read_tree(tree)
    assert (baseline.engine, baseline.version, baseline.gpus, baseline.duration) == ("vllm", "0.9.0", 2, 16.5)
    assert baseline.requests.failed == {"untold": 1, "stopped": 1}
    assert value(baseline, "requests_per_second") == 1.9
    assert value(baseline, "error_rate") == pytest.approx(1 / 31)


def test_a_newer_benchmark_report_is_refused() -> None:
    """1.0 may mean other things by the same words."""
    with pytest.raises(InputError, match=r"1\.0"):
        read_tree(bench_report("1.0"))


def test_what_inference_perf_writes_in_the_format_of_llm_d() -> None:
    """A real one has no scenario: the load is not told, nor the tool."""
    (baseline,) = reports.read((DATA / "inference-perf/inference-perf.partial.stage_0.yaml").read_text(), "p", {}, CHAT)
    assert baseline.requests.failed == {"untold": 2}
    assert any("how requests arrived" in note for note in baseline.notes)
    assert (baseline.load.profile, baseline.load.api) == ("untold", "untold")
