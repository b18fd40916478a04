"""Promises in words and in JSON, so that a message, a report and a written contract say the same thing."""

from typing import Any

import msgspec

from skewguard.knowledge.contract import values
from skewguard.language.facts import Value
from skewguard.language.vocabulary import unit as unit_of

_ONE = {"tokens": "token", "requests": "request", "GPUs": "GPU", "replicas": "replica", "retries": "retry"}

LONGEST = 120
"""Characters of one value that a sentence bears; a chat template has thousands."""


def promise(setting: str, what: values.Promise) -> str:
    """The promise as it stands in a sentence after "promises": `limits.max_num_seqs ≤ 256 requests`."""
    if isinstance(what, values.Unset):
        return f"that nobody sets {setting}"
    if isinstance(what, values.Anything):
        return f"nothing about {setting}"
    if isinstance(what, values.OneOf):
        return f"{setting} one of {', '.join(_bare(setting, option) for option in what.options)}"
    return f"{setting} {_relation(setting, what)}"


def short(setting: str, what: values.Promise) -> str:
    """The promise without the name of its setting, for a table: `≤ 256 requests`, `one of H100-80GB, H200`."""
    if isinstance(what, values.OneOf):
        return f"one of {', '.join(_bare(setting, option) for option in what.options)}"
    return "anything" if isinstance(what, values.Anything) else _bare(setting, what)


def _relation(setting: str, what: values.Promise) -> str:
    if isinstance(what, values.Range):
        return _range(setting, what)
    if isinstance(what, values.Versions):
        return what.text
    return f"= {_bare(setting, what)}"


def _range(setting: str, what: values.Range) -> str:
    if what.minimum is None:
        return f"≤ {value(setting, what.maximum)}"
    if what.maximum is None:
        return f"≥ {value(setting, what.minimum)}"
    return f"from {value(setting, what.minimum)} to {value(setting, what.maximum)}"


def _bare(setting: str, what: values.Promise) -> str:
    if isinstance(what, values.Nothing):
        return "null (explicitly none)"
    if isinstance(what, values.Unset):
        return "unset"
    if isinstance(what, values.Exactly):
        return value(setting, what.value)
    return _relation(setting, what)


def value(setting: str, what: Value) -> str:
    """A value with its unit, short enough for a sentence."""
    is_number = isinstance(what, (int, float)) and not isinstance(what, bool)
    counted = unit_of(setting) if is_number else ""
    if counted == "bytes" and isinstance(what, int):
        return _size(what)
    text = plain(what)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}…"
    unit = "" if counted == "fraction" else counted
    return f"{text} {_ONE.get(unit, unit) if what == 1 else unit}".rstrip()


def plain(what: Value) -> str:
    """A value as a person writes it: JSON for collections, bare text otherwise."""
    if isinstance(what, str):
        return what or '""'
    if isinstance(what, float) and what.is_integer() and abs(what) < 1e15:
        return str(int(what))
    if what is None or isinstance(what, (bool, list, dict)):
        return msgspec.json.encode(what).decode()
    return str(what)


def _size(amount: int) -> str:
    for factor, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if amount >= factor:
            return f"{amount / factor:.4g} {unit}"
    return f"{amount} bytes"


def expected(what: values.Promise) -> Any:
    """The promise in JSON, written as in a contract."""
    if isinstance(what, values.Exactly):
        return {"equals": what.value} if isinstance(what.value, (list, dict)) else what.value
    if isinstance(what, values.Range):
        bounds = {"min": what.minimum, "max": what.maximum}
        return {key: bound for key, bound in bounds.items() if bound is not None}
    if isinstance(what, values.OneOf):
        return [expected(option) for option in what.options]
    if isinstance(what, values.Versions):
        return what.text
    if isinstance(what, values.Unset):
        return values.UNSET
    return values.ANY if isinstance(what, values.Anything) else None
