"""The inference workloads of a cluster, in words: one row each, those in trouble first."""

from collections import Counter

from skewguard.language.counting import Count
from skewguard.language.verifications import Discovered, DiscoverReport, State
from skewguard.report import fleet, words
from skewguard.report.live_words import STATES, Cell, Table

_ORDER: tuple[State, ...] = ("skewed", "undecided", "empty", "unpromised", "verified")
_UNKNOWN: Cell = ("unknown", "unknown")
_LONGEST = 63
"""Characters of what an engine or a manifest calls a model; `wide` shows all."""


def table(report: DiscoverReport, *, wide: bool) -> Table:
    """One row for each workload; its contract and owner in `wide`. A number nobody knows is `unknown`, never 0."""
    workloads = sorted(report.workloads, key=lambda item: (_ORDER.index(item.state), name(item, report.context)))
    head = ("state", "workload", "engine", "model", "GPUs", "replicas", "contract", "owner")
    names = fleet.names([item.subject for item in workloads], report.context)
    rows = [_row(item, name, wide=wide) for item, name in zip(workloads, names, strict=True)]
    kept = len(head) if wide else head.index("contract")
    return Table(head[:kept], tuple(row[:kept] for row in rows))


def _row(item: Discovered, called: str, *, wide: bool) -> tuple[Cell, ...]:
    model = item.model or ""
    served = f" as {item.served_name}" if item.served_name and (wide or not model) and item.served_name != model else ""
    return (
        STATES[item.state],
        (called, "strong"),
        (f"{item.engine} {item.version}", "") if item.version else (f"{item.engine} (unknown version)", "unknown"),
        (model + served if wide else _short(model + served), "") if model or served else _UNKNOWN,
        _gpus(item),
        _replicas(item),
        (item.contract, "") if item.contract else ("none", "faint"),
        (item.owner or "", "faint"),
    )


def _short(said: str) -> str:
    """The end tells models apart: folders and organisations stand before it."""
    return said if len(said) <= _LONGEST else f"…{said[1 - _LONGEST :]}"


def name(item: Discovered, context: str) -> str:
    """The container, or the object where it is told without one."""
    return words.subject(item.subject, context)


def _gpus(item: Discovered) -> Cell:
    if len(item.gpus) > 1:
        return ", ".join(f"{count} × {name}" for name, count in item.gpus), ""
    classes = ", ".join(item.gpu_classes)
    if item.gpu_count is None:
        return (classes, "") if classes else _UNKNOWN
    if not item.gpu_count:
        return "no GPU", ""
    return (f"{item.gpu_count} × {classes}" if classes else words.counted(item.gpu_count, "GPU")), ""


def _replicas(item: Discovered) -> Cell:
    if item.desired is None and item.ready is None:
        return _UNKNOWN
    if item.ready is None:
        return "unknown ready" if item.desired is None else f"unknown of {item.desired} ready", ""
    if item.desired is None:
        return f"{item.ready} ready", ""
    counted = Count(item.there if item.there is not None else item.ready, item.ready, item.desired)
    return counted.brief, "warning" if item.ready < item.desired else ""


def summary(report: DiscoverReport) -> str:
    """`14 inference workloads in the cluster of context prod: 9 verified, 5 without a contract`."""
    counts = Counter(item.state for item in report.workloads)
    said = ", ".join(f"{counts[each]} {STATES[each][0]}" for each in _ORDER if counts[each])
    found = words.counted(len(report.workloads), "inference workload") if report.workloads else "no inference workload"
    if report.errors and not report.workloads:
        found = "nothing could be read"
    parts = [f"{found} in the cluster of context {report.context}" + (f": {said}" if said else "")]
    parts += (
        [words.counted(len(report.unread), "source could not be read", "sources could not be read")]
        if report.unread
        else []
    )
    return "; ".join(parts)


def mood(report: DiscoverReport) -> str:
    """The style of the closing line."""
    if report.errors:
        return "error"
    states = {item.state for item in report.workloads}
    return "warning" if report.unread or states & {"skewed", "undecided"} else "good"
