"""Characters that a terminal, a browser or a log viewer would obey instead of show, written as escapes.

What a manifest says ends up on the terminals of others: a control character could clear the window, a bidirectional
mark could reorder a line and a line break could forge one.
"""

import re
from functools import cache


def visible(text: str) -> str:
    r"""The text with every character that is not plainly printable written as `\x1b` or `\u202e`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    code = ord(char)
    if char in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible_lines(text: str) -> str:
    """The same for a text whose line breaks are its own."""
    return text if text.isprintable() else "\n".join(visible(line) for line in text.split("\n"))


def in_json(text: str) -> str:
    r"""JSON text with such characters as `\u202e`, which reads back the same; JSON itself escapes only the oldest."""
    return text if text.isascii() and "\x7f" not in text else _obeyed().sub(_json_escape, text)


@cache
def _obeyed() -> re.Pattern[str]:
    return re.compile(
        "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff"
        "\U000e0000-\U000e007f]"
    )


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
