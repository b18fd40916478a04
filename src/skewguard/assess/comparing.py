"""One container that runs, side by side: what was promised, what is written, what follows, and what each party runs with."""

from collections.abc import Iterator, Sequence

from skewguard.judge.checks import disagreements, rollouts
from skewguard.judge.checks.interface import Case, Check, Party
from skewguard.knowledge.contract import comparing, describing, values
from skewguard.knowledge.contract.values import Clause
from skewguard.language import vocabulary
from skewguard.language.facts import UNSEEN, Effective, Fact, Gap, Subject
from skewguard.language.findings import Finding
from skewguard.language.running import Unread
from skewguard.language.verifications import Compared, LiveSubject, ReplicaGroup, State
from skewguard.language.vocabulary import BY_NAME


def laid_beside(case: Case, findings: Sequence[Finding], *, everything: bool) -> LiveSubject:
    """One container with its replicas. `findings` are those about it; `everything`: settings that nobody asks about too."""
    contract = case.binding.contract if case.binding else None
    live = case.live
    return LiveSubject(
        subject=case.sheet.subject,
        engine=case.engine,
        version=_version(case),
        contract=contract.name if contract else None,
        state=_state(case, findings),
        desired=rollouts.desired_of(case),
        groups=tuple(_group(party, case) for party in case.parties),
        settings=tuple(_settings(case, everything=everything)),
        owners=live.owners if live else (),
        revisions=live.revisions if live else (),
        unread=tuple(dict.fromkeys(_unread(case))),
    )


def gaps(live: LiveSubject) -> Iterator[tuple[Subject, Gap]]:
    """What is not known of what runs: each setting with its reason, once for all the replicas it is unknown of."""
    open_ = (each for line in live.settings for each in line.groups if isinstance(each, Gap) and each.rule != "absent")
    yield from ((live.subject, each) for each in dict.fromkeys(open_))


def _version(case: Case) -> str | None:
    """The version that runs, where all replicas run the same; else what the manifest says."""
    facts = [party.case.sheet.effective("runtime.version") for party in disagreements.compared(case)]
    known = {str(fact.value) for fact in facts if isinstance(fact, Fact)}
    if len(known) == 1 and all(isinstance(fact, Fact) for fact in facts):
        return known.pop()
    return case.release.version if case.release else None


_GRAVER = ("pin.model-revision", "pin.tokenizer-revision", "serving.loopback", "serving.not-ready")
"""Checks that call some of what they find an error, though they are none of errors."""


def decides(check: Check) -> bool:
    """Whether the answers of a check can decide the state of a container: whatever may be an error."""
    return check.severity == "error" or check.group == "contract" or check.id in _GRAVER


def _state(case: Case, findings: Sequence[Finding]) -> State:
    if any(item.verdict == "fail" and item.severity == "error" for item in findings):
        return "skewed"
    if any(item.group == "contract" and item.verdict == "unknown" for item in findings):
        return "undecided"
    staying = any(not party.leaving for party in case.parties)
    if not staying and not rollouts.desired_of(case) and rollouts.unread_pods(case) is None:
        return "empty"
    if case.binding is not None and len(case.binding.candidates) > 1:
        return "undecided"
    return "verified" if case.binding is not None and case.binding.contract is not None else "unpromised"


def _unread(case: Case) -> Iterator[Unread]:
    yield from case.live.unread if case.live else ()
    for party in case.parties:
        yield from party.unread


def _group(party: Party, case: Case) -> ReplicaGroup:
    machines = dict.fromkeys(each.machine.name for each in party.replicas if each.machine is not None)
    statuses = [status for each in party.replicas if (status := each.running(case.container.name)) is not None]
    return ReplicaGroup(
        pods=party.pods,
        machines=tuple(machines),
        ready=party.ready,
        revision=party.revision,
        current=party.current is not False,
        restarts=max((status.restarts for status in statuses), default=0),
        terminating=len(party.replicas) if party.leaving else 0,
        role=case.workload.subject.role,
        note="; ".join(_notes(party, [status.state for status in statuses])),
    )


def _notes(party: Party, states: Sequence[str]) -> Iterator[str]:
    if not party.started:
        yield states[0] if states else party.replicas[0].phase or "not started"
    if party.outdated:
        yield f"started before {' and '.join(party.outdated)} changed"


# ---- settings --------------------------------------------------------------------------------------------------------


def _settings(case: Case, *, everything: bool) -> Iterator[Compared]:
    """What was promised and what differs, first; then everything else that is known of it."""
    contract = case.binding.contract if case.binding else None
    clauses = {
        clause.setting: clause
        for clause in (contract.promised(case.workload.subject.role) if contract else ())
        if not clause.pattern and not isinstance(clause.promise, values.Anything)
    }
    apart = dict.fromkeys(differing(case))
    first = dict.fromkeys((*clauses, *apart))
    for name in first:
        yield _compared(case, name, clauses.get(name), differs=name in apart)
    for name in _others(case) if everything else ():
        if name not in first:
            yield _compared(case, name, None, differs=False)


def differing(case: Case) -> Iterator[str]:
    """Settings in which any two groups certainly differ, whoever says so; a finding asks for more."""
    if len(case.parties) < 2:
        return
    sheets = [party.case.sheet for party in case.parties]
    for name in _others(case):
        if disagreements.any_apart(name, [sheet.effective(name) for sheet in sheets]):
            yield name


def _others(case: Case) -> Iterator[str]:
    """Settings with a value, in the order of the vocabulary; the engine's own where somebody wrote or saw them."""
    sheets = [party.case.sheet for party in case.parties] or [case.sheet]
    added = dict.fromkeys(name for sheet in sheets for name in sheet.added())
    for name in dict.fromkeys((*BY_NAME, *added)):
        if "*" not in name and not all(_is_absent(sheet.effective(name)) for sheet in sheets):
            yield name


def _is_absent(known: Effective) -> bool:
    return isinstance(known, Gap) and known.rule == "absent"


def _compared(case: Case, setting: str, clause: Clause | None, *, differs: bool) -> Compared:
    declared = case.sheet.declared(setting)
    derived = case.sheet.default(setting) if declared is None or declared.value == "auto" else None
    if isinstance(derived, Gap) and derived.rule == UNSEEN:
        derived = None  # behind a URL nothing is derived; what the engine itself says stands beside it
    groups = tuple(party.case.sheet.effective(setting) for party in case.parties)
    return Compared(
        setting=setting,
        unit=vocabulary.unit(setting),
        promised=describing.short(setting, clause.promise) if clause is not None else None,
        declared=declared,
        derived=derived,
        groups=groups,
        differs=differs,
        broken=clause is not None and any(_breaks(clause, known) for known in groups),
    )


def _breaks(clause: Clause, known: object) -> bool:
    return isinstance(known, Fact) and comparing.kept(clause.setting, clause.promise, known.value) is False
