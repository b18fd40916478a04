"""What engines do with a context that is longer than the model's own."""

from collections.abc import Mapping

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines.interface import EngineModule
from skewguard.knowledge.engines.vllm_context import KEYS
from skewguard.language.facts import Value
from skewguard.language.workloads import EnvVar

SWITCHES: Mapping[str, str] = {
    "vllm": "VLLM_ALLOW_LONG_MAX_MODEL_LEN",
    "sglang": "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN",
}
"""The variable of each engine that lets a longer context pass.

vLLM has it from 0.5.4 on and ends without it (`_get_and_verify_max_len`); SGLang 0.4.4 to 0.4.10.post2 let a longer one
pass unless the variable says no, the releases before and after end (`ModelConfig`).
"""


def longest(engine: str, found: Checkpoint, own: Value) -> int | None:
    """The longest context that may be written, in tokens; None where nothing bounds it. `own` is what holds unwritten.

    vLLM bounds nothing where config.json names no length, takes one up to `model_max_length`, and with LongRoPE up to
    the stretched length, although it begins at the original one (from 0.11.1 on).
    """
    lengths = found.decoder.lengths
    if not isinstance(own, int) or isinstance(own, bool):
        return None
    if engine != "vllm":
        return own
    keys = [lengths[key] for key in KEYS if key in lengths]
    if not keys and not found.tokenizer_length and not found.sentence:
        return None
    stretched = min(keys) if keys and any(rope.type in ("longrope", "su") for rope in found.ropes) else 0
    return max(own, stretched, lengths.get("model_max_length", 0))


def lets_pass(module: EngineModule, version: str, entry: EnvVar | None) -> bool | None:
    """Whether a release starts with a longer context; None where nobody knows what the variable says."""
    known = module.variables(version)
    name = SWITCHES[module.NAME]
    if name not in known:
        return False
    if entry is not None and entry.value is None:
        return None
    said = entry.value if entry is not None else known[name]
    return str(said).strip().lower() in ("1", "true", *(("yes", "y") if module.NAME == "sglang" else ()))
