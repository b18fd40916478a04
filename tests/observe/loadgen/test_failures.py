"""Whatever goes wrong is counted by its kind, one row each, and never averaged away."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from skewguard.language.baselines import Run
from skewguard.observe import loadgen
from skewguard.observe.loadgen import Live, Target, enough, preparing, running
from skewguard.observe.loadgen.failing import text_of
from tests.fakes import certificates, engine
from tests.observe.loadgen.loads import PROMPTS, load, ran

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
TEXT = b'26\r\ndata: {"choices":[{"text":" word"}]}\n\n\r\n'


def failures(run: Run) -> Counter[str]:
    return Counter(run.samples.failure)


@pytest.mark.parametrize(
    ("answer", "kind", "status"),
    [
        (engine.Answer(status=500), "http", 500),
        (engine.Answer(status=404), "http", 404),
        (engine.Answer(status=307, headers={"location": "http://127.0.0.1:1/"}), "http", 307),
        (engine.Answer(status=429), "rate-limited", 429),
        (engine.Answer(body=b"<html>login</html>", headers={"content-type": "text/html"}), "bad-answer", 200),
        (engine.Answer(body=b"{}"), "bad-answer", 200),
        (engine.Answer(body=b"nothing"), "bad-answer", 200),
        (engine.Answer(error_after=3), "bad-answer", 200),
        (engine.Answer(raw=CHUNKED + b"zz\r\n", close=True), "bad-answer", 200),
        (engine.Answer(raw=b"SSH-2.0-x\r\n", close=True), "bad-answer", 0),
        (engine.Answer(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 2147483648\r\n\r\n", close=True), "bad-answer", 200),
        (engine.Answer(raw=CHUNKED, close=True), "closed-early", 200),
        (engine.Answer(cut_after=3), "closed-early", 200),
        (engine.Answer(cut_after=3, cut="reset"), "reset", 200),
        (engine.Answer(raw=CHUNKED + TEXT + b"0\r\n\r\n"), "closed-early", 200),
    ],
)
def test_each_failure_has_its_kind(answer: engine.Answer, kind: str, status: int) -> None:
    """One request of four fails, in its own way; the other three are answered, and the note says what was wrong."""
    with engine.serving(lambda number, _: answer if number == 1 else engine.Answer()) as url:
        run = ran(url, concurrency=1, requests=4)
    assert failures(run) == {"": 3, kind: 1}
    row = run.samples.failure.index(kind)
    assert run.samples.status[row] == status
    assert any(note.startswith(kind) and note.endswith("(1 request)") for note in run.notes)


def test_cut_stream_keeps_what_came() -> None:
    """A stream that breaks off has the moment of its first token and the chunks that came, and is a failure."""
    with engine.serving(engine.Answer(cut_after=3, cut="close")) as url:
        run = ran(url, concurrency=1, requests=1)
    assert run.samples.chunks == [3]
    assert run.samples.output_tokens == [3]
    assert run.samples.first[0] >= run.samples.sent[0]


def test_timeout_ends_a_request_and_not_the_run() -> None:
    """A server that never answers one request costs that one, and its slot goes on."""
    with engine.serving(lambda number, _: engine.Answer(never=number == 0)) as url:
        run = ran(url, concurrency=1, requests=3, timeout_s=2.0)
    assert run.samples.failure == ["timeout", "", ""]
    assert run.duration >= 2.0


def test_server_that_goes_away_is_refused_without_a_storm() -> None:
    """Once nobody listens any more each request is refused, exactly as many as the load has, with rests between them."""
    with one_connection() as port:
        run = loadgen.run(Target(f"http://127.0.0.1:{port}", model="m"), load(concurrency=1, requests=4), PROMPTS)
    assert len(run.samples.failure) == 4
    assert set(run.samples.failure) == {"refused"}


@contextmanager
def one_connection() -> Iterator[int]:
    """The port of a server that takes one connection, stops listening, and hangs up on the first byte."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            connection, _ = listening.accept()
            listening.close()
            connection.recv(1)
            connection.close()

        thread = threading.Thread(target=take)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(timeout=20)


