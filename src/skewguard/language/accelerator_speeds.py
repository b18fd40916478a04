"""How fast the memory and the arithmetic of an accelerator class are at best, with the document of each row.

Figures are the vendors' peaks for one device as the driver counts devices (one die of an MI250, one GPU of a GB200).
Arithmetic is dense: where a data sheet gives the figure with structured sparsity alone, half of it stands here. Data
sheets round: a bandwidth can be some per cent more or less, so that no verdict rests on it. A figure without any known
publication is None, and a class without a row has no known speed.

Each row says how its figures were checked: `vendor` (read in the vendor's own documentation), `repeated` (the same
figure in another publication that cites the document), `entered` (from the document named, and not compared again).
"""

from collections.abc import Mapping
from functools import cache
from typing import Literal

from msgspec import Struct

from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator

Checked = Literal["vendor", "repeated", "entered"]


class Speed(Struct, frozen=True):
    """Peaks of one device: `bandwidth` of its memory in bytes/s, dense `flops` in operations/s by number format
    (`float16`, `bfloat16`, `fp8`; a format that is not there has no sourced figure), the `source` of both, and how they
    were `checked`.
    """

    bandwidth: float
    flops: Mapping[str, float]
    source: str
    checked: Checked


_FORMATS = ("float16", "bfloat16", "fp8")
_Row = tuple[str, str, float, float | None, float | None, float | None, str, Checked]

