"""A report as its JSON document: stable keys in a stable order, indented by two."""

from collections.abc import Iterator
from typing import Any

import msgspec

from skewguard.language.results import Report
from skewguard.report.characters import in_json
from skewguard.report.documenting import document
from skewguard.report.options import View

_PART = 1 << 20
"""Bytes of a document that are made text at a time."""


def parts(report: Report, _view: View) -> Iterator[str]:
    """The document and a newline, in parts: that of a fleet is large, and as text several times that."""
    text = msgspec.json.format(_encoded(document(report)), indent=2)
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + _PART) + 1 or len(text)
        yield in_json(text[start:end].decode())
        start = end
    yield "\n"


def pretty(built: Any) -> str:
    """Indented JSON. Lone surrogates, which YAML escapes can make and UTF-8 has no form for, become `\ufffd`."""
    return in_json(msgspec.json.format(_encoded(built), indent=2).decode()) + "\n"


def _encoded(built: Any) -> bytes:
    try:
        return msgspec.json.encode(built)
    except UnicodeEncodeError:
        return msgspec.json.encode(_encodable(msgspec.to_builtins(built)))


def _encodable(built: Any) -> Any:
    if isinstance(built, str):
        return built.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(built, list):
        return [_encodable(part) for part in built]
    if isinstance(built, dict):
        return {_encodable(key): _encodable(part) for key, part in built.items()}
    return built
