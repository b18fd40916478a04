"""AIPerf's `profile_export_aiperf.json`, with the rows of `profile_export.jsonl` where they lie beside it.

Source: aiperf/exporters and docs/tutorials/working-with-profile-exports.md; tried on files of 0.13.0. Every metric names its
unit. What somebody did not set it leaves out, and what it then took is not told. Its `inter_token_latency` is what is called TPOT here: one mean of each request, (E2E - TTFT) over all tokens but one, by
its own tokenizer's count; `inter_chunk_latency`, where a release has it, is the time between chunks.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from skewguard.language.baselines import Baseline, Metric, Requests, Samples
from skewguard.language.loads import API, UNTOLD, Load, Profile, Prompts, Spread
from skewguard.observe.sources.reports import failing, measuring, naming, picking
from skewguard.observe.sources.reports.interface import Report, Tree

TITLE = "AIPerf"
SUMMARY = "profile_export_aiperf.json"
ROWS = "profile_export.jsonl"

_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0}
_TIMES = (
    ("ttft", "time_to_first_token", "from sending a request to its first token"),
    ("tpot", "inter_token_latency", "inter_token_latency: one mean of each request, by its own count of tokens"),
    ("itl", "inter_chunk_latency", "between chunks"),
    ("e2e", "request_latency", "from sending a request to its end"),
)


def recognises(tree: Tree) -> bool:
    """By metrics that name their unit, one of which every run has."""
    return any(
        "unit" in picking.mapping(tree, name) for name in ("request_throughput", "request_latency", "request_count")
    )


def is_row(tree: Tree) -> bool:
    """Whether it is one request of the rows."""
    return "request_start_ns" in picking.mapping(tree, "metadata") and "metrics" in picking.mapping(tree)


def companions(name: str) -> tuple[str, ...]:
    """The rows; a run with a name of its own (`--profile-export-prefix`) gives it to both."""
    return (name.removesuffix("_aiperf.json") + ".jsonl",) if name.endswith("_aiperf.json") else (ROWS,)


def baselines(report: Report) -> tuple[Baseline, ...]:
    """The one run it tells of."""
    return tuple(_baseline(tree, report) for tree in report.trees if recognises(tree))


def _baseline(tree: Tree, report: Report) -> Baseline:
    version = picking.text(tree, "aiperf_version")
    made_by = f"{TITLE} {version}" if version else TITLE
    samples = _samples([row for rows in report.beside.values() for row in rows if is_row(row)])
    requests = _requests(tree, samples)
    config = picking.mapping(tree, "input_config")
    model = picking.text(config, "models", "items", 0, "name") or picking.text(config, "endpoint", "model_names", 0)
    url = picking.text(config, "endpoint", "urls", 0) or picking.text(config, "endpoint", "url")
    metrics = measuring.complete(_metrics(tree, requests, made_by), made_by)
    started_at, when = _started(tree, report if samples else None)
    return Baseline(
        subject=naming.subject(report, url, model),
        started_at=started_at,
        duration=_time_of(tree, "benchmark_duration") or _between(tree) or 0.0,
        kind="load",
        load=_load(config, tree, stream=measuring.streamed(picking.at(config, "endpoint", "streaming"), metrics)),
        requests=requests,
        partial=picking.at(tree, "was_cancelled") is True or picking.at(tree, "is_complete") is False,
        metrics=metrics,
        samples=samples,
        made_by=made_by,
        model=model,
        valid=bool(requests.completed),
        invalid_because=() if requests.completed else (naming.UNANSWERED,),
        notes=tuple(note for note in (naming.UNWATCHED, when, *_recounted(tree)) if note),
    )


def _started(tree: Tree, report: Report | None) -> tuple[str, str]:
    rows = [row for rows in report.beside.values() for row in rows] if report else []
    stamps = [stamp for row in rows if (stamp := picking.number(row, "metadata", "request_start_ns")) is not None]
    if stamps:
        return picking.moment(min(stamps) * 1e-9), ""
    told = picking.text(tree, "start_time") or ""
    return told, "the start is in the local time of the machine that sent the load" if told else ""


def _between(tree: Tree) -> float | None:
    try:
        begin, end = (datetime.fromisoformat(picking.text(tree, name) or "") for name in ("start_time", "end_time"))
        return (end - begin).total_seconds()
    except (TypeError, ValueError):
        return None


def _recounted(tree: Tree) -> Iterator[str]:
    """Where its own tokenizer counts otherwise than the server, everything that is per token is off by as much."""
    differing = _value(tree, "usage_discrepancy_count")
    if differing:
        told = _value(tree, "total_usage_completion_tokens")
        own = _value(tree, "total_output_tokens")
        counts = (
            f": {own:,.0f} by its own tokenizer, {told:,.0f} by the server"
            if own is not None and told is not None
            else ""
        )
        yield f"{TITLE} counted other tokens than the server in {differing:,.0f} answers{counts}; its TPOT rests on its own count"


# ---- load ------------------------------------------------------------------------------------------------------------


def _load(config: Tree, tree: Tree, *, stream: bool | None) -> Load:
    phase = next((each for each in picking.items(config, "phases") if picking.text(each, "kind") != "warmup"), None)
    told = phase if phase is not None else picking.mapping(config, "loadgen")
    rate = picking.number(told, "rate") or picking.number(told, "request_rate")
    concurrency = picking.whole(told, "concurrency")
    return Load(
        _profile(told, rate, concurrency),
        Prompts(_prompts(config), _lengths(tree, "usage_prompt_tokens", "input_sequence_length"),
                _lengths(tree, "usage_completion_tokens", "output_sequence_length")),
        rate=rate,
        concurrency=concurrency,
        requests=picking.whole(told, "requests") or picking.whole(told, "request_count"),
        duration=picking.number(told, "duration") or picking.number(told, "benchmark_duration"),
        api=_APIS.get(picking.text(config, "endpoint", "type") or "", UNTOLD),
        stream=stream,
        seed=picking.whole(config, "random_seed") or picking.whole(config, "input", "random_seed"),
        ignore_eos=None,
    )  # fmt: skip


_APIS: dict[str, API] = {"completions": "completions", "chat": "chat"}
_PROFILES: dict[str, Profile] = {
    "poisson": "poisson",
    "constant": "constant",
    "concurrency": "concurrency",
    "concurrency_burst": "concurrency",
    "fixed_schedule": "trace",
}
"""By the type of a phase (to 0.9 the mode of the rate). Others, such as `gamma` and `user_centric`, mean none of ours."""


def _profile(told: Tree, rate: float | None, concurrency: int | None) -> Profile:
    words = [picking.text(told, key) for key in ("type", "request_rate_mode", "arrival_pattern")]
    named = next((word for word in words if word), None)
    if picking.at(told, "fixed_schedule") is True:
        return "trace"
    if named is None:
        return "concurrency" if rate is None and concurrency is not None else UNTOLD
    return _PROFILES.get(named, UNTOLD)


def _prompts(config: Tree) -> Literal["synthetic", "untold"]:
    kinds = {picking.text(each, "type") for each in picking.items(config, "datasets")}
    synthetic = kinds == {"synthetic"} or (not kinds and picking.at(config, "input", "prompt") is not None)
    return "synthetic" if synthetic and picking.text(config, "input", "file") is None else UNTOLD


def _lengths(tree: Tree, *names: str) -> Spread:
    """By the server's count where it gave one."""
    told = next((found for name in names if (found := picking.mapping(tree, name))), {})
    return Spread(picking.number(told, "avg"), picking.whole(told, "min"), picking.whole(told, "max"))


