"""Tensor parallelism beyond the GPUs, in every kind of resource that can say both: told, or said to be unknown."""

import pytest

from skewguard.observe.sources import kinds
from tests.assess import wrapped

BOX = "{name: c, image: 'vllm/vllm-openai:v0.11.0', args: [--model=m, --tensor-parallel-size=4], resources: {limits: {nvidia.com/gpu: 1}}}"
POD = f"{{spec: {{containers: [{BOX}]}}}}"
WORDS = "command: [python3, -m, dynamo.vllm], args: [--model, m, --tensor-parallel-size, '4']"
ROLES = f"[{{name: prefill, template: {POD}}}, {{name: decode, template: {POD}}}]"
RAY = """apiVersion: ray.io/v1
spec:
  serveConfigV2: |
    applications:
      - import_path: ray.serve.llm:build_openai_app
        args: {llm_configs: [{model_loading_config: {model_id: m}, engine_kwargs: {tensor_parallel_size: 4}}]}
  rayClusterConfig:
    headGroupSpec: {template: {spec: {containers: [{name: h, image: 'rayproject/ray-llm:2.52.0'}]}}}
    workerGroupSpecs:
      - {groupName: g, maxReplicas: 1, template: {spec: {containers: [{name: w, image: 'rayproject/ray-llm:2.52.0', resources: {limits: {nvidia.com/gpu: 1}}}]}}}
"""

