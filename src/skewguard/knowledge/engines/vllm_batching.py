"""How many requests and how many tokens one step of vLLM holds where nobody says it.

Read in `get_batch_defaults`, `_set_default_args*` and `_set_default_max_num_seqs_and_batched_tokens_args`
(vllm/engine/arg_utils.py), and in `SchedulerConfig` (vllm/config.py, vllm/config/scheduler.py), for the OpenAI server:
the offline class has other numbers. Of 0.6.4, the first release with V1, in `EngineCore` (vllm/v1/engine/core.py). A GPU whose memory cannot be asked (a Ray head without one) counts as a small one.
"""

from collections.abc import Callable

from msgspec import Struct

from skewguard.knowledge.engines import vllm_context, vllm_kinds, vllm_old_batching
from skewguard.knowledge.engines.readings import UNKNOWABLE
from skewguard.knowledge.engines.vllm_context import tokens_of
from skewguard.knowledge.engines.vllm_generations import Engine, engine, undecided
from skewguard.knowledge.engines.vllm_ground import (
    Answer,
    Ground,
    Kind,
    behind,
    by_gpu,
    derived,
    needs_model,
    open_answer,
)
from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Fact

BIG = "GPU memory ≥ 70 GiB and not an A100"
SURE_LENGTH = 128
"""Tokens that the context of every model served has at least; used only to rule out the limit that it sets."""


class Tier(Struct, frozen=True):
    """Requests in a batch and tokens in a step for the GPUs that `fits`."""

    kind: Kind
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
    return _roomy_new(gpu) and gpu.capability != 12.1


def _any(_gpu: Accelerator) -> bool:
    return True


_REST = Kind("any other GPU", "L40S")
_SMALL = Tier(_REST, _any, 256, 2048)
_OLD = Kind("a GPU older than Ampere (T4, V100)", "T4")
_HUGE = Tier(Kind("GPU memory ≥ 160 GiB", "B200"), _huge, 1024, 16384)
_BY_NAME = Kind("H100 or H200 by name", "H100")
TIERS: tuple[tuple[str, tuple[Tier, ...]], ...] = (
    ("0.33.0", (_HUGE, Tier(Kind(f"{BIG} nor a GB10", "H100"), _roomy_not_gb10, 1024, 8192), _SMALL)),
    ("0.28.0", (_HUGE, Tier(Kind(BIG, "H100"), _roomy_new, 1024, 8192), _SMALL)),
    ("0.9.0", (Tier(Kind(BIG, "H100"), _roomy_new, 1024, 8192), _SMALL)),
    ("0.8.5", (Tier(Kind("GPU memory ≥ 70 GiB", "H100"), _roomy, 1024, 8192), _SMALL)),
    ("0.8.4", (Tier(_BY_NAME, _hopper, 1024, 8192), _SMALL)),
    ("0.7.0", (Tier(_BY_NAME, _hopper, 1024, 8192), Tier(_REST, _any, 1024, 2048))),
    ("0.6.4", (Tier(_REST, _any, 1024, 2048),)),
)
"""The batch defaults of the OpenAI server on GPUs, by the first release that has them (V1), the widest tier first."""

_TPU_TOKENS = {"TPU-v6e": 1024, "TPU-v5e": 512, "TPU-v5p": 256}


def max_num_seqs(setting: str, ground: Ground) -> Answer:
    """Requests in one batch."""
    return _by_tier(
        setting,
        ground,
        old=lambda: derived(setting, ground, "batch-size", 256),
        new=lambda start, runs: _seqs(setting, ground, start, runs),
    )


def max_num_batched_tokens(setting: str, ground: Ground) -> Answer:
    """Tokens in one step."""
    return _by_tier(
        setting,
        ground,
        old=lambda: vllm_old_batching.max_num_batched_tokens(setting, ground),
        new=lambda start, runs: _tokens(setting, ground, start, runs, own=True),
    )


class _Start(Struct, frozen=True):
    """What a device begins with: requests and tokens, and the device in words."""

    seqs: int
    tokens: int
    device: str


