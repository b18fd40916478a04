"""`--model-config` and `--gpu`: reading what was given beside the input, and saying what of it was not used."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from skewguard.adapters import files, folders
from skewguard.assess.given import Given, model_of
from skewguard.judge.checks.interface import Case
from skewguard.knowledge import checkpoints
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.checkpoints.safetensors import MOST, PREFIX
from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator
from skewguard.language.errors import UsageError

_HEADED = folders.Headed(checkpoints.WEIGHTS, PREFIX, MOST)
CPU = "cpu"


class Wanted(Struct, frozen=True):
    """What was asked for: checkpoints with the model they are for (None: the only one), and GPU classes as typed."""

    models: tuple[tuple[str | None, Checkpoint], ...] = ()
    gpu: str | None = None
    classes: tuple[Accelerator, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing was given."""
        return not self.models and self.gpu is None


NOTHING = Wanted()


def read(model_configs: Sequence[str] = (), gpu: str | None = None) -> Wanted:
    """Read what the options name. Raises `InputError` for files, `UsageError` for a class nobody knows."""
    classes = accelerators.candidates(gpu) if gpu is not None and gpu.lower() != CPU else ()
    if gpu is not None and gpu.lower() != CPU and not classes:
        raise UsageError(
            f"{gpu!r} is no GPU class that skewguard knows",
            hint=f"such as {', '.join(accelerators.names()[:4])}, L40S, A100-80GB, or cpu for none",
        )
    return Wanted(tuple(_model(text) for text in model_configs), gpu, classes)


def _model(text: str) -> tuple[str | None, Checkpoint]:
    """`ID=DIR`, or a folder or file alone."""
    model, marker, path = text.partition("=")
    if not marker or files.exists(text):
        return None, checkpoint(text)
    return model, checkpoint(path)


def checkpoint(path: str) -> Checkpoint:
    """The checkpoint in a folder, or of which a config.json alone was given. Raises `InputError`."""
    found = folders.read(path, checkpoints.TEXTS, _HEADED)
    return checkpoints.read(found.texts, found.heads, found.path, whole=found.whole)


def fitted(wanted: Wanted, cases: Sequence[Case]) -> Given:
    """What of it is for which model: a checkpoint without a model is for the only one that the input serves."""
    named = {model: found for model, found in wanted.models if model is not None}
    alone = [found for model, found in wanted.models if model is None]
    rest = [model for model in models(cases) if model not in named]
    if len(alone) == 1 and len(rest) == 1:
        named[rest[0]] = alone[0]
    only = alone[0] if len(alone) == 1 and not rest and len(cases) == 1 and not named else None
    on_cpu = wanted.gpu is not None and not wanted.classes
    return Given(named, only, wanted.classes, on_cpu)


def models(cases: Sequence[Case]) -> list[str]:
    """Every model that the input serves, once."""
    found = (model_of(case.engine, case.parsed, case.container) for case in cases)
    return list(dict.fromkeys(model for model in found if model is not None))


def notes(wanted: Wanted, cases: Sequence[Case]) -> Iterator[str]:
    """What was given and not used, and why."""
    served = models(cases)
    shown = ", ".join(served) or "no model by name"
    for model, found in wanted.models:
        if model is not None and model not in served:
            yield f"--model-config {model}={found.name} was not used: the input serves {shown}"
    named = {model for model, _ in wanted.models if model is not None}
    alone = [found for model, found in wanted.models if model is None]
    rest = [model for model in served if model not in named]
    if alone and (len(alone) > 1 or len(rest) != 1) and not (len(alone) == 1 and len(cases) == 1 and not served):
        names = ", ".join(found.name for found in alone)
        yield f"--model-config {names} was not used: the input serves {shown}; write MODEL=DIR for each"
    yield from _contradicted(wanted, cases)


def _contradicted(wanted: Wanted, cases: Sequence[Case]) -> Iterator[str]:
    """Where the manifest names another class than `--gpu`: its own counts."""
    if wanted.gpu is None:
        return
    given = {each.name for each in wanted.classes}
    for case in cases:
        fact = case.sheet.declared("hardware.gpu_class")
        own = accelerators.candidates(str(fact.value)) if fact is not None else ()
        if fact is not None and not given & {each.name for each in own}:
            yield f"--gpu {wanted.gpu} was not used for {case.sheet.subject}: {fact.origin} names {fact.value}"
