"""The text of one value, as an engine's parser turns it into a value, or refuses it.

The kinds are those of `table_format.Flag.type`. Where an engine leaves a check to a later stage (a quantization method that
only the model loader knows), nothing is refused here: the question is what the parser does.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from skewguard.knowledge.engines.tables import Flag

MOST_DIGITS = 300
"""Longer numbers overflow the floating point of the engines' own conversion."""


class Refused(Exception):
    """A value that the parser does not take. The text says what it would take."""


def convert(flag: Flag, text: str) -> Any:
    """The value of one word. Raises `Refused`."""
    value = None if flag.nullable and text in ("", "None") else _CONVERTERS[flag.type or "str"](text)
    if flag.choices is not None and value not in flag.choices:
        raise Refused(f"one of {_listed(flag.choices)}")
    return value


def boolean(text: str) -> bool:
    """The value of a `[=]true|false` flag. Raises `Refused`."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise Refused("`true` or `false`")


def adapters(words: Sequence[str], *, structured: bool, limit: int) -> list[Any]:
    """LoRA or prompt adapters, `NAME=PATH` or (where `structured`) a JSON object each. Raises `Refused`.

    `limit` is how often a word may be split at `=`: -1 where the engine's own unpacking fails at a second one.
    """
    found: list[Any] = []
    for word in words:
        if word in ("", "None"):
            if structured:
                continue
            raise Refused("NAME=PATH")
        if structured and ("=" not in word or "," in word):
            found.append(_adapter_object(word))
            continue
        parts = word.split("=", limit)
        if len(parts) != 2:
            raise Refused("NAME=PATH")
        found.append(word)
    return found


def human_integer(text: str) -> int:
    """`32k` is 32000, `32K` is 32768, `25.6k` is 25600; a decimal with a binary suffix is refused."""
    stripped = text.strip()
    match = _human().fullmatch(stripped)
    if match is None:
        return _integer(stripped)
    number, suffix = match.groups()
    if len(number) > MOST_DIGITS:
        raise Refused("a whole number")
    if suffix.islower():
        return int(float(number) * 1000 ** (1 + "kmgt".index(suffix)))
    if "." in number:
        raise Refused(f"no decimals before {suffix}; `{number}{suffix.lower()}` is a multiple of 1000")
    return int(number) * int(1024 ** (1 + "KMGT".index(suffix)))


def si_integer(text: str) -> int:
    """`32k` is 32000, `25.6k` 25600, `32Ki` 32768; upper and lower case are told apart, and `32K` is refused."""
    stripped = text.strip()
    match = _si().fullmatch(stripped)
    if match is None:
        return _integer(stripped)
    number, suffix = match.groups()
    if len(number) > MOST_DIGITS:
        raise Refused("a whole number")
    if not suffix.endswith("i"):
        return int(Decimal(number) * 10 ** (3 * (1 + "kMGT".index(suffix))))
    if "." in number:
        raise Refused(f"no decimals before {suffix}; `{number}{suffix[0].replace('K', 'k')}` is a multiple of 1000")
    return int(number) << 10 * (1 + "KMGT".index(suffix[0]))


def json_value(text: str) -> Any:
    """The JSON value of a text. Raises `Refused`."""
    if _nesting(text) > MAX_NESTING:
        raise Refused(f"JSON nested at most {MAX_NESTING} deep")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return _lenient_json(text)


MAX_NESTING = 150
"""Deepest JSON that is read: everybody who walks a value recurses, and so do the engines."""


def _nesting(text: str) -> int:
    """How deep the brackets of a JSON text open; 0 where there are too few to matter."""
    if text.count("{") + text.count("[") <= MAX_NESTING:
        return 0
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", re.sub(r'"(?:[^"\\]|\\.)*"', "", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def expand_human_numbers(text: str) -> str:
    """JSON text with `32k` written out, outside its strings."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(r"\b\d+(?:\.\d+)?[kKmMgGtT]\b", lambda match: _expanded(match.group()), parts[index])
    return "".join(parts)


def _expanded(word: str) -> str:
    try:
        return str(human_integer(word))
    except Refused:
        return word


def _lenient_json(text: str) -> Any:
    """What Python's own parser takes besides strict JSON: `NaN`, `Infinity`, lone surrogates."""
    import json

    try:
        return _printable(json.loads(text))
    except (ValueError, RecursionError):
        raise Refused("valid JSON") from None


def _printable(value: Any) -> Any:
    """The value with lone surrogates replaced, which no report could write."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    return value


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused("a whole number") from None


def _unsigned(limit: int) -> Callable[[str], int]:
    """A number of Rust's `usize`, `u32` or `u16`: digits alone, and not too many of them."""

    def read(text: str) -> int:
        match = re.fullmatch(r"\+?([0-9]+)", text)
        if match is None or len(match[1]) > MOST_DIGITS or int(match[1]) > limit:
            raise Refused(f"a whole number from 0 to {limit}" if limit < 1 << 32 else "a whole number from 0 on")
        return int(match[1])

    return read


def _several(text: str) -> list[int]:
    """Numbers behind commas."""
    return [_unsigned((1 << 64) - 1)(part) for part in text.split(",")]


