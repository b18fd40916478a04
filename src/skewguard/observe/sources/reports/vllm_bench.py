"""`vllm bench serve --save-result`, `--save-detailed` and `--append-result`, also of the older `benchmark_serving.py`.

Source: vllm/benchmarks/serve.py of 0.32.0. Summaries in milliseconds, rows in seconds. Nothing of the server is told, nor
which prompts were sent. TTFT and E2E begin when a request was sent; TPOT is the time after the first chunk over all tokens but
one, however many that chunk held; ITL is the time between chunks, stamped after they were parsed.
"""

import math
from datetime import datetime, timedelta

from skewguard.language.baselines import Baseline, Metric, Requests, Samples
from skewguard.language.loads import API, UNTOLD, Load, Profile, Prompts, Spread
from skewguard.observe.sources.reports import failing, measuring, naming, picking
from skewguard.observe.sources.reports.interface import Report, Tree

TITLE = "vllm bench serve"
EVEN = 100.0
"""Burstiness from which gaps between arrivals are even enough to be called constant (their deviation is below a tenth)."""

_SOURCES = {
    "ttft": f"{TITLE}: from sending a request to its first chunk",
    "tpot": f"{TITLE}: time after the first chunk, over all tokens but one",
    "itl": f"{TITLE}: between chunks, stamped after parsing",
    "e2e": f"{TITLE}: from sending a request to its last chunk",
}
_APIS: dict[str, API] = {
    "vllm": "completions",
    "openai": "completions",
    "openai-chat": "chat",
    "lmdeploy": "completions",
    "sglang": "completions",
    "scalellm": "completions",
    "llama.cpp": "completions",
}
"""By the name of its backend; the others (`tgi`, `tensorrt-llm`, …) ask an API of their own. Releases about 0.10 write it as `endpoint_type` alone."""

_NO_GOALS = f"{TITLE} was run without --goodput"
_KEYS = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "e2e": "e2el"}


def recognises(tree: Tree) -> bool:
    """By the tokenizer, which no other format of this shape names, and the rates that it always has."""
    names = ("tokenizer_id", "model_id", "request_throughput", "duration", "completed")
    return isinstance(tree, dict) and all(name in tree for name in names)


def companions(_name: str) -> tuple[str, ...]:
    """Nothing lies beside it."""
    return ()


def baselines(report: Report) -> tuple[Baseline, ...]:
    """One for each run that was saved or appended."""
    return tuple(_baseline(tree, report) for tree in report.trees if recognises(tree))


def _baseline(tree: Tree, report: Report) -> Baseline:
    duration = picking.number(tree, "duration") or 0.0
    samples = _samples(tree)
    requests = _requests(tree, samples)
    metrics = measuring.complete(_metrics(tree, requests, samples), TITLE)
    started_at, when = _started(picking.text(tree, "date"), duration)
    model = picking.text(tree, "model_id")
    return Baseline(
        subject=naming.subject(report, None, model),
        started_at=started_at,
        duration=duration,
        kind="load",
        load=_load(tree, requests, stream=measuring.streamed(None, metrics)),
        requests=requests,
        metrics=metrics,
        samples=samples,
        made_by=TITLE,
        model=model,
        valid=bool(requests.completed),
        invalid_because=() if requests.completed else (naming.UNANSWERED,),
        notes=tuple(note for note in (naming.UNWATCHED, when, *_notes(tree)) if note),
    )


def _started(date: str | None, duration: float) -> tuple[str, str]:
    """The date is that of the run's end, in the local time of a machine that is not named."""
    try:
        ended = datetime.strptime(date or "", "%Y%m%d-%H%M%S")  # noqa: DTZ007  # the report names no zone
        began = ended - timedelta(seconds=duration)
    except (ValueError, OverflowError):
        return "", "the report does not say when it was made"
    return began.isoformat(timespec="seconds"), "the start is in the local time of the machine that sent the load"


def _requests(tree: Tree, samples: Samples | None) -> Requests:
    completed = picking.whole(tree, "completed")
    failed = picking.whole(tree, "failed")
    asked = picking.whole(tree, "num_prompts")
    if failed is None and asked is not None and completed is not None:
        failed = max(asked - completed, 0)
    kinds = failing.counted(samples.failure) if samples else ({failing.UNTOLD: failed} if failed else {})
    return Requests(None if failed is None or completed is None else completed + failed, completed, kinds)


def _load(tree: Tree, requests: Requests, *, stream: bool | None) -> Load:
    rate, most = picking.number(tree, "request_rate"), picking.whole(tree, "max_concurrency")
    completed = requests.completed or 0
    return Load(
        _profile(tree, rate, most),
        Prompts(UNTOLD, _spread(tree, "input", completed), _spread(tree, "output", completed)),
        rate=rate,
        concurrency=most,
        requests=picking.whole(tree, "num_prompts"),
        api=_APIS.get(picking.text(tree, "backend") or picking.text(tree, "endpoint_type") or "", UNTOLD),
        stream=stream,
        seed=None,
        ignore_eos=None,
    )


def _profile(tree: Tree, rate: float | None, most: int | None) -> Profile:
    if picking.text(tree, "ramp_up_strategy"):
        return "stages"
    if rate is None:
        unlimited = picking.text(tree, "request_rate") == "inf"
        return UNTOLD if not unlimited else "burst" if most is None else "concurrency"
    burstiness = picking.number(tree, "burstiness")
    if burstiness is None or burstiness == 1.0:  # releases that do not write it draw at random
        return "poisson"
    return "constant" if burstiness >= EVEN else UNTOLD


