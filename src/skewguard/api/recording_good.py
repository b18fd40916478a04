"""`verify --record-good`: what keeps its contract everywhere is remembered as verified, as a validation and a snapshot.

Nothing is written to the cluster. What is not verified is not recorded, and the report says why.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, structs

from skewguard.adapters import store
from skewguard.adapters.cluster.read import Reader
from skewguard.api import keeping, stores, surroundings
from skewguard.api.surroundings import Around
from skewguard.assess import digests
from skewguard.judge.checks import disagreements
from skewguard.judge.checks.interface import Case
from skewguard.language.errors import ExitCode, UsageError
from skewguard.language.facts import Fact, Subject
from skewguard.language.records import Snapshot, Validation
from skewguard.language.results import CheckReport
from skewguard.language.running import Live
from skewguard.language.verifications import Recorded
from skewguard.observe.sources.live import snapshots
from skewguard.report import record_documents

if TYPE_CHECKING:
    from skewguard.adapters.store.keeping import Store

_MOST_BASELINES = 200
"""Baselines of the same inputs that are looked through for the latest valid one."""


class Recorder(Struct, frozen=True):
    """What a recording needs beside the verification: the cluster to read whole objects from, and where to keep them."""

    reader: Reader
    around: Around
    environ: Mapping[str, str]

    def __call__(self, cases: Sequence[Case], report: CheckReport) -> CheckReport:
        """The report with a note of each record, or of why there is none."""
        refused = _refusal(report)
        if refused is not None:
            return _without(report, refused)
        promised = [case for case in cases if _contract_of(case) is not None]
        if not promised:
            return _without(report, "no contract speaks of it, so that nothing was promised that it could keep")
        homes = {id(case.live): case.live for case in promised if case.live is not None}
        waiting = [reason for live in homes.values() for reason in _unsettled(live)]
        if waiting:
            return _without(report, _first(waiting))
        taken = [self._taken(live, [case for case in promised if case.live is live]) for live in homes.values()]
        changed = [reason for _, _, reason in taken if reason]
        if changed:
            return _without(report, "; ".join(changed))
        try:
            recorded = self._kept([(held, own) for held, own, _ in taken if held is not None], report)
        except UsageError as error:
            return _unkept(report, error)
        notes = [_told(each) for each in recorded]
        left = len({case.sheet.subject for case in cases} - {case.sheet.subject for case in promised})
        if left:
            notes.append(f"not recorded: {left} without a contract")
        return structs.replace(report, notes=(*report.notes, *notes), recorded=tuple(recorded))

    def _kept(self, taken: Sequence[tuple[Snapshot, list[Case]]], report: CheckReport) -> list[Recorded]:
        actor = store.actor(self.environ)
        with stores.opened(self.around.project, self.environ) as kept:
            return [each for held, own in taken for each in _recorded(kept, held, own, report, actor)]

    def _taken(self, live: Live, cases: list[Case]) -> tuple[Snapshot | None, list[Case], str]:
        """The snapshot of one workload, or why there is none."""
        taken = snapshots.take(self.reader, live)
        if taken.value is None:
            why = "; ".join(each.reason for each in taken.unread) or "it is not there any more"
            return None, cases, f"{live.subject} cannot be read whole: {why}"
        if not taken.same:
            return None, cases, f"{live.subject} was changed while it was verified; verify it again"
        made = Snapshot(
            subject=live.subject,
            at="",
            context=live.subject.cluster or "",
            content=taken.value,
            config_maps=taken.config_maps,
            unread=taken.unread,
            revisions=live.revisions,
            images=dict(_images(live)),
            facts={_inside(case): tuple(_facts(case)) for case in cases},
        )
        return made, cases, ""


def _without(report: CheckReport, why: str) -> CheckReport:
    """The report where nothing was recorded; the exit code is that of the verification, and never that all is well."""
    code = report.exit_code or ExitCode.UNKNOWN
    return structs.replace(report, exit_code=code, notes=(*report.notes, f"nothing was recorded as good: {why}"))


def _unkept(report: CheckReport, error: UsageError) -> CheckReport:
    """The report where the store cannot be used: what was verified is shown all the same."""
    problem = surroundings.problem(error)
    return structs.replace(report, exit_code=ExitCode.UNREADABLE, errors=(*report.errors, problem))


def _refusal(report: CheckReport) -> str | None:
    """Why what was verified is not good; None where it is."""
    states = {"skewed": "an error was found", "empty": "no replica of it runs"}
    if not report.allow_unknown:
        states["undecided"] = "a clause of its contract is unknown (--allow-unknown lets it pass)"
    bad = [f"{live.subject}: {states[live.state]}" for live in report.live if live.state in states]
    moving = [live for live in report.live if any(not group.current for group in live.groups)]
    bad += [f"{live.subject}: replicas of an older revision still run" for live in moving]
    if bad:
        return _first(bad)
    if not report.live:
        return "no engine was verified"
    return None if report.exit_code == ExitCode.OK else "the verification did not pass"


def _first(reasons: Sequence[str], most: int = 3) -> str:
    return "; ".join(reasons[:most]) + (f"; and {len(reasons) - most} more" if len(reasons) > most else "")


_ENDED = ("Succeeded", "Failed")
"""Phases of pods that are over: an evicted one stays until somebody deletes it, and is no replica any more."""


def _unsettled(live: Live) -> Iterator[str]:
    """Why what runs does not show that what is written works: a replica that is not ready or not there, an edit in no pod."""
    for each in live.progress:
        if each.behind or each.pending or each.stuck:
            why = each.held or each.stuck or "its controller has not looked at the newest edit yet"
            yield f"{each.of}: what is written may be in no replica ({why})"
    there = [each for each in live.replicas if not each.terminating and each.phase not in _ENDED]
    if live.desired is not None and len(there) < live.desired:
        yield f"{live.subject}: {len(there)} of {live.desired} replicas are there"
    waiting = [each for each in there if not each.ready]
    if waiting:
        states = (box.state for box in waiting[0].containers if not box.ready)
        why = waiting[0].unplaced or next(states, "") or waiting[0].phase or "unknown"
        yield f"{live.subject}: {len(waiting)} of {len(there)} replicas are not ready ({waiting[0].name}: {why})"


def _contract_of(case: Case) -> str | None:
    contract = case.binding.contract if case.binding is not None else None
    return contract.name if contract is not None else None


def _images(live: Live) -> Iterator[tuple[str, tuple[str, ...]]]:
    running = [box for replica in live.replicas for box in replica.containers if box.image_id and box.image_id.digest]
    for name in dict.fromkeys(box.name for box in running):
        yield (
            name,
            tuple(dict.fromkeys(str(box.image_id.digest) for box in running if box.name == name and box.image_id)),
        )


def _inside(case: Case) -> str:
    """A container as it is called inside its workload; of a workload with roles, which one's."""
    subject = case.sheet.subject
    return f"{subject.role}/{subject.container}" if subject.role else str(subject.container)


