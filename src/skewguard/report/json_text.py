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
    text = _with_columns(document(report))
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + _PART) + 1 or len(text)
        yield in_json(text[start:end].decode())
        start = end
    yield "\n"


def pretty(built: Any) -> str:
    """Indented JSON. Lone surrogates, which YAML escapes can make and UTF-8 has no form for, become `\ufffd`."""
    return in_json(msgspec.json.format(encoded(built), indent=2).decode()) + "\n"


def _with_columns(built: Any) -> bytes:
    """The document indented; of samples each column stands on one line, since nobody reads 60,000 lines of numbers."""
    several = isinstance(getattr(built, "baselines", None), list)
    made = built.baselines if several else [built]
    if not any(getattr(one, "samples", None) for one in made):
        return msgspec.json.format(encoded(built), indent=2)
    bare = [msgspec.structs.replace(one, samples=None) for one in made]
    text = msgspec.json.format(
        encoded(msgspec.structs.replace(built, baselines=bare) if several else bare[0]), indent=2
    )
    key = b"\n" + (b"      " if several else b"  ") + b'"samples": '
    head, *rest = text.split(key + b"null")
    told = (key + _columns(one.samples, key[1:].index(b'"')) + after for one, after in zip(made, rest, strict=True))
    return head + b"".join(told)


def _columns(samples: Any, indent: int) -> bytes:
    if samples is None:
        return b"null"
    space = b"\n" + b" " * indent
    lines = [
        space + b"  " + msgspec.json.encode(name) + b": " + msgspec.json.encode(getattr(samples, name))
        for name in samples.__struct_fields__
    ]
    return b"{" + b",".join(lines) + space + b"}"


def encoded(built: Any) -> bytes:
    """The document in one line, in UTF-8."""
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
