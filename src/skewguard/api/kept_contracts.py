"""The contracts that a cluster keeps: custom resources, and ConfigMaps labelled for it where none may be installed.

They stand behind the contracts of the `.skewguard` folder, and are not read where contracts were named with `--contract`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import structs

from skewguard.api import histories, surroundings
from skewguard.api.contracts import Contracts
from skewguard.judge.checks import registry
from skewguard.knowledge.contract import applied, loading
from skewguard.language import objects

LABEL = f"{loading.HOLDS_LABEL}=contract"
"""The selector of ConfigMaps that hold contracts."""


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