def test_more_at_once_than_open_files_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of this machine is said as one, with what helps; it is no failure of the server."""
    monkeypatch.setattr(preparing, "_most_files", lambda: 256)
    with engine.serving() as url:
        (plan,) = running._plans(Target(url, model="m"), load(concurrency=300, requests=600), PROMPTS, 1, (0, 1))
        with pytest.raises(preparing.CannotBeginError, match=r"300 requests at once .* 256 files") as refused:
            preparing.prepare(plan)
        (plan, _) = running._plans(Target(url, model="m"), load(concurrency=300, requests=600), PROMPTS, 2, (0, 1))
        for connection in preparing.prepare(plan).connections:
            connection.close()
    assert "ulimit -n" in (refused.value.hint or "")
    assert not url.requests
    assert "the server was not asked" in text_of(OSError(errno.EMFILE, "Too many open files"))
    assert text_of(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")).endswith("Connection refused")


def test_handshakes_begin_before_the_first_is_waited_for(tmp_path: Path) -> None:
    """Connections opened ahead greet the server all at once: one that answers none before it heard all of them is no obstacle."""
    file = certificates.made_in(tmp_path)
    context = certificates.serving(file)
    served: list[socket.socket] = []

    def serve(listening: socket.socket) -> None:
        served.append(context.wrap_socket(listening.accept()[0], server_side=True))
        others = [listening.accept()[0] for _ in range(3)]
        for other in others:
            other.settimeout(20)
            other.recv(1, socket.MSG_PEEK)
        served.extend(context.wrap_socket(other, server_side=True) for other in others)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        (plan,) = running._plans(Target(url, model="m", ca_file=str(file)), load(), PROMPTS, 1, (0, 1))
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        opened = preparing.prepare(plan)
        thread.join(timeout=30)
    assert [connection.up for connection in opened.connections] == [True] * 4
    for connection in opened.connections:
        connection.close()
    for other in served:
        other.close()


def test_retry_after_is_waited_for_in_a_closed_loop() -> None:
    """A slot that is told to come again does, no earlier; the request is one row, and how often it happened is said."""
    answers = {0: engine.Answer(status=429, headers={"retry-after": "1"})}
    with engine.serving(lambda number, _: answers.get(number, engine.Answer())) as url:
        run = ran(url, concurrency=1, requests=3)
    assert run.samples.failure == ["", "", ""]
    assert url.requests[1].received - url.requests[0].received >= 1.0
    assert url.requests[0].body == url.requests[1].body
    assert run.samples.sent[0] - run.samples.intended[0] >= 1.0
    assert any(note.startswith("1 request waited for 1 retry, each after the Retry-After") for note in run.notes)


def test_open_loop_does_not_wait_for_a_server() -> None:
    """Arrivals come as they are scheduled: one that is refused for its rate is that, and not sent again."""
    with engine.serving(engine.Answer(status=429, headers={"retry-after": "1"})) as url:
        run = ran(url, profile="constant", rate=50, requests=5, concurrency=None)
    assert failures(run) == {"rate-limited": 5}
    assert len(url.requests) == 5


def test_retry_that_comes_after_the_end_is_not_waited_for() -> None:
    """A closed loop that is over by then does not stay for it."""
    with engine.serving(engine.Answer(status=503, headers={"retry-after": "3600"})) as url:
        run = ran(url, concurrency=1, requests=None, duration=0.3)
    assert set(run.samples.failure) == {"http"}


def test_server_that_refuses_to_count_is_asked_without() -> None:
    """Stream options are dropped where a server refuses them by name: nothing failed, and nothing is counted."""
    refusal = engine.Answer(status=400, body=b'{"error": {"message": "unknown field stream_options"}}')
    with engine.serving(lambda _, body: refusal if "stream_options" in body else engine.Answer()) as url:
        run = ran(url, requests=12)
    assert failures(run) == {"": 12}
    assert run.samples.output_tokens == [-1] * 12
    assert any("stream_options" in note for note in run.notes)


def test_server_that_refuses_to_count_each_chunk_counts_the_whole() -> None:
    """A gateway that knows `include_usage` alone: what it does not know is left out, and all tokens are counted."""
    refusal = engine.Answer(status=400, body=b"Unknown parameter: 'stream_options.continuous_usage_stats'.")

    def strict(_: int, body: dict[str, Any]) -> engine.Answer:
        return refusal if "continuous_usage_stats" in body.get("stream_options", {}) else engine.Answer()

    with engine.serving(strict) as url:
        run = ran(url, requests=12)
    assert failures(run) == {"": 12}
    assert run.samples.output_tokens == [8] * 12
    assert any("refuses continuous_usage_stats" in note for note in run.notes)


def test_stop_ends_a_run_and_keeps_its_rows() -> None:
    """The reason is the caller's; what was under way is stopped, not failed by the server, and the run is partial."""

    def enough(live: Live) -> str | None:
        return "enough" if live.completed >= 4 else None

    with engine.serving(engine.Answer(ttft=0.05)) as url:
        run = loadgen.run(Target(url), load(requests=None, duration=600), PROMPTS, stop=enough)
    assert (run.partial, run.stopped) == (True, "enough")
    assert failures(run)[""] >= 4
    assert set(run.samples.failure) <= {"", "stopped"}
    assert len(run.samples.failure) >= len(url.requests)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_keeps_what_was_measured(number: signal.Signals) -> None:
    """Ctrl-C, or the SIGTERM of a scheduler, ends the run in order: complete rows are kept, and it says that it was interrupted."""
    before = signal.getsignal(number)

    def interrupt(live: Live) -> None:
        if live.completed >= 4:
            os.kill(os.getpid(), number)

    with engine.serving(engine.Answer(ttft=0.02)) as url:
        run = loadgen.run(Target(url), load(requests=None, duration=600), PROMPTS, progress=interrupt)
    assert (run.partial, run.stopped) == (True, "interrupted")
    assert failures(run)[""] >= 4
    assert signal.getsignal(number) is before


