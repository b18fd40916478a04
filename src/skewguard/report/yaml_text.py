"""The JSON document as YAML, in the plain subset every reader agrees on: block collections and JSON scalars, and a long
column of scalars on one line.

Written here because emitting needs none of what a YAML library is for, and loading one would double the cold start.
"""

import json
import re
from math import isfinite
from typing import Any

import msgspec

from skewguard.language.results import Report
from skewguard.report.documenting import document
from skewguard.report.options import View

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_COLUMN = 16
"""Scalars from which on a list is a column, which nobody reads line by line."""

_UNLIKE = re.compile(r"\de|NaN|Infinity")
"""Numbers that YAML 1.1 would take for text."""

_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def render(report: Report, _view: View) -> str:
    """The document of the report."""
    return emitted(msgspec.to_builtins(document(report)))


def emitted(value: Any) -> str:
    """`value`, a JSON value, as a YAML document that reads back as the same value."""
    lines = _lines(value)
    return "\n".join(lines) + "\n"


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        return [line for key, part in value.items() for line in _entry(f"{_scalar(key)}:", part, inside="  ")]
    if _is_column(value):
        return [_column(value)]
    if isinstance(value, list) and value:
        return [line for part in value for line in _element(part)]
    return [_scalar(value)]


def _entry(head: str, part: Any, inside: str) -> list[str]:
    if isinstance(part, (dict, list)) and part and not _is_column(part):
        return [head, *(inside + line for line in _lines(part))]
    return [f"{head} {_lines(part)[0]}"]


def _is_column(value: Any) -> bool:
    return (
        isinstance(value, list) and len(value) > _COLUMN and not any(isinstance(part, (dict, list)) for part in value)
    )


def _column(value: list[Any]) -> str:
    """JSON's own text where all are numbers that YAML reads alike: one column may hold a hundred thousand."""
    if {type(part) for part in value} <= {int, float, bool, type(None)}:
        text = json.dumps(value)
        if not _UNLIKE.search(text):
            return text
    return f"[{', '.join(_scalar(part) for part in value)}]"


def _element(part: Any) -> list[str]:
    lines = _lines(part)
    return [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]


def _scalar(value: Any) -> str:
    if value == {}:
        return "{}"
    if value == []:
        return "[]"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED else _quoted(value)
    if isinstance(value, float):
        return _float(value)
    return json.dumps(value)


def _float(value: float) -> str:
    """A float with a point: YAML 1.1 readers take `1e-05` for a string."""
    text = repr(value) if isfinite(value) else "null"  # as in JSON
    mantissa, exponent, power = text.partition("e")
    if not exponent:
        return text
    sign = "" if power[0] in "+-" else "+"
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{sign}{power}"


def _quoted(text: str) -> str:
    """Double quotes with JSON's escapes, and escapes for whatever else YAML does not take literally."""
    quoted = json.dumps(text, ensure_ascii=False)
    if quoted.isprintable():
        return quoted
    return "".join(char if char.isprintable() else _escape(char) for char in quoted)


def _escape(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "\\ufffd"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
