"""The store itself: records come in, each in one transaction, and are found again. None is ever changed or taken back."""

import sqlite3
from collections.abc import Iterator, Mapping
from itertools import chain, islice, repeat
from typing import Any, Self, cast

import msgspec
from sqlalchemy import Column, Engine, MetaData, Select, Table, insert, select, types
from sqlalchemy.exc import DBAPIError

from skewguard.adapters.store import databases, doors, failures, migrations, ulids
from skewguard.adapters.store.locating import Place
from skewguard.language import redact
from skewguard.language.errors import UsageError
from skewguard.language.facts import Subject
from skewguard.language.records import Record, RecordType

PAGES = (2, 8, 32)
"""Records that are read at once, while one after the other is asked for: few first, since most want the newest alone."""

_SHOWN = 5
"""Ids that a message names at most."""

_meta = MetaData()
_records = Table(
    "skewguard_records",
    _meta,
    *(Column(name, types.String) for name in ("id", "type", "schema", "at", "actor", "tool", "subject")),
    *(Column(name, types.String) for name in ("subject_kind", "subject_name", "inputs_digest", "body", "attachments")),
)
_attachments = Table(
    "skewguard_attachments",
    _meta,
    *(Column(name, types.String) for name in ("record", "name", "coding")),
    Column("content", types.LargeBinary),
)


def opened(place: Place, *, tool: str, wait_s: float = databases.WAIT_S, make: bool = True) -> "Store":
    """The store at a place, brought up to date; to be read alone where nothing can be written. With `make` it is made where there

    is none; else that one reads as an empty one."""
    if not make and not databases.is_there(place):
        return _absent(place)
    engine = databases.engine_of(place, wait_s=wait_s)
    unwritable = None
    try:
        with failures.told(place):
            try:
                if not make and migrations.is_empty(engine, place.shown):
                    engine.dispose()
                    return _absent(place)
                migrations.migrate(engine, place.shown, at=ulids.moment(ulids.fresh()), tool=tool)
            except (DBAPIError, sqlite3.Error) as error:
                unwritable = failures.unwritable(place, error)
                if unwritable is None:
                    raise
                engine.dispose()
                engine = databases.read_only(place, wait_s=wait_s)
                migrations.refuse_unmoved(engine, place.shown)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, place, unwritable)


def _absent(place: Place) -> "Store":
    """A store that nobody made yet, to be read: nothing is connected to."""
    return Store(databases.nowhere(), place, failures.absent(place), is_there=False)


