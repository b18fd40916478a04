"""Container image references: their grammar, and whether what they name can move."""

import re
from collections.abc import Callable
from functools import cache, lru_cache

from msgspec import Struct

DOCKER_HUB = "docker.io"
_HUB_NAMES = frozenset(("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com"))


class ImageRef(Struct, frozen=True):
    """An image reference, taken apart. `registry` and `repository` have Docker Hub's defaults filled in.

    `unresolved` holds the placeholders in it (`${TAG}`, `{{ .Values.tag }}`): what they stand for is not known.
    """

    text: str
    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None
    unresolved: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def problem(self) -> str | None:
        """Why a container runtime refuses the reference; None when it takes it."""
        return _problem(self.text)


# ---- grammar -------------------------------------------------------------------------------------------------------

_MASK = "\ue000"


class _Parts(Struct):
    """A reference in parts, each placeholder masked by one character, and the placeholders in order."""

    text: str
    registry: str
    repository: str
    tag: str
    digest: str
    placeholders: list[str]


@cache
def _placeholder() -> re.Pattern[str]:
    return re.compile(
        r"\{\{.*?\}\}|\$\{[^}]*\}|\$\([^)]*\)|\$[A-Za-z_]\w*|<[A-Za-z_][\w .:/-]*>|@@\w+@@|__[A-Z][A-Z0-9_]*__|%[A-Z_]+%"
        r"|\{[A-Za-z_][\w.]*\}",
        re.DOTALL,
    )


@lru_cache(maxsize=1024)  # several checks look at one image, and a fleet has few different ones
def parse(image: str) -> ImageRef:
    """Take an image reference apart. Never fails: what is wrong with it stands in `problem`.

    The grammar is the one of container runtimes (distribution/reference): the first part is a registry when it holds
    a dot, a colon or an upper-case letter, or is `localhost`; a digest decides over a tag.
    """
    parts = _split(image.strip())
    fill = _filler(parts.placeholders)
    registry, repository, tag, digest = map(fill, (parts.registry, parts.repository, parts.tag, parts.digest))
    return ImageRef(parts.text, registry, repository, tag or None, digest or None, tuple(parts.placeholders))


def _split(text: str) -> _Parts:
    found: list[str] = []

    def mask(match: re.Match[str]) -> str:
        found.append(match.group())
        return _MASK

    plain = text.replace(_MASK, "?")
    if any(sign in plain for sign in ("{", "$", "<", "%", "@@", "__")):
        plain = _placeholder().sub(mask, plain)
    rest, _, digest = plain.partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, ""
    first, slash, remainder = head.partition("/")
    if slash and ("." in first or ":" in first or first in ("localhost", _MASK) or first != first.lower()):
        registry, repository = first, remainder
    else:
        official = head and not slash and head != _MASK
        registry, repository = DOCKER_HUB, f"library/{head}" if official else head
    return _Parts(text, DOCKER_HUB if registry in _HUB_NAMES else registry, repository, tag, digest, found)


def _filler(found: list[str]) -> Callable[[str], str]:
    """Put the placeholders back, in the order in which they were taken out."""
    waiting = iter(found)
    return lambda part: re.sub(_MASK, lambda _: next(waiting), part)


@cache
def _rules() -> tuple[re.Pattern[str], ...]:
    word = rf"[a-z0-9{_MASK}]+(?:(?:\.|_|__|-+)[a-z0-9{_MASK}]+)*"
    return (
        re.compile(rf"{word}(?:/{word})*"),
        re.compile(rf"[A-Za-z0-9_{_MASK}][A-Za-z0-9_.{_MASK}-]{{0,127}}"),
        re.compile(rf"sha256:[0-9a-f]{{64}}|sha512:[0-9a-f]{{128}}|(?:[a-z0-9]+:)?{_MASK}"),
        re.compile(rf"(?:[A-Za-z0-9{_MASK}.-]+|\[[0-9a-fA-F:]+\])(?::(?:[0-9]+|{_MASK}))?"),
    )


