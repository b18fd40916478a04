"""The load client against an engine whose truth is known."""

import pytest

from skewguard.language.baselines import Run
from skewguard.language.loads import Load, Spread
from skewguard.observe import loadgen
from skewguard.observe.loadgen import Target, prompting
from tests.fakes import engine

PROMPTS = prompting.synthetic(Spread(32), Spread(8))


def load(**fields: object) -> Load:
    return Load(**{"profile": "concurrency", "prompts": PROMPTS.described, "concurrency": 4, "requests": 20, **fields})  # type: ignore[arg-type]


def test_run_sends_exactly_what_the_load_says() -> None:
    """Every request of a closed loop is sent once, answered, and written down with the server's own counts."""
    with engine.serving() as url:
        run = loadgen.run(Target(url), load(), PROMPTS)
    assert len(url.requests) == 20
    assert run.samples.failure == [""] * 20
    assert run.samples.output_tokens == [8] * 20
    assert run.model == engine.MODEL
    assert not run.partial


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_share_one_schedule(processes: int) -> None:
    """However many processes send it, an open loop has the same arrivals and the same prompts."""
    with engine.serving() as url:
        run = loadgen.run(
            Target(url), load(profile="poisson", rate=200, concurrency=None), PROMPTS, processes=processes
        )
    with engine.serving() as other:
        alone = loadgen.run(Target(other), load(profile="poisson", rate=200, concurrency=None), PROMPTS)
    assert run.samples.intended == pytest.approx(alone.samples.intended)
    assert run.instrument.processes == processes
    said = sorted(request.body["messages"][0]["content"] for request in url.requests)
    assert said == sorted(request.body["messages"][0]["content"] for request in other.requests)


def test_machines_share_one_schedule() -> None:
    """What several machines send together is the load that one would send alone, however many processes each of them has."""
    poisson = load(profile="poisson", rate=400, concurrency=None, requests=30)
    with engine.serving() as url:
        parts = [loadgen.run(Target(url), poisson, PROMPTS, processes=1 + k % 2, part=(k, 3)) for k in range(3)]
        said = sorted(request.body["messages"][0]["content"] for request in url.requests)
    with engine.serving() as other:
        alone = loadgen.run(Target(other), poisson, PROMPTS)
    together = sorted(at for part in parts for at in part.samples.intended)
    assert together == pytest.approx(alone.samples.intended)
    assert said == sorted(request.body["messages"][0]["content"] for request in other.requests)
    assert all(part.load == alone.load for part in parts)


def paired(run: Run, url: engine.Served) -> list[tuple[int, engine.Request]]:
    """Rows with the server's truth, told apart by their prompts, which one process sends in the order of its rows."""
    return list(zip(range(len(run.samples.intended)), url.requests, strict=True))


def test_latency_is_never_below_the_server_s_own() -> None:
    """Between sending and the first token lies at least what lay between the server's receiving and writing it."""
    with engine.serving(engine.Answer(ttft=0.02, gap=0.005)) as url:
        run = loadgen.run(Target(url), load(concurrency=1, requests=5), PROMPTS)
    for row, request in paired(run, url):
        assert run.samples.first[row] - run.samples.sent[row] >= request.first - request.received
        assert run.samples.last[row] - run.samples.sent[row] >= request.last - request.received
