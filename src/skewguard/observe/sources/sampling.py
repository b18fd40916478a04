"""Pages of metrics of every replica on a beat: beside a load that is sent, or through a window of live traffic.

Each replica is read by a thread of its own, so that a slow one holds nobody up, at moments that are set beforehand, so that
nothing drifts; a moment that is missed is missed. Of the first page and the last everything is read, of those between only
what is sampled. What is kept is bounded, and nothing raises: what does not answer is `Unread`, once for each reason.
"""

import threading
from collections.abc import Callable, Sequence
from math import floor
from time import monotonic, time
from typing import Self

from msgspec import Struct

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.endpoints import NoAnswer, Question, Way
from skewguard.knowledge.engines.live import performance
from skewguard.language.baselines import Devices, Scrape, Watched
from skewguard.language.facts import Origin
from skewguard.language.running import Unread
from skewguard.observe.sources import asking

BEAT_S = 1.0
DEVICE_BEAT_S = 5.0
"""Seconds between two looks at GPUs: a command in a container costs a connection and a process."""
MOST_REPLICAS = 256
MOST_PAGES = 20_000
"""Pages of one replica that are kept: five and a half hours on a beat of a second. Then only the newest is kept besides."""
_MOST_REASONS = 8
_MOST_BYTES = 16 * 2**20
_PATIENCE_S = 5.0
"""Seconds that a page may take at least; on a slower beat, as long as the beat."""

HIDES = "ttft, itl, tpot, e2e, effective_batch, queue, kv_cache_usage, preemptions, prefix_cache_hit_rate"

_SHOWS = (
    "an engine that shows its metrics (SGLang --enable-metrics, llama.cpp --metrics, vLLM without --disable-log-stats)"
)

Probe = Callable[[], Devices | Unread]
"""Looks at GPUs once. Never raises."""


class Target(Struct, frozen=True):
    """One replica to read. `ways` are tried in order: the next one where the one before is barred (port-forward, proxy).

    `engine` is the one that is expected there, None where nobody knows; its page lies at `path`.
    """

    replica: str
    ways: tuple[Way, ...]
    engine: str | None = None
    path: str = ""

    @property
    def target(self) -> str:
        """The path to ask for."""
        return self.path or performance.path(self.engine)


class Seen(Struct, frozen=True):
    """How far it is: pages read, replicas of which there is one, of all that there are, and pages that did not come.

    `requests` are those that ended since the first page, of all replicas together (None: not told), `running` and
    `waiting` what the newest pages show.
    """

    pages: int
    replicas: int
    of: int
    missed: int
    requests: float | None = None
    running: float | None = None
    waiting: float | None = None


def scrape(way: Way, target: Target, deadline: Deadline, *, whole: bool = True) -> Scrape | Unread:
    """One page of one replica. Never raises for what answers, or does not."""
    found = _asked(way, target, deadline)
    return found if isinstance(found, Unread) else _read(found, target, way, whole=whole)


class _Page(Struct, frozen=True):
    body: bytes
    at: float


def _asked(way: Way, target: Target, deadline: Deadline) -> _Page | Unread:
    question = Question(target.target)
    began = time()
    try:
        answer = way.ask(question, deadline, most_bytes=_MOST_BYTES)
        body = asking.page(answer)
    except NoAnswer as error:
        return _lost(way, question, error)
    if isinstance(body, NoAnswer):
        return _lost(way, question, body)
    return _Page(body, (began + time()) / 2)  # it was made somewhere between question and answer


def _lost(way: Way, question: Question, error: NoAnswer) -> Unread:
    reason, needs = str(error), error.would_need
    if error.status in (401, 403) and way.open_only:
        reason, needs = f"{reason}; the API server's proxy passes none on", "create pods/portforward"
    if error.status == 404:
        needs = _SHOWS
    return Unread(way.shown(question), reason, HIDES, needs, kind=error.kind)


def _read(page: _Page, target: Target, way: Way, *, whole: bool) -> Scrape | Unread:
    told = performance.read(page.body, target.engine, whole=whole)
    place = way.shown(Question(target.target))
    if told.empty:
        reason = "; ".join(told.troubles[:3]) or "it has no series of performance"
        return Unread(place, reason, HIDES, _SHOWS, kind="unusable")
    origin = Origin("endpoint", place, text="; ".join(told.troubles[:3]) or None)
    return Scrape(
        target.replica, page.at, origin, told.gauges, told.counters, told.histograms, told.process_started, whole
    )


def following(begin: float, beat: float, now: float) -> float:
    """The next moment of a beat that began once, strictly after now."""
    return begin + (floor((now - begin) / beat) + 1) * beat


class _Beating(threading.Thread):
    """Does one thing on a beat until it is told to stop, and once more at the end."""

    def __init__(self, begin: float, beat: float, stop: threading.Event) -> None:
        super().__init__(daemon=True, name="sampling")
        self._begin = begin
        self._beat = beat
        self._stop_asked = stop
        self.lock = threading.Lock()

    def run(self) -> None:
        """Until it is told to stop."""
        self._stop_asked.wait(max(0.0, self._begin - monotonic()))
        self.once()  # at least, however soon it is to stop
        while not self.over and not self._stop_asked.wait(self._left()):
            self.once()
        if not self.over:
            self.once()
            self.end()

    def _left(self) -> float:
        now = monotonic()
        return following(self._begin, self._beat, now) - now

    @property
    def over(self) -> bool:
        """Whether nothing more can be expected."""
        return False

    def once(self) -> None:
        """What is done on every beat."""

    def end(self) -> None:
        """What is done after the last one."""


