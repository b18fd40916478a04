"""Promises that what is known already breaks, though the rest is not known.

The shortest time on the way counts, and the most retries. One way that is too short breaks a promised minimum whatever
the ways set that nobody sees.
"""

from skewguard.judge.checks.interface import Case
from skewguard.knowledge.contract import values
from skewguard.language import surroundings, ways
from skewguard.language.facts import Fact, Gap, Origin
from skewguard.language.ways import Bound

_BOUNDS = {
    "serving.request_timeout": ways.timeouts,
    "serving.retries": ways.retries,
    "serving.max_body_size": ways.bodies,
}


def already_broken(case: Case, gap: Gap, promise: values.Promise) -> Fact | None:
    """The known bound that breaks a promise on its own; None where what is not known decides."""
    read = _BOUNDS.get(gap.setting)
    if read is None or gap.rule != "route":
        return None
    worst = ways.worst(gap.setting, read(surroundings.routes_of(case.workload, case.inventory)))
    limit = _limit(promise, shorter=gap.setting in ways.SHORTER)
    if worst is None or worst.value is None or limit is None:
        return None
    broken = worst.value < limit if gap.setting in ways.SHORTER else worst.value > limit
    return _fact(gap.setting, worst) if broken else None


def _limit(promise: values.Promise, *, shorter: bool) -> float | None:
    """The least value that keeps a promise, or the most; None where there is none."""
    if isinstance(promise, values.Range):
        found = promise.minimum if shorter else promise.maximum
    else:
        found = promise.value if isinstance(promise, values.Exactly) else None
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def _fact(setting: str, bound: Bound) -> Fact:
    if bound.default is None:
        return Fact(setting, bound.value, "declared", bound.origin)
    return Fact(setting, bound.value, "derived", Origin("default", f"default of {bound.default} for {bound.route}"))
