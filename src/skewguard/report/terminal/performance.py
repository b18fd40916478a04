"""Baselines at a terminal: first whether they count, then the numbers, then what could not be known."""

from collections.abc import Iterable

from skewguard.language.baselines import (
    Baseline,
    BaselineList,
    BaselineReport,
    CalibrationReport,
    Comparison,
    ComparisonReport,
    Measured,
)
from skewguard.report import (
    baseline_words,
    comparison_words,
    load_words,
    objective_words,
    quantities,
    series,
    sparklines,
)
from skewguard.report.options import View
from skewguard.report.terminal.inputs import notes_lines, problem_lines
from skewguard.report.terminal.page import Page
from skewguard.report.terminal.verify import table_lines

_LONGEST_PLOT = 40
"""Characters of a small plot, where the terminal is wide enough."""

_BESIDE_PLOT = 44
"""Columns that stand beside it: the name, the two ends, and how many."""


def render(report: Measured, view: View, *, wide: bool) -> str:
    """Any answer about performance."""
    page = Page(view.width, color=view.color)
    if isinstance(report, ComparisonReport):
        _compared(page, report, view, wide=wide)
    elif isinstance(report, CalibrationReport):
        _calibrated(page, report, wide=wide)
    elif isinstance(report, BaselineList):
        _listed(page, report, wide=wide)
    else:
        _recorded(page, report, view, wide=wide)
    return page.text()


# ---- one baseline ----------------------------------------------------------------------------------------------------


def _recorded(page: Page, report: BaselineReport, view: View, *, wide: bool) -> None:
    for item in report.baselines:
        _baseline(page, item, view, wide=wide)
    table_lines(page, objective_words.table(report))
    if report.comparison is not None:
        page.blank()
        against = report.against.id if report.against else report.comparison.a
        page.prose(f"against {against or 'an earlier baseline'}", style="strong")
        _verdicts(page, report.comparison, everything=wide or view.verbose)
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    page.blank()
    page.prose(baseline_words.summary(report), style=baseline_words.mood(report))


def _baseline(page: Page, item: Baseline, view: View, *, wide: bool) -> None:
    page.blank()
    stamp = baseline_words.state(item)
    page.prose(baseline_words.heading(item), label=(f"{stamp[0]}  ", stamp[1]), style="strong")
    for reason in item.invalid_because:
        page.prose(reason, indent=2, label=("because: ", "error"))
    _pairs(page, baseline_words.about(item) + (baseline_words.evidence(item) if wide else []))
    table_lines(page, baseline_words.quantiles(item, wide=wide))
    table_lines(page, baseline_words.values(item, wide=wide))
    _gaps(page, item)
    _plots(page, item, view)
    notes_lines(page, item.notes)


def _pairs(page: Page, rows: Iterable[tuple[str, str]], wide: int = 10) -> None:
    for name, said in rows:
        page.prose(said, indent=2, label=(f"{name:<{wide}}  ", "faint"))


def _gaps(page: Page, item: Baseline) -> None:
    gaps = baseline_words.gaps(item)
    if gaps:
        page.blank()
    for names, reason in gaps:
        page.prose(f"{names}: {reason}", indent=2, label=("not known: ", "unknown"))


def _plots(page: Page, item: Baseline, view: View) -> None:
    """Latencies from 0 to the largest, and throughput over time; with the word for what is no baseline."""
    told, flow = series.times(item), series.flow(item)
    if not told and flow is None:
        return
    page.blank()
    word = baseline_words.stamp(item)
    page.prose(
        f"{word}{': ' if word else ''}how the requests are spread, and how fast they went", indent=2, style="strong"
    )
    parts = max(min(_LONGEST_PLOT, page.width - _BESIDE_PLOT), 8)
    for name, values in told.items():
        _spread(page, baseline_words.name(name), sparklines.histogram(values, parts), blocks=view.blocks)
    if flow is not None:
        drawn = sparklines.bars(_cut(flow.rates, parts), blocks=view.blocks)
        most = quantities.said(max(flow.rates), "tokens/s")
        _plot(page, "tokens/s", f"{flow.start:.0f} s", drawn, f"{flow.end:.0f} s, at most {most}")


def _spread(page: Page, name: str, shape: sparklines.Histogram | None, *, blocks: bool) -> None:
    if shape is not None:
        low = quantities.said(shape.low, "s") if shape.low else "0"
        high = f"{quantities.said(shape.high, 's')}, n {sum(shape.counts):,}" + (
            ", log scale" if shape.logarithmic else ""
        )
        _plot(page, name, low, sparklines.bars(shape.counts, blocks=blocks), high)


def _plot(page: Page, name: str, low: str, drawn: str, high: str) -> None:
    page.line((f"{name:<9}", "strong"), (f"{low:>7} ", "faint"), (drawn, "note"), (f" {high}", "faint"), indent=2)


def _cut(rates: list[float], parts: int) -> list[float]:
    """The same stretch in at most `parts` parts: each the mean of its own."""
    step = -(-len(rates) // parts)
    return [sum(part) / len(part) for start in range(0, len(rates), step) if (part := rates[start : start + step])]


# ---- two, several, and noise -----------------------------------------------------------------------------------------


def _compared(page: Page, report: ComparisonReport, view: View, *, wide: bool) -> None:
    item = report.comparison
    page.prose(comparison_words.headline(item), style=comparison_words.mood(item))
    _pairs(page, comparison_words.sides(item, report.a, report.b), wide=4)
    _verdicts(page, item, everything=wide or view.verbose, headline=False)
    if said := comparison_words.advice(item, report.a, report.b):
        page.blank()
        page.prose(said, label=("to do: ", "note"))
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)


def _verdicts(page: Page, item: Comparison, *, everything: bool, headline: bool = True) -> None:
    if headline:
        page.prose(comparison_words.headline(item), style=comparison_words.mood(item))
    table_lines(page, comparison_words.table(item, everything=everything))
    for names, reason in comparison_words.reasons(item):
        page.prose(f"{names}: {reason}", indent=2, hang=2)
    if not everything and (said := comparison_words.folded(item)):
        page.prose(said, indent=2, style="good", hang=2)
    table_lines(page, comparison_words.differences(item))
    if item.comparable:
        page.prose(comparison_words.settled(item), indent=2, style="faint")


_LOAD_CELLS, _WIDE_LOAD_CELLS = 12, 24
"""Cells of the load in a list: `poisson 4/s,` stays on one line, and so does half a sentence of the whole one."""


def _listed(page: Page, report: BaselineList, *, wide: bool) -> None:
    table_lines(
        page,
        baseline_words.listed(report.baselines, wide=wide),
        indent=0,
        last=_WIDE_LOAD_CELLS if wide else _LOAD_CELLS,
    )
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    page.blank()
    page.prose(baseline_words.list_summary(report), style="error" if report.errors else "")


def _calibrated(page: Page, report: CalibrationReport, *, wide: bool) -> None:
    item = report.calibration
    if item is not None:
        page.prose(baseline_words.noise_heading(item), style="strong")
        _pairs(page, [("load", load_words.load(item.load))])
        table_lines(page, baseline_words.noise(item, wide=wide))
        page.blank()
        page.prose(baseline_words.noise_summary(item, report.stored), style="good")
    problem_lines(page, report.errors)
    notes_lines(page, report.notes)
    if item is None:
        page.blank()
        page.prose("no noise could be learned", style="error")
