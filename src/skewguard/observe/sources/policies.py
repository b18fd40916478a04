"""Envoy Gateway's policies, which set limits on routes and gateways from outside.

Source: gateway.envoyproxy.io/v1alpha1 BackendTrafficPolicy (`timeout`, `retry`) and ClientTrafficPolicy (`timeout`).
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from skewguard.language.facts import Located
from skewguard.language.neighbours import Route, Timeout
from skewguard.language.trees import Node
from skewguard.observe.sources.limits import retries, timeout
from skewguard.observe.sources.objects import Object, Objects

# Paths under `spec.timeout`; idle limits of the connection between requests bound no answer and are left out.
_LIMITS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "BackendTrafficPolicy": (("http", "requestTimeout"), ("http", "maxStreamDuration"), ("tcp", "connectTimeout")),
    "ClientTrafficPolicy": (("http", "streamIdleTimeout"),),
}
_REQUEST = "requestTimeout"


def governed(made: Route, own: Object, objects: Objects) -> Route:
    """A rule of a route with what the policies of the input set on it; who has one runs on Envoy Gateway."""
    found = [policy for kind in _LIMITS for policy in _nearest(kind, own, objects)]
    if not found:
        return made
    limits: list[Timeout] = [*made.timeouts]
    again: list[Located[int]] = [*made.retries]
    for policy in found:
        limits.extend(_limits(policy, made.timeouts))
        again.extend(() if made.retries else retries(policy.root.get("spec", "retry", "numRetries")))
    return structs.replace(made, timeouts=tuple(limits), retries=tuple(again), family="envoy-gateway")


def _limits(policy: Object, written: Sequence[Timeout]) -> Iterator[Timeout]:
    """The limits of a policy; the route's own request timeout stands above the policy's.

    Source: Envoy Gateway internal/xds/translator/route.go getEffectiveRequestTimeout.
    """
    spec = policy.root.get("spec")
    for path in _LIMITS[policy.kind]:
        if path[-1] == _REQUEST and any(limit.name == "timeouts.request" for limit in written):
            continue
        name = f"{policy.kind} {policy.name} spec.timeout.{'.'.join(path)}"
        yield from timeout(name, spec.get("timeout", *path))


def _nearest(kind: str, route: Object, objects: Objects) -> list[Object]:
    """The policies on the route itself, else those on a gateway it is attached to: the nearer one replaces the other."""
    found: dict[str, list[Object]] = {"route": [], "gateway": []}
    for policy in _of_kind(kind, objects):
        target = _target(policy, route)
        if target is not None:
            found[target].append(policy)
    return found["route"] or found["gateway"]


def _of_kind(kind: str, objects: Objects) -> list[Object]:
    found = objects.memory.get(kind)
    if not isinstance(found, list):
        found = objects.of_kind(kind)
        objects.memory[kind] = found
    return found


def _target(policy: Object, route: Object) -> str | None:
    """What a policy is attached to: the `route`, its `gateway`, or neither. A policy reaches its own namespace only."""
    spec = policy.root.get("spec")
    refs: list[Node] = [*spec.get("targetRefs").elements(), *([spec.get("targetRef")] if spec.get("targetRef") else [])]
    parents = route.root.get("spec", "parentRefs").elements()
    gateways = [(each.get("name").text(), each.get("namespace").text() or route.namespace) for each in parents]
    reached = [name for name, namespace in gateways if _same(policy.namespace, namespace)]
    found = None
    for ref in refs:
        kind, name = ref.get("kind").text(), ref.get("name").text()
        if kind == route.kind and name == route.name and _same(policy.namespace, route.namespace):
            return "route"
        if kind == "Gateway" and name in reached:
            found = "gateway"
    return found


def _same(a: str | None, b: str | None) -> bool:
    return a is None or b is None or a == b
