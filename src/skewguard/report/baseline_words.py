"""A baseline in words: its state, its metrics as tables, what is not known, and a list of several."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from skewguard.language.baselines import (
    Baseline,
    BaselineList,
    BaselineReport,
    Calibration,
    Comparison,
    Metric,
    Noise,
    Number,
)
from skewguard.language.loads import NOT_TOLD, UNTOLD
from skewguard.language.measures import MEASURES, QUANTILES
from skewguard.report import load_words, quantities, words
from skewguard.report.live_words import Cell, Table

TITLES = {
    "requests_per_second": "requests",
    "output_tokens_per_second": "output tokens",
    "input_tokens_per_second": "input tokens",
    "output_tokens_per_second_per_gpu": "output tokens per GPU",
    "ttft": "TTFT",
    "itl": "ITL",
    "tpot": "TPOT",
    "e2e": "E2E",
    "error_rate": "failed requests",
    "effective_batch": "effective batch",
    "kv_cache_usage": "KV cache in use",
    "prefix_cache_hit_rate": "prefix cache hits",
    "gpu_utilization": "GPU utilization",
    "gpu_memory_used": "GPU memory used",
}
"""What people call a metric, where it is not its name."""

_SHORTEST_ID = 10
"""Characters of an id that are shown at least: the time that a ULID begins with."""

INVALID, VALID, PARTIAL = ("INVALID", "error"), ("valid", "good"), ("partial", "warning")


def name(metric: str, stat: str = "") -> str:
    """`TTFT p95`, `output tokens`."""
    called = TITLES.get(metric, metric.replace("_", " "))
    return called if stat in ("", "value") else f"{called} {stat}"


def limit(metric: str, stat: str, value: float) -> str:
    """An objective: `TTFT p95 at most 2 s`, `goodput at least 3 requests/s`."""
    called = name(metric, "" if stat in ("min", "max") else stat)
    return f"{called} {'at least' if stat == 'min' else 'at most'} {quantities.said(value, unit_of(metric))}"


def unit_of(metric: str) -> str:
    """The unit of a metric, as it is measured."""
    measure = MEASURES.get(metric)
    return measure.unit if measure else ""


def state(item: Baseline) -> Cell:
    """`partial` where it was ended early and nothing else is wrong with it; `INVALID` where anything is."""
    if item.partial and len(item.invalid_because) <= 1:
        return PARTIAL
    return VALID if item.valid else INVALID


def stamp(item: Baseline) -> str:
    """What stands over the numbers of one that is no baseline; empty over those of one that is."""
    return "" if item.valid else state(item)[0]


def when(moment: str) -> str:
    """`2026-11-23 10:00` of `2026-11-23T10:00:00Z`: to the minute, as one looks for it; in UTC, where it says how far off it is."""
    told = _parsed(moment)
    return f"{told:%Y-%m-%d %H:%M}" if told is not None else moment or _UNDATED


def exactly_when(moment: str) -> str:
    """The same with its zone: a tool may have told the clock of its machine, and not where that stands."""
    told = _parsed(moment)
    if told is None:
        return moment or _UNDATED
    return f"{when(moment)} {'UTC' if told.tzinfo is not None else 'of an unknown zone'}"


_UNDATED = "at an unknown time"


def _parsed(moment: str) -> datetime | None:
    try:
        told = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return told.astimezone(UTC) if told.tzinfo is not None else told


def heading(item: Baseline) -> str:
    """The subject, how and when it was measured, and its id."""
    how = "live traffic" if item.kind == "traffic" else "load"
    called = f" · {item.id}" if item.id else ""
    return f"{words.subject(item.subject)} · {how} · {exactly_when(item.started_at)}{called}"


def about(item: Baseline) -> list[tuple[str, str]]:
    """Names and texts: the load, what ran, the requests, the instrument, what was promised."""
    share = (
        [("share", f"{item.part[0] + 1} of {item.part[1]} of a load that several machines sent: it says nothing alone")]
        if item.part
        else []
    )
    rows = [
        *share,
        ("load", load_of(item)),
        *([("sent to", load_words.sent_to(item))] if item.endpoint else []),
        ("ran", load_words.ran(item)),
        ("requests", load_words.requests(item.requests)),
    ]
    if item.instrument is not None:
        rows.append(("instrument", load_words.instrument(item.instrument)))
    if item.slo:
        promised = (limit(each, stat, value) for each, stats in item.slo.items() for stat, value in stats.items())
        rows.append(("objectives", ", ".join(promised)))
    return rows


def load_of(item: Baseline) -> str:
    """Its load; of live traffic for how long it was watched."""
    said = load_words.load(item.load)
    return f"{said}, watched for {quantities.duration(item.duration)}" if item.kind == "traffic" else said


def evidence(item: Baseline) -> list[tuple[str, str]]:
    """What binds it to what ran, for `wide` and the page."""
    prompts = item.load.prompts
    source = NOT_TOLD if prompts.source == UNTOLD else prompts.source
    rows = [
        ("prompts", f"{source}, {prompts.digest}" if prompts.digest else source),
        ("inputs", item.inputs_digest or "no digest"),
        (
            "settings",
            f"{words.counted(len(item.facts), 'fact')}, {words.counted(len(item.gaps), 'gap')}; -o json has them",
        ),
    ]
    return rows if item.facts or item.gaps or item.inputs_digest else rows[:1]


def _known(item: Baseline) -> list[Metric]:
    return [metric for metric in item.metrics if metric.gap is None]


def values(item: Baseline, *, wide: bool) -> Table:
    """Metrics that are one number."""
    head = ("metric", "value", "n", "source")
    rows = [
        ((name(metric.name), "strong"), (quantities.number(metric.value, metric.unit), ""), *_evidence(metric))
        for metric in _known(item)
        if metric.quantiles is None and metric.value is not None
    ]
    return _kept(head, rows, len(head) if wide else 2)


def quantiles(item: Baseline, *, wide: bool) -> Table:
    """Metrics told by quantiles, with those that any of them has; a cell stays empty where one was not to be had."""
    told = [metric for metric in _known(item) if metric.quantiles is not None]
    stats = [stat for stat in QUANTILES if any(stat in (metric.quantiles or {}) for metric in told)]
    head = ("metric", *stats, "mean", "n", "source")
    rows = [
        (
            (name(metric.name), "strong"),
            *((_cell((metric.quantiles or {}).get(stat), metric.unit), "") for stat in stats),
            (_cell(metric.mean, metric.unit), ""),
            *_evidence(metric),
        )
        for metric in told
    ]
    return _kept(head, rows, len(head) if wide else 1 + len(stats))


def _cell(number: Number | None, unit: str) -> str:
    """A number in a column: a count of requests stands without its unit, since the row names it."""
    if number is None:
        return ""
    said = quantities.number(number, unit)
    return said.removesuffix(" requests").removesuffix(" request") if unit == "requests" else said


def _evidence(metric: Metric) -> tuple[Cell, Cell]:
    return (f"{metric.n:,}", "faint"), (metric.source, "faint")


def _kept(head: Sequence[str], rows: Iterable[Sequence[Cell]], columns: int) -> Table:
    return Table(tuple(head[:columns]), tuple(tuple(row[:columns]) for row in rows))


def gaps(item: Baseline) -> list[tuple[str, str]]:
    """Metrics that could not be had, and why; those with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for metric in item.metrics:
        if metric.gap is not None:
            reasons.setdefault(metric.gap, []).append(name(metric.name))
    return [(", ".join(names), reason) for reason, names in reasons.items()]


