"""Which of the model's files vLLM really goes by: what its own arguments and variables put in their place.

Read in `ModelConfig.__post_init__`, `maybe_model_redirect` (transformers_utils/utils.py, from 0.8.5 on),
`maybe_override_with_speculators` (transformers_utils/config.py, from 0.11.0 on) and `get_config`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from skewguard.knowledge import checkpoints
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines.readings import UNKNOWABLE, Unknowable
from skewguard.knowledge.engines.versions import since
from skewguard.language.errors import InputError

REDIRECT = "VLLM_MODEL_REDIRECT_PATH"
"""Names a file that puts other paths in the place of models (JSON, or lines of `MODEL<TAB>PATH`)."""

_HF_FORMATS = (None, "auto", "hf")


def readable(
    version: str,
    given: Checkpoint | None,
    declared: Callable[[str], Any],
    variable: Callable[[str], str | Unknowable | None],
) -> tuple[Checkpoint | None, str]:
    """The checkpoint as this release sees it, overrides applied; None where it goes by other files, and why in words."""
    if given is None:
        return None, ""
    why = _elsewhere(version, given, declared, variable)
    if why:
        return None, why
    changes = _changes(version, declared)
    if changes is None:
        return None, "what --hf-overrides changes in it is not known"
    if any(checkpoints.is_part(key) for key in changes) and not since(version, "0.12.0"):
        return (
            None,
            f"vLLM {version} puts what --hf-overrides says of a part of the config in the place of the whole part",
        )
    try:
        return (checkpoints.overridden(given, changes) if changes else given), ""
    except InputError as error:
        return None, error.message


def _elsewhere(
    version: str, given: Checkpoint, declared: Callable[[str], Any], variable: Callable[[str], str | Unknowable | None]
) -> str:
    """What makes vLLM go by other files than those given, in words; empty where nothing does."""
    if declared("config_format") not in _HF_FORMATS:
        return "--config-format reads another file than config.json"
    if declared("load_format") == "gguf" or checkpoints.is_gguf(str(declared("model"))):
        return "a GGUF file holds its own config"
    if declared("hf_config_path") is not None:
        return "--hf-config-path takes the config from another place"
    if variable(REDIRECT) is not None and since(version, "0.8.5"):
        return f"{REDIRECT} may put another model in its place"
    if given.config.get("speculators_config") and since(version, "0.11.0"):
        return "it is a speculator's, and vLLM serves the model that this one drafts for"
    return ""


def _changes(version: str, declared: Callable[[str], Any]) -> Mapping[str, Any] | None:
    """What arguments change in the config; None where that is not known."""
    changes: dict[str, Any] = {}
    for dest in ("rope_scaling", "rope_theta"):  # flags of their own to 0.11.0
        value = declared(dest)
        if value is UNKNOWABLE:
            return None
        if value is not None:
            changes[dest] = value
    overrides = declared("hf_overrides")
    if overrides is UNKNOWABLE or (overrides is not None and not isinstance(overrides, Mapping)):
        return None
    return {**changes, **(overrides or {})} if since(version, "0.4.3") else changes
