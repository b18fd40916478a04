"""Findings that do not count, and for how long."""

import pytest

from skewguard.knowledge.contract import waiving
from skewguard.knowledge.contract.values import WaiverRule
from skewguard.language.facts import Located, Origin, Subject
from skewguard.language.findings import Finding, Verdict, Waiver

HERE = Origin("file", "chat.yaml", "chat.yaml", 9, 3)
TODAY = "2026-11-23"


def finding(check: str = "pin.image-digest", verdict: Verdict = "fail", setting: str | None = None) -> Finding:
    """A finding about the container vllm of Deployment prod/chat."""
    subject = Subject("Deployment", "chat", namespace="prod", container="vllm")
    group = check.partition(".")[0]
    return Finding(
        id="0", check=check, group=group, category="runtime", verdict=verdict, severity="warning",  # type: ignore[arg-type]
        subject=subject, message="", remedy="", setting=setting,
    )  # fmt: skip


def rule(check: str = "pin.image-digest", until: str | None = "2027-01-31", **more: object) -> WaiverRule:
    """A waiver that holds today."""
    return WaiverRule(check, "the mirror has no digests", HERE, until, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (rule(), "waived"),
        (rule("pin.*"), "waived"),
        (rule("pin.no-digest"), "waived"),
        (rule("pin.image-tag"), "fail"),
        (rule("args.*"), "fail"),
        (rule(until=TODAY), "waived"),
        (rule(until="2026-11-22"), "fail"),
        (rule(until=None), "waived"),
        (rule(setting="runtime.*"), "waived"),
        (rule(setting="limits.*"), "fail"),
        (rule(where={"namespace": "prod", "container": "v*"}), "waived"),
        (rule(where={"namespace": "dev"}), "fail"),
        (rule(where={"cluster": "eu"}), "fail"),
        (rule(where={"cluster": "*"}), "waived"),
        (rule(subject=Subject("Deployment", "chat", namespace="prod")), "waived"),
        (rule(subject=Subject("Deployment", "batch", namespace="prod")), "fail"),
    ],
)
def test_waiver_covers_what_it_names_until_its_last_day(given: WaiverRule, verdict: str) -> None:
    """A waiver is about one check (or group) and, where it says so, one setting and place; it holds on its last day."""
    about = finding(setting="runtime.image_digest")
    settled = waiving.settle([(about, [given])], TODAY, aliases={"pin.no-digest": "pin.image-digest"})

    assert [verdict] == [item.verdict for item in settled.findings]


def test_waived_finding_keeps_reason_and_end() -> None:
    """The report shows why a finding does not count."""
    settled = waiving.settle([(finding(), [rule()])], TODAY)

    assert Waiver("the mirror has no digests", "2027-01-31", HERE) == settled.findings[0].waiver


def test_expired_waiver_is_told_once_and_another_may_still_hold() -> None:
    """An ended waiver lets the finding stand, and one answer says so for all findings it was about."""
    ended = rule(until="2026-01-01")
    settled = waiving.settle([(finding(), [ended]), (finding(), [ended]), (finding(), [ended, rule()])], TODAY)

    assert ["fail", "fail", "waived"] == [item.verdict for item in settled.findings]
    assert ([ended], []) == ([item for item, _ in settled.expired], settled.unused)


def test_waiver_without_a_finding_is_told() -> None:
    """A waiver left behind would silently excuse the next finding."""
    used, unused = rule(), rule("args.unknown")
    settled = waiving.settle([(finding(), [used])], TODAY, rules=[used, unused])

    assert [unused] == settled.unused


@pytest.mark.parametrize("verdict", ["error", "skipped", "pass"])
def test_only_failures_and_unknowns_are_waived(verdict: Verdict) -> None:
    """A crash of a check is never hidden."""
    settled = waiving.settle([(finding(verdict=verdict), [rule()])], TODAY)

    assert [verdict] == [item.verdict for item in settled.findings]


def test_annotation_waives_on_its_own_object_without_end() -> None:
    """`skewguard.dev/ignore.<check>` with a reason is a waiver for that object alone."""
    subject = Subject("Deployment", "chat", namespace="prod")
    annotations = {
        "skewguard.dev/ignore.pin.image-digest": Located(" mirror ", HERE),
        "skewguard.dev/engine": Located("vllm==0.11.0", HERE),
    }
    rules, errors = waiving.from_annotations(annotations, subject, ["pin.image-digest"])

    assert ([WaiverRule("pin.image-digest", "mirror", HERE, subject=subject)], []) == (rules, errors)
    assert waiving.settle([(finding(), rules)], TODAY).findings[0].verdict == "waived"


@pytest.mark.parametrize(
    ("key", "reason", "message"),
    [
        ("pin.image-digest", " ", "the annotation skewguard.dev/ignore.pin.image-digest has no reason"),
        ("pin.image-digets", "x", "the annotation skewguard.dev/ignore.pin.image-digets names no check"),
    ],
)
def test_annotation_that_cannot_waive_is_a_mistake(key: str, reason: str, message: str) -> None:
    """An annotation without a reason, or about no check, waives nothing and is told."""
    rules, errors = waiving.from_annotations(
        {f"skewguard.dev/ignore.{key}": Located(reason, HERE)}, Subject("Pod", "a"), ["pin.image-digest"]
    )

    assert ([], [(message, 9)]) == (rules, [(error.message, error.line) for error in errors])
