"""What a recording is held against: the last one that was verified good, else the last valid one, at the same load."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from skewguard.api import keeping
from skewguard.api.keeping import Kept, Word
from skewguard.judge.baseline import comparing, matching, tolerances
from skewguard.language.baselines import Baseline, Calibration, Comparison
from skewguard.language.errors import SkewguardError
from skewguard.language.results_parts import InputProblem


class Base(Struct, frozen=True):
    """A recording to compare with, and why it is this one."""

    baseline: Baseline
    why: str


def fitting(kept: Kept, found: Baseline) -> Base | None:
    """The base for a recording: of what was recorded before it, the newest that may be compared with it.

    Where none may, the newest valid one: the comparison then says what differs.
    """
    subject = keeping.bare(found.subject)
    good = kept.good(subject)
    alike: Baseline | None = None
    other: Baseline | None = None
    for each in (one for one in kept.baselines(subject, before=found.id or None) if one.valid):
        other = other or each
        if not comparable(each, found):
            continue
        alike = alike or each
        if each.id in good:
            return Base(each, "the last one at this load that was verified good")
        if not good:
            break
    if alike is not None:
        return Base(alike, "the last valid one at this load before it")
    return Base(other, "the last valid one before it, recorded under other conditions") if other is not None else None


def last_good(kept: Kept, word: Word) -> Baseline | None:
    """The last valid recording of a workload with which it was verified good; None where none was."""
    assert word.subject is not None
    good = kept.good(word.subject)
    return next((each for each in keeping.of_subject(kept, word) if each.id in good), None) if good else None


def comparable(a: Baseline, b: Baseline) -> bool:
    """Whether nothing keeps two recordings from being compared."""
    return not any(each.blocks for each in matching.differences(a, b))


def calibration(kept: Kept, a: Baseline, b: Baseline) -> Calibration | None:
    """What was last learned of the noise of their subject at their load."""
    return next((each for each in kept.calibrations(keeping.bare(b.subject)) if matching.calibrates(each, a, b)), None)


def compared(kept: Kept | None, a: Baseline, b: Baseline, promised: Mapping[str, Any], confidence: float) -> Comparison:
    """What b says against a, within what is tolerated, with the noise that is known."""
    known = calibration(kept, a, b) if kept is not None else None
    return comparing.compare(a, b, tolerances=tolerances.of(promised), calibration=known, confidence=confidence)


class Beside(Struct, frozen=True):
    """What a recording is shown beside, and what the two say of each other; `problem`: why an earlier one could not be read."""

    against: Baseline | None = None
    comparison: Comparison | None = None
    problem: InputProblem | None = None

    @property
    def problems(self) -> tuple[InputProblem, ...]:
        """The problem, where there is one."""
        return (self.problem,) if self.problem is not None else ()


def beside(kept: Kept, found: Baseline, promised: Mapping[str, Any] | None = None) -> Beside:
    """What a recording is shown beside, where the two can be compared. What is wrong with an earlier one hides no new one."""
    try:
        base = fitting(kept, found) if found.valid else None
        if base is None or not comparable(base.baseline, found):
            return Beside()
        whole = kept.whole(base.baseline)
        return Beside(whole, compared(kept, whole, found, promised or {}, comparing.CONFIDENCE))
    except SkewguardError as error:
        message = f"it could not be compared with what was recorded before it: {error.message}"
        return Beside(problem=InputProblem(error.file, message, error.line, error.column, error.hint))
