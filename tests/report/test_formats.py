"""The registry of formats, and that all of them tell the same result."""

import json
import re
from xml.etree import ElementTree as ET

import msgspec
import pytest

from skewguard import report
from skewguard.language.errors import UsageError
from skewguard.language.findings import SEVERITIES, VERDICTS
from skewguard.report import FORMATS, formats_for, render
from tests.report.reports import DIFF, FINDINGS, OPTIONS, PASSED, REPORT, SETTINGS, finding, summary

VERBOSE = msgspec.structs.replace(OPTIONS, verbose=True)


def test_unknown_format_is_refused_with_the_possible_ones() -> None:
    """A format that does not exist is named, and so are those that do."""
    with pytest.raises(UsageError) as caught:
        render(DIFF, "toml", OPTIONS)
    assert "toml" in caught.value.message
    assert caught.value.hint == "diff can answer as table, wide, json, yaml, markdown, html."


def test_format_of_another_verb_is_refused_with_the_reason() -> None:
    """SARIF of `settings` is refused, because it shows findings only."""
    with pytest.raises(UsageError) as caught:
        render(SETTINGS, "sarif", OPTIONS)
    assert caught.value.message == "The format sarif can show the result of check and verify only, not of settings."


def test_every_format_belongs_to_a_verb() -> None:
    """Every registered format can be reached by a verb."""
    reachable = {
        name for verb in ("check", "settings", "discover", "explain", "baseline show") for name in formats_for(verb)
    }
    assert reachable == set(FORMATS)


def test_json_counts_agree_with_the_summary() -> None:
    """The findings of the JSON document are as many as its own summary says."""
    document = json.loads(render(REPORT, "json", OPTIONS))
    verdicts = [item["verdict"] for item in document["findings"]]
    counted = {name: verdicts.count(name) for name in VERDICTS if name not in ("pass", "skipped")}
    assert counted == {name: document["summary"]["by_verdict"][name] for name in counted}


def test_sarif_counts_agree_with_the_summary() -> None:
    """Failures by level, unknowns, waivers and crashes are as many as the summary says."""
    run = json.loads(render(REPORT, "sarif", OPTIONS))["runs"][0]
    by_verdict, by_severity = REPORT.summary.by_verdict, REPORT.summary.by_severity
    open_ones = [item for item in run["results"] if item["kind"] == "open"]
    waived = [item for item in run["results"] if "suppressions" in item]
    levels = [item["level"] for item in run["results"] if item["kind"] == "fail" and "suppressions" not in item]
    crashes = [
        item
        for item in run["invocations"][0]["toolExecutionNotifications"]
        if item["descriptor"]["id"] == "check-crashed"
    ]
    assert {level: levels.count(level) for level in SEVERITIES} == by_severity
    assert (len(open_ones), len(waived), len(crashes)) == (
        by_verdict["unknown"],
        by_verdict["waived"],
        by_verdict["error"],
    )


def test_junit_counts_agree_with_the_summary() -> None:
    """Every verdict is a case, and with `--fail-on note` every failure is red."""
    strict = msgspec.structs.replace(REPORT, fail_on="note", errors=())
    root = ET.fromstring(render(strict, "junit", OPTIONS))  # noqa: S314  # our own text
    by_verdict = REPORT.summary.by_verdict
    assert int(root.attrib["tests"]) == sum(by_verdict.values())
    assert len(root.findall(".//failure")) == by_verdict["fail"]
    assert len(root.findall(".//error")) == by_verdict["error"] + 1  # the unknown clause of the contract


def test_github_counts_agree_with_the_summary() -> None:
    """There is a command for each failure, unknown, crash, unreadable input and missing input."""
    commands = render(REPORT, "github", OPTIONS).splitlines()
    by_verdict = REPORT.summary.by_verdict
    expected = by_verdict["fail"] + by_verdict["unknown"] + by_verdict["error"]
    assert len(commands) == expected + len(REPORT.errors) + len(REPORT.missing)


def test_terminal_counts_agree_with_the_summary() -> None:
    """With -v every finding has its line, and the words in front of them are as many as the summary says."""
    text = render(REPORT, "table", VERBOSE).partition("Not in the input")[0]
    words = re.findall(r"^  (error|warning|note|unknown|waived|crashed) ", text, re.MULTILINE)
    assert {word: words.count(word) for word in words} == {
        **REPORT.summary.by_severity,
        "unknown": REPORT.summary.by_verdict["unknown"],
        "waived": REPORT.summary.by_verdict["waived"],
        "crashed": REPORT.summary.by_verdict["error"],
    }


def test_summary_ends_with_engines_and_contracts() -> None:
    """The closing line of every check ends with how many engines there are and how many a contract binds."""
    assert report.summary(REPORT).endswith("2 engines, 1 under contract")


def test_summary_of_no_engine_says_so() -> None:
    """Without an engine the closing line says that there is none, rather than counting zero."""
    none = msgspec.structs.replace(REPORT, summary=summary((), (), files=1))
    assert report.summary(none).endswith("no engine")


def test_fine_check_is_one_line() -> None:
    """Where nothing is wrong one line says so, also when notes and unasked unknowns exist."""
    quiet = tuple(item for item in FINDINGS if item.severity == "note" or item.verdict == "waived")
    fine = msgspec.structs.replace(
        REPORT, findings=quiet, errors=(), missing=(), notes=(), summary=summary(quiet, PASSED, files=1, engines=1)
    )
    assert render(fine, "table", msgspec.structs.replace(OPTIONS, width=200)).count("\n") == 1


def test_why_of_a_check_is_told_once() -> None:
    """A reason that many findings share is told at the first of them."""
    twice = tuple(finding("args.swallowed", anchor=anchor) for anchor in ("--a", "--b"))
    text = render(msgspec.structs.replace(REPORT, findings=twice), "table", OPTIONS)
    assert text.count("why:") == 1
