"""Baselines and calibrations in the store, and what a word on the command line means of them.

A record's body is the document without its rows of requests, so that a list reads little; the whole one is attached to it.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from shlex import quote
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct, structs

from skewguard.adapters import files, writing
from skewguard.api import stores, surroundings, things
from skewguard.knowledge.project import Project
from skewguard.language import addresses
from skewguard.language.baselines import Baseline, Calibration
from skewguard.language.errors import InputError, SkewguardError, UsageError
from skewguard.language.explanations import Tables
from skewguard.language.facts import Subject
from skewguard.language.records import Record, RecordType, Retirement
from skewguard.language.results_parts import InputProblem
from skewguard.language.running import ENDPOINT
from skewguard.report import baseline_documents, record_documents

if TYPE_CHECKING:
    from skewguard.adapters.store.keeping import Store

BASELINE, CALIBRATION = "skewguard.dev/baseline/v1", "skewguard.dev/calibration/v1"
RETIREMENT, REINSTATEMENT = "skewguard.dev/retirement/v1", "skewguard.dev/reinstatement/v1"
WHOLE = "document"
"""The name of the attachment that holds the document with its rows."""
MOST_READ = 500
"""Records of one subject that are looked through for one that fits."""


class Word(Struct, frozen=True):
    """What somebody means by one word: a record's id, a file, standard input, or everything of one subject."""

    kind: Literal["id", "file", "stdin", "subject"]
    text: str
    subject: Subject | None = None


def meant(text: str, namespace: str | None = None, context: str | None = None) -> Word:
    """What a word means: `-`, a URL, `kind/name`, a file that is there or looks like one, else an id."""
    if text == "-":
        return Word("stdin", text)
    if text.startswith(("http://", "https://")):
        url, _ = addresses.base(text)
        return Word("subject", url, Subject(ENDPOINT, url.partition("://")[2].rstrip("/")))
    name = things.object_name(text)
    if name is not None and not files.exists(text):
        place = name.namespace or namespace
        return Word(
            "subject", text, Subject(things.full_kind(name.kind), name.name, place, cluster=name.context or context)
        )
    if "/" in text or text.endswith((".json", ".yaml")) or files.exists(text):
        return Word("file", text)
    return Word("id", text)


@contextmanager
def opened(project: Project, environ: Mapping[str, str] | None, *, make: bool = True) -> Iterator["Kept"]:
    """The store of a call; without `make` one that is not there reads as an empty one. Raises `UsageError`."""
    from skewguard.adapters import store

    with stores.opened(project, environ, make=make) as records:
        yield Kept(records, store.actor(environ or {}))


@contextmanager
def named(url: str | None, environ: Mapping[str, str] | None, *, make: bool = True) -> Iterator["Kept"]:
    """The store that was named, else that of the environment, of the project, of the user. Raises `UsageError`."""
    project, _ = surroundings.project(environ, {"store": url})
    with opened(project, environ, make=make) as kept:
        yield kept


