"""Windows out of Prometheus, by a fake that answers as a real one does."""

from contextlib import closing

import pytest

from skewguard.adapters.endpoints import Direct
from skewguard.judge.baseline import windows
from skewguard.knowledge.engines.live import promql
from skewguard.language.baselines import Watched
from skewguard.observe.sources import prometheus
from tests.fakes import pages
from tests.fakes.prometheus import Prometheus

NOW = 1_800_000_000.0
PODS = ("chat-0", "chat-1")


def _asked(fake: Prometheus, **more: object) -> Watched:
    given = {
        "engine": "vllm",
        "seconds": 61,
        "matchers": promql.of_pods("prod", PODS),
        "namespace": "prod",
        "pods": PODS,
    }
    with fake.server() as server, closing(Direct(server.url)) as way:
        return prometheus.window(way, **(given | more))  # type: ignore[arg-type]


def _scraped(*pods: str, job: str = "chat", fake: Prometheus | None = None) -> Prometheus:
    """Two requests per second end on each pod, seen every 15 s."""
    fake = fake or Prometheus()
    for step in range(5):
        for number, pod in enumerate(pods):
            page = pages.vllm(100 + 30 * step)
            at = NOW + 15 * step + number
            fake.scrape(page, at, namespace="prod", pod=pod, job=job, instance=f"10.0.0.{number}:8000")
    return fake


def test_window_is_the_pages_as_they_were_scraped() -> None:
    """Each replica's pages with their own moments, so that the same code judges them as any others."""
    watched = _asked(_scraped(*PODS))

    assert [(each.replica, each.at - NOW) for each in watched.scrapes if each.replica == "chat-1"] == [
        ("chat-1", 15.0 * step + 1) for step in range(5)
    ]
    assert (watched.beat, watched.expected, watched.engine) == (15.0, PODS, "vllm")
    window = windows.of_scrapes(watched)
    assert window.load.rate == 4.0
    assert next(metric for metric in window.metrics if metric.name == "e2e").n == 240


def test_only_the_window_is_read() -> None:
    """What was scraped before is left alone."""
    assert {each.at for each in _asked(_scraped("chat-0"), seconds=30).scrapes} == {NOW + 30, NOW + 45, NOW + 60}


def test_window_in_the_past_can_be_asked_for() -> None:
    """Until a moment that is named, and not until now."""
    assert {each.at for each in _asked(_scraped("chat-0"), seconds=15, at=NOW + 30).scrapes} == {NOW + 15, NOW + 30}


def test_pod_that_was_never_scraped_is_missed() -> None:
    """One of two replicas is not the fleet."""
    window = windows.of_scrapes(_asked(_scraped("chat-0")))

    assert window.invalid_because == ("chat-1 could not be read: no page of it came",)


def test_replica_that_two_jobs_scrape_counts_once() -> None:
    """A pod monitor and a service monitor see the same pod: its requests are not there twice."""
    fake = _scraped("chat-0")
    fake.scrape(pages.vllm(100), NOW + 20, namespace="prod", pod="chat-0", job="again", instance="10.0.0.0:8000")
    watched = _asked(fake)

    assert len(watched.scrapes) == 5
    assert "chat-0 is scraped several times (job again; job chat): job chat counts" in [
        each.reason for each in watched.unread
    ]


def test_pair_of_servers_that_scrape_the_same_counts_once() -> None:
    """Two Prometheus servers side by side, and something above them that takes neither out."""
    fake = Prometheus()
    for replica in ("prometheus-0", "prometheus-1"):
        for step in range(5):
            target = {"namespace": "prod", "pod": "chat-0", "job": "chat", "prometheus_replica": replica}
            fake.scrape(pages.vllm(30 * step), NOW + 15 * step, **target)
    watched = _asked(fake)

    assert [scrape.counters["requests"] for scrape in watched.scrapes] == [0.0, 30.0, 60.0, 90.0, 120.0]


def test_engines_of_one_pod_are_replicas_each() -> None:
    """Two servers of a pod, on two ports, have counters of their own."""
    fake = _scraped("chat-0")
    for step in range(5):
        fake.scrape(
            pages.vllm(step), NOW + 15 * step, namespace="prod", pod="chat-0", job="chat", instance="10.0.0.0:8001"
        )

    assert {each.replica for each in _asked(fake).scrapes} == {"chat-0 (10.0.0.0:8000)", "chat-0 (10.0.0.0:8001)"}


def test_page_that_is_being_scraped_is_left_out() -> None:
    """The newest page came between two questions, and its histograms are there without its counters."""
    fake = _scraped("chat-0")
    fake.scrape(
        b"vllm:num_requests_running 3\n", NOW + 75, namespace="prod", pod="chat-0", job="chat", instance="10.0.0.0:8000"
    )

    assert max(each.at for each in _asked(fake, seconds=90).scrapes) == NOW + 60


def test_gpus_of_the_pods_come_along() -> None:
    """What dcgm-exporter shows of other pods on the same nodes is theirs."""
    fake = _scraped(*PODS)
    page = (
        b'DCGM_FI_DEV_GPU_UTIL{UUID="GPU-1",exported_pod="chat-0",exported_namespace="prod"} 80\n'
        b'DCGM_FI_DEV_FB_USED{UUID="GPU-1",exported_pod="chat-0",exported_namespace="prod"} 1024\n'
        b'DCGM_FI_DEV_GPU_UTIL{UUID="GPU-2",exported_pod="other",exported_namespace="prod"} 10\n'
    )
    fake.scrape(page, NOW + 50, pod="dcgm-exporter-x", namespace="gpu-operator")
    watched = _asked(fake)

    assert [(each.utilization, each.memory_used) for each in watched.devices] == [((0.8,), (1024 * 2**20,))]


@pytest.mark.parametrize(
    ("status", "reason", "needs"),
    [
        (401, "Prometheus wants a token (it answers 401)", "SKEWGUARD_PROMETHEUS_TOKEN"),
        (422, "Prometheus refuses the query (it answers 422)", ""),
        (503, "it answers 503", ""),
    ],
)
def test_prometheus_that_gives_nothing_is_unread_once(status: int, reason: str, needs: str) -> None:
    """Why there is no window is said, and what would help."""
    fake = _scraped("chat-0")
    fake.status = status
    watched = _asked(fake)

    assert watched.scrapes == ()
    assert [each.reason for each in watched.unread if "ttft" in each.hides] == [reason]
    assert needs in watched.unread[0].would_need


def test_labels_that_fit_nothing_are_said() -> None:
    """No series is no traffic: it is no window."""
    watched = _asked(Prometheus(), matchers='job="none"', namespace=None, pods=())

    assert [each.reason for each in watched.unread] == ["it has no series of an engine with these labels"]
