"""Which kinds of objects a server knows: the aggregated discovery document, or one document for each group.

Kubernetes documentation: concepts/overview/kubernetes-api, "Discovery API"; aggregated since 1.26 (v2beta1), v2 since 1.30.
"""

from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from skewguard.adapters.cluster.calls import Call
from skewguard.adapters.cluster.errors import ClusterError, Unusable
from skewguard.adapters.cluster.resources import Resource
from skewguard.adapters.cluster.session import Cluster
from skewguard.adapters.cluster.together import each

T = TypeVar("T")

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"
_ACCEPT = f"{_AGGREGATED.format('v2')},{_AGGREGATED.format('v2beta1')},application/json"


class _Kind(Struct, frozen=True):
    kind: str = ""


class _Served(Struct, frozen=True):
    """One kind in the aggregated document."""

    resource: str
    kind: _Kind = field(name="responseKind", default=_Kind())
    scope: str = "Namespaced"
    singular: str = field(name="singularResource", default="")
    short_names: tuple[str, ...] = field(name="shortNames", default=())
    verbs: tuple[str, ...] = ()


class _Version(Struct, frozen=True):
    version: str
    resources: tuple[_Served, ...] = ()
    freshness: str = ""


class _Meta(Struct, frozen=True):
    name: str = ""


class _Group(Struct, frozen=True):
    metadata: _Meta = _Meta()
    versions: tuple[_Version, ...] = ()


class _Aggregated(Struct, frozen=True):
    kind: str = ""
    items: tuple[_Group, ...] = ()


class _Names(Struct, frozen=True):
    """`/api` of a server without aggregated discovery: versions of the core group."""

    versions: tuple[str, ...] = ()


class _GroupVersion(Struct, frozen=True):
    version: str


class _OldGroup(Struct, frozen=True):
    name: str
    versions: tuple[_GroupVersion, ...] = ()
    preferred: _GroupVersion | None = field(name="preferredVersion", default=None)


class _Groups(Struct, frozen=True):
    groups: tuple[_OldGroup, ...] = ()


class _OldServed(Struct, frozen=True):
    """One kind in the document of a group version."""

    name: str
    kind: str = ""
    namespaced: bool = True
    singular: str = field(name="singularName", default="")
    short_names: tuple[str, ...] = field(name="shortNames", default=())
    verbs: tuple[str, ...] = ()


class _Resources(Struct, frozen=True):
    resources: tuple[_OldServed, ...] = ()


def resources(cluster: Cluster) -> tuple[Resource, ...]:
    """Every kind with its group, version and short names; subresources are none. Raises a `ClusterError`.

    A group whose own server does not answer is left out and noted: it does not keep the others from being read.
    """
    found: list[Resource] = []
    for body, path in zip(each(cluster, [partial(_ask, cluster, path) for path in _ROOTS]), _ROOTS, strict=True):
        document = _decode(body, _Aggregated, cluster)
        if document.kind == "APIGroupDiscoveryList":
            found += _aggregated(document, cluster)
        else:
            found += _one_by_one(body, path, cluster)
    return tuple(found)


_ROOTS = ("/api", "/apis")


def _ask(cluster: Cluster, path: str, *, patient: bool = True) -> bytes:
    call = Call(path, "the list of kinds", f"get {path}", headers={"Accept": _ACCEPT}, patient=patient)
    return cluster.ask(call).body


def _decode(body: bytes, type_: type[T], cluster: Cluster) -> T:
    try:
        return msgspec.json.decode(body, type=type_)
    except (msgspec.DecodeError, RecursionError):
        raise Unusable(
            f"{cluster.place} does not say which kinds it serves: is it an API server?",
            hint="check the `server` of the cluster: there may be a login page or another service before it",
        ) from None


def _aggregated(document: _Aggregated, cluster: Cluster) -> list[Resource]:
    found: list[Resource] = []
    for group in document.items:
        for version in group.versions:
            if version.freshness == "Stale":
                _note(cluster, f"{group.metadata.name}/{version.version}")
            found += [_resource(group.metadata.name, version.version, each_) for each_ in version.resources]
    return found


def _resource(group: str, version: str, served: _Served) -> Resource:
    names = tuple(name for name in (served.singular, *served.short_names) if name)
    namespaced = served.scope == "Namespaced"
    return Resource(group, version, served.resource, served.kind.kind, namespaced, names, served.verbs)


def _one_by_one(body: bytes, path: str, cluster: Cluster) -> list[Resource]:
    """The older way: the groups first, then a document for each of their versions."""
    if path == "/api":
        pairs = [("", version) for version in _decode(body, _Names, cluster).versions]
    else:
        pairs = [pair for group in _decode(body, _Groups, cluster).groups for pair in _versions(group)]
    tasks = [partial(_group, cluster, group, version) for group, version in pairs]
    return [resource for part in each(cluster, tasks) for resource in part]


def _versions(group: _OldGroup) -> list[tuple[str, str]]:
    """The versions of a group, the preferred one first."""
    preferred = [group.preferred.version] if group.preferred is not None else []
    return [(group.name, version) for version in dict.fromkeys([*preferred, *(v.version for v in group.versions)])]


def _group(cluster: Cluster, group: str, version: str) -> list[Resource]:
    path = f"/apis/{group}/{version}" if group else f"/api/{version}"
    try:
        document = _decode(_ask(cluster, path, patient=False), _Resources, cluster)
    except ClusterError:
        _note(cluster, path.removeprefix("/apis/"))
        return []
    return [_old_resource(group, version, served) for served in document.resources if "/" not in served.name]


def _old_resource(group: str, version: str, served: _OldServed) -> Resource:
    names: Any = tuple(name for name in (served.singular, *served.short_names) if name)
    return Resource(group, version, served.name, served.kind, served.namespaced, names, served.verbs)


def _note(cluster: Cluster, group: str) -> None:
    cluster.note(f"{group} of {cluster.place} does not answer: what it serves is not known")
