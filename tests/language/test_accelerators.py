"""Accelerator names in every spelling, and what scheduling allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language import accelerators, scheduling
from skewguard.language.facts import Located, Origin
from skewguard.language.workloads import Container, NodeTerm, PodTemplate, Resources, Toleration

HERE = Origin(kind="file", ref="deploy.yaml", file="deploy.yaml", line=1, column=1)


def term(key: str, *values: str, operator: str = "In", alternative: int = -1) -> NodeTerm:
    return NodeTerm(key=key, operator=operator, values=values, origin=HERE, alternative=alternative)


def pod(*terms: NodeTerm, **more: object) -> PodTemplate:
    return PodTemplate(origin=HERE, containers=(), node_terms=terms, **more)  # type: ignore[arg-type]


def box(limits: dict[str, str] | None = None, requests: dict[str, str] | None = None) -> Container:
    return Container(
        name="vllm",
        origin=HERE,
        resources=Resources(
            limits={name: Located(value, HERE) for name, value in (limits or {}).items()},
            requests={name: Located(value, HERE) for name, value in (requests or {}).items()},
        ),
    )


def titles(template: PodTemplate, **labels: str) -> list[str]:
    return [item.value.title for item in scheduling.gpu_classes(template, labels)]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("NVIDIA-H100-80GB-HBM3", "H100-80GB-SXM"),
        ("NVIDIA H100 80GB HBM3", "H100-80GB-SXM"),
        ("nvidia-h100-80gb", "H100-80GB"),
        ("nvidia-h100-mega-80gb", "H100-80GB"),
        ("H100", "H100-80GB"),
        ("h100 80gb hbm3", "H100-80GB-SXM"),
        ("H100_NVLINK_80GB", "H100-80GB-SXM"),
        ("NVIDIA-H100-PCIe", "H100-80GB-PCIe"),
        ("NVIDIA-H100-NVL", "H100-94GB"),
        ("nvidia-h200-141gb", "H200"),
        ("nvidia-b200", "B200"),
        ("nvidia-tesla-a100", "A100-40GB-SXM"),
        ("nvidia-a100-80gb", "A100-80GB"),
        ("A100-SXM4-40GB", "A100-40GB-SXM"),
        ("NVIDIA-A100-80GB-PCIe", "A100-80GB-PCIe"),
        ("nvidia-tesla-t4", "T4"),
        ("Tesla-T4", "T4"),
        ("nvidia-tesla-v100", "V100-16GB-SXM"),
        ("nvidia-rtx-pro-6000", "RTX-PRO-6000"),
        ("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", "RTX-PRO-6000"),
        ("NVIDIA-RTX-6000-Ada-Generation", "RTX-6000-ADA"),
        ("a10g", "A10G"),
        ("l40s", "L40S"),
        ("NVIDIA-GH200-480GB", "GH200-96GB"),
        ("AMD_Instinct_MI300X_OAM", "MI300X"),
        ("AMD-MI300X-192G", "MI300X"),
        ("MI355X", "MI355X"),
        ("tpu-v5-lite-podslice", "TPU-v5e"),
        ("tpu7x", "TPU-v7"),
        ("rtx-pro-server-6000", "RTX-PRO-6000"),
        ("rtx-pro-4500", "RTX-PRO-4500"),
        ("AMD_Instinct_MI325_OAM", "MI325X"),
        ("AMD_INSTINCT_MI250_(MCM)_OAM_AC_MBA", "MI250"),
        ("Data_Center_GPU_Max_1550", "Max-1550"),
        ("NVIDIA-A800-SXM4-40GB", "A800-40GB-SXM"),
        ("NVIDIA-A800-80GB-PCIe", "A800-PCIe"),
        ("NVIDIA-A10-24Q", "A10 vgpu 24q"),
        ("NVIDIA-L40S-8C", "L40S vgpu 8c"),
        ("trainium3", "Trainium3"),
    ],
)
def test_find_knows_a_class_in_every_spelling(text: str, title: str) -> None:
    """A cloud's, a driver's and a person's name of one device give one class."""
    found = accelerators.find(text)

    assert found is not None
    assert title == found.title


@pytest.mark.parametrize(
    "text", ["", "gpu", "nvidia", "H100-40GB", "H1000", "Quadro_RTX_5000", "p5.48xlarge", "L4-NVL"]
)
def test_find_knows_nothing_it_has_not_read(text: str) -> None:
    """A name that only resembles a class, or a size it is not sold in, is no class."""
    assert accelerators.candidates(text) == ()


def test_find_leaves_a_name_of_two_sizes_open() -> None:
    """`A100` is sold with 40 GB and 80 GB: no single class, both candidates."""
    assert accelerators.find("a100") is None
    assert [item.name for item in accelerators.candidates("a100")] == ["A100-40GB", "A100-80GB"]


