"""Short ways from a resource whose fields carry an engine's arguments to what is judged of it."""

from textwrap import dedent

from skewguard.assess import cases, evaluation
from skewguard.judge.checks import registry
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.project import Project
from skewguard.language.facts import Fact, Value
from skewguard.language.findings import Finding
from tests.observe import reading


def engines(*texts: str) -> list[Case]:
    """Every engine of some files."""
    found = cases.judged(reading.read(*texts).inventory, Project())
    return [item.case for item in found if item.case is not None]


def first(*texts: str) -> Case:
    """The first engine of some files."""
    return engines(*texts)[0]


def values(of: Case, *settings: str) -> list[Value]:
    """The values that decide some settings; None where no value does."""
    found = [of.sheet.effective(setting) for setting in settings]
    return [item.value if isinstance(item, Fact) else None for item in found]


def place(of: Case, setting: str, text: str) -> str:
    """What stands in the file at the place of a setting's value."""
    fact = of.sheet.declared(setting)
    assert fact is not None
    where = fact.origin
    assert where.line is not None
    assert where.column is not None
    return dedent(text).split("\n")[where.line - 1][where.column - 1 : (where.end_column or 0) - 1]


def failing(of: Case) -> list[str]:
    """The checks that fail with an error, and on what."""
    return [f"{item.check} {item.anchor}" for item in _findings(of) if item.severity == "error"]


def told(of: Case, check: str) -> list[Finding]:
    """What one check fails or cannot decide."""
    return [item for item in _findings(of) if item.check == check]


def _findings(of: Case) -> list[Finding]:
    found = evaluation.evaluate(of, registry.CHECKS.values(), str).findings
    return [item for item in found if item.verdict in ("fail", "unknown")]
