"""The one door between a result and its text: what passes it holds no secret.

A secret is known by its name (`--api-key`, `HF_TOKEN`) or by its looks (`hf_…`); `language.redact` knows both. A name
stands beside the value in one place only, and the value may be repeated in a message or on a source line without it.
So the door first gathers every value whose name makes it secret, then removes those values from every text.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from skewguard.language import redact, secret_names
from skewguard.language.facts import Choice, Fact, Origin, Subject
from skewguard.language.findings import Finding
from skewguard.language.rereadings import WordChange
from skewguard.language.results import (
    ArgumentLine,
    CheckExplanation,
    CheckReport,
    EngineReport,
    FlagHistory,
    InitReport,
    PassedCheck,
    Report,
    SettingExplanation,
    VariableHistory,
    VariableLine,
)
from skewguard.language.running import MODEL, Owner, Revision, Unread
from skewguard.language.verifications import Compared, ReplicaGroup
from skewguard.report.options import Lines, Options, View
from skewguard.report.source_lines import marked

_OWN_KNOWLEDGE = (CheckExplanation, EngineReport, FlagHistory, SettingExplanation, VariableHistory)
"""Made from the package's own tables, never from a user's input."""

_WITHOUT_VALUES = (Origin, Subject, PassedCheck, ReplicaGroup, Owner, Revision, Unread)
"""Values of which a fleet has thousands, and none of them has a setting beside its value."""

_NAMES_NOT_TEXT = frozenset({
    "id", "check", "group", "category", "verdict", "severity", "setting", "kind", "file",
    "template", "path", "authority", "outcome", "flag", "dest", "name", "engine", "version", "contract_name", "run_at",
    "phases", "tables", "unit", "until", "entrypoint", "members", "observed_at",
    "line", "column", "end_column", "via", "state", "created_at", "samples", "started_at", "made_at", "stat", "profile",
})  # fmt: skip

_SHORTEST_ANYWHERE = 4
"""A shorter secret is removed where it is the whole text only: cutting `a` out of every sentence helps nobody."""

_SHORTEST_NUMBER = 6


AnyReport = TypeVar("AnyReport", bound=Report | InitReport)


def behind_the_door(report: AnyReport, options: Options) -> tuple[AnyReport, View]:
    """The report and the view of its sources, both without secrets."""
    door = _Door()
    if not isinstance(report, _OWN_KNOWLEDGE):
        door.learn(report, options.lines)
        report = door.clean(report)
    view = View(
        color=options.color,
        width=options.width,
        verbose=options.verbose,
        marked=lambda origin: marked(origin, options.lines, door.text),
        rules=options.rules,
        blocks=options.blocks,
    )
    return report, view


class _Door:
    """Remembers the secrets of one report and what each text became."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}
        self._anywhere: list[tuple[str, str]] = []
        self._known: dict[str, str] = {}

    def learn(self, report: Report | InitReport, lines: Lines | None) -> None:
        """Gather the values whose names make them secret, from the report and from the lines it will show."""
        found: dict[str, str] = {}
        named = chain(_named_values(report), _named_places(report, lines))
        for name, value in dict.fromkeys((name, str(value)) for name, value in named):
            for text in _texts(value):
                secret = _without_name(name, text)
                hidden = redact.value(name, secret) if secret else secret
                if hidden != secret:
                    found[secret] = hidden
        for secret, hidden in found.items():
            for spelling in _spellings(secret):
                self._secrets.setdefault(spelling, hidden)
        longest_first = sorted(self._secrets.items(), key=lambda pair: -len(pair[0]))
        self._anywhere = [pair for pair in longest_first if len(pair[0]) >= _SHORTEST_ANYWHERE]

    def text(self, text: str) -> str:
        """One text without secrets."""
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._redacted(text)
        return text if known == text else known

    def _redacted(self, text: str) -> str:
        if text in self._secrets:
            return self._secrets[text]
        for secret, hidden in self._anywhere:
            if secret in text:
                text = text.replace(secret, hidden)
        return redact.free_text(text)

    def clean(self, item: Any) -> Any:
        """The same value with every text in it redacted; values without texts are returned as they are."""
        if isinstance(item, str):
            return self.text(item)
        if isinstance(item, Struct):
            return self._struct(item)
        if isinstance(item, (tuple, list)):
            cleaned = [self.clean(part) for part in item]
            changed = any(after is not before for after, before in zip(cleaned, item, strict=True))
            return type(item)(cleaned) if changed else item
        if isinstance(item, dict):
            return {self.text(key) if isinstance(key, str) else key: self.clean(part) for key, part in item.items()}
        if isinstance(item, (int, float)) and len(str(item)) >= _SHORTEST_NUMBER:
            return self._secrets.get(str(item), item)
        return item

    def _subject(self, item: Subject) -> Subject:
        """The names of Kubernetes objects hold no secret; an endpoint is named by its address, a model by somebody: they may."""
        if item.kind == MODEL:
            return msgspec.structs.replace(item, name=self.text(item.name))
        if "@" not in item.name and "?" not in item.name:
            return item
        scheme = "" if "://" in item.name else "://"
        return msgspec.structs.replace(item, name=self.text(scheme + item.name).removeprefix(scheme))

    def _struct(self, item: Struct) -> Struct:
        if isinstance(item, Subject):
            return self._subject(item)
        if isinstance(item, PassedCheck) and not item.message and "@" not in item.subject.name:
            return item
        changes: dict[str, Any] = {}
        for name in _text_fields(type(item)):
            before = getattr(item, name)
            if not before or (name == "ref" and isinstance(item, Origin) and item.kind == "file"):
                continue
            after = self.clean(before)
            if after is not before:
                changes[name] = after
        return msgspec.structs.replace(item, **changes) if changes else item


