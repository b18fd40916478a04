"""How clap, the parser of TGI's launcher, reads an argument vector: whole names, one value each, nothing twice.

Read in clap 4.4 to 4.5 (`clap_builder/src/parser/parser.rs`), which the launcher of every release from 1.4.0 on is built
with: no abbreviations, `--name value`, `--name=value`, `-p 80`, `-p80`, `-p=80`; a value never begins with a dash; there
are no positionals.
"""

from collections.abc import Sequence

from skewguard.knowledge.engines.grammar import Take, Word
from skewguard.knowledge.engines.tables import Flag, Spellings, Table

VERSION = Flag("version", ("--version", "-V"), action="help")
SPLITTING = "2.0.0"
"""The first release whose image hands its arguments on as `$@` without quotes (`tgi-entrypoint.sh`): a shell splits
them at spaces."""


def spellings(table: Table, version: str) -> Spellings:
    """What one release's parser knows, `--version` among it."""
    known = {**table.spellings(version).flags, **dict.fromkeys(VERSION.flags, VERSION)}
    return Spellings(known, tuple(sorted(known)), None)


def parse(words: Sequence[Word], known: Spellings) -> list[Take]:
    """Every flag of a vector with its value, and every stray word, in order."""
    takes: list[Take] = []
    at, rest = 0, False
    while at < len(words):
        word = words[at]
        if word.text == "--" and not rest:
            at, rest = at + 1, True
        elif rest or not word.text.startswith("-") or word.text == "-":
            takes.append(Take("extra", word))
            at += 1
        else:
            take = _flag(word, known)
            takes.append(take)
            at = _value(take, words, at + 1)
    return takes


def _flag(word: Word, known: Spellings) -> Take:
    """The flag that a word begins with."""
    name, equals, value = word.text.partition("=")
    if name in known.flags:
        return Take("taken", word, known.flags[name], name, [], value if equals else None)
    short = word.text[:2]
    flag = known.flags.get(short) if not word.text.startswith("--") else None
    if flag is not None and not flag.switch:
        return Take("taken", word, flag, short, [], word.text[2:].removeprefix("="))
    return Take("unknown", word)


def _value(take: Take, words: Sequence[Word], at: int) -> int:
    """Take the word behind a flag as its value, where it needs one; the index of the word behind both."""
    if take.explicit is not None:
        if take.flag is not None and take.flag.switch:
            take.status = "refuses-value"
        return at
    if (take.flag is not None and take.flag.switch) or (take.flag is None and "=" in take.word.text):
        return at
    if at < len(words) and (not words[at].text.startswith("-") or words[at].text == "-"):
        take.values = [words[at]]
        return at + 1
    if take.flag is not None:
        take.status = "no-value"
    return at
