"""In which settings the replicas of one container run apart, and what makes them: so that one cause is told once.

What a rollout, a changed ConfigMap, a mutating policy or another GPU explains is told by the check of that cause. What
breaks the contract is told by the contract's clause, with the replicas that break it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from skewguard.judge.checks import kubectl
from skewguard.judge.checks.interface import Case, Party
from skewguard.knowledge.contract import comparing, describing, values
from skewguard.knowledge.engines import images
from skewguard.language import redact
from skewguard.language.facts import REPLICAS, Arm, Choice, Effective, Fact, Gap
from skewguard.language.vocabulary import ARTIFACTS, BY_NAME

Cause = Literal["contract", "revision", "config", "policy", "contradiction", "gpu", "version", "itself"]

DIGEST, GPU, MEMORY, VERSION = (
    "runtime.image_digest", "hardware.gpu_class", "hardware.gpu_memory", "runtime.version"
)  # fmt: skip
REVISIONS = ("model.revision", "tokenizer.revision", "model.code_revision")

_SHARED = ("serving.", "autoscaling.", "capacity.")
"""What surrounds a workload is the same for all of its replicas."""
_RANGES = (values.OneOf, values.Range, values.Versions)
"""Promises that several values keep: replicas that differ within one are as validated."""


class Apart(Struct, frozen=True):
    """One setting in which replicas differ for certain, with what each party runs with, and why."""

    setting: str
    values: tuple[tuple[Party, Effective], ...]
    cause: Cause


def compared(case: Case) -> list[Party]:
    """The parties whose container runs and goes on running."""
    return [party for party in case.parties if party.started and not party.leaving]


@lru_cache(maxsize=1)  # several checks ask, one after the other
def apart(case: Case) -> tuple[Apart, ...]:
    """Every setting in which the replicas differ for certain, in the order of the vocabulary."""
    parties = compared(case)
    if len(parties) < 2:
        return ()
    return tuple(
        Apart(setting, tuple((party, party.case.sheet.effective(setting)) for party in parties), cause)
        for setting in _names(parties)
        if _differ(setting, parties) and (cause := _cause(case, setting, parties)) is not None
    )


def of_cause(case: Case, *causes: Cause) -> list[Apart]:
    """Those of the settings that have one of these causes."""
    return [item for item in apart(case) if item.cause in causes]


def _names(parties: Sequence[Party]) -> list[str]:
    added = (name for party in parties for name in party.case.sheet.added())
    every = dict.fromkeys((*BY_NAME, *added))
    return [name for name in every if name != "runtime.image" and not name.startswith(_SHARED) and "*" not in name]


# ---- whether ---------------------------------------------------------------------------------------------------------


def _differ(setting: str, parties: Sequence[Party]) -> bool:
    """Whether two of them differ for certain, each kind of knowledge held against its own.

    What was seen of one says nothing against what another was started with, or what follows for it by the manifest: what
    a replica was not asked, or did not answer, is not known of it.
    """
    sheets = [party.case.sheet for party in parties]
    for known in ([sheet.observed(setting) for sheet in sheets], [sheet.echoed(setting) for sheet in sheets]):
        told = [fact for fact in known if fact is not None]
        if len(told) > 1 and any_apart(setting, told):
            return True
        if len(told) == len(parties) and all(fact.value not in (None, "auto") for fact in told):
            return False
    if setting == DIGEST or not any_apart(setting, [sheet.written(setting) for sheet in sheets]):
        return False
    return any_apart(setting, [sheet.effective(setting) for sheet in sheets])


def any_apart(setting: str, known: Sequence[Effective]) -> bool:
    """Whether any two of them are certainly different."""
    distinct: list[Effective] = []
    for each in known:
        answers = [equal(setting, each, other) for other in distinct]
        if False in answers:
            return True
        if True not in answers:
            distinct.append(each)
    return False


def equal(setting: str, a: Effective, b: Effective) -> bool | None:
    """Whether two values are the same by the vocabulary's own way of comparing this setting."""
    row = BY_NAME.get(setting)
    loose = setting == MEMORY or (row is not None and row.compare == "gpu-class")
    if not loose or not isinstance(a, Fact) or not isinstance(b, Fact):
        from skewguard.judge import comparison  # lazily: a manifest alone compares nothing

        return comparison.equal(setting, a, b)
    both = [comparing.kept(setting, values.Exactly(x.value), y.value) for x, y in ((a, b), (b, a))]
    return True if True in both else None if None in both else False


# ---- why -------------------------------------------------------------------------------------------------------------


def _cause(case: Case, setting: str, parties: Sequence[Party]) -> Cause | None:
    """What explains a difference; None where the contract allows it."""
    promise = _promise(case, setting)
    kept = [_keeps(setting, promise, party) for party in parties] if promise is not None else []
    if False in kept:
        return "contract"
    if kept and all(kept) and isinstance(promise, _RANGES):
        return None
    placed = setting.startswith("hardware.") or setting == DIGEST
    if _by_revision(setting, parties, placed=placed):
        return "revision"
    if not placed and _by(setting, parties, lambda party: party.outdated):
        return "config"
    if any(_changed(party, setting) for party in parties):
        return "policy"
    if setting == VERSION and _differ(DIGEST, parties):
        return "version"
    if any(contradiction(party.case, setting) is not None for party in parties):
        return "contradiction"
    if setting == MEMORY and _differ(GPU, parties):
        of_class = _cause(case, GPU, parties)
        return of_class if of_class in ("contract", None) else "gpu"
    return _derived_cause(setting, parties)


