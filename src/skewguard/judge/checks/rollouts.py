"""Checks of a workload on its way: two revisions side by side, a ConfigMap that changed under its pods, pods not ready."""

from collections.abc import Iterator, Sequence
from functools import partial

from skewguard.judge.checks import disagreements, interface, kubectl
from skewguard.judge.checks.interface import Case, Party, Result, fail, skipped, unknown
from skewguard.language.counting import Count
from skewguard.language.running import ConfigChange, Progress, Replica, Revision, Unread

check = partial(interface.check, phases=("live",), scope="replicas")


@check(
    "serving.rollout-unfinished",
    title="Two revisions of one workload serve at once",
    category="orchestration",
    severity="warning",
    why="In the middle of a rollout, and for as long as one is stuck, some requests are answered by the old template and "
    "some by the new one. A rollout of a large model takes many minutes; one that stopped stays so for days.",
    remedy="see where the rollout stands, and finish it or take it back",
    sources=("Kubernetes documentation: Deployments, rolling update; StatefulSets, partitions",),
)
def rollout_unfinished(case: Case) -> Iterator[Result]:
    """Replicas of more than one revision, none of the current one, or a controller that has given up.

    A note where nothing that was read differs, and where somebody told the controller to keep both: a partition, a step
    of a canary. A pause says nothing of the kind, and is easily forgotten.
    """
    parties = disagreements.compared(case)
    groups: dict[str, list[Party]] = {}
    for party in parties:
        groups.setdefault(party.revision or "", []).append(party)
    behind = bool(parties) and all(party.current is False for party in parties)
    progress = case.live.progress if case.live else ()
    stuck, held = [each for each in progress if each.stuck], [each for each in progress if each.held]
    if not behind and (len(groups) < 2 or "" in groups):
        yield from _of_controller(case, progress)
        return
    found = disagreements.of_cause(case, "revision")
    sides = [_side(mark, group) for mark, group in groups.items()]
    old = [pod for party in parties if party.current is False for pod in party.pods]
    new = next((revision for revision in (case.live.revisions if case.live else ()) if revision.current), None)
    meant = bool(held) and not stuck and not any(each.pending for each in held)
    yield fail(
        f"{_head(case, new, behind=behind)}: {', '.join(sides)}{_differences(found, several=len(groups) > 1)}"
        f"{''.join(map(_why, stuck or held))}",
        remedy=f"see where it stands with {kubectl.watch(case)}",
        anchor="rollout",
        severity="note" if meant or not (found or behind or stuck) else None,
        setting=found[0].setting if len(found) == 1 else None,
        value=list(groups),
        at=case.workload.origin,
        pods=old,
    )


PROGRESS = "progress"
"""The anchor of a rollout of one revision, whose replicas are alike: it is unfinished, and nothing is skewed."""


def _of_controller(case: Case, progress: Sequence[Progress]) -> Iterator[Result]:
    """What the status of a controller says where one revision runs: it has given up, or waits."""
    told = next((each for each in progress if each.stuck), None) or next(iter(progress), None)
    if told is None:
        yield skipped("one revision runs")
        return
    said = _why(told) or "; its controller has not looked at its newest edit yet"
    yield fail(
        f"the rollout of {told.of} is not finished{said}" if told.stuck else f"one revision of {told.of} runs{said}",
        remedy=f"see what it waits for with {kubectl.on('describe', case)}" if told.stuck else "",
        anchor=PROGRESS,
        severity=None if told.stuck else "note",
        at=case.workload.origin,
    )


def _why(told: Progress) -> str:
    """Why it stands where it stands, as the end of a sentence."""
    if told.stuck:
        slow = (
            "; a large model may take longer to load than its `progressDeadlineSeconds`"
            if "ProgressDeadlineExceeded" in told.stuck
            else ""
        )
        return f"; it came to a stop{f' at {told.since}' if told.since else ''} ({told.stuck}{slow})"
    return f"; {told.held}" if told.held else ""


def _head(case: Case, new: Revision | None, *, behind: bool) -> str:
    if behind:
        name = f" {new.name}" if new is not None else ""
        return f"no replica of the current revision{name} runs, and the old one serves"
    return f"{len({party.revision for party in disagreements.compared(case)})} revisions serve at once"


def _side(mark: str, group: Sequence[Party]) -> str:
    pods = [pod for party in group for pod in party.pods]
    which = {True: "current", False: "old", None: "revision"}[group[0].current]
    return f"{which} {mark} on {kubectl.pods(pods)}"


def _differences(found: Sequence[disagreements.Apart], *, several: bool) -> str:
    if found:
        return f"; they differ in {disagreements.listed(found)}"
    return "; in nothing that was read do they differ" if several else ""


