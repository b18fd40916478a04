"""Which unknown an input key stands for: what decides a word that a shell, a script or an unseen source makes.

An engine's reading says of such a word `value@ARGS`. Two manifests leave `$ARGS` to the same unknown only where the same
script makes it of the same variables, or the same unseen object holds it: so the key carries the hash of the one, or
the name of the other. Two scripts that differ are then undecided, and the same one twice is equal.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from zlib import crc32

from msgspec import structs

from skewguard.knowledge.engines.interface import Parsed, Recognition
from skewguard.language import redact
from skewguard.language.facts import Effective, Fact
from skewguard.language.workloads import Container, EnvVar, Invocation

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_USES = re.compile(r"\$\{?\w+|\$\(\w+\)")
_OPENS = re.compile(r"(?:^|[\s;&|])(?:eval|source|\.|declare|typeset|mapfile|readarray)\s")
"""What may set a variable without naming it, or under a name that is made at run time."""
_MASKED = re.compile(r"<redacted:[0-9a-f]+>")

_SCRIPTED = ("shell", "script")


def invocations(found: Recognition) -> tuple[Invocation, ...]:
    """The engine's program starts, as recognised."""
    return () if found.invocation is None else (found.invocation, *found.others)


class Unknowns:
    """The unknowns of one container, told apart by what decides them."""

    def __init__(self, container: Container, found: Recognition) -> None:
        self._container = container
        self._starts = invocations(found)

    @property
    def key(self) -> str:
        """Equal for containers whose words, scripts and variables start the engine alike, comments aside."""
        return f"starts@{self._hash}"

    def parsed(self, parsed: Parsed) -> Parsed:
        """An engine's reading, whose gaps say which unknown each of them is."""
        if parsed.blind is None and not parsed.gaps:
            return parsed
        gaps = {dest: structs.replace(gap, inputs=self._keys(gap.inputs)) for dest, gap in parsed.gaps.items()}
        blind = parsed.blind and structs.replace(parsed.blind, inputs=self._keys(parsed.blind.inputs))
        return structs.replace(parsed, gaps=gaps, blind=blind)

    def answer(self, answer: Effective | None) -> Effective | None:
        """An engine's own answer, likewise."""
        if answer is None or isinstance(answer, Fact):
            return answer
        keys = self._keys(answer.inputs)
        return answer if keys == answer.inputs else structs.replace(answer, inputs=keys)

    def variable(self, name: str) -> str:
        """The key of a variable of the environment whose value nobody knows."""
        entry = self._container.variable(name)
        if entry is not None and entry.ref:
            return f"env@{entry.ref}"
        return f"env@{self._named(name)}"

    # ---- keys ------------------------------------------------------------------------------------------------------

    def _keys(self, keys: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(named for key in keys for named in self._key(key)))

    def _key(self, key: str) -> Iterator[str]:
        kind, _, rest = key.partition("@")
        if kind == "value" and all(_NAME.match(name) for name in rest.split(", ")):
            yield from (f"value@{self._named(name)}" for name in rest.split(", "))
        elif kind == "value":
            yield f"value@{rest}(script:{self._hash})" if self._scripted else key
        elif kind == "env" and _NAME.match(rest):
            yield self.variable(rest)
        elif kind == "file":
            refs = [file.ref for file in self._container.files if file.path == rest and file.text is None]
            yield f"file@{rest}({refs[0]})" if refs else key
        else:
            yield key

    def _named(self, name: str) -> str:
        """`NAME(what decides it)`: the script that makes it, the object that holds it."""
        if self._made_by_script(name):
            return f"{name}(script:{self._hash})"
        entry = self._container.variable(name)
        if entry is None:
            sources = ", ".join(self._container.doubts(name))
            return f"{name}({sources})" if sources else name
        return f"{name}({entry.ref})" if entry.ref else f"{name}(variable:{_hash(_told(entry))})"

    def _made_by_script(self, name: str) -> bool:
        """Whether the script may give a variable its value, rather than take the one it finds."""
        entry = self._container.variable(name)
        if entry is not None and entry.source == "shell":
            return True
        rest = [_USES.sub(" ", text) for text in self._texts]
        return self._scripted and any(_mentions(text, name) or _OPENS.search(text) for text in rest)

    # ---- what decides ----------------------------------------------------------------------------------------------

    @cached_property
    def _scripted(self) -> bool:
        return any(start.via in _SCRIPTED for start in self._starts)

    @cached_property
    def _texts(self) -> list[str]:
        """The container's words, and the files of the input that they, or one another, name."""
        container = self._container
        texts = [token.text for token in (*(container.command or ()), *(container.args or ()))]
        waiting = [*container.files]
        while named := [file for file in waiting if any(_file_name(file.path) in text for text in texts)]:
            waiting = [file for file in waiting if file not in named]
            texts += [file.ref if file.text is None else file.text for file in named]
        return texts

    @cached_property
    def _hash(self) -> str:
        lines = [line.split() for text in self._texts for line in _shown(text).splitlines() if not _is_comment(line)]
        argvs = [[_shown(token.text) for token in start.argv] for start in self._starts]
        return _hash((lines, argvs, list(self._variables()), [each.ref for each in self._container.unseen_env]))

    def _variables(self) -> Iterator[tuple[str, ...]]:
        """The variables that enter the scripts, as the container's environment gives them."""
        for name in sorted({entry.name for entry in self._container.env}):
            entry = self._container.variable(name)
            if entry is not None and entry.source != "shell" and any(_mentions(text, name) for text in self._texts):
                yield _told(entry)


def _told(entry: EnvVar) -> tuple[str, ...]:
    """What is known of a variable, without a secret in it."""
    written = None if entry.source == "secret" else entry.value if entry.value is not None else entry.origin.text
    shown = "" if written is None else redact.value(entry.name, written)
    return (entry.name, entry.source, entry.ref or "", entry.why_unknown or "", _MASKED.sub("<secret>", shown))


def _shown(text: str) -> str:
    """A text with one word for every secret: no secret enters a key, and no key changes from run to run."""
    return _MASKED.sub("<secret>", redact.free_text(text))


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#") or not line.strip()


def _hash(what: Iterable[object]) -> str:
    return f"{crc32(repr(what).encode('utf-8', 'replace')):08x}"


__all__ = ["Unknowns", "invocations"]
