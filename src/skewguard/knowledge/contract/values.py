"""A contract as values: promises about settings, targets, waivers. Every part keeps the place it was written at."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from skewguard.language.facts import Origin, Subject, Value

API_VERSION = "skewguard.dev/v1alpha1"
KIND = "ServingContract"

UNSET = "unset"
"""The word that promises that nobody sets a setting, so that the engine decides."""

ANY = "any"
"""The word that promises nothing, and takes a setting out of a pattern such as `vllm.*`."""


class Exactly(Struct, frozen=True):
    """The value is this one. `value` is typed by the vocabulary, `text` is what was written."""

    value: Value
    text: str = ""


class Range(Struct, frozen=True):
    """The value lies between two bounds, both included. None: no bound on that side."""

    minimum: float | int | None = None
    maximum: float | int | None = None


class Versions(Struct, frozen=True):
    """The version lies in a PEP 440 range such as `>=0.11,<0.12`."""

    text: str


class Nothing(Struct, frozen=True):
    """The setting is explicitly none (`null`): no quantization, no adapter."""


class Unset(Struct, frozen=True):
    """Nobody sets it; the engine decides."""


class Anything(Struct, frozen=True):
    """Nothing is promised."""


class OneOf(Struct, frozen=True):
    """At least one of these promises holds."""

    options: tuple["Exactly | Range | Versions | Nothing | Unset", ...]


Promise = Exactly | Range | Versions | Nothing | Unset | Anything | OneOf


class Doubt(Struct, frozen=True):
    """Why a clause may say something else than was meant, as half a sentence, and the nearest known word.

    `sure` is False where the tables only list examples, so that the word may be right.
    """

    reason: str
    nearest: str | None = None
    sure: bool = True

    def __str__(self) -> str:
        return f"{self.reason}; the nearest is {self.nearest}" if self.nearest else self.reason


class Clause(Struct, frozen=True):
    """One promise about one setting. `setting` may end in `*`: every setting of that engine not named otherwise."""

    setting: str
    promise: Promise
    origin: Origin
    doubt: Doubt | None = None

    @property
    def pattern(self) -> bool:
        """Whether it speaks of all settings of an engine that no other clause names."""
        return self.setting.endswith("*")


TARGET_FIELDS = ("cluster", "namespace", "kind", "name", "container", "role")


class Target(Struct, frozen=True):
    """Globs that pick containers. A field that is not written picks all; `role` tells the halves of a group apart."""

    kind: str
    name: str
    origin: Origin
    namespace: str = "*"
    cluster: str = "*"
    container: str = "*"
    role: str = "*"


class WaiverRule(Struct, frozen=True):
    """Findings that do not count, why, and until when.

    `check` is a check's id, an alias of it, or a whole group as `pin.*`. `until` is an ISO date, the last day it
    holds; None only where an annotation waives. `where` are globs by subject field. `subject` bounds an annotation's
    waiver to the object it stands on.
    """

    check: str
    reason: str
    origin: Origin
    until: str | None = None
    setting: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    subject: Subject | None = None


class Contract(Struct, frozen=True):
    """What a team promised. `roles` holds each role's own clauses, already merged over those of the whole.

    `performance` and `behaviour` are checked in shape, typed (seconds, numbers), and kept for the verbs that measure.
    `namespace` is where the contract object itself lives in a cluster: that of targets which name none.
    """

    name: str
    origin: Origin
    targets: tuple[Target, ...]
    clauses: tuple[Clause, ...] = ()
    roles: Mapping[str, tuple[Clause, ...]] = field(default_factory=dict)
    performance: Mapping[str, Any] = field(default_factory=dict)
    behaviour: Mapping[str, Any] = field(default_factory=dict)
    waivers: tuple[WaiverRule, ...] = ()
    namespace: str | None = None
    source: Literal["contract", "modelspec"] = "contract"

    @property
    def kept(self) -> bool:
        """Whether it was read from a cluster, not from a file."""
        return self.origin.kind == "object"

    def doubtful(self) -> tuple[Clause, ...]:
        """The clauses that somebody should look at, whatever they are held against; those of roles too."""
        every = {clause.origin: clause for clauses in (self.clauses, *self.roles.values()) for clause in clauses}
        return tuple(clause for clause in every.values() if clause.doubt is not None and clause.doubt.sure)

    def promised(self, role: str | None) -> tuple[Clause, ...]:
        """The clauses that hold for a role; None is a workload without roles. `decode-worker` is under `decode` first."""
        group, _, part = (role or "").rpartition("-")
        return next((self.roles[each] for each in (role, group, part) if each and each in self.roles), self.clauses)


class Binding(Struct, frozen=True):
    """Which contract a container is under. `candidates` are all that pick it; `contract` is set when it is one.

    `given` is False where no contract was given at all, so that being without one is no news. `shadowed` are contracts
    kept in the cluster that pick it too, and stand behind the ones at hand.
    """

    candidates: tuple[Contract, ...] = ()
    given: bool = True
    shadowed: tuple[Contract, ...] = ()

    @property
    def contract(self) -> Contract | None:
        """The one contract, or None: without, or with more than one."""
        return self.candidates[0] if len(self.candidates) == 1 else None
