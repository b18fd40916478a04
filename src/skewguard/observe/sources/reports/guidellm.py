"""GuideLLM's report, JSON or YAML: version 2 (0.7 and later), version 1 (to 0.6), and the older one without a version.

Source: guidellm/benchmark/schemas and guidellm/schemas/request_stats.py of 0.8.1; its metrics tree is the same in all of them.
Latencies are in seconds, what is called `_ms` in milliseconds. Its `inter_token_latency` is what is called TPOT here: the mean
of one request after its first token; its `time_per_output_token` counts the first token's time too, and is left out. What
stands between single chunks it does not keep.
"""

from collections.abc import Iterator

from skewguard.language.baselines import Baseline, Metric, Requests, Samples
from skewguard.language.errors import InputError
from skewguard.language.loads import API, UNTOLD, Load, Profile, Prompts, Spread
from skewguard.observe.sources.reports import failing, measuring, naming, picking
from skewguard.observe.sources.reports.interface import Report, Tree

TITLE = "GuideLLM"
NEWEST = 2
"""Version of the report that is known; another one may have other units."""

_PROFILES: dict[str, Profile] = {
    "constant": "constant",
    "async": "constant",
    "poisson": "poisson",
    "concurrent": "concurrency",
    "synchronous": "concurrency",
    "throughput": "burst",
    "replay": "trace",
    "trace": "trace",
}

_APIS: dict[str, API] = {
    "completions": "completions",
    "text_completions": "completions",
    "chat_completions": "chat",
}
"""By the last words of the path of its requests, and the names that stood for them in version 1."""


def recognises(tree: Tree) -> bool:
    """By its benchmarks and the metrics they have."""
    runs = picking.items(tree, "benchmarks")
    return "guidellm_version" in picking.mapping(tree, "metadata") or bool(
        runs and picking.mapping(runs[0], "metrics", "request_latency")
    )


def companions(_name: str) -> tuple[str, ...]:
    """Nothing lies beside it."""
    return ()


def baselines(report: Report) -> tuple[Baseline, ...]:
    """One for each of its benchmarks. Raises `InputError` for a newer version of the format."""
    return tuple(each for tree in report.trees for each in _of_report(tree, report))


def _of_report(tree: Tree, report: Report) -> Iterator[Baseline]:
    version = picking.number(tree, "metadata", "version")
    if version is not None and version > NEWEST:
        raise InputError(
            f"{report.path} is a report of {TITLE} in version {version:g}, and {NEWEST} is the newest that is known",
            hint="write the report with an older release, or update skewguard",
            file=report.path,
        )
    release = picking.text(tree, "metadata", "guidellm_version")
    for run in picking.items(tree, "benchmarks"):
        yield _baseline(tree, run, report, f"{TITLE} {release}" if release else TITLE)


def _baseline(tree: Tree, run: Tree, report: Report, made_by: str) -> Baseline:
    backend = _config(tree, run, "backend")
    model = picking.text(backend, "model") or picking.text(tree, "args", "model")
    url = picking.text(backend, "target") or picking.text(tree, "args", "target")
    requests = _requests(run)
    metrics = measuring.complete(_metrics(run, requests, made_by), made_by)
    return Baseline(
        subject=naming.subject(report, url, model),
        started_at=picking.moment(_picked(run, "start_time", "run_stats.start_time")),
        duration=_duration(run) or 0.0,
        kind="load",
        load=_load(tree, run, backend, stream=measuring.streamed(picking.at(backend, "stream"), metrics)),
        requests=requests,
        metrics=metrics,
        samples=_samples(run),
        made_by=made_by,
        model=model,
        valid=bool(requests.completed),
        invalid_because=() if requests.completed else (naming.UNANSWERED,),
        notes=(naming.UNWATCHED, *_warnings(run)),
    )


def _config(tree: Tree, run: Tree, name: str) -> Tree:
    """A part of the configuration: of the one run where it is told, else of all runs together."""
    return picking.mapping(run, "config", name) or picking.mapping(tree, "config", "spec", name)