def _by_tier(
    setting: str, ground: Ground, *, old: Callable[[], Answer], new: Callable[[_Start, Engine], Answer]
) -> Answer:
    era, tiers = next(((first, tiers) for first, tiers in TIERS if ground.since(first)), ("0.4.2", (_SMALL,)))
    rule = f"vllm.batch-tier@{era}" + ("x2" if _throughput(ground) == 2 else "")

    def answer(start: _Start, gpu: Accelerator | None) -> Answer:
        runs = engine(ground, gpu)
        if runs.v1 is None:
            return undecided(setting, ground, rule, runs)
        return new(start, runs) if runs.v1 else old()

    def on_gpu(gpu: Accelerator) -> Answer:
        tier = next(tier for tier in tiers if tier.fits(gpu))
        named = gpu.title if ground.hardware.accelerator is not None else ""
        return answer(_Start(tier.seqs, tier.tokens, named), gpu)

    if ground.on_gpu:
        return by_gpu(setting, ground, rule, _kinds(ground, tiers), on_gpu)
    start = _elsewhere(ground)
    if start is None:
        reason = f"batch defaults on this device ({ground.platform}) are not known here"
        return open_answer(
            setting, f"vllm.batch-tier-other@{era}", reason, (ground.hardware.key,), "the running server"
        )
    return answer(start, ground.hardware.accelerator)


def _kinds(ground: Ground, tiers: tuple[Tier, ...]) -> list[Kind]:
    """How the rules part GPUs: by tier, and where older ones have another engine, by generation."""
    kinds = [tier.kind for tier in tiers]
    both = ground.since("0.8.0") and not ground.since("0.11.0") and ground.variable("VLLM_USE_V1") is None
    if both and ground.platform != "rocm" and ground.declared("kv_cache_dtype") not in (None, "auto"):
        return _by_generation(tiers)
    return [*kinds[:-1], _OLD, kinds[-1]] if both and not ground.since("0.10.2") else kinds


def _by_generation(tiers: tuple[Tier, ...]) -> list[Kind]:
    """Where a KV cache of 8 bits wants Hopper, V1 and its tiers are for those GPUs alone; every other one runs V0."""
    found = [Kind(f"a GPU of the Hopper generation, {tier.kind.when}", tier.kind.example) for tier in tiers[:-1]]
    rest = Kind("any other GPU of the Hopper generation", _small_hopper(tiers))
    return [*found, rest, Kind("a GPU of another generation", "L40S")]


def _small_hopper(tiers: tuple[Tier, ...]) -> str:
    """A GPU of that generation in the lowest tier: one of another name, or a slice."""
    names = ("H20", "H100-80GB-MIG-1g.10gb")
    known = ((name, accelerators.find(name)) for name in names)
    return next(name for name, gpu in known if gpu is not None and not any(tier.fits(gpu) for tier in tiers[:-1]))


def _elsewhere(ground: Ground) -> _Start | None:
    """The defaults on devices that are no GPU: CPUs from 0.9.2 on (by world size from 0.10.0 on), TPUs from 0.9.0 on."""
    if ground.platform == "cpu" and ground.since("0.9.2"):
        if not ground.since("0.10.0"):
            return _Start(32, 2048, "CPU")
        size = _world(ground)
        return None if size is None else _Start(128 * size, 2048 * size, "CPU")
    gpu = ground.hardware.accelerator
    if ground.platform == "tpu" and ground.since("0.9.0") and gpu is not None:
        big = _roomy_new(gpu)
        return _Start(1024 if big else 256, _TPU_TOKENS.get(gpu.name, 8192 if big else 2048), gpu.title)
    return None


def _world(ground: Ground) -> int | None:
    sizes = [ground.declared(dest) for dest in ("tensor_parallel_size", "pipeline_parallel_size")]
    if any(size is UNKNOWABLE for size in sizes):
        return None
    tensor, pipeline = (size if isinstance(size, int) else 1 for size in sizes)
    return tensor * pipeline


def _throughput(ground: Ground) -> int:
    return 2 if ground.since("0.17.0") and ground.declared("performance_mode") == "throughput" else 1


# ---- V1 --------------------------------------------------------------------------------------------------------------


