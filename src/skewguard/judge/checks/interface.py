"""What a check sees, how it answers, and how it is registered.

A check is a generator of at most 30 lines under the `check` decorator. It yields what it found; a check that
yields nothing passed. One container and one remedy make one finding.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from skewguard.knowledge.contract.values import Binding
from skewguard.knowledge.engines.interface import Argument, Inputs, Parsed, Recognition, Release, Variable
from skewguard.language.accelerators import Accelerator
from skewguard.language.baselines import Baseline
from skewguard.language.facts import Effective, Fact, Origin
from skewguard.language.findings import Category, ContractRef, Effect, Group, Phase, Severity, Verdict
from skewguard.language.running import Answers, Live, Replica, Unread
from skewguard.language.sheet import Sheet
from skewguard.language.workloads import Container, Inventory, Workload

if TYPE_CHECKING:
    from skewguard.knowledge.capacity import Situation

Elsewhere = Callable[[str, str | None, Accelerator | None], Effective | None]
"""What the engine would take by itself for a setting that nobody wrote, under another release or on another GPU.

None in the place of either: the one that is. The arguments stay as this release reads them.
"""


class Case(Struct, eq=False):
    """One container that runs an engine, with everything known about it and around it.

    `engine` is the engine's name (`vllm`, `sglang`, …). `parsed` is None where the engine has no grammar here.
    `release` likewise. `variables` are the engine's reading of the environment. `title` is the engine's own
    spelling (`vLLM`). `inventory` holds the other objects of the same input. `recognition` says how the engine is
    reached in the container. `binding` is the contract the container is under; None where contracts play no part.
    `phase` is what the facts were read from: a manifest (static) or what is running (live). `members` are the other
    containers of the same object that run an engine, in the order of its roles: they know each other. `inputs` are the
    model's own files and the machine, as far as they are known; None where the engine's rules are not. `elsewhere` is None where the
    engine's arguments are not read here.

    Of what runs: `live` is the object with its replicas, `replicas` those that run exactly so. A case of a manifest that
    runs has its `parties`, and each of theirs is `wished` for by it. Empty and None for a manifest alone.

    Of what was loaded (phase `load`): `measured` is how it answered, and `wished` the manifest that it is said to run.
    """

    workload: Workload
    container: Container
    engine: str
    title: str
    sheet: Sheet
    inventory: Inventory
    release: Release | None = None
    parsed: Parsed | None = None
    variables: tuple[Variable, ...] = ()
    recognition: Recognition | None = None
    binding: Binding | None = None
    phase: Phase = "static"
    members: tuple["Case", ...] = ()
    inputs: Inputs | None = None
    elsewhere: Elsewhere | None = None
    live: Live | None = None
    replicas: tuple[Replica, ...] = ()
    parties: tuple["Party", ...] = ()
    wished: "Case | None" = None
    measured: Baseline | None = None

    @property
    def situation(self) -> "Situation":
        """What the arithmetic of memory and speed reads of this container."""
        return situated(self.sheet, self.engine, self.inputs)

    @property
    def is_ready(self) -> bool:
        """Whether a replica of it is ready: its engine has started, whatever the tables say of its arguments."""
        return any(replica.ready for replica in self.replicas)

    def arguments_refused(self) -> Iterator[Argument]:
        """The arguments that stop the start, in order."""
        return (argument for argument in (self.parsed.arguments if self.parsed else ()) if argument.fatal is True)

    def arguments(self, *faults: str) -> Iterator[Argument]:
        """The arguments with one of these faults, in order."""
        for argument in self.parsed.arguments if self.parsed else ():
            if argument.fault in faults:
                yield argument


class Party(Struct, eq=False):
    """Replicas of one container that run the same in everything that was read of them.

    `case` is their own, laid out from what they run with. `answers` are those of the first of them. `current` is None
    where nobody can tell which revision is the current one. `started`: the container runs, ready or not. `outdated` are
    the ConfigMaps and Secrets that changed after its start. `leaving`: they are being deleted.
    `unread` is what could not be read of any of them.
    """

    case: Case
    replicas: tuple[Replica, ...]
    answers: tuple[Answers, ...] = ()
    current: bool | None = None
    started: bool = True
    outdated: tuple[str, ...] = ()
    leaving: bool = False
    unread: tuple[Unread, ...] = ()

    @property
    def pods(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(replica.name for replica in self.replicas)

    @property
    def revision(self) -> str | None:
        """The hash of the template they were made from."""
        return self.replicas[0].revision if self.replicas else None

    @property
    def ready(self) -> int:
        """How many of them are ready."""
        return sum(replica.ready for replica in self.replicas)


def situated(sheet: Sheet, engine: str, inputs: Inputs | None) -> "Situation":
    """What the arithmetic of memory and speed reads of a sheet; the arithmetic is loaded when it is asked for."""
    from skewguard.knowledge.capacity import situations

    if inputs is None:
        return situations.of(sheet, engine, None, None)
    hardware = inputs.hardware
    on_cpu = hardware.platform == "cpu"
    device, classes = (None, ()) if on_cpu else (hardware.accelerator, hardware.classes)
    return situations.of(sheet, engine, inputs.checkpoint, device, on_cpu=on_cpu, classes=classes)


class Result(Struct):
    """One answer of a check. `severity` None: the check's own. `fact` or `at` give the evidence and its place.

    `remedy` is the exact edit for this case (the check's general remedy is used when empty). `category` None: the
    check's own. `contract` is the clause that is judged, `effect` what the difference does to memory and speed.
    `pods` are the replicas it is about, where that is not all that the case stands for.
    """

    verdict: Verdict
    message: str
    remedy: str = ""
    setting: str | None = None
    anchor: str | None = None
    at: Origin | None = None
    fact: Fact | None = None
    value: Any = None
    expected: Any = None
    severity: Severity | None = None
    inputs: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()
    category: Category | None = None
    contract: ContractRef | None = None
    effect: tuple[Effect, ...] = ()
    pods: Sequence[str] = ()


class Check(Struct, frozen=True):
    """A check's row: what it is, why it matters, how to mend it; the docs page is made from it.

    `bad` and `good` are short manifest fragments, before and after. `aliases` keep old ids working in waivers.
    `reads_arguments`: it rests on the engine's arguments, so that finding nothing in an engine whose arguments are not
    understood is no pass. `until_ready`: what it calls an error keeps the engine from starting, so that a replica which is
    ready refutes it. `scope`: it judges one container as it is, or lays all replicas of one side by side.
    """

    id: str
    title: str
    category: Category
    severity: Severity
    why: str
    remedy: str
    run: Callable[[Case], Iterator[Result]]
    phases: tuple[Phase, ...] = ("static", "live")
    bad: str = ""
    good: str = ""
    aliases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    reads_arguments: bool = False
    until_ready: bool = False
    scope: Literal["container", "replicas"] = "container"

    @property
    def group(self) -> Group:
        """`pin` of `pin.image-tag`."""
        return self.id.partition(".")[0]  # type: ignore[return-value]


CHECKS: dict[str, Check] = {}
"""The registry, filled when the modules listed in `judge.checks` are imported."""


def check(id: str, **row: Any) -> Callable[[Callable[[Case], Iterator[Result]]], Check]:
    """Register the decorated generator as check `id`. The row's fields are those of `Check`."""

    def register(run: Callable[[Case], Iterator[Result]]) -> Check:
        made = Check(id=id, run=run, **row)
        CHECKS[id] = made
        return made

    return register


def fail(message: str, **more: Any) -> Result:
    """The check found what it looks for."""
    return Result(verdict="fail", message=message, **more)


def unknown(message: str, **more: Any) -> Result:
    """An edit or one more input would decide, and the message names it."""
    return Result(verdict="unknown", message=message, **more)


def skipped(message: str = "", **more: Any) -> Result:
    """Nothing a manifest can say decides it, or a pin already fixes it: counted, never shown."""
    return Result(verdict="skipped", message=message, **more)


def passed(message: str = "", **more: Any) -> Result:
    """Only needed where a check yields several answers, or its pass rests on `assumes`."""
    return Result(verdict="pass", message=message, **more)


__all__ = ["CHECKS", "Case", "Check", "Party", "Result", "check", "fail", "passed", "skipped", "unknown"]
