"""What a contract promises about measured performance and behaviour: checked in shape, typed, kept for later.

The verbs that measure (`baseline`, `verify`, `resolve`) read it; `check` cannot decide any of it from a manifest.
Metric names are those of a baseline record.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from skewguard.knowledge.contract.reading import Reader, shape
from skewguard.language import vocabulary
from skewguard.language.measures import LIMITS, MEASURES, STATS, TIMES
from skewguard.language.trees import Node

PROFILES = ("poisson", "constant", "concurrency", "burst")

Read = Callable[[Reader, Node, str], Any]


def _number(reader: Reader, node: Node, name: str) -> float | int | None:
    """A finite number that is not negative."""
    value = node.number() if node.kind == "scalar" else None
    if value is None or not math.isfinite(value) or value < 0:
        reader.wrong(node.origin, f"{name} must be a number of at least 0, not {shape(node)}")
        return None
    return int(value) if value.is_integer() else value


def _positive(reader: Reader, node: Node, name: str) -> float | int | None:
    value = _number(reader, node, name)
    if value == 0:
        reader.wrong(node.origin, f"{name} must be greater than 0")
        return None
    return value


def _count(reader: Reader, node: Node, name: str) -> int | None:
    value = node.integer() if node.kind == "scalar" else None
    if value is None or value < 0:
        reader.wrong(node.origin, f"{name} must be a whole number of at least 0, not {shape(node)}")
        return None
    return value


def _seconds(reader: Reader, node: Node, name: str) -> float | None:
    try:
        return vocabulary.seconds(node.text() or "")
    except (ValueError, OverflowError):
        reader.wrong(node.origin, f"{name} must be a duration, not {shape(node)}", "for example 250ms, 2s or 1m30s")
        return None


def _profile(reader: Reader, node: Node, name: str) -> str | None:
    if node.text() in PROFILES:
        return node.text()
    reader.wrong(node.origin, f"{name} must be one of {', '.join(PROFILES)}, not {shape(node)}")
    return None


_LOAD: Mapping[str, Read] = {
    "profile": _profile,
    "rate": _positive,
    "concurrency": _count,
    "requests": _count,
    "duration": _seconds,
    "warmup": _seconds,
    "prompt_tokens": _count,
    "output_tokens": _count,
    "seed": _count,
}
_BUDGET: Mapping[str, Read] = {"requests": _count, "tokens": _count, "seconds": _seconds}
_BOUNDS: Mapping[str, Read] = {"min": _number, "max": _number}
_TIME_BOUNDS: Mapping[str, Read] = dict.fromkeys(STATS, _seconds)
_RATIOS: Mapping[str, Read] = dict.fromkeys(LIMITS, _positive)


def _fields(reader: Reader, node: Node, name: str, readers: Mapping[str, Read]) -> dict[str, Any]:
    found = {key: readers[key](reader, value, f"{name}.{key}") for key, value in reader.entries(node, name, readers)}
    return {key: value for key, value in found.items() if value is not None}


def performance(reader: Reader, node: Node) -> dict[str, Any]:
    """`load`, `slo` and `tolerances`, typed: seconds for times, numbers for the rest."""
    readers: Mapping[str, Read] = {
        "load": lambda reader, part, name: _fields(reader, part, name, _LOAD),
        "slo": lambda reader, part, name: _fields(reader, part, name, dict.fromkeys(MEASURES, _slo)),
        "tolerances": lambda reader, part, name: _fields(reader, part, name, dict.fromkeys(MEASURES, _tolerance)),
    }
    return _fields(reader, node, "performance", readers)


def _slo(reader: Reader, node: Node, name: str) -> dict[str, Any]:
    times = name.rpartition(".")[2] in TIMES
    found = _fields(reader, node, name, _TIME_BOUNDS if times else _BOUNDS)
    if not node:
        example = "{p95: 2s}" if times else "{min: 1000}"
        reader.wrong(node.origin, f"{name} promises nothing", f"write {example}")
    return found


def _tolerance(reader: Reader, node: Node, name: str) -> dict[str, Any]:
    """How far a metric may move: limits for the whole metric, or limits by statistic."""
    statistics: Mapping[str, Read] = {
        stat: lambda reader, part, inner: _fields(reader, part, inner, _RATIOS) for stat in STATS
    }
    if not node:
        reader.wrong(node.origin, f"{name} tolerates nothing", "write {p95: {max_ratio: 1.1}} or {max_points: 10}")
    return _fields(reader, node, name, {**_RATIOS, **statistics})


def behaviour(reader: Reader, node: Node) -> dict[str, Any]:
    """`budget` of a probe run, and `thresholds` by probe."""
    readers: Mapping[str, Read] = {
        "budget": lambda reader, part, name: _fields(reader, part, name, _BUDGET),
        "thresholds": lambda reader, part, name: {
            key: value
            for key, child in reader.entries(part, name)
            if (value := _number(reader, child, f"{name}.{key}")) is not None
        },
    }
    return _fields(reader, node, "behaviour", readers)