def _seqs(setting: str, ground: Ground, start: _Start, runs: Engine) -> Answer:
    """From 0.10.1 on no more requests than tokens in a step (`EngineArgs._set_default_args_v1` of that release)."""
    value = start.seqs * _throughput(ground)
    assumes = runs.assumes
    if ground.since("0.10.1"):
        step = _tokens(setting, ground, start, runs, own=False)
        if not isinstance(step, Fact):
            return step
        value, assumes = min(value, step.value), step.assumes
    return derived(setting, ground, "batch-tier", value, start.device, assumes)


def _tokens(setting: str, ground: Ground, start: _Start, runs: Engine, *, own: bool) -> Answer:
    """Tokens of one step; `own`: asked for themselves, and so not written by anybody."""
    written = ground.declared("max_num_batched_tokens")
    if written is UNKNOWABLE:
        return behind(setting, ground, "vllm.batch-tier", ground.ask("max_num_batched_tokens"))
    if not own and isinstance(written, int):
        return derived(setting, ground, "batch-tier", written)
    step = (256 if ground.since("0.20.0") and _batched_experts(ground) else start.tokens) * _throughput(ground)
    whole = _whole_prompts(setting, ground, step)
    if not isinstance(whole, Fact):
        return whole
    step = whole.value
    if ground.since("0.11.1"):
        bounded = _bounded(setting, ground, start, step)
        if not isinstance(bounded, Fact):
            return bounded
        step = bounded.value
    return derived(setting, ground, "batch-tier", step, start.device, runs.assumes)


def _whole_prompts(setting: str, ground: Ground, step: int) -> Answer:
    """A step holds the longest prompt where prompts are not split (0.9.2); from 0.11.1 on never less than the default."""
    unsplit = _unsplit(ground)
    if unsplit is None:
        reason = (
            "whether prompts are split hangs on the kind of model, and without that a step holds the longest prompt"
        )
        return needs_model(setting, ground, "vllm.batch-tokens-unsplit@0.9.2", reason)
    if not unsplit:
        return derived(setting, ground, "batch-tier", step)
    length = vllm_context.length(ground)
    tokens = tokens_of(length)
    if tokens is None:
        reason = "it follows the context length, which the model's config decides"
        return needs_model(setting, ground, "vllm.batch-tokens-unsplit@0.9.2", reason)
    return derived(setting, ground, "batch-tier", max(tokens, step) if ground.since("0.11.1") else tokens)


def _unsplit(ground: Ground) -> bool | None:
    """Whether V1 does not split prompts: as written, or because the model cannot; None where that hangs on the model.

    To 0.11.0 what is written counts for models that pool alone. A model that nobody gave is taken for one that
    generates text.
    """
    if not ground.since("0.9.2"):
        return False
    written, pools = ground.declared("enable_chunked_prefill"), vllm_kinds.pooling(ground)
    if isinstance(written, bool) and ground.since("0.11.1"):
        return not written
    pieces = vllm_kinds.piecewise(ground) if pools and written is None else None
    if pieces is not None:
        return not pieces
    if written is UNKNOWABLE or pools:
        return False if pools is False and not ground.since("0.11.1") else None
    if ground.checkpoint is None:
        return False
    reads = vllm_kinds.encoder_decoder(ground)
    return None if pools is None or (reads and not ground.since("0.12.0")) else reads


def _bounded(setting: str, ground: Ground, start: _Start, step: int) -> Answer:
    """No more tokens than all requests together can have."""
    written = ground.declared("max_num_seqs")
    if written is UNKNOWABLE:
        return behind(setting, ground, "vllm.batch-tier", ground.ask("max_num_seqs"))
    seqs = written if isinstance(written, int) else start.seqs * _throughput(ground)
    if seqs * SURE_LENGTH >= step:
        return derived(setting, ground, "batch-tier", step)
    length = vllm_context.length(ground)
    tokens = tokens_of(length)
    if tokens is None:
        reason = "it follows the context length, which the model's config decides"
        return needs_model(setting, ground, "vllm.batch-tokens-bounded@0.11.1", reason)
    return derived(setting, ground, "batch-tier", min(step, seqs * tokens))


def _batched_experts(ground: Ground) -> bool:
    data = ground.declared("data_parallel_size")
    return (
        ground.declared("all2all_backend") in ("deepep_low_latency", "nixl_ep")
        and ground.declared("enable_expert_parallel") is True
        and isinstance(data, int)
        and data > 1
    )
