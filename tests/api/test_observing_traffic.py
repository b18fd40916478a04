"""Windows of live traffic from a cluster's replicas, a URL and a Prometheus: nothing is sent but questions for pages."""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.endpoints import Key
from skewguard.api import observing_traffic, running, surroundings, witnessing
from skewguard.api.interviews import Manner
from skewguard.api.observing_traffic import Witnesses
from skewguard.api.running import Scope
from skewguard.judge.baseline import windows
from skewguard.language.baselines import Watched
from skewguard.language.errors import UsageError
from skewguard.observe.sources.live.naming import Names
from skewguard.observe.sources.live.wanted import Named
from skewguard.observe.sources.sampling import Sampler, Seen
from tests.fakes import pages
from tests.fakes.api_server import ApiServer
from tests.fakes.pages import Pages
from tests.fakes.prometheus import Prometheus
from tests.fakes.streaming import Ran
from tests.observe.live import made

BEAT = 0.02


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A cluster with the Deployment `chat` of namespace prod, of two replicas."""
    with ApiServer() as running_:
        running_.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}})
        args = ("m", "--port=8000")
        spec = made.spec(made.container(*args, image="vllm/vllm-openai:v0.32.0", ports=[{"containerPort": 8000}]))
        for each in made.chat(2, spec):
            running_.add(each)
        yield running_


@contextmanager
def _witnesses(server: ApiServer, tmp_path: Path, manner: Manner, dcgm: str | None = None) -> Iterator[Witnesses]:
    with (
        surroundings.of_call(environ={}) as around,
        access.connect(kubeconfig=server.kubeconfig(tmp_path, namespace="prod"), deadline=60) as cluster,
    ):
        reader, scope = Reader(cluster), Scope(cluster.context, named=True, namespace="prod")
        wanted = witnessing.wanted(around, Named("Deployment", "chat"), namespace="prod")
        found, _, _ = running.standings(witnessing.look(reader, scope, wanted, around, Manner("api")), around)
        with closing(observing_traffic.of_replicas(reader, found, manner, dcgm=dcgm)) as witnesses:
            yield witnesses


def test_every_replica_is_read_through_its_own_port(server: ApiServer, tmp_path: Path) -> None:
    """Two replicas by forwarded ports: each has its pages, and together they are the workload's window."""
    with (
        Pages(pages.vllm) as one,
        Pages(pages.vllm) as other,
        _witnesses(server, tmp_path, Manner("endpoints")) as found,
    ):
        names = [target.replica for target in found.targets]
        for name, pages_ in zip(names, (one, other), strict=True):
            server.listen("prod", name, 8000, ("127.0.0.1", pages_.port))
        with found.sampler(BEAT) as sampler:
            one.after(3)
            other.after(3)
        watched = sampler.watched()

    assert {scrape.replica for scrape in watched.scrapes} == set(names)
    assert (watched.expected, watched.engine) == (tuple(names), "vllm")
    assert {each.partition("?")[0] for each in (*one.asked, *other.asked)} == {"/metrics"}
    assert windows.of_scrapes(watched).replicas == 2


def test_replica_whose_port_may_not_be_forwarded_is_read_through_the_proxy(server: ApiServer, tmp_path: Path) -> None:
    """Whoever may only read gets the page through the API server."""
    server.rights.deny("create", "pods/portforward")
    with Pages(pages.vllm) as page, _witnesses(server, tmp_path, Manner("endpoints")) as found:
        for target in found.targets:
            server.listen("prod", target.replica, 8000, ("127.0.0.1", page.port))
        with found.sampler(BEAT) as sampler:
            page.after(6)
        watched = sampler.watched()

    assert {scrape.replica for scrape in watched.scrapes} == {target.replica for target in found.targets}


def test_replica_that_came_meanwhile_is_missed(server: ApiServer, tmp_path: Path) -> None:
    """An autoscaler added a replica that nobody reads: the window is not the whole workload's, and says so."""

    def scale(_seen: Seen, _left: float) -> None:
        page.after(4)
        names = [item["metadata"]["name"] for item in made.chat(3) if item["kind"] == "Pod"]
        if names[2] not in came:
            server.add(next(item for item in made.chat(3) if item["metadata"]["name"] == names[2]))
            came.append(names[2])

    came: list[str] = []
    with Pages(pages.vllm) as page, _witnesses(server, tmp_path, Manner("endpoints")) as found:
        for target in found.targets:
            server.listen("prod", target.replica, 8000, ("127.0.0.1", page.port))
        watched = observing_traffic.watch(found, seconds=0.2, beat=BEAT, progress=scale).watched

    reasons = windows.of_scrapes(watched).invalid_because
    told = [each for each in reasons if each.startswith(f"{came[0]} could not be read")]
    assert "it came after the window had begun" in told[0]


def test_engine_with_a_key_is_not_asked_without_it(server: ApiServer, tmp_path: Path) -> None:
    """The API server's proxy takes the key off: with a key there is the forwarded port alone."""
    with _witnesses(server, tmp_path, Manner("endpoints", Key("secret", "$KEY"))) as found:
        assert [len(target.ways) for target in found.targets] == [1, 1]


