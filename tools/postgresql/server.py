"""One server on a folder of its own: a Unix socket and no port, nothing written through to the disk, gone with its starter."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tools.control_plane.processes import Process
from tools.postgresql.programs import Account, Programs

USER = "tester"
PATIENCE_S = 60.0
"""Longest wait for it to be made, to answer, and to end."""

_SETTINGS = (
    "listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=50",
    # A killed server leaves nothing in /dev/shm.
    "dynamic_shared_memory_type=mmap",
)  # fmt: skip


class Server:
    """A running server; `database` gives the URL of a fresh, empty database of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def url(self, database: str, user: str = USER) -> str:
        """Where a database of this name is."""
        return f"postgresql://{user}@/{database}?host={self._folder}"

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"made_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def started(programs: Programs) -> Iterator[Server]:
    """A server that answers, stopped at the end with its folder removed. It is killed where its starter is."""
    folder = Path(tempfile.mkdtemp(prefix="skewguard-pg-", dir="/tmp"))  # a socket's path is short
    try:
        _make(programs, folder)
        settings = [word for each in (*_SETTINGS, f"unix_socket_directories={folder}") for word in ("-c", each)]
        words = [str(programs.postgres), "-D", str(folder / "data"), *settings]
        process = Process("postgresql", words, folder, account=_ids(programs.account))
        try:
            server = Server(folder)
            _wait(process, server, folder / "postgresql.log")
            yield server
        finally:
            process.signal(signal.SIGINT)  # its word for: do not wait for clients
            process.stop(PATIENCE_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ids(account: Account | None) -> tuple[int, int] | None:
    return (account.uid, account.gid) if account else None


def _make(programs: Programs, folder: Path) -> None:
    account = programs.account
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    words = [
        str(programs.initdb),
        "-D",
        str(folder / "data"),
        "-U",
        USER,
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
    ]
    changed: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=PATIENCE_S, **changed)


def _wait(process: Process, server: Server, log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            if process.ended or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL does not answer:\n{log.read_text(errors='replace')[-2000:]}") from None
        else:
            return
        time.sleep(0.02)
