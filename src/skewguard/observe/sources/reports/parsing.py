"""The text of a report as JSON values: one JSON document, one on each line (as tools append them), or YAML."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from skewguard.language import documents
from skewguard.language.errors import InputError
from skewguard.observe.sources.reports.interface import Tree


def trees(text: str, path: str) -> tuple[Tree, ...]:
    """Every value of the text. Raises `InputError` with the place of what is broken."""
    begins = text.lstrip()[:1]
    if not begins:
        raise InputError(f"{path} is empty", hint="was the run ended before it wrote its result?", file=path)
    return tuple(_json(text, path)) if begins in "{[" else tuple(_yaml(text, path))


def name_of(path: str) -> str:
    """The last part of a path."""
    return re.split(r"[/\\]", path)[-1]


def _json(text: str, path: str) -> Iterator[Tree]:
    """Python's own reader takes what Python's own writer writes: NaN and Infinity, which are no JSON."""
    try:
        yield msgspec.json.decode(text)
    except RecursionError as error:
        raise _broken(text, path, error) from None
    except msgspec.DecodeError:
        pass
    else:
        return
    decoder, at = json.JSONDecoder(parse_constant=_constant), 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise _broken(text, path, error) from None
        yield value
        at += len(text) - at - len(text[at:].lstrip()) if at < len(text) else 0


def _constant(_name: str) -> float:
    return math.nan


def _broken(text: str, path: str, error: Exception) -> InputError:
    if not isinstance(error, json.JSONDecodeError):
        return InputError(f"{path} is nested too deeply to be a report", file=path)
    cut = error.pos >= len(text.rstrip())
    what = "ends in the middle" if cut else f"is no JSON: {error.msg}"
    hint = "was the run ended while it wrote its result? then it is lost" if cut else "is it whole, and not edited?"
    return InputError(f"{path} {what}", hint=hint, file=path, line=error.lineno, column=error.colno)


def _yaml(text: str, path: str) -> Iterator[Any]:
    found, errors = documents.read(text, path)
    if errors:
        wrong = errors[0]
        raise InputError(
            f"it is neither JSON nor YAML, and so no report of a load tool: {wrong.message}",
            hint="name the file of results that the load tool wrote (JSON, JSON lines or YAML)",
            file=path,
            line=wrong.line,
            column=wrong.column,
        )
    for each in found:
        yield each.root.value()
