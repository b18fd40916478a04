"""Baselines as pages: the verdict, the plots, the numbers, and what could not be known."""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from skewguard.language.baselines import (
    Baseline,
    BaselineList,
    BaselineReport,
    CalibrationReport,
    Comparison,
    ComparisonReport,
    Measured,
)
from skewguard.report import baseline_words, comparison_words, load_words, objective_words, quantities, series
from skewguard.report.html import inputs, plots
from skewguard.report.html.page import Part, el, listed, pairs, prose, section, written
from skewguard.report.html.verify import in_words
from skewguard.report.live_words import Table
from skewguard.report.options import View

_PLOTTED = ("ttft", "tpot", "e2e")
_AT_MOST = re.compile(r"at most (\d+(?:\.\d+)?)x")
_EXPLAINED = {
    "ttft": "time to first token",
    "tpot": "time per token after the first",
    "e2e": "whole request",
}


def render(report: Measured, _view: View) -> str:
    """Any answer about performance."""
    if isinstance(report, ComparisonReport):
        return _compared(report)
    if isinstance(report, CalibrationReport):
        return _calibrated(report)
    return _listed(report) if isinstance(report, BaselineList) else _recorded(report)


# ---- one baseline ----------------------------------------------------------------------------------------------------


def _recorded(report: BaselineReport) -> str:
    against = report.against
    return written(
        "skewguard baseline",
        el("h1", "skewguard baseline"),
        prose(baseline_words.summary(report), of=f"verdict {baseline_words.mood(report)}"),
        section("Objectives", *_scrolled(objective_words.table(report))),
        *(part for item in report.baselines for part in _baseline(item, against, report.comparison)),
        inputs.problems(report.errors),
        inputs.notes(report.notes),
        style=plots.STYLE,
    )


def _baseline(item: Baseline, against: Baseline | None, comparison: Comparison | None) -> Iterator[Part]:
    word, style = baseline_words.state(item)
    yield el("h2", el("span", word, of=f"word {style}"), " ", baseline_words.heading(item))
    if item.invalid_because:
        yield listed(prose(reason, "span", of="error") for reason in item.invalid_because)
    yield pairs(baseline_words.about(item))
    if comparison is not None:
        yield section(
            f"Against {(against.id if against else comparison.a) or 'an earlier baseline'}", *_verdicts(comparison)
        )
    yield _plots(item, against, comparison)
    yield from _numbers(item)
    yield section(
        "Not known", listed(prose(f"{names}: {reason}", "span") for names, reason in baseline_words.gaps(item))
    )
    yield section("Bound to", pairs(baseline_words.evidence(item)))
    yield inputs.notes(item.notes)


def _numbers(item: Baseline) -> Iterator[Part]:
    yield section("Distributions", *_scrolled(baseline_words.quantiles(item, wide=True)))
    yield section("Rates and shares", *_scrolled(baseline_words.values(item, wide=True)))


def _scrolled(made: Table) -> Iterator[Element]:
    """A table that is moved sideways where it is too wide for the screen."""
    inside = list(in_words(made))
    if inside:
        yield el("div", *inside, of="wide")


# ---- plots -----------------------------------------------------------------------------------------------------------


def _plots(b: Baseline, a: Baseline | None, comparison: Comparison | None) -> Element | None:
    """Each time as it was distributed, and the throughput, of both where there are two."""
    sides = [("a", "a, before", a)] if a is not None else []
    shown = [*sides, ("b", "b, after" if a is not None else "measured", b)]
    times = {side: series.times(item) for side, _, item in shown}
    drawn = [_time(name, shown, times, _limit(name, a, comparison)) for name in _PLOTTED]
    drawn.append(plots.throughput("Output tokens per second", _courses(shown), "tokens/s"))
    known = [each for each in drawn if each is not None]
    return section("How it went", el("div", *known, of="plots")) if known else None


_Sides = list[tuple[str, str, Baseline]]


