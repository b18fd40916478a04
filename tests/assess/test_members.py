"""Engines of one object: they know each other, and the fields of its resource count."""

from skewguard.language.facts import Fact, Gap
from tests.assess.surrounded import engines, found, known

GROUP = """
    apiVersion: leaderworkerset.x-k8s.io/v1
    kind: LeaderWorkerSet
    metadata: {name: chat}
    spec:
      leaderWorkerTemplate:
        size: 2
        leaderTemplate:
          spec:
            containers:
            - name: leader
              image: vllm/vllm-openai:v0.11.0
              command: [sh, -c, "ray start --head; vllm serve m --tensor-parallel-size 8 --pipeline-parallel-size 2"]
              resources: {limits: {nvidia.com/gpu: 8}}
              volumeMounts: [{name: dshm, mountPath: /dev/shm}]
            volumes: [{name: dshm, emptyDir: {medium: Memory}}]
        workerTemplate:
          spec:
            containers:
            - name: worker
              image: vllm/vllm-openai:v0.10.2
              command: [sh, -c, "ray start --block --address=$(LWS_LEADER_ADDRESS):6379"]
              resources: {limits: {nvidia.com/gpu: 8}}
"""
SERVICE = """
    apiVersion: serving.kserve.io/v1alpha1
    kind: LLMInferenceService
    metadata: {name: chat}
    spec:
      model: {uri: "hf://m/x", name: x}
      parallelism: {tensor: TENSOR}
      template:
        containers:
        - {name: main, image: "vllm/vllm-openai:v0.11.0", resources: {limits: {nvidia.com/gpu: 2}}}
"""


def test_worker_is_told_when_its_image_and_memory_are_not_its_leaders() -> None:
    """Another version, and no shared memory, in the worker's template alone."""
    leader, worker = engines(GROUP)

    assert [each.verdict for each in found("parallel.group-image", worker)] == ["fail"]
    assert [each.verdict for each in found("parallel.shm-missing", worker)] == ["fail"]
    assert found("parallel.group-image", leader) == found("parallel.shm-missing", leader) == []


def test_objects_of_one_name_in_two_files_are_two_groups() -> None:
    """Members are those of one object, and not of its namesake."""
    made = engines({"a.yaml": GROUP, "b.yaml": GROUP})

    assert [1, 1, 1, 1] == [len(each.members) for each in made]


def test_field_of_a_resource_is_counted_with() -> None:
    """`parallelism.tensor: 4` of a resource needs four GPUs, as the flag does."""
    (case,) = engines(SERVICE.replace("TENSOR", "4"))

    effective = case.sheet.effective("parallelism.tensor")
    assert isinstance(effective, Fact)
    assert effective.value == 4
    assert [each.expected for each in found("parallel.too-few-gpus", case)] == [4]


def test_memory_that_an_unseen_preset_may_mount_is_not_missing() -> None:
    """KServe's presets mount /dev/shm, and are seldom in the input."""
    (case,) = engines(SERVICE.replace("TENSOR", "2"))

    assert found("parallel.shm-missing", case) == []


def test_field_that_is_of_no_known_type_is_a_gap() -> None:
    """What is no number yet cannot be counted with, and is said."""
    effective = known("parallelism.tensor", SERVICE.replace("TENSOR", "many"))

    assert isinstance(effective, Gap)
    assert "not 'many'" in effective.reason
