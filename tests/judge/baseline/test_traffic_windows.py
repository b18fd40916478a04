"""Windows in which something happened: said in words, and never averaged away."""

from collections.abc import Mapping
from math import inf

from skewguard.judge.baseline import windows
from skewguard.judge.baseline.windows import Window
from skewguard.language.baselines import Between, Buckets, Devices, Metric, Scrape, Watched
from skewguard.language.facts import Origin
from skewguard.language.running import Unread

BOUNDS = (0.1, 1.0, inf)
BEGAN = 1_800_000_000.0


def _page(replica: str, at: float, requests: float, **more: object) -> Scrape:
    """A page of one replica, of which every request took between 0.1 and 1 s."""
    counters = {"requests": requests, "aborted": 0.0, "failed": 0.0, "output_tokens": requests * 10, "preemptions": 0.0}
    given = {
        "gauges": {"running": 4.0, "waiting": 0.0, "kv_cache_usage": 0.25},
        "counters": counters | {"prefix_queries": 0.0, "prefix_hits": 0.0},
        "histograms": {"e2e": Buckets(BOUNDS, (0.0, requests, requests), requests * 0.5)},
        "process_started": 1.0,
    }
    return Scrape(replica, BEGAN + at, Origin("endpoint", f"GET /metrics of pod {replica}"), **(given | more))  # type: ignore[arg-type]


def _run(replica: str, begin: int = 0, end: int = 10, rate: float = 2.0) -> list[Scrape]:
    return [_page(replica, at, 100 + rate * at) for at in range(begin, end + 1)]


def _of(*scrapes: Scrape, **more: object) -> Window:
    return windows.of_scrapes(Watched(scrapes, beat=1.0, engine="vllm", **more))  # type: ignore[arg-type]


def _metrics(found: Window | tuple[Metric, ...]) -> Mapping[str, Metric]:
    return {metric.name: metric for metric in (found.metrics if isinstance(found, Window) else found)}


def test_replicas_are_subtracted_each_by_itself_and_added_up() -> None:
    """Two replicas at 2 and 3 requests per second are 5 together, and their histograms one."""
    window = _of(*_run("a"), *_run("b", rate=3.0))

    assert _metrics(window)["requests_per_second"].value == 5.0
    assert _metrics(window)["e2e"] == Metric(
        "e2e",
        "s",
        quantiles=dict.fromkeys(("p50", "p90", "p95", "p99"), Between(0.1, 1.0)),
        mean=0.5,
        n=50,
        source="GET /metrics of pod a and 1 more",
    )
    assert (window.replicas, window.load.concurrency, window.invalid_because) == (2, 8, ())


def test_counter_that_falls_is_a_restart_and_no_negative_rate() -> None:
    """What a restarted replica counted before is lost: it is left out, named, and the window is no baseline."""
    again = [_page("a", at, 2.0 * (at - 5)) for at in range(6, 11)]
    window = _of(*_run("a", end=5), *again, *_run("b"))

    assert _metrics(window)["requests_per_second"].value == 2.0
    assert window.replicas == 1
    assert [each.partition(" within")[0] for each in window.invalid_because] == [
        "a restarted, or its counters were reset,"
    ]


def test_restart_shows_where_no_counter_fell() -> None:
    """A process with another start time counts anew, however far its counters have come since."""
    later = [_page("a", at, 500.0 + at, process_started=99.0) for at in range(6, 11)]
    window = _of(*_run("a", end=5), *later)

    assert "another start time" in window.invalid_because[0]
    assert _metrics(window)["requests_per_second"].value is None
    assert "restarted" in (_metrics(window)["requests_per_second"].gap or "")


def test_counter_that_is_missing_on_a_page_is_held_against_the_last_that_had_it() -> None:
    """Between two values lies a page without the counter: that it fell shows all the same."""
    without = _page("a", 1, 0.0, counters={})
    window = _of(_page("a", 0, 5.0), without, _page("a", 2, 3.0))

    assert "fell" in window.invalid_because[0]