def _picked(tree: Tree, *places: str) -> float | None:
    return picking.first(picking.number(tree, *place.split(".")) for place in places)


def _duration(run: Tree) -> float | None:
    told = picking.number(run, "duration")
    begin, end = picking.number(run, "start_time"), picking.number(run, "end_time")
    return told if told is not None or begin is None or end is None else end - begin


def _warnings(run: Tree) -> Iterator[str]:
    for each in picking.items(run, "warnings"):
        if message := picking.text(each, "message"):
            yield f"{TITLE} warns: {message}"


# ---- load ------------------------------------------------------------------------------------------------------------


def _load(tree: Tree, run: Tree, backend: Tree, *, stream: bool | None) -> Load:
    strategy = next(
        (found for place in ("config", "scheduler", "args") if (found := picking.mapping(run, place, "strategy"))), {}
    )
    kind = picking.text(strategy, "type_") or picking.text(strategy, "kind") or ""
    profile = _PROFILES.get(kind, UNTOLD)
    streams = picking.whole(strategy, "streams") or (1 if kind == "synchronous" else None)
    return Load(
        profile,
        _prompts(tree, run),
        rate=picking.number(strategy, "rate") if profile in ("constant", "poisson", UNTOLD) else None,
        concurrency=streams if profile in ("concurrency", UNTOLD) else None,
        requests=_limit(run, "max_requests", "count", "max_num"),
        duration=_seconds(run),
        warmup=picking.number(run, "warmup_duration") or 0.0,
        api=_api(tree, backend),
        stream=stream,
        seed=picking.whole(tree, "config", "spec", "seed", "value"),
        ignore_eos=None,
    )


def _api(tree: Tree, backend: Tree) -> API:
    told = picking.text(backend, "request_format") or picking.text(tree, "args", "data_request_formatter") or ""
    return _APIS.get(told.rpartition("/v1/")[2].replace("/", "_"), UNTOLD)


def _constraint(run: Tree, name: str) -> Tree:
    return picking.mapping(run, "config", "constraints", name, "args") or picking.mapping(
        run, "config", "constraints", name
    )


def _limit(run: Tree, name: str, *keys: str) -> int | None:
    found = _constraint(run, name)
    return next((value for key in keys if (value := picking.whole(found, key)) is not None), None)


def _seconds(run: Tree) -> float | None:
    found = _constraint(run, "max_duration")
    return picking.first(picking.number(found, key) for key in ("seconds", "max_duration", "duration"))


def _prompts(tree: Tree, run: Tree) -> Prompts:
    data = picking.mapping(tree, "config", "spec", "data", 0)
    synthetic = "prompt_tokens" in data
    return Prompts("synthetic" if synthetic else UNTOLD, _lengths(run, "prompt"), _lengths(run, "output"),
                   shared_prefix=picking.whole(data, "prefix_buckets", 0, "prefix_tokens") or 0)  # fmt: skip


def _lengths(run: Tree, side: str) -> Spread:
    told = _status(run, f"{side}_token_count")
    if not picking.number(told, "count"):
        return Spread(None)
    return Spread(picking.number(told, "mean"), picking.whole(told, "min"), picking.whole(told, "max"))


# ---- metrics ---------------------------------------------------------------------------------------------------------


def _status(run: Tree, name: str) -> Tree:
    """What is told of the requests that succeeded."""
    return picking.mapping(run, "metrics", name, "successful")


def _requests(run: Tree) -> Requests:
    places = (
        ("metrics", "request_totals"),
        ("scheduler_metrics", "requests_made"),
        ("request_totals",),
        ("run_stats", "requests_made"),
    )
    told = next((found for place in places if (found := picking.mapping(run, *place))), {})
    kinds = {failing.UNTOLD: picking.whole(told, "errored"), "stopped": picking.whole(told, "incomplete")}
    return Requests(
        picking.whole(told, "total"),
        picking.whole(told, "successful"),
        {kind: count for kind, count in kinds.items() if count},
    )