class _Replica(_Beating):
    """Reads one replica."""

    def __init__(self, target: Target, begin: float, beat: float, stop: threading.Event) -> None:
        super().__init__(begin, beat, stop)
        self._target = target
        self._way = 0
        self._patience = max(_PATIENCE_S, beat)
        self._newest: tuple[_Page, Way] | None = None
        self.scrapes: list[Scrape] = []
        self.unread: dict[tuple[str, str], Unread] = {}
        self.missed = 0
        self._troubles: set[str] = set()

    def once(self) -> None:
        """Read the page."""
        way = self._target.ways[self._way]
        found = _asked(way, self._target, Deadline.after(self._patience))
        if isinstance(found, _Page):
            read = _read(found, self._target, way, whole=not self.scrapes)
            if isinstance(read, Scrape):
                self._keep(read, (found, way))
                return
            found = read
        self._miss(found)

    def _keep(self, read: Scrape, newest: tuple[_Page, Way]) -> None:
        with self.lock:
            self._newest = newest
            if len(self.scrapes) >= MOST_PAGES:
                self.scrapes.pop()
            self.scrapes.append(read)
            self._note_troubles(read)

    def _note_troubles(self, read: Scrape) -> None:
        told = read.origin.text
        if told and told not in self._troubles and len(self._troubles) < _MOST_REASONS:
            self._troubles.add(told)
            unread = Unread(read.origin.ref, told, "what these series tell", "an engine whose page can be understood")
            self.unread[told, "unusable"] = unread

    def _miss(self, unread: Unread) -> None:
        with self.lock:
            self.missed += 1
            if len(self.unread) < _MOST_REASONS:
                self.unread.setdefault((unread.reason, unread.kind), unread)
        if unread.kind == "denied" and self._way + 1 < len(self._target.ways):
            self._way += 1

    def end(self) -> None:
        """Read everything of the last page that came."""
        with self.lock:
            if self._newest is None or self.scrapes[-1].whole:
                return
            page, way = self._newest
            read = _read(page, self._target, way, whole=True)
            if isinstance(read, Scrape):
                self.scrapes[-1] = read


class _Devices(_Beating):
    """Looks at GPUs; one refusal is enough."""

    def __init__(self, probe: Probe, begin: float, beat: float, stop: threading.Event) -> None:
        super().__init__(begin, beat, stop)
        self._probe = probe
        self.devices: list[Devices] = []
        self.unread: dict[str, Unread] = {}

    @property
    def over(self) -> bool:
        """Whether it was refused before anything was seen."""
        return not self.devices and any(each.kind in ("denied", "refused", "absent") for each in self.unread.values())

    def once(self) -> None:
        """Look."""
        found = self._probe()
        with self.lock:
            if isinstance(found, Devices):
                if len(self.devices) < MOST_PAGES:
                    self.devices.append(found)
            elif len(self.unread) < _MOST_REASONS:
                self.unread.setdefault(found.reason, found)


class Sampler:
    """Reads replicas and GPUs until it is stopped. As a context manager it is stopped at its end.

    `beat` seconds lie between two pages of one replica; the first pages of many replicas are spread over one of them.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        beat: float = BEAT_S,
        probes: Sequence[Probe] = (),
        unread: Sequence[Unread] = (),
    ) -> None:
        self._targets = tuple(targets)
        self._beat = beat
        self._stop = threading.Event()
        self._unread = tuple(unread)
        begin = monotonic()
        read = self._targets[:MOST_REPLICAS]
        self._replicas = [
            _Replica(target, begin + beat * number / len(read), beat, self._stop) for number, target in enumerate(read)
        ]
        pause = max(beat, DEVICE_BEAT_S)
        self._devices = [_Devices(probe, begin, pause, self._stop) for probe in probes]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to read."""
        for thread in (*self._replicas, *self._devices):
            thread.start()

    def stop(self) -> Watched:
        """Read the last pages, and give everything. A replica that does not answer is not waited for beyond its patience."""
        self._stop.set()
        limit = Deadline.after(max(_PATIENCE_S, self._beat) + 1.0)
        for thread in (*self._replicas, *self._devices):
            if thread.ident is not None:
                thread.join(limit.left())
        return self.watched()

    def seen(self) -> Seen:
        """How far it is."""
        held = [each for each in self._replicas if each.scrapes]
        newest = [each.scrapes[-1] for each in held]
        ended = [_went(each.scrapes[0], last) for each, last in zip(held, newest, strict=True)]
        return Seen(
            pages=sum(len(each.scrapes) for each in held),
            replicas=len(held),
            of=len(self._targets),
            missed=sum(each.missed for each in self._replicas),
            requests=_sum(ended),
            running=_sum([each.gauges.get("running") for each in newest]),
            waiting=_sum([each.gauges.get("waiting") for each in newest]),
        )

    def watched(self) -> Watched:
        """What was read so far."""
        engines = {each.engine for each in self._targets}
        return Watched(
            scrapes=tuple(scrape for each in self._replicas for scrape in each.scrapes),
            devices=tuple(seen for each in self._devices for seen in each.devices),
            unread=(*self._unread, *self._lost()),
            beat=self._beat,
            expected=tuple(each.replica for each in self._targets),
            engine=engines.pop() if len(engines) == 1 else None,
        )

    def _lost(self) -> tuple[Unread, ...]:
        told = [unread for each in self._replicas for unread in list(each.unread.values())]
        told += [unread for probe in self._devices for unread in list(probe.unread.values())]
        more = len(self._targets) - len(self._replicas)
        if more:
            reason = f"{more} replicas beyond {MOST_REPLICAS} were not read"
            told.append(Unread("pages of metrics", reason, HIDES, "a Prometheus that has them (--prometheus)"))
        return tuple(told)


def _went(first: Scrape, last: Scrape) -> float | None:
    end = last.counters.get("requests")
    return end - first.counters.get("requests", 0.0) if end is not None else None


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
