"""Accelerator classes: one canonical name for the many spellings of clouds, node labels, drivers and people.

A spelling is taken apart into words (`NVIDIA-A100-SXM4-80GB` → a100, SXM, 80 GB). What is left after the words that
carry no class (`nvidia`, `tesla`, `instinct`, …) must be a family of the table, else the spelling is not known: a
name that only resembles a known one is never taken for it. A memory or form factor that is written must exist in
that family. What is not written stays open: `A100` is 40 GB or 80 GB, and `candidates` answers both.

Memory is what the device reports, not what the box says, where driver output is published; `accelerator_sources` names
the source of every row. With error correction switched off a board reports up to 7 % more. Engines compare against that
number: vLLM's batch tiers stand at 70 GiB and 160 GiB. Cloud names: NVIDIA GPU Feature Discovery README, the GKE GPU
and TPU documents, Karpenter's AWS instance types reference, CoreWeave's node label reference, ROCm's node labeller.
"""

import re
from functools import cache, lru_cache

from msgspec import Struct, structs


class Accelerator(Struct, frozen=True):
    """A GPU class. `name` is canonical (`H100-80GB`), `memory_gib` the memory of one device in GiB as the device
    reports it, `form_factor` (`SXM`, `PCIe`, `NVL`) is None where the spelling does not tell, `device` is the name
    the driver reports (`NVIDIA H100 80GB HBM3`). `partition` is a MIG profile (`1g.10gb`), a vGPU profile (`vgpu 24q`) or
    `shared` (time slicing); the memory of a slice is the profile's, rounded up.
    """

    name: str
    memory_gib: float
    vendor: str
    device: str
    form_factor: str | None = None
    partition: str | None = None

    @property
    def title(self) -> str:
        """The name with what else tells devices apart: `H100-80GB-SXM`, `A100-40GB-SXM MIG 1g.5gb`, `L4`."""
        text = f"{self.name}-{self.form_factor}" if self.form_factor and len(forms(self.name)) > 1 else self.name
        if self.partition is None:
            return text
        return f"{text} {self.partition}" if self.partition[0] in "sv" else f"{text} MIG {self.partition}"

    @property
    def capability(self) -> float | None:
        """CUDA's compute capability (8.0 for an A100); None for what is not NVIDIA's."""
        return _CAPABILITIES.get(self.name)


# NVIDIA's table of CUDA GPUs (developer.nvidia.com/cuda-gpus), by the names below.
_CAPABILITIES = {
    "K80": 3.7, "P100-16GB": 6.0, "P4": 6.1, "P40": 6.1, "V100-16GB": 7.0, "V100-32GB": 7.0, "T4": 7.5, "T4G": 7.5,
    "A100-40GB": 8.0, "A100-80GB": 8.0, "A800": 8.0, "A800-40GB": 8.0, "A30": 8.0, "A40": 8.6, "A16": 8.6, "A10": 8.6, "A10G": 8.6,
    "A2": 8.6, "RTX-A6000": 8.6, "RTX-A5000": 8.6, "RTX-A4000": 8.6, "RTX-3090": 8.6, "L4": 8.9, "L20": 8.9, "L40": 8.9,
    "L40S": 8.9, "RTX-6000-ADA": 8.9, "RTX-4090": 8.9, "RTX-4080": 8.9, "H100-80GB": 9.0, "H100-94GB": 9.0,
    "H100-96GB": 9.0, "H200": 9.0, "H20": 9.0, "H20-141GB": 9.0, "H800": 9.0, "GH200-96GB": 9.0, "GH200-144GB": 9.0,
    "B200": 10.0, "GB200": 10.0, "B300": 10.3, "GB300": 10.3, "RTX-PRO-6000": 12.0, "RTX-PRO-4500": 12.0, "RTX-5090": 12.0, "RTX-5080": 12.0,
    "GB10": 12.1,
}  # fmt: skip


