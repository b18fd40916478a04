"""From the rows of a run to the metrics of a baseline.

Quantiles interpolate linearly between the two nearest observations (Hyndman and Fan's type 7, numpy's default). One is
given only where at least one observation is expected beyond it: the p99 of 60 requests would be the maximum by another name.
"""

from collections.abc import Mapping

from skewguard.judge.baseline import rows as rowing
from skewguard.judge.baseline.rows import CLIENT, Array, Rows, Series
from skewguard.language.baselines import Between, Metric, Number, Run
from skewguard.language.figures import digits
from skewguard.language.measures import MEASURES

PROBABILITIES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
ENOUGH = {"p50": 5, "p90": 10, "p95": 20, "p99": 100}
"""Observations from which a quantile is given: for each tail 1/(1 − p), so that one is expected beyond it."""

MOVED = 0.02
"""How far upper bounds among the first tokens (several chunks in one read) may move a quantile of TTFT before it is
given as the interval in which it lies instead of as a point."""

PER_REQUEST = ("ttft", "tpot", "e2e")
"""Objectives that a single request meets or misses (as DistServe's goodput, arXiv 2401.09670, and vLLM's `--goodput`)."""


def of_run(run: Run, *, slo: Mapping[str, Mapping[str, float]], gpus: int | None) -> tuple[Metric, ...]:
    """The metrics of a run of the load client, in the order in which they are shown.

    Rates count what happened inside the measured window, whichever request it belongs to: an answer that straddles an
    edge counts with the tokens that arrived inside (`rows.delivered` says how), a request where it was completed, a
    prompt when its first token came. Latencies are those of requests that were meant to leave inside the window, from that
    intended start; failed requests have none, and are counted in `error_rate`.
    """
    rows = rowing.of(run.samples)
    rates = _rates(rows, run.measured, gpus)
    times = tuple(_time(name, each) for name, each in _ordered(rowing.times(rows, stream=bool(run.load.stream))))
    return (*rates, *times, _goodput(rows, run, slo), _error_rate(rows))


def _ordered(series: Mapping[str, Series]) -> list[tuple[str, Series]]:
    return [(name, series[name]) for name in MEASURES if name in series]


def _metric(
    name: str, *, value: float | None = None, gap: str | None = None, n: int = 0, source: str = CLIENT
) -> Metric:
    return Metric(name, MEASURES[name].unit, value=value, gap=gap, n=n, source=source)


# ---- rates -----------------------------------------------------------------------------------------------------------


_NONE_COMPLETE = "no request has a complete answer"
"""Of an engine that died in the warm-up nobody knows what it can do, which is not 0."""

EMPTY = "the measured window is empty: the load ended in its warm-up, or as soon as all of it was under way"


def _rates(rows: Rows, window: tuple[float, float], gpus: int | None) -> tuple[Metric, ...]:
    import numpy as np

    edges, seconds = np.asarray(window), window[1] - window[0]
    done = float(rowing.completions(rows, edges)[0]) if seconds > 0 else 0.0
    delivered = rowing.delivered(rows, edges)
    if not done and not (seconds > 0 and delivered[0] > 0):
        gap = _none_within(rows, seconds)
        return tuple(_metric(name, gap=gap) for name in MEASURES if name.endswith(("_second", "_per_gpu")))
    n = int(done)
    output = _tokens("output_tokens_per_second", rows, rows.output, delivered, seconds, n)
    return (
        _metric("requests_per_second", value=done / seconds, n=n),
        output,
        _tokens("input_tokens_per_second", rows, rows.prompt, rowing.prefilled(rows, edges), seconds, n),
        _per_gpu(output, gpus),
    )


def _none_within(rows: Rows, seconds: float) -> str:
    """Why there is no rate: nothing was answered, nothing was measured, or nothing answered while it was."""
    if not rows.complete.any():
        return _NONE_COMPLETE
    if seconds <= 0:
        return EMPTY
    return f"no answer came within the measured window, which is {digits(seconds)} s long: a longer load has them"


