"""A pod's spec without what makes it one pod of many: two pods of one template are then equal, word for word.

The scheduler writes the node, admission the token of the service account, controllers an index and an address. None of
it says how an engine runs; what admission changes in containers beyond that (a policy that sets an argument, an injected
sidecar) stays.
"""

import re
from hashlib import sha256
from typing import Any

import msgspec

from skewguard.language.objects import Json
from skewguard.observe.sources.environment import injected
from skewguard.observe.sources.live import written

Values = dict[str, Any]

_OF_ONE_POD = (
    "nodeName", "hostname", "subdomain", "serviceAccount", "serviceAccountName", "priority", "preemptionPolicy",
    "overhead", "setHostnameAsFQDN", "schedulingGates", "imagePullSecrets",
)  # fmt: skip
_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
_EVICTIONS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_LABELS = frozenset(
    (
        "pod-template-hash", "controller-revision-hash", "rollouts-pod-template-hash", "pod-template-generation",
        "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "batch.kubernetes.io/job-completion-index",
        "leaderworkerset.sigs.k8s.io/group-index", "leaderworkerset.sigs.k8s.io/group-key",
        "leaderworkerset.sigs.k8s.io/worker-index", "leaderworkerset.sigs.k8s.io/subgroup-index",
        "leaderworkerset.sigs.k8s.io/subgroup-key", "leaderworkerset.sigs.k8s.io/template-revision-hash",
        "controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
        "ray.io/identifier", "ray.io/cluster", "ray.io/replica-index", "ray.io/host-index",
    )
)  # fmt: skip
"""Labels by which controllers tell pods of one template apart."""
_DIRECTIVES = "skewguard.dev/"
_NODE = re.compile(rb'"nodeName"\s*:\s*"([^"\\]+)"')
_OWN = re.compile(rb'"(?:nodeName|hostname)"\s*:\s*"[^"\\]+"')
_TOKEN_NAME = re.compile(rb"kube-api-access-[a-z0-9]{5}")


def spec(value: Values, name: str) -> Values:
    """The spec of the pod `name`, as its template would say it. The value itself is not changed."""
    found = {key: part for key, part in written.pod(value).items() if key not in _OF_ONE_POD}
    tokens = _tokens(found)
    _filter(found, "volumes", lambda each: each.get("name") not in tokens and not _claimed(each, name))
    for field in ("containers", "initContainers"):
        if isinstance(found.get(field), list):
            found[field] = [_container(each, tokens) if isinstance(each, dict) else each for each in found[field]]
    _filter(found, "tolerations", lambda each: not _eviction(each))
    _settle(found)
    return found


def labels(value: dict[str, str] | None) -> dict[str, str]:
    """Labels without those that tell one pod of a template from another."""
    return {key: text for key, text in (value or {}).items() if key not in _LABELS}


def key(value: Values, own_labels: dict[str, str], annotations: dict[str, str] | None) -> str:
    """Equal for pods that are equal in everything an engine or a check reads: 16 hex digits.

    `value` comes from `spec`. Addresses and indexes that a controller sets as variables do not count, nor do tolerations:
    admission adds them for whole namespaces and resources, and where the pod went is known.
    """
    whole = [_comparable(value), own_labels, _directives(annotations)]
    return sha256(msgspec.json.encode(whole, order="deterministic")).hexdigest()[:16]


def mark(raw: bytes, own_labels: dict[str, str], annotations: dict[str, str] | None) -> bytes:
    """Equal for pods whose JSON is equal but for node, host name and the name of the token's volume: their `key` is, too."""
    bare = _OWN.sub(b"", _TOKEN_NAME.sub(b"token", raw))
    return sha256(bare + msgspec.json.encode([own_labels, _directives(annotations)], order="deterministic")).digest()


def node(raw: bytes) -> str | None:
    """The node of a pod, from the JSON of its spec."""
    match = _NODE.search(raw)
    return match[1].decode() if match is not None else None


def _directives(annotations: dict[str, str] | None) -> dict[str, str]:
    return {name: text for name, text in (annotations or {}).items() if name.startswith(_DIRECTIVES)}


def _tokens(value: Values) -> list[str]:
    """The volumes by which admission gives a pod its service account's token."""
    return [
        mount["name"]
        for field in ("containers", "initContainers")
        for container in _dicts(value.get(field))
        for mount in _dicts(container.get("volumeMounts"))
        if mount.get("mountPath") == _TOKENS and isinstance(mount.get("name"), str)
    ]


def _container(value: Values, tokens: list[str]) -> Values:
    found = dict(value)
    _filter(found, "volumeMounts", lambda each: each.get("name") not in tokens)
    asked = found.get("resources")
    if isinstance(asked, dict) and isinstance(asked.get("requests"), dict) and isinstance(asked.get("limits"), dict):
        limits = asked["limits"]
        requests = {name: amount for name, amount in asked["requests"].items() if limits.get(name) != amount}
        kept = {part: amounts for part, amounts in {**asked, "requests": requests}.items() if amounts}
        found["resources"] = kept  # the server gives a pod its limits as requests where it has none
    return found


def _claimed(volume: Values, pod: str) -> bool:
    """Whether a StatefulSet's claim template gave the pod this volume."""
    claim = volume.get("persistentVolumeClaim")
    return isinstance(claim, dict) and claim.get("claimName") == f"{volume.get('name')}-{pod}"


def _eviction(toleration: Values) -> bool:
    return toleration.get("key") in _EVICTIONS and toleration.get("effect") == "NoExecute"


def _settle(value: Values) -> None:
    """Take out the node that a DaemonSet made the pod for."""
    affinity = value.get("affinity")
    node = affinity.get("nodeAffinity") if isinstance(affinity, dict) else None
    required = node.get("requiredDuringSchedulingIgnoredDuringExecution") if isinstance(node, dict) else None
    terms = _dicts(required.get("nodeSelectorTerms")) if isinstance(required, dict) else []
    fixed = [
        each for each in terms if any(item.get("key") == "metadata.name" for item in _dicts(each.get("matchFields")))
    ]
    if not fixed or not isinstance(affinity, dict) or not isinstance(node, dict):
        return
    left = [{part: items for part, items in each.items() if part != "matchFields"} for each in terms]
    left = [each for each in left if each]
    rest = {part: items for part, items in node.items() if not part.startswith("required")}
    if left:
        rest["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": left}
    others = {part: items for part, items in affinity.items() if part != "nodeAffinity"}
    value["affinity"] = {**others, **({"nodeAffinity": rest} if rest else {})}
    if not value["affinity"]:
        del value["affinity"]


def _comparable(value: Values) -> Values:
    found = {part: each for part, each in value.items() if part != "tolerations"}
    for field in ("containers", "initContainers"):
        found[field] = [
            {**each, "env": [_anonymous(entry) for entry in _dicts(each.get("env"))]}
            for each in _dicts(value.get(field))
        ]
    return found


def _anonymous(entry: Values) -> Values:
    name = entry.get("name")
    return {"name": name} if isinstance(name, str) and injected(name) else entry


def _filter(value: Values, field: str, keep: Any) -> None:
    """Keep some entries of a list; the field goes with the last of them, as an empty list says nothing."""
    if isinstance(value.get(field), list):
        value[field] = [each for each in value[field] if not isinstance(each, dict) or keep(each)]
        if not value[field]:
            del value[field]


def _dicts(value: Json) -> list[Values]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
