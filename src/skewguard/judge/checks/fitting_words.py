"""What the checks of memory say: sizes on one device, who is at fault, and the edits that would make it fit."""

from typing import TYPE_CHECKING

from msgspec import Struct

from skewguard.judge.checks import devices, evidence
from skewguard.judge.checks.interface import Case, Result, unknown
from skewguard.language import scheduling
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Fact, Gap, Origin

if TYPE_CHECKING:
    from skewguard.knowledge.capacity import Amount, Situation

LENGTH, TENSOR = "limits.max_model_len", "parallelism.tensor"
_GIB = 2**30
_NODE = 8
"""GPUs of the largest usual node."""


class Need(Struct, frozen=True):
    """What one device must hold and may, in bytes: the weights, one request of full length, and the share of it."""

    weights: float
    request: float
    share: float
    fraction: float
    devices: int
    device: str
    memory: float

    @property
    def by_length(self) -> bool:
        """Whether the weights alone would fit."""
        return self.weights < self.share


def need(situation: "Situation") -> Need | None:
    """The sizes of a situation in which they are known."""
    from skewguard.knowledge import capacity
    from skewguard.knowledge.capacity import situations

    plan, whole = situation.plan(), situations.answer(situation, situations.WEIGHTS)
    fraction = situation.value(situations.SHARE[situation.engine]) or 1.0
    if isinstance(whole, Gap) or situation.device is None or situation.checkpoint is None:
        return None
    each = capacity.per_request(situation.checkpoint, plan)
    memory = situation.device.memory_gib * _GIB
    return Need(
        weights=capacity.per_device(whole, plan).value,
        request=0 if isinstance(each, Gap) else each.value,
        share=memory * fraction,
        fraction=fraction,
        devices=plan.tensor * plan.pipeline,
        device=situation.device.title + (", the largest it may land on" if len(situation.classes) > 1 else ""),
        memory=memory,
    )


def lack(case: Case, needed: Need) -> str:
    """What does not fit, in numbers, and what the engine does about it."""
    each = "" if needed.devices == 1 else f" on each of {needed.devices} GPUs"
    takes = f"{_gib(needed.weights)} for its weights"
    if needed.by_length:
        takes += f" and {_gib(needed.request)} for one request of {_tokens(case)}"
    ends = "refuses to start" if needed.by_length else "does not start, for want of memory"
    return (
        f"{model(case)} takes at least {takes}{each}, and {case.title} may use {_gib(needed.share)} of one "
        f"{needed.device} ({needed.fraction:g} of {_gib(needed.memory)}): it {ends}."
    )


def depends(case: Case, short: list[Accelerator], gap: Gap) -> Result:
    """What to say where it fits on some of the classes alone."""
    place_, anchor = _term(case)
    return unknown(
        f"The pod may land on {' or '.join(each.title for each in short)}, where {model(case)} does not fit: {case.title} then does not start.",
        remedy="leave only the classes that hold it in the node terms, or lower the longest length",
        setting="hardware.gpu_class",
        anchor=anchor,
        at=place_,
        inputs=gap.inputs,
    )


def _term(case: Case) -> tuple[Origin, str | None]:
    """The node term that names the classes."""
    found = scheduling.constraint(case.workload.template, {}).classes
    origin = found[0].origin if found else case.container.origin
    return origin, next((term.key for term in case.workload.template.node_terms if term.origin == origin), None)


def few(case: Case, needed: Need, most: "Amount") -> str:
    """How little room is left for requests of full length, and what that does."""
    from skewguard.knowledge.capacity import room

    left = max(needed.share - needed.weights, 0)
    if needed.weights + (needed.request if case.engine == "vllm" else 0) > needed.share:
        ends = (
            f"{case.title} starts on none but a device that reports more memory than most of its class: up to "
            f"{room.MOST - 1:.0%} more, with error correction switched off."
        )
    elif most.value < 1:
        ends = f"{case.title} starts, and refuses every request that is longer than its KV cache."
    else:
        ends = "one such request leaves little for all others: they wait, or are thrown out and computed again."
    return (
        f"On {needed.device} the weights leave at most {_gib(left)} for the KV cache, and a request of {_tokens(case)} "
        f"takes {_gib(needed.request)} of it: {ends}"
    )


