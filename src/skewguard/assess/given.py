"""What was given beside the manifests: the model's own files, and the GPU class where scheduling names none."""

from collections.abc import Mapping

from msgspec import Struct, field

from skewguard.knowledge.checkpoints import Checkpoint
from skewguard.knowledge.engines.interface import Hardware, Inputs, Parsed, Platform
from skewguard.language import accelerators, scheduling, vocabulary
from skewguard.language.accelerators import Accelerator
from skewguard.language.facts import Located
from skewguard.language.workloads import Container, PodTemplate


class Node(Struct, frozen=True):
    """The node a replica runs on, and the class of its GPUs; None where nothing on it tells."""

    name: str
    accelerator: Accelerator | None = None


class Given(Struct, frozen=True):
    """The checkpoints by the model they are, `only` for whatever model there is; the classes that `--gpu` can mean.

    `on_cpu`: no GPU runs it. What the manifest itself says of its GPU goes before both, and `machine`, where it really
    runs, before everything.
    """

    checkpoints: Mapping[str, Checkpoint] = field(default_factory=dict)
    only: Checkpoint | None = None
    gpus: tuple[Accelerator, ...] = ()
    on_cpu: bool = False
    machine: Node | None = None

    def checkpoint(self, engine: str, parsed: Parsed | None, container: Container) -> Checkpoint | None:
        """The files of the model that a container serves."""
        model = model_of(engine, parsed, container)
        found = self.checkpoints.get(model) if model is not None else None
        return found if found is not None else self.only

    def inputs(
        self,
        engine: str,
        parsed: Parsed | None,
        template: PodTemplate,
        container: Container,
        classes: tuple[Located[Accelerator], ...],
    ) -> Inputs:
        """What decides at the start of an engine beside its words."""
        return Inputs(self.hardware(template, container, classes), self.checkpoint(engine, parsed, container))

    def hardware(
        self, template: PodTemplate, container: Container, classes: tuple[Located[Accelerator], ...]
    ) -> Hardware:
        """The machine as an engine's rules may know it: by the manifest, else as given."""
        given = (sliced(each, container) for each in self.gpus)
        allowed = tuple(dict.fromkeys(item.value for item in classes)) or tuple(given)
        if self.machine is not None and self.machine.accelerator is not None:
            allowed = (sliced(self.machine.accelerator, container),)
        one = allowed[0] if len(allowed) == 1 else None
        key = self._key(template, container) if one is None else f"gpu@class/{one.title}"
        platform = _platform(container) or ("cpu" if self.on_cpu and not allowed else None)
        return Hardware(key, one, allowed if one is None else (), platform, scheduling.gpu_count(container))

    def _key(self, template: PodTemplate, container: Container) -> str:
        """Which unknown the GPU is: that of one node, where it runs, else whatever scheduling picks."""
        here = self.machine
        return scheduling.scheduling_key(template, container) if here is None else f"gpu@node/{here.name}"


def sliced(whole: Accelerator, container: Container) -> Accelerator:
    """A class as a container sees it: one that asks for a MIG slice has the memory of its profile."""
    profile = next((name.partition("/mig-")[2] for name in scheduling.gpu_resources(container) if "/mig-" in name), "")
    return accelerators.part(whole, profile) if profile and not whole.partition else whole


def model_of(engine: str, parsed: Parsed | None, container: Container) -> str | None:
    """The model as somebody wrote it: in the engine's arguments, else in the resource's own field."""
    dest = vocabulary.destination(engine, "model.id")
    written = parsed.values.get(dest) if parsed is not None and dest is not None else None
    if written is not None:
        return str(written.value)
    located = container.fields.get("model.id")
    return str(located.value) if located is not None else None


_RESOURCES: tuple[tuple[str, Platform], ...] = (
    ("nvidia.com/", "cuda"),
    ("amd.com/gpu", "rocm"),
    ("google.com/tpu", "tpu"),
    ("habana.ai/", "hpu"),
    ("gpu.intel.com/", "xpu"),
    ("aws.amazon.com/neuron", "neuron"),
)


def _platform(container: Container) -> Platform | None:
    """The kind of device that a container asks for, or that its image is built for by name."""
    for name in scheduling.accelerator_resources(container):
        for prefix, platform in _RESOURCES:
            if name.startswith(prefix):
                return platform
    image = container.image.value.rpartition("@")[0] or container.image.value if container.image else ""
    words = image.replace("/", "-").replace(":", "-").replace("_", "-").split("-")
    return "cpu" if "cpu" in words else "rocm" if "rocm" in words else None
