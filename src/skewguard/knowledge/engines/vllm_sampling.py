"""The sampling that vLLM falls back on where a request does not say it, and how many tokens it generates.

Read in `ModelConfig.try_get_generation_config`, `get_diff_sampling_param` (vllm/config.py, vllm/config/model.py) and
`try_get_generation_config` (transformers_utils/config.py). From 0.8.0 on the model's generation_config.json counts unless
`--generation-config vllm` says otherwise, from 0.6.6 to 0.7.3 only where it is asked for. What equals Transformers' own
default is left out (`to_diff_dict`); Transformers 4 has `top_k` 50 for one, Transformers 5 none. Where there is no such
file, the same keys of config.json count. `--override-generation-config` comes last, also over `vllm`.
"""

from collections.abc import Mapping
from typing import Any

from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.vllm_ground import Answer, Ground, derived, known, of_model, open_answer

DEFAULTS_SETTING = "vllm.default_sampling_params"
SETTINGS = ("limits.max_output_tokens", "limits.default_output_tokens", DEFAULTS_SETTING)
"""Settings of no flag of their own."""

_PARAMETERS = (
    ("repetition_penalty", "0.6.6"),
    ("presence_penalty", "0.31.0"),
    ("frequency_penalty", "0.31.0"),
    ("temperature", "0.6.6"),
    ("top_k", "0.6.6"),
    ("top_p", "0.6.6"),
    ("min_p", "0.6.6"),
    ("max_new_tokens", "0.7.0"),
    ("skip_special_tokens", "0.33.0"),
)
"""What is taken from the file, with the first release that takes it."""

_OWN_DEFAULTS: Mapping[str, Any] = {"repetition_penalty": 1.0, "temperature": 1.0, "top_p": 1.0}
"""Transformers' defaults that both its major versions leave out of what differs."""
_TOP_K = 50


def sampling(setting: str, ground: Ground) -> Answer:
    """One of `SETTINGS`."""
    override = ground.declared("override_generation_config") if ground.since("0.7.3") else None
    source = ground.declared("generation_config")
    if override is UNKNOWABLE or source is UNKNOWABLE:
        return open_answer(
            setting, "vllm.output-tokens", "the generation settings are not known", ("generation_config",), ""
        )
    written = override if isinstance(override, dict) else {}
    if setting == DEFAULTS_SETTING:
        return _defaults(setting, ground, source, written)
    return _tokens(setting, ground, source, written)


def _tokens(setting: str, ground: Ground, source: Any, written: Mapping[str, Any]) -> Answer:
    """The cap and the default of generated tokens; from 0.17.0 on the model's own number is a default and no cap."""
    if isinstance(written.get("max_new_tokens"), int):
        return derived(setting, ground, "output-tokens", written["max_new_tokens"])
    if _neutral(ground, source):
        return derived(setting, ground, "output-tokens", None)
    if setting == "limits.max_output_tokens" and source in (None, "auto") and ground.since("0.17.0"):
        return derived(setting, ground, "output-tokens", None, "the model's own limit is only a default")
    found = _of_model(ground, source)
    if found is None:
        rule = f"vllm.output-tokens@{ground.era('0.8.0', '0.17.0')}"
        return _unseen(setting, ground, rule, "the model's generation_config.json may set it")
    values, where = found
    value = values.get("max_new_tokens") if ground.since("0.7.0") else None
    return of_model(
        setting, ground, "output-tokens", value, f"max_new_tokens in {where}" if value is not None else where
    )


def _neutral(ground: Ground, source: Any) -> bool:
    """Whether no file counts: as written, or by default before 0.8.0."""
    return source == "vllm" or (source is None and not ground.since("0.8.0"))


def _defaults(setting: str, ground: Ground, source: Any, written: Mapping[str, Any]) -> Answer:
    """All sampling parameters that a request which names none gets, those that are neutral left out."""
    rule = f"vllm.sampling@{ground.era('0.6.6', '0.8.0', '0.31.0', '0.33.0')}"
    if not ground.since("0.6.6") or _neutral(ground, source):
        return derived(setting, ground, "sampling", _chosen(ground, {}, written))
    found = _of_model(ground, source)
    if found is None:
        return _unseen(setting, ground, rule, "the model's generation_config.json decides it")
    values, where = found
    if values.get("top_k") == _TOP_K and ground.since("0.16.0") and not ground.since("0.24.0"):
        reason = f"{where} names top_k 50, which Transformers 4 takes for its own default and Transformers 5 does not"
        inputs = (ground.generation_key, f"transformers@vllm=={ground.version}")
        return open_answer(setting, rule, reason, inputs, "the running server's log")
    return of_model(setting, ground, "sampling", _chosen(ground, values, written), where)


def _chosen(ground: Ground, values: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in values.items() if _OWN_DEFAULTS.get(key) != value}
    if kept.get("top_k") == _TOP_K and not ground.since("0.24.0"):
        del kept["top_k"]
    kept.update(written)
    found = {name: kept[name] for name, first in _PARAMETERS if ground.since(first) and kept.get(name) is not None}
    if "max_new_tokens" in found:
        found["max_tokens"] = found.pop("max_new_tokens")
    return found


def _of_model(ground: Ground, source: Any) -> tuple[Mapping[str, Any], str] | None:
    """The generation settings that lie with the model, and where; None where they are not known."""
    model = ground.checkpoint
    if model is None or (known(source) and source != "auto"):
        return None
    if model.generation is not None:
        return model.generation, "generation_config.json"
    if not model.whole:
        return None
    return {
        name: model.config[name] for name, _ in _PARAMETERS if name in model.config
    }, "no generation_config.json; config.json"


def _unseen(setting: str, ground: Ground, rule: str, reason: str) -> Answer:
    would_need = "the model's generation_config.json (--model-config), or the running server"
    return open_answer(setting, rule, reason, (ground.generation_key,), would_need)
