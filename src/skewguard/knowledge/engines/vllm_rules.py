"""What vLLM decides at its start, as far as it can be told without the model: rules by release.

Read in `vllm/engine/arg_utils.py` (`get_batch_defaults`, `_set_default_max_num_seqs_and_batched_tokens_args`, before
0.12 `_set_default_args*`), `vllm/config*.py` and `vllm/platforms/*` of every release of the table.

A rule's id ends in the release that began to decide so: two manifests whose releases decide by different rules do not
count as equal, even where both answers hang on the same unseen input.
"""

from collections.abc import Callable, Sequence
from functools import cache

from msgspec import Struct, structs

from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.versions import since
from skewguard.knowledge.engines.vllm_ground import (
    FALL_BACK,
    Answer,
    Ground,
    derived,
    falls_back,
    needs_model,
    runs_v1,
    undecided,
)
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Arm, Choice, Gap

BIG = "GPU memory ≥ 70 GiB and not an A100"
LONG_PROMPT = 32768
SURE_LENGTH = 128
"""Tokens that the context of every model served has at least; used only to rule out the limit that it sets."""


# ---- batch size -----------------------------------------------------------------------------------------------------


class Tier(Struct, frozen=True):
    """One arm of the batch defaults: for which GPUs, requests in a batch, tokens in a step."""

    when: str
    fits: Callable[[Accelerator], bool]
    seqs: int
    tokens: int


def _hopper(gpu: Accelerator) -> bool:
    return "h100" in gpu.device.lower() or "h200" in gpu.device.lower()


def _roomy(gpu: Accelerator) -> bool:
    return gpu.memory_gib >= 70


def _roomy_new(gpu: Accelerator) -> bool:
    return gpu.memory_gib >= 70 and "a100" not in gpu.device.lower()


def _huge(gpu: Accelerator) -> bool:
    return gpu.memory_gib >= 160


def _roomy_not_gb10(gpu: Accelerator) -> bool:
    return _roomy_new(gpu) and "gb10" not in gpu.device.lower()


def _any(_gpu: Accelerator) -> bool:
    return True


_REST = "any other GPU"
_SMALL = Tier(_REST, _any, 256, 2048)
TIERS: tuple[tuple[str, tuple[Tier, ...]], ...] = (
    (
        "0.33.0",
        (
            Tier("GPU memory ≥ 160 GiB", _huge, 1024, 16384),
            Tier(f"{BIG} nor a GB10", _roomy_not_gb10, 1024, 8192),
            _SMALL,
        ),
    ),
    ("0.28.0", (Tier("GPU memory ≥ 160 GiB", _huge, 1024, 16384), Tier(BIG, _roomy_new, 1024, 8192), _SMALL)),
    ("0.9.0", (Tier(BIG, _roomy_new, 1024, 8192), _SMALL)),
    ("0.8.5", (Tier("GPU memory ≥ 70 GiB", _roomy, 1024, 8192), _SMALL)),
    ("0.8.4", (Tier("H100 or H200 by name", _hopper, 1024, 8192), _SMALL)),
    ("0.8.0", (Tier("H100 or H200 by name", _hopper, 1024, 8192), Tier(_REST, _any, 1024, 2048))),
    ("0.7.3", (Tier("H100 or H200 by name", _hopper, 1024, 8192), Tier(_REST, _any, 1024, 2048))),
    ("0.6.5", (Tier(_REST, _any, 1024, 2048),)),
)
"""The batch defaults of the OpenAI server on GPUs, by the first release that has them (engine V1)."""


def max_num_seqs(setting: str, ground: Ground) -> Answer:
    """Requests in one batch."""
    if runs_v1(ground) is False:
        return derived(setting, ground.version, "vllm.batch-size", 256)
    tiers = _tiers(setting, ground)
    if isinstance(tiers, Gap):
        return tiers
    era, arms = tiers
    values = [tier.seqs * _throughput(ground) for tier in arms]
    if since(ground.version, "0.10.1"):
        steps = _tokens(ground, arms, own=False)
        if steps is None:
            return needs_model(
                setting, ground, _rule(era, ground), "the tokens of one step limit it, and they depend on the model"
            )
        values = [min(value, step) for value, step in zip(values, steps, strict=True)]
    return _answer(setting, ground, era, arms, values)


def max_num_batched_tokens(setting: str, ground: Ground) -> Answer:
    """Tokens in one step."""
    if runs_v1(ground) is False:
        return _old_tokens(setting, ground)
    tiers = _tiers(setting, ground)
    if isinstance(tiers, Gap):
        return tiers
    era, arms = tiers
    values = _tokens(ground, arms, own=True)
    if values is None:
        return needs_model(
            setting, ground, _rule(era, ground), "it follows the context length, which the model's config decides"
        )
    return _answer(setting, ground, era, arms, values)


