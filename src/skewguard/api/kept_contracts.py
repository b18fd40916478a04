"""The contracts that a cluster keeps: custom resources, and ConfigMaps labelled for it where none may be installed.

They stand behind the contracts of the `.skewguard` folder, and are not read where contracts were named with `--contract`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, structs

from skewguard.adapters.cluster.errors import ClusterError
from skewguard.adapters.cluster.read import Reader
from skewguard.adapters.cluster.resources import Resource
from skewguard.api import histories, surroundings
from skewguard.api.contracts import Contracts
from skewguard.judge.checks import registry
from skewguard.knowledge.contract import applied, loading, values
from skewguard.language import objects
from skewguard.language.running import Unread
from skewguard.observe.sources.live.asking import Asking

LABEL = f"{loading.HOLDS_LABEL}=contract"
"""The selector of ConfigMaps that hold contracts."""

_GROUP, _VERSION = values.API_VERSION.split("/")
RESOURCES = (
    (Resource("", "v1", "configmaps", "ConfigMap"), LABEL),
    (Resource(_GROUP, _VERSION, f"{values.KIND.lower()}s", values.KIND), None),
)
"""What is asked for, with the selector."""
HIDES = "contracts kept in the cluster"


class Kept(Struct, frozen=True):
    """The contracts at hand with those of a cluster, and what could not be read there."""

    contracts: Contracts
    unread: tuple[Unread, ...] = ()


def in_cluster(promised: Contracts, reader: Reader, namespaces: Iterable[str | None]) -> Kept:
    """The contracts at hand and those that these namespaces keep; None stands for all.

    Nothing raises: what may not be read is `Unread`, what cannot be understood a problem of the contracts. Contracts
    that were asked for with `--contract` stand alone.
    """
    if promised.asked:
        return Kept(promised)
    asking, wanted = Asking(reader), dict.fromkeys(namespaces)
    found = [
        each
        for namespace in ((None,) if None in wanted else wanted)
        for resource, labels in RESOURCES
        for each in asking.list(resource, dict, HIDES, namespace=namespace, labels=labels)
    ]
    unread = tuple(each for each in asking.unread.values() if _is_news(each, reader))
    return Kept(with_objects(promised, found), unread)


def _is_news(unread: Unread, reader: Reader) -> bool:
    """Whether contracts may be hidden: a cluster without the custom resource keeps none, and nobody needs a right to it.

    Who may list nothing of a kind is refused whether there is such a kind or not; what is served says which it is.
    """
    resource = RESOURCES[1][0]
    if unread.kind != "denied" or resource.group not in unread.would_need:
        return unread.kind != "absent"
    try:
        return any((each.group, each.plural) == (resource.group, resource.plural) for each in reader.resources())
    except ClusterError:
        return True


def with_objects(promised: Contracts, kept: Iterable[Mapping[str, Any]]) -> Contracts:
    """The contracts at hand and those of objects of the cluster (whole, with `apiVersion` and `kind`).

    What cannot be read in an object is a problem that names it; the other contracts count.
    """
    kept = tuple(kept)
    roots = [objects.document(each).root for each in kept]
    loaded = loading.load_objects(roots, [*registry.CHECKS, *registry.aliases()], histories)
    errors = [*loaded.errors, *(error for each in kept for error in applied.lost(each))]
    foreign = [f"{error.file}: {error.message}" for error in loaded.foreign]
    return structs.replace(
        promised,
        contracts=(*promised.contracts, *loaded.contracts),
        problems=(*promised.problems, *(surroundings.problem(error) for error in errors)),
        notes=(*promised.notes, *(f"{note.origin}: {note.message}" for note in loaded.notes), *foreign),
    )
