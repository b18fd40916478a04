"""Which objects of one input belong together: Services and pods, routes and Services, autoscalers and workloads.

Kubernetes joins objects by name and label inside one namespace. An input says less and holds more: a document may name
no namespace (`helm template` writes none), and a folder may hold the same object once for each environment. So where
several workloads of one kind and name could be meant, an object means those in its namespace, and among them those of
its own file, else of the nearest folder; where they are in different namespaces and nothing tells, it means none.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from skewguard.language.facts import Subject
from skewguard.language.neighbours import Autoscaler, Backend, Route
from skewguard.language.workloads import Inventory, Service, Workload

T = TypeVar("T", Service, Workload)
N = TypeVar("N", Service, Route, Autoscaler)


class Namesakes(Generic[T]):
    """Objects of one kind and name: by namespace, then by the file they stand in."""

    def __init__(self) -> None:
        self._places: dict[str | None, dict[str | None, list[T]]] = {}

    def add(self, item: T, namespace: str | None) -> None:
        """Put one object in its place."""
        self._places.setdefault(namespace, {}).setdefault(item.origin.file, []).append(item)

    def meant(self, namespace: str | None, file: str | None) -> list[T]:
        """Those that an object in a namespace and a file means."""
        named = namespace is not None and namespace in self._places
        files = self._places[namespace] if named else self._places.get(None) if namespace else self._unnamed(file)
        if not files:
            return []
        if file in files:
            return files[file]
        most = max(_nearness(file, each) for each in files)
        return [item for each, items in files.items() if _nearness(file, each) == most for item in items]

    def in_doubt(self, namespace: str | None, file: str | None) -> list[T]:
        """Those between which nothing decides: all of them, where an object that names no namespace means none."""
        if namespace is not None or self.meant(namespace, file):
            return []
        return [item for files in self._places.values() for items in files.values() for item in items]

    def _unnamed(self, file: str | None) -> dict[str | None, list[T]] | None:
        """Where an object that names no namespace looks: its own file, the only namespace, else nowhere."""
        here = [namespace for namespace, files in self._places.items() if file in files]
        able = here or list(self._places)
        if len(able) == 1:
            return self._places[able[0]]
        return self._places.get(None) if None in able else None


def _nearness(a: str | None, b: str | None) -> int:
    """How many folders two files have in common."""
    ours, theirs = (a or "").split("/")[:-1], (b or "").split("/")[:-1]
    common = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        common += 1
    return common


class Found(Generic[N]):
    """What belongs to which workload, in the order of the input."""

    def __init__(self) -> None:
        self._of: dict[int, dict[int, N]] = {}
        self._doubtful: dict[int, dict[int, N]] = {}

    def doubt(self, workloads: Iterable[Workload], item: N) -> None:
        """Remember what may belong to one of several workloads, and nobody can say to which."""
        for workload in workloads:
            self._doubtful.setdefault(id(workload), {})[id(item)] = item

    def doubtful(self, workload: Workload) -> list[N]:
        """What may belong to a workload, or to a namesake in another namespace."""
        return list(self._doubtful.get(id(workload), {}).values())

    def add(self, workload: Workload, item: N) -> None:
        """Join two."""
        self._of.setdefault(id(workload), {})[id(item)] = item

    def of(self, workload: Workload) -> list[N]:
        """Everything that belongs to a workload."""
        return list(self._of.get(id(workload), {}).values())


# ---- Services ------------------------------------------------------------------------------------------------------


def services(inventory: Inventory) -> Found[Service]:
    """Each Service joined to the workloads whose pods it selects."""
    labelled: dict[tuple[str, str], list[Workload]] = {}
    for workload in inventory.workloads:
        for label in workload.template.labels.items():
            labelled.setdefault(label, []).append(workload)
    selected = [(service, _selected(service, labelled)) for service in inventory.services if service.selector]
    pairs = [
        (service, [item for group in groups for item in group.meant(service.namespace, service.origin.file)])
        for service, groups in selected
    ]
    own = {id(workload) for service, chosen in pairs for workload in chosen if _at_home(service, workload)}
    found: Found[Service] = Found()
    for service, groups in selected:
        for group in groups:
            found.doubt(group.in_doubt(service.namespace, service.origin.file), service)
    for service, chosen in pairs:
        settled = any(_at_home(service, workload) for workload in chosen)
        for workload in chosen:
            sure = service.namespace is not None and service.namespace == workload.subject.namespace
            # Two files that each hold a workload with its Service are two deployments, where no namespace joins them.
            if sure or _at_home(service, workload) or not settled or id(workload) not in own:
                found.add(workload, service)
    return found


def _at_home(service: Service, workload: Workload) -> bool:
    return service.origin.file == workload.origin.file


def _selected(service: Service, labelled: Mapping[tuple[str, str], list[Workload]]) -> list[Namesakes[Workload]]:
    """The workloads that a selector fits, by kind and name."""
    rarest = min((labelled.get(label, []) for label in service.selector.items()), key=len)
    groups: dict[tuple[str, str], Namesakes[Workload]] = {}
    for workload in rarest:
        labels = workload.template.labels
        if all(labels.get(key) == value for key, value in service.selector.items()):
            key = workload.subject.kind, workload.subject.name
            groups.setdefault(key, Namesakes()).add(workload, workload.subject.namespace)
    return list(groups.values())


# ---- routes --------------------------------------------------------------------------------------------------------


class _Ways:
    """What a backend's name leads to: Services of the input, and those that a platform makes for its own objects."""

    def __init__(self, inventory: Inventory, selected: Found[Service]) -> None:
        self._named: dict[tuple[str, str], Namesakes[Service]] = {}
        self._made: dict[tuple[str, str], Namesakes[Workload]] = {}
        self._behind: dict[int, list[Workload]] = {}
        for service in inventory.services:
            self._named.setdefault((service.kind, service.name), Namesakes()).add(service, service.namespace)
        for workload in inventory.workloads:
            for service in selected.of(workload):
                self._behind.setdefault(id(service), []).append(workload)
            for made in _made_services(workload.subject):
                self._made.setdefault(made, Namesakes()).add(workload, workload.subject.namespace)

    def services(self, backend: Backend, file: str | None) -> list[Service]:
        """The Services that a backend means."""
        named = self._named.get((backend.kind, backend.name))
        return named.meant(backend.namespace, file) if named else []

    def workloads(self, backend: Backend, file: str | None, depth: int = 0) -> Iterator[Workload]:
        """The workloads behind a backend; an ExternalName that is a Service of the cluster leads on to it."""
        for service in self.services(backend, file):
            yield from self._behind.get(id(service), ())
            onward = service_of_host(service.external, None) if service.external else None
            if onward is not None and onward.namespace is not None and depth < _LONGEST_CHAIN:
                yield from self.workloads(onward, file, depth + 1)
        made = self._made.get((backend.kind, backend.name))
        if made is not None:
            yield from made.meant(backend.namespace, file)


