"""One clause's value, from its YAML to a promise: typed by the vocabulary row of its setting.

32768                exactly            [H100-80GB, H200]   one of
{min: 1, max: 256}   a range            ">=0.11,<0.12"      a version range (PEP 440)
null                 explicitly none    unset               nobody sets it
{equals: [a, b]}     a list, mapping, or a text that reads like one of these words
any                  nothing is promised (takes a setting out of a pattern such as `vllm.*`)
"""

import math
import re
from functools import cache

from skewguard.knowledge.contract import values
from skewguard.knowledge.contract.reading import Reader, nearest, nearest_engine, shape
from skewguard.language import vocabulary
from skewguard.language.errors import InputError, UsageError
from skewguard.language.facts import Value
from skewguard.language.trees import Node
from skewguard.language.vocabulary import Setting

NUMERIC = ("integer", "number", "seconds", "bytes")
"""Types that have an order, so that a range can be promised."""

COLLECTIONS = ("list", "mapping")
"""Types whose values are written as `{equals: …}`, because a bare list means one of."""

_CLAUSE = r"\s*(?:~=|===?|!=|<=|>=|<|>)\s*v?\d+(?:!\d+)?(?:\.\d+)*(?:\.\*|[-_.]?[a-z][a-z0-9._-]*)?(?:\+[a-z0-9.]+)?\s*"


@cache
def range_pattern() -> re.Pattern[str]:
    """The texts that are PEP 440 ranges, as far as a pattern can tell."""
    return re.compile(rf"{_CLAUSE}(?:,{_CLAUSE})*,?\s*", re.IGNORECASE)


def read(reader: Reader, node: Node, setting: str) -> values.Promise | None:
    """The promise that stands at a node; None after a mistake was noted."""
    row = vocabulary.BY_NAME.get(setting)
    if node.kind == "sequence":
        return _one_of(reader, node, setting, row)
    return _single(reader, node, setting, row)


def _single(reader: Reader, node: Node, setting: str, row: Setting | None) -> values.Promise | None:
    if node.kind == "mapping":
        return _mapping(reader, node, setting, row)
    if not node:
        return _nothing(reader, node, setting)
    text = node.text() or ""
    if node.style is None and text == values.UNSET:
        return values.Unset()
    if node.style is None and text == values.ANY:
        return values.Anything()
    if row is not None and row.type in COLLECTIONS:
        reader.wrong(node.origin, f"{setting} is {_article(row)}", f"write {{equals: …}} with the whole {row.type}")
        return None
    if row is not None and row.type == "version" and not text[:1].isalnum():
        return _versions(reader, node, setting, text)
    return _exactly(reader, node, setting, row)


def _nothing(reader: Reader, node: Node, setting: str) -> values.Promise | None:
    if node.kind == "scalar" and (node.origin.text or node.origin.kind == "object"):  # JSON has one way to write it
        return values.Nothing()
    reader.wrong(
        node.origin,
        f"{setting} has no value",
        "write null to promise that it is explicitly none, unset to leave it to the engine, or remove the line",
    )
    return None


def _one_of(reader: Reader, node: Node, setting: str, row: Setting | None) -> values.Promise | None:
    if row is not None and row.type in COLLECTIONS:
        reader.wrong(
            node.origin, f"{setting} is {_article(row)}, and a bare list means one of", "write {equals: [...]} instead"
        )
        return None
    options: list[values.Promise | None] = []
    for element in node.elements():
        if element.kind == "sequence":
            reader.wrong(element.origin, f"{setting}: a list inside a list means nothing", "write {equals: [...]}")
            options.append(None)
            continue
        option = _single(reader, element, setting, row)
        if isinstance(option, values.Anything):
            reader.wrong(element.origin, f"{setting}: `any` in a list makes the whole list mean nothing")
        options.append(option)
    if not options:
        reader.wrong(node.origin, f"{setting} is one of nothing", "list the allowed values, or remove the line")
    whole = all(option is not None and not isinstance(option, values.Anything) for option in options)
    return values.OneOf(tuple(options)) if options and whole else None  # type: ignore[arg-type]  # tested above


