"""Checks of the accelerator a pod lands on."""

from typing import Any

import pytest

from skewguard.judge.checks import hardware  # noqa: F401 - importing it registers the checks
from skewguard.judge.checks.interface import Case
from skewguard.language.facts import Subject
from skewguard.language.workloads import NodeTerm, Resources
from tests.judge.cases import at, case, env, located, run, severities, verdicts


def term(key: str, *values: str, line: int = 60, operator: str = "In", alternative: int = -1) -> NodeTerm:
    return NodeTerm(key=key, operator=operator, values=values, origin=at(line, values[0]), alternative=alternative)


def on(*terms: NodeTerm, **more: Any) -> Case:
    more.setdefault("gpus", 1)
    return case(template={"node_terms": terms}, **more)


def resources(requests: dict[str, str], limits: dict[str, str]) -> Case:
    made = Resources(
        requests={name: located(value, 51) for name, value in requests.items()},
        limits={name: located(value, 52) for name, value in limits.items()},
    )
    return case(container={"resources": made})


H100 = term("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3")


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (on(H100), "pass"),
        (on(term("node.kubernetes.io/instance-type", "p5.48xlarge")), "pass"),
        (on(declared={"hardware.gpu_class": "H100-80GB"}), "pass"),
        (on(), "fail"),
        (on(term("kubernetes.io/os", "linux")), "fail"),
        (on(term("nvidia.com/gpu.present", "true")), "fail"),
        (on(term("accelerator", "nvidia")), "fail"),
        (on(term("nvidia.com/gpu.product", "NVIDIA-L4", alternative=0), term("zone", "a", alternative=1)), "unknown"),
        (on(term("agentpool", "gpu")), "unknown"),
        (on(term("cloud.google.com/compute-class", "gpu-class")), "unknown"),
        (on(term("nvidia.com/gpu.product", "NVIDIA-X9000")), "pass"),
        (on(gpus=None), "skipped"),
        (on(gpus=None, limits={"google.com/tpu": "8"}), "skipped"),
        (case(gpus=1, template={"node_name": "gpu-1"}), "skipped"),
    ],
)
def test_gpu_class_wants_a_class_for_every_gpu(subject: Case, verdict: str) -> None:
    """A GPU request without a class fails, a pool only the cluster knows is unknown, anything named passes."""
    assert [verdict] == verdicts("hardware.gpu-class", subject)


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        (on(), "nvidia.com/gpu.product"),
        (on(gpus=None, limits={"amd.com/gpu": "1"}), "amd.com/gpu.product-name"),
        (on(term("cloud.google.com/gke-spot", "true")), "cloud.google.com/gke-accelerator"),
        (on(term("karpenter.sh/capacity-type", "spot")), "karpenter.k8s.aws/instance-gpu-name"),
    ],
)
def test_gpu_class_writes_the_label_of_the_cloud_in_use(subject: Case, key: str) -> None:
    """The edit uses the key that the manifest's other terms belong to."""
    (answer,) = run("hardware.gpu-class", subject)

    assert f"nodeSelector: {{{key}:" in answer.remedy
    assert answer.at is not None
    assert answer.at.line == 50


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (on(H100), "pass"),
        (on(), "pass"),
        (on(term("nvidia.com/gpu.product", "NVIDIA-L40S", "NVIDIA-H100-80GB-HBM3")), "fail"),
        (on(term("nvidia.com/gpu.product", "NVIDIA-H100-PCIe", "NVIDIA-H100-80GB-HBM3")), "fail"),
        (on(term("karpenter.k8s.aws/instance-gpu-name", "a100")), "fail"),
        (
            on(
                term("karpenter.k8s.aws/instance-gpu-name", "a100"),
                term("karpenter.k8s.aws/instance-gpu-memory", "81920"),
            ),
            "pass",
        ),
        (on(term("nvidia.com/gpu.product", "Tesla-T4", "NVIDIA-L4"), gpus=None), "pass"),
        (on(term("nvidia.com/gpu.product", "NVIDIA-X9000", "NVIDIA-L4")), "pass"),
    ],
)
def test_gpu_classes_mixed_wants_one_class(subject: Case, verdict: str) -> None:
    """Two classes, two form factors or one name of two sizes fail."""
    assert [verdict] == verdicts("hardware.gpu-classes-mixed", subject)


