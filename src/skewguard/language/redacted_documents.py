"""Whole documents, fit to be kept: JSON values in which a secret's name may stand beside it, and not above it.

`redact.tree` knows a value by the keys that lead to it. Objects of Kubernetes also name it in a neighbour (`{name: HF_TOKEN,
value: …}`), or in the word before (`[--api-key, …]`). Where something was masked is told, since what is masked cannot be
brought back from what is kept; so that the name of a Secret is none (`secret_references`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from skewguard.language import redact, secret_names, secret_references


def document(content: Any, masked: list[str] | None = None) -> Any:
    """The same value without secrets. `masked` collects the paths of what was masked, such as `spec.containers[0].args[3]`."""
    return _shown(content, "", "", masked if masked is not None else [], frozenset())


def _shown(content: Any, name: str, path: str, masked: list[str], names: frozenset[str]) -> Any:
    """`name`: what the value is known by; `names`: fields of its object whose text is but the name of a Secret."""
    if isinstance(content, Mapping):
        if isinstance(version := content.get("apiVersion"), str):
            names = secret_references.fields_of(version)
        return {
            key: _shown(item, _name(content, name, str(key), names), _below(path, str(key)), masked, names)
            for key, item in content.items()
        }
    if isinstance(content, str) or not isinstance(content, Sequence):
        shown = redact.tree(content, name)
        if shown != content:
            masked.append(path or ".")
        return shown
    if secret_names.is_secret(name) or not all(isinstance(item, str) for item in content):
        return [_shown(item, name, f"{path}[{number}]", masked, names) for number, item in enumerate(content)]
    words = content if secret_names.is_shown_untouched(name) else redact.argv(content)
    masked.extend(f"{path}[{number}]" for number, word in enumerate(words) if word != content[number])
    return list(words)


def _name(within: Mapping[str, Any], outer: str, key: str, names: frozenset[str]) -> str:
    """What a value is known by: a neighbour that names it, a secret's name above it, or its key; a reference by nothing."""
    if secret_references.is_one(key, within[key], names):
        return ""
    named = within.get("name") if key == "value" else None
    return secret_names.inherit(outer, named if isinstance(named, str) else key)


def _below(path: str, key: str) -> str:
    if key.replace("_", "").replace("-", "").isalnum():
        return f"{path}.{key}" if path else key
    return f"{path}[{key!r}]"
