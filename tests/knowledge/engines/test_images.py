"""Image references: grammar, movement, and what a tag tells of the engine's version."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.knowledge.engines import image_versions, images
from skewguard.knowledge.engines.images import ImageRef

DIGEST = "sha256:" + "3f" * 32


def stated_version(engine: str, ref: ImageRef) -> str | None:
    """The version that a tag states exactly; None where it only lies near one, or says none."""
    told = image_versions.tag_version(engine, ref)
    return None if told.approximate else told.text


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("vllm/vllm-openai:v0.11.0", "docker.io", "vllm/vllm-openai", "v0.11.0", None),
        ("ubuntu", "docker.io", "library/ubuntu", None, None),
        ("index.docker.io/vllm/vllm-openai", "docker.io", "vllm/vllm-openai", None, None),
        ("registry.corp:5000/ml/llm", "registry.corp:5000", "ml/llm", None, None),
        ("registry.corp:5000/ml/llm:1.2.3", "registry.corp:5000", "ml/llm", "1.2.3", None),
        ("localhost/llm:x", "localhost", "llm", "x", None),
        (f"ghcr.io/a/b@{DIGEST}", "ghcr.io", "a/b", None, DIGEST),
        (f"ghcr.io/a/b:v1.2.3@{DIGEST}", "ghcr.io", "a/b", "v1.2.3", DIGEST),
        ("[::1]:5000/a/b:t", "[::1]:5000", "a/b", "t", None),
        (" vllm/vllm-openai:latest\n", "docker.io", "vllm/vllm-openai", "latest", None),
    ],
)
def test_parse_takes_a_reference_apart(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    """Registry, repository, tag and digest, with Docker Hub's defaults."""
    ref = images.parse(text)
    assert (ref.registry, ref.repository, ref.tag, ref.digest) == (registry, repository, tag, digest)
    assert ref.problem is None


@pytest.mark.parametrize(
    ("text", "unresolved", "tag"),
    [
        ("${REGISTRY}/vllm:${TAG:-latest}", ("${REGISTRY}", "${TAG:-latest}"), "${TAG:-latest}"),
        ("vllm/vllm-openai:$VERSION", ("$VERSION",), "$VERSION"),
        (
            "{{ .Values.image.repo }}:{{ .Values.image.tag }}",
            ("{{ .Values.image.repo }}", "{{ .Values.image.tag }}"),
            "{{ .Values.image.tag }}",
        ),
        ("<your image>", ("<your image>",), None),
        ("vllm/vllm-openai:v$(MINOR).0", ("$(MINOR)",), "v$(MINOR).0"),
    ],
)
def test_parse_keeps_placeholders_whole(text: str, unresolved: tuple[str, ...], tag: str | None) -> None:
    """A colon inside a placeholder separates nothing."""
    ref = images.parse(text)
    assert (ref.unresolved, ref.tag) == (unresolved, tag)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Vllm",
        "vllm/VLLM-OpenAI:v1",
        "vllm/vllm-openai:",
        "a b",
        "https://ghcr.io/a/b:1",
        "a@sha256:12",
        "a@",
        "a//b",
        "a/b:-x",
        "/a",
        "a/b:" + "x" * 200,
    ],
)
def test_parse_says_what_a_runtime_refuses(text: str) -> None:
    """A reference that no kubelet takes has a problem, and no exception."""
    assert images.parse(text).problem


_names = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,4}){0,2}", fullmatch=True)


@given(
    st.one_of(st.none(), st.from_regex(r"[a-z]{1,5}\.[a-z]{2}(:[0-9]{1,5})?", fullmatch=True)),
    st.lists(_names, min_size=2, max_size=4),
    st.one_of(st.none(), st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)),
    st.booleans(),
)
def test_parse_gives_back_what_was_put_together(
    registry: str | None, path: list[str], tag: str | None, digested: bool
) -> None:
    """Every well-formed reference comes apart into its parts."""
    if registry is None and "." in path[0]:
        registry = "docker.io"
    text = "/".join(([registry] if registry else []) + path)
    text += f":{tag}" if tag else ""
    text += f"@{DIGEST}" if digested else ""
    ref = images.parse(text)
    assert ref.problem is None
    assert ref == ImageRef(text, registry or "docker.io", "/".join(path), tag, DIGEST if digested else None)


