"""What a THING on the command line means: a command line, a URL, a path, or an object in a cluster.

Told apart in this order: contains ` -- ` or starts `NAME==` → a command line; `http(s)://` → URL; `-`, a leading
`./ ../ / ~`, no `/` in it, or an ending `.yaml .yml .json` → path; `[context:][namespace/]kind/name[@revision]` of a
known kind → an object; otherwise a path.
"""

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Literal

from msgspec import Struct

from skewguard.knowledge import engines
from skewguard.language.errors import UsageError
from skewguard.observe.sources import kinds

ThingKind = Literal["command-line", "url", "path", "object"]

_ENDINGS = (".yaml", ".yml", ".json")
_STARTS = ("./", "../", "/", "~")


class Thing(Struct, frozen=True):
    """One THING. `engine`, `version` and `argv` are set for a command line; `text` is what was typed."""

    kind: ThingKind
    text: str
    engine: str | None = None
    version: str | None = None
    argv: tuple[str, ...] = ()


def kind_of(text: str) -> ThingKind:
    """Which of the four a text is."""
    if " -- " in text or text.endswith(" --") or re.match(r"[A-Za-z][\w.-]*==", text):
        return "command-line"
    if text.startswith(("http://", "https://")):
        return "url"
    if text == "-" or text.startswith(_STARTS) or "/" not in text or text.endswith(_ENDINGS):
        return "path"
    return "object" if object_of(text) else "path"


_SHORT: Mapping[str, str] = {
    "po": "Pod", "deploy": "Deployment", "sts": "StatefulSet", "ds": "DaemonSet", "rs": "ReplicaSet",
    "rc": "ReplicationController", "cj": "CronJob", "ro": "Rollout", "lws": "LeaderWorkerSet", "isvc": "InferenceService",
    "llmisvc": "LLMInferenceService", "job": "Job",
}  # fmt: skip
"""What `kubectl` calls kinds for short."""


class ObjectName(Struct, frozen=True):
    """An object of a cluster as somebody names it: `[context:][namespace/]kind[.group]/name[@revision]`."""

    kind: str
    name: str
    namespace: str | None = None
    context: str | None = None
    group: str | None = None
    revision: str | None = None


def object_name(text: str) -> ObjectName | None:
    """The object that a text names, None where it names none."""
    before, _, after = text.rpartition(":") if ":" in text.partition("/")[0] else ("", "", text)
    plain, _, revision = after.partition("@")
    parts = plain.split("/")
    kind, _, group = parts[-2].partition(".") if len(parts) in (2, 3) and all(parts) else ("", "", "")
    if kind.lower() not in _SHORT and kind.lower() not in _kinds():
        return None
    namespace = parts[0] if len(parts) == 3 else None
    return ObjectName(kind, parts[-1], namespace, before or None, group or None, revision or None)


def object_of(text: str) -> tuple[str, ...] | None:
    """The words by which `kubectl get` finds an object, None where the text names none."""
    found = object_name(text)
    if found is None:
        return None
    context = ("--context", found.context) if found.context else ()
    namespace = ("-n", found.namespace) if found.namespace else ()
    kind = f"{found.kind}.{found.group}" if found.group else found.kind
    return (*context, *namespace, f"{kind}/{found.name}")


def is_kind(word: str) -> bool:
    """Whether a word is a kind of workload, as people write it."""
    return word.lower() in _SHORT or word.lower() in _kinds()


def full_kind(word: str) -> str:
    """The kind that somebody means by `deploy`, `deployments` or `Deployment`; a word that is none of them as it stands."""
    return _SHORT.get(word.lower()) or _kinds().get(word.lower(), word)


@cache
def _kinds() -> Mapping[str, str]:
    """The kinds of workloads by what people write: `deployment`, `deployments`."""
    found = {kind.lower(): kind for kind in kinds.NAMES}
    plural = {f"{word[:-1]}ies" if word.endswith("y") else f"{word}s": kind for word, kind in found.items()}
    return {**plural, **found}


def parse(words: tuple[str, ...]) -> Thing:
    """One THING from the words given for it: one word (quoted), or a whole command line unquoted.

    Raises `UsageError` for a command line that cannot be split or names no engine.
    """
    if len(words) > 1 or kind_of(words[0]) == "command-line":
        return _command_line(words)
    return Thing(kind_of(words[0]), words[0])


_PLAIN = re.compile(r"[\w ./:=,@%+-]*", re.ASCII)
"""A text without quotes and escapes, which needs no lexer: most command lines are such."""


def _command_line(words: tuple[str, ...]) -> Thing:
    import shlex

    text = " ".join(words)
    if len(words) > 1 and words[1] != "--" and kind_of(words[0]) != "command-line":
        raise UsageError(
            f"one thing is asked about at a time, and these are {len(words)}: {text}",
            hint="run it for each; a command line is written as 'vllm==0.11.0 -- serve MODEL --max-model-len 32k'",
        )
    if len(words) == 1:
        try:
            words = tuple(text.split() if _PLAIN.fullmatch(text) else shlex.split(text))
        except ValueError as error:
            raise UsageError(f"cannot split the command line {text!r}: {error}", hint="close the quote") from None
    head, *rest = words
    engine, marker, version = head.partition("==")
    if not marker:
        engine, version = head, ""
    if not re.fullmatch(r"[A-Za-z][\w.-]*", engine) or (rest and rest[0] != "--"):
        raise UsageError(
            f"{text!r} is no command line that can be read",
            hint="write it as 'vllm==0.11.0 -- serve MODEL --max-model-len 32k'",
        )
    return Thing("command-line", text, engine.lower(), version or None, tuple(rest[1:]))


def misplaced(words: tuple[str, ...], options: Collection[str]) -> tuple[str, ...]:
    """Which of skewguard's own options stand among the engine's words, where no release of the engine knows them."""
    thing = parse(words)
    if thing.kind != "command-line":
        return ()
    module = engines.ENGINES.get(thing.engine or "")
    flags = dict.fromkeys(word.partition("=")[0] for word in thing.argv)
    return tuple(flag for flag in flags if flag in options and not (module and module.history(flag)))


def instead(text: str, verb: str) -> str | None:
    """How to hand over what a text names, where a path is meant; None where it can only be a path."""
    import shlex

    kind = kind_of(text)
    if kind == "url":
        return f"fetch it first, as in `curl -s {shlex.quote(text)} | skewguard {verb} -`; an engine is asked by `skewguard verify --endpoint`"
    if kind == "object":
        found = " ".join(object_of(text) or ())
        return (
            f"give a file, as in `kubectl get {found} -o yaml | skewguard {verb} -`, or `skewguard verify {text}` for what "
            "runs; a path begins with `./`"
        )
    return None
