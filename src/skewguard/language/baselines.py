"""Performance at a known load: what was measured, with what instrument, and what two measurements say of each other.

Values only: `observe` makes a `Run` or `Scrape`s, `judge.baseline` turns them into metrics and verdicts, `report` shows them.
A metric that could not be had is one with a `gap`, never a 0. Times are seconds (since the start of the run where they
are moments), memory bytes, shares between 0 and 1.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from skewguard.language.explanations import Tables
from skewguard.language.facts import Fact, Gap, Origin, Subject
from skewguard.language.loads import Load
from skewguard.language.results_parts import InputProblem
from skewguard.language.running import Unread

# ---- what the load client saw ----------------------------------------------------------------------------------------

Failure = Literal["", "timeout", "refused", "reset", "closed-early", "http", "rate-limited", "bad-answer", "stopped"]
"""Why a request has no complete answer: empty where it has one. `http`: a status that is no success (the status stands beside
it); `rate-limited`: 429, after the tries that Retry-After allowed; `stopped`: we ended the run before it ended."""


class Samples(Struct, frozen=True):
    """One row per request, in columns of equal length, in the order of the intended start.

    `intended`, `sent`, `first`, `last` are seconds since the start of the run: when it should have been sent, was sent, and
    when its first and last token arrived (NaN where none did). `censored`: the first token's moment is an upper bound, since
    several chunks came in one read, or none was seen before the answer was over (`chunks` is 0). `prompt_tokens` and
    `output_tokens` are the server's own count (-1: it gave none); `first_tokens` are those in the first chunk (-1: not told).
    `gaps` are the times between chunks, of all requests in a row, and `gap_counts` how many of them belong to each request.
    `last_censored`: likewise the last one's, where the server sends what follows it apart (empty: not told).
    `phase`: `warmup`, `measured` or `drain` of each row, as 0, 1 or 2. `fresh`: its connection had to be opened first.
    """

    intended: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    prompt_tokens: list[int] = field(default_factory=list)
    output_tokens: list[int] = field(default_factory=list)
    first_tokens: list[int] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    failure: list[str] = field(default_factory=list)
    censored: list[bool] = field(default_factory=list)
    fresh: list[bool] = field(default_factory=list)
    phase: list[int] = field(default_factory=list)
    gap_counts: list[int] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    last_censored: list[bool] = field(default_factory=list)


class Instrument(Struct, frozen=True):
    """What the load client says of itself: whether it, and not the server, was slow.

    `clock`: `kernel` receive stamps, `user` stamps, or `mixed` (some processes had no kernel stamps). `slip_p99`: how late
    requests left; `read_lag_p99`: how long an answer lay unread (None with user stamps: not knowable). `censored`: share of
    first tokens whose moment is only an upper bound. `client_cpu`: cores used by each client process, the busiest of them;
    `others_cpu`: cores that everything else on the machine used (None where the platform does not tell), of `cores`.
    """

    clock: Literal["kernel", "user", "mixed"]
    slip_p99: float
    read_lag_p99: float | None
    censored: float
    client_cpu: float
    others_cpu: float | None
    cores: int
    processes: int = 1
    tls: bool = False
    host: str | None = None


class Run(Struct, frozen=True):
    """One run of the load client. `partial`: it was ended before its load was sent, and `stopped` says by what.

    `started_at` is ISO 8601. `measured` are the two moments between which rows count (ramp and drain cut).
    """

    load: Load
    started_at: str
    duration: float
    samples: Samples
    instrument: Instrument
    measured: tuple[float, float]
    model: str | None = None
    partial: bool = False
    stopped: str = ""
    notes: tuple[str, ...] = ()


# ---- what engines and machines say of themselves meanwhile -----------------------------------------------------------


class Buckets(Struct, frozen=True):
    """A histogram as an engine counts it: upper `bounds` (the last is infinity) with cumulative `counts`, and the sum."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]
    total: float


