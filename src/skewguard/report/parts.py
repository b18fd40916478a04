"""What several documents are made of: subjects, places, values, problems."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from skewguard import __version__
from skewguard.language import facts, findings, results, workloads
from skewguard.report import documents

_LARGEST = 2**63


def plain(value: Any) -> Any:
    """`value` as JSON can carry it: numbers that JSON has no word for, and integers beyond 64 bits, become text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if -_LARGEST <= value < _LARGEST else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(part) for part in value]
    return str(value)


def tool(tables: results.Tables) -> documents.Tool:
    """What made the document."""
    return documents.Tool(__version__, dict(tables.versions), dict(tables.files) if tables.files else UNSET)


def subject(item: facts.Subject) -> documents.Subject:
    """A container; what does not apply is left out."""
    source = documents.Source(item.source.path, item.source.document) if item.source else UNSET
    return documents.Subject(
        cluster=item.cluster,
        group=item.group,
        kind=item.kind,
        namespace=item.namespace,
        name=item.name,
        uid=_set(item.uid),
        role=_set(item.role),
        revision=_set(item.revision),
        container=_set(item.container),
        pod=_set(item.pod),
        source=source,
    )


def _set(value: str | None) -> str | UnsetType:
    return UNSET if value is None else value


def origin(item: facts.Origin) -> documents.Origin:
    """A place."""
    return documents.Origin(
        item.kind, item.ref, item.file, item.line, item.column, item.end_column, item.text, item.template
    )


def problems(problems: Iterable[results.InputProblem]) -> list[documents.Problem]:
    """What could not be read."""
    return [documents.Problem(item.file, item.line, item.column, item.message, item.hint) for item in problems]


def missing(items: Iterable[workloads.Missing]) -> list[documents.Missing]:
    """What the input refers to and does not hold."""
    return [
        documents.Missing(
            item.ref, item.hides, item.supply, origin(item.origin), subject(item.subject) if item.subject else None
        )
        for item in items
    ]


def effective(item: facts.Effective) -> dict[str, Any]:
    """The one of `value`, `choice` and `gap` that applies."""
    if isinstance(item, facts.Fact):
        return {"value": plain(item.value)}
    if isinstance(item, facts.Choice):
        arms = [documents.Arm(arm.when, plain(arm.value)) for arm in item.arms]
        return {"choice": documents.Choice(item.rule, list(item.inputs), arms)}
    return {"gap": documents.Gap(item.reason, item.rule, list(item.inputs), item.would_need)}


def side(item: facts.Effective | None) -> documents.Side | None:
    """One of several values that stand beside each other, with who says so and where."""
    if item is None:
        return None
    if isinstance(item, facts.Fact):
        return documents.Side(authority=item.authority, origin=origin(item.origin), **effective(item))
    return documents.Side(authority=None, origin=None, **effective(item))


def effects(items: Iterable[findings.Effect]) -> list[documents.Effect]:
    """What a difference does to memory and speed."""
    return [documents.Effect(item.name, item.unit, item.before, item.after, item.bound) for item in items]
