"""Findings that say the same of many contracts, folded into one for a person. Documents for programs keep each of them.

One manifest of a repository with fifty contracts is no target of forty-nine of them: told one by one that would bury
what is wrong with the manifest.
"""

from collections.abc import Sequence

from msgspec import Struct

from skewguard.language.findings import Finding
from skewguard.report import words

MOST_NAMED = 3
"""Contracts that the folded line names."""

_CHECK = "contract.no-target"


class Folded(Struct, frozen=True):
    """Several findings as one: the check, what it says of how many, what to do, and the findings themselves."""

    check: str
    message: str
    remedy: str
    findings: tuple[Finding, ...]


def fold(findings: Sequence[Finding]) -> tuple[list[Finding], Folded | None]:
    """The findings that stand for themselves, and the warnings about contracts that bind nothing as one.

    An error stands for itself (that contract was asked for by name), and so does a single warning.
    """
    idle = [item for item in findings if item.check == _CHECK and item.verdict == "fail" and item.severity != "error"]
    if len(idle) < 2:
        return list(findings), None
    folded = {id(item) for item in idle}
    names = [item.subject.name for item in idle]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return [item for item in findings if id(item) not in folded], Folded(
        _CHECK,
        f"{words.counted(len(names), 'contract')} bind nothing in this input: {', '.join(names[:MOST_NAMED])}{more}",
        "give the manifests they are for, or correct their targets",
        tuple(idle),
    )
