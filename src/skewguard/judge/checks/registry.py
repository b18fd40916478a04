"""Every check, by id. A new module of checks is listed here, nowhere else."""

from collections.abc import Mapping

from skewguard.judge.checks import (
    args,
    contract,
    contract_itself,
    contradicted,
    contradictions,
    environment,
    facts,
    fitting,
    groups,
    hardware,
    left_to_chance,
    limits,
    missing_files,
    model_limits,
    needs,
    numbers,
    parallel,
    pin,
    placeholders,
    replicas,
    revisions,
    rollouts,
    sanity,
    scaling,
    secrecy,
    serving,
    starting,
    transfers,
    version_dependence,
    words,
)
from skewguard.judge.checks.interface import CHECKS, Case, Check, Result

MODULES = (
    pin,
    revisions,
    args,
    version_dependence,
    environment,
    contradictions,
    starting,
    needs,
    words,
    missing_files,
    placeholders,
    secrecy,
    limits,
    model_limits,
    left_to_chance,
    numbers,
    parallel,
    groups,
    transfers,
    hardware,
    fitting,
    scaling,
    serving,
    contract,
    contract_itself,
    facts,
    replicas,
    rollouts,
    contradicted,
    sanity,
)


def find(name: str) -> Check | None:
    """The check with this id or this former id."""
    if name in CHECKS:
        return CHECKS[name]
    return CHECKS.get(aliases().get(name, ""))


def aliases() -> Mapping[str, str]:
    """Former id → id."""
    return {alias: check.id for check in CHECKS.values() for alias in check.aliases}


__all__ = ["CHECKS", "MODULES", "Case", "Check", "Result", "aliases", "find"]
