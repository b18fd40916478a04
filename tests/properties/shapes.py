"""Strategies: manifests that look like those people write, with anything in any place."""

from typing import Any

from hypothesis import strategies as st

from skewguard.knowledge import engines

VERSIONS = ["0.4.2", "0.6.3", "0.8.5", "0.11.0", "0.14.1", "0.33.0"]
_MODULE = engines.ENGINES["vllm"]
FLAGS = sorted({spelling for version in VERSIONS for flag in _MODULE.flags(version) for spelling in flag.spellings})
VARIABLES = sorted({name for version in VERSIONS for name in _MODULE.variables(version)})

_JUNK_TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "$(A)", "$$", "$(", "${A}", "$A", "{{ .Values.a }}", "null", "true", "32k", "1e400", "-1", "0", "nan", "inf",
         "{}", "[]", '{"a": 1}', '{"a":', "a: [b", "/models/m", "Qwen/Qwen3-8B", "main", "v0.11.0", "--", "-", "=", "a=b",
         "10Gi", "100m", "1.5", "9" * 40, "\u202e", "\x1b[31m", "a\nb", "é", "\U0001f600"]
    ),
    st.text(max_size=8),
)  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), _JUNK_TEXTS)
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_JUNK_TEXTS, inner, max_size=3), max_leaves=6
)


