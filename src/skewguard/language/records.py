"""What is kept: append-only events in envelopes. State is a fold over them; nothing is ever changed or taken back.

The body is a JSON document of the `schema` that the envelope names, redacted before it gets here.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Raw, Struct, field

from skewguard.language.facts import Fact, Gap, Subject
from skewguard.language.running import Revision, Unread

RecordType = Literal[
    "snapshot", "baseline", "calibration", "probe_pack", "validation", "incident", "incident_event", "action",
    "action_event", "observation", "alert",
]  # fmt: skip


class Record(Struct, frozen=True):
    """One event. `id` is a ULID (sorts by time), `at` ISO 8601 in UTC, `actor` who or what wrote it, `tool` which skewguard
    with which tables. `subject` None: it concerns no single workload. `inputs_digest` is an index, where there is one.
    `attachments` are the names of what is kept beside it, and read only when it is asked for."""

    id: str
    type: RecordType
    schema: str
    at: str
    actor: str
    subject: Subject | None
    tool: str
    body: Raw
    inputs_digest: str | None = None
    attachments: tuple[str, ...] = ()


# ---- remembered as verified ------------------------------------------------------------------------------------------

Part = Literal["pass", "fail", "absent"]
"""What became of one part of a validation; `absent`: it was not looked at, or there is none."""


class Validation(Struct, frozen=True):
    """One container of one workload, verified: each part of "verified good" by itself.

    `baseline_id` is the latest valid baseline of the same inputs, `snapshot_id` the record of what was verified.
    `undecided` are clauses of the contract that were not known and were allowed to be; `gaps` say why there is no
    `inputs_digest`.
    """

    subject: Subject
    at: str
    context: str
    contract_name: str
    snapshot_id: str
    contract: Part = "pass"
    baseline: Part = "absent"
    probes: Part = "absent"
    baseline_id: str | None = None
    inputs_digest: str | None = None
    gaps: tuple[Gap, ...] = ()
    undecided: tuple[str, ...] = ()


class Retirement(Struct, frozen=True):
    """A baseline or calibration (`type`, `record_id`) that somebody set aside, and why. The record stays; nothing is compared with it.

    `undone`: that somebody took back what had set it aside, and it counts again.
    """

    record_id: str
    type: RecordType
    subject: Subject | None
    reason: str
    store: str = ""
    undone: bool = False


class Snapshot(Struct, frozen=True):
    """One workload as somebody wrote it, while it was verified.

    `content` and `config_maps` are whole objects without what the server fills in, with secrets still in them:
    `report.record_documents` takes them out. `images` are the digests that ran, by container; `facts` what was in effect, by
    container. `unread` are ConfigMaps that could not be read.
    """

    subject: Subject
    at: str
    context: str
    content: Mapping[str, Any]
    config_maps: tuple[Mapping[str, Any], ...] = ()
    unread: tuple[Unread, ...] = ()
    revisions: tuple[Revision, ...] = ()
    images: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facts: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)
