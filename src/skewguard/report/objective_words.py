"""What became of the objectives that a baseline was held to, in words."""

from skewguard.language.baselines import BaselineReport
from skewguard.report import baseline_words, quantities
from skewguard.report.live_words import Table


def table(report: BaselineReport) -> Table:
    """What became of each objective, the missed ones first: what was measured, and what decided."""
    rows = [
        (
            baseline_words.OBJECTIVES[each.verdict],
            (baseline_words.limit(each.name, each.stat, each.bound), "strong"),
            (
                "not known" if each.value is None else quantities.number(each.value, baseline_words.unit_of(each.name)),
                "",
            ),
            (each.reason, "faint"),
        )
        for each in sorted(report.objectives, key=lambda each: list(baseline_words.OBJECTIVES).index(each.verdict))
    ]
    return Table(("verdict", "objective", "measured", ""), tuple(rows))
