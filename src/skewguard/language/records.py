"""What is kept: append-only events in envelopes. State is a fold over them; nothing is ever changed or taken back.

The body is a JSON document of the `schema` that the envelope names, redacted before it gets here.
"""

from typing import Literal

from msgspec import Raw, Struct

from skewguard.language.facts import Subject

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