def _plain_number(text: str) -> float:
    """A number of Rust's `f32`: no spaces and no underscores, which Python would take."""
    if not re.fullmatch(
        r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf|infinity|nan)", text, re.IGNORECASE
    ):
        raise Refused("a number")
    return float(text)


def _boolean_word(text: str) -> bool:
    """Rust's `bool`: these two words and no others."""
    if text not in ("true", "false"):
        raise Refused("`true` or `false`")
    return text == "true"


def leading_integer(text: str) -> int:
    """C++'s `std::stoi`: the number that a text begins with, whatever follows: `32k` is 32."""
    match = re.match(r"\s*([+-]?[0-9]{1,40})", text)
    if match is None or not -(1 << 31) <= int(match[1]) < 1 << 31:
        raise Refused("a whole number")
    return int(match[1])


def _leading_number(text: str) -> float:
    """C++'s `std::stof`, likewise."""
    match = re.match(r"\s*([+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,2})?)", text)
    if match is None:
        raise Refused("a number")
    return float(match[1])


def _layers(text: str) -> int | str:
    """A number of layers, `auto` or `all`."""
    with _or("`auto`, `all`"):
        return text if text in ("auto", "all") else leading_integer(text)


@contextmanager
def _or(words: str) -> Iterator[None]:
    """Say `words` too, which are taken beside what the conversion within takes, where it refuses."""
    try:
        yield
    except Refused as refused:
        raise Refused(f"{words}{',' if ' or ' in str(refused) else ' or'} {refused}") from None


def on_off(text: str) -> bool:
    """llama.cpp's words for yes and no."""
    if text in ("on", "enabled", "true", "1", "off", "disabled", "false", "0"):
        return text in ("on", "enabled", "true", "1")
    raise Refused("`on` or `off`")


def _on_off_auto(text: str) -> bool | str:
    with _or("`auto`"):
        return "auto" if text in ("auto", "-1") else on_off(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Refused("a number") from None


def _human_or_auto(text: str) -> int:
    stripped = text.strip()
    with _or("`auto`"):
        return -1 if stripped == "-1" or stripped.lower() == "auto" else human_integer(stripped)


def _object(text: str) -> Any:
    try:
        value = json_value(text)
    except Refused:
        value = None
    if not isinstance(value, dict):
        raise Refused("a JSON object")
    return value


def _json_or_text(text: str) -> Any:
    return json_value(text) if re.match(r"(?s)^\s*{.*}\s*$", text) else text


def _pairs(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in text.split(","):
        parts = [part.strip().lower() for part in item.split("=")]
        if len(parts) != 2:
            raise Refused("KEY=NUMBER, …")
        number = _integer(parts[1])
        if found.setdefault(parts[0], number) != number:
            raise Refused("one number for each key")
    return found


def _json_or_pairs(text: str) -> Any:
    return json_value(text) if re.match("^{.*}$", text) else _pairs(text)


def _level_or_object(text: str) -> Any:
    return {"level": int(text)} if text in ("0", "1", "2", "3") else _object(text)


def _device_ids(text: str) -> list[int | str]:
    parts = [part.strip() for part in text.split(",")]
    return [int(part) if part.isdigit() and part.isascii() else part for part in parts]


def _adapter_object(word: str) -> Any:
    value = json_value(word)
    if not isinstance(value, dict) or not {"name", "path"} <= value.keys() <= {"name", "path", "base_model_name"}:
        raise Refused('NAME=PATH or {"name": …, "path": …}')
    return value


def _listed(choices: Sequence[Any]) -> str:
    numbers = all(type(choice) is int for choice in choices)
    shown = [f"`{choice}`" for choice in (sorted(choices) if numbers else choices)]
    return ", ".join(shown) if len(shown) <= 12 else ", ".join(shown[:12]) + ", …"


@cache
def _human() -> re.Pattern[str]:
    return re.compile(r"([0-9]+(?:\.[0-9]+)?)([kKmMgGtT])")


@cache
def _si() -> re.Pattern[str]:
    return re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T)", re.ASCII)


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": _integer,
    "float": _number,
    "human-int": human_integer,
    "human-int-or-auto": _human_or_auto,
    "si-int": si_integer,
    "json": json_value,
    "json-or-str": _json_or_text,
    "json-or-pairs": _json_or_pairs,
    "pairs": _pairs,
    "object": _object,
    "level-or-object": _level_or_object,
    "bool-text": bool,
    "lower": lambda text: text.lower().replace("-", "_"),
    "device-ids": _device_ids,
    "uint": _unsigned((1 << 64) - 1),
    "u32": _unsigned((1 << 32) - 1),
    "u16": _unsigned((1 << 16) - 1),
    "uints": _several,
    "plain-float": _plain_number,
    "bool": _boolean_word,
    "leading-int": leading_integer,
    "leading-float": _leading_number,
    "layers": _layers,
    "on-off": on_off,
    "on-off-auto": _on_off_auto,
}

KINDS = frozenset(_CONVERTERS)
"""Every kind of `table_format.Flag.type` that is known here."""
