"""inference-perf's `stage_N_lifecycle_metrics.json` and `summary_…`, with `config.yaml` and the server's metrics beside them.

Source: inference_perf/reportgen/base.py (August 2026) and the results that its project publishes. Seconds throughout. Its TPOT
is ours; its ITL counts tokens of one chunk as 0 s apart. Its arrivals of type `constant` are drawn at random and rescaled.
Its own files do not say when they were made.
"""

import re
from collections.abc import Iterator, Sequence

from skewguard.language.baselines import Baseline, Metric, Requests
from skewguard.language.loads import API, UNTOLD, Load, Profile, Prompts, Spread, Stage
from skewguard.observe.sources.reports import failing, measuring, naming, picking
from skewguard.observe.sources.reports.interface import Report, Tree

TITLE = "inference-perf"
CONFIG = "config.yaml"
SUMMARY = "summary_lifecycle_metrics.json"
_LIFECYCLE = "_lifecycle_metrics.json"
_PROMETHEUS = "_prometheus_metrics.json"
_PARTIAL = "inference-perf.partial."
"""How the reports in the format of llm-d begin that newer releases write of each stage: they alone say when it was."""

_TIMES = (
    ("ttft", "time_to_first_token", "from sending a request to its first token"),
    ("tpot", "time_per_output_token", "time after the first token, over all tokens but one"),
    ("itl", "inter_token_latency", "between tokens, those of one chunk 0 s apart"),
    ("e2e", "request_latency", "from sending a request to its end"),
)
_LABELS = {
    "timeout": "timeout",
    "rate limit": "rate-limited",
    "connection error": "refused",
    "invalid json": "bad-answer",
}

_APIS: dict[str, API] = {"completion": "completions", "chat": "chat"}


def recognises(tree: Tree) -> bool:
    """By the summary of its load beside what succeeded; a server's own metrics have the same keys and no load."""
    return "count" in picking.mapping(tree, "load_summary") and "latency" in picking.mapping(tree, "successes")


def companions(name: str) -> tuple[str, ...]:
    """Its configuration, what the server said of itself in that stage, and the report that newer releases make of it."""
    if not name.endswith(_LIFECYCLE):
        return (CONFIG,)
    stage = name.removesuffix(_LIFECYCLE)
    return (CONFIG, stage + _PROMETHEUS, f"{_PARTIAL}{stage}.yaml")


def summed_up(names: Sequence[str]) -> tuple[str, ...]:
    """The summary, where its stages are at hand: it counts them once more, at no load that anybody could send again.

    And what is made of a stage in another format: it tells less of it.
    """
    staged = any(_stage_number(name) is not None for name in names)
    return (SUMMARY, *(name for name in names if name.startswith(_PARTIAL))) if staged else ()


def baselines(report: Report) -> tuple[Baseline, ...]:
    """One for the stage, or for all of them together."""
    return tuple(_baseline(tree, report) for tree in report.trees if recognises(tree))


def _baseline(tree: Tree, report: Report) -> Baseline:
    config: Tree = next((each for each in report.beside.get(CONFIG, ()) if picking.mapping(each, "load")), {})
    requests = _requests(tree)
    started = _started(report)
    model = picking.text(config, "server", "model_name")
    metrics = measuring.complete(_metrics(tree, requests, _server(report)), TITLE)
    stream = measuring.streamed(picking.at(config, "api", "streaming"), metrics)
    load = _load(tree, config, _stage_number(report.path), stream=stream)
    return Baseline(
        subject=naming.subject(report, picking.text(config, "server", "base_url"), model),
        started_at=started,
        duration=_duration(tree, load) or 0.0,
        kind="load",
        load=load,
        requests=requests,
        metrics=metrics,
        made_by=TITLE,
        model=model,
        engine=_engine(config),
        valid=bool(requests.completed),
        invalid_because=() if requests.completed else (naming.UNANSWERED,),
        notes=(*_slipped(tree), *(() if started else (_UNDATED,)), *_recounted(tree), *_arrivals(config, load)),
    )


