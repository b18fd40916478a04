"""The kinds that the in-process API server serves: those that skewguard reads, built in and defined by others."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One served kind."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def title(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


BUILT_IN = (
    Kind("", "v1", "pods", "Pod", True, ("po",)),
    Kind("", "v1", "nodes", "Node", False, ("no",)),
    Kind("", "v1", "namespaces", "Namespace", False, ("ns",)),
    Kind("", "v1", "services", "Service", True, ("svc",)),
    Kind("", "v1", "configmaps", "ConfigMap", True, ("cm",)),
    Kind("", "v1", "secrets", "Secret"),
    Kind("", "v1", "serviceaccounts", "ServiceAccount", True, ("sa",)),
    Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ("pvc",)),
    Kind("apps", "v1", "deployments", "Deployment", True, ("deploy",)),
    Kind("apps", "v1", "statefulsets", "StatefulSet", True, ("sts",)),
    Kind("apps", "v1", "daemonsets", "DaemonSet", True, ("ds",)),
    Kind("apps", "v1", "replicasets", "ReplicaSet", True, ("rs",)),
    Kind("apps", "v1", "controllerrevisions", "ControllerRevision"),
    Kind("batch", "v1", "jobs", "Job"),
    Kind("batch", "v1", "cronjobs", "CronJob", True, ("cj",)),
    Kind("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ("hpa",)),
    Kind("autoscaling", "v1", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ("hpa",)),
    Kind("networking.k8s.io", "v1", "ingresses", "Ingress", True, ("ing",)),
    Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ("pdb",)),
    Kind("events.k8s.io", "v1", "events", "Event", True, ("ev",)),
    Kind("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim"),
    Kind("resource.k8s.io", "v1", "resourceslices", "ResourceSlice", False),
)

DEFINED = (
    Kind("leaderworkerset.x-k8s.io", "v1", "leaderworkersets", "LeaderWorkerSet", True, ("lws",)),
    Kind("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService", True, ("isvc",)),
    Kind("serving.kserve.io", "v1alpha1", "llminferenceservices", "LLMInferenceService"),
    Kind("ray.io", "v1", "rayclusters", "RayCluster"),
    Kind("ray.io", "v1", "rayservices", "RayService"),
    Kind("argoproj.io", "v1alpha1", "rollouts", "Rollout", True, ("ro",)),
    Kind("argoproj.io", "v1alpha1", "applications", "Application", True, ("app",)),
    Kind("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject", True, ("so",)),
    Kind("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute"),
    Kind("kustomize.toolkit.fluxcd.io", "v1", "kustomizations", "Kustomization", True, ("ks",)),
    Kind("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease", True, ("hr",)),
    Kind("skewguard.dev", "v1alpha1", "servingcontracts", "ServingContract"),
)
"""Kinds of custom resources; `without` leaves some out."""


def singular(kind: Kind) -> str:
    return kind.kind.lower()


def group_documents(kinds: tuple[Kind, ...], root: str) -> list[dict[str, object]]:
    """The items of the aggregated discovery document under `/api` or `/apis`."""
    groups: dict[str, dict[str, list[Kind]]] = {}
    for kind in kinds:
        if bool(kind.group) == (root == "/apis"):
            groups.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
    return [
        {
            "metadata": {"name": group, "creationTimestamp": None},
            "versions": [
                {"version": version, "freshness": "Current", "resources": [aggregated(kind) for kind in members]}
                for version, members in versions.items()
            ],
        }
        for group, versions in groups.items()
    ]


def aggregated(kind: Kind) -> dict[str, object]:
    return {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": singular(kind),
        "shortNames": list(kind.short),
        "verbs": list(VERBS),
    }


def plain(kinds: tuple[Kind, ...], group: str, version: str) -> dict[str, object] | None:
    """The document of one group version; None where there is none. Subresources are listed, as a real server does."""
    members = [kind for kind in kinds if (kind.group, kind.version) == (group, version)]
    if not members:
        return None
    listed: list[dict[str, object]] = []
    for kind in members:
        row = {"name": kind.plural, "singularName": singular(kind), "namespaced": kind.namespaced, "kind": kind.kind}
        listed.append({**row, "verbs": list(VERBS), "shortNames": list(kind.short)})
        listed.append({**row, "name": f"{kind.plural}/status", "verbs": ["get", "patch", "update"]})
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": listed,
    }


VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
