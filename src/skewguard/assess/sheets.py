"""The sheet of one container: the engine's settings, and what the manifest says around them."""

from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from skewguard.assess import starts, surrounding
from skewguard.assess.given import Given
from skewguard.assess.starts import Starts
from skewguard.assess.unknowns import Unknowns
from skewguard.judge.checks.interface import Elsewhere, situated
from skewguard.knowledge.engines import images, recognition, releases, wrapping
from skewguard.knowledge.engines.interface import (
    EngineModule,
    Inputs,
    Parsed,
    Recognition,
    Release,
)
from skewguard.knowledge.engines.wrappers import WRAPPERS
from skewguard.language import redact, scalars, scheduling, vocabulary
from skewguard.language.accelerators import Accelerator
from skewguard.language.errors import UsageError
from skewguard.language.facts import Arm, Choice, Effective, Fact, Gap, Located, Origin
from skewguard.language.sheet import Derive, Sheet
from skewguard.language.workloads import Container, Inventory, Token, UnseenEnv, Workload
from skewguard.observe.sources import command_lines


class Ground(Struct, frozen=True):
    """What a sheet is built on. `classes` are the accelerators that scheduling allows, empty when unknown.

    `module`, `release` and `starts` are None where the engine's grammar is not known or not in play.
    """

    workload: Workload
    container: Container
    inventory: Inventory
    found: Recognition
    module: EngineModule | None
    release: Release | None
    starts: Starts | None
    classes: tuple[Located[Accelerator], ...]
    given: Given = Given()

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self.found.engine or ""

    @property
    def parsed(self) -> Parsed | None:
        """What all starts of the engine say together."""
        return self.unknowns.parsed(starts.agreed(self.starts)) if self.starts is not None else None

    def inputs(self) -> Inputs:
        """What decides at the engine's start beside its words."""
        return self.given.inputs(self.engine, self.parsed, self.workload.template, self.container, self.classes)

    @property
    def unknowns(self) -> Unknowns:
        """What tells the container's unknowns from those of others."""
        return Unknowns(self.container, self.found)

    @property
    def argv(self) -> tuple[Token, ...]:
        """The engine's argument vector."""
        return self.found.argv


def build(ground: Ground, inputs: Inputs | None = None) -> Sheet:
    """The sheet of one container; `inputs` are those of the ground, None where its engine is not understood."""
    sheet = _engine_sheet(ground, inputs)
    for item in _surroundings(ground):
        if sheet.declared(item.setting) is None:
            sheet.add(item)
    return sheet


def _engine_sheet(ground: Ground, inputs: Inputs | None) -> Sheet:
    subject = structs.replace(ground.workload.subject, container=ground.container.name)
    module, release, parsed, begun = ground.module, ground.release, ground.parsed, ground.starts
    if module is None or release is None or parsed is None or begun is None or inputs is None:
        sheet = Sheet(subject)
        if ground.argv:
            sheet.add(_words(ground))
        return sheet
    derive = starts.deriving(begun, module, release, ground.container, inputs)
    unknowns = ground.unknowns

    def told(setting: str) -> Effective | None:
        if setting.startswith(_CAPACITY):
            return _size(sheet, ground.engine, inputs, setting)
        answer = derive(setting)
        if answer is None or isinstance(answer, Fact):
            return answer  # a fact hangs on no unknown
        return unknowns.answer(releases.unlisted(answer, module.TITLE, release))

    sheet = Sheet(subject, module.settings(release), told, starts.common(begun, module, release))
    known: list[Effective] = [*parsed.values.values(), *parsed.gaps.values(), *parsed.decided.values()]
    for item in known:
        sheet.add(releases.unlisted(item, module.TITLE, release))
    return sheet


_CAPACITY = "capacity."


def _size(sheet: Sheet, engine: str, inputs: Inputs, name: str) -> Effective | None:
    """What the arithmetic says of memory and speed: no setting, so that no list of settings names it."""
    from skewguard.knowledge.capacity import situations

    if name not in situations.NAMES:
        return None
    return situations.fact(situated(sheet, engine, inputs), name)


