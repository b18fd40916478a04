"""What is being read: a line on a terminal, nothing in a pipe, and the last word of an interrupt."""

import io
import sys
from collections.abc import Callable

import pytest

from skewguard.cli import boundary, commands, progress
from skewguard.observe.loadgen.live import Live
from skewguard.observe.sources.sampling import Seen


class Terminal(io.StringIO):
    """An error stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """What makes the error stream a terminal of 60 columns, once the test runs: pytest sets its own until then."""

    def opened() -> Terminal:
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("COLUMNS", "60")
        return stream

    return opened


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands where it is put."""
    now = [0.0]
    monkeypatch.setattr("skewguard.cli.progress.time.monotonic", lambda: now[0])
    return now


def test_counts_stand_on_one_line(terminal: Callable[[], Terminal], clock: list[float]) -> None:
    """What was read so far, with thousands apart; the line is cleared before each drawing and in the end."""
    stream = terminal()
    with progress.reading("prod") as count:
        clock[0] = 1.0
        count("pods", 1250)
        clock[0] = 2.0
        count("workloads", 612)
    drawn = stream.getvalue().split("\r\x1b[K")
    assert drawn == ["", "reading prod: 1,250 pods", "reading prod: 1,250 pods, 612 workloads", ""]


def test_line_is_not_drawn_more_often_than_it_can_be_read(terminal: Callable[[], Terminal], clock: list[float]) -> None:
    """A thousand counts within a tenth of a second draw nothing."""
    stream = terminal()
    with progress.reading("prod") as count:
        for number in range(1000):
            count("pods", number)
    assert stream.getvalue() == ""


def test_line_fits_and_shows_what_a_terminal_would_obey(terminal: Callable[[], Terminal], clock: list[float]) -> None:
    """Names come from a cluster: no escape sequence passes, and no line wraps."""
    stream = terminal()
    with progress.reading("\x1b[2J" * 40) as count:
        clock[0] = 1.0
        count("pods", 1)
    line = stream.getvalue().split("\r\x1b[K")[1]
    assert line.isprintable()
    assert len(line) < 60


def test_pipe_stays_silent(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    """Where nobody looks, nothing is drawn."""
    with progress.reading("prod") as count:
        clock[0] = 1.0
        count("pods", 1250)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("place", "said"), [("prod", "prod"), ("https://host/?token=CorrectHorseBattery", "https://host/?token=<redacted:")]
)
def test_interrupt_says_what_was_being_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    """Ctrl-C ends with 130 and one line that says how far it had come, without a secret of a URL."""

    def read() -> None:
        with progress.reading(place) as count:
            count("pods", 1250)
            raise KeyboardInterrupt

    monkeypatch.setattr(commands.program.commands["explain"], "callback", lambda **_options: read())
    assert boundary.run(["explain", "x"]) == 130
    told = capsys.readouterr().err.strip()
    assert told.startswith(f"interrupted while reading {said}")
    assert told.endswith(": 1,250 pods")
    assert "Horse" not in told


def test_files_are_counted_where_there_are_many(terminal: Callable[[], Terminal]) -> None:
    """A check of a few files is over before anybody could read a line."""
    stream = terminal()
    with progress.files() as few:
        few(100)
    assert stream.getvalue() == ""
    with progress.files() as many:
        many(225)
    assert stream.getvalue() == "\rreading: 225 files\r\x1b[K"


def test_counts_are_told_in_the_number_they_have(terminal: Callable[[], Terminal], clock: list[float]) -> None:
    """One of a kind is not several, and what there is none of is not told."""
    stream = terminal()
    with progress.reading("prod") as count:
        clock[0] = 1.0
        for what, number in (("replicationcontrollers", 0), ("statefulsets", 1), ("ingresses", 1)):
            count(what, number)
            clock[0] += 1.0
        count("replicas to ask", 1)
    assert "reading prod: 1 statefulset, 1 ingress, 1 replica to ask" in stream.getvalue()


def test_running_load_stands_on_one_line(terminal: Callable[[], Terminal], clock: list[float]) -> None:
    """How much of it is over, its rate, what is under way, how fast answers begin, and what failed."""
    stream = terminal()
    with progress.measuring("http://chat") as telling:
        clock[0] = 1.0
        assert telling.running is not None
        telling.running(Live(22.0, 90, 82, 1, 7, 3.9, 0.081, 0.5, planned=None, planned_seconds=60.0))
    drawn = stream.getvalue().split("\r\x1b[K")[1]
    assert all(word in drawn for word in ("37 %", "38 s left", "3.9 req/s", "7 in flight", "TTFT 81"))


def test_window_of_traffic_stands_on_one_line(terminal: Callable[[], Terminal], clock: list[float]) -> None:
    """How long it still takes, who is read, and what was seen."""
    stream = terminal()
    with progress.measuring("deploy/chat") as telling:
        clock[0] = 1.0
        assert telling.window is not None
        telling.window(Seen(40, 2, 3, 0, requests=1250, running=4, waiting=1), 312.0)
    drawn = stream.getvalue().split("\r\x1b[K")[1]
    assert drawn.startswith("watching traffic · 312 s left · 2 of 3 replicas · 1,250")


def test_measuring_is_silent_in_a_pipe(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    """A log of a pipeline holds no line that is drawn over."""
    with progress.measuring("http://chat") as telling:
        clock[0] = 1.0
        assert telling.running is not None
        telling.running(Live(22.0, 90, 82, 1, 7, 3.9))
    assert capsys.readouterr().err == ""
