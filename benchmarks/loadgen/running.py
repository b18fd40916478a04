"""Runs one tool through its cells, each with a deadline, and turns what came of it into outcomes."""

import contextlib
import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from benchmarks.loadgen import arithmetic
from benchmarks.loadgen.cells import CHUNKS, PEAK, Cell
from benchmarks.loadgen.mocking import Mock, Truth
from benchmarks.loadgen.tools import Place, Tool
from benchmarks.loadgen.watching import Watcher
from benchmarks.loadgen.wording import Wording

DRIVER = Path(__file__).parent / "drivers" / "in_turn.py"
START = "start"
SETTLE_S = 0.3
NOWHERE = "http://127.0.0.1:1"
"""No tool may ask a hub for anything: whoever tries finds nobody."""


class Outcome(Struct, frozen=True):
    """One tool in one cell of one round. `numbers` are named as in `page.ROWS`; `problem` says why there are none."""

    tool: str
    cell: str
    round: int
    numbers: dict[str, float] = field(default_factory=dict)
    problem: str = ""


class Failed(Exception):
    """A tool did not do what it was asked to; the message says what happened."""


class Running:
    """A process of a tool, leader of its own session, with everything below it. Ended by `end`, whatever it does."""

    def __init__(self, tool: Tool, words: list[str], log: Path, mock: Mock) -> None:
        self.began = time.monotonic()
        told, tells = os.pipe()
        driven = [str(DRIVER), *tool.entry, tool.name, str(tells)] if tool.entry else words
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*tool.program, *driven],
                stdin=subprocess.PIPE if tool.entry else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(tool),
                cwd=log.parent,
                pass_fds=[tells],
                start_new_session=True,
            )
        os.close(tells)
        self._told = told
        self._ended = False
        self.watcher = Watcher(self.process.pid, mock.pid)

    def do(self, words: list[str], deadline_s: float) -> int:
        """Run one cell in a process that stays; its exit code. Raises `Failed`."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(words).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failed("it had ended before") from None
        if not select.select([self._told], [], [], deadline_s)[0]:
            raise Failed(f"not done after {deadline_s:.0f} s, ended")
        code = os.read(self._told, 32).decode().strip()
        if not code:
            raise Failed("it ended")
        return int(code)

    def wait(self, deadline_s: float) -> int:
        """Wait for a process that runs one cell; its exit code. Raises `Failed`."""
        try:
            return self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"not done after {deadline_s:.0f} s, ended") from None

    def end(self, patience_s: float = 10.0) -> None:
        """End it and all that it started; once is enough. One that is well gets some seconds to end by itself."""
        if self._ended:
            return
        self._ended = True
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience_s)
        for pid in self.watcher.members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.watcher.stop()
        os.close(self._told)


def environment(tool: Tool) -> dict[str, str]:
    """Ours, with what keeps a tool from the network, and with its bytecode kept (each start would compile again)."""
    left = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**left, "HF_ENDPOINT": NOWHERE, **tool.variables}


def run(
    tool: Tool, cells: tuple[Cell, ...], mock: Mock, turn: int, folder: Path, wording: Wording
) -> Iterator[Outcome]:
    """Every cell of one round, as it is done. A failed one is an outcome with a problem, and the next one goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "output.log"
    running: Running | None = None
    try:
        for at, cell in enumerate(map(tool.fitted, cells)):
            place = Place(mock.url, folder / cell.name, wording)
            place.folder.mkdir(exist_ok=True)
            mock.serve(cell.serving)
            words = tool.words(cell, place)
            if running is None or running.process.poll() is not None:
                running = Running(tool, words, log, mock)
            yield from _one(tool, running, cell, words, place, mock, turn, first=at == 0)
            if not tool.entry:
                running.end()
                running = None
    finally:
        if running is not None:
            running.end()


def _one(
    tool: Tool, running: Running, cell: Cell, words: list[str], place: Place, mock: Mock, turn: int, *, first: bool
) -> Iterator[Outcome]:
    running.watcher.weigh = cell.kind in {PEAK, CHUNKS}  # not where moments are measured: weighing stops a process
    served = mock.state()["cpu_s"]
    try:
        code = running.do(words, tool.deadline_s) if tool.entry else running.wait(tool.deadline_s)
        done = time.monotonic()
        _check(code, tool)
        time.sleep(SETTLE_S)  # one more sample behind the last answer
        truths = mock.truth()
        numbers = _numbers(tool, running, cell, place, truths)
        numbers["mock_cpu_s"] = mock.state()["cpu_s"] - served
        yield Outcome(tool.name, cell.name, turn, numbers)
        if first:
            yield Outcome(tool.name, START, turn, _start(running, truths, done))
    except Exception as error:  # noqa: BLE001 - a peer's report of another shape must not end the measurement of the others
        yield Outcome(tool.name, cell.name, turn, problem=f"{error}" or type(error).__name__)
        running.end(patience_s=0.0)


def _check(code: int, tool: Tool) -> None:
    if code not in tool.fine:
        raise Failed(f"exit code {code}")


def _numbers(tool: Tool, running: Running, cell: Cell, place: Place, truths: list[Truth]) -> dict[str, float]:
    reported = tool.read(place.folder)
    known = arithmetic.counted(truths, cell.requests)
    if len(known) < 2:
        raise Failed(f"{len(known)} requests came to their end")
    start, end = arithmetic.window(known)
    samples = running.watcher.samples
    cpu = arithmetic.used_between(samples, start, end)
    numbers = {
        "requests": len(known),
        "reported_requests": reported.requests,
        "others_cores": arithmetic.others_between(samples, start, end),
        "cpu_cores": cpu / (end - start),
        **running.watcher.sizes(),
        "cpu_per_request_us": cpu / len(known) * 1e6,
    }
    if cell.kind == PEAK:
        return numbers | {"rate": arithmetic.rate(known)}
    if cell.kind == CHUNKS:
        return numbers | {"cpu_per_chunk_us": cpu / sum(len(truth.writes) for truth in known) * 1e6}
    return numbers | _paced(tool, cell, known, reported)


def _paced(tool: Tool, cell: Cell, known: list[Truth], reported: arithmetic.Reported) -> dict[str, float]:
    assert cell.rate is not None
    numbers = {"rate": arithmetic.arrival_rate(known)}
    if reported.ttft_s is not None:
        numbers["ttft_error_ms"] = (reported.ttft_s - arithmetic.true_ttft(known)) * 1e3
    if reported.e2e_s is not None:
        numbers["e2e_error_ms"] = (reported.e2e_s - arithmetic.true_e2e(known)) * 1e3
    if tool.even:
        late = arithmetic.slips(known, cell.rate)
        numbers["slip_p50_ms"] = arithmetic.percentile(late, 0.5) * 1e3
        numbers["slip_p99_ms"] = arithmetic.percentile(late, 0.99) * 1e3
    return numbers


def _start(running: Running, truths: list[Truth], done: float) -> dict[str, float]:
    """What is paid once: until the first request arrives, and after the last token was sent."""
    first, last = arithmetic.window(truths)
    samples = running.watcher.samples
    return {
        "startup_s": first - running.began,
        "startup_cpu_s": arithmetic.used(samples, first) if samples else math.nan,
        "tail_s": done - last,
    }


def machine() -> dict[str, Any]:
    """What it is, without its name."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return {
        "processor": model,
        "cores": os.cpu_count() or 0,
        "memory_gib": round(memory),
        "kernel": os.uname().release.split("-")[0],
        "python": ".".join(map(str, sys.version_info[:3])),
    }
