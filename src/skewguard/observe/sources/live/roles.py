"""Which part of a workload a pod belongs to: leader or worker, prefill or decode.

Controllers label their pods; a part that adds labels to its pods is found by them, the more of them the better.

Sources: LeaderWorkerSet (`worker-index`), KubeRay (`ray.io/node-type`, `ray.io/group`), KServe's LLMInferenceService
(`app.kubernetes.io/component`, `llm-d.ai/role`).
"""

from collections.abc import Collection, Mapping, Sequence

from skewguard.language.workloads import Workload

_INDEX = "leaderworkerset.sigs.k8s.io/worker-index"
_OF_KSERVE = "llminferenceservice-workload"
"""The component of every pod of an LLMInferenceService; a prefill pod's goes on with that word."""
_WORDS = ("llm-d.ai/role", "app.kubernetes.io/component", "component", "role", "rolebasedgroup.workloads.x-k8s.io/role")


def told(labels: Mapping[str, str]) -> str | None:
    """The role that a pod's own labels give, as far as one is known: leader, worker, prefill, decode."""
    part = _part(labels)
    group = _group(labels)
    return f"{group}-{part}" if group and part == "worker" else group or part


def part_of(labels: Mapping[str, str], containers: Collection[str], workloads: Sequence[Workload]) -> Workload | None:
    """The part whose pods have these labels and one of these containers; None where none or several could be meant.

    Controllers also make pods of their own beside those that a template describes, such as a router.
    """
    possible = [each for each in workloads if any(item.name in containers for item in each.template.containers)]
    if len(possible) < 2:  # one is the answer, none is none
        return possible[0] if possible else None
    role = told(labels)
    named = [each for each in possible if role is not None and _is(each, role)]
    if len(named) == 1:
        return named[0]
    held = [each for each in named or possible if each.template.labels.items() <= labels.items()]
    most = max((len(each.template.labels) for each in held), default=0)
    best = [each for each in held if len(each.template.labels) == most]
    return best[0] if len(best) == 1 else None


def _is(workload: Workload, role: str) -> bool:
    own = workload.subject.role or ""
    return role in (own, workload.subject.part) or (role == "leader" and own in ("decode", "prefill"))


def _part(labels: Mapping[str, str]) -> str | None:
    index = labels.get(_INDEX)
    if index is not None:
        return "leader" if index == "0" else "worker"
    node = labels.get("ray.io/node-type")
    return {"head": "leader", "worker": "worker"}.get(node or "")


def _group(labels: Mapping[str, str]) -> str | None:
    for key in _WORDS:
        word = labels.get(key, "").lower()
        for role in ("prefill", "decode"):
            if role in word:
                return role
    return "decode" if labels.get("app.kubernetes.io/component", "").startswith(_OF_KSERVE) else None