def _tokens(name: str, rows: Rows, counts: Array, tokens: Array, seconds: float, n: int) -> Metric:
    share = rowing.untold(rows, counts)
    if share > rowing.UNTOLD:
        return _metric(name, gap=f"the server counted no tokens in {share:.0%} of its answers (no `usage`)", n=n)
    source = CLIENT if not share else f"{CLIENT}; {share:.1%} of the answers without a count are not in it"
    return _metric(name, value=float(tokens[0]) / seconds, n=n, source=source)


def _per_gpu(output: Metric, gpus: int | None) -> Metric:
    name = "output_tokens_per_second_per_gpu"
    if not gpus:
        return _metric(name, gap="not known how many GPUs serve it", n=output.n)
    if not isinstance(output.value, float):
        return _metric(name, gap=output.gap, n=output.n)
    return _metric(name, value=output.value / gpus, n=output.n, source=f"{output.source}, {gpus} GPUs")


# ---- times -----------------------------------------------------------------------------------------------------------


def _time(name: str, series: Series) -> Metric:
    import numpy as np

    n = int(series.high.size)
    if series.gap:
        return _metric(name, gap=series.gap)
    quantiles = {stat: quantile(series, stat) for stat in PROBABILITIES if n >= ENOUGH[stat]}
    if not quantiles:
        return _metric(name, gap=f"only {n} observations: too few for a quantile", n=n, source=series.source)
    mean = float(np.mean(series.high)) if series.low is series.high else None
    return Metric(name, MEASURES[name].unit, quantiles=quantiles, mean=mean, n=n, source=series.source)


def quantile(series: Series, stat: str) -> Number:
    """One quantile: a point, or between what it is with every upper bound as late, and as early, as it can be."""
    import numpy as np

    high = float(np.quantile(series.high, PROBABILITIES[stat]))
    if series.low is series.high:
        return high
    low = float(np.quantile(series.low, PROBABILITIES[stat]))
    return high if high - low <= MOVED * high else Between(low, high)


# ---- objectives and failures -----------------------------------------------------------------------------------------


def bounds(slo: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The bound that one request has to meet, by metric: that of the highest quantile promised, which nearly all must meet."""
    order = ("p99", "p95", "p90", "p50")
    chosen = {name: next((slo[name][stat] for stat in order if stat in slo[name]), None) for name in slo}
    return {name: bound for name, bound in chosen.items() if bound is not None and name in PER_REQUEST}


def _goodput(rows: Rows, run: Run, slo: Mapping[str, Mapping[str, float]]) -> Metric:
    """Requests per second that met every objective, by the moment at which they were meant to leave."""
    limits, seconds = bounds(slo), run.measured[1] - run.measured[0]
    gap = _no_goodput(rows, run, slo, limits)
    if gap or seconds <= 0:
        return _metric("goodput", gap=gap or EMPTY)
    met = int((rowing.good(rows, limits) & rows.measured).sum())
    said = ", ".join(f"{name} ≤ {bound:g} s" for name, bound in limits.items())
    return _metric("goodput", value=met / seconds, n=int(rows.measured.sum()), source=f"{CLIENT}: {said}")


def _no_goodput(rows: Rows, run: Run, slo: Mapping[str, Mapping[str, float]], limits: Mapping[str, float]) -> str:
    if not slo:
        return "no service level objectives are promised (performance.slo of a contract)"
    if not limits:
        return "the objectives promised are none that one request meets or misses (ttft, tpot, e2e at a quantile)"
    if not run.load.stream and set(limits) & {"ttft", "tpot"}:
        return "answers were asked for in one piece: nobody knows when the first token came"
    first_chunk = (
        rowing.first_chunk(rows, rows.complete & (rows.output > 0) & ~rows.unseen)
        if "tpot" in limits and (rows.complete & ~rows.unseen).any()
        else None
    )
    return first_chunk[2] if first_chunk else ""


def _error_rate(rows: Rows) -> Metric:
    """Failed, of all that were meant to leave in the window; what we ourselves ended is neither."""
    judged = rows.measured & ~rows.stopped
    n = int(judged.sum())
    if not n:
        return _metric("error_rate", gap="no request ended in the measured window")
    return _metric("error_rate", value=float((judged & ~rows.complete).sum()) / n, n=n)
