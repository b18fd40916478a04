"""What memory is left for the KV cache, and what fits in it.

Source: vLLM's `v1/core/kv_cache_utils.py`: the memory divides into blocks of all layers, rounded down, and the log line
`KV cache size` is blocks times tokens of a block.
"""

from msgspec import structs

from skewguard.knowledge.capacity import cache, weights
from skewguard.knowledge.capacity.values import Amount, Answer, Plan, gap, together
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Gap

_GIB = 2**30
MOST = 1.07
"""How much more memory a device can report than the table says of its class."""

NO_ROOM = "capacity.no-room"
"""The rule of the gap where the weights alone take what may be used."""

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
        reason = f"the weights exceed what may be used of {accelerator.title}"
        return Gap("kv_cache", reason, rule=NO_ROOM, would_need="more or larger devices")
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
    """Requests of the longest length that fit at once; with less than 1, vLLM does not start."""
    each = cache.per_request(checkpoint, plan)
    if isinstance(each, Gap):
        return each
    size = tokens(checkpoint, plan, room)
    if isinstance(size, Amount) and each.bound == "exact" and plan.length and plan.block:
        length = -(-plan.length // plan.block) * plan.block
        return Amount(size.value / length, "requests", size.bound, together(size, each))
    return Amount(room.value / each.value, "requests", "at-most", (*together(room, each), GROUPED))


def missing(
    checkpoint: Checkpoint, plan: Plan, accelerator: Accelerator, utilization: float, *, alone: bool = False
) -> Answer | None:
    """Bytes that some device lacks for the weights and one request of the longest length; None where the arithmetic
    does not show that any are lacking, which is no promise that it fits.

    What all devices must hold is shared evenly: one of them holds at least that much. `alone` counts the weights alone,
    for engines that start without room for a request of full length.
    """
    held = weights.total(checkpoint, plan)
    if isinstance(held, Gap):
        return held
    each = Amount(0, "bytes", "exact") if alone else cache.per_request(checkpoint, structs.replace(plan, pipeline=1))
    if isinstance(each, Gap):
        return each
    share = weights.per_device(held, plan)
    kept = -(-int(each.value) // plan.pipeline)
    short = int(share.value) + kept - int(accelerator.memory_gib * _GIB * utilization)
    if short <= 0:
        return None
    return Amount(short, "bytes", "at-least", (*together(share, each), ACTIVATIONS, REPORTED, RESIDENT))


def generous(accelerator: Accelerator) -> Accelerator:
    """The device with as much memory as one of its class can report: error correction switched off gives most."""
    return structs.replace(accelerator, memory_gib=accelerator.memory_gib * MOST)
