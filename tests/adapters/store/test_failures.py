"""Stores that cannot be used: where, what is wrong, what to do; exit code 2; and no password in any of it."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from skewguard.adapters import store
from skewguard.adapters.store import databases, failures, keeping, locating
from skewguard.language.errors import ExitCode, UsageError
from tools.postgresql.server import Server


def refused(url: str | None, environ: dict[str, str] | None = None) -> UsageError:
    with pytest.raises(UsageError) as raised:
        store.open(url, environ=environ or {}).close()
    assert raised.value.exit_code == ExitCode.UNREADABLE
    assert raised.value.hint
    return raised.value


def append(opened: keeping.Store, size: int = 2) -> None:
    body = b'"' + b"a" * size + b'"'
    opened.append("alert", "s", body, subject=None, actor="a", tool="t")


# ---- where -----------------------------------------------------------------------------------------------------------


def test_the_users_own_store_is_readable_by_nobody_else(tmp_path: Path) -> None:
    """Folder 0700, file 0600, and so the files beside it, whatever the umask lets through."""
    before = os.umask(0)
    try:
        with store.open(environ={"XDG_DATA_HOME": str(tmp_path / "data")}) as opened:
            append(opened)
            folder = tmp_path / "data" / "skewguard"
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    finally:
        os.umask(before)
    assert modes == {"skewguard": 0o700, "store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


@pytest.mark.parametrize(
    ("platform", "environ", "path"),
    [
        ("linux", {"HOME": "/home/ann"}, "/home/ann/.local/share/skewguard/store.db"),
        ("linux", {"HOME": "/home/ann", "XDG_DATA_HOME": "/d"}, "/d/skewguard/store.db"),
        ("linux", {"HOME": "/home/ann", "XDG_DATA_HOME": "not/absolute"}, "/home/ann/.local/share/skewguard/store.db"),
        ("darwin", {"HOME": "/Users/ann"}, "/Users/ann/Library/Application Support/skewguard/store.db"),
        ("darwin", {"HOME": "/Users/ann", "XDG_DATA_HOME": "/d"}, "/d/skewguard/store.db"),
    ],
)
def test_the_users_own_store_lies_where_the_platform_says(
    platform: str, environ: dict[str, str], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the XDG specification, which ignores a path that is not absolute; on macOS where applications keep theirs."""
    monkeypatch.setattr("sys.platform", platform)
    assert locating.place(None, environ).target == path


@pytest.mark.parametrize("form", ["{}/a.db", "sqlite:///{}/a.db", "sqlite:///a.db", "a.db"])
def test_a_file_is_named_by_path_or_url(form: str, tmp_path: Path) -> None:
    """Four slashes are absolute, three and a plain path relative to the file that names them."""
    named = locating.place(form.format(tmp_path), {}, beside=f"{tmp_path}/config.yaml")
    assert named.target == f"{tmp_path}/a.db"


@pytest.mark.parametrize("url", ["mysql://root:geheim@db/x", "http://x", "sqlite://", "sqlite://host/x.db"])
def test_what_names_no_store_is_refused(url: str) -> None:
    """With the forms that do."""
    assert "geheim" not in str(refused(url))


def test_a_forgotten_slash_is_named() -> None:
    """Three slashes and an absolute path are a relative one, which lies in no folder."""
    error = refused("sqlite:///etc/store.db")
    assert error.hint == "for an absolute path write sqlite:////etc/store.db"


# ---- SQLite ----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """And said to be none."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to have a header of one" * 10)
    before = path.read_bytes()
    assert f"{path} is no database" in str(refused(str(path)))
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    """Also its journal's mode."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    assert "is a database of another program" in str(refused(str(path)))
    assert path.read_bytes() == before


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    """It cannot be opened, and that is said of it."""
    assert str(tmp_path) in str(refused(str(tmp_path)))


def test_a_read_only_place_says_so(tmp_path: Path) -> None:
    """A file system under which nothing can be made: /proc is one everywhere on Linux."""
    if not Path("/proc/self").is_dir():
        pytest.skip("a read-only folder: /proc; Linux has it")
    assert "cannot be made" in str(refused("/proc/self/store.db"))


def test_a_file_that_may_not_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read goes on; what is appended is refused, and nothing is recorded."""
    path = tmp_path / "store.db"
    with store.open(str(path), environ={}) as opened, opened._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.close()
        with pytest.raises(UsageError, match=r"cannot be written: .*read-only \(nothing was recorded\)"):
            append(opened)


