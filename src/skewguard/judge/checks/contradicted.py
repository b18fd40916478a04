"""Checks of one kind of replica against its own words: what its manifest says, what its pod says, what it shows."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial

from msgspec import Struct

from skewguard.judge.checks import disagreements, evidence, interface, kubectl
from skewguard.judge.checks.disagreements import VERSION, Changed
from skewguard.judge.checks.interface import Case, Result, fail, skipped
from skewguard.language.facts import Fact, Value
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
    """Every setting whose observed value contradicts what was written; `auto` and unset contradict nothing.

    Many at once have one cause, such as a wrapper that starts something else, and are told as one.
    """
    if not case.replicas:
        yield skipped("nothing of it runs")
        return
    found = list(_contradicted(case))
    excused = [each for each in found if _is_waived(case, each.setting)]
    left = [each for each in found if each not in excused]
    if len(left) > MOST_ALONE:
        yield _all_at_once(case, left)
    for each in (*(left if len(left) <= MOST_ALONE else ()), *excused):
        yield _disagreement(case, each.setting, each.written, each.seen)


MOST_ALONE = 3
"""Settings of one kind of replicas that are told one by one; of more, all are one finding."""


class _Pair(Struct, frozen=True):
    """What was written, and what the process shows instead."""

    setting: str
    written: Fact
    seen: Fact

    @property
    def told(self) -> str:
        """Both, as a list in a sentence bears them."""
        written, seen = (disagreements.shown(self.setting, fact) for fact in (self.written, self.seen))
        return f"{self.setting} {seen} instead of {written}"


def _contradicted(case: Case) -> Iterator[_Pair]:
    changed = {item.setting for item in disagreements.changed(case)}
    for setting in case.sheet.added():
        pair = disagreements.contradiction(case, setting)
        if pair is None or disagreements.broken(case, setting) or setting in changed or _of_image(case, setting):
            continue
        yield _Pair(setting, *pair)


def _is_waived(case: Case, setting: str) -> bool:
    """Whether a waiver names this setting, which then has a finding of its own."""
    contract = case.binding.contract if case.binding else None
    return contract is not None and any(
        rule.setting is not None and fnmatchcase(setting, rule.setting) for rule in contract.waivers
    )


def _all_at_once(case: Case, found: Sequence[_Pair]) -> Result:
    """Many settings of one kind of replicas: every value stands in `expected` and in what was observed."""
    pods = [replica.name for replica in case.replicas]
    look = kubectl.in_container("exec", case, pods[0], " -- cat /proc/1/cmdline")
    return fail(
        f"{kubectl.pods(pods)} run with other settings than was written, in {len(found)}: "
        f"{', '.join(each.told for each in found)} ({found[0].seen.origin.brief})",
        remedy=f"see what the process was started with, {look}: another command than the manifest's runs",
        anchor="arguments",
        at=found[0].seen.origin,
        value={each.setting: _openly(each.setting, each.seen) for each in found},
        expected={each.setting: _openly(each.setting, each.written) for each in found},
    )


def _openly(setting: str, fact: Fact) -> Value:
    """A value as documents bear it; of a secret only that it is one."""
    shown = disagreements.shown(setting, fact)
    return shown if shown == disagreements.HIDDEN else fact.value


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
    "facts.runs-regardless",
    title="A container is ready with arguments that its engine refuses",
    category="runtime",
    severity="warning",
    why="By the tables the engine of this version ends at its start with such an argument, and the replica is ready all the "
    "same. Something else runs than the manifest says: a moved tag, a rebuilt image, or a script that drops the argument.",
    remedy="see which version runs and what it was started with",
    sources=("the argument parser of the engine's release, as in skewguard's tables",),
)
def runs_regardless(case: Case) -> Iterator[Result]:
    """Arguments that stop the start for certain, of an image of the engine's own, on a replica that is ready."""
    ready = [replica.name for replica in case.replicas if replica.ready]
    refused = [item for item in case.arguments_refused() if not item.doubt and not item.versions]
    release = case.release
    if not ready or not refused or release is None or release.beyond or not evidence.own_image(case):
        return
    names = ", ".join(dict.fromkeys(f"`{item.text.partition('=')[0]}`" for item in refused))
    yield fail(
        f"{case.title} {release.version or release.text} refuses {names} by skewguard's tables, and the container is ready: "
        "the image is not what its tag says, or something between drops the argument; what it does with it is not known",
        remedy=f"see what the process was started with, {kubectl.in_container('exec', case, ready[0], ' -- cat /proc/1/cmdline')}, "
        "and remove the argument or pin the image by digest",
        anchor="ready",
        at=refused[0].origin,
        pods=ready,
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
