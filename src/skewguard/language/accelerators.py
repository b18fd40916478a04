"""Accelerator classes: one canonical name for the many spellings of clouds, node labels and drivers.

(Being filled in: the names below are the interface.)
"""

from msgspec import Struct


class Accelerator(Struct, frozen=True):
    """A GPU class. `name` is canonical (`H100-80GB`), `memory_gib` the memory of one device in GiB as the device
    reports it, `form_factor` (`SXM`, `PCIe`, `NVL`) is None where the spelling does not tell, `device` is the name
    the driver reports (`NVIDIA H100 80GB HBM3`)."""

    name: str
    memory_gib: float
    vendor: str
    device: str
    form_factor: str | None = None


def find(text: str) -> Accelerator | None:
    """The class that a label value, a cloud's name or a driver's name means; None when it is not in the table."""
    raise NotImplementedError
