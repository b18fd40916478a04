"""How vLLM's own argument handling changed from release to release, around the plain parser.

Read in `vllm/utils/argparse_utils.py` (before 0.11.1 `vllm/utils/__init__.py`, before 0.9 `vllm/utils.py`), class
`FlexibleArgumentParser`, and in `vllm/entrypoints/cli/serve.py` (before 0.7.3 `vllm/scripts.py`) of every release of
the table. Each rule names the first release that has it.
"""

from functools import cache
from typing import Literal

from msgspec import Struct

from skewguard.knowledge.engines.versions import since

Program = Literal["vllm serve", "vllm.entrypoints.openai.api_server"]

SERVE: Program = "vllm serve"
API_SERVER: Program = "vllm.entrypoints.openai.api_server"


class Behaviour(Struct, frozen=True):
    """What one release does with an argument vector before and after the parser."""

    serve: bool
    underscores: Literal["kept", "whole-name", "first-name"]
    dotted: Literal["unknown", "text", "json", "json-human"]
    level_flag: Literal["plain", "level", "mode", "optimization-or-dotted", "optimization"]
    model_flag: Literal["late-error", "error", "moved"]
    served_name_needs_model: bool
    config: Literal["unknown", "after-first", "behind-model", "model-aware", "headless-aware"]
    config_false: Literal["text", "dropped", "negated"]
    config_boolean_flags: bool
    config_lists: bool
    config_mappings: bool
    human_json: bool
    forbids_unknown_fields: bool
    adapter_json: bool
    adapter_equals: bool

    def __hash__(self) -> int:
        return id(self)


@cache
def behaviour(version: str) -> Behaviour:
    """What release `version` of the table does."""
    return Behaviour(
        serve=since(version, "0.5.2"),
        underscores=_era(version, ("0.9.1", "first-name"), ("0.5.1", "whole-name"), ("0", "kept")),  # type: ignore[arg-type]
        dotted=_era(version, ("0.20.0", "json-human"), ("0.9.2", "json"), ("0.9.0", "text"), ("0", "unknown")),  # type: ignore[arg-type]
        level_flag=_era(  # type: ignore[arg-type]
            version,
            ("0.13.0", "optimization"),
            ("0.12.0", "optimization-or-dotted"),
            ("0.11.1", "mode"),
            ("0.9.2", "level"),
            ("0", "plain"),
        ),
        model_flag=_era(version, ("0.11.1", "moved"), ("0.8.3", "error"), ("0", "late-error")),  # type: ignore[arg-type]
        served_name_needs_model=since(version, "0.17.0"),
        config=_era(  # type: ignore[arg-type]
            version,
            ("0.10.2", "headless-aware"),
            ("0.8.3", "model-aware"),
            ("0.6.3", "behind-model"),
            ("0.6.0", "after-first"),
            ("0", "unknown"),
        ),
        config_false=_era(version, ("0.28.0", "negated"), ("0.6.4", "dropped"), ("0", "text")),  # type: ignore[arg-type]
        config_boolean_flags=since(version, "0.6.4") and not since(version, "0.11.1"),
        config_lists=since(version, "0.10.2"),
        config_mappings=since(version, "0.16.0"),
        human_json=since(version, "0.20.0"),
        forbids_unknown_fields=since(version, "0.16.0"),
        adapter_json=since(version, "0.6.2"),
        adapter_equals=since(version, "0.30.0"),
    )


BOUNDARIES: dict[str, tuple[str, ...]] = {
    "underscore": ("0.5.1", "0.9.1"),
    "dot": ("0.9.0", "0.9.2", "0.20.0"),
    "-O": ("0.6.5", "0.9.2", "0.11.1", "0.12.0", "0.13.0"),
    "model": ("0.5.2", "0.8.3", "0.11.1", "0.17.0"),
    "served": ("0.17.0",),
    "config": ("0.6.0", "0.6.3", "0.6.4", "0.8.3", "0.10.2", "0.11.1", "0.16.0", "0.28.0"),
    "object": ("0.9.0", "0.9.1", "0.13.0", "0.16.0", "0.20.0"),
    "adapters": ("0.6.2", "0.30.0"),
    "positional": ("0.8.3", "0.10.0"),
    "program": ("0.5.2",),
    "image": ("0.5.2", "0.11.1"),
}
"""The releases at which words of each sort begin to be read in another way."""


def entrypoint(version: str) -> tuple[str, ...]:
    """What the official image starts: the API server module, from 0.11.1 on the `serve` command (its Dockerfile)."""
    if since(version, "0.11.1"):
        return ("vllm", "serve")
    return ("python3", "-m", API_SERVER)


def possible(candidates: tuple[str, ...], program: str, *, known: bool) -> tuple[str, ...]:
    """The candidates; of a version that is not known those that have the program, because somebody runs it."""
    if known or program != SERVE:
        return candidates
    return tuple(version for version in candidates if behaviour(version).serve) or candidates


def forbids(version: str, config: str) -> bool:
    """Whether an unknown field in the JSON of this config class stops the start."""
    if behaviour(version).forbids_unknown_fields:
        return True
    return config == "CompilationConfig" and (since(version, "0.13.0") or version in ("0.9.0", "0.9.0.1"))


def _era(version: str, *eras: tuple[str, str]) -> str:
    return next(name for first, name in eras if since(version, first))
