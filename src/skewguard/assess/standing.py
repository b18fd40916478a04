"""From what runs to findings: every check on every kind of replica, and what is one fault told once.

Replicas of one container stand beside each other: a finding that several parties share names the pods of all of them, and
what each of them shows instead. One party that breaks a promise makes the promise broken, whatever is not known of others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from skewguard.assess import endpoints, evaluation
from skewguard.assess.evaluation import Anchor, Evaluation
from skewguard.judge.checks import contradicted, disagreements, kubectl, rollouts
from skewguard.judge.checks.interface import Case, Check, Party
from skewguard.language.findings import Finding

_OF_ENDPOINT = ("contract.mismatch", "contract.unbound", "contract.ambiguous", "facts.disagree")
"""What can be said of an engine of which no manifest is known."""

_BINDING = ("contract.unbound", "contract.ambiguous")
"""What is said of a container whether or not anything of it runs."""

_ENDING = ("Job", "CronJob")
"""Kinds whose pods are meant to be over one day."""

_SUPERSEDED: Mapping[str, tuple[str, ...]] = {
    "pin.replicas-image": ("pin.image-tag", "pin.image-digest"),
    "pin.replicas-revision": ("pin.model-revision", "pin.revision-commit", "pin.tokenizer-revision"),
    "hardware.replicas-gpu": ("hardware.gpu-class", "hardware.gpu-classes-mixed"),
}
"""Check → those that warn of what it has found, with the same remedy."""


class _Told(Struct):
    """One finding, with the party that has it."""

    party: Party
    finding: Finding


def evaluate(case: Case, checks: Iterable[Check], anchor: Anchor, *, list_passed: bool = False) -> Evaluation:
    """Run the checks over a container that runs, side by side and replica by replica."""
    rows = list(checks)
    parties = sorted((party for party in case.parties if not party.leaving), key=lambda party: -len(party.replicas))
    for party in parties:
        party.case.binding = case.binding
    whole = [row for row in rows if row.scope == "replicas"]
    own = [row for row in rows if row.scope == "container"]
    if case.workload.subject.kind == endpoints.KIND:
        whole, own = [], [row for row in own if row.id in _OF_ENDPOINT]
    result = evaluation.evaluate(case, whole, anchor, list_passed=list_passed)
    if not parties:
        alone = _of_nothing(case, own, anchor, list_passed=list_passed)
        _join(result, alone)
        result.findings += alone.findings
        return result
    told: list[_Told] = []
    refutable = {row.id for row in own if row.until_ready}
    for number, party in enumerate(parties):
        answer = evaluation.evaluate(party.case, own, anchor, list_passed=list_passed and number == 0)
        refuted = [item for item in answer.findings if party.ready and _is_refuted(item, refutable)]
        told += [_Told(party, item) for item in answer.findings if item not in refuted]
        answer.counts["skipped"] += len(refuted)
        _join(result, answer, counted=number == 0)
    result.findings += _folded(told, parties)
    result.findings = list(_distinct_causes(result.findings))
    return result


def _of_nothing(case: Case, own: Sequence[Check], anchor: Anchor, *, list_passed: bool) -> Evaluation:
    """What is said of a container of which nothing runs: what is declared stands, and is what will run next.

    What only a replica could decide is not open, for there is none. Of a Job that is over, and of one whose pods could not be
    read, only what binds it is told.
    """
    over = case.workload.subject.kind in _ENDING or rollouts.unread_pods(case) is not None
    rows = [row for row in own if not over or row.id in _BINDING]
    answer = evaluation.evaluate(case, rows, anchor, list_passed=list_passed)
    told = [item for item in answer.findings if item.verdict != "unknown" or item.check in _BINDING]
    answer.counts["skipped"] += len(own) - len(rows) + len(answer.findings) - len(told)
    answer.findings = told
    return answer


def _is_refuted(item: Finding, refutable: set[str]) -> bool:
    """Whether a replica that is ready shows the opposite: the engine has started."""
    return item.check in refutable and (item.severity == "error" or item.verdict == "unknown")


def _join(result: Evaluation, answer: Evaluation, *, counted: bool = True) -> None:
    """Take over what was counted; the passes of one container count once, however many parties it has."""
    result.crashes += answer.crashes
    if counted:
        result.resting += answer.resting
        for verdict, count in answer.counts.items():
            result.counts[verdict] += count
        if result.passed is not None:
            result.passed += answer.passed or ()


def _distinct_causes(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Without the warnings of what has happened, and is told."""
    happened = {item.check for item in findings if item.verdict == "fail"}
    silent = {name for check, names in _SUPERSEDED.items() if check in happened for name in names}
    return (item for item in findings if item.check not in silent)


