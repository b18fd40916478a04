"""Evaluation: checks run apart, crashes contained, findings recognised again."""

from collections.abc import Iterator

from skewguard.assess import evaluation
from skewguard.judge.checks.interface import Case, Check, Result, fail
from skewguard.language.facts import Origin, Subject
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
    answer = evaluation.evaluate(cases.case(), [_check(lambda _case: iter(()))], str)

    assert ([], ["pass"]) == (answer.findings, [item.verdict for item in answer.passed])


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
