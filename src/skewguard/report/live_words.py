"""What runs, in words: states, owners and replicas, the same in every format for people."""

from collections.abc import Mapping

from msgspec import Struct, structs

from skewguard.language.facts import Fact, Subject
from skewguard.language.running import Owner, Unread
from skewguard.language.verifications import LiveSubject, ReplicaGroup, State
from skewguard.report import fleet, pods, words
from skewguard.report.fleet import ENDPOINT, OfLive

Cell = tuple[str, str]
"""A text and its style."""

STATES: Mapping[State, Cell] = {
    "verified": ("verified", "good"),
    "skewed": ("skewed", "error"),
    "undecided": ("undecided", "unknown"),
    "unpromised": ("no contract", "faint"),
    "empty": ("nothing runs", "warning"),
}
"""Each state as a word, and its style."""

_SOURCE = "change its source"
_TOOLS: Mapping[tuple[str | None, str], tuple[str, str]] = {
    ("argoproj.io", "Application"): (
        "Argo CD",
        f"its next sync overwrites a live change, with self-heal at once; {_SOURCE}",
    ),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): ("Flux", f"it reverts a live change; {_SOURCE}"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"): (
        "Flux",
        f"its next upgrade overwrites a live change, with drift detection at once; {_SOURCE}",
    ),
}
"""The tool that an owner is of, and what it makes of a change below it, by the owner's group and kind.

Argo CD: automated sync reverts only with `selfHeal`. Flux: kustomize-controller applies anew at each interval, and
helm-controller corrects drift only with `spec.driftDetection.mode: enabled`.
"""


def state(item: OfLive) -> Cell:
    """The state of a subject as a word and its style."""
    return STATES[item.live.state]


def heading(item: LiveSubject, context: str | None) -> str:
    """The container, its engine, its contract, and how many of its replicas are ready."""
    whom = item.subject if item.subject.kind != ENDPOINT else structs.replace(item.subject, container=None)
    parts = [words.subject(whom, context), f"{item.engine} {item.version or 'of unknown version'}"]
    parts += [f"contract {item.contract}"] if item.contract else []
    parts += [said] if (said := ready(item)) else []
    return " · ".join(parts)


def ready(item: LiveSubject) -> str:
    """`2 of 3 replicas ready, 1 terminating`; empty where nothing is a pod."""
    if item.subject.kind == ENDPOINT:
        return ""
    if not item.groups and not item.desired:
        return "" if item.desired is None else _none_wanted(item.subject)
    return str(fleet.count(item))


def _none_wanted(subject: Subject) -> str:
    return "no node matches its selector" if subject.kind == "DaemonSet" else "scaled to zero"


def owner(item: Owner) -> str:
    """What stands above a workload, and what becomes of a change made below it."""
    tool, becomes = _TOOLS.get((item.group, item.kind), ("", ""))
    kind = f"{tool} {item.kind}" if tool else item.kind
    if item.via == "managed-fields":
        return f"some {kind}: its controller, `{item.name}`, wrote fields of this; it may overwrite a live change"
    place = f"{item.namespace}/{item.name}" if item.namespace else item.name
    sure = "" if item.certain else f" (so its {item.via} says; anybody can write one)"
    return f"{kind} {place}{sure}: {becomes or _what_becomes(item)}"


def _what_becomes(item: Owner) -> str:
    if item.kind == "Helm release":
        return "its next upgrade overwrites a live change"
    if item.via == "owner-reference":
        return "it writes what stands below it; change the owner"
    return "it may overwrite a live change"


def unread(item: Unread, subjects: int = 1) -> str:
    """A source that could not be read: why, what that hides, and what it needs."""
    of = f" (for {words.counted(subjects, 'container')})" if subjects > 1 else ""
    needs = f" (needs `{item.would_need}`)" if item.would_need else ""
    return f"{item.what}{of}: {item.reason}{needs}; this hides {item.hides}"


# ---- replicas ------------------------------------------------------------------------------------------------------


class Table(Struct, frozen=True):
    """A table in words; `notes` stand under it."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def replicas(item: LiveSubject, *, whole: bool) -> Table:
    """One row for each group of equal replicas: how many, which pods, on which nodes, in what condition."""
    shown = {} if whole else pods.cut(pod for group in item.groups for pod in group.pods)
    most = None if whole else pods.MOST_NAMED
    rows = []
    for number, group in enumerate(item.groups, 1):
        if not group.pods or item.subject.kind == ENDPOINT:
            continue
        name = f"{number}: {count(group)}" if len(item.groups) > 1 else count(group)
        where = pods.folded(group.machines, most=most)
        card = gpu(item, number - 1)
        rows.append(
            (
                (name, "strong"),
                (pods.folded(group.pods, shown, most=most), ""),
                (" on ".join(part for part in (card, where) if part), ""),
                (_condition(group), "warning" if _is_odd(group) else "faint"),
            )
        )
    return Table(("replicas", "pods", "where", "condition"), tuple(rows))


def count(group: ReplicaGroup) -> str:
    """`2 replicas`, `1 decode replica`."""
    return words.counted(len(group.pods), f"{group.role} replica" if group.role else "replica")


def gpu(item: LiveSubject, number: int) -> str:
    """The class of the GPUs below one group, where it is known."""
    for line in item.settings:
        if line.setting == "hardware.gpu_class" and number < len(line.groups):
            value = line.groups[number]
            return words.value(value.value) if isinstance(value, Fact) and value.value is not None else ""
    return ""


def _is_odd(group: ReplicaGroup) -> bool:
    return group.ready < len(group.pods) or bool(group.terminating or group.restarts) or not group.current


def _condition(group: ReplicaGroup) -> str:
    waiting = len(group.pods) - group.ready - group.terminating
    parts = ["ready"] if group.ready == len(group.pods) else []
    parts += [f"{waiting} not ready"] if waiting > 0 else []
    parts += [f"{group.terminating} terminating"] if group.terminating else []
    parts += [f"restarted up to {words.counted(group.restarts, 'time')}"] if group.restarts else []
    parts += [f"older revision {group.revision}" if group.revision else "older revision"] if not group.current else []
    parts += [group.note] if group.note else []
    return ", ".join(parts)
