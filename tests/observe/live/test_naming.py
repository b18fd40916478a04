"""What the pods of a workload are called, so that one that is gone is told from a neighbour's."""

import re

import pytest

from skewguard.language.facts import Origin, Subject
from skewguard.language.running import Live, Revision
from skewguard.observe.sources.live import naming
from skewguard.observe.sources.live.naming import Names

LONG = "a-model-with-a-name-of-forty-eight-characters-ab"


def live(*chain: tuple[str, str], sets: tuple[str, ...] = ()) -> Live:
    """What runs under these objects, the topmost first."""
    subjects = tuple(Subject(kind, name, namespace="prod") for kind, name in chain)
    revisions = tuple(Revision(name, name, None, None, current=False) for name in sets)
    return Live(subjects[0], (), Origin("object", "it"), chain=subjects, revisions=revisions)


def like(found: Names, pod: str) -> bool:
    """Whether a pod is called as those of the workload are."""
    return any(re.fullmatch(pattern, pod) for pattern in found.patterns)


OF_A_DEPLOYMENT = naming.names(
    live(("Deployment", "chat"), ("ReplicaSet", "chat-66b6c48dd5")), ["chat-66b6c48dd5-x7k2p", "chat-66b6c48dd5-9wzqf"]
)


@pytest.mark.parametrize("pod", ["chat-66b6c48dd5-mmmmm", "chat-5d59d67564-bcdfg", "chat-f8c8b6d74-zzz22"])
def test_pods_of_every_revision_of_a_deployment_are_its_own(pod: str) -> None:
    """Also of one whose ReplicaSet is gone."""
    assert like(OF_A_DEPLOYMENT, pod)


@pytest.mark.parametrize(
    "pod",
    [
        "chat-x-66b6c48dd5-x7k2p",  # of a Deployment chat-x
        "chat-5678-66b6c48dd5-x7k2p",  # of a Deployment chat-5678
        "chat-v2-x7k2p",  # of a ReplicaSet or DaemonSet chat-v2
        "chat-28934567-x7k2p",  # of a Job that a CronJob chat made: 2 and 3 are in no hash
        "chat-0",  # of a StatefulSet chat
        "mychat-66b6c48dd5-x7k2p",
        "chat-66b6c48dd5-x7k2p-0",
        "chat-66b6c48dd5-aeiou",
    ],
)
def test_pods_of_neighbours_are_not(pod: str) -> None:
    """However much their names are alike."""
    assert not like(OF_A_DEPLOYMENT, pod)


def test_rollouts_name_pods_as_deployments_do() -> None:
    """Argo's ReplicaSets have the same hashes."""
    found = naming.names(live(("Rollout", "chat"), ("ReplicaSet", "chat-66b6c48dd5")), ["chat-66b6c48dd5-x7k2p"])
    assert like(found, "chat-5d59d67564-bcdfg")


@pytest.mark.parametrize("kind", ["StatefulSet", "LeaderWorkerSet"])
def test_pods_of_a_stateful_set_have_numbers(kind: str) -> None:
    """The leaders of a LeaderWorkerSet too; its workers, and the pods of a neighbour chat-1, have two."""
    found = naming.names(live((kind, "chat")), ["chat-0", "chat-1"])
    assert [like(found, pod) for pod in ("chat-17", "chat-0-1", "chat-x", "chat-01")] == [True, False, False, False]


def test_pods_of_a_daemon_set_have_five_drawn_letters() -> None:
    """And nothing between."""
    found = naming.names(live(("DaemonSet", "chat")), ["chat-x7k2p"])
    assert [like(found, pod) for pod in ("chat-bcdfg", "chat-66b6c48dd5-x7k2p", "chat-bcdfa")] == [True, False, False]


def test_pods_of_other_roles_are_left_alone() -> None:
    """Prefill and decode of one object: what the pods that are asked for come from decides."""
    both = live(("LLMInferenceService", "chat"), ("Deployment", "chat-decode"), ("Deployment", "chat-prefill"))
    found = naming.names(both, ["chat-decode-66b6c48dd5-x7k2p"])
    assert like(found, "chat-decode-5d59d67564-bcdfg")
    assert not like(found, "chat-prefill-5d59d67564-bcdfg")


def test_dot_in_a_name_is_a_dot() -> None:
    """And no other character."""
    found = naming.names(live(("StatefulSet", "qwen3.8b")), ["qwen3.8b-0"])
    assert [like(found, pod) for pod in ("qwen3.8b-1", "qwen3x8b-1")] == [True, False]


def test_long_names_are_told_by_the_replica_sets_that_are_there() -> None:
    """With any hash behind it the name would be cut, and a cut one may be another's: those that are known are told whole."""
    short = f"{LONG}-66b6c48"
    found = naming.names(live(("Deployment", LONG), sets=(short, f"{LONG}-5d59d67564")), [f"{short}-x7k2p"])
    assert [like(found, pod) for pod in (f"{short}-bcdfg", f"{LONG}-5d59d67564-bcdfg"[:63])] == [True, False]


def test_names_that_follow_no_known_rule_are_told() -> None:
    """An operator that makes pods itself, such as KubeRay: nobody looks for what may be anybody's."""
    found = naming.names(live(("RayCluster", "chat")), ["chat-head-x7k2p", "chat-gpu-worker-bcdfg"])
    assert found == Names(untold=("chat-gpu-worker-bcdfg", "chat-head-x7k2p"))
