"""Performance as documents: the step from our own values to the keys that other programs read, and that the store keeps."""

import math
from collections.abc import Iterable

import msgspec
from msgspec import UNSET, UnsetType

from skewguard.language import baselines, facts
from skewguard.language.explanations import Tables
from skewguard.report import parts
from skewguard.report import performance_documents as documents

MOMENTS = ("intended", "sent", "first", "last", "gaps")
"""The columns of samples that hold moments or times, which may be NaN; JSON has no word for that but null."""

DIGITS = 7
"""Of a second: a tenth of a microsecond, below what any clock here tells, and half the size of the number in full."""

_NOT_FINITE = "the arithmetic gave no finite number"


def document(
    report: baselines.Measured,
) -> (
    documents.BaselineDocument
    | documents.BaselinesDocument
    | documents.ComparisonDocument
    | documents.CalibrationDocument
):
    """The JSON document of any answer of `baseline`. One baseline is a document of its own, several are a list."""
    if isinstance(report, baselines.ComparisonReport):
        return _comparison(report)
    if isinstance(report, baselines.CalibrationReport):
        return _calibration_report(report)
    if isinstance(report, baselines.BaselineList):
        return _several(report, report.store)
    return _report(report) if len(report.baselines) == 1 else _several(report, report.stored)


def baseline(
    item: baselines.Baseline, tables: Tables, exit_code: int = 0, *, samples: bool = True
) -> documents.BaselineDocument:
    """One baseline by itself, as it is stored and exported."""
    return documents.BaselineDocument(
        tool=parts.tool(tables),
        exit_code=exit_code,
        id=item.id,
        subject=parts.subject(item.subject),
        started_at=item.started_at,
        duration=item.duration,
        replicas=item.replicas,
        gpus=item.gpus,
        kind=item.kind,
        valid=item.valid,
        invalid_because=list(item.invalid_because),
        partial=item.partial,
        load=item.load,
        requests=item.requests,
        slo=item.slo,
        instrument=_instrument(item.instrument) if item.instrument else None,
        metrics=[_metric(metric) for metric in item.metrics],
        samples=_samples(item.samples) if item.samples and samples else None,
        facts=[_fact(fact) for fact in item.facts],
        gaps=[_gap(gap) for gap in item.gaps],
        inputs_digest=item.inputs_digest,
        made_by=item.made_by,
        model=item.model,
        endpoint=item.endpoint,
        engine=item.engine,
        version=item.version,
        measured=item.measured,
        part=item.part,
        notes=list(item.notes),
    )


def _report(report: baselines.BaselineReport) -> documents.BaselineDocument:
    (item,) = report.baselines
    return msgspec.structs.replace(
        baseline(item, report.tables, report.exit_code),
        stored=report.stored or UNSET,
        against=(report.against.id if report.against else "") or UNSET,
        comparison=comparison(report.comparison) if report.comparison else UNSET,
        objectives=[_objective(each) for each in report.objectives] or UNSET,
        errors=parts.problems(report.errors) or UNSET,
        remarks=list(report.notes) or UNSET,
    )


def _several(
    report: baselines.BaselineReport | baselines.BaselineList, store: str | None
) -> documents.BaselinesDocument:
    whole = isinstance(report, baselines.BaselineReport)
    return documents.BaselinesDocument(
        tool=parts.tool(report.tables),
        exit_code=report.exit_code,
        store=store,
        baselines=[baseline(item, report.tables, samples=whole) for item in report.baselines],
        errors=parts.problems(report.errors),
        notes=list(report.notes),
    )


def comparison(item: baselines.Comparison) -> documents.ComparisonPart:
    """What two baselines say of each other, inside another document."""
    return documents.ComparisonPart(
        item.a,
        item.b,
        item.comparable,
        item.verdict,
        item.confidence,
        item.calibrated,
        list(item.differs),
        [_compared(each) for each in item.metrics],
    )


