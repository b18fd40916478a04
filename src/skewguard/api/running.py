"""What runs, judged: from the values that a cluster or an engine gave to the report of `verify`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct, structs

from skewguard.api import inputs, judging, surroundings
from skewguard.api.checking import gaps
from skewguard.api.contracts import Contracts
from skewguard.api.surroundings import Around
from skewguard.assess import comparing, endpoints, replicas, standing
from skewguard.assess.replicas import Said, Standing
from skewguard.judge.checks.interface import Case, Check
from skewguard.knowledge import engines
from skewguard.knowledge.contract import binding
from skewguard.knowledge.contract.values import Binding, Contract, Exactly
from skewguard.knowledge.engines import declarations
from skewguard.language.facts import Subject
from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport, InputProblem, Summary, tally
from skewguard.language.running import Live, Replica, Running, Unread
from skewguard.language.verifications import LiveSubject
from skewguard.language.workloads import Inventory, Workload

NOTHING = Inventory()

MOST_IN_FULL = 20
"""Containers of which every setting is laid side by side; of more only what is promised, and what differs."""

MOST_TOLD = 20
"""Containers without an engine that are told one by one; the others are counted."""


class Scope(Struct, frozen=True):
    """What was asked for. `named`: workloads by name or by label; `namespace` None: every one. `context`: of which cluster.

    `labels` are those of a selector, as they were typed.
    """

    context: str
    named: bool = False
    namespace: str | None = None
    labels: str | None = None

    @property
    def place(self) -> str:
        """The namespace, or that it is every one, in words."""
        return f"in namespace {self.namespace}" if self.namespace else "in any namespace"


class Witnessed(Struct, frozen=True):
    """What a cluster showed, and what its engines said of themselves, by the uid of their pod.

    `unread` concerns everything; what concerns one workload stands with it. `images` are digests that name one image.
    """

    scope: Scope
    inventory: Inventory
    lives: tuple[Live, ...] = ()
    unread: tuple[Unread, ...] = ()
    said: Said = {}
    images: tuple[frozenset[str], ...] = ()
    notes: tuple[str, ...] = ()


class Terms(Struct, frozen=True):
    """How it is judged: under which contracts, on which day, and what the exit code counts."""

    promised: Contracts
    around: Around
    today: str
    allow_unknown: bool = False
    list_passed: bool = False


def standings(witnessed: Witnessed, around: Around) -> tuple[list[Standing], tuple[InputProblem, ...], tuple[str, ...]]:
    """Every container of what runs, with the checkpoints that were given for its models, and what of them was not used."""
    from skewguard.api import given

    odd = tuple(hint for workload in witnessed.inventory.workloads for hint in declarations.problems(workload))
    inventory = structs.replace(witnessed.inventory, hints=(*witnessed.inventory.hints, *odd))
    lives = _with_unread(witnessed)
    wanted = around.wanted
    known, _ = given.fitted(wanted, ())
    found = replicas.standings(inventory, lives, witnessed.said, around.project, known)
    if wanted.nothing:
        return found, (), ()
    cases = cases_of(found)
    fitted, errors = given.fitted(wanted, cases)
    if fitted != known:
        found = replicas.standings(inventory, lives, witnessed.said, around.project, fitted)
    problems = tuple(surroundings.problem(error) for error in errors)
    return found, problems, tuple(given.notes(wanted, cases))


def _with_unread(witnessed: Witnessed) -> list[Live]:
    """What runs, with what could not be read of its namespace or of anything."""
    return [
        structs.replace(live, unread=(*live.unread, *(each for each in witnessed.unread if _concerns(each, live))))
        for live in witnessed.lives
    ]


def _concerns(unread: Unread, live: Live) -> bool:
    if unread.subject is not None:
        return (unread.subject.kind, unread.subject.name) == (live.subject.kind, live.subject.name)
    namespace = unread.what.partition(" in namespace ")[2]
    return not namespace or namespace == live.subject.namespace


def cases_of(found: Iterable[Standing]) -> list[Case]:
    """The engines among them."""
    return [each.case for each in found if each.case is not None]


Then = Callable[[Sequence[Case], CheckReport], CheckReport]
"""What is made of a report while its cases are still there."""


def as_is(_cases: Sequence[Case], report: CheckReport) -> CheckReport:
    """A report of which nothing more is made."""
    return report


def report(witnessed: Witnessed, terms: Terms, then: Then = as_is) -> CheckReport:
    """What runs against the contracts that speak of it. `then` has the last word on the report."""
    witnessed = _named_as_promised(witnessed, terms.promised.contracts)
    found, problems, unused = standings(witnessed, terms.around)
    cases = cases_of(found)
    promised = _in_scope(terms.promised, cases, witnessed.scope)
    bindings = binding.bind_any(promised.contracts, [names_of(case) for case in cases])
    notes = (*witnessed.notes, *unused, *inputs.by_note(_workloads(cases)), *_without_engine(found, witnessed.scope))
    said = then(cases, judged(cases, bindings, promised, terms, witnessed, problems=problems, notes=notes))
    _let_go(cases)
    return said


def _let_go(cases: Iterable[Case]) -> None:
    """Untie what holds on to itself, so that the cases of a fleet do not outlive their report: nobody collects cycles."""
    for case in cases:
        for each in (case, *(party.case for party in case.parties)):
            each.sheet.close()
            each.members = ()
        case.parties = ()


def judged(
    cases: Sequence[Case],
    bindings: Sequence[Binding],
    promised: Contracts,
    terms: Terms,
    witnessed: Witnessed,
    *,
    problems: Sequence[InputProblem] = (),
    notes: Sequence[str] = (),
    only: Callable[[Check], bool] = lambda _check: True,
) -> CheckReport:
    """The report of cases that run under these bindings, by these checks."""
    around = terms.around
    wanted = _wanted(witnessed.unread)
    bench = judging.Bench(
        promised, around.project, terms.today, "live", standing.evaluate, wanted, terms.list_passed, only
    )
    result = judging.judge(cases, bindings, bench)
    findings = tuple(_without_pods(item) for item in result.findings)
    every = tuple(
        dict.fromkeys(
            (*around.problems, *promised.problems, *result.problems, *problems, *unreadable(witnessed, cases))
        )
    )
    by_verdict, by_severity = tally(findings, result.counts)
    live = tuple(_beside(cases, findings))
    return CheckReport(
        run_at=datetime.now(tz=UTC).isoformat(timespec="seconds"),
        phases=("live",),
        tables=engines.tables_used(),
        contracts=result.contracts(promised),
        subjects=tuple(judging.subject_line(case) for case in cases),
        findings=findings,
        gaps=tuple(dict.fromkeys((*gaps(_foremost(cases)), *(gap for each in live for gap in comparing.gaps(each))))),
        errors=every,
        missing=witnessed.inventory.missing,
        notes=tuple(dict.fromkeys((*around.notes, *promised.notes, *notes))),
        passed=tuple(result.passed),
        resting=tuple(result.resting),
        summary=Summary(
            engines=len(cases),
            under_contract=sum(each.contract is not None for each in bindings),
            assumed=len(result.resting),
            by_verdict=by_verdict,
            by_severity=by_severity,
        ),
        exit_code=judging.exit_code(findings, every, around.project.fail_on, allow_unknown=terms.allow_unknown),
        fail_on=around.project.fail_on,
        allow_unknown=terms.allow_unknown,
        live=live,
        context=witnessed.scope.context,
    )


def _foremost(cases: Sequence[Case]) -> Iterator[Case]:
    yield from (party.case for case in cases for party in case.parties[:1])


def _beside(cases: Sequence[Case], findings: Sequence[Finding]) -> Iterator[LiveSubject]:
    by_subject: dict[Subject, list[Finding]] = {}
    for item in findings:
        by_subject.setdefault(structs.replace(item.subject, pod=None), []).append(item)
    everything = len(cases) <= MOST_IN_FULL
    for case in cases:
        about = [item for name in _names_of_findings(case.sheet.subject) for item in by_subject.get(name, ())]
        yield comparing.laid_beside(case, about, everything=everything)


def _names_of_findings(subject: Subject) -> Iterable[Subject]:
    """The subject as findings may name it: itself, its container or role alone, its object."""
    alone = structs.replace(subject, pod=None)
    roles, boxes = (alone.role, None), (alone.container, None)
    return dict.fromkeys(structs.replace(alone, role=role, container=box) for role in roles for box in boxes)


def _without_pods(item: Finding) -> Finding:
    """Behind a URL nobody knows of pods."""
    return structs.replace(item, pods=()) if item.subject.kind == endpoints.KIND else item


# ---- images --------------------------------------------------------------------------------------------------------


def _named_as_promised(witnessed: Witnessed, contracts: Iterable[Contract]) -> Witnessed:
    """What runs, each image by one of its digests: that of an index and that of one platform may name the same image.

    Of several names the promised one is taken, so that equal images are equal to every check.
    """
    promised = {
        str(clause.promise.value)
        for contract in contracts
        for clause in contract.clauses
        if clause.setting == "runtime.image_digest" and isinstance(clause.promise, Exactly)
    }
    names = {digest: min(each & promised or each) for each in witnessed.images for digest in each}
    if not names:
        return witnessed
    return structs.replace(witnessed, lives=tuple(_renamed(live, names) for live in witnessed.lives))


def _renamed(live: Live, names: Mapping[str, str]) -> Live:
    return structs.replace(live, replicas=tuple(_with_images(each, names) for each in live.replicas))


def _with_images(replica: Replica, names: Mapping[str, str]) -> Replica:
    if not any(box.image_id is not None and box.image_id.digest in names for box in replica.containers):
        return replica
    return structs.replace(replica, containers=tuple(_with_image(box, names) for box in replica.containers))


def _with_image(box: Running, names: Mapping[str, str]) -> Running:
    seen = box.image_id
    name = names.get(seen.digest or "") if seen is not None else None
    if seen is None or name is None:
        return box
    return structs.replace(box, image_id=structs.replace(seen, digest=name))


# ---- contracts -------------------------------------------------------------------------------------------------------


def names_of(case: Case) -> list[Subject]:
    """Every object that a contract for a container may be written for: its own workload, and all above its pods."""
    own = case.sheet.subject
    above = case.live.chain if case.live is not None else ()
    return [own, *(structs.replace(each, container=own.container, role=own.role) for each in above)]


def _in_scope(promised: Contracts, cases: Sequence[Case], scope: Scope) -> Contracts:
    """The contracts that speak of what was asked for: who verifies one workload does not hear of those of others."""
    if promised.asked:
        return promised
    names = [each for case in cases for each in names_of(case)]

    def speaks(contract: Contract) -> bool:
        if any(binding.picks(contract, each) for each in names):
            return True
        return not scope.named and any(
            binding.covers(target, scope.namespace, scope.context) for target in contract.targets
        )

    return structs.replace(promised, contracts=tuple(each for each in promised.contracts if speaks(each)))


def only(promised: Contracts, bound: Binding) -> Contracts:
    """The contracts that are in play where one container alone is judged."""
    return structs.replace(promised, contracts=bound.candidates)


def _wanted(unread: Sequence[Unread]) -> Callable[[Contract], bool | None]:
    """A contract that binds nothing of what runs is an error, unless what it means may not have been readable."""
    blind = any(each.kind != "absent" for each in unread)
    return lambda _contract: None if blind else True


# ---- in words --------------------------------------------------------------------------------------------------------


def _workloads(cases: Iterable[Case]) -> list[Workload]:
    return [case.workload for case in cases]


def unreadable(witnessed: Witnessed, cases: Sequence[Case]) -> Iterator[InputProblem]:
    """What keeps everything from being judged: a name that leads to nothing, or nothing that could be read at all."""
    scope = witnessed.scope
    if scope.labels and not witnessed.lives and not witnessed.unread:
        yield InputProblem(None, f"no workload {scope.place} has the labels {scope.labels}")
    if not cases:
        yield from problems_of(witnessed.unread)
    elif scope.named:
        yield from problems_of([each for each in witnessed.unread if each.kind == "absent"])


def problems_of(unread: Sequence[Unread]) -> Iterator[InputProblem]:
    """What could not be read, as problems; a server that does not answer is one, however much it was asked for."""
    dead = [each for each in unread if each.kind == "unreachable"]
    if dead:
        yield InputProblem(
            None, dead[0].reason, hint="see whether the server of this context answers: `kubectl version`"
        )
    for each in unread:
        if each.kind != "unreachable":
            needs = f"it needs: {each.would_need}" if each.would_need else None
            yield InputProblem(None, f"{each.what}: {each.reason}", hint=needs)


def _without_engine(found: Sequence[Standing], scope: Scope) -> Iterator[str]:
    """Why there is nothing to judge; and of what was named, why each that is no engine is none."""
    serving = {_pods_of(each.subject) for each in found if each.case is not None}
    others = [each for each in found if _pods_of(each.subject) not in serving]
    if not found:
        yield f"no workload that makes pods was found {scope.place}"
    elif not serving:
        yield f"no inference engine among what runs {scope.place}"
    if scope.named or not serving:
        yield from (f"{each.subject}: {each.recognition.reason}" for each in others[:MOST_TOLD])
        if len(others) > MOST_TOLD:
            yield f"{len(others) - MOST_TOLD:,} more containers run no inference engine that is known"


def _pods_of(subject: Subject) -> Subject:
    return structs.replace(subject, container=None, role=None)
