"""Which kinds make pods, and who reads their templates. Readers of platforms are imported when one is met.

Sources: Kubernetes API types; `*_types.go` of Argo Rollouts, LeaderWorkerSet, KubeRay, KServe, NIM operator, KAITO,
Dynamo, AIBrix, production-stack, rbg. A kind counts together with its API group: others use the same names.
"""

from collections.abc import Callable, Mapping

from skewguard.language.workloads import Missing
from skewguard.observe.sources.objects import Object, called, supply
from skewguard.observe.sources.pieces import Piece, Reading, claimed, piece

Reader = Callable[[Reading], list[Piece]]


def pieces(reading: Reading) -> list[Piece]:
    """The pod templates of one object; none for kinds that make no pods."""
    own = reading.object
    if own.kind in _NO_PODS:
        return _template(reading) if (own.group, own.kind) == ("serving.knative.dev", "Service") else []
    found = _READERS.get(own.kind)
    if found is not None and (not found[0] or own.group.endswith(found[0])):
        return found[1](reading)
    from skewguard.observe.sources import searching

    return searching.templates(reading, generic=True)


def _pod(reading: Reading) -> list[Piece]:
    return [piece(reading.object.root)] if reading.spec else []


def _template(reading: Reading) -> list[Piece]:
    template = reading.spec.get("template")
    if not template.get("spec"):
        return []
    replicas = reading.spec.get("replicas")
    return [piece(template, replicas=replicas, claimed=claimed(reading.spec))]


def _cron_job(reading: Reading) -> list[Piece]:
    template = reading.spec.get("jobTemplate", "spec", "template")
    return [piece(template)] if template.get("spec") else []


def _rollout(reading: Reading) -> list[Piece]:
    """An Argo Rollout: a template of its own, or another object's (`workloadRef`)."""
    ref = reading.spec.get("workloadRef")
    if not ref:
        return _template(reading)
    kind, name = ref.get("kind").text() or "Deployment", ref.get("name").text() or ""
    namespace = reading.object.namespace
    other = reading.objects.find(kind, name, namespace)
    if other is None:
        title = called(kind, name, namespace)
        reading.ledger.miss(
            Missing(
                title, "the pod template of the Rollout", supply(kind, name, namespace), ref.origin, reading.subject
            )
        )
        return []
    template = other.root.get("spec", "template")
    notes = (f"its pods are those of {called(kind, name, namespace)} (workloadRef)",)
    return [piece(template, replicas=reading.spec.get("replicas"), notes=notes)] if template.get("spec") else []


def taken_over(objects: list[Object]) -> set[tuple[str, str, str | None]]:
    """(kind, name, namespace) of objects whose template a Rollout of the input runs: they are read there."""
    found = set()
    for each in objects:
        if each.kind == "Rollout" and each.group == "argoproj.io":
            ref = each.root.get("spec", "workloadRef")
            if ref:
                found.add((ref.get("kind").text() or "Deployment", ref.get("name").text() or "", each.namespace))
    return found


def _searched(reading: Reading) -> list[Piece]:
    from skewguard.observe.sources import searching

    return searching.templates(reading, generic=False)


def _aibrix(reading: Reading) -> list[Piece]:
    """A role's `podGroupSize` pods act as one server; unset, each by itself (AIBrix roleset_types, podset_types)."""
    from skewguard.observe.sources import searching

    return searching.templates(reading, generic=False, sized=True)


def _group(reading: Reading) -> list[Piece]:
    from skewguard.observe.sources import groups

    return groups.READERS[reading.object.kind](reading)


def _ray(reading: Reading) -> list[Piece]:
    from skewguard.observe.sources import ray

    return ray.READERS[reading.object.kind](reading)


def _role_based(reading: Reading) -> list[Piece]:
    from skewguard.observe.sources import rolebased

    return rolebased.READERS[reading.object.kind](reading)


def _kserve(reading: Reading) -> list[Piece]:
    if reading.object.kind.startswith("LLM"):
        from skewguard.observe.sources import llmisvc

        return llmisvc.READERS[reading.object.kind](reading)
    from skewguard.observe.sources import kserve

    return kserve.READERS[reading.object.kind](reading)


def _dynamo(reading: Reading) -> list[Piece]:
    from skewguard.observe.sources import dynamo

    return dynamo.READERS[reading.object.kind](reading)


