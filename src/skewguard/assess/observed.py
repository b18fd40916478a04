"""What is seen of one replica, as facts for its sheet: image, machine, devices, and what its engine says of itself."""

from collections.abc import Iterator, Sequence

from skewguard.assess.given import sliced
from skewguard.judge.checks.interface import Case
from skewguard.knowledge.engines import images, live
from skewguard.language import accelerators, scheduling
from skewguard.language.facts import Effective, Fact, Gap, Origin
from skewguard.language.running import Answers, Device, Machine, Replica
from skewguard.language.sheet import Sheet

NODES = "the right to get nodes"

_ANEW = ("runtime.seed",)
"""Settings that an engine draws anew at each start where nobody writes them (SGLang `random_seed`)."""


def of_process(setting: str) -> bool:
    """Whether a setting only tells one process from its equals: an address, a rank, what was measured at the start."""
    return live.own(setting)


def put(case: Case, replica: Replica, answers: Sequence[Answers]) -> None:
    """Put what is seen of a replica on the sheet of its case."""
    sheet = case.sheet
    for item in (*_image(case, replica), *_hardware(case, replica)):
        _add(sheet, item)
    for fact in _of_engine(case, answers):
        sheet.add(fact)


def _add(sheet: Sheet, item: Effective) -> None:
    """A gap says less than a value or a choice that stands there, and more than another gap."""
    if not isinstance(item, Gap) or isinstance(sheet.effective(item.setting), Gap):
        sheet.add(item)


def _of_engine(case: Case, answers: Sequence[Answers]) -> Iterator[Fact]:
    for each in answers:
        if each.version is not None and each.version_origin is not None:
            yield Fact("runtime.version", each.version, "observed", each.version_origin)
        for fact in each.facts:
            drawn = fact.setting in _ANEW and case.sheet.declared(fact.setting) is None
            if not drawn and not of_process(fact.setting):
                yield fact


# ---- image ---------------------------------------------------------------------------------------------------------


def _image(case: Case, replica: Replica) -> Iterator[Effective]:
    """The digest that runs. An image that is named by digest runs as named, whatever else its node calls it.

    A runtime may show the digest of the index or of one platform's manifest, and CRI-O that of the image's config.
    """
    running, image = replica.running(case.container.name), case.container.image
    if running is None or running.image_id is None or image is None or images.parse(image.value).digest is not None:
        return
    seen = running.image_id
    if seen.digest is not None:
        origin = Origin("object", f"the image of pod {replica.name} as its node reports it", text=seen.text)
        yield Fact("runtime.image_digest", seen.digest, "observed", origin)
    elif seen.config is not None:
        yield Gap(
            "runtime.image_digest",
            f"the node of {replica.name} names the image by its config ({seen.config[:19]}…), as CRI-O does, and no "
            "registry knows it by that",
            rule="image-config",
            inputs=(f"image-config@{seen.config}",),
            would_need="`image: repository:tag@sha256:…` in the manifest",
        )


# ---- machine -------------------------------------------------------------------------------------------------------


def _hardware(case: Case, replica: Replica) -> Iterator[Effective]:
    if not wants_gpu(case):
        return
    if replica.devices:
        yield from _devices(replica)
        return
    machine = replica.machine
    if machine is None:
        reason = f"the node of {replica.name} could not be read"
        inputs = (f"gpu@node of {replica.name}",)
        yield Gap("hardware.gpu_class", reason, rule="node", inputs=inputs, would_need=NODES)
        yield Gap("hardware.driver_version", reason, rule="node", inputs=inputs, would_need=NODES)
    else:
        yield from machine.gaps
        yield from _machine(case, machine)


def wants_gpu(case: Case) -> bool:
    """Whether the container gets devices at all: a router beside the engines has none, wherever it runs."""
    return bool(scheduling.accelerator_resources(case.container) or case.container.resources.claims)


def _machine(case: Case, machine: Machine) -> Iterator[Fact]:
    place = machine.gpu_origin or machine.origin
    gpu = machine.accelerator
    own = sliced(gpu, case.container) if gpu is not None else None
    if own is not None:
        yield Fact("hardware.gpu_class", own.title, "observed", place)
    if machine.gpu_memory is not None and own is gpu:
        yield Fact("hardware.gpu_memory", machine.gpu_memory, "observed", machine.memory_origin or machine.origin)
    elif own is not None:  # what the class has, or the slice that the container asks for
        yield Fact("hardware.gpu_memory", round(own.memory_gib * 2**10) * 2**20, "observed", place)
    if machine.driver_version is not None:
        origin = machine.driver_origin or machine.origin
        yield Fact("hardware.driver_version", machine.driver_version, "observed", origin)
    if machine.partition is not None:
        yield Fact("hardware.partition", machine.partition, "observed", machine.partition_origin or place)


def attribute(device: Device, name: str) -> str | None:
    """One attribute that a device's driver publishes, with or without the driver's domain before it."""
    return next((value for key, value in device.attributes.items() if key.rpartition("/")[2] == name), None)


def _devices(replica: Replica) -> Iterator[Effective]:
    """What dynamic resource allocation gave: as many devices as were allocated, of the class that their driver names."""
    first = replica.devices[0]
    place = Origin("object", f"ResourceClaim {first.claim} of pod {replica.name}")
    yield Fact("hardware.gpu_count", len(replica.devices), "observed", place)
    names = list(dict.fromkeys(attribute(device, "productName") for device in replica.devices))
    known = accelerators.find(names[0]) if len(names) == 1 and names[0] else None
    if known is not None:
        size = round(known.memory_gib * 2**10) * 2**20
        yield Fact("hardware.gpu_class", known.title, "observed", place)
        yield Fact("hardware.gpu_memory", size, "observed", place)
    else:
        told = " and ".join(name for name in names if name) or "nothing"
        reason = f"the devices of {replica.name} call themselves {told}, which names no one class"
        yield Gap("hardware.gpu_class", reason, rule="device", inputs=(f"gpu@device/{told}",))
    driver = attribute(first, "driverVersion")
    if driver is not None:
        yield Fact("hardware.driver_version", driver, "observed", place)
