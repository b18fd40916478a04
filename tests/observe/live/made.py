"""Objects as API servers give them: defaults filled in, owners, statuses, and everything that nobody reads."""

from typing import Any

Values = dict[str, Any]

DIGEST, OTHER, CONFIG = (f"sha256:{letter * 64}" for letter in "abc")
IMAGE = "vllm/vllm-openai:v0.11.0"
STARTED = "2026-11-20T08:00:30Z"
BEFORE, AFTER = "2026-11-19T08:00:00Z", "2026-11-21T08:00:00Z"


def meta(name: str, owner: Values | None = None, **more: Any) -> Values:
    """Metadata with a uid made of the name, and the owner's reference."""
    found = {"name": name, "namespace": "prod", "uid": f"uid-{name}", "creationTimestamp": BEFORE, **more}
    if owner is not None:
        found["ownerReferences"] = [reference(owner)]
    return found


def reference(owner: Values) -> Values:
    """The reference to a controller."""
    own = owner["metadata"]
    return {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": own["name"], "uid": own["uid"], "controller": True}  # fmt: skip


def container(*args: str, name: str = "vllm", **more: Any) -> Values:
    """A container as the server completes it."""
    return {
        "name": name,
        "image": IMAGE,
        "args": list(args) or ["--model", "m"],
        "resources": {"limits": {"nvidia.com/gpu": "1"}, "requests": {"nvidia.com/gpu": "1"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
        **more,
    }


def spec(*containers: Values, **more: Any) -> Values:
    """A pod's spec as the server completes it."""
    return {
        "containers": list(containers) or [container()],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        **more,
    }


def admitted(value: Values, node: str = "gpu-1") -> Values:
    """A pod's spec after admission and scheduling: token, tolerations, node."""
    token = {"name": "kube-api-access-x7f2k", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}  # fmt: skip
    containers = [{**each, "volumeMounts": [*each.get("volumeMounts", []), token]} for each in value["containers"]]
    return {
        **value,
        "containers": containers,
        "volumes": [
            *value.get("volumes", []),
            {"name": token["name"], "projected": {"defaultMode": 420, "sources": []}},
        ],
        "nodeName": node,
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "tolerations": [
            {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for key in ("not-ready", "unreachable")
        ],
    }


def deployment(name: str = "chat", pod: Values | None = None, **more: Any) -> Values:
    """A Deployment at its second revision."""
    annotations = {"deployment.kubernetes.io/revision": "2"}
    own = {"annotations": annotations, "managedFields": [{"manager": "kubectl", "operation": "Update"}], **more}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name, **own),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"type": "RollingUpdate"},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod or spec()},
        },
        "status": {"replicas": 2, "readyReplicas": 2},
    }


def replica_set(owner: Values, revision: int = 2, replicas: int = 2) -> Values:
    """A ReplicaSet of a Deployment; its hash is `hash<revision>`."""
    name, hash_ = owner["metadata"]["name"], f"hash{revision}"
    template = owner["spec"]["template"]
    labels = {**template["metadata"]["labels"], "pod-template-hash": hash_}
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": meta(f"{name}-{hash_}", owner, labels=labels, annotations=annotations),
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": labels}, "spec": template["spec"]}},
        "status": {"replicas": replicas, "readyReplicas": replicas},
    }


def pod(
    owner: Values | None,
    name: str,
    value: Values | None = None,
    *,
    labels: dict[str, str] | None = None,
    image_id: str = f"docker.io/vllm/vllm-openai@{DIGEST}",
    node: str = "gpu-1",
    started: str = STARTED,
    phase: str = "Running",
    **more: Any,
) -> Values:
    """A ready pod. Without labels it has those of its owner's template."""
    template = (owner or {}).get("spec", {}).get("template", {})
    own = labels if labels is not None else template.get("metadata", {}).get("labels", {})
    body = admitted(value or template.get("spec") or spec(), node)
    statuses = [
        {"name": each["name"], "image": each["image"], "imageID": image_id, "ready": True, "restartCount": 0,
         "state": {"running": {"startedAt": started}}}
        for each in body["containers"]
    ]  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, owner, labels=own, **more),
        "spec": body,
        "status": {
            "phase": phase,
            "podIP": "10.0.0.7",
            "startTime": BEFORE,
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": statuses,
        },
    }


def node(name: str = "gpu-1", labels: dict[str, str] | None = None, capacity: dict[str, str] | None = None) -> Values:
    """A node with a labelled H100."""
    product = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", "nvidia.com/gpu.memory": "81559", "nvidia.com/gpu.count": "8"}  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": product if labels is None else labels},
        "status": {
            "capacity": capacity if capacity is not None else {"cpu": "64", "nvidia.com/gpu": "8"},
            "nodeInfo": {"containerRuntimeVersion": "containerd://2.1.4"},
        },
    }


def config(
    name: str, data: dict[str, str], *, changed: str | None = BEFORE, created: str = BEFORE, **more: Any
) -> Values:
    """A ConfigMap with the record of its last change."""
    entry: Values = {"manager": "kubectl", "operation": "Update", "time": changed, "fieldsV1": {"f:data": {}}}
    fields = [entry] if changed else None
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": "prod",
            "uid": f"uid-{name}",
            "creationTimestamp": created,
            "managedFields": fields,
        },
        "data": data,
        **more,
    }


def chat(pods: int = 2, value: Values | None = None, **more: Any) -> list[Values]:
    """A Deployment with its ReplicaSet, its pods and their node."""
    own = deployment("chat", value, **more)
    replicas = replica_set(own)
    return [own, replicas, *(pod(replicas, f"chat-hash2-{number}") for number in range(pods)), node()]