def _mapping(reader: Reader, node: Node, setting: str, row: Setting | None) -> values.Promise | None:
    keys = [key for key, _ in node.items()]
    if keys == ["equals"]:
        return _equals(reader, node.get("equals"), setting, row)
    for key in keys:
        if key not in ("min", "max", "equals"):
            guess = nearest(key, ("min", "max", "equals"))
            hint = (
                f"did you mean {guess}?" if guess else "a promise is a value, a list, {min: …, max: …} or {equals: …}"
            )
            reader.wrong(node.key_origin(key), f"{setting} cannot be promised with {key!r}", hint)
            return None
    if "equals" in keys or not keys:
        reader.wrong(node.origin, f"{setting}: write either {{min: …, max: …}} or {{equals: …}}")
        return None
    return _range(reader, node, setting, row)


def _range(reader: Reader, node: Node, setting: str, row: Setting | None) -> values.Promise | None:
    if row is not None and row.type not in NUMERIC:
        hint = 'a version range is a text such as ">=0.11,<0.12"' if row.type == "version" else "list the values"
        reader.wrong(node.origin, f"{setting} is {_article(row)} and has no range", hint)
        return None
    bounds = {key: _bound(reader, value, setting, row) for key, value in node.items()}
    if None in bounds.values():
        return None
    low, high = bounds.get("min"), bounds.get("max")
    if low is not None and high is not None and low > high:
        reader.wrong(node.origin, f"{setting}: min is greater than max, so nothing can keep it")
        return None
    return values.Range(low, high)


def _bound(reader: Reader, node: Node, setting: str, row: Setting | None) -> float | int | None:
    if node.kind != "scalar" or not node:
        reader.wrong(node.origin, f"a bound of {setting} must be a number, not {shape(node)}")
        return None
    if row is not None:
        value = _typed(reader, node, row)
        return value if isinstance(value, (int, float)) else None
    number = node.number()
    if number is None:
        reader.wrong(node.origin, f"a bound of {setting} must be a number, not {shape(node)}")
    return number


def _equals(reader: Reader, node: Node, setting: str, row: Setting | None) -> values.Promise | None:
    if node.kind == "scalar" and node and not (row is not None and row.type in COLLECTIONS):
        empty_text = node.text() == "" and row is not None and row.type == "string"
        return values.Exactly("") if empty_text else _exactly(reader, node, setting, row)
    if row is not None and not _fits(node, row):
        reader.wrong(node.origin, f"{setting} is {_article(row)}, not {shape(node)}")
        return None
    try:
        return values.Exactly(node.value()) if node.present else _nothing(reader, node, setting)
    except InputError as error:
        reader.wrong(node.origin, f"{setting}: {error.message}")
        return None


def _fits(node: Node, row: Setting) -> bool:
    """Whether a collection may be the value of a row. Texts may be several: a server can have two names."""
    wanted = {"mapping": ("mapping",), "list": ("sequence",), "string": ("sequence", "mapping")}
    return node.kind in wanted.get(row.type, ("sequence",) if row.type == "gpu-class" else ())


def _exactly(reader: Reader, node: Node, setting: str, row: Setting | None) -> values.Promise | None:
    text = node.text() or ""
    if row is None:
        literal = node.style is not None or ".env." in setting
        return values.Exactly(text if literal else node.value(), text)
    value = _typed(reader, node, row)
    return None if value is None or _misspelt(reader, node, row, value) else values.Exactly(value, text)


def _misspelt(reader: Reader, node: Node, row: Setting, value: Value) -> bool:
    """Whether the value is none of those that skewguard itself gives this setting; then it is told."""
    engine = row.name == "runtime.engine"
    allowed = tuple(reader.engines) if engine else row.choices
    if not allowed or value in allowed:
        return False
    guess = nearest_engine(str(value), reader.engines) if engine else nearest(str(value), allowed)
    hint = f"did you mean {guess}?" if guess else f"one of {', '.join(allowed)}"
    reader.wrong(node.origin, f"{row.name}: {value!r} is not known", hint)
    return True


