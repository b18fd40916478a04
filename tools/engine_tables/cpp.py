"""A small reader of C++ text: brackets, strings and comments, enough to take declarations and calls apart."""

import re
from collections.abc import Iterator

_OPEN, _CLOSE = "([{", ")]}"


def uncommented(text: str) -> str:
    """The text without comments; strings stay as they are."""
    pattern = r'"(?:[^"\\\n]|\\.)*"' r"|'(?:[^'\\\n]|\\.)+'|//[^\n]*|/\*.*?\*/"
    return re.sub(pattern, lambda found: "" if found[0].startswith("/") else found[0], text, flags=re.DOTALL)


def inside(text: str, at: int) -> str:
    """What stands between the bracket at `at` and the one that closes it. Raises `ValueError` where none does."""
    depth = 0
    for index, char in _plain(text, at):
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
            if depth == 0:
                return text[at + 1 : index]
    raise ValueError("a bracket that is never closed")


def parts(text: str, separator: str = ",") -> list[str]:
    """The text, cut at a separator that stands in no bracket and no string."""
    found, depth, start = [], 0, 0
    for index, char in _plain(text, 0):
        if char in _OPEN:
            depth += 1
        elif char in _CLOSE:
            depth -= 1
        elif char == separator and depth == 0:
            found.append(text[start:index].strip())
            start = index + 1
    return [*found, text[start:].strip()]


def strings(text: str) -> list[str]:
    """The string literals in a text."""
    return [found.encode().decode("unicode_escape") for found in re.findall(r'"((?:[^"\\]|\\.)*)"', text)]


def _plain(text: str, start: int) -> Iterator[tuple[int, str]]:
    """The characters outside string and character literals, with their places."""
    index = start
    while index < len(text):
        char = text[index]
        if char in "\"'":
            literal = re.compile(r'"(?:[^"\\]|\\.)*"' if char == '"' else r"'(?:[^'\\]|\\.)+'").match(text, index)
            if literal is not None:
                index = literal.end()
                continue
        yield index, char
        index += 1
