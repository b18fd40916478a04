"""`--model-config`, `models` of the project and `--gpu`: what was given beside the input, and what of it was not used."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from skewguard.adapters import files, folders, places
from skewguard.assess.given import Given, model_of
from skewguard.judge.checks.interface import Case
from skewguard.knowledge import checkpoints
from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.checkpoints.safetensors import MOST, PREFIX
from skewguard.knowledge.project import ModelRule
from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator
from skewguard.language.errors import InputError, UsageError

_HEADED = folders.Headed(checkpoints.WEIGHTS, PREFIX, MOST)
CPU = "cpu"


class Wanted(Struct, frozen=True):
    """What was asked for: checkpoints with the model they are for (None: the only one), and GPU classes as typed.

    `rules` are the project's own words on where models' files lie, which are read when a model asks for them.
    """

    models: tuple[tuple[str | None, Checkpoint], ...] = ()
    rules: tuple[ModelRule, ...] = ()
    gpu: str | None = None
    classes: tuple[Accelerator, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing was given."""
        return not self.models and not self.rules and self.gpu is None


NOTHING = Wanted()


def read(model_configs: Sequence[str] = (), gpu: str | None = None, rules: Sequence[ModelRule] = ()) -> Wanted:
    """Read what the options name; `rules` wait for the models. Raises `InputError` for files, `UsageError` for a class nobody knows."""
    classes = accelerators.candidates(gpu) if gpu is not None and gpu.lower() != CPU else ()
    if gpu is not None and gpu.lower() != CPU and not classes:
        raise UsageError(
            f"{gpu!r} is no GPU class that skewguard knows",
            hint=f"such as {', '.join(accelerators.names()[:4])}, L40S, A100-80GB, or cpu for none",
        )
    return Wanted(tuple(_model(text) for text in model_configs), tuple(rules), gpu, classes)


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


def fitted(wanted: Wanted, cases: Sequence[Case]) -> tuple[Given, list[InputError]]:
    """What of it is for which model, and what of the project's words could not be read.

    A checkpoint without a model is for the only one that the input serves, or the only one without another. What the
    options give goes before the project's words.
    """
    served = models(cases)
    rules = {model: rule for model in served if (rule := _rule(wanted, model)) is not None}
    named = {model: found for model, found in wanted.models if model is not None}
    alone = [found for model, found in wanted.models if model is None]
    one = _lonely(wanted, served)
    if one is not None:
        named[one] = alone[0]
    only = alone[0] if len(alone) == 1 and not served and len(cases) == 1 and not named else None
    errors: list[InputError] = []
    for model, rule in rules.items():
        if model not in named and (found := _of_project(rule, errors)) is not None:
            named[model] = found
    on_cpu = wanted.gpu is not None and not wanted.classes
    return Given(named, only, wanted.classes, on_cpu), errors


def _rule(wanted: Wanted, model: str) -> ModelRule | None:
    return next((rule for rule in wanted.rules if rule.fits(model)), None)


def _lonely(wanted: Wanted, served: Sequence[str]) -> str | None:
    """The model that a checkpoint without a name is for; None where several could be meant, or several were given."""
    named = {model for model, _ in wanted.models if model is not None}
    rest = [model for model in served if model not in named]
    others = [model for model in rest if _rule(wanted, model) is None]
    if sum(model is None for model, _ in wanted.models) != 1:
        return None
    return next((found[0] for found in (rest, others) if len(found) == 1), None)


def _of_project(rule: ModelRule, errors: list[InputError]) -> Checkpoint | None:
    """The checkpoint that the project's configuration names; what is wrong with it is said at the line that does."""
    origin = rule.origin
    try:
        return checkpoint(places.beside(origin.file, rule.config))
    except InputError as error:
        said = f"the model's files that `config` names cannot be read: {error.message}"
        errors.append(InputError(said, hint=error.hint, file=origin.file, line=origin.line, column=origin.column))
        return None


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
    alone = [found for model, found in wanted.models if model is None]
    for_whatever = len(alone) == 1 and len(cases) == 1 and not served
    if alone and _lonely(wanted, served) is None and not for_whatever:
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
