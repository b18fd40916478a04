"""What GPUs did, from the page of an exporter and from what their drivers' programs print.

- dcgm-exporter: written after its documentation (README and `etc/default-counters.csv`) and the field identifiers of the DCGM
  API; no page of a real one was at hand. Utilisation in percent, memory in MiB, `DCGM_FI_PROF_GR_ENGINE_ACTIVE` a ratio. A
  value that DCGM does not have is a huge number there (0x7ffffffffffffff0 and its like): whatever no GPU can have is none.
- nvidia-smi(1) `--query-gpu=utilization.gpu,memory.used`: percent and MiB, `[N/A]` where a partition has none.
- rocm-smi `--showuse --showmeminfo vram --json`: percent as text, bytes as text.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec import DecodeError, Struct, json

from skewguard.knowledge.engines.live import metrics
from skewguard.knowledge.engines.live.metrics import Series

PATH = "/metrics"
BUSY, ACTIVE, HELD = "DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_DEV_FB_USED"
SERIES = (BUSY, ACTIVE, HELD)

NVIDIA = ("nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits")
AMD = ("rocm-smi", "--showuse", "--showmeminfo", "vram", "--json")

_MIB = 2**20
_MOST_MIB = 2**24
"""16 TiB: no GPU has as much, and every blank value of DCGM is more."""
_MOST_SERIES = 4_096


class Used(Struct, frozen=True):
    """What GPUs did at one moment: shares of the time in which a kernel ran, and bytes in use, a number per GPU."""

    utilization: tuple[float, ...] = ()
    memory_used: tuple[float, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is known."""
        return not (self.utilization or self.memory_used)


def dcgm(page: bytes, namespace: str | None = None, pods: Collection[str] | None = None) -> Used:
    """What an exporter's page says of the GPUs of some pods; None: of all of its node."""
    return of_series(metrics.series(page, SERIES, most=_MOST_SERIES), namespace, pods)


def of_series(found: Iterable[Series], namespace: str | None = None, pods: Collection[str] | None = None) -> Used:
    """The same of series that are parsed already."""
    by_gpu: dict[tuple[str, ...], dict[str, float]] = {}
    for each in found:
        if pods is None or _of_pods(each.labels, namespace, pods):
            by_gpu.setdefault(_gpu(each.labels), {})[each.name] = each.value
    busy = (_busy(row) for row in by_gpu.values())
    held = (row.get(HELD, -1.0) for row in by_gpu.values())
    return Used(
        tuple(share for share in busy if share is not None),
        tuple(mib * _MIB for mib in held if 0 <= mib < _MOST_MIB),
    )


def _gpu(labels: Mapping[str, str]) -> tuple[str, ...]:
    """Which GPU, or which partition of one, a series is of."""
    return tuple(labels.get(name, "") for name in ("Hostname", "UUID", "gpu", "GPU_I_ID"))


def _of_pods(labels: Mapping[str, str], namespace: str | None, pods: Collection[str]) -> bool:
    """Whether a GPU was given to one of these pods. Behind Prometheus `pod` may be the exporter's own."""
    space = labels.get("exported_namespace", labels.get("namespace"))
    return labels.get("exported_pod", labels.get("pod")) in pods and namespace in (None, space)


def _busy(row: Mapping[str, float]) -> float | None:
    """A share of the time; a partition has no utilisation, and only the profiling ratio."""
    percent, ratio = row.get(BUSY, -1.0), row.get(ACTIVE, -1.0)
    if 0 <= percent <= 100:
        return percent / 100
    return ratio if 0 <= ratio <= 1 else None


def nvidia_smi(text: str) -> Used:
    """What nvidia-smi printed."""
    rows = [[_number(part) for part in line.split(",")] for line in text.splitlines() if line.count(",") == 1]
    return Used(
        tuple(busy / 100 for busy, _ in rows if busy is not None and 0 <= busy <= 100),
        tuple(held * _MIB for _, held in rows if held is not None and 0 <= held < _MOST_MIB),
    )


def rocm_smi(text: str) -> Used:
    """What rocm-smi printed."""
    cards = list(_cards(text))
    busy = (_number(card.get("GPU use (%)")) for card in cards)
    held = (_number(card.get("VRAM Total Used Memory (B)")) for card in cards)
    return Used(
        tuple(percent / 100 for percent in busy if percent is not None and 0 <= percent <= 100),
        tuple(size for size in held if size is not None and 0 <= size < _MOST_MIB * _MIB),
    )


def _cards(text: str) -> Iterator[Mapping[str, Any]]:
    try:
        told = json.decode(text)
    except (DecodeError, RecursionError):
        return
    if isinstance(told, dict):
        yield from (row for name, row in told.items() if name.startswith("card") and isinstance(row, dict))


def _number(text: Any) -> float | None:
    try:
        return float(str(text).strip())
    except ValueError:
        return None
