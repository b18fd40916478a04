"""The JSON documents about performance: what `baseline` records, compares, calibrates and lists.

A promise like those in `documents`. Times are seconds, memory bytes, shares between 0 and 1. A metric that could not be
had is one with a `gap`, never a 0. A load, the counts of requests and the verdicts are the values of `language` as they are.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from skewguard.language.baselines import Between, Compared, Difference, Noise, Objective, Requests, Verdict
from skewguard.language.facts import Authority
from skewguard.language.loads import Load
from skewguard.report.documents import Document, Json, Origin, Problem, SettingName, Subject, Text

Number = float | Between
Moments = Annotated[list[float | None], Meta(description="seconds since the start of the run; null: there is none")]


class Metric(Struct, kw_only=True):
    """One metric: exactly one of `value`, `quantiles` (p50, p90, p95, p99) and `gap` (why there is none) is present.

    A number that is known only to lie between two bounds is `{low, high}`; a bound of null is open.
    """

    name: Text
    unit: Text
    value: Number | UnsetType = UNSET
    quantiles: Mapping[str, Number] | UnsetType = UNSET
    mean: Annotated[float | UnsetType, Meta(description="beside quantiles, where it is known")] = UNSET
    gap: str | UnsetType = UNSET
    n: Annotated[int, Meta(description="observations behind it")]
    source: Annotated[str, Meta(description="where they come from")]


class Instrument(Struct):
    """What the load client says of itself: whether it, and not the server, was slow. Null where it cannot be known.

    `slip_p99`: seconds by which requests left late; `read_lag_p99`: seconds an answer lay unread; `censored`: share of
    first tokens whose moment is only an upper bound; `client_cpu` and `others_cpu`: cores used by the busiest client
    process, and by all else on the machine.
    """

    clock: Annotated[Text, Meta(description="`kernel` receive stamps, `user` stamps, or `mixed`")]
    slip_p99: float | None
    read_lag_p99: float | None
    censored: float | None
    client_cpu: float | None
    others_cpu: float | None
    cores: int
    processes: int
    tls: bool
    host: str | None


class Samples(Struct):
    """The requests one by one, in columns of equal length; moments to a tenth of a microsecond.

    `gaps` are the seconds between chunks of all answers in a row, and `gap_counts` how many belong to each request.
    """

    intended: Moments
    sent: Moments
    first: Moments
    last: Moments
    prompt_tokens: Annotated[list[int], Meta(description="as the server counts; -1: it did not say")]
    output_tokens: Annotated[list[int], Meta(description="as the server counts; -1: it did not say")]
    first_tokens: Annotated[list[int], Meta(description="tokens in the first chunk; -1: not told")]
    chunks: list[int]
    status: Annotated[list[int], Meta(description="of HTTP")]
    failure: Annotated[list[str], Meta(description="why there is no complete answer; empty where there is one")]
    censored: Annotated[list[bool], Meta(description="the first token's moment is an upper bound")]
    fresh: Annotated[list[bool], Meta(description="its connection had to be opened first")]
    phase: Annotated[list[int], Meta(description="0 warm-up, 1 measured, 2 drain")]
    gap_counts: list[int]
    gaps: list[float | None]
    last_censored: Annotated[list[bool], Meta(description="likewise the last token's; empty: not told")]


class BaselineFact(Struct):
    """A setting the subject ran with while it was measured, who says so, and where."""

    setting: SettingName
    value: Json
    authority: Authority
    origin: Origin
    assumes: list[str]
    observed_at: str | None


class BaselineGap(Struct):
    """A setting whose value nobody could know while it was measured, why, and what would have settled it."""

    setting: SettingName
    reason: Text
    rule: Text
    inputs: list[str]
    would_need: Text


class ComparisonPart(Struct):
    """What b says against a; `verdict` is the one word for all."""

    a: Text
    b: Text
    comparable: bool
    verdict: Verdict
    confidence: float
    calibrated: Annotated[bool, Meta(description="the noise of the very same thing was known")]
    differs: list[Difference]
    metrics: list[Compared]


class BaselineDocument(Document, kw_only=True):
    """`baseline record`, `import`, `show` and `export`: performance of one subject at a known load.

    An invalid one (`invalid_because`) is no baseline: it is shown, and never compared against.
    """

    schema: Literal["skewguard.dev/baseline/v1"] = "skewguard.dev/baseline/v1"
    id: Annotated[str, Meta(description="given by the store; empty before")]
    subject: Subject
    started_at: Annotated[str, Meta(description="ISO 8601")]
    duration: float
    replicas: Annotated[int | None, Meta(description="null: not known")]
    gpus: Annotated[int | None, Meta(description="of all replicas together; null: not known")]
    kind: Annotated[
        Literal["load", "traffic"], Meta(description="load: sent for the measurement; traffic: production's own")
    ]
    valid: bool
    invalid_because: list[str]
    partial: Annotated[bool, Meta(description="ended before its load was sent")]
    load: Load
    requests: Requests
    slo: Annotated[Mapping[str, Mapping[str, float]], Meta(description="limits by metric and statistic")]
    instrument: Annotated[Instrument | None, Meta(description="null for traffic, which nobody sent")]
    metrics: list[Metric]
    samples: Samples | None
    facts: list[BaselineFact]
    gaps: list[BaselineGap]
    inputs_digest: str | None
    made_by: Annotated[str | None, Meta(description="the tool that measured, where it was another")]
    model: Annotated[str | None, Meta(description="of a load: the name that its requests asked for")]
    endpoint: Annotated[
        str | None, Meta(description="the URL that the load was sent to, without credentials; null: not known")
    ]
    engine: str | None
    version: str | None
    measured: Annotated[
        tuple[float, float] | None, Meta(description="between which two moments of the run requests count")
    ]
    part: Annotated[
        tuple[int, int] | None,
        Meta(description="k (from 0) and n: one of n shares of a load that several machines sent"),
    ]
    notes: list[str]
    stored: Annotated[str | UnsetType, Meta(description="the store it was written to")] = UNSET
    against: Annotated[str | UnsetType, Meta(description="the baseline it was compared with")] = UNSET
    comparison: ComparisonPart | UnsetType = UNSET
    objectives: Annotated[
        list[Objective] | UnsetType, Meta(description="what became of each limit of `slo`, where it is valid")
    ] = UNSET
    errors: list[Problem] | UnsetType = UNSET
    remarks: Annotated[list[str] | UnsetType, Meta(description="on the command, not on the baseline")] = UNSET


class BaselinesDocument(Document, kw_only=True):
    """`baseline list`, and other answers that hold none or several baselines; each is a document of its own."""

    schema: Literal["skewguard.dev/baselines/v1"] = "skewguard.dev/baselines/v1"
    store: Annotated[str | None, Meta(description="where they are kept; null: nowhere")]
    baselines: Annotated[list[BaselineDocument], Meta(description="newest first, in a list without samples")]
    errors: list[Problem]
    notes: list[str]


class ComparisonDocument(Document, kw_only=True):
    """`baseline compare`. `effect` is the ratio b/a, or with `points` the difference b - a; `interval` holds it."""

    schema: Literal["skewguard.dev/comparison/v1"] = "skewguard.dev/comparison/v1"
    a: Text
    b: Text
    comparable: bool
    verdict: Annotated[Verdict, Meta(description="the one word for all")]
    confidence: float
    calibrated: Annotated[bool, Meta(description="the noise of the very same thing was known")]
    differs: list[Difference]
    metrics: list[Compared]
    errors: list[Problem]
    notes: list[str]


class CalibrationPart(Struct):
    """The noise of one subject at one load, learned from runs of the very same thing."""

    id: Annotated[str, Meta(description="given by the store; empty before")]
    subject: Subject
    load: Load
    made_at: Annotated[str, Meta(description="ISO 8601")]
    baselines: Annotated[list[str], Meta(description="ids of the runs")]
    noise: list[Noise]
    confidence: float
    inputs_digest: str | None


class CalibrationDocument(Document, kw_only=True):
    """`baseline calibrate`: how far two runs of the very same thing lie apart. Null where that could not be learned."""

    schema: Literal["skewguard.dev/calibration/v1"] = "skewguard.dev/calibration/v1"
    calibration: CalibrationPart | None
    stored: str | None
    errors: list[Problem]
    notes: list[str]
