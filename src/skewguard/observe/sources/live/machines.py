"""Nodes as machines: which accelerator, driver and memory their labels name, and what no label tells.

Sources: NVIDIA GPU Feature Discovery and the device plugin's sharing labels, ROCm's node labeller, `node_labels`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from skewguard.language import accelerators, scheduling
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Gap, Origin
from skewguard.language.node_labels import CLASS_KEYS, DEVICE_ID_KEYS, INSTANCE_KEYS, MEMORY_KEYS
from skewguard.language.running import Machine
from skewguard.observe.sources.live import shapes

_DRIVER_KEYS = (
    "nvidia.com/cuda.driver-version.full",
    "amd.com/gpu.driver-version",
    "beta.amd.com/gpu.driver-version",
)
_DRIVER_PARTS = ("nvidia.com/cuda.driver.major", "nvidia.com/cuda.driver.minor", "nvidia.com/cuda.driver.rev")
_COUNT_KEYS = (
    "nvidia.com/gpu.count",
    "cloud.google.com/gke-accelerator-count",
    "karpenter.k8s.aws/instance-gpu-count",
    "eks.amazonaws.com/instance-gpu-count",
)
_REPLICAS = "nvidia.com/gpu.replicas"
_SHARING = "nvidia.com/gpu.sharing-strategy"
_MIB = 1 << 20
_CLASS = "hardware.gpu_class"


def machine(node: shapes.Node, project_labels: Mapping[str, str]) -> Machine:
    """A node. `project_labels` maps `label=value` of the team's own labels to a class."""
    labels = node.metadata.labels or {}
    name = node.metadata.name
    found = Machine(
        name=name,
        origin=Origin("object", f"Node {name}"),
        labels=labels,
        gpu_count=_count(labels, node.status.capacity or {}),
        instance_type=labels.get("node.kubernetes.io/instance-type") or labels.get("beta.kubernetes.io/instance-type"),
        runtime=node.status.node_info.container_runtime_version,
    )
    return _with_class(_with_driver(_with_memory(found)), labels, node.status.capacity or {}, project_labels)


def absent(name: str, reason: str) -> Machine:
    """A node that could not be read: what runs on it is a gap."""
    needed = "the right to list nodes"
    return Machine(
        name, Origin("object", f"Node {name}"), gaps=(Gap(_CLASS, reason, "node", (f"gpu@node/{name}",), needed),)
    )


def _with_driver(found: Machine) -> Machine:
    labels = found.labels
    for key in _DRIVER_KEYS:
        if labels.get(key):
            return structs.replace(
                found, driver_version=labels[key], driver_origin=_place(found.name, key, labels[key])
            )
    parts = [labels.get(key, "") for key in _DRIVER_PARTS]
    if not all(parts[:2]):
        return found
    version = ".".join(part for part in parts if part)
    return structs.replace(found, driver_version=version, driver_origin=_place(found.name, _DRIVER_PARTS[0], version))


def _with_class(
    found: Machine, labels: Mapping[str, str], capacity: Mapping[str, str | int], project_labels: Mapping[str, str]
) -> Machine:
    """The machine with its class. A label that software read off the device stands above one that a cloud documents."""
    told = list(_told(labels, project_labels))
    if not told:
        return _unlabelled(found, labels, capacity)
    key, classes = told[0]
    found = structs.replace(found, gpu_label=labels[key], gpu_origin=_place(found.name, key, labels[key]))
    gaps = tuple(_contradictions(found.name, key, classes, told[1:], labels))
    known = _narrowed(classes, found.gpu_memory, told[1:])
    if len({each.name for each in known}) != 1:
        return structs.replace(found, gaps=(*gaps, _unclear(found, key, labels[key], known)))
    partition, place = known[0].partition, found.gpu_origin  # the product's name may say it
    if partition is None and (sharing := _sharing(labels)) is not None:
        partition, place = "shared", _place(found.name, sharing, labels[sharing])
    item = known[0] if partition in (None, known[0].partition) else accelerators.part(known[0], partition)
    return structs.replace(
        found, accelerator=item, partition=partition, partition_origin=place if partition else None, gaps=gaps
    )


def _told(
    labels: Mapping[str, str], project_labels: Mapping[str, str]
) -> Iterator[tuple[str, tuple[Accelerator, ...]]]:
    """Each label that speaks of the class, with what it can mean (nothing: it is not in the table), strongest first."""
    own = [pair.rpartition("=")[0] for pair in project_labels]
    for key in dict.fromkeys((*own, *CLASS_KEYS, *DEVICE_ID_KEYS)):
        if key in labels and (key not in own or f"{key}={labels[key]}" in project_labels):
            yield key, scheduling.from_label(key, labels[key], project_labels)
    for key in INSTANCE_KEYS:
        classes = scheduling.from_label(key, labels[key], project_labels) if key in labels else ()
        if classes:
            yield key, classes


