"""From an API server's objects to what runs: owners, revisions, pods and machines of every workload."""

from skewguard.adapters.cluster.resources import Resource
from skewguard.observe.sources import live
from tests.observe.live import made
from tests.observe.live.shelf import CLAIMS, SLICES, Shelf, seen


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


def test_ended_terminating_and_unready_pods() -> None:
    """Pods that ended are counted in a note; one that is being deleted and one that is not ready are told apart."""
    objects = made.chat(1)
    objects.append(made.pod(objects[1], "chat-old", phase="Failed"))
    objects.append(made.pod(objects[1], "chat-z", deletionTimestamp=made.AFTER))
    waiting = made.pod(objects[1], "chat-y", phase="Pending", image_id="")
    waiting["status"]["conditions"] = None
    waiting["status"]["containerStatuses"][0].update(ready=False, state={"waiting": {"reason": "ImagePullBackOff"}})
    (one,) = seen(Shelf([*objects, waiting])).live
    assert [(each.name, each.ready, each.terminating) for each in one.replicas] == [
        ("chat-hash2-0", True, False),
        ("chat-y", False, False),
        ("chat-z", False, True),
    ]
    assert one.workloads[0].notes == ("1 pod that has ended is left out (completed, failed or evicted)",)
    status = one.replicas[1].running("vllm")
    assert status is not None
    assert (status.state, status.image_id, status.started_at) == ("waiting: ImagePullBackOff", None, None)


def test_a_pod_that_no_machine_takes() -> None:
    """What the scheduler says of it is kept, and not for ever: it speaks of every kind of node there is."""
    objects = made.chat(0)
    waiting = made.pod(objects[1], "chat-y", phase="Pending", image_id="")
    said = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. " * 20
    unplaced = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    waiting["status"] = {"phase": "Pending", "conditions": [unplaced]}
    (one,) = seen(Shelf([*objects, waiting])).live
    assert one.replicas[0].unplaced == said[:300]


def test_a_rollout_in_the_middle() -> None:
    """Pods of both revisions are there, each with its own template; the revision that new pods get is marked."""
    own = made.deployment()
    before = made.deployment(pod=made.spec(made.container("--model", "old")))
    sets = [made.replica_set(own, 2, 1), made.replica_set(before, 1, 1), made.replica_set(before, 0, 0)]
    pods = [made.pod(sets[0], "chat-hash2-0"), made.pod(sets[1], "chat-hash1-0")]
    (one,) = seen(Shelf([own, *sets, *pods, made.node()])).live
    assert [(each.hash, each.current, each.desired) for each in one.revisions] == [
        ("hash2", True, 1),
        ("hash1", False, 1),
        ("hash0", False, 0),
    ]
    words = {each.revision: [word.text for word in each.template.containers[0].args or ()] for each in one.replicas}
    assert words == {"hash1": ["--model", "old"], "hash2": ["--model", "m"]}


def test_sidecars_first() -> None:
    """Every container counts, native sidecars among them; plain init containers do not run beside the others."""
    proxy = made.container(name="proxy")
    stays = {"name": "stays", "image": "i", "restartPolicy": "Always"}
    value = made.spec(proxy, made.container(), initContainers=[{"name": "once", "image": "i"}, stays])
    objects = made.chat(1, value)
    statuses = [{"name": name, "image": "i", "imageID": ""} for name in ("once", "stays")]
    objects[2]["status"]["initContainerStatuses"] = statuses
    (one,) = seen(Shelf(objects)).live
    assert [each.name for each in one.replicas[0].containers] == ["stays", "proxy", "vllm"]
    assert [each.name for each in one.replicas[0].template.containers] == ["proxy", "vllm", "once", "stays"]


def test_a_config_id_with_a_pinned_image_has_both() -> None:
    """CRI-O reports the config; where the pod asked for a digest, that is what it runs."""
    value = made.spec(made.container(image=f"quay.io/a/b@{made.DIGEST}"))
    objects = made.chat(0, value)
    objects.append(made.pod(objects[1], "chat-1", image_id=made.CONFIG))
    status = seen(Shelf(objects)).live[0].replicas[0].running("vllm")
    assert status is not None
    assert status.image_id is not None
    assert (status.image_id.digest, status.image_id.config) == (made.DIGEST, made.CONFIG)