@given(st.text(max_size=60) | st.text("ab/:@.$({[<>_-}])A% ", max_size=40))
def test_parse_of_any_text_never_fails(text: str) -> None:
    """Any text is taken, and every question about it has an answer."""
    ref = images.parse(text)
    images.mutable_tag(ref)
    for engine in ("vllm", "sglang", "nothing"):
        assert image_versions.tag_version(engine, ref).reason
    assert ref.text == text.strip()


@pytest.mark.parametrize(
    "tag",
    [
        "latest",
        "nightly",
        "main",
        "master",
        "dev",
        "stable",
        "v0.11",
        "0.9-gpu-py312-ec2",
        "cu129",
        "latest-rocm",
        "v1",
        "server-cuda",
        "latest-cuda12.4.1",
        "main-py3.12",
        "release",
        "rocm6.4.1",
        "gptoss",
        "cu130-nightly",
    ],
)
def test_mutable_tag_tells_why_a_tag_can_move(tag: str) -> None:
    """Channels, series, platforms and bare words name no single build."""
    reason = images.mutable_tag(images.parse(f"registry.corp/ml/llm:{tag}"))
    assert reason is not None
    assert f"`{tag}`" in reason


@pytest.mark.parametrize(
    "tag",
    [
        "v0.11.0",
        "0.8.5.post1",
        "v0.9.2rc1",
        "v0.11.0-cu129",
        "25.09-py3",
        "2025-05-27-v1",
        "20250312_0916_RC01",
        "sha-11d7af7",
        "nightly-1a2b3c4d5e6f",
        "nightly-8f3d2c1b0a998877665544332211ffeeddccbbaa",
        "server-cuda-b4719",
        "42",
        "rocm6.2_mi300_ubuntu20.04_py3.9_vllm_0.6.4",
        "rocm6.3.1_instinct_vllm0.8.3_20250415",
        "main-20260102",
        "build-1234",
        "pr-77",
        "cuda-0.0.7",
    ],
)
def test_mutable_tag_takes_versions_dates_and_commits_at_their_word(tag: str) -> None:
    """A tag that names one build is no finding."""
    assert images.mutable_tag(images.parse(f"registry.corp/ml/llm:{tag}")) is None


