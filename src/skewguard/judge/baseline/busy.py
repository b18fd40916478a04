"""Whether an engine has traffic of its users, and whether a queue stands in it: from pages of its metrics a few seconds apart."""

from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from skewguard.judge.baseline import spans
from skewguard.language.baselines import Scrape, Watched

_COUNTERS = ("requests", "prompt_tokens", "output_tokens")
_GAUGES = ("running", "waiting")
_MUTE = ("timeout", "unreachable")

STANDING = 3
"""Pages in a row of one replica on which requests wait: one page may catch a prompt that is just being taken in."""
_RECENT = 2 * STANDING
"""Pages among which they have to be: some between may not tell of the queue, and what an engine told long ago is over."""

FEWEST = 2
"""Pages of each replica below which nothing can be said of requests that end between two of them."""


class Busy(Struct, frozen=True):
    """What was seen of traffic. `told`: whether pages of every replica said enough to tell that there is none.

    `mute`: a replica that should answer did not in time, as one does that has too much to do.
    """

    running: int = 0
    waiting: int = 0
    requests: int = 0
    tokens: int = 0
    seconds: float = 0.0
    told: bool = False
    why: str = ""
    mute: bool = False

    @property
    def any(self) -> bool:
        """Whether there is traffic."""
        return bool(self.running or self.waiting or self.requests or self.tokens)

    def __str__(self) -> str:
        parts = [f"{self.running} running", f"{self.waiting} waiting"] if self.running or self.waiting else []
        parts += [f"{self.requests} ended in {self.seconds:.0f} s"] if self.requests else []
        parts += [f"{self.tokens} tokens computed in {self.seconds:.0f} s"] if self.tokens and not self.requests else []
        return "requests: " + ", ".join(parts) if parts else "no request"


def seen(watched: Watched) -> Busy:
    """What pages show, of all replicas together: the most that ran or waited at once, and what ended between."""
    pages = _by_replica(watched.scrapes)
    blind = _blind(watched, pages)
    most = {gauge: sum(int(max(_gauge(each, gauge), default=0)) for each in pages.values()) for gauge in _GAUGES}
    grown = {name: sum(_grown(each, name) for each in pages.values() if not _began_anew(each)) for name in _COUNTERS}
    return Busy(
        running=most["running"],
        waiting=most["waiting"],
        requests=grown["requests"],
        tokens=grown["prompt_tokens"] + grown["output_tokens"],
        seconds=max((each[-1].at - each[0].at for each in pages.values()), default=0.0),
        told=not blind,
        why=blind,
        mute=bool(blind) and any(each.kind in _MUTE for each in watched.unread),
    )


def _by_replica(scrapes: Sequence[Scrape]) -> dict[str, list[Scrape]]:
    found: dict[str, list[Scrape]] = {}
    for scrape in sorted(scrapes, key=lambda each: each.at):
        found.setdefault(scrape.replica, []).append(scrape)
    return found


def _gauge(pages: Sequence[Scrape], name: str) -> list[float]:
    return [page.gauges[name] for page in pages if name in page.gauges]


def _grown(pages: Sequence[Scrape], name: str) -> int:
    """How far a counter went on pages of one process; one that the first page lacks had nothing to count before."""
    told = [page.counters[name] for page in pages if name in page.counters]
    return int(told[-1] - pages[0].counters.get(name, 0.0)) if told else 0


def _began_anew(pages: Sequence[Scrape]) -> bool:
    """Whether counters began anew, or several processes answer in turn: what they say together is of nobody's traffic."""
    told = ([page.counters[name] for page in pages if name in page.counters] for name in _COUNTERS)
    starts = [page.process_started for page in pages if page.process_started is not None]
    fell = any(after < before for counts in told for before, after in pairwise(counts))
    return fell or any(abs(after - before) > spans.SAME_START_S for before, after in pairwise(starts))


def _blind(watched: Watched, pages: dict[str, list[Scrape]]) -> str:
    """Why nobody can tell whether there is traffic; empty where that can be told of every replica."""
    missed = [name for name in watched.expected if name not in pages]
    if missed or not pages:
        told = "; ".join(dict.fromkeys(f"{each.what}: {each.reason}" for each in watched.unread))
        return told or f"no page of metrics of {', '.join(missed) or 'it'} was read"
    silent = [
        name
        for name, each in pages.items()
        if not _gauge(each, "running") and not any(counter in each[-1].counters for counter in _COUNTERS)
    ]
    if silent:
        return f"the page of {', '.join(silent)} tells neither of requests that run nor of requests that ended"
    once = [name for name, each in pages.items() if len(each) < FEWEST]
    if once:
        told = "; ".join(dict.fromkeys(f"{each.what}: {each.reason}" for each in watched.unread))
        return told or f"only one page of metrics of {', '.join(once)} was read"
    anew = [name for name, each in pages.items() if _began_anew(each)]
    if anew:
        return f"the counters of {', '.join(anew)} began anew meanwhile: it restarted, or several engines answer there in turn"
    return ""


def standing(scrapes: Sequence[Scrape]) -> str:
    """What queue stands in an engine: requests that waited on its last few pages that tell of it. Empty where none does."""
    for replica, pages in _by_replica(scrapes).items():
        last = _gauge(pages[-_RECENT:], "waiting")[-STANDING:]
        if len(last) == STANDING and min(last) > 0:
            return f"requests wait in {replica}: {', '.join(f'{each:.0f}' for each in last)} on the last {STANDING} pages of its metrics"
    return ""


def queue_untold(scrapes: Sequence[Scrape]) -> str:
    """Why nobody can tell whether requests wait in an engine; empty where each replica tells."""
    untold = [name for name, pages in _by_replica(scrapes).items() if not _gauge(pages, "waiting")]
    if untold:
        return f"no page of {', '.join(untold[:3])} tells of requests that wait"
    return "" if scrapes else "no page of metrics was read"
