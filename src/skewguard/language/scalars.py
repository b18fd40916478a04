"""What a plain scalar of a manifest means, as `kubectl` types it (sigs.k8s.io/yaml), not as YAML 1.1 or PyYAML do.

Booleans in all spellings of YAML 1.1, octal `012`, no sexagesimals; timestamps, `.nan` and numbers beyond what a
float holds stay text, because JSON has no word for them.
"""

import math
import re

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUE = ("y", "yes", "on", "true")
_FALSE = ("n", "no", "off", "false")
BOOLEANS = {**dict.fromkeys(_TRUE, True), **dict.fromkeys(_FALSE, False)}
_BOOLEAN_CASES = frozenset(form for word in BOOLEANS for form in (word, word.capitalize(), word.upper()))


def typed(text: str) -> str | float | bool | None:
    """The value of a plain scalar."""
    if text in NULLS:
        return None
    if text in _BOOLEAN_CASES:
        return BOOLEANS[text.lower()]
    whole = integer(text)
    if whole is not None:
        return whole
    real = number(text)
    return text if real is None else real


def integer(text: str) -> int | None:
    """An integer as Go's ParseInt with base 0 reads it: `0x1f`, `0b11`, `0o17`, and `017` in octal."""
    digits = text.replace("_", "")
    if not digits or digits[-1] not in "0123456789abcdefABCDEF" or len(digits) > 64:
        return None
    try:
        if re.fullmatch(r"[-+]?0[0-7]+", digits):
            return int(digits, 8)
        return int(digits, 0)
    except ValueError:
        return None


def number(text: str) -> float | None:
    """A finite number; None for any other text."""
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
        real = float(text)
        return real if math.isfinite(real) else None
    whole = integer(text)
    return float(whole) if whole is not None else None
