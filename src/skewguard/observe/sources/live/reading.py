"""The door: what is wanted in, what runs of it out.

    seen = live.read(reader, live.Wanted(namespace="prod"), cluster="prod-eu")

Nothing raises but an interrupt: what may not or cannot be read is an `Unread`, and everything else is read all the same.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from skewguard.language.running import Live, Unread
from skewguard.language.workloads import Inventory
from skewguard.observe.sources.live.wanted import Wanted

Progress = Callable[[str, int], None]
"""Is told what is being read (`pods`) and how many of it there are so far."""


class Seen(Struct, frozen=True):
    """What a cluster shows.

    `inventory` holds the workloads of every `Live` (the very values, so that the neighbours of one can be asked for)
    and the Services, autoscalers and routes of their namespaces. `unread` is what concerns everything; what concerns
    one workload stands with it. A name that leads to nothing is an Unread of kind `absent`. `left_out` counts the
    workloads that `Wanted.words` kept out.
    """

    inventory: Inventory
    live: tuple[Live, ...] = ()
    unread: tuple[Unread, ...] = ()
    left_out: int = 0


def read(reader: Any, wanted: Wanted, *, cluster: str | None = None, progress: Progress | None = None) -> Seen:
    """Read what is wanted. `cluster` is the context's name, as subjects bear it.

    For every `Live`: `subject` is the topmost object of the chain of owners whose kind is known to make pods
    (`kinds.NAMES`), `chain` all from it down to the pods' own owner, and `owners` what stands above it or would redo a change
    (a controller of another kind, Helm, Argo CD, Flux, or the manager that wrote it last). Every `Replica` has
    its own pod's spec as admitted; where that is the template it was made from, word for word, `template` is the
    workload's own value (the same object), and its places are those of the workload. Pods that have ended are not among the replicas:
    a note of the workload counts them.
    """
    raise NotImplementedError
