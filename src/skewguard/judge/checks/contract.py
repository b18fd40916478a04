"""The contract against what runs: every clause judged, and every container under exactly one contract.

`contract.mismatch` gives one answer for each clause, told apart by `setting`. What is said about a contract as a whole,
whatever it binds, stands in `contract_itself`.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from skewguard.judge.checks import (
    contract_bounds,
    contract_edits,
    contract_effects,
    contract_load,
    evidence,
    kubectl,
    members,
    numbers,
)
from skewguard.judge.checks.interface import Case, Result, check, fail, skipped
from skewguard.knowledge.contract import comparing, describing, values
from skewguard.knowledge.contract.values import Clause, Contract
from skewguard.language import vocabulary
from skewguard.language.facts import Choice, Fact, Gap
from skewguard.language.findings import Category, ContractRef, Verdict

_PINNED = 40
"""Hex digits of a Hub commit: an input key that ends in one names a file that nobody can change."""


@check(
    "contract.mismatch",
    title="A promise of the contract is not kept",
    category="runtime",
    severity="error",
    why="The contract holds the settings the model was validated and measured with. An engine that runs with others "
    "starts, answers, and is a different model or a different speed than the one that was accepted.",
    remedy="change the manifest to what the contract promises, or change the contract if the new value was validated",
    phases=("static", "live", "load"),
    bad="args: [--max-num-seqs, '512']   # the contract promises limits.max_num_seqs: {max: 256}",
    good="args: [--max-num-seqs, '256']",
)
def mismatch(case: Case) -> Iterator[Result]:
    """One answer for each clause of the contract that binds the container."""
    contract = case.binding.contract if case.binding else None
    if contract is None:
        yield skipped("no contract binds this container")
    elif case.phase == "load":
        # What a URL does not show is the manifest's to answer, which is judged beside it.
        yield from (each for each in judge(case, contract) if each.verdict == "fail" and each.fact is not None)
        yield from contract_load.objectives(case, contract)
    else:
        yield from judge(case, contract)


@check(
    "contract.unbound",
    title="An engine is under no contract",
    category="orchestration",
    severity="warning",
    why="Contracts are given, and this engine is named by none of them: nothing holds its settings to what was "
    "validated. Often the workload or its container was renamed.",
    remedy="add it to the targets of a contract, or write one with `skewguard init`",
)
def unbound(case: Case) -> Iterator[Result]:
    """Contracts were given, and none picks this container."""
    if case.binding is None or not case.binding.given:
        yield skipped("no contract was given")
    elif not case.binding.candidates:
        who = case.sheet.subject
        yield fail(
            f"no contract covers {who}, so nothing holds what it runs with to what was validated",
            remedy=f"add `{{kind: {who.kind}, name: {who.name}}}` to the targets of its contract, "
            "or write one with `skewguard init`",
            at=case.container.origin,
            value=case.container.name,
        )


@check(
    "contract.ambiguous",
    title="Two contracts bind one container",
    category="orchestration",
    severity="error",
    why="Two contracts promise for the same container, so neither says what is meant, and neither is judged.",
    remedy="narrow the targets until one contract is left",
)
def ambiguous(case: Case) -> Iterator[Result]:
    """More than one contract picks this container."""
    candidates = case.binding.candidates if case.binding else ()
    if len(candidates) > 1:
        named = " and ".join(f"{contract.name} ({contract.origin.brief})" for contract in candidates)
        yield fail(
            f"{case.sheet.subject} is under {len(candidates)} contracts, {named}; none of them was judged",
            remedy="narrow the `targets` of all but one of them (namespace, container, role)",
            at=case.container.origin,
            value=case.container.name,
            expected=[contract.name for contract in candidates],
        )


def judge(case: Case, contract: Contract) -> Iterator[Result]:
    """Every clause of a contract against one container, in the order of the contract."""
    clauses = contract.promised(case.workload.subject.role)
    named = {clause.setting for clause in clauses}
    for clause in clauses:
        judged = _Judged(case, contract, clause)
        if members.inherits(case, clause.setting):
            yield skipped("the leader of its group is judged on it", setting=clause.setting)
        elif clause.pattern:
            yield from judged.pattern(named)
        elif not isinstance(clause.promise, values.Anything):
            yield judged.verdict()


class _Judged:
    """One clause against one container."""

    def __init__(self, case: Case, contract: Contract, clause: Clause) -> None:
        self._case = case
        self._contract = contract
        self._clause = clause
        self._setting = clause.setting
        self._promise = clause.promise

    def verdict(self) -> Result:
        """What is known of the setting, held against the promise."""
        written = self._written()
        if _left_open(self._promise) and written is None and not self._dark():
            return self._answer("pass", "nobody sets it", assumes=self._rests_on())
        if isinstance(self._promise, values.Unset):
            return self._unset(written)
        effective = self._case.sheet.effective(self._setting)
        if isinstance(effective, Gap) and effective.rule == "absent":
            effective = self._own_variable() or effective
        if isinstance(effective, Fact):
            return self._fact(effective)
        if isinstance(effective, Choice):
            return self._choice(effective)
        return self._gap(effective)

    def pattern(self, named: set[str]) -> Iterator[Result]:
        """`vllm.*: unset`: every setting of the engine outside the vocabulary that no other clause names."""
        blind = self._case.parsed.blind if self._case.parsed else None
        variables = ".env." in self._setting
        hidden = evidence.hidden_variables(self._case, self._setting) if variables else blind
        if hidden is not None:
            yield self._unsettled(hidden, f"but nobody can say what else is set: {hidden.reason}")
            return
        broken = False
        for setting in self._case.sheet.names():
            covered = fnmatchcase(setting, self._setting) and (".env." in setting) == variables
            if not covered or setting in named or setting in vocabulary.BY_NAME:
                continue
            own = _Judged(self._case, self._contract, Clause(setting, values.Unset(), self._clause.origin))
            written = own._written()
            if written is not None and not own._repeats_default(written):
                broken = True
                yield own._unset(written)
        if not broken:
            yield self._answer("pass", "nobody sets another one", assumes=self._rests_on())

    def _rests_on(self) -> tuple[str, ...]:
        """What a pass assumes because the start of the engine itself is not certain."""
        found = self._case.recognition
        row = vocabulary.BY_NAME.get(self._setting)
        return found.assumes if found is not None and (row is None or bool(row.called)) else ()

    def _written(self) -> Fact | Gap | None:
        """What somebody wrote for the setting; a gap where they wrote what nobody can read."""
        declared = self._case.sheet.declared(self._setting)
        if declared is not None:
            return None if declared.value == "auto" else declared
        if ".env." in self._setting:
            return self._own_variable()
        if vocabulary.destination(self._case.engine, self._setting) is None:
            return None
        return evidence.concealed(self._case, self._setting)

    def _repeats_default(self, written: Fact | Gap) -> bool:
        """Whether somebody wrote out what the engine takes anyway: that changes nothing."""
        default = self._case.sheet.default(self._setting)
        return (
            isinstance(written, Fact)
            and isinstance(default, Fact)
            and bool(comparing.kept(self._setting, values.Exactly(default.value), written.value))
        )

    def _own_variable(self) -> Fact | Gap | None:
        """What the container gives a variable that is promised, whether the engine reads it or not."""
        if ".env." not in self._setting:
            return None
        known = self._case.sheet.effective(self._setting)
        name = self._setting.partition(".env.")[2]
        entry = self._case.container.variable(name)
        if isinstance(known, Gap) and known.rule != "absent":
            return known
        if entry is None:
            return evidence.hidden_variables(self._case, self._setting)
        if entry.value is not None:
            assumes = self._case.container.doubts(name)
            return Fact(self._setting, entry.value, "declared", entry.origin, assumes)
        source = entry.ref or entry.source
        return Gap(self._setting, entry.why_unknown or f"its value comes from {source}", "env", (f"env@{source}",))

    def _dark(self) -> bool:
        """Whether the engine's arguments cannot be read here at all, though the setting is one of them."""
        row = vocabulary.BY_NAME.get(self._setting)
        engines_own = ".env." not in self._setting if row is None else bool(row.called)
        return self._case.parsed is None and engines_own

    def _unset(self, written: Fact | Gap | None) -> Result:
        if isinstance(written, Fact):
            return self._broken(written)
        if written is None and not self._dark():
            return self._answer("pass", "nobody sets it", assumes=self._rests_on())
        reason = written.reason if written else f"skewguard cannot read the arguments of {self._case.title}"
        return self._unsettled(written, f"but nobody can say whether somebody does: {reason}")

    def _fact(self, fact: Fact) -> Result:
        kept = comparing.kept(self._setting, self._promise, fact.value)
        if kept and isinstance(self._promise, values.Range) and numbers.senseless(self._case.engine, fact):
            return self._broken(fact)
        if kept:
            return self._answer("pass", "", fact=fact, assumes=fact.assumes)
        if kept is None or vocabulary.undecided(self._setting, fact.value):
            return self._unsettled(None, f"{_seen(fact, self._setting)}, which cannot be compared", fact)
        return self._broken(fact)

    def _broken(self, fact: Fact) -> Result:
        return self._answer(
            "fail",
            f"{self._promised()}, {_seen(fact, self._setting)}",
            fact=fact,
            remedy=self._remedy(fact),
            assumes=fact.assumes,
            effect=contract_effects.effect(self._case, self._setting, self._promise, fact),
        )

    def _choice(self, choice: Choice) -> Result:
        answers = [comparing.kept(self._setting, self._promise, value) for value in choice.values()]
        if all(answers):
            return self._answer("pass", "every way the engine can decide keeps it", assumes=choice.assumes)
        arms = "; ".join(f"{arm.when}: {describing.value(self._setting, arm.value)}" for arm in choice.arms)
        if all(answer is False for answer in answers):
            message = f"{self._promised()}, but it turns out otherwise in every case ({arms})"
            return self._answer(
                "fail",
                message,
                remedy=self._remedy(None),
                inputs=choice.inputs,
                value=choice.values(),
                assumes=choice.assumes,
            )
        gap = Gap(self._setting, arms, choice.rule, choice.inputs)
        meets = "what the engine meets" if choice.rule != "autoscaler" else "which autoscaler wrote last"
        return self._unsettled(gap, f"but it depends on {meets} ({arms})")

    def _gap(self, gap: Gap) -> Result:
        known = contract_bounds.already_broken(self._case, gap, self._promise)
        if known is not None:
            return self._broken(known)
        nothing = isinstance(self._promise, values.Nothing)
        row = vocabulary.BY_NAME.get(self._setting)
        if nothing and gap.rule == "absent":
            return self._answer("pass", "nothing sets it")
        checkpoint = [key for key in gap.inputs if not key.startswith("gpu@")]  # no GPU quantizes a checkpoint
        if nothing and checkpoint and all(_is_pinned(key) for key in checkpoint):
            return self._answer("skipped", "the pinned revision fixes it; the checkpoint itself shows it")
        if row is not None and self._case.phase not in row.phases and gap.rule == "absent":
            return self._answer("skipped", f"only what is running shows {self._setting}")
        if gap.rule == "absent" and contract_edits.shown_alone(self._case, self._setting):
            return self._unshown(gap)
        if gap.rule == "absent":
            return self._absent(gap)
        return self._unsettled(gap, f"but nobody can say whether it holds: {gap.reason}")

    def _unshown(self, gap: Gap) -> Result:
        """No argument sets it: a manifest says nothing of it, and of what runs it was not read."""
        if self._case.phase == "static":
            return self._answer("skipped", f"only what is running shows {self._setting}")
        return self._unsettled(gap, "but nothing that was read of the server shows it")

    def _absent(self, gap: Gap) -> Result:
        """Nothing sets it, and the engine has no value of its own: misspelt, of another version, or in another file."""
        engine, _, _ = self._setting.partition(".")
        release = self._case.release
        if release is None or release.certainty != "exact" or self._setting in vocabulary.BY_NAME:
            where = contract_edits.would_need(self._case, self._setting)
            nothing = "nothing that was read" if self._case.phase == "live" else "nothing in the input"
            return self._unsettled(gap, f"but {nothing} sets it; {where} would show it")
        if ".env." in self._setting:
            message = f"{self._promised()}, but the container does not set the variable"
        elif engine != self._case.engine:
            message = f"{self._promised()}, but the container runs {self._case.title}"
        else:
            message = f"{self._promised()}, but {self._case.title} {release.text} has no such setting"
        return self._answer("fail", message, remedy=self._remedy(None))

    def _unsettled(self, gap: Gap | None, why: str, fact: Fact | None = None) -> Result:
        need = gap.would_need if gap and gap.would_need else ""
        edit = contract_edits.deciding(self._case, self._setting, self._promise)
        remedy = ", or ".join(part for part in (edit, f"supply {need}" if need else "") if part)
        remedy = remedy or f"supply {contract_edits.would_need(self._case, self._setting)}"
        return self._answer(
            "unknown",
            f"{self._promised()}, {why}",
            remedy=f"{self._correction()}{remedy}",
            fact=fact,
            inputs=gap.inputs if gap else (),
        )

    def _promised(self) -> str:
        doubt = f" ({self._clause.doubt})" if self._clause.doubt else ""
        return f"contract {self._contract.name} promises {describing.promise(self._setting, self._promise)}{doubt}"

    def _correction(self) -> str:
        """The first thing to do where the contract may be at fault, not the manifest."""
        return f"{contract_edits.correction(self._clause)}; else " if self._clause.doubt else ""

    def _remedy(self, fact: Fact | None) -> str:
        edit = contract_edits.edit(self._case, self._setting, self._promise, fact)
        if contract_edits.nowhere(self._case, self._setting) is not None:
            return (
                contract_edits.correction(self._clause)
                if self._clause.doubt
                else f"{edit} ({self._clause.origin.brief})"
            )
        if self._clause.doubt:
            return f"{self._correction()}{edit}"
        if fact is not None and fact.authority == "observed" and self._kept_in_writing():
            return self._as_written(fact)
        return f"{edit}; if the new value was validated, change the contract at {self._clause.origin.brief}"

    def _kept_in_writing(self) -> bool:
        """Whether the manifest keeps the promise, so that no edit of it helps."""
        written = self._case.sheet.declared(self._setting)
        return written is not None and bool(comparing.kept(self._setting, self._promise, written.value))

    def _as_written(self, fact: Fact) -> str:
        written, pods = self._case.sheet.declared(self._setting), [each.name for each in self._case.replicas]
        where = written.origin.brief if written is not None else "the manifest"
        again = f"; then {kubectl.restart(self._case, pods)}" if pods else ""
        return f"{where} keeps it already: find out why {fact.origin.ref} shows something else{again}"

    def _answer(self, verdict: Verdict, message: str, **more: Any) -> Result:
        row = vocabulary.BY_NAME.get(self._setting)
        category: Category = row.category if row else "runtime"
        return Result(
            verdict,
            message,
            setting=self._setting,
            anchor=contract_edits.anchor(self._case, self._setting),
            expected=describing.expected(self._promise),
            category=category,
            contract=ContractRef(self._contract.name, self._clause.origin),
            **more,
        )


def _left_open(promise: values.Promise) -> bool:
    """Whether leaving the setting to the engine keeps the promise."""
    if isinstance(promise, values.OneOf):
        return any(_left_open(option) for option in promise.options)
    return isinstance(promise, values.Unset) or (isinstance(promise, values.Exactly) and promise.value == "auto")


def _is_pinned(key: str) -> bool:
    """Whether an input key names a file at a full commit (`config.json@MODEL@REVISION`)."""
    revision = key.rpartition("@")[2]
    return (
        key.startswith("config.json@") and len(revision) == _PINNED and all(c in "0123456789abcdef" for c in revision)
    )


def _seen(fact: Fact, setting: str) -> str:
    """Where the value comes from and what it is, as the second half of a sentence."""
    shown = describing.value(setting, fact.value)
    if fact.authority == "declared":
        return f"{fact.origin.brief} sets {shown}"
    if fact.authority == "observed":
        return f"{fact.origin.ref} shows {shown}"
    if fact.origin.ref.startswith("follows"):
        return f"but it {fact.origin.ref}, which gives {shown}"
    article = "the " if fact.origin.ref.startswith("default") else ""
    return f"{article}{fact.origin.ref} {'leaves it unset' if fact.value is None else f'gives {shown}'}"
