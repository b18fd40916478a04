"""`verify`: what is running, every replica, against the contracts that speak of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Unpack

from msgspec import structs

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.api import running, scopes, surroundings, things, witnessing
from skewguard.api.contracts import Contracts, load_contracts
from skewguard.api.interviews import Manner
from skewguard.api.running import Scope, Terms, Witnessed
from skewguard.api.surroundings import Around
from skewguard.api.witnessing import Reach, Reached
from skewguard.assess import endpoints
from skewguard.knowledge.contract import binding
from skewguard.knowledge.contract.values import Binding
from skewguard.language import addresses, certificates
from skewguard.language.errors import UsageError
from skewguard.language.facts import Subject
from skewguard.language.results import CheckReport, InputProblem
from skewguard.language.verifications import API_ALONE
from skewguard.observe.sources.live.wanted import named


def verify(
    workloads: Sequence[str] = (),
    *,
    endpoint: str | None = None,
    as_: str | None = None,
    namespace: str | None = None,
    all_namespaces: bool = False,
    selector: str | None = None,
    contracts: Sequence[str] = (),
    fingerprint: bool = False,
    fail_on: str | None = None,
    allow_unknown: bool = False,
    environ: Mapping[str, str] | None = None,
    progress: witnessing.Progress | None = None,
    list_passed: bool = False,
    tables: str | None = None,
    model_configs: Sequence[str] = (),
    today: str | None = None,
    record_good: bool = False,
    store: str | None = None,
    **reach: Unpack[Reach],
) -> CheckReport:
    """Verify workloads of a cluster (`kind/name`, as `kubectl` takes them), or one engine behind a URL (`endpoint`).

    Without names: all of a namespace (the context's where none is given), or with `all_namespaces` of the cluster.
    `reach` says how they are reached (`witnessing.Reach`). `fingerprint` allows a request for one token to each replica,
    since vLLM tells its fingerprint only so; without it no engine is made to compute. `as_` says as which `kind/name` an
    endpoint is held to contracts. `record_good` writes a validation and a snapshot of what keeps its contract into the store
    that `store`, environment or project name. The others as in `check`. Raises `UsageError` for what cannot be meant, and a
    `ClusterError` where the cluster cannot be reached at all.
    """
    workloads, reach["context"] = scopes.context_of(workloads, reach.get("context"))
    reached = structs.replace(Reached(**reach), spend=fingerprint)
    manner = reached.manner(swept=not workloads)
    day = today or datetime.now(tz=UTC).date().isoformat()
    if endpoint is not None:
        of_cluster = {"a workload": workloads, "-n": namespace, "-A": all_namespaces, "-l": selector}
        told = {"--exec": reached.exec_, "--record-good": record_good, "--depth api": reached.depth == "api"}
        _alone({**of_cluster, **told})
    _meant(workloads, namespace, selector, all_namespaces=all_namespaces)
    with surroundings.of_call(
        fail_on=fail_on, tables_folder=tables, store=store, environ=environ, model_configs=model_configs
    ) as around:
        terms = Terms(load_contracts(contracts, around.apart), around, day, allow_unknown, list_passed)
        if endpoint is not None:
            return _of_endpoint(endpoint, as_, terms, manner, reached.ca_file)
        with access.connect(
            reached.context, reached.kubeconfig, deadline=reached.timeout * witnessing.ANSWERS
        ) as cluster:
            place = scopes.namespace_of(cluster, namespace, all_namespaces=all_namespaces)
            scope = Scope(cluster.context, named=bool(workloads or selector), namespace=place, labels=selector)
            names = [named(text) for text in workloads]
            wanted = witnessing.wanted(around, *names, namespace=place, labels=selector)
            witnessed, promised = witnessing.witness(Reader(cluster), scope, wanted, terms, manner, progress)
            if manner.silent and witnessed.lives:
                witnessed = structs.replace(witnessed, notes=(*witnessed.notes, API_ALONE))
            terms = structs.replace(terms, promised=promised)
            return running.report(
                witnessed, terms, _recorder(Reader(cluster), around, environ) if record_good else running.as_is
            )


def _recorder(reader: Reader, around: Around, environ: Mapping[str, str] | None) -> running.Then:
    from skewguard.api import recording_good  # lazily: who records nothing needs none of it

    return recording_good.Recorder(reader, around, environ or {})


def _alone(of_cluster: Mapping[str, object]) -> None:
    """Raises where an endpoint is asked for, and by the name of an option something that only a cluster has."""
    if wrong := [name for name, value in of_cluster.items() if value]:
        raise UsageError(
            f"--endpoint asks one engine without any cluster, which rules out {' and '.join(wrong)}",
            hint="leave one of them out",
        )


def _meant(workloads: Sequence[str], namespace: str | None, selector: str | None, *, all_namespaces: bool) -> None:
    """Raises for options that contradict each other."""
    if workloads and selector:
        raise UsageError("workloads are named by name or by label, not both", hint="leave one of them out")
    scopes.refuse_both(namespace, all_namespaces=all_namespaces)
    if all_namespaces and any(text.count("/") == 1 for text in workloads):
        raise UsageError("a workload is named in one namespace, and -A means all", hint="write namespace/kind/name")


# ---- an engine behind a URL ------------------------------------------------------------------------------------------


def _of_endpoint(url: str, as_: str | None, terms: Terms, manner: Manner, ca_file: str | None) -> CheckReport:
    url, said = addresses.base(url)
    said += certificates.unused(url, ca_file)
    answers = witnessing.ask_url(url, manner, ca_file)
    scope = Scope(url, named=True)
    if answers.engine is None:
        problems = [
            InputProblem(None, f"{each.what}: {each.reason}", hint=witnessing.advice(url, each))
            for each in answers.unread
        ]
        told = problems or [InputProblem(None, f"no engine that is known answers at {url}")]
        nobody = running.only(terms.promised, Binding())
        return running.judged([], [], nobody, terms, Witnessed(scope, running.NOTHING, notes=said), problems=told)
    case = endpoints.case(url, answers, terms.around.project)
    bound = binding_of(as_, terms.promised)
    witnessed = Witnessed(scope, case.inventory, notes=said)
    return running.judged([case], [bound], running.only(terms.promised, bound), terms, witnessed)


def binding_of(as_: str | None, promised: Contracts) -> Binding:
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
    who = Subject(things.full_kind(meant.kind), meant.name, meant.namespace, container=None)
    (bound,) = binding.bind(given, [who])
    if not bound.candidates:
        raise UsageError(f"no contract speaks of {as_}", hint="correct --as, or the targets of the contract")
    return bound
