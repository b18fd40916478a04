"""From an API server's objects to what runs: owners, revisions, pods and machines of every workload."""

from tests.observe.live import made
from tests.observe.live.shelf import Shelf, seen


def test_a_deployment_with_its_pods() -> None:
    """A Deployment is one Live with its declared template, its revision, its pods and their machine."""
    found = seen(Shelf(made.chat()))
    (one,) = found.live
    assert found.unread == ()
    assert str(one.subject) == "Deployment prod/chat"
    assert one.subject.cluster == "prod-eu"
    assert [each.kind for each in one.chain] == ["Deployment", "ReplicaSet"]
    assert [(each.name, each.ready, each.revision) for each in one.replicas] == [
        ("chat-hash2-0", True, "hash2"),
        ("chat-hash2-1", True, "hash2"),
    ]
    assert [(each.hash, each.number, each.current, each.desired) for each in one.revisions] == [("hash2", 2, True, 2)]
    assert one.desired == 2
    assert one.replicas[0].machine is not None
    assert one.replicas[0].machine.accelerator is not None
    assert one.replicas[0].machine.accelerator.name == "H100-80GB"
    assert found.inventory.workloads == one.workloads


def test_pods_as_their_template_says_share_it() -> None:
    """A pod that admission left as it was has the workload's own template; its node and token are no difference."""
    (one,) = seen(Shelf(made.chat())).live
    assert all(each.template is one.workloads[0].template for each in one.replicas)
    assert len({each.template_key for each in one.replicas}) == 1


def test_a_policy_that_changes_arguments_is_seen_in_the_pod() -> None:
    """A pod with other arguments than its template has a template of its own, whose places are the pod's."""
    objects = made.chat(1)
    changed = made.spec(made.container("--model", "m", "--max-model-len", "1024"))
    objects.append(made.pod(objects[1], "chat-hash2-9", changed))
    one, other = seen(Shelf(objects)).live[0].replicas
    assert one.template_key != other.template_key
    words = other.template.containers[0].args or ()
    assert [each.text for each in words][-1] == "1024"
    assert words[-1].origin.ref == "Pod prod/chat-hash2-9 .spec.containers[0].args[3]"