def _narrowed(
    classes: tuple[Accelerator, ...], memory: int | None, others: Iterable[tuple[str, tuple[Accelerator, ...]]]
) -> list[Accelerator]:
    """Of the sizes that a family's name can mean those which memory and the other labels allow."""
    known = list(classes)
    for _, more in others:
        names = {each.name for each in more}
        if len(known) > 1 and any(each.name in names for each in known):
            known = [each for each in known if each.name in names]
    if len(known) > 1 and memory is not None:
        known = [each for each in known if abs(each.memory_gib * 1024 * _MIB - memory) <= 0.05 * memory]
    return known


def _contradictions(
    name: str,
    key: str,
    classes: tuple[Accelerator, ...],
    others: Iterable[tuple[str, tuple[Accelerator, ...]]],
    labels: Mapping[str, str],
) -> Iterator[Gap]:
    mine = {each.name for each in classes}
    for other, more in others:
        if classes and more and not mine & {each.name for each in more}:
            reason = f"node {name} is labelled {key}={labels[key]} and {other}={labels[other]}, which is another class"
            yield Gap(_CLASS, reason, "labels-disagree", (f"gpu@node/{name}",), "nvidia-smi on the node")


def _unclear(found: Machine, key: str, value: str, known: list[Accelerator]) -> Gap:
    could = " or ".join(dict.fromkeys(each.title for each in known))
    reason = f"the label {key}={value} of node {found.name} " + (
        f"can mean {could}" if known else "names no class that is known here"
    )
    needed = f"`accelerators: [{{label: {key}={value}, class: …}}]` in the project's configuration"
    return Gap(_CLASS, reason, "label", (f"gpu@node/{found.name}",), needed)


def _unlabelled(found: Machine, labels: Mapping[str, str], capacity: Mapping[str, str | int]) -> Machine:
    """A node without a label that speaks of a class: nothing to say of one that hands out no accelerator."""
    if not any(_is_gpu(name) for name in capacity) and not any(
        key.startswith(("nvidia.com/gpu", "amd.com/gpu")) for key in labels
    ):
        return found
    reason = f"node {found.name} hands out accelerators, and no label of it names their class"
    needed = "GPU Feature Discovery on the node, or a label in `accelerators` of the project's configuration"
    gap = Gap(_CLASS, reason, "no-label", (f"gpu@node/{found.name}",), needed)
    return structs.replace(found, gaps=(gap,))


def _sharing(labels: Mapping[str, str]) -> str | None:
    """The label of the device plugin that says that several pods share a device."""
    if labels.get(_SHARING, "none") not in ("none", ""):
        return _SHARING
    replicas = labels.get(_REPLICAS, "1")
    return _REPLICAS if replicas.isdigit() and int(replicas) > 1 else None


def _with_memory(found: Machine) -> Machine:
    """With the memory of one device (of one slice, where all are sliced alike), where a label tells it."""
    for key in MEMORY_KEYS:
        value = found.labels.get(key, "")
        if re.fullmatch(r"[1-9]\d{0,8}", value):
            place = _place(found.name, key, value)
            return structs.replace(found, gpu_memory=int(value) * _MIB, memory_origin=place)
    return found


def _count(labels: Mapping[str, str], capacity: Mapping[str, str | int]) -> int | None:
    """Devices in the machine; where no label counts them, what it hands out, as long as nothing is shared or sliced."""
    for key in _COUNT_KEYS:
        if re.fullmatch(r"[1-9]\d{0,4}", labels.get(key, "")):
            return int(labels[key])
    if labels.get(_REPLICAS, "1") not in ("0", "1") or any(name.startswith("nvidia.com/mig-") for name in capacity):
        return None
    amounts = [scheduling.quantity(str(amount)) for name, amount in capacity.items() if _is_gpu(name)]
    if not amounts or None in amounts:
        return None
    return sum(amount or 0 for amount in amounts) // scheduling.WHOLE or None


def _is_gpu(name: str) -> bool:
    return name in scheduling.GPU_RESOURCES or name.startswith("nvidia.com/mig-")


def _place(node: str, key: str, value: str) -> Origin:
    return Origin("label", f"node label {key} of {node}", text=value)
