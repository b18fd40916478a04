"""Strategies: manifests that look like those people write, with anything in any place."""

import json
from pathlib import Path
from typing import Any

import yaml
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


def mapping(
    must: dict[str, st.SearchStrategy[Any]] | None = None, **may: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with fields that are always written and fields that may be."""
    return st.fixed_dictionaries(must or {}, optional={name.strip("_"): field for name, field in may.items()})


def listed(item: st.SearchStrategy[Any], most: int = 3, least: int = 0) -> st.SearchStrategy[list[Any]]:
    """A list of what belongs there."""
    return st.lists(item, min_size=least, max_size=most)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """(collection, key) of every value in a tree."""
    found: list[tuple[Any, Any]] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            found.append((node, key))
            if isinstance(node[key], (dict, list)):
                waiting.append(node[key])
    return found


@st.composite
def damaged(draw: st.DrawFn, sound: st.SearchStrategy[Any], most: int = 4) -> Any:
    """Something sound in which a few values, anywhere, are replaced by anything, wrapped, written twice or gone."""
    tree = json.loads(json.dumps(draw(sound), default=str))  # hypothesis shares parts between examples
    for _ in range(draw(st.integers(0, most))):
        places = _places(tree)
        if not places:
            break
        node, key = places[draw(st.integers(0, len(places) - 1))]
        how = draw(st.sampled_from(["anything", "anything", "wrapped", "gone", "text"]))
        if how == "gone":
            del node[key]
        elif how == "wrapped":
            node[key] = [node[key]]
        else:
            node[key] = draw(JUNK) if how == "anything" else str(node[key])
    return tree


WORDS = st.one_of(
    st.sampled_from(["--model=m", "--max-model-len=4096", "--max-num-seqs=64", "--tensor-parallel-size=2", "--enforce-eager",
                     "--quantization=awq", "--dtype=bfloat16", "--trust-remote-code", "--port=8001", "--revision=main"]),
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
    {"name": st.one_of(st.sampled_from(VARIABLES), st.sampled_from(["A", "B", "HF_HOME", "PATH", "MAX_MODEL_LEN"]))},
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
_AMOUNTS = st.dictionaries(
    st.sampled_from(["nvidia.com/gpu", "cpu", "memory", "nvidia.com/mig-1g.10gb", "amd.com/gpu"]),
    _NUMBERS,
    max_size=3,
)
_IMAGES = st.sampled_from([f"vllm/vllm-openai:v{version}" for version in VERSIONS]) | st.sampled_from(
    ["vllm/vllm-openai", "vllm/vllm-openai:latest", "lmsysorg/sglang:v0.5", "nginx", "r:5000/a/vllm@sha256:" + "a" * 64]
)
CONTAINER = mapping(
    {"name": _NAMES, "image": _IMAGES},
    args=ARGUMENTS,
    env=listed(_ENV, 4),
    envFrom=listed(mapping(prefix=_NAMES, configMapRef=mapping(name=_NAMES), secretRef=mapping(name=_NAMES))),
    ports=listed(mapping(name=_NAMES, containerPort=_NUMBERS)),
    resources=mapping(limits=_AMOUNTS, requests=_AMOUNTS),
    livenessProbe=_PROBE,
    readinessProbe=_PROBE,
    startupProbe=_PROBE,
    volumeMounts=listed(
        mapping({"name": _NAMES, "mountPath": st.sampled_from(["/config", "/dev/shm", "/models"])}, subPath=_NAMES)  # noqa: S108
    ),
)
_POD = mapping(
    {"containers": listed(CONTAINER, least=1)},
    initContainers=listed(CONTAINER, 1),
    volumes=listed(
        mapping(
            {"name": _NAMES},
            configMap=mapping({"name": _NAMES}, items=listed(mapping(key=_NAMES, path=_NAMES))),
            emptyDir=mapping(medium=st.just("Memory")),
        )
    ),
    nodeSelector=st.dictionaries(st.just("nvidia.com/gpu.product"), st.sampled_from(["H100", "NVIDIA-A100-SXM4-80GB"])),
    tolerations=listed(mapping(key=_NAMES, operator=st.just("Exists"))),
    affinity=mapping(nodeAffinity=mapping(requiredDuringSchedulingIgnoredDuringExecution=JUNK)),
)
_LABELS = st.dictionaries(_NAMES, _NAMES, max_size=2)
_METADATA = mapping(
    {"name": _NAMES},
    namespace=_NAMES,
    labels=_LABELS,
    annotations=st.dictionaries(
        st.sampled_from(["skewguard.dev/engine", "skewguard.dev/ignore.pin.image-tag", "skewguard.dev/ignore.x"]),
        st.sampled_from(["vllm==0.11.0", "none", "because"]),
        max_size=2,
    ),
)


def _object(kind: str, version: str, spec: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"apiVersion": st.just(version), "kind": st.just(kind), "metadata": _METADATA, "spec": spec}
    )


_WORKLOAD = mapping(
    {"template": mapping({"spec": _POD, "metadata": mapping({"labels": _LABELS})})},
    replicas=_NUMBERS,
    selector=mapping(matchLabels=_LABELS),
)
_TEMPLATE = mapping({"spec": _POD})
_PLATFORMS = [
    _object(
        "LeaderWorkerSet",
        "leaderworkerset.x-k8s.io/v1",
        mapping(
            {"leaderWorkerTemplate": mapping({"workerTemplate": _TEMPLATE}, size=_NUMBERS, leaderTemplate=_TEMPLATE)},
            replicas=_NUMBERS,
        ),
    ),
    _object(
        "InferenceService",
        "serving.kserve.io/v1beta1",
        mapping(
            {"predictor": mapping(model=CONTAINER, containers=listed(CONTAINER), workerSpec=_POD, minReplicas=_NUMBERS)}
        ),
    ),
    _object(
        "LLMInferenceService",
        "serving.kserve.io/v1alpha1",
        mapping(
            {"model": mapping({"uri": st.just("hf://m/x")}, name=_NAMES), "template": _POD},
            prefill=mapping(template=_POD),
            replicas=_NUMBERS,
        ),
    ),
    _object(
        "RayService",
        "ray.io/v1",
        mapping(
            {
                "rayClusterConfig": mapping(
                    {"headGroupSpec": mapping({"template": _TEMPLATE})},
                    workerGroupSpecs=listed(mapping({"template": _TEMPLATE}, replicas=_NUMBERS)),
                )
            },
            serveConfigV2=_JUNK_TEXTS,
        ),
    ),
]
_BACKEND = mapping({"service": mapping({"name": _NAMES}, port=mapping(number=_NUMBERS))})
_PATHS = listed(mapping({"path": st.just("/"), "backend": _BACKEND}), least=1)
_METRIC = mapping({"type": st.just("Resource"), "resource": mapping({"name": st.sampled_from(["cpu", "memory"])})})
_NEIGHBOURS = [
    _object(
        "Service",
        "v1",
        mapping({"selector": _LABELS}, ports=listed(mapping(port=_NUMBERS, targetPort=_NUMBERS | _NAMES))),
    ),
    _object(
        "HorizontalPodAutoscaler",
        "autoscaling/v2",
        mapping(
            {"scaleTargetRef": mapping({"kind": st.just("Deployment"), "name": _NAMES})},
            minReplicas=_NUMBERS,
            maxReplicas=_NUMBERS,
            metrics=listed(_METRIC),
        ),
    ),
    _object(
        "Ingress",
        "networking.k8s.io/v1",
        mapping({"rules": listed(mapping({"http": mapping({"paths": _PATHS})}))}),
    ),
    st.fixed_dictionaries(
        {
            "apiVersion": st.just("v1"),
            "kind": st.sampled_from(["ConfigMap", "Secret"]),
            "metadata": _METADATA,
            "data": st.dictionaries(_NAMES, _JUNK_TEXTS, max_size=3),
        }
    ),
]
OBJECTS = st.one_of(
    _object("Deployment", "apps/v1", _WORKLOAD),
    _object("Deployment", "apps/v1", _WORKLOAD),
    _object("StatefulSet", "apps/v1", _WORKLOAD),
    _object("Pod", "v1", _POD),
    _object("CronJob", "batch/v1", mapping({"jobTemplate": mapping({"spec": _WORKLOAD})})),
    *_PLATFORMS,
    *_NEIGHBOURS,
)


def _examples() -> list[list[Any]]:
    """The objects of each example of the repository: what real manifests hold, in shapes that most checks look at."""
    folder = Path(__file__).parents[2] / "examples"
    texts = [path.read_text("utf-8") for path in sorted(folder.rglob("*.yaml")) if ".skewguard" not in path.parts]
    return [[each for each in yaml.load_all(text, yaml.CSafeLoader) if each] for text in texts]


INPUTS = damaged(st.lists(OBJECTS, min_size=1, max_size=4) | st.sampled_from(_examples()), most=6)
"""Objects, sound but for a few places; they refer to each other by few names, so that references often meet."""


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