# name · family · gigabytes in the name · MiB as the device reports · vendor · ((form factor, driver's names …), …)
# The first class of a family is meant when only the family is written, unless the family is in OPEN.
_TABLE: tuple[tuple[str, str, int, int, str, tuple[tuple[str, ...], ...]], ...] = (
    ("H100-80GB", "h100", 80, 81559, "nvidia",
     (("SXM", "NVIDIA H100 80GB HBM3"), ("PCIe", "NVIDIA H100 PCIe"))),
    ("H100-94GB", "h100", 94, 95830, "nvidia", (("NVL", "NVIDIA H100 NVL"),)),
    ("H100-96GB", "h100", 96, 97871, "nvidia", (("SXM", "NVIDIA H100"),)),
    ("H200", "h200", 141, 143771, "nvidia", (("SXM", "NVIDIA H200"), ("NVL", "NVIDIA H200 NVL"))),
    ("H20", "h20", 96, 97871, "nvidia", (("SXM", "NVIDIA H20"),)),
    ("H20-141GB", "h20", 141, 143771, "nvidia", (("SXM", "NVIDIA H20-3e"),)),
    ("H800", "h800", 80, 81559, "nvidia", (("SXM", "NVIDIA H800"), ("PCIe", "NVIDIA H800 PCIe"))),
    ("GH200-96GB", "gh200", 96, 97871, "nvidia", (("Superchip", "NVIDIA GH200 480GB", "NVIDIA GH200 120GB"),)),
    ("GH200-144GB", "gh200", 144, 146831, "nvidia", (("Superchip", "NVIDIA GH200 144G HBM3e"),)),
    ("B200", "b200", 180, 183359, "nvidia", (("SXM", "NVIDIA B200"),)),
    ("B300", "b300", 288, 275040, "nvidia", (("SXM", "NVIDIA B300 SXM6 AC", "NVIDIA B300"),)),
    ("GB200", "gb200", 186, 189471, "nvidia", (("Superchip", "NVIDIA GB200"),)),
    ("GB300", "gb300", 288, 284208, "nvidia", (("Superchip", "NVIDIA GB300"),)),
    ("GB10", "gb10", 128, 122571, "nvidia", (("Superchip", "NVIDIA GB10"),)),
    ("A100-40GB", "a100", 40, 40960, "nvidia",
     (("SXM", "NVIDIA A100-SXM4-40GB", "A100-SXM4-40GB"), ("PCIe", "NVIDIA A100-PCIE-40GB", "A100-PCIE-40GB"))),
    ("A100-80GB", "a100", 80, 81920, "nvidia",
     (("SXM", "NVIDIA A100-SXM4-80GB", "A100-SXM4-80GB"), ("PCIe", "NVIDIA A100 80GB PCIe", "A100 80GB PCIe"))),
    ("A800", "a800", 80, 81920, "nvidia", (("SXM", "NVIDIA A800-SXM4-80GB"), ("PCIe", "NVIDIA A800 80GB PCIe"))),
    ("A800-40GB", "a800", 40, 40960, "nvidia", (("SXM", "NVIDIA A800-SXM4-40GB"), ("PCIe", "NVIDIA A800 40GB PCIe"))),
    ("A30", "a30", 24, 24576, "nvidia", (("PCIe", "NVIDIA A30"),)),
    ("A40", "a40", 48, 46068, "nvidia", (("PCIe", "NVIDIA A40"),)),
    ("A16", "a16", 16, 15356, "nvidia", (("PCIe", "NVIDIA A16"),)),
    ("A10", "a10", 24, 23028, "nvidia", (("PCIe", "NVIDIA A10"),)),
    ("A10G", "a10g", 24, 23028, "nvidia", (("PCIe", "NVIDIA A10G"),)),
    ("A2", "a2", 16, 15356, "nvidia", (("PCIe", "NVIDIA A2"),)),
    ("L4", "l4", 24, 23034, "nvidia", (("PCIe", "NVIDIA L4"),)),
    ("L20", "l20", 48, 46068, "nvidia", (("PCIe", "NVIDIA L20"),)),
    ("L40", "l40", 48, 46068, "nvidia", (("PCIe", "NVIDIA L40"),)),
    ("L40S", "l40s", 48, 46068, "nvidia", (("PCIe", "NVIDIA L40S"),)),
    ("T4", "t4", 16, 15360, "nvidia", (("PCIe", "Tesla T4", "NVIDIA T4"),)),
    ("T4G", "t4g", 16, 15360, "nvidia", (("PCIe", "NVIDIA T4G"),)),
    ("P4", "p4", 8, 7680, "nvidia", (("PCIe", "Tesla P4"),)),
    ("P40", "p40", 24, 24576, "nvidia", (("PCIe", "Tesla P40"),)),
    ("K80", "k80", 12, 11441, "nvidia", (("PCIe", "Tesla K80"),)),
    ("P100-16GB", "p100", 16, 16280, "nvidia",
     (("PCIe", "Tesla P100-PCIE-16GB"), ("SXM", "Tesla P100-SXM2-16GB"))),
    ("V100-16GB", "v100", 16, 16384, "nvidia", (("SXM", "Tesla V100-SXM2-16GB"), ("PCIe", "Tesla V100-PCIE-16GB"))),
    ("V100-32GB", "v100", 32, 32768, "nvidia",
     (("SXM", "Tesla V100-SXM2-32GB", "Tesla V100-SXM3-32GB"), ("PCIe", "Tesla V100-PCIE-32GB"))),
    ("RTX-PRO-6000", "rtx-pro-6000", 96, 97887, "nvidia",
     (("PCIe", "NVIDIA RTX PRO 6000 Blackwell Server Edition", "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
       "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition"),)),
    ("RTX-PRO-4500", "rtx-pro-4500", 32, 32768, "nvidia", (("PCIe", "NVIDIA RTX PRO 4500 Blackwell Server Edition"),)),
    ("RTX-6000-ADA", "rtx-6000-ada", 48, 49140, "nvidia", (("PCIe", "NVIDIA RTX 6000 Ada Generation"),)),
    ("RTX-A6000", "rtx-a6000", 48, 49140, "nvidia", (("PCIe", "NVIDIA RTX A6000", "RTX A6000"),)),
    ("RTX-A5000", "rtx-a5000", 24, 24564, "nvidia", (("PCIe", "NVIDIA RTX A5000"),)),
    ("RTX-A4000", "rtx-a4000", 16, 16376, "nvidia", (("PCIe", "NVIDIA RTX A4000"),)),
    ("RTX-5090", "rtx-5090", 32, 32607, "nvidia", (("PCIe", "NVIDIA GeForce RTX 5090"),)),
    ("RTX-5080", "rtx-5080", 16, 16303, "nvidia", (("PCIe", "NVIDIA GeForce RTX 5080"),)),
    ("RTX-4090", "rtx-4090", 24, 24564, "nvidia", (("PCIe", "NVIDIA GeForce RTX 4090"),)),
    ("RTX-4080", "rtx-4080", 16, 16376, "nvidia", (("PCIe", "NVIDIA GeForce RTX 4080"),)),
    ("RTX-3090", "rtx-3090", 24, 24576, "nvidia", (("PCIe", "NVIDIA GeForce RTX 3090"),)),
    ("MI100", "mi100", 32, 32752, "amd", (("PCIe", "AMD Instinct MI100"),)),
    ("MI210", "mi210", 64, 65520, "amd", (("PCIe", "AMD Instinct MI210"),)),
    ("MI250", "mi250", 64, 65520, "amd", (("OAM", "AMD Instinct MI250"),)),
    ("MI250X", "mi250x", 64, 65520, "amd", (("OAM", "AMD Instinct MI250X"),)),
    ("MI300A", "mi300a", 128, 131072, "amd", (("SH5", "AMD Instinct MI300A"),)),
    ("MI300X", "mi300x", 192, 196592, "amd", (("OAM", "AMD Instinct MI300X OAM", "AMD Instinct MI300X"),)),
    ("MI308X", "mi308x", 192, 196592, "amd", (("OAM", "AMD Instinct MI308X"),)),
    ("MI325X", "mi325x", 256, 262128, "amd", (("OAM", "AMD Instinct MI325X", "AMD Instinct MI325 OAM"),)),
    ("MI350X", "mi350x", 288, 294896, "amd", (("OAM", "AMD Instinct MI350X"),)),
    ("MI355X", "mi355x", 288, 294896, "amd", (("OAM", "AMD Instinct MI355X"),)),
    ("Gaudi2", "gaudi2", 96, 98304, "intel", (("OAM", "HL-225"),)),
    ("Gaudi3", "gaudi3", 128, 131072, "intel", (("OAM", "HL-325L"), ("PCIe", "HL-338"))),
    ("Max-1550", "max-1550", 128, 131072, "intel", (("OAM", "Intel Data Center GPU Max 1550"),)),
    ("TPU-v4", "tpu-v4", 32, 32768, "google", (("TPU", "TPU v4"),)),
    ("TPU-v5e", "tpu-v5e", 16, 16384, "google", (("TPU", "TPU v5 lite"),)),
    ("TPU-v5p", "tpu-v5p", 95, 97280, "google", (("TPU", "TPU v5p"),)),
    ("TPU-v6e", "tpu-v6e", 32, 32768, "google", (("TPU", "TPU v6 lite"),)),
    ("TPU-v7", "tpu-v7", 192, 196608, "google", (("TPU", "TPU7x"),)),
    ("Inferentia2", "inferentia2", 32, 32768, "aws", (("Neuron", "inferentia2"),)),
    ("Trainium", "trainium", 32, 32768, "aws", (("Neuron", "trainium"),)),
    ("Trainium2", "trainium2", 96, 98304, "aws", (("Neuron", "trainium2"),)),
    ("Trainium3", "trainium3", 144, 147456, "aws", (("Neuron", "trainium3"),)),
)  # fmt: skip