# ---- a list ----------------------------------------------------------------------------------------------------------

_LISTED = (("output_tokens_per_second", "value"), ("ttft", "p95"), ("tpot", "p95"), ("e2e", "p95"))


def listed(items: Sequence[Baseline], *, wide: bool) -> Table:
    """One row for each baseline: who, when, under what load, whether it counts, and how fast it was.

    Short, so that it stays one line: ids as far as they differ, the year in the heading where all share it.
    """
    short = {item.id: item.id for item in items} if wide else short_ids([item.id for item in items])
    years = {when(item.started_at)[:5] if _parsed(item.started_at) is not None else "" for item in items}
    year = years.pop() if len(years) == 1 and not wide else ""
    numbers = ("tokens/s", *(name(*each) for each in _LISTED[1:]))
    head = ("id", year.rstrip("-") or "recorded", "subject", "state", *numbers, "load")
    rows = [
        (
            (short[item.id], "strong"),
            (when(item.started_at).removeprefix(year), ""),
            (words.subject(item.subject) if wide else _called(item, items), ""),
            state(item),
            *(_listed(item, *each) for each in _LISTED),
            (load_of(item) if wide else load_words.shortest(item.load), ""),
        )
        for item in items
    ]
    return Table(head, tuple(rows))


def _called(item: Baseline, items: Sequence[Baseline]) -> str:
    """`prod/chat`; with kind, container and cluster where another of them has the same name."""
    subject = item.subject
    twins = {
        each.subject
        for each in items
        if (each.subject.namespace, each.subject.name) == (subject.namespace, subject.name)
    }
    if len(twins) > 1:
        return words.subject(subject)
    return f"{subject.namespace}/{subject.name}" if subject.namespace else subject.name


def _listed(item: Baseline, metric: str, stat: str) -> Cell:
    found = item.metric(metric)
    number = statistic(found, stat)
    if found is None or number is None:
        return "not known", "unknown"
    return quantities.number(number, found.unit).removesuffix(" tokens/s"), ""


def statistic(metric: Metric | None, stat: str) -> Number | None:
    """One number of a metric; None where it has none."""
    if metric is None or metric.gap is not None:
        return None
    if stat == "value":
        return metric.value
    return metric.mean if stat == "mean" else (metric.quantiles or {}).get(stat)


def short_ids(ids: Sequence[str]) -> dict[str, str]:
    """The shortest beginnings of ids that still tell them apart: what a person types."""
    length = _SHORTEST_ID
    while len({each[:length] for each in ids}) < len(set(ids)):
        length += 1
    return {each: each[:length] for each in ids}


