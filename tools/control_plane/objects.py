"""Objects that many tests need, as plain values: machines with GPUs, workloads that run an engine, kinds of other projects."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from tools.control_plane.client import Object

FAKE = "kwok.x-k8s.io/node"
"""kwok plays the kubelet of the nodes that have this annotation."""


class Gpu(Struct, frozen=True):
    """A class of GPU as NVIDIA's feature discovery labels it (memory in MiB, as `nvidia-smi` says it)."""

    product: str
    memory_mib: int
    family: str
    compute: str

    @property
    def name(self) -> str:
        """As `nvidia-smi` spells it: feature discovery puts `-` where it has spaces."""
        return self.product.replace("-", " ")


H100 = Gpu("NVIDIA-H100-80GB-HBM3", 81559, "hopper", "9.0")
H200 = Gpu("NVIDIA-H200", 143771, "hopper", "9.0")
A100 = Gpu("NVIDIA-A100-SXM4-80GB", 81920, "ampere", "8.0")
L4 = Gpu("NVIDIA-L4", 23034, "ada-lovelace", "8.9")


def gpu_node(
    name: str,
    gpu: Gpu = H100,
    *,
    count: int = 8,
    driver: str = "570.133.20",
    labels: Mapping[str, str] | None = None,
    instance_type: str = "p5.48xlarge",
) -> Object:
    """A machine with GPUs, labelled as NVIDIA's GPU feature discovery labels one."""
    major, minor, revision = driver.split(".")
    resources = {"cpu": "192", "memory": "2Ti", "pods": "110", "nvidia.com/gpu": str(count)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {FAKE: "fake"},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": instance_type,
                "nvidia.com/gpu.present": "true",
                "nvidia.com/gpu.product": gpu.product,
                "nvidia.com/gpu.memory": str(gpu.memory_mib),
                "nvidia.com/gpu.count": str(count),
                "nvidia.com/gpu.family": gpu.family,
                "nvidia.com/gpu.replicas": "1",
                "nvidia.com/gpu.sharing-strategy": "none",
                "nvidia.com/mig.capable": "true",
                "nvidia.com/mig.strategy": "none",
                "nvidia.com/gpu.compute.major": gpu.compute.partition(".")[0],
                "nvidia.com/gpu.compute.minor": gpu.compute.partition(".")[2],
                "nvidia.com/cuda.driver-version.full": driver,
                "nvidia.com/cuda.driver-version.major": major,
                "nvidia.com/cuda.driver-version.minor": minor,
                "nvidia.com/cuda.driver-version.revision": revision,
                **(labels or {}),
            },
        },
        "status": {"allocatable": resources, "capacity": resources},
    }


def deployment(
    name: str,
    container: Mapping[str, object],
    *,
    replicas: int = 1,
    pod_annotations: Mapping[str, str] | None = None,
    spec: Mapping[str, object] | None = None,
    **pod: object,
) -> Object:
    """A Deployment of one container. `pod` are further fields of the pod's spec, `spec` of the Deployment's.

    Pods tolerate GPU nodes' usual taint and are chosen by the label `app`.
    """
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": dict(pod_annotations or {})},
                "spec": {
                    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
                    "containers": [dict(container)],
                    **pod,
                },
            },
            **(spec or {}),
        },
    }


def engine(
    image: str, args: Sequence[str], *, name: str = "vllm", gpus: int = 1, port: int = 8000, **more: object
) -> Object:
    """A container that runs an engine on GPUs of one machine."""
    return {
        "name": name,
        "image": image,
        "args": list(args),
        "ports": [{"containerPort": port, "name": "http"}],
        "resources": {"limits": {"nvidia.com/gpu": str(gpus)}},
        **more,
    }


def custom_kind(group: str, version: str, kind: str, plural: str, *, namespaced: bool = True) -> Object:
    """A kind of another project, of any shape and with a status of its own (its controller does not run here)."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced" if namespaced else "Cluster",
            "names": {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    }