_LONGEST_CHAIN = 3
"""How many ExternalNames may lead to each other; a circle of them leads nowhere."""

_MADE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "InferenceService": (("Service", "{0}"), ("Service", "{0}-predictor"), ("Service", "{0}-predictor-default")),
    "LLMInferenceService": (("Service", "{0}-kserve-workload-svc"), ("InferencePool", "{0}-inference-pool")),
    "Service": (("Service", "{0}"),),
    "NIMService": (("Service", "{0}"),),
    "Workspace": (("Service", "{0}"),),
    "VLLMRuntime": (("Service", "{0}"),),
    "LeaderWorkerSet": (("Service", "{0}"),),
    "RayService": (("Service", "{0}-serve-svc"), ("Service", "{0}-head-svc")),
    "RayCluster": (("Service", "{0}-head-svc"),),
    "DynamoGraphDeployment": (("Service", "{0}-{1}"),),
    "RoleBasedGroup": (("Service", "s-{0}-{1}"),),
}
"""Kind → the Services (and pools) that its controller makes; {0} is the object's name, {1} the role's.

Sources: kserve pkg/constants, pkg/controller/v1alpha2/llmisvc; Knative Route; NIM operator; KAITO; LeaderWorkerSet
(a headless Service of its name); kuberay ray-operator/controllers/ray/utils; Dynamo operator; rbg helper.go
GetServiceName.
"""


