"""What a release changed against the one before it, as lines for a person."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tools.engine_tables.release import Extract


def lines(before: Extract, after: Extract) -> Iterator[str]:
    """Flags, variables and config fields that came, went or changed; what stays says nothing."""
    yield f"{before.version} → {after.version}"
    yield from _section("flag", before.flags, after.flags)
    yield from _section("variable", _named(before.variables), _named(after.variables))
    yield from _section("config field", _valued(before.configs), _valued(after.configs))


def _named(variables: Mapping[str, tuple[Any, str]]) -> dict[str, dict[str, Any]]:
    return {name: {"default": default, "kind": kind} for name, (default, kind) in variables.items()}


def _valued(fields: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {"default": default} for name, default in fields.items()}


def _section(
    what: str, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    for name in sorted(after.keys() - before.keys()):
        yield f"  + {what} {name} (default {_shown(after[name].get('default'))})"
    for name in sorted(before.keys() - after.keys()):
        yield f"  - {what} {name}"
    for name in sorted(before.keys() & after.keys()):
        for part in sorted(before[name].keys() | after[name].keys()):
            old, new = before[name].get(part), after[name].get(part)
            if old != new:
                yield f"  ~ {what} {name}: {part} {_shown(old)} → {_shown(new)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 120 else text[:119] + "…"