def remedies(case: Case, situation: "Situation", needed: Need) -> str:
    """The edits that would make it fit as far as the arithmetic goes: a shorter length, more devices, a larger one."""
    edits = []
    longest = longest_of(situation, 1)
    if needed.by_length and longest is not None:
        adding = evidence.adding(case, LENGTH, str(longest))
        edits.append(f"{adding} (or less, if that does not start)" if adding else None)
    wider = _wider(case, situation) if _whole(situation) else None
    if wider is not None:
        adding, wanted = evidence.adding(case, TENSOR, str(wider)), _gpus(case, situation, wider)
        asking = "" if (devices.available(case) or 0) == wanted else f" and ask for {wanted} GPUs"
        edits.append(f"{adding}{asking}" if adding else None)
    edits.append(f"name a GPU class of more than {_gib(_memory(situation, needed))}")
    spread = need(situation.given(TENSOR, _NODE)) if _whole(situation) else None
    if wider is None and situation.plan().tensor < _NODE and spread is not None:
        adding = evidence.adding(case, TENSOR, str(_NODE))
        edits.append(
            f"one of more than {_gib(_memory(situation, spread))} with {_NODE} GPUs: {adding}" if adding else None
        )
    return ", or ".join(edit for edit in edits if edit)


def _whole(situation: "Situation") -> bool:
    """Whether the device is no part of one: the processes of a tensor group do not reach each other over slices."""
    return situation.device is not None and situation.device.partition is None


def _memory(situation: "Situation", needed: Need) -> float:
    """The memory of a device that would hold it, in bytes."""
    return (needed.weights + (needed.request if situation.engine == "vllm" else 0)) / needed.fraction


def longest_of(situation: "Situation", count: int) -> int | None:
    """The longest length of which `count` requests fit as far as the arithmetic goes, in whole thousands of tokens.

    For what the arithmetic leaves out, a tenth of the room stays free, and at least 3 % of what the engine may use: the
    activations of a large model are no smaller where little room is left beside it.
    """
    from skewguard.knowledge.capacity import situations

    share = situations.SHARE[situation.engine]
    room = situations.answer(situation, situations.TOKENS)
    if isinstance(room, Gap):
        return None
    tight = situations.answer(situation.given(share, situation.value(share) * 0.97), situations.TOKENS)
    if isinstance(tight, Gap):
        return None
    return int(min(room.value * 0.9, tight.value) / count) // 1024 * 1024 or None


def _gpus(case: Case, situation: "Situation", tensor: int) -> int:
    """The GPUs of the whole server with another tensor size."""
    plan = situation.plan()
    now = devices.needed(case) or plan.tensor * plan.pipeline
    return now // plan.tensor * tensor


def _wider(case: Case, situation: "Situation") -> int | None:
    """The tensor size that uses all GPUs there are, where it fits over them; else the least that does, by doubling to a node's."""
    from skewguard.knowledge.capacity import situations

    tensor = situation.plan().tensor
    there = tensor * (devices.available(case) or 0) // _gpus(case, situation, tensor)
    if there > tensor and situations.lacking(situation.given(TENSOR, there)) is None:
        return there
    while tensor < _NODE:
        tensor *= 2
        wider = situation.given(TENSOR, tensor)
        if situations.lacking(wider) is None:
            return tensor
    return None


def place(case: Case, *, length: bool) -> tuple[Origin, str | None]:
    """Where the fault stands, and its name: the length that somebody wrote, the GPU class, the GPUs asked for."""
    written = case.sheet.declared(LENGTH)
    if length and written is not None:
        return written.origin, evidence.flag(case, LENGTH)
    named = case.sheet.declared("hardware.gpu_class")
    if named is not None:
        terms = case.workload.template.node_terms
        return named.origin, next((term.key for term in terms if term.origin == named.origin), None)
    if scheduling.constraint(case.workload.template, {}).classes:
        return _term(case)
    for resource, located in scheduling.gpu_resources(case.container).items():
        return located.origin, resource
    model = case.sheet.declared("model.id")
    return model.origin if model is not None else case.container.origin, "positional" if model is not None else None


def model(case: Case) -> str:
    """The model as the manifest names it."""
    found = case.sheet.effective("model.id")
    return str(found.value) if isinstance(found, Fact) and found.value else "the model"


def _tokens(case: Case) -> str:
    found = case.sheet.effective(LENGTH)
    return f"{found.value:,} tokens" if isinstance(found, Fact) and isinstance(found.value, int) else "full length"


def _gib(count: float) -> str:
    return f"{count / _GIB:.1f} GiB"