def _tiers(setting: str, ground: Ground) -> tuple[str, tuple[Tier, ...]] | Gap:
    if falls_back(ground):
        return undecided(setting, ground)
    gpu = ground.hardware.accelerator
    if gpu is not None and gpu.vendor not in ("nvidia", "amd"):
        return Gap(
            setting,
            f"batch defaults on {gpu.name} are not known here",
            "vllm.batch-tier-other",
            (ground.hardware.key,),
            "the running server",
        )
    era, tiers = next((first, tiers) for first, tiers in TIERS if since(ground.version, first))
    if gpu is not None:
        tiers = (next(tier for tier in tiers if tier.fits(gpu)),)
    return era, tiers


def _throughput(ground: Ground) -> int:
    return 2 if since(ground.version, "0.17.0") and ground.declared("performance_mode") == "throughput" else 1


def _tokens(ground: Ground, tiers: Sequence[Tier], *, own: bool) -> list[int] | None:
    """Tokens of one step for each tier; None when the model's context length decides. `own`: nobody wrote them."""
    written = ground.declared("max_num_batched_tokens")
    if written is UNKNOWABLE:
        return None
    if not own and isinstance(written, int):
        return [written] * len(tiers)
    if since(ground.version, "0.20.0") and _batched_experts(ground):
        steps = [256 * _throughput(ground)] * len(tiers)
    else:
        steps = [tier.tokens * _throughput(ground) for tier in tiers]
    length = ground.declared("max_model_len")
    known = length if isinstance(length, int) and length > 0 and not isinstance(length, bool) else None
    if ground.declared("enable_chunked_prefill") is False and since(ground.version, "0.10.1"):
        if known is None or not since(ground.version, "0.11.1"):
            return None
        steps = [max(known, step) for step in steps]
    return _bounded(ground, tiers, steps, known) if since(ground.version, "0.11.1") else steps


def _bounded(ground: Ground, tiers: Sequence[Tier], steps: list[int], length: int | None) -> list[int] | None:
    """No more tokens than all requests together can have (0.11.1 and newer)."""
    written = ground.declared("max_num_seqs")
    if written is UNKNOWABLE:
        return None
    seqs = [written if isinstance(written, int) else tier.seqs * _throughput(ground) for tier in tiers]
    if length is not None:
        return [min(step, each * length) for step, each in zip(steps, seqs, strict=True)]
    if all(each * SURE_LENGTH >= step for step, each in zip(steps, seqs, strict=True)):
        return steps
    return None


def _batched_experts(ground: Ground) -> bool:
    data = ground.declared("data_parallel_size")
    return (
        ground.declared("all2all_backend") in ("deepep_low_latency", "nixl_ep")
        and ground.declared("enable_expert_parallel") is True
        and isinstance(data, int)
        and data > 1
    )


def _rule(era: str, ground: Ground) -> str:
    return f"vllm.batch-tier@{era}" + ("x2" if _throughput(ground) == 2 else "")


def _answer(setting: str, ground: Ground, era: str, tiers: Sequence[Tier], values: Sequence[int]) -> Answer:
    gpu = ground.hardware.accelerator
    assumes = (FALL_BACK,) if falls_back(ground) is False else ()
    if len(set(values)) == 1:
        fact = derived(setting, ground.version, "batch-tier", values[0], gpu.name if gpu else "")
        return structs.replace(fact, assumes=assumes)
    arms = tuple(Arm(tier.when, value) for tier, value in zip(tiers, values, strict=True))
    return Choice(setting, _rule(era, ground), (ground.hardware.key,), _joined(arms), assumes)


