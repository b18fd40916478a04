"""Gauges that were read on a beat, and devices: quantiles over time of what was seen."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from skewguard.language.baselines import Devices, Metric
from skewguard.language.measures import MEASURES, QUANTILES


def quantile(ordered: Sequence[float], percent: int) -> float:
    """The smallest of the values, in rising order, that so many percent of them do not exceed."""
    rank = -(len(ordered) * -percent // 100)
    return ordered[max(rank, 1) - 1]


def metric(name: str, values: Iterable[float], source: str, gap: str) -> Metric:
    """A metric of what was sampled: its quantiles and mean; the gap where nothing was."""
    ordered = sorted(values)
    unit = MEASURES[name].unit
    if not ordered:
        return Metric(name, unit, gap=gap, source=source)
    found = {each: quantile(ordered, int(each[1:])) for each in QUANTILES}
    return Metric(name, unit, quantiles=found, mean=fmean(ordered), n=len(ordered), source=source)


def of_devices(devices: Sequence[Devices], reason: str) -> tuple[Metric, Metric]:
    """Utilisation and memory, every GPU at every moment an observation of its own."""
    sources = ", ".join(dict.fromkeys(each.origin.ref for each in devices))
    busy = [value for each in devices for value in each.utilization]
    held = [value for each in devices for value in each.memory_used]
    untold = f"{sources} does not tell it" if devices else reason
    return metric("gpu_utilization", busy, sources, untold), metric("gpu_memory_used", held, sources, untold)
