"""What is told in one line: contracts that bind nothing, and answers that wait for `-v`."""

import json

import pytest

from skewguard.language.facts import Subject
from skewguard.language.findings import Finding
from skewguard.language.results import CheckReport
from skewguard.report import Options, render
from tests.report.reports import RUN_AT, finding, summary


def idle(name: str, severity: str = "warning") -> Finding:
    """A contract that binds nothing."""
    return finding("contract.no-target", severity=severity, subject=Subject("ServingContract", name))


def report(*findings: Finding) -> CheckReport:
    """A check that found these."""
    return CheckReport(run_at=RUN_AT, findings=findings, summary=summary(findings, ()))


def shown(result: CheckReport, form: str = "table", *, verbose: bool = False) -> str:
    """The report in one line."""
    return " ".join(render(result, form, Options(verbose=verbose)).split())


@pytest.mark.parametrize("number", [2, 3, 4, 50])
@pytest.mark.parametrize("form", ["table", "github"])
def test_contracts_that_bind_nothing_are_one_line_for_a_person(number: int, form: str) -> None:
    """With their number and the first few names, so that what is wrong with the manifest is not buried."""
    said = shown(report(*(idle(f"c{index}") for index in range(number))), form)
    more = f" and {number - 3} more" if number > 3 else ""
    names = ", ".join(f"c{index}" for index in range(min(number, 3)))
    assert (1, True) == (
        said.count("contract.no-target"),
        f"{number} contracts bind nothing in this input: {names}{more}" in said,
    )


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_pages_open_what_was_folded(form: str) -> None:
    """One line among the findings, and each contract behind it."""
    said = shown(report(*(idle(f"contract{index}") for index in range(5))), form)
    assert "5 contracts bind nothing in this input" in said
    assert all(f"contract{index}" in said for index in range(5))


@pytest.mark.parametrize("form", ["json", "yaml", "sarif", "junit"])
def test_programs_get_each_contract_that_binds_nothing(form: str) -> None:
    """Nothing is folded where nobody reads it."""
    said = render(report(*(idle(f"contract{index}") for index in range(5))), form, Options())
    assert all(f"contract{index}" in said for index in range(5))


def test_each_contract_that_binds_nothing_is_shown_when_asked() -> None:
    """`-v` and `-o wide` fold nothing."""
    result = report(idle("a"), idle("b"))
    assert [2, 2] == [shown(result, form, verbose=verbose).count("contract.no-target was found")
                      for form, verbose in (("table", True), ("wide", False))]  # fmt: skip


def test_contract_that_was_asked_for_stands_for_itself() -> None:
    """An error is never folded, and a single warning is shown in full."""
    result = report(idle("a"), idle("b", "error"), idle("c", "error"))
    assert 3 == shown(result).count("contract.no-target was found")


def test_answer_that_could_be_a_failure_is_named_where_it_is_not_shown() -> None:
    """One line with the checks, their number and how to see more; none for notes, nor where all is shown."""
    unknowns = [finding("args.unknown", verdict="unknown")] * 2 + [finding("serving.retries", verdict="unknown")]
    result = report(*unknowns, finding("pin.a", verdict="unknown", severity="note"))
    said = "unknown: args.unknown (2), serving.retries cannot be decided from this input; -v shows what would decide"
    assert said in shown(result)
    assert "unknown: " not in shown(result, verbose=True)
    assert "unknown: " not in shown(report(finding("pin.a", verdict="unknown", severity="note")))


def test_summary_says_what_waits_for_the_asking() -> None:
    """By kind, so that three notes are not taken for three failures."""
    result = report(
        finding("a.b"),
        *[finding("a.c", severity="note")] * 2,
        finding("a.d", verdict="unknown"),
        *[finding("a.e", verdict="waived")] * 3,
    )
    assert "(2 notes, 1 unknown, 3 waived not shown: -v shows them)" in shown(result)
    assert "not shown" not in shown(result, verbose=True)
    assert 7 == len(json.loads(render(result, "json", Options()))["findings"])
