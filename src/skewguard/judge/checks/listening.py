"""Who listens where in a pod: the port of an engine, and the ports that its neighbours in the pod declare."""

from skewguard.judge.checks.evidence import integer, known
from skewguard.judge.checks.interface import Case
from skewguard.language.facts import Located
from skewguard.language.workloads import Container


def engine_port(case: Case) -> Located[int] | None:
    """The port the engine of this container listens on; None where it is not known or there is none."""
    if worker(case) or unclear(case):
        return None
    if known(case, f"{case.engine}.uds") is not None:
        return None
    fact = known(case, f"{case.engine}.port")
    return Located(fact.value, fact.origin) if fact is not None and isinstance(fact.value, int) else None


def unclear(case: Case) -> bool:
    """Whether it is not plain which start of the engine, or whose arguments, decide."""
    found = case.recognition
    return found is not None and (bool(found.others) or found.runs in ("worker", "wrapped", "unstarted"))


def worker(case: Case) -> bool:
    """Whether this is a member of a group that takes no requests."""
    headless, rank = known(case, f"{case.engine}.headless"), integer(case, f"{case.engine}.node_rank")
    return case.workload.joins or (headless is not None and headless.value is True) or (rank or 0) > 0


def served(case: Case, number: int, port: int) -> bool:
    """Whether the engine, or somebody else of the pod as far as is declared, listens at `number`."""
    own = {item.number for item in case.container.ports}
    others = {item.number for box in company(case) for item in box.ports}
    return number in (port, *others) or (number in own and port in own)


def company(case: Case) -> list[Container]:
    """The containers that run beside this one."""
    boxes = case.workload.template.containers
    return [box for box in boxes if box.name != case.container.name and (box.sidecar or not box.init)]


def number(box: Container, name: str | int | None) -> int | None:
    """The number of a container's port by its name."""
    return next((item.number for item in box.ports if name is not None and item.name == name), None)
