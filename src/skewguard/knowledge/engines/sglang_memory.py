"""What SGLang takes from the memory of the GPU: chunk and graph sizes by tiers, and the share of memory itself.

Read in `ServerArgs.__post_init__`, from 0.5.3 on `_handle_gpu_memory_settings`, from 0.5.19 on
`arg_groups/memory_hook.py`, of every release from 0.4.0 on. The engine asks `nvidia-smi` for the memory, in MiB.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines.sglang_ground import (
    ASK,
    Ground,
    Row,
    by_gpu,
    derived,
    disaggregated,
    old_eagle,
    unknown_argument,
)
from skewguard.knowledge.engines.sglang_overruling import attention_ranks
from skewguard.knowledge.engines.versions import since
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Effective, Gap

# ---- sizes by GPU memory --------------------------------------------------------------------------------------------


class Tier(Struct, frozen=True):
    """One arm: GPUs with less memory than `below` MiB (None: the rest), tokens of a prefill chunk, largest CUDA graph.

    The largest batch that is captured as a CUDA graph differs for fewer than four GPUs of a tensor-parallel group;
    None leaves it to the list of sizes that the engine captures anyway.
    """

    below: int | None
    chunk: int
    graph_few: int | None
    graph_many: int | None


_GIB = 1024
_BIG = (Tier(160 * _GIB, 8192, 256, 512), Tier(None, 16384, 512, 512))
TIERS: tuple[tuple[str, tuple[Tier, ...]], ...] = (
    ("0.5.20", (Tier(20 * _GIB, 2048, 8, 8), Tier(35 * _GIB, 4096, 48, 160), Tier(60 * _GIB, 4096, 32, 160), *_BIG)),
    (
        "0.5.4.post1",
        (Tier(20 * _GIB, 2048, 8, 8), Tier(35 * _GIB, 2048, 24, 80), Tier(60 * _GIB, 4096, 32, 160), *_BIG),
    ),
    ("0.5.3", (Tier(20 * _GIB, 2048, 8, 8), Tier(35 * _GIB, 2048, 16, 80), Tier(60 * _GIB, 4096, 32, 160), *_BIG)),
    ("0.4.7.post1", (Tier(35 * _GIB, 2048, 8, 80), Tier(160 * _GIB, 8192, None, None), Tier(None, 16384, None, None))),
    ("0.4.7", (Tier(25_000, 2048, 8, 80), Tier(180_001, 8192, None, None), Tier(None, 16384, None, None))),
    ("0.4.5.post3", (Tier(25_000, 2048, 8, 80), Tier(None, 8192, None, None))),
    ("0.4.0.post2", (Tier(25_000, 2048, 8, 80), Tier(None, 8192, 160, 160))),
    ("0.4.0", (Tier(25_000, 2048, 8, 8), Tier(None, 8192, 160, 160))),
)
"""The sizes that follow from GPU memory, by the first release that has them."""


def chunked_prefill_size(setting: str, ground: Ground) -> Effective:
    """Tokens of one prefill chunk, shared among the ranks of a data-parallel attention group."""
    if old_eagle(ground):
        return derived(setting, ground, "chunked-prefill-size", -1, "speculative decoding switches chunks off")
    if ground.checkpoint is not None and _sees_pictures(ground.checkpoint):
        reason = "a model that reads pictures or sound may switch chunks off"
        return Gap(
            setting, reason, "sglang.chunked-prefill-size@pictures", (ground.model_key, ground.hardware.key), ASK
        )
    parts = attention_ranks(ground)
    if parts is None:
        return unknown_argument(setting, ground, "the number of attention ranks is not known")
    first, tiers = _tiers(ground)
    split = disaggregated(ground) and since(ground.version, "0.4.6.post3") and not since(ground.version, "0.4.7.post1")

    def chunk(tier: Tier) -> int:
        return (16384 if split and tier.below != 25_000 else tier.chunk) // parts

    rule = f"sglang.chunked-prefill-size@{first}" + (f"/{parts}" if parts > 1 else "")
    return by_gpu(setting, ground, rule, _arms(tiers, chunk))


def cuda_graph_max_bs(setting: str, ground: Ground) -> Effective:
    """The largest batch that is captured as a CUDA graph."""
    tensor = ground.number("tp_size", 1)
    if tensor is None:
        return unknown_argument(setting, ground, "the size of the tensor-parallel group is not known")
    first, tiers = _tiers(ground)
    arms = _arms(tiers, lambda tier: tier.graph_few if tensor < 4 else tier.graph_many)
    return by_gpu(setting, ground, f"sglang.cuda-graph-max-bs@{first}/{'few' if tensor < 4 else 'many'}", arms)


def _tiers(ground: Ground) -> tuple[str, tuple[Tier, ...]]:
    return next((first, tiers) for first, tiers in TIERS if since(ground.version, first))


def _arms(tiers: Sequence[Tier], value: Callable[[Tier], int | None]) -> list[Row]:
    """Each arm with its title, whom it fits and its value."""
    arms: list[Row] = []
    least = 0
    for tier in tiers:
        arms.append((_title(least, tier.below), _fits(tier.below), value(tier)))
        least = tier.below or least
    return arms


def _fits(below: int | None) -> Callable[[Accelerator], bool]:
    return lambda gpu: below is None or gpu.memory_gib * _GIB < below


def _title(least: int, below: int | None) -> str:
    if below is None:
        return f"GPU memory ≥ {_size(least)}" if least else "any GPU"
    return f"GPU memory < {_size(below)}" if not least else f"GPU memory {_size(least)} to {_size(below)}"


def _size(mib: int) -> str:
    return f"{mib // _GIB} GiB" if mib % _GIB == 0 else f"{round(mib, -3):,} MiB".replace(",", " ")


# ---- the share of memory --------------------------------------------------------------------------------------------

_BY_GROUP = ((16, 0.79), (8, 0.81), (4, 0.85), (2, 0.87), (1, 0.88))
"""Up to 0.4.5.post1: the share of memory by the size of the tensor-parallel group."""


def mem_fraction_static(setting: str, ground: Ground) -> Effective:
    """The share of GPU memory for weights and KV cache: by group size first, later from nearly everything."""
    tensor, pipeline = ground.number("tp_size", 1), ground.number("pp_size", 1)
    if tensor is None or pipeline is None:
        return unknown_argument(setting, ground, "the sizes of parallelism are not known")
    if not since(ground.version, "0.4.5.post3"):
        return derived(setting, ground, "mem-fraction-static", _by_group(tensor))
    first = next(each for each in _SHARES if since(ground.version, each))
    share = _share(first, ground, tensor * pipeline)
    if share is not None:
        gpu = ground.hardware.accelerator
        return derived(setting, ground, "mem-fraction-static", share, gpu.name if gpu is not None else "")
    return Gap(
        setting,
        "it is worked out at the start from GPU memory, chunk and graph sizes, parallelism and the kind of model",
        rule=f"sglang.mem-fraction-static@{first}",
        inputs=(ground.hardware.key, ground.model_key),
        would_need=f"`--mem-fraction-static`, or {ASK}",
    )


_SHARES = ("0.5.16", "0.5.14", "0.5.10", "0.5.3", "0.4.7.post1", "0.4.5.post3")
"""The first releases of each way to work out the share; from 0.5.10 on it hangs on the graphs of the whole prefill."""


def _by_group(ranks: int) -> float:
    return next(share for least, share in _BY_GROUP if ranks >= least or least == 1)


def _share(first: str, ground: Ground, ranks: int) -> float | None:
    """The share, where all that it follows from is known: the GPU, and that the model reads text alone."""
    gpu = ground.hardware.accelerator
    if gpu is None or gpu.partition is not None or gpu.vendor != "nvidia" or not _plain(ground):
        return None
    memory = gpu.memory_gib * _GIB
    if first == "0.4.5.post3":
        return _by_group(ranks) if memory <= 80 * _GIB else None
    if ground.checkpoint is None or _sees_pictures(ground.checkpoint):
        return None
    reserved = _reserved_by_class(memory, ranks) if first == "0.4.7.post1" else _reserved_by_size(ground, memory, ranks)
    return None if reserved is None or first not in ("0.5.3", "0.4.7.post1") else round((memory - reserved) / memory, 3)


def _plain(ground: Ground) -> bool:
    """Whether nothing is asked for that takes memory of its own."""
    more = ("speculative_algorithm", "enable_dp_attention", "enable_piecewise_cuda_graph", "cuda_graph_bs")
    return all(ground.declared(dest) in (None, False) for dest in more)


def _sees_pictures(checkpoint: Checkpoint) -> bool:
    return checkpoint.decoder.key is not None or any(
        name in checkpoint.config for name in ("vision_config", "audio_config", "vision_tower", "embd_layer")
    )


def _reserved_by_class(memory: float, ranks: int) -> float:
    """MiB kept for activations and graphs, by the class of the GPU (0.4.7.post1 to 0.5.2)."""
    if memory < 35 * _GIB:
        return (2.8 + ranks / 10) * _GIB
    if memory < 90 * _GIB:
        return (9.5 + ranks / 2) * _GIB
    return (12 + ranks / 2) * _GIB if memory < 160 * _GIB else 32 * _GIB


def _reserved_by_size(ground: Ground, memory: float, ranks: int) -> float | None:
    """MiB kept for activations and graphs, by the sizes of chunk and graphs (0.5.3 to 0.5.9)."""
    _, tiers = _tiers(ground)
    tensor = ground.number("tp_size", 1)
    tier = next(tier for tier in tiers if tier.below is None or memory < tier.below)
    chunk = ground.number("chunked_prefill_size", tier.chunk)
    graph = ground.number("cuda_graph_max_bs", (tier.graph_few if (tensor or 1) < 4 else tier.graph_many) or 0)
    prompt = ground.number("max_prefill_tokens", 16384)
    if chunk is None or graph is None or prompt is None or tensor is None:
        return None
    reserved = 512 + max(chunk if chunk > 0 else prompt, 2048) * 1.5 + graph * 2 + ranks / 8 * _GIB
    return max(reserved, 10 * _GIB) if memory > 60 * _GIB else reserved