def _comparison(report: baselines.ComparisonReport) -> documents.ComparisonDocument:
    part = comparison(report.comparison)
    return documents.ComparisonDocument(
        tool=parts.tool(report.tables),
        exit_code=report.exit_code,
        errors=parts.problems(report.errors),
        notes=list(report.notes),
        **{name: getattr(part, name) for name in part.__struct_fields__},
    )


def _compared(item: baselines.Compared) -> baselines.Compared:
    interval = item.interval and (finite(item.interval[0]), finite(item.interval[1]))
    a, b = (None if each is None else number(each) for each in (item.a, item.b))
    return msgspec.structs.replace(item, a=a, b=b, effect=finite(item.effect), interval=interval)


def calibration(item: baselines.Calibration) -> documents.CalibrationPart:
    """The noise of a subject, as it is stored."""
    return documents.CalibrationPart(
        id=item.id,
        subject=parts.subject(item.subject),
        load=item.load,
        made_at=item.made_at,
        baselines=list(item.baselines),
        noise=list(item.noise),
        confidence=item.confidence,
        inputs_digest=item.inputs_digest,
    )


def _calibration_report(report: baselines.CalibrationReport) -> documents.CalibrationDocument:
    return documents.CalibrationDocument(
        tool=parts.tool(report.tables),
        exit_code=report.exit_code,
        calibration=calibration(report.calibration) if report.calibration else None,
        stored=report.stored,
        errors=parts.problems(report.errors),
        notes=list(report.notes),
    )


# ---- parts -----------------------------------------------------------------------------------------------------------


def finite(value: float | None) -> float | None:
    """The number, or None for one that JSON has no word for."""
    return value if value is not None and math.isfinite(value) else None


def number(item: baselines.Number) -> baselines.Number | None:
    """A number as JSON can carry it: an infinite bound is open, and one that is no number is none."""
    if isinstance(item, baselines.Between):
        return baselines.Between(finite(item.low), finite(item.high))
    return finite(item)


def _metric(item: baselines.Metric) -> documents.Metric:
    value = None if item.value is None else number(item.value)
    told = {name: each for name, raw in (item.quantiles or {}).items() if (each := number(raw)) is not None}
    lost = (item.value is not None and value is None) or (bool(item.quantiles) and not told)
    mean = finite(item.mean)
    return documents.Metric(
        name=item.name,
        unit=item.unit,
        value=UNSET if value is None else value,
        quantiles=told if item.quantiles is not None and not (lost and item.quantiles) else UNSET,
        mean=UNSET if mean is None else mean,
        gap=_set(_NOT_FINITE if lost and item.gap is None else item.gap),
        n=item.n,
        source=item.source,
    )


def _objective(item: baselines.Objective) -> baselines.Objective:
    return msgspec.structs.replace(item, value=None if item.value is None else number(item.value))


def _set(text: str | None) -> str | UnsetType:
    return UNSET if text is None else text


def _instrument(item: baselines.Instrument) -> documents.Instrument:
    return documents.Instrument(
        item.clock,
        finite(item.slip_p99),
        finite(item.read_lag_p99),
        finite(item.censored),
        finite(item.client_cpu),
        finite(item.others_cpu),
        item.cores,
        item.processes,
        item.tls,
        item.host,
    )


def _samples(item: baselines.Samples) -> documents.Samples:
    columns = {name: getattr(item, name) for name in item.__struct_fields__}
    return documents.Samples(**columns | {name: _moments(columns[name]) for name in MOMENTS})


def _moments(column: Iterable[float]) -> list[float | None]:
    return [round(moment, DIGITS) if math.isfinite(moment) else None for moment in column]


def _fact(item: facts.Fact) -> documents.BaselineFact:
    return documents.BaselineFact(
        item.setting,
        parts.plain(item.value),
        item.authority,
        parts.origin(item.origin),
        list(item.assumes),
        item.observed_at,
    )


def _gap(item: facts.Gap) -> documents.BaselineGap:
    return documents.BaselineGap(item.setting, item.reason, item.rule, list(item.inputs), item.would_need)