def _joined(arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
    """Arms with equal values as one."""
    found: list[Arm] = []
    for arm in arms:
        if found and found[-1].value == arm.value:
            found[-1] = Arm(f"{found[-1].when}, or {arm.when}", arm.value)
        else:
            found.append(arm)
    return tuple(found)


def _old_tokens(setting: str, ground: Ground) -> Answer:
    rule = "vllm.batch-tokens-v0"
    if since(ground.version, "0.6.4"):
        return needs_model(setting, ground, rule, "it depends on the context length and on the kind of model")
    chunked = ground.declared("enable_chunked_prefill")
    length = ground.declared("max_model_len")
    if chunked is True:
        return derived(setting, ground.version, "batch-tokens", 512)
    decided = (
        chunked is False or not since(ground.version, "0.5.4") or (isinstance(length, int) and length <= LONG_PROMPT)
    )
    if decided and isinstance(length, int):
        return derived(setting, ground.version, "batch-tokens", max(length, 2048))
    return needs_model(setting, ground, rule, "it follows the context length, which the model's config decides")


# ---- the rest -------------------------------------------------------------------------------------------------------


@cache  # of the table's releases and the firsts written in the rules
def era(version: str, *firsts: str) -> str:
    """The newest of `firsts` that is not newer than `version`."""
    return next(
        (
            first
            for first in sorted(firsts, key=lambda text: [int(part) for part in text.split(".")], reverse=True)
            if since(version, first)
        ),
        "0.4.2",
    )


def dtype(setting: str, ground: Ground) -> Answer:
    """`auto`: from the checkpoint; 32-bit ones become what the GPU likes from 0.9.1 on, float16 before."""
    first = era(ground.version, "0.9.1")
    more = (ground.hardware.key,) if first == "0.9.1" else ()
    return needs_model(
        setting, ground, f"vllm.dtype@{first}", "`auto` takes the number format of the checkpoint", *more
    )


def max_model_len(setting: str, ground: Ground) -> Answer:
    """Unset: from the model's config; `auto` or -1 from 0.14 on: what fits into the GPU's memory."""
    first = era(ground.version, "0.8.3", "0.11.1", "0.30.0")
    if ground.declared("max_model_len") in (-1, "auto"):
        return needs_model(
            setting,
            ground,
            f"vllm.max-model-len-fit@{first}",
            "it is cut to what fits into the GPU's memory",
            ground.hardware.key,
        )
    return needs_model(setting, ground, f"vllm.max-model-len@{first}", "the model's config decides the context length")


def quantization(setting: str, ground: Ground) -> Answer:
    """Unset: what the checkpoint says, sometimes rewritten to a faster kernel of the same method."""
    first = era(ground.version, "0.31.0", "0.33.0")
    return needs_model(
        setting, ground, f"vllm.quantization@{first}", "the checkpoint says how it is quantized", ground.hardware.key
    )


def kv_cache_dtype(setting: str, ground: Ground) -> Answer:
    """`auto`: the model's number format; from 0.14 on a checkpoint can ask for a smaller one."""
    first = era(ground.version, "0.14.0")
    return needs_model(setting, ground, f"vllm.kv-cache-dtype@{first}", "`auto` follows the model and its checkpoint")


def prefix_caching(setting: str, ground: Ground) -> Answer:
    """Off in the old engine; in V1 on for the models that support it."""
    if ground.variable("VLLM_USE_V1") is UNKNOWABLE and runs_v1(ground) is None:
        return undecided(setting, ground)
    if runs_v1(ground) is False:
        return derived(setting, ground.version, "prefix-caching", value=False)
    first = era(ground.version, "0.8.0", "0.9.2", "0.26.0", "0.28.0")
    return needs_model(setting, ground, f"vllm.prefix-caching@{first}", "it is on for the models that support it")


def chunked_prefill(setting: str, ground: Ground) -> Answer:
    """In the old engine on above 32768 tokens of context; in V1 on for the models that support it."""
    if ground.variable("VLLM_USE_V1") is UNKNOWABLE and runs_v1(ground) is None:
        return undecided(setting, ground)
    if runs_v1(ground) is False:
        length = ground.declared("max_model_len")
        if isinstance(length, int) and 0 < length <= LONG_PROMPT:
            return derived(setting, ground.version, "chunked-prefill", value=False)
        return needs_model(setting, ground, "vllm.chunked-prefill@0.5.4", "it is on above 32768 tokens of context")
    if not since(ground.version, "0.9.2") and runs_v1(ground):
        return derived(setting, ground.version, "chunked-prefill", value=True)
    first = era(ground.version, "0.8.0", "0.9.2", "0.11.1")
    return needs_model(setting, ground, f"vllm.chunked-prefill@{first}", "it is on for the models that support it")


def attention_backend(setting: str, ground: Ground) -> Answer:
    """Unset: chosen by GPU, head size and number formats."""
    first = era(ground.version, "0.8.0", "0.11.0", "0.15.1")
    return needs_model(
        setting,
        ground,
        f"vllm.attention-backend@{first}",
        "it is chosen by GPU, head size and number formats",
        ground.hardware.key,
    )


def block_size(setting: str, ground: Ground) -> Answer:
    """Unset: the platform's and the attention backend's choice."""
    return needs_model(
        setting, ground, "vllm.block-size", "platform and attention backend choose it", ground.hardware.key
    )


RULES: dict[str, Callable[[str, Ground], Answer]] = {
    "max_num_seqs": max_num_seqs,
    "max_num_batched_tokens": max_num_batched_tokens,
    "dtype": dtype,
    "max_model_len": max_model_len,
    "quantization": quantization,
    "kv_cache_dtype": kv_cache_dtype,
    "enable_prefix_caching": prefix_caching,
    "enable_chunked_prefill": chunked_prefill,
    "attention_backend": attention_backend,
    "block_size": block_size,
}
"""Destinations that vLLM decides at its start when their default is None or `auto`."""
