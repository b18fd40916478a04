"""From what was measured to a baseline: its metrics, whether they can be trusted, and what the exit code says of it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import structs

from skewguard.judge.baseline import metrics, objectives, validity
from skewguard.language.baselines import Baseline, Metric, Objective, Requests, Run, Samples
from skewguard.language.errors import ExitCode
from skewguard.language.measures import MEASURES

_ORDER = {name: number for number, name in enumerate(MEASURES)}


def of_run(bound: Baseline, run: Run, beside: Sequence[Metric] = (), invalid_because: Sequence[str] = ()) -> Baseline:
    """The baseline of a run. `bound` says what it is bound to; `beside` are metrics of the engine itself, read meanwhile;

    `invalid_because` is what the engine's counters have against it.
    """
    found = metrics.of_run(run, slo=bound.slo, gpus=bound.gpus)
    counted = {metric.name for metric in found}  # a gap of the rows is none that anything else could fill
    beside = [metric for metric in beside if metric.name not in counted]
    reasons = [*invalid_because, *validity.reasons(run, found), *_share(bound)]
    few = "" if bound.part is not None or reasons else validity.too_few(run, found)
    return structs.replace(
        bound,
        started_at=run.started_at,
        duration=run.duration,
        kind="load",
        load=run.load,
        valid=not reasons,
        invalid_because=tuple(reasons),
        partial=run.partial,
        requests=requests(run.samples),
        instrument=run.instrument,
        metrics=together(found, beside),
        samples=run.samples,
        model=run.model or bound.model,
        measured=run.measured,
        notes=tuple(dict.fromkeys((*bound.notes, *run.notes, *validity.notes(run, found), *([few] if few else [])))),
    )


def _share(bound: Baseline) -> Iterable[str]:
    if bound.part is not None:
        index, size = bound.part
        yield f"it is share {index + 1} of {size} of a load: `skewguard baseline merge` puts all of them together"


def together(first: Iterable[Metric], second: Iterable[Metric]) -> tuple[Metric, ...]:
    """Metrics of two sources in the order in which they are shown; of one that both have, the first's, unless it is a gap."""
    found: dict[str, Metric] = {}
    for metric in (*first, *second):
        known = found.get(metric.name)
        if known is None or (known.gap is not None and metric.gap is None):
            found[metric.name] = metric
    return tuple(sorted(found.values(), key=lambda each: _ORDER.get(each.name, len(_ORDER))))


def requests(samples: Samples) -> Requests:
    """How many requests of a run, its warm-up included, were sent, answered, and lost to what."""
    failed = Counter(kind for kind in samples.failure if kind)
    whole = len(samples.failure) - sum(failed.values())
    untold = sum(not kind and tokens < 0 for kind, tokens in zip(samples.failure, samples.output_tokens, strict=True))
    return Requests(len(samples.failure), whole, dict(failed), untold)


def judged(made: Baseline) -> tuple[Objective, ...]:
    """What became of each objective; nothing where it is not valid, of which no number counts."""
    return objectives.judged(made, made.slo) if made.valid else ()


def exit_code(
    made: Baseline, found: Iterable[Objective], *, interrupted: bool = False, unread: bool = False
) -> ExitCode:
    """130 interrupted, 1 an objective was missed, 2 a contract could not be read, 3 not valid, or an objective of which nobody

    can tell. A share is no baseline by itself, which is no failure of whoever sent it.
    """
    verdicts = {each.verdict for each in found}
    codes = [ExitCode.INTERRUPTED] if interrupted else []
    codes += [ExitCode.FAILED] if "missed" in verdicts else []
    codes += [ExitCode.UNREADABLE] if unread else []
    if "undecided" in verdicts or not (made.valid or _is_sound_share(made)):
        codes.append(ExitCode.UNKNOWN)
    return ExitCode.first(codes)


def _is_sound_share(baseline: Baseline) -> bool:
    """Whether nothing but being a share keeps it from being a baseline."""
    return baseline.part is not None and baseline.invalid_because == tuple(_share(baseline))