@pytest.mark.parametrize("name", accelerators.names())
def test_find_knows_its_own_names(name: str) -> None:
    """Every canonical name finds itself."""
    found = accelerators.find(name)

    assert found is not None
    assert name == found.name


def test_memory_is_what_the_device_reports() -> None:
    """The tiers of the engines at 70 GiB and 160 GiB fall on the right side."""
    tiers = {n: accelerators.find(n).memory_gib for n in ("H100-80GB", "A100-80GB", "L40S", "H200", "B200")}  # type: ignore[union-attr]

    assert tiers == {"H100-80GB": 79.6, "A100-80GB": 80.0, "L40S": 45.0, "H200": 140.4, "B200": 179.1}


def test_partition_is_told_apart_from_its_device() -> None:
    """A MIG slice has the profile's memory, and is not the device it is cut from."""
    slice_ = accelerators.find("NVIDIA-A100-SXM4-80GB-MIG-1g.10gb")

    assert slice_ is not None
    assert (slice_.name, slice_.partition, slice_.memory_gib) == ("A100-80GB", "1g.10gb", 10.0)
    assert accelerators.matches("A100-80GB", slice_) is False
    assert accelerators.matches("A100-80GB-MIG-1g.10gb", slice_) is True


def test_virtual_device_has_the_memory_of_its_profile() -> None:
    """A vGPU has at most what its profile names; it can be all of the device, so that a promise of it stays open."""
    small, whole = accelerators.find("NVIDIA-L40S-8C"), accelerators.find("NVIDIA-A10-24Q")

    assert small is not None
    assert whole is not None
    assert (small.memory_gib, whole.memory_gib) == (8.0, 22.5)
    assert accelerators.matches("A10", whole) is None
    assert accelerators.matches("NVIDIA-A10-24Q", whole) is True
    assert accelerators.matches("L4", whole) is False


def test_shared_device_keeps_its_class() -> None:
    """Time slicing shares a device and does not change its class."""
    shared = accelerators.find("Tesla-T4-SHARED")

    assert shared is not None
    assert shared.partition == "shared"
    assert accelerators.matches("T4", shared) is True


@pytest.mark.parametrize(
    ("promised", "actual", "verdict"),
    [
        ("H100-80GB", "NVIDIA-H100-80GB-HBM3", True),
        ("nvidia-h100-80gb", "NVIDIA-H100-PCIe", True),
        ("NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe", False),
        ("H100-SXM", "nvidia-h100-80gb", None),
        ("H100-80GB", "NVIDIA-H100-NVL", False),
        ("A100", "NVIDIA-A100-SXM4-40GB", True),
        ("H200", "NVIDIA-H100-80GB-HBM3", False),
        ("nonsense", "NVIDIA-L4", False),
    ],
)
def test_matches_keeps_the_form_factor_a_promise_names(promised: str, actual: str, verdict: bool | None) -> None:
    """A promise without form factor takes any; with one it takes that alone, and an unknown one stays open."""
    found = accelerators.find(actual)

    assert found is not None
    assert verdict is accelerators.matches(promised, found)


@given(st.text(max_size=60))
def test_find_survives_any_text(text: str) -> None:
    """No text breaks the reader, and what it finds is in the table."""
    for item in accelerators.candidates(text):
        assert item.name in accelerators.names()


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([term("nvidia.com/gpu.product", "NVIDIA-L4")], ["L4"]),
        ([term("cloud.google.com/gke-accelerator", "nvidia-h100-80gb")], ["H100-80GB-SXM"]),
        ([term("karpenter.k8s.aws/instance-gpu-name", "a100")], ["A100-40GB", "A100-80GB"]),
        ([term("node.kubernetes.io/instance-type", "p5.48xlarge")], ["H100-80GB-SXM"]),
        ([term("node.kubernetes.io/instance-type", "Standard_NC24ads_A100_v4")], ["A100-80GB-PCIe"]),
        ([term("karpenter.k8s.aws/instance-family", "g6e")], ["L40S"]),
        ([term("gpu-type", "h100")], ["H100-80GB"]),
        ([term("amd.com/gpu.device-id", "74a1")], ["MI300X"]),
        ([term("beta.amd.com/gpu.device-id", "740C")], ["MI250", "MI250X"]),
        ([term("amd.com/gpu.device-id", "ffff")], []),
        ([term("node.kubernetes.io/instance-type", "g7.2xlarge")], ["RTX-PRO-4500"]),
        ([term("kubernetes.io/os", "linux")], []),
        ([term("nvidia.com/gpu.product", "NVIDIA-L4", operator="NotIn")], []),
        ([term("nvidia.com/gpu.product", "NVIDIA-X9000")], []),
        ([], []),
    ],
)
def test_gpu_classes_reads_node_terms(terms: list[NodeTerm], expected: list[str]) -> None:
    """Labels of every cloud, instance types and a team's own label give their class; the rest gives none."""
    assert expected == titles(pod(*terms))


