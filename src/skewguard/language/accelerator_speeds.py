"""How fast the memory and the arithmetic of an accelerator class are at best, with the vendor's page for each row.

Figures are the vendors' peaks for one device as the driver counts devices (one die of an MI250, one GPU of a GB200).
Arithmetic is dense: where a data sheet gives the figure with structured sparsity alone, half of it stands here. `source`
names the document that publishes a figure; the rows were entered by hand and not each was read again there, so a speed
is an estimate: no verdict may rest on it. A figure without any known publication is None, and a class without a row has
no known speed. Data sheets round: a bandwidth can be some per cent more or less.
"""

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator


class Speed(Struct, frozen=True):
    """Peaks of one device: `bandwidth` of its memory in bytes/s, dense `flops` in operations/s by number format
    (`float16`, `bfloat16`, `fp8`; a format that is not there has no sourced figure), and the `source` of both.
    """

    bandwidth: float
    flops: Mapping[str, float]
    source: str


_FORMATS = ("float16", "bfloat16", "fp8")
_Row = tuple[str, str, float, float | None, float | None, float | None, str]

# class · form factor · GB/s · TFLOPS of float16 · bfloat16 · fp8 · source
_TABLE: tuple[_Row, ...] = (
    ("H100-80GB", "SXM", 3352, 989.4, 989.4, 1978.9, "NVIDIA H100 architecture white paper"),
    ("H100-80GB", "PCIe", 2039, 756, 756, 1513, "NVIDIA H100 architecture white paper"),
    ("H100-94GB", "NVL", 3900, None, None, None, "NVIDIA H100 data sheet"),
    ("H200", "SXM", 4800, 989.5, 989.5, 1979, "NVIDIA H200 data sheet"),
    ("H200", "NVL", 4800, None, None, None, "NVIDIA H200 data sheet"),
    ("B200", "SXM", 8000, 2250, 2250, 4500, "NVIDIA HGX B200 and DGX B200 data sheets, one GPU of eight"),
    ("GB200", "Superchip", 8000, 2500, 2500, 5000, "NVIDIA GB200 NVL72 data sheet, one GPU of a superchip's two"),
    ("B300", "SXM", 8000, None, None, None, "NVIDIA DGX B300 data sheet, one GPU of eight"),
    ("GB10", "Superchip", 273, None, None, None, "NVIDIA DGX Spark data sheet"),
    ("A100-40GB", "SXM", 1555, 312, 312, None, "NVIDIA A100 data sheet"),
    ("A100-40GB", "PCIe", 1555, 312, 312, None, "NVIDIA A100 data sheet"),
    ("A100-80GB", "SXM", 2039, 312, 312, None, "NVIDIA A100 data sheet"),
    ("A100-80GB", "PCIe", 1935, 312, 312, None, "NVIDIA A100 data sheet"),
    ("A40", "PCIe", 696, 149.7, 149.7, None, "NVIDIA A40 data sheet"),
    ("A10", "PCIe", 600, None, None, None, "NVIDIA A10 data sheet"),
    ("A10G", "PCIe", 600, None, None, None, "NVIDIA A10G data sheet, published by AWS"),
    ("A2", "PCIe", 200, 18, 18, None, "NVIDIA A2 data sheet"),
    ("L4", "PCIe", 300, 121, 121, 242.5, "NVIDIA L4 data sheet"),
    ("L40", "PCIe", 864, 181.05, 181.05, 362, "NVIDIA L40 data sheet"),
    ("L40S", "PCIe", 864, 362.05, 362.05, 733, "NVIDIA L40S data sheet"),
    ("T4", "PCIe", 320, 65, None, None, "NVIDIA T4 product brief"),
    ("V100-16GB", "SXM", 900, 125, None, None, "NVIDIA V100 data sheet"),
    ("V100-16GB", "PCIe", 900, 112, None, None, "NVIDIA V100 data sheet"),
    ("V100-32GB", "SXM", 900, 125, None, None, "NVIDIA V100 data sheet"),
    ("V100-32GB", "PCIe", 900, 112, None, None, "NVIDIA V100 data sheet"),
    ("RTX-A6000", "PCIe", 768, None, None, None, "NVIDIA RTX A6000 data sheet"),
    ("RTX-A4000", "PCIe", 448, None, None, None, "NVIDIA RTX A4000 data sheet"),
    ("RTX-5090", "PCIe", 1792, None, None, None, "NVIDIA RTX Blackwell architecture white paper"),
    ("RTX-5080", "PCIe", 960, None, None, None, "NVIDIA RTX Blackwell architecture white paper"),
    ("RTX-4090", "PCIe", 1008, None, None, None, "NVIDIA Ada architecture white paper"),
    ("RTX-4080", "PCIe", 716.8, None, None, None, "NVIDIA Ada architecture white paper"),
    ("MI100", "PCIe", 1228.8, None, None, None, "AMD Instinct MI100 data sheet"),
    ("MI250", "OAM", 1638.4, 181.05, 181.05, None, "AMD Instinct MI250 data sheet, one die of two"),
    ("MI250X", "OAM", 1638.4, 191.5, 191.5, None, "AMD Instinct MI250X data sheet, one die of two"),
    ("MI300X", "OAM", 5300, 1307.4, 1307.4, 2614.9, "AMD Instinct MI300X data sheet"),
    ("MI325X", "OAM", 6000, None, None, None, "AMD Instinct MI325X data sheet"),
    ("MI355X", "OAM", 8000, None, None, None, "AMD Instinct MI355X data sheet"),
    ("Gaudi2", "OAM", 2450, None, None, None, "Intel Gaudi 2 white paper"),
    ("Gaudi3", "OAM", 3700, None, 1835, 1835, "Intel Gaudi 3 white paper"),
    ("TPU-v4", "TPU", 1228, None, 275, None, "Google Cloud TPU v4 document"),
    ("TPU-v5e", "TPU", 819, None, 197, None, "Google Cloud TPU v5e document"),
    ("TPU-v5p", "TPU", 2765, None, 459, None, "Google Cloud TPU v5p document"),
    ("TPU-v6e", "TPU", 1638, None, 918, None, "Google Cloud TPU v6e document"),
)  # fmt: skip


def speed(accelerator: Accelerator) -> Speed | None:
    """The peaks of one device of this class.

    None where no figure is sourced, where the form factor is not told and the forms differ, and for a part of a device
    (a MIG slice, a shared GPU): what share of the memory's bandwidth it gets, no page says.
    """
    if accelerator.partition is not None:
        return None
    if accelerator.form_factor is not None:
        return _by_form().get((accelerator.name, accelerator.form_factor))
    found = [_by_form().get((accelerator.name, form)) for form in accelerators.forms(accelerator.name)]
    return found[0] if found and all(each == found[0] for each in found) else None


@cache
def _by_form() -> dict[tuple[str, str], Speed]:
    return {(row[0], row[1]): _speed(row) for row in _TABLE}


def _speed(row: _Row) -> Speed:
    peaks = zip(_FORMATS, row[3:6], strict=True)
    return Speed(row[2] * 1e9, {name: peak * 1e12 for name, peak in peaks if peak is not None}, row[6])
