"""Where the memory of each accelerator class in `accelerators` was taken from. Loaded for pages and tests alone.

`DRIVER` is `memory.total` of `nvidia-smi`, read off published driver output. `CLOUD` is the memory that a cloud's API
reports of its machines, as Karpenter's reference of AWS instance types prints it; where a class has both, the two agree
(B200 183359 MiB, B300 275040 MiB). The rest are the vendors' own sizes in GiB: what a driver keeps for itself makes the
device report less, never more.
"""

from collections.abc import Mapping

DRIVER = "published `nvidia-smi` output"
ALIKE = "published `nvidia-smi` output of a class with the same memory"
SHARED = "the memory of its system, which it shares; its driver reports none"
CLOUD = "AWS instance types, as Karpenter's reference prints them"
MIG = "NVIDIA MIG user guide, supported GPUs"
ROCM = "AMD GPU specifications of the ROCm documentation"
NEURON = "AWS Neuron documentation, architecture guides"
TPU = "Google Cloud TPU documents"
GAUDI = "Transformers documentation, Intel Gaudi"
SHEET = "the vendor's data sheet, entered by hand"

_GROUPS: Mapping[str, tuple[str, ...]] = {
    DRIVER: (
        "H100-80GB", "H100-94GB", "H200", "H20", "GH200-96GB", "B200", "B300", "GB200", "GB300", "L40S", "L20", "A40",
        "L4", "A10G", "RTX-PRO-6000",
    ),
    ALIKE: ("H100-96GB", "H20-141GB", "H800", "L40", "A10"),
    CLOUD: ("A100-40GB", "A100-80GB", "V100-32GB", "RTX-PRO-4500"),
    MIG: ("A30",),
    ROCM: ("MI100", "MI210", "MI250", "MI250X", "MI300A", "MI300X", "MI308X", "MI325X", "MI350X", "MI355X"),
    NEURON: ("Inferentia2", "Trainium", "Trainium2", "Trainium3"),
    TPU: ("TPU-v5e", "TPU-v5p", "TPU-v6e", "TPU-v7"),
    GAUDI: ("Gaudi2", "Gaudi3"),
    SHARED: ("GB10",),
    SHEET: (
        "GH200-144GB", "A800", "A800-40GB", "A16", "A2", "T4", "T4G", "P4", "P40", "K80", "P100-16GB", "V100-16GB",
        "RTX-6000-ADA", "RTX-A6000", "RTX-A5000", "RTX-A4000", "RTX-5090", "RTX-5080", "RTX-4090", "RTX-4080",
        "RTX-3090", "Max-1550", "TPU-v4",
    ),
}  # fmt: skip

MEMORY: Mapping[str, str] = {name: source for source, names in _GROUPS.items() for name in names}
"""Class → where its memory was taken from."""
