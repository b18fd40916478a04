"""Opening either database so that a commit is on the disk, every wait has an end, and nothing is shown of a password."""

import os
import sqlite3
import time
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event

from skewguard.adapters.store import failures, migrations
from skewguard.adapters.store.locating import Place
from skewguard.language.errors import UsageError

WAIT_S = 15.0
"""Longest wait, in seconds, for a lock that another process holds, and for a server to answer."""


def engine_of(place: Place, *, wait_s: float = WAIT_S) -> Engine:
    """An engine for one database; nothing is connected yet but that a file of SQLite exists."""
    return _sqlite(place, wait_s) if place.backend == "sqlite" else _postgresql(place, wait_s)


def is_there(place: Place) -> bool:
    """Whether there is anything to be read; of a server only its answer tells. A file without a byte holds nothing yet."""
    if place.backend != "sqlite":
        return True
    try:
        return os.stat(place.target).st_size > 0 or os.path.exists(f"{place.target}-wal")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # what keeps it from being looked at is told when it is opened


def nowhere() -> Engine:
    """An engine for what is not there: nobody connects to it."""
    return create_engine("sqlite://")


# ---- SQLite ----------------------------------------------------------------------------------------------------------


def _sqlite(place: Place, wait_s: float) -> Engine:
    _made(place)
    engine = create_engine(
        URL.create("sqlite", database=place.target), connect_args={"timeout": wait_s, "isolation_level": None}
    )

    @event.listens_for(engine, "connect")
    def prepared(connection: sqlite3.Connection, _record: Any) -> None:
        _prepare(connection, place, wait_s)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # The driver's own notion of transactions leaves DDL outside them: ours begin where they are said to.
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine


def read_only(place: Place, *, wait_s: float = WAIT_S) -> Engine:
    """An engine for a file of SQLite beside which nothing can be written: a read-only disk, a backup, a full disk.

    Without its log beside it nobody is writing it, and SQLite may leave out every lock (https://sqlite.org/uri.html).
    """
    log = f"{place.target}-wal"
    still = "" if os.path.exists(log) and os.path.getsize(log) else "&immutable=1"

    def connected() -> sqlite3.Connection:
        address = f"file:{quote(place.target)}?mode=ro{still}"
        return sqlite3.connect(address, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False)

    engine = create_engine(URL.create("sqlite", database=place.target), creator=connected)

    @event.listens_for(engine, "connect")
    def prepared(connection: sqlite3.Connection, _record: Any) -> None:
        _refuse_other_program(connection, place)

    return engine


def _made(place: Place) -> None:
    """The file, readable by nobody else; the files that SQLite keeps beside it take its rights over."""
    try:
        if place.default:
            os.makedirs(os.path.dirname(place.target), mode=0o700, exist_ok=True)
        os.close(os.open(place.target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise UsageError(
            f"the store {place.shown} cannot be made: {error.strerror}",
            hint="give write access to its folder, or name a store elsewhere with --store or SKEWGUARD_STORE",
        ) from None


def _refuse_other_program(connection: sqlite3.Connection, place: Place) -> None:
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    if owner != migrations.APPLICATION_ID and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise UsageError(
            f"{place.shown} is a database of another program",
            hint="it is left as it is: name another file with --store",
        )


def _prepare(connection: sqlite3.Connection, place: Place, wait_s: float) -> None:
    _refuse_other_program(connection, place)
    if _journal(connection, wait_s) != "wal":
        raise failures.not_wal(place)
    connection.execute("PRAGMA synchronous = FULL")  # a commit that was reported survives a power cut
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA recursive_triggers = ON")


def _journal(connection: sqlite3.Connection, wait_s: float) -> str:
    """Go over to the write-ahead log. SQLite does not wait where two processes do so at once: we do."""
    until = time.monotonic() + wait_s
    while True:
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
        time.sleep(0.02)


# ---- PostgreSQL ------------------------------------------------------------------------------------------------------


def _postgresql(place: Place, wait_s: float) -> Engine:
    try:
        import psycopg
    except ImportError:
        raise UsageError(
            f"the store {place.shown} needs the PostgreSQL driver, which is not installed",
            hint="pip install 'skewguard[postgresql]'",
        ) from None

    def connected() -> "psycopg.Connection[Any]":
        # libpq reads the URL itself: service files, ~/.pgpass and the PG* variables count as everywhere.
        ours: dict[str, str | int] = {
            "connect_timeout": max(2, int(wait_s)),
            "application_name": "skewguard",
            "tcp_user_timeout": int(wait_s * 1000),  # a server that vanished
        }
        asked = psycopg.conninfo.conninfo_to_dict(place.target)
        return psycopg.connect(psycopg.conninfo.make_conninfo("", **{**ours, **asked}))

    engine = create_engine("postgresql+psycopg://", creator=connected, pool_pre_ping=True)

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # Of this transaction alone: behind a pooler the session is somebody else's the next moment.
        wait = int(wait_s * 1000)
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {wait}")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {wait * 2}")

    return engine
