"""The sampling that SGLang falls back on where a request does not say it.

Read in `ModelConfig.get_default_sampling_params` (srt/configs/model_config.py), the same in every release from
0.5.3.post1 on, the first with `--sampling-defaults`: the model's generation_config.json counts unless that says `openai`.
The file goes through Transformers, whose version 4 fills in its own `top_k` of 50 where the file names none.
"""

from collections.abc import Mapping
from typing import Any

from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.sglang_ground import ASK, Ground, derived, unknown_argument
from skewguard.language.facts import Effective, Gap

SETTING = "sglang.default_sampling_params"
"""A setting of no flag of its own."""

_PARAMETERS = ("repetition_penalty", "temperature", "top_k", "top_p", "min_p")
_NEUTRAL: Mapping[str, Any] = {"repetition_penalty": 1.0, "temperature": 1.0, "top_p": 1.0, "min_p": 0.0}
"""What changes nothing, whether the file says it or Transformers fills it in."""


def default_sampling(setting: str, ground: Ground) -> Effective:
    """All sampling parameters that a request which names none gets, those that are neutral left out."""
    source = ground.declared("sampling_defaults")
    if source is UNKNOWABLE:
        return unknown_argument(setting, ground, "where the defaults of requests come from is not known")
    if source == "openai":
        return derived(setting, ground, "sampling", {}, "no file counts")
    model = ground.checkpoint
    if model is None or (model.generation is None and not model.whole):
        return _gap(setting, ground, "the model's generation_config.json decides it")
    if model.generation is None:
        return derived(setting, ground, "sampling", {}, "no generation_config.json")
    named = {name: model.generation[name] for name in _PARAMETERS if model.generation.get(name) is not None}
    if "top_k" not in named:
        return _gap(setting, ground, "generation_config.json names no top_k, and Transformers 4 takes 50 for it")
    kept = {name: value for name, value in named.items() if _NEUTRAL.get(name) != value}
    return derived(setting, ground, "sampling", kept, "generation_config.json")


def _gap(setting: str, ground: Ground, reason: str) -> Gap:
    key = ground.model_key.replace("config.json@", "generation_config.json@", 1)
    return Gap(
        setting, reason, "sglang.sampling", (key,), f"the model's generation_config.json (--model-config), or {ASK}"
    )
