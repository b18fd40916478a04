"""What is said about the inputs as a whole."""

from pathlib import Path

from skewguard import api
from skewguard.language.facts import Gap

RUNTIME = """
apiVersion: serving.kserve.io/v1alpha1
kind: ClusterServingRuntime
metadata: {{name: {name}}}
spec: {{containers: [{{name: kserve-container, image: {image}}}]}}
"""


def test_notes_about_workloads_are_given_once_and_only_for_engines(tmp_path: Path) -> None:
    """One sentence names the runtimes it is about; what runs no engine is not spoken of beside one that does."""
    images = [(each, "vllm/vllm-openai:v0.11.0") for each in "abcde"]
    text = "---".join(RUNTIME.format(name=name, image=image) for name, image in [*images, ("other", "sklearn:1.0.0")])
    path = tmp_path / "runtimes.yaml"
    path.write_text(text, encoding="utf-8")
    (note,) = api.check([str(path)], environ={}).notes
    assert note.startswith(
        "ClusterServingRuntime a, ClusterServingRuntime b, ClusterServingRuntime c and 2 more: a runtime is one part"
    )


def test_arguments_that_a_platform_adds_are_no_defaults(tmp_path: Path) -> None:
    """KServe's preset sets port and model of a service that names neither: nothing is compared with vLLM's defaults."""
    path = tmp_path / "service.yaml"
    path.write_text(
        "apiVersion: serving.kserve.io/v1alpha1\nkind: LLMInferenceService\nmetadata: {name: chat}\nspec:\n"
        "  model: {uri: 'hf://m/x', name: x}\n  template:\n    containers:\n    - name: main\n"
        "      image: vllm/vllm-openai:v0.11.0\n      livenessProbe: {httpGet: {path: /health, port: 8001}}\n",
        encoding="utf-8",
    )
    (laid,) = api.settings([str(path)]).subjects
    held = {line.setting: line.effective for line in laid.settings}
    assert isinstance(held["runtime.dtype"], Gap)
    assert isinstance(held["vllm.port"], Gap)
    assert laid.starts is None
    found = api.check([str(path)], environ={}).findings
    assert [item.check for item in found if item.check.startswith("serving.port")] == []
