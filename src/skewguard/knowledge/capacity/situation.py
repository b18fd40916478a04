"""What the arithmetic may look at of one engine, as its settings were resolved."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, structs

from skewguard.knowledge.capacity import room
from skewguard.knowledge.capacity.values import Plan
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Effective, Fact, Gap, Origin
from skewguard.language.sheet import Sheet

DTYPE, KV, QUANTIZATION = "runtime.dtype", "runtime.kv_cache_dtype", "runtime.quantization"
LENGTH, BLOCK, RUNNING = "limits.max_model_len", "runtime.block_size", "limits.max_num_seqs"
TENSOR, PIPELINE, DATA = "parallelism.tensor", "parallelism.pipeline", "parallelism.data"
CLASS = "hardware.gpu_class"
SHARE: Mapping[str, str] = {"vllm": "runtime.gpu_memory_utilization", "sglang": "sglang.mem_fraction_static"}
"""The setting that says which share of a device weights and KV cache may take together, by engine."""


class Situation(Struct, frozen=True):
    """What the arithmetic may look at. `ask` gives the effective value of a setting.

    `device` is the one class that runs it, None where several may (`classes`) or none is named; `on_cpu` is a server
    without GPU. `instead` are values to suppose in place of those of the sheet.
    """

    engine: str
    ask: Callable[[str], Effective]
    checkpoint: Checkpoint | None = None
    device: Accelerator | None = None
    on_cpu: bool = False
    classes: tuple[Accelerator, ...] = ()
    instead: Mapping[str, Any] = {}

    def known(self, setting: str) -> Effective:
        """The value that decides here."""
        if setting in self.instead:
            return Fact(setting, self.instead[setting], "declared", Origin("rule", "supposed"))
        found = self.ask(setting)
        if isinstance(found, Gap) and found.rule == "absent" and setting in (TENSOR, PIPELINE, DATA):
            return Fact(setting, 1, "derived", Origin("rule", "this release does not split a model so"))
        return found

    def value(self, setting: str) -> Any:
        """The value where it is known, else None."""
        found = self.known(setting)
        return found.value if isinstance(found, Fact) else None

    def assumed(self, settings: Iterable[str]) -> tuple[str, ...]:
        """The unseen sources that could still change one of these settings, each once."""
        facts = (self.known(setting) for setting in settings)
        return tuple(dict.fromkeys(said for each in facts if isinstance(each, Fact) for said in each.assumes))

    def given(self, setting: str, value: Any) -> "Situation":
        """The same with another value of one setting, and of what follows it."""
        return structs.replace(self, instead={**self.instead, setting: value})

    def on(self, device: Accelerator) -> "Situation":
        """The same on another class."""
        return structs.replace(self, device=device, instead={**self.instead, CLASS: device.title})

    def by_class(self) -> "list[tuple[Accelerator, Situation]]":
        """The same on each class that may run it, where several may."""
        return [(each, self.on(each)) for each in self.classes] if self.device is None else []

    def generous(self) -> "Situation":
        """The same on as much memory as a device of the class can report."""
        return self if self.device is None else structs.replace(self, device=room.generous(self.device))

    def plan(self) -> Plan:
        """How the model runs, as far as is known."""
        length, block = self.value(LENGTH), self.value(BLOCK)
        return Plan(
            dtype=self.value(DTYPE),
            kv_dtype=self.value(KV) or "auto",
            length=length if isinstance(length, int) and length > 0 else None,
            block=block if isinstance(block, int) and block > 0 else None,
            tensor=self.value(TENSOR) or 1,
            pipeline=self.value(PIPELINE) or 1,
            quantization=self.value(QUANTIZATION),
        )


def of(
    sheet: Sheet,
    engine: str,
    checkpoint: Checkpoint | None,
    device: Accelerator | None,
    *,
    on_cpu: bool = False,
    classes: tuple[Accelerator, ...] = (),
) -> Situation:
    """What the arithmetic reads of one container."""
    return Situation(engine, sheet.effective, checkpoint, device, on_cpu, classes)
