"""The commands that an on-call engineer runs next, ready to be copied, and the names of pods in a sentence."""

from collections.abc import Sequence

from skewguard.judge.checks.interface import Case
from skewguard.language.facts import Subject

_ROLLED = ("Deployment", "StatefulSet", "DaemonSet")
"""Kinds that `kubectl rollout` knows."""


def pods(names: Sequence[str]) -> str:
    """Some pods in a sentence: the first by name, the others counted."""
    if not names:
        return "no pod"
    more = len(names) - 1
    return names[0] if not more else f"{names[0]} and {more} more"


def of(subject: Subject) -> str:
    """An object as `kubectl` is told it, with its namespace: `-n prod deployment/chat`."""
    where = f"-n {subject.namespace} " if subject.namespace else ""
    kind = f"{subject.kind}.{subject.group}" if subject.group and subject.kind not in _ROLLED else subject.kind
    return f"{where}{kind.lower()}/{subject.name}"


def on(verb: str, case: Case) -> str:
    """`kubectl VERB` on the object that holds the pod template."""
    return f"`kubectl {verb} {of(case.workload.subject)}`"


def on_pod(verb: str, case: Case, pod: str, more: str = "") -> str:
    """`kubectl VERB` on one pod."""
    where = f"-n {case.workload.subject.namespace} " if case.workload.subject.namespace else ""
    return f"`kubectl {verb} {where}{pod}{more}`"


def in_container(verb: str, case: Case, pod: str, more: str = "") -> str:
    """`kubectl VERB` on the container of one pod."""
    return on_pod(verb, case, pod, f" -c {case.container.name}{more}")


def watch(case: Case) -> str:
    """How to see where a rollout stands."""
    subject = case.workload.subject
    return on("rollout status" if subject.kind in _ROLLED else "get -o yaml", case)


def restart(case: Case, names: Sequence[str]) -> str:
    """How to make pods anew: one after the other where the kind can, else the pods that are meant."""
    if case.workload.subject.kind in _ROLLED:
        return on("rollout restart", case)
    return f"{on_pod('delete pod', case, names[0])}{', and the others one by one' if len(names) > 1 else ''}"
