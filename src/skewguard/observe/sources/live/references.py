"""The ConfigMaps and Secrets that a pod reads at its start, and by which container."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from skewguard.language.objects import Json

_DEEPEST = 60
_WAYS: dict[str, tuple[str, str]] = {
    "configMapRef": ("ConfigMap", "name"),
    "configMapKeyRef": ("ConfigMap", "name"),
    "configMap": ("ConfigMap", "name"),
    "secretRef": ("Secret", "name"),
    "secretKeyRef": ("Secret", "name"),
    "secret": ("Secret", "secretName"),
}
_CONTAINERS = ("containers", "initContainers")


class Reference(Struct, frozen=True, gc=False):
    """One object that a container reads at its start, and how: `env` or `file`. Its namespace is the pod's."""

    kind: str
    name: str
    how: Literal["env", "file"]
    container: str


def of_pod(spec: Mapping[str, Any]) -> frozenset[Reference]:
    """Every ConfigMap and Secret that the containers of a pod read, also those that are optional."""
    volumes = {str(each.get("name")): each for each in _dicts(spec.get("volumes"))}
    return frozenset(
        reference
        for field in _CONTAINERS
        for container in _dicts(spec.get(field))
        for reference in _of_container(container, volumes)
    )


def named(value: Json) -> frozenset[tuple[str, str]]:
    """(kind, name) of every ConfigMap and Secret that an object of any kind names."""
    return frozenset(_walk(value, 0))


def _of_container(container: Mapping[str, Any], volumes: Mapping[str, Mapping[str, Any]]) -> Iterator[Reference]:
    name = str(container.get("name"))
    sources = [each["valueFrom"] for each in _dicts(container.get("env")) if "valueFrom" in each]
    for kind, other in _walk([sources, container.get("envFrom")], 0):
        yield Reference(kind, other, "env", name)
    for mount in _dicts(container.get("volumeMounts")):
        volume = volumes.get(str(mount.get("name")))
        for kind, other in _walk(volume, 0):
            yield Reference(kind, other, "file", name)


def _walk(value: Json, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _walk(each, depth + 1)
    elif isinstance(value, dict):
        for key, each in value.items():
            way = _WAYS.get(key)
            if way is not None and isinstance(each, dict):
                name = each.get(way[1]) or each.get("name")
                if isinstance(name, str):
                    yield way[0], name
            if isinstance(each, (dict, list)):
                yield from _walk(each, depth + 1)


def _dicts(value: Json) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
