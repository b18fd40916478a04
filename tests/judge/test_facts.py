"""What the document itself says wrongly, as the observer hints at it."""

import pytest

from skewguard.judge.checks import facts
from skewguard.language.facts import Origin, Subject
from skewguard.language.workloads import Hint, Volume
from tests.judge.cases import at, case, run, severities, verdicts

assert facts

CHAT = Subject(kind="Deployment", name="chat", namespace="prod")
CHECKS = {
    "duplicate-key": ("facts.duplicate-key", "error"),
    "undefined-volume": ("facts.undefined-volume", "error"),
    "unmounted-volume": ("facts.unmounted-volume", "warning"),
    "engine-annotation": ("facts.engine-annotation", "warning"),
    "unknown-field": ("facts.unknown-field", "error"),
}


def hint(rule: str, subject: Subject | None = CHAT, *, anchor: str = "env", origin: Origin | None = None) -> Hint:
    """A hint of the observer."""
    return Hint(rule, "`env` is given twice; the first is lost", origin or at(33), subject, anchor)


@pytest.mark.parametrize(("rule", "check", "severity"), [(rule, *row) for rule, row in CHECKS.items()])
def test_hint_becomes_a_finding_at_its_place(rule: str, check: str, severity: str) -> None:
    """The hint's sentence, place and anchor are the finding's."""
    subject = case(inventory={"hints": (hint(rule),)})
    (answer,) = run(check, subject)
    assert (answer.message, answer.at, answer.anchor) == ("`env` is given twice; the first is lost", at(33), "env")
    assert severities(check, subject) == [severity]


@pytest.mark.parametrize(("check", "_"), CHECKS.values())
def test_no_hint_passes(check: str, _: str) -> None:
    """A sound document has no hint of this rule."""
    assert verdicts(check, case(inventory={"hints": (hint("something-else"),)})) == ["pass"]


def test_hint_about_another_workload_is_not_told_here() -> None:
    """Each hint belongs to its own workload."""
    other = Subject(kind="Deployment", name="other", namespace="prod")
    assert verdicts("facts.duplicate-key", case(inventory={"hints": (hint("duplicate-key", other),)})) == ["pass"]


def test_hint_about_another_container_is_not_told_here() -> None:
    """Where the hint names a container, that one has the finding."""
    mine = Subject(kind="Deployment", name="chat", namespace="prod", container="vllm")
    sidecar = Subject(kind="Deployment", name="chat", namespace="prod", container="proxy")
    assert verdicts("facts.duplicate-key", case(inventory={"hints": (hint("duplicate-key", mine),)})) == ["fail"]
    assert verdicts("facts.duplicate-key", case(inventory={"hints": (hint("duplicate-key", sidecar),)})) == ["pass"]


def test_hint_without_a_subject_is_told_with_the_first_workload_of_its_file() -> None:
    """A Service beside the workload has no engine; what is wrong with it is told once."""
    assert verdicts("facts.duplicate-key", case(inventory={"hints": (hint("duplicate-key", None),)})) == ["fail"]
    elsewhere = Origin(kind="file", ref="other.yaml", file="other.yaml", line=3)
    far = hint("duplicate-key", None, origin=elsewhere)
    assert verdicts("facts.duplicate-key", case(inventory={"hints": (far,)})) == ["pass"]


def test_shared_memory_volume_is_told_by_its_own_check() -> None:
    """One remedy, one finding: `parallel.shm-not-mounted` names the mount."""
    loose = hint("unmounted-volume", anchor="dshm")
    volumes = {"volumes": (Volume("dshm", "emptyDir", at(40), medium="Memory"),)}
    assert verdicts("facts.unmounted-volume", case(inventory={"hints": (loose,)}, template=volumes)) == ["pass"]


@pytest.mark.parametrize(
    ("volume", "severity"),
    [
        (Volume("v", "emptyDir", at(40)), "note"),
        (Volume("v", "emptyDir", at(40), medium="Memory"), "warning"),
        (Volume("v", "persistentVolumeClaim", at(40), ref="hf"), "warning"),
    ],
)
def test_unmounted_volume_is_a_warning_where_something_is_lost(volume: Volume, severity: str) -> None:
    """An empty directory on the disk is no better than the container's own file system."""
    loose = hint("unmounted-volume", anchor="v")
    subject = case(inventory={"hints": (loose,)}, template={"volumes": (volume,)})
    assert severities("facts.unmounted-volume", subject) == [severity]
