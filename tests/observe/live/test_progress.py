"""What the status of a controller says of a rollout, and what it only remembers of an earlier one."""

from typing import Any

import pytest

from skewguard.language.running import Progress
from skewguard.observe.sources.live import progress

FAILED = {
    "type": "Progressing",
    "status": "False",
    "reason": "ProgressDeadlineExceeded",
    "message": 'ReplicaSet "chat-2" has timed out progressing.',
    "lastUpdateTime": "2026-11-21T08:10:00Z",
}
QUOTA = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
HALF = {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2}
WHOLE = {"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


def of(kind: str, spec: dict[str, Any], status: dict[str, Any], generation: int = 4) -> Progress | None:
    """The progress of an object that has these fields."""
    metadata = {"name": "chat", "namespace": "prod", "generation": generation}
    return progress.of({"kind": kind, "metadata": metadata, "spec": spec, "status": status})


@pytest.mark.parametrize(
    ("status", "generation", "stuck"),
    [
        ({**HALF, "conditions": [FAILED]}, 4, True),
        ({**WHOLE, "conditions": [FAILED]}, 4, False),  # it was taken back, and the condition is of that day
        ({**HALF, "conditions": [FAILED]}, 5, False),  # somebody edited it since
        ({**HALF, "conditions": [QUOTA]}, 4, True),
        (HALF, 4, False),
        ({}, 4, False),
    ],
)
def test_a_deadline_counts_while_the_newest_edit_is_not_rolled_out(
    status: dict[str, Any], generation: int, stuck: bool
) -> None:
    """A condition stays behind after its cause."""
    found = of("Deployment", {"replicas": 2}, status, generation)

    assert bool(found and found.stuck) is stuck


def test_what_failed_is_told_with_its_time() -> None:
    """The controller's own words."""
    found = of("Deployment", {"replicas": 2}, {**HALF, "conditions": [FAILED]})

    assert found == Progress(
        "Deployment prod/chat",
        stuck='ProgressDeadlineExceeded: ReplicaSet "chat-2" has timed out progressing.',
        since="2026-11-21T08:10:00Z",
    )


@pytest.mark.parametrize(
    ("kind", "spec", "status", "held"),
    [
        ("Deployment", {"paused": True, "replicas": 2}, WHOLE, "it is paused"),
        ("StatefulSet", {"updateStrategy": {"rollingUpdate": {"partition": 2}}},
         {"currentRevision": "a", "updateRevision": "b"}, "its partition is 2"),
        ("StatefulSet", {"updateStrategy": {"rollingUpdate": {"partition": 2}}},
         {"currentRevision": "a", "updateRevision": "a"}, ""),
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, {"currentRevision": "a", "updateRevision": "b"},
         "it replaces a pod only when somebody deletes it"),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}},
         {"updatedNumberScheduled": 1, "desiredNumberScheduled": 2}, "it replaces a pod only when"),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}},
         {"updatedNumberScheduled": 2, "desiredNumberScheduled": 2}, ""),
        ("LeaderWorkerSet", {"rolloutStrategy": {"rollingUpdateConfiguration": {"partition": 1}}},
         {"replicas": 2, "updatedReplicas": 1}, "its partition is 1"),
        ("Rollout", {}, {"observedGeneration": "4", "pauseConditions": [
            {"reason": "CanaryPauseStep", "startTime": "2026-11-21T08:10:00Z"}]},
         "it waits at a step (CanaryPauseStep, since 2026-11-21T08:10:00Z)"),
        ("Rollout", {}, {"observedGeneration": "4", "phase": "Healthy"}, ""),
        ("InferenceService", {}, {"conditions": "none"}, ""),
    ],
)  # fmt: skip
def test_who_was_told_to_wait_is_no_rollout_that_failed(
    kind: str, spec: dict[str, Any], status: dict[str, Any], held: str
) -> None:
    """Partitions, pauses and canary steps are meant."""
    found = of(kind, spec, status)

    assert ((found.held if found else "").startswith(held) and bool(found)) is bool(held)
    assert found is None or not found.stuck


@pytest.mark.parametrize(
    ("status", "stuck"),
    [
        ({"abort": True, "message": "metric failed"}, "aborted: metric failed"),
        ({"phase": "Degraded", "message": "ProgressDeadlineExceeded"}, "Degraded: ProgressDeadlineExceeded"),
    ],
)
def test_a_rollout_that_was_given_up_is_told(status: dict[str, Any], stuck: str) -> None:
    """Argo's own words."""
    found = of("Rollout", {}, status)

    assert found is not None
    assert found.stuck == stuck


def test_a_controller_that_has_not_looked_yet_is_behind() -> None:
    """Its status speaks of an earlier edit; a Rollout writes the number as text."""
    for seen in (3, "3"):
        found = of("Rollout", {}, {"observedGeneration": seen})
        assert found == Progress("Rollout prod/chat", behind=True)
