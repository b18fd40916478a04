"""A contract by itself: it binds nothing, names what nobody knows, or has a waiver that ended or meets nothing.

These checks have a contract for their subject, not a container: they are `OF_CONTRACTS`, and each is made by a function
below, once for a run.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from msgspec import Struct

from skewguard.judge.checks import contract_edits
from skewguard.judge.checks.interface import Case, Check, Result, check, fail, skipped, unknown
from skewguard.knowledge.contract import binding, describing, values, waiving
from skewguard.knowledge.contract.values import Contract
from skewguard.language.facts import Origin, Subject
from skewguard.language.findings import ContractRef


class About(Struct, frozen=True):
    """An answer about a contract as a whole, with the check it belongs to and the subject it is about."""

    check: Check
    subject: Subject
    result: Result


def _of_contract(case: Case) -> Iterator[Result]:
    del case
    yield skipped("judged once for each contract, not for each container")


NO_TARGET = check(
    "contract.no-target",
    title="A contract binds nothing",
    category="orchestration",
    severity="warning",
    why="No engine of the input is a target of this contract, so nothing of it was judged. An error where the "
    "contract was asked for by name (`--contract`): a check that judges nothing must not look green.",
    remedy="correct the targets, or give the manifest they mean",
)(_of_contract)

WAIVER_EXPIRED = check(
    "contract.waiver-expired",
    title="A waiver has ended",
    category="orchestration",
    severity="warning",
    why="The waiver's last day has passed, so the finding it excused counts again.",
    remedy="mend what it excused, or decide anew and write a later `until`",
)(_of_contract)

WAIVER_UNUSED = check(
    "contract.waiver-unused",
    title="A waiver excuses nothing",
    category="orchestration",
    severity="note",
    why="No finding meets this waiver. Left behind, it would silently excuse the next one that does.",
    remedy="remove the waiver",
)(_of_contract)

UNKNOWN_NAME = check(
    "contract.unknown-name",
    title="A contract names what no known release has",
    category="runtime",
    severity="warning",
    why="A setting, value, variable or GPU class that nobody knows is most often misspelt. Then the promise that "
    "was meant is not made, and the manifest that breaks it passes.",
    remedy="correct the name in the contract",
    bad="spec: {runtime: {engine: vllm, dtype: bfloat61}}",
    good="spec: {runtime: {engine: vllm, dtype: bfloat16}}",
)(_of_contract)

OF_CONTRACTS = (NO_TARGET, UNKNOWN_NAME, WAIVER_EXPIRED, WAIVER_UNUSED)
"""Checks whose subject is a contract: a runner over cases may leave them out."""


def without_target(
    contracts: Sequence[Contract],
    bindings: Sequence[values.Binding],
    subjects: Iterable[Subject],
    wanted: Callable[[Contract], bool | None],
) -> Iterator[About]:
    """Contracts that bind nothing: an error for those that were `wanted`, by name (`--contract`) or by `verify`.

    None: what they mean may be in what could not be read.
    """
    idle = binding.without_target(contracts, bindings)
    present = _some(dict.fromkeys(str(subject) for subject in subjects)) if idle else ""
    for contract in idle:
        targets = _some(dict.fromkeys(f"{target.kind}/{target.name}" for target in contract.targets), " or ")
        sure = wanted(contract)
        doubt = ", and what could not be read may hold it" if sure is None else ""
        result = (unknown if sure is None else fail)(
            f"contract {contract.name} binds nothing: it targets {targets}, and the engines of the input are: {present}{doubt}",
            remedy=f"correct `targets` at {contract.targets[0].origin.brief}, or add the manifest of {targets}",
            at=contract.origin,
            severity="error" if sure is not False else None,
            contract=ContractRef(contract.name, contract.origin),
        )
        yield About(NO_TARGET, _subject(contract), result)


_MOST_NAMED = 5
"""Names that one sentence bears."""


def _some(names: Iterable[str], joint: str = ", ") -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_NAMED} more" if len(listed) > _MOST_NAMED else ""
    return (joint.join(listed[:_MOST_NAMED]) or "none") + more


def unknown_names(contracts: Iterable[Contract], told: Collection[Origin]) -> Iterator[About]:
    """Clauses that name what nobody knows; not those at the places that were `told` with a container they bind."""
    for contract in contracts:
        for clause in contract.doubtful():
            if clause.origin in told:
                continue
            result = fail(
                f"contract {contract.name} promises {describing.promise(clause.setting, clause.promise)}, but {clause.doubt}",
                remedy=contract_edits.correction(clause),
                setting=clause.setting,
                at=clause.origin,
                contract=ContractRef(contract.name, clause.origin),
            )
            yield About(UNKNOWN_NAME, _subject(contract), result)


def waivers(settled: waiving.Settled) -> Iterator[About]:
    """What is to be said about waivers: those that ended, those that excuse nothing."""
    for rule, finding in settled.expired:
        told = f"the waiver of {rule.check} ended on {rule.until}: {rule.reason}. {finding.subject} is judged again"
        yield _about_rule(WAIVER_EXPIRED, rule, told, finding.subject)
    for rule in settled.unused:
        told = f"the waiver of {rule.check} excuses nothing in this input: {rule.reason}"
        yield _about_rule(WAIVER_UNUSED, rule, told, rule.subject)


def _about_rule(about: Check, rule: values.WaiverRule, message: str, subject: Subject | None) -> About:
    place = rule.origin.brief
    result = fail(
        message,
        remedy=f"{about.remedy} ({place})",
        anchor=rule.check,
        at=rule.origin,
        value=rule.until,
        expected=rule.check,
    )
    return About(about, subject or Subject(kind=values.KIND, name=rule.origin.ref), result)


def _subject(contract: Contract) -> Subject:
    return Subject(kind=values.KIND, name=contract.name, namespace=contract.namespace)
