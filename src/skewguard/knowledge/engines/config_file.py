"""A `--config` file of an engine, as entries on their way to becoming arguments.

Engines read the file with PyYAML (YAML 1.1: `yes` is true, `012` is ten) and write each entry as arguments; what
becomes of `false`, of lists and of mappings is each engine's own. Every word keeps the line it stands on.
"""

import re
from functools import cache
from typing import Any

from msgspec import Struct, structs
from msgspec import field as struct_field

from skewguard.knowledge.engines.grammar import Key, Word
from skewguard.language import documents
from skewguard.language.errors import InputError
from skewguard.language.facts import Origin
from skewguard.language.trees import Node
from skewguard.language.workloads import TextFile, Token

DEEPEST = 20
"""Nesting below which a value of a config file is taken as text."""


class FileTrouble(Struct):
    """What the file holds that has no effect, or stops the start. `word` is None for the file as a whole."""

    what: str
    word: Word | None = None
    fatal: bool = True
    detail: str = ""


class Entries(Struct):
    """The arguments of a file, in order."""

    words: list[Word] = struct_field(default_factory=list)
    troubles: list[FileTrouble] = struct_field(default_factory=list)


def root_of(file: TextFile, found: Entries, *, empty: bool = False) -> Node | None:
    """The one mapping of the file; None, with the trouble told, when it has none.

    `empty`: an empty file is a mapping without entries.
    """
    read, errors = documents.read(file.text or "", file.path)
    if errors or len(read) > 1:
        reason = errors[0].message if errors else "it holds several YAML documents"
        found.troubles.append(FileTrouble("config-unreadable", detail=reason))
        return None
    if empty and (not read or (read[0].root.kind == "scalar" and read[0].root.text() is None)):
        return None
    if not read or read[0].root.kind != "mapping":
        found.troubles.append(FileTrouble("config-unreadable", detail="it is not a mapping of flags to values"))
        return None
    return read[0].root


class Entry(Struct):
    """One `key: value` of the file on its way to becoming words. `key` is the place of the entry among all words."""

    file: TextFile
    key: Key
    root: Node
    found: Entries

    def content(self, value: Node) -> Any:
        """The value as PyYAML's `safe_load` gives it. Raises `InputError` for an alias bomb, before it is unfolded."""
        value.value()
        return _plain(value, 0)

    def flag(self, name: str) -> Word:
        """The word `--name` that the engine writes for the entry."""
        return self.word("--" + name, self.root.key_origin(name), 0)

    def listed(self, flag: Word, content: list[Any], value: Node) -> None:
        """The flag and every item of a list behind it; nothing for an empty list."""
        if content:
            self.found.words.append(flag)
        for number, (item, node) in enumerate(zip(content, value.elements(), strict=False), 1):
            self.found.words.append(self.word(str(item), node.origin, number))

    def scalar(self, flag: Word, text: str, name: str, value: Node) -> None:
        """The flag and one word behind it."""
        place = value.origin if value.origin.line is not None else self.root.key_origin(name)
        self.found.words.extend((flag, self.word(text, place, 1)))

    def word(self, text: str, inside: Origin, number: int) -> Word:
        """A word that stands at a place of the file."""
        return Word(text, Token(text, _origin(self.file, inside)), (*self.key, number), "config-file")


class WrittenEntry(Entry):
    """An entry that becomes arguments by its own kind of value. `json_mappings`: a mapping becomes JSON."""

    json_mappings: bool

    def known(self, value: Node) -> list[Any]:
        """The content of the entry, alone in a list; nothing where it cannot be read, which is told."""
        try:
            return [self.content(value)]
        except InputError as error:
            self.found.troubles.append(FileTrouble("config-unreadable", detail=error.message))
            return []

    def text(self, content: Any) -> str:
        """A value as one word."""
        if isinstance(content, dict) and self.json_mappings:
            import json

            return json.dumps(content)
        return str(content)


def _origin(file: TextFile, inside: Origin) -> Origin:
    """A place inside the file as a place in what was read (the ConfigMap that holds the file)."""
    if inside.line is None or inside.line > len(file.lines):
        return structs.replace(file.origin, text=inside.text)
    line = file.lines[inside.line - 1]
    if line.column is None or inside.column is None:
        return structs.replace(line, text=inside.text)
    width = None if inside.end_column is None else inside.end_column - inside.column
    start = line.column + inside.column - 1
    return structs.replace(line, column=start, end_column=None if width is None else start + width, text=inside.text)


def _plain(node: Node, depth: int) -> Any:
    """The value as PyYAML's `safe_load` gives it."""
    if depth > DEEPEST:
        return node.text() or ""
    if node.kind == "mapping":
        return {name: _plain(value, depth + 1) for name, value in node.items()}
    if node.kind == "sequence":
        return [_plain(item, depth + 1) for item in node.elements()]
    return _scalar(node)


def _scalar(node: Node) -> Any:
    text = node.text()
    if text is None or node.style:
        return text
    if text.lower() in _BOOLEANS and text in (text.lower(), text.upper(), text.capitalize()):
        return _BOOLEANS[text.lower()]
    if _integer().fullmatch(text):
        return _whole(text.replace("_", ""))
    if _float().fullmatch(text):
        return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _whole(text: str) -> int | str:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    try:
        if digits.startswith(("0b", "0x")):
            return sign * int(digits, 0)
        if digits.startswith("0") and len(digits) > 1:
            return sign * int(digits, 8)
        total = 0
        for part in digits.split(":"):
            total = total * 60 + int(part)
    except ValueError:
        return text
    return sign * total


@cache
def _integer() -> re.Pattern[str]:
    return re.compile(
        r"[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+"
    )


@cache
def _float() -> re.Pattern[str]:
    return re.compile(
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    )