def _facts(case: Case) -> Iterator[Fact]:
    """What is in effect on the replicas, as far as anything but the engine's own defaults is known of it."""
    parties = disagreements.compared(case)
    sheet = (parties[0].case if parties else case).sheet
    for setting in sheet.added():
        item = sheet.effective(setting)
        if isinstance(item, Fact):
            yield item


def _recorded(
    kept: "Store", snapshot: Snapshot, cases: Sequence[Case], report: CheckReport, actor: str
) -> Iterator[Recorded]:
    """Write the records of one workload."""
    known = [digests.of(case) for case in cases]
    only = known[0].value if len(known) == 1 else None
    body = record_documents.write_snapshot(structs.replace(snapshot, at=report.run_at), report.tables)
    held = kept.append(
        "snapshot", "skewguard.dev/snapshot/v1", body,
        subject=snapshot.subject, actor=actor, tool=stores.TOOL, inputs_digest=only,
    )  # fmt: skip
    for case, digest in zip(cases, known, strict=True):
        subject = case.sheet.subject
        baseline = _baseline(kept, digest.value)
        made = Validation(
            subject=subject,
            at=report.run_at,
            context=snapshot.context,
            contract_name=_contract_of(case) or "",
            snapshot_id=held.id,
            baseline="absent" if baseline is None else "pass",
            baseline_id=baseline,
            inputs_digest=digest.value,
            gaps=digest.gaps,
            undecided=tuple(_undecided(report, subject)),
        )
        written = kept.append(
            "validation", "skewguard.dev/validation/v1", record_documents.write_validation(made, report.tables),
            subject=subject, actor=actor, tool=stores.TOOL, inputs_digest=digest.value,
        )  # fmt: skip
        yield Recorded(subject, written.id, held.id, kept.shown, baseline, digest.value)


def _told(item: Recorded) -> str:
    baseline = f"pass: {item.baseline}" if item.baseline else "absent"
    return (
        f"recorded as good: {item.subject}, validation {item.validation} and snapshot {item.snapshot} in {item.store}"
        f" (contract pass, baseline {baseline}, probes absent)"
    )


def _undecided(report: CheckReport, subject: Subject) -> Iterator[str]:
    own = (subject.kind, subject.name, subject.namespace)
    for finding in report.findings:
        about = finding.subject
        mine = (about.kind, about.name, about.namespace) == own and about.container in (None, subject.container)
        if mine and finding.group == "contract" and finding.verdict == "unknown" and finding.setting:
            yield finding.setting


class _Validity(Struct, frozen=True):
    """What of a kept baseline says whether it is one."""

    valid: bool = False
    partial: bool = False


def _baseline(kept: "Store", digest: str | None) -> str | None:
    """The latest valid baseline of the same inputs that nobody set aside."""
    if digest is None:
        return None
    aside = keeping.retired(kept)
    for record in kept.find("baseline", inputs_digest=digest, limit=_MOST_BASELINES):
        found = msgspec.json.decode(record.body, type=_Validity)
        if found.valid and not found.partial and record.id not in aside:
            return record.id
    return None
