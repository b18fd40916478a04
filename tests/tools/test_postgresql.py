"""The PostgreSQL of the tests: found where packages put it, and gone with whoever started it."""

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.postgresql import programs

ROOT = Path(__file__).parents[2]
STARTER = """
import signal
from tools.postgresql import programs, server
with server.started(programs.find()) as running:
    print(running.url("postgres"), flush=True)
    signal.pause()
"""


@pytest.fixture
def starter() -> subprocess.Popen[str]:
    """A program that runs a server until it is killed."""
    try:
        programs.find()
    except programs.NotToBeHad as why:
        pytest.skip(f"PostgreSQL: {why}")
    return subprocess.Popen([sys.executable, "-c", STARTER], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="a parent that is killed: Linux tells the child")
def test_a_server_ends_with_the_one_that_started_it(starter: subprocess.Popen[str]) -> None:
    """Also where that is killed, which leaves nobody to stop it."""
    assert starter.stdout is not None
    folder = Path(starter.stdout.readline().strip().partition("host=")[2])
    try:
        server = os.pidfd_open(int((folder / "data" / "postmaster.pid").read_text().split()[0]))
        starter.send_signal(signal.SIGKILL)
        starter.communicate()
        ended, _, _ = select.select([server], [], [], 60)
        os.close(server)
        assert ended
    finally:
        shutil.rmtree(folder)


def test_no_postgresql_says_what_would_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the tests that need one are listed as not run, with this reason."""
    monkeypatch.setattr(programs, "_FOLDERS", ())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(programs.NotToBeHad, match="make postgresql"):
        programs.find()


def test_a_name_that_runs_nothing_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version managers leave such names on PATH."""
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(programs, "_FOLDERS", ())
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(programs.NotToBeHad):
        programs.find()