def test_mutable_tag_without_a_tag_means_latest() -> None:
    """No tag is `latest`; a digest beside it settles the build."""
    assert "latest" in (images.mutable_tag(images.parse("vllm/vllm-openai")) or "")
    assert images.mutable_tag(images.parse(f"vllm/vllm-openai@{DIGEST}")) is None
    assert images.mutable_tag(images.parse(f"vllm/vllm-openai:latest@{DIGEST}")) is None


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("vllm/vllm-openai:v0.11.0", "0.11.0"),
        ("vllm/vllm-openai:0.8.5.post1", "0.8.5.post1"),
        ("vllm/vllm-openai:v0.10.1.1", "0.10.1.1"),
        ("vllm/vllm-openai:v0.9.2rc1", "0.9.2rc1"),
        ("vllm/vllm-openai:v0.11.0-cu129", "0.11.0"),
        ("vllm/vllm-openai:v0.11.0-x86_64", "0.11.0"),
        ("mirror.corp:5000/dockerhub/vllm/vllm-openai:v0.8.4", "0.8.4"),
        ("vllm/vllm-openai-rocm:v0.14.0", "0.14.0"),
        ("vllm/vllm-openai-cpu:v0.16.0", "0.16.0"),
        ("vllm/vllm-tpu:v0.12.0", "0.12.0"),
        ("public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.9.1", "0.9.1"),
        ("public.ecr.aws/deep-learning-containers/vllm:0.9-gpu-py312-ec2", "0.9"),
        ("public.ecr.aws/deep-learning-containers/vllm:0.21.0-gpu-py312-cu130-ubuntu22.04-sagemaker-v1.4", "0.21.0"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/vllm:0.11.0-gpu-py312-cu128-ubuntu22.04-sagemaker", "0.11.0"),
        ("quay.io/ascend/vllm-ascend:v0.9.1rc1", "0.9.1"),
    ],
)
def test_engine_version_believes_the_engine_s_own_repositories(image: str, version: str) -> None:
    """The engine's own images and redistributors that keep its version in the tag."""
    assert stated_version("vllm", images.parse(image)) == version


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("vllm/vllm-openai:latest", "names no release"),
        ("vllm/vllm-openai:nightly-1a2b3c4d5e6f", "names no release"),
        ("vllm/vllm-openai:v0.11.0-patched", "adds `patched`"),
        ("vllm/vllm-openai", "no tag"),
        (f"vllm/vllm-openai@{DIGEST}", "a digest and no tag"),
        ("vllm/vllm-openai:${TAG}", "placeholder"),
        ("nvcr.io/nvidia/vllm:25.09-py3", "NVIDIA's monthly releases"),
        ("lmcache/vllm-openai:v0.3.9", "releases of LMCache"),
        ("kserve/huggingfaceserver:v0.15.0-gpu", "releases of KServe"),
        ("rayproject/ray-llm:2.46.0-py311-cu124", "releases of Ray"),
        ("registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.0.0", "Red Hat"),
        ("ghcr.io/llm-d/llm-d-cuda:v0.3.1", "releases of llm-d"),
        ("nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.5.1", "releases of Dynamo"),
        ("registry.corp/ml/vllm:v0.11.0", "neither the engine's own"),
        ("public.ecr.aws/deep-learning-containers/vllm:server-hyperpod-cuda-v1.1", "names no release"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.33.0-lmi15.0.0-cu128", "releases of DJL"),
    ],
)
def test_engine_version_is_unknown_where_a_tag_counts_something_else(image: str, why: str) -> None:
    """No version, and the reason in words."""
    told = image_versions.tag_version("vllm", images.parse(image))
    assert told.text is None
    assert why in told.reason


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("public.ecr.aws/x/ray-2.41.0-py310-cu118-vllm0.7.0:latest", "0.7.0"),
        ("x/neuron-sdk2.20-vllm-0.5.0-neuron:v8", "0.5.0"),
        ("x/vllm-v0.8.5.post1-cuda", "0.8.5.post1"),
        ("x/vllm2.32-inf2:1", None),
        ("x/myvllm0.7.0:1", None),
    ],
)
def test_engine_version_stands_in_the_name_of_some_repositories(image: str, version: str | None) -> None:
    """Beside the engine's own name, and as a whole release."""
    assert stated_version("vllm", images.parse(image)) == version


def test_tag_version_of_amd_is_a_build_after_the_release() -> None:
    """AMD's images hold a development state made after the release they name."""
    told = image_versions.tag_version("vllm", images.parse("rocm/vllm:rocm6.4.1_vllm_0.10.1_20250909"))
    assert (told.text, told.approximate) == ("0.10.1", True)
    assert stated_version("vllm", images.parse("rocm/vllm:rocm6.4.1_vllm_0.10.1_20250909")) is None


def test_tag_version_reads_past_a_placeholder_in_the_registry() -> None:
    """A registry that is filled in later changes nothing about the tag."""
    assert stated_version("vllm", images.parse("${MIRROR}/vllm/vllm-openai:v0.11.0")) == "0.11.0"