# ---- metrics ---------------------------------------------------------------------------------------------------------


def _value(tree: Tree, name: str) -> float | None:
    return picking.number(tree, name, "avg")


def _time_of(tree: Tree, name: str) -> float | None:
    factor = _UNITS.get(picking.text(tree, name, "unit") or "")
    value = _value(tree, name)
    return value * factor if value is not None and factor is not None else None


def _requests(tree: Tree, samples: Samples | None) -> Requests:
    completed, failed = _value(tree, "request_count"), _value(tree, "error_request_count")
    kinds = dict(failing.counted(samples.failure)) if samples else _errors(tree)
    if not kinds and failed:
        kinds = {failing.UNTOLD: int(failed)}
    done = int(completed or 0)
    return Requests(done + sum(kinds.values()), done, kinds)


def _errors(tree: Tree) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for each in picking.items(tree, "error_summary"):
        kind = _failure(picking.mapping(each, "error_details"))
        kinds[kind] = kinds.get(kind, 0) + (picking.whole(each, "count") or 0)
    return {kind: count for kind, count in kinds.items() if count}


def _failure(error: Tree) -> str:
    return failing.kind(" ".join(str(picking.at(error, key) or "") for key in ("code", "type", "message")))


def _metrics(tree: Tree, requests: Requests, tool: str) -> list[Metric]:
    duration = _time_of(tree, "benchmark_duration")

    def rate(name: str, usage: str, own: str) -> Metric:
        total = _value(tree, usage)
        if total is not None and duration:
            return measuring.one(name, total / duration, f"{tool}: tokens that the server counted")
        count = _value(tree, own)
        return measuring.one(
            name, count / duration if count is not None and duration else None, f"{tool}: by its own tokenizer"
        )

    return [
        measuring.one("requests_per_second", _value(tree, "request_throughput"), f"{tool}: answered requests"),
        rate("output_tokens_per_second", "total_usage_completion_tokens", "total_osl"),
        rate("input_tokens_per_second", "total_usage_prompt_tokens", "total_isl"),
        *(_time(tree, name, key, f"{tool}: {words}") for name, key, words in _TIMES),
        measuring.one("goodput", _value(tree, "goodput"), tool, otherwise=f"{tool} was run without --goodput"),
        measuring.share(requests, tool),
    ]


