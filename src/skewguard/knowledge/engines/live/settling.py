"""From an engine's own field to a setting: its name in the vocabulary, its value in the form that manifests give."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec import structs

from skewguard.knowledge.engines import tables
from skewguard.knowledge.engines.live.interface import Said
from skewguard.language import secret_names, vocabulary

LONGEST = 4096
"""Characters of a text, and entries of a list, that are a setting and no attack."""


class Field:
    """The fields of one engine that are settings of it, and how each is to be taken.

    `echoes` are destinations that only repeat what was asked for. `nothing` are those where no value says that there is
    none, and not that it is decided elsewhere. `measured` come from the process itself and stand in no table. `mappings`
    are those whose objects are repeated as they were written; other objects are filled in, and equal nothing. `passed_over`
    are no settings, though flags set them.
    """

    def __init__(
        self,
        engine: str,
        *,
        echoes: Collection[str] = (),
        nothing: Collection[str] = (),
        aliases: Mapping[str, str] | None = None,
        measured: Collection[str] = (),
        mappings: Collection[str] = (),
        passed_over: Collection[str] = (),
    ) -> None:
        self._engine = engine
        self._echoes = frozenset(echoes)
        self._nothing = frozenset(nothing)
        self._aliases = aliases or {}
        self._measured = frozenset(measured)
        self._mappings = frozenset(mappings)
        self._passed_over = frozenset(passed_over)

    def all(self, fields: Mapping[str, Any], *, echo: bool = False, line: int | None = None) -> Iterator[Said]:
        """What each field says; with `echo` none of them more than was asked for."""
        for name, value in fields.items():
            said = self.one(name, value, echo=echo, line=line)
            if said is not None:
                yield from _of_snapshot(said)

    def one(self, name: Any, value: Any, *, echo: bool = False, line: int | None = None) -> Said | None:
        """What one field says; None where it is no setting, a secret, or says nothing.

        A field that only repeats an `auto` says nothing: nobody wrote it, and what came of it stands elsewhere.
        """
        dest = self._dest(name)
        if dest is None or not self._tells(dest, value):
            return None
        setting = vocabulary.named(self._engine, dest)
        effective = not echo and dest not in self._echoes
        if vocabulary.undecided(setting, value) or (not effective and value in ({}, [])):
            return None
        return Said(setting, vocabulary.spoken(self._engine, dest, _formed(dest, value)), effective, line)

    def undecided(self, fields: Mapping[str, Any], dests: Iterable[str]) -> tuple[str, ...]:
        """Which of these destinations a record leaves at `auto`, as settings."""
        return tuple(vocabulary.named(self._engine, dest) for dest in dests if fields.get(dest) == "auto")

    def _dest(self, name: Any) -> str | None:
        """The destination of a field, where it is a setting that may be shown."""
        if not isinstance(name, str) or len(name) > 200:
            return None
        dest = self._aliases.get(name, name)
        known = dest in self._measured or bool(tables.load(self._engine).runs_of_dest(dest))
        return dest if known and dest not in self._passed_over and not secret_names.is_secret(dest) else None

    def _tells(self, dest: str, value: Any) -> bool:
        if value is None:
            return dest in self._nothing
        if isinstance(value, dict):
            return dest in self._mappings
        if isinstance(value, (str, list)) and len(value) > LONGEST:
            return False
        if dest == "max_model_len" and value == -1:
            return False  # as `auto`
        return value not in ("", "<redacted>")


_SNAPSHOT = re.compile(r"models--(?P<owner>[\w.-]+?)--(?P<name>[\w.-]+)/snapshots/(?P<commit>[0-9a-f]{40})/?$")
_REVISIONS = {"model.id": "model.revision", "tokenizer.id": "tokenizer.revision"}


def _of_snapshot(said: Said) -> Iterator[Said]:
    """A folder of the Hub's cache is a repository at a commit, which nothing else that an engine says shows."""
    if said.setting not in _REVISIONS or not said.effective or not isinstance(said.value, str):
        yield said
        return
    found = _SNAPSHOT.search(said.value)
    if found is None:
        yield said
        return
    yield structs.replace(said, value=f"{found['owner']}/{found['name']}")
    yield structs.replace(said, setting=_REVISIONS[said.setting], value=found["commit"])


def _formed(dest: str, value: Any) -> Any:
    """A value in the form of its setting: `torch.bfloat16` is bfloat16, a list of one name is the name."""
    if isinstance(value, str):
        plain = value.removeprefix("torch.")
        return _EIGHT_BITS.get(plain, plain)
    if dest == "served_model_name" and isinstance(value, list) and len(value) == 1:
        return value[0]
    return value


_EIGHT_BITS = {
    "float8_e4m3fn": "fp8_e4m3",
    "float8_e4m3fnuz": "fp8_e4m3",
    "float8_e5m2": "fp8_e5m2",
    "float8_e5m2fnuz": "fp8_e5m2",
}
"""PyTorch's names of formats of eight bits, as engines call them."""


def latest(said: Iterable[Said]) -> tuple[Said, ...]:
    """Of several values of one setting in one log the last: an engine that corrects itself prints the correction later.

    What is in effect and what was asked for are kept apart.
    """
    kept: dict[tuple[str, bool], Said] = {}
    for each in said:
        kept.pop((each.setting, each.effective), None)
        kept[each.setting, each.effective] = each
    return tuple(kept.values())