class Kept:
    """One open store, by what is kept of performance in it. `place` names it; `is_there`: somebody kept something in it."""

    def __init__(self, records: "Store", actor: str) -> None:
        self._records = records
        self._actor = actor
        self._retired: Mapping[str, str] | None = None
        self.place = records.shown
        self.is_there = records.is_there

    def refuse_read_only(self) -> None:
        """Raise `UsageError` where nothing can be kept: before somebody measures what would be lost."""
        if self._records.unwritable is not None:
            raise self._records.unwritable

    def keep(self, baseline: Baseline, tables: Tables) -> Baseline:
        """Keep one; it comes back with its id."""
        light = structs.replace(baseline, samples=None)
        body = baseline_documents.write(light, tables)
        rows = {WHOLE: baseline_documents.write(baseline, tables)} if baseline.samples is not None else None
        return structs.replace(baseline, id=self._append("baseline", BASELINE, body, baseline, tables, rows))

    def holds(self, baseline: Baseline) -> bool:
        """Whether one that comes out of a file came out of this very store, and is of the same workload there."""
        if not baseline.id:
            return False
        near = self._records.find(
            "baseline", before=baseline.id + "~", limit=1
        )  # that with its id, or the one made before it
        return any(
            (each.id, each.subject and placed(each.subject)) == (baseline.id, placed(baseline.subject)) for each in near
        )

    def keep_calibration(self, calibration: Calibration, tables: Tables) -> Calibration:
        """Keep one; it comes back with its id."""
        body = baseline_documents.write_calibration(calibration, tables)
        return structs.replace(calibration, id=self._append("calibration", CALIBRATION, body, calibration, tables))

    def retire(self, text: str, reason: str, tables: Tables, *, undo: bool = False) -> Retirement:
        """Set the baseline or calibration aside whose id begins so; with `undo`, let it count again.

        Raises `UsageError` where it is neither of the two, or is so already.
        """
        record = self._records.get(text)
        if record.type not in ("baseline", "calibration"):
            raise UsageError(f"{record.id} is a {record.type}", hint="baselines and calibrations can be set aside")
        why = self.retired.get(record.id)
        if why is not None and not undo:
            raise UsageError(f"{record.type} {record.id} is set aside already: {why}", hint="--undo takes that back")
        if why is None and undo:
            raise UsageError(f"{record.type} {record.id} is not set aside", hint="there is nothing to take back")
        made = Retirement(record.id, record.type, record.subject, reason, self.place, undone=undo)
        schema = REINSTATEMENT if undo else RETIREMENT
        self._append("observation", schema, record_documents.write_retirement(made, tables), made, tables)
        self._retired = None
        return made

    def _append(
        self,
        type: RecordType,
        schema: str,
        body: bytes,
        of: Baseline | Calibration | Retirement,
        tables: Tables,
        attachments: Mapping[str, bytes] | None = None,
    ) -> str:
        """Keep a document of something; its id."""
        record = self._records.append(
            type,
            schema,
            body,
            subject=of.subject,
            actor=self._actor,
            tool=_tool(tables),
            inputs_digest=None if isinstance(of, Retirement) else of.inputs_digest,
            attachments=attachments,
        )
        return record.id

    @property
    def retired(self) -> Mapping[str, str]:
        """Who set which record aside, when and why, by its id."""
        if self._retired is None:
            self._retired = retired(self._records)
        return self._retired

    def by_id(self, text: str) -> Baseline:
        """The baseline whose id begins so, with its rows. Raises `UsageError` where there is none, or several."""
        return self.whole(self._light(self._records.get(text, type="baseline")))

    def whole(self, baseline: Baseline) -> Baseline:
        """The same with its rows, where it was kept with them."""
        record = self._records.get(baseline.id, type="baseline")
        if WHOLE not in record.attachments:
            return baseline
        return self._made(record, self._records.attachment(record.id, WHOLE))

    def baselines(
        self,
        subject: Subject | None,
        *,
        before: str | None = None,
        most: int | None = MOST_READ,
        unread: list[InputProblem] | None = None,
    ) -> Iterator[Baseline]:
        """Those of a subject (of all where it is None), the newest first, without their rows, read as they are asked for.

        `unread` collects those that this version cannot read, since a colleague's newer one wrote them. Where it is None, one
        of them raises `InputError`: it might be the one that counts.
        """
        for record in self._records.find("baseline", subject=subject, before=before, limit=most):
            try:
                yield self._light(record)
            except InputError as error:
                if unread is None:
                    raise
                unread.append(surroundings.problem(error))

    def calibrations(self, subject: Subject | None, unread: list[InputProblem] | None = None) -> Iterator[Calibration]:
        """What was learned of the noise of a subject (of all where it is None) and not set aside, the newest first.

        `unread` collects those that this version cannot read, as that of `baselines` does.
        """
        for record in self._records.find("calibration", subject=subject, limit=MOST_READ):
            if record.id in self.retired:
                continue
            try:
                found = baseline_documents.read_calibration(bytes(record.body), f"record {record.id}")
            except InputError as error:
                if unread is None:
                    raise
                unread.append(surroundings.problem(error))
            else:
                yield structs.replace(found, id=record.id)

    def good(self, subject: Subject) -> frozenset[str]:
        """The ids of the recordings with which a subject was verified as good."""
        found = self._records.find("validation", subject=subject, limit=MOST_READ)
        ids = (msgspec.json.decode(record.body, type=_Validated).baseline for record in found)
        return frozenset(each for each in ids if each is not None)

    def _light(self, record: Record) -> Baseline:
        return self._made(record, bytes(record.body))

    def _made(self, record: Record, document: bytes) -> Baseline:
        """One that was set aside is no valid one, whatever it was when it was kept."""
        found = structs.replace(baseline_documents.read(document, f"record {record.id}"), id=record.id)
        why = self.retired.get(record.id)
        return (
            found if why is None else structs.replace(found, valid=False, invalid_because=(why, *found.invalid_because))
        )


def retired(records: "Store") -> Mapping[str, str]:
    """Who set which record of a store aside, when and why, by its id: state is what all events together say."""
    aside: dict[str, str] = {}
    for event in records.every("observation", RETIREMENT, REINSTATEMENT):
        said = msgspec.json.decode(event.body, type=_Retired)
        if event.schema == RETIREMENT:
            aside[said.retires] = f"retired on {event.at[:10]} by {event.actor}: {said.reason}"
        else:
            aside.pop(said.reinstates, None)
    return aside


