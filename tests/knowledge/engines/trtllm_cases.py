"""Argument vectors, releases and readings for the tests of TensorRT-LLM."""

from collections.abc import Sequence

from skewguard.knowledge.engines import trtllm
from skewguard.knowledge.engines.interface import Hardware, Inputs, Parsed, Release
from skewguard.language.facts import Choice, Fact, Gap
from skewguard.language.workloads import TextFile
from tests.knowledge.engines.cases import config, tokens

OPTIONS = "/cfg/a.yaml"
UNSEEN = Inputs(Hardware("gpu@scheduling(abc)"))


def exactly(version: str) -> Release:
    """A release that an image tag names."""
    return Release("trtllm", version, (version,), "exact", "the image tag", f"version@image:{version}")


def some(*versions: str) -> Release:
    """A release that may be any of these."""
    return Release("trtllm", None, versions or trtllm.releases(), "unknown", "no tag", "version@image:latest")


def parse(version: str | Release, *texts: str, files: Sequence[TextFile] = (), from_image: bool = False) -> Parsed:
    """A command line read by one release."""
    release = exactly(version) if isinstance(version, str) else version
    return trtllm.parse(tokens(*texts), release, files, from_image=from_image)


def serve(version: str | Release, *texts: str, text: str | None = None) -> Parsed:
    """`trtllm-serve m` and arguments; `text` is the file at `OPTIONS`, which the arguments then name."""
    if text is None:
        return parse(version, "trtllm-serve", "m", *texts)
    named = ("--extra_llm_api_options", OPTIONS)
    return parse(version, "trtllm-serve", "m", *texts, *named, files=(config(text, OPTIONS),))


def derive(version: str | Release, setting: str, parsed: Parsed) -> Fact | Choice | Gap | None:
    """The engine's own value of a setting."""
    release = exactly(version) if isinstance(version, str) else version
    return trtllm.derive(setting, parsed, (), release, UNSEEN)
