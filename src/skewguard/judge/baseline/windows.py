"""A window of an engine's own metrics as a baseline's: what its counters did, its histograms gained, its gauges showed.

Counters and histograms are subtracted for each replica by itself, and then added up. A replica of which that cannot be done
(it restarted, came, went) is left out and named among the reasons why the window is no baseline: a part of a fleet is not
the fleet. Means are exact; quantiles of histograms are intervals between bounds.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from skewguard.judge.baseline import histograms, sampled, spans
from skewguard.judge.baseline.spans import Span, Spans
from skewguard.knowledge.engines.live import performance
from skewguard.language.baselines import Between, Buckets, Metric, Requests, Scrape, Watched
from skewguard.language.loads import Load, Prompts, Spread
from skewguard.language.measures import MEASURES
from skewguard.language.running import Unread

_BESIDE = {"effective_batch": "running", "queue": "waiting", "kv_cache_usage": "kv_cache_usage"}
"""Metrics that are gauges on a page, and what they are called there."""
_RATES = {
    "requests_per_second": "requests",
    "output_tokens_per_second": "output_tokens",
    "input_tokens_per_second": "prompt_tokens",
}
_TIMES = ("ttft", "itl", "tpot", "e2e")


class Window(Struct, frozen=True):
    """What a window of live traffic shows. `replicas` are those that it counts; `started_at` is ISO 8601 in UTC."""

    started_at: str
    duration: float
    replicas: int
    load: Load
    metrics: tuple[Metric, ...]
    requests: Requests
    invalid_because: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def of_scrapes(watched: Watched, *, gpus: int | None = None) -> Window:
    """The metrics of a window, the load that production sent in it, and why it is no baseline, where it is none.

    `gpus`: how many all its replicas compute with together (None: not known).
    """
    seen = spans.of(watched)
    view = _View(watched, seen, seen.sound)
    metrics = (*view.rates(gpus), *view.times(), view.errors(), *_beside(view, watched))
    order = {name: number for number, name in enumerate(MEASURES)}
    began = datetime.fromtimestamp(seen.begin, UTC).isoformat(timespec="seconds")
    return Window(
        started_at=began,
        duration=seen.seconds,
        replicas=len(seen.sound),
        load=view.load(),
        metrics=tuple(sorted(metrics, key=lambda each: order[each.name])),
        requests=view.requests(),
        invalid_because=tuple(dict.fromkeys((*_reasons(watched, seen), *view.reasons()))),
        notes=tuple(_notes(watched, seen)),
    )


def beside_run(watched: Watched, *, within: tuple[float, float] | None = None) -> tuple[Metric, ...]:
    """What engines and machines showed beside a load that we sent. `within`: two Unix times between which pages count.

    A counter of which one replica's part is lost is a gap: nothing else would tell that the rest is only a part.
    """
    if within is not None:
        low, high = within
        inside = tuple(each for each in watched.scrapes if low <= each.at <= high)
        devices = tuple(each for each in watched.devices if low <= each.at <= high)
        watched = structs.replace(watched, scrapes=inside, devices=devices)
    seen = spans.of(watched)
    return tuple(_beside(_View(watched, seen, () if len(seen.sound) < len(seen.every) else seen.sound), watched))


class Counted(Struct, frozen=True):
    """What all replicas counted together: `requests` that ended, and `output_tokens`. None: they do not count that.

    `seconds` are those of each replica from its first page to its last, added up.
    """

    seconds: float
    requests: float | None = None
    output_tokens: float | None = None


def counted(watched: Watched) -> Counted | str:
    """What all replicas counted together, of requests or at least of tokens; or why that cannot be said."""
    seen = spans.of(watched)
    unread = [name for name in watched.expected if name not in {span.replica for span in seen.every}]
    if unread:
        return f"no page of {', '.join(unread[:3])} was read: {_unread(watched.unread) or 'nobody answered'}"
    broken = [f"{span.replica} {span.broken}" for span in seen.every if span.broken]
    view = _View(watched, seen, () if broken else seen.sound)
    requests, tokens = view.total("requests"), view.total("output_tokens")
    if requests is None and tokens is None:
        return view.missing("requests")
    return Counted(sum(span.seconds for span in seen.every), requests, tokens)


def _beside(view: "_View", watched: Watched) -> Iterable[Metric]:
    yield from view.gauges()
    yield view.preemptions()
    yield view.hits()
    yield from sampled.of_devices(watched.devices, _no_devices(watched))


class _View:
    """One window and its replicas, from every side. `counted` are those whose counters are added up."""

    def __init__(self, watched: Watched, seen: Spans, counted: tuple[Span, ...]) -> None:
        self._watched = watched
        self._seen = seen
        self._sound = counted
        self._merged: dict[str, Buckets | str] = {}
        self._source = _source(seen.every)

    # ---- counters

    def rates(self, gpus: int | None) -> Iterable[Metric]:
        """Requests and tokens per second, and per GPU."""
        for name, counter in _RATES.items():
            found = self._rate(name, counter)
            yield found
            if name == "output_tokens_per_second":
                yield _per_gpu(found, gpus)
        yield _gap("goodput", "an engine counts no objectives: only requests that we send can be held to them")

    def _rate(self, name: str, counter: str) -> Metric:
        parts = [(self._delta(span, counter), span.seconds) for span in self._sound]
        if not parts or any(delta is None for delta, _ in parts):
            return _gap(name, self.missing(counter), self._source)
        total = sum(delta or 0.0 for delta, _ in parts)
        value = sum((delta or 0.0) / seconds for delta, seconds in parts)
        return Metric(name, MEASURES[name].unit, value=value, n=round(total), source=self._source)

    def _delta(self, span: Span, counter: str) -> float | None:
        """How far a counter went. Where an engine has none, the sum (or number) of a histogram is one."""
        delta = span.delta(counter)
        if delta is not None:
            return delta
        buckets = self._gained(span, "e2e" if counter == "requests" else counter)
        if buckets is None:
            return None
        return buckets.counts[-1] if counter == "requests" else buckets.total

    def total(self, counter: str) -> float | None:
        """How far a counter went on all replicas together; None where one of them does not tell."""
        deltas = [self._delta(span, counter) for span in self._sound]
        known = [delta for delta in deltas if delta is not None]
        return sum(known) if known and len(known) == len(deltas) else None

    def requests(self) -> Requests:
        """How many ended, and how: what an engine says of its own requests."""
        completed, aborted, failed = (self._whole(name) for name in ("requests", "aborted", "failed"))
        kinds = {kind: number for kind, number in (("aborted", aborted), ("failed", failed)) if number}
        return Requests(completed=completed, failed=kinds)

    def _whole(self, counter: str) -> int | None:
        total = self.total(counter)
        return None if total is None else round(total)

    def errors(self) -> Metric:
        """Requests that the engine broke off or failed, of all that ended: at least so many. No engine counts all of them
        (vLLM forgets a request whose client hung up, and none sees what never reached it), so that there is no upper end.
        """
        completed, aborted, failed = (self.total(name) for name in ("requests", "aborted", "failed"))
        if completed is None or (aborted is None and failed is None):
            return _gap("error_rate", self.missing("aborted" if completed is not None else "requests"), self._source)
        lost = (aborted or 0.0) + (failed or 0.0)
        ended = completed + lost
        if ended <= 0:
            return _gap("error_rate", "no request ended in the window", self._source)
        if lost <= 0:
            reason = f"none of the {round(ended)} requests that the engine counts failed; those that it does not count are not known"
            return _gap("error_rate", reason, self._source)
        return Metric("error_rate", "ratio", value=Between(lost / ended, None), n=round(ended), source=self._source)

    def preemptions(self) -> Metric:
        """Preemptions per second."""
        return (
            self._rate("preemptions", "preemptions")
            if self._sound
            else _gap("preemptions", self._nothing(), self._source)
        )

    def hits(self) -> Metric:
        """Prompt tokens found in the prefix cache, of those that were looked for."""
        name = "prefix_cache_hit_rate"
        queries, hits = self.total("prefix_queries"), self.total("prefix_hits")
        if queries is None or (hits is None and queries > 0):
            return _gap(name, self.missing("prefix_queries" if queries is None else "prefix_hits"), self._source)
        if queries <= 0:
            reason = "no prompt token was looked for in the prefix cache: no request came, or it is turned off"
            return _gap(name, reason, self._source)
        return Metric(name, MEASURES[name].unit, value=(hits or 0.0) / queries, n=round(queries), source=self._source)

    # ---- histograms

    def times(self) -> Iterable[Metric]:
        """TTFT and its like, as intervals."""
        for name in _TIMES:
            found = self._histogram(name)
            if isinstance(found, str):
                yield _gap(name, found, self._source)
            elif not histograms.count(found):
                yield _gap(name, "no request ended in the window", self._source)
            else:
                yield Metric(
                    name,
                    MEASURES[name].unit,
                    quantiles=dict(histograms.quantiles(found)),
                    mean=histograms.mean(found),
                    n=histograms.count(found),
                    source=self._source,
                )

    def _histogram(self, name: str) -> Buckets | str:
        """What all replicas gained together, or why that cannot be said."""
        if name not in self._merged:
            self._merged[name] = self._merge(name)
        return self._merged[name]

    def _merge(self, name: str) -> Buckets | str:
        gained = [self._gained(span, name) for span in self._sound]
        known = [each for each in gained if each is not None]
        if not known or len(known) < len(gained):
            return self.missing(name)
        together = histograms.added(known)
        return together if together is not None else _APART.format(name)

    def _gained(self, span: Span, name: str) -> Buckets | None:
        last = span.last.histograms.get(name)
        if not span.first.whole:
            return None  # what its page had of it was not read
        return histograms.since(span.first.histograms.get(name), last) if last is not None else None

    def reasons(self) -> Iterable[str]:
        """What keeps a window of these numbers from being a baseline."""
        for name in (*_TIMES, "prompt_tokens", "output_tokens"):
            if self._histogram(name) == _APART.format(name):
                yield _APART.format(name)
        completed = self.total("requests")
        if self._sound and completed is not None and completed <= 0:
            yield f"no traffic: no request ended in the {self._seen.seconds:.0f} s that were looked at"

    # ---- gauges

    def gauges(self) -> Iterable[Metric]:
        """What was sampled: every page of every replica is one observation, of that replica alone."""
        for name, gauge in _BESIDE.items():
            values = [page.gauges[gauge] for page in self._pages() if gauge in page.gauges]
            yield sampled.metric(name, values, self._source, self.missing(gauge))

    def _pages(self) -> Iterable[Scrape]:
        return (page for span in self._seen.every for page in span.scrapes)

    # ---- load

    def load(self) -> Load:
        """What production sent."""
        rate = self._rate("requests_per_second", "requests").value
        prompts = Prompts("observed", self._spread("prompt_tokens"), self._spread("output_tokens"))
        return Load(
            profile="observed",
            prompts=prompts,
            rate=rate if isinstance(rate, float) else None,
            concurrency=self._running(),
            duration=self._seen.seconds,
            seed=None,
        )

    def _spread(self, name: str) -> Spread:
        found = self._histogram(name)
        if isinstance(found, str) or not histograms.count(found):
            tokens, requests = self.total(name), self.total("requests")
            return Spread(tokens / requests if tokens is not None and requests else None)
        return Spread(histograms.mean(found), bounds=found.bounds[:-1], counts=histograms.per_bucket(found))

    def _running(self) -> int | None:
        """The median over time of the requests that all replicas computed at once, where all of them were read."""
        beat = self._seen.beat or 1.0
        at: dict[int, dict[str, float]] = {}
        for page in self._pages():
            if "running" in page.gauges:
                at.setdefault(round((page.at - self._seen.begin) / beat), {})[page.replica] = page.gauges["running"]
        full = sorted(sum(each.values()) for each in at.values() if len(each) == len(self._seen.every))
        return round(sampled.quantile(full, 50)) if full else None

    # ---- words

    def missing(self, name: str) -> str:
        """Why something is not known."""
        if not self._sound:
            return self._nothing()
        sought = performance.sought(self._watched.engine, name)
        if not sought:
            return (
                "the engine's page of metrics has no such series" if self._watched.engine else f"no page tells {name}"
            )
        without = [span.replica for span in self._sound if not _tells(span.last, name)]
        of = f" of {', '.join(without[:3])}" if 0 < len(without) < len(self._sound) else ""
        return f"the page{of} has no {' or '.join(sought)}"

    def _nothing(self) -> str:
        """Why there is no replica to count."""
        broken = [span for span in self._seen.every if span.broken]
        if broken:
            return "; ".join(f"{span.replica} {span.broken}" for span in broken[:3])
        return _unread(self._watched.unread) or "no page of metrics was read"


_APART = "the buckets of {} differ between replicas, which run different releases: they cannot be added up"


def _tells(page: Scrape, name: str) -> bool:
    return name in page.counters or name in page.histograms or name in page.gauges


def _gap(name: str, reason: str, source: str = "") -> Metric:
    return Metric(name, MEASURES[name].unit, gap=reason, source=source)


def _per_gpu(tokens: Metric, gpus: int | None) -> Metric:
    name = "output_tokens_per_second_per_gpu"
    if tokens.gap is not None:
        return _gap(name, tokens.gap, tokens.source)
    if not gpus or not isinstance(tokens.value, float):
        return _gap(name, "how many GPUs there are is not known", tokens.source)
    return Metric(name, MEASURES[name].unit, value=tokens.value / gpus, n=tokens.n, source=tokens.source)


def _source(every: Sequence[Span]) -> str:
    """Where pages come from: that of the first replica, and how many more."""
    places = list(dict.fromkeys(span.first.origin.ref for span in every))
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f"{places[0]}{more}" if places else ""


def _unread(unread: Sequence[Unread]) -> str:
    told = [
        f"{each.what}: {each.reason}" + (f" (needs {each.would_need})" if each.would_need else "") for each in unread
    ]
    return "; ".join(dict.fromkeys(told[:3]))


def _no_devices(watched: Watched) -> str:
    gpus = [each for each in watched.unread if "gpu" in each.hides]
    return (
        _unread(gpus)
        or "nothing that shows GPUs was asked: an exporter (--dcgm), Prometheus, or commands in the container (--exec)"
    )


def _reasons(watched: Watched, seen: Spans) -> Iterable[str]:
    """Why the fleet as a whole is not what was counted."""
    for span in seen.every:
        if span.broken:
            yield f"{span.replica} {span.broken}"
    read = {span.replica for span in seen.every}
    for name in watched.expected:
        if name not in read:
            why = _unread([each for each in watched.unread if name in each.what]) or "no page of it came"
            yield f"{name} could not be read: {why}"
    if not seen.every and not watched.expected:
        yield _unread(watched.unread) or "no page of metrics was read"
    blind = _blind(seen)
    if blind > spans.MOST_BLIND:
        yield f"no page came for {blind:.0%} of the window (at most {spans.MOST_BLIND:.0%} may be missing)"


def _blind(seen: Spans) -> float:
    """The share of the window, of the replica that was seen worst, in which no page came."""
    shares = (sum(span.holes) / span.seconds for span in seen.every if span.holes and span.seconds > 0)
    return max(shares, default=0.0)


def _notes(watched: Watched, seen: Spans) -> Iterable[str]:
    for span in seen.every:
        if span.holes:
            count = f"{len(span.holes)} times" if len(span.holes) > 1 else "once"
            counted = "what its counters did meanwhile is counted, what its gauges showed is not known"
            yield f"{span.replica} gave no page {count}, for {max(span.holes):.0f} s at most: {counted}"
    for each in dict.fromkeys(watched.unread):
        yield f"{each.what}: {each.reason}"
