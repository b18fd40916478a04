"""From an inventory to cases: every container judged on whether it runs an engine, and each engine's settings laid out."""

from collections.abc import Iterator

from msgspec import Struct, structs

from skewguard.assess import sheets
from skewguard.judge.checks.interface import Case
from skewguard.knowledge import engines
from skewguard.knowledge.engines import recognition
from skewguard.knowledge.engines.interface import EngineModule, Parsed, Recognition, Release, Variable
from skewguard.knowledge.project import Project
from skewguard.language import scheduling
from skewguard.language.facts import Subject
from skewguard.language.workloads import Container, Inventory, Workload


class Judged(Struct, frozen=True):
    """One container, and why it is or is not an engine. `case` is None where it is not."""

    subject: Subject
    recognition: Recognition
    case: Case | None = None


def judged(inventory: Inventory, project: Project) -> Iterator[Judged]:
    """Every container of the inventory, in order."""
    for workload in inventory.workloads:
        for container in workload.template.containers:
            found = recognition.recognise(container, project, workload)
            subject = structs.replace(workload.subject, container=container.name)
            case = _case(workload, container, inventory, project, found) if found.engine else None
            yield Judged(subject, found, case)


def _case(
    workload: Workload, container: Container, inventory: Inventory, project: Project, found: Recognition
) -> Case:
    engine = found.engine or ""
    module = engines.ENGINES.get(engine)
    release, parsed, variables = _read(module, workload, container, project, found)
    classes = scheduling.gpu_classes(workload.template, project.accelerators)
    sheet = sheets.build(workload, container, inventory, engine, module, release, parsed, classes)
    sheets.add_environment(sheet, container, engine, variables)
    return Case(
        workload=workload,
        container=container,
        engine=engine,
        title=module.TITLE if module else engine,
        sheet=sheet,
        inventory=inventory,
        release=release,
        parsed=parsed,
        variables=variables,
    )


def _read(
    module: EngineModule | None,
    workload: Workload,
    container: Container,
    project: Project,
    found: Recognition,
) -> tuple[Release | None, Parsed | None, tuple[Variable, ...]]:
    """What the engine's module makes of the container; nothing where the engine has no grammar here."""
    if module is None:
        return None, None, ()
    release = recognition.release(module.NAME, module.releases(), container, workload, project)
    parsed = module.parse(found.argv, release, container.files)
    return release, parsed, module.environment(container.env, release)
