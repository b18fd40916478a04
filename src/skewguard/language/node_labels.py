"""Node labels and machine types that speak of an accelerator, and those that say nothing about it.

Sources: NVIDIA GPU Feature Discovery (label list), GKE "About GPUs" and "TPUs in GKE", Karpenter "Scheduling"
(well-known labels), EKS Auto Mode node labels, CoreWeave node labels, ROCm node labeller, `amdgpu.ids` of libdrm, the
instance type pages of AWS, Google Cloud and Azure.
"""

CLASS_KEYS = (
    "nvidia.com/gpu.product",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
    "karpenter.k8s.aws/instance-accelerator-name",
    "eks.amazonaws.com/instance-gpu-name",
    "eks.amazonaws.com/instance-accelerator-name",
    "k8s.amazonaws.com/accelerator",
    "karpenter.azure.com/sku-gpu-name",
    "gpu.nvidia.com/class",
    "gpu.nvidia.com/model",
    "amd.com/gpu.product-name",
    "beta.amd.com/gpu.product-name",
    "skypilot.co/accelerator",
    "aliyun.accelerator/nvidia_name",
)
"""Node labels whose value names the class of the GPU."""

DEVICE_ID_KEYS = ("amd.com/gpu.device-id", "beta.amd.com/gpu.device-id")
"""Node labels whose value is the PCI device id of the GPU."""

DEVICE_IDS = {
    "738c": ("MI100",), "740f": ("MI210",), "740c": ("MI250", "MI250X"), "7408": ("MI250X",), "74a0": ("MI300A",),
    "74a1": ("MI300X",), "74a9": ("MI300X",), "74b5": ("MI300X",), "74bd": ("MI300X",), "74a2": ("MI308X",),
    "74b6": ("MI308X",), "74a5": ("MI325X",), "75a0": ("MI350X",), "75a3": ("MI355X",),
}  # fmt: skip
"""PCI device id → the classes that have it, virtual functions too (`amdgpu.ids` of libdrm)."""

MEMORY_KEYS = (
    "nvidia.com/gpu.memory",
    "karpenter.k8s.aws/instance-gpu-memory",
    "eks.amazonaws.com/instance-gpu-memory",
)
"""Node labels that hold the memory of one GPU in MiB."""

INSTANCE_KEYS = (
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/instance-type",
    "karpenter.k8s.aws/instance-family",
    "eks.amazonaws.com/instance-family",
    "karpenter.azure.com/sku-name",
    "cloud.google.com/machine-family",
)
"""Node labels that name a machine; the class follows from the cloud's documents (`INSTANCES`)."""

POOL_KEYS = (
    "cloud.google.com/gke-nodepool",
    "cloud.google.com/compute-class",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "agentpool",
    "kubernetes.azure.com/agentpool",
    "kubernetes.io/hostname",
    "doks.digitalocean.com/node-pool",
    "k8s.scaleway.com/pool-name",
    "lke.linode.com/pool-id",
)
"""Node labels that name a pool or a node: they may pin a class, and only the cluster knows which."""

NEUTRAL_KEYS = (
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "karpenter.sh/capacity-type",
    "eks.amazonaws.com/capacityType",
    "eks.amazonaws.com/compute-type",
    "cloud.google.com/gke-spot",
    "cloud.google.com/gke-gpu-driver-version",
    "cloud.google.com/gke-accelerator-count",
    "kubernetes.azure.com/scalesetpriority",
    "nvidia.com/gpu.present",
    "nvidia.com/gpu.count",
    "nvidia.com/gpu.deploy.device-plugin",
    "nvidia.com/mig.strategy",
    "karpenter.k8s.aws/instance-gpu-count",
    "karpenter.k8s.aws/instance-gpu-manufacturer",
    "eks.amazonaws.com/instance-gpu-count",
    "eks.amazonaws.com/instance-gpu-manufacturer",
)
"""Node labels that say nothing about the class."""

# Instance types, by the longest prefix: what the cloud documents for the whole series.
INSTANCES: tuple[tuple[str, str], ...] = (
    ("p6-b300.", "B300"), ("p6-b200.", "B200"), ("p6e-gb200.", "GB200"), ("p5en.", "H200"), ("p5e.", "H200"),
    ("p5.", "H100-80GB-SXM"), ("p4de.", "A100-SXM4-80GB"), ("p4d.", "A100-SXM4-40GB"), ("p3dn.", "V100-SXM2-32GB"),
    ("p3.", "V100-SXM2-16GB"), ("g7e.", "RTX-PRO-6000"), ("g7.", "RTX-PRO-4500"), ("g6e.", "L40S"), ("g6.", "L4"), ("gr6.", "L4"),
    ("g5.", "A10G"), ("g5g.", "T4G"), ("g4dn.", "T4"), ("inf2.", "Inferentia2"), ("trn1.", "Trainium"),
    ("trn1n.", "Trainium"), ("trn2.", "Trainium2"),
    ("a4-highgpu-", "B200"), ("a4x-highgpu-", "GB200"), ("a3-ultragpu-", "H200-SXM"), ("a3-megagpu-", "H100-80GB-SXM"),
    ("a3-highgpu-", "H100-80GB-SXM"), ("a3-edgegpu-", "H100-80GB-SXM"), ("a2-ultragpu-", "A100-SXM4-80GB"),
    ("a2-highgpu-", "A100-SXM4-40GB"), ("a2-megagpu-", "A100-SXM4-40GB"), ("g2-standard-", "L4"),
    ("g4-standard-", "RTX-PRO-6000"),
    ("standard_nd96isr_h100_v5", "H100-80GB-SXM"), ("standard_nd96is_h100_v5", "H100-80GB-SXM"),
    ("standard_nd96isr_h200_v5", "H200-SXM"), ("standard_nd96isr_mi300x_v5", "MI300X"),
    ("standard_nd128isr_ndr_gb200_v6", "GB200"), ("standard_nc40ads_h100_v5", "H100-NVL"),
    ("standard_nc80adis_h100_v5", "H100-NVL"), ("standard_nd96asr_v4", "A100-SXM4-40GB"),
    ("standard_nd96amsr_a100_v4", "A100-SXM4-80GB"), ("standard_nd96ams_a100_v4", "A100-SXM4-80GB"),
    ("standard_nc24ads_a100_v4", "A100-PCIE-80GB"), ("standard_nc48ads_a100_v4", "A100-PCIE-80GB"),
    ("standard_nc96ads_a100_v4", "A100-PCIE-80GB"), ("standard_nc4as_t4_v3", "T4"), ("standard_nc8as_t4_v3", "T4"),
    ("standard_nc16as_t4_v3", "T4"), ("standard_nc64as_t4_v3", "T4"), ("standard_nv36ads_a10_v5", "A10"),
    ("standard_nv72ads_a10_v5", "A10"), ("standard_nc6s_v3", "V100-PCIE-16GB"), ("standard_nc12s_v3", "V100-PCIE-16GB"),
    ("standard_nc24s_v3", "V100-PCIE-16GB"), ("standard_nc24rs_v3", "V100-PCIE-16GB"),
)  # fmt: skip
"""Lower-case prefix of the machine's name → class. Sizes that share one GPU between machines are left out."""
