"""What ends when: no program of a control plane outlives those who use it, however they end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.control_plane import locking, sharing
from tools.control_plane.binaries import Binaries

ROOT = Path(__file__).resolve().parents[2]
USER = """
import sys
from pathlib import Path
from tools.control_plane import sharing
with sharing.joined(Path(sys.argv[1])) as plane:
    print(plane.server, flush=True)
    sys.stdin.read()
"""


class User:
    """A process that uses the control plane of a folder until it is told to end."""

    def __init__(self, folder: Path) -> None:
        words = [sys.executable, "-c", USER, str(folder)]
        self.process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def server(self) -> str:
        """Where the API server is, once it is ready."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, *, killed: bool) -> None:
        """End in order, or without a chance to do anything."""
        if killed:
            self.process.kill()
        self.process.communicate("")


@pytest.fixture
def users(programs: Binaries, tmp_path: Path) -> Iterator[list[User]]:
    """Two users of one control plane."""
    made = [User(tmp_path / "plane"), User(tmp_path / "plane")]
    yield made
    for user in made:
        user.end(killed=True)


def listens(server: str) -> bool:
    """Somebody accepts connections there."""
    host, _, port = server.removeprefix("https://").rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def wait_until_nobody_listens(server: str) -> None:
    """Return when the kernel has closed the port; a control plane that lives on fails the test."""
    end = time.monotonic() + 30
    while listens(server):
        assert time.monotonic() < end, f"{server} still listens"
        time.sleep(0.05)


def test_it_ends_with_the_last_of_its_users_although_that_one_was_killed(users: list[User], tmp_path: Path) -> None:
    """Two processes share one control plane; it outlives the first that leaves, and not the second, which is killed."""
    first, second = users
    server = first.server()
    assert server == second.server()

    first.end(killed=False)
    assert listens(server)

    second.end(killed=True)
    with locking.locked(tmp_path / "plane" / sharing.RUNS):  # its runner holds this until everything has stopped
        assert not listens(server)


def test_nothing_of_it_outlives_its_runner_and_who_comes_next_gets_another(users: list[User], tmp_path: Path) -> None:
    """A runner that is killed takes its programs with it, and what it told is not taken for one that runs."""
    first, second = users
    server = first.server()
    assert server == second.server()
    os.kill(sharing.read(tmp_path / "plane").runner, signal.SIGKILL)
    wait_until_nobody_listens(server)

    with sharing.joined(tmp_path / "plane") as another, another.client() as client:
        assert client.send("GET", "/readyz") == "ok"
