"""Whether an engine has traffic of its users, from pages of its metrics."""

from msgspec import structs

from skewguard.judge.baseline import busy
from skewguard.language.baselines import Scrape, Watched
from skewguard.language.facts import Origin
from skewguard.language.running import Unread

HERE = Origin("endpoint", "GET /metrics")


def page(at: float, replica: str = "chat-0", *, running: float = 0, waiting: float = 0, **counters: float) -> Scrape:
    """One page of one replica."""
    return Scrape(replica, at, HERE, {"running": running, "waiting": waiting}, counters)


def watched(*pages: Scrape, expected: tuple[str, ...] = ("chat-0",)) -> Watched:
    """Pages of the replicas that were to be read."""
    return Watched(pages, expected=expected)


def test_idle_engine_has_no_traffic() -> None:
    """Nothing runs, and its counters stand."""
    seen = busy.seen(watched(page(0, requests=7), page(3, requests=7)))
    assert (seen.any, seen.told, str(seen)) == (False, True, "no request")


def test_requests_that_run_are_traffic() -> None:
    """Of all replicas together, as many as ran at once."""
    pages = (page(0, running=2), page(0, "chat-1", running=1, waiting=4), page(3), page(3, "chat-1"))
    seen = busy.seen(watched(*pages, expected=("chat-0", "chat-1")))
    assert (seen.any, str(seen)) == (True, "requests: 3 running, 4 waiting")


def test_short_requests_between_two_pages_are_traffic() -> None:
    """Neither page caught one running; the counters did."""
    seen = busy.seen(watched(page(0, requests=7), page(3, requests=12)))
    assert (seen.any, str(seen)) == (True, "requests: 5 ended in 3 s")


def test_tokens_alone_are_traffic() -> None:
    """A long answer that neither began nor ended meanwhile, of an engine that tells no gauge."""
    pages = [Scrape("chat-0", at, HERE, {}, {"output_tokens": tokens}) for at, tokens in ((0, 10.0), (2, 90.0))]
    seen = busy.seen(watched(*pages))
    assert (seen.any, seen.told, str(seen)) == (True, True, "requests: 80 tokens computed in 2 s")


def test_restart_leaves_it_open() -> None:
    """A counter that fell back says nothing of requests: neither that there were some nor that there were none."""
    seen = busy.seen(watched(page(0, requests=90), page(3, requests=0)))
    assert (seen.any, seen.told) == (False, False)
    assert seen.why.startswith("the counters of chat-0 began anew meanwhile")


def test_restart_between_two_pages_leaves_it_open_however_far_it_counted_since() -> None:
    """What was counted before and after are two numbers of two processes."""
    seen = busy.seen(watched(page(0, requests=90), page(1, requests=2), page(3, requests=95)))
    assert (seen.requests, seen.told) == (0, False)


def test_engines_that_answer_in_turn_leave_it_open() -> None:
    """Two replicas behind one address: each of their processes began at another time."""
    one, other = page(0, requests=90), page(3, requests=4000)
    seen = busy.seen(watched(structs.replace(one, process_started=10), structs.replace(other, process_started=500)))
    assert (seen.requests, seen.told) == (0, False)


def test_requests_that_run_in_an_engine_that_restarted_are_traffic() -> None:
    """Its gauges are its own."""
    assert busy.seen(watched(page(0, requests=90), page(3, requests=0, running=2))).any


def test_replica_that_was_not_read_leaves_it_open() -> None:
    """One that is idle says nothing of the other."""
    dark = Unread("GET /metrics of pod chat-1", "it answers 403", "metrics", "get pods/proxy")
    seen = busy.seen(Watched((page(0), page(3)), unread=(dark,), expected=("chat-0", "chat-1")))
    assert (seen.any, seen.told, seen.why) == (False, False, "GET /metrics of pod chat-1: it answers 403")


def test_single_page_leaves_it_open() -> None:
    """What ends between two pages shows on the second."""
    seen = busy.seen(watched(page(0, requests=7)))
    assert (seen.told, seen.why, seen.mute) == (False, "only one page of metrics of chat-0 was read", False)


def test_page_that_does_not_come_in_time_is_no_absent_one() -> None:
    """An engine that is too busy to answer is busy."""
    late, absent = (Unread("GET /metrics", "no page", "metrics", "", kind=kind) for kind in ("timeout", "absent"))
    assert [busy.seen(Watched(unread=(each,), expected=("chat-0",))).mute for each in (late, absent)] == [True, False]


def test_page_without_requests_leaves_it_open() -> None:
    """A page of metrics that tells of the process alone."""
    seen = busy.seen(watched(Scrape("chat-0", 0, HERE), Scrape("chat-0", 3, HERE)))
    assert (seen.told, seen.why) == (
        False,
        "the page of chat-0 tells neither of requests that run nor of requests that ended",
    )


def test_nothing_read_leaves_it_open() -> None:
    """Also where nobody knows why."""
    assert busy.seen(watched()).why == "no page of metrics of chat-0 was read"


def test_queue_stands_where_requests_wait_on_page_after_page() -> None:
    """On the last three, whatever was before."""
    pages = [page(at, waiting=waiting) for at, waiting in enumerate((0, 0, 2, 3, 5))]
    assert busy.standing(pages) == "requests wait in chat-0: 2, 3, 5 on the last 3 pages of its metrics"


def test_queue_that_empties_does_not_stand() -> None:
    """One page may catch a prompt that is just being taken in; two pages are few."""
    assert busy.standing([page(at, waiting=waiting) for at, waiting in enumerate((2, 0, 4))]) == ""
    assert busy.standing([page(at, waiting=4) for at in range(2)]) == ""


def test_page_that_does_not_tell_of_the_queue_is_no_empty_queue() -> None:
    """Two of the last pages lack the gauge; those that have it show that requests wait."""
    pages = [page(at, waiting=waiting) for at, waiting in enumerate((4, 4, 4, 4, 4))]
    silent = {1, 3}
    told = [structs.replace(each, gauges={"running": 1.0}) if at in silent else each for at, each in enumerate(pages)]
    assert busy.standing(told) == "requests wait in chat-0: 4, 4, 4 on the last 3 pages of its metrics"


def test_queue_of_long_ago_does_not_stand() -> None:
    """What an engine told before it fell silent may be over."""
    pages = [page(at, waiting=4) for at in range(3)]
    silent = [structs.replace(page(at), gauges={"running": 1.0}) for at in range(3, 9)]
    assert busy.standing([*pages, *silent]) == ""


def test_engine_that_never_tells_of_its_queue_is_named() -> None:
    """That no queue was seen is then no news."""
    silent = [structs.replace(page(at, "chat-1"), gauges={"running": 1.0}) for at in range(3)]
    assert busy.queue_untold([page(0), *silent]) == "no page of chat-1 tells of requests that wait"
    assert busy.queue_untold([page(0)]) == ""
    assert busy.queue_untold([]) == "no page of metrics was read"
