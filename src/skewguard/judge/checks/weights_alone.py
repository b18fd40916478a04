"""Whether the weights alone exceed all memory that the GPUs have: said of engines whose share of it is not worked out.

Whatever else such an engine keeps on a device makes the lack larger, so that this is a lack for certain.
"""

from typing import TYPE_CHECKING

from skewguard.judge.checks import evidence, fitting_words
from skewguard.judge.checks.interface import Case, Result, fail
from skewguard.language.facts import Fact, Gap

if TYPE_CHECKING:
    from skewguard.knowledge.capacity import Situation

ENGINES = ("tgi", "trtllm")
"""Engines that hold all weights on their devices, and convert what is not quantized to their number format."""

_DTYPE, _QUANTIZATION, _TENSOR, _PIPELINE = (
    "runtime.dtype",
    "runtime.quantization",
    "parallelism.tensor",
    "parallelism.pipeline",
)
_HALF = ("float16", "bfloat16")
_GIB = 2**30


def beyond(case: Case) -> Result | None:
    """The failure where they exceed it; None where they do not, or where it is not known."""
    from skewguard.knowledge import capacity
    from skewguard.knowledge.capacity import room, situations

    situation = _plain(case)
    if situation is None or situation.checkpoint is None or situation.device is None:
        return None
    whole = capacity.total(situation.checkpoint, situation.plan())
    if isinstance(whole, Gap):
        return None
    each, memory = capacity.per_device(whole, situation.plan()).value, situation.device.memory_gib
    if each <= room.generous(situation.device).memory_gib * _GIB:
        return None
    origin, anchor = fitting_words.place(case, length=False)
    return fail(
        f"The weights of {fitting_words.model(case)} alone take at least {each / _GIB:.1f} GiB{_each(situation)}, and one "
        f"{situation.device.title} has {memory:.1f} GiB: {case.title} does not start, for want of memory.",
        remedy=_remedy(case, situation, each),
        at=origin,
        setting="hardware.gpu_class",
        anchor=anchor,
        assumes=situation.assumed(situations.needs(situations.DECODE)),
    )


def _plain(case: Case) -> "Situation | None":
    """The situation with what the files of the model decide; None where a size or a format is not known."""
    situation = case.situation
    if case.engine not in ENGINES or situation.checkpoint is None or situation.checkpoint.decoder.key is not None:
        return None
    if situation.checkpoint.quantization is not None or not _taken(case, _QUANTIZATION, None):
        return None
    if any(not isinstance(situation.known(name), Fact) for name in (_TENSOR, _PIPELINE)) or situation.on_cpu:
        return None
    if isinstance(situation.known(_DTYPE), Fact):
        return situation
    own = situation.checkpoint.dtypes.config
    return situation.given(_DTYPE, own) if own in _HALF and _taken(case, _DTYPE, own) else None


def _taken(case: Case, setting: str, own: object) -> bool:
    """Whether a setting is as the model's files have it: as a fact, or left by the engine to those files."""
    found = case.sheet.effective(setting)
    return (
        found.value == own if isinstance(found, Fact) else isinstance(found, Gap) and found.rule.startswith("trtllm.")
    )


def _each(situation: "Situation") -> str:
    devices = situation.plan().tensor * situation.plan().pipeline
    return "" if devices == 1 else f" on each of {devices} GPUs"


def _remedy(case: Case, situation: "Situation", each: float) -> str:
    """The fewest GPUs, by powers of two up to a node of 8, over which the weights leave room; else a larger class."""
    larger = f"name a GPU class of more than {each / _GIB:.1f} GiB"
    tensor, memory = situation.plan().tensor, situation.device.memory_gib * _GIB if situation.device else 0
    wider = next((tensor * many for many in (2, 4, 8) if tensor * many <= 8 and each / many < memory * 0.9), None)
    adding = evidence.adding(case, _TENSOR, str(wider)) if wider is not None else None
    gpus = wider * situation.plan().pipeline if wider is not None else 0
    return f"{adding} and ask for {gpus} GPUs, or {larger}" if adding else larger
