"""The load client against an engine whose truth is known."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from skewguard.judge.baseline import metrics
from skewguard.language.errors import InputError, UsageError
from skewguard.language.loads import Spread, Stage
from skewguard.observe import loadgen
from skewguard.observe.loadgen import Live, Target, prompting
from tests.fakes import certificates, engine
from tests.observe.loadgen.loads import PROMPTS, load, ran


def test_run_sends_exactly_what_the_load_says() -> None:
    """Every request of a closed loop is sent once, answered, and written down with the server's own counts."""
    with engine.serving() as url:
        run = ran(url)
    assert len(url.requests) == 20
    assert run.samples.failure == [""] * 20
    assert run.samples.output_tokens == [request.tokens for request in url.requests] == [8] * 20
    assert run.samples.chunks == [8] * 20
    assert run.samples.gap_counts == [7] * 20
    assert len(run.samples.gaps) == 140
    assert (run.model, run.partial, run.notes) == (engine.MODEL, False, ())
    assert run.load.prompts.digest == PROMPTS.described.digest


def test_requests_ask_for_what_the_load_describes() -> None:
    """A chat with its bound, counted in each chunk of a stream, under the model that the server named."""
    with engine.serving() as url:
        ran(url, requests=1)
    asked = url.requests[0].body
    assert url.asked == ["/v1/models", "/v1/chat/completions"]
    assert (asked["model"], asked["max_tokens"], asked["stream"]) == (engine.MODEL, 8, True)
    assert asked["stream_options"] == {"include_usage": True, "continuous_usage_stats": True}
    assert len(asked["messages"][0]["content"].split()) == 32
    assert "ignore_eos" not in asked
    assert "accept-encoding" not in url.requests[0].headers


def test_completions_with_an_exact_length() -> None:
    """The other API, and answers that may not end early."""
    with engine.serving() as url:
        run = loadgen.run(
            Target(f"{url}/v1/", model="m"), load(api="completions", ignore_eos=True, requests=2), PROMPTS
        )
    asked = url.requests[0].body
    assert url.asked == ["/v1/completions"] * 2
    assert (asked["model"], asked["ignore_eos"], asked["min_tokens"], asked["max_tokens"]) == ("m", True, 8, 8)
    assert isinstance(asked["prompt"], str)
    assert run.samples.output_tokens == [8, 8]


def said_to(served: engine.Served) -> list[str]:
    """Prompts without the words by which a run differs from the next."""
    return sorted(request.body["messages"][0]["content"].split(" ", 4)[4] for request in served.requests)


def test_run_finds_nothing_that_an_earlier_one_left() -> None:
    """The same load sent again has the same digest and other first words, its shared prefix included: a prefix cache that
    the first run filled holds none of it."""
    prompts = prompting.synthetic(Spread(32), Spread(8), shared_prefix=16)
    with engine.serving() as url:
        runs = [loadgen.run(Target(url), load(requests=4), prompts) for _ in range(2)]
    begun = [request.body["messages"][0]["content"].split(" ")[:4] for request in url.requests]
    assert begun[0] == begun[3] != begun[4] == begun[7]
    assert runs[0].load == runs[1].load


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_one_schedule(processes: int) -> None:
    """However many processes send it, an open loop has the same arrivals and the same prompts."""
    wanted = load(profile="poisson", rate=200, concurrency=None)
    with engine.serving() as url:
        run = loadgen.run(Target(url), wanted, PROMPTS, processes=processes)
    with engine.serving() as other:
        alone = loadgen.run(Target(other), wanted, PROMPTS)
    assert run.samples.intended == pytest.approx(alone.samples.intended)
    assert run.instrument.processes == processes
    said = said_to(url)
    assert said == said_to(other)


def test_machines_share_one_schedule() -> None:
    """What several machines send together is the load that one would send alone, however many processes each of them has."""
    poisson = load(profile="poisson", rate=400, concurrency=None, requests=30)
    with engine.serving() as url:
        parts = [loadgen.run(Target(url), poisson, PROMPTS, processes=1 + k % 2, part=(k, 3)) for k in range(3)]
        said = said_to(url)
    with engine.serving() as other:
        alone = loadgen.run(Target(other), poisson, PROMPTS)
    together = sorted(at for part in parts for at in part.samples.intended)
    assert together == pytest.approx(alone.samples.intended)
    assert said == said_to(other)
    assert all(part.load == alone.load for part in parts)


def test_processes_without_a_slot_are_not_started() -> None:
    """A closed loop of one slot is one process's, whatever was asked for; its window does not vanish."""
    with engine.serving() as url:
        run = loadgen.run(Target(url), load(concurrency=1, requests=6), PROMPTS, processes=3)
    assert run.instrument.processes == 1
    assert run.samples.phase == [0, 1, 1, 1, 1, 1]


