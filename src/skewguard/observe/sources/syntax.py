"""What a shell script is taken apart into: parts, words, operators. Values alone; `lexing` makes them."""

from typing import Literal

from msgspec import Struct

PartKind = Literal["literal", "parameter", "opaque"]


class Part(Struct, frozen=True):
    """A piece of a word, `start` to `end` of the script.

    A literal's content is those characters, or `text` where an escape stands for something else. A parameter has the
    `name` it asks for (`@` and digits included), an `index` (`${A[@]}`) and perhaps an `operator` with its `argument`.
    Opaque is what only a running shell could tell.
    """

    kind: PartKind
    start: int
    end: int
    quoted: bool = False
    text: str | None = None
    name: str = ""
    index: str = ""
    operator: str = ""
    argument: tuple["Part", ...] = ()


class Word(Struct, frozen=True):
    """One word. `array` holds the elements of `NAME=( … )`, with the name in the word's only part."""

    parts: tuple[Part, ...]
    start: int
    end: int
    plain: str | None = None
    array: tuple["Word", ...] | None = None


class Item(Struct, frozen=True):
    """A word, an operator (a line end is one too), or a redirection, whose word follows."""

    kind: Literal["word", "operator", "redirect"]
    text: str
    start: int
    word: Word | None = None


class Lexed(Struct, frozen=True):
    """What a script consists of. `broken` is where a quote or a bracket is never closed."""

    items: tuple[Item, ...]
    broken: int | None = None
