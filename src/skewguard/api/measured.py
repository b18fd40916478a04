"""What is measured: its settings, the address that load goes to, and the replicas whose metrics are read meanwhile."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from skewguard.adapters.cluster import access
from skewguard.adapters.cluster.read import Reader
from skewguard.api import interviews, running, scopes, verifying, witnessing
from skewguard.api.running import Scope, Terms
from skewguard.api.witnessing import Reached
from skewguard.assess import digests, endpoints, measured
from skewguard.assess.measured import Bound
from skewguard.assess.replicas import Standing
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import binding
from skewguard.knowledge.contract.values import Contract
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Subject
from skewguard.language.running import ENDPOINT, Replica, Unread
from skewguard.language.workloads import Inventory, Service
from skewguard.observe.sources.live import naming
from skewguard.observe.sources.live.naming import Names
from skewguard.observe.sources.live.wanted import named


class Thing(Struct, frozen=True):
    """What is measured, as it was found. `url`: where load goes; None, and `no_url` says why, where there is no way.

    `standings` are the engines of a workload with their replicas, `pods` the names of these, and `called` what others of them
    are, which may be gone; of an endpoint its own page of metrics is read. `context` None: no cluster.
    """

    bound: Bound
    url: str | None = None
    no_url: str = ""
    inputs_digest: str | None = None
    contract: Contract | None = None
    standings: tuple[Standing, ...] = ()
    pods: tuple[str, ...] = ()
    called: Names = naming.NONE
    context: str | None = None
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def promised(self) -> Mapping[str, Any]:
        """What the contract promises of performance."""
        return self.contract.performance if self.contract is not None else {}


# ---- an engine behind a URL ------------------------------------------------------------------------------------------


def of_url(url: str, as_: str | None, terms: Terms, reached: Reached) -> Thing:
    """The engine behind a URL. One that nobody knows is measured without its settings; raises where none answers."""
    answers = witnessing.ask_url(url, reached.manner(), reached.ca_file)
    contract = verifying.binding_of(as_, terms.promised).contract
    if answers.engine is None:
        if dead := [each for each in answers.unread if each.kind in ("unreachable", "timeout")]:
            raise InputError(f"{url}: {dead[0].reason}", hint=witnessing.advice(url, dead[0]))
        note = f"no engine that is known answers at {url}: nothing is known of what it runs with"
        nobody = Bound(Subject(ENDPOINT, url.partition("://")[2].rstrip("/")))
        return Thing(nobody, url, contract=contract, unread=answers.unread, notes=(note,))
    case = endpoints.case(url, answers, terms.around.project)
    own = case.parties[0].case
    bound, digest = _digested(measured.bound(own), own)
    return Thing(bound, url, inputs_digest=digest, contract=contract, unread=answers.unread)


def _digested(bound: Bound, case: Case) -> tuple[Bound, str | None]:
    """What it is bound to with its inputs digest, or with what of it is not known."""
    found = digests.of(case)
    told = {each.setting for each in bound.gaps}
    new = tuple(each for each in found.gaps if each.setting not in told)
    return structs.replace(bound, gaps=(*bound.gaps, *new)), found.value


# ---- a workload of a cluster -----------------------------------------------------------------------------------------


def of_workload(
    workload: str,
    terms: Terms,
    reached: Reached,
    *,
    namespace: str | None,
    url: str | None,
    progress: witnessing.Progress | None = None,
) -> Thing:
    """A workload as most of its replicas run it. Raises `InputError` where no engine of it runs."""
    (plain,), context = scopes.context_of([workload], reached.context)
    with access.connect(context, reached.kubeconfig, deadline=reached.timeout * witnessing.ANSWERS) as cluster:
        place = namespace or cluster.namespace
        scope = Scope(cluster.context, named=True, namespace=place)
        what = witnessing.wanted(terms.around, named(plain), namespace=place)
        witnessed, promised = witnessing.witness(Reader(cluster), scope, what, terms, reached.manner(), progress)
        inside = cluster.context == access.IN_CLUSTER
    found, _, _ = running.standings(witnessed, terms.around)
    cases = running.cases_of(found)
    serving = [case for case in measured.serving(cases) if measured.staying(case)]
    if not serving:
        raise _nothing_runs(workload, running.unreadable(witnessed, cases), bool(cases))
    case = serving[0]
    parties = measured.staying(case)
    own = witnessing.as_most(case, parties)
    (under,) = binding.bind_any(promised.contracts, [running.names_of(case)])
    pods = tuple(replica.name for party in parties for replica in party.replicas)
    address, why = (url, "") if url is not None else _address(case, witnessed.inventory, pods, inside=inside)
    bound, digest = _digested(measured.counted(measured.bound(own), case, cases), case)
    return Thing(
        bound,
        address,
        why,
        inputs_digest=digest,
        contract=under.contract,
        standings=tuple(found),
        pods=pods,
        called=naming.names(next(each.live for each in found if each.case is case), pods),
        context=cluster.context,
        unread=witnessed.unread,
        notes=(*witnessed.notes, *_notes(case, serving)),
    )


def _nothing_runs(workload: str, problems: Iterable[Any], written: bool) -> InputError:
    told = next((each.message for each in problems), None)
    why = told or ("no replica of it runs" if written else "no inference engine that is known runs in it")
    return InputError(f"{workload} cannot be measured: {why}", hint="`skewguard discover` lists what runs")


def _notes(case: Case, serving: list[Case]) -> Iterator[str]:
    parties = measured.staying(case)
    if len(parties) > 1:
        sides = " and ".join(f"{len(party.replicas)}" for party in parties)
        yield (
            f"its replicas run apart ({sides} of them alike): what they differ in is left open, and they have no common "
            "inputs digest; `skewguard verify` says in what"
        )
    if others := [str(each.sheet.subject) for each in serving[1:]]:
        yield f"the settings are those of {case.sheet.subject}; {', '.join(others)} serve too"


# ---- where load goes -------------------------------------------------------------------------------------------------

_FROM_OUTSIDE = (
    "load never goes through the API server, which would be measured with it, so that a workload is loaded from a machine "
    "that reaches it"
)


def _address(case: Case, inventory: Inventory, pods: tuple[str, ...], *, inside: bool) -> tuple[str | None, str]:
    """The URL that load goes to inside the cluster: the Service's, else that of the only replica; or why there is none."""
    if not inside:
        return None, _FROM_OUTSIDE
    namespace = case.sheet.subject.namespace
    port = interviews.port_of(case)
    services = [each for each in inventory.services if _leads(each, case)]
    for service in services:
        number = _port_of(service, port)
        if number is not None:
            return f"http://{service.name}.{namespace}.svc:{number}", ""
    replicas = [replica for party in measured.staying(case) for replica in party.replicas if replica.ip]
    if len(replicas) == 1 and port is not None:
        return f"http://{_host(replicas[0])}:{port}", ""
    return None, f"no Service leads to its {len(pods)} replicas"


def _host(replica: Replica) -> str:
    address = replica.ip or ""
    return f"[{address}]" if ":" in address else address


def _leads(service: Service, case: Case) -> bool:
    """Whether a Service of the cluster selects the pods of a workload."""
    if service.kind != "Service" or service.external or not service.selector:
        return False
    labels = case.workload.template.labels
    same = service.namespace in (None, case.sheet.subject.namespace)
    return same and all(labels.get(key) == value for key, value in service.selector.items())


def _port_of(service: Service, engine: int | None) -> int | None:
    """The port of a Service behind which the engine listens; its only one where nothing tells."""
    numbers = [port.number for port in service.ports if port.number is not None]
    if engine in numbers:
        return engine
    return numbers[0] if len(numbers) == 1 else None


def refuse_without_address(thing: Thing) -> str:
    """The URL that load goes to. Raises `UsageError` that says the ways on where there is none."""
    if thing.url is not None:
        return thing.url
    raise UsageError(
        f"no address of {thing.bound.subject} can be loaded from here: {thing.no_url}",
        hint="give the address that clients use with --endpoint URL; or run it in the cluster, as the Job of "
        "deploy/load-job does; or measure what its users send with --from traffic",
    )
