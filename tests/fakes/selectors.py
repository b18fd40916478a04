"""Label and field selectors, as far as skewguard writes them."""

import re
from typing import Any


def labels_match(selector: str, labels: dict[str, str]) -> bool:
    """`a=b,c!=d,e in (f,g),h notin (i),j,!k`."""
    return all(_label(part.strip(), labels) for part in re.split(r",(?![^(]*\))", selector) if part.strip())


def _label(part: str, labels: dict[str, str]) -> bool:
    several = re.fullmatch(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)", part)
    if several is not None:
        inside = labels.get(several[1]) in {word.strip() for word in several[3].split(",")}
        return inside if several[2] == "in" else not inside
    if "!=" in part:
        key, _, value = part.partition("!=")
        return labels.get(key.strip()) != value.strip()
    if "=" in part:
        key, _, value = part.replace("==", "=").partition("=")
        return labels.get(key.strip()) == value.strip()
    return part[1:] not in labels if part.startswith("!") else part in labels


def fields_match(selector: str, content: dict[str, Any]) -> bool:
    """`metadata.name=x,status.phase!=Running`."""
    return all(_field(part, content) for part in selector.split(",") if part)


def _field(part: str, content: dict[str, Any]) -> bool:
    differs = "!=" in part
    path, _, value = part.replace("!=", "=").replace("==", "=").partition("=")
    found: Any = content
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return (str(found if found is not None else "") == value) is not differs
