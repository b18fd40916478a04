"""What runs, in words: states, owners, replicas and the table of settings, the same in every format for people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from skewguard.language.facts import Choice, Effective, Fact, Gap
from skewguard.language.running import Owner, Unread
from skewguard.language.verifications import Compared, LiveSubject, ReplicaGroup, State
from skewguard.report import pods, words
from skewguard.report.fleet import OfLive

Cell = tuple[str, str]
"""A text and its style."""

MOST_GROUPS = 4
"""Groups of replicas that stand side by side in a table; `wide` shows all."""

LONGEST_CELL = 60

STATES: Mapping[State, Cell] = {
    "verified": ("verified", "good"),
    "skewed": ("skewed", "error"),
    "undecided": ("undecided", "unknown"),
    "unpromised": ("no contract", "faint"),
    "empty": ("nothing runs", "warning"),
}
"""Each state as a word, and its style."""

_GITOPS = {
    "argoproj.io": "Argo CD",
    "kustomize.toolkit.fluxcd.io": "Flux",
    "helm.toolkit.fluxcd.io": "Flux",
}


def state(item: OfLive) -> Cell:
    """The state of a subject as a word and its style; a skew without an error is a warning."""
    word, style = STATES[item.live.state]
    if item.live.state == "skewed" and not any(finding.severity == "error" for finding in item.news):
        style = "warning"
    return word, style


def heading(item: LiveSubject, context: str | None) -> str:
    """The container, its engine, its contract, and how many of its replicas are ready."""
    parts = [words.subject(item.subject, context), f"{item.engine} {item.version or 'of unknown version'}"]
    parts += [f"contract {item.contract}"] if item.contract else []
    parts += [said] if (said := ready(item)) else []
    return " · ".join(parts)


def ready(item: LiveSubject) -> str:
    """`2 of 3 replicas ready, 1 terminating`; empty where nothing is a pod."""
    there, leaving, able, wanted = _numbers(item)
    if not there and not item.desired:
        return "" if item.desired is None else "scaled to zero"
    said = f"{able} of {words.counted(wanted, 'replica')} ready"
    more = there - leaving - wanted
    said += f", {more} more than asked for" if more > 0 else ""
    return said + (f", {leaving} terminating" if leaving else "")


def ready_count(item: LiveSubject) -> str:
    """`2 of 3 ready`, under a heading that says of what."""
    there, _, able, wanted = _numbers(item)
    return f"{able} of {wanted} ready" if there or item.desired is not None else ""


def _numbers(item: LiveSubject) -> tuple[int, int, int, int]:
    """How many replicas are there, on their way out, ready, and wanted."""
    there = sum(len(group.pods) for group in item.groups)
    leaving = sum(group.terminating for group in item.groups)
    wanted = item.desired if item.desired is not None else there - leaving
    return there, leaving, sum(group.ready for group in item.groups), wanted


def owner(item: Owner) -> str:
    """What stands above a workload, and what becomes of a change made below it."""
    place = f"{item.namespace}/{item.name}" if item.namespace else item.name
    tool = _GITOPS.get(item.group or "", "")
    known = f"{tool} {item.kind} {place}" if tool and tool not in item.kind else f"{item.kind} {place}"
    sure = known if item.certain else f"{known} (so its {item.via} says; anybody can write one)"
    return f"{sure}: {_what_becomes(item, tool)}"


def _what_becomes(item: Owner, tool: str) -> str:
    if tool:
        return "a live change will be reverted; change its source"
    if item.kind in ("Helm", "HelmRelease", "Helm release", "Release"):
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
        if not group.pods:
            continue
        name = f"{number}: {_count(group)}" if len(item.groups) > 1 else _count(group)
        where = pods.folded(group.machines, most=most)
        gpu = _gpu(item, number - 1)
        rows.append(
            (
                (name, "strong"),
                (pods.folded(group.pods, shown, most=most), ""),
                (" on ".join(part for part in (gpu, where) if part), ""),
                (_condition(group), "warning" if _is_odd(group) else "faint"),
            )
        )
    return Table(("replicas", "pods", "where", "condition"), tuple(rows))


def _count(group: ReplicaGroup) -> str:
    return words.counted(len(group.pods), f"{group.role} replica" if group.role else "replica")


def _gpu(item: LiveSubject, number: int) -> str:
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


# ---- settings ------------------------------------------------------------------------------------------------------


def comparison(item: LiveSubject, *, everything: bool, whole: bool) -> Table:
    """What was promised, declared, derived, and what each group of replicas runs with, the differences first.

    Without `everything` only what differs or was promised. Columns without a word are left out. Why a value is
    unknown stands under the table, unless `whole` has room for it.
    """
    lines = sorted((line for line in item.settings if everything or _is_news(line)), key=_order)
    if not lines:
        return Table((), ())
    groups = item.groups if whole else item.groups[:MOST_GROUPS]
    columns: list[tuple[str, list[Cell]]] = [
        ("setting", [_name(line) for line in lines]),
        ("promised", [(line.promised or "", "") for line in lines]),
        ("declared", [_cell(line.declared, line, whole=whole) for line in lines]),
        ("derived", [_cell(line.derived, line, whole=whole) for line in lines]),
    ]
    columns += [
        (_group_name(item, number), [_cell(_at(line.groups, number), line, whole=whole) for line in lines])
        for number in range(len(groups))
    ]
    kept = [column for column in columns if any(text for text, _ in column[1])]
    rows = tuple(zip(*(cells for _, cells in kept), strict=True))
    return Table(tuple(name for name, _ in kept), rows, tuple(_notes(item, lines, len(groups), whole=whole)))


def _is_news(line: Compared) -> bool:
    return line.differs or line.broken or line.promised is not None


def _order(line: Compared) -> tuple[bool, bool, bool, str]:
    return not line.broken, not line.differs, line.promised is None, line.setting


def _name(line: Compared) -> Cell:
    return line.setting, "error" if line.broken else "warning" if line.differs else ""


def _at(values: Sequence[Effective], number: int) -> Effective | None:
    return values[number] if number < len(values) else None


def _cell(value: Effective | None, line: Compared, *, whole: bool) -> Cell:
    if value is None:
        return "", ""
    if isinstance(value, Gap) and value.rule != "absent" and not whole:
        return "unknown", "unknown"
    said = words.effective(value, line.unit)
    style = "unknown" if isinstance(value, (Gap, Choice)) and getattr(value, "rule", "") != "absent" else ""
    return (said if whole else _short(said)), style


def _short(said: str) -> str:
    return said if len(said) <= LONGEST_CELL else f"{said[: LONGEST_CELL - 1]}…"


def _group_name(item: LiveSubject, number: int) -> str:
    group = item.groups[number]
    if not group.pods:
        return "running"
    gpu = _gpu(item, number)
    said = _count(group) + (f", {gpu}" if gpu else "")
    return f"{number + 1}: {said}" if len(item.groups) > 1 else said


def _notes(item: LiveSubject, lines: Iterable[Compared], groups: int, *, whole: bool) -> Iterator[str]:
    more = len(item.groups) - groups
    if more:
        yield f"{words.counted(more, 'more group')} of replicas: -o wide shows every one"
    if whole:
        return
    by_reason: dict[str, list[str]] = {}
    for line in lines:
        for value in (line.derived, *line.groups[:groups]):
            if isinstance(value, Gap) and value.rule != "absent":
                by_reason.setdefault(words.gap(value), []).append(line.setting)
    for reason, settings in by_reason.items():
        yield f"{', '.join(dict.fromkeys(settings))} {reason}"


def hidden(item: LiveSubject) -> int:
    """Settings that were compared, are alike everywhere, and were promised by nobody."""
    return sum(not _is_news(line) for line in item.settings)
