"""`verify`: what is running, every replica, against the contracts that speak of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from msgspec import structs

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.endpoints import Direct, key_from
from skewguard.api import interviews, kept_contracts, running, scopes, surroundings
from skewguard.api.contracts import Contracts, load_contracts
from skewguard.api.interviews import DEPTHS, Depth, Manner
from skewguard.api.running import Scope, Terms, Witnessed
from skewguard.api.surroundings import Around
from skewguard.assess import endpoints
from skewguard.knowledge.contract import binding
from skewguard.knowledge.contract.values import Binding
from skewguard.knowledge.engines import commands
from skewguard.language.errors import UsageError
from skewguard.language.facts import Subject
from skewguard.language.results import CheckReport, InputProblem
from skewguard.observe.sources import asking, live
from skewguard.observe.sources.live.wanted import Named, Wanted, named

Progress = Callable[[str, int], None]
"""Is told what is being read (`pods`) and how many of it there are so far."""

TIMEOUT_S = 30.0
"""Seconds that one answer may take."""
ANSWERS = 10
"""How many times that everything together may take: a sweep of 5,000 workloads is some thirty pages."""


def verify(
    workloads: Sequence[str] = (),
    *,
    endpoint: str | None = None,
    as_: str | None = None,
    namespace: str | None = None,
    all_namespaces: bool = False,
    selector: str | None = None,
    context: str | None = None,
    kubeconfig: str | None = None,
    contracts: Sequence[str] = (),
    depth: str | None = None,
    exec_: bool = False,
    api_key_env: str | None = None,
    api_key_file: str | None = None,
    ca_file: str | None = None,
    timeout: float = TIMEOUT_S,
    fail_on: str | None = None,
    allow_unknown: bool = False,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    list_passed: bool = False,
    tables: str | None = None,
    model_configs: Sequence[str] = (),
    today: str | None = None,
) -> CheckReport:
    """Verify workloads of a cluster (`kind/name`, as `kubectl` takes them), or one engine behind a URL (`endpoint`).

    Without names: all of a namespace (the context's where none is given), or with `all_namespaces` of the cluster.
    `depth` is `api`, `endpoints` or `logs`, each with all before it; left out, named workloads are read whole and sweeps
    by the API alone. `exec_` allows commands in the containers. `as_` says as which `kind/name` an endpoint is held to
    contracts. `timeout` is the seconds that one answer may take, `ca_file` the certificates of an endpoint. The others as in `check`. Raises `UsageError` for what cannot be meant, and a
    `ClusterError` where the cluster cannot be reached at all.
    """
    manner = Manner(_depth(depth, swept=not workloads), key_from(api_key_env, api_key_file), exec_, timeout)
    day = today or datetime.now(tz=UTC).date().isoformat()
    _meant(endpoint, workloads, namespace, selector, all_namespaces=all_namespaces)
    with surroundings.of_call(
        fail_on=fail_on, tables_folder=tables, environ=environ, model_configs=model_configs
    ) as around:
        terms = Terms(load_contracts(contracts, around.apart), around, day, allow_unknown, list_passed)
        if endpoint is not None:
            return _of_endpoint(endpoint, as_, terms, manner, ca_file)
        with access.connect(context, kubeconfig, deadline=timeout * ANSWERS) as cluster:
            reader = Reader(cluster)
            place = scopes.namespace_of(cluster, namespace, all_namespaces=all_namespaces)
            scope = Scope(cluster.context, named=bool(workloads or selector), namespace=place)
            wanted = wanted_of([named(text) for text in workloads], place, selector, around)
            return _of_cluster(reader, scope, wanted, terms, manner, progress)


def _depth(depth: str | None, *, swept: bool) -> Depth:
    if depth is None:
        return "api" if swept else "logs"
    found = next((each for each in DEPTHS if each == depth), None)
    if found is None:
        raise UsageError(f"{depth!r} is no depth", hint=f"one of {', '.join(DEPTHS)}")
    return found


def _meant(
    endpoint: str | None, workloads: Sequence[str], namespace: str | None, selector: str | None, *, all_namespaces: bool
) -> None:
    """Raises for options that contradict each other."""
    if endpoint is not None and (workloads or namespace or selector or all_namespaces):
        raise UsageError(
            "--endpoint asks one engine without any cluster, and workloads were named as well",
            hint="leave one of them out",
        )
    if workloads and selector:
        raise UsageError("workloads are named by name or by label, not both", hint="leave one of them out")
    scopes.refuse_both(namespace, all_namespaces=all_namespaces)
    if all_namespaces and any(text.count("/") == 1 for text in workloads):
        raise UsageError("a workload is named in one namespace, and -A means all", hint="write namespace/kind/name")


def wanted_of(names: Sequence[Named], namespace: str | None, selector: str | None, around: Around) -> Wanted:
    """What is read of a cluster; of a sweep what may be an engine alone."""
    return Wanted(
        names=tuple(names),
        namespace=namespace,
        labels=selector,
        words=(*commands.words(), *around.project.image_words),
        accelerators=around.project.accelerators,
    )


def _of_cluster(
    reader: Reader, scope: Scope, wanted: Wanted, terms: Terms, manner: Manner, progress: Progress | None
) -> CheckReport:
    witnessed, promised = witness(reader, scope, wanted, terms, manner, progress)
    return running.report(witnessed, structs.replace(terms, promised=promised))


def witness(
    reader: Reader, scope: Scope, wanted: Wanted, terms: Terms, manner: Manner, progress: Progress | None = None
) -> tuple[Witnessed, Contracts]:
    """What runs of what is wanted, with what its engines say; and the contracts at hand with those the cluster keeps."""
    seen = live.read(reader, wanted, cluster=scope.context, progress=progress)
    spaces = {scope.namespace, *(each.subject.namespace for each in seen.live)} if scope.namespace else {None}
    kept = kept_contracts.in_cluster(terms.promised, reader, sorted(spaces, key=str))
    witnessed = Witnessed(
        scope,
        seen.inventory,
        seen.live,
        (*seen.unread, *kept.unread),
        images=seen.images,
        notes=(*reader.cluster.notes, *_left_out(seen.left_out)),
    )
    if not manner.silent:
        found, _, _ = running.standings(witnessed, terms.around)
        witnessed = structs.replace(witnessed, said=interviews.interview(reader, found, manner, progress))
    return witnessed, kept.contracts


def _left_out(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    several = "workloads that ask for no accelerator and name no engine were left out; name one to see it"
    alone = "workload that asks for no accelerator and names no engine was left out; name it to see it"
    return (f"{count:,} {alone if count == 1 else several}",)


# ---- an engine behind a URL ------------------------------------------------------------------------------------------


def _of_endpoint(url: str, as_: str | None, terms: Terms, manner: Manner, ca_file: str | None) -> CheckReport:
    way = Direct(url, key=manner.key, ca_file=ca_file)
    try:
        answers = asking.ask(way, deadline=manner.each_s)
    finally:
        way.close()
    scope = Scope(url, named=True)
    if answers.engine is None:
        problems = [
            InputProblem(None, f"{each.what}: {each.reason}", hint=each.would_need or None) for each in answers.unread
        ]
        told = problems or [InputProblem(None, f"no engine that is known answers at {url}")]
        nobody = running.only(terms.promised, Binding())
        return running.judged([], [], nobody, terms, Witnessed(scope, running.NOTHING), problems=told)
    case = endpoints.case(url, answers, terms.around.project)
    bound = _bound(as_, terms.promised)
    witnessed = Witnessed(scope, case.inventory)
    return running.judged([case], [bound], running.only(terms.promised, bound), terms, witnessed)


def _bound(as_: str | None, promised: Contracts) -> Binding:
    """The contract of an endpoint: the only one there is, or the one for the workload it is said to be."""
    given = promised.contracts
    if as_ is None:
        if len(given) > 1:
            names = ", ".join(each.name for each in given[:5])
            raise UsageError(
                f"{len(given)} contracts are given ({names}), and none of them is for a URL",
                hint="say as which workload it is to be judged: --as kind/name, or name one contract with --contract",
            )
        return Binding(given, given=bool(given))
    meant = named(as_)
    who = Subject(meant.kind, meant.name, meant.namespace, container=None)
    (bound,) = binding.bind(given, [who])
    if not bound.candidates:
        raise UsageError(f"no contract speaks of {as_}", hint="correct --as, or the targets of the contract")
    return bound