def _metrics(run: Tree, requests: Requests, tool: str) -> list[Metric]:
    each = f"{tool}: from sending a request"

    def rate(name: str, key: str) -> Metric:
        told = _status(run, key)
        return measuring.one(
            name, picking.number(told, "mean") if requests.completed else None, f"{tool}: answered requests"
        )

    return [
        measuring.one("requests_per_second", _per_second(run, requests), f"{tool}: answered requests", n=requests.completed or 0),
        rate("output_tokens_per_second", "output_tokens_per_second"),
        rate("input_tokens_per_second", "prompt_tokens_per_second"),
        _time(run, "ttft", "time_to_first_token_ms", measuring.MILLISECONDS, f"{each} to its first token"),
        _time(run, "tpot", "inter_token_latency_ms", measuring.MILLISECONDS,
              f"{tool} inter_token_latency: one mean of each request, over all tokens but one"),
        measuring.missing("itl", f"{tool} keeps one mean of each request (see tpot), not the time between chunks"),
        _time(run, "e2e", "request_latency", 1.0, f"{each} to its end"),
        measuring.one("goodput", picking.number(run, "metrics", "request_goodput"), tool, otherwise=f"{tool} had no objectives to count it by"),
        measuring.share(requests, tool),
    ]  # fmt: skip


def _per_second(run: Tree, requests: Requests) -> float | None:
    """Its own number leaves out a request or two of a short run; where nothing was cut off, count over time is exact."""
    duration = _duration(run)
    cut = any(picking.number(run, name) for name in ("warmup_duration", "cooldown_duration"))
    if requests.completed and duration and not cut:
        return requests.completed / duration
    return picking.number(_status(run, "requests_per_second"), "mean") if requests.completed else None


def _time(run: Tree, name: str, key: str, factor: float, source: str) -> Metric:
    told = _status(run, key)
    stats = {**measuring.quantiles_at(told, "percentiles"), "mean": picking.number(told, "mean")}
    count = picking.whole(told, "count") or 0
    return measuring.spread(name, stats if count else {}, factor, source, n=count)


# ---- rows ------------------------------------------------------------------------------------------------------------


def _samples(run: Tree) -> Samples | None:
    """Its requests in the order in which they were to be sent; None where it kept only some of them (`sample_size`)."""
    rows = [
        (row, kind)
        for status, kind in (("successful", ""), ("errored", failing.UNTOLD), ("incomplete", "stopped"))
        for row in picking.items(run, "requests", status)
        if _start(row) is not None
    ]
    total = _requests(run).sent
    if not rows or (total is not None and len(rows) < total):
        return None
    begin = min(_intended(row) for row, _ in rows)
    samples = Samples()
    for row, kind in sorted(rows, key=lambda pair: _intended(pair[0])):
        _row(samples, row, kind, begin)
    return samples


def _start(row: Tree) -> float | None:
    return _picked(row, "request_start_time", "start_time")


def _intended(row: Tree) -> float:
    return (_start(row) or 0.0) - (picking.number(row, "request_dispatch_delay") or 0.0)


def _row(samples: Samples, row: Tree, kind: str, begin: float) -> None:
    start = _start(row) or 0.0
    ttft, latency = picking.number(row, "time_to_first_token_ms"), picking.number(row, "request_latency")
    naming.row(
        samples,
        sent=start - begin,
        intended=_intended(row) - begin,
        first=None if kind or ttft is None else start - begin + ttft * measuring.MILLISECONDS,
        last=None if kind or latency is None else start - begin + latency,
        failure=kind,
        gaps=None,
    )
    samples.prompt_tokens.append(picking.whole(row, "prompt_tokens") or -1)
    samples.output_tokens.append(-1 if kind else picking.whole(row, "output_tokens") or -1)