def _kaito(reading: Reading) -> list[Piece]:
    from skewguard.observe.sources import kaito

    return kaito.READERS[reading.object.kind](reading)


def _platform(reading: Reading) -> list[Piece]:
    from skewguard.observe.sources import platforms

    return platforms.READERS[reading.object.kind](reading)


# Kind → (end of its API group, "" for any, reader).
_READERS: Mapping[str, tuple[str, Reader]] = {
    "Pod": ("", _pod),
    "PodTemplate": ("", lambda reading: [piece(reading.object.root.get("template"))]),
    "Deployment": ("", _template),
    "StatefulSet": ("", _template),
    "DaemonSet": ("", _template),
    "ReplicaSet": ("", _template),
    "ReplicationController": ("", _template),
    "Job": ("batch", _template),
    "CronJob": ("batch", _cron_job),
    "Rollout": ("argoproj.io", _rollout),
    "LeaderWorkerSet": ("leaderworkerset.x-k8s.io", _group),
    "DisaggregatedSet": ("x-k8s.io", _group),
    "RayCluster": ("ray.io", _ray),
    "RayService": ("ray.io", _ray),
    "RayJob": ("ray.io", _ray),
    "RayClusterFleet": ("aibrix.ai", _ray),
    "RayClusterReplicaSet": ("aibrix.ai", _ray),
    "InferenceService": ("serving.kserve.io", _kserve),
    "ServingRuntime": ("serving.kserve.io", _kserve),
    "ClusterServingRuntime": ("serving.kserve.io", _kserve),
    "LLMInferenceService": ("serving.kserve.io", _kserve),
    "LLMInferenceServiceConfig": ("serving.kserve.io", _kserve),
    "RoleBasedGroup": ("workloads.x-k8s.io", _role_based),
    "RoleBasedGroupSet": ("workloads.x-k8s.io", _role_based),
    "JobSet": ("x-k8s.io", _searched),
    "StormService": ("aibrix.ai", _aibrix),
    "RoleSet": ("aibrix.ai", _aibrix),
    "PodSet": ("aibrix.ai", _aibrix),
    "DynamoGraphDeployment": ("nvidia.com", _dynamo),
    "DynamoComponentDeployment": ("nvidia.com", _dynamo),
    "NIMService": ("nvidia.com", _platform),
    "NIMPipeline": ("nvidia.com", _platform),
    "ModelService": ("llm-d.ai", _platform),
    "Workspace": ("kaito.sh", _kaito),
    "InferenceSet": ("kaito.sh", _kaito),
    "MultiRoleInference": ("kaito.sh", _kaito),
    "VLLMRuntime": ("vllm.ai", _platform),
    "Model": ("kubeai.org", _platform),
}

NAMES = tuple(_READERS)
"""Every kind whose pod templates are known by name."""


def is_known(kind: str, group: str) -> bool:
    """Whether the pod templates of a kind of this API group are known by name."""
    found = _READERS.get(kind)
    return found is not None and (not found[0] or group.endswith(found[0]))


_NO_PODS = frozenset(
    (
        "ConfigMap", "Secret", "Service", "ServiceAccount", "Namespace", "PersistentVolume", "PersistentVolumeClaim",
        "StorageClass", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Ingress", "IngressClass",
        "NetworkPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget", "ScaledObject", "TriggerAuthentication",
        "CustomResourceDefinition", "HTTPRoute", "GRPCRoute", "Gateway", "GatewayClass", "VirtualService",
        "DestinationRule", "ServiceMonitor", "PodMonitor", "PrometheusRule", "PriorityClass", "RuntimeClass",
        "LimitRange", "ResourceQuota", "Node", "Event", "Endpoints", "EndpointSlice", "Lease", "InferencePool",
        "InferenceModel", "InferenceObjective", "ResourceClaim", "ResourceClaimTemplate", "DeviceClass",
        "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "APIService", "ExternalSecret", "SealedSecret",
        "BackendConfig", "FrontendConfig", "RoleBasedGroupScalingAdapter", "VerticalPodAutoscaler", "BackendTrafficPolicy", "ClientTrafficPolicy", "HTTPProxy", "IngressRoute",
        "Middleware", "ServingContract",
    )
)  # fmt: skip
