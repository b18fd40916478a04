"""Argument vectors, releases and readings for the tests of SGLang."""

from collections.abc import Sequence

from skewguard.knowledge.engines import sglang, sglang_reading, tables
from skewguard.knowledge.engines.interface import Hardware, Inputs, Parsed, Release
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.readings import Simulation
from skewguard.knowledge.engines.sglang_grammar import LAUNCH, SERVE, Program
from skewguard.language.workloads import TextFile
from tests.knowledge.engines.cases import tokens

SERVE_ARGV = ("sglang", "serve")
LAUNCH_ARGV = ("python3", "-m", "sglang.launch_server")
GPU_KEY = "gpu@scheduling(abc)"
UNSEEN = Inputs(Hardware(GPU_KEY))


def exactly(version: str) -> Release:
    """A release that an image tag names."""
    return Release("sglang", version, (version,), "exact", "the image tag", f"version@image:{version}")


def some(*versions: str) -> Release:
    """A release that may be any of these."""
    return Release("sglang", None, versions, "unknown", "no tag", "version@image:latest")


def anything() -> Release:
    """A release that nothing names."""
    return some(*sglang.releases())


def parse(version: str | Release, *texts: str, files: Sequence[TextFile] = (), from_image: bool = False) -> Parsed:
    """A command line read by one release."""
    release = exactly(version) if isinstance(version, str) else version
    return sglang.parse(tokens(*texts), release, files, from_image=from_image)


def launch(version: str | Release, *texts: str, files: Sequence[TextFile] = ()) -> Parsed:
    """`python3 -m sglang.launch_server` and arguments."""
    return parse(version, *LAUNCH_ARGV, *texts, files=files)


def serve(version: str | Release, *texts: str, files: Sequence[TextFile] = ()) -> Parsed:
    """`sglang serve` and arguments."""
    return parse(version, *SERVE_ARGV, *texts, files=files)


def simulated(version: str, program: Program, texts: Sequence[str], files: Sequence[TextFile] = ()) -> Simulation:
    """One release's reading before it is put into the words of the interface."""
    return sglang_reading.simulate(tables.load("sglang"), version, program, words_of(tokens(*texts)), files)


__all__ = ["LAUNCH", "SERVE"]
