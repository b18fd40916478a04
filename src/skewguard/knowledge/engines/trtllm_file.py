"""The YAML file of `trtllm-serve`: fields of its `LlmArgs`, each with the place where it stands."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from skewguard.knowledge.engines import conversions, shapes
from skewguard.knowledge.engines.config_file import Entries, Entry, FileTrouble, root_of
from skewguard.knowledge.engines.grammar import Key, Word
from skewguard.knowledge.engines.tables import Flag
from skewguard.knowledge.engines.trtllm_fields import CACHE
from skewguard.knowledge.engines.trtllm_grammar import KV_FIELDS
from skewguard.language.errors import InputError
from skewguard.language.trees import Node
from skewguard.language.workloads import TextFile

BUILD = "build_config"
QUANTIZATION = "quant_config"


class Line(Struct):
    """One value of the file: its destination, the words of its key and of its value, and the key as one reads it."""

    dest: str
    key: Word
    value: Word
    content: Any
    path: str


class Read(Struct):
    """What a file holds. `cache` is the word of its `kv_cache_config`, `build` that of its `build_config`."""

    lines: list[Line]
    troubles: list[FileTrouble]
    cache: Word | None = None
    build: Word | None = None


def read(file: TextFile, key: Key) -> Read:
    """The values of a file, in order. `key` is the place of its path among the words."""
    found = Entries()
    root = root_of(file, found, empty=True)
    answer = Read([], found.troubles)
    for number, (name, node) in enumerate(root.items() if root is not None else ()):
        assert root is not None
        _Section(file, (*key, number), root, found).add(name, node, answer)
    return answer


class _Section(Entry):
    """One top-level key of the file."""

    def add(self, name: str, node: Node, answer: Read) -> None:
        try:
            content = self.content(node)
        except InputError as error:
            self.found.troubles.append(FileTrouble("config-unreadable", detail=error.message))
            return
        word = self.word(name, self.root.key_origin(name), 0)
        if name == CACHE:
            answer.cache = word
        if name == BUILD:
            answer.build = word
        if isinstance(content, dict) and name in (CACHE, QUANTIZATION):
            answer.lines.extend(self._nested(name, node, content))
        elif name not in (CACHE, BUILD):
            answer.lines.append(Line(name, word, self._value(name, node, content, 1), content, name))

    def _nested(self, name: str, node: Node, content: Mapping[str, Any]) -> Iterator[Line]:
        """The fields of a nested object, each a line of its own."""
        for number, (field, inner) in enumerate(node.items()):
            key = self.word(field, node.key_origin(field), 2 * number + 1)
            path = f"{name}.{field}"
            value = self._value(field, inner, content.get(field), 2 * number + 2)
            yield Line(_destination(name, field), key, value, content.get(field), path)

    def _value(self, name: str, node: Node, content: Any, number: int) -> Word:
        place = node.origin if node.origin.line is not None else self.root.key_origin(name)
        return self.word("" if content is None else str(content), place, number)


_NUMBERS = {"int": "a whole number", "float": "a number"}


def taken(flag: Flag | None, content: Any) -> Any:
    """What the engine's record of options makes of a value: a text may hold the number of a field of numbers.

    Read in `BaseLlmArgs` of `llmapi/llm_args.py`, whose fields pydantic fills. Raises `conversions.Refused`.
    """
    wanted = _NUMBERS.get(flag.type or "") if flag is not None else None
    if flag is None or wanted is None or content is None or isinstance(content, int):
        return content
    if isinstance(content, float) and (flag.type == "float" or content.is_integer()):
        return content if flag.type == "float" else int(content)
    if not isinstance(content, str):
        raise conversions.Refused(wanted)
    if shapes.literal_variable(content) or "{{" in content:
        return content  # whoever fills it in is not seen here
    try:
        return conversions.convert(flag, content.strip())
    except conversions.Refused:
        raise conversions.Refused(wanted) from None


def _destination(name: str, field: str) -> str:
    if name == QUANTIZATION:
        return field if field == "quant_algo" else f"{name}.{field}"
    if field in ("enable_block_reuse", "free_gpu_memory_fraction") or field in KV_FIELDS:
        return KV_FIELDS.get(field, field)
    return f"{name}.{field}"