@pytest.mark.parametrize(
    ("key", "value", "verdict"),
    [
        ("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3", "pass"),
        ("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3-SHARED", "pass"),
        ("nvidia.com/gpu.product", "NVIDIA-A100-SXM4-40GB-MIG-1g.5gb", "pass"),
        ("nvidia.com/gpu.product", "Tesla-T4", "pass"),
        ("nvidia.com/gpu.product", "A100-SXM4-40GB", "pass"),
        ("cloud.google.com/gke-accelerator", "nvidia-l4", "pass"),
        ("cloud.google.com/gke-tpu-accelerator", "tpu-v6e-slice", "pass"),
        ("karpenter.k8s.aws/instance-gpu-name", "l40s", "pass"),
        ("amd.com/gpu.product-name", "AMD_Instinct_MI300X_OAM", "pass"),
        ("nvidia.com/gpu.product", "H100", "fail"),
        ("nvidia.com/gpu.product", "NVIDIA-H100", "fail"),
        ("nvidia.com/gpu.product", "nvidia-h100-80gb-hbm3", "fail"),
        ("cloud.google.com/gke-accelerator", "nvidia-h100", "fail"),
        ("cloud.google.com/gke-accelerator", "L4", "fail"),
        ("karpenter.k8s.aws/instance-gpu-name", "nvidia-a10g", "fail"),
        ("nvidia.com/gpu.product", "NVIDIA-X9000", "unknown"),
        ("cloud.google.com/gke-accelerator", "nvidia-x9", "unknown"),
    ],
)
def test_gpu_label_wants_the_spelling_of_nodes(key: str, value: str, verdict: str) -> None:
    """A value that nodes spell otherwise fails, one that is in no table is unknown."""
    assert [verdict] == verdicts("hardware.gpu-label", on(term(key, value)))


def test_gpu_label_believes_the_project() -> None:
    """A label that the project configuration explains is no riddle."""
    subject = on(term("nvidia.com/gpu.product", "CORP-H100"), declared={"hardware.gpu_class": "H100-80GB"})

    assert verdicts("hardware.gpu-label", subject) == ["pass"]


def test_gpu_label_writes_the_value_nodes_carry() -> None:
    """The remedy is the corrected pair."""
    (answer,) = run("hardware.gpu-label", on(term("cloud.google.com/gke-accelerator", "h100")))

    assert answer.remedy == "Write `cloud.google.com/gke-accelerator: nvidia-h100-80gb`."


@pytest.mark.parametrize(
    ("terms", "verdict"),
    [
        ((H100,), "pass"),
        ((H100, term("node.kubernetes.io/instance-type", "p5.48xlarge")), "pass"),
        ((H100, term("node.kubernetes.io/instance-type", "m7i.large")), "pass"),
        ((H100, term("node.kubernetes.io/instance-type", "g6.xlarge", line=61)), "fail"),
        ((term("nvidia.com/gpu.product", "NVIDIA-L4"), term("nvidia.com/gpu.memory", "40000", operator="Gt")), "fail"),
        ((H100, term("node.kubernetes.io/instance-type", "g6.xlarge", alternative=0),
          term("node.kubernetes.io/instance-type", "p5.48xlarge", alternative=1)), "pass"),
    ],
)  # fmt: skip
def test_gpu_class_impossible_finds_terms_that_exclude_each_other(terms: tuple[NodeTerm, ...], verdict: str) -> None:
    """Terms that no class satisfies together are an error; one possible alternative is enough to pass."""
    assert [verdict] == verdicts("hardware.gpu-class-impossible", on(*terms))


