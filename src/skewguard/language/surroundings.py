"""Which Services, routes and autoscalers of the same input belong to a workload (`language.joining` says how).

What surrounds a workload is asked for many times, so each inventory is indexed once. A workload is one of the
inventory's own, not a copy of it.
"""

from collections.abc import Iterable, Iterator

from skewguard.language import joining
from skewguard.language.facts import Subject
from skewguard.language.neighbours import Autoscaler, Backend, Route
from skewguard.language.workloads import Hint, Inventory, Service, Volume, Workload


class _Index:
    """One inventory, prepared for questions."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.workloads: dict[tuple[str, str, str | None], list[Workload]] = {}
        self.firsts: dict[str | None, Workload] = {}
        self.hints: dict[tuple[str, str, str | None] | None, list[Hint]] = {}
        self.variables: dict[str, list[Service]] = {}
        for workload in inventory.workloads:
            self.workloads.setdefault(_object(workload.subject), []).append(workload)
            self.firsts.setdefault(workload.origin.file, workload)
        for hint in inventory.hints:
            self.hints.setdefault(_object(hint.subject) if hint.subject else None, []).append(hint)
        for service in inventory.services:
            self.variables.setdefault(_variable(service.name), []).append(service)
        self.services = joining.services(inventory)
        self.routes = joining.routes(inventory, self.services)
        self.scalers = joining.scalers(inventory)
        self.unseen = joining.unseen(inventory)


_MOST_INDEXES = 4
_latest: list[_Index] = []
"""The indexes of the inventories that were asked about last: a manifest is one, and what runs of a workload may have its own."""


def _index(inventory: Inventory) -> _Index:
    if _latest and _latest[0].inventory is inventory:
        return _latest[0]
    known = next((each for each in _latest if each.inventory is inventory), None)
    found = known or _Index(inventory)
    _latest[:] = [found, *(each for each in _latest if each is not found)][:_MOST_INDEXES]
    return found


def _object(subject: Subject) -> tuple[str, str, str | None]:
    return subject.kind, subject.name, subject.namespace


def _variable(service: str) -> str:
    return service.upper().replace("-", "_")


def services_setting(prefix: str, namespace: str | None, inventory: Inventory) -> list[Service]:
    """The Services of a namespace for which Kubernetes sets the variables `<prefix>_PORT`, `<prefix>_SERVICE_HOST`, …"""
    found = _index(inventory).variables.get(prefix, ())
    return [service for service in found if same_namespace(service.namespace, namespace)]


def of_object(subject: Subject, inventory: Inventory) -> list[Workload]:
    """The workloads of the object that a subject belongs to: all its roles."""
    found = _index(inventory).workloads.get(_object(subject), ())
    return [workload for workload in found if _one_source(workload.subject, subject)]


def _one_source(a: Subject, b: Subject) -> bool:
    """Whether two subjects of one name stand in one document: another file may hold a namesake."""
    return a.source is None or b.source is None or a.source == b.source


def hints_of(workload: Workload, container: str | None, inventory: Inventory) -> Iterable[Hint]:
    """What is odd about a container or its workload.

    A hint without a subject (an object beside the workload) is told with the first workload of its file.
    """
    index = _index(inventory)
    for hint in index.hints.get(_object(workload.subject), ()):
        about = hint.subject
        if about is not None and about.container in (None, container) and _one_source(about, workload.subject):
            yield hint
    for hint in index.hints.get(None, ()):
        first = index.firsts.get(hint.origin.file)
        if first is not None and first.subject == workload.subject:
            yield hint


def services_of(workload: Workload, inventory: Inventory) -> list[Service]:
    """The Services whose selector matches the pods' labels."""
    return _index(inventory).services.of(workload)


def routes_of(workload: Workload, inventory: Inventory) -> list[Route]:
    """The routes that lead to the workload: by a Service of the input, or by one that its platform makes."""
    return _index(inventory).routes.of(workload)


def doubtful(workload: Workload, inventory: Inventory) -> tuple[list[Autoscaler], list[Service]]:
    """What names no namespace and may be this workload's, or that of a namesake in another namespace."""
    index = _index(inventory)
    return index.scalers.doubtful(workload), index.services.doubtful(workload)


def unseen_backends(workload: Workload, inventory: Inventory) -> Iterator[tuple[Route, Backend]]:
    """Backends with the workload's name that are not in the input, each with its route: they may lead here."""
    for route, backend in _index(inventory).unseen.get(workload.subject.name, ()):
        if same_namespace(backend.namespace, workload.subject.namespace):
            yield route, backend


def autoscalers_of(workload: Workload, inventory: Inventory) -> list[Autoscaler]:
    """The autoscalers that set this workload's replicas."""
    return [scaler for scaler in _index(inventory).scalers.of(workload) if not scaler.vertical]


_MAKERS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Rollout")


def autoscalers_above(workload: Workload, inventory: Inventory) -> list[Autoscaler]:
    """The autoscalers of its namespace that scale a resource of another kind, which may stand above the workload."""
    known = {*_MAKERS, *(each.subject.kind for each in inventory.workloads)}
    return [
        scaler
        for scaler in inventory.autoscalers
        if not scaler.vertical
        and scaler.target_kind is not None
        and scaler.target_kind not in known
        and same_namespace(scaler.namespace, workload.subject.namespace)
    ]


def vertical_autoscalers_of(workload: Workload, inventory: Inventory) -> list[Autoscaler]:
    """The autoscalers that set what this workload's containers ask for."""
    return [scaler for scaler in _index(inventory).scalers.of(workload) if scaler.vertical]


def same_namespace(a: str | None, b: str | None) -> bool:
    """Whether two namespaces can be one; what a document does not say matches any."""
    return a is None or b is None or a == b


def is_shared_memory(volume: Volume) -> bool:
    """Whether a volume is meant for /dev/shm: an emptyDir with its name, or one in memory that is called shared."""
    name = volume.name.lower()
    return volume.kind == "emptyDir" and ("shm" in name or ("shared" in name and volume.medium == "Memory"))
