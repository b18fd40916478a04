"""What SGLang's start rules may look at, and the forms of their answers."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines.interface import Hardware
from skewguard.knowledge.engines.readings import UNKNOWABLE, Unknowable
from skewguard.knowledge.engines.versions import since
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Arm, Choice, Effective, Fact, Gap, Origin, Value

ASK = "the running server (`GET /server_info`)"


class Ground(Struct):
    """What the rules of one release may look at.

    `declared` gives what somebody wrote for a destination, in the engine's own sense: `UNKNOWABLE` where that cannot be
    known, None where nobody wrote anything. `variable` does the same for the environment.
    """

    version: str
    declared: Callable[[str], Any]
    variable: Callable[[str], str | Unknowable | None]
    hardware: Hardware
    checkpoint: Checkpoint | None
    model_key: str
    arguments_key: str

    def number(self, dest: str, default: int) -> int | None:
        """A written whole number, or the default; None where it cannot be known."""
        value = self.declared(dest)
        if value is UNKNOWABLE:
            return None
        return value if isinstance(value, int) and not isinstance(value, bool) else default


def derived(setting: str, ground: Ground, rule: str, value: Value, why: str = "") -> Fact:
    """A value that a rule of this release gives."""
    ref = f"default of SGLang {ground.version} (rule {rule}{', ' + why if why else ''})"
    return Fact(setting, value, "derived", Origin(kind="rule", ref=ref))


def gpu_gap(setting: str, ground: Ground, rule: str, reason: str) -> Gap:
    """The answer that GPU and model give together."""
    return Gap(setting, reason, rule, (ground.model_key, ground.hardware.key), ASK)


Row = tuple[str, Callable[[Accelerator], bool], Value]


def by_gpu(setting: str, ground: Ground, rule: str, rows: Sequence[Row]) -> Effective:
    """The value for the GPU, or a choice among the arms. A server without a GPU sees the memory of its machine."""
    if ground.hardware.platform == "cpu":
        return Gap(setting, "it follows the memory of the machine", rule, (ground.hardware.key,), ASK)
    classes = (ground.hardware.accelerator,) if ground.hardware.accelerator else ground.hardware.classes
    reached = [next(row for row in rows if row[1](gpu)) for gpu in classes] or list(rows)
    values = [value for _, _, value in reached]
    if all(value == values[0] for value in values):
        names = " or ".join(dict.fromkeys(gpu.name for gpu in classes))
        return derived(setting, ground, rule.removeprefix("sglang.").partition("@")[0], values[0], names)
    kept = [row for row in rows if row in reached]
    return Choice(setting, rule, (ground.hardware.key,), _joined([Arm(when, value) for when, _, value in kept]))


def _joined(arms: Sequence[Arm]) -> tuple[Arm, ...]:
    """Arms with equal values as one."""
    found: dict[Any, str] = {}
    for arm in arms:
        found[arm.value] = f"{found[arm.value]}, or {arm.when}" if arm.value in found else arm.when
    return tuple(Arm(when, value) for value, when in found.items())


# ---- what several rules ask ------------------------------------------------------------------------------------------


def old_eagle(ground: Ground) -> bool:
    """Up to 0.4.3.post1 EAGLE switches chunks, prefix reuse and overlap off."""
    return (
        ground.declared("speculative_algorithm") == "EAGLE"
        and since(ground.version, "0.4.1.post7")
        and not since(ground.version, "0.4.3.post4")
    )


def disaggregated(ground: Ground) -> bool:
    """Whether prefill and decode run in servers of their own, and this is one of them."""
    return ground.declared("disaggregation_mode") in ("prefill", "decode")


def unknown_argument(setting: str, ground: Ground, reason: str) -> Gap:
    """The answer where an argument that decides cannot be read."""
    return Gap(setting, reason, "sglang.unknown-argument", (ground.arguments_key,), "the arguments in the same input")
