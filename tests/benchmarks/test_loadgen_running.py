"""A tool that is compared is run, cut off and ended without stopping the others."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.loadgen import cells, mocking, running, wording
from benchmarks.loadgen.arithmetic import Reported
from benchmarks.loadgen.running import Outcome
from benchmarks.loadgen.tools import Place, Tool
from benchmarks.loadgen.watching import Watcher

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads /proc, which Linux has"),
]

PEAK, CHUNKS = cells.cells()[:2]

FAKE = """
import http.client, json, subprocess, sys, time
def main():
    url, count, does = sys.argv[1:]
    if does == "hang":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(600)
    if does == "fail":
        raise ValueError("no")
    for _ in range(int(count)):
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", "/v1/completions", json.dumps({"prompt": "a", "max_tokens": 2, "stream": True}))
        connection.getresponse().read()
        connection.close()
if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mocking.Mock]:
    """The mock, compiled."""
    try:
        program = mocking.build(tmp_path_factory.mktemp("mock"))
    except mocking.NoCompiler as reason:
        pytest.skip(str(reason))
    with mocking.running(program) as served:
        yield served


@pytest.fixture
def run(mock: mocking.Mock, tmp_path: Path) -> Callable[..., list[Outcome]]:
    """Run a fake tool through the two cells of closed loops; what it does in each is told by a word."""
    (tmp_path / "fake.py").write_text(FAKE, "utf-8")
    variables = {"PYTHONPATH": str(tmp_path)}

    def ran(*does: str, stays: bool, deadline_s: float = 60.0) -> list[Outcome]:
        words = {cell.name: word for cell, word in zip((PEAK, CHUNKS), does, strict=True)}

        def told(cell: cells.Cell, place: Place) -> list[str]:
            return [place.url, "3", words[cell.name]]

        program = (sys.executable,) if stays else (sys.executable, str(tmp_path / "fake.py"))
        tool = Tool("fake", "a fake", program, told, lambda _: Reported(None, None, 3), 3,
                    ("fake", "main") if stays else None, variables, deadline_s=deadline_s)  # fmt: skip
        given = (PEAK, CHUNKS._replace(requests=3, serving=cells.AT_ONCE))
        return list(running.run(tool, given, mock, 0, tmp_path / "runs", wording.Wording(tmp_path, tmp_path)))

    return ran


@pytest.mark.parametrize("stays", [True, False])
def test_every_cell_is_measured_and_the_start_once(run: Callable[..., list[Outcome]], stays: bool) -> None:
    """In a process that stays for all cells, and in one that starts anew."""
    outcomes = run("send", "send", stays=stays)

    assert [(one.cell, one.problem, one.numbers.get("requests")) for one in outcomes] == [
        ("peak", "", 3),
        ("start", "", None),
        ("chunks", "", 3),
    ]


@pytest.mark.parametrize("stays", [True, False])
def test_cell_that_fails_does_not_stop_the_next(run: Callable[..., list[Outcome]], stays: bool) -> None:
    """It is told with its exit code."""
    outcomes = run("fail", "send", stays=stays)

    assert [(one.cell, one.problem) for one in outcomes] == [("peak", "exit code 1"), ("chunks", "")]


@pytest.mark.parametrize("stays", [True, False])
def test_cell_that_hangs_is_ended_with_all_that_it_started(run: Callable[..., list[Outcome]], stays: bool) -> None:
    """No process of it outlives its deadline, and the next cell has one of its own."""
    outcomes = run("hang", "send", stays=stays, deadline_s=2.0)

    assert [(one.cell, one.problem) for one in outcomes] == [("peak", "not done after 2 s, ended"), ("chunks", "")]
    assert not [entry for entry in Path("/proc").iterdir() if b"sleep(600)" in _command(entry)]


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_tree_has_what_left_the_session() -> None:
    """A child that made itself a session of its own still costs what it costs."""
    inner = "import time; time.sleep(60)"
    outer = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {inner!r}], start_new_session=True).pid, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        watcher = Watcher(process.pid, os.getpid())
        try:
            assert watcher.members() == {process.pid, child}
        finally:
            watcher.stop()
            os.kill(child, 9)
            process.kill()


def test_work_of_a_child_is_counted_from_its_beginning(mock: mocking.Mock) -> None:
    """A child that is found late would bring all its CPU at one moment, as if it had worked then."""
    inner = "import time\nwhile time.process_time() < 0.4: pass\ninput()"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE, start_new_session=True) as process:
        watcher = Watcher(process.pid, mock.pid)
        while not watcher.samples or watcher.samples[-1].tree < 0.35:
            time.sleep(0.02)
        watcher.stop()
        for pid in watcher.members():
            os.kill(pid, 9)

    used = [sample.tree for sample in watcher.samples]
    assert max(after - before for before, after in pairwise(used)) < 0.3


def test_work_is_counted_of_the_tree_and_not_of_others(mock: mocking.Mock) -> None:
    """A process that computes for a while has used that much CPU."""
    work = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        watcher = Watcher(process.pid, mock.pid)
        assert process.stdout is not None
        process.stdout.readline()
        seen = len(watcher.samples)
        while len(watcher.samples) < seen + 2:  # sampled after the work was done
            time.sleep(0.02)
        watcher.stop()
        process.kill()

    assert 0.45 < watcher.samples[-1].tree < 0.7