TEXTS = {
    "Pod": f"apiVersion: v1\nspec: {{containers: [{BOX}]}}",
    "PodTemplate": f"apiVersion: v1\ntemplate: {POD}",
    "Deployment": f"apiVersion: apps/v1\nspec: {{template: {POD}}}",
    "StatefulSet": f"apiVersion: apps/v1\nspec: {{template: {POD}}}",
    "DaemonSet": f"apiVersion: apps/v1\nspec: {{template: {POD}}}",
    "ReplicaSet": f"apiVersion: apps/v1\nspec: {{template: {POD}}}",
    "ReplicationController": f"apiVersion: v1\nspec: {{template: {POD}}}",
    "Job": f"apiVersion: batch/v1\nspec: {{template: {POD}}}",
    "CronJob": f"apiVersion: batch/v1\nspec: {{jobTemplate: {{spec: {{template: {POD}}}}}}}",
    "Rollout": f"apiVersion: argoproj.io/v1alpha1\nspec: {{template: {POD}}}",
    "JobSet": f"apiVersion: jobset.x-k8s.io/v1alpha2\nspec: {{replicatedJobs: [{{name: a, template: {{spec: {{template: {POD}}}}}}}, {{name: b, template: {{spec: {{template: {POD}}}}}}}]}}",
    "LeaderWorkerSet": f"apiVersion: leaderworkerset.x-k8s.io/v1\nspec: {{leaderWorkerTemplate: {{size: 2, workerTemplate: {POD}}}}}",
    "DisaggregatedSet": f"apiVersion: disaggregatedset.x-k8s.io/v1\nspec: {{roles: [{{name: prefill, spec: {{leaderWorkerTemplate: {{size: 1, workerTemplate: {POD}}}}}}}]}}",
    "RayService": RAY,
    "InferenceService": f"apiVersion: serving.kserve.io/v1beta1\nspec: {{predictor: {{containers: [{BOX}]}}}}",
    "ServingRuntime": f"apiVersion: serving.kserve.io/v1alpha1\nspec: {{containers: [{BOX}]}}",
    "ClusterServingRuntime": f"apiVersion: serving.kserve.io/v1alpha1\nspec: {{containers: [{BOX}]}}",
    "LLMInferenceService": f"apiVersion: serving.kserve.io/v1alpha1\nspec: {{model: {{uri: 'hf://m'}}, template: {{containers: [{BOX}]}}}}",
    "RoleBasedGroup": f"apiVersion: workloads.x-k8s.io/v1alpha1\nspec: {{roles: {ROLES}}}",
    "RoleBasedGroupSet": f"apiVersion: workloads.x-k8s.io/v1alpha1\nspec: {{template: {{roles: {ROLES}}}}}",
    "StormService": f"apiVersion: orchestration.aibrix.ai/v1alpha1\nspec: {{template: {{spec: {{roles: {ROLES}}}}}}}",
    "RoleSet": f"apiVersion: orchestration.aibrix.ai/v1alpha1\nspec: {{roles: {ROLES}}}",
    "PodSet": f"apiVersion: orchestration.aibrix.ai/v1alpha1\nspec: {{podGroupSize: 2, template: {POD}}}",
    "DynamoGraphDeployment": f"apiVersion: nvidia.com/v1alpha1\nspec: {{services: {{W: {{resources: {{limits: {{gpu: '1'}}}}, extraPodSpec: {{mainContainer: {{image: 'nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.6.1', {WORDS}}}}}}}}}}}",
    "DynamoComponentDeployment": f"apiVersion: nvidia.com/v1alpha1\nspec: {{serviceName: W, resources: {{limits: {{gpu: '1'}}}}, extraPodSpec: {{mainContainer: {{image: 'nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.6.1', {WORDS}}}}}}}",
    "NIMService": "apiVersion: apps.nvidia.com/v1alpha1\nspec: {image: {repository: nvcr.io/nim/meta/llama-3.1-8b-instruct, tag: 2.1.6}, env: [{name: NIM_TENSOR_PARALLEL_SIZE, value: '4'}], resources: {limits: {nvidia.com/gpu: 1}}}",
    "ModelService": f"apiVersion: llm-d.ai/v1alpha1\nspec: {{decode: {{containers: [{BOX}]}}}}",
    "Workspace": f"apiVersion: kaito.sh/v1beta1\ninference: {{template: {POD}}}",
    "InferenceSet": f"apiVersion: kaito.sh/v1beta1\nspec: {{template: {{inference: {{template: {POD}}}}}}}",
    "VLLMRuntime": "apiVersion: production-stack.vllm.ai/v1alpha1\nspec: {model: {modelURL: m}, vllmConfig: {tensorParallelSize: 4}, deploymentConfig: {image: {registry: docker.io, name: 'vllm/vllm-openai:v0.11.0'}, resources: {gpu: '1'}}}",
    "ModelServing": f"apiVersion: workload.serving.volcano.sh/v1alpha1\nspec: {{template: {{roles: [{{name: prefill, entryTemplate: {POD}}}, {{name: decode, entryTemplate: {POD}}}]}}}}",
}
ELSEWHERE = {
    "RayCluster": "its program comes from outside",
    "RayJob": "its program comes from outside",
    "RayClusterFleet": "its program comes from outside",
    "RayClusterReplicaSet": "its program comes from outside",
    "LLMInferenceServiceConfig": "a base for others, with nothing of its own that starts",
    "NIMPipeline": "its services are those of NIMService",
    "MultiRoleInference": "the user's entries are read as those of a Workspace",
    "Model": "its configuration chooses the GPUs",
}
"""Kinds that have no such object of their own here, and why."""


@pytest.mark.parametrize("kind", TEXTS)
def test_parallelism_beyond_the_gpus_never_passes(kind: str) -> None:
    """Four ways on one GPU: an error, or an unknown where nobody can say how many pods act together."""
    found = wrapped.engines(f"kind: {kind}\nmetadata: {{name: n}}\n{TEXTS[kind]}\n")

    assert found
    for case in (each for each in found if not each.workload.joins):
        assert [each.verdict in ("fail", "unknown") for each in wrapped.told(case, "parallel.too-few-gpus")] == [True]


def test_every_kind_is_held_against_its_gpus() -> None:
    """A kind that is new has an object here, or a reason."""
    assert {*TEXTS, *ELSEWHERE} == {*kinds.NAMES, "ModelServing"}
