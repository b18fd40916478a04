"""How `click` reads the arguments of one command, told word by word and going on after an error.

It differs from `argparse` (`grammar.py`) in what matters here: the beginning of a name is no name; a flag that needs a
value takes the next word whatever it looks like; behind `--` nothing is a flag; of a flag given twice the last counts.
The forms of the answers are those of `grammar`, so that what follows is the same for every engine.

Source: click's `parser.py` (8.1 to 8.5).
"""

from collections.abc import Mapping, Sequence

from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.tables import Flag, Spellings

HELP = Flag("help", ("--help",), action="help")
"""click answers `--help` alone; `-h` is no flag of it."""


def known(spellings: Spellings) -> Spellings:
    """What a click command knows of a table's spellings: whole names only, and its own `--help`."""
    flags = {name: flag for name, flag in spellings.flags.items() if flag.action != "help"}
    return Spellings({**flags, "--help": HELP}, (), spellings.positional)


def parse(words: Sequence[Word], spellings: Spellings) -> list[Take]:
    """Every flag and positional of a vector, in order."""
    return _Run(words, spellings).takes()


class _Run:
    """One reading of one vector."""

    def __init__(self, words: Sequence[Word], spellings: Spellings) -> None:
        self._words = words
        self._flags: Mapping[str, Flag] = spellings.flags
        self._positional = spellings.positional
        self._takes: list[Take] = []

    def takes(self) -> list[Take]:
        at, rest = 0, False
        while at < len(self._words):
            text = self._words[at].text
            if not rest and text == "--":
                rest, at = True, at + 1
            elif not rest and len(text) > 1 and text.startswith("-"):
                at = self._option(at)
            else:
                at = self._plain(at)
        return self._takes

    def _plain(self, at: int) -> int:
        """A word that is no flag: the model, or one too many."""
        if self._positional is not None:
            self._takes.append(Take("positional", self._words[at], self._positional))
            self._positional = None
        else:
            self._takes.append(Take("extra", self._words[at]))
        return at + 1

    def _option(self, at: int) -> int:
        word = self._words[at]
        name, equals, explicit = word.text.partition("=")
        spelling = name if name in self._flags else word.text
        flag = self._flags.get(spelling)
        if flag is None:
            return self._unknown(at, "=" in word.text)
        attached = explicit if equals and spelling == name else None
        take = Take("taken", word, flag, spelling, [], attached)
        self._takes.append(take)
        if flag.switch:
            take.status = "taken" if attached is None else "refuses-value"
            return at + 1
        if attached is not None:
            return at + 1
        if at + 1 == len(self._words):
            take.status = "no-value"
            return at + 1
        take.values = [self._words[at + 1]]
        return at + 2

    def _unknown(self, at: int, attached: bool) -> int:
        """An unknown flag, with the word behind it that its writer most likely meant as its value.

        Where the model is still to come, a single word is left to be that.
        """
        take = Take("unknown", self._words[at])
        self._takes.append(take)
        following = self._words[at + 1 :]
        if attached or not following or following[0].text.startswith("-"):
            return at + 1
        left = sum(not word.text.startswith("-") for word in following)
        if self._positional is not None and left < 2:
            return at + 1
        take.values = [following[0]]
        return at + 2
