"""What a report needs beside the result: source lines to show, and the rows of the checks."""

from collections.abc import Mapping

from skewguard.adapters import files
from skewguard.judge.checks.interface import Check
from skewguard.knowledge import engines
from skewguard.language.results import CheckExplanation


def source_line(path: str, number: int) -> str | None:
    """One line (1-based) of an input, unredacted; None when it cannot be had any more."""
    return files.line(path, number)


def rules() -> Mapping[str, CheckExplanation]:
    """The row of every check, by id."""
    from skewguard.judge.checks import registry

    return {check.id: check_row(check) for check in registry.CHECKS.values()}


def check_row(check: Check) -> CheckExplanation:
    """A check's row as a report shows it."""
    return CheckExplanation(
        id=check.id,
        title=check.title,
        category=check.category,
        severity=check.severity,
        why=check.why,
        remedy=check.remedy,
        phases=check.phases,
        bad=check.bad,
        good=check.good,
        aliases=check.aliases,
        sources=check.sources,
        tables=engines.tables_used(),
    )