OPEN = ("a100", "v100", "gh200")
"""Families sold in two sizes under one name: the bare family name means either."""

# Other words for a family, after the words without a class are gone.
_FAMILIES = {
    "rtxa6000": "rtx-a6000", "a6000": "rtx-a6000", "rtxa5000": "rtx-a5000", "a5000": "rtx-a5000",
    "rtxa4000": "rtx-a4000", "rtx4090": "rtx-4090", "4090": "rtx-4090", "rtx3090": "rtx-3090", "3090": "rtx-3090",
    "rtx5090": "rtx-5090", "5090": "rtx-5090", "rtx-6000ada": "rtx-6000-ada", "rtx6000ada": "rtx-6000-ada",
    "rtx6000-ada": "rtx-6000-ada", "rtx-pro-6000-blackwell": "rtx-pro-6000", "rtxp6000": "rtx-pro-6000",
    "rtxpro6000": "rtx-pro-6000", "pro-6000-blackwell": "rtx-pro-6000", "rtx-pro6000": "rtx-pro-6000",
    "rtx-pro-4500-blackwell": "rtx-pro-4500",
    "mi325": "mi325x", "mi355": "mi355x", "mi300": "mi300x", "mi350": "mi350x", "h20-3e": "h20",
    "tpu-v4-podslice": "tpu-v4", "tpu-v5-lite-podslice": "tpu-v5e", "tpu-v5-lite-device": "tpu-v5e",
    "tpu-v5p-slice": "tpu-v5p", "tpu-v6e-slice": "tpu-v6e", "tpu7x": "tpu-v7", "tpu-v7x": "tpu-v7",
    "tpu-v7x-slice": "tpu-v7",
    "gaudi-2": "gaudi2", "gaudi-3": "gaudi3", "hl-225": "gaudi2", "hl-325l": "gaudi3",
}  # fmt: skip

