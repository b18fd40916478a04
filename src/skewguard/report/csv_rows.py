"""The requests of a recording as CSV, a row for each: for a spreadsheet or a data frame. Times are seconds since the start."""

import csv
import io
import math
from collections.abc import Iterator
from typing import Any

from skewguard.language.baselines import BaselineReport, Samples
from skewguard.language.errors import UsageError
from skewguard.report.options import View

PHASES = ("warmup", "measured", "drain")
_OF_GAPS = ("gaps", "gap_counts")
COLUMNS = (*(name for name in Samples.__struct_fields__ if name not in _OF_GAPS), "gaps")
"""The columns of `Samples`, and last the gaps between the chunks of the answer, apart by blanks."""


def parts(report: BaselineReport, _view: View) -> Iterator[str]:
    """The head, and the rows of its only baseline. Raises `UsageError` where it has none."""
    samples = report.baselines[0].samples if len(report.baselines) == 1 else None
    if samples is None:
        raise UsageError("there are no rows of requests in it", hint="rows are those of one load that was sent")
    return _rows(samples)


def _rows(samples: Samples) -> Iterator[str]:
    yield _line(COLUMNS)
    at = 0
    for row, count in enumerate(samples.gap_counts):
        gaps = " ".join(f"{gap:.7g}" for gap in samples.gaps[at : at + count])
        at += count
        yield _line([*(_cell(name, getattr(samples, name), row) for name in COLUMNS[:-1]), gaps])


def _cell(name: str, column: list[Any], row: int) -> Any:
    """A value; empty where there is none: a request that failed has no last token, and a count of -1 was not told."""
    value = column[row] if column else ""
    if isinstance(value, float):
        return f"{value:.7f}" if math.isfinite(value) else ""
    if isinstance(value, bool):
        return int(value)
    if name == "phase":
        return PHASES[int(value)]
    return "" if value == -1 else value


def _line(cells: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()
