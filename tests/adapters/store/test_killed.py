"""Writers that are killed, and writers at the same time: what was reported is there, whole."""

import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Self

import msgspec
import pytest

from skewguard.adapters import store
from skewguard.adapters.store.keeping import Store
from tools.postgresql.server import Server

PROGRAM = Path(__file__).with_name("writing.py")
PATIENCE_S = 120.0


class Writer:
    """The program, which is told to write and says what it did."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen([sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._said = b""
        self.kept: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._popen.kill()
        self._popen.communicate()

    def begin(self, url: str, count: int = 0) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.write(f"{url} {count}\n".encode())
        self._popen.stdin.flush()
        self.kept = []

    def line(self, wait_s: float) -> list[str]:
        """The words of the next line; none where none came in time."""
        assert self._popen.stdout is not None
        while b"\n" not in self._said:
            if not select.select([self._popen.stdout], [], [], wait_s)[0]:
                return []
            more = os.read(self._popen.stdout.fileno(), 65536)
            assert more, "the program ended"
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        words = line.decode().split()
        if words[0] == "kept":
            self.kept.append(words[1])
        return words

    def end(self) -> int:
        """Read until the writing process has ended; its exit status."""
        while (words := self.line(PATIENCE_S))[:1] != ["ended"]:
            assert words, "the writer hangs"
        return int(words[2])

    def kill(self, chance: random.Random) -> None:
        """kill -9, at a moment that nobody chose."""
        process = int(self.line(PATIENCE_S)[1])
        commits, then_s = chance.randrange(4), chance.random() * 0.006
        while len(self.kept) < commits:
            assert self.line(PATIENCE_S)
        while self.line(then_s):
            then_s /= 2
        os.kill(process, signal.SIGKILL)
        assert self.end() == signal.SIGKILL


@pytest.fixture
def writer() -> Iterator[Writer]:
    with Writer() as started:
        yield started


def check_whole(opened: Store, among: set[str]) -> set[str]:
    """The ids in the store; those not among the ones looked at before are looked at: nothing of them is missing."""
    found = list(opened.find("baseline"))
    for record in found:
        if record.id not in among:
            said = msgspec.json.decode(record.body)
            assert sha256(opened.attachment(record.id, "rows")).hexdigest() == said["sum"]
    return {record.id for record in found}


def check_survives(url: str, writer: Writer, chance: random.Random, rounds: int) -> None:
    """Every record that was reported is whole after each kill, and at most the running one is there unreported."""
    before: set[str] = set()
    for _ in range(rounds):
        writer.begin(url)
        writer.kill(chance)
        with store.open(url, environ={}) as opened:
            found = check_whole(opened, before)
        assert before | set(writer.kept) <= found
        assert len(found - before - set(writer.kept)) <= 1
        before = found


@pytest.mark.slow
def test_a_killed_writer_loses_at_most_the_running_record(tmp_path: Path, writer: Writer) -> None:
    """SQLite, 120 kills at random moments, also while the file and its layout are made."""
    chance = random.Random(6)  # noqa: S311
    for number in range(30):
        path = tmp_path / f"{number}.db"
        check_survives(f"sqlite:///{path}", writer, chance, rounds=4)
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


@pytest.mark.slow
def test_a_killed_client_of_postgresql_loses_at_most_the_running_record(server: Server, writer: Writer) -> None:
    """Kills of the client, 24 of them, also while it makes the layout: the server takes back what was begun."""
    chance = random.Random(7)  # noqa: S311
    for _ in range(6):
        check_survives(server.database(), writer, chance, rounds=4)


def test_writers_at_once_lose_nothing(url: str) -> None:
    """Three processes open one empty database at once: one makes the layout, and every record of all of them is kept."""
    with Writer() as first, Writer() as second, Writer() as third:
        writers = (first, second, third)
        for each in writers:
            each.begin(url, 40)
        assert [each.end() for each in writers] == [0, 0, 0]
        reported = [made for each in writers for made in each.kept]
    with store.open(url, environ={}) as opened:
        assert check_whole(opened, set()) == set(reported)
    assert len(set(reported)) == 120
