"""What a container's command installs over the engine of its image: `pip install vllm==0.9.2 && vllm serve m`.

A requirement that the image meets already (`pip install vllm`) changes nothing; one that asks for an upgrade, a range,
a repository or a variable leaves the version open.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from skewguard.knowledge.engines import commands, versions
from skewguard.language.facts import Origin
from skewguard.language.workloads import Invocation, Token

_TAKING = frozenset(
    (
        "-r", "-c", "-i", "-f", "-t", "-e", "--requirement", "--constraint", "--index-url", "--extra-index-url",
        "--find-links", "--target", "--python", "--prefix", "--root", "--platform", "--index", "--default-index",
        "--torch-backend", "--cache-dir", "--timeout", "--retries", "--trusted-host", "--proxy", "--cert",
    )
)  # fmt: skip
_RENEWING = frozenset(("-U", "--upgrade", "--pre", "--force-reinstall", "--reinstall", "--upgrade-package"))


class Installed(Struct, frozen=True):
    """What is installed: the requirement as written, its version (None: not known), and whether that is certain."""

    text: str
    version: str | None
    certain: bool
    origin: Origin


def installed(package: str, invocations: Sequence[Invocation]) -> Installed | None:
    """The last installation of `package` by a script of the container; None where none changes what the image has."""
    found = [each for invocation in invocations for each in _of(package, invocation)]
    if not found:
        return None
    unsure = any(not each.certain for each in found)
    last = found[-1]
    return Installed(last.text, last.version, last.certain and not unsure, last.origin)


def _of(package: str, invocation: Invocation) -> Iterator[Installed]:
    words = [token.text for token in invocation.argv]
    if words and commands.base(words[0]) in ("uv", "uvx"):
        yield from _beside(package, invocation)
    first = _first(words)
    if first is None:
        return
    renews = any(word in _RENEWING for word in words[first:])
    at = first
    while at < len(words):
        word, token = words[at], invocation.argv[at]
        at += 2 if word in _TAKING and word != "-e" else 1
        if word.startswith("-"):
            continue
        asked = _asked(package, word, token, renews=renews)
        if asked is not None:
            yield Installed(word, asked or None, invocation.certain, token.origin)


def _beside(package: str, invocation: Invocation) -> Iterator[Installed]:
    """`uv run --with vllm==0.9.2 vllm serve` and `uvx --from vllm==0.9.2 vllm`: an environment of its own."""
    for option, token in zip(invocation.argv, invocation.argv[1:], strict=False):
        if option.text in ("--with", "--from"):
            asked = _asked(package, token.text, token, renews=True)
            if asked is not None:
                yield Installed(token.text, asked or None, invocation.certain, token.origin)


def _first(words: Sequence[str]) -> int | None:
    """The index of the first word behind `pip install`; None for other programs."""
    program = commands.base(words[0]) if words else ""
    if re.fullmatch(r"pip[\d.]*", program):
        at = 1
    elif program == "uv" and words[1:2] == ["pip"]:
        at = 2
    elif program.startswith("python") and words[1:3] == ["-m", "pip"]:
        at = 3
    else:
        return None
    return at + 1 if words[at : at + 1] == ["install"] else None


def _asked(package: str, word: str, token: Token, *, renews: bool) -> str | None:
    """The version a requirement asks for: empty where that is not known, None where it changes nothing."""
    name = re.escape(package)
    wheel = re.search(rf"(?:^|/){name}-(\d[\w.+]*)-[^/]*\.whl", word)
    if wheel is not None:
        return wheel[1]
    if "://" in word or word.endswith((".whl", ".tar.gz")) or word.startswith((".", "/")):
        return "" if re.search(rf"(?<![a-z]){name}(?![\w-]*[a-z])", word) else None
    match = re.fullmatch(rf"{name}(?:\[[^\]]*\])?(?:\s*@.*|\s*(===?|[<>~!]=?)\s*(.*))?", word, re.IGNORECASE)
    if match is None:
        return None
    if match[1] in ("==", "===") and not token.unresolved and versions.key(match[2]) is not None:
        return match[2]
    plain = match[1] is None and "@" not in word
    return None if plain and not renews else ""
