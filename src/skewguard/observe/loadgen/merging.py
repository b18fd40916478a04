"""What several load processes wrote down, put together exactly: rows in the order of their intended start, none averaged."""

from array import array
from collections.abc import Sequence
from math import ceil, floor, isfinite
from typing import Any

from msgspec import Struct, field

from skewguard.language.baselines import Samples
from skewguard.language.loads import Load
from skewguard.observe.loadgen.ledger import COLUMNS
from skewguard.observe.loadgen.messages import APART, CENSORED, FAILURES, FRESH, NEAR, SHARED, End, Rows

_WARMUP, _MEASURED, _DRAIN = 0, 1, 2
_KEPT = 1e7
"""Moments in a second that rows are kept apart by: a window that reaches to an answer holds it as kept, too."""


class Written(Struct):
    """The rows of one process so far."""

    columns: list["array[float]"] = field(default_factory=lambda: [array(kind) for kind in COLUMNS])
    gaps: "array[float]" = field(default_factory=lambda: array("d"))
    lags: "array[float]" = field(default_factory=lambda: array("f"))
    slips: "array[float]" = field(default_factory=lambda: array("f"))

    def add(self, rows: Rows) -> None:
        """More of them."""
        for column, data in zip(self.columns, rows.columns, strict=True):
            column.frombytes(data)
        self.gaps.frombytes(rows.gaps)
        self.lags.frombytes(rows.lags)
        self.slips.frombytes(rows.slips)


def window(load: Load, samples: Sequence[Written], ends: Sequence[End], until: float) -> tuple[float, float]:
    """Between which moments rows count: after the warm-up and once every slot is busy, until the schedule is over.

    `until`: how long the run was, for what ended without telling. In a closed loop the first process that has nothing more to
    send ends it: from then on there are fewer requests at once than the load says. What arrives for a time is over when that is, and not with
    the last arrival: counted until then, there would be one request more than intervals between them. What is sent at once has no
    such time at all: its window reaches to its last answer, and its rates are those until then.
    """
    fulls = [end.full for end in ends if end.full is not None]
    begin = max([load.warmup, *fulls]) if load.profile in ("concurrency", "stages") else load.warmup
    lasts = [end.last for end in ends if end.last] or [until]
    if load.profile == "concurrency":
        last = min(lasts)
    else:
        last = max([*lasts, *(max(written.columns[0], default=0.0) for written in samples)])
        stopped = any(end.last > 0 for end in ends)  # an open loop tells of no other end
        if load.duration is not None and load.requests is None and load.profile != "stages" and ends and not stopped:
            last = max(last, load.warmup + load.duration)
    if not any(begin < moment <= last for written in samples for moment in written.columns[0]):
        begin = load.warmup  # fewer requests than slots, or one for each
    if _at_once(load):
        last = max([last, *map(_last_answer, samples)])
    return begin, max(begin, last)


def _at_once(load: Load) -> bool:
    """Whether no request waits for the answer of another: a burst, and a closed loop that has a slot for each."""
    if load.profile == "concurrency":
        return load.warmup == 0 and load.requests is not None and load.requests <= (load.concurrency or 1)
    return load.profile == "burst"


def _last_answer(written: Written) -> float:
    """Just after the last whole answer; 0 where there is none."""
    failures, lasts = written.columns[10], written.columns[3]
    found = [last for failure, last in zip(failures, lasts, strict=True) if not failure and isfinite(last)]
    return (floor(max(found) * _KEPT) + 1) / _KEPT if found else 0.0


def samples(written: Sequence[Written], measured: tuple[float, float], *, loop: bool) -> Samples:
    """Every row of every process. `loop`: of a closed loop, whose first requests, one for each slot, are its ramp."""
    columns: list[Any] = [array(kind) for kind in COLUMNS]
    gaps: array[float] = array("d")
    for part in written:
        for column, more in zip(columns, part.columns, strict=True):
            column.extend(more)
        gaps.extend(part.gaps)
    order = sorted(range(len(columns[0])), key=lambda row: (columns[0][row], columns[12][row]))
    intended, sent, first, last = ([columns[at][row] for row in order] for at in range(4))
    counts = [[int(columns[at][row]) for row in order] for at in range(4, 12)]
    marks = counts[7]
    apart = _sends_apart(marks)
    return Samples(
        intended=intended,
        sent=sent,
        first=first,
        last=last,
        prompt_tokens=counts[0],
        output_tokens=counts[1],
        first_tokens=counts[2],
        chunks=counts[3],
        status=counts[4],
        failure=[FAILURES[failure] for failure in counts[6]],
        censored=[_upper_bound(mark, chunks, apart=apart) for mark, chunks in zip(marks, counts[3], strict=True)],
        last_censored=[apart and bool(mark & SHARED) for mark in marks],
        fresh=[bool(mark & FRESH) for mark in marks],
        phase=[_phase(moment, measured, loop=loop) for moment in intended],
        gap_counts=counts[5],
        gaps=_in_order(gaps, columns[9], order),
    )


def _phase(moment: float, measured: tuple[float, float], *, loop: bool) -> int:
    begin, end = measured
    if moment < begin or (loop and moment == begin > 0):
        return _WARMUP
    return _MEASURED if moment <= end else _DRAIN


def _sends_apart(marks: Sequence[int]) -> bool:
    """Whether the server sends what follows an answer apart from its last token: so long after it, where both did not come in one read,
    more often than not. One straggler among hundreds would leave the last token of all others open."""
    return sum(1 for mark in marks if mark & APART) > sum(1 for mark in marks if mark & NEAR)


def _upper_bound(mark: int, chunks: int, *, apart: bool) -> bool:
    """Whether the first token's moment is one: of an only chunk, because of what came behind it as well."""
    return bool(mark & CENSORED or (apart and chunks == 1 and mark & SHARED))


def _in_order(gaps: "array[float]", counts: "array[float]", order: Sequence[int]) -> list[float]:
    """The gaps of all requests in a row, in the order of the rows."""
    starts, at = [], 0
    for count in counts:
        starts.append(at)
        at += int(count)
    found: list[float] = []
    for row in order:
        found.extend(gaps[starts[row] : starts[row] + int(counts[row])])
    return found


def p99(values: Sequence[float]) -> float:
    """The 99th of a hundred (nearest rank); 0 of none."""
    return sorted(values)[ceil(0.99 * len(values)) - 1] if values else 0.0
