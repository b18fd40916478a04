"""What the machines below decide: another class of GPU, a part of one, several pods on one, devices by claim."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import scenes
from tests.cluster.scenes import alarms, beside, chat, found, verify
from tools.control_plane import objects, waiting
from tools.control_plane.client import Object
from tools.control_plane.namespaces import DEADLINE_S, OWN, Namespace
from tools.control_plane.plane import Plane

DRA = "resource.k8s.io/v1"
DRIVER = "gpu.nvidia.com"


@pytest.fixture(scope="module")
def fleet(control_plane: Plane) -> Iterator[Namespace]:
    """Machines of several kinds, and a workload that only each kind can run."""
    with control_plane.namespace() as namespace:
        namespace.gpu_node("h100", labels={"pool": "whole", "half": "bare"})
        namespace.gpu_node("l4", objects.L4, labels={"pool": "whole"}, instance_type="g6.12xlarge")
        namespace.apply(_unlabelled(namespace.name))
        waiting.ready(namespace.client, f"node/{namespace.name}-bare", None, DEADLINE_S)
        namespace.gpu_node("mig", labels=_mig(), count=2)
        namespace.gpu_node("sliced", labels=_sliced())
        namespace.apply(*_claimed(namespace))
        namespace.apply(
            chat("mixed", replicas=2, nodeSelector={"pool": "whole"}, **scenes.apart("mixed")),
            chat("bare", replicas=2, nodeSelector={"half": "bare"}, **scenes.apart("bare")),
            chat("mig", nodeSelector={"pool": "mig"}),
            chat("sliced", nodeSelector={"pool": "sliced"}),
            chat("claimed", container=_of_claim(), resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}]),
        )
        for name in ("bare", "mixed", "mig", "sliced", "claimed"):
            namespace.wait_ready(f"deployment/{name}")
        yield namespace


def _unlabelled(namespace: str) -> Object:
    """A machine with GPUs on which no feature discovery runs."""
    node = objects.gpu_node(f"{namespace}-bare")
    node["metadata"]["labels"] = {"kubernetes.io/hostname": f"{namespace}-bare", "half": "bare"}
    node["spec"] = {"taints": [{"key": OWN, "value": namespace, "effect": "NoSchedule"}]}
    return node


def _mig() -> dict[str, str]:
    """A machine whose GPUs are cut into one profile, as feature discovery labels it (strategy `single`)."""
    return {
        "pool": "mig",
        "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3-MIG-3g.40gb",
        "nvidia.com/gpu.memory": "40448",
        "nvidia.com/mig.strategy": "single",
    }


def _sliced() -> dict[str, str]:
    """A machine whose GPUs are each lent to four pods at once."""
    return {
        "pool": "sliced",
        "nvidia.com/gpu.product": f"{objects.H100.product}-SHARED",
        "nvidia.com/gpu.replicas": "4",
        "nvidia.com/gpu.sharing-strategy": "time-slicing",
    }


def _claimed(namespace: Namespace) -> tuple[Object, ...]:
    """A machine whose device is published by a driver for dynamic resource allocation, and a claim for it."""
    node = namespace.gpu_node("dra", count=0)
    device = {
        "name": "gpu-0",
        "attributes": {"productName": {"string": "NVIDIA H200"}, "driverVersion": {"version": "580.65.6"}},
    }
    pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
    devices = f"{namespace.name}.{DRIVER}"
    cel = f"device.driver == '{devices}'"
    request = {"name": "gpu", "exactly": {"deviceClassName": devices}}
    return (
        _of_dra("DeviceClass", devices, {"selectors": [{"cel": {"expression": cel}}]}),
        _of_dra(
            "ResourceSlice", f"{node}-gpus", {"driver": devices, "nodeName": node, "pool": pool, "devices": [device]}
        ),
        _of_dra("ResourceClaim", "gpu", {"devices": {"requests": [request]}}),
    )


def _of_dra(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": DRA, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _of_claim() -> Object:
    """A container that asks for a claim's devices, and for no amount."""
    return {"resources": {"claims": [{"name": "gpu"}]}}


def told(plane: Plane, fleet: Namespace, name: str) -> dict[str, object]:
    """What is known of the hardware of a workload's one kind of replica, by setting."""
    report = verify(plane, fleet, f"deploy/{name}")
    assert (alarms(report), report.exit_code) == (set(), 0)
    hardware = [each for each in beside(report).settings if each.setting.startswith("hardware.")]
    return {each.setting: getattr(each.groups[0], "value", None) for each in hardware}