class Store:
    """One open store. `shown` names it where people read it, without a password.

    `unwritable` says why it can only be read; None where it can be written, as far as is known. `is_there`: there is a
    database; where nobody made one yet, it reads as an empty one.
    """

    def __init__(
        self, engine: Engine, place: Place, unwritable: UsageError | None = None, *, is_there: bool = True
    ) -> None:
        self.unwritable = unwritable
        self.is_there = is_there
        self._engine = engine
        self._place = place
        self.shown = place.shown

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of its connections."""
        self._engine.dispose()

    def append(
        self,
        type: RecordType,
        schema: str,
        body: bytes,
        *,
        subject: Subject | None,
        actor: str,
        tool: str,
        inputs_digest: str | None = None,
        attachments: Mapping[str, bytes] | None = None,
    ) -> Record:
        """Keep one event: on the disk when this returns, whole or not at all.

        `body` is a JSON document of the schema, `attachments` are texts that are read apart; both are redacted here. Raises
        `UsageError` where it cannot be kept, and nothing is.
        """
        if self.unwritable is not None:
            raise self.unwritable
        held = {name: doors.packed(doors.attachment(content)) for name, content in (attachments or {}).items()}
        made = ulids.fresh()
        row = {
            "id": made, "type": type, "schema": schema, "at": ulids.moment(made), "inputs_digest": inputs_digest,
            "actor": redact.free_text(actor), "tool": redact.free_text(tool), "body": doors.body(body),
            "attachments": msgspec.json.encode(sorted(held)).decode(), **_row_of(subject),
        }  # fmt: skip
        rows = [{"record": made, "name": name, "coding": doors.CODING, "content": held[name]} for name in held]
        with (
            failures.told(self._place, "nothing was recorded"),
            self._engine.connect().execution_options(begin="IMMEDIATE") as connection,
            connection.begin(),
        ):
            connection.execute(insert(_records), row)
            if rows:
                connection.execute(insert(_attachments), rows)
        return _record(row)

    def get(self, id: str, *, type: RecordType | None = None) -> Record:
        """The record with this id, or with an id that begins so; with `type`, among records of that type.

        Raises `UsageError` where there is none, or several.
        """
        beginning = ulids.normal(id)
        if beginning is None:
            raise UsageError(f"`{id}` is no id of a record", hint=self._like(None, type))
        begun_so = (_records.c.id >= beginning, _records.c.id < beginning + "~")  # a range is found by the index
        found = self._rows(_of_type(select(_records), type).where(*begun_so).order_by(_records.c.id).limit(_SHOWN + 1))
        if not found:
            raise UsageError(
                f"no {type or 'record'} {id} is in the store {self.shown}", hint=self._like(beginning, type)
            )
        if len(found) > 1:
            raise UsageError(
                f"`{id}` begins the ids of several records in the store {self.shown}",
                hint=f"write more of it: {_names([row['id'] for row in found])}",
            )
        return _record(found[0])

    def find(
        self,
        type: RecordType | None = None,
        *,
        subject: Subject | None = None,
        inputs_digest: str | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Record]:
        """Records, the newest first, read a few at a time. What `subject` leaves open matches any; its uid, revision, pod and

        source do not count. `before` is an id: only older ones. Raises `UsageError` where the store cannot be read.
        """
        wanted = _of_type(select(_records), type)
        if subject is not None:
            row = _row_of(subject)
            for column in ("subject_name", "subject_kind"):
                wanted = wanted.where(_records.c[column] == row[column])
        if inputs_digest is not None:
            wanted = wanted.where(_records.c.inputs_digest == inputs_digest)
        fitting = (
            record for record in self._pages(wanted, before) if subject is None or _fits(record.subject, subject)
        )
        yield from islice(fitting, limit)

    def every(self, type: RecordType, *schemas: str) -> list[Record]:
        """All records of a type whose body is of one of these schemas, the oldest first, in one query: what a state is folded

        from. Raises `UsageError` where the store cannot be read.
        """
        wanted = _of_type(select(_records), type).where(_records.c.schema.in_(schemas))
        return [_record(row) for row in self._rows(wanted.order_by(_records.c.id))]

    def attachment(self, id: str, name: str) -> bytes:
        """The bytes of one attachment of the record with this whole id. Raises `UsageError` where it has none of that name."""
        of_record = select(_attachments).where(_attachments.c.record == id, _attachments.c.name == name)
        found = self._rows(of_record)
        if not found:
            raise UsageError(f"record {id} in the store {self.shown} has no attachment `{name}`")
        try:
            return doors.unpacked(found[0]["coding"], found[0]["content"])
        except ValueError as error:
            raise UsageError(f"`{name}` of record {id}: {error}", hint="read it with a newer skewguard") from None

    def _pages(self, wanted: Select[Any], before: str | None) -> Iterator[Record]:
        for size in chain(PAGES, repeat(PAGES[-1])):
            older = wanted.where(_records.c.id < before) if before else wanted
            page = self._rows(older.order_by(_records.c.id.desc()).limit(size))
            yield from map(_record, page)
            if len(page) < size:
                return
            before = page[-1]["id"]

    def _rows(self, wanted: Select[Any]) -> list[dict[str, Any]]:
        if not self.is_there:
            return []
        with failures.told(self._place), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def _like(self, beginning: str | None, type: RecordType | None) -> str:
        """Ids that may have been meant: those around it in the order of ids, or the newest."""
        if not self.is_there:
            return "nothing is kept there yet"
        ids = _of_type(select(_records.c.id), type)
        after = self._rows(ids.where(_records.c.id >= (beginning or "")).order_by(_records.c.id).limit(2))
        below = self._rows(ids.where(_records.c.id < (beginning or "Z")).order_by(_records.c.id.desc()).limit(3))
        near = [row["id"] for row in (*reversed(below), *(after if beginning else ()))]
        return (
            f"near it {'is' if len(near) == 1 else 'are'} {_names(near)}; `skewguard baseline list --all` shows every one"
            if near
            else f"the store holds no {type or 'record'}s yet"
        )


def _of_type(wanted: Select[Any], type: RecordType | None) -> Select[Any]:
    return wanted.where(_records.c.type == type) if type else wanted


def _row_of(subject: Subject | None) -> dict[str, str | None]:
    if subject is None:
        return {"subject": None, "subject_kind": None, "subject_name": None}
    whole = doors.body(msgspec.json.encode(subject))
    shown = msgspec.json.decode(whole, type=Subject)
    return {"subject": whole, "subject_kind": shown.kind, "subject_name": shown.name}


def _fits(kept: Subject | None, wanted: Subject) -> bool:
    """Whether every word that the wanted subject says is the kept one's too. One that was kept without a cluster is of any."""
    words = ("namespace", "container", "role", "group")
    if kept is None or any(getattr(wanted, word) not in (None, getattr(kept, word)) for word in words):
        return False
    return kept.cluster is None or wanted.cluster in (None, kept.cluster)


def _names(ids: list[str]) -> str:
    return ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")


def _record(row: Mapping[str, Any]) -> Record:
    return Record(
        id=row["id"],
        type=cast("RecordType", row["type"]),
        schema=row["schema"],
        at=row["at"],
        actor=row["actor"],
        subject=msgspec.json.decode(row["subject"], type=Subject) if row["subject"] else None,
        tool=row["tool"],
        body=msgspec.Raw(row["body"].encode()),
        inputs_digest=row["inputs_digest"],
        attachments=tuple(msgspec.json.decode(row["attachments"], type=list[str])),
    )