@check(
    "facts.config-changed-since-start",
    title="A ConfigMap changed after the pods had started",
    category="runtime",
    severity="warning",
    why="An engine reads its variables and config files once, when it starts. The pods run with the content of that day, "
    "which the cluster does not keep, and the next restart of each brings the new one without anybody's decision.",
    remedy="compare the new content with what was validated, then restart the pods together",
    sources=("Kubernetes documentation: ConfigMaps, mounted ConfigMaps are updated automatically; environment is not",),
)
def config_changed(case: Case) -> Iterator[Result]:
    """A source of this container that is newer than some of its replicas."""
    refs = dict.fromkeys(ref for party in case.parties if not party.leaving for ref in party.outdated)
    told = disagreements.of_cause(case, "config")
    for ref in refs:
        change = next(each for each in (case.live.changes if case.live else ()) if each.ref == ref)
        pods = [pod for party in case.parties if ref in party.outdated and not party.leaving for pod in party.pods]
        yield fail(
            f"{ref} was last written at {change.changed_at}, after {kubectl.pods(pods)} had started: {_what(change)}"
            f"{f'; the replicas differ in {disagreements.listed(told)}' if told else ''}",
            remedy="compare its content with what was validated (`skewguard check` on the manifests), then "
            f"{kubectl.restart(case, pods)}",
            anchor=ref,
            setting=told[0].setting if len(told) == 1 else None,
            at=change.origin,
            pods=pods,
        )


def _what(change: ConfigChange) -> str:
    """What follows if it was the data: the server's record of writes does not tell a label of the same writer from it."""
    if change.reference == "env":
        return "if its data changed then, they run with the old variables, which nobody can read any more"
    return "if its data changed then, the mounted file is new by now, and the engine runs with the old one"


_BROKEN = (
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CreateContainer",
    "RunContainer",
)
_MANY = 3
"""Restarts after which a replica is not merely loading."""


@check(
    "serving.not-ready",
    title="Replicas do not serve",
    category="orchestration",
    severity="warning",
    why="What was read of a replica that is not ready may not be what it serves with, and as long as it is not, the others "
    "carry its load. Where none is ready nothing serves at all, which is an error.",
    remedy="see why it does not become ready",
    sources=("Kubernetes documentation: Pod lifecycle, container states",),
)
def not_ready(case: Case) -> Iterator[Result]:
    """Nothing serves at all, an error; or some replicas are not ready, a warning."""
    replicas = [replica for party in case.parties if not party.leaving for replica in party.replicas]
    if not replicas and unread_pods(case) is not None:
        yield skipped("the pods could not be read")
        return
    desired = desired_of(case)
    if not replicas:
        yield from _nothing(case, desired)
        return
    waiting = [replica for replica in replicas if not replica.ready]
    if not waiting:
        return
    counted = Count(len(replicas), len(replicas) - len(waiting), desired)
    broken = [replica for replica in waiting if _is_broken(case, replica)]
    pods = [replica.name for replica in broken or waiting]
    state = _state(case, (broken or waiting)[0])
    crashes = (bool(broken) and "waiting" not in state) or "CrashLoop" in state
    look = (
        kubectl.in_container("logs", case, pods[0], " --previous")
        if crashes
        else kubectl.on_pod("describe pod", case, pods[0])
    )
    yield fail(
        f"{counted}: {kubectl.pods(pods)} {'is' if len(pods) == 1 else 'are'} not ({state})",
        remedy=f"see why with {look}",
        anchor="pods",
        severity=None if counted.ready or desired == 0 else "error",
        pods=pods,
    )


def desired_of(case: Case) -> int | None:
    """The pods that are wanted of this container; None where its object wants pods of several roles together."""
    live = case.live
    return live.desired if live is not None and len(live.workloads) == 1 else None


_PODS = ("pods", "replicasets", "ReplicaSet", "statefulsets", "StatefulSet")
"""What pods are found by: themselves, and what stands between them and the object that was named."""


def unread_pods(case: Case) -> Unread | None:
    """Why the pods of a workload could not be read, or not told to be its own; None where they were."""
    unread = case.live.unread if case.live else ()
    return next((each for each in unread if each.what.split(" ")[0].partition(".")[0] in _PODS), None)


@check(
    "contract.unseen",
    title="What runs under a contract could not be read",
    category="orchestration",
    severity="error",
    why="The contract speaks of what runs, and the pods of the workload could not be read: that its manifest keeps the "
    "promises proves nothing about them.",
    remedy="give the right that is missing, or verify with another context",
)
def unseen(case: Case) -> Iterator[Result]:
    """A contract binds the container, and its pods were not to be read."""
    unread = unread_pods(case)
    if case.binding is None or case.binding.contract is None or unread is None or case.parties:
        yield skipped("the pods were read, or nothing was promised of them")
        return
    yield unknown(
        f"{unread.what} could not be read ({unread.reason}), so whether what runs keeps contract "
        f"{case.binding.contract.name} is not known",
        remedy=f"it needs the right: {unread.would_need}" if unread.would_need else "",
        anchor="pods",
        at=case.workload.origin,
    )


def _nothing(case: Case, desired: int | None) -> Iterator[Result]:
    if desired == 0:
        yield skipped("none is asked for")
        return
    many = f"{Count(0, 0, desired)}: " if desired else ""
    yield fail(
        f"{many}no pod of it runs, and nothing serves",
        remedy=f"see why with {kubectl.on('describe', case)}",
        anchor="pods",
        severity="error" if desired or (case.live is not None and case.live.desired) else "note",
    )


def _state(case: Case, replica: Replica) -> str:
    running = replica.running(case.container.name)
    if running is None:
        return ": ".join(filter(None, (replica.phase or "no container yet", replica.unplaced)))
    again = f", {running.restarts} restarts" if running.restarts else ""
    return f"{running.state}{again}"


def _is_broken(case: Case, replica: Replica) -> bool:
    running = replica.running(case.container.name)
    return running is not None and (running.restarts >= _MANY or any(word in running.state for word in _BROKEN))
