"""Checks of one kind of replica against its own words: what its manifest says, what its pod says, what it shows."""

from collections.abc import Iterator
from functools import partial

from skewguard.judge.checks import disagreements, evidence, interface, kubectl
from skewguard.judge.checks.disagreements import VERSION, Changed
from skewguard.judge.checks.interface import Case, Result, fail, skipped
from skewguard.language.facts import Fact
from skewguard.language.vocabulary import BY_NAME

check = partial(interface.check, phases=("live",))


@check(
    "facts.disagree",
    title="What runs is not what was written",
    category="runtime",
    severity="error",
    why="The process shows another value than its arguments, environment or image tag say, and no rule of the engine makes "
    "the one of the other. Somebody reads the manifest and believes it.",
    remedy="find what stands between the manifest and the process: a script, a wrapper, a config file, a moved tag",
    sources=("vLLM and SGLang: /version, /server_info, /metrics and the start of the log",),
)
def disagree(case: Case) -> Iterator[Result]:
    """Every setting whose observed value contradicts what was written; `auto` and unset contradict nothing."""
    if not case.replicas:
        yield skipped("nothing of it runs")
        return
    changed = {item.setting for item in disagreements.changed(case)}
    for setting in case.sheet.added():
        pair = disagreements.contradiction(case, setting)
        if pair is None or disagreements.broken(case, setting) or setting in changed or _of_image(case, setting):
            continue
        yield _disagreement(case, setting, *pair)


def _of_image(case: Case, setting: str) -> bool:
    """Whether the replicas run several images, which is told as that."""
    found = disagreements.apart(case.wished) if setting == VERSION and case.wished is not None else ()
    return any(item.setting == disagreements.DIGEST for item in found)


def _disagreement(case: Case, setting: str, written: Fact, seen: Fact) -> Result:
    pods = [replica.name for replica in case.replicas]
    row = BY_NAME.get(setting)
    shows = "it is" if seen.authority == "observed" else "it was started with"
    if setting == VERSION:
        remedy = f"pin the image by digest: what {written.origin.brief} names is not what the registry gave"
    else:
        look = kubectl.in_container("exec", case, pods[0], " -- cat /proc/1/cmdline")
        remedy = f"see what the process was started with, {look}, and mend {written.origin.brief} or what changes it"
    return fail(
        f"{written.origin.brief} sets {setting} to {disagreements.shown(setting, written)}, and {shows} "
        f"{disagreements.shown(setting, seen)} on {kubectl.pods(pods)} ({seen.origin.brief})",
        remedy=remedy,
        setting=setting,
        anchor=evidence.flag(case, setting) or setting,
        fact=seen,
        expected=written.value,
        category=row.category if row else None,
    )


@check(
    "facts.pod-differs-from-template",
    title="Pods are not as their template says",
    category="orchestration",
    severity="error",
    why="Something changed the pods on their way into the cluster: a mutating webhook or policy, most often. What the "
    "manifest says is silently not applied, and no review of it shows what runs.",
    remedy="find the policy, and let it leave the engine's settings alone, or write its values into the manifest",
    sources=("Kubernetes documentation: Dynamic admission control; MutatingAdmissionPolicy",),
)
def pod_differs(case: Case) -> Iterator[Result]:
    """Settings that a pod's own spec gives otherwise than the revision it was made from."""
    found = [item for item in disagreements.changed(case) if not disagreements.broken(case, item.setting)]
    if not found:
        return
    pods, who = [replica.name for replica in case.replicas], case.workload.subject
    first = found[0].pod or found[0].template
    yield fail(
        f"{who.kind} {who.name} is not what runs on {kubectl.pods(pods)}: {'; '.join(map(_told, found))}",
        remedy=find_policy(case),
        setting=found[0].setting if len(found) == 1 else None,
        anchor="template",
        at=first.origin if first is not None else None,
        value=[disagreements.shown(item.setting, item.pod) if item.pod else None for item in found],
        expected=[item.setting for item in found],
    )


def find_policy(case: Case) -> str:
    """How to find what changes pods on their way into the cluster."""
    look = kubectl.on_pod("get pod", case, case.replicas[0].name, " -o yaml --show-managed-fields")
    return f"find what changes pods with `kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies`; {look} may name it"


def _told(item: Changed) -> str:
    there = _side(item.setting, item.template, "nothing")
    return f"{item.setting} is {_side(item.setting, item.pod, 'not set')}, the template says {there}"


def _side(setting: str, fact: Fact | None, none: str) -> str:
    return none if fact is None else f"{disagreements.shown(setting, fact)} ({fact.origin.brief})"
