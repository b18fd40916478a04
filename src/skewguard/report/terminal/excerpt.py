"""One source line with its offence underlined, fit for a terminal of a given width.

Carets must stand under the characters they mean: a tab fills up to the next stop, an ideograph fills two columns,
a control character is shown as its escape. A line that is too long is cut around the offence.
"""

from msgspec import Struct

from skewguard.report.characters import visible
from skewguard.report.options import Marked
from skewguard.report.terminal.page import CUT, cells, head

_TAB = 4


class Excerpt(Struct, frozen=True):
    """What to print: the line before, in and after the offence, and how many columns stand before and under it."""

    before: str
    offence: str
    after: str
    indent: int
    length: int


def excerpt(line: Marked, width: int) -> Excerpt:
    """`line` cut to `width` columns with the offence in sight. An empty offence is marked by one caret."""
    line = _near(line, 4 * width)
    drawn = _drawn(line.text)
    before, offence, after = (
        "".join(drawn[: line.start]),
        "".join(drawn[line.start : line.end]),
        "".join(drawn[line.end :]),
    )
    if cells(before) + cells(offence) + cells(after) > width:
        offence = head(offence, width)
        room = max(width - cells(offence), 0)
        kept = max(room - cells(after), room // 2)
        before = _tail(before, kept)
        after = head(after, max(room - cells(before), 0))
    return Excerpt(before, offence, after, cells(before), max(cells(offence), 1))


def _near(line: Marked, reach: int) -> Marked:
    """The part of a line that can come into sight at all: a line may hold a megabyte."""
    first = max(line.start - reach, 0)
    end = min(line.end, line.start + reach)
    return Marked(line.text[first : end + reach], line.start - first, end - first)


def _drawn(text: str) -> list[str]:
    """Each character as it is drawn: tabs as spaces up to the next stop, the unprintable as escapes."""
    if text.isascii() and text.isprintable():
        return list(text)
    drawn: list[str] = []
    column = 0
    for char in text:
        shown = " " * (_TAB - column % _TAB) if char == "\t" else visible(char)
        column += cells(shown)
        drawn.append(shown)
    return drawn


def _tail(text: str, width: int) -> str:
    """The end of the text that fits into `width` columns, with a mark where something was cut."""
    if cells(text) <= width:
        return text
    kept = text[-(width - 1) :] if width > 1 else ""
    while kept and cells(kept) > width - 1:
        kept = kept[1:]
    return CUT + kept if width > 0 else ""
