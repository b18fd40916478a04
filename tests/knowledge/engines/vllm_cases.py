"""Argument vectors, releases and readings for the tests of vLLM's grammar."""

from collections.abc import Sequence
from pathlib import Path

from skewguard.knowledge.engines import tables, vllm, vllm_reading
from skewguard.knowledge.engines.interface import Argument, Parsed, Release
from skewguard.knowledge.engines.preparing import words_of
from skewguard.knowledge.engines.readings import Simulation
from skewguard.knowledge.engines.vllm_grammar import API_SERVER, SERVE, Program
from skewguard.language.facts import Origin
from skewguard.language.workloads import TextFile, Token

GROUND_TRUTH = Path(__file__).parents[2] / "data" / "parser-ground-truth"
SERVE_ARGV = ("vllm", "serve")
MODULE_ARGV = ("python3", "-m", "vllm.entrypoints.openai.api_server")


def token(text: str, *unresolved: str) -> Token:
    """One word as somebody wrote it on a command line."""
    return Token(text, Origin("command-line", "the command line", text=text), unresolved)


def tokens(*texts: str) -> tuple[Token, ...]:
    """Words of a command line."""
    return tuple(token(text) for text in texts)


def exactly(version: str) -> Release:
    """A release that an image tag names."""
    return Release("vllm", version, (version,), "exact", "the image tag", f"version@image:{version}")


def some(*versions: str) -> Release:
    """A release that may be any of these."""
    return Release("vllm", None, versions, "unknown", "no tag", "version@image:latest")


def anything() -> Release:
    """A release that nothing names."""
    return some(*vllm.releases())


def config(text: str, path: str = "/cfg/a.yaml") -> TextFile:
    """A config file in the input."""
    lines = tuple(
        Origin("file", "configmap.yaml", "configmap.yaml", number + 10, 5) for number, _ in enumerate(text.splitlines())
    )
    return TextFile(path, text, "ConfigMap vllm key a.yaml", Origin("file", "configmap.yaml"), lines)


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


def values(parsed: Parsed) -> dict[str, object]:
    """What the arguments set, by destination."""
    return {dest: fact.value for dest, fact in parsed.values.items()}


def odd(parsed: Parsed) -> list[Argument]:
    """The arguments with something the matter."""
    return [argument for argument in parsed.arguments if argument.fault is not None]


def faults(parsed: Parsed) -> list[tuple[str, str | None]]:
    """What is the matter with which word."""
    return [(argument.text, argument.fault) for argument in odd(parsed)]


__all__ = ["API_SERVER", "GROUND_TRUTH", "SERVE"]
