"""From an inventory to cases: every container judged on whether it runs an engine, and each engine's settings laid out."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct, structs

from skewguard.assess import sheets, starts
from skewguard.assess.given import Given, sliced
from skewguard.assess.sharing import Reading, Vectors
from skewguard.assess.starts import Start, Starts
from skewguard.assess.unknowns import Unknowns
from skewguard.judge.checks.interface import Case
from skewguard.knowledge import engines
from skewguard.knowledge.engines import recognition, releases, wrapping
from skewguard.knowledge.engines.interface import EngineModule, Inputs, Parsed, Recognition, Release, Variable
from skewguard.knowledge.project import Project
from skewguard.language import scheduling, secret_names
from skewguard.language.facts import UNSEEN, Located, Origin, Subject
from skewguard.language.workloads import Container, Inventory, Invocation, Token, Workload


class Judged(Struct, frozen=True):
    """One container, and why it is or is not an engine. `case` is None where it is not."""

    subject: Subject
    recognition: Recognition
    case: Case | None = None


class Version(Struct, frozen=True):
    """An engine version that holds instead of the one the manifest gives: `reason` and `origin` say who says so."""

    engine: str
    text: str
    reason: str = "asked for on the command line"
    origin: Origin | None = None


class Setting(Struct, frozen=True):
    """What stands around an inventory: the project's words, an engine version to assume, and what else was given."""

    project: Project
    version: Version | None = None
    given: Given = Given()


def judged(
    inventory: Inventory,
    project: Project,
    version: Version | None = None,
    given: Given | None = None,
    vectors: Vectors | None = None,
) -> Iterator[Judged]:
    """Every container of the inventory, in order. `vectors` keeps what was read for those who read on."""
    around = Setting(project, version, given or Given())
    vectors = vectors or Vectors()
    for _, roles in groupby(inventory.workloads, key=_object):  # an object's roles stand beside each other
        found = [each for workload in roles for each in _of_workload(workload, inventory, around, vectors)]
        _introduce([each.case for each in found if each.case is not None])
        yield from found


def _object(workload: Workload) -> Subject:
    return structs.replace(workload.subject, role=None)


def _of_workload(workload: Workload, inventory: Inventory, around: Setting, vectors: Vectors) -> Iterator[Judged]:
    for container in workload.template.containers:
        found = recognition.recognise(container, around.project, workload)
        subject = structs.replace(workload.subject, container=container.name)
        case = laid_out(workload, container, inventory, around, found, vectors) if found.engine else None
        yield Judged(subject, found, case)


def _introduce(cases: list[Case]) -> None:
    """Make the engines of one object known to each other."""
    if len(cases) > 1:
        for case in cases:
            case.members = tuple(other for other in cases if other is not case)


def laid_out(
    workload: Workload,
    container: Container,
    inventory: Inventory,
    around: Setting,
    found: Recognition,
    vectors: Vectors,
) -> Case:
    """The case of one container that runs an engine, as `found` says."""
    engine = found.engine or ""
    module = engines.ENGINES.get(engine)
    container = starts.with_environment(container, found)
    release = _release(module, workload, container, around) if module else None
    named = scheduling.gpu_classes(workload.template, around.project.accelerators)
    classes = tuple(Located(sliced(item.value, container), item.origin) for item in named)

    def beside(parsed: Parsed) -> Inputs:
        return around.given.inputs(engine, parsed, workload.template, container, classes)

    variables = module.environment(container.env, release) if module and release else ()
    container = starts.with_renamed(container, variables)
    begun = _starts(module, release, container, found, vectors, beside) if module and release else None
    ground = sheets.Ground(workload, container, inventory, found, module, release, begun, classes, around.given)
    inputs = ground.inputs() if begun is not None else None
    sheet = sheets.build(ground, inputs)
    read = _read(variables) if module else _settings(container)
    sheets.add_environment(sheet, ground, read, starts.unseen(module, release, container))
    return Case(
        workload=workload,
        container=container,
        engine=engine,
        title=recognition.title(engine),
        sheet=sheet,
        inventory=inventory,
        release=release,
        parsed=ground.parsed,
        variables=variables,
        recognition=found,
        inputs=inputs,
        elsewhere=sheets.elsewhere(ground, inputs),
    )


