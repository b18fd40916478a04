"""The page of docs/ that lists every accelerator class: memory, speed, names, and where each figure comes from."""

from skewguard.language import accelerator_sources, accelerator_speeds, accelerators
from skewguard.language.accelerators import Accelerator

_HEAD = ("class", "form", "memory, GiB", "bandwidth, GB/s", "float16", "bfloat16", "fp8", "driver's names", "sources")
_INTRODUCTION = """\
# Accelerators

{made}
Contracts, `--gpu` and reports name a GPU class as in the first column. Any spelling of a cloud, a driver or a node label
is understood: `NVIDIA-H100-80GB-HBM3`, `nvidia-h100-80gb` and `H100-80GB` are one class; MIG slices, vGPU profiles and
shared GPUs are told apart from the device. A label of your own is explained in the
[project configuration](configuration.md).

Memory is what the device reports. Speeds are the vendors' peaks for one device, arithmetic dense, in TFLOPS; they bound
what decoding can give and decide no finding. **vendor**: read in the vendor's documentation. **repeated**: the figure
stands alike in another publication that cites the document. **entered**: from the document named, not compared again.
An empty cell is a figure without a known publication: skewguard then gives no number.
"""


def page(made: str) -> str:
    """The whole page."""
    lines = [_INTRODUCTION.format(made=made), f"| {' | '.join(_HEAD)} |", f"|{'---|' * len(_HEAD)}"]
    for name in accelerators.names():
        lines += [f"| {' | '.join(_row(name, form))} |" for form in accelerators.forms(name)]
    return "\n".join(lines) + "\n"


def _row(name: str, form: str) -> list[str]:
    item = next(each for each in accelerators.candidates(name) if each.name == name)
    peak = accelerator_speeds.speed(Accelerator(name, item.memory_gib, item.vendor, item.device, form))
    sources = [f"memory: {accelerator_sources.MEMORY[name]}"]
    if peak is not None:
        sources.append(f"speed: {peak.source} ({peak.checked})")
    return [
        f"`{name}`",
        form,
        f"{item.memory_gib:g}",
        f"{peak.bandwidth / 1e9:g}" if peak else "",
        *(f"{peak.flops[kind] / 1e12:g}" if peak and kind in peak.flops else "" for kind in _FORMATS),
        ", ".join(f"`{device}`" for device in accelerators.devices(name, form)),
        "; ".join(sources),
    ]


_FORMATS = ("float16", "bfloat16", "fp8")
