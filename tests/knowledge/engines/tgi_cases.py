"""Argument vectors, releases and settings for the tests of TGI."""

import json
from collections.abc import Mapping

from skewguard.knowledge import checkpoints
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines import tgi
from skewguard.knowledge.engines.interface import Hardware, Inputs, Parsed, Platform, Release
from skewguard.language import accelerators
from skewguard.language.facts import Choice, Fact, Gap, Origin
from skewguard.language.workloads import EnvVar
from tests.knowledge.engines.cases import NOTHING, tokens

LAUNCHER = "text-generation-launcher"
IMAGE = "ghcr.io/huggingface/text-generation-inference"
GPU_KEY = "gpu@scheduling(abc)"
HERE = Origin("file", "deploy.yaml", "deploy.yaml", 7, 1)


def exactly(version: str, image: str = IMAGE) -> Release:
    """A release that an image tag names."""
    return Release("tgi", version, (version,), "exact", "the image tag", f"version@{image}:{version}")


def anything() -> Release:
    """A release that nothing names."""
    return Release("tgi", None, tgi.releases(), "unknown", "no tag", f"version@{IMAGE}:latest")


def variables(env: Mapping[str, str | None]) -> list[EnvVar]:
    """Variables of a container; None for one whose value nobody knows."""
    return [EnvVar(name, text, HERE) for name, text in env.items()]


def read(
    version: str | Release, *words: str, env: Mapping[str, str | None] | None = None, from_image: bool = False
) -> Parsed:
    """Arguments and variables as the launcher takes them."""
    release = exactly(version) if isinstance(version, str) else version
    argv = tokens(*words) if from_image else tokens(LAUNCHER, *words)
    parsed = tgi.parse(argv, release, (), from_image=from_image)
    return tgi.settle(parsed, variables(env or {}), release, NOTHING)


def checkpoint(**keys: object) -> Checkpoint:
    """A folder whose config.json has these keys."""
    return checkpoints.read({"config.json": json.dumps({"model_type": "llama", **keys})}, {}, "models/m", whole=True)


def derive(
    setting: str,
    version: str | Release,
    *words: str,
    env: Mapping[str, str | None] | None = None,
    gpu: str | None = None,
    platform: Platform | None = "cuda",
    count: int | None = None,
    model: Checkpoint | None = None,
    from_image: bool = False,
) -> Fact | Choice | Gap | None:
    """One setting of `text-generation-launcher --model-id m` and further words."""
    release = exactly(version) if isinstance(version, str) else version
    hardware = Hardware(GPU_KEY, accelerators.find(gpu) if gpu else None, platform=platform, count=count)
    parsed = read(release, "--model-id", "m", *words, env=env, from_image=from_image)
    return tgi.derive(setting, parsed, variables(env or {}), release, Inputs(hardware, model))


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
