"""Every form of an image's identity, and when two of them are the same image."""

import pytest

from skewguard.language import image_ids
from skewguard.language.running import ImageId

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


@pytest.mark.parametrize(
    ("text", "digest", "config", "repository"),
    [
        (f"docker.io/vllm/vllm-openai@sha256:{A}", f"sha256:{A}", None, "docker.io/vllm/vllm-openai"),
        (f"registry:5000/a/b@sha256:{A}", f"sha256:{A}", None, "registry:5000/a/b"),
        (f"docker-pullable://vllm/vllm-openai@sha256:{A}", f"sha256:{A}", None, "vllm/vllm-openai"),
        (f"docker://sha256:{A}", None, f"sha256:{A}", None),
        (f"sha256:{A}", None, f"sha256:{A}", None),
        (A, None, f"sha256:{A}", None),
        ("docker.io/vllm/vllm-openai:v1", None, None, None),
        ("sha256:short", None, None, None),
        ("repo@sha512:" + A, None, None, None),
    ],
)
def test_forms(text: str, digest: str | None, config: str | None, repository: str | None) -> None:
    """Each runtime's form is taken apart; what has no known form is kept as text alone."""
    assert image_ids.parse(text) == ImageId(text, digest, config, repository)


def test_a_container_that_never_started_has_none() -> None:
    """The empty text is no image."""
    assert image_ids.parse("") is None


@pytest.mark.parametrize(
    ("a", "b", "alike", "answer"),
    [
        (f"r@sha256:{A}", f"r@sha256:{A}", False, True),
        (f"r@sha256:{A}", f"mirror/r@sha256:{A}", False, True),
        (f"r@sha256:{A}", f"r@sha256:{B}", True, False),
        (f"r@sha256:{A}", f"r@sha256:{B}", False, None),
        (f"r@sha256:{A}", f"r@sha256:{C}", True, True),
        (f"sha256:{A}", f"sha256:{A}", False, True),
        (f"sha256:{A}", f"sha256:{B}", False, False),
        (f"sha256:{A}", f"r@sha256:{A}", True, None),
        (f"r@sha256:{A}", "odd", True, None),
        (f"r@sha256:{A}", "", True, None),
    ],
)
def test_sameness(a: str, b: str, alike: bool, answer: bool | None) -> None:
    """Equal digests are one image whatever the repository; an index and its manifest only where a node says so."""
    aliases = [frozenset((f"sha256:{A}", f"sha256:{C}"))]
    one, other = image_ids.parse(a), image_ids.parse(b)
    assert image_ids.same(one, other, aliases, alike=alike) is answer
    assert image_ids.same(other, one, aliases, alike=alike) is answer
