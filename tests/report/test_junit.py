"""JUnit XML that any parser reads, and that is red exactly where the exit code is."""

from typing import get_args
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language.results import CheckReport, FailOn
from skewguard.report import render
from tests.report.reports import CHAT, OPTIONS, REPORT, RUN_AT, finding, summary


def suites_of(report: CheckReport) -> ET.Element:
    """The parsed report."""
    return ET.fromstring(render(report, "junit", OPTIONS))  # noqa: S314  # our own text


def case_of(name: str, report: CheckReport = REPORT) -> ET.Element:
    """The case of one check."""
    case = suites_of(report).find(f".//testcase[@name='{name}']")
    assert case is not None
    return case


def test_suite_stands_for_each_container() -> None:
    """Inputs and containers have a suite each."""
    names = [suite.attrib["name"] for suite in suites_of(REPORT)]
    assert names == [
        "inputs",
        "Deployment prod/chat container vllm (deploy.yaml)",
        "Job score container engine (batch.yaml)",
    ]


def test_counts_of_suites_are_true() -> None:
    """The attributes of every suite count its own cases."""
    for suite in suites_of(REPORT):
        for attribute, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.attrib[attribute]) == len(suite.findall(f"testcase/{element}"))
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))


def test_failure_carries_message_place_and_remedy() -> None:
    """A failed case says what, where and what to do."""
    case = case_of("args.swallowed runtime.quantization")
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("One argument holds")
    assert failure.text is not None
    assert failure.text.splitlines()[1:] == [
        "deploy.yaml:12:15",
        "Fix: Write two list items, --quantization and bitsandbytes.",
    ]
    assert (case.attrib["file"], case.attrib["line"]) == ("deploy.yaml", "12")


@pytest.mark.parametrize(("threshold", "failed"), [("error", 2), ("warning", 4), ("note", 5), ("never", 0)])
def test_failures_follow_the_threshold(threshold: FailOn, failed: int) -> None:
    """What does not fail the run is told, and is no failed case."""
    assert threshold in get_args(FailOn)
    report = msgspec.structs.replace(REPORT, fail_on=threshold)
    assert len(suites_of(report).findall(".//failure")) == failed


def test_unknown_clause_is_an_error_unless_allowed() -> None:
    """A clause that nobody can judge is red like the exit code, and skipped with `--allow-unknown`."""
    name = "contract.mismatch limits.max_num_seqs"
    assert case_of(name).find("error") is not None
    assert case_of(name, msgspec.structs.replace(REPORT, allow_unknown=True)).find("skipped") is not None


def test_passes_and_skips_are_listed() -> None:
    """A case exists for what passed and for what had nothing to decide."""
    assert list(case_of("args.unknown")) == []
    skipped = case_of("pin.model-revision").find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"] == "the model is a local path"


@given(st.text())
def test_any_text_is_well_formed(text: str) -> None:
    """No text of a manifest breaks the XML, and printable text comes back as it was."""
    found = finding("a.b", message=text, remedy=text, subject=CHAT)
    report = CheckReport(run_at=RUN_AT, findings=(found,), summary=summary((found,), ()))
    failure = case_of("a.b", report).find("failure")
    assert failure is not None
    if (
        text.isprintable()
        and "\\" not in text
        and failure.attrib["message"].isascii()
        and "<redacted" not in failure.attrib["message"]
    ):
        assert failure.attrib["message"] == text
