"""Argument vectors, builds and settings for the tests of the llama.cpp server."""

from collections.abc import Mapping

from skewguard.knowledge.engines import llamacpp
from skewguard.knowledge.engines.interface import Hardware, Inputs, Parsed, Platform, Release
from skewguard.language.facts import Choice, Fact, Gap, Origin
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.cases import NOTHING, tokens

SERVER = "llama-server"
IMAGE = "ghcr.io/ggml-org/llama.cpp"
GPU_KEY = "gpu@scheduling(abc)"
HERE = Origin("file", "deploy.yaml", "deploy.yaml", 7, 1)


def exactly(version: str, image: str = IMAGE, tag: str = "server-cuda") -> Release:
    """A build that an image tag names."""
    return Release("llamacpp", version, (version,), "exact", "the image tag", f"version@{image}:{tag}-{version}")


def anything() -> Release:
    """A build that nothing names."""
    return Release("llamacpp", None, llamacpp.releases(), "unknown", "no tag", f"version@{IMAGE}:server")


def variables(env: Mapping[str, str | None]) -> list[EnvVar]:
    """Variables of a container; None for one whose value nobody knows."""
    return [EnvVar(name, text, HERE) for name, text in env.items()]


def read(
    version: str | Release, *words: str, env: Mapping[str, str | None] | None = None, from_image: bool = False
) -> Parsed:
    """Arguments and variables as the server takes them."""
    release = exactly(version) if isinstance(version, str) else version
    argv = tokens(*words) if from_image else tokens(SERVER, *words)
    parsed = llamacpp.parse(argv, release, (), from_image=from_image)
    return llamacpp.settle(parsed, variables(env or {}), release, NOTHING)


def derive(
    setting: str,
    version: str | Release,
    *words: str,
    env: Mapping[str, str | None] | None = None,
    platform: Platform | None = "cuda",
    count: int | None = None,
) -> Fact | Choice | Gap | None:
    """One setting of `llama-server` and further words."""
    release = exactly(version) if isinstance(version, str) else version
    parsed = read(release, *words, env=env)
    inputs = Inputs(Hardware(GPU_KEY, platform=platform, count=count))
    return llamacpp.derive(setting, parsed, variables(env or {}), release, inputs)


def value(setting: str, version: str | Release, *words: str, **more: object) -> object:
    """The value of a setting that has one."""
    found = derive(setting, version, *words, **more)  # type: ignore[arg-type]
    assert isinstance(found, Fact), found
    return found.value


def gap(setting: str, version: str | Release, *words: str, **more: object) -> Gap:
    """The gap of a setting that has none."""
    found = derive(setting, version, *words, **more)  # type: ignore[arg-type]
    assert isinstance(found, Gap), found
    return found