def _derived_cause(setting: str, parties: Sequence[Party]) -> Cause:
    """The GPU or the version, where the engine's rules make of them what runs."""
    derived = all(_follows(setting, party) for party in parties)
    if derived and _differ(GPU, parties):
        return "gpu"
    return "version" if derived and (_differ(VERSION, parties) or _differ(DIGEST, parties)) else "itself"


def _follows(setting: str, party: Party) -> bool:
    sheet = party.case.sheet
    known = sheet.written(setting)
    if isinstance(known, Gap) or (isinstance(known, Fact) and known.authority != "derived"):
        return False
    seen = sheet.observed(setting) or sheet.echoed(setting)
    return seen is None or seen.value in (None, "auto") or equal(setting, seen, known) is not False


def _by_revision(setting: str, parties: Sequence[Party], *, placed: bool) -> bool:
    """Whether each revision agrees with itself, and its template says what differs."""
    if not all(party.revision for party in parties) or not _by(setting, parties, lambda party: party.revision):
        return False
    if not placed:
        return True
    if setting == DIGEST:
        return len({_image(party) for party in parties}) > 1
    return any_apart(setting, [party.case.sheet.written(setting) for party in parties])


def _image(party: Party) -> str | None:
    image = party.case.container.image
    return image.value if image is not None else None


def _by(setting: str, parties: Sequence[Party], key: object) -> bool:
    """Whether parties of one key agree, and there is more than one key."""
    assert callable(key)
    groups: dict[object, list[Party]] = {}
    for party in parties:
        groups.setdefault(key(party), []).append(party)
    return len(groups) > 1 and not any(_differ(setting, group) for group in groups.values() if len(group) > 1)


def _changed(party: Party, setting: str) -> bool:
    return any(each.setting == setting for each in changed(party.case))


# ---- what one replica contradicts --------------------------------------------------------------------------------------


class Changed(Struct, frozen=True):
    """A setting that a pod's own spec gives another value than the template it was made from. None: not set there."""

    setting: str
    template: Fact | None
    pod: Fact | None


COPIED = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Rollout")
"""Kinds that make pods as their template says, and change nothing in it themselves."""
_VERSIONED = ("Deployment", "StatefulSet", "DaemonSet", "Rollout")
"""Those of them whose template may be edited while pods of an older one run on."""


def changed(case: Case) -> list[Changed]:
    """What the pods of a party say otherwise than the template they were made from."""
    wished = case.wished
    if wished is None or case.workload is wished.workload or case.workload.subject.kind not in COPIED:
        return []
    party = next((each for each in wished.parties if each.case is case), None)
    if party is None or party.current is False or (party.current is None and case.workload.subject.kind in _VERSIONED):
        return []  # made from another template, or from one that nobody can tell
    if any(each.behind or each.pending for each in (case.live.progress if case.live else ())):
        return []  # the newest edit of the template is in no pod yet
    names = dict.fromkeys((*wished.sheet.added(), *case.sheet.added()))
    pairs = (Changed(name, wished.sheet.declared(name), case.sheet.declared(name)) for name in names)
    return [pair for pair in pairs if _is_changed(pair) and not pair.setting.startswith(_SHARED)]


def _is_changed(pair: Changed) -> bool:
    if pair.template is None or pair.pod is None:
        alone = pair.template or pair.pod
        return alone is not None and not pair.setting.startswith("hardware.") and pair.setting != VERSION
    if pair.setting == "runtime.image":
        a, b = images.parse(str(pair.template.value)), images.parse(str(pair.pod.value))
        return (a.tag, a.digest) != (b.tag, b.digest)  # another repository alone is a mirror
    return equal(pair.setting, pair.template, pair.pod) is False


def contradiction(case: Case, setting: str) -> tuple[Fact, Fact] | None:
    """What was written and what the process shows instead, where no rule of the engine makes the one of the other."""
    written = case.sheet.declared(setting)
    seen = case.sheet.observed(setting) or case.sheet.echoed(setting)
    if written is None or seen is None or setting == "runtime.image":
        return None
    if written.value in (None, "auto") or seen.value == "auto" or _same_place(setting, written, seen):
        return None
    if seen.value is None and seen.authority != "observed":
        return None
    decided = (fact for fact in case.sheet.facts(setting) if fact.authority == "derived")
    if any(equal(setting, fact, seen) is not False for fact in decided):
        return None
    kept = comparing.kept(setting, values.Exactly(written.value, str(written.value)), seen.value)
    return (written, seen) if kept is False else None