@cache
def _text_fields(kind: type[Struct]) -> tuple[str, ...]:
    """The fields of a value that may hold what somebody wrote."""
    return tuple(name for name in kind.__struct_fields__ if name not in _NAMES_NOT_TEXT)


def _named_values(item: object) -> Iterator[tuple[str, object]]:
    """Every value that stands beside its name, anywhere in `item`."""
    if isinstance(item, (tuple, list)):
        for part in item:
            if not isinstance(part, (PassedCheck, str)):  # thousands, each without a value
                yield from _named_values(part)
        return
    if not isinstance(item, Struct) or isinstance(item, _WITHOUT_VALUES):
        return
    for name, values in _names(item):
        for value in values:
            yield from _pairs(name, value)
    for field in _text_fields(type(item)):
        part = getattr(item, field)
        if isinstance(part, (Struct, tuple, list)):
            yield from _named_values(part)


def _names(item: Struct) -> Iterator[tuple[str, tuple[object, ...]]]:
    if isinstance(item, Fact):
        yield item.setting, (item.value, item.origin.text)
    elif isinstance(item, Compared):
        yield item.setting, (item.promised,)
    elif isinstance(item, Choice):
        yield item.setting, tuple(arm.value for arm in item.arms)
    elif isinstance(item, ArgumentLine):
        for name in (item.flag, item.dest):
            if name:
                yield name, (item.value, item.text, item.origin.text)
    elif isinstance(item, (VariableLine, WordChange)):
        yield item.name, (item.origin.text if item.origin else None,)
    elif isinstance(item, Finding):
        seen = (item.observed.value, item.origin.text if item.origin else None) if item.observed else ()
        if item.anchor:
            yield item.anchor, seen
        if item.setting:
            yield item.setting, (*seen, item.expected)


def _named_places(report: Report | InitReport, lines: Lines | None) -> Iterator[tuple[str, object]]:
    """What stands in the source where a finding about a secret name points, also if the finding does not repeat it."""
    if lines is None or not isinstance(report, CheckReport):
        return
    for finding in report.findings:
        origin = finding.origin
        name = finding.anchor or (finding.setting or "").rpartition(".")[2]
        if origin is None or origin.file is None or origin.line is None or not secret_names.is_secret(name):
            continue
        raw = lines(origin.file, origin.line) or ""
        end = origin.end_column - 1 if origin.end_column else len(raw)
        yield name, raw[(origin.column or 1) - 1 : end].strip("\"' ")


def _pairs(name: str, value: object) -> Iterator[tuple[str, object]]:
    """A value under its name, and inside a mapping every entry under its own."""
    short = name.rpartition(".")[2]
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _pairs(str(key), part)
            yield from _pairs(short, part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _pairs(short, part)
    elif value is not None and not isinstance(value, bool):
        yield short, value


def _texts(text: str) -> tuple[str, ...]:
    """A text, and the lines of it that are long enough to be recognised alone."""
    if "\n" not in text:
        return (text,)
    return (text, *(line.strip() for line in text.splitlines() if len(line.strip()) > 2 * _SHORTEST_ANYWHERE))


def _without_name(name: str, text: str) -> str:
    """The value of `NAME=value`, `--name value` and `NAME: value`; nothing where the text is but the name."""
    if secret_names.words(text) == secret_names.words(name):  # the flag of a value that stands in the words behind it
        return ""
    if text.startswith(name):
        return text[len(name) :].lstrip("=: \t").strip("\"'")
    flag = re.match(r"--?[A-Za-z][\w.-]*[=\s]\s*", text)  # the same flag in another spelling, or shortened
    return text[flag.end() :].strip("\"'") if flag else text


def _spellings(secret: str) -> Iterable[str]:
    """How one secret may be written on a line or in a message: as it is, escaped, with doubled quotes."""
    escaped = msgspec.json.encode(secret.encode("utf-8", "replace").decode()).decode()[1:-1]
    return dict.fromkeys((secret, escaped, repr(secret)[1:-1], secret.replace("'", "''")))
