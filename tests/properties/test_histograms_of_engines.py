"""Arithmetic on histograms, held to the raw values that they counted."""

import statistics
from bisect import bisect_left
from collections.abc import Sequence
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from skewguard.judge.baseline import histograms
from skewguard.language.baselines import Between, Buckets

BOUNDS = st.lists(st.floats(0.001, 1000, allow_nan=False), min_size=0, max_size=12, unique=True).map(
    lambda some: (*sorted(some), inf)
)
VALUES = st.lists(st.floats(0, 2000, allow_nan=False), min_size=1, max_size=60)


def _counted(values: Sequence[float], bounds: Sequence[float]) -> Buckets:
    """The histogram that an engine makes of values: each in the first bucket whose bound it does not exceed."""
    per = [0.0] * len(bounds)
    for value in values:
        per[bisect_left(bounds, value)] += 1
    counts = tuple(sum(per[: number + 1]) for number in range(len(per)))
    return Buckets(tuple(bounds), counts, sum(values))


def _holds(between: Between | None, value: float) -> bool:
    assert between is not None
    return (between.low is None or between.low <= value) and (between.high is None or value <= between.high)


@given(VALUES, BOUNDS, st.sampled_from((50, 90, 95, 99)))
def test_interval_holds_the_true_quantile(values: list[float], bounds: tuple[float, ...], percent: int) -> None:
    """By rank or interpolated between two values: the quantile of what was counted lies within the interval."""
    between = histograms.quantile(_counted(values, bounds), percent)
    ordered = sorted(values)
    by_rank = ordered[-(len(ordered) * -percent // 100) - 1]
    interpolated = (
        statistics.quantiles(ordered, n=100, method="inclusive")[percent - 1] if len(ordered) > 1 else ordered[0]
    )

    assert _holds(between, by_rank)
    assert _holds(between, min(max(interpolated, ordered[0]), ordered[-1]))


@given(VALUES, VALUES, BOUNDS)
def test_difference_of_two_pages_is_what_came_between(
    before: list[float], after: list[float], bounds: tuple[float, ...]
) -> None:
    """Subtracting the first page from the last gives the counts of exactly the values that came between."""
    first, last = _counted(before, bounds), _counted([*before, *after], bounds)
    between = histograms.since(first, last)

    assert between is not None
    assert between.counts == _counted(after, bounds).counts
    assert histograms.count(between) == len(after)


@given(VALUES, VALUES, BOUNDS)
def test_sum_of_two_replicas_is_one_histogram_of_both(
    one: list[float], other: list[float], bounds: tuple[float, ...]
) -> None:
    """Adding up equal layouts is counting everything in one."""
    together = histograms.added([_counted(one, bounds), _counted(other, bounds)])

    assert together is not None
    assert together.counts == _counted([*one, *other], bounds).counts


@given(VALUES, BOUNDS, BOUNDS)
def test_layouts_that_differ_are_never_added_or_subtracted(
    values: list[float], one: tuple[float, ...], other: tuple[float, ...]
) -> None:
    """Other bounds, no arithmetic."""
    first, last = _counted(values, one), _counted(values, other)

    assert (histograms.added([first, last]) is None) == (one != other)
    assert one == other or histograms.since(first, last) is None