def _started(report: Report) -> str:
    trees = (tree for name, trees in report.beside.items() if name.startswith(_PARTIAL) for tree in trees)
    return next((when for tree in trees if (when := picking.text(tree, "run", "time", "start"))), "")


def _engine(config: Tree) -> str | None:
    told = picking.text(config, "server", "type")
    return told if told in ("vllm", "sglang", "tgi") else None


def _server(report: Report) -> Tree:
    found = (trees for name, trees in report.beside.items() if name.endswith(_PROMETHEUS))
    return next((tree for trees in found for tree in trees), {})


def _slipped(tree: Tree) -> Iterator[str]:
    late = picking.number(tree, "load_summary", "schedule_delay", "p99")
    yield f"{TITLE} sent its requests up to {late:.3g} s late (p99)" if late is not None else naming.UNWATCHED


_UNDATED = "the report does not say when it was made"


def _recounted(tree: Tree) -> Iterator[str]:
    """Where its own tokenizer counts otherwise than the server, what is per token is off by as much."""
    count = picking.whole(tree, "successes", "token_count_mismatches")
    own, told = (picking.number(tree, "successes", name, "mean") for name in ("output_len", "output_tokens"))
    if count:
        means = (
            f" (in the mean {own:g} tokens an answer, the server {told:g})"
            if own is not None and told is not None
            else ""
        )
        yield f"{TITLE} counted other tokens than the server in {count:,} answers{means}; its TPOT rests on its own count"


def _arrivals(config: Tree, load: Load) -> Iterator[str]:
    if not config:
        drawn = "how its requests arrived and " if load.profile == UNTOLD else ""
        yield f"no {CONFIG} with a load lies beside it: {drawn}which API was asked is not told"
    if picking.text(config, "load", "type") == "constant":
        yield f"{TITLE} draws arrivals of type constant at random, too"


def _duration(tree: Tree, load: Load) -> float | None:
    """Its own number where the release has one, else what its rate says of its count."""
    told = picking.number(tree, "benchmark_time_seconds")
    rate, count = (
        picking.number(tree, "successes", "throughput", "requests_per_sec"),
        picking.number(tree, "successes", "count"),
    )
    if told:
        return told
    return count / rate if rate and count else load.duration


# ---- load ------------------------------------------------------------------------------------------------------------


def _stage_number(path: str) -> int | None:
    found = re.search(r"stage_(\d+)_lifecycle_metrics\.json$", path)
    return int(found[1]) if found else None


def _load(tree: Tree, config: Tree, number: int | None, *, stream: bool | None) -> Load:
    stages = tuple(_stages(config))
    stage = stages[number] if number is not None and number < len(stages) else (stages[0] if len(stages) == 1 else None)
    rate = picking.number(tree, "load_summary", "requested_rate") or (stage.rate if stage else None)
    concurrency = picking.whole(tree, "load_summary", "concurrency") or (stage.concurrency if stage else None)
    profile = _profile(rate, concurrency, stages, picking.text(config, "load", "type"))
    return Load(
        profile,
        _prompts(tree, config),
        rate=rate if profile in ("poisson", UNTOLD) else None,
        concurrency=concurrency,
        requests=picking.whole(tree, "load_summary", "count"),
        duration=(stage.duration if stage else None) or picking.number(tree, "load_summary", "send_duration"),
        stages=stages if profile == "stages" else (),
        api=_APIS.get(picking.text(config, "api", "type") or "", UNTOLD),
        stream=stream,
        seed=picking.whole(config, "load", "base_seed"),
        ignore_eos=ignores if isinstance(ignores := picking.at(config, "server", "ignore_eos"), bool) else None,
    )


def _stages(config: Tree) -> Iterator[Stage]:
    for each in picking.items(config, "load", "stages"):
        rate, level = picking.number(each, "rate"), picking.whole(each, "concurrency_level")
        yield Stage(picking.number(each, "duration") or 0.0, None if level else rate, level)


def _profile(rate: float | None, concurrency: int | None, stages: tuple[Stage, ...], told: str | None) -> Profile:
    if told and "trace" in told:
        return "trace"
    if concurrency is not None:
        return "concurrency"
    if told not in ("poisson", "constant"):
        return UNTOLD
    return "stages" if rate is None and stages else "poisson"


