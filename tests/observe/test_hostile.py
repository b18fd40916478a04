"""Whatever a YAML tree holds, reading it ends and raises nothing."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewguard.language import documents
from skewguard.observe.sources import kinds, manifests
from tests.searching import examples

_KINDS = [*sorted(kinds._READERS), "List", "Service", "Ingress", "HTTPRoute", "HorizontalPodAutoscaler", "ScaledObject"]
_GROUPS = ["v1", "apps/v1", "batch/v1", "serving.kserve.io/v1beta1", "ray.io/v1", "leaderworkerset.x-k8s.io/v1",
           "kaito.sh/v1beta1", "nvidia.com/v1alpha1", "production-stack.vllm.ai/v1alpha1", "kubeai.org/v1",
           "argoproj.io/v1alpha1", "orchestration.aibrix.ai/v1alpha1", "autoscaling/v2", "keda.sh/v1alpha1"]  # fmt: skip
_KEYS = [
    "metadata", "name", "namespace", "annotations", "labels", "spec", "template", "containers", "initContainers", "env",
    "envFrom", "value", "valueFrom", "configMapKeyRef", "configMapRef", "secretRef", "key", "command", "args", "image",
    "volumes", "volumeMounts", "mountPath", "subPath", "configMap", "items", "path", "resources", "limits", "requests",
    "ports", "containerPort", "livenessProbe", "httpGet", "predictor", "model", "runtime", "storageUri", "prefill",
    "worker", "workerSpec", "leaderWorkerTemplate", "workerTemplate", "leaderTemplate", "size", "rayClusterConfig",
    "headGroupSpec", "workerGroupSpecs", "serveConfigV2", "services", "extraPodSpec", "mainContainer", "inference",
    "preset", "config", "baseRefs", "rules", "http", "paths", "backend", "timeouts", "request", "metrics", "resource",
    "triggers", "type", "scaleTargetRef", "affinity", "nodeAffinity", "nodeSelector", "tolerations", "data", "roles",
    "replicas", "workloadRef", "url", "engine", "deploymentConfig", "vllmConfig", "modelURL", "selector",
]  # fmt: skip
# What a YAML reader accepts unescaped; other characters are a matter of `language.documents`.
_PRINTED = st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_categories=["Cc", "Cs"])
_TEXTS = st.one_of(
    st.sampled_from(
        ["n", "c", "/scripts", "bash", "-c", "$(A)", "vllm serve $X", "A", "0", "10s", "{{.Name}}", "a: [b", ""]
    ),
    st.text(_PRINTED, max_size=12),
)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**6), st.floats(allow_nan=False, allow_infinity=False), _TEXTS
)
_TREES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(_KEYS), st.text(_PRINTED, max_size=5)), inner, max_size=6),
    ),
    max_leaves=40,
)


@given(
    st.lists(
        st.tuples(st.sampled_from(_KINDS), st.sampled_from(_GROUPS), _TREES, _TREES, _TREES), min_size=1, max_size=4
    )
)
@examples(120)
def test_any_object_is_read(objects: list[tuple[str, str, object, object, object]]) -> None:
    """Any tree under any kind gives an inventory."""
    text = "\n---\n".join(
        json.dumps(
            {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec, "inference": more}, ensure_ascii=False
        )
        for kind, api, metadata, spec, more in objects
    )
    found, errors = documents.read(_without_breaks(text), "x.yaml")
    assert errors == []
    assert manifests.read(found).objects <= len(objects) * 50


def _without_breaks(text: str) -> str:
    """YAML 1.1 takes these characters for line breaks, and JSON does not escape them."""
    return re.sub("[\x85\u2028\u2029]", " ", text)


_POD_TREES = st.fixed_dictionaries({}, optional=dict.fromkeys(("containers", "initContainers", "volumes", "nodeSelector", "tolerations", "affinity"), _TREES))  # fmt: skip
_CONTAINERS = st.fixed_dictionaries({"name": _TEXTS}, optional=dict.fromkeys(("image", "command", "args", "env", "envFrom", "ports", "resources", "volumeMounts", "livenessProbe"), _TREES))  # fmt: skip


@given(_POD_TREES, st.lists(_CONTAINERS, max_size=3))
@examples(120)
def test_any_pod_is_read(pod: dict[str, object], containers: list[dict[str, object]]) -> None:
    """Any fields of any container give a workload."""
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "n"}, "spec": {"containers": containers, **pod}}
    found, errors = documents.read(_without_breaks(json.dumps(whole, ensure_ascii=False)), "x.yaml")
    assert errors == []
    assert len(manifests.read(found).inventory.workloads) == 1


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    """Any text at all goes through the door: it is documents, or an error with a place in it."""
    template = manifests.unrendered(text, "x.yaml")
    found, errors = documents.read(text, "x.yaml")
    read = manifests.read(found)
    assert read.objects + len(read.foreign) <= len(found)
    assert all(error.file == "x.yaml" and error.line for error in (*errors, *([template] if template else [])))


BOMB = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
)


UNFOLDS, HOLDS_ITSELF = "unfold to more than 200,000 values", "a value holds itself through an alias"


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (BOMB + "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: {containers: *u}\n", UNFOLDS),
        (BOMB + "apiVersion: x/v1\nkind: Odd\nmetadata: {name: n}\nspec: *u\n", UNFOLDS),
        ("&a\napiVersion: x/v1\nkind: Odd\nmetadata: {name: n}\nspec: *a\n", HOLDS_ITSELF),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: n}\nspec: &s {containers: [&c {name: c, image: i, resources: *c, env: [*s]}]}\n",
            HOLDS_ITSELF,
        ),
        ("apiVersion: v1\nkind: List\nitems: &i [{apiVersion: v1, kind: List, items: *i}]\n", HOLDS_ITSELF),
    ],
)
def test_aliases_that_explode_are_refused(text: str, refused: str) -> None:
    """A value shared a million times and a value inside itself are told, and nothing of the document is read."""
    found, (error,) = documents.read(text, "x.yaml")
    assert refused in str(error)
    assert found == []


def test_deep_object_is_read() -> None:
    """An object as deep as any that is accepted is one object, of a kind that nobody knows."""
    found, errors = documents.read(
        "apiVersion: x/v1\nkind: Odd\nspec: " + "{a: " * 190 + "b" + "}" * 190 + "\n", "x.yaml"
    )
    read = manifests.read(found)
    assert ([], 1, ()) == (errors, read.objects, read.inventory.workloads)