class Scrape(Struct, frozen=True):
    """One page of metrics of one engine process at one moment, under our own names.

    `at` is a Unix time in seconds. `gauges` and `counters` are named as `knowledge.engines.live.performance` names them
    (`running`, `waiting`, `kv_cache_usage`; `prompt_tokens`, `output_tokens`, `requests`, `aborted`, `failed`,
    `preemptions`, `prefix_queries`, `prefix_hits`), histograms as the metrics are (`ttft`, `itl`, `tpot`, `e2e`,
    `prompt_tokens`, `output_tokens`). `origin` says from where. `labels` that split a metric (model, engine) are summed.
    `whole`: its histograms were read too; between the first and the last page of a window nobody needs them.
    """

    replica: str
    at: float
    origin: Origin
    gauges: Mapping[str, float] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)
    histograms: Mapping[str, Buckets] = field(default_factory=dict)
    process_started: float | None = None
    whole: bool = True


class Devices(Struct, frozen=True):
    """What GPUs did at one moment: `utilization` (0 to 1) and `memory_used` (bytes), a number per GPU."""

    at: float
    origin: Origin
    utilization: tuple[float, ...] = ()
    memory_used: tuple[float, ...] = ()


class Watched(Struct, frozen=True):
    """What was read beside a run, or in a window of live traffic, and what could not be read.

    `beat`: the seconds that were meant to lie between two pages of one replica (None: not known). `expected` are the
    replicas that were to be read, so that one of which nothing came is missed; `engine` is the one that all of them run.
    """

    scrapes: tuple[Scrape, ...] = ()
    devices: tuple[Devices, ...] = ()
    unread: tuple[Unread, ...] = ()
    beat: float | None = None
    expected: tuple[str, ...] = ()
    engine: str | None = None


# ---- a baseline ------------------------------------------------------------------------------------------------------


class Between(Struct, frozen=True):
    """A number known only to lie in an interval (a bucket of a histogram). None: open on that side."""

    low: float | None
    high: float | None


Number = float | Between


class Metric(Struct, frozen=True):
    """One metric of a baseline: one `value`, or `quantiles` by name (p50, p90, p95, p99), or the `gap`: why there is none.

    `n` are the observations behind it, `source` where they come from (`load client`, `GET /metrics of pod X`, …).
    `mean` beside quantiles, where it is known.
    """

    name: str
    unit: str
    value: Number | None = None
    quantiles: Mapping[str, Number] | None = None
    mean: float | None = None
    gap: str | None = None
    n: int = 0
    source: str = ""


class Requests(Struct, frozen=True):
    """How many requests were sent, how many have a complete answer, and how many failed, by kind of failure.

    `tokens_untold`: answers of which the server counted no tokens. None: not known (from traffic).
    """

    sent: int | None = None
    completed: int | None = None
    failed: Mapping[str, int] = field(default_factory=dict)
    tokens_untold: int = 0


class Baseline(Struct, frozen=True):
    """Performance of one subject at a known load, bound to everything it ran with.

    `kind`: `load` was sent by us (or by the tool that `made_by` names), `traffic` was production's own. An invalid one (`invalid_because`)
    is no baseline: it is kept, shown, and never compared against. `slo` is by metric and statistic, as in a contract.
    `replicas` None: not known. `id` is empty until the store has given one. `measured` are the two moments between which rows
    count. `endpoint`: the URL that the load was sent to, without credentials. `part`: this is the k-th (from 0) of n shares of one load, which several machines sent; it says nothing alone.
    """

    subject: Subject
    started_at: str
    duration: float
    kind: Literal["load", "traffic"]
    load: Load
    id: str = ""
    replicas: int | None = None
    gpus: int | None = None
    valid: bool = True
    invalid_because: tuple[str, ...] = ()
    partial: bool = False
    requests: Requests = Requests()
    slo: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    instrument: Instrument | None = None
    metrics: tuple[Metric, ...] = ()
    samples: Samples | None = None
    facts: tuple[Fact, ...] = ()
    gaps: tuple[Gap, ...] = ()
    inputs_digest: str | None = None
    made_by: str | None = None
    model: str | None = None
    engine: str | None = None
    version: str | None = None
    measured: tuple[float, float] | None = None
    part: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    endpoint: str | None = None

    def metric(self, name: str) -> Metric | None:
        """One of its metrics."""
        return next((metric for metric in self.metrics if metric.name == name), None)


class Objective(Struct, frozen=True):
    """One promise (service level objective) and what became of it: `bound` is its limit, `value` what was measured.

    `stat` is a quantile or `mean`, or `min` or `max` of a metric that is one number. `reason` says what decided, or kept it from being.
    """

    name: str
    stat: str
    bound: float
    verdict: Literal["met", "missed", "undecided"]
    value: Number | None = None
    reason: str = ""


