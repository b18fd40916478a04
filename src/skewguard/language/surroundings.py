"""Which Services, routes and autoscalers of the same input belong to a workload.

A namespace that a document does not name matches any: `helm template` without `-n` writes none. What surrounds a
workload is asked for many times, and an input may hold thousands of objects, so each inventory is indexed once.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from skewguard.language.facts import Subject
from skewguard.language.workloads import Autoscaler, Hint, Inventory, Route, Service, Volume, Workload

T = TypeVar("T", Service, Route, Autoscaler)


class _Lookup(Generic[T]):
    """Objects by what leads to them: looking through all of them for each workload takes the square of both."""

    def __init__(self, items: Iterable[T], keys: Callable[[T], Iterable[Hashable]]) -> None:
        self._found: dict[Hashable, dict[str | None, dict[int, T]]] = {}
        for order, item in enumerate(items):
            for key in keys(item):
                self._found.setdefault(key, {}).setdefault(item.namespace, {})[order] = item

    def near(self, namespace: str | None, keys: Iterable[Hashable]) -> list[T]:
        """Those that one of the keys leads to and that can be in a namespace, in the order of the input."""
        found: dict[int, T] = {}
        for key in keys:
            by_namespace = self._found.get(key, {})
            for each in by_namespace if namespace is None else (namespace, None):
                found.update(by_namespace.get(each, {}))
        return [found[order] for order in sorted(found)]


class _Index:
    """One inventory, prepared for questions."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        # A Service fits only where all its labels are, so one of them is enough to find it by.
        self.services = _Lookup(inventory.services, lambda service: list(service.selector.items())[:1])
        self.variables = _Lookup(inventory.services, lambda service: [_variable(service.name)])
        self.routes = _Lookup(inventory.routes, lambda route: [backend for backend, _ in route.backends])
        self.scalers = _Lookup(inventory.autoscalers, lambda scaler: [scaler.target_name])
        self.workloads: dict[tuple[str, str, str | None], list[Workload]] = {}
        for workload in inventory.workloads:
            self.workloads.setdefault(_object(workload.subject), []).append(workload)
        self.firsts: dict[str | None, Workload] = {}
        for workload in inventory.workloads:
            self.firsts.setdefault(workload.origin.file, workload)
        self.hints: dict[tuple[str, str, str | None] | None, list[Hint]] = {}
        for hint in inventory.hints:
            self.hints.setdefault(_object(hint.subject) if hint.subject else None, []).append(hint)


_latest: list[_Index] = []
"""The index of the inventory that was asked about last: a run asks about one."""


def _index(inventory: Inventory) -> _Index:
    if not _latest or _latest[0].inventory is not inventory:
        _latest[:] = [_Index(inventory)]
    return _latest[0]


def _object(subject: Subject) -> tuple[str, str, str | None]:
    return subject.kind, subject.name, subject.namespace


def _variable(service: str) -> str:
    return service.upper().replace("-", "_")


def services_setting(prefix: str, namespace: str | None, inventory: Inventory) -> list[Service]:
    """The Services of a namespace for which Kubernetes sets the variables `<prefix>_PORT`, `<prefix>_SERVICE_HOST`, …"""
    return _index(inventory).variables.near(namespace, [prefix])


def of_object(subject: Subject, inventory: Inventory) -> list[Workload]:
    """The workloads of the object that a subject belongs to: all its roles."""
    return _index(inventory).workloads.get(_object(subject), [])


def hints_of(workload: Workload, container: str | None, inventory: Inventory) -> Iterable[Hint]:
    """What is odd about a container or its workload.

    A hint without a subject (an object beside the workload) is told with the first workload of its file.
    """
    index = _index(inventory)
    for hint in index.hints.get(_object(workload.subject), ()):
        if hint.subject is not None and hint.subject.container in (None, container):
            yield hint
    for hint in index.hints.get(None, ()):
        first = index.firsts.get(hint.origin.file)
        if first is not None and first.subject == workload.subject:
            yield hint


def services_of(workload: Workload, inventory: Inventory) -> list[Service]:
    """The Services whose selector matches the pods' labels."""
    labels = workload.template.labels
    return [
        service
        for service in _index(inventory).services.near(workload.subject.namespace, labels.items())
        if all(labels.get(key) == value for key, value in service.selector.items())
    ]


def routes_of(workload: Workload, inventory: Inventory) -> list[Route]:
    """The routes that lead to one of the workload's Services, or to the workload itself (KServe, Knative)."""
    names = {service.name for service in services_of(workload, inventory)} | {workload.subject.name}
    return _index(inventory).routes.near(workload.subject.namespace, names)


def autoscalers_of(workload: Workload, inventory: Inventory) -> list[Autoscaler]:
    """The autoscalers whose target is this workload."""
    return [
        scaler
        for scaler in _index(inventory).scalers.near(workload.subject.namespace, [workload.subject.name])
        if scaler.target_kind in (None, workload.subject.kind)
    ]


def same_namespace(a: str | None, b: str | None) -> bool:
    """Whether two namespaces can be one; what a document does not say matches any."""
    return a is None or b is None or a == b


def is_shared_memory(volume: Volume) -> bool:
    """Whether a volume is meant for /dev/shm: an emptyDir with its name, or one in memory that is called shared."""
    name = volume.name.lower()
    return volume.kind == "emptyDir" and ("shm" in name or ("shared" in name and volume.medium == "Memory"))