@pytest.mark.parametrize(
    ("engine", "image", "version"),
    [
        ("sglang", "lmsysorg/sglang:v0.5.5.post1-cu129", "0.5.5.post1"),
        ("sglang", "lmsysorg/sglang:v0.4.9-rocm630-mi30x", "0.4.9"),
        ("sglang", "lmsysorg/sglang:v0.5.6.post2-cu130-runtime", "0.5.6.post2"),
        ("sglang", "lmsysorg/sglang:v0.5.8-xeon", "0.5.8"),
        ("sglang", "lmsysorg/sglang:v0.5.8-cann8.3.rc1-910b", "0.5.8"),
        ("sglang", "rocm/sgl-dev:v0.5.3-rocm700-mi30x-20251014", None),
        ("sglang", "lmsysorg/sglang:dev-cu13", None),
        ("tgi", "ghcr.io/huggingface/text-generation-inference:3.3.4", "3.3.4"),
        ("tgi", "ghcr.io/huggingface/text-generation-inference:3.3.4-rocm", "3.3.4"),
        ("tgi", "ghcr.io/huggingface/text-generation-inference:3.3.4-intel-cpu", "3.3.4"),
        ("tgi", "ghcr.io/huggingface/text-generation-inference:sha-0e04a07", None),
        (
            "tgi",
            (
                "us-docker.pkg.dev/deeplearning-platform-release/gcr.io/"
                "huggingface-text-generation-inference-cu124.2-4.ubuntu2204.py311:latest"
            ),
            "2.4",
        ),
        ("llamacpp", "ghcr.io/ggml-org/llama.cpp:server-b10573", "b10573"),
        ("llamacpp", "ghcr.io/ggml-org/llama.cpp:server-cuda", None),
        (
            "tgi",
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.4.0-tgi3.0.1-gpu",
            "3.0.1",
        ),
        ("llamacpp", "ghcr.io/ggml-org/llama.cpp:server-cuda-b4719", "b4719"),
        ("ollama", "ollama/ollama:0.5.7", "0.5.7"),
        ("nim", "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.4", "1.8.4"),
        ("nim", "nvcr.io/nim/meta/llama-3.1-8b-instruct:latest", None),
        ("trtllm", "nvcr.io/nvidia/tensorrt-llm/release:1.0.0", "1.0.0"),
        ("trtllm", "nvcr.io/nvidia/tensorrt-llm/release:1.2.0rc3", "1.2.0rc3"),
        ("triton", "nvcr.io/nvidia/tritonserver:25.03-trtllm-python-py3", None),
    ],
)
def test_engine_version_of_other_engines(engine: str, image: str, version: str | None) -> None:
    """Each engine's own repository, read its own way."""
    assert stated_version(engine, images.parse(image)) == version


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("docker.io/vllm/vllm-openai", "vllm/vllm-openai", True),
        ("mirror/x/vllm/vllm-openai", "vllm/vllm-openai", True),
        ("docker.io/lmvllm/vllm-openai", "vllm/vllm-openai", False),
        ("docker.io/vllm/vllm-openai-cpu", "vllm/vllm-openai-*", True),
        ("docker.io/vllm/vllm-openai", "vllm/vllm-openai-*", False),
        ("a/b-x-c", "b-*-c", True),
        ("a/b-c", "b-*-c", False),
        ("a/xvllmy", "*vllm*", True),
        ("short", "a/short", False),
    ],
)
def test_ends_matches_whole_parts_of_a_path(name: str, pattern: str, expected: bool) -> None:
    """From the end, part by part, `*` inside one part."""
    assert images.ends(name, pattern) is expected


@given(st.text("0123456789.vabcdefrocpst_-+", max_size=200))
def test_tag_version_gives_versions_only(tag: str) -> None:
    """Whatever a tag holds, a version told has the form of one."""
    told = image_versions.tag_version("vllm", images.parse(f"vllm/vllm-openai:{tag}"))
    assert told.text is None or re.fullmatch(r"\d+(\.\d+){1,3}.*", told.text)
