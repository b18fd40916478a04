"""From the words somebody wrote to the words SGLang's parser meets, by release.

`sglang serve` takes `--model-type` off and turns a first word without dashes into `--model-path`; then the entries of a
`--config` file go before everything else, written as the file spells them. Every word still knows who wrote it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from skewguard.knowledge.engines import shapes
from skewguard.knowledge.engines.config_file import Entries, FileTrouble, WrittenEntry, root_of
from skewguard.knowledge.engines.grammar import Key, Word
from skewguard.knowledge.engines.preparing import Prepared, Trouble, one_config, pulled
from skewguard.knowledge.engines.sglang_grammar import SERVE, Behaviour, Program
from skewguard.knowledge.engines.tables import Flag
from skewguard.language.trees import Node
from skewguard.language.workloads import TextFile

MODEL = "--model-path"
MODEL_TYPE = "--model-type"


def prepare(
    words: Sequence[Word], program: Program, does: Behaviour, files: Sequence[TextFile], flags: Mapping[str, Flag]
) -> Prepared:
    """Every step before the parser. `flags` are what the parser knows, by spelling."""
    prepared = Prepared(list(words))
    if program == SERVE:
        _take_model_type(prepared, does)
        _name_model(prepared, does)
        prepared.model_hidden = not _sees_model(prepared.words, does)
    if does.config != "unknown" and any(word.text == "--config" for word in prepared.words):
        _pull_config(prepared, does, files, flags)
    return prepared


def _take_model_type(prepared: Prepared, does: Behaviour) -> None:
    """`--model-type` is read and removed before the parser, which has no such flag."""
    if not does.model_type:
        return
    kept: list[Word] = []
    waiting: Word | None = None
    for word in prepared.words:
        if waiting is not None:
            prepared.troubles.append(Trouble("model-type", waiting, word, fatal=False))
            waiting = None
        elif word.text == MODEL_TYPE:
            waiting = word
        elif word.text.startswith(f"{MODEL_TYPE}="):
            prepared.troubles.append(Trouble("model-type", word, fatal=False))
        else:
            kept.append(word)
    if waiting is not None:
        prepared.troubles.append(Trouble("no-value", waiting))
    prepared.words = kept


def _name_model(prepared: Prepared, does: Behaviour) -> None:
    """`sglang serve MODEL` is `sglang serve --model-path MODEL`."""
    first = prepared.words[0] if prepared.words else None
    if not does.model_word or first is None or first.text.startswith("-") or shapes.is_folded(first):
        return
    if shapes.starts_unresolved(first) and not shapes.may_be_model(first):
        return
    prepared.moved = first
    prepared.words.insert(0, Word(MODEL, first.token, first.key))


def _sees_model(words: Sequence[Word], does: Behaviour) -> bool:
    """Whether `sglang serve` finds the model: it looks at the written words, before any file is read."""
    names = (MODEL, "--model") if does.model_alias else (MODEL,)
    return any(
        word.text.partition("=")[0] in names or shapes.starts_unresolved(word)  # which may be it
        for word in words
    )


# ---- the config file ---------------------------------------------------------------------------------------------


def _pull_config(prepared: Prepared, does: Behaviour, files: Sequence[TextFile], flags: Mapping[str, Flag]) -> None:
    """Put the entries of the file before all other words, in place of `--config FILE`."""
    at = one_config(prepared)
    if at is None:
        return
    words, path = prepared.words, prepared.words[at + 1]
    found = pulled(prepared, path, files, lambda file: _entries(file, does, flags, path.key), any_case=True)
    prepared.words = [*found, *words[:at], *words[at + 2 :]]


def _entries(file: TextFile, does: Behaviour, flags: Mapping[str, Flag], key: Key) -> Entries:
    found = Entries()
    root = root_of(file, found, empty=True)
    for number, (name, value) in enumerate(root.items() if root is not None else ()):
        assert root is not None
        _Entry(file, (*key, number), root, found, does.config_mappings, does, flags).add(name, value)
    return found


class _Entry(WrittenEntry):
    """One `key: value` as a release of SGLang writes it."""

    does: Behaviour
    flags: Mapping[str, Flag]

    def add(self, name: str, value: Node) -> None:
        """Write the entry as arguments, or tell why it cannot be read."""
        for content in self.known(value):
            self._write(name, self.flag(name), content, value)

    def _write(self, name: str, flag: Word, content: Any, value: Node) -> None:
        """Booleans and lists as this release has them; some flags it does not take from a file."""
        if self.does.config == "typed" and self._refused(name):
            self.found.troubles.append(FileTrouble("config-refused", flag))
        elif isinstance(content, bool):
            self._boolean(name, flag, content, value)
        elif isinstance(content, list):
            self.listed(flag, content, value)
        else:
            self.scalar(flag, self.text(content), name, value)

    def _boolean(self, name: str, flag: Word, content: bool, value: Node) -> None:
        if self.does.config == "typed" and not any(known.action == "true" for known in self._known(name)):
            self.scalar(flag, str(content).lower(), name, value)
        elif content:
            self.found.words.append(flag)
        else:
            self.found.troubles.append(FileTrouble("config-false", flag, fatal=False))

    def _refused(self, name: str) -> bool:
        """Whether the file may not hold this flag: one that is neither a plain switch nor takes a value in a plain way."""
        known = self._known(name)
        return bool(known) and not any(self._plain(flag) for flag in known)

    def _plain(self, flag: Flag) -> bool:
        if flag.action in ("alias", "const-value"):
            return self.does.config_spellings
        return flag.action in (None, "true")

    def _known(self, name: str) -> list[Flag]:
        """The flags that the reader of the file takes the key for."""
        key = name.replace("-", "_")
        found = {flag.name: flag for spelling, flag in self.flags.items() if self._names(spelling, flag, key)}
        return list(found.values())

    def _names(self, spelling: str, flag: Flag, key: str) -> bool:
        if self.does.config_spellings and spelling[2:].replace("-", "_") == key:
            return True
        return flag.dest == key
