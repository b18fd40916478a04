"""How controllers name the pods that they make, so that one that is gone can still be told by its name, and no neighbour's is.

Sources: Kubernetes, `apiserver/pkg/storage/names/generate.go` (five characters after a base that is cut to 58),
`apimachinery/pkg/util/rand` (`SafeEncodeString`: of the decimal digits of a hash, each becomes one of ten letters),
`pkg/controller/controller_utils.go` (`ComputeHash`, 32 bits) and `pkg/controller/statefulset` (ordinals). Argo Rollouts names its
ReplicaSets alike. LeaderWorkerSet: leaders are the pods of a StatefulSet of its own name, workers have one number more.
"""

import re
from collections.abc import Collection, Iterable

from msgspec import Struct

from skewguard.language.facts import Subject
from skewguard.language.running import Live, Revision

_HASH = "[4-9bcdf]{7,10}"
"""A template's hash: one of 4,000 is shorter, and a name of few letters could be anybody's."""
_LONGEST_HASH = 10
_DRAWN = "[bcdfghjklmnpqrstvwxz2456789]{5}"
_NUMBER = "(?:0|[1-9][0-9]{0,9})"
_MOST_BASE = 58
"""Characters before the drawn ones; a longer base is cut, and what is left of it may be another controller's beginning."""
_BY_SETS = ("Deployment", "Rollout")
_DRAWING = ("ReplicaSet", "DaemonSet", "ReplicationController")
_NUMBERING = ("StatefulSet", "LeaderWorkerSet")


class Names(Struct, frozen=True):
    """What the pods of a workload are called. `patterns` match whole names (of RE2 and of Python alike).

    `untold` are pods that run now whose names follow none of them: their like cannot be told when they are gone.
    """

    patterns: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


NONE = Names()


def names(live: Live, pods: Collection[str]) -> Names:
    """What the controllers that made these pods of a workload call all of theirs; those of its other roles are left alone."""
    makers = [_patterns(maker, live.revisions) for maker in live.chain]
    ours = [patterns for patterns in makers if any(_is(pod, patterns) for pod in pods)]
    every = tuple(dict.fromkeys(pattern for patterns in ours for pattern in patterns))
    return Names(every, tuple(sorted(pod for pod in pods if not _is(pod, every))))


def _is(pod: str, patterns: Iterable[str]) -> bool:
    return any(re.fullmatch(pattern, pod) for pattern in patterns)


def _patterns(maker: Subject, revisions: Iterable[Revision]) -> tuple[str, ...]:
    """The names of all pods that one controller makes; nothing where they cannot be told from those of others."""
    if maker.kind in _NUMBERING:
        return (f"{_escaped(maker.name)}-{_NUMBER}",)
    if maker.kind in _DRAWING:
        return _drawn(maker.name)
    if maker.kind not in _BY_SETS:
        return ()
    if len(maker.name) + _LONGEST_HASH + 2 <= _MOST_BASE:
        return (f"{_escaped(maker.name)}-{_HASH}-{_DRAWN}",)
    sets = (each.name for each in revisions if each.name.startswith(f"{maker.name}-"))
    return tuple(pattern for name in sets for pattern in _drawn(name))


def _drawn(name: str) -> tuple[str, ...]:
    return (f"{_escaped(name)}-{_DRAWN}",) if len(name) + 1 <= _MOST_BASE else ()


def _escaped(name: str) -> str:
    """A name in a pattern: nothing in one needs an escape but the dot."""
    return name.replace(".", "[.]")
