"""Pages of metrics on a beat, from servers on loopback that change with every question."""

import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.adapters.cluster.deadlines import Deadline
from skewguard.adapters.endpoints import Answer, Direct, NoAnswer, Question
from skewguard.language.baselines import Devices, Scrape, Watched
from skewguard.language.facts import Origin
from skewguard.language.running import Unread
from skewguard.observe.sources import sampling
from skewguard.observe.sources.sampling import Sampler, Target
from tests.fakes import pages
from tests.fakes.pages import Pages

BEAT = 0.01


class Way:
    """A way to an engine that answers as a function says."""

    open_only = False

    def __init__(
        self, answer: "Answer | NoAnswer | threading.Event", body: bytes = b"", *, open_only: bool = False
    ) -> None:
        self._answer = answer
        self.open_only = open_only
        self.asked = threading.Event()

    def shown(self, question: Question) -> str:
        return f"GET {question.target} of pod"

    def ask(self, question: Question, deadline: Deadline, *, most_bytes: int = 0) -> Answer:
        self.asked.set()
        if isinstance(self._answer, threading.Event):
            self._answer.wait(30)
            raise NoAnswer("late", "timeout")
        if isinstance(self._answer, NoAnswer):
            raise self._answer
        return self._answer


def _page(requests: float) -> Answer:
    return Answer("text/plain", pages.vllm(requests))


def _scraped(way: Way, **more: bool) -> Scrape | Unread:
    return sampling.scrape(way, Target("chat-0", (way,), "vllm"), Deadline.after(5), **more)


# ---- one page ----------------------------------------------------------------------------------------------------------


def test_one_page_is_a_scrape_of_its_replica() -> None:
    """Gauges, counters, histograms and the start of the process, with the place they come from."""
    found = _scraped(Way(_page(4)))

    assert isinstance(found, Scrape)
    assert (found.replica, found.origin.ref, found.process_started) == ("chat-0", "GET /metrics of pod", 1.0)
    assert (found.counters["requests"], found.gauges["running"]) == (4.0, 2.0)
    assert found.histograms["e2e"].counts == (4.0, 4.0)


@pytest.mark.parametrize(
    ("answer", "reason", "needs"),
    [
        (
            NoAnswer("nothing listens there", "unreachable", would_need="an engine"),
            "nothing listens there",
            "an engine",
        ),
        (Answer("text/html", b"<html>"), "it answers a web page, not metrics: something else is there", ""),
        (
            Answer("text/plain", b"vllm:other 1\n"),
            "it has no series of performance",
            sampling._SHOWS,
        ),
        (
            NoAnswer("it answers 404: there is no such path", "absent", status=404),
            "it answers 404: there is no such path",
            sampling._SHOWS,
        ),
    ],
)
def test_what_is_no_page_is_unread_with_its_reason(answer: Answer | NoAnswer, reason: str, needs: str) -> None:
    """Whatever answers, it is said what, and what it would need."""
    found = _scraped(Way(answer))

    assert isinstance(found, Unread)
    assert (found.reason, found.would_need, found.hides) == (reason, needs, sampling.HIDES)


def test_proxy_that_passes_no_key_on_names_the_right_it_needs() -> None:
    """An engine with an API key answers 401 through the API server's proxy."""
    found = _scraped(Way(NoAnswer("it needs an API key", "denied", status=401), open_only=True))

    assert isinstance(found, Unread)
    assert found.would_need == "create pods/portforward"


# ---- the beat ----------------------------------------------------------------------------------------------------------


@given(st.floats(0, 1e6), st.floats(0.01, 100), st.floats(0, 1e6))
def test_moments_of_a_beat_do_not_drift(begin: float, beat: float, later: float) -> None:
    """The next moment lies after now, by one beat at most, and on the beat that was begun."""
    now = begin + later
    moment = sampling.following(begin, beat, now)

    assert now - 1e-6 <= moment <= now + beat * 1.001 + 1e-6
    assert abs((moment - begin) / beat - round((moment - begin) / beat)) < 1e-3


def test_first_and_last_pages_are_whole_and_those_between_are_lean() -> None:
    """Histograms are most of the work, and only the ends of a window need them."""
    with Pages(pages.vllm) as server, closing(Direct(server.url)) as way:
        sampler = Sampler([Target("chat-0", (way,), "vllm")], beat=BEAT)
        sampler.start()
        server.after(5)
        watched = sampler.stop()

    whole = [scrape.whole for scrape in watched.scrapes]
    assert len(whole) >= 5
    assert (whole[0], set(whole[1:-1]), whole[-1]) == (True, {False}, True)
    assert watched.scrapes[-1].histograms["e2e"].counts[-1] == watched.scrapes[-1].counters["requests"]
    assert (watched.beat, watched.expected, watched.engine) == (BEAT, ("chat-0",), "vllm")


