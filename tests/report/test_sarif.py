"""SARIF 2.1.0 by the rules of the standard."""

import json
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest

from skewguard.language.facts import Origin, Source, Subject
from skewguard.language.findings import Observed, Waiver
from skewguard.language.results import CheckExplanation, CheckReport
from skewguard.report import Options, render
from tests.report.reports import CHAT, FINDINGS, OPTIONS, REPORT, RUN_AT, finding, summary


def run_of(report: CheckReport) -> dict[str, Any]:
    """The one run of a report's SARIF log."""
    log = json.loads(render(report, "sarif", OPTIONS))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    return dict(run)


def result_of(check: str, report: CheckReport = REPORT) -> dict[str, Any]:
    """The first result of a check."""
    return next(result for result in run_of(report)["results"] if result["ruleId"] == check)


def checked(*findings: Any) -> CheckReport:
    """A report of these findings alone."""
    return CheckReport(run_at=RUN_AT, findings=findings, summary=summary(findings, ()))


def test_results_name_their_rule_by_id_and_index() -> None:
    """`ruleIndex` points at the rule with the same id."""
    run = run_of(REPORT)
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [ids[result["ruleIndex"]] for result in run["results"]] == [result["ruleId"] for result in run["results"]]
    assert len(ids) == len(set(ids))


def test_results_carry_the_effect() -> None:
    """What the difference does to memory and speed is a property, and told in the message."""
    found = next(item for item in FINDINGS if item.effect)
    (result,) = [item for item in run_of(checked(found))["results"] if item["ruleId"] == found.check]
    assert result["properties"]["effect"] == [
        {"name": each.name, "unit": each.unit, "before": each.before, "after": each.after, "bound": each.bound}
        for each in found.effect
    ]
    assert "Effect: " in result["message"]["text"]


def test_tags_of_a_rule_are_each_said_once() -> None:
    """The standard asks for tags that are distinct; group and category often share a name."""
    row = CheckExplanation("hardware.x", "X", "hardware", "error", "It matters.", "Mend it.")
    log = json.loads(render(checked(finding(row.id)), "sarif", Options(rules={row.id: row})))
    (rule,) = log["runs"][0]["tool"]["driver"]["rules"]
    assert rule["properties"]["tags"] == ["hardware"]


def test_results_have_the_true_region() -> None:
    """A finding points at the characters at fault, not at line 1."""
    region = result_of("args.swallowed")["locations"][0]["physicalLocation"]["region"]
    assert region == {
        "startLine": 12,
        "startColumn": 15,
        "endColumn": 42,
        "snippet": {"text": "--quantization bitsandbytes"},
    }


def test_result_without_a_place_names_the_file_without_a_region() -> None:
    """What is not there has no line; the file is named and no line is made up."""
    place = result_of("runtime.implicit-dtype")["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "deploy.yaml", "uriBaseId": "%SRCROOT%"}}


def test_only_failures_have_a_level() -> None:
    """SARIF 3.27.10: the level of a result that is no failure is none."""
    for result in run_of(REPORT)["results"]:
        assert (result["level"] == "none") == (result["kind"] != "fail")


def test_fingerprint_is_the_finding_id() -> None:
    """Code scanning recognises a finding by our id."""
    fingerprints = {result["partialFingerprints"]["skewguard/v1"] for result in run_of(REPORT)["results"]}
    assert fingerprints == {item.id for item in FINDINGS if item.verdict != "error"}


def test_waiver_is_a_suppression_with_its_reason_and_place() -> None:
    """A waived finding is suppressed, and the log says by whom and until when."""
    (suppression,) = result_of("pin.image-digest")["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert suppression["justification"] == "mirror has no digests (until 2027-01-31)"
    assert suppression["location"]["physicalLocation"]["region"]["startLine"] == 9


def test_waiver_of_an_annotation_in_the_same_file_is_in_source() -> None:
    """An annotation of the object itself suppresses in the source."""
    origin = Origin("file", "deploy.yaml", "deploy.yaml", 3, 1, 9, "x")
    waived = finding("pin.image-tag", verdict="waived", waiver=Waiver("known", None, origin), subject=CHAT)
    assert result_of("pin.image-tag", checked(waived))["suppressions"][0]["kind"] == "inSource"


def test_contract_clause_is_a_related_location() -> None:
    """A contract finding leads to the clause as well."""
    (related,) = result_of("contract.mismatch")["relatedLocations"]
    assert related["physicalLocation"]["artifactLocation"]["uri"] == ".skewguard/chat.yaml"


def test_rule_carries_help_in_two_forms() -> None:
    """A rule's help is text and markdown, with the fragments before and after."""
    rules = {rule["id"]: rule for rule in run_of(REPORT)["tool"]["driver"]["rules"]}
    rule = rules["args.swallowed"]
    assert rule["shortDescription"]["text"] == "One argument holds a flag and its value"
    assert "Fix:" in rule["help"]["text"]
    assert "```yaml" in rule["help"]["markdown"]


def test_invocation_tells_the_exit_code_and_what_went_wrong() -> None:
    """A run that could not read an input is not successful, and says which input and where."""
    invocation = run_of(REPORT)["invocations"][0]
    broken = invocation["toolExecutionNotifications"][0]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, False)
    assert broken["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 5}


def test_invocation_of_a_check_that_found_something_is_successful() -> None:
    """Finding a failure is what the run is for."""
    report = msgspec.structs.replace(checked(FINDINGS[1]), exit_code=1)
    assert run_of(report)["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b/ä#1.yaml", "a%20b/%C3%A4%231.yaml"),
        ("./x.yaml", "x.yaml"),
        ("c:d.yaml", "c%3Ad.yaml"),
        ("100%.yaml", "100%25.yaml"),
    ],
)
def test_relative_paths_are_escaped_and_hang_on_the_root(file: str, uri: str) -> None:
    """A path becomes a URI reference that reads back as the path."""
    subject = Subject("Pod", "x", source=Source(file, 1))
    found = finding("a.b", subject=subject, observed=Observed(1, None, Origin("file", file, file, 2, 3, 4, "1")))
    artifact = result_of("a.b", checked(found))["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": uri, "uriBaseId": "%SRCROOT%"}
    assert unquote(uri) == file.removeprefix("./")


def test_absolute_paths_are_file_uris() -> None:
    """A path from the root of the file system cannot hang on the checkout."""
    found = finding("a.b", subject=Subject("Pod", "x", source=Source("/tmp/x.yaml", 1)))  # noqa: S108  # only a name
    artifact = result_of("a.b", checked(found))["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "file:///tmp/x.yaml"}


def test_columns_are_counted_in_characters() -> None:
    """Our columns are characters, so the log must not leave readers to count UTF-16 units."""
    assert run_of(REPORT)["columnKind"] == "unicodeCodePoints"
