"""A load and its run in words: what was sent, to what, by what instrument, and how it goes."""

from math import isfinite

from skewguard.language.baselines import Baseline, Instrument, Requests
from skewguard.language.loads import UNTOLD, Load, Spread
from skewguard.report import words
from skewguard.report.quantities import digits, duration, said

_FAILURES = {
    "timeout": "timed out",
    "refused": "refused",
    "reset": "reset",
    "closed-early": "closed early",
    "http": "answered with an HTTP error",
    "rate-limited": "rate-limited (429)",
    "bad-answer": "answered with nonsense",
    "stopped": "stopped by the end of the run",
}


_ARRIVALS = {
    "observed": "live traffic",
    "burst": "all at once",
    "trace": "trace replay",
    "stages": "unknown stages",
    UNTOLD: "unknown arrivals",
}
"""What people call a profile, where it is not its name."""

_APIS = {"completions": "completions", UNTOLD: "API unknown"}
"""What is said of an API; nothing of the usual one."""


def load(item: Load) -> str:
    """`poisson 4 req/s for 60 s after 10 s of warm-up, prompt 512, output 128 tokens, seed 1`."""
    parts = [brief(item, warmup=True), *_details(item)]
    return ", ".join(part for part in parts if part)


def brief(item: Load, *, warmup: bool = False) -> str:
    """The same without what seldom differs: `poisson 4 req/s for 60 s, prompt 512, output 128 tokens`."""
    ends = f" for {duration(item.duration)}" if item.duration is not None else ""
    ends += f", at most {words.counted(item.requests, 'request')}" if item.requests is not None else ""
    before = f" after {duration(item.warmup)} of warm-up" if warmup and item.warmup else ""
    return f"{_arrivals(item)}{ends}{before}{_lengths(item)}"


def shortest(item: Load) -> str:
    """As a column has room for: `poisson 4/s, 512→128` (tokens in and out)."""
    arrivals = _arrivals(item).replace(" req/s", "/s").replace("live traffic", "traffic")
    arrivals = arrivals.replace("unknown arrivals", "unknown")
    prompt, output = item.prompts.prompt_tokens, item.prompts.output_tokens
    if prompt.mean is None and output.mean is None:
        return arrivals
    ends = ("?" if each.mean is None else digits(each.mean) for each in (prompt, output))
    return f"{arrivals}, {'→'.join(ends)}"


def _arrivals(item: Load) -> str:
    rate = f" {rate_of(item.rate)}" if item.rate is not None else ""
    at_once = f"{item.concurrency} at once" if item.concurrency is not None else ""
    if item.profile == "concurrency":
        return at_once or "closed loop"
    if item.profile == "stages" and item.stages:
        each = [
            rate_of(stage.rate) if stage.rate is not None else f"{stage.concurrency} at once" for stage in item.stages
        ]
        lengths = {stage.duration for stage in item.stages}
        times = f" of {duration(lengths.pop())}" if len(lengths) == 1 else ""
        return f"{words.counted(len(each), 'stage')}{times} ({', '.join(each)})"
    name = _ARRIVALS.get(item.profile, item.profile)
    if not at_once:
        return f"{name}{rate}"
    return f"{name}{rate}, {f'{at_once} in the median' if item.profile == 'observed' else f'at most {at_once}'}"


def rate_of(rate: float) -> str:
    """`4 req/s`."""
    return f"{digits(rate)} req/s"


def _lengths(item: Load) -> str:
    prompt, output = item.prompts.prompt_tokens, item.prompts.output_tokens
    if prompt.mean is None and output.mean is None:
        return ", lengths unknown"
    return f", prompt {_tokens(prompt)}, output {_tokens(output)} tokens"


def _tokens(item: Spread) -> str:
    if item.mean is not None and item.minimum != item.maximum and item.minimum is not None:
        return f"{item} (mean {digits(item.mean)})"
    return "of unknown length" if item.mean is None else digits(item.mean)


