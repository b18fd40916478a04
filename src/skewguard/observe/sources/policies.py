"""Envoy Gateway's policies, which set limits on routes and gateways from outside.

Source: gateway.envoyproxy.io/v1alpha1 BackendTrafficPolicy (`timeout`, `retry`) and ClientTrafficPolicy (`timeout`).
"""

from collections.abc import Iterator, Mapping

from skewguard.language.documents import Node
from skewguard.language.facts import Located
from skewguard.language.workloads import Route, Timeout
from skewguard.observe.sources.limits import retries, timeout
from skewguard.observe.sources.objects import Object, Objects

# Paths under `spec.timeout`; idle limits of the connection between requests bound no answer and are left out.
_LIMITS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "BackendTrafficPolicy": (("http", "requestTimeout"), ("http", "maxStreamDuration"), ("tcp", "connectTimeout")),
    "ClientTrafficPolicy": (("http", "streamIdleTimeout"),),
}


def of_route(route: Object, backends: tuple[tuple[str, int | str | None], ...], objects: Objects) -> Iterator[Route]:
    """What policies of the input set on a route, or on a gateway it is attached to."""
    for kind, paths in _LIMITS.items():
        for policy in _of_kind(kind, objects):
            if not _targets(policy, route):
                continue
            spec = policy.root.get("spec")
            limits: list[Timeout] = []
            for path in paths:
                limits.extend(timeout(f"spec.timeout.{'.'.join(path)}", spec.get("timeout", *path)))
            again: list[Located[int]] = list(retries(spec.get("retry", "numRetries")))
            if limits or again:
                yield Route(kind, policy.name, policy.namespace, policy.origin, backends, tuple(limits), tuple(again))


def _of_kind(kind: str, objects: Objects) -> list[Object]:
    found = objects.memory.get(kind)
    if not isinstance(found, list):
        found = objects.of_kind(kind)
        objects.memory[kind] = found
    return found


def _targets(policy: Object, route: Object) -> bool:
    if policy.namespace is not None and route.namespace is not None and policy.namespace != route.namespace:
        return False
    spec = policy.root.get("spec")
    refs: list[Node] = [*spec.get("targetRefs").elements(), *([spec.get("targetRef")] if spec.get("targetRef") else [])]
    gateways = {ref.get("name").text() for ref in route.root.get("spec", "parentRefs").elements()}
    for ref in refs:
        kind, name = ref.get("kind").text(), ref.get("name").text()
        if (kind == route.kind and name == route.name) or (kind == "Gateway" and name in gateways):
            return True
    return False