def _time(tree: Tree, name: str, key: str, source: str) -> Metric:
    told = picking.mapping(tree, key)
    unit = picking.text(told, "unit") or ""
    if not told:
        return measuring.missing(name, f"this run of {TITLE} has no {key}")
    if unit not in _UNITS:
        return measuring.missing(name, f"its unit {unit!r} is not known")
    count = picking.whole(told, "count") or 0
    return measuring.spread(name, measuring.quantiles_at(told), _UNITS[unit], source, n=count)


# ---- rows ------------------------------------------------------------------------------------------------------------


def _samples(rows: list[Tree]) -> Samples | None:
    kept = [row for row in rows if picking.text(row, "metadata", "benchmark_phase") in (None, "profiling")]
    if not kept:
        return None
    begin = min(_stamp(row, "request_start_ns") for row in kept)
    samples = Samples()
    for row in sorted(kept, key=lambda row: _stamp(row, "request_start_ns")):
        _row(samples, row, begin)
    return samples


def _stamp(row: Tree, name: str) -> float:
    return picking.number(row, "metadata", name) or math.inf


def _row(samples: Samples, row: Tree, begin: float) -> None:
    error = picking.mapping(row, "error")
    failure = _failure(error) if error else ""
    sent = (_stamp(row, "request_start_ns") - begin) * 1e-9
    ttft, latency = _of_row(row, "time_to_first_token"), _of_row(row, "request_latency")
    gaps, factor = _gaps(row)
    naming.row(
        samples,
        sent=sent,
        first=None if failure or ttft is None else sent + ttft,
        last=None if failure or latency is None else sent + latency,
        failure=failure,
        gaps=None if gaps is None else [gap * factor for gap in gaps],
        status=picking.whole(error, "code"),
    )
    samples.prompt_tokens.append(_tokens(row, "usage_prompt_tokens", "input_sequence_length"))
    samples.output_tokens.append(_tokens(row, "usage_completion_tokens", "output_sequence_length"))


def _of_row(row: Tree, name: str) -> float | None:
    value = picking.number(row, "metrics", name, "value")
    factor = _UNITS.get(picking.text(row, "metrics", name, "unit") or "")
    return value * factor if value is not None and factor is not None else None


def _gaps(row: Tree) -> tuple[list[float] | None, float]:
    told = picking.items(row, "metrics", "inter_chunk_latency", "value")
    factor = _UNITS.get(picking.text(row, "metrics", "inter_chunk_latency", "unit") or "")
    if not told or factor is None:
        return None, 1.0
    return [float(gap) for gap in told if isinstance(gap, (int, float))], factor


def _tokens(row: Tree, *names: str) -> int:
    return next((value for name in names if (value := picking.whole(row, "metrics", name, "value")) is not None), -1)