def _typed(reader: Reader, node: Node, row: Setting) -> Value:
    text = node.text() or ""
    text = text if row.type == "string" else text.strip()
    if not text.strip():
        reader.wrong(
            node.origin, f"{row.name} must not be empty", 'remove the line, or write null, unset or {equals: ""}'
        )
        return None
    if row.type in ("version", "string") and isinstance(_of_object(node), float):
        message = (
            f"{row.name} is the number {text} there, and what was written may have been another: 0.10 is kept as 0.1"
        )
        reader.wrong(node.origin, message, "write it in quotes")
        return None
    if row.type == "digest" and not re.fullmatch(r"(sha256:)?[0-9a-fA-F]{64}", text):
        reader.wrong(node.origin, f"{row.name} is a sha256 digest of 64 hex digits, not {text!r}")
        return None
    try:
        value = vocabulary.typed(row, text)
    except (UsageError, OverflowError) as error:
        hint = "write unset to leave it to the engine" if text == "auto" else _example(row)
        reader.wrong(node.origin, str(error) or f"{row.name} is out of range", hint)
        return None
    wrong = fault(row, value)
    if wrong:
        reader.wrong(node.origin, f"{row.name} {wrong[0]}, not {text!r}", wrong[1])
        return None
    return value


def _of_object(node: Node) -> Value:
    """The value where an API server keeps it, and no longer the text that somebody wrote; else None."""
    return node.value() if node.origin.kind == "object" else None


_COUNTS = ("GPUs", "replicas", "retries")
"""Units of which nothing can have less than none."""

_VERSION = re.compile(r"v?\d+(?:[.+_-]?[0-9a-z]+)*", re.IGNORECASE)
_BUILD = re.compile(r"[a-z]+[a-z_.-]*\d[0-9a-z._+-]*", re.IGNORECASE)
"""llama.cpp counts its builds: `b4567`."""


def fault(row: Setting, value: Value) -> tuple[str, str | None] | None:
    """Why a value of the row's type can be no value of the row, as half a sentence, and what to write instead."""
    if row.type == "version" and isinstance(value, str) and re.search(r"\.[xX](?:\.|$)", value):
        series = re.split(r"\.[xX]", value)[0]
        return "is one version", f'for all of a series write "=={series}.*"'
    if row.type == "version" and isinstance(value, str) and not (_VERSION.fullmatch(value) or _BUILD.fullmatch(value)):
        return "is one version", 'for example 0.11.0, or a range such as ">=0.11,<0.12"'
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not math.isfinite(value):
        return "must be a finite number", None
    if row.unit == "fraction" and not 0 <= value <= 1:
        return "is a share from 0 to 1", f"write {value / 100:g}" if 1 < value <= 100 else None
    return ("cannot be negative", None) if value < 0 and is_count(row) else None


def is_count(row: Setting) -> bool:
    """Whether there can be none of it, but not less."""
    return row.unit in _COUNTS or row.section == "parallelism"


def _versions(reader: Reader, node: Node, setting: str, text: str) -> values.Promise | None:
    if range_pattern().fullmatch(text):
        if _is_empty(text):
            reader.wrong(node.origin, f"{setting}: {text!r} excludes every version, so nothing can keep it")
            return None
        return values.Versions(text.strip().rstrip(","))
    reader.wrong(node.origin, f"{setting}: {text!r} is no version range", 'write it as PEP 440 does: ">=0.11,<0.12"')
    return None


_BOUND = re.compile(r"(<=?|>=?)v?(\d+(?:\.\d+)*)")


def _is_empty(text: str) -> bool:
    """Whether the plain bounds of a range leave no room between them; `packaging` costs more than a whole check."""
    low: list[tuple[tuple[int, ...], bool]] = []
    high: list[tuple[tuple[int, ...], bool]] = []
    for part in re.sub(r"\s", "", text).split(","):
        bound = _BOUND.fullmatch(part)
        if bound is None:
            continue
        numbers = tuple(int(number) for number in re.sub(r"(?:\.0+)+$", "", bound[2]).split("."))
        included = bound[1].endswith("=")
        if bound[1].startswith(">"):
            low.append((numbers, not included))  # so that of two equal bounds the stricter one counts
        else:
            high.append((numbers, included))
    if not low or not high:
        return False
    (least, above), (most, included) = max(low), min(high)
    return least > most or (least == most and (above or not included))


def _article(row: Setting) -> str:
    return f"an {row.type}" if row.type[0] in "aeiou" else f"a {row.type}"


def _example(row: Setting) -> str | None:
    examples = {
        "integer": "for example 256 or 32k",
        "number": "for example 0.9",
        "boolean": "write true or false",
        "seconds": "for example 600s or 10m",
        "bytes": "for example 80Gi",
    }
    return examples.get(row.type)
