"""Argument vectors, releases and readings for the tests of vLLM's grammar."""

from collections.abc import Sequence

from skewguard.knowledge.engines import tables, vllm, vllm_reading
from skewguard.knowledge.engines.interface import Parsed, Release
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.readings import Simulation
from skewguard.knowledge.engines.vllm_grammar import API_SERVER, SERVE, Program
from skewguard.language.workloads import TextFile
from tests.knowledge.engines.cases import GROUND_TRUTH, config, faults, odd, only, token, tokens, values

SERVE_ARGV = ("vllm", "serve")
MODULE_ARGV = ("python3", "-m", "vllm.entrypoints.openai.api_server")


def exactly(version: str) -> Release:
    """A release that an image tag names."""
    return Release("vllm", version, (version,), "exact", "the image tag", f"version@image:{version}")


def some(*versions: str) -> Release:
    """A release that may be any of these."""
    return Release("vllm", None, versions, "unknown", "no tag", "version@image:latest")


def anything() -> Release:
    """A release that nothing names."""
    return some(*vllm.releases())


def parse(version: str | Release, *texts: str, files: Sequence[TextFile] = (), from_image: bool = False) -> Parsed:
    """A command line read by one release."""
    release = exactly(version) if isinstance(version, str) else version
    return vllm.parse(tokens(*texts), release, files, from_image=from_image)


def serve(version: str | Release, *texts: str, files: Sequence[TextFile] = ()) -> Parsed:
    """`vllm serve` and arguments."""
    return parse(version, *SERVE_ARGV, *texts, files=files)


def module(version: str | Release, *texts: str, files: Sequence[TextFile] = ()) -> Parsed:
    """`python3 -m vllm.entrypoints.openai.api_server` and arguments."""
    return parse(version, *MODULE_ARGV, *texts, files=files)


def simulated(version: str, program: Program, texts: Sequence[str], files: Sequence[TextFile] = ()) -> Simulation:
    """One release's reading before it is put into the words of the interface."""
    return vllm_reading.simulate(tables.load("vllm"), version, program, words_of(tokens(*texts)), files)


__all__ = [
    "API_SERVER",
    "GROUND_TRUTH",
    "SERVE",
    "config",
    "faults",
    "odd",
    "only",
    "token",
    "tokens",
    "values",
]
