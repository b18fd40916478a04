"""Which accelerator a pod's scheduling lets it land on, and the key of that unknown where it does not say.

A node label can name a class (`nvidia.com/gpu.product`), bound its memory, or name an instance type whose GPU the
cloud documents. Everything else (a node pool, a label of the team's own) may pin a class that only the cluster
knows; the project configuration can say which.

`node_labels` lists the labels, with their sources.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct, structs

from skewguard.language import accelerators
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Located
from skewguard.language.node_labels import (
    CLASS_KEYS,
    DEVICE_ID_KEYS,
    DEVICE_IDS,
    INSTANCE_KEYS,
    INSTANCES,
    MEMORY_KEYS,
    NEUTRAL_KEYS,
    POOL_KEYS,
)
from skewguard.language.workloads import Container, NodeTerm, PodTemplate

GPU_RESOURCES = (
    "nvidia.com/gpu", "nvidia.com/gpu.shared", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe",
)  # fmt: skip
"""Resources that hand out whole GPUs (or shares of them) without naming a class."""

# On these clouds a label's value also fixes the form factor, because the machine types do.
_SXM_ON_GKE = ("H100-80GB", "H200", "B200", "A100-40GB", "A100-80GB", "V100-16GB")


class Constraint(Struct, frozen=True):
    """What a pod's node terms say about the class.

    `classes` is every class they allow, each with the term that names it (empty: nothing names one, or it cannot be
    told). `unreadable` are class labels with a value that is not in the table, `opaque` are terms that may pin a
    class only the cluster knows. `impossible` are terms that no class satisfies together. `open` is True when one
    way through the terms names no class.
    """

    classes: tuple[Located[Accelerator], ...] = ()
    unreadable: tuple[NodeTerm, ...] = ()
    opaque: tuple[NodeTerm, ...] = ()
    impossible: tuple[NodeTerm, ...] = ()
    open: bool = True


_UNBOUND = Constraint()


def gpu_classes(template: PodTemplate, project_labels: Mapping[str, str]) -> tuple[Located[Accelerator], ...]:
    """The classes a pod's node terms allow; empty when nothing bounds them.

    `project_labels` maps `label=value` of the team's own node labels to a class, from the project configuration.
    """
    found = constraint(template, project_labels)
    return () if found.open or found.unreadable else found.classes


def constraint(template: PodTemplate, project_labels: Mapping[str, str]) -> Constraint:
    """Read all node terms: those that always hold, joined with each alternative of the required affinity."""
    if not template.node_terms:
        return _UNBOUND
    always = [term for term in template.node_terms if term.alternative < 0]
    numbers = sorted({term.alternative for term in template.node_terms if term.alternative >= 0})
    ways = [[*always, *(t for t in template.node_terms if t.alternative == n)] for n in numbers] or [always]
    read = [_way(terms, project_labels) for terms in ways]
    possible = [way for way in read if not way.impossible]
    return Constraint(
        classes=_distinct([item for way in possible for item in way.classes]),
        unreadable=tuple(dict.fromkeys(term for way in read for term in way.unreadable)),
        opaque=tuple(dict.fromkeys(term for way in read for term in way.opaque)),
        impossible=() if possible else tuple(dict.fromkeys(term for way in read for term in way.impossible)),
        open=any(way.open for way in possible),
    )


def from_label(key: str, value: str, project_labels: Mapping[str, str] | None = None) -> tuple[Accelerator, ...]:
    """Every class that a node label can mean: none, one, or the sizes of a family.

    Beyond the keys above, a label of the team's own counts when its value is a class and nothing else
    (`gpu-type: h100`).
    """
    own = (project_labels or {}).get(f"{key}={value}")
    if own is not None:
        return accelerators.candidates(own)
    if key in INSTANCE_KEYS:
        named = instance_class(value)
        return accelerators.candidates(named) if named else ()
    if key in DEVICE_ID_KEYS:
        return tuple(each for name in DEVICE_IDS.get(value.lower(), ()) for each in accelerators.candidates(name))
    if key in POOL_KEYS or key in NEUTRAL_KEYS or key in MEMORY_KEYS:
        return ()
    found = accelerators.candidates(value)
    if key == "cloud.google.com/gke-accelerator":
        return tuple(structs.replace(item, form_factor="SXM") if item.name in _SXM_ON_GKE else item for item in found)
    return found


@lru_cache(maxsize=256)
def instance_class(name: str) -> str | None:
    """The class in a machine type or family (`p5.48xlarge`, `p5`); None where no document says it."""
    lowered = name.lower()
    for prefix, found in sorted(INSTANCES, key=lambda row: -len(row[0])):
        if lowered.startswith(prefix) or lowered == prefix.rstrip("."):
            return found
    return None


def scheduling_key(template: PodTemplate, container: Container) -> str:
    """The key of the unknown GPU: `gpu@node/NAME`, else `gpu@scheduling(<hash>)` of all that the scheduler reads.

    That is selector, required affinity, tolerations, runtime class and what the container asks for (a limit stands
    in for a missing request, as in Kubernetes). Order and spelling of quantities do not count.
    """
    import hashlib

    if template.node_name:
        return f"gpu@node/{template.node_name}"
    asked = {**container.resources.limits, **container.resources.requests}
    groups: dict[int, list[tuple[str, str, tuple[str, ...]]]] = {}
    for term in template.node_terms:
        groups.setdefault(term.alternative, []).append((term.key, term.operator, tuple(sorted(term.values))))
    fixed = sorted(groups.pop(-1, []))
    parts = (
        fixed,
        sorted(sorted(terms) for terms in groups.values()),
        sorted((t.key or "", t.operator, t.value or "", t.effect or "") for t in template.tolerations),
        sorted((name, str(_normal(item.value))) for name, item in asked.items()),
        sorted(container.resources.claims),
        template.runtime_class,
    )
    return f"gpu@scheduling({hashlib.sha256(repr(parts).encode()).hexdigest()[:8]})"


# Suffix → (power of two, power of ten).
_SUFFIXES = {
    "": (0, 0), "n": (0, -9), "u": (0, -6), "m": (0, -3), "k": (0, 3), "M": (0, 6), "G": (0, 9), "T": (0, 12),
    "P": (0, 15), "E": (0, 18), "Ki": (10, 0), "Mi": (20, 0), "Gi": (30, 0), "Ti": (40, 0), "Pi": (50, 0),
    "Ei": (60, 0),
}  # fmt: skip
WHOLE = 10**9
"""One unit of a `quantity`."""


@lru_cache(maxsize=1024)  # a fleet asks for few different amounts, and several checks look at each
def quantity(text: str) -> int | None:
    """A Kubernetes quantity in billionths (`1` and `1000m` are `WHOLE`); None for what is none (a placeholder).

    Kubernetes rounds what is finer than a billionth up, and so does this.
    """
    match = re.fullmatch(r"([+-]?)(\d{0,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,2})|([A-Za-z]{0,2}))", text.strip())
    if match is None:
        return None
    sign, whole, part, exponent, suffix = (group or "" for group in match.groups())
    if not whole + part or suffix not in _SUFFIXES:
        return None
    two, ten = _SUFFIXES[suffix]
    power = 9 + ten + int(exponent or 0) - len(part)
    amount = int(whole + part) << two
    factor: int = 10 ** abs(power)
    amount = amount * factor if power >= 0 else -(-amount // factor)
    return -amount if sign == "-" else amount


def extended(name: str) -> bool:
    """Whether a resource name is an extended resource: a domain, and not Kubernetes' own.

    Source: Kubernetes `IsExtendedResourceName` (pkg/apis/core/v1/helper).
    """
    domain, slash, _ = name.partition("/")
    native = domain == "kubernetes.io" or domain.endswith(".kubernetes.io")
    return bool(slash) and not native and not name.startswith("requests.")


def accelerator_resources(container: Container) -> dict[str, Located[str]]:
    """The extended resources a container asks for that hand out an accelerator, limits before requests."""
    asked = {**container.resources.requests, **container.resources.limits}
    return {name: item for name, item in asked.items() if _accelerates(name) and quantity(item.value) != 0}


def gpu_resources(container: Container) -> dict[str, Located[str]]:
    """Those of `accelerator_resources` that hand out GPUs of no named class: whole ones, shares and MIG slices."""
    found = accelerator_resources(container)
    return {name: item for name, item in found.items() if name in GPU_RESOURCES or name.startswith("nvidia.com/mig-")}


def uncountable(container: Container) -> tuple[str, Located[str]] | None:
    """The GPU resource, with its amount, that nobody can count yet: a placeholder, a share of a GPU, less than none."""
    for name, item in gpu_resources(container).items():
        amount = quantity(item.value)
        if amount is None or amount % WHOLE or amount < 0:
            return name, item
    return None


def gpu_count(container: Container) -> int | None:
    """The whole GPUs a container asks for; None where it asks for none, or for an amount that nobody can count."""
    first = next(iter(gpu_resources(container).values()), None)
    if first is None or uncountable(container) is not None or container.resources.claims:
        return None
    return (quantity(first.value) or 0) // WHOLE or None


@lru_cache(maxsize=1024)
def _accelerates(name: str) -> bool:
    """Anything extended but networks, storage and the like: vendors invent names for GPU shares freely."""
    others = (
        "rdma",
        "nic",
        "sriov",
        "/ib",
        "infiniband",
        "roce",
        "hca",
        "efa",
        "fuse",
        "kvm",
        "eni",
        "ephemeral",
        "tun",
        "vhost",
        "networking.gke.io",
        "pod-eni",
    )
    return extended(name) and not any(word in name.lower() for word in others)


def _normal(text: str) -> object:
    value = quantity(text)
    return text if value is None else value


def _way(terms: list[NodeTerm], project_labels: Mapping[str, str]) -> Constraint:
    """One way through the terms: all of them hold together."""
    allowed: tuple[Located[Accelerator], ...] | None = None
    named: list[NodeTerm] = []
    unreadable, opaque = [], []
    for term in terms:
        kind, found = _term(term, project_labels)
        if kind == "class":
            named.append(term)
            allowed = found if allowed is None else _both(allowed, found)
        elif kind == "unreadable":
            unreadable.append(term)
        elif kind == "opaque":
            opaque.append(term)
    for term in terms:
        if allowed is not None and term.key in MEMORY_KEYS:
            named.append(term)
            allowed = tuple(item for item in allowed if _memory_fits(item.value, term))
    return Constraint(
        classes=_distinct(list(allowed or ())),
        unreadable=tuple(unreadable),
        opaque=tuple(opaque),
        impossible=tuple(named) if allowed is not None and not allowed else (),
        open=allowed is None,
    )


def _term(term: NodeTerm, project_labels: Mapping[str, str]) -> tuple[str, tuple[Located[Accelerator], ...]]:
    """What a term is: `class` with the classes it allows, `unreadable`, `opaque`, or `neutral`."""
    if term.operator != "In" or not term.values:
        return "neutral", ()
    read = [from_label(term.key, value, project_labels) for value in term.values]
    if all(read):
        return "class", tuple(Located(item, term.origin) for found in read for item in found)
    if term.key in CLASS_KEYS or term.key in DEVICE_ID_KEYS:
        return "unreadable", ()
    words = {value.lower() for value in term.values}
    generic = term.key not in POOL_KEYS and words <= {"true", "false", "nvidia", "amd", "gpu", ""}
    if term.key in NEUTRAL_KEYS or term.key in MEMORY_KEYS or generic:
        return "neutral", ()
    return "opaque", ()


def _both(
    left: tuple[Located[Accelerator], ...], right: tuple[Located[Accelerator], ...]
) -> tuple[Located[Accelerator], ...]:
    """The classes both sides allow; where only one knows form factor or partition, that one's word stands."""
    kept = []
    for a in left:
        for b in right:
            same = a.value.name == b.value.name
            forms = {a.value.form_factor, b.value.form_factor} - {None}
            parts = {a.value.partition, b.value.partition} - {None}
            if same and len(forms) < 2 and len(parts) < 2:
                known = a if a.value.partition or (a.value.form_factor and not b.value.partition) else b
                kept.append(known)
    return tuple(kept)


def _memory_fits(item: Accelerator, term: NodeTerm) -> bool:
    """Whether a memory term (MiB) allows the class; labels and drivers differ by a few per cent."""
    sizes = [int(value) for value in term.values if value.isdigit()]
    if not sizes:
        return True
    memory = item.memory_gib * 1024
    if term.operator == "Gt":
        return memory > sizes[0]
    if term.operator == "Lt":
        return memory < sizes[0]
    return term.operator != "In" or any(abs(memory - size) <= 0.05 * size for size in sizes)


def _distinct(items: list[Located[Accelerator]]) -> tuple[Located[Accelerator], ...]:
    """One entry for each class and form factor, the first place that names it."""
    kept: dict[tuple[str, str | None, str | None], Located[Accelerator]] = {}
    for item in items:
        kept.setdefault((item.value.name, item.value.form_factor, item.value.partition), item)
    return tuple(kept.values())
