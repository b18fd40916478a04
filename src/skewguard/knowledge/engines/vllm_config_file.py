"""A `--config` file of vLLM as the arguments it stands for, by release.

vLLM reads the file with PyYAML (YAML 1.1: `yes` is true, `012` is ten) and writes each entry as an argument: what
becomes of `false`, of lists and of mappings changed between releases. Every word keeps the line it stands on.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct, structs
from msgspec import field as struct_field

from skewguard.knowledge.engines.grammar import Key, Word
from skewguard.knowledge.engines.tables import Flag
from skewguard.knowledge.engines.vllm_grammar import Behaviour
from skewguard.language import documents
from skewguard.language.documents import Node
from skewguard.language.errors import InputError
from skewguard.language.facts import Origin
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


def entries(file: TextFile, does: Behaviour, toggles: Mapping[str, Flag], key: Key) -> Entries:
    """The arguments that `file` stands for. `toggles` are the flags that its reader can see."""
    found = Entries()
    root = _root(file, found)
    if root is None:
        return found
    for number, (name, value) in enumerate(root.items()):
        _Entry(file, does, toggles, (*key, number), root, found).add(name, value)
    return found


def _root(file: TextFile, found: Entries) -> Node | None:
    """The one mapping of the file; None, with the trouble told, when it has none."""
    read, errors = documents.read(file.text or "", file.path)
    if errors or len(read) > 1:
        reason = errors[0].message if errors else "it holds several YAML documents"
        found.troubles.append(FileTrouble("config-unreadable", detail=reason))
        return None
    if not read or read[0].root.kind != "mapping":
        found.troubles.append(FileTrouble("config-unreadable", detail="it is not a mapping of flags to values"))
        return None
    return read[0].root


class _Entry(Struct):
    """One `key: value` of the file on its way to becoming words."""

    file: TextFile
    does: Behaviour
    toggles: Mapping[str, Flag]
    key: Key
    root: Node
    found: Entries

    def add(self, name: str, value: Node) -> None:
        try:
            value.value()  # refuses an alias bomb before it is unfolded
        except InputError as error:
            self.found.troubles.append(FileTrouble("config-unreadable", detail=error.message))
            return
        content = _plain(value, 0)
        flag = self._word("--" + name, self.root.key_origin(name), 0)
        if isinstance(content, bool) and self.does.config_false != "text" and not self._boolean_flag(name):
            self._boolean(name, flag, content)
        elif isinstance(content, list) and self.does.config_lists:
            if content:
                self.found.words.append(flag)
            for number, (item, node) in enumerate(zip(content, value.elements(), strict=False), 1):
                self.found.words.append(self._word(str(item), node.origin, number))
        else:
            self.found.words.append(flag)
            self.found.words.append(self._word(self._text(content), self._place(value, name), 1))

    def _text(self, content: Any) -> str:
        if isinstance(content, dict) and self.does.config_mappings:
            import json

            return json.dumps(content)
        return str(content)

    def _boolean(self, name: str, flag: Word, content: bool) -> None:
        if content:
            self.found.words.append(flag)
        elif self.does.config_false == "negated" and f"--no-{name}" in self.toggles:
            self.found.words.append(structs.replace(flag, text=f"--no-{name}"))
        else:
            self.found.troubles.append(FileTrouble("config-false", flag, fatal=False))

    def _boolean_flag(self, name: str) -> bool:
        """Whether the reader sees a `true|false` flag of this destination (never under its dashed spelling)."""
        return self.does.config_boolean_flags and any(
            flag.action == "boolean" and flag.dest == name for flag in self.toggles.values()
        )

    def _place(self, value: Node, name: str) -> Origin:
        return value.origin if value.origin.line is not None else self.root.key_origin(name)

    def _word(self, text: str, inside: Origin, number: int) -> Word:
        token = Token(text, _origin(self.file, inside))
        return Word(text, token, (*self.key, number), "config-file")


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
