"""What a contract promises of performance, held against a short load: a promise is broken only where that is no chance.

A run of a minute knows a p95 only roughly (`judge.baseline.objectives` says how roughly). A limit is kept where the measured
value keeps it, broken where that would be chance once in twenty times at most, and undecided between the two.
"""

from collections.abc import Iterator
from typing import Any

from skewguard.judge.checks.interface import Case, Result, fail, passed, unknown
from skewguard.knowledge.contract.values import Contract
from skewguard.language.baselines import Between, Objective
from skewguard.language.facts import Fact, Origin
from skewguard.language.figures import digits
from skewguard.language.findings import ContractRef
from skewguard.language.measures import MEASURES

CONFIDENCE = 0.95
"""How sure a missed limit must be: a gate stands in the way of a rollout, and a server that keeps its promise shall pass."""


def objectives(case: Case, contract: Contract) -> Iterator[Result]:
    """One answer for each limit of `performance.slo`."""
    measured = case.measured
    if measured is None:
        return
    from skewguard.judge.baseline import objectives as promises  # lazily: most checks measure nothing

    untrusted = measured.invalid_because[0] if measured.invalid_because else ""
    for each in promises.judged(measured, contract.performance.get("slo", {}), CONFIDENCE):
        verdict, why = _held(each) if not untrusted else ("unknown", f"the measurement cannot be trusted: {untrusted}")
        yield _answer(case, contract, each, verdict, why)


def _held(each: Objective) -> tuple[str, str]:
    """The verdict on one limit, and why."""
    high = each.value.high if isinstance(each.value, Between) else each.value
    if each.verdict == "met" or (each.stat != "min" and high is not None and high <= each.bound):
        return "pass", ""
    was = told(each.name, high) if high is not None else "not known"
    if each.verdict == "undecided":
        return "unknown", f"it was {was}: {each.reason}; give it longer with --sanity-duration"
    if each.stat == "min":  # a load that is smaller than the promise does not reach it
        return "unknown", f"a short load reached {was}: `skewguard baseline record` measures what it can do"
    return "fail", f"it was {was}" + (f": {each.reason}" if each.reason else "")


def _answer(case: Case, contract: Contract, each: Objective, verdict: str, why: str) -> Result:
    setting = f"performance.{each.name}.{each.stat}"
    at = Origin("endpoint", f"a load sent to {case.sheet.subject.name}")
    value = each.value.high if isinstance(each.value, Between) else each.value
    more: dict[str, Any] = {
        "setting": setting,
        "category": "serving",
        "contract": ContractRef(contract.name, contract.origin),
        "expected": each.bound,
        "at": at,
        "fact": Fact(setting, value, "observed", at) if value is not None else None,
    }
    if verdict == "pass":
        return passed("", **more)
    bound = "at least" if each.stat == "min" else "at most"
    message = f"the contract promises `{setting}` of {bound} {told(each.name, each.bound)}, and {why}"
    if verdict == "unknown":
        return unknown(
            message, remedy="load it for longer (--sanity-duration 2m), from a machine with nothing else to do", **more
        )
    return fail(
        message,
        remedy="find out what is slower (`skewguard verify`, `skewguard baseline compare`) before users do",
        **more,
    )


def told(name: str, value: float) -> str:
    """A number of a metric as people read it."""
    unit = MEASURES[name].unit
    if unit == "s" and value < 1:
        value, unit = value * 1000, "ms"
    elif unit == "ratio":
        value, unit = value * 100, "%"
    return f"{digits(value)} {unit}"
