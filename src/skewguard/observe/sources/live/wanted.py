"""Which workloads are asked for, as people name them to `kubectl`."""

import re
from collections.abc import Mapping

from msgspec import Struct, field

from skewguard.language.errors import UsageError


class Named(Struct, frozen=True):
    """One object by name: any kind that makes pods, and what stands between such a kind and its pods.

    `kind` is what was typed (`deploy`, `Deployment`, `deployments`): the cluster says which kind that is. `namespace`
    None: that of `Wanted`, else the context's.
    """

    kind: str
    name: str
    namespace: str | None = None
    group: str | None = None

    def __str__(self) -> str:
        group = f".{self.group}" if self.group else ""
        return f"{f'{self.namespace}/' if self.namespace else ''}{self.kind}{group}/{self.name}"


class Wanted(Struct, frozen=True):
    """What to read: the named workloads, or all of a namespace (of the cluster where it is None) with these labels.

    `labels` is a selector as `kubectl -l` takes it, held against the labels of the workload itself. `words` keep what
    is no engine out of a sweep: a workload that was not named, asks for no accelerator and holds none of them
    anywhere in its spec or annotations is left out. No words: nothing is left out. `accelerators` maps `label=value` of
    the team's own node labels to a class, from the project's configuration.
    """

    names: tuple[Named, ...] = ()
    namespace: str | None = None
    labels: str | None = None
    words: tuple[str, ...] = ()
    accelerators: Mapping[str, str] = field(default_factory=dict)


def named(text: str) -> Named:
    """`[namespace/]kind/name` or `[namespace/]kind.group/name`. Raises `UsageError` for anything else."""
    match = re.fullmatch(r"(?:([a-z0-9-]+)/)?([A-Za-z0-9]+)(?:\.([a-z0-9.-]+))?/([a-z0-9.-]+)", text)
    if match is None:
        raise UsageError(f"{text!r} names no workload", hint="write it as kind/name, or namespace/kind/name")
    namespace, kind, group, name = match.groups()
    return Named(kind, name, namespace, group)