# class · form factor · GB/s · TFLOPS of float16 · bfloat16 · fp8 · source · how it was checked
_TABLE: tuple[_Row, ...] = (
    ("H100-80GB", "SXM", 3352, 989.4, 989.4, 1978.9, "NVIDIA H100 architecture white paper", "repeated"),
    ("H100-80GB", "PCIe", 2039, 756, 756, 1513, "NVIDIA H100 architecture white paper", "repeated"),
    ("H100-94GB", "NVL", 3900, None, None, None, "NVIDIA H100 data sheet", "entered"),
    ("H200", "SXM", 4800, 989.5, 989.5, 1979, "NVIDIA H200 data sheet", "repeated"),
    ("H200", "NVL", 4800, None, None, None, "NVIDIA H200 data sheet", "entered"),
    ("H20", "SXM", 4022, 148, 148, 296, "NVIDIA H20 data sheet", "repeated"),
    ("H20-141GB", "SXM", 4800, 148, 148, 296, "NVIDIA H20 data sheet", "repeated"),
    ("H800", "SXM", 3352, 989.4, 989.4, 1978.9, "NVIDIA H800 data sheet", "repeated"),
    ("GH200-96GB", "Superchip", 4000, None, None, None, "NVIDIA GH200 data sheet", "entered"),
    ("GH200-144GB", "Superchip", 4900, None, None, None, "NVIDIA GH200 data sheet", "repeated"),
    ("B200", "SXM", 8000, 2250, 2250, 4500, "NVIDIA HGX B200 and DGX B200 data sheets, one GPU of eight", "repeated"),
    ("GB200", "Superchip", 8000, 2500, 2500, 5000, "NVIDIA GB200 NVL72 data sheet, one GPU of 72", "repeated"),
    ("B300", "SXM", 8000, 2250, 2250, 4500, "NVIDIA DGX B300 data sheet, one GPU of eight", "repeated"),
    ("GB300", "Superchip", 8000, 2500, 2500, 5000, "NVIDIA GB300 NVL72 data sheet, one GPU of 72", "repeated"),
    ("GB10", "Superchip", 273, None, None, None, "NVIDIA DGX Spark data sheet", "entered"),
    ("A100-40GB", "SXM", 1555, 312, 312, None, "NVIDIA A100 data sheet", "repeated"),
    ("A100-40GB", "PCIe", 1555, 312, 312, None, "NVIDIA A100 product brief", "repeated"),
    ("A100-80GB", "SXM", 2039, 312, 312, None, "NVIDIA A100 data sheet", "repeated"),
    ("A100-80GB", "PCIe", 1935, 312, 312, None, "NVIDIA A100 data sheet", "repeated"),
    ("A800", "SXM", 2039, 312, 312, None, "NVIDIA A800 data sheet", "repeated"),
    ("A30", "PCIe", 933, 165, 165, None, "NVIDIA A30 data sheet", "entered"),
    ("A40", "PCIe", 696, 149.7, 149.7, None, "NVIDIA A40 data sheet", "repeated"),
    ("A10", "PCIe", 600, 125, 125, None, "NVIDIA A10 data sheet", "repeated"),
    ("A10G", "PCIe", 600, None, None, None, "NVIDIA A10G data sheet, published by AWS", "repeated"),
    ("A2", "PCIe", 200, 18, 18, None, "NVIDIA A2 data sheet", "entered"),
    ("L4", "PCIe", 300, 121, 121, 242.5, "NVIDIA L4 data sheet", "repeated"),
    ("L20", "PCIe", 864, 119.5, 119.5, None, "NVIDIA L20 data sheet", "repeated"),
    ("L40", "PCIe", 864, 181.05, 181.05, 362, "NVIDIA L40 data sheet", "entered"),
    ("L40S", "PCIe", 864, 362.05, 362.05, 733, "NVIDIA L40S data sheet", "repeated"),
    ("T4", "PCIe", 320, 65, None, None, "NVIDIA T4 product brief", "repeated"),
    ("P100-16GB", "PCIe", 732, 18.7, None, None, "NVIDIA P100 data sheet", "repeated"),
    ("V100-16GB", "SXM", 900, 125, None, None, "NVIDIA V100 data sheet", "repeated"),
    ("V100-16GB", "PCIe", 900, 112, None, None, "NVIDIA V100 data sheet", "repeated"),
    ("V100-32GB", "SXM", 900, 125, None, None, "NVIDIA V100 data sheet", "repeated"),
    ("V100-32GB", "PCIe", 900, 112, None, None, "NVIDIA V100 data sheet", "repeated"),
    ("RTX-PRO-6000", "PCIe", 1792, None, None, None, "NVIDIA RTX PRO 6000 data sheet, its fastest edition", "repeated"),
    ("RTX-6000-ADA", "PCIe", 960, None, None, None, "NVIDIA RTX 6000 Ada data sheet", "repeated"),
    ("RTX-A6000", "PCIe", 768, 154.8, None, None, "NVIDIA Ampere GA102 white paper", "repeated"),
    ("RTX-A5000", "PCIe", 768, None, None, None, "NVIDIA RTX A5000 data sheet", "entered"),
    ("RTX-A4000", "PCIe", 448, None, None, None, "NVIDIA RTX A4000 data sheet", "repeated"),
    ("RTX-5090", "PCIe", 1792, None, None, None, "NVIDIA RTX Blackwell architecture white paper", "repeated"),
    ("RTX-5080", "PCIe", 960, None, None, None, "NVIDIA RTX Blackwell architecture white paper", "entered"),
    ("RTX-4090", "PCIe", 1008, None, 165.2, None, "NVIDIA Ada architecture white paper", "repeated"),
    ("RTX-4080", "PCIe", 716.8, None, None, None, "NVIDIA Ada architecture white paper", "repeated"),
    ("RTX-3090", "PCIe", 936, None, None, None, "NVIDIA Ampere GA102 white paper", "repeated"),
    ("MI100", "PCIe", 1228.8, None, None, None, "AMD Instinct MI100 data sheet", "repeated"),
    ("MI210", "PCIe", 1638.4, 181, 181, None, "AMD Instinct MI210 data sheet", "entered"),
    ("MI250", "OAM", 1638.4, 181.05, 181.05, None, "AMD Instinct MI250 data sheet, one die of two", "repeated"),
    ("MI250X", "OAM", 1638.4, 191.5, 191.5, None, "AMD Instinct MI250X data sheet, one die of two", "repeated"),
    ("MI300A", "SH5", 5300, None, None, None, "AMD Instinct MI300A data sheet", "repeated"),
    ("MI300X", "OAM", 5300, 1307.4, 1307.4, 2614.9, "AMD Instinct MI300X data sheet", "repeated"),
    ("MI325X", "OAM", 6000, 1307.4, 1307.4, 2614.9, "AMD Instinct MI325X data sheet", "repeated"),
    ("MI350X", "OAM", 8000, None, None, None, "AMD Instinct MI350X data sheet", "repeated"),
    ("MI355X", "OAM", 8000, None, None, None, "AMD Instinct MI355X data sheet", "repeated"),
    ("Gaudi2", "OAM", 2450, None, 432, None, "Intel Gaudi 2 white paper", "repeated"),
    ("Gaudi3", "OAM", 3700, None, 1835, 1835, "Intel Gaudi 3 white paper", "repeated"),
    ("TPU-v4", "TPU", 1228, None, 275, None, "Google Cloud TPU v4 document", "repeated"),
    ("TPU-v5e", "TPU", 819, None, 197, None, "Google Cloud TPU v5e document", "vendor"),
    ("TPU-v5p", "TPU", 2765, None, 459, None, "Google Cloud TPU v5p document", "vendor"),
    ("TPU-v6e", "TPU", 1638, None, 918, None, "Google Cloud TPU v6e document", "vendor"),
    ("TPU-v7", "TPU", 7370, None, 2307, 4614, "Google Cloud TPU7x document and Ironwood announcement", "entered"),
    ("Inferentia2", "Neuron", 820, 190, 190, None, "AWS Neuron: Trainium/Inferentia2 architecture guide", "vendor"),
    ("Trainium", "Neuron", 820, 190, 190, None, "AWS Neuron: Trainium/Inferentia2 architecture guide", "vendor"),
    ("Trainium2", "Neuron", 2900, 667, 667, 1299, "AWS Neuron: Trainium2 architecture guide", "vendor"),
    ("Trainium3", "Neuron", 4900, 671, 671, 2517, "AWS Neuron: Trainium3 architecture", "vendor"),
)  # fmt: skip


def speed(accelerator: Accelerator) -> Speed | None:
    """The peaks of one device of this class.

    None where no figure is sourced, where the form factor is not told and the forms differ in bandwidth, and for a part
    of a device (a MIG slice, a vGPU, a shared GPU): what share of the memory's bandwidth it gets, no page says.
    """
    if accelerator.partition is not None:
        return None
    if accelerator.form_factor is not None:
        return _by_form().get((accelerator.name, accelerator.form_factor))
    found = [_by_form().get((accelerator.name, form)) for form in accelerators.forms(accelerator.name)]
    known = [each for each in found if each is not None]
    if not known or len(known) < len(found) or len({each.bandwidth for each in known}) > 1:
        return None
    shared = dict(item for item in known[0].flops.items() if all(item in each.flops.items() for each in known))
    return Speed(known[0].bandwidth, shared, known[0].source, known[0].checked)


@cache
def _by_form() -> dict[tuple[str, str], Speed]:
    return {(row[0], row[1]): _speed(row) for row in _TABLE}


def _speed(row: _Row) -> Speed:
    peaks = zip(_FORMATS, row[3:6], strict=True)
    return Speed(row[2] * 1e9, {name: peak * 1e12 for name, peak in peaks if peak is not None}, row[6], row[7])
