"""Arithmetic on histograms as engines count them. A quantile of one is an interval between two bounds, never a point."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf

from skewguard.language.baselines import Between, Buckets
from skewguard.language.measures import QUANTILES

_ROUNDING = 1e-9
"""By how much of itself a sum may differ that was added up in another order."""


def since(first: Buckets | None, last: Buckets) -> Buckets | None:
    """What was counted between two pages; all of it, where the first had no such histogram yet.

    None where the two cannot be subtracted: their bounds differ, or a count or the sum has fallen.
    """
    if first is None:
        return last
    if first.bounds != last.bounds or any(b < a for a, b in zip(first.counts, last.counts, strict=True)):
        return None
    gained = last.total - first.total
    if gained < -_ROUNDING * abs(first.total):
        return None
    counts = tuple(b - a for a, b in zip(first.counts, last.counts, strict=True))
    return Buckets(last.bounds, counts, max(gained, 0.0))


def added(several: Sequence[Buckets]) -> Buckets | None:
    """One histogram of several; None where their bounds differ, or there is none."""
    if len({each.bounds for each in several}) != 1:
        return None
    counts = tuple(map(sum, zip(*(each.counts for each in several), strict=True)))
    return Buckets(several[0].bounds, counts, sum(each.total for each in several))


def count(buckets: Buckets) -> int:
    """How many observations it holds."""
    return round(buckets.counts[-1])


def mean(buckets: Buckets) -> float | None:
    """The exact mean; None of nothing."""
    return buckets.total / buckets.counts[-1] if buckets.counts[-1] > 0 else None


def per_bucket(buckets: Buckets) -> tuple[float, ...]:
    """The observations of each bucket by itself."""
    return tuple(b - a for a, b in pairwise((0.0, *buckets.counts)))


def quantile(buckets: Buckets, percent: int) -> Between | None:
    """Between which two bounds a quantile lies; None of nothing. `high` None: above the last bound that is finite.

    It holds for every usual definition: the two observations that any of them lies at or between are looked for by their
    ranks, in whole numbers, and the interval reaches from below the one's bucket to above the other's. What is observed is
    not negative, so that the first bucket begins at 0.
    """
    n = count(buckets)
    if n <= 0:
        return None
    below = (n - 1) * percent // 100
    above = -((n - 1) * -percent // 100)
    first, last = _bucket_of(buckets, below + 1), _bucket_of(buckets, above + 1)
    low = buckets.bounds[first - 1] if first > 0 else min(0.0, buckets.bounds[0])
    high = buckets.bounds[last]
    return Between(low, None if high == inf else high)


def quantiles(buckets: Buckets) -> dict[str, Between]:
    """The quantiles that every metric has."""
    found = {name: quantile(buckets, int(name[1:])) for name in QUANTILES}
    return {name: between for name, between in found.items() if between is not None}


def _bucket_of(buckets: Buckets, rank: int) -> int:
    """The bucket that holds the observation of a rank, from 1."""
    within = (number for number, total in enumerate(buckets.counts) if total >= rank)
    return next(within, len(buckets.bounds) - 1)
