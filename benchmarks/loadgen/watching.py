"""What a tool's whole tree of processes costs, sampled from `/proc` beside its run (Linux).

CPU is user and system time, of processes that run and of those that ended and were waited for. Resolution is a clock tick
of each process, 10 ms on most machines; runs are sized so that this is a percent.
"""

import os
import threading
import time
from pathlib import Path
from typing import NamedTuple

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
EVERY_S = 0.025
"""A start-up burns a core until the first request: between two samples it would be smeared over what is measured."""
SEARCH_EVERY_S = 0.5
MIB_IN_KIB = 1024


class Sample(NamedTuple):
    """CPU seconds used until a moment (of the monotonic clock): by the tree, and by everything else but mock and watcher."""

    at: float
    tree: float
    others: float


class Process(NamedTuple):
    """A line of `/proc/PID/stat`."""

    pid: int
    parent: int
    session: int
    cpu_s: float


class Watcher:
    """Samples the tree of `root`, a leader of its session, until `stop`. Memory is PSS, taken while `weigh`."""

    def __init__(self, root: int, mock: int) -> None:
        self.samples: list[Sample] = []
        self._memory = 0.0
        self._most = 0
        self.weigh = False
        self._root, self._mock = root, mock
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No more samples."""
        self._end.set()
        self._thread.join()

    def sizes(self) -> dict[str, float]:
        """Peak memory in MiB and the most processes at once, as far as they were seen (a short run ends unseen)."""
        seen = {"memory_mib": self._memory, "processes": float(self._most)}
        return {name: value for name, value in seen.items() if value}

    def members(self) -> set[int]:
        """Who belongs to the tree now: the session, and what left it but descends from it."""
        found = {process.pid: process for process in _processes()}
        tree = {pid for pid, process in found.items() if self._root in (pid, process.session)}
        while more := {pid for pid, process in found.items() if process.parent in tree and pid not in tree}:
            tree |= more
        return tree

    def _watch(self) -> None:
        tree, searched = self.members(), time.monotonic()
        while not self._end.wait(EVERY_S):
            if time.monotonic() - searched > SEARCH_EVERY_S:
                tree, searched = self.members(), time.monotonic()
                self._most = max(self._most, len(tree))
                if self.weigh:
                    self._memory = max(self._memory, sum(map(_pss_mib, tree)))
            else:
                tree |= {child for pid in tree for child in _children(pid)}
            self.samples.append(self._sample(tree))

    def _sample(self, tree: set[int]) -> Sample:
        used = sum(process.cpu_s for pid in tree if (process := _process(pid)))
        mock = _process(self._mock)
        own = time.process_time() + (mock.cpu_s if mock else 0.0)
        return Sample(time.monotonic(), used, _busy() - used - own)


def _processes() -> list[Process]:
    pids = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
    return [process for pid in pids if (process := _process(pid))]


def _process(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 (read forty times a second)
            text = file.read()
    except OSError:
        return None  # it has ended
    fields = text[text.rindex(b")") + 2 :].split()
    return Process(pid, int(fields[1]), int(fields[3]), sum(map(int, fields[11:15])) * TICK_S)


def _children(pid: int) -> list[int]:
    """Those of its main thread, at the price of one small file. One found late would bring all its CPU at that moment."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:  # noqa: PTH123 (likewise)
            return [int(child) for child in file.read().split()]
    except OSError:
        return []  # it has ended, or the kernel does not tell: the next search does


def _pss_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / MIB_IN_KIB for line in text.splitlines() if line.startswith("Pss:")), 0.0)


def _busy() -> float:
    """CPU seconds that all cores worked since the machine started: all but idle and waiting for disks."""
    with open("/proc/stat", "rb") as file:  # noqa: PTH123 (likewise)
        fields = [int(field) for field in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) * TICK_S
