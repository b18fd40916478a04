"""The layout of the database, as ordered steps; each is taken once, in a transaction of its own, by one process alone.

A step is never edited after it was released: what comes later is a further step. Records themselves are never changed by
one. `tests/adapters/store` keeps a database of every version, and brings it here with its data.
"""

from msgspec import Struct
from sqlalchemy import Connection, Engine, inspect, text

from skewguard.language.errors import UsageError

APPLICATION_ID = 0x736B7767
"""`skwg`, by which a SQLite file says whose it is (https://sqlite.org/pragma.html#pragma_application_id)."""

_LOCK = 0x736B7767_73746F72
"""Key of the advisory lock that two migrating clients of PostgreSQL meet at."""


class Step(Struct, frozen=True):
    """One version of the layout, and the statements that lead to it in either database."""

    version: int
    sqlite: tuple[str, ...]
    postgresql: tuple[str, ...]


# ---- rows come, and never change or go -------------------------------------------------------------------------------


def _kept_in_sqlite(table: str, key: str) -> tuple[str, ...]:
    """`INSERT OR REPLACE` fires no trigger for what it deletes: the third one is for it."""
    refuse = "BEGIN SELECT RAISE(ABORT, 'records are only ever added'); END"
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE {key})"  # noqa: S608  # both are written below
    return (
        f"CREATE TRIGGER {table}_unchanged BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_once BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    )


def _kept_in_postgresql(table: str) -> str:
    return f"""CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION skewguard_refuse()"""


_REFUSE = """CREATE FUNCTION skewguard_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'records are only ever added' USING ERRCODE = 'restrict_violation'; END $$"""

# ---- the steps -------------------------------------------------------------------------------------------------------

_VERSIONS = """CREATE TABLE skewguard_versions (
    version INTEGER PRIMARY KEY NOT NULL, at TEXT NOT NULL, tool TEXT NOT NULL)"""

# `body` is text, so that people can ask for `body::jsonb -> …`. The parts of the subject stand apart to be found by.
_RECORDS = """CREATE TABLE skewguard_records (
    id TEXT {collated} PRIMARY KEY NOT NULL, type TEXT NOT NULL, schema TEXT NOT NULL, at TEXT NOT NULL,
    actor TEXT NOT NULL, tool TEXT NOT NULL, subject TEXT, subject_kind TEXT, subject_name TEXT,
    inputs_digest TEXT, body TEXT NOT NULL)"""

_INDEXES = (
    "CREATE INDEX skewguard_records_by_type ON skewguard_records (type, id)",
    "CREATE INDEX skewguard_records_by_subject ON skewguard_records (subject_name, subject_kind, type, id)",
    "CREATE INDEX skewguard_records_by_digest ON skewguard_records (inputs_digest, type, id)",
)

# The names stand with the record, which is then known to be whole or not.
_NAMES = "ALTER TABLE skewguard_records ADD COLUMN attachments TEXT NOT NULL DEFAULT '[]'"

_ATTACHMENTS = """CREATE TABLE skewguard_attachments (
    record TEXT {collated} NOT NULL REFERENCES skewguard_records (id), name TEXT NOT NULL, coding TEXT NOT NULL,
    content {bytes} NOT NULL, PRIMARY KEY (record, name))"""

_BY_BYTES = 'COLLATE "C"'
"""Ids sort by their bytes, whatever the language of the database."""

STEPS = (
    Step(
        1,
        sqlite=(
            f"PRAGMA application_id = {APPLICATION_ID}",
            _VERSIONS,
            _RECORDS.format(collated=""),
            *_INDEXES,
            *_kept_in_sqlite("skewguard_records", "id = NEW.id"),
        ),
        postgresql=(
            _VERSIONS,
            _RECORDS.format(collated=_BY_BYTES),
            *_INDEXES,
            _REFUSE,
            _kept_in_postgresql("skewguard_records"),
        ),
    ),
    Step(
        2,
        sqlite=(
            _NAMES,
            _ATTACHMENTS.format(collated="", bytes="BLOB"),
            *_kept_in_sqlite("skewguard_attachments", "record = NEW.record AND name = NEW.name"),
        ),
        postgresql=(
            _NAMES,
            _ATTACHMENTS.format(collated=_BY_BYTES, bytes="BYTEA"),
            # It is compressed before it gets there.
            "ALTER TABLE skewguard_attachments ALTER COLUMN content SET STORAGE EXTERNAL",
            _kept_in_postgresql("skewguard_attachments"),
        ),
    ),
)
VERSION = STEPS[-1].version


def migrate(engine: Engine, shown: str, *, at: str, tool: str) -> None:
    """Bring a database to `VERSION`, step by step. `shown` names it in messages.

    Raises `UsageError` for a database that is newer.
    """
    with engine.connect() as connection:
        if _version(connection, shown) == VERSION:
            return
    for step in STEPS:
        with engine.connect().execution_options(begin="EXCLUSIVE") as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if _version(connection, shown) < step.version:  # else another process has taken it meanwhile
                _take(connection, step, at, tool)


def is_empty(engine: Engine, shown: str) -> bool:
    """Whether no layout was made yet, so that nothing can be kept in it. Raises `UsageError` for a database that is newer."""
    with engine.connect() as connection:
        return _version(connection, shown) == 0


def refuse_unmoved(engine: Engine, shown: str) -> None:
    """Raises `UsageError` for a database that would have to be brought to `VERSION`, where nothing can be written."""
    with engine.connect() as connection:
        version = _version(connection, shown)
    if version != VERSION:
        raise UsageError(
            f"the store {shown} has layout {version}, and nothing can be written there to bring it to layout {VERSION}",
            hint="copy it to a place that can be written, and name the copy with --store",
        )


def _take(connection: Connection, step: Step, at: str, tool: str) -> None:
    sqlite = connection.dialect.name == "sqlite"
    for statement in step.sqlite if sqlite else step.postgresql:
        connection.exec_driver_sql(statement)
    connection.execute(
        text("INSERT INTO skewguard_versions (version, at, tool) VALUES (:version, :at, :tool)"),
        {"version": step.version, "at": at, "tool": tool},
    )


def _version(connection: Connection, shown: str) -> int:
    """The version of the layout, 0 for an empty database. Raises `UsageError` for a newer one."""
    if not inspect(connection).has_table("skewguard_versions"):
        return 0
    version, tool = connection.execute(
        text("SELECT version, tool FROM skewguard_versions ORDER BY version DESC LIMIT 1")
    ).one()
    if version > VERSION:
        raise UsageError(
            f"the store {shown} has layout {version}, made by {tool}; this skewguard knows layouts up to {VERSION}",
            hint="nothing was read or changed: use that skewguard or a newer one, or name another store with --store",
        )
    return int(version)
