"""What a broken promise does to memory and speed: from the value that was promised to the one that runs."""

from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import values
from skewguard.language.facts import Fact, Value
from skewguard.language.findings import Effect


def effect(case: Case, setting: str, promise: values.Promise, fact: Fact) -> tuple[Effect, ...]:
    """The effect where the model's own files are known and the promise names one value or the bound that is passed."""
    if case.inputs is None or case.inputs.checkpoint is None:
        return ()
    from skewguard.knowledge.capacity import effects

    promised = _promised(promise, fact.value)
    return effects.of(case.situation, setting, promised, fact.value) if promised is not None else ()


def _promised(promise: values.Promise, value: Value) -> Value:
    """The promised value that is nearest to what runs; None where there are several."""
    if isinstance(promise, values.Exactly):
        return promise.value
    if isinstance(promise, values.OneOf) and len(promise.options) == 1:
        return _promised(promise.options[0], value)
    if not isinstance(promise, values.Range) or not isinstance(value, int | float):
        return None
    if promise.maximum is not None and value > promise.maximum:
        return promise.maximum
    return promise.minimum
