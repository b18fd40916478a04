"""The engine version that an image's tag tells.

A tag is a name somebody chose. It is believed as an engine's version only where the repository is the engine's own,
or belongs to a redistributor known to keep the engine's version in its tags. Everywhere else the version is unknown,
and the reason says why: `lmcache/vllm-openai:v0.3.9` is LMCache 0.3.9, `kserve/huggingfaceserver:v0.15.0` is KServe's.
"""

import re
from collections.abc import Callable
from functools import cache, lru_cache

from msgspec import Struct

from skewguard.knowledge.engines.images import ImageRef, ends


class TagVersion(Struct, frozen=True):
    """What a tag tells of the engine's version. `text` None: nothing. `approximate`: a build after that release."""

    text: str | None
    reason: str
    approximate: bool = False


# What may follow a version in a tag without changing which release of the engine it is: platforms and flavours.
_FLAVOUR = (
    r"(?:cu\d+|cuda[\d.]*|rocm[\d.]*|cpu|gpu|tpu|xpu|hpu|npu|neuron|x86|64|x86_64|amd64|arm64|aarch64|intel|amd|gaudi"
    r"|ubuntu[\d.]*|debian[\d.]*|rhel\d*|ubi\d*|openeuler|py\d+(?:\.\d+)?|python\d[\d.]*|mi\d+x?|gh200|gb\d+|[abh]\d{2,3}"
    r"|a3|310p|910b|cann[\d.]+(?:rc\d+)?|xeon|sm\d+|blackwell|hopper|slim|runtime|devel|srt|ec2|sagemaker|soci|trtllm|v\d+(?:\.\d+)*|deepep|ofed|llamacpp)"
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


def _amd_sglang(tag: str) -> TagVersion:
    """AMD's `v0.5.3-rocm700-mi30x-20251014`: built on that day from a state of the branch after the named release."""
    match = re.match(r"v?(\d+\.\d+\.\d+(?:\.post\d+)?)(?![\w.])", tag)
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


def _tgi_series(name: str) -> TagVersion | None:
    """Google's `huggingface-text-generation-inference-cu124.2-4.ubuntu2204.py311`: the series stands in the name."""
    match = re.search(r"huggingface-text-generation-inference-[a-z0-9]+\.(\d+)-(\d+)\.", name)
    if match is None:
        return None
    return TagVersion(f"{match[1]}.{match[2]}", f"the name of the repository {name} says the series")


def _llamacpp(tag: str) -> TagVersion:
    match = re.search(r"(?:^|[-_])b(\d{3,})(?:$|[-_])", tag)
    if match is None:
        return TagVersion(None, f"the tag `{tag}` names no build")
    return TagVersion(f"b{match[1]}", f"the tag `{tag}` names the build")


def _foreign(whose: str) -> Callable[[str], TagVersion]:
    """Tags that count something else than the engine."""
    return lambda tag: TagVersion(None, f"the tag `{tag}` counts {whose}, not the engine inside")


Reading = Callable[[str], TagVersion]

# The end of a repository's path (see `images.ends`; mirrors that keep the path are found too) → how its tags are read. The
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
    ("ascend/sglang", _kept),
    ("rocm/sgl-dev", _amd_sglang),
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


def _in_name(engine: str, name: str) -> TagVersion | None:
    """A version that stands beside the engine's name in the last part of the repository: `ray2.41-vllm0.7.0`."""
    last = name.rpartition("/")[2].lower()
    if engine == "tgi" and (series := _tgi_series(last)) is not None:
        return series
    if engine not in last:
        return None
    match = re.search(rf"(?<![a-z]){re.escape(engine)}[-_]?v?(\d+\.\d+\.\d+(?:\.?post\d+)?)(?![\d.]*\d)", last)
    return TagVersion(match[1], f"the name of the repository {name} says it") if match else None


@lru_cache(maxsize=1024)  # a fleet has few different images
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
