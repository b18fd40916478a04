"""Container image references: their grammar, whether they can move, and the engine version that a tag tells.

A tag is a name somebody chose. It is believed as an engine's version only where the repository is the engine's own,
or belongs to a redistributor known to keep the engine's version in its tags. Everywhere else the version is unknown,
and the reason says why: `lmcache/vllm-openai:v0.3.9` is LMCache 0.3.9, `kserve/huggingfaceserver:v0.15.0` is KServe's.
"""

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
        return _problem(_split(self.text))


class TagVersion(Struct, frozen=True):
    """What a tag tells of the engine's version. `text` None: nothing. `approximate`: a build after that release."""

    text: str | None
    reason: str
    approximate: bool = False


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


def _problem(parts: _Parts) -> str | None:
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

_MOVING = frozenset(
    (
        "latest",
        "nightly",
        "main",
        "master",
        "dev",
        "devel",
        "develop",
        "development",
        "trunk",
        "head",
        "next",
        "edge",
        "stable",
        "release",
        "lts",
        "rolling",
        "current",
        "snapshot",
        "canary",
        "preview",
        "staging",
        "prod",
        "production",
        "test",
        "testing",
        "experimental",
        "unstable",
        "beta",
        "alpha",
    )
)


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


# ---- which version of the engine? ----------------------------------------------------------------------------------

# What may follow a version in a tag without changing which release of the engine it is: platforms and flavours.
_FLAVOUR = (
    r"(?:cu\d+|cuda[\d.]*|rocm[\d.]*|cpu|gpu|tpu|xpu|hpu|npu|neuron|x86|64|x86_64|amd64|arm64|aarch64|intel|amd|gaudi"
    r"|ubuntu[\d.]*|debian[\d.]*|rhel\d*|ubi\d*|openeuler|py\d+(?:\.\d+)?|python\d[\d.]*|mi\d+x?|gh200|gb\d+|[abh]\d{2,3}"
    r"|a3|310p|sm\d+|blackwell|hopper|slim|runtime|devel|srt|ec2|sagemaker|soci|trtllm|v\d+(?:\.\d+)*|deepep|ofed|llamacpp)"
)


@cache
def _leading_version() -> re.Pattern[str]:
    return re.compile(
        r"v?(?P<version>\d+\.\d+(?:\.\d+){0,2}(?:\.?post\d+)?(?:[-.]?rc[-.]?\d+)?(?:\+[a-z0-9.]+)?)(?P<rest>(?:[-_].+)?)",
        re.IGNORECASE,
    )


def _kept(tag: str) -> TagVersion:
    """A tag that begins with the engine's version, and only flavours after it."""
    match = _leading_version().fullmatch(tag)
    if match is None:
        return TagVersion(None, f"the tag `{tag}` names no release")
    flavours = [part for part in re.split(r"[-_]", match["rest"].lower()) if part]
    strange = [part for part in flavours if not re.fullmatch(_FLAVOUR, part)]
    if strange:
        return TagVersion(
            None, f"the tag `{tag}` adds `{strange[0]}` to the version, so that it need not be the plain release"
        )
    return TagVersion(match["version"].replace("-rc", "rc").replace(".rc", "rc"), f"the tag `{tag}` names it")


def _amd(tag: str) -> TagVersion:
    """AMD's `rocm6.4.1_vllm_0.10.1_20250909`.

    AMD builds from a state of its branch after the named release (its own history calls the 0.8.5 of 2025-05-21
    "0.8.6.dev").
    """
    match = re.search(r"vllm_?(\d+\.\d+\.\d+(?:\.\d+)?)(?![\d.])", tag) or re.fullmatch(
        r"v(\d+\.\d+\.\d+)_amd_dev", tag
    )
    if match is None:
        return TagVersion(None, f"the tag `{tag}` names no release")
    reason = f"the tag `{tag}` names it, and AMD's image holds a development build made after that release"
    return TagVersion(match[1], reason, approximate=True)


def _ascend(tag: str) -> TagVersion:
    """The Ascend plugin numbers itself after the vLLM release it is for, with release candidates of its own."""
    match = re.match(r"v?(\d+\.\d+\.\d+)(?:rc\d+|\.post\d+)?(?![\w.])", tag)
    if match is None:
        return TagVersion(None, f"the tag `{tag}` names no release")
    return TagVersion(match[1], f"the tag `{tag}` is the Ascend plugin for that vLLM release")


def _tgi_inside(tag: str) -> TagVersion:
    match = re.search(r"tgi(\d+\.\d+\.\d+)(?![\d.])", tag)
    if match is None:
        return TagVersion(None, f"the tag `{tag}` names no release of TGI")
    return TagVersion(match[1], f"the tag `{tag}` names it")


def _llamacpp(tag: str) -> TagVersion:
    match = re.search(r"(?:^|[-_])b(\d{3,})(?:$|[-_])", tag)
    if match is None:
        return TagVersion(None, f"the tag `{tag}` names no build")
    return TagVersion(f"b{match[1]}", f"the tag `{tag}` names the build")