def test_gpus_are_asked_for_with_leave_alone(server: ApiServer, tmp_path: Path) -> None:
    """Commands run in containers with `--exec` alone: one look for each of two replicas."""
    with _witnesses(server, tmp_path, Manner("endpoints")) as found:
        assert found.probes == ()
    with _witnesses(server, tmp_path, Manner("endpoints", exec_=True)) as found:
        for target in found.targets:
            server.on_exec("prod", target.replica, "vllm", Ran(b"50, 1024\n"))
        looks = [probe() for probe in found.probes]

    assert [getattr(look, "utilization", None) for look in looks] == [(0.5,), (0.5,)]


def test_exporter_is_asked_for_the_gpus_of_the_replicas_alone(server: ApiServer, tmp_path: Path) -> None:
    """Its node has GPUs of others too."""
    page = b'DCGM_FI_DEV_GPU_UTIL{gpu="0",pod="chat-hash2-0"} 50\nDCGM_FI_DEV_GPU_UTIL{gpu="1",pod="other"} 90\n'
    with Pages(lambda _: page) as exporter, _witnesses(server, tmp_path, Manner("endpoints"), exporter.url) as found:
        looks = [probe() for probe in found.probes]

    assert [getattr(look, "utilization", None) for look in looks] == [(0.5,)]


def test_window_of_a_url_tells_its_progress() -> None:
    """One engine without any cluster, with what is left of the window told on the way."""
    told: list[tuple[Seen, float]] = []
    with (
        Pages(pages.vllm) as page,
        closing(observing_traffic.at_url(page.url, Manner("endpoints"), engine="vllm")) as witnesses,
    ):
        seen = observing_traffic.watch(
            witnesses, seconds=0.2, beat=BEAT, progress=lambda seen, left: told.append((seen, left))
        )

    assert (seen.partial, seen.interrupted) == (False, False)
    assert len(seen.watched.scrapes) >= 2
    assert all(0 < left <= 0.2 for _, left in told)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_window_keeps_what_it_has(number: signal.Signals) -> None:
    """Ctrl-C, and a scheduler that wants its machine back, end a window early, and what was read is there."""
    page = Pages(pages.vllm)

    def interrupt(_seen: Seen, _left: float) -> None:
        page.after(3)
        signal.raise_signal(number)

    with page, closing(observing_traffic.at_url(page.url, Manner("endpoints"))) as witnesses:
        seen = observing_traffic.watch(witnesses, seconds=600, beat=BEAT, progress=interrupt)

    assert (seen.partial, seen.interrupted) == (True, True)
    assert len(seen.watched.scrapes) >= 3
    assert seen.watched.scrapes[-1].whole


def test_interrupt_at_the_end_of_a_window_leaves_it_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """It came while the last page was read: nothing is missing, and somebody wanted to end."""
    real = Sampler.stop

    def stop(sampler: Sampler) -> Watched:
        signal.raise_signal(signal.SIGTERM)
        return real(sampler)

    monkeypatch.setattr(Sampler, "stop", stop)
    with Pages(pages.vllm) as page, closing(observing_traffic.at_url(page.url, Manner("endpoints"))) as witnesses:
        seen = observing_traffic.watch(witnesses, seconds=0.2, beat=BEAT)

    assert (seen.partial, seen.interrupted) == (False, True)


def test_window_without_two_pages_is_refused() -> None:
    """One page shows no change."""
    with pytest.raises(UsageError, match="no two pages"):
        observing_traffic.watch(Witnesses(), seconds=1, beat=1)


def test_window_out_of_prometheus_is_picked_by_pods_or_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the pods of a workload, or by whatever labels its series have there."""
    monkeypatch.delenv("SKEWGUARD_PROMETHEUS_TOKEN", raising=False)
    fake = Prometheus()
    for step in range(3):
        fake.scrape(pages.vllm(step), 1000.0 + 15 * step, namespace="prod", pod="chat-0", job="chat", instance="i")
    with fake.server() as server:
        by_pod = observing_traffic.out_of_prometheus(
            server.url, engine="vllm", seconds=60, namespace="prod", pods=("chat-0",)
        )
        by_label = observing_traffic.out_of_prometheus(server.url, engine="vllm", seconds=60, matchers='job="chat"')

    assert [scrape.counters["requests"] for scrape in by_pod.scrapes] == [0.0, 1.0, 2.0]
    assert by_label.scrapes == by_pod.scrapes


def test_window_out_of_prometheus_needs_to_know_whose() -> None:
    """Without pods or labels, every engine of a cluster would be one."""
    with pytest.raises(UsageError, match="which series of Prometheus"):
        observing_traffic.out_of_prometheus("http://127.0.0.1:9", engine="vllm")


def test_replicas_whose_names_nobody_knows_may_be_missing() -> None:
    """Their controller names pods in a way of its own: that none was looked for that is gone is said."""
    fake = Prometheus()
    for step in range(3):
        fake.scrape(pages.vllm(step), 1000.0 + 15 * step, namespace="prod", pod="ray-head-a", job="chat", instance="i")
    with fake.server() as server:
        watched = observing_traffic.out_of_prometheus(
            server.url, engine="vllm", seconds=60, namespace="prod", pods=("ray-head-a",),
            called=Names(untold=("ray-head-a",)),
        )  # fmt: skip
    window = windows.of_scrapes(watched)

    assert window.invalid_because == ()
    assert any(note.startswith("replicas like ray-head-a that are gone by now: ") for note in window.notes)
