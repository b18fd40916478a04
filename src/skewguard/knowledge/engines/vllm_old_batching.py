"""How many tokens one step of vLLM's old engine (V0) holds where nobody says it.

Read in `SchedulerConfig` (vllm/config.py) of 0.4.2 to 0.10.2, with `vllm_batching` for V1.
"""

from skewguard.knowledge.engines import vllm_context, vllm_kinds, vllm_prefill
from skewguard.knowledge.engines.vllm_context import tokens_of
from skewguard.knowledge.engines.vllm_ground import Answer, Ground, derived, needs_model
from skewguard.language.facts import Fact

POOLING_FLOOR = 32768
MULTIMODAL_FLOORS = (("0.6.3", 5120), ("0.6.0", 4096))
"""Tokens of one step that V0 takes at least for models that pool, and for those that see or hear (SchedulerConfig)."""

_LENGTH = "it follows the context length, which the model's config decides"


def max_num_batched_tokens(setting: str, ground: Ground) -> Answer:
    """Split prompts: 512 tokens to 0.6.4, 2048 after; else the longest prompt. Floors for what pools, sees or hears."""
    rule = f"vllm.batch-tokens-v0@{ground.era('0.6.5')}"
    chunked = vllm_prefill.split_by_v0("runtime.chunked_prefill", ground)
    if not isinstance(chunked, Fact):
        return needs_model(setting, ground, rule, _LENGTH)
    step = _step(setting, ground, rule, split=chunked.value is True)
    if not isinstance(step, Fact):
        return step
    floor = _floor(ground, split=chunked.value is True)
    if floor is None:
        return needs_model(setting, ground, rule, "models that pool, see or hear get more")
    value = max(step.value, floor)
    if ground.since("0.9.0"):
        tokens = tokens_of(vllm_context.length(ground))
        seqs = ground.declared("max_num_seqs")
        if tokens is None:
            return needs_model(setting, ground, rule, _LENGTH)
        value = min(value, (seqs if isinstance(seqs, int) else 256) * tokens)
    return derived(setting, ground, "batch-tokens", value)


def _step(setting: str, ground: Ground, rule: str, *, split: bool) -> Answer:
    steps = ground.declared("num_scheduler_steps")
    many = isinstance(steps, int) and steps > 1 and ground.since("0.6.3")
    if split and not many:
        return derived(setting, ground, "batch-tokens", 2048 if ground.since("0.6.5") else 512)
    length = vllm_context.length(ground)
    tokens = tokens_of(length)
    if tokens is None:
        return needs_model(setting, ground, rule, _LENGTH)
    return derived(setting, ground, "batch-tokens", max(tokens, 2048))


def _floor(ground: Ground, *, split: bool) -> int | None:
    """The floor of a kind of model; None where the kind is not known.

    Before 0.6.0 those that pool had one where prompts are not split, and before 0.4.3 none had.
    """
    if not ground.since("0.4.3") or (split and not ground.since("0.6.0")):
        return 0
    senses = next((floor for first, floor in MULTIMODAL_FLOORS if ground.since(first)), 0)
    pools, seeing = vllm_kinds.pooling(ground), vllm_kinds.multimodal(ground)
    if pools:
        return POOLING_FLOOR
    if pools is None or (seeing is None and senses):
        return None
    return senses if seeing else 0
