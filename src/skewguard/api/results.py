"""What a report needs beside the result: source lines to show, and the rows of the checks."""

from collections.abc import Mapping

from skewguard.adapters import files
from skewguard.language.results import CheckExplanation


def source_line(path: str, number: int) -> str | None:
    """One line (1-based) of an input, unredacted; None when it cannot be had any more."""
    return files.line(path, number)


def rules() -> Mapping[str, CheckExplanation]:
    """The row of every check, by id."""
    from skewguard.api import explaining
    from skewguard.judge.checks import registry

    return {check.id: explaining.check_row(check) for check in registry.CHECKS.values()}