# ---- one fault of several parties --------------------------------------------------------------------------------------


def _folded(told: Sequence[_Told], parties: Sequence[Party]) -> Iterator[Finding]:
    groups: dict[object, list[_Told]] = {}
    for item in told:
        groups.setdefault((item.finding.id, _place(item.finding)), []).append(item)
    every = sum(len(party.replicas) for party in parties)
    for group in groups.values():
        yield _one(group, every)


def _place(item: Finding) -> object:
    """What tells two faults of one anchor apart in one container; a clause is one fault wherever its value stands."""
    seen = item.observed
    return None if item.contract is not None or seen is None or seen.origin is None else seen.origin.text


def _one(group: Sequence[_Told], every: int) -> Finding:
    """One finding of all that have it. Failing outweighs not knowing; a crash outweighs both."""
    rank = {"error": 0, "fail": 1, "unknown": 2}
    ordered = sorted(group, key=lambda item: rank.get(item.finding.verdict, 3))
    first = ordered[0].finding
    alike = [item for item in ordered if item.finding.verdict == first.verdict]
    pods = list(dict.fromkeys(pod for item in alike for pod in item.party.pods))  # one party may have it at two places
    message = _message(alike, pods, every)
    unsure = list(dict.fromkeys(pod for item in ordered if item not in alike for pod in item.party.pods))
    if unsure:
        message += f"; not known of {kubectl.pods(unsure)}"
    remedy = contradicted.find_policy(alike[0].party.case) if _changed(alike[0]) else first.remedy
    return structs.replace(first, message=message, remedy=remedy, pods=tuple(first.pods or pods))


def _message(alike: Sequence[_Told], pods: Sequence[str], every: int) -> str:
    """The first message, with what the others show instead, and on how many replicas."""
    first = alike[0]
    differing: dict[str, list[str]] = {}
    for item in alike:
        differing.setdefault(item.finding.message, []).extend(item.party.pods)
    message = first.finding.message + _changed(first)
    if len(differing) > 1:
        rest = [(text, names) for text, names in differing.items() if text != first.finding.message]
        message += f" on {kubectl.pods(differing[first.finding.message])}"
        return message + "".join(
            f"; {_tail(first.finding.message, text)} on {kubectl.pods(names)}" for text, names in rest
        )
    if len(pods) < every:
        names = "" if pods[0] in message else f": {kubectl.pods(pods)}"
        message += f" ({len(pods)} of {every} replicas{names})"
    return message


def _changed(told: _Told) -> str:
    """That the template itself says something else, where a pod was changed on its way."""
    setting = told.finding.setting
    if told.finding.contract is None or setting is None:
        return ""
    for item in disagreements.changed(told.party.case):
        if item.setting == setting and item.template is not None:
            shown = disagreements.shown(setting, item.template)
            return (
                f"; its template says {shown} ({item.template.origin.brief}), and something changed the pod on its way"
            )
    return ""


def _tail(first: str, other: str) -> str:
    """What a second sentence says otherwise: behind the part that both begin with."""
    at = 0
    while at < min(len(first), len(other)) and first[at] == other[at]:
        at += 1
    begins = other.rfind(", ", 0, at)
    return other[begins + 2 :] if begins > 0 else other