def test_a_node_tells_that_two_digests_are_one_image() -> None:
    """A node that lists two digests under one image decides for the whole fleet; lists of other images are left."""
    objects = made.chat(1)
    names = [f"docker.io/vllm/vllm-openai@{made.DIGEST}", f"docker.io/vllm/vllm-openai@{made.OTHER}", made.IMAGE]
    objects[-1]["status"]["images"] = [{"names": names}, {"names": [f"other@{made.CONFIG}", "x:1"]}, {"names": None}]
    assert seen(Shelf(objects)).images == (frozenset((made.DIGEST, made.OTHER)),)


def test_a_named_workload_is_read_alone() -> None:
    """A Deployment that is named needs its own pods, not those of its namespace."""
    shelf = Shelf([*made.chat(), made.deployment("other"), made.pod(None, "lone")])
    found = seen(shelf, "deploy/chat")
    assert [str(each.subject) for each in found.live] == ["Deployment prod/chat"]
    assert len(found.live[0].replicas) == 2
    assert "list deployments.apps in namespace prod" not in shelf.asked


def test_several_names_and_one_of_them_twice() -> None:
    """Each named workload is there once, in order of kind and name."""
    shelf = Shelf([*made.chat(), made.deployment("other"), made.deployment("third")])
    found = seen(shelf, "deployment/other", "deploy/chat", "rs/chat-hash2")
    assert [each.subject.name for each in found.live] == ["chat", "other"]


def test_a_namespace_and_labels() -> None:
    """A selector is held against the workloads' labels; other namespaces are not read."""
    tagged = made.deployment("tagged", labels={"team": "a"})
    away = made.deployment("away")
    away["metadata"]["namespace"] = "dev"
    shelf = Shelf([*made.chat(), tagged, away])
    assert [each.subject.name for each in seen(shelf, namespace="prod").live] == ["chat", "tagged"]
    assert [each.subject.name for each in seen(shelf, namespace="prod", labels="team=a").live] == ["tagged"]
    assert [each.subject.name for each in seen(shelf).live] == ["away", "chat", "tagged"]


def test_a_selector_does_not_ask_for_every_other_workload() -> None:
    """With labels, the workloads that do not match are neither read nor asked for one by one."""
    shelf = Shelf([*made.chat(), made.deployment("tagged", labels={"team": "a"})])
    assert [each.subject.name for each in seen(shelf, labels="team=a").live] == ["tagged"]
    assert not [each for each in shelf.asked if each.startswith("get deployments")]
    assert "list pods in all namespaces" not in shelf.asked


def test_many_owners_of_a_foreign_kind_are_one_list() -> None:
    """A kind that owns many workloads is read as a list, after the first few."""
    foreign = Resource("corp.io", "v1", "apps", "App")
    objects = []
    for number in range(30):
        app = {"apiVersion": "corp.io/v1", "kind": "App", "metadata": made.meta(f"app{number}")}
        own = made.deployment(f"d{number}")
        own["metadata"]["ownerReferences"] = [made.reference(app)]
        objects += [app, own]
    shelf = Shelf(objects, foreign)
    assert {len(each.owners) for each in seen(shelf).live} == {1}
    assert len([each for each in shelf.asked if "apps.corp.io" in each]) == 5


def test_what_is_no_engine_is_left_out_of_a_sweep() -> None:
    """With words, a workload that asks for no accelerator and holds none of them is counted and not read."""
    plain = {"name": "web", "image": "nginx:1", "args": []}
    words = {"name": "web", "image": "corp/vllm-cpu:1", "args": []}
    objects = [*made.chat(1), made.deployment("web", made.spec(plain)), made.deployment("cpu", made.spec(words))]
    found = seen(Shelf(objects), words=("vLLM", "sglang"))
    assert [each.subject.name for each in found.live] == ["chat", "cpu"]
    assert found.left_out == 1
    assert len(seen(Shelf(objects), "deploy/web", words=("vllm",)).live) == 1