# ---- what two of them say --------------------------------------------------------------------------------------------

Verdict = Literal["better", "same", "worse", "inconclusive"]


class Difference(Struct, frozen=True):
    """Something in which two baselines differ. `blocks`: it keeps them from being compared; else it is told beside the verdict."""

    what: str
    a: str
    b: str
    blocks: bool = True
    reason: str = ""


class Compared(Struct, frozen=True):
    """One metric at one statistic (`value`, `mean`, `p50` …) of two baselines.

    `effect` is the ratio b/a, or the difference b-a where `tolerance` is in points (shares) or `b` is 0. `interval`: between
    which two numbers the effect lies with the confidence of the comparison; None where none can be had (then the verdict is
    inconclusive, or rests on disjoint intervals of buckets). `tolerance` in words (`at most 1.1x`). `reason` says what decided.
    `deciding`: where it is inconclusive, the whole comparison is; not so of tails that nobody promised, nor of what is certainly not worse.
    """

    name: str
    stat: str
    unit: str
    verdict: Verdict
    a: Number | None = None
    b: Number | None = None
    effect: float | None = None
    interval: tuple[float | None, float | None] | None = None
    points: bool = False
    tolerance: str = ""
    reason: str = ""
    deciding: bool = True


class Noise(Struct, frozen=True):
    """What one metric at one statistic does between runs of the very same thing: `floor` is the effect (as |ln b/a|, or in
    points) that `confidence` of such pairs stay under; `spread` the standard deviation of it over `pairs`."""

    name: str
    stat: str
    floor: float
    spread: float
    pairs: int
    points: bool = False


class Calibration(Struct, frozen=True):
    """The noise of one subject at one load, learned from runs of the very same thing (A/A)."""

    subject: Subject
    load: Load
    made_at: str
    baselines: tuple[str, ...]
    noise: tuple[Noise, ...]
    confidence: float = 0.99
    inputs_digest: str | None = None
    id: str = ""


# ---- answers of the verbs --------------------------------------------------------------------------------------------


class BaselineReport(Struct, frozen=True):
    """The answer of `baseline record`, `import` and `show`. `against` is an earlier baseline of the same subject and load,
    for the plots; `comparison` what the two say of each other, where they can be compared.

    `stored`: where it was written (None: not). `objectives`: what became of each promise, where a valid one was held to some.
    """

    baselines: tuple[Baseline, ...] = ()
    against: Baseline | None = None
    comparison: "Comparison | None" = None
    stored: str | None = None
    tables: Tables = Tables()
    errors: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0
    objectives: tuple[Objective, ...] = ()


class Comparison(Struct, frozen=True):
    """What b says against a: comparable or not (`differs`), and a verdict per metric."""

    a: str
    b: str
    comparable: bool
    differs: tuple[Difference, ...] = ()
    metrics: tuple[Compared, ...] = ()
    confidence: float = 0.99
    calibrated: bool = False

    @property
    def verdict(self) -> Verdict:
        """The one word for all: worse if any is, inconclusive if not comparable, if what decides cannot be told, or if nothing can."""
        told = {metric.verdict for metric in self.metrics if metric.verdict != "inconclusive"}
        if not self.comparable or not told:
            return "inconclusive"
        if "worse" in told:
            return "worse"
        if any(metric.deciding for metric in self.metrics if metric.verdict == "inconclusive"):
            return "inconclusive"
        return "better" if "better" in told else "same"


class ComparisonReport(Struct, frozen=True):
    """The answer of `baseline compare`; the two baselines themselves for the plots."""

    comparison: Comparison
    a: Baseline
    b: Baseline
    tables: Tables = Tables()
    errors: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


class CalibrationReport(Struct, frozen=True):
    """The answer of `baseline calibrate`."""

    calibration: Calibration | None = None
    baselines: tuple[Baseline, ...] = ()
    stored: str | None = None
    tables: Tables = Tables()
    errors: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


class BaselineList(Struct, frozen=True):
    """The answer of `baseline list`, newest first, without samples."""

    store: str
    baselines: tuple[Baseline, ...] = ()
    tables: Tables = Tables()
    errors: tuple[InputProblem, ...] = ()
    notes: tuple[str, ...] = ()
    exit_code: int = 0


Measured = BaselineReport | ComparisonReport | CalibrationReport | BaselineList
"""Every answer about performance."""
