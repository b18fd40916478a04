"""What differs between two sets of settings, and why: the heart of `diff`.

Equal text is not asked for: effective values are compared, so that a default that changed between two versions is
a difference and `half` against `float16` is none.
"""

from collections.abc import Iterator

from msgspec import Struct

from skewguard.knowledge.engines import live
from skewguard.language.facts import Choice, Effective, Fact, Gap, Value, same
from skewguard.language.findings import Severity
from skewguard.language.sheet import Sheet
from skewguard.language.vocabulary import ARTIFACTS, BY_NAME, canonical

EXPECTED_TO_DIFFER = ("runtime.image",)
"""Settings that only name what other settings already say (version and digest), told once, never as a change alone."""


WRITTEN = ("env", "secret", "starts", "unresolved")
"""Rules of gaps that stand for what somebody wrote on one side, or what an unseen source of that side may set."""


class Difference(Struct, frozen=True):
    """One setting that differs (`decided`), or may differ as far as the inputs tell."""

    setting: str
    a: Effective
    b: Effective
    decided: bool
    severity: Severity
    reason: str
    inputs: tuple[str, ...] = ()


def differences(a: Sheet, b: Sheet) -> Iterator[Difference]:
    """Every setting of either sheet whose effective value differs or cannot be told to be equal."""
    names = dict.fromkeys([*BY_NAME, *a.names(), *b.names()])
    for setting in names:
        left, right = a.effective(setting), b.effective(setting)
        if _absent(left) and _absent(right):
            continue
        alike = equal(setting, left, right)
        if alike is True or _only_one_has_it(setting, left, right):
            continue
        yield Difference(
            setting=setting,
            a=left,
            b=right,
            decided=alike is False,
            severity=_severity(setting, alike),
            reason=_reason(left, right),
            inputs=tuple(dict.fromkeys([*_inputs(left), *_inputs(right)])),
        )


def equal(setting: str, a: Effective, b: Effective) -> bool | None:
    """Whether two effective values of a setting are the same; None where the inputs cannot tell."""
    if isinstance(a, Fact) and isinstance(b, Fact):
        return bool(canonical(setting, a.value) == canonical(setting, b.value))
    if _apart(a) or _apart(b):
        return _equal_apart(setting, a, b)
    if _absent(a) or _absent(b):
        present = b if _absent(a) else a
        return False if isinstance(present, Fact) else None
    if isinstance(a, Choice) and isinstance(b, Choice) and a.rule == b.rule and a.inputs != b.inputs:
        return None
    return same(a, b)


def _apart(value: Effective) -> bool:
    """Whether the replicas of a side run apart in it."""
    return isinstance(value, Choice) and value.at_once


def _equal_apart(setting: str, a: Effective, b: Effective) -> bool | None:
    """Whether sides are the same of which one runs several values at once: never as one value, known or not yet chosen.

    A gap may stand for replicas of several kinds as well; so may a choice, of the arms it has.
    """
    if any(isinstance(each, Gap) and not _absent(each) for each in (a, b)):
        return None
    mine, others = (_values(setting, each) for each in (a, b))
    if _apart(a) and _apart(b):
        return all(each in others for each in mine) and all(each in mine for each in others)
    several, other = (mine, b) if _apart(a) else (others, a)
    if isinstance(other, Choice) and all(each in _values(setting, other) for each in several):
        return None
    return False


def _values(setting: str, known: Effective) -> list[Value]:
    found = known.values() if isinstance(known, Choice) else [known.value] if isinstance(known, Fact) else []
    return [canonical(setting, each) for each in found]


def _only_one_has_it(setting: str, a: Effective, b: Effective) -> bool:
    """A setting that only one of the two versions knows, and that nobody wrote: a new name is no difference. Nor is what
    only a running process shows, where the other side is none or was not heard.
    """
    if not (_absent(a) or _absent(b)):
        return False
    engine, _, dest = setting.partition(".")
    if dest in live.shown(engine) or setting.startswith(ARTIFACTS):
        return True
    other = b if _absent(a) else a
    if _apart(other) or (isinstance(other, Gap) and other.rule in WRITTEN):
        return False
    return not (isinstance(other, Fact) and other.authority != "derived")


def _absent(value: Effective) -> bool:
    return isinstance(value, Gap) and value.rule == "absent"


def _severity(setting: str, alike: bool | None) -> Severity:
    if alike is None or setting in EXPECTED_TO_DIFFER:
        return "note"
    return "warning" if setting in BY_NAME else "note"


def _inputs(value: Effective) -> tuple[str, ...]:
    return () if isinstance(value, Fact) else value.inputs


def _reason(a: Effective, b: Effective) -> str:
    """Why two values differ, in one sentence, from where each comes."""
    if isinstance(a, Fact) and isinstance(b, Fact):
        return _reason_of_facts(a, b)
    if _apart(a) or _apart(b):
        sides = "both sides" if _apart(a) and _apart(b) else "A" if _apart(a) else "B"
        return f"the replicas of {sides} run apart in it; `skewguard verify` tells of each why"
    if _absent(a) or _absent(b):
        side, here = ("A", b) if _absent(a) else ("B", a)
        return f"nothing sets it in {side}; the other side has it from {_source(here)}"
    return f"{_source(a)} against {_source(b)}"


def _reason_of_facts(a: Fact, b: Fact) -> str:
    if a.authority == "declared" and b.authority == "declared":
        if a.origin == b.origin:
            return f"one word at {a.origin}, which the two versions read differently"
        return "written differently on both sides"
    if "declared" in (a.authority, b.authority) and "observed" in (a.authority, b.authority):
        return f"A has it from {a.origin}; B from {b.origin}"  # what is seen may be written as well
    if a.authority == "declared":
        return f"written in A only; B has the {_source(b)}"
    if b.authority == "declared":
        return f"written in B only; A has the {_source(a)}"
    if a.origin.kind == "default" and b.origin.kind == "default" and a.origin.ref != b.origin.ref:
        return f"nobody sets it, and the {a.origin.ref} is not the {b.origin.ref}"
    if _source(a) == _source(b):
        return f"nobody sets it, and what else differs changes the {_source(a)}"
    return f"{_source(a)} against {_source(b)}"


def _source(value: Effective) -> str:
    if isinstance(value, Fact):
        return value.origin.ref if value.authority == "derived" else str(value.origin)
    if isinstance(value, Choice):
        return f"a choice of rule {value.rule}"
    return f"an unknown ({value.reason})"
