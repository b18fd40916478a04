"""What SQLite and PostgreSQL say when they cannot, in the words of what is to be done."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from skewguard.adapters.store.locating import Place
from skewguard.language.errors import UsageError

_SQLITE: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("SQLITE_NOTADB",), "is no database", "name another file with --store, or move this one away"),
    (
        ("SQLITE_CORRUPT",),
        "is damaged",
        "copy it away, then try `sqlite3 FILE .recover` on the copy; without the file a new store is begun",
    ),
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        "is held by another process, and did not come free in time",
        "try again; `fuser FILE` names who holds it",
    ),
    (("SQLITE_FULL",), "is out of space: the disk is full", "make room, or name a store elsewhere with --store"),
    (
        ("SQLITE_READONLY",),
        "cannot be written: the file or its folder is read-only",
        "give write access to both (SQLite keeps two files beside it), or name a store elsewhere with --store",
    ),
    (
        ("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH"),
        "cannot be opened",
        "check that file and folder belong to you, or name a store elsewhere with --store",
    ),
    (("SQLITE_PROTOCOL", "SQLITE_NOLFS"), "cannot be locked: it lies in a network folder", ""),
    (
        ("SQLITE_IOERR",),
        "cannot be read or written: the disk or the network folder under it fails",
        "look at the disk; SQLite needs a local one (a network folder: use postgresql://…)",
    ),
)

NETWORK = "SQLite needs a local disk for this: name a path on one with --store, or use postgresql://…"

_POSTGRESQL: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("28",), "does not let this user in", "check user, password (PGPASSWORD, ~/.pgpass) and the server's pg_hba.conf"),
    (("3D000",), "does not exist", "create it: createdb NAME"),
    (
        ("42501",),
        "does not allow this user to do so",
        "the first time tables are made (GRANT CREATE ON SCHEMA public TO USER); later SELECT and INSERT suffice",
    ),
    (("53100",), "is out of disk space", "make room on the server"),
    (("53", "57P03"), "takes no more connections now", "try again, or raise max_connections on the server"),
    (("55P03", "57014"), "did not answer in time: another client holds it, or it is overloaded", "try again"),
    (("25006",), "is read-only: a standby?", "name the primary, or add ?target_session_attrs=read-write to the URL"),
)


_UNWRITABLE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR_SHM")
"""What SQLite says where it cannot write the file, or make the two that it keeps beside it: all of it may still be read."""

_ROOM = 64 * 1024
"""Bytes below which a disk is full: one page of the log and its index need as many."""


def unwritable(place: Place, error: BaseException) -> UsageError | None:
    """Why a file of SQLite can at most be read; None where that is not what is wrong."""
    cause = getattr(error, "orig", None) or error
    if place.backend != "sqlite" or not _code(place, cause)[0].startswith(_UNWRITABLE):
        return None
    return of(place, cause, "nothing was recorded")


def absent(place: Place) -> UsageError:
    """Nobody kept anything there yet."""
    return UsageError(f"the store {place.shown} does not exist yet")


def not_wal(place: Place) -> UsageError:
    """The file system under a file keeps SQLite from its write-ahead log."""
    return UsageError(
        f"the store {place.shown} cannot be shared safely: its folder allows no write-ahead log", hint=NETWORK
    )


@contextmanager
def told(place: Place, doing: str = "") -> Iterator[None]:
    """What goes wrong with the database inside is raised as `UsageError`: where, what, and what to do."""
    try:
        yield
    except DBAPIError as error:
        raise of(place, error.orig or error, doing) from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise of(place, error, doing) from None


def of(place: Place, cause: BaseException, doing: str = "") -> UsageError:
    """One failure of the driver. `doing` says what it leaves behind (`nothing was recorded`)."""
    code, rows = _code(place, cause)
    said = place.clean(" ".join(str(cause).split()))
    after = f" ({doing})" if doing else ""
    for codes, what, todo in rows:
        if code.startswith(codes):
            return UsageError(f"the store {place.shown} {what}{after}: {said}", hint=todo or NETWORK)
    hint = "check host, port and network; it must be a PostgreSQL server" if place.backend == "postgresql" else None
    return UsageError(f"the store {place.shown} cannot be used{after}: {said}", hint=hint)


def _code(place: Place, cause: BaseException) -> tuple[str, tuple[tuple[tuple[str, ...], str, str], ...]]:
    if place.backend == "sqlite":
        code = str(getattr(cause, "sqlite_errorname", ""))
        if code.startswith("SQLITE_IOERR") and _is_full(place):
            code = "SQLITE_FULL"
        if code.startswith("SQLITE_CANTOPEN") and os.path.isfile(place.target) and not os.access(place.target, os.W_OK):
            code = "SQLITE_READONLY"  # it is there: what it cannot open are the files that it would make beside it
        return code, _SQLITE
    return str(getattr(cause, "sqlstate", "") or _from_words(str(cause))), _POSTGRESQL


def _is_full(place: Place) -> bool:
    """Whether an error of the disk is that it has no room: where a file is mapped into memory, SQLite does not tell."""
    try:
        return shutil.disk_usage(os.path.dirname(place.target) or ".").free < _ROOM
    except OSError:
        return False


def _from_words(said: str) -> str:
    """libpq gives no code for what fails while it connects."""
    known = (
        ("authentication failed", "28P01"), ("no password supplied", "28P01"), ("pg_hba.conf", "28000"),
        ("too many", "53300"), ("starting up", "57P03"), ("does not exist", "3D000"),
    )  # fmt: skip
    return next((code for words, code in known if words in said), "")