def _read(variables: Sequence[Variable]) -> list[str]:
    """The variables that are settings of their own: what stands for a flag is a setting under the flag's name.

    An old name of a variable is a setting under the new one.
    """
    names = (
        each.name if each.renamed is None else each.renamed.name(each.name) or each.name
        for each in variables
        if each.outcome in ("read", "invalid") and each.stands_for is None
    )
    return list(dict.fromkeys(names))


def _settings(container: Container) -> list[str]:
    """The variables that may be settings of an engine whose own are not known: all that are no secret by name."""
    names = dict.fromkeys(entry.name for entry in container.env if entry.source != "controller")
    return [name for name in names if not secret_names.is_secret(name)]


def _release(module: EngineModule, workload: Workload, container: Container, around: Setting) -> Release:
    version = around.version
    if version is not None and version.engine == module.NAME:
        key = f"version@{version.text}"
        made = releases.of_version(module.NAME, module.releases(), version.text, version.reason, key)
        asked = Origin(
            kind="command-line", ref=f"{version.engine}=={version.text} on the command line", text=version.text
        )
        return structs.replace(made, origin=version.origin or asked)
    return releases.release(module.NAME, module.releases(), container, workload, around.project)


def _starts(
    module: EngineModule,
    release: Release,
    container: Container,
    found: Recognition,
    vectors: Vectors,
    beside: Callable[[Parsed], Inputs],
) -> Starts | None:
    """What the engine makes of the arguments of each start, a platform's own additions in mind.

    None where other programs read them. `beside` gives what decides beside the words of one start.
    """
    wrapper = found.wrapper if found.argv and wrapping.passes(found.wrapper) else ""
    if found.runs != "server" and not wrapper:
        return None
    env = (*container.env, *starts.possible(module, release, container))
    added = next((gap for gap in container.gaps if gap.rule in _ADDS), None)

    def read(invocation: Invocation, argv: tuple[Token, ...]) -> Start:
        if added is not None and added.rule == UNSEEN:
            return Start(invocation, Reading(Parsed((), {}, {}, None, "", added, release.candidates)))
        if wrapper:
            handed = wrapping.read(module, wrapper, argv, release, container.files)
            return Start(invocation, Reading(structs.replace(handed, blind=added or handed.blind)))
        behind = invocation.via == "image" and _has_entrypoint(module, release, container)
        reading = vectors.read(module, argv, release, container, from_image=behind)
        parsed = module.settle(reading.parsed, env, release, beside(reading.parsed))
        if added is not None and parsed.blind is None:
            return Start(invocation, Reading(structs.replace(parsed, blind=added, starts=None)))
        return Start(invocation, Reading(parsed, reading.answers))

    first = found.invocation or Invocation(found.argv, "exec")  # of a resource whose own fields hold everything
    each = (read(first, found.argv), *(read(other, other.argv) for other in found.others))
    key = Unknowns(container, found).key if found.others or found.rivals else ""
    return Starts(recognition.title(found.engine or ""), each, found.assumes, found.rivals, key)


def _has_entrypoint(module: EngineModule, release: Release, container: Container) -> bool:
    """Whether an entrypoint of the image stands before its arguments: not in an image that is known to have none."""
    if module.entrypoint(release.candidates[-1]):
        return True
    return container.image is not None and not recognition.starts_nothing(container)


_ADDS = ("preset", "serving-runtime", UNSEEN)
"""Rules of gaps that say: a platform adds arguments which are not in the input, or nobody sees them at all."""
