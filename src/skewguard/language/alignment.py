"""Where in a file each character of a scalar's content was written, through folding, quoting and escapes."""

from collections.abc import Iterator


def places(content: str, style: str | None, text: str, start: int, end: int) -> list[int]:
    """The index in `text` of every character of a scalar's content; the scalar stands from `start` to `end`.

    Folding, indentation and line continuations change only white space, so the other characters stand in the same
    order in the file; white space is mapped to where the file is at that moment.
    """
    return list(_align(content, style, text, start, max(end, start + 1)))


def _align(content: str, style: str | None, text: str, at: int, end: int) -> Iterator[int]:
    if style in ("|", ">"):
        newline = text.find("\n", at)
        at = newline + 1 if newline >= 0 else at
    elif style in ("'", '"'):
        at += 1
    for character in content:
        if character.isspace():
            yield min(at, end - 1)
            if at < end and text[at] == character:
                at += 1
            continue
        at, width = _next(text, at, end, style)
        yield min(at, end - 1)
        at += width


def _next(text: str, at: int, end: int, style: str | None) -> tuple[int, int]:
    """The next character of content at or after `at`, and how many characters stand for it in the file."""
    while at < end:
        if text[at].isspace():
            at += 1
        elif style == '"' and text[at] == "\\":
            escape = text[at + 1 : at + 2]
            if escape not in ("\n", "\r", "n", "t", " ", "r"):
                return at, {"x": 4, "u": 6, "U": 10}.get(escape, 2)
            at += 2
        else:
            return at, 2 if style == "'" and text[at] == "'" else 1
    return at, 1