def cannot_write(*_: object) -> str:
    """What SQLite says on a read-only disk, where it makes no log beside the file."""
    error = sqlite3.OperationalError("unable to open database file")
    error.sqlite_errorname = "SQLITE_CANTOPEN"
    raise error


def test_a_store_beside_which_nothing_can_be_written_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup on a read-only disk: what is appended is refused, with the reason."""
    path = tmp_path / "a store.db"
    with store.open(str(path), environ={}) as opened:
        append(opened)
        kept = next(opened.find())
    monkeypatch.setattr(databases, "_journal", cannot_write)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with store.open(str(path), environ={}) as opened:
        assert list(opened.find()) == [kept]
        with pytest.raises(UsageError, match=r"read-only \(nothing was recorded\)"):
            append(opened)


def test_a_store_of_an_older_layout_that_cannot_be_written_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would have to be brought up to date before it is read."""
    path = tmp_path / "store.db"
    with store.open(str(path), environ={}) as opened, opened._engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM skewguard_versions WHERE version > 1")
        connection.commit()
    monkeypatch.setattr(databases, "_journal", cannot_write)
    error = refused(str(path))
    assert "has layout 1, and nothing can be written there" in str(error)
    assert "copy it" in str(error.hint)


def test_an_error_of_a_disk_without_room_says_that_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite calls it an I/O error where the file is mapped into memory."""
    place = locating.place(str(tmp_path / "store.db"), {})
    cause = sqlite3.OperationalError("disk I/O error")
    cause.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    assert "is full" not in str(failures.of(place, cause))
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": 0}))
    assert "is out of space: the disk is full" in str(failures.of(place, cause))


def test_a_full_disk_loses_the_running_record_alone(tmp_path: Path) -> None:
    """The message says that nothing was recorded; the store is whole."""
    with store.open(str(tmp_path / "store.db"), environ={}) as opened:
        append(opened)
        with opened._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(UsageError, match=r"the disk is full \(nothing was recorded\)"):
            append(opened, size=1_000_000)
        assert len(list(opened.find())) == 1


def test_a_database_locked_beyond_the_deadline_says_so(tmp_path: Path) -> None:
    """Another process that holds it is waited for as long as is allowed, and no longer."""
    place = locating.place(str(tmp_path / "store.db"), {})
    with keeping.opened(place, tool="t", wait_s=0.05) as opened, sqlite3.connect(place.target) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(UsageError, match="is held by another process, and did not come free in time"):
            append(opened)
        holder.rollback()
        append(opened)
    holder.close()


def test_a_folder_without_a_write_ahead_log_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own file locks by name know no shared memory, as a network folder does not."""

    def without_shared_memory(_url: object, **given: Any) -> Engine:
        return create_engine(f"sqlite:///file:{tmp_path}/store.db?vfs=unix-dotfile&uri=true", **given)

    monkeypatch.setattr(databases, "create_engine", without_shared_memory)
    error = refused(str(tmp_path / "store.db"))
    assert "allows no write-ahead log" in str(error)
    assert "SQLite needs a local disk" in str(error.hint)


def test_a_damaged_file_says_so(tmp_path: Path) -> None:
    """And how to get out of it what can be had."""
    path = tmp_path / "store.db"
    with store.open(str(path), environ={}) as opened:
        for _ in range(50):
            append(opened, size=2000)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(bytes(content))
    error = refused(str(path))
    assert "is damaged" in str(error)
    assert ".recover" in str(error.hint)


# ---- PostgreSQL ------------------------------------------------------------------------------------------------------