def test_latency_is_never_below_the_server_s_own() -> None:
    """Between sending and the first token lies at least what lay between the server's receiving and writing it."""
    with engine.serving(engine.Answer(ttft=0.02, gap=0.005)) as url:
        run = ran(url, concurrency=1, requests=5)
    told = run.samples
    for row, request in enumerate(url.requests):
        assert told.intended[row] <= told.sent[row]
        assert told.first[row] - told.sent[row] >= request.first - request.received
        assert told.last[row] - told.sent[row] >= request.last - request.received


def test_stall_is_in_the_gap_where_it_was() -> None:
    """A pause before the fourth chunk is the third gap, and at least as long; the others are not its mean."""
    with engine.serving(engine.Answer(stall=(3, 0.2), gap=0.001)) as url:
        run = ran(url, concurrency=1, requests=1)
    writes = url.requests[0].writes
    assert run.samples.gaps[2] == max(run.samples.gaps)
    assert run.samples.censored[0] or sum(run.samples.gaps) >= 0.2  # of a first chunk that was read late less is left
    assert run.samples.last[0] - run.samples.sent[0] >= writes[-1] - writes[0]


def test_several_tokens_in_a_chunk_are_counted_by_the_server() -> None:
    """Ten tokens in chunks of four: three chunks, and it is told that four came with the first."""
    with engine.serving(engine.Answer(tokens=10, per_chunk=4)) as url:
        run = ran(url, requests=3)
    assert run.samples.chunks == [3] * 3
    assert run.samples.output_tokens == [10] * 3
    assert run.samples.first_tokens == [4] * 3


def test_tokens_are_not_guessed_where_the_server_does_not_count() -> None:
    """A server that ignores stream_options leaves its tokens untold; nobody counts chunks instead."""
    with engine.serving(engine.Answer(usage="never")) as url:
        run = ran(url, requests=3)
    assert run.samples.output_tokens == run.samples.prompt_tokens == run.samples.first_tokens == [-1] * 3
    assert run.samples.chunks == [8] * 3


def test_total_count_alone_leaves_the_first_chunk_s_untold() -> None:
    """With usage at the end only, the tokens of the first chunk are not told."""
    with engine.serving(engine.Answer(continuous=False)) as url:
        run = ran(url, requests=3)
    assert run.samples.output_tokens == [8] * 3
    assert run.samples.first_tokens == [-1] * 3


@pytest.mark.parametrize("text", ["reasoning_content", "reasoning", "tool"])
def test_reasoning_and_tool_calls_are_tokens(text: str) -> None:
    """What an answer begins with may be no content: its first token is that all the same."""
    with engine.serving(engine.Answer(text=text)) as url:
        run = ran(url, requests=2)
    assert run.samples.chunks == [8] * 2


def test_tokens_in_one_packet_are_an_upper_bound() -> None:
    """Chunks that came in one read leave the first token's moment open, and the row says so; gaps of others are not invented."""
    with engine.serving(engine.Answer(joined=8)) as url:
        run = ran(url, requests=2, concurrency=1)
    assert run.samples.censored == [True] * 2
    assert run.instrument.censored == 1.0
    assert run.samples.gaps == [0.0] * 14


def test_answer_in_one_piece_has_no_first_token() -> None:
    """Without a stream nobody knows when the first token was there; the end and the counts are known."""
    with engine.serving() as url:
        run = ran(url, requests=2, stream=False)
    assert "stream" not in url.requests[0].body
    assert all(math.isnan(moment) for moment in run.samples.first)
    assert not any(math.isnan(moment) for moment in run.samples.last)
    assert run.samples.output_tokens == [8, 8]
    assert run.samples.failure == ["", ""]


@pytest.mark.parametrize("answer", [{"http10": True}, {"close": True}, {"slices": 7}, {"apart": 0.01}])
def test_every_form_of_an_honest_answer_is_read(answer: dict[str, object]) -> None:
    """HTTP/1.0, a connection that is closed after it, one cut to pieces, one whose counts come apart."""
    with engine.serving(engine.Answer(**answer)) as url:  # type: ignore[arg-type]
        run = ran(url, requests=6, concurrency=2)
    assert run.samples.failure == [""] * 6
    assert run.samples.output_tokens == [8] * 6