class _Retired(Struct, frozen=True):
    """Of the documents `retirement/v1` and `reinstatement/v1`: what was set aside or counts again, and why."""

    reason: str
    retires: str = ""
    reinstates: str = ""


class Saved(Struct, frozen=True):
    """A recording after it was to be kept. `place`: the store that has it; None, and `problem` says why and where it is instead."""

    baseline: Baseline
    place: str | None = None
    problem: InputProblem | None = None
    interrupted: bool = False

    @property
    def problems(self) -> tuple[InputProblem, ...]:
        """The problem, where there is one."""
        return (self.problem,) if self.problem is not None else ()


def saved(kept: Kept | None, baseline: Baseline, tables: Tables) -> Saved:
    """Keep what nobody can measure again: where the store fails, or somebody interrupts it, in a file of its own."""
    if kept is None:
        return Saved(baseline)
    try:
        return Saved(kept.keep(baseline, tables), kept.place)
    except (SkewguardError, KeyboardInterrupt) as error:
        interrupted = isinstance(error, KeyboardInterrupt)
        why = f"it was interrupted while the store {kept.place} took it" if interrupted else str(error)
        return Saved(baseline, None, _rescued(baseline, tables, why), interrupted)


def _rescued(baseline: Baseline, tables: Tables, why: str) -> InputProblem:
    name = f"skewguard-baseline-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.json"
    path = writing.write_somewhere(name, baseline_documents.write(baseline, tables).decode())
    if path is None:
        return InputProblem(None, f"the recording could not be kept: {why}; and no file of it could be written either")
    hint = f"`skewguard baseline import {quote(path)}` keeps it once the store works again; `compare` and `show` read the file"
    return InputProblem(None, f"the recording could not be kept: {why}; it was written to {path} instead", hint=hint)


class _Validated(Struct, frozen=True):
    """Of the document `validation/v1`: the recording that was valid then."""

    baseline: str | None = None


def _tool(tables: Tables) -> str:
    held = ", ".join(f"{engine} {version}" for engine, version in tables.versions.items())
    return stores.TOOL + (f" (tables: {held})" if held else "")


# ---- one baseline from one word --------------------------------------------------------------------------------------


def of_subject(kept: Kept, word: Word, *, before: str | None = None) -> list[Baseline]:
    """The valid ones of a word that names a workload or URL, the newest first. Raises `UsageError` where it means several."""
    found = list(kept.baselines(word.subject, before=before))
    named = list(dict.fromkeys(placed(each) for each in _apart([each.subject for each in found])))
    if len(named) > 1:
        raise UsageError(
            f"{word.text} means several workloads of the store: {', '.join(named[:5])}",
            hint="say which one with -n, or write [context:]namespace/kind/name",
        )
    return [each for each in found if each.valid]


def _apart(subjects: Sequence[Subject]) -> Iterator[Subject]:
    """Those that are not the same: one without a cluster (a report of another tool's) is the one of any cluster beside it."""
    known = {structs.replace(bare(each), cluster=None) for each in subjects if each.cluster is not None}
    return (each for each in subjects if each.cluster is not None or bare(each) not in known)


def latest(kept: Kept, word: Word) -> Baseline:
    """The last valid one that a word means. Raises `UsageError`."""
    found = next(iter(of_subject(kept, word)), None)
    if found is None:
        others = next(kept.baselines(word.subject), None)
        why = "every one that was recorded of it is invalid" if others is not None else "nothing was recorded of it"
        why = why if kept.is_there else "nothing is kept there yet"
        raise UsageError(
            f"there is no valid baseline of {word.text} in the store {kept.place}: {why}",
            hint="`skewguard baseline list --all` shows what there is; `skewguard baseline record` makes one",
        )
    return kept.whole(found)


def from_text(word: Word) -> Baseline:
    """The baseline in a file, or on standard input. Raises `InputError`."""
    if word.kind == "stdin":
        import sys

        return baseline_documents.read(
            files.read_stream(sys.stdin.buffer, files.MOST_OF_RESULTS).encode(), "standard input"
        )
    return baseline_documents.read(files.read_text(word.text, files.MOST_OF_RESULTS).encode(), files.shown(word.text))


def bare(subject: Subject) -> Subject:
    """A subject without what says which pod, revision or file it was seen in."""
    return structs.replace(subject, pod=None, revision=None, uid=None, source=None, container=None)


def placed(subject: Subject) -> str:
    """A subject with its cluster, as people write it."""
    at = f"{subject.cluster}:" if subject.cluster else ""
    return f"{at}{bare(subject)}"
