"""Who acts together with a container as one server: its leader, its workers, and the other half of prefill and decode.

A role's last word is its part (`decode-worker`), what stands before it names the group where an object holds several.
"""

from skewguard.judge.checks.interface import Case
from skewguard.language import surroundings
from skewguard.language.facts import Subject
from skewguard.language.workloads import Workload


def workers(case: Case) -> list[Workload]:
    """The workers of the group this container leads; all of the object's where no role names this group."""
    subject = case.workload.subject
    if case.workload.joins:
        return []
    found = [other for other in surroundings.of_object(subject, case.inventory) if other.subject.part == "worker"]
    own = [other for other in found if other.subject.team == subject.team]
    return own or [other for other in found if other.joins]


def leader_of(case: Case) -> Case | None:
    """The engine that a worker is held against: its group's leader, else the first engine among its workers.

    None for what is no worker, for the first one itself, and where the leader's pod runs several engines.
    """
    if not case.workload.joins:
        return None
    own = case.workload.subject.team
    group = [other for other in case.members if other.workload.subject.team == own]
    leaders = [other for other in group if not other.workload.joins]
    if leaders:
        return leaders[0] if len(leaders) == 1 else None
    earlier = _before(case)
    return next((other for other in group if other.workload.subject in earlier), None)


def inherits(case: Case, setting: str) -> bool:
    """Whether a setting of a worker is its leader's: what comes to the group from outside, and what only joins it.

    A worker that starts the engine itself (`--headless`) has arguments of its own; one that runs `ray start` has an
    image, an environment and GPUs of its own.
    """
    if leader_of(case) is None:
        return False
    if setting.startswith(("serving.", "autoscaling.")):
        return True
    own = setting.startswith("hardware.") or ".env." in setting or setting in _OWN
    return not own and case.recognition is not None and case.recognition.runs == "worker"


_OWN = ("runtime.engine", "runtime.version", "runtime.image", "runtime.image_digest")


def other_half(case: Case) -> Case | None:
    """The prefill engine whose KV blocks a decode engine of the same object takes; None for anything else."""
    if case.workload.joins or not _is(case, "decode"):
        return None
    halves = [other for other in case.members if _is(other, "prefill") and not other.workload.joins]
    return halves[0] if halves else None


def _is(case: Case, half: str) -> bool:
    return case.workload.subject.team.startswith(half)


def _before(case: Case) -> list[Subject]:
    """The roles that stand before this one in its object."""
    roles = [each.subject for each in surroundings.of_object(case.workload.subject, case.inventory)]
    return roles[: roles.index(case.workload.subject)] if case.workload.subject in roles else roles
