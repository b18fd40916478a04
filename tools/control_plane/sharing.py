"""One control plane for all processes of a test run: whoever comes first starts it, and it ends with the last.

A process of its own runs it, so that none of its users need outlive the others. Whoever uses it holds a lock file, which
the operating system frees when the process ends, killed or not; the runner waits for all of these locks, and then stops.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from tools.control_plane import binaries, locking
from tools.control_plane.plane import Plane
from tools.control_plane.running import START_S, ControlPlane, DidNotStart

ROOT = Path(__file__).parent.parent.parent
STATE, USERS, RUNS, STARTS = "plane.json", "users.lock", "runs.lock", "starts.lock"


class State(Struct, frozen=True):
    """What a runner tells: its process, and the control plane."""

    runner: int
    plane: Plane


def read(folder: Path) -> State:
    """What the runner of this folder told when its control plane was ready."""
    return msgspec.json.decode((folder / STATE).read_bytes(), type=State, dec_hook=lambda type_, value: type_(value))


@contextmanager
def joined(folder: Path) -> Iterator[Plane]:
    """The control plane that everybody with the same `folder` uses; raises `NotToBeHad` or `DidNotStart`."""
    folder.mkdir(parents=True, exist_ok=True)
    with locking.shared(folder / USERS):
        with locking.locked(folder / STARTS):
            if not (locking.is_held(folder / RUNS) and (folder / STATE).exists()):
                binaries.ready(tell)  # a build takes minutes, and no deadline of a start
                _start_runner(folder)
        yield read(folder).plane


def tell(line: str) -> None:
    """Say what a build does."""
    print(line, file=sys.__stderr__, flush=True)  # past pytest's capture: somebody waits for minutes


def _start_runner(folder: Path) -> None:
    (folder / STATE).unlink(missing_ok=True)  # of a runner that was killed
    with (folder / "runner.log").open("wb") as log:
        runner = subprocess.Popen(
            [sys.executable, "-m", "tools.control_plane", "share", folder],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    end = time.monotonic() + 2 * START_S
    while not (folder / STATE).exists():
        if runner.poll() is not None or time.monotonic() > end:
            runner.kill()
            raise DidNotStart((folder / "runner.log").read_text(encoding="utf-8", errors="replace"))
        time.sleep(0.05)
    runner.returncode = 0  # nobody here waits for it: it ends after its last user


def share(folder: Path) -> None:
    """Run one until its last user has gone; the user that started this holds its lock already."""
    with locking.locked(folder / RUNS), ControlPlane(binaries.ready(tell), folder=folder) as control_plane:
        state = folder / STATE
        fresh = folder / f"{STATE}.{os.getpid()}"
        fresh.write_bytes(msgspec.json.encode(State(os.getpid(), control_plane.plane), enc_hook=str))
        fresh.replace(state)
        try:
            with locking.locked(folder / USERS):
                state.unlink()  # who comes now waits for the lock, and then starts another
                control_plane.stop()
        finally:
            state.unlink(missing_ok=True)
