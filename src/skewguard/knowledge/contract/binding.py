"""Which container is under which contract: targets are globs, and what a document does not say matches any."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from skewguard.knowledge.contract.values import Binding, Contract, Target
from skewguard.language.facts import Subject


def bind(contracts: Sequence[Contract], subjects: Iterable[Subject], namespace: str | None = None) -> list[Binding]:
    """The binding of each subject, in order. `namespace` is the one of `-n`, for documents that name none.

    A contract in a file at hand goes before one that is kept in the cluster: it is the newer wish of whoever asks.
    """
    return [
        _chosen([contract for contract in contracts if picks(contract, subject, namespace)], given=bool(contracts))
        for subject in subjects
    ]


def _chosen(found: Sequence[Contract], *, given: bool) -> Binding:
    at_hand = tuple(contract for contract in found if not contract.kept)
    kept = tuple(contract for contract in found if contract.kept)
    return Binding(at_hand or kept, given, kept if at_hand else ())


def bind_any(contracts: Sequence[Contract], named: Iterable[Sequence[Subject]]) -> list[Binding]:
    """The binding of each container that several objects stand above: a contract may be written for any of them."""
    found = ([each for each in contracts if any(picks(each, subject) for subject in subjects)] for subjects in named)
    return [_chosen(picking, given=bool(contracts)) for picking in found]


def without_target(contracts: Iterable[Contract], bindings: Sequence[Binding]) -> list[Contract]:
    """The contracts that pick no subject at all."""
    bound = {id(contract) for binding in bindings for contract in (*binding.candidates, *binding.shadowed)}
    return [contract for contract in contracts if id(contract) not in bound]


def picks(contract: Contract, subject: Subject, namespace: str | None = None) -> bool:
    """Whether any target of the contract picks the subject."""
    return any(_matches(target, subject, namespace) for target in contract.targets)


def covers(target: Target, namespace: str | None, cluster: str | None) -> bool:
    """Whether a target can mean anything of a namespace (None: of every one) of a cluster."""
    return _says(target.namespace, namespace) and _says(target.cluster, cluster)


def _matches(target: Target, subject: Subject, namespace: str | None) -> bool:
    return (
        fnmatchcase(subject.kind.lower(), target.kind.lower())
        and fnmatchcase(subject.name, target.name)
        and _says(target.container, subject.container)
        and _says(target.namespace, subject.namespace or namespace)
        and _says(target.cluster, subject.cluster)
        and (target.role == "*" or fnmatchcase(subject.role or "", target.role))
    )


def _says(glob: str, value: str | None) -> bool:
    return value is None or fnmatchcase(value, glob)
