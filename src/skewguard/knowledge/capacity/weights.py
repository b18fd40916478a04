"""Bytes of the weights in memory: from the headers of the safetensors files, else from the architecture's formula."""

import re
from collections.abc import Iterator

from skewguard.knowledge.capacity import formulas, widths
from skewguard.knowledge.capacity.values import Amount, Answer, Plan, gap
from skewguard.knowledge.checkpoints import Checkpoint, Tensor, Weights
from skewguard.language.facts import Gap

NOT_LOADED = (
    "tensors that engines do not load are left out: tied output embeddings, draft layers, rotary and mask tables"
)
CONVERTED = "floating-point weights are converted to the dtype of the run"
STORED = "quantized weights take at least the memory that the files give them"
FORMULA = "the number of parameters follows from config.json by the architecture's formula"
DIVIDED = "weights are divided evenly; what every device repeats (norms, tied embeddings) comes on top"

_LAYER = re.compile(r"^model\.layers\.(\d+)\.")
_BUFFER = re.compile(r"(^|\.)(rotary_emb\.\w+|(attn|attention)\.(masked_)?bias)$")
"""Rotary and mask tables that old checkpoints hold: engines compute them (`load_weights` of vLLM's `gpt_neox.py`)."""


def total(checkpoint: Checkpoint, plan: Plan) -> Answer:
    """Bytes of all weights as the engine holds them, over all devices of one replica."""
    width = widths.run(plan)
    if isinstance(width, Gap):
        return width
    if plan.quantization is not None and checkpoint.quantization is None:
        return gap("weights", f"{plan.quantization} quantizes while it loads", "a checkpoint that is quantized")
    weights = checkpoint.weights
    if weights is not None and weights.missing:
        return gap("weights", f"{len(weights.missing)} of the files are missing", ", ".join(weights.missing[:3]))
    if weights is not None and weights.tensors:
        return _stored(checkpoint, weights, width)
    return _counted(checkpoint, width)


def per_device(whole: Amount, plan: Plan) -> Amount:
    """Bytes of the weights on the fullest device, from those of one replica."""
    devices = plan.tensor * plan.pipeline
    if devices == 1:
        return whole
    return Amount(-(-int(whole.value) // devices), "bytes", "at-least", (*whole.assumes, DIVIDED))


def _stored(checkpoint: Checkpoint, weights: Weights, width: int) -> Amount:
    loaded = dict(_loaded(checkpoint, weights))
    left_out = (NOT_LOADED,) if len(loaded) < len(weights.tensors) else ()
    if checkpoint.quantization is not None:
        count = sum(min(tensor.bytes, _run_bytes(tensor, width)) for tensor in loaded.values())
        return Amount(count, "bytes", "at-least", (STORED, *left_out))
    count = sum(_run_bytes(tensor, width) for tensor in loaded.values())
    return Amount(count, "bytes", "exact", (CONVERTED, *left_out))


def _run_bytes(tensor: Tensor, width: int) -> int:
    stored = widths.FLOATING.get(tensor.dtype)
    return tensor.bytes if stored is None else tensor.bytes // stored * width


def _loaded(checkpoint: Checkpoint, weights: Weights) -> Iterator[tuple[str, Tensor]]:
    """What vLLM's `load_weights` takes of a file: see the skipped names in `model_executor/models/llama.py` and
    `deepseek_v2.py`.
    """
    decoder = checkpoint.decoder
    for name, tensor in weights.tensors.items():
        layer = _LAYER.match(name) if decoder.key is None and decoder.layers is not None else None
        draft = name.startswith("mtp.") or (layer is not None and int(layer.group(1)) >= (decoder.layers or 0))
        tied = decoder.tie_word_embeddings is True and name == "lm_head.weight"
        if not (draft or tied or _BUFFER.search(name)):
            yield name, tensor


def _counted(checkpoint: Checkpoint, width: int) -> Answer:
    if checkpoint.quantization is not None:
        return gap("weights", "quantized weights have no formula", "the safetensors files of the checkpoint")
    count = formulas.parameters(checkpoint)
    return count if isinstance(count, Gap) else Amount(count * width, "bytes", "exact", (FORMULA,))
