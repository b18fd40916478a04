"""Edits name the fields of the resource at hand: a pod's own words are of no use where nobody can write them."""

import pytest

from tests.assess import wrapped

DYNAMO = """
    apiVersion: nvidia.com/v1alpha1
    kind: DynamoGraphDeployment
    metadata: {name: n}
    spec:
      services:
        Worker:
          resources: {limits: {gpu: "1"}}
          extraPodSpec:
            mainContainer:
              image: nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.6.1
              command: [python3, -m, dynamo.vllm]
              args: [--model, Qwen/Qwen3-8B, --tensor-parallel-size, "4", --max-model-len, "131072"]
"""
NIM = """
    apiVersion: apps.nvidia.com/v1alpha1
    kind: NIMService
    metadata: {name: n}
    spec:
      image: {repository: nvcr.io/nim/meta/llama-3.1-8b-instruct, tag: latest}
      env: [{name: NIM_TENSOR_PARALLEL_SIZE, value: "4"}, {name: NIM_MAX_MODEL_LEN, value: "131072"}]
      resources: {limits: {nvidia.com/gpu: 1}}
"""
RUNTIME = """
    apiVersion: production-stack.vllm.ai/v1alpha1
    kind: VLLMRuntime
    metadata: {name: n}
    spec:
      model: {modelURL: Qwen/Qwen3-8B, maxModelLen: 131072}
      vllmConfig: {tensorParallelSize: 4}
      deploymentConfig: {image: {registry: docker.io, name: "vllm/vllm-openai:v0.11.0"}, resources: {gpu: "1"}}
"""


@pytest.mark.parametrize(
    ("text", "check", "edit"),
    [
        (DYNAMO, "parallel.too-few-gpus", 'write `gpu: "4"` in the `resources.limits` of the component'),
        (DYNAMO, "hardware.gpu-class", "Add to `extraPodSpec`: `nodeSelector: "),
        (DYNAMO, "serving.grace-period", "` in `extraPodSpec`"),
        (DYNAMO, "pin.model-revision", "to `extraPodSpec.mainContainer.args`"),
        (DYNAMO.replace('{limits: {gpu: "1"}}', "{}"), "hardware.gpu-missing", '`resources: {limits: {gpu: "4"}}`'),
        (NIM, "parallel.too-few-gpus", "write `nvidia.com/gpu: 4` in `spec.resources.limits`"),
        (NIM, "pin.image-tag", "write `tag: RELEASE@sha256:DIGEST` beside `repository`"),
        (NIM.replace("latest", "2.1.6"), "pin.image-digest", "write `tag: 2.1.6@sha256:DIGEST` beside `repository`"),
        (NIM, "hardware.gpu-class", "Add to the spec: `nodeSelector: "),
        (RUNTIME, "parallel.too-few-gpus", 'write `gpu: "4"` in `deploymentConfig.resources`'),
        (RUNTIME, "hardware.gpu-class", "`nodeSelectorTerms: [{matchExpressions: [{key: nvidia.com/gpu.product, operator: In, "),
        (RUNTIME, "pin.image-digest", "write `name: vllm/vllm-openai:v0.11.0@sha256:DIGEST` beside `registry`"),
        (RUNTIME, "pin.model-revision", "to `vllmConfig.extraArgs`"),
    ],
)  # fmt: skip
def test_edit_names_the_field_of_the_resource(text: str, check: str, edit: str) -> None:
    """Where it says what a pod template says elsewhere."""
    (found,) = wrapped.told(wrapped.first(text), check)
    assert edit in found.remedy


@pytest.mark.parametrize("text", [NIM, RUNTIME])
def test_nothing_is_said_of_a_grace_period_that_nobody_can_set(text: str) -> None:
    """The resource has no field for it, and its operator sets none."""
    assert wrapped.told(wrapped.first(text), "serving.grace-period") == []


def test_image_of_a_preset_is_its_operators() -> None:
    """What would tell it is the object that the operator made, and no rendering of this one."""
    text = "apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata: {name: n}\ninference: {preset: {name: phi-4}}\n"
    (found,) = wrapped.told(wrapped.first(text), "pin.image-tag")
    assert "KAITO's preset `phi-4` chooses image" in found.message
    assert found.remedy.startswith("supply the Deployment or StatefulSet that KAITO made")