@pytest.mark.parametrize("continuous", [True, False])
def test_answers_without_a_text_are_measured_like_all_others(continuous: bool) -> None:
    """An engine that shows none of its tokens delivers them all the same: at their moments where it counts them as it goes, else
    until the end."""
    answer = engine.Answer(text="unseen", continuous=continuous, ttft=0.05, gap=0.01)
    with engine.serving(answer) as url:
        run = ran(url, requests=4, concurrency=1)
    told = run.samples
    assert told.output_tokens == [8] * 4
    assert told.chunks == [8 if continuous else 0] * 4
    assert told.censored == [not continuous] * 4
    lasted = [last - sent for last, sent in zip(told.last, told.sent, strict=True)]
    assert min(lasted) >= 0.12
    waited = [first - sent for first, sent in zip(told.first, told.sent, strict=True)]
    assert (
        waited == lasted
        if not continuous
        else all(0.05 <= first < last for first, last in zip(waited, lasted, strict=True))
    )


def test_answer_in_one_piece_to_who_asked_for_a_stream_came_until_its_end() -> None:
    """A proxy that does not stream: when the first token was there is known to lie before the whole of it, and no more."""
    document = {"choices": [{"message": {"content": "a b"}}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    with engine.serving(engine.Answer(body=json.dumps(document).encode(), ttft=0.05)) as url:
        told = ran(url, requests=2, concurrency=1).samples
    assert told.output_tokens == [2, 2]
    assert told.first == told.last
    assert (told.censored, told.chunks) == ([True, True], [0, 0])


def test_connections_are_opened_ahead_and_used_again() -> None:
    """Twenty requests in four slots take four connections, and none of them had to wait for one."""
    with engine.serving() as url:
        run = ran(url)
    assert url.connections == 4
    assert not any(run.samples.fresh)


def test_idle_connection_that_the_server_closed_is_no_failure() -> None:
    """A server that closes what is idle is asked again on a new connection."""
    with engine.serving(idle_close=True) as url:
        run = ran(url, profile="constant", rate=1.5, requests=3, concurrency=None)
    assert run.samples.failure == [""] * 3
    assert len(url.requests) == 3
    assert url.connections > 1


def test_stages_are_sent_one_after_the_other() -> None:
    """A stage of arrivals, then one of slots."""
    stages = (Stage(0.2, rate=50), Stage(1.0, concurrency=2))
    with engine.serving(engine.Answer(ttft=0.01)) as url:
        run = ran(url, profile="stages", stages=stages, concurrency=None, requests=None)
    assert sum(moment >= 0.2 for moment in run.samples.intended) >= 2
    assert sum(moment < 0.2 for moment in run.samples.intended) >= 1
    assert set(run.samples.failure) == {""}


def test_trace_is_sent_at_its_moments() -> None:
    """Requests leave no earlier than they were recorded, each with its own lengths."""
    prompts = prompting.trace(
        '{"at": 5, "prompt_tokens": 3, "output_tokens": 2}\n{"at": 5.1, "prompt_tokens": 4, "output_tokens": 6}'
    )
    with engine.serving() as url:
        run = loadgen.run(Target(url), load(profile="trace", requests=None, concurrency=None), prompts)
    assert run.samples.intended == pytest.approx([0.0, 0.1])
    assert run.samples.sent[1] >= 0.1
    assert [request.body["max_tokens"] for request in url.requests] == [2, 6]


def test_ramp_and_drain_are_told_apart() -> None:
    """The first requests of a closed loop, one for each slot, are its ramp; in the warm-up none counts."""
    with engine.serving() as url:
        run = ran(url)
    assert run.samples.phase == [0] * 4 + [1] * 16
    begin, end = run.measured
    assert begin == run.samples.intended[3]
    assert end >= run.samples.intended[-1]
    with engine.serving(engine.Answer(ttft=0.005)) as url:
        warmed = ran(url, warmup=0.2, requests=10)
    measured = [
        moment for moment, phase in zip(warmed.samples.intended, warmed.samples.phase, strict=True) if phase == 1
    ]
    assert len(measured) == 10
    assert min(measured) >= 0.2


def test_open_loop_is_measured_until_its_time_is_over() -> None:
    """Ten arrivals in half a second are twenty per second: by the last of them, nine intervals would have passed."""
    even = load(profile="constant", rate=20, duration=0.5, requests=None, concurrency=None)
    with engine.serving() as url:
        run = loadgen.run(Target(url), even, PROMPTS)
        stopped = loadgen.run(Target(url), structs.replace(even, duration=600), PROMPTS, stop=lambda _: "enough")
    assert run.measured == (0.0, 0.5)
    assert run.samples.phase == [1] * 10
    assert stopped.partial
    assert stopped.measured[1] < 600


def test_progress_is_told_and_ends_with_the_last_count() -> None:
    """Somebody who waits sees how it stands; the last word is of the whole run."""
    told: list[Live] = []
    with engine.serving(engine.Answer(ttft=0.15)) as url:
        loadgen.run(Target(url), load(requests=12), PROMPTS, progress=told.append)
    assert (told[-1].sent, told[-1].completed, told[-1].in_flight, told[-1].planned) == (12, 12, 0, 12)
    assert any(live.ttft_p50 is not None and live.ttft_p50 >= 0.15 for live in told)
    assert [live.completed for live in told] == sorted(live.completed for live in told)


def test_instrument_says_what_it_was() -> None:
    """With the kernel's stamps how long answers lay unread is known; what the client used is told in any case."""
    with engine.serving() as url:
        told = ran(url).instrument
    assert (told.clock == "kernel") == (told.read_lag_p99 is not None)
    assert told.client_cpu > 0
    assert told.slip_p99 >= 0
    assert told.cores >= 1


def test_tls_is_verified_against_its_own_authority(tmp_path: Path) -> None:
    """A certificate of an own authority is accepted where that is named, and the key arrives; else there is no run."""
    file = certificates.made_in(tmp_path)
    with engine.serving(tls=certificates.serving(file), key="sesame") as url:
        target = Target(url, ca_file=str(file), key="sesame")
        run = loadgen.run(target, load(requests=8), PROMPTS)
        assert run.samples.failure == [""] * 8
        assert run.instrument.tls
        with pytest.raises(InputError, match="certificate"):
            loadgen.run(Target(url, key="sesame"), load(), PROMPTS)


def test_tls_connections_opened_in_a_run_are_verified_and_stamped(tmp_path: Path) -> None:
    """Where the server closes after each answer, the handshakes of new connections are part of the run."""
    file = certificates.made_in(tmp_path)
    with engine.serving(engine.Answer(close=True), tls=certificates.serving(file)) as url:
        run = loadgen.run(Target(url, ca_file=str(file)), load(requests=6, concurrency=2), PROMPTS)
    assert run.samples.failure == [""] * 6
    assert any(run.samples.fresh)


def test_target_that_cannot_be_reached_is_said_before_anything_is_sent() -> None:
    """Nobody there, a key that is missing, no model: the message says which."""
    with engine.serving() as url:
        pass
    with pytest.raises(InputError, match="cannot connect to 127"):
        ran(url)
    with engine.serving(key="sesame") as url, pytest.raises(InputError, match="401"):
        ran(url)
    with engine.serving(models=b'{"data": []}') as url, pytest.raises(InputError, match="names no model"):
        ran(url)


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://h", "http://user:pw@h", "http://h/?q", "http://h:99999", "http://", "http://h/a b"]
)
def test_url_that_leads_nowhere_is_refused(url: str) -> None:
    """What is no URL of an engine is said, and not asked."""
    with pytest.raises(UsageError):
        ran(url)


def test_header_cannot_break_out_of_its_line() -> None:
    """A key or a header with a line break in it is refused; so are headers that frame the request."""
    for target in (
        Target("http://127.0.0.1:1", key="a\r\nX: y"),
        Target("http://127.0.0.1:1", headers={"X-Y": "a\nb"}),
        Target("http://127.0.0.1:1", headers={"Content-Length": "3"}),
    ):
        with pytest.raises(UsageError):
            loadgen.run(target, load(), PROMPTS)


def test_messages_are_no_prompts_of_the_completions_api() -> None:
    """A file of chats cannot be sent to the other API."""
    chats = prompting.of_file('{"messages": [{"role": "user", "content": "a"}]}', output_tokens=Spread(4))
    with pytest.raises(UsageError, match="chat API"):
        loadgen.run(Target("http://127.0.0.1:1"), load(api="completions"), chats)


@pytest.mark.parametrize("fields", [{"profile": "burst", "concurrency": None, "requests": 20}, {"requests": 2}])
def test_window_of_what_is_sent_at_once_reaches_to_its_last_answer(fields: dict[str, Any]) -> None:
    """A burst, and a closed loop with a slot for each request, have a throughput: the rate until the last answer."""
    with engine.serving(engine.Answer(ttft=0.02, gap=0.001)) as url:
        measured = ran(url, **fields)
    count = fields["requests"]
    (rate,) = (each for each in metrics.of_run(measured, slo={}, gpus=1) if each.name == "requests_per_second")
    assert measured.measured[0] == 0
    assert max(measured.samples.last) <= measured.measured[1] < max(measured.samples.last) + 1e-6
    assert (measured.samples.phase, rate.n) == ([1] * count, count)
    assert rate.value == pytest.approx(count / measured.measured[1])
