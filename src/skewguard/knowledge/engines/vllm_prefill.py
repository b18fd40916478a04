"""Whether vLLM splits long prompts, and whether it keeps the KV blocks of equal beginnings.

Read in `_set_default_args_v0`, `_set_default_args_v1`, `_set_default_args`, `create_engine_config`,
`_set_default_chunked_prefill_and_prefix_caching_args` (vllm/engine/arg_utils.py), `is_chunked_prefill_supported` and
`is_prefix_caching_supported` (vllm/config/model.py), and `MambaModelConfig` (model_executor/models/config.py).
"""

from collections.abc import Callable, Sequence

from skewguard.knowledge.engines import vllm_context, vllm_kinds
from skewguard.knowledge.engines.vllm_generations import Engine, engine, undecided
from skewguard.knowledge.engines.vllm_ground import (
    Answer,
    Ground,
    Kind,
    behind,
    by_gpu,
    derived,
    known,
    needs_model,
    open_answer,
)
from skewguard.language.accelerators import Accelerator

LONG_PROMPT = 32768
"""Tokens of context above which V0 splits prompts."""

ENGINES = (Kind("a GPU of the Ampere generation or newer", "L40S"), Kind("an older GPU (T4, V100)", "T4"))
HOPPER = (
    Kind("a GPU of the Hopper generation", "H100"),
    Kind("another GPU of the Ampere generation or newer", "L40S"),
    Kind("an older GPU (T4, V100)", "T4"),
)


def _by_engine(
    setting: str, ground: Ground, rule: str, old: Callable[[], Answer], new: Callable[[Engine], Answer]
) -> Answer:
    """The answer of the engine that runs: of `old` for V0, of `new` for V1."""

    def answer(gpu: Accelerator | None) -> Answer:
        runs = engine(ground, gpu)
        if runs.v1 is None:
            return undecided(setting, ground, rule, runs)
        return new(runs) if runs.v1 else old()

    if not ground.on_gpu or not ground.since("0.8.0") or ground.since("0.11.0"):
        return answer(ground.hardware.accelerator)
    asked = ground.declared("kv_cache_dtype")
    return by_gpu(setting, ground, rule, HOPPER if asked not in (None, "auto") else ENGINES, answer)


# ---- chunked prefill -------------------------------------------------------------------------------------------------


def chunked_prefill(setting: str, ground: Ground) -> Answer:
    """In V0 on above 32768 tokens of context; in V1 on for the models that support it."""
    rule = f"vllm.chunked-prefill@{ground.era('0.5.3', '0.8.0', '0.9.2', '0.11.1')}"
    return _by_engine(
        setting,
        ground,
        rule,
        lambda: split_by_v0(setting, ground),
        lambda runs: _chunked_v1(setting, ground, rule, runs),
    )


def split_by_v0(setting: str, ground: Ground) -> Answer:
    """Whether V0 splits prompts: as written, else from 0.5.3 on by the context length and the kind of model."""
    rule = "vllm.chunked-prefill@0.5.3"
    written = ground.declared("enable_chunked_prefill")
    if isinstance(written, bool):
        return derived(setting, ground, "chunked-prefill", written, "as written")
    off = derived(setting, ground, "chunked-prefill", value=False)
    length = vllm_context.length(ground)
    tokens = vllm_context.tokens_of(length)
    if (tokens is not None and tokens <= LONG_PROMPT) or _excluded(ground) or not ground.since("0.5.3"):
        return off
    if tokens is None:
        return behind(setting, ground, rule, length)
    found = ground.checkpoint
    if found is None:
        return needs_model(setting, ground, rule, "above 32768 tokens it is on for plain models")
    window = found.decoder.sliding_window is not None and ground.declared("disable_sliding_window") is not True
    stateful = vllm_kinds.hybrid(ground) or vllm_kinds.attention_free(ground)
    stateful = stateful and ground.since("0.5.4") and not ground.since("0.6.3")
    pools = vllm_kinds.pooling(ground) and ground.since("0.6.5")
    senses = vllm_kinds.multimodal(ground) and ground.since("0.6.2")
    latent = found.decoder.latent is not None and ground.since("0.7.3")
    if window or stateful or pools or senses or latent:
        return off
    return derived(setting, ground, "chunked-prefill", value=True, why=f"{tokens} tokens of context")


