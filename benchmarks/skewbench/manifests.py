"""Manifests as plain data that operators change: documents, and the containers that run an engine in them."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

Json = Any


class Manifest:
    """The documents of one file. `engines` are the names of its engine containers, from a check of the base."""

    def __init__(self, documents: list[Json], engines: set[str], version: str | None, engine: str = "vllm") -> None:
        self.documents = documents
        self.engines = engines
        self.version = version
        self.engine = engine

    @classmethod
    def read(cls, text: str, engines: set[str], version: str | None, engine: str) -> "Manifest":
        """Parse a text; anchors and comments are lost, which is one of the harmless changes."""
        return cls([item for item in yaml.safe_load_all(text) if item is not None], engines, version, engine)

    def copy(self) -> "Manifest":
        """An independent copy, aliases unfolded."""
        documents = json.loads(json.dumps(self.documents, default=str))
        return Manifest(documents, self.engines, self.version, self.engine)

    def text(self) -> str:
        """As YAML."""
        return yaml.safe_dump_all(self.documents, sort_keys=False, width=200)

    def mappings(self) -> Iterator[dict[str, Json]]:
        """Every mapping of every document."""
        stack: list[Json] = self.documents[::-1]
        while stack:
            item = stack.pop()
            if isinstance(item, dict):
                yield item
                stack.extend(reversed(item.values()))
            elif isinstance(item, list):
                stack.extend(reversed(item))

    def pods(self) -> list[dict[str, Json]]:
        """Every pod spec that holds an engine container."""
        return [
            item
            for item in self.mappings()
            if isinstance(item.get("containers"), list)
            and any(isinstance(each, dict) and each.get("name") in self.engines for each in item["containers"])
        ]

    def containers(self) -> list[dict[str, Json]]:
        """Every engine container."""
        return [each for pod in self.pods() for each in pod["containers"] if each.get("name") in self.engines]

    def kinds(self, *names: str) -> list[dict[str, Json]]:
        """Every object of one of these kinds."""
        return [item for item in self.mappings() if item.get("kind") in names and "apiVersion" in item]

    def workloads(self) -> list[dict[str, Json]]:
        """Every object that holds an engine container."""
        return [
            item
            for item in self.documents
            if isinstance(item, dict) and Manifest([item], self.engines, None).containers()
        ]


class Arguments:
    """The arguments of one container, wherever they stand: `args`, `command`, or a shell line."""

    START = re.compile(
        r"(vllm serve(?: (?!-)\S+)?|-m vllm\.entrypoints\.openai\.api_server|-m sglang\.launch_server|sglang serve)"
    )

    def __init__(self, container: dict[str, Json]) -> None:
        self.container = container
        self.field = next((name for name in ("args", "command") if isinstance(container.get(name), list)), None)
        words = self.words
        self.shell = any("\n" in word or (" " in word and self.START.search(word)) for word in words)

    @property
    def words(self) -> list[str]:
        """The list that holds them."""
        return [str(word) for word in self.container.get(self.field, [])] if self.field else []

    @property
    def usable(self) -> bool:
        """Whether arguments can be changed here."""
        if self.field is None:
            return False
        whole = " ".join(str(word) for field in ("command", "args") for word in self.container.get(field) or [])
        return self.START.search(whole) is not None or not (self.shell or self.container.get("command"))

    def set_words(self, words: list[str]) -> None:
        """Replace the whole list."""
        assert self.field
        self.container[self.field] = words

    def values(self, spellings: list[str]) -> list[str]:
        """The values written for a flag."""
        found = []
        words = self.words if not self.shell else " ".join(self.words).split()
        for index, word in enumerate(words):
            name, marker, value = word.partition("=")
            if name.replace("_", "-") in spellings:
                found.append(value if marker else (words[index + 1] if index + 1 < len(words) else ""))
        return found

    def drop(self, spellings: list[str]) -> bool:
        """Take a flag and its values out; False when it is not there or stands in a shell line."""
        if self.shell:
            return False
        kept: list[str] = []
        dropping = dropped = False
        for word in self.words:
            name = word.partition("=")[0].replace("_", "-")
            if name in spellings:
                dropping, dropped = "=" not in word, True
            elif dropping and not word.startswith("-"):
                continue
            else:
                dropping = False
                kept.append(word)
        self.set_words(kept)
        return dropped

    def add(self, *flags: str) -> None:
        """Write flags; a later one wins over an earlier one."""
        if not self.shell:
            self.set_words([*self.words, *flags])
            return
        quoted = " ".join(f"'{flag}'" if re.search(r"[\s{}\"]", flag) else flag for flag in flags)
        self.set_words([self.START.sub(lambda match: f"{match.group(0)} {quoted}", word) for word in self.words])


def deep(item: Json) -> Json:
    """A deep copy."""
    return copy.deepcopy(item)
