"""Templates that were not rendered, and what only looks like one."""

import pytest

from skewguard.observe.sources import manifests
from tests.observe import reading


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("kind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n", 3, 9),
        ("{{- if .Values.enabled }}\nkind: Pod\n{{- end }}\n", 1, 1),
        ('kind: Pod\nmetadata:\n  labels:\n    {{- include "chart.labels" . | nindent 4 }}\n', 4, 5),
        ('image: "{{ .Values.image }}"\n', 1, 9),
        ("args:\n  - --model={{ $.Values.model }}\n", 2, 13),
        ("data:\n  start.sh: |\n    vllm serve {{ .Values.model }}\n", 3, 16),
        ("spec:\n  {{- with $x }}\n  a: b\n  {{- end }}\n", 2, 3),
        ("replicas: {{ replicas }}\n", 1, 11),
        ("{% if gpu %}\nkind: Pod\n{% endif %}\n", 1, 1),
    ],
)  # fmt: skip
def test_unrendered_template_is_told_with_its_place(text: str, line: int, column: int) -> None:
    """An action where YAML has structure, or one that only Helm knows, makes a file a template."""
    error = manifests.unrendered(text, "deploy.yaml")
    assert error is not None
    assert (error.line, error.column, error.file) == (line, column, "deploy.yaml")
    assert "| skewguard check -" in (error.hint or "")


def test_placeholders_of_another_tool_are_told_without_helm() -> None:
    """`{{TOKEN}}` that nothing quotes is no chart's."""
    error = manifests.unrendered("token: {{HF_TOKEN}}\n", "secret.yaml")
    assert error is not None
    assert "helm" not in (error.hint or "")


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("charts/vllm/templates/deployment.yaml", "helm template charts/vllm |"),
        ("templates/deployment.yaml", "helm template . |"),
        ("./chart/templates/sub/d.yaml", "helm template ./chart |"),
        ("deploy.yaml", "helm template CHART_FOLDER |"),
    ],
)
def test_hint_names_the_chart(path: str, command: str) -> None:
    """The rendering command names the chart's folder where the path tells it."""
    error = manifests.unrendered("a: {{ .Values.a }}", path)
    assert error is not None
    assert command in (error.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "kind: Pod\n",
        'args: ["--served-model-name={{.Name}}"]\n',
        "args:\n  - --served-model-name={{.Name}}\n",
        "data:\n  chat.jinja: |\n    {% for m in messages %}\n    {{ m.content }}\n    {% endfor %}\n",
        "data:\n  chat.jinja: >-\n    {{- bos_token }}\nkind: ConfigMap\n",
        "data:\n  chat.jinja: |2-\n      {{ x }}\nkind: ConfigMap\n",
        'summary: "GPU {{ $labels.gpu }} is {{ $value }}"\n',
        "image: ${IMAGE}:${TAG}\n",
        "# {{ .Values.image }} is filled in by the chart\nkind: Pod\n",
        "# {{ x }}\nkind: Pod\n",
        "a: {b: {c: d}}\n",
        'args:\n  - "vllm serve\n    {{ if .Spec.X }}--x{{ end }}"\n',
        "args:\n  - vllm serve\n    {{ if .Spec.X }}--x{{ end }}\n",
    ],
)
def test_innocents_are_no_templates(text: str) -> None:
    """KServe's placeholders, Jinja in a ConfigMap, Prometheus' labels, envsubst and comments are none."""
    assert manifests.unrendered(text, "deploy.yaml") is None


def test_kustomization_is_answered_with_its_build_command() -> None:
    """A kustomization says how to build objects, and holds none."""
    found = reading.read("resources: [deploy.yaml]\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
    assert [error.hint for error in found.errors] == [
        "`kustomize build . | skewguard check -` (or `kubectl kustomize .`)"
    ]
    assert found.foreign == ()


def test_documents_that_are_no_objects_are_told_apart() -> None:
    """Values files, lists and scalars come back as they are; the caller decides what to say."""
    found = reading.read("image: {tag: x}\n---\n[a]\n---\napiVersion: v1\nkind: List\nitems: []\n")
    assert ([each.index for each in found.foreign], found.objects) == ([1, 2], 0)


@pytest.mark.parametrize(("text", "template"), [("{{ " * 100_000, True), ("a: |\n" + "  {{ x }}\n" * 50_000, False)])
def test_endless_template_is_told_from_an_endless_text(text: str, template: bool) -> None:
    """Length neither ends the search for actions nor makes it slow."""
    assert template == (manifests.unrendered(text, "a.yaml") is not None)
