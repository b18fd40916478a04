"""Which namespace is meant by what somebody typed, in every verb that looks at a cluster."""

from skewguard.adapters.cluster.session import Cluster
from skewguard.language.errors import UsageError


def namespace_of(cluster: Cluster, namespace: str | None, *, all_namespaces: bool) -> str | None:
    """The one that is named, else the context's; None for all of them."""
    refuse_both(namespace, all_namespaces=all_namespaces)
    return None if all_namespaces else namespace or cluster.namespace


def refuse_both(namespace: str | None, *, all_namespaces: bool) -> None:
    """Raise `UsageError` where one namespace and all of them are asked for."""
    if all_namespaces and namespace:
        raise UsageError("-A means every namespace, and -n one of them", hint="leave one of them out")