def _excluded(ground: Ground) -> bool:
    """What keeps V0 from splitting prompts on its own accord."""
    drafts = ("speculative_model", "speculative_config", "enable_lora", "enable_prompt_adapter")
    if any(known(ground.declared(dest)) and ground.declared(dest) is not False for dest in drafts):
        return True
    if not ground.on_gpu or (ground.platform == "rocm" and ground.since("0.6.5")):
        return True
    return ground.declared("enable_prefix_caching") is True and not ground.since("0.6.1")


def _chunked_v1(setting: str, ground: Ground, rule: str, runs: Engine) -> Answer:
    on = derived(setting, ground, "chunked-prefill", value=True, assumes=runs.assumes)
    if not ground.since("0.9.2"):
        return on
    pools, reads = vllm_kinds.pooling(ground), vllm_kinds.encoder_decoder(ground)
    if pools is None or (reads is None and ground.since("0.12.0")):
        return needs_model(setting, ground, rule, "it is on for the models that support it")
    if pools:
        return _of_pooler(setting, ground, rule, runs.assumes)
    if reads:
        if not ground.since("0.12.0"):
            return open_answer(
                setting, rule, "encoder-decoder models decide it themselves", (ground.model_key,), "the running server"
            )
        return derived(setting, ground, "chunked-prefill", value=False, why="an encoder-decoder model")
    return on


def _of_pooler(setting: str, ground: Ground, rule: str, assumes: Sequence[str] = ()) -> Answer:
    whole = vllm_kinds.piecewise(ground)
    if whole is not None and ground.checkpoint is not None:
        name = "chunked-prefill" if "chunked" in setting else "prefix-caching"
        return derived(setting, ground, name, whole, f"{ground.checkpoint.pooling} pooling", assumes)
    reason = "for models that pool it follows the kind of pooling and of attention"
    return open_answer(setting, rule, reason, (ground.model_key, "pooling@the model"), "the running server")


# ---- prefix caching --------------------------------------------------------------------------------------------------


def prefix_caching(setting: str, ground: Ground) -> Answer:
    """Off in V0; in V1 on for the models that support it, which those with Mamba layers do from 0.28.0 on."""
    rule = f"vllm.prefix-caching@{ground.era('0.8.0', '0.9.2', '0.26.0', '0.28.0')}"
    return _by_engine(
        setting,
        ground,
        rule,
        lambda: derived(setting, ground, "prefix-caching", value=False),
        lambda runs: _cached_v1(setting, ground, rule, runs),
    )


def _cached_v1(setting: str, ground: Ground, rule: str, runs: Engine) -> Answer:
    if ground.declared("enable_prompt_embeds") is True and ground.since("0.11.0") and not ground.since("0.11.1"):
        return derived(setting, ground, "prefix-caching", value=False, why="--enable-prompt-embeds")
    if ground.checkpoint is None and vllm_kinds.pooling(ground) is not True:
        return needs_model(setting, ground, rule, "it is on for the models that support it")
    if vllm_kinds.pooling(ground):
        return _of_pooler(setting, ground, rule, runs.assumes)
    why = _uncached(ground)
    if vllm_kinds.plain(ground) is None and why is None:
        return needs_model(setting, ground, rule, "it is on for the models that support it")
    return derived(setting, ground, "prefix-caching", why is None, why or "", runs.assumes)


def _uncached(ground: Ground) -> str | None:
    """Why a model that generates is served without, in words."""
    if vllm_kinds.multimodal(ground) and not ground.since("0.6.5"):
        return "a model that sees or hears"
    if vllm_kinds.attention_free(ground):
        return "a model without attention"
    if vllm_kinds.encoder_decoder(ground):
        return "an encoder-decoder model"
    return "a model with Mamba layers" if vllm_kinds.hybrid(ground) and not ground.since("0.28.0") else None
