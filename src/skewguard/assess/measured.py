"""What a measurement is bound to: every setting of the containers that serve, their number, and their GPUs."""

from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from skewguard.assess import listing
from skewguard.judge.checks import listening
from skewguard.judge.checks.interface import Case, Party
from skewguard.language.facts import Choice, Fact, Gap, Subject

MODEL_NAMES = ("model.served_name", "model.id")


class Bound(Struct, frozen=True):
    """What is known of what was measured: all facts, and what nobody knows with its reason.

    `replicas` are those that can take requests; `gpus` those of all of them. None: not known.
    """

    subject: Subject
    engine: str | None = None
    version: str | None = None
    model: str | None = None
    facts: tuple[Fact, ...] = ()
    gaps: tuple[Gap, ...] = ()
    replicas: int | None = None
    gpus: int | None = None


def serving(cases: Iterable[Case]) -> list[Case]:
    """Those that take requests, and are no workers of another one."""
    return [case for case in cases if not listening.worker(case)]


def staying(case: Case) -> list[Party]:
    """The replicas of a case that run and are not being deleted."""
    return [party for party in case.parties if party.started and not party.leaving]


def bound(case: Case) -> Bound:
    """What a measurement of one container is bound to, its number and its GPUs aside."""
    facts, gaps = told(case)
    version = case.release.version if case.release is not None and case.release.certainty == "exact" else None
    return Bound(
        subject=structs.replace(case.sheet.subject, pod=None, source=None),
        engine=case.engine,
        version=version,
        model=named(case),
        facts=facts,
        gaps=gaps,
    )


def counted(known: Bound, case: Case, every: Sequence[Case]) -> Bound:
    """The same with the replicas that are ready, and the GPUs of all engines of its object (`every`)."""
    found = [listing.gpus(staying(each), each) for each in every]
    known_gpus = [count for count in found if count is not None]
    return structs.replace(
        known,
        replicas=sum(party.ready for party in staying(case)),
        gpus=sum(known_gpus) if len(known_gpus) == len(found) else None,
    )


def told(case: Case) -> tuple[tuple[Fact, ...], tuple[Gap, ...]]:
    """Every setting of a case: its value with the authority that decides, or why there is none."""
    facts: list[Fact] = []
    gaps: list[Gap] = []
    for name in case.sheet.names():
        known = case.sheet.effective(name)
        if isinstance(known, Fact):
            facts.append(known)
        else:
            gaps.append(known if isinstance(known, Gap) else _open(known))
    return tuple(facts), tuple(gaps)


def _open(choice: Choice) -> Gap:
    """A value that hangs on one input, as what nobody knows here."""
    arms = "; ".join(f"{arm.when}: {arm.value}" for arm in choice.arms)
    return Gap(choice.setting, f"it depends on what is not known: {arms}", choice.rule, choice.inputs)


def named(case: Case) -> str | None:
    """The name that requests give: the first one it serves under, else that of the model."""
    for setting in MODEL_NAMES:
        known = case.sheet.effective(setting)
        value = known.value if isinstance(known, Fact) else None
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str) and first:
            return first
    return None
