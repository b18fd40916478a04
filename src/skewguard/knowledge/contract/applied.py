"""What `kubectl apply` leaves out of a contract on its way to a cluster: every null that stands outside a list.

Client-side apply sends a merge patch, in which null means "remove" (RFC 7386; seen with kubectl 1.32 on API server 1.36).
`quantization: null` would be a promise; what arrives promises nothing. The annotation that apply leaves still has it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from skewguard.knowledge.contract.reading import mistake
from skewguard.knowledge.contract.values import KIND
from skewguard.language import objects
from skewguard.language.errors import InputError
from skewguard.language.facts import Origin

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def lost(value: Mapping[str, Any]) -> Iterator[InputError]:
    """The promises of null that somebody applied and the cluster does not have. `value` is a whole custom resource."""
    metadata = value.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    text = annotations.get(LAST_APPLIED) if isinstance(annotations, dict) else None
    if value.get("kind") != KIND or not isinstance(text, str):
        return
    for path in _nulls(_spec(text), value.get("spec")):
        if len(path) > 1:  # a section that is null promises nothing either way
            yield mistake(
                Origin("object", f"{objects.title(value)} .spec.{'.'.join(path)}"),
                f"{path[-1]}: null was applied and did not arrive, so nothing is promised: `kubectl apply` drops null",
                "write [null], or apply with --server-side",
            )


def _spec(text: str) -> Any:
    try:
        applied = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    return applied.get("spec") if isinstance(applied, dict) else None


def _nulls(written: Any, kept: Any) -> Iterator[tuple[str, ...]]:
    """The paths at which a null was written and nothing is kept."""
    for key, value in written.items() if isinstance(written, dict) else ():
        there = kept.get(key, _ABSENT) if isinstance(kept, dict) else _ABSENT
        if value is None and there is _ABSENT:
            yield (key,)
        for path in _nulls(value, there):
            yield (key, *path)


_ABSENT = object()
