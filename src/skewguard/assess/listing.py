"""One container that runs an engine as one row of a list: what it serves, on how many of which GPUs, and how it stands.

A number that nobody knows is None, never 0; what replicas do not agree on is told, not chosen.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from skewguard.judge.checks import rollouts
from skewguard.judge.checks.interface import Case, Party
from skewguard.language.facts import Choice, Effective, Fact
from skewguard.language.verifications import Discovered, LiveSubject

COUNT, CLASS = "hardware.gpu_count", "hardware.gpu_class"


def discovered(case: Case, standing: LiveSubject, beside: Sequence[str] = ()) -> Discovered:
    """The row of a case; `standing` is what its checks made of it, `beside` what is said of its pods' other containers."""
    staying = [party for party in case.parties if not party.leaving]
    cases = [party.case for party in staying] or [case]
    own, live = case.sheet.subject, case.live
    owner = next((each for each in standing.owners if each.via != "managed-fields"), None)  # those name a program alone
    return (
        Discovered(
            subject=own,
            engine=case.engine,
            version=standing.version,
            model=_agreed(cases, "model.id"),
            served_name=_agreed(cases, "model.served_name"),
            gpu_count=gpus(staying, case),
            gpu_classes=tuple(dict.fromkeys(name for each in cases for name in _classes(each.sheet.effective(CLASS)))),
            gpus=_by_class(staying),
            desired=rollouts.desired_of(case),
            ready=None if not staying and _is_blind(case) else sum(party.ready for party in staying),
            there=None if not staying and _is_blind(case) else sum(len(party.replicas) for party in staying),
            contract=standing.contract,
            state=standing.state,
            owner=f"{owner.kind} {f'{owner.namespace}/' if owner.namespace else ''}{owner.name}" if owner else None,
            notes=(*_notes(case, cases), *beside),
        )
        if live is not None
        else Discovered(own, case.engine, standing.version)
    )


def _known(cases: Sequence[Case], setting: str) -> list[str]:
    """The values that are known of a setting, each once; a list of names is one value."""
    facts = (each.sheet.effective(setting) for each in cases)
    values = [fact.value for fact in facts if isinstance(fact, Fact) and fact.value not in (None, "")]
    return list(dict.fromkeys(", ".join(map(str, each)) if isinstance(each, list) else str(each) for each in values))


def _agreed(cases: Sequence[Case], setting: str) -> str | None:
    found = _known(cases, setting)
    return found[0] if len(found) == 1 else None


def gpus(parties: Sequence[Party], case: Case) -> int | None:
    """The GPUs of all its replicas together; of none where it is scaled to none."""
    if not parties:
        return 0 if rollouts.desired_of(case) == 0 else None
    each = [(party.case.sheet.effective(COUNT), len(party.replicas)) for party in parties]
    counts = [
        fact.value * replicas for fact, replicas in each if isinstance(fact, Fact) and isinstance(fact.value, int)
    ]
    return sum(counts) if len(counts) == len(each) else None


def _by_class(parties: Sequence[Party]) -> tuple[tuple[str, int], ...]:
    """The GPUs of all its replicas by class; empty where the class or number of some is not known."""
    found: Counter[str] = Counter()
    for party in parties:
        name, count = (party.case.sheet.effective(setting) for setting in (CLASS, COUNT))
        if not isinstance(name, Fact) or not isinstance(name.value, str):
            return ()
        if not isinstance(count, Fact) or not isinstance(count.value, int):
            return ()
        found[name.value] += count.value * len(party.replicas)
    return tuple(found.items())


def _classes(known: Effective) -> Iterator[str]:
    """The classes that a value names; of a choice those that it leaves open."""
    values = known.values() if isinstance(known, Choice) else [known.value] if isinstance(known, Fact) else []
    for value in values:
        yield from (map(str, value) if isinstance(value, list) else [str(value)] if value else [])


def _is_blind(case: Case) -> bool:
    """Whether there may be pods that could not be read."""
    return case.live is not None and any(each.hides == "what runs" for each in case.live.unread)


def _notes(case: Case, cases: Sequence[Case]) -> Iterator[str]:
    found = case.recognition
    if found is not None:
        yield found.reason if found.certain else f"not certain: {found.reason}"
    for setting in ("model.id", "model.served_name"):
        values = _known(cases, setting)
        if len(values) > 1:
            yield f"replicas differ in {setting}: {', '.join(values)}"
    yield from case.workload.notes
