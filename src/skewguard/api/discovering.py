"""`discover`: which inference workloads a cluster runs, from its API alone: no engine is asked."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import structs

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.api import running, scopes, surroundings, witnessing
from skewguard.api.contracts import load_contracts
from skewguard.api.interviews import Manner
from skewguard.api.running import Scope, Terms, Witnessed
from skewguard.api.witnessing import ANSWERS, TIMEOUT_S
from skewguard.assess import comparing, listing
from skewguard.assess.replicas import Standing
from skewguard.knowledge import engines
from skewguard.knowledge.contract import binding
from skewguard.language.errors import ExitCode
from skewguard.language.facts import Subject
from skewguard.language.results import InputProblem
from skewguard.language.verifications import DiscoverReport

MOST_TOLD = 20
"""Containers without an engine that are told one by one; the others are counted."""


def discover(
    *,
    namespace: str | None = None,
    all_namespaces: bool = False,
    selector: str | None = None,
    contracts: Sequence[str] = (),
    tables: str | None = None,
    environ: Mapping[str, str] | None = None,
    context: str | None = None,
    kubeconfig: str | None = None,
    timeout: float = TIMEOUT_S,
    progress: Callable[[str, int], None] | None = None,
) -> DiscoverReport:
    """List the inference workloads of a namespace (the context's where none is named), or of all.

    `selector` is one of labels as `kubectl -l` takes it. `contracts` are files or folders; without any those of the
    `.skewguard` folder and of the cluster count. The exit code is 0, gaps shown; 2 where a contract could not be read,
    or nothing at all. `timeout` is the seconds that one answer may take. Raises a `ClusterError` where the cluster cannot be reached.
    """
    with (
        surroundings.of_call(tables_folder=tables, environ=environ) as around,
        access.connect(context, kubeconfig, deadline=timeout * ANSWERS) as cluster,
    ):
        place = scopes.namespace_of(cluster, namespace, all_namespaces=all_namespaces)
        terms = Terms(load_contracts(contracts, around.apart), around, datetime.now(tz=UTC).date().isoformat())
        scope = Scope(cluster.context, namespace=place, labels=selector)
        wanted = witnessing.wanted(around, namespace=place, labels=selector)
        witnessed, promised = witnessing.witness(Reader(cluster), scope, wanted, terms, Manner("api"), progress)
        return listed(witnessed, structs.replace(terms, promised=promised))


def listed(witnessed: Witnessed, terms: Terms) -> DiscoverReport:
    """What a cluster showed, as a list of its inference workloads."""
    around, promised = terms.around, terms.promised
    found, problems, unused = running.standings(witnessed, around)
    cases = running.cases_of(found)
    bindings = binding.bind_any(promised.contracts, [running.names_of(case) for case in cases])
    judged = running.judged(cases, bindings, promised, terms, witnessed, problems=problems, only=comparing.decides)
    beside, others = _without_engine(found)
    rows = tuple(
        listing.discovered(case, own, beside.get(_home(case.sheet.subject), ()))
        for case, own in zip(cases, judged.live, strict=True)
    )
    unread = tuple(dict.fromkeys((*witnessed.unread, *(item for each in witnessed.lives for item in each.unread))))
    errors = tuple(dict.fromkeys((*around.problems, *promised.problems, *problems, *_nothing(witnessed))))
    return DiscoverReport(
        context=witnessed.scope.context,
        workloads=rows,
        unread=unread,
        tables=engines.tables_used(),
        errors=errors,
        notes=(*around.notes, *promised.notes, *witnessed.notes, *unused, *_told(others), *_empty(witnessed, errors)),
        exit_code=ExitCode.first([ExitCode.UNREADABLE] if errors else []),
    )


def _nothing(witnessed: Witnessed) -> Iterator[InputProblem]:
    """What was refused, where nothing at all could be read."""
    if not witnessed.lives:
        yield from running.unreadable(witnessed, ())


def _empty(witnessed: Witnessed, errors: Sequence[InputProblem]) -> Iterator[str]:
    if not witnessed.lives and not errors:
        yield f"no workload that makes pods was found {witnessed.scope.place}"


def _home(subject: Subject) -> Subject:
    """The pods that a container stands in."""
    return structs.replace(subject, container=None)


def _without_engine(found: Sequence[Standing]) -> tuple[dict[Subject, list[str]], list[Standing]]:
    """Why containers are no engine: of those beside an engine by their pods, and those of pods without any."""
    serving = {_home(each.subject) for each in found if each.case is not None}
    beside: dict[Subject, list[str]] = {}
    others: list[Standing] = []
    for each in found:
        home = _home(each.subject)
        if each.case is None and home in serving:
            beside.setdefault(home, []).append(f"container {each.subject.container}: {each.recognition.reason}")
        elif each.case is None:
            others.append(each)
    return beside, others


def _told(others: Sequence[Standing]) -> Iterator[str]:
    """What was looked at and is no inference engine: how many, and why not."""
    if others:
        yield f"containers of other pods, which run no inference engine that is known: {len(others):,}"
    yield from (f"{each.subject}: {each.recognition.reason}" for each in others[:MOST_TOLD])
    more = Counter(each.recognition.reason for each in others[MOST_TOLD:])
    yield from (f"{count:,} more: {reason}" for reason, count in more.most_common(MOST_TOLD))
