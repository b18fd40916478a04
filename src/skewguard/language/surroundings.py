"""Which Services, routes and autoscalers of the same input belong to a workload.

A namespace that a document does not name matches any: `helm template` without `-n` writes none.
"""

from skewguard.language.workloads import Autoscaler, Inventory, Route, Service, Workload


def services_of(workload: Workload, inventory: Inventory) -> list[Service]:
    """The Services whose selector matches the pods' labels."""
    labels = workload.template.labels
    return [
        service
        for service in inventory.services
        if service.selector
        and same_namespace(service.namespace, workload.subject.namespace)
        and all(labels.get(key) == value for key, value in service.selector.items())
    ]


def routes_of(workload: Workload, inventory: Inventory) -> list[Route]:
    """The routes that lead to one of the workload's Services, or to the workload itself (KServe, Knative)."""
    names = {service.name for service in services_of(workload, inventory)}
    own = workload.subject.name
    return [
        route
        for route in inventory.routes
        if same_namespace(route.namespace, workload.subject.namespace)
        and any(backend in names or backend == own for backend, _ in route.backends)
    ]


def autoscalers_of(workload: Workload, inventory: Inventory) -> list[Autoscaler]:
    """The autoscalers whose target is this workload."""
    return [
        scaler
        for scaler in inventory.autoscalers
        if scaler.target_name == workload.subject.name
        and scaler.target_kind in (None, workload.subject.kind)
        and same_namespace(scaler.namespace, workload.subject.namespace)
    ]


def same_namespace(a: str | None, b: str | None) -> bool:
    """Whether two namespaces can be one; what a document does not say matches any."""
    return a is None or b is None or a == b
