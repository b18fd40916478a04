"""Nodes as machines: what the labels of every cloud say, and what stays open."""

from typing import Any

import msgspec
import pytest

from skewguard.language.running import Machine
from skewguard.observe.sources.live import machines, shapes
from tests.observe.live import made

GIB = 1 << 30


def _machine(
    labels: dict[str, str], capacity: dict[str, str] | None = None, project: dict[str, str] | None = None
) -> Machine:
    node = made.node("n", labels, {"cpu": "8"} if capacity is None else capacity)
    return machines.machine(msgspec.convert(node, shapes.Node), project or {})


@pytest.mark.parametrize(
    ("labels", "name", "partition"),
    [
        ({"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}, "H100-80GB", None),
        ({"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb"}, "A100-80GB", "1g.10gb"),
        ({"nvidia.com/gpu.product": "Tesla-T4-SHARED"}, "T4", "shared"),
        ({"nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.replicas": "4"}, "L4", "shared"),
        ({"nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.sharing-strategy": "mps"}, "L4", "shared"),
        ({"nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.sharing-strategy": "none", "nvidia.com/gpu.replicas": "1"}, "L4", None),
        ({"amd.com/gpu.device-id": "74a1"}, "MI300X", None),
        ({"amd.com/gpu.product-name": "AMD_Instinct_MI300X_OAM"}, "MI300X", None),
        ({"cloud.google.com/gke-accelerator": "nvidia-h100-80gb"}, "H100-80GB", None),
        ({"cloud.google.com/gke-accelerator": "nvidia-l4"}, "L4", None),
        ({"karpenter.k8s.aws/instance-gpu-name": "l40s"}, "L40S", None),
        ({"eks.amazonaws.com/instance-gpu-name": "a10g"}, "A10G", None),
        ({"node.kubernetes.io/instance-type": "p5.48xlarge"}, "H100-80GB", None),
        ({"node.kubernetes.io/instance-type": "Standard_ND96isr_H100_v5"}, "H100-80GB", None),
        ({"node.kubernetes.io/instance-type": "a3-highgpu-8g"}, "H100-80GB", None),
    ],
)  # fmt: skip
def test_the_class_that_labels_name(labels: dict[str, str], name: str, partition: str | None) -> None:
    """Labels of the device plugin, of clouds and of machine types name a class, with its part."""
    found = _machine(labels)
    assert found.accelerator is not None
    assert (found.accelerator.name, found.partition, found.gaps) == (name, partition, ())
    assert found.gpu_origin is not None
    assert found.gpu_origin.kind == "label"


@pytest.mark.parametrize(
    ("labels", "origin"),
    [
        ({"nvidia.com/gpu.product": "NVIDIA-L4-SHARED"}, "nvidia.com/gpu.product"),
        ({"nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.sharing-strategy": "mps"}, "nvidia.com/gpu.sharing-strategy"),
        ({"nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.replicas": "4"}, "nvidia.com/gpu.replicas"),
    ],
)  # fmt: skip
def test_each_fact_of_a_machine_has_the_label_that_tells_it(labels: dict[str, str], origin: str) -> None:
    """The memory is told by its own label, and a share by whichever label says that the device is shared."""
    found = _machine({**labels, "nvidia.com/gpu.memory": "23034"})

    assert found.partition == "shared"
    assert found.partition_origin is not None
    assert f" {origin} " in found.partition_origin.ref
    assert found.memory_origin is not None
    assert " nvidia.com/gpu.memory " in found.memory_origin.ref


def test_the_device_stands_above_the_cloud() -> None:
    """What was read off the device decides, and a label that says another class is told of."""
    product, kind = "nvidia.com/gpu.product", "node.kubernetes.io/instance-type"
    found = _machine({kind: "g5.xlarge", product: "NVIDIA-L4"})
    assert found.accelerator is not None
    assert (found.accelerator.name, found.gpu_label) == ("L4", "NVIDIA-L4")
    assert [gap.rule for gap in found.gaps] == ["labels-disagree"]
    assert "g5.xlarge" in found.gaps[0].reason


def test_a_label_that_is_not_in_the_table_is_a_gap() -> None:
    """An unknown product is not guessed at; the label is kept as it stands."""
    found = _machine({"nvidia.com/gpu.product": "NVIDIA-Z9000"}, {"nvidia.com/gpu": "1"})
    assert (found.accelerator, found.gpu_label) == (None, "NVIDIA-Z9000")
    assert [gap.rule for gap in found.gaps] == ["label"]
    assert "accelerators:" in found.gaps[0].would_need


def test_memory_decides_between_two_sizes() -> None:
    """A family that is sold in two sizes is open until the memory is known."""
    label = {"skypilot.co/accelerator": "A100"}
    assert _machine(label).accelerator is None
    assert "40" in _machine(label).gaps[0].reason
    found = _machine({**label, "nvidia.com/gpu.memory": "81920"})
    assert found.accelerator is not None
    assert found.accelerator.name == "A100-80GB"
    assert found.gpu_memory == 80 * GIB


def test_the_machine_type_decides_between_two_sizes() -> None:
    """A machine type that has only one of the sizes tells which."""
    found = _machine(
        {"karpenter.k8s.aws/instance-gpu-name": "a100", "node.kubernetes.io/instance-type": "p4d.24xlarge"}
    )
    assert found.accelerator is not None
    assert (found.accelerator.name, found.instance_type) == ("A100-40GB", "p4d.24xlarge")


def test_a_label_of_the_team() -> None:
    """A label that the project's configuration maps names the class."""
    found = _machine({"corp/gpu": "h1"}, project={"corp/gpu=h1": "H200"})
    assert found.accelerator is not None
    assert (found.accelerator.name, found.gpu_label) == ("H200", "h1")
    assert _machine({"corp/gpu": "h2"}, project={"corp/gpu=h1": "H200"}).accelerator is None


def test_a_node_without_accelerators_has_no_gap() -> None:
    """Nothing is to be said of a machine that hands out none."""
    found = _machine({"kubernetes.io/arch": "amd64"})
    assert (found.accelerator, found.gpu_count, found.gaps) == (None, None, ())


def test_accelerators_without_a_label_are_a_gap() -> None:
    """A node that hands out GPUs and names no class says so, with what would help."""
    found = _machine({}, {"nvidia.com/gpu": "8"})
    assert [gap.rule for gap in found.gaps] == ["no-label"]
    assert found.gpu_count == 8


@pytest.mark.parametrize(
    ("labels", "capacity", "count"),
    [
        ({"nvidia.com/gpu.count": "8", "nvidia.com/gpu.replicas": "4"}, {"nvidia.com/gpu": "32"}, 8),
        ({"nvidia.com/gpu.replicas": "4"}, {"nvidia.com/gpu": "32"}, None),
        ({}, {"nvidia.com/mig-1g.10gb": "7"}, None),
        ({}, {"amd.com/gpu": "8"}, 8),
        ({"karpenter.k8s.aws/instance-gpu-count": "4"}, {}, 4),
        ({"nvidia.com/gpu.count": "many"}, {"nvidia.com/gpu": "odd"}, None),
    ],
)
def test_devices_are_counted_and_not_shares(
    labels: dict[str, str], capacity: dict[str, str], count: int | None
) -> None:
    """Shares and slices are not devices; without a label that counts these the number is not known."""
    assert _machine(labels, capacity).gpu_count == count


@pytest.mark.parametrize(
    ("labels", "version"),
    [
        ({"nvidia.com/cuda.driver-version.full": "570.124.06"}, "570.124.06"),
        ({"nvidia.com/cuda.driver.major": "550", "nvidia.com/cuda.driver.minor": "90", "nvidia.com/cuda.driver.rev": "07"}, "550.90.07"),
        ({"amd.com/gpu.driver-version": "6.12.12"}, "6.12.12"),
        ({"nvidia.com/cuda.driver.major": "550"}, None),
        ({"cloud.google.com/gke-gpu-driver-version": "latest"}, None),
    ],
)  # fmt: skip
def test_driver_versions(labels: dict[str, str], version: str | None) -> None:
    """The driver is known where its whole version is labelled."""
    assert _machine(labels).driver_version == version


def test_hostile_nodes() -> None:
    """A node without anything is a machine without anything."""
    for value in ({}, {"metadata": {"name": "n", "labels": None}, "status": {"capacity": None, "images": None}}):
        found = machines.machine(msgspec.convert(value, shapes.Node), {})
        assert (found.accelerator, found.gaps) == (None, ())


def test_an_unread_node_says_why() -> None:
    """A machine that could not be read is one gap with its reason."""
    found: Any = machines.absent("n", "denied")
    assert [(gap.setting, gap.reason) for gap in found.gaps] == [("hardware.gpu_class", "denied")]
