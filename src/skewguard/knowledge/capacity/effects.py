"""What one other value of a setting does to memory and speed: two answers of the same arithmetic, side by side.

Nothing is said where an input is not known on either side, and nothing of what rests on a choice.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from skewguard.knowledge.capacity import situations
from skewguard.knowledge.capacity.situations import CLASS, SHARE, Situation
from skewguard.knowledge.capacity.values import Amount, Answer
from skewguard.language import accelerators
from skewguard.language.facts import Choice, Fact, Gap
from skewguard.language.findings import Effect

_RUNNING = "limits.max_num_seqs"
SETTINGS = frozenset(
    {
        "runtime.dtype", "runtime.kv_cache_dtype", "runtime.quantization", "limits.max_model_len",
        "runtime.gpu_memory_utilization", "parallelism.tensor", "parallelism.pipeline", CLASS, _RUNNING,
    }
)  # fmt: skip
"""Settings whose value changes an answer of the arithmetic."""

_OF_ONE = tuple(name for name in situations.NAMES if name != situations.BATCH)
"""What is told of every other setting: a full batch says nothing that one request does not."""
_DTYPE, _KV = "runtime.dtype", "runtime.kv_cache_dtype"


def of(situation: Situation, setting: str, before: Any, after: Any) -> tuple[Effect, ...]:
    """What `after` in place of `before` does, all else being as it is. Values are those of the setting's type."""
    if setting not in SETTINGS:
        return ()
    one, other = _with(situation, setting, before), _with(situation, setting, after)
    if one is None or other is None:
        return ()
    names = (situations.BATCH,) if setting == _RUNNING else _OF_ONE
    return tuple(_effects(one, other, names))


def _with(situation: Situation, setting: str, value: Any) -> Situation | None:
    """The situation with another value, and with what the engine would make of it elsewhere; None where that is open."""
    if setting == CLASS:
        return _on(situation, value)
    if setting == "parallelism.tensor" and _derived(situation, SHARE.get(situation.engine, "")) == "rule":
        return None  # SGLang takes another share of a device by the number of devices
    changed = situation.given(setting, value)
    kept = situation.known(_KV)
    if setting == _DTYPE and isinstance(kept, Fact) and kept.authority == "derived":
        follows = kept.value == situation.value(_DTYPE)
        return changed.given(_KV, value) if follows else changed
    return changed


def _on(situation: Situation, value: Any) -> Situation | None:
    found = accelerators.find(value) if isinstance(value, str) else None
    if found is None or situation.on_cpu or _derived(situation, SHARE.get(situation.engine, "")) == "rule":
        return None
    if situation.device is not None and situation.device.vendor != found.vendor:
        return None  # other kernels, and blocks of another size
    return situation.on(found)


def _derived(situation: Situation, setting: str) -> str | None:
    """What kind of origin a value has that the engine gives, None where somebody wrote it."""
    found = situation.known(setting)
    return found.origin.kind if isinstance(found, Fact) and found.authority == "derived" else None


def _effects(one: Situation, other: Situation, names: Iterable[str]) -> Iterator[Effect]:
    for name in names:
        before, after = _certain(one, name), _certain(other, name)
        told = [each.value if isinstance(each, Amount) else None for each in (before, after)]
        bound = next((each.bound for each in (before, after) if isinstance(each, Amount)), None)
        open_ones = [each for each in (before, after) if isinstance(each, Gap)]
        shown = not open_ones or (name == situations.TOKENS and open_ones[0].rule == situations.NO_ROOM)
        if bound is not None and shown and told[0] != told[1]:
            yield Effect(name, situations.UNITS[name], told[0], told[1], bound)


def _certain(situation: Situation, name: str) -> Answer:
    """The answer, and none where a setting that it needs is a choice."""
    for setting in situations.needs(name):
        if isinstance(situation.known(setting), Choice):
            return Gap(name, f"{setting} is not decided")
    return situations.answer(situation, name)
