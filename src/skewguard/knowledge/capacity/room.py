"""What memory is left for the KV cache, and what fits in it.

Source: vLLM's `v1/core/kv_cache_utils.py`: the memory divides into blocks of all layers, rounded down, and the log line
`KV cache size` is blocks times tokens of a block.
"""

from skewguard.knowledge.capacity import cache, weights
from skewguard.knowledge.capacity.values import Amount, Answer, Plan, gap, together
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Gap

_GIB = 2**30

RESERVED = "the memory for the KV cache is given, not measured at start"
ACTIVATIONS = "activations, CUDA graphs and the driver's own memory are left out; they make it less"
REPORTED = "the device reports the memory of its class, with error correction on, and nothing else runs on it"
RESIDENT = "all weights lie on the devices (nothing is offloaded)"
UNROUNDED = "the size of a block is not known: the cache is not rounded down to whole blocks"
GROUPED = "layers of different kinds share blocks; what their padding takes is left out"


def reserved(count: int) -> Amount:
    """Memory that a setting gives to the KV cache of one device (`kv_cache_memory_bytes`, `VLLM_CPU_KVCACHE_SPACE`)."""
    return Amount(count, "bytes", "exact", (RESERVED,))


def on_device(checkpoint: Checkpoint, plan: Plan, accelerator: Accelerator, utilization: float) -> Answer:
    """Bytes left for the KV cache on the fullest device: what the engine may use of its memory, less the weights.

    `utilization` is the share that the engine may use (`gpu_memory_utilization`), between 0 and 1.
    """
    held = weights.total(checkpoint, plan)
    if isinstance(held, Gap):
        return held
    share = weights.per_device(held, plan)
    left = int(accelerator.memory_gib * _GIB * utilization) - int(share.value)
    if left <= 0:
        return gap("kv_cache", f"the weights exceed what may be used of {accelerator.title}", "more or larger devices")
    return Amount(left, "bytes", "at-most", (*share.assumes, ACTIVATIONS, REPORTED, RESIDENT))


def tokens(checkpoint: Checkpoint, plan: Plan, room: Amount) -> Answer:
    """Tokens that fit in `room` bytes on every device, in whole blocks."""
    kept = cache.kept(checkpoint, plan)
    if isinstance(kept, Gap):
        return kept
    if not kept.uniform:
        return gap("kv_cache", "its layers keep different lengths: no number of tokens says what fits", "requests")
    block = plan.block or 1
    count = int(room.value) // (block * kept.bytes_of(1)) * block
    if not count:
        return gap("kv_cache", f"{int(room.value):,} bytes hold no block of {block} tokens", "more memory")
    unrounded = () if plan.block else (UNROUNDED,)
    bound = room.bound if plan.block else "at-most"
    return Amount(count, "tokens", bound, (*room.assumes, *kept.assumes, *unrounded))


def requests(checkpoint: Checkpoint, plan: Plan, room: Amount) -> Answer:
    """Requests of the longest length that fit at once; less than 1 is an engine that does not start."""
    each = cache.per_request(checkpoint, plan)
    if isinstance(each, Gap):
        return each
    size = tokens(checkpoint, plan, room)
    if isinstance(size, Amount) and each.bound == "exact" and plan.length and plan.block:
        length = -(-plan.length // plan.block) * plan.block
        return Amount(size.value / length, "requests", size.bound, together(size, each))
    if room.value < each.value:
        return gap("kv_cache", f"one request needs {int(each.value):,} of {int(room.value):,} bytes", "more memory")
    return Amount(room.value / each.value, "requests", "at-most", (*together(room, each), GROUPED))


def missing(checkpoint: Checkpoint, plan: Plan, accelerator: Accelerator, utilization: float) -> Answer | None:
    """Bytes that the fullest device lacks for the weights and one request of the longest length; None where the
    arithmetic does not show that any are lacking, which is no promise that it fits.
    """
    held = weights.total(checkpoint, plan)
    if isinstance(held, Gap):
        return held
    each = cache.per_request(checkpoint, plan)
    if isinstance(each, Gap):
        return each
    share = weights.per_device(held, plan)
    lacking = int(share.value) + int(each.value) - int(accelerator.memory_gib * _GIB * utilization)
    if lacking <= 0:
        return None
    return Amount(lacking, "bytes", "at-least", (*together(share, each), ACTIVATIONS, REPORTED, RESIDENT))
