"""The mock engine of the comparison, and our own load client held to what it knows."""

import json
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from benchmarks.loadgen import mocking
from benchmarks.loadgen.mocking import Mock, Truth
from skewguard.language.baselines import Run
from skewguard.language.loads import API, Load, Spread
from skewguard.observe import loadgen
from skewguard.observe.loadgen import prompting

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the mock is written for Linux"),
]

CLOCKS_S = 1e-3
"""How far the wall clock, by which the kernel stamps, may be misread against the monotonic one while a machine is busy."""


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mock]:
    """The mock, compiled."""
    try:
        program = mocking.build(tmp_path_factory.mktemp("mock"))
    except mocking.NoCompiler as reason:
        pytest.skip(str(reason))
    with mocking.running(program) as served:
        yield served


def ask(mock: Mock, path: str, body: dict[str, object] | None = None) -> str:
    """One request, its answer's body."""
    connection = HTTPConnection(mocking.HERE, mock.port, timeout=60)
    try:
        connection.request("POST" if body else "GET", path, json.dumps(body) if body else None)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def events(answer: str) -> list[dict[str, object]]:
    """What a stream said, without its end."""
    lines = [line.removeprefix("data: ") for line in answer.splitlines() if line]
    assert lines.pop() == "[DONE]"
    return [json.loads(line) for line in lines]


def test_stream_holds_the_tokens_that_were_asked_for_and_their_count(mock: Mock) -> None:
    """Seven tokens, three a chunk: three chunks and the usage."""
    mock.serve({"first_us": 0, "gap_us": 100, "tokens_per_chunk": 3})

    said = events(
        ask(mock, "/v1/completions", {"max_tokens": 7, "stream": True, "stream_options": {"include_usage": True}})
    )

    texts = [choice["text"] for event in said for choice in event["choices"]]  # type: ignore[attr-defined]
    assert texts == [" the the the", " the the the", " the"]
    assert said[-1]["usage"]["completion_tokens"] == 7  # type: ignore[index]
    (truth,) = mock.truth()
    assert (truth.tokens, len(truth.writes), truth.complete) == (7, 3, True)


def test_chat_tells_its_role_once(mock: Mock) -> None:
    """In the first chunk, as engines do."""
    mock.serve({"first_us": 0, "gap_us": 0, "tokens_per_chunk": 1})

    said = events(ask(mock, "/v1/chat/completions", {"max_completion_tokens": 2, "stream": True}))

    deltas = [choice["delta"] for event in said for choice in event["choices"]]  # type: ignore[attr-defined]
    assert deltas == [{"role": "assistant", "content": " the"}, {"content": " the"}]


def test_delays_are_those_of_the_request_and_never_shorter(mock: Mock) -> None:
    """The same numbers of requests meet the same delays, whoever sends them."""
    settings = {"first_us": 3000, "gap_us": 1000, "spread": 0.5, "slow_share": 0.5, "slow_factor": 3, "seed": 7}
    mock.serve(settings | {"tokens_per_chunk": 1})
    for _ in range(8):
        ask(mock, "/v1/completions", {"max_tokens": 3, "stream": True})
    first = [truth.writes[0] for truth in mock.truth()]

    assert all(wait >= 1_500_000 for wait in first)
    assert {wait >= 4_500_000 for wait in first} == {True, False}


def test_unstreamed_answer_counts_its_tokens(mock: Mock) -> None:
    """One document."""
    mock.serve({"first_us": 0})

    answer = json.loads(ask(mock, "/v1/completions", {"max_tokens": 4}))

    assert (answer["choices"][0]["text"], answer["usage"]["completion_tokens"]) == (" the" * 4, 4)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/models", '"id":"mock"'),
        ("/metrics", "vllm:num_requests_running"),
        ("/health", "{}"),
        ("/elsewhere", "Not Found"),
    ],
)
def test_it_answers_what_engines_are_asked(mock: Mock, path: str, said: str) -> None:
    """Tools look before they send."""
    assert said in ask(mock, path)


def test_mock_ends_with_the_block(mock: Mock, tmp_path: Path) -> None:
    """Nothing listens afterwards."""
    with mocking.running(mocking.build(tmp_path)) as second:
        assert second.state()["running"] == 0
    with pytest.raises(OSError, match="refused"):
        second.state()


def test_no_compiler_is_a_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It names what was looked for."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(mocking.NoCompiler, match=r"none of g\+\+, clang\+\+, c\+\+ on PATH"):
        mocking.build(tmp_path)


# ---- our client ------------------------------------------------------------------------------------------------------


def sent(mock: Mock, load: Load, *, processes: int = 1) -> tuple[Run, list[Truth]]:
    """Send a load to the mock; what the client says of it, and what the mock knows."""
    prompts = prompting.from_load(load)
    run = loadgen.run(loadgen.Target(mock.url, model="mock", timeout_s=60), load, prompts, processes=processes)
    return run, mock.truth()


def described(tokens: int) -> prompting.PromptSet:
    """Short prompts, and answers of so many tokens."""
    return prompting.synthetic(Spread(8), Spread(tokens))


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_closed_loop_counts_exactly(mock: Mock, api: API) -> None:
    """Every request, every token, every chunk: what the client counts is what the server did."""
    mock.serve({"first_us": 500, "gap_us": 200, "spread": 0, "slow_share": 0, "tokens_per_chunk": 4})
    prompts = described(30)

    run, truths = sent(mock, Load("concurrency", prompts.described, concurrency=16, requests=200, api=api))

    samples = run.samples
    assert len(truths) == 200
    assert samples.failure == [""] * 200
    assert samples.output_tokens == [truth.tokens for truth in truths] == [30] * 200
    assert sum(samples.chunks) == sum(len(truth.writes) for truth in truths) == 200 * 8


def test_connections_are_opened_before_and_kept(mock: Mock) -> None:
    """A closed loop of 8 needs 8 connections (and one that asks)."""
    mock.serve({"first_us": 0, "gap_us": 0})
    before = mock.state()["connections"]
    prompts = described(4)

    _, truths = sent(mock, Load("concurrency", prompts.described, concurrency=8, requests=100, api="completions"))

    assert len({truth.connection for truth in truths}) <= 8
    assert mock.state()["connections"] - before <= 8 + 4  # what asks for the state and the truth is counted as well


@pytest.mark.parametrize("processes", [1, 2])
def test_open_loop_is_bounded_by_the_truth_on_both_sides(mock: Mock, processes: int) -> None:
    """No request arrives before it was meant to leave, no token is seen before it was written."""
    mock.serve(
        {"first_us": 2000, "gap_us": 500, "spread": 0.2, "slow_share": 0.05, "slow_factor": 4, "tokens_per_chunk": 1}
    )
    prompts = described(6)
    load = Load("constant", prompts.described, rate=200, requests=200, api="completions")

    run, truths = sent(mock, load, processes=processes)

    samples = run.samples
    assert len(truths) == len(samples.sent) == 200
    assert all(sent >= intended for sent, intended in zip(samples.sent, samples.intended, strict=True))
    ttft = [(truth.first - truth.received) / 1e9 for truth in truths]
    e2e = [(truth.last - truth.received) / 1e9 for truth in truths]
    seen = zip(samples.sent, samples.first, samples.last, strict=True)
    seen_ttft, seen_e2e = zip(*((first - sent, last - sent) for sent, first, last in seen), strict=True)
    assert sum(seen_ttft) >= sum(ttft) - CLOCKS_S
    assert sum(seen_e2e) >= sum(e2e) - CLOCKS_S
    assert min(seen_ttft) >= min(ttft) - CLOCKS_S
