"""A report as its JSON document: stable keys in a stable order, indented by two."""

from typing import Any

import msgspec

from skewguard.language.results import Report
from skewguard.report.characters import in_json
from skewguard.report.documenting import document
from skewguard.report.options import View


def render(report: Report, _view: View) -> str:
    """The document and a newline."""
    return pretty(document(report))


def pretty(built: Any) -> str:
    """Indented JSON. Lone surrogates, which YAML escapes can make and UTF-8 has no form for, become `\ufffd`."""
    try:
        encoded = msgspec.json.encode(built)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_encodable(msgspec.to_builtins(built)))
    return in_json(msgspec.json.format(encoded, indent=2).decode()) + "\n"


def _encodable(built: Any) -> Any:
    if isinstance(built, str):
        return built.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(built, list):
        return [_encodable(part) for part in built]
    if isinstance(built, dict):
        return {_encodable(key): _encodable(part) for key, part in built.items()}
    return built
