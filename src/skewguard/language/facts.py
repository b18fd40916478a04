"""Facts, and the two honest ways of not having one.

A `Fact` is a value with the place it comes from. A `Gap` is the statement that nobody can know the value from the
inputs given, with the reason. A `Choice` is what an engine's rule leaves open: its arms, and the input that would
decide between them. Two gaps or choices are equal when rule and inputs are equal, so that two manifests which leave
`dtype` to the same unseen checkpoint do not differ.
"""

import re
from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct, structs

Value = Any
"""A JSON value of the setting's type: None, bool, int, float, str, list or dict."""

Authority = Literal["declared", "derived", "observed"]
"""Who says so: somebody wrote it, the engine's rules give it, the running process shows it. Rising order."""

AUTHORITIES: tuple[Authority, ...] = ("declared", "derived", "observed")

OriginKind = Literal["file", "object", "command-line", "endpoint", "log", "exec", "default", "rule", "label", "config"]

REPLICAS = "replicas"
"""The rule of a choice whose arms hold at once: each is what some of the replicas run with (`when` says which)."""

UNSEEN = "endpoint"
"""The rule of a gap for what nobody sees who has only the engine's URL: its arguments, its machine, what surrounds it."""

Bound = Literal["exact", "at-least", "at-most"]
"""On which side of a computed number the truth can lie."""

T = TypeVar("T")


class Origin(Struct, frozen=True, gc=False):
    """The exact place a value comes from.

    `ref` is what a person reads (`deploy.yaml`, `default of vLLM 0.11.0`). Positions are 1-based and count
    characters; `end_column` is the column after the last one. `text` is the value as written there.
    `template` is the Helm template of a rendered document, from its `# Source:` comment.
    """

    kind: OriginKind
    ref: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    text: str | None = None
    template: str | None = None

    def __str__(self) -> str:
        if self.file is None or self.line is None:
            return self.ref
        return f"{self.file}:{self.line}:{self.column}"

    @property
    def placed(self) -> bool:
        """Whether it is a place in something that was written, which another copy of it has elsewhere."""
        return self.line is not None or self.kind == "object"

    @property
    def brief(self) -> str:
        """The place as a sentence bears it: `deploy.yaml:31`, else what it refers to."""
        return f"{self.file}:{self.line}" if self.file and self.line else self.ref


class Located(Struct, Generic[T], frozen=True):
    """A value together with the place it stands at."""

    value: T
    origin: Origin


class Source(Struct, frozen=True):
    """The file a subject was read from, and the 1-based number of the document inside it."""

    path: str
    document: int


class Subject(Struct, frozen=True, gc=False):
    """What a fact or finding is about: one container of one workload (or of one running pod)."""

    kind: str
    name: str
    namespace: str | None = None
    container: str | None = None
    role: str | None = None
    group: str | None = None
    cluster: str | None = None
    uid: str | None = None
    revision: str | None = None
    pod: str | None = None
    source: Source | None = None

    @property
    def part(self) -> str | None:
        """Its part in its own group: `worker`, also where an object has several groups (`decode-worker`)."""
        return self.role.rpartition("-")[2] if self.role else None

    @property
    def team(self) -> str:
        """The group inside its object: `decode` of `decode`, `decode-leader` and `decode-worker`; empty for the only one.

        The second `worker` of an object is `2-worker`; the number only tells equal roles apart.
        """
        role = re.sub(r"^\d+-", "", self.role or "")
        return role.rpartition("-")[0] if self.part in ("leader", "worker") else role

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        inside = f" container {self.container}" if self.container else ""
        return f"{self.kind} {place}{self.name}{inside}"


class Fact(Struct, frozen=True, gc=False):
    """One value of one setting, from one place. `assumes` names unseen sources that could still change it.

    The subject is the one of the `Sheet` that holds the fact.
    """

    setting: str
    value: Value
    authority: Authority
    origin: Origin
    assumes: tuple[str, ...] = ()
    observed_at: str | None = None


class Arm(Struct, frozen=True, gc=False):
    """One way a rule can turn out: `when` in words, and the value it gives then."""

    when: str
    value: Value


class Choice(Struct, frozen=True, gc=False):
    """What a rule gives when an input is missing. `inputs` are keys such as `gpu@scheduling(3f2a)`.

    `assumes` is that of a fact: what could make it none of the arms.
    """

    setting: str
    rule: str
    inputs: tuple[str, ...]
    arms: tuple[Arm, ...]
    assumes: tuple[str, ...] = ()

    def values(self) -> list[Value]:
        """Every value the rule can give, in the order of its arms."""
        return [arm.value for arm in self.arms]

    @property
    def at_once(self) -> bool:
        """Whether every arm holds, each for some of the replicas: then nothing is left to be decided."""
        return self.rule == REPLICAS


class Gap(Struct, frozen=True, gc=False):
    """A value nobody can know from the inputs given: why, by which rule, and what would settle it."""

    setting: str
    reason: str
    rule: str = ""
    inputs: tuple[str, ...] = ()
    would_need: str = ""


Effective = Fact | Choice | Gap
"""What is known of a setting in the end. Test with `isinstance`."""

_Known = TypeVar("_Known", bound=Effective)


def assuming(answer: _Known, assumes: Iterable[str]) -> _Known:
    """An answer that rests on these unseen sources as well; a gap rests on nothing."""
    if isinstance(answer, Gap):
        return answer
    more = tuple(dict.fromkeys((*answer.assumes, *assumes)))
    return answer if more == answer.assumes else structs.replace(answer, assumes=more)


def same(a: Effective, b: Effective) -> bool | None:
    """Whether two effective values are equal; None when the inputs given cannot decide it."""
    if isinstance(a, Fact) and isinstance(b, Fact):
        return bool(a.value == b.value)
    if isinstance(a, Fact) or isinstance(b, Fact):
        fact, other = (a, b) if isinstance(a, Fact) else (b, a)
        if isinstance(other, Choice) and isinstance(fact, Fact) and fact.value not in other.values():
            return False
        return None
    if isinstance(a, Choice) and isinstance(b, Choice) and a.arms != b.arms:
        return None if any(value in b.values() for value in a.values()) else False
    if type(a) is type(b) and a.rule == b.rule and a.inputs == b.inputs and (a.rule or a.inputs):
        return True
    return None