def test_replica_that_vanished_is_said() -> None:
    """A replica whose pages end early is not what the fleet did."""
    window = _of(*_run("a", end=4), *_run("b"))

    assert window.invalid_because == (
        "a vanished: its last page came 6 s before the end, so that what it did until then and after is not known",
    )
    assert _metrics(window)["requests_per_second"].value == 2.0


def test_replica_that_appeared_is_said() -> None:
    """A replica that came in the middle makes another fleet of it."""
    assert _of(*_run("a", begin=6), *_run("b")).invalid_because == (
        "a appeared: its first page came 6 s after the beginning",
    )


def test_replica_of_which_nothing_came_is_said_with_its_reason() -> None:
    """Who was to be read and was not is no smaller fleet."""
    unread = Unread(
        "GET /metrics of pod b", "it did not answer within 2 s", "queue", "a longer deadline", kind="timeout"
    )
    window = _of(*_run("a"), expected=("a", "b"), unread=(unread,))

    assert window.invalid_because == (
        "b could not be read: GET /metrics of pod b: it did not answer within 2 s (needs a longer deadline)",
    )


def test_bucket_layout_that_changes_within_a_replica_is_said() -> None:
    """Buckets with other bounds cannot be subtracted."""
    other = {"e2e": Buckets((0.2, inf), (0.0, 120.0), 60.0)}
    window = _of(*_run("a", end=9), _page("a", 10, 120.0, histograms=other))

    assert window.invalid_because == (
        "a changed the buckets of its e2e histogram: another release answers under its name",
    )
    assert _metrics(window)["e2e"].quantiles is None


def test_bucket_layouts_that_differ_between_replicas_are_said() -> None:
    """Two releases side by side have no common quantile."""
    other = [_page("b", at, 1.0 * at, histograms={"e2e": Buckets((0.2, inf), (0.0, at), at)}) for at in range(11)]
    window = _of(*_run("a"), *other)

    reason = "the buckets of e2e differ between replicas, which run different releases: they cannot be added up"
    assert window.invalid_because == (reason,)
    assert _metrics(window)["e2e"].gap == reason


def test_hole_between_pages_is_said_and_what_was_counted_stays_exact() -> None:
    """Counters go on where nobody looks; gauges do not."""
    window = _of(*_run("a", end=20), *_run("a", begin=25, end=100))

    assert window.invalid_because == ()
    assert window.notes == (
        "a gave no page once, for 5 s at most: what its counters did meanwhile is counted, what its gauges showed is not known",
    )
    assert _metrics(window)["requests_per_second"].value == 2.0


def test_window_that_was_mostly_not_seen_is_no_baseline() -> None:
    """Half a window without a page says little of what was running."""
    window = _of(*_run("a", end=2), *_run("a", begin=8))

    assert window.invalid_because == ("no page came for 60% of the window (at most 20% may be missing)",)


def test_no_traffic_is_a_statement_and_quantiles_are_gaps() -> None:
    """Nothing per second is a number, and its latency none."""
    window = _of(*_run("a", rate=0.0))

    assert window.invalid_because == ("no traffic: no request ended in the 10 s that were looked at",)
    assert _metrics(window)["requests_per_second"].value == 0.0
    assert (_metrics(window)["e2e"].quantiles, _metrics(window)["e2e"].gap) == (None, "no request ended in the window")
    assert window.load.prompts.prompt_tokens.mean is None


def test_series_that_began_within_the_window_began_at_nothing() -> None:
    """A label set that is not there yet has counted nothing: SGLang and vLLM make some with the first request."""
    first = _page("a", 0, 0.0, counters={}, histograms={})
    window = _of(first, *(_page("a", at, 2.0 * at) for at in range(1, 11)))

    assert _metrics(window)["requests_per_second"].value == 2.0
    assert _metrics(window)["e2e"].n == 20


