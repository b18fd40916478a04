"""How a caller wants a report, and what of it reaches a renderer."""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from skewguard.language.facts import Origin
from skewguard.language.results import CheckExplanation

Lines = Callable[[str, int], str | None]
"""The text of one line (1-based) of a file, without its end; None when it cannot be had."""


class Options(Struct, frozen=True):
    """What the caller decides. `color` is settled by the caller (terminal, NO_COLOR, FORCE_COLOR); `width` in cells; `blocks`:
    where the text goes it can draw with block characters (`▁▂▃`).

    `lines` gives source lines to underline in. `rules` are the rows of the checks, by id: their reasons and help.
    """

    color: bool = False
    width: int = 100
    verbose: bool = False
    lines: Lines | None = None
    rules: Mapping[str, CheckExplanation] = field(default_factory=dict)
    blocks: bool = True


class Marked(Struct, frozen=True):
    """A source line fit to be shown, and the part of it that is meant: `start` to `end`, 0-based characters."""

    text: str
    start: int
    end: int


def _no_line(_origin: Origin) -> Marked | None:
    return None


class View(Struct, frozen=True):
    """The options as renderers get them: source lines come redacted, with the offence marked in them."""

    color: bool = False
    width: int = 100
    verbose: bool = False
    marked: Callable[[Origin], Marked | None] = _no_line
    rules: Mapping[str, CheckExplanation] = field(default_factory=dict)
    blocks: bool = True
