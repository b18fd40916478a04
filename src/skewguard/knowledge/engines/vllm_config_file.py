"""A `--config` file of vLLM as the arguments it stands for, by release.

What becomes of `false`, of lists and of mappings changed between releases.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines.config_file import Entries, FileTrouble, WrittenEntry, root_of
from skewguard.knowledge.engines.grammar import Key, Word
from skewguard.knowledge.engines.tables import Flag
from skewguard.knowledge.engines.vllm_grammar import Behaviour
from skewguard.language.trees import Node
from skewguard.language.workloads import TextFile


def entries(file: TextFile, does: Behaviour, toggles: Mapping[str, Flag], key: Key) -> Entries:
    """The arguments that `file` stands for. `toggles` are the flags that its reader can see."""
    found = Entries()
    root = root_of(file, found)
    if root is None:
        return found
    for number, (name, value) in enumerate(root.items()):
        _Entry(file, (*key, number), root, found, does.config_mappings, does, toggles).add(name, value)
    return found


class _Entry(WrittenEntry):
    """One `key: value` as a release of vLLM writes it."""

    does: Behaviour
    toggles: Mapping[str, Flag]

    def add(self, name: str, value: Node) -> None:
        """Write the entry as arguments, or tell why it cannot be read."""
        for content in self.known(value):
            self._write(name, self.flag(name), content, value)

    def _write(self, name: str, flag: Word, content: Any, value: Node) -> None:
        """Booleans, lists and mappings as this release has them."""
        if isinstance(content, bool) and self.does.config_false != "text" and not self._boolean_flag(name):
            self._boolean(name, flag, content)
        elif isinstance(content, list) and self.does.config_lists:
            self.listed(flag, content, value)
        else:
            self.scalar(flag, self.text(content), name, value)

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
