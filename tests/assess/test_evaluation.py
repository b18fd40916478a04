"""Evaluation: checks run apart, crashes contained, findings recognised again."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from skewguard.assess import evaluation
from skewguard.judge.checks.interface import Case, Check, Result, fail, skipped
from skewguard.language.facts import Origin, Subject
from skewguard.language.findings import Finding
from tests.judge import cases


def _check(run: object, id_: str = "args.sample") -> Check:
    return Check(id_, "t", "runtime", "error", "why", "the remedy", run)  # type: ignore[arg-type]  # a test's check


def _crashing(_case: Case) -> Iterator[Result]:
    yield fail("seen before the crash")
    raise ValueError("a secret")


def _failing(case: Case) -> Iterator[Result]:
    yield fail("bad", at=case.container.origin, anchor="--x")


def test_crash_of_one_check_is_a_finding_and_the_others_run() -> None:
    """A crashing check gives verdict `error` without its exception's text; the next check is still heard."""
    answer = evaluation.evaluate(cases.case(), [_check(_crashing), _check(_failing, "args.other")], str)

    assert ["error", "fail"] == [item.verdict for item in answer.findings]
    assert "a secret" not in answer.findings[0].message


def test_check_without_answer_passed() -> None:
    """A generator that yields nothing is counted as a pass."""
    answer = evaluation.evaluate(cases.case(), [_check(lambda _case: iter(()))], str, list_passed=True)

    assert ([], {"pass": 1, "skipped": 0}) == (answer.findings, answer.counts)
    assert ["pass"] == [item.verdict for item in answer.passed or ()]


def test_passes_are_counted_and_listed_for_those_alone_who_ask() -> None:
    """A fleet has hundreds of thousands of them."""
    answer = evaluation.evaluate(cases.case(), [_check(lambda _case: iter((skipped("why"),)))], str)

    assert (None, {"pass": 0, "skipped": 1}) == (answer.passed, answer.counts)


def test_general_remedy_stands_in_where_a_case_has_none() -> None:
    """Every finding says what to do."""
    answer = evaluation.evaluate(cases.case(), [_check(_failing)], str)

    assert "the remedy" == answer.findings[0].remedy


def test_identity_survives_moved_lines_and_new_pods() -> None:
    """Line, pod, uid and revision do not enter the identity; flag, file and names do."""

    def made(line: int, anchor: str, subject: Subject) -> str:
        place = Origin("file", "deploy.yaml", file="deploy.yaml", line=line)
        return evaluation.finding(_check(_failing), fail("bad", at=place, anchor=anchor), subject, str).id

    first = made(3, "--x", Subject("Deployment", "chat", container="vllm"))
    moved = made(9, "--x", Subject("Deployment", "chat", container="vllm", pod="p", uid="u", revision="2"))

    assert first == moved
    assert first != made(3, "--y", Subject("Deployment", "chat", container="vllm"))
    assert first != made(3, "--x", Subject("Deployment", "chat", container="other"))


def _made(line: int, message: str = "bad", **more: Any) -> Finding:
    more.setdefault("subject", Subject("Deployment", "chat", container="vllm"))
    subject = more.pop("subject")
    place = Origin("file", "deploy.yaml", file="deploy.yaml", line=line)
    more.setdefault("anchor", "positional")
    return evaluation.finding(_check(_failing), fail(message, at=place, **more), subject, str)


def test_faults_of_one_kind_are_told_apart_by_number() -> None:
    """In the order of the document, whatever order the check took; the first keeps the plain anchor and its id."""
    first, third, second = _made(3, "`a`"), _made(9, "`c`"), _made(5, "`b`")
    told = evaluation.distinct([third, first, second], str)

    assert ["`a`", "`b`", "`c`"] == [item.message for item in told]
    assert ["positional", "positional[2]", "positional[3]"] == [item.numbered_anchor for item in told]
    assert first.id == told[0].id
    assert 3 == len({item.id for item in told})


def test_fault_seen_through_two_roles_is_told_once() -> None:
    """The same words at the same place are one fault, however many cases meet it."""
    one, other = (_made(3, subject=Subject("Deployment", "chat", container="vllm", pod=pod)) for pod in ("a", "b"))

    assert [one] == evaluation.distinct([one, other], str)


def test_verdicts_at_one_anchor_have_ids_of_their_own() -> None:
    """What is unknown at one word is not what fails at another."""
    known = _made(3)
    open_ = structs.replace(_made(5), verdict="unknown")

    assert 2 == len({item.id for item in evaluation.distinct([known, open_], str)})


def test_numbers_do_not_move_other_anchors() -> None:
    """A second fault at one flag leaves the ids of other flags as they are."""
    alone = evaluation.distinct([_made(7, anchor="--y")], str)
    beside = evaluation.distinct([_made(3), _made(5), _made(7, anchor="--y")], str)

    assert alone[0].id == beside[2].id


SECRET = "hf_" + "a" * 30


@pytest.mark.parametrize(
    "more",
    [
        {"anchor": f"volume {SECRET}"},
        {"setting": "vllm.api_key", "expected": "SECRET"},
        {"setting": "vllm.hf_overrides", "expected": {"token": "SECRET"}},
        {"setting": "vllm.env.SOME", "expected": SECRET},
    ],
)
def test_identity_does_not_depend_on_a_secret(more: dict[str, Any]) -> None:
    """Two secrets at one place give one id: nobody can guess the one from the other."""
    text = json.dumps(more).replace(SECRET, "hf_" + "b" * 30).replace("SECRET", "OTHER")

    assert _made(3, **more).id == _made(3, **json.loads(text)).id


def test_check_of_arguments_that_nobody_understands_is_skipped() -> None:
    """Finding nothing is no pass there; a check that reads no arguments passes, and a finding stays one."""
    of = cases.case()
    of.parsed = None
    rows = [_check(lambda _case: iter(())), structs.replace(_check(lambda _case: iter(())), reads_arguments=True)]
    answer = evaluation.evaluate(of, [*rows, structs.replace(_check(_failing), reads_arguments=True)], str)

    assert ({"pass": 1, "skipped": 1}, ["fail"]) == (answer.counts, [item.verdict for item in answer.findings])