def _foreign(whose: str) -> Callable[[str], TagVersion]:
    """Tags that count something else than the engine."""
    return lambda tag: TagVersion(None, f"the tag `{tag}` counts {whose}, not the engine inside")


Reading = Callable[[str], TagVersion]

# The end of a repository's path (see `ends`; mirrors that keep the path are found too) → how its tags are read. The
# first that matches decides.
_NVIDIA_MONTHS = "NVIDIA's monthly releases"
_VLLM: tuple[tuple[str, Reading], ...] = (
    *(
        (end, _kept)
        for end in ("vllm/vllm-openai", "vllm/vllm-openai-*", "vllm/vllm-tpu", "vllm/vllm-cpu", "vllm/vllm-xpu")
    ),
    ("public.ecr.aws/q9t5s3a7/vllm-*release-repo", _kept),
    ("deep-learning-containers/vllm", _kept),
    ("763104351884.dkr.ecr.*.amazonaws.com/vllm", _kept),
    ("rocm/vllm", _amd),
    ("rocm/vllm-dev", _amd),
    ("ascend/vllm-ascend", _ascend),
    ("lmcache/*", _foreign("releases of LMCache")),
    ("nvcr.io/nvidia/vllm", _foreign(_NVIDIA_MONTHS)),
    ("nvidia/ai-dynamo/*", _foreign("releases of Dynamo")),
    ("llm-d/*", _foreign("releases of llm-d")),
    *((f"{org}/*", _foreign("releases of Red Hat's product")) for org in ("rhaiis", "rhoai", "modh", "opendatahub")),
    ("kserve/*", _foreign("releases of KServe")),
    ("rayproject/*", _foreign("releases of Ray")),
    ("anyscale/*", _foreign("releases of Ray")),
    ("djl-inference", _foreign("releases of DJL")),
    ("djl-serving", _foreign("releases of DJL")),
    ("vertex-vision-model-garden-dockers/*", _foreign("builds of Vertex AI")),
)
_SGLANG: tuple[tuple[str, Reading], ...] = (
    ("lmsysorg/sglang", _kept),
    ("lmsysorg/sglang-*", _kept),
    ("nvcr.io/nvidia/sglang", _foreign(_NVIDIA_MONTHS)),
    ("nvidia/ai-dynamo/*", _foreign("releases of Dynamo")),
)
_READINGS: dict[str, tuple[tuple[str, Reading], ...]] = {
    "vllm": _VLLM,
    "sglang": _SGLANG,
    "tgi": (("huggingface/text-generation-inference", _kept), ("huggingface-pytorch-tgi-inference", _tgi_inside)),
    "trtllm": (("nvcr.io/nvidia/tensorrt-llm/*", _kept),),
    "triton": (("nvidia/tritonserver", _foreign(_NVIDIA_MONTHS)),),
    "nim": (("nvcr.io/nim/*/*", _kept),),
    "llamacpp": (("ggml-org/llama.cpp", _llamacpp), ("ggerganov/llama.cpp", _llamacpp)),
    "ollama": (("ollama/ollama", _kept),),
    "lmdeploy": (("openmmlab/lmdeploy", _kept),),
}


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


def _in_name(engine: str, name: str) -> TagVersion | None:
    """A version that stands beside the engine's name in the last part of the repository: `ray2.41-vllm0.7.0`."""
    last = name.rpartition("/")[2].lower()
    if engine not in last:
        return None
    match = re.search(rf"(?<![a-z]){re.escape(engine)}[-_]?v?(\d+\.\d+\.\d+(?:\.?post\d+)?)(?![\d.]*\d)", last)
    return TagVersion(match[1], f"the name of the repository {name} says it") if match else None


def tag_version(engine: str, ref: ImageRef) -> TagVersion:
    """What the reference tells of the version of `engine`, with the reason, also where it tells nothing."""
    unknown = [part for part in ref.unresolved if part in ref.repository or part in (ref.tag or "")]
    if unknown:
        return TagVersion(None, f"the image holds a placeholder, {unknown[0]}")
    named = _in_name(engine, ref.name)
    if named is not None:
        return named
    if ref.tag is None:
        what = "a digest and no tag" if ref.digest else "no tag"
        return TagVersion(None, f"the image has {what}")
    for pattern, reading in _READINGS.get(engine, ()):
        if ends(ref.name, pattern):
            return reading(ref.tag)
    return TagVersion(
        None,
        f"the repository {ref.name} is neither the engine's own nor known to carry the engine's version in its tags",
    )


def engine_version(engine: str, ref: ImageRef) -> str | None:
    """The engine's version (`0.11.0`; `0.9` where the tag names a series), None when the tag cannot be trusted."""
    told = tag_version(engine, ref)
    return None if told.approximate else told.text