def elsewhere(ground: Ground, here: Inputs | None) -> Elsewhere | None:
    """What the engine would take for a setting under another release or on another GPU; see `Case.elsewhere`."""
    module, release, begun = ground.module, ground.release, ground.starts
    if module is None or release is None or begun is None or here is None:
        return None
    known: dict[tuple[str | None, Accelerator | None], Derive] = {}

    def ask(setting: str, version: str | None, gpu: Accelerator | None) -> Effective | None:
        if (version, gpu) not in known:
            other, inputs = release, here
            if version is not None:
                other = structs.replace(release, text=version, candidates=(version,), certainty="exact")
            if gpu is not None:
                hardware = structs.replace(inputs.hardware, key=f"gpu@class/{gpu.title}", accelerator=gpu, classes=())
                inputs = structs.replace(inputs, hardware=hardware)
            known[version, gpu] = starts.deriving(begun, module, other, ground.container, inputs)
        return known[version, gpu](setting)

    return ask


def _words(ground: Ground) -> Fact:
    """The arguments as words, where their grammar is not known: they can still be held against each other.

    A secret is replaced by one word for all, so that it is neither kept nor compared.
    """
    shown = redact.argv([token.text for token in ground.argv])
    words = [
        "<secret>" if "<redacted:" in word or token.secret else word
        for word, token in zip(shown, ground.argv, strict=True)
    ]
    return Fact(f"{ground.engine}.arguments", words, "declared", ground.argv[0].origin)


def add_environment(sheet: Sheet, ground: Ground, names: Iterable[str], unseen: tuple[UnseenEnv, ...] = ()) -> None:
    """Put the variables that the engine reads (`names`) on the sheet, as `<engine>.env.NAME`, and what may set others."""
    engine, container, unknowns = ground.engine, ground.container, ground.unknowns
    if unseen:
        sources = ", ".join(source.ref for source in unseen)
        reason = f"{sources}: not in the input, and may set any variable"
        keys = tuple(f"env@{source.prefix}{source.ref}" for source in unseen)
        sheet.add(Gap(f"{engine}.env.*", reason, rule="env", inputs=keys, would_need=sources))
    for name in names:
        entry = container.variable(name)
        if entry is None:
            continue
        setting = f"{engine}.env.{name}"
        if entry.value is None:
            reason = entry.why_unknown or f"its value comes from {entry.ref or entry.source}"
            sheet.add(Gap(setting, reason, rule="env", inputs=(unknowns.variable(name),)))
        else:
            sheet.add(Fact(setting, entry.value, "declared", entry.origin, container.doubts(name)))


def _surroundings(ground: Ground) -> Iterator[Effective]:
    container = ground.container
    yield _engine(ground)
    yield _version(ground.release, container)
    yield from _image(container)
    for setting, located in container.fields.items():
        yield _field(setting, located)
    yield from wrapping.told(ground.found.wrapper, ground.argv, container.files)
    if ground.workload.subject.kind in _SPREADING:
        where = Origin(kind="rule", ref="the resource's `parallelism`, which does not name it")
        for setting in ("parallelism.tensor", "parallelism.pipeline", "parallelism.data"):
            if setting not in container.fields:
                yield Fact(setting, 1, "derived", where)
    yield from _left(ground)
    if ground.workload.subject.kind == command_lines.KIND:
        return  # nothing surrounds a command line
    yield from _hardware(ground)
    yield from surrounding.around(ground.workload, ground.inventory)


def _left(ground: Ground) -> Iterator[Effective]:
    """Settings that a wrapping program never gives: the engine's default holds where nobody wrote them."""
    row, parsed = WRAPPERS.get(ground.found.wrapper), ground.parsed
    if row is None or parsed is None or parsed.blind is None or parsed.blind.rule != "wrapper":
        return
    open_ = {gap.setting for gap in parsed.gaps.values()}
    where = Origin(kind="rule", ref=f"{row.short}, which leaves it to {recognition.title(ground.engine)}")
    for setting, value in row.leaves.items():
        if setting not in open_:
            yield Fact(setting, value, "derived", where)


def _field(setting: str, located: Located[str]) -> Effective:
    """What a resource's own field gives, in the setting's type: `tensor: 4` is a number, and is counted with."""
    row = vocabulary.BY_NAME.get(setting)
    try:
        value = scalars.typed(located.value) if row is None else vocabulary.typed(row, located.value)
    except UsageError as error:
        return Gap(setting, str(error), rule="field", inputs=(f"field@{setting}={located.value}",))
    return Fact(setting, value, "declared", located.origin)


_SPREADING = ("LLMInferenceService", "LLMInferenceServiceConfig")
"""Kinds whose presets take the sizes of parallelism from the resource's own fields, and set none themselves."""