def test_gpu_classes_joins_terms_that_hold_together() -> None:
    """Memory and instance type narrow what a name leaves open."""
    wide = term("karpenter.k8s.aws/instance-gpu-name", "a100")

    assert titles(pod(wide, term("karpenter.k8s.aws/instance-gpu-memory", "40960", operator="Gt"))) == ["A100-80GB"]
    assert titles(pod(wide, term("node.kubernetes.io/instance-type", "p4de.24xlarge"))) == ["A100-80GB-SXM"]


def test_gpu_classes_collects_alternatives() -> None:
    """Alternatives of the affinity are all possible; one without a class leaves everything open."""
    l4 = term("nvidia.com/gpu.product", "NVIDIA-L4", alternative=0)
    t4 = term("nvidia.com/gpu.product", "Tesla-T4", alternative=1)

    assert titles(pod(l4, t4)) == ["L4", "T4"]
    assert titles(pod(l4, term("kubernetes.io/arch", "amd64", alternative=1))) == []


def test_gpu_classes_takes_the_project_at_its_word() -> None:
    """A label that the project configuration explains names its class."""
    template = pod(term("corp/gpu", "h1"))

    assert [item.value.name for item in scheduling.gpu_classes(template, {"corp/gpu=h1": "H100-80GB"})] == ["H100-80GB"]


def test_constraint_sees_terms_that_exclude_each_other() -> None:
    """Two classes on one node are impossible, and both terms are named."""
    found = scheduling.constraint(pod(term("nvidia.com/gpu.product", "NVIDIA-L4"), term("gpu", "h100")), {})

    assert [item.key for item in found.impossible] == ["nvidia.com/gpu.product", "gpu"]


def test_constraint_says_which_terms_only_the_cluster_knows() -> None:
    """A node pool may pin a class that no manifest tells."""
    found = scheduling.constraint(pod(term("agentpool", "gpu"), term("kubernetes.io/os", "linux")), {})

    assert found.open
    assert [item.key for item in found.opaque] == ["agentpool"]


def test_scheduling_key_ignores_order_and_spelling() -> None:
    """Order of terms, of resources and the spelling of quantities do not change the key."""
    one = pod(term("a", "1"), term("b", "2", "3"), tolerations=(Toleration("k", "Exists", None, None, HERE),))
    two = pod(term("b", "3", "2"), term("a", "1"), tolerations=(Toleration("k", "Exists", None, None, HERE),))

    assert scheduling.scheduling_key(one, box({"cpu": "1", "nvidia.com/gpu": "1"})) == scheduling.scheduling_key(
        two, box({"nvidia.com/gpu": "1", "cpu": "1000m"})
    )


def test_scheduling_key_tells_different_scheduling_apart() -> None:
    """Another label, another toleration and another GPU count are other unknowns."""
    keys = {
        scheduling.scheduling_key(pod(), box({"nvidia.com/gpu": "1"})),
        scheduling.scheduling_key(pod(), box({"nvidia.com/gpu": "2"})),
        scheduling.scheduling_key(pod(term("a", "1")), box({"nvidia.com/gpu": "1"})),
        scheduling.scheduling_key(pod(term("a", "1", alternative=0)), box({"nvidia.com/gpu": "1"})),
        scheduling.scheduling_key(
            pod(tolerations=(Toleration("k", "Exists", None, None, HERE),)), box({"nvidia.com/gpu": "1"})
        ),
    }

    assert len(keys) == 5
    assert all(key.startswith("gpu@scheduling(") for key in keys)


def test_scheduling_key_names_a_fixed_node() -> None:
    """A pod bound to a node has that node's GPU."""
    assert scheduling.scheduling_key(pod(node_name="gpu-1"), box()) == "gpu@node/gpu-1"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1000m", 1),
        (".5", 0.5),
        ("8Gi", 8 * 2**30),
        ("1e3", 1000),
        ("2k", 2000),
        ("<gpus>", None),
        (".", None),
    ],
)
def test_quantity_reads_as_kubernetes_does(text: str, value: float | None) -> None:
    """Suffixes and exponents are read, placeholders are none."""
    found = scheduling.quantity(text)

    assert value == (None if found is None else found / scheduling.WHOLE)


@given(st.text(max_size=40))
def test_quantity_survives_any_text(text: str) -> None:
    """No text breaks the reader of quantities, and what holds no digit is none."""
    found = scheduling.quantity(text)

    assert found is None or any(character.isdigit() for character in text)


def test_accelerator_resources_leaves_networks_out() -> None:
    """Shares of a GPU count, network devices do not, and zero is none."""
    found = scheduling.accelerator_resources(
        box({"volcano.sh/vgpu-number": "1", "rdma/ib": "1", "cpu": "4", "nvidia.com/gpu": "0"})
    )

    assert list(found) == ["volcano.sh/vgpu-number"]
