"""What the rules of one vLLM release may look at, and how their answers are put together.

A rule is a function from a `Ground` to an answer. What it needs and cannot see becomes a choice, where the arms can be
named, or a gap that says what would settle it.

A rule's id ends in the release that began to decide so: two manifests whose releases decide by different rules do not
count as equal, even where both answers hang on the same unseen input.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines import versions
from skewguard.knowledge.engines.interface import Hardware, Platform
from skewguard.knowledge.engines.readings import UNKNOWABLE, Unknowable
from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Arm, Choice, Fact, Gap, Origin, Value

Answer = Fact | Choice | Gap

_PLATFORMS: dict[str, Platform] = {"nvidia": "cuda", "amd": "rocm", "google": "tpu", "aws": "neuron"}
_MODEL_FILES = "the model's config.json (--model-config), or the running server"


class Ground(Struct):
    """What the rules of one release may look at.

    `declared` gives what somebody wrote for a destination: `UNKNOWABLE` where that cannot be known, None where nobody
    wrote anything; `variable` does the same for the environment. `ask` gives the effective value of another destination under the same release. `checkpoint` holds
    the model's files, `--hf-overrides` applied; None where they are not known, `why_unread` then says why in words.
    `serves`: `vllm serve` reads the arguments, and not the API server module.
    """

    version: str
    declared: Callable[[str], Any]
    variable: Callable[[str], str | Unknowable | None]
    ask: Callable[[str], Answer]
    hardware: Hardware
    model_key: str
    generation_key: str
    checkpoint: Checkpoint | None = None
    why_unread: str = ""
    serves: bool = True

    def since(self, first: str) -> bool:
        """Whether this release is `first` or newer."""
        return versions.since(self.version, first)

    def era(self, *firsts: str) -> str:
        """The newest of `firsts` (oldest first) that this release has reached; the first release of all before them."""
        return next((first for first in reversed(firsts) if self.since(first)), "0.4.2")

    @property
    def platform(self) -> Platform | None:
        """The kind of device; None where only a GPU can be supposed."""
        if self.hardware.platform is not None or self.hardware.accelerator is None:
            return self.hardware.platform
        gpu = self.hardware.accelerator
        if gpu.vendor == "intel":
            return "hpu" if gpu.name.startswith("Gaudi") else "xpu"
        return _PLATFORMS.get(gpu.vendor)

    @property
    def on_gpu(self) -> bool:
        """Whether an NVIDIA or AMD GPU runs this, as far as is known."""
        return self.platform in (None, "cuda", "rocm")


# ---- answers ---------------------------------------------------------------------------------------------------------


def derived(setting: str, ground: Ground, rule: str, value: Value, why: str = "", assumes: Sequence[str] = ()) -> Fact:
    """A value that a rule of this release gives."""
    ref = f"default of vLLM {ground.version} (rule {rule}{', ' + why if why else ''})"
    return Fact(setting, value, "derived", Origin(kind="rule", ref=ref), tuple(assumes))


def of_model(setting: str, ground: Ground, rule: str, value: Value, where: str) -> Fact:
    """A value that a rule of this release takes from the model's files; `where` names the key and its file."""
    name = ground.checkpoint.name if ground.checkpoint is not None else "the model"
    ref = f"{where} of {name}, as vLLM {ground.version} reads it (rule {rule})"
    return Fact(setting, value, "derived", Origin(kind="config", ref=ref))


def needs_model(setting: str, ground: Ground, rule: str, reason: str, *more: str) -> Gap:
    """The answer that only the model's own files can give, or where they are given and do not, the running server."""
    why = f"; {ground.why_unread}" if ground.why_unread else ""
    needed = "the running server" if why or ground.checkpoint is not None else _MODEL_FILES
    return Gap(setting, f"{reason}{why}", rule, (ground.model_key, *more), needed)


def open_answer(setting: str, rule: str, reason: str, inputs: Sequence[str], would_need: str) -> Gap:
    """The answer of a rule that cannot be followed from the inputs given."""
    return Gap(setting, reason, rule, tuple(dict.fromkeys(inputs)), would_need)


def behind(setting: str, ground: Ground, rule: str, other: Answer) -> Gap:
    """The answer that hangs on another setting which is not known itself."""
    assert not isinstance(other, Fact)
    reason = other.reason if isinstance(other, Gap) else f"it follows {other.setting}, which is not decided"
    would_need = other.would_need if isinstance(other, Gap) else f"what decides {other.setting}"
    return Gap(setting, reason, f"{rule}@{ground.version}" if "@" not in rule else rule, other.inputs, would_need)


# ---- GPUs ------------------------------------------------------------------------------------------------------------


class Kind(Struct, frozen=True):
    """One arm of a rule about GPUs: which ones in words, and the name of a class that stands for them."""

    when: str
    example: str


def by_gpu(
    setting: str, ground: Ground, rule: str, kinds: Sequence[Kind], answer: Callable[[Accelerator], Answer]
) -> Answer:
    """The answer for the GPU that runs this; a choice where several may, or none is named.

    `kinds` part all GPUs as the rule does. The first answer that is no value is the answer of all.
    """
    gpu = ground.hardware.accelerator
    if gpu is not None:
        return answer(gpu)
    given = [(when, answer(example)) for when, example in _possible(ground, kinds)]
    open_ones = [each for _, each in given if not isinstance(each, Fact)]
    if open_ones:
        return _undecided(ground, rule, open_ones, everywhere=len(open_ones) == len(given))
    facts = [each for _, each in given if isinstance(each, Fact)]
    if all(each.value == facts[0].value for each in facts):
        return facts[0]
    arms = tuple(Arm(when, each.value) for when, each in given if isinstance(each, Fact))
    assumes = tuple(dict.fromkeys(text for each in facts for text in each.assumes))
    return Choice(setting, rule, (ground.hardware.key,), _joined(arms), assumes)


def _possible(ground: Ground, kinds: Sequence[Kind]) -> list[tuple[str, Accelerator]]:
    if ground.hardware.classes:
        return [(f"on {each.title}", each) for each in ground.hardware.classes]
    return [(kind.when, _example(kind.example)) for kind in kinds]


def _example(name: str) -> Accelerator:
    found = accelerators.find(name)
    assert found is not None, name
    return found


def _undecided(ground: Ground, rule: str, answers: Sequence[Answer], *, everywhere: bool) -> Gap:
    """One gap for all arms; the GPU is an input of it unless every arm hangs on the same unknown."""
    first = answers[0]
    inputs = list(dict.fromkeys(key for each in answers if not isinstance(each, Fact) for key in each.inputs))
    alike = everywhere and all(not isinstance(each, Fact) and each.inputs == answers[0].inputs for each in answers)  # type: ignore[union-attr]
    gap = first if isinstance(first, Gap) else behind(first.setting, ground, rule, first)
    return gap if alike else Gap(gap.setting, gap.reason, rule, (*inputs, ground.hardware.key), gap.would_need)


def _joined(arms: tuple[Arm, ...]) -> tuple[Arm, ...]:
    """Arms with equal values as one."""
    found: list[Arm] = []
    for arm in arms:
        at = next((index for index, each in enumerate(found) if each.value == arm.value), None)
        if at is None:
            found.append(arm)
        else:
            found[at] = Arm(f"{found[at].when}, or {arm.when}", arm.value)
    return tuple(found)


def known(value: Any) -> bool:
    """Whether somebody wrote a value that can be known."""
    return value is not None and value is not UNKNOWABLE