WORD = "s3cr3t-w0rd%21"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{WORD}@127.0.0.1:1/x",
        f"postgresql://ann@127.0.0.1:1/x?password={WORD}",
        f"postgresql://ann:{WORD}@[::1/x",
        f"postgresql://ann:{WORD}@127.0.0.1:1/x?nonsense=1",
        f"postgresql://ann:{WORD}@127.0.0.1:notaport/x",
        f"postgres://ann:{WORD}@127.0.0.1:1/x?sslmode={WORD}",
        f"postgresql://ann:a/{WORD}@127.0.0.1:1/x",
        f"postgresql://ann:a#{WORD}@127.0.0.1:1/x",
        f"postgresql://ann:a?{WORD}@127.0.0.1:1/x",
        f"postgresql://ann:a@{WORD}@127.0.0.1:1/x",
        f"postgresql://127.0.0.1:{WORD}/x",
        f"postgresql:ann:{WORD}@127.0.0.1/x",
        f"host=127.0.0.1 port=1 dbname=x password={WORD}",
        f"sqlite://ann:{WORD}@127.0.0.1/x",
    ],
)
def test_a_password_is_in_no_message(url: str) -> None:
    """Whatever is wrong with the URL or the server, as it was written and as it is meant."""
    error = refused(url)
    for text in (str(error), str(error.hint), repr(error)):
        assert WORD not in text
        assert "s3cr3t-w0rd!" not in text


def test_the_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert refused("postgresql://db/x").hint == "pip install 'skewguard[postgresql]'"


def test_a_database_that_is_not_there_is_named(server: Server) -> None:
    """And how to make it."""
    error = refused(server.url("nowhere"))
    assert "does not exist" in str(error)
    assert "createdb" in str(error.hint)


def test_a_user_who_may_not_make_tables_is_told_what_to_grant(server: Server) -> None:
    """The first time tables are made; who may only select and insert is served from then on."""
    url = server.database()
    database = url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        owner.execute("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        assert "GRANT CREATE ON SCHEMA public" in str(refused(server.url(database, "reader")).hint)
        store.open(url, environ={}).close()
        owner.execute("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO reader")
    with store.open(server.url(database, "reader"), environ={}) as opened:
        append(opened)
        assert len(list(opened.find())) == 1


def test_a_service_file_names_the_server(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every client of libpq."""
    name = server.database().partition("@/")[2].partition("?")[0]
    host = server.url(name).partition("host=")[2]
    (tmp_path / "services").write_text(f"[prod]\nhost={host}\ndbname={name}\nuser=tester\n")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    with store.open("postgresql://?service=prod", environ={}) as opened:
        append(opened)
        assert opened.shown == "postgresql://service prod/"


def test_a_lock_held_too_long_says_so(server: Server) -> None:
    """A deadline of the statement, and nothing recorded."""
    place = locating.place(server.database(), {})
    with keeping.opened(place, tool="t", wait_s=0.1) as opened, psycopg.connect(place.target) as holder:
        holder.execute("LOCK TABLE skewguard_records IN EXCLUSIVE MODE")
        with pytest.raises(UsageError, match=r"did not answer in time.*\(nothing was recorded\)"):
            append(opened)
        holder.rollback()
        append(opened)


def test_a_server_that_went_away_is_found_again(server: Server) -> None:
    """A watcher lives longer than a connection does."""
    url = server.database()
    with store.open(url, environ={}) as opened, psycopg.connect(url, autocommit=True) as other:
        append(opened)
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        append(opened)
        assert len(list(opened.find())) == 2


def test_sqlalchemy_is_not_imported_before_a_store_is_opened() -> None:
    """It costs a quarter of a second, which no other verb pays for."""
    code = "import sys; from skewguard.adapters import store; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_folder_is_no_store(tmp_path: Path) -> None:
    """It is said that it is one, and what to write: the disk has no fault."""
    with pytest.raises(UsageError, match="that is a folder, and a store is one file") as refused:
        locating.place(str(tmp_path), {})
    assert "skewguard.db" in str(refused.value.hint)