def odd(plausible: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what belongs there, sometimes anything."""
    return st.one_of(plausible, plausible, plausible, plausible, JUNK)


def mapping(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A mapping of optional fields, each of which may hold the wrong thing."""
    return odd(st.fixed_dictionaries({}, optional={name.strip("_"): odd(field) for name, field in fields.items()}))


def listed(item: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[Any]:
    """A list of what belongs there, with odd entries."""
    return odd(st.lists(odd(item), max_size=most))


WORDS = st.one_of(
    st.sampled_from(FLAGS),
    st.sampled_from(FLAGS).flatmap(lambda flag: _JUNK_TEXTS.map(lambda text: f"{flag}={text}")),
    st.sampled_from(FLAGS).map(lambda flag: flag[: max(len(flag) - 2, 3)].replace("-", "_")),
    st.sampled_from(["serve", "vllm", "python3", "-m", "vllm.entrypoints.openai.api_server", "-c", "sh", "--no-x", "-O3",
                     "--hf-overrides.a.b=1", "-tp=2", "--config", "/config/c.yaml", "--max-model-len 32k"]),
    _JUNK_TEXTS,
)  # fmt: skip
ARGUMENTS = st.lists(WORDS, max_size=10)

_NAMES = st.sampled_from(["chat", "a", "b", "vllm", "cm", "sec", "http"])
_NUMBERS = st.one_of(st.integers(-2, 100000), st.sampled_from(["8", "0", "50%", "1Gi", "8000"]))
_SOURCE = mapping(
    configMapKeyRef=mapping(name=_NAMES, key=_NAMES, optional=st.booleans()),
    secretKeyRef=mapping(name=_NAMES, key=_NAMES),
    fieldRef=mapping(fieldPath=st.just("metadata.name")),
    resourceFieldRef=mapping(resource=st.just("limits.cpu")),
)
_ENV = mapping(
    name=st.one_of(st.sampled_from(VARIABLES), st.sampled_from(["A", "B", "HF_HOME", "PATH", "MAX_MODEL_LEN"])),
    value=_JUNK_TEXTS,
    valueFrom=_SOURCE,
)
_PROBE = mapping(
    httpGet=mapping(path=st.sampled_from(["/health", "/", "/v1/models"]), port=_NUMBERS | _NAMES),
    exec_=mapping(command=listed(_JUNK_TEXTS)),
    initialDelaySeconds=_NUMBERS,
    periodSeconds=_NUMBERS,
    failureThreshold=_NUMBERS,
    timeoutSeconds=_NUMBERS,
)
_AMOUNTS = odd(
    st.dictionaries(
        st.sampled_from(["nvidia.com/gpu", "cpu", "memory", "nvidia.com/mig-1g.10gb", "amd.com/gpu"]),
        odd(_NUMBERS),
        max_size=3,
    )
)
CONTAINER = mapping(
    name=_NAMES,
    image=st.sampled_from([f"vllm/vllm-openai:v{version}" for version in VERSIONS])
    | st.sampled_from(
        [
            "vllm/vllm-openai",
            "vllm/vllm-openai:latest",
            "lmsysorg/sglang:v0.5",
            "nginx",
            "r:5000/a/vllm@sha256:" + "a" * 64,
        ]
    ),
    command=listed(WORDS, 4) | st.tuples(st.just("sh"), st.just("-c"), _JUNK_TEXTS).map(list),
    args=odd(ARGUMENTS),
    env=listed(_ENV, 4),
    envFrom=listed(mapping(prefix=_NAMES, configMapRef=mapping(name=_NAMES), secretRef=mapping(name=_NAMES))),
    ports=listed(mapping(name=_NAMES, containerPort=_NUMBERS)),
    resources=mapping(limits=_AMOUNTS, requests=_AMOUNTS),
    livenessProbe=_PROBE,
    readinessProbe=_PROBE,
    startupProbe=_PROBE,
    volumeMounts=listed(
        mapping(name=_NAMES, mountPath=st.sampled_from(["/config", "/dev/shm", "/models"]), subPath=_NAMES)  # noqa: S108
    ),
)
_POD = mapping(
    containers=listed(CONTAINER),
    initContainers=listed(CONTAINER, 1),
    volumes=listed(
        mapping(
            name=_NAMES,
            configMap=mapping(name=_NAMES, items=listed(mapping(key=_NAMES, path=_NAMES))),
            emptyDir=mapping(medium=st.just("Memory")),
        )
    ),
    nodeSelector=odd(
        st.dictionaries(st.just("nvidia.com/gpu.product"), st.sampled_from(["H100", "NVIDIA-A100-SXM4-80GB"]))
    ),
    tolerations=listed(mapping(key=_NAMES, operator=st.just("Exists"))),
    affinity=mapping(nodeAffinity=mapping(requiredDuringSchedulingIgnoredDuringExecution=JUNK)),
)
_LABELS = odd(st.dictionaries(_NAMES, odd(_NAMES), max_size=2))
_METADATA = mapping(
    name=_NAMES,
    namespace=_NAMES,
    labels=_LABELS,
    annotations=odd(
        st.dictionaries(
            st.sampled_from(["skewguard.dev/engine", "skewguard.dev/ignore.pin.image-tag", "skewguard.dev/ignore.x"]),
            odd(st.sampled_from(["vllm==0.11.0", "none", "because"])),
            max_size=2,
        )
    ),
)


def _object(kind: str, version: str, spec: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"apiVersion": st.just(version), "kind": st.just(kind)}, optional={"metadata": _METADATA, "spec": odd(spec)}
    )


_WORKLOAD = mapping(
    replicas=_NUMBERS, selector=mapping(matchLabels=_LABELS), template=mapping(metadata=_METADATA, spec=_POD)
)
OBJECTS = st.one_of(
    _object("Deployment", "apps/v1", _WORKLOAD),
    _object("StatefulSet", "apps/v1", _WORKLOAD),
    _object("Pod", "v1", _POD),
    _object("CronJob", "batch/v1", mapping(jobTemplate=mapping(spec=_WORKLOAD))),
    _object("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1", mapping(replicas=_NUMBERS, leaderWorkerTemplate=mapping(
        size=_NUMBERS, leaderTemplate=mapping(spec=_POD), workerTemplate=mapping(spec=_POD)))),
    _object("InferenceService", "serving.kserve.io/v1beta1", mapping(predictor=mapping(
        model=CONTAINER, containers=listed(CONTAINER), workerSpec=_POD, minReplicas=_NUMBERS))),
    _object("LLMInferenceService", "serving.kserve.io/v1alpha1", mapping(
        model=mapping(uri=st.just("hf://m/x"), name=_NAMES), template=_POD, prefill=mapping(template=_POD), replicas=_NUMBERS)),
    _object("RayService", "ray.io/v1", mapping(rayClusterConfig=mapping(headGroupSpec=mapping(template=mapping(spec=_POD)),
        workerGroupSpecs=listed(mapping(template=mapping(spec=_POD), replicas=_NUMBERS))), serveConfigV2=_JUNK_TEXTS)),
    _object("Service", "v1", mapping(selector=_LABELS, ports=listed(mapping(port=_NUMBERS, targetPort=_NUMBERS | _NAMES)))),
    _object("HorizontalPodAutoscaler", "autoscaling/v2", mapping(scaleTargetRef=mapping(kind=st.just("Deployment"), name=_NAMES),
        minReplicas=_NUMBERS, maxReplicas=_NUMBERS, metrics=listed(mapping(type=st.just("Resource"), resource=mapping(name=st.just("cpu")))))),
    _object("Ingress", "networking.k8s.io/v1", mapping(rules=listed(mapping(http=mapping(paths=listed(mapping(
        path=st.just("/"), backend=mapping(service=mapping(name=_NAMES, port=mapping(number=_NUMBERS)))))))))),
    st.fixed_dictionaries({"apiVersion": st.just("v1"), "kind": st.sampled_from(["ConfigMap", "Secret"]), "metadata": _METADATA,
        "data": odd(st.dictionaries(_NAMES, odd(_JUNK_TEXTS), max_size=3))}),
)  # fmt: skip
INPUTS = st.lists(OBJECTS, min_size=1, max_size=4)
"""A `List` of some of them; neighbours refer to each other by few names, so that references often meet."""


def as_list(objects: list[Any]) -> dict[str, Any]:
    """One document that holds all objects."""
    return {"apiVersion": "v1", "kind": "List", "items": objects}


def deployment(**container: Any) -> dict[str, Any]:
    """A sound Deployment around one container."""
    whole = {"name": "vllm", "image": "vllm/vllm-openai:v0.11.0", **container}
    spec = {"containers": [whole]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "chat", "namespace": "prod"},
        "spec": {"template": {"metadata": {"labels": {"app": "chat"}}, "spec": spec}},
    }
