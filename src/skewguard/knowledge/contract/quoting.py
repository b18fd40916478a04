"""JSON values as YAML that reads back as the same value, in any YAML reader and in the loader of contracts."""

import re

import msgspec

from skewguard.language.facts import Value

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n", "unset", "any"})
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}


def scalar(value: Value) -> str:
    """One value on one line: bare where that is safe, double-quoted otherwise, collections in flow style."""
    if value is None or isinstance(value, (bool, float)):
        return msgspec.json.encode(value).decode()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(scalar(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{scalar(str(key))}: {scalar(item)}' for key, item in value.items())}}}"
    return text(str(value))


def text(content: str) -> str:
    """A text, quoted unless it cannot be taken for anything else."""
    if _PLAIN.fullmatch(content) and content.lower() not in _WORDS:
        return content
    return '"' + "".join(map(_escaped, content)) + '"'


def comment(content: str, width: int = 100) -> list[str]:
    """A sentence as comment lines; a line break in it must not end the comment."""
    words = content.split()
    lines, line = [], "#"
    for word in words:
        shown = "".join(map(_escaped, word)).replace("\\\\", "\\").replace('\\"', '"')
        if len(line) + len(shown) >= width and line != "#":
            lines.append(line)
            line = "#"
        line = f"{line} {shown}"
    return [*lines, line]


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if character.isprintable() and not 0xD800 <= code < 0xE000 and code not in (0xFEFF, 0x2028, 0x2029):
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
