"""A window of an engine's metrics out of a Prometheus that scraped it: nobody is asked but Prometheus."""

from collections.abc import Collection, Mapping
from urllib.parse import urlencode

from msgspec import structs

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.endpoints import PROMETHEUS_VARIABLE, NoAnswer, Question, Way
from skewguard.knowledge.engines.live import promql
from skewguard.knowledge.engines.live.promql import NotUnderstood, Samples, Told
from skewguard.language.baselines import Devices, Scrape, Watched
from skewguard.language.facts import Origin
from skewguard.language.running import Unread
from skewguard.observe.sources import gpus, sampling

MOST_BYTES = 64 * 2**20
"""Bytes of one answer: 15 minutes of 20 replicas' widest histogram, scraped every 15 s, are 2 MB."""
_SECONDS = 60.0


def window(
    way: Way,
    *,
    engine: str | None,
    seconds: float,
    matchers: str,
    at: float | None = None,
    namespace: str | None = None,
    pods: Collection[str] = (),
) -> Watched:
    """The last `seconds` of an engine's pages until `at` (Unix time; None: now), by its matchers. Never raises.

    Matchers are PromQL's, without braces: `namespace="prod",pod=~"chat-.*"` (`promql.of_pods` makes them). With `namespace`
    and `pods`, the GPUs that an exporter shows of them come along.
    """
    asked = _Asked(way, seconds, at)
    found = [
        each for query in promql.questions(engine, matchers, seconds) for each in asked.series(query, sampling.HIDES)
    ]
    told = promql.pages(found, engine)
    if not told.moments and not asked.unread:
        asked.lost(
            "it has no series of an engine with these labels", sampling.HIDES, "labels that fit (--prometheus-match)"
        )
    for trouble in told.troubles:
        asked.lost(trouble, "what these series tell")
    seen = asked.devices(namespace, pods) if namespace is not None and pods else ()
    several = {each.replica.partition(" (")[0] for each in told.moments if " (" in each.replica}
    expected = tuple(pod for pod in pods if pod not in several)
    return Watched(_scrapes(told, asked.place), seen, tuple(asked.unread), told.beat, expected, engine)


def _scrapes(told: Told, place: str) -> tuple[Scrape, ...]:
    origin = Origin("endpoint", place)
    return tuple(
        Scrape(
            each.replica,
            each.at,
            origin,
            each.page.gauges,
            each.page.counters,
            each.page.histograms,
            each.page.process_started,
        )
        for each in told.moments
    )


class _Asked:
    """The questions of one window, and what of them has no answer."""

    def __init__(self, way: Way, seconds: float, at: float | None) -> None:
        self._way = way
        self._seconds = seconds
        self._at = at
        self.place = f"Prometheus ({way.shown(Question(promql.PATH))})"
        self.unread: list[Unread] = []

    def series(self, query: str, hides: str) -> tuple[Samples, ...]:
        """The answer to one query; nothing, and a note of why, where there is none."""
        if any(each.kind in ("denied", "unreachable", "timeout") for each in self.unread):
            return ()  # it would be so for every question
        try:
            if self._at is None:
                self._at = promql.clock(self._answer({"query": promql.CLOCK}))
            return promql.decoded(self._answer({"query": query, "time": f"{self._at:.3f}"}))
        except NoAnswer as error:
            self._refused(error, hides)
        except NotUnderstood as error:
            self.lost(str(error), hides)
        return ()

    def _answer(self, parameters: Mapping[str, str]) -> bytes:
        question = Question(f"{promql.PATH}?{urlencode(parameters)}")
        return self._way.ask(question, Deadline.after(_SECONDS), most_bytes=MOST_BYTES).body

    def _refused(self, error: NoAnswer, hides: str) -> None:
        unread = Unread(self.place, str(error), hides, error.would_need, kind=error.kind)
        if error.status in (401, 403):
            reason = f"Prometheus wants a token (it answers {error.status})"
            needs = f"a token in {PROMETHEUS_VARIABLE}"
            unread = structs.replace(unread, reason=reason, would_need=needs)
        elif error.status in (400, 422):
            unread = structs.replace(unread, reason=f"Prometheus refuses the query (it answers {error.status})")
        if unread not in self.unread:
            self.unread.append(unread)

    def lost(self, reason: str, hides: str, needs: str = "") -> None:
        """A note of what could not be used."""
        self.unread.append(Unread(self.place, reason, hides, needs))

    def devices(self, namespace: str, pods: Collection[str]) -> tuple[Devices, ...]:
        """What GPUs of these pods did."""
        for label in ("exported_pod", "pod"):
            found = self.series(promql.of_devices(promql.of_pods(namespace, pods, label), self._seconds), gpus.HIDES)
            told = promql.used(found, namespace, pods)
            if told:
                origin = Origin("endpoint", self.place)
                return tuple(Devices(at, origin, used.utilization, used.memory_used) for at, used in told)
        if not any("gpu" in each.hides for each in self.unread):
            self.lost(
                "it has no series of dcgm-exporter for these pods",
                gpus.HIDES,
                "a Prometheus that scrapes dcgm-exporter",
            )
        return ()
