"""Which rights skewguard asks a cluster for, what each is for, and what stays unknown without it: one table.

The manifests of `deploy/rbac`, the page `docs/access.md` and `verify --check-access` are made from it, and tests hold it
against what is really asked for. Roles build on each other: a role has its own rows and those of the roles it includes.

Secrets are in no role that reads. Kubernetes cannot grant the names of Secrets without their contents: `list` and `get`
give both, whatever form of the answer is asked for (API concepts, "metadata-only fetches"; RBAC good practices). Their
names are read where pods refer to them. Names of objects cannot be restricted for `create` either, because they are not
known when a request is authorized (RBAC, "referring to resources").
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

Role = Literal["reader", "prober", "exec", "operator"]

ROLES: Mapping[Role, str] = {
    "reader": "what runs, from the API alone: no logs, no engine, no commands in containers, no Secrets",
    "prober": "reader, and what engines say of themselves: their endpoints and logs",
    "exec": "prober, and commands inside containers: GPUs as the driver sees them, revisions of model caches",
    "operator": "prober, and changing workloads: for mitigations, which this version does not have yet",
}
"""Every role, in the order in which they are given, with what it may."""

INCLUDES: Mapping[Role, Role | None] = {"reader": None, "prober": "reader", "exec": "prober", "operator": "prober"}
"""The role whose rows a role has besides its own."""

READ = ("get", "list", "watch")


class Right(Struct, frozen=True):
    """Verbs on one resource of one API group (`""` is the core group; `pods/log` is a subresource).

    `kind` is that of the objects; a cluster that does not serve it needs no right to it. `for_` says what it is used
    for, `without` what stays unknown. `cluster`: the objects belong to no namespace, so that a ClusterRole is needed.
    """

    role: Role
    verbs: tuple[str, ...]
    group: str
    resource: str
    kind: str
    for_: str
    without: str
    cluster: bool = False

    @property
    def title(self) -> str:
        """The resource as kubectl writes it: `deployments.apps`, `pods/log`."""
        plural, slash, sub = self.resource.partition("/")
        return f"{plural}.{self.group}{slash}{sub}" if self.group else self.resource


def of(role: Role) -> tuple[Right, ...]:
    """Every row of a role, those of the roles it includes first."""
    below = INCLUDES[role]
    return (*(of(below) if below else ()), *(row for row in ROWS if row.role == role))


def row_of(group: str, resource: str, verb: str) -> Right | None:
    """The row that grants a verb on a resource; None where no role does."""
    return next((row for row in ROWS if (row.group, row.resource) == (group, resource) and verb in row.verbs), None)


def _reads(group: str, kinds: Mapping[str, str], for_: str, without: str, *, cluster: bool = False) -> Iterable[Right]:
    """Rows of the reader for several resources of one group: kind by resource."""
    return (Right("reader", READ, group, plural, kind, for_, without, cluster) for plural, kind in kinds.items())


def _platform(group: str, kinds: Mapping[str, str], *, cluster: bool = False) -> Iterable[Right]:
    """Rows for kinds of a platform that make the pods, where it is installed."""
    return _reads(
        group,
        kinds,
        "workloads of a platform: what was written, above the pods that its controller makes",
        "what was written; their pods are still read",
        cluster=cluster,
    )


def _route(group: str, kinds: Mapping[str, str], *, cluster: bool = False) -> Iterable[Right]:
    """Rows for kinds that stand between clients and engines."""
    return _reads(
        group,
        kinds,
        "timeouts, retries and body sizes on the way of a request",
        "promises about serving",
        cluster=cluster,
    )


_READER = (
    *_reads(
        "",
        {"pods": "Pod"},
        "every replica: its arguments as admitted, image digest, node, state",
        "everything that runs",
    ),
    *_reads(
        "",
        {"nodes": "Node"},
        "GPU class, memory, driver and partition of the machine below each replica",
        "promises about hardware, and every default that an engine takes from its GPU",
        cluster=True,
    ),
    *_reads(
        "",
        {"configmaps": "ConfigMap"},
        "variables and files that containers take from them, when they changed, and contracts kept in them",
        "settings that come from them, changes after a pod's start, and contracts kept in the cluster",
    ),
    *_reads(
        "",
        {"services": "Service"},
        "which pods stand behind a name, and its port",
        "which routes lead to a workload",
    ),
    *_reads(
        "",
        {"replicationcontrollers": "ReplicationController"},
        "workloads of the oldest kind",
        "those workloads; their pods are still read",
    ),
    *_reads(
        "apps",
        {
            "deployments": "Deployment",
            "statefulsets": "StatefulSet",
            "daemonsets": "DaemonSet",
        },
        "what was written: template, replicas, rollout",
        "what was written, and how many replicas are wanted; pods are still read",
    ),
    *_reads(
        "apps",
        {"replicasets": "ReplicaSet", "controllerrevisions": "ControllerRevision"},
        "revisions of a workload, and which pod is of which",
        "which revision a replica is of, and rollouts that are not finished",
    ),
    *_reads(
        "batch",
        {"jobs": "Job", "cronjobs": "CronJob"},
        "engines that run as jobs",
        "what was written for them; their pods are still read",
    ),
    *_reads(
        "autoscaling",
        {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
        "the signal and the bounds of autoscaling",
        "promises about autoscaling",
    ),
    *_reads("keda.sh", {"scaledobjects": "ScaledObject"}, "autoscaling by KEDA", "promises about autoscaling"),
    *_reads(
        "autoscaling.k8s.io",
        {"verticalpodautoscalers": "VerticalPodAutoscaler"},
        "what rewrites the resources of pods",
        "whether resources are those that were written",
    ),
    *_reads(
        "autoscaling.aibrix.ai",
        {"podautoscalers": "PodAutoscaler"},
        "autoscaling by AIBrix",
        "promises about autoscaling",
    ),
    *_route("networking.k8s.io", {"ingresses": "Ingress"}),
    *_route("gateway.networking.k8s.io", {"httproutes": "HTTPRoute", "grpcroutes": "GRPCRoute", "gateways": "Gateway"}),
    *_route("gateway.envoyproxy.io", {"backendtrafficpolicies": "BackendTrafficPolicy"}),
    *_route("gateway.envoyproxy.io", {"clienttrafficpolicies": "ClientTrafficPolicy"}),
    *_route("inference.networking.k8s.io", {"inferencepools": "InferencePool"}),
    *_route("inference.networking.x-k8s.io", {"inferencepools": "InferencePool"}),
    *_route("networking.istio.io", {"virtualservices": "VirtualService", "destinationrules": "DestinationRule"}),
    *_route("projectcontour.io", {"httpproxies": "HTTPProxy"}),
    *_route("traefik.io", {"ingressroutes": "IngressRoute", "middlewares": "Middleware"}),
    *_route("traefik.containo.us", {"ingressroutes": "IngressRoute", "middlewares": "Middleware"}),
    *_route("route.openshift.io", {"routes": "Route"}),
    *_route("networking.gke.io", {"gcpbackendpolicies": "GCPBackendPolicy"}),
    *_reads(
        "resource.k8s.io",
        {"resourceclaims": "ResourceClaim"},
        "which devices a pod was given by dynamic resource allocation",
        "the GPU of pods that claim it that way",
    ),
    *_reads(
        "resource.k8s.io",
        {"resourceslices": "ResourceSlice"},
        "what those devices are",
        "the class and driver of claimed GPUs",
        cluster=True,
    ),
    *_reads(
        "skewguard.dev",
        {"servingcontracts": "ServingContract"},
        "contracts kept in the cluster as custom resources",
        "those contracts: what they bind looks as if nothing were promised",
    ),
    *_platform("argoproj.io", {"rollouts": "Rollout"}),
    *_platform("leaderworkerset.x-k8s.io", {"leaderworkersets": "LeaderWorkerSet"}),
    *_platform("disaggregatedset.x-k8s.io", {"disaggregatedsets": "DisaggregatedSet"}),
    *_platform("jobset.x-k8s.io", {"jobsets": "JobSet"}),
    *_platform(
        "serving.kserve.io",
        {
            "inferenceservices": "InferenceService",
            "servingruntimes": "ServingRuntime",
            "llminferenceservices": "LLMInferenceService",
            "llminferenceserviceconfigs": "LLMInferenceServiceConfig",
        },
    ),
    *_platform("serving.kserve.io", {"clusterservingruntimes": "ClusterServingRuntime"}, cluster=True),
    *_reads(
        "serving.knative.dev",
        {"services": "Service", "configurations": "Configuration", "revisions": "Revision"},
        "what stands above the pods that Knative runs",
        "who owns them; the pods are still read",
    ),
    *_platform("ray.io", {"rayclusters": "RayCluster", "rayservices": "RayService", "rayjobs": "RayJob"}),
    *_platform(
        "orchestration.aibrix.ai",
        {
            "stormservices": "StormService",
            "rolesets": "RoleSet",
            "podsets": "PodSet",
            "rayclusterfleets": "RayClusterFleet",
            "rayclusterreplicasets": "RayClusterReplicaSet",
        },
    ),
    *_platform("workloads.x-k8s.io", {"rolebasedgroups": "RoleBasedGroup", "rolebasedgroupsets": "RoleBasedGroupSet"}),
    *_platform(
        "nvidia.com",
        {
            "dynamographdeployments": "DynamoGraphDeployment",
            "dynamocomponentdeployments": "DynamoComponentDeployment",
        },
    ),
    *_platform("apps.nvidia.com", {"nimservices": "NIMService", "nimpipelines": "NIMPipeline"}),
    *_platform("llm-d.ai", {"modelservices": "ModelService"}),
    *_platform(
        "kaito.sh",
        {"workspaces": "Workspace", "inferencesets": "InferenceSet", "multiroleinferences": "MultiRoleInference"},
    ),
    *_platform("production-stack.vllm.ai", {"vllmruntimes": "VLLMRuntime"}),
    *_platform("kubeai.org", {"models": "Model"}),
)

_OTHERS = (
    Right(
        "prober", ("create", "get"), "", "pods/portforward", "Pod",
        "asking an engine with its API key: version, models, what is in effect",
        "what engines with an API key say of themselves",
    ),
    Right(
        "prober", ("get",), "", "pods/proxy", "Pod",
        "asking an engine without API key, where port-forwarding is not allowed",
        "what engines say of themselves, where port-forwarding is not allowed either",
    ),
    Right(
        "prober", ("get",), "", "pods/log", "Pod",
        "the configuration that an engine writes into the head of its log",
        "what an engine decided at its start, where no endpoint tells",
    ),
    Right(
        "exec", ("create", "get"), "", "pods/exec", "Pod",
        "`--exec` alone: GPUs as the driver names them, revision of the model cache",
        "the revision that was really loaded, and the GPU where no label names it",
    ),
    *(
        Right(
            "operator", ("patch",), group, plural, kind,
            "mitigations: another template, or one field of it",
            "nothing is unknown: no mitigation can be applied to them",
        )
        for group, plural, kind in (
            ("apps", "deployments", "Deployment"),
            ("apps", "statefulsets", "StatefulSet"),
            ("apps", "daemonsets", "DaemonSet"),
            ("argoproj.io", "rollouts", "Rollout"),
            ("leaderworkerset.x-k8s.io", "leaderworkersets", "LeaderWorkerSet"),
            ("serving.kserve.io", "inferenceservices", "InferenceService"),
            ("serving.kserve.io", "llminferenceservices", "LLMInferenceService"),
            ("ray.io", "rayservices", "RayService"),
        )
    ),
    Right(
        "operator", ("create",), "", "secrets", "Secret",
        "the journal of a change, `skewguard-action-ID`: written before the change, so that anybody can undo it",
        "nothing is unknown: no change can be written down before it is made",
    ),
    Right(
        "operator", ("create", "patch"), "events.k8s.io", "events", "Event",
        "saying at the workload what was changed, and why",
        "nothing is unknown: changes are not seen in `kubectl events`",
    ),
)  # fmt: skip

ROWS: tuple[Right, ...] = (*_READER, *_OTHERS)
"""Every right, the reader's first."""