@pytest.mark.parametrize(
    ("requests", "limits", "verdict"),
    [
        ({}, {"nvidia.com/gpu": "1"}, "pass"),
        ({"nvidia.com/gpu": "1"}, {"nvidia.com/gpu": "1"}, "pass"),
        ({"cpu": "1", "memory": "8Gi", "ephemeral-storage": "1Gi"}, {"cpu": "2"}, "pass"),
        ({"hugepages-2Mi": "100Mi"}, {}, "pass"),
        ({"nvidia.com/gpu": "1"}, {}, "fail"),
        ({"nvidia.com/gpu": "1"}, {"nvidia.com/gpu": "2"}, "fail"),
        ({}, {"nvidia.com/gpu": "0.5"}, "fail"),
        ({"rdma/ib": "1"}, {}, "fail"),
        ({}, {"nvidia.com/gpu": "<count>"}, "unknown"),
    ],
)
def test_gpu_request_wants_an_equal_limit(requests: dict[str, str], limits: dict[str, str], verdict: str) -> None:
    """What the API server refuses is an error, what it takes passes, a placeholder is unknown."""
    assert [verdict] == verdicts("hardware.gpu-request", resources(requests, limits))


def test_gpu_request_moves_a_lone_request() -> None:
    """The remedy keeps the number."""
    (answer,) = run("hardware.gpu-request", resources({"nvidia.com/gpu": "4"}, {}))

    assert "limits: {nvidia.com/gpu: 4}" in answer.remedy


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (case(gpus=1), "skipped"),
        (case(), "fail"),
        (case(gpus=0), "fail"),
        (case(limits={"rdma/ib": "1"}), "fail"),
        (case(limits={"nvidia.com/mig-1g.10gb": "1"}), "skipped"),
        (case(limits={"google.com/tpu": "4"}), "skipped"),
        (case(limits={"aws.amazon.com/neuron": "1"}), "skipped"),
        (case(limits={"habana.ai/gaudi": "1"}), "skipped"),
        (case(container={"resources": Resources(claims=("gpu",))}), "skipped"),
        (case(image="public.ecr.aws/q9t5s3a7/vllm-cpu-release-repo:v0.11.0"), "skipped"),
        (case(image="registry.corp/vllm:0.11.0-cpu"), "skipped"),
        (case(environment=[env("VLLM_CPU_KVCACHE_SPACE", "40")]), "skipped"),
        (case(args=["--model", "m", "--device", "cpu"]), "skipped"),
        (case(template={"runtime_class": "nvidia"}), "skipped"),
        (case(environment=[env("NVIDIA_VISIBLE_DEVICES", "all")]), "skipped"),
        (case(image=None), "skipped"),
        (case(subject={"kind": "ClusterServingRuntime"}), "skipped"),
        (case(workload={"members": (Subject(kind="RayCluster", name="w"),)}), "skipped"),
        (case(engine="ollama", title="Ollama"), "skipped"),
    ],
)
def test_gpu_missing_knows_who_needs_no_request(subject: Case, verdict: str) -> None:
    """A GPU engine without a device fails; CPU builds, other accelerators, claims, runtimes and patches do not."""
    assert [verdict] == verdicts("hardware.gpu-missing", subject)


def test_gpu_missing_asks_for_the_parallelism() -> None:
    """The remedy asks for as many GPUs as the layers are split over."""
    (answer,) = run("hardware.gpu-missing", case(declared={"parallelism.tensor": 4}))

    assert "{nvidia.com/gpu: 4}" in answer.remedy


def test_severities_follow_what_happens() -> None:
    """What the API server or the scheduler refuses is an error, what can change by itself a warning."""
    clash = on(H100, term("nvidia.com/gpu.product", "NVIDIA-L4"))

    assert severities("hardware.gpu-class", on()) == ["warning"]
    assert severities("hardware.gpu-request", resources({"nvidia.com/gpu": "1"}, {})) == ["error"]
    assert severities("hardware.gpu-class-impossible", clash) == ["error"]
