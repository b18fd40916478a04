"""Small source trees, written in the manner of an engine's releases, to read without any engine."""

from textwrap import dedent
from typing import Any

from tools.engine_tables import sglang, trtllm, vllm
from tools.engine_tables.release import Extract
from tools.engine_tables.source import Source


def source(version: str, files: dict[str, str]) -> Source:
    """A release's files, by path."""
    return Source(version, {path: dedent(text) for path, text in files.items()})


def of_vllm(version: str, files: dict[str, str]) -> Extract:
    """What is read of a vLLM release."""
    return vllm.extract(source(version, files))


def of_sglang(version: str, files: dict[str, str]) -> Extract:
    """What is read of an SGLang release."""
    return sglang.extract(source(version, files))


def flag(found: Extract, name: str) -> dict[str, Any]:
    """A flag's record without its own name."""
    return {part: value for part, value in found.flags[name].items() if part != "flags" or value != [name]}


def of_trtllm(version: str, files: dict[str, str]) -> Extract:
    """What is read of a TensorRT-LLM release."""
    return trtllm.extract(source(version, files))
