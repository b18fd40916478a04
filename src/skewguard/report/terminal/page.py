"""The paper a terminal report is written on: styles, widths, wrapping, and the only way text reaches the terminal.

Manifests come from anywhere. A control character in them could move the cursor, rewrite what stands above or retitle
the window, and a bidirectional mark could reorder a line, so every piece of text is made visible here.
"""

from collections.abc import Iterable, Sequence
from unicodedata import combining, east_asian_width

from skewguard.report.characters import visible

Piece = str | tuple[str, str]
"""Text, or text with the name of its style."""

_STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "note": "36",
    "unknown": "1;35",
    "good": "32",
    "strong": "1",
    "faint": "2",
    "place": "4",
}

_NARROWEST = 20

CUT = "…"
"""What stands where a text was cut."""


def cells(text: str) -> int:
    """How many columns of a terminal visible text fills: wide East Asian characters two, combining ones none."""
    return len(text) if text.isascii() else sum(_cells(char) for char in text)


def _cells(char: str) -> int:
    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def head(text: str, width: int) -> str:
    """The beginning of visible text that fits into `width` columns, with a mark where something was cut."""
    if cells(text) <= width:
        return text
    kept = text[: max(width - 1, 0)]
    while kept and cells(kept) > width - 1:
        kept = kept[:-1]
    return kept + CUT if width > 0 else ""


def wrapped(text: str, width: int) -> list[str]:
    """Visible lines of at most `width` columns, cut at spaces; a longer word stands alone, uncut, to be copied.

    What stands between backticks is to be copied too, and is not cut where it fits on a line of its own.
    """
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in _words(visible(paragraph), width):
            if line and cells(line) + 1 + cells(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def _words(text: str, width: int) -> list[str]:
    """The words of a line; quoted ones together, where they fit into the width and the quotes are closed."""
    words = text.split(" ")
    if text.count("`") % 2 or "`" not in text:
        return words
    joined: list[str] = []
    quoted: list[str] = []
    inside = False
    for word in words:
        quoted.append(word)
        inside ^= bool(word.count("`") % 2)
        if not inside:
            whole = " ".join(quoted)
            joined += [whole] if cells(whole) <= width else quoted
            quoted = []
    return joined


class Page:
    """Lines of a report. Styles are dropped where `color` is off; `width` is that of the terminal."""

    def __init__(self, width: int, *, color: bool) -> None:
        self.width = max(width, _NARROWEST)
        self._color = color
        self._lines: list[str] = []

    def line(self, *pieces: Piece, indent: int = 0) -> None:
        """One line, as long as it is."""
        self._lines.append((" " * indent + "".join(self._shown(piece) for piece in pieces)).rstrip())

    def blank(self) -> None:
        """An empty line, but never two, and none at the top."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def prose(self, text: str, *, indent: int = 0, label: Piece = "", style: str = "", hang: int = 0) -> None:
        """Wrapped text behind a label; later lines stand under the first, `hang` columns further in."""
        under = cells(visible(_piece(label)[0])) + hang
        for number, line in enumerate(wrapped(text, max(self.width - indent - under, _NARROWEST))):
            self.line(" " * under if number else label, (line, style), indent=indent)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[Piece]], *, indent: int = 0, last: int = 0) -> None:
        """Columns as wide as they need; the last ones are wrapped into what is left of the width.

        The last one has `last` cells where it needs them, also beyond the width: a column of single words is read by nobody.
        """
        body = [[_piece(cell) for cell in row] for row in rows]
        widths = _column_widths([[(name, "") for name in head], *body], self.width - indent, last)
        self._row([(name, "faint") for name in head], widths, indent)
        for row in body:
            self._row(row, widths, indent)

    def text(self) -> str:
        """Everything written, ending in a newline; empty when nothing was."""
        while self._lines and not self._lines[-1]:
            self._lines.pop()
        return "\n".join(self._lines) + "\n" if self._lines else ""

    def _row(self, row: Sequence[tuple[str, str]], widths: Sequence[int], indent: int) -> None:
        columns = [wrapped(text, width) for (text, _), width in zip(row, widths, strict=True)]
        for number in range(max(len(column) for column in columns)):
            pieces: list[Piece] = []
            for column, (_, style), width in zip(columns, row, widths, strict=True):
                part = column[number] if number < len(column) else ""
                pieces += [(part, style) if style else part, " " * (max(width - cells(part), 0) + 2)]
            self.line(*pieces, indent=indent)

    def _shown(self, piece: Piece) -> str:
        text, style = _piece(piece)
        shown = visible(text)
        return f"\x1b[{_STYLES[style]}m{shown}\x1b[0m" if style and self._color and shown.strip() else shown


def _piece(piece: Piece) -> tuple[str, str]:
    return (piece, "") if isinstance(piece, str) else piece


def _column_widths(rows: Sequence[Sequence[tuple[str, str]]], width: int, last: int = 0) -> list[int]:
    """Natural widths; where they do not fit, the widest column gives way, but none below its longest word."""
    columns = [[visible(cell[0]) for cell in column] for column in zip(*rows, strict=True)]
    widths = [max(cells(cell) for cell in column) for column in columns]
    least = [max(cells(word) for cell in column for word in cell.split(" ")) for column in columns]
    least[-1] = max(least[-1], min(widths[-1], last))
    excess = sum(widths) + 2 * (len(widths) - 1) - width
    while excess > 0:
        slack, widest = max((widths[i] if widths[i] > least[i] else 0, i) for i in range(len(widths)))
        if not slack:
            break
        others = sorted(widths)[:-1]
        step = min(excess, widths[widest] - least[widest], max(widths[widest] - (others or [0])[-1], 1))
        widths[widest] -= step
        excess -= step
    return widths
