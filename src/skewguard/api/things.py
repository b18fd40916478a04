"""What a THING on the command line means: a command line, a URL, a path, or an object in a cluster.

Told apart in this order: contains ` -- ` or starts `NAME==` → a command line; `http(s)://` → URL; `-`, a leading
`./ ../ / ~`, no `/` in it, or an ending `.yaml .yml .json` → path; otherwise an object.
"""

import re
from collections.abc import Collection
from typing import Literal

from msgspec import Struct

from skewguard.knowledge import engines
from skewguard.language.errors import UsageError

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
    return "object"


def parse(words: tuple[str, ...]) -> Thing:
    """One THING from the words given for it: one word (quoted), or a whole command line unquoted.

    Raises `UsageError` for a command line that cannot be split or names no engine.
    """
    if len(words) > 1 or kind_of(words[0]) == "command-line":
        return _command_line(words)
    return Thing(kind_of(words[0]), words[0])


def _command_line(words: tuple[str, ...]) -> Thing:
    import shlex

    text = " ".join(words)
    if len(words) == 1:
        try:
            words = tuple(shlex.split(text))
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


def not_yet(thing: Thing) -> UsageError:
    """The error for a THING this version does not read."""
    what = "an engine's URL" if thing.kind == "url" else f"an object in a cluster ({thing.text})"
    return UsageError(
        f"{what} is not read by this version: it reads manifests and command lines",
        hint="give a file, as in `kubectl get deploy/chat -o yaml | skewguard settings -`",
    )
