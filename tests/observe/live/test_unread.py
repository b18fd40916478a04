"""What may not or cannot be read is said, with its right, and hides nothing else."""

import pytest

from skewguard.adapters.cluster.errors import NotThere, TooSlow, Unreachable
from tests.observe.live import made
from tests.observe.live.made import Values
from tests.observe.live.shelf import CLAIMS, SLICES, Shelf, seen


def _objects() -> list[Values]:
    container = made.container("$(LEN)", envFrom=[{"configMapRef": {"name": "cfg"}}])
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": made.meta("chat"),
        "spec": {"selector": {"app": "chat"}},
    }
    own = made.spec(container, resourceClaims=[{"name": "gpu", "resourceClaimName": "claim"}])
    return [*made.chat(1, own), made.config("cfg", {"LEN": "1"}), service]


READ = ("pods", "nodes", "configmaps", "services", "deployments", "replicasets", "controllerrevisions", "statefulsets",
        "daemonsets", "jobs", "horizontalpodautoscalers", "ingresses", "resourceclaims")  # fmt: skip


@pytest.mark.parametrize("plural", READ)
def test_each_denied_resource_alone(plural: str) -> None:
    """Whatever may not be read, the rest is read, and the right that is missing is named."""
    objects = _objects()
    if plural == "controllerrevisions":
        objects.append({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": made.meta("s"), "spec": {}})
    found = seen(Shelf(objects, CLAIMS, SLICES, denied=(plural,)))
    told = [each for each in found.unread if plural in each.would_need]
    assert {each.kind for each in told} == {"denied"}
    assert told[0].would_need.startswith(("list ", "get "))
    assert told[0].hides
    if plural not in ("deployments", "pods"):
        assert [str(each.subject) for each in found.live][:1] == ["Deployment prod/chat"]
        assert [each.name for each in found.live[0].replicas] == ["chat-hash2-0"]


def test_nothing_may_be_read() -> None:
    """A user without any right gets every refusal and no workload."""
    found = seen(Shelf(_objects(), denied=[each.plural for each in Shelf([]).served]))
    assert found.live == ()
    assert {each.kind for each in found.unread} == {"denied"}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TooSlow("the deadline is over"), "timeout"),
        (Unreachable("the server went away"), "unreachable"),
        (NotThere("no such kind"), "absent"),
    ],
)
def test_other_failures_are_told_apart(error: TooSlow | Unreachable | NotThere, kind: str) -> None:
    """A list that takes too long or breaks off is told as what it is."""
    found = seen(Shelf(_objects(), failing={"services": error}))
    assert [(each.what, each.kind, each.reason) for each in found.unread] == [("services", kind, error.message)]


def test_unread_nodes_are_gaps_of_the_machines() -> None:
    """Where nodes may not be read, each machine says so."""
    (one,) = seen(Shelf(_objects(), denied=("nodes",))).live
    machine = one.replicas[0].machine
    assert machine is not None
    assert [gap.reason for gap in machine.gaps] == ["the user may not"]


def test_a_node_that_is_gone() -> None:
    """A pod of a node that was deleted has a machine that tells so."""
    objects = [each for each in _objects() if each["kind"] != "Node"]
    machine = seen(Shelf(objects)).live[0].replicas[0].machine
    assert machine is not None
    assert [gap.reason for gap in machine.gaps] == ["node gpu-1 is no longer there"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("deploy/none", "there is no Deployment none in namespace prod"),
        ("llama/x", "the cluster serves no kind that is called llama"),
    ],
)
def test_a_name_that_leads_nowhere(name: str, reason: str) -> None:
    """A workload that does not exist, or a kind that is not served, is said to be absent."""
    found = seen(Shelf(_objects()), name)
    assert (found.live, [(each.kind, each.reason) for each in found.unread]) == ((), [("absent", reason)])


def test_a_name_that_may_not_be_read() -> None:
    """A denied workload is denied, and not absent."""
    found = seen(Shelf(_objects(), denied=("deployments",)), "deploy/chat")
    assert [(each.kind, each.would_need) for each in found.unread] == [
        ("denied", "get deployments.apps in namespace prod")
    ]