def test_prefix_cache_that_nobody_asked_has_no_hit_rate() -> None:
    """0 of 0 is no rate: the cache may be turned off."""
    assert "turned off" in (_metrics(_of(*_run("a")))["prefix_cache_hit_rate"].gap or "")


def test_tokens_per_gpu_need_the_number_of_gpus() -> None:
    """With two GPUs each has half of the tokens; without their number nobody knows."""
    watched = Watched(tuple(_run("a")), beat=1.0)
    name = "output_tokens_per_second_per_gpu"

    assert _metrics(windows.of_scrapes(watched, gpus=2))[name].value == 10.0
    assert _metrics(windows.of_scrapes(watched))[name].gap == "how many GPUs there are is not known"


def test_aborted_requests_are_errors_with_no_upper_end() -> None:
    """5 of 25 that ended were broken off, at least: of those that the engine did not count nobody knows."""
    last = _page("a", 10, 120.0)
    pages = (_page("a", 0, 100.0), _page("a", 10, 120.0, counters={**last.counters, "aborted": 5.0}))
    window = windows.of_scrapes(Watched(pages, engine="vllm"))

    assert _metrics(window)["error_rate"].value == Between(0.2, None)
    assert window.requests.failed == {"aborted": 5}


def test_no_error_that_was_counted_is_no_error_rate_of_0() -> None:
    """vLLM does not count a request whose client hung up: that it counts none proves nothing."""
    metric = _metrics(_of(*_run("a")))["error_rate"]

    assert metric.value is None
    assert (metric.gap or "").startswith("none of the 20 requests that the engine counts failed")


def test_beside_a_run_only_its_own_moments_count() -> None:
    """Ramp and drain are cut: pages before and after are passed over."""
    quiet = {"running": 0.0, "waiting": 0.0, "kv_cache_usage": 0.0}
    pages = [_page("a", at, 100.0 + at, **({} if 3 <= at <= 7 else {"gauges": quiet})) for at in range(11)]
    found = _metrics(windows.beside_run(Watched(tuple(pages), beat=1.0), within=(BEGAN + 3, BEGAN + 7)))

    assert (found["effective_batch"].quantiles or {})["p50"] == 4.0
    assert (found["effective_batch"].mean, found["effective_batch"].n) == (4.0, 5)
    assert found["preemptions"].value == 0.0


def test_beside_a_run_a_lost_part_is_a_gap() -> None:
    """Preemptions of the one replica that was seen to its end are not those of the run."""
    watched = Watched((*_run("a", end=4), *_run("b")), beat=1.0)

    assert (_metrics(windows.beside_run(watched))["preemptions"].gap or "").startswith("a vanished")


def test_what_was_never_read_is_a_gap_with_what_it_needs() -> None:
    """No page at all: every metric says why, and none is 0."""
    unread = Unread("pod a", "forbidden", "queue", "create pods/portforward", kind="denied")
    found = windows.beside_run(Watched(unread=(unread,), expected=("a",)))

    assert {metric.name for metric in found if metric.value is not None or metric.quantiles} == set()
    assert _metrics(found)["queue"].gap == "pod a: forbidden (needs create pods/portforward)"


def test_devices_are_observations_each() -> None:
    """Two GPUs at two moments are four observations of how busy one GPU is."""
    origin = Origin("endpoint", "GET /metrics of dcgm-exporter")
    devices = tuple(Devices(BEGAN + at, origin, (0.5, 1.0), (8e9, 9e9)) for at in (1, 2))
    found = _metrics(windows.beside_run(Watched(devices=devices)))

    assert (found["gpu_utilization"].mean, found["gpu_utilization"].n) == (0.75, 4)
    assert (found["gpu_memory_used"].quantiles or {})["p99"] == 9e9
    assert found["gpu_memory_used"].source == "GET /metrics of dcgm-exporter"