def _time(name: str, shown: _Sides, times: dict[str, dict[str, list[float]]], limit: float | None) -> Element | None:
    """Its distribution where requests of every side are known one by one; else between what its quantiles lie."""
    title = f"{baseline_words.name(name)}: {_EXPLAINED[name]}"
    if any(name in told for told in times.values()) and not any(
        _without_rows(name, item, times[side]) for side, _, item in shown
    ):
        curves = [
            plots.Curve(side, label + _bounded(name, item), times[side].get(name, []), baseline_words.stamp(item))
            for side, label, item in shown
        ]
        return plots.distribution(title, curves, limit)
    rows = [
        plots.Intervals(side, label, list(metric.quantiles.items()), baseline_words.stamp(item))
        for side, label, item in shown
        if (metric := item.metric(name)) is not None and metric.quantiles
    ]
    return plots.intervals(title, rows, "s")


def _without_rows(name: str, item: Baseline, told: dict[str, list[float]]) -> bool:
    """Whether a side knows only its quantiles: beside a curve of the other it would not be seen at all."""
    metric = item.metric(name)
    return name not in told and metric is not None and bool(metric.quantiles)


def _bounded(name: str, item: Baseline) -> str:
    """How many first tokens count with the latest moment at which they can have come, since that is all that is known."""
    share = item.instrument.censored if item.instrument is not None and name == "ttft" else 0.0
    return f" ({quantities.said(share, 'ratio')} at the latest possible)" if share > 0 else ""


def _courses(shown: _Sides) -> list[plots.Course]:
    flows = [(side, label, item, series.flow(item)) for side, label, item in shown]
    return [
        plots.Course(side, label, flow.end - flow.start, flow.rates, baseline_words.stamp(item))
        for side, label, item, flow in flows
        if flow is not None
    ]


def _limit(name: str, a: Baseline | None, comparison: Comparison | None) -> float | None:
    """Up to what the p95 of b is tolerated, in seconds; None where no such tolerance was judged."""
    if a is None or comparison is None:
        return None
    judged = next((each for each in comparison.metrics if (each.name, each.stat) == (name, "p95")), None)
    said = _AT_MOST.search(judged.tolerance) if judged is not None else None
    return judged.a * float(said[1]) if judged and said and isinstance(judged.a, float) else None


# ---- two, several, and noise -----------------------------------------------------------------------------------------


def _compared(report: ComparisonReport) -> str:
    item = report.comparison
    advice = comparison_words.advice(item, report.a, report.b)
    return written(
        "skewguard baseline compare",
        el("h1", "skewguard baseline compare"),
        prose(comparison_words.headline(item), of=f"verdict {comparison_words.mood(item)}"),
        prose(advice) if advice else None,
        pairs(comparison_words.sides(item, report.a, report.b)),
        *_verdicts(item, headline=False),
        _plots(report.b, report.a, item),
        section("a, before", *_numbers(report.a)),
        section("b, after", *_numbers(report.b)),
        inputs.problems(report.errors),
        inputs.notes(report.notes),
        style=plots.STYLE,
    )


def _verdicts(item: Comparison, *, headline: bool = True) -> Iterator[Part]:
    if headline:
        yield prose(comparison_words.headline(item), of=f"verdict {comparison_words.mood(item)}")
    yield from _scrolled(comparison_words.table(item, everything=True))
    yield listed(prose(f"{names}: {reason}", "span") for names, reason in comparison_words.reasons(item))
    yield from _scrolled(comparison_words.differences(item))
    if item.comparable:
        yield prose(comparison_words.settled(item), of="faint")


def _listed(report: BaselineList) -> str:
    return written(
        "skewguard baseline list",
        el("h1", "skewguard baseline list"),
        prose(baseline_words.list_summary(report), of="verdict"),
        *_scrolled(baseline_words.listed(report.baselines, wide=False)),
        inputs.problems(report.errors),
        inputs.notes(report.notes),
        style=plots.STYLE,
    )


def _calibrated(report: CalibrationReport) -> str:
    item = report.calibration
    said = "no noise could be learned" if item is None else baseline_words.noise_summary(item, report.stored)
    told: list[Part] = []
    if item is not None:
        told = [prose(baseline_words.noise_heading(item)), pairs([("load", load_words.load(item.load))])]
        told += _scrolled(baseline_words.noise(item, wide=True))
    return written(
        "skewguard baseline calibrate",
        el("h1", "skewguard baseline calibrate"),
        prose(said, of=f"verdict {'error' if item is None else 'good'}"),
        *told,
        inputs.problems(report.errors),
        inputs.notes(report.notes),
        style=plots.STYLE,
    )
