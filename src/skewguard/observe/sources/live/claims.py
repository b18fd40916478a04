"""Devices that dynamic resource allocation gave to pods: claims, and what drivers publish of the devices.

Source: resource.k8s.io/v1 and v1beta1 (`ResourceClaim.status.allocation.devices.results`, `ResourceSlice.spec`; in v1beta1
the attributes of a device stand under `basic`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from skewguard.adapters.cluster.resources import Resource
from skewguard.language.objects import Json
from skewguard.language.running import Device
from skewguard.observe.sources.live import shapes
from skewguard.observe.sources.live.asking import Asking, Served

_GROUP = "resource.k8s.io"
_HIDES = "which devices dynamic resource allocation gave to the pods"

Allocations = dict[tuple[str, str], tuple[Device, ...]]
"""(namespace, name of a ResourceClaim) → its devices."""


class Pool(Struct, frozen=True, rename="camel"):
    """The pool that a slice is a part of; an older generation of it is being replaced."""

    name: str = ""
    generation: int = 0


class SliceSpec(Struct, frozen=True):
    """What a driver publishes."""

    driver: str = ""
    pool: Pool = Pool()
    devices: list[dict[str, Any]] | None = None


class Slice(Struct, frozen=True):
    """A ResourceSlice."""

    metadata: shapes.Meta = shapes.Meta()
    spec: SliceSpec = SliceSpec()


class Claim(Struct, frozen=True):
    """A ResourceClaim; its status is read as it comes, for allocations have changed their form before."""

    metadata: shapes.Meta = shapes.Meta()
    status: dict[str, Any] | None = None


def read(asking: Asking, served: Served, namespaces: Sequence[str | None]) -> Allocations:
    """Every allocated claim of some namespaces (None: of all)."""
    claims, slices = served.kind("ResourceClaim", _GROUP), served.kind("ResourceSlice", _GROUP)
    if claims is None:
        return {}
    held = [each for namespace in namespaces for each in asking.list(claims, Claim, _HIDES, namespace=namespace)]
    published = _published(asking, slices) if slices is not None and any(_results(each) for each in held) else {}
    return {
        (each.metadata.namespace or "", each.metadata.name): _devices(each, published)
        for each in held
        if _results(each)
    }


def made_for(status: shapes.PodStatus) -> tuple[str, ...]:
    """The names of the ResourceClaims that were made for a pod from templates."""
    names = (each.resource_claim_name for each in status.resource_claim_statuses or ())
    return tuple(name for name in names if name is not None)


def named(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the ResourceClaims that a pod's spec names itself."""
    listed = spec.get("resourceClaims")
    names = (
        [each.get("resourceClaimName") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    )
    return tuple(name for name in names if isinstance(name, str))


def _published(asking: Asking, resource: Resource) -> Mapping[tuple[str, str, str], Mapping[str, str]]:
    """(driver, pool, device) → attributes, from the newest generation of each pool."""
    newest: dict[tuple[str, str], int] = {}
    found: dict[tuple[str, str, str], tuple[int, Mapping[str, str]]] = {}
    for each in asking.list(resource, Slice, "what the allocated devices are"):
        driver, pool = each.spec.driver, each.spec.pool
        newest[driver, pool.name] = max(newest.get((driver, pool.name), 0), pool.generation)
        for device in each.spec.devices or ():
            place = (driver, pool.name, str(device.get("name")))
            if pool.generation >= found.get(place, (-1, {}))[0]:
                found[place] = (pool.generation, _attributes(device))
    return {place: told for place, (generation, told) in found.items() if generation == newest[place[0], place[1]]}


def _attributes(device: Mapping[str, Any]) -> dict[str, str]:
    basic = device.get("basic")
    listed = device.get("attributes") or (basic.get("attributes") if isinstance(basic, dict) else None)
    values = listed.items() if isinstance(listed, dict) else ()
    return {name: text for name, value in values if (text := _text(value)) is not None}


def _text(value: Json) -> str | None:
    """An attribute's value: one of `string`, `version`, `int`, `bool`."""
    inner = next(iter(value.values()), None) if isinstance(value, dict) else None
    if isinstance(inner, bool):
        return str(inner).lower()
    return str(inner) if isinstance(inner, (str, int)) else None


def _results(claim: Claim) -> list[Mapping[str, Any]]:
    value: Any = claim.status
    for step in ("allocation", "devices", "results"):
        value = value.get(step) if isinstance(value, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _devices(claim: Claim, published: Mapping[tuple[str, str, str], Mapping[str, str]]) -> tuple[Device, ...]:
    return tuple(_device(claim.metadata.name, each, published) for each in _results(claim))


def _device(
    claim: str, result: Mapping[str, Any], published: Mapping[tuple[str, str, str], Mapping[str, str]]
) -> Device:
    driver, pool, name = (str(result.get(key) or "") for key in ("driver", "pool", "device"))
    return Device(claim, driver, pool, name, published.get((driver, pool, name), {}))
