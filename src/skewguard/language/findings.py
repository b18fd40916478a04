"""Findings: what a check says about one container, and the identity by which it is recognised again."""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Literal

from msgspec import Struct

from skewguard.language.facts import Authority, Bound, Origin, Subject, Value

Verdict = Literal["pass", "fail", "unknown", "skipped", "waived", "error"]
VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "unknown", "skipped", "waived", "error")

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

Category = Literal["model", "runtime", "hardware", "serving", "orchestration"]
CATEGORIES: tuple[Category, ...] = ("model", "runtime", "hardware", "serving", "orchestration")

Group = Literal["pin", "args", "runtime", "limits", "parallel", "hardware", "scaling", "serving", "contract", "facts"]
Phase = Literal["static", "live", "load", "probe"]


_LOOKED_AT = ("object", "endpoint", "log", "exec", "label")
"""Places of what runs; a default of an engine or a rule is none."""


class Observed(Struct, frozen=True):
    """The value a check looked at, as known, with the place it comes from. `value` is redacted."""

    value: Value
    authority: Authority | None
    origin: Origin | None


class Waiver(Struct, frozen=True):
    """Why a finding does not count, and until when (ISO date; None: an annotation, without end)."""

    reason: str
    until: str | None
    origin: Origin | None = None


class ContractRef(Struct, frozen=True):
    """The contract clause a finding judges: the contract's name and the place of the clause."""

    name: str
    origin: Origin


class Effect(Struct, frozen=True):
    """What a difference does to one size or rate, by arithmetic: `before` and `after` in `unit`.

    `name` is that of an answer of the arithmetic (`capacity.kv_tokens`). None: there the weights leave no room.
    `bound` says on which side of both the truth can lie.
    """

    name: str
    unit: str
    before: float | None
    after: float | None
    bound: Bound = "exact"


class Finding(Struct, frozen=True):
    """One verdict of one check about one subject, with its evidence and the exact remedy.

    `anchor` is the flag, environment variable or object name at fault; `occurrence` counts further faults of the
    same kind at it, from 1. `expected` is what the check or the contract wants, in JSON. `place` is that of the
    container, for values no file holds. `effect` is what the difference from `expected` does to memory and speed. `pods` are
    the replicas it was seen on, empty for what was judged without any. `id` is stable over line moves and reformatting: see
    `identity`.
    """

    id: str
    check: str
    group: Group
    category: Category
    verdict: Verdict
    severity: Severity
    subject: Subject
    message: str
    remedy: str
    setting: str | None = None
    anchor: str | None = None
    occurrence: int = 1
    contract: ContractRef | None = None
    waiver: Waiver | None = None
    expected: Any = None
    observed: Observed | None = None
    inputs: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    place: Origin | None = None
    effect: tuple[Effect, ...] = ()
    pods: tuple[str, ...] = ()

    @property
    def numbered_anchor(self) -> str | None:
        """The anchor as it enters the identity and the documents: `positional`, then `positional[2]`."""
        return self.anchor if self.occurrence == 1 else f"{self.anchor or ''}[{self.occurrence}]"

    @property
    def origin(self) -> Origin | None:
        """Where to look: the place of the observed value; of its container where the value stands nowhere one can look."""
        seen = self.observed.origin if self.observed else None
        if self.place is None or (seen and seen.file):
            return seen
        is_live = self.place.file is None and seen is not None and seen.kind in _LOOKED_AT
        return seen if is_live else self.place


@cache
def _canonical() -> tuple[Callable[[Any], str], Callable[[str], str]]:
    """What writes canonical JSON of any value, and of one text."""
    import json.encoder

    whole = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return whole.encode, json.encoder.encode_basestring


def identity(
    check: str, setting: str | None, anchor: str | None, subject: Subject, file: str | None, expected: Any
) -> str:
    """The first 16 hex digits of SHA-256 over canonical JSON of what makes a finding the same finding.

    Pod, uid and revision are left out (they change with every rollout), and so is every position. `anchor` is a
    name, never a value, and `expected` must hold no secret: an identity is kept where secrets must not be. `file` is
    relative to the folder that holds `.skewguard` or `.git`.
    """
    import hashlib

    who = _who(
        subject.cluster, subject.container, subject.group, subject.kind, subject.name, subject.namespace, subject.role
    )
    whole, text = _canonical()
    before, after = ["null" if each is None else text(each) for each in (check, setting, anchor)], text(file or "")
    parts = (*before, who, "null" if file is None else after, "null" if expected is None else whole(expected))
    return hashlib.sha256(f"[{','.join(parts)}]".encode()).hexdigest()[:16]


@lru_cache(maxsize=64)  # a container has many findings, and they stand together
def _who(*names: str | None) -> str:
    fields = ("cluster", "container", "group", "kind", "name", "namespace", "role")
    return _canonical()[0](dict(zip(fields, names, strict=True)))