# GKE's names without a size mean the size that its machine types carry (A2 Standard, N1).
_GKE = {"nvidia-tesla-a100": "A100-SXM4-40GB", "nvidia-tesla-v100": "Tesla V100-SXM2-16GB"}

# Words that carry no class.
_NOISE = frozenset(
    {
        "nvidia", "tesla", "amd", "instinct", "geforce", "quadro", "intel", "habana", "gpu", "hpu", "accelerator",
        "generation", "server", "workstation", "edition", "mega", "tensor", "core", "cuda", "aws", "google", "ac",
        "vf", "mcm", "mba", "data", "center", "grid",
    }
)  # fmt: skip

_FORMS = {
    "sxm": "SXM", "sxm2": "SXM", "sxm3": "SXM", "sxm4": "SXM", "sxm5": "SXM", "sxm6": "SXM", "nvlink": "SXM",
    "hbm3": "SXM", "hgx": "SXM", "pcie": "PCIe", "pci": "PCIe", "nvl": "NVL", "oam": "OAM",
}  # fmt: skip
# Kinds of memory that tell nothing more than the class does.
_MEMORY_KINDS = frozenset({"hbm2", "hbm2e", "hbm3e", "gddr6", "gddr6x", "gddr7"})


def find(text: str) -> Accelerator | None:
    """The class that a label value, a cloud's name or a driver's name means.

    None when it is not in the table, and when it can mean several (`A100`): see `candidates`.
    """
    found = candidates(text)
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1024)
def candidates(text: str) -> tuple[Accelerator, ...]:
    """Every class that `text` can mean: none (not in the table), one, or the sizes of a family in `OPEN`."""
    plain, partition = _split_partition(text)
    plain = _GKE.get(plain, plain)
    exact = _by_device().get(_squash(plain))
    found = exact if exact is not None else _by_words(plain)
    return tuple(part(item, partition) for item in found) if partition else found


