"""What is said about the inputs as a whole."""

from pathlib import Path

from skewguard import api

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