def _made_services(subject: Subject) -> Iterator[tuple[str, str]]:
    for kind, name in _MADE.get(subject.kind, ()):
        yield kind, name.format(subject.name, (subject.role or "").lower())


def routes(inventory: Inventory, selected: Found[Service]) -> Found[Route]:
    """Each route joined to the workloads it leads to."""
    found: Found[Route] = Found()
    if not inventory.routes:
        return found
    ways = _Ways(inventory, selected)
    for route in inventory.routes:
        for backend in route.backends:
            for workload in ways.workloads(backend, route.origin.file):
                found.add(workload, route)
    return found


def service_of_host(host: str, namespace: str | None) -> Backend | None:
    """The Service that a DNS name of the cluster stands for, seen from a namespace; None for a name of the world.

    Source: Kubernetes, DNS for Services and Pods: `chat`, `chat.prod`, `chat.prod.svc`, `chat.prod.svc.DOMAIN`.
    """
    name, *rest = host.rstrip(".").split(".")
    if not name or "*" in host or (len(rest) > 1 and rest[1] != "svc"):
        return None
    return Backend(name, None, rest[0] if rest else namespace)


def unseen(inventory: Inventory) -> Mapping[str, list[tuple[Route, Backend]]]:
    """The backends that no object of the input has the name of."""
    known = {(service.kind, service.name) for service in inventory.services}
    found: dict[str, list[tuple[Route, Backend]]] = {}
    for route in inventory.routes:
        for backend in route.backends:
            if (backend.kind, backend.name) not in known:
                found.setdefault(backend.name, []).append((route, backend))
    return found


# ---- autoscalers ---------------------------------------------------------------------------------------------------

_CHILDREN: Mapping[str, tuple[tuple[str, str, str | None], ...]] = {
    "InferenceService": (("Deployment", "{}-predictor", None), ("Deployment", "{}-predictor-default", None)),
    "LLMInferenceService": (("Deployment", "{}-kserve", "decode"), ("Deployment", "{}-kserve-prefill", "prefill"),
                            ("LeaderWorkerSet", "{}-kserve-mn", "decode"),
                            ("LeaderWorkerSet", "{}-kserve-mn-prefill", "prefill")),
    "NIMService": (("Deployment", "{}", None), ("StatefulSet", "{}", None)),
    "Workspace": (("Deployment", "{}", None), ("StatefulSet", "{}", None)),
}  # fmt: skip
"""Kind → the workloads that its controller makes: kind, name, and the role they run where there are several."""


def scalers(inventory: Inventory) -> Found[Autoscaler]:
    """Each autoscaler joined to the workloads it scales."""
    found: Found[Autoscaler] = Found()
    if not inventory.autoscalers:
        return found
    targets: dict[tuple[str | None, str], Namesakes[Workload]] = {}
    for workload in inventory.workloads:
        for key in _scaled_as(workload.subject):
            targets.setdefault(key, Namesakes()).add(workload, workload.subject.namespace)
    for scaler in inventory.autoscalers:
        group = targets.get((scaler.target_kind, scaler.target_name or ""))
        if group is None:
            continue
        found.doubt(group.in_doubt(scaler.namespace, scaler.origin.file), scaler)
        for workload in group.meant(scaler.namespace, scaler.origin.file):
            if scaler.target_role is None or _plays(workload.subject, scaler.target_role):
                found.add(workload, scaler)
    return found


def _scaled_as(subject: Subject) -> Iterator[tuple[str | None, str]]:
    """The kinds and names under which an autoscaler can mean a workload; it may leave out the kind."""
    yield subject.kind, subject.name
    yield None, subject.name
    for kind, name, role in _CHILDREN.get(subject.kind, ()):
        if role is None or subject.role is None or _plays(subject, role) or subject.role in ("leader", "worker"):
            yield kind, name.format(subject.name)


def _plays(subject: Subject, role: str) -> bool:
    return subject.role == role or (subject.role or "").startswith(f"{role}-")
