"""Which texts an environment variable takes, by the kind that an engine's table gives it (`tables.Table.env`)."""

from typing import Literal

from skewguard.knowledge.engines.tables import LENIENT

Taken = Literal["read", "invalid", "passed-over", "false"]
"""What becomes of a text: it is read, ends what reads it, is passed over for the default, or counts as false."""

_TRUE = ("true", "1")
_FALSE = ("false", "0")
_MORE = ("yes", "y", "no", "n")
_PLAINLY_FALSE = (*_FALSE, "no", "n", "off", "f", "none", "disable", "disabled", "")


def taken(text: str, kind: str) -> Taken:
    """What a reading of this kind makes of a text; one with an unresolved reference in it is not judged."""
    lenient, plain = kind.startswith(LENIENT), kind.removeprefix(LENIENT)
    if "$(" in text or _fits(text, plain) or (lenient and not text):
        return "read"
    return "false" if plain == "truth" else "passed-over" if lenient else "invalid"


def wanted(kind: str) -> str:
    """What a variable of this kind takes, in words."""
    plain = kind.removeprefix(LENIENT)
    return {"bool": "`true` or `false`", "truth": "`true` or `1`"}.get(plain, "a number")


def _fits(text: str, kind: str) -> bool:
    if kind == "bool":
        return text.lower() in (*_TRUE, *_FALSE, *_MORE)
    if kind == "truth":
        return text.lower() in (*_TRUE, *_PLAINLY_FALSE)
    if kind not in ("int", "float"):
        return True
    try:
        float(text) if kind == "float" else int(text)
    except ValueError:
        return False
    return True