_FULL_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_PATHS = ("model.id", "tokenizer.id", "tokenizer.chat_template", "runtime.generation_config")
"""Settings that an engine may show as the place it found: a folder of its cache, for a name on the Hub."""


def _same_place(setting: str, written: Fact, seen: Fact) -> bool:
    """Whether two names may be one thing: a name on the Hub and the folder it was fetched to, a branch and its commit."""
    if setting in REVISIONS:
        return _FULL_COMMIT.fullmatch(str(written.value)) is None  # a branch or tag, at the commit it led to
    if setting not in _PATHS:
        return False
    return str(written.value).startswith("/") != str(seen.value).startswith("/") or "://" in str(written.value)


def other(written: Fact, seen: Fact) -> bool:
    """Whether what is seen is certainly another thing than what is written, however the two are spelled."""
    setting = written.setting
    return not _same_place(setting, written, seen) and equal(setting, written, seen) is False


# ---- the contract's word -----------------------------------------------------------------------------------------------


def _promise(case: Case, setting: str) -> values.Promise | None:
    contract = case.binding.contract if case.binding else None
    clauses = contract.promised(case.workload.subject.role) if contract else ()
    return next((clause.promise for clause in clauses if clause.setting == setting), None)


def _keeps(setting: str, promise: values.Promise, party: Party) -> bool | None:
    known = party.case.sheet.effective(setting)
    return comparing.kept(setting, promise, known.value) if isinstance(known, Fact) else None


def broken(case: Case, setting: str) -> bool:
    """Whether a clause of the contract is broken by what is in effect, and tells it."""
    promise, known = _promise(case, setting), case.sheet.effective(setting)
    if promise is None or not isinstance(known, Fact):
        return False
    return comparing.kept(setting, promise, known.value) is False


# ---- in words --------------------------------------------------------------------------------------------------------


HIDDEN = "a secret"
_SHORT = len("sha256:") + 12
"""Characters of a digest that tell it from others to the eye."""


def shown(setting: str, known: Effective) -> str:
    """A value as a sentence bears it; what could be a secret stays one."""
    if isinstance(known, Choice):
        return "one of " + ", ".join(describing.value(setting, value) for value in known.values())
    if isinstance(known, Gap):
        return "not set" if known.rule == "absent" else "not known"
    name = setting.rpartition(".")[2]
    if redact.tree(known.value, name) != known.value:
        return HIDDEN
    if setting == DIGEST or setting.startswith(ARTIFACTS):
        return f"{str(known.value)[:_SHORT]}…"
    return describing.value(setting, known.value)


def sides(item: Apart) -> str:
    """Each value with the pods that run with it, and the place of one of them."""
    groups: dict[str, list[tuple[Party, Effective]]] = {}
    for party, known in item.values:
        groups.setdefault(shown(item.setting, known), []).append((party, known))
    return ", ".join(_side(text, group) for text, group in groups.items())


def _side(text: str, group: Sequence[tuple[Party, Effective]]) -> str:
    names = [pod for party, _ in group for pod in party.pods]
    place = next((f" ({known.origin.brief})" for _, known in group if isinstance(known, Fact)), "")
    return f"{text} on {kubectl.pods(names)}{place}"


def listed(items: Iterable[Apart], most: int = 4) -> str:
    """Several settings in a sentence, each with its values, without places."""
    told = [f"{item.setting} ({' and '.join(dict.fromkeys(_values(item)))})" for item in items]
    more = f" and {len(told) - most} more settings" if len(told) > most else ""
    return ", ".join(told[:most]) + more


def _values(item: Apart) -> Iterator[str]:
    for _, known in item.values:
        yield shown(item.setting, known)


def at_once(item: Apart, key: str) -> Choice | None:
    """Every value that replicas are known to run with, each with how many and which; None where no two are known.

    `key` is the input key of these replicas. Where some are not known, the numbers leave them out of the sum.
    """
    groups: dict[str, tuple[Fact, list[str]]] = {}
    for party, known in item.values:
        if isinstance(known, Fact):
            groups.setdefault(repr(known.value), (known, []))[1].extend(party.pods)
    every = sum(len(party.pods) for party, _ in item.values)
    arms = tuple(
        Arm(f"on {len(pods)} of {every} replicas ({kubectl.pods(pods)})", fact.value) for fact, pods in groups.values()
    )
    return Choice(item.setting, REPLICAS, (key,), arms) if len(arms) > 1 else None


def most(item: Apart) -> tuple[Fact | None, list[str]]:
    """The value that more replicas run with than with any other, and the pods that do not; None and none without one."""
    groups: dict[str, list[str]] = {}
    for party, known in item.values:
        groups.setdefault(shown(item.setting, known), []).extend(party.pods)
    first, second = sorted((len(pods) for pods in groups.values()), reverse=True)[:2]
    text = max(groups, key=lambda each: len(groups[each]))
    fact = next((known for _, known in item.values if shown(item.setting, known) == text), None)
    if first == second or not isinstance(fact, Fact):
        return None, []
    return fact, [pod for each, pods in groups.items() if each != text for pod in pods]