def test_a_node_with_another_class_of_gpu(control_plane: Plane, fleet: Namespace) -> None:
    """One alarm names both classes, and what the engine makes of the other memory follows from it in the same alarm."""
    report = verify(control_plane, fleet, "deploy/mixed")
    one = found(report, "hardware.replicas-gpu")
    assert alarms(report) == {"hardware.replicas-gpu"}
    assert set(one.pods) == set(scenes.pods(fleet, "mixed"))
    parts = ("H100-80GB", "L4", "limits.max_num_seqs", "limits.max_num_batched_tokens", "8192 tokens", "2048 tokens")
    assert [part for part in parts if part not in one.message] == []
    differing = {each.setting for each in beside(report).settings if each.differs}
    assert differing >= {"hardware.gpu_class", "limits.max_num_seqs", "limits.max_num_batched_tokens"}


def test_a_node_with_a_class_that_was_not_promised(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """The contract names the class: the pod that is elsewhere breaks it, and the other does not."""
    written = scenes.contract(tmp_path / "c.yaml", "Deployment/mixed", "hardware: {gpu_class: H100-80GB}")
    report = verify(control_plane, fleet, "deploy/mixed", contracts=(written,))
    (wrong,) = [pod["metadata"]["name"] for pod in fleet.pods("app=mixed") if pod["spec"]["nodeName"].endswith("-l4")]
    broken = found(report, "contract.mismatch")
    assert (broken.setting, broken.pods) == ("hardware.gpu_class", (wrong,))
    assert alarms(report) == {"contract.mismatch"}
    assert report.exit_code == 1


def test_two_classes_that_were_promised(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """A contract that allows both classes was validated on both: that replicas differ is no news."""
    written = scenes.contract(tmp_path / "c.yaml", "Deployment/mixed", "hardware: {gpu_class: [H100-80GB, L4]}")
    report = verify(control_plane, fleet, "deploy/mixed", contracts=(written,))
    assert (alarms(report), report.exit_code, beside(report).state) == (set(), 0, "verified")


def test_a_node_without_labels(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """What its GPUs are is not known: no replica is called different, and the promise is open for the pod on it alone."""
    written = scenes.contract(tmp_path / "c.yaml", "Deployment/bare", "hardware: {gpu_class: H100-80GB}")
    report = verify(control_plane, fleet, "deploy/bare", contracts=(written,))
    open_ = found(report, "contract.mismatch")
    (there,) = [pod["metadata"]["name"] for pod in fleet.pods("app=bare") if pod["spec"]["nodeName"].endswith("-bare")]
    assert (open_.verdict, open_.setting, open_.pods) == ("unknown", "hardware.gpu_class", (there,))
    assert f"{fleet.name}-bare" in open_.message
    assert alarms(report) == {"contract.mismatch", "hardware.gpu-class"}  # the latter: nothing keeps pods on one class
    assert (beside(report).state, report.exit_code) == ("undecided", 3)


def test_a_part_of_a_gpu(control_plane: Plane, fleet: Namespace) -> None:
    """A MIG profile is told with its own memory, not that of the whole GPU."""
    hardware = told(control_plane, fleet, "mig")
    assert hardware["hardware.partition"] == "3g.40gb"
    assert hardware["hardware.gpu_memory"] == 40448 * 2**20


def test_a_gpu_that_several_pods_share(control_plane: Plane, fleet: Namespace) -> None:
    """Time-slicing is told: the memory is the whole GPU's, and others take of it."""
    assert told(control_plane, fleet, "sliced")["hardware.partition"] == "shared"


def test_a_promised_class_is_not_kept_by_a_part_of_it(control_plane: Plane, fleet: Namespace, tmp_path: Path) -> None:
    """A part of an H100 is no H100."""
    written = scenes.contract(tmp_path / "c.yaml", "Deployment/mig", "hardware: {gpu_class: H100-80GB}")
    report = verify(control_plane, fleet, "deploy/mig", contracts=(written,))
    assert (alarms(report), report.exit_code) == ({"contract.mismatch"}, 1)


def test_a_device_that_a_claim_gave(control_plane: Plane, fleet: Namespace) -> None:
    """The driver's own attributes tell class, number and driver version of what the scheduler allocated."""
    hardware = told(control_plane, fleet, "claimed")
    assert (hardware["hardware.gpu_class"], hardware["hardware.gpu_count"]) == ("H200-SXM", 1)
    assert hardware["hardware.driver_version"] == "580.65.6"
