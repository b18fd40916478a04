"""How Python's `argparse` reads an argument vector, told word by word and going on after an error.

The real parser stops at its first error and keeps no trace of which word gave which value. This one follows the same
rules (option strings, unique prefixes, `--x=y`, single-dash forms, `nargs`, where positionals are taken) and says
for every word what became of it. After an error it goes on the way that serves the reader: the word behind an
unknown flag is taken as its value, so that one misspelt flag does not also unsettle the model's name.

Source: Python's `argparse` (3.10 to 3.13, which engine images run).
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

from msgspec import Struct

from skewguard.knowledge.engines.tables import Flag, Spellings
from skewguard.language.facts import Origin
from skewguard.language.workloads import Token

NOWHERE = Origin(kind="command-line", ref="the command line")
"""The place of what should have been written and was not."""

Source = Literal["argument", "config-file"]
Key = tuple[int, ...]


class Part(Struct, eq=False):
    """One dotted argument (`--config.key value`) of several that an engine joins to one JSON value.

    `nested` is the value alone, in its place (`{"key": value}`).
    """

    word: "Word"
    nested: Any
    value_word: "Word | None" = None


class Word(Struct, eq=False):
    """One word of an argument vector, as the parser meets it.

    `text` is what the parser sees: underscores of a name already dashes. `token` is what somebody wrote. `key` is
    the word's place, the same for every version that reads the vector. `parts` are set on a word that stands for
    several dotted arguments.
    """

    text: str
    token: Token
    key: Key
    source: Source = "argument"
    parts: list[Part] | None = None


Status = Literal[
    "taken",  # a flag with what it needs
    "positional",  # the parser's positional
    "extra",  # a stray positional: "unrecognized arguments"
    "unknown",  # looks like a flag, and is none
    "ambiguous",  # prefix of several flags
    "no-value",  # the flag needs a value
    "refuses-value",  # the flag takes none, and one is attached
]


class Take(Struct, eq=False):
    """What became of one flag or positional with its values.

    `spelling` is the full spelling that `word` stands for. `explicit` is the text after `=` (or after a single-dash
    flag). `candidates` are the spellings an ambiguous prefix could mean.
    """

    status: Status
    word: Word
    flag: Flag | None = None
    spelling: str = ""
    values: list[Word] = []
    explicit: str | None = None
    candidates: tuple[str, ...] = ()

    def explicit_or_values(self) -> str | None:
        """What stands for the value of a flag that the parser does not know."""
        if self.explicit is not None or "=" in self.word.text:
            return self.explicit or self.word.text.partition("=")[2]
        return " ".join(word.text for word in self.values) or None

    def texts(self) -> list[str]:
        """The texts that the flag's conversion gets."""
        return [self.explicit] if self.explicit is not None else [word.text for word in self.values]


class _Option(Struct, eq=False):
    """A word that the parser sees as a flag, before its values are counted."""

    flag: Flag | None = None
    spelling: str = ""
    explicit: str | None = None
    candidates: tuple[str, ...] = ()


def parse(words: Sequence[Word], known: Spellings, *, model_to_come: bool = False) -> list[Take]:
    """Every flag and positional of a vector, in order. `model_to_come`: its writer gives the model as a positional."""
    return _Run(words, known, model_to_come).takes()


def option(text: str, known: Spellings) -> _Option | None:
    """What a word is to the parser: a flag (known, unknown or ambiguous), or None for a value or positional."""
    if not text.startswith("-") or len(text) == 1:
        return None
    if text in known.flags:
        return _Option(known.flags[text], text)
    name, equals, explicit = text.partition("=")
    if equals and name in known.flags:
        return _Option(known.flags[name], name, explicit)
    matches = _abbreviated(text, name, explicit if equals else None, known)
    if len(matches) > 1:
        return _Option(candidates=tuple(match.spelling for match in matches))
    if matches:
        return matches[0]
    if _negative_number().match(text) or " " in text:
        return None
    return _Option()


def _abbreviated(text: str, name: str, explicit: str | None, known: Spellings) -> list[_Option]:
    if text.startswith("--"):
        return [_Option(known.flags[full], full, explicit) for full in known.starting(name)]
    found = []
    short = text[:2]
    if short in known.flags:
        found.append(_Option(known.flags[short], short, text[2:]))
    found.extend(_Option(known.flags[full], full) for full in known.starting(text) if full != short)
    return found


@cache
def _negative_number() -> re.Pattern[str]:
    return re.compile(r"^-\d+$|^-\d*\.\d+$")


class _Run:
    """One reading of one vector."""

    def __init__(self, words: Sequence[Word], known: Spellings, model_to_come: bool) -> None:
        self._words = words
        self._model_to_come = model_to_come
        self._known = known
        self._options: list[_Option | None] = []
        self._dashes: set[int] = set()
        self._positional = known.positional
        self._model_at: int | None = None
        self._takes: list[Take] = []

    def takes(self) -> list[Take]:
        self._classify()
        at = 0
        while at < len(self._words):
            seen = self._options[at]
            at = self._positionals(at) if seen is None else self._option(at, seen)
        return self._takes

    def _classify(self) -> None:
        rest = False
        for index, word in enumerate(self._words):
            if rest:
                self._options.append(None)
            elif word.text == "--":
                rest = True
                self._dashes.add(index)
                self._options.append(None)
            else:
                self._options.append(option(word.text, self._known))

    def _positionals(self, at: int) -> int:
        """Take the words up to the next flag: the first as the parser's positional if it is still free.

        `--` belongs to the positional beside it; anywhere else it is a stray word itself.
        """
        first = at
        while at < len(self._words) and self._options[at] is None:
            word = self._words[at]
            if self._positional is not None:
                if at not in self._dashes:
                    self._takes.append(Take("positional", word, self._positional))
                    self._positional = None
                    first = at + 1
            elif at not in self._dashes or at != first or self._model_at != at - 1:
                self._takes.append(Take("extra", word))
            if self._positional is None and self._model_at is None:
                self._model_at = at
            at += 1
        if self._positional is not None:
            self._positional = None  # a lone `--` uses it up
        return at

    def _option(self, at: int, seen: _Option) -> int:
        if seen.flag is None:
            return self._unknown(at, seen)
        flag = seen.flag
        take = Take("taken", self._words[at], flag, seen.spelling, [], seen.explicit)
        self._takes.append(take)
        at += 1
        if seen.explicit is not None:
            if flag.switch:
                take.status = "refuses-value"
            return at
        if flag.switch:
            return at
        wanted = self._values_behind(at) if flag.collects else min(1, self._values_behind(at))
        optional = flag.nargs in ("?", "*") or flag.action == "boolean"
        if wanted == 0 and not optional:
            take.status = "no-value"
        take.values = list(self._words[at : at + wanted])
        return at + wanted

    def _unknown(self, at: int, seen: _Option) -> int:
        """An unknown flag, with the word behind it that its writer most likely meant as its value.

        Where a model is still to come as a positional, a single word is left to be that.
        """
        word = self._words[at]
        take = Take("ambiguous" if seen.candidates else "unknown", word, candidates=seen.candidates)
        self._takes.append(take)
        needed = 2 if self._model_to_come and self._positional is not None else 1
        if "=" in word.text or self._values_behind(at + 1) < needed:
            return at + 1
        take.values = [self._words[at + 1]]
        return at + 2

    def _values_behind(self, at: int) -> int:
        """How many words from `at` on the parser may take as values: up to the next flag or `--`."""
        count = 0
        while at + count < len(self._words) and self._options[at + count] is None and at + count not in self._dashes:
            count += 1
        return count