def test_server_that_says_nothing_is_not_waited_for_until_requests_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request may take ten minutes: where nothing at all comes, the run ends soon after its load, and says why."""
    monkeypatch.setattr(enough, "DEAF_S", 0.3)
    with engine.serving(engine.Answer(never=True)) as url:
        run = ran(url, timeout_s=600, requests=None, duration=0.3)
    assert run.partial
    assert run.stopped.startswith("the server sent nothing within")
    assert failures(run) == {"stopped": 4}


def workers(parent: int) -> list[int]:
    """Load processes of a process, as /proc has them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == parent and b"loadgen.worker" in command:
            found.append(int(folder.name))
    return found


linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@linux
def test_killed_process_leaves_its_rows() -> None:
    """A load process that is killed ends the run; what both had told is kept, and the run says what happened."""

    def kill(live: Live) -> None:
        for pid in workers(os.getpid())[:1] if live.completed >= 8 else ():
            os.kill(pid, signal.SIGKILL)

    with engine.serving(engine.Answer(ttft=0.02)) as url:
        run = loadgen.run(Target(url), load(requests=None, duration=600), PROMPTS, processes=2, progress=kill)
    assert run.partial
    assert "SIGKILL" in run.stopped
    assert failures(run)[""] >= 8


def until(condition: "Iterator[bool]") -> None:
    deadline = time.monotonic() + 30
    for met in condition:
        if met:
            return
        assert time.monotonic() < deadline, "waited for half a minute"
        time.sleep(0.02)


@linux
def test_load_ends_with_who_started_it() -> None:
    """No load process outlives its parent, however that ended."""
    program = (
        "import sys; from skewguard.observe import loadgen; from tests.observe.loadgen.loads import PROMPTS, load;"
        "loadgen.run(loadgen.Target(sys.argv[1]), load(requests=None, duration=600), PROMPTS)"
    )
    with engine.serving(engine.Answer(ttft=0.02)) as url:
        parent = subprocess.Popen([sys.executable, "-c", program, url], cwd=Path(__file__).parents[3])
        until(len(url.requests) > 4 for _ in iter(int, 1))
        (worker,) = workers(parent.pid)
        parent.kill()
        parent.wait()
        until(not Path(f"/proc/{worker}").exists() or _is_zombie(worker) for _ in iter(int, 1))


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


KEY = "sk-" + "k3y" * 12


@linux
def test_key_is_in_no_run_argument_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key reaches the server and nothing else: no argv, no environment of a load process, no note, even where the
    server sends it back in what it refuses."""
    monkeypatch.setenv("SOME_KEY", KEY)
    echo = engine.Answer(status=418, body=f"you said {KEY}, {json.dumps(KEY)}".encode())
    seen: list[bytes] = []

    def look(_: Live) -> None:
        with suppress(OSError):  # it may end meanwhile
            for pid in workers(os.getpid()):
                seen.extend((Path("/proc") / str(pid) / name).read_bytes() for name in ("cmdline", "environ"))

    behaviour = lambda number, _: echo if number < 2 else engine.Answer(ttft=0.3)  # noqa: E731 - one line of behaviour
    models = json.dumps({"data": [{"id": f"model-{KEY}"}]}).encode()
    with engine.serving(behaviour, key=KEY, models=models) as url:
        run = loadgen.run(Target(url, key=KEY), load(requests=6, concurrency=1), PROMPTS, progress=look)
    assert failures(run) == {"http": 2, "": 4}
    assert seen
    assert not any(KEY.encode() in text for text in seen)
    assert KEY not in repr(run)
    assert any("you said ***" in note for note in run.notes)


def test_key_is_in_no_repr() -> None:
    """A target can be shown."""
    target = Target("http://h", key=KEY, headers={"X-Token": "other-secret"})
    assert "k3y" not in repr(target)
    assert "other-secret" not in repr(target)