def matches(promised: str, actual: Accelerator) -> bool | None:
    """Whether `actual` is of the promised class.

    A form factor counts when the promise names one; None then means that the form factor of `actual` is not known.
    A MIG slice is not the device it is cut from, unless the promise names the profile; a vGPU can be all of it.
    """
    verdicts = [_is(item, actual) for item in candidates(promised)]
    if True in verdicts:
        return True
    return None if None in verdicts else False


def device_labels(name: str) -> tuple[str, ...]:
    """The values of `nvidia.com/gpu.product` that a class can have: the driver's names with dashes for spaces."""
    return tuple(device.replace(" ", "-") for row in _TABLE if row[0] == name for form in row[5] for device in form[1:])


def devices(name: str, form: str) -> tuple[str, ...]:
    """The names that the driver reports of a class in one form factor."""
    return tuple(
        device for row in _TABLE if row[0] == name for each in row[5] if each[0] == form for device in each[1:]
    )


def forms(name: str) -> tuple[str, ...]:
    """The form factors a class is sold in; empty for a name that is not canonical."""
    return tuple(form[0] for row in _TABLE if row[0] == name for form in row[5])


def names() -> tuple[str, ...]:
    """Every canonical name, in the order of the table."""
    return tuple(row[0] for row in _TABLE)


def _is(promised: Accelerator, actual: Accelerator) -> bool | None:
    if promised.name != actual.name:
        return False
    cut = actual.partition if actual.partition != "shared" else None
    wanted = promised.partition if promised.partition != "shared" else None
    if cut != wanted:
        return None if wanted is None and cut is not None and cut.startswith("vgpu") else False
    if promised.form_factor is None or promised.form_factor == actual.form_factor:
        return True
    return None if actual.form_factor is None else False


