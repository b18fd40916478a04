"""Python values as logs print them: `name=value, …` of a config, `{'name': value}` of a dict, `ServerArgs(…)` of a record.

Values nest brackets and quotes, and some are no literals (`<CompilationMode.NONE: 0>`): those are left out, and their
neighbours still read.
"""

import ast
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 262_144
"""Characters of one line that are read: SGLang's record has 25,000."""
_DEEPEST = 40
_OPENING, _CLOSING = "([{<", ")]}>"


class NotLiteral(Exception):
    """A text that is no plain value."""


def fields(text: str) -> dict[str, Any]:
    """The plain values of `name=value, name=value`; a word without quotes is text (`tokenizer_mode=auto`)."""
    found: dict[str, Any] = {}
    for part in _parts(text):
        name, equals, value = part.partition("=")
        if equals and name.strip().isidentifier():
            _keep(found, name.strip(), value.strip(), words=True)
    return found


def mapping(text: str) -> dict[str, Any] | None:
    """The plain values of a printed dict, or of the record `Name(a=1)`; None where the text is neither."""
    text = text.strip()
    record = re.match(r"[A-Za-z_]\w*\(", text)
    if record is not None and text.endswith(")"):
        return {name: value for name, value in _pairs(text[record.end() : -1], "=") if name.isidentifier()}
    if not (text.startswith("{") and text.endswith("}")):
        return None
    found = {}
    for name, value in _pairs(text[1:-1], ":"):
        try:
            found[str(literal(name))] = value
        except NotLiteral:
            continue
    return found


def literal(text: str) -> Any:
    """The value of one Python literal. Raises NotLiteral for everything else, however it is nested."""
    if len(text) > LONGEST or _depth(text) > _DEEPEST:
        raise NotLiteral
    try:
        return _plain(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise NotLiteral from None


def _plain(value: Any) -> Any:
    """A value as JSON has it: tuples and sets are lists."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=str)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise NotLiteral


def _pairs(text: str, sign: str) -> Iterator[tuple[str, Any]]:
    for part in _parts(text):
        name, found, value = part.partition(sign)
        held: dict[str, Any] = {}
        if found:
            _keep(held, name.strip(), value.strip(), words=False)
        yield from held.items()


def _keep(found: dict[str, Any], name: str, text: str, *, words: bool) -> None:
    try:
        found[name] = literal(text)
    except NotLiteral:
        if words and re.fullmatch(r"[\w./:@+-]+", text):
            found[name] = text


def _depth(text: str) -> int:
    """How deep brackets nest, and how long a chain of signs is, whichever is more: both cost the parser its stack."""
    depth = deepest = 0
    for char in text:
        if char in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif char in _CLOSING:
            depth -= 1
    signs = max((len(run) for run in re.findall(r"[-+~ ]{2,}", text)), default=0)
    return max(deepest, signs)


_SIGN = re.compile(r"'(?:[^'\\]|\\.)*+(?:'|\Z)|\"(?:[^\"\\]|\\.)*+(?:\"|\Z)|[(\[{<]|[)\]}>]|,", re.DOTALL)
"""A quote that nothing closes takes the rest: a line is gone through once, whatever it holds."""


def _parts(text: str) -> Iterator[str]:
    """The text between the commas that stand in no bracket and no quotes."""
    text = text[:LONGEST]
    depth = start = 0
    for match in _SIGN.finditer(text):
        sign = match[0]
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
        elif sign == "," and depth <= 0:
            yield text[start : match.start()]
            start = match.end()
    yield text[start:]
