"""The pages of one replica through a window: from which to which its counters can be subtracted, and what keeps them from it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct

from skewguard.judge.baseline import histograms
from skewguard.language.baselines import Buckets, Scrape, Watched

MOST_BEATS = 3
"""Beats without a page that are a hole: one page that is late, or lost, is none."""
MOST_BLIND = 0.2
"""Share of a window in holes beyond which what was sampled says little of the whole."""
SAME_START_S = 1.0
"""Seconds within which two readings of the start of one process lie."""


class Span(Struct, frozen=True):
    """One replica. `broken` says why its counters cannot be subtracted; empty where they can. `holes` are seconds without
    a page, each the length of one hole."""

    replica: str
    scrapes: tuple[Scrape, ...]
    broken: str = ""
    holes: tuple[float, ...] = ()

    @property
    def first(self) -> Scrape:
        """The page its window begins with."""
        return self.scrapes[0]

    @property
    def last(self) -> Scrape:
        """The page its window ends with."""
        return self.scrapes[-1]

    @property
    def seconds(self) -> float:
        """From the one to the other."""
        return self.last.at - self.first.at

    def delta(self, counter: str) -> float | None:
        """How far a counter went; None where the last page has none. One that began within the window began at 0."""
        end = self.last.counters.get(counter)
        return end - self.first.counters.get(counter, 0.0) if end is not None else None


class Spans(Struct, frozen=True):
    """Every replica of a window, and the beat of their pages in seconds (0: nothing to tell it by)."""

    every: tuple[Span, ...]
    begin: float
    end: float
    beat: float

    @property
    def sound(self) -> tuple[Span, ...]:
        """Those whose counters can be subtracted."""
        return tuple(span for span in self.every if not span.broken)

    @property
    def seconds(self) -> float:
        """How long the window is."""
        return self.end - self.begin


def of(watched: Watched) -> Spans:
    """The replicas of a window, by name."""
    by_replica: dict[str, list[Scrape]] = defaultdict(list)
    for scrape in sorted(watched.scrapes, key=lambda each: each.at):
        by_replica[scrape.replica].append(scrape)
    moments = [scrape.at for scrape in watched.scrapes] or [0.0]
    begin, end = min(moments), max(moments)
    beat = watched.beat or _beat(by_replica.values())
    every = tuple(_span(name, tuple(pages), begin, end, beat) for name, pages in sorted(by_replica.items()))
    return Spans(every, begin, end, beat)


def _beat(pages: Iterable[Sequence[Scrape]]) -> float:
    steps = [b.at - a.at for each in pages for a, b in pairwise(each)]
    return median(steps) if steps else 0.0


def _span(replica: str, pages: tuple[Scrape, ...], begin: float, end: float, beat: float) -> Span:
    holes = tuple(b.at - a.at for a, b in pairwise(pages) if beat and b.at - a.at > MOST_BEATS * beat)
    reasons = (*_edges(pages, begin, end, beat), *_restarts(pages), *_layouts(pages))
    return Span(replica, pages, next(iter(reasons), ""), holes)


def _edges(pages: Sequence[Scrape], begin: float, end: float, beat: float) -> Iterator[str]:
    """Whether a replica came late or left early."""
    grace = MOST_BEATS * beat
    if len(pages) < 2 or pages[-1].at <= pages[0].at:
        yield "was read once, and one page shows no change"
    elif end - pages[-1].at > grace:
        gone = f"{end - pages[-1].at:.0f} s before the end"
        yield f"vanished: its last page came {gone}, so that what it did until then and after is not known"
    elif pages[0].at - begin > grace:
        yield f"appeared: its first page came {pages[0].at - begin:.0f} s after the beginning"


def _restarts(pages: Sequence[Scrape]) -> Iterator[str]:
    """Whether its process began anew: its counters then count from 0, and what the old one did last is lost.

    A page may lack a counter, or the start of the process: the last one that had it is what the next is held against.
    """
    counted: dict[str, float] = {}
    started = None
    for a, b in pairwise(pages):
        counted |= a.counters
        started = a.process_started if a.process_started is not None else started
        if None not in (started, b.process_started) and abs((started or 0) - (b.process_started or 0)) > SAME_START_S:
            yield _restarted(a, b, "its process has another start time")
        fallen = sorted(name for name, value in b.counters.items() if value < counted.get(name, value))
        if fallen:
            yield _restarted(a, b, f"{', '.join(fallen[:3])} fell")


def _restarted(a: Scrape, b: Scrape, seen: str) -> str:
    return f"restarted, or its counters were reset, within the {b.at - a.at:.0f} s before {_clock(b)} ({seen}): what it counted before is lost"


def _clock(scrape: Scrape) -> str:
    return f"{scrape.at:.0f} (Unix time)"


def _layouts(pages: Sequence[Scrape]) -> Iterator[str]:
    """Whether a histogram changed its buckets, or fell where no counter tells it."""
    known: dict[str, Buckets] = {}
    for a, b in pairwise([page for page in pages if page.whole]):
        known |= a.histograms
        for name in sorted(known.keys() & b.histograms.keys()):
            if known[name].bounds != b.histograms[name].bounds:
                yield f"changed the buckets of its {name} histogram: another release answers under its name"
            elif histograms.since(known[name], b.histograms[name]) is None:
                yield _restarted(a, b, f"its {name} histogram fell")