def _split_partition(text: str) -> tuple[str, str | None]:
    """The product and its part: `…-MIG-1g.5gb` → `1g.5gb`, `Tesla-T4-SHARED` → `shared`, `NVIDIA-A10-24Q` → `vgpu 24q`."""
    stem, mark, profile = re.sub(r"[-_ ]shared$", "-SHARED", text.strip(), flags=re.IGNORECASE).rpartition("-SHARED")
    shared = bool(mark) and not profile
    plain = stem if shared else text.strip()
    cut = re.fullmatch(r"(.+?)[-_ ]MIG[-_ ](\d+g\.\d+gb(?:[.+-]me)?(?:\.all)?)", plain, flags=re.IGNORECASE)
    if cut:
        return cut.group(1), cut.group(2).lower()
    virtual = re.fullmatch(r"((?:nvidia|grid).*?)[-_ ](?:\d-)?(\d+[abcq])", plain, flags=re.IGNORECASE)
    if virtual:
        return virtual.group(1), f"vgpu {virtual.group(2).lower()}"
    return plain, "shared" if shared else None


def part(item: Accelerator, partition: str) -> Accelerator:
    """A slice or a share of a class; a slice has the memory of its profile (`1g.10gb`, `vgpu 24q`)."""
    profile = re.match(r"(?:\d+g\.|vgpu )(\d+)", partition)
    memory = min(item.memory_gib, float(profile.group(1))) if profile else item.memory_gib
    return structs.replace(item, partition=partition, memory_gib=memory)


def _squash(text: str) -> str:
    return "-".join(re.split(r"[\s_/,()-]+", text.strip().lower())).strip("-")


@cache
def _by_device() -> dict[str, tuple[Accelerator, ...]]:
    """The driver's own names, which need no taking apart (`NVIDIA GH200 480GB` names the memory of its CPU)."""
    known: dict[str, tuple[Accelerator, ...]] = {}
    for name, _, _, mib, vendor, shapes in _TABLE:
        for form, *devices in shapes:
            for device in devices:
                item = Accelerator(name, round(mib / 1024, 1), vendor, device, form)
                known.setdefault(_squash(device), (item,))
    # "NVIDIA H100" is the 96 GB board to its driver and any H100 to everybody else.
    del known["nvidia-h100"]
    return known


@cache
def _by_family() -> dict[str, tuple[tuple[int, Accelerator, tuple[tuple[str, str], ...]], ...]]:
    """Family → (gigabytes in the name, class without form factor, (form factor, device) pairs)."""
    families: dict[str, tuple[tuple[int, Accelerator, tuple[tuple[str, str], ...]], ...]] = {}
    for name, family, gigabytes, mib, vendor, shapes in _TABLE:
        pairs = tuple((form[0], form[1]) for form in shapes)
        only = pairs[0][0] if len(pairs) == 1 else None
        item = Accelerator(name, round(mib / 1024, 1), vendor, pairs[0][1], only)
        families[family] = (*families.get(family, ()), (gigabytes, item, pairs))
    return families


def _by_words(text: str) -> tuple[Accelerator, ...]:
    gigabytes, form, rest = None, None, []
    for word in _squash(text).split("-"):
        memory = re.fullmatch(r"(\d+)(?:g|gb|gib)", word)
        if memory:
            gigabytes = int(memory.group(1))
        elif word in _FORMS:
            form = _stronger(form, _FORMS[word])
        elif word not in _NOISE and word not in _MEMORY_KINDS:
            rest.append(word)
    family = "-".join(rest)
    return _pick(_FAMILIES.get(family, family), gigabytes, form)


def _stronger(known: str | None, new: str) -> str:
    """HBM3 alone says SXM, but a written PCIe or NVL beside it decides."""
    return new if known in (None, "SXM") else known


def _pick(family: str, gigabytes: int | None, form: str | None) -> tuple[Accelerator, ...]:
    sizes = _by_family().get(family, ())
    fitting = [
        (item, pairs)
        for nominal, item, pairs in sizes
        if gigabytes in (None, nominal) and (form is None or form in dict(pairs))
    ]
    if gigabytes is None and family not in OPEN:
        fitting = fitting[:1]
    if form is None:
        return tuple(item for item, _ in fitting)
    return tuple(structs.replace(item, form_factor=form, device=dict(pairs)[form]) for item, pairs in fitting)
