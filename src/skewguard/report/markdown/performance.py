"""Baselines for a comment on a pull request: the verdict, what moved, and the numbers behind a line that opens them."""

from collections.abc import Iterable, Iterator

from skewguard.language.baselines import (
    Baseline,
    BaselineList,
    BaselineReport,
    CalibrationReport,
    Comparison,
    ComparisonReport,
    Measured,
)
from skewguard.report import baseline_words, comparison_words, load_words, objective_words
from skewguard.report.markdown import inputs
from skewguard.report.markdown.check import MOODS
from skewguard.report.markdown.page import folded, joined, text
from skewguard.report.markdown.verify import in_words
from skewguard.report.options import View

_LEFT_OUT = "{} more parts are left out here: `-o html` shows all."


def render(report: Measured, view: View) -> str:
    """Any answer about performance."""
    blocks = [*_blocks(report, view), *inputs.problems(report.errors), *inputs.notes(report.notes)]
    return joined(blocks, f"<sub>exit code {report.exit_code}</sub>", _LEFT_OUT)


def _blocks(report: Measured, view: View) -> Iterator[str]:
    if isinstance(report, ComparisonReport):
        yield from _compared(report, view)
    elif isinstance(report, CalibrationReport):
        yield from _calibrated(report, view)
    elif isinstance(report, BaselineList):
        yield f"### skewguard baseline list: {text(baseline_words.list_summary(report))}"
        yield from in_words(baseline_words.listed(report.baselines, wide=view.verbose))
    else:
        yield from _recorded(report, view)


def _recorded(report: BaselineReport, view: View) -> Iterator[str]:
    yield f"### {MOODS[baseline_words.mood(report)]} skewguard baseline: {text(baseline_words.summary(report))}"
    yield from in_words(objective_words.table(report))
    if report.comparison is not None:
        against = report.against.id if report.against else report.comparison.a
        yield f"**Against {text(against or 'an earlier baseline')}:** {text(comparison_words.headline(report.comparison))}"
        yield from _verdicts(report.comparison, view)
    for item in report.baselines:
        yield f"**{text(baseline_words.state(item)[0])}** {text(baseline_words.heading(item))}"
        if item.invalid_because:
            yield _list(item.invalid_because)
        yield _pairs(baseline_words.about(item))
        yield from in_words(baseline_words.quantiles(item, wide=view.verbose))
        yield from in_words(baseline_words.values(item, wide=view.verbose))
        yield from _rest(item)


def _rest(item: Baseline) -> Iterator[str]:
    gaps = [f"{names}: {reason}" for names, reason in baseline_words.gaps(item)]
    if gaps:
        yield "**Not known**\n\n" + _list(gaps)
    yield from inputs.notes(item.notes)


def _compared(report: ComparisonReport, view: View) -> Iterator[str]:
    item = report.comparison
    headline = text(comparison_words.headline(item))
    yield f"### {MOODS[comparison_words.mood(item)]} skewguard baseline compare: {headline}"
    if said := comparison_words.advice(item, report.a, report.b):
        yield text(said)
    yield _pairs(comparison_words.sides(item, report.a, report.b))
    yield from _verdicts(item, view)
    for letter, each in (("a", report.a), ("b", report.b)):
        numbers = [
            *in_words(baseline_words.quantiles(each, wide=True)),
            *in_words(baseline_words.values(each, wide=True)),
        ]
        yield folded(f"the numbers of {letter}", [*numbers, *_rest(each)])


def _verdicts(item: Comparison, view: View) -> Iterator[str]:
    yield from in_words(comparison_words.table(item, everything=view.verbose))
    reasons = [f"{names}: {reason}" for names, reason in comparison_words.reasons(item)]
    if reasons:
        yield _list(reasons)
    if not view.verbose and (said := comparison_words.folded(item)):
        yield text(said)
    yield from in_words(comparison_words.differences(item))
    if item.comparable:
        yield f"<sub>{text(comparison_words.settled(item))}</sub>"


def _calibrated(report: CalibrationReport, view: View) -> Iterator[str]:
    item = report.calibration
    if item is None:
        yield f"### {MOODS['error']} skewguard baseline calibrate: no noise could be learned"
        return
    summary = text(baseline_words.noise_summary(item, report.stored))
    yield f"### {MOODS['good']} skewguard baseline calibrate: {summary}"
    yield text(baseline_words.noise_heading(item))
    yield _pairs([("load", load_words.load(item.load))])
    yield from in_words(baseline_words.noise(item, wide=view.verbose))


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {text(name)}: {text(said)}" for name, said in rows)


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {text(item)}" for item in items)