def _spread(tree: Tree, side: str, completed: int) -> Spread:
    total = picking.number(tree, f"total_{side}_tokens")
    lengths = [int(value) for value in picking.items(tree, f"{side}_lens") if isinstance(value, int) and value]
    mean = total / completed if total is not None and completed else None
    return Spread(mean, min(lengths, default=None), max(lengths, default=None))


def _metrics(tree: Tree, requests: Requests, samples: Samples | None) -> list[Metric]:
    def rate(key: str) -> float | None:
        return picking.number(tree, key)

    whole = f"{TITLE}: over the whole run, its begin and end included"
    duration, prompts = picking.number(tree, "duration"), picking.number(tree, "total_input_tokens")
    return [
        measuring.one("requests_per_second", rate("request_throughput"), whole, n=requests.completed or 0),
        measuring.one("output_tokens_per_second", rate("output_throughput"), whole),
        measuring.one(
            "input_tokens_per_second", prompts / duration if prompts is not None and duration else None, whole
        ),
        measuring.one("goodput", rate("request_goodput"), f"{TITLE} --goodput", otherwise=_NO_GOALS),
        measuring.share(requests, TITLE),
        *(_time(tree, name, samples, requests.completed or 0) for name in _KEYS),
    ]


def _time(tree: Tree, name: str, samples: Samples | None, n: int) -> Metric:
    key = _KEYS[name]
    told = {stat: picking.number(tree, f"{stat}_{key}_ms") for stat in ("p50", "p90", "p95", "p99", "mean")}
    if told["p50"] is None:
        told["p50"] = picking.number(tree, f"median_{key}_ms")
    rows = _rows(samples, name) if samples else []
    if not rows and not any(f"{stat}_{key}_ms" in tree for stat in ("mean", "median", "p99")):
        return measuring.missing(name, f"{TITLE} was run without it (--percentile-metrics)")
    if rows and not any(value is not None for value in told.values()):  # --percentile-metrics left it out
        told = {"mean": math.fsum(rows) / len(rows) / measuring.MILLISECONDS}
    return measuring.of_rows(
        measuring.spread(name, told, measuring.MILLISECONDS, _SOURCES[name], n=0 if name == "itl" else n), rows
    )


def _rows(samples: Samples, name: str) -> list[float]:
    rows = zip(samples.sent, samples.first, samples.last, samples.output_tokens, strict=True)
    match name:
        case "ttft":
            return [first - sent for sent, first, _, _ in rows]
        case "e2e":
            return [last - sent for sent, _, last, _ in rows]
        case "tpot":
            return [(last - first) / (tokens - 1) for _, first, last, tokens in rows if tokens > 1]
        case _:
            return list(samples.gaps)


# ---- rows ------------------------------------------------------------------------------------------------------------


def _samples(tree: Tree) -> Samples | None:
    """The rows of `--save-detailed`; None without them, or where their columns are no numbers of one length."""
    starts, ttfts = picking.numbers(tree, "start_times"), picking.numbers(tree, "ttfts")
    gaps = [picking.numbers(row) for row in picking.items(tree, "itls")]
    errors = picking.items(tree, "errors")
    if not starts or None in gaps or not len(ttfts or ()) == len(gaps) == len(starts) == len(errors):
        return None
    samples, begin = Samples(), min(starts)
    for at in sorted(range(len(starts)), key=starts.__getitem__):
        ttft, latency = picking.number(ttfts, at) or 0.0, picking.number(tree, "latencies", at)
        _row(samples, failing.kind(str(errors[at] or "")), starts[at] - begin, ttft, gaps[at] or [], latency)
        samples.prompt_tokens.append(picking.whole(tree, "input_lens", at) or -1)
        samples.output_tokens.append(picking.whole(tree, "output_lens", at) or -1)
    return samples


def _row(samples: Samples, failure: str, sent: float, ttft: float, gaps: list[float], latency: float | None) -> None:
    lasted = latency if latency is not None else ttft + math.fsum(gaps)
    naming.row(samples, sent=sent, first=None if failure else sent + ttft, last=None if failure else sent + lasted,
               failure=failure, gaps=() if failure else gaps)  # fmt: skip


def _notes(tree: Tree) -> list[str]:
    told = []
    burst = picking.number(tree, "burstiness")
    if burst is not None and burst != 1.0 and burst < EVEN and picking.number(tree, "request_rate") is not None:
        told.append(f"arrivals of burstiness {burst:g}: neither at random (1) nor even")
    if ramp := picking.text(tree, "ramp_up_strategy"):
        first, last = picking.number(tree, "ramp_up_start_rps"), picking.number(tree, "ramp_up_end_rps")
        told.append(f"the rate rose ({ramp}) from {first} to {last} requests/s")
    waits = [float(each) for each in picking.items(tree, "queue_times") if isinstance(each, (int, float))]
    if waits and max(waits) >= _WAITED_S:
        told.append(
            f"requests waited up to {max(waits):.3g} s in the client before they were sent; no time counts that"
        )
    return told


_WAITED_S = 0.01
"""Shortest wait in the client that is worth a word; what it needs to build a request is about a millisecond."""
