"""What pages of metrics tell of performance, under one name for every engine: gauges, counters, histograms.

The rows name every series that any release has for one thing, the newest first; the first that a page has counts. Label
sets (models, engines of one process, finish reasons) are summed, shares (the KV cache in use) averaged; ranks of one engine
that all report the same (SGLang with `--enable-metrics-for-all-schedulers`) count once. Nothing is guessed: what a page does
not have is not there, and what is broken (a value that is no number, buckets that are not cumulative) is a trouble in words.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import inf, isfinite
from statistics import fmean

from msgspec import Struct, field

from skewguard.knowledge.engines.live import metrics, performance_rows
from skewguard.knowledge.engines.live.metrics import Series
from skewguard.knowledge.engines.live.performance_rows import Row, Source
from skewguard.language.baselines import Buckets

MOST_SERIES = 20_000
"""Series of one page that are read: 8 engines of one process with every histogram of the rows have 1,500."""

_STARTED = "process_start_time_seconds"
_RANKS = frozenset(("tp_rank", "pp_rank", "moe_ep_rank"))
"""Labels of ranks that compute the same batch together, and report the same of it."""


class Page(Struct, frozen=True):
    """What one page says. `troubles` are sentences on what of it could not be understood."""

    gauges: Mapping[str, float] = field(default_factory=dict)
    counters: Mapping[str, float] = field(default_factory=dict)
    histograms: Mapping[str, Buckets] = field(default_factory=dict)
    process_started: float | None = None
    troubles: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it says nothing of performance."""
        return not (self.gauges or self.counters or self.histograms)


def engines() -> tuple[str, ...]:
    """The engines whose pages are understood."""
    return tuple(performance_rows.ROWS)


def rows(engine: str | None) -> tuple[Row, ...]:
    """What is known of one engine's pages; nothing of an engine that is not known."""
    return performance_rows.ROWS.get(engine or "", ())


def path(engine: str | None) -> str:
    """Where an engine answers with its page."""
    return performance_rows.PATHS.get(engine or "", "/metrics")


def sought(engine: str | None, name: str) -> tuple[str, ...]:
    """What one engine calls a thing, newest release first; nothing, where it has no series for it or is not known."""
    return tuple(source.name for row in rows(engine) if row.name == name for source in row.sources)


def recognised(page: bytes) -> str | None:
    """The engine whose names a page has: behind NIM or Dynamo, the one that computes. NIM's own have no prefix, and are
    told by the one that nobody else has.
    """
    found = (name for name, prefix in performance_rows.PREFIXES.items() if metrics.begins_with(page, prefix))
    return next(found, None)


def wanted(engine: str | None, *, whole: bool = True) -> tuple[str, ...]:
    """The names of all series that are read; without `whole`, those of no histogram."""
    names = dict.fromkeys(name for row in rows(engine) for name in _series_of(row, whole=whole))
    return (*names, _STARTED)


def _series_of(row: Row, *, whole: bool) -> Iterable[str]:
    if row.kind != "histogram":
        return (source.name for source in row.sources)
    parts = ("_bucket", "_sum") if whole else ()
    return (f"{source.name}{part}" for source in row.sources for part in parts)


def read(page: bytes, engine: str | None, *, whole: bool = True) -> Page:
    """What a page of any shape says. Without `whole` its histograms are passed over: they are most of the work.

    What it is called on the page decides; `engine` is who is expected, and decides where no name tells.
    """
    known = recognised(page) or engine
    if not rows(known):
        return Page(troubles=("no engine that is known names its metrics so",))
    found = list(metrics.series(page, wanted(known, whole=whole), most=MOST_SERIES + 1))
    if len(found) > MOST_SERIES:
        return Page(
            troubles=(f"it has more than {MOST_SERIES:,} series of performance, and sums of a part say nothing",)
        )
    return of_series(found, known, whole=whole)