def _prompts(tree: Tree, config: Tree) -> Prompts:
    kind = picking.text(config, "data", "type")
    shared = picking.mapping(config, "data", "shared_prefix")
    prefix = picking.whole(shared, "system_prompt_len") if kind == "shared_prefix" else None
    synthetic = kind in ("synthetic", "random", "shared_prefix", "mock")
    return Prompts(
        "synthetic" if synthetic else UNTOLD,
        _lengths(tree, "prompt_tokens", "prompt_len"),
        _lengths(tree, "output_tokens", "output_len"),
        shared_prefix=prefix or 0,
        name=kind,
    )


def _lengths(tree: Tree, *names: str) -> Spread:
    told = next((found for name in names if (found := picking.mapping(tree, "successes", name))), {})
    return Spread(picking.number(told, "mean"), picking.whole(told, "min"), picking.whole(told, "max"))


# ---- metrics ---------------------------------------------------------------------------------------------------------


def _requests(tree: Tree) -> Requests:
    completed, failed = picking.whole(tree, "successes", "count"), picking.whole(tree, "failures", "count")
    kinds: dict[str, int] = {}
    for label, each in picking.mapping(tree, "failures", "by_label").items():
        kind = _LABELS.get(label.lower()) or failing.kind(label)
        kinds[kind] = kinds.get(kind, 0) + (picking.whole(each, "count") or 0)
    if not kinds and failed:
        kinds = {failing.UNTOLD: failed}
    return Requests(
        picking.whole(tree, "load_summary", "count"), completed, {kind: count for kind, count in kinds.items() if count}
    )


def _metrics(tree: Tree, requests: Requests, server: Tree) -> list[Metric]:
    def rate(name: str, key: str) -> Metric:
        told = picking.number(tree, "successes", "throughput", key)
        return measuring.one(
            name, told if requests.completed else None, f"{TITLE}: over the whole stage, its end included"
        )

    good = picking.number(tree, "successes", "goodput_metrics", "request_goodput")
    return [
        rate("requests_per_second", "requests_per_sec"),
        _counted(tree, "output_tokens") or rate("output_tokens_per_second", "output_tokens_per_sec"),
        _counted(tree, "prompt_tokens") or rate("input_tokens_per_second", "input_tokens_per_sec"),
        *(_time(tree, name, key, words, requests.completed or 0) for name, key, words in _TIMES),
        measuring.one("goodput", good, TITLE, otherwise=f"{TITLE} had no objectives to count it by"),
        measuring.share(requests, TITLE),
        *(_of_server(server) if server else ()),
    ]


def _counted(tree: Tree, key: str) -> Metric | None:
    """By the tokens that the server counted; None in a release that does not keep them."""
    total, duration = picking.number(tree, "successes", key, "total"), picking.number(tree, "benchmark_time_seconds")
    if not total or not duration:
        return None
    name = "output_tokens_per_second" if key == "output_tokens" else "input_tokens_per_second"
    return measuring.one(name, total / duration, f"{TITLE}: tokens that the server counted")


def _time(tree: Tree, name: str, key: str, words: str, n: int) -> Metric:
    told = measuring.quantiles_at(tree, "successes", "latency", key)
    return measuring.spread(name, told, 1.0, f"{TITLE}: {words}", n=0 if name == "itl" else n)


def _of_server(server: Tree) -> Iterator[Metric]:
    """What Prometheus said. Zeros stand for what it did not have, too: nothing but zeros is no number."""
    source = f"{TITLE}: the server's own metrics, by Prometheus"
    told = picking.mapping(server, "successes")
    for name, key in (("queue", "queue_len"), ("effective_batch", "num_requests_running")):
        yield measuring.spread(name, {"mean": picking.number(told, key, "mean")}, 1.0, source)
    yield measuring.spread("kv_cache_usage", measuring.quantiles_at(told, "kv_cache_usage_percentage"), 1.0, source)
    hits = picking.number(told, "prefix_cache_hit_percent", "mean")
    yield measuring.spread("prefix_cache_hit_rate", {"mean": hits}, 0.01, source)