def test_replica_that_vanishes_keeps_its_last_page_whole() -> None:
    """The page before it went is the end of what is known of it."""
    with Pages(lambda n: pages.vllm(n) if n < 4 else 503) as server, closing(Direct(server.url)) as way:
        sampler = Sampler([Target("chat-0", (way,), "vllm")], beat=BEAT)
        sampler.start()
        server.after(6)
        watched = sampler.stop()

    assert [scrape.counters["requests"] for scrape in watched.scrapes] == [0.0, 1.0, 2.0, 3.0]
    assert watched.scrapes[-1].histograms["e2e"].counts == (3.0, 3.0)
    assert [each.reason for each in watched.unread] == ["it answers 503"]


def test_slow_replica_holds_nobody_up() -> None:
    """While one replica does not answer, the other is read on."""
    never = threading.Event()
    slow = Way(never)
    with Pages(pages.vllm) as server, closing(Direct(server.url)) as way:
        targets = [Target("slow", (slow,), "vllm"), Target("quick", (way,), "vllm")]
        sampler = Sampler(targets, beat=BEAT)
        sampler.start()
        assert slow.asked.wait(30)
        server.after(5)
        assert sampler.seen().replicas == 1
        never.set()
        watched = sampler.stop()

    assert {scrape.replica for scrape in watched.scrapes} == {"quick"}
    assert [each.kind for each in watched.unread] == ["timeout"]


def test_way_that_is_barred_is_left_for_the_next_one() -> None:
    """Without the right to forward a port, the page goes through the proxy from then on."""
    barred = Way(NoAnswer("forbidden", "denied", would_need="create pods/portforward"))
    with Pages(pages.vllm) as server, closing(Direct(server.url)) as way:
        sampler = Sampler([Target("chat-0", (barred, way), "vllm")], beat=BEAT)
        sampler.start()
        server.after(3)
        watched = sampler.stop()

    assert len(watched.scrapes) >= 3


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its limit a window keeps its beginning and the newest page."""
    monkeypatch.setattr(sampling, "MOST_PAGES", 3)
    with Pages(pages.vllm) as server, closing(Direct(server.url)) as way:
        sampler = Sampler([Target("chat-0", (way,), "vllm")], beat=BEAT)
        sampler.start()
        server.after(8)
        watched = sampler.stop()

    found = [scrape.counters["requests"] for scrape in watched.scrapes]
    assert found[:2] == [0.0, 1.0]
    assert (len(found), found[2] >= 7) == (3, True)


def test_replicas_beyond_the_limit_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is left out in silence."""
    monkeypatch.setattr(sampling, "MOST_REPLICAS", 1)
    targets = [Target(name, (Way(_page(1)),), "vllm") for name in ("a", "b", "c")]
    with Sampler(targets, beat=BEAT) as sampler:
        pass

    watched = sampler.watched()
    assert [each.reason for each in watched.unread] == ["2 replicas beyond 1 were not read"]
    assert watched.expected == ("a", "b", "c")


def test_progress_tells_what_ended_and_what_runs() -> None:
    """Requests since the first page, and the newest gauges, over all replicas."""
    with Pages(lambda n: pages.vllm(10 + n)) as server, closing(Direct(server.url)) as way:
        with Sampler([Target("chat-0", (way,), "vllm")], beat=BEAT) as sampler:
            server.after(4)
        seen = sampler.seen()

    assert seen.requests == seen.pages - 1
    assert (seen.replicas, seen.of, seen.missed, seen.running, seen.waiting) == (1, 1, 0, 2.0, 0.0)


# ---- GPUs --------------------------------------------------------------------------------------------------------------


def _devices(*found: Devices | Unread, count: int) -> tuple[Watched, int]:
    """What comes of a probe that gives these in turn, the last for ever, and how often it was asked."""
    asked = threading.Semaphore(0)
    calls: list[int] = []

    def probe() -> Devices | Unread:
        calls.append(len(calls))
        asked.release()
        return found[min(len(calls), len(found)) - 1]

    sampler = Sampler([], beat=BEAT, probes=(probe,))
    sampler.start()
    for _ in range(count):
        assert asked.acquire(timeout=30)
    return sampler.stop(), len(calls)


def test_gpus_are_looked_at_on_their_own_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """What GPUs did is kept beside the pages."""
    monkeypatch.setattr(sampling, "DEVICE_BEAT_S", BEAT)
    watched, _ = _devices(Devices(1.0, Origin("exec", "nvidia-smi"), (0.5,), (8e9,)), count=3)

    assert len(watched.devices) >= 3
    assert watched.unread == ()


def test_gpus_that_are_refused_are_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to run commands, nobody tries again every few seconds."""
    monkeypatch.setattr(sampling, "DEVICE_BEAT_S", BEAT)
    refused = Unread("nvidia-smi in pod chat-0", "forbidden", "gpu_utilization", "create pods/exec", kind="denied")
    watched, asked = _devices(refused, count=1)

    assert (watched.devices, watched.unread, asked) == ((), (refused,), 1)