def of_series(found: Iterable[Series], engine: str | None, *, whole: bool = True) -> Page:
    """The same of series that are parsed already."""
    named: dict[str, list[Series]] = defaultdict(list)
    for each in found:
        named[each.name].append(each)
    troubles: list[str] = []
    gauges: dict[str, float] = {}
    counters: dict[str, float] = {}
    histograms: dict[str, Buckets] = {}
    for row in rows(engine):
        if row.kind == "histogram":
            buckets = _histogram(row, named, troubles) if whole else None
            if buckets is not None:
                histograms.setdefault(row.name, buckets)
            continue
        value = _number(row, named, troubles)
        if value is not None:
            (gauges if row.kind == "gauge" else counters).setdefault(row.name, value)
    started = [each.value for each in named[_STARTED] if isfinite(each.value)]
    return Page(gauges, counters, histograms, max(started, default=None), tuple(dict.fromkeys(troubles)))


# ---- one row -----------------------------------------------------------------------------------------------------------


def _number(row: Row, named: Mapping[str, Sequence[Series]], troubles: list[str]) -> float | None:
    """The value of a gauge or counter: of the first of its names that the page has."""
    for source in row.sources:
        every = named.get(source.name, ())
        if not every:
            continue
        values = _of_ranks(each for each in every if source.takes(each.labels))
        sound = [value for value in values if isfinite(value) and value >= 0]
        if len(sound) < len(values):
            troubles.append(f"{source.name} has a value that is no number of anything")
            return None
        if row.share:
            return fmean(sound) if sound else None
        return sum(sound)
    return None


def _of_ranks(found: Iterable[Series]) -> list[float]:
    """One value for each label set, of the ranks of one engine the largest."""
    groups: dict[frozenset[tuple[str, str]], float] = {}
    for each in found:
        key = frozenset((label, value) for label, value in each.labels.items() if label not in _RANKS)
        groups[key] = max(each.value, groups.get(key, each.value)) if isfinite(each.value) else each.value
    return list(groups.values())


def _histogram(row: Row, named: Mapping[str, Sequence[Series]], troubles: list[str]) -> Buckets | None:
    """The histogram of the first of its names that the page has, over all its label sets."""
    for source in row.sources:
        every = named.get(f"{source.name}_bucket", ())
        if not every:
            continue
        split = _label_sets(every, named.get(f"{source.name}_sum", ()), source)
        reason = next((why for why in map(_unsound, split) if why), None)
        if reason is None and len({tuple(sorted(counts)) for counts, _ in split}) > 1:
            reason = "has label sets with different buckets, which cannot be added up"
        if reason is not None:
            troubles.append(f"{source.name} {reason}")
            return None
        return _added(split)
    return None


_Split = tuple[dict[float, float], float | None]
"""The cumulative counts of one label set by their upper bounds, and the sum of what was counted."""


def _label_sets(buckets: Iterable[Series], sums: Iterable[Series], source: Source) -> list[_Split]:
    counts: dict[frozenset[tuple[str, str]], dict[float, float]] = defaultdict(dict)
    for each in buckets:
        if source.takes(each.labels):
            key = frozenset(item for item in each.labels.items() if item[0] != "le")
            counts[key][_bound(each.labels.get("le", ""))] = each.value
    totals = {frozenset(each.labels.items()): each.value for each in sums}
    return [(by_bound, totals.get(key)) for key, by_bound in counts.items()]


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return -inf  # no histogram has it, so that it is found unsound


def _unsound(split: _Split) -> str | None:
    """What is wrong with one label set."""
    by_bound, total = split
    bounds = sorted(by_bound)
    counts = [by_bound[bound] for bound in bounds]
    if not bounds or bounds[-1] != inf or not all(isfinite(bound) for bound in bounds[:-1]):
        return 'has no bucket for everything (le="+Inf"), or a bound that is no number'
    if not all(isfinite(count) and count >= 0 for count in counts) or any(b < a for a, b in pairwise(counts)):
        return "has counts that are not cumulative"
    if total is None or not isfinite(total):
        return "has no sum"
    return None


def _added(split: Sequence[_Split]) -> Buckets | None:
    if not split:
        return None
    bounds = tuple(sorted(split[0][0]))
    counts = tuple(sum(by_bound[bound] for by_bound, _ in split) for bound in bounds)
    return Buckets(bounds, counts, sum(total or 0.0 for _, total in split))