def _scaler(**spec: object) -> made.Values:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": made.meta("hpa"),
        "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4, **spec},
    }


def test_replicas_that_an_autoscaler_sets_were_not_written() -> None:
    """The number in a scaled object is the autoscaler's, unless somebody applied one."""
    (one,) = seen(Shelf([*made.chat(1), _scaler()])).live
    assert (one.workloads[0].replicas, one.desired) == (None, 2)
    (one,) = seen(Shelf(made.chat(1))).live
    assert one.workloads[0].replicas is not None
    applied = {"kubectl.kubernetes.io/last-applied-configuration": '{"spec": {"replicas": 2}}'}
    (one,) = seen(Shelf([*made.chat(1, annotations=applied), _scaler()])).live
    assert one.workloads[0].replicas is not None


def test_what_stands_around_is_read() -> None:
    """Services, autoscalers and routes of the namespaces are in the inventory; those of others are not."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": made.meta("chat"),
        "spec": {"selector": {"app": "chat"}},
    }
    away = {**service, "metadata": {"name": "away", "namespace": "dev"}}
    found = seen(Shelf([*made.chat(1), service, away, _scaler(minReplicas=3)])).inventory
    assert [each.name for each in found.services] == ["chat"]
    (scaler,) = found.autoscalers
    assert (scaler.target_name, scaler.min_replicas.value if scaler.min_replicas else None) == ("chat", 3)
    assert [each.min_replicas for each in seen(Shelf([*made.chat(1), _scaler()])).inventory.autoscalers] == [None]


def test_owners_of_a_deployment() -> None:
    """What the object's annotations tell of its owner stands with it."""
    annotations = {"meta.helm.sh/release-name": "r", "meta.helm.sh/release-namespace": "prod"}
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    (one,) = seen(Shelf(made.chat(1, annotations=annotations, labels=labels))).live
    assert [(each.kind, each.name) for each in one.owners] == [("Helm release", "r")]


def test_devices_of_a_claim() -> None:
    """A claim's devices come with the attributes that the newest slices of their pool give, in both forms of the API."""
    result = {"request": "gpu", "driver": "gpu.nvidia.com", "pool": "gpu-1", "device": "gpu-0"}
    claim = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": made.meta("chat-gpu"),
        "status": {"allocation": {"devices": {"results": [result, None]}}},
    }
    told = {
        "productName": {"string": "NVIDIA H100 80GB HBM3"},
        "driverVersion": {"version": "570.1.0"},
        "mig": {"bool": False},
    }
    devices = [{"name": "gpu-0", "basic": {"attributes": told}}]

    def part(generation: int, devices: list[made.Values]) -> made.Values:
        spec = {"driver": "gpu.nvidia.com", "pool": {"name": "gpu-1", "generation": generation}, "devices": devices}
        meta = {"name": f"s{generation}", "uid": f"s{generation}"}
        return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": meta, "spec": spec}

    objects = made.chat(1, made.spec(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "t"}]))
    objects[2]["status"]["resourceClaimStatuses"] = [{"name": "gpu", "resourceClaimName": "chat-gpu"}]
    objects += [claim, part(1, [{"name": "gpu-0", "attributes": {"productName": {"string": "old"}}}]), part(2, devices)]
    (device,) = seen(Shelf(objects, CLAIMS, SLICES)).live[0].replicas[0].devices
    assert (device.claim, device.name) == ("chat-gpu", "gpu-0")
    assert device.attributes == {"productName": "NVIDIA H100 80GB HBM3", "driverVersion": "570.1.0", "mig": "false"}


def test_progress_is_told() -> None:
    """Somebody who waits hears what is being read."""
    heard: list[tuple[str, int]] = []
    live.read(Shelf(made.chat()), live.Wanted(), progress=lambda what, count: heard.append((what, count)))  # type: ignore[arg-type]
    assert ("pods", 2) in heard