def list_summary(report: BaselineList) -> str:
    """`4 baselines of PATH: 1 invalid`: so many are shown, and there may be more."""
    wrong = sum(not item.valid for item in report.baselines)
    count = len(report.baselines)
    found = f"{words.counted(count, 'baseline')} shown of" if count else "no baseline to show in"
    return f"{found} {report.store}" + (f": {wrong} invalid" if wrong else "")


def summary(report: BaselineReport) -> str:
    """How the command ended: stored or not, and why not."""
    if not report.baselines:
        return "nothing was measured"
    wrong = [item for item in report.baselines if not item.valid]
    if wrong and len(report.baselines) == 1:
        first, *more = wrong[0].invalid_because or ("no reason was given",)
        said = f"{state(wrong[0])[0].lower()}: {first}" + (
            f"; and {words.counted(len(more), 'reason')} more" if more else ""
        )
        return f"{said}. Kept in {report.stored}" if report.stored else said
    counted = words.counted(len(report.baselines), "baseline") if len(report.baselines) > 1 else "valid baseline"
    said = f"{counted}, {len(wrong)} invalid" if wrong else counted
    said += _of_promises(report)
    said += _judged(report.comparison) if report.comparison is not None else ""
    return f"{said}, stored in {report.stored}" if report.stored else said


OBJECTIVES: Mapping[str, Cell] = {
    "missed": ("missed", "error"),
    "undecided": ("cannot be told", "unknown"),
    "met": ("met", "good"),
}
"""What becomes of an objective, the worst first."""


def _of_promises(report: BaselineReport) -> str:
    """`, 1 of 2 objectives missed`: what keeps the command from exit code 0, since no green line may stand over it."""
    verdicts = [each.verdict for each in report.objectives]
    found = next((verdict for verdict in OBJECTIVES if verdict in verdicts), None)
    if found is None:
        return ""
    count, every = verdicts.count(found), len(verdicts)
    which = "its objective" if every == 1 else "all objectives" if count == every else f"{count} of {every} objectives"
    return f", {which} {OBJECTIVES[found][0]}"


def _judged(item: Comparison) -> str:
    """`, worse than the one before`: the word of the comparison, since no green line may stand over a red one."""
    if not item.comparable:
        return ", not comparable with the one before"
    word = {"same": "the same as", "inconclusive": "not told apart from"}.get(item.verdict, f"{item.verdict} than")
    return f", {word} the one before"


def mood(report: BaselineReport) -> str:
    """The style of the closing line."""
    judged = report.comparison
    verdicts = {each.verdict for each in report.objectives}
    worse = "missed" in verdicts or (judged is not None and judged.verdict == "worse")
    if worse or report.errors or not report.baselines or INVALID in map(state, report.baselines):
        return "error"
    is_open = "undecided" in verdicts or (judged is not None and judged.verdict == "inconclusive")
    return "warning" if is_open or any(item.partial for item in report.baselines) else "good"


# ---- a calibration ---------------------------------------------------------------------------------------------------


def noise_heading(item: Calibration) -> str:
    """Of what, and from how many runs."""
    return f"{words.subject(item.subject)} · {words.counted(len(item.baselines), 'run')} of the very same thing"


def noise(item: Calibration, *, wide: bool) -> Table:
    """Per metric: how far two runs of the same thing lie apart, and the smallest loss that is more than that."""
    head = ("metric", "noise", "a loss shows from", "pairs", "spread")
    rows = [
        (
            (name(each.name, each.stat), "strong"),
            (f"±{_floor(each)}", ""),
            (_finds(each), ""),
            (str(each.pairs), "faint"),
            (quantities.step(each.spread, "ratio") if each.points else f"{each.spread:.2g} (ln b/a)", "faint"),
        )
        for each in item.noise
        if wide or not _is_detail(each, item)
    ]
    return _kept(head, rows, len(head) if wide else 4)


def _is_detail(each: Noise, item: Calibration) -> bool:
    """The p90 and the mean of what has a p95 wait for `wide`: comparisons look at the others."""
    return each.stat in ("p90", "mean") and any((other.name, other.stat) == (each.name, "p95") for other in item.noise)


def _floor(item: Noise) -> str:
    from math import exp  # `floor` is |ln b/a|

    return (quantities.step(item.floor, "ratio") if item.points else quantities.change(exp(item.floor))).lstrip("+±")


def _finds(item: Noise) -> str:
    """A drop where more is better, a rise where less is, either way where neither is."""
    from math import exp

    measure = MEASURES.get(item.name)
    better = measure.better if measure else "less"
    if item.points:
        said = {"more": quantities.step(-item.floor, "ratio"), "less": quantities.step(item.floor, "ratio")}
    else:
        said = {"more": quantities.change(exp(-item.floor)), "less": quantities.change(exp(item.floor))}
    return said.get(better, f"±{_floor(item)}")


def noise_summary(item: Calibration, stored: str | None) -> str:
    """How sure it is, and where it was written."""
    kept = (f", stored as {item.id} in {stored}" if item.id else f", stored in {stored}") if stored else ""
    return f"{quantities.said(item.confidence, 'ratio')} of pairs of the same thing lie within this noise{kept}"
