"""The benchmark report of llm-d-benchmark, 0.1 and 0.2 to 0.2.1, JSON or YAML: results of any load tool, bound to what they ran on.

Source: llmdbenchmark/analysis/benchmark_report (schemas and examples, August 2026). Every number has its unit beside it. What
TPOT and ITL mean is up to the tool that it was made from: of GuideLLM and AIPerf its ITL is what is called TPOT here. It tells a
rate, but not how requests arrived at it, and never which API was asked.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from skewguard.language import accelerators
from skewguard.language.baselines import Baseline, Metric, Requests
from skewguard.language.errors import InputError
from skewguard.language.facts import Fact, Origin
from skewguard.language.loads import UNTOLD, Load, Prompts, Spread
from skewguard.observe.sources.reports import failing, measuring, naming, picking
from skewguard.observe.sources.reports.interface import Report, Tree

TITLE = "llm-d benchmark report"
_KNOWN = re.compile(r"0\.[12](\.\d+)*$")

_UNITS = {
    "s": 1.0, "s/token": 1.0, "seconds": 1.0, "ms": 1e-3, "ms/token": 1e-3,
    "percent": 1e-2, "fraction": 1.0, "ratio": 1.0, "count": 1.0,
    "tokens/s": 1.0, "queries/s": 1.0,
    "bytes": 1.0, "MB": 1e6, "GB": 1e9, "TB": 1e12, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
"""Into ours, which are seconds, bytes and shares of one."""

_MEANS = ("guidellm", "aiperf")
"""Tools whose ITL is one mean of each request, and whose TPOT is none."""

_TIMES = (
    ("ttft", "time_to_first_token"),
    ("tpot", "time_per_output_token"),
    ("itl", "inter_token_latency"),
    ("e2e", "request_latency"),
)
_RATES = (
    ("requests_per_second", "request_rate", "requests_per_sec"),
    ("output_tokens_per_second", "output_token_rate", "output_tokens_per_sec"),
    ("input_tokens_per_second", "input_token_rate", "input_tokens_per_sec"),
)
_OBSERVED = (("kv_cache_usage", "kv_cache_usage"), ("effective_batch", "running_requests"), ("queue", "waiting_requests"),
             ("gpu_utilization", "gpu_utilization"), ("gpu_memory_used", "gpu_memory_usage"))  # fmt: skip


def recognises(tree: Tree) -> bool:
    """By its version, with results of 0.2 (tools write them without a scenario) or scenario and metrics of 0.1."""
    parts = picking.mapping(tree)
    new = "request_performance" in picking.mapping(tree, "results")
    return "version" in parts and (new or ("scenario" in parts and "metrics" in parts))


def companions(_name: str) -> tuple[str, ...]:
    """Nothing lies beside it."""
    return ()


def baselines(report: Report) -> tuple[Baseline, ...]:
    """One for each report in the text. Raises `InputError` for a newer version of the format."""
    return tuple(_baseline(tree, report) for tree in report.trees if recognises(tree))


def _baseline(tree: Tree, report: Report) -> Baseline:
    version = str(picking.at(tree, "version"))
    if not _KNOWN.match(version):
        raise InputError(
            f"{report.path} is a {TITLE} of version {version}, and 0.2 is the newest that is known",
            hint="update skewguard",
            file=report.path,
        )
    old = "results" not in tree
    tool = _tool(tree, old=old)
    requests = _requests(_aggregate(tree, "requests"))
    stack = _engines(tree)
    facts = tuple(fact for engine in stack[:1] for fact in _facts(engine, report.path))
    gpus = _gpus(tree, stack)
    made_by = f"{tool} ({TITLE} {version})"
    metrics = measuring.complete(_metrics(tree, requests, tool, gpus), made_by)
    load = _load(tree, requests, stream=measuring.streamed(None, metrics))
    model = (
        picking.text(stack[0], "standardized", "model", "name")
        if stack
        else picking.text(tree, "scenario", "model", "name")
    )
    started, duration = _times(tree)
    return Baseline(
        subject=naming.subject(report, None, model),
        started_at=started,
        duration=duration or 0.0,
        kind="load",
        load=load,
        replicas=_replicas(stack),
        gpus=gpus,
        requests=requests,
        metrics=metrics,
        facts=facts,
        made_by=made_by,
        model=model,
        engine=picking.text(tree, "scenario", "platform", "engine", 0, "name"),
        version=picking.text(tree, "scenario", "platform", "engine", 0, "version"),
        valid=bool(requests.completed),
        invalid_because=() if requests.completed else (naming.UNANSWERED,),
        notes=(naming.UNWATCHED, *_arrivals(load)),
    )


def _tool(tree: Tree, *, old: bool) -> str:
    if old:
        return picking.text(tree, "scenario", "load", "name") or "a load tool that it does not name"
    told = picking.mapping(tree, "scenario", "load", "standardized")
    name, version = picking.text(told, "tool"), picking.text(told, "tool_version")
    return " ".join(part for part in (name, version) if part) or "a load tool that it does not name"


def _aggregate(tree: Tree, part: str) -> Tree:
    return picking.mapping(tree, "results", "request_performance", "aggregate", part) or picking.mapping(
        tree, "metrics", part
    )


def _times(tree: Tree) -> tuple[str, float | None]:
    """The start and the seconds: a Unix time and a number in 0.1, ISO 8601 both in 0.2."""
    told = picking.mapping(tree, "run", "time") or picking.mapping(tree, "metrics", "time")
    start = picking.text(told, "start") or picking.moment(picking.number(told, "start"))
    duration = picking.number(told, "duration")
    return start, duration if duration is not None else _seconds(picking.text(told, "duration"), told)


def _seconds(iso: str | None, told: Tree) -> float | None:
    found = re.fullmatch(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", iso or "")
    if found and any(found.groups()):
        return sum(float(part or 0) * size for part, size in zip(found.groups(), (86400, 3600, 60, 1), strict=True))
    try:
        begin, end = (datetime.fromisoformat(picking.text(told, name) or "") for name in ("start", "end"))
    except ValueError:
        return None
    return (end - begin).total_seconds()


# ---- what it ran on --------------------------------------------------------------------------------------------------


def _engines(tree: Tree) -> list[Tree]:
    """The parts of the stack that compute; a router is none."""
    return [
        each
        for each in picking.items(tree, "scenario", "stack")
        if picking.text(each, "standardized", "kind") == "inference_engine"
    ]


def _replicas(stack: list[Tree]) -> int | None:
    counts = [picking.whole(each, "standardized", "replicas") for each in stack]
    return sum(count for count in counts if count) if counts and all(counts) else None


def _gpus(tree: Tree, stack: list[Tree]) -> int | None:
    """Of all replicas together; None where one part does not tell."""
    each = [
        (
            picking.whole(part, "standardized", "accelerator", "count"),
            picking.whole(part, "standardized", "replicas") or 1,
        )
        for part in stack
    ] or [(picking.whole(host, "count"), 1) for host in picking.items(tree, "scenario", "host", "accelerator")]
    return (
        sum(count * replicas for count, replicas in each if count) if each and all(count for count, _ in each) else None
    )


_FACTS = (("model.id", "model", "name"), ("runtime.image", "tool_version"), ("hardware.gpu_count", "accelerator", "count"),
          ("parallelism.tensor", "accelerator", "parallelism", "tp"), ("parallelism.pipeline", "accelerator", "parallelism", "pp"),
          ("parallelism.data", "accelerator", "parallelism", "dp"))  # fmt: skip


def _facts(engine: Tree, path: str) -> Iterator[Fact]:
    label = picking.text(engine, "metadata", "label") or "stack"

    def said(setting: str, value: object) -> Fact:
        return Fact(setting, value, "declared", Origin("file", f"scenario.stack {label} of {path}", file=path))

    told = picking.mapping(engine, "standardized")
    for setting, *place in _FACTS:
        if (value := picking.at(told, *place)) is not None:
            yield said(setting, value)
    device = accelerators.find(picking.text(told, "accelerator", "model") or "")
    if device is not None:
        yield said("hardware.gpu_class", device.name)


# ---- load and metrics ------------------------------------------------------------------------------------------------


def _load(tree: Tree, requests: Requests, *, stream: bool | None) -> Load:
    told = picking.mapping(tree, "scenario", "load", "standardized")
    rate, concurrency = picking.number(told, "rate_qps"), picking.whole(told, "concurrency")
    sizes = _aggregate(tree, "requests")
    return Load(
        "concurrency" if rate is None and concurrency is not None else UNTOLD,
        Prompts(
            UNTOLD,
            _lengths(sizes, "input_length"),
            _lengths(sizes, "output_length"),
            shared_prefix=picking.whole(told, "prefix", "prefix_len", "value") or 0,
            name=picking.text(told, "source"),
        ),
        rate=rate,
        concurrency=concurrency,
        requests=requests.sent,
        api=UNTOLD,
        stream=stream,
        seed=None,
        ignore_eos=None,
    )


def _arrivals(load: Load) -> Iterator[str]:
    drawn = "how requests arrived and " if load.profile == UNTOLD else ""
    yield f"the report does not say {drawn}which API was asked"


def _lengths(sizes: Tree, name: str) -> Spread:
    return Spread(
        *(picking.number(sizes, name, "mean"),), picking.whole(sizes, name, "min"), picking.whole(sizes, name, "max")
    )


def _requests(told: Tree) -> Requests:
    total, failed = picking.whole(told, "total"), picking.whole(told, "failures")
    cut = picking.whole(told, "incomplete") or 0
    kinds = {failing.UNTOLD: failed or 0, "stopped": cut}
    return Requests(
        total,
        None if total is None else total - (failed or 0) - cut,
        {kind: count for kind, count in kinds.items() if count},
    )


def _metrics(tree: Tree, requests: Requests, tool: str, gpus: int | None) -> list[Metric]:
    means = tool.lower().startswith(_MEANS)
    rates = [_rate(tree, *names, tool) for names in _RATES]
    tokens = rates[1].value
    per_gpu = tokens / gpus if gpus and isinstance(tokens, float) else None
    return [
        *rates,
        measuring.one("output_tokens_per_second_per_gpu", per_gpu, tool),
        *(_time(tree, name, key, tool, means=means) for name, key in _TIMES),
        measuring.share(requests, tool),
        *_observed(tree, tool),
    ]


def _rate(tree: Tree, name: str, new: str, old: str, tool: str) -> Metric:
    told = _aggregate(tree, "throughput")
    mean = picking.number(told, new, "mean")
    return measuring.one(name, mean if mean is not None else picking.number(told, old), tool)


def _time(tree: Tree, name: str, key: str, tool: str, *, means: bool) -> Metric:
    told = _aggregate(tree, "latency")
    if means and name == "itl":
        return measuring.missing(name, f"{tool} keeps one mean of each request (see tpot), not the time between chunks")
    if means and name == "tpot":
        return _stats(
            picking.mapping(told, "inter_token_latency"), name, f"{tool} inter_token_latency: one mean of each request"
        )
    return _stats(picking.mapping(told, key), name, f"{tool} {key}")


def _stats(told: Tree, name: str, source: str, *, zero: bool = False) -> Metric:
    if not told:
        return measuring.missing(name, f"{source} is not told")
    unit = picking.text(told, "units") or ""
    if unit not in _UNITS:
        return measuring.missing(name, f"{source}: its unit {unit!r} is not known")
    return measuring.spread(name, measuring.quantiles_at(told), _UNITS[unit], source, zero=zero)


def _observed(tree: Tree, tool: str) -> Iterator[Metric]:
    """What one component said of itself; of several, no number is that of all."""
    for name, key in (("effective_batch", "batch_size"), ("queue", "queue_size")):
        if told := picking.mapping(tree, "metrics", "service", key):
            yield _stats(told, name, f"{tool}: the service", zero=True)
    parts = [
        each
        for each in picking.items(tree, "results", "observability", "components")
        if picking.mapping(each, "aggregate", "kv_cache_usage")
    ]
    if len(parts) != 1:
        return
    for name, key in _OBSERVED:
        if told := picking.mapping(parts[0], "aggregate", key):
            yield _stats(
                told, name, f"{tool}: metrics of {picking.text(parts[0], 'component_label') or 'the engine'}", zero=True
            )