@lru_cache(maxsize=1024)
def _problem(reference: str) -> str | None:
    parts = _split(reference)
    text, registry, repository, tag, digest = parts.text, parts.registry, parts.repository, parts.tag, parts.digest
    name_rule, tag_rule, digest_rule, registry_rule = _rules()
    if not text:
        return "the image is empty"
    if "://" in text:
        return "an image reference has no scheme: leave the part before :// away"
    if re.search(r"\s", repository + tag + digest):
        return "an image reference holds no blanks"
    if repository != repository.lower():
        return "a repository name must be lower case; the kubelet refuses it (InvalidImageName)"
    if not name_rule.fullmatch(repository) or not registry_rule.fullmatch(registry):
        return "this is not an image reference; the kubelet refuses it (InvalidImageName)"
    if (tag and not tag_rule.fullmatch(tag)) or text.endswith(":"):
        return "the tag is not a valid one; the kubelet refuses the image (InvalidImageName)"
    if (digest and not digest_rule.fullmatch(digest)) or text.endswith("@"):
        return "the digest is not sha256: and 64 hexadecimal digits; the kubelet refuses the image (InvalidImageName)"
    return None


# ---- can it move? --------------------------------------------------------------------------------------------------

_MOVING = frozenset((
    "latest", "nightly", "main", "master", "dev", "devel", "develop", "development", "trunk", "head", "next",
    "edge", "stable", "release", "lts", "rolling", "current", "snapshot", "canary", "preview", "staging", "prod",
    "production", "test", "testing", "experimental", "unstable", "beta", "alpha",
))  # fmt: skip


@cache
def _fixed_marks() -> re.Pattern[str]:
    """Parts of a tag that name one build: a full version, a date, a commit, a build number."""
    return re.compile(
        r"(?<![\d.])v?\d+\.\d+\.\d+(?!\.?x\b)"  # 0.11.0, v0.8.5.post1
        r"|(?<!\d)20\d{2}[-_.]?[01]\d[-_.]?[0-3]\d(?!\d)"  # 20250702, 2025-05-27
        r"|(?<![\w.])2\d\.(?:0[1-9]|1[0-2])(?![\w.])"  # 25.09, the month of an NVIDIA release
        r"|(?<![0-9a-z])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?![0-9a-z])"  # a commit
        r"|(?<![a-z0-9])(?:b|r|pr|build|ci|run)[-_.]?\d{2,}(?![a-z0-9])"  # llama.cpp's b4719
        r"|^\d{2,}$|(?<![\d.])\d{6,}(?![\d.])",  # the number of a CI run
        re.IGNORECASE,
    )


@lru_cache(maxsize=1024)
def mutable_tag(ref: ImageRef) -> str | None:
    """Why what the reference names can change without an edit; None when it names one build.

    Only a digest proves it; a full version, a date or a commit in the tag is taken at its word. A placeholder in the
    reference is not judged here (`ref.unresolved`).
    """
    if ref.digest is not None or ref.unresolved:
        return None
    if ref.tag is None:
        return "no tag is given, which means `latest`: every pull may bring another build"
    tag = ref.tag.lower()
    if _fixed_marks().search(_without_platform(tag)):
        return None
    words = re.split(r"[-_.+]", tag)
    moving = next((word for word in words if word in _MOVING), None)
    if moving is not None:
        return (
            f"the tag `{ref.tag}` names a channel (`{moving}`), and the channel moves to a new build with each release"
        )
    if re.match(r"v?\d+\.\d+(?![\d.])", tag):
        return f"the tag `{ref.tag}` names a series of releases, and moves with each patch release"
    if re.match(r"v?\d{1,2}(?![\d.])", tag):
        return f"the tag `{ref.tag}` names a major version only, and moves with each release"
    return f"the tag `{ref.tag}` names no version, date or commit, so that each build can be given the same tag"


def _without_platform(tag: str) -> str:
    """The tag without versions of other things: `latest-rocm6.4.1` says nothing about the engine's build."""
    platform = r"(?<![a-z0-9])(?:cu(?:da)?[-_]?(?=1\d)|rocm|py(?:thon)?|ubuntu|debian|rhel|ubi|torch|pytorch|openeuler)[-_]?\d[\d.]*"
    return re.sub(platform, "platform", tag)


# ---- repositories ---------------------------------------------------------------------------------------------------


def ends(name: str, pattern: str) -> bool:
    """Whether a repository's path ends in the parts of `pattern`; `*` stands for any text inside one part.

    Not a regular expression: compiling all of the tables' patterns would cost more than everything else on a run over
    one file.
    """
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) >= len(wanted) and all(map(_like, parts[-len(wanted) :], wanted))


def _like(part: str, pattern: str) -> bool:
    if "*" not in pattern:
        return part == pattern
    first, *middle, last = pattern.split("*")
    if len(part) < len(first) + len(last) or not part.startswith(first) or not part.endswith(last):
        return False
    rest = part[len(first) : len(part) - len(last)]
    for piece in middle:
        _, found, rest = rest.partition(piece) if piece else ("", "*", rest)
        if not found:
            return False
    return True