def _engine(ground: Ground) -> Effective:
    """Which engine it is; a gap where the container starts another one as well."""
    if ground.found.rivals:
        names = ", ".join(ground.found.rivals)
        reason = f"the container starts {recognition.title(ground.engine)} and {names}"
        key = ground.starts.key if ground.starts is not None else f"starts@{names}"
        return Gap("runtime.engine", reason, "starts", (key,), "one engine in one container")
    return Fact(
        "runtime.engine", ground.engine, "declared", _engine_origin(ground.container), assumes=ground.found.assumes
    )


def _engine_origin(container: Container) -> Origin:
    if container.command:
        return container.command[0].origin
    return container.image.origin if container.image else container.origin


def _version(release: Release | None, container: Container) -> Effective:
    if release is None or release.version is None:
        image = container.image.value if container.image else "no image"
        reason = release.reason if release else "the engine's versions are not known here"
        key = release.key if release else f"version@{image}"
        return Gap(
            "runtime.version",
            reason,
            rule="version",
            inputs=(key,),
            would_need="an image tag of the engine's own, the annotation skewguard.dev/engine, "
            "or an `images` entry in .skewguard/config.yaml",
        )
    origin = release.origin or (container.image.origin if container.image else container.origin)
    told_by_itself = origin.kind in ("endpoint", "log", "exec")
    return Fact("runtime.version", release.version, "observed" if told_by_itself else "declared", origin)


def _image(container: Container) -> Iterator[Effective]:
    if container.image is None:
        return
    image = container.image
    yield Fact("runtime.image", image.value, "declared", image.origin)
    digest = images.parse(image.value).digest
    if digest:
        yield Fact("runtime.image_digest", digest, "declared", image.origin)
    else:
        yield Gap(
            "runtime.image_digest",
            "the image is named by tag, and the registry decides what that is",
            rule="image-digest",
            inputs=(f"digest@{image.value}",),
            would_need="`image: repository:tag@sha256:…`",
        )


def _hardware(ground: Ground) -> Iterator[Effective]:
    yield from _gpu_class(ground)
    yield from _gpu_count(ground.container)
    for resource, located in scheduling.gpu_resources(ground.container).items():
        if "/mig-" in resource:
            yield Fact("hardware.partition", resource.partition("/mig-")[2], "declared", located.origin)
        break


def _gpu_count(container: Container) -> Iterator[Effective]:
    """The GPUs a container asks for; none at all is a number too, and a text that is no number is a gap."""
    setting, claims = "hardware.gpu_count", container.resources.claims
    unclear = scheduling.uncountable(container)
    if unclear is not None:
        name, located = unclear
        key = f"quantity@{name}={located.value}"
        reason = f"`{name}: {located.value}` is no number of GPUs"
        yield Gap(setting, reason, rule="quantity", inputs=(key,), would_need=f"a whole number for {name}")
    elif claims:
        names = ", ".join(claims)
        reason = f"the devices come by the resource claim {names}, which is not read here"
        yield Gap(setting, reason, rule="claim", inputs=(f"claim@{names}",), would_need="the running pod")
    elif container.image and not scheduling.accelerator_resources(container):
        yield Fact(setting, 0, "declared", container.origin)
    for located in scheduling.gpu_resources(container).values():
        if unclear is None and not claims:
            amount = scheduling.quantity(located.value) or 0
            yield Fact(setting, amount // scheduling.WHOLE, "declared", located.origin)
        break


def _gpu_class(ground: Ground) -> Iterator[Effective]:
    """The class scheduling demands; a choice where it allows several, a gap where it names none."""
    titles = {item.value.title: item for item in ground.classes}
    key = scheduling.scheduling_key(ground.workload.template, ground.container)
    if len(titles) == 1:
        (located,) = titles.values()
        size = round(located.value.memory_gib * 2**10) * 2**20
        yield Fact("hardware.gpu_class", located.value.title, "declared", located.origin)
        yield Fact("hardware.gpu_memory", size, "derived", Origin("label", f"memory of {located.value.title}"))
    elif titles:
        arms = tuple(Arm(f"the scheduler picks {title}", title) for title in titles)
        yield Choice("hardware.gpu_class", "scheduling", (key,), arms)
    else:
        yield Gap(
            "hardware.gpu_class",
            "nothing in scheduling names a GPU class",
            rule="scheduling",
            inputs=(key,),
            would_need="a nodeSelector or node affinity that names one class",
        )