def _details(item: Load) -> list[str]:
    prompts = item.prompts
    named = {"file": "prompts of a file", "recorded": "recorded mix"}.get(prompts.source, "")
    told = [
        f"{named} {prompts.name}" if named and prompts.name else named,
        f"the first {prompts.shared_prefix} tokens shared" if prompts.shared_prefix else "",
    ]
    if item.profile == "observed":
        return told
    return [
        *told,
        _APIS.get(item.api, ""),
        {True: "", False: "not streamed", None: "streaming unknown"}[item.stream],
        "end of text ignored" if item.ignore_eos else "",
        f"seed {item.seed}" if item.seed is not None else "",
    ]


def ran(item: Baseline) -> str:
    """`vllm 0.11.0 · Qwen/Qwen3-8B · 2 replicas · 2 GPUs · 60 s`."""
    engine = f"{item.engine} {item.version or 'of unknown version'}" if item.engine else "engine unknown"
    replicas = words.counted(item.replicas, "replica") if item.replicas is not None else "replicas unknown"
    gpus = words.counted(item.gpus, "GPU") if item.gpus is not None else "GPUs unknown"
    made = [f"measured by {item.made_by}"] if item.made_by else []
    return " · ".join([engine, _model(item), replicas, gpus, duration(item.duration), *made])


def _model(item: Baseline) -> str:
    """The model; one of which nothing was answered was only asked for."""
    if item.model and item.kind == "load" and item.requests.sent and item.requests.completed == 0:
        return f"no answer of a model ({item.model} was asked for)"
    return item.model or "model unknown"


def sent_to(item: Baseline) -> str:
    """`http://chat:8000, model Qwen/Qwen3-8B`: which address the load went to, and the name that it asked for."""
    return f"{item.endpoint}, model {item.model or 'not named'}"


def requests(item: Requests) -> str:
    """`240 sent, 240 completed, none failed`, and failures by kind, the most frequent first."""
    parts = [f"{item.sent:,} sent"] if item.sent is not None else []
    parts += [f"{item.completed:,} completed"] if item.completed is not None else []
    kinds = sorted(((kind, count) for kind, count in item.failed.items() if count), key=lambda pair: -pair[1])
    if kinds:
        total = sum(count for _, count in kinds)
        each = ", ".join(f"{count:,} {_FAILURES.get(kind, kind)}" for kind, count in kinds)
        parts.append(f"{total:,} failed: {each}")
    elif item.sent is not None:
        parts.append("none failed")
    if item.tokens_untold:
        parts.append(f"{words.counted(item.tokens_untold, 'answer')} without a count of tokens")
    return ", ".join(parts) or "not counted"


def instrument(item: Instrument) -> str:
    """`kernel stamps · slip p99 0.31 ms · read lag p99 0.12 ms · …`: whether the client, not the server, was slow."""
    lag = f"read lag p99 {said(item.read_lag_p99, 's')}" if item.read_lag_p99 is not None else "read lag not knowable"
    others = f"others {digits(item.others_cpu)}" if item.others_cpu is not None else "others unknown"
    several = f" in each of {item.processes} processes" if item.processes > 1 else ""
    return " · ".join([
        f"{item.clock} stamps",
        f"slip p99 {said(item.slip_p99, 's')}",
        lag,
        f"{said(item.censored, 'ratio')} of first tokens only bounded from above",
        f"client {digits(item.client_cpu)}{several}, {others} of {words.counted(item.cores, 'core')}",
        *(["TLS"] if item.tls else []),
        *([f"on {item.host}"] if item.host else []),
    ])  # fmt: skip


def progress(
    *,
    done: float | None,
    left: float | None,
    rate: float,
    in_flight: int,
    failed: int,
    ttft: float | None = None,
    e2e: float | None = None,
) -> str:
    """`62 % · 38 s left · 3.9 req/s · 4 in flight · TTFT 81 ms · 0 failed`: how a running load goes.

    `done` is a share, `left` seconds; None where nobody knows. E2E stands for TTFT where answers are not streamed.
    """
    parts = [f"{min(max(done, 0.0), 1.0) * 100:.0f} %"] if done is not None and isfinite(done) else []
    parts += [f"{duration(round(max(left, 0.0)))} left"] if left is not None and isfinite(left) else []
    parts += [rate_of(rate), f"{in_flight} in flight"]
    if ttft is not None:
        parts.append(f"TTFT {said(ttft, 's')}")
    elif e2e is not None:
        parts.append(f"E2E {said(e2e, 's')}")
    return " · ".join([*parts, f"{failed} failed"])
