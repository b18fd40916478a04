"""Databases of other versions: an older one is brought here with its data, a newer one is left alone."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from skewguard.adapters import store
from skewguard.adapters.store.migrations import STEPS, VERSION
from skewguard.language.errors import UsageError
from skewguard.language.facts import Subject
from tools.postgresql.server import Server

LAYOUTS = Path(__file__).parent / "layouts"


def run(url: str, sql: str, *, script: bool = False) -> list[tuple[object, ...]]:
    """Statements as another client of the database sends them."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            if script:
                connection.executescript(sql)
                return []
            with connection:
                return connection.execute(sql).fetchall()
        finally:
            connection.close()
    with psycopg.connect(url) as client:
        cursor = client.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def first_version(url: str) -> str:
    """A database as the first layout was, with two records, kept literally."""
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    run(url, (LAYOUTS / f"v1.{kind}.sql").read_text(), script=True)
    return url


def test_an_older_database_is_brought_here_with_its_data(first_version: str) -> None:
    """Its records are found as before, and new ones may have attachments."""
    with store.open(first_version, environ={}) as opened:
        newest, oldest = opened.find()
        assert (newest.subject, newest.type, newest.attachments) == (None, "validation", ())
        assert (oldest.subject, oldest.actor) == (Subject("Deployment", "chat", namespace="prod"), "ann@laptop")
        assert (bytes(oldest.body).decode(), oldest.inputs_digest) == ('{"valid":true,"text":"Grüße"}', "inp1:00ff")
        made = opened.append("alert", "s", b"{}", subject=None, actor="a", tool="t", attachments={"x": b"1"})
        assert opened.attachment(made.id, "x") == b"1"
    assert run(first_version, "SELECT version FROM skewguard_versions ORDER BY 1") == [
        (step.version,) for step in STEPS
    ]


def test_a_step_that_fails_leaves_the_older_layout(first_version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a transaction of its own, layout and all; the next start takes it again."""
    bad = replace(
        STEPS[1], sqlite=(*STEPS[1].sqlite, "SELECT nonsense"), postgresql=(*STEPS[1].postgresql, "SELECT nonsense")
    )
    with monkeypatch.context() as patched:
        patched.setattr("skewguard.adapters.store.migrations.STEPS", (STEPS[0], bad))
        with pytest.raises(UsageError, match="nonsense"):
            store.open(first_version, environ={})
    assert run(first_version, "SELECT version FROM skewguard_versions") == [(1,)]
    with store.open(first_version, environ={}) as opened:
        assert len(list(opened.find())) == 2


def test_a_newer_database_is_refused_and_left_alone(url: str) -> None:
    """The message says its layout, who made it, ours, and what to do."""
    store.open(url, environ={}).close()
    run(url, "INSERT INTO skewguard_versions VALUES (99, 'then', 'skewguard 9.9')")
    with pytest.raises(UsageError) as raised:
        store.open(url, environ={})
    assert f"has layout 99, made by skewguard 9.9; this skewguard knows layouts up to {VERSION}" in str(raised.value)
    assert "nothing was read or changed" in str(raised.value.hint)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE skewguard_records SET body = '[]'",
        "UPDATE skewguard_attachments SET name = 'y'",
        "DELETE FROM skewguard_records",
        "DELETE FROM skewguard_attachments",
    ],
)
def test_the_database_itself_refuses_to_change_a_record(url: str, change: str) -> None:
    """Also for another client, which does not go through the store."""
    with store.open(url, environ={}) as opened:
        opened.append("alert", "s", b"{}", subject=None, actor="a", tool="t", attachments={"x": b"1"})
    with pytest.raises((sqlite3.DatabaseError, psycopg.Error), match="only ever added"):
        run(url, change)


def test_sqlite_refuses_to_replace_a_record(tmp_path: Path) -> None:
    """`INSERT OR REPLACE` deletes without a word, and no trigger on deleting hears of it."""
    url = f"sqlite:///{tmp_path}/store.db"
    with store.open(url, environ={}) as opened:
        opened.append("alert", "s", b"{}", subject=None, actor="a", tool="t")
    with pytest.raises(sqlite3.DatabaseError, match="only ever added"):
        run(url, "INSERT OR REPLACE INTO skewguard_records SELECT * FROM skewguard_records")


def test_postgresql_refuses_to_truncate(server: Server) -> None:
    """Nor does a table go empty at once."""
    url = server.database()
    store.open(url, environ={}).close()
    with pytest.raises(psycopg.Error, match="only ever added"):
        run(url, "TRUNCATE skewguard_records CASCADE")
