"""ModelSpec of ParallelIQ, in the layouts that are published."""

from skewguard.knowledge.contract import modelspec
from skewguard.knowledge.contract.values import Exactly, Range
from skewguard.knowledge.engines import commands
from tests.knowledge.contract.texts import load

WRITTEN = """\
apiVersion: piqc.ai/v1alpha1
kind: ModelSpec
metadata: {name: chat, labels: {team: a}}
spec:
  identity:
    model:
      id: Qwen/Qwen3-8B
      family: qwen
      task: chat
      framework: vllm
      precision: bf16
      artifacts: {modelUri: "s3://bucket/qwen/v3/", tokenizerUri: "hf://Qwen/Qwen3-8B"}
  runtime:
    accelerator: {vendor: nvidia, type: h100, count: 2}
    batch: {maxBatchSize: 64, maxSequenceLengthTokens: 4096}
    resources: {cpuCores: 16}
    environment: {variables: {VLLM_LOGGING_LEVEL: INFO}}
  operations:
    serving: {protocol: http, maxConcurrency: 32, timeoutSeconds: 60}
    scaling: {minReplicas: 2, maxReplicas: 10, targetLatencyMsP95: 800}
"""

SCANNED = """\
apiVersion: modelspec.paralleliq.ai/v1
kind: ModelSpec
metadata: {name: chat, namespace: prod}
model: {name: Qwen/Qwen3-8B, servedName: chat, confidence: 0.9}
engine: {name: vllm, version: "0.11.0"}
inference: {precision: float16, maxModelLen: 4096, tensorParallelSize: 2, enableChunkedPrefill: true}
resources:
  replicas: 3
  gpus: [{index: 0, type: A100-SXM4-80GB, utilization: 87}, {index: 1, type: A100-SXM4-80GB}]
kubernetes: {deploymentType: Deployment, image: "vllm/vllm-openai:v0.11.0"}
"""


def test_written_modelspec_becomes_a_contract() -> None:
    """What it says of identity, runtime and operations is promised in the vocabulary's words."""
    loaded = load(WRITTEN)
    found = loaded.contracts[0]

    assert ([], "chat", "*") == (loaded.errors, found.targets[0].name, found.targets[0].kind)
    assert {
        "model.id": Exactly("Qwen/Qwen3-8B", "Qwen/Qwen3-8B"),
        "runtime.engine": Exactly("vllm", "vllm"),
        "runtime.dtype": Exactly("bf16", "bf16"),
        "model.source_uri": Exactly("s3://bucket/qwen/v3/", "s3://bucket/qwen/v3/"),
        "tokenizer.id": Exactly("Qwen/Qwen3-8B", "hf://Qwen/Qwen3-8B"),
        "hardware.gpu_class": Exactly("h100", "h100"),
        "hardware.gpu_count": Exactly(2, "2"),
        "limits.max_num_seqs": Range(None, 64),
        "limits.max_model_len": Exactly(4096, "4096"),
        "serving.request_timeout": Exactly(60.0, "60"),
        "autoscaling.min_replicas": Exactly(2, "2"),
        "autoscaling.max_replicas": Exactly(10, "10"),
        "vllm.env.VLLM_LOGGING_LEVEL": Exactly("INFO", "INFO"),
    } == {clause.setting: clause.promise for clause in found.clauses}
    assert {"slo": {"e2e": {"p95": 0.8}}} == found.performance


def test_modelspec_says_what_no_clause_can_hold() -> None:
    """What is not promised is told with its place, and that it names no workload."""
    notes = [(note.message, note.origin.line) for note in load(WRITTEN).notes]

    assert [
        ("ModelSpec runtime.resources.cpuCores: no setting of a contract says this", 16),
        ("ModelSpec operations.serving.protocol: no setting of a contract says this", 19),
        ("ModelSpec names no workload: it is taken for every workload named chat", 3),
    ] == notes


def test_label_is_not_taken_for_a_repository() -> None:
    """`llama-2-70b-chat` names no repository, and promising it would fail every manifest."""
    loaded = load(WRITTEN.replace("id: Qwen/Qwen3-8B", "id: qwen3-8b").replace("framework: vllm", "framework: jax"))

    assert "model.id" not in {clause.setting for clause in loaded.contracts[0].clauses}
    assert [
        "ModelSpec identity.model.id: 'qwen3-8b' is a label, not a repository or path, so it promises no model.id",
        "ModelSpec identity.model.framework: 'jax' is no inference engine",
    ] == [note.message for note in loaded.notes[:2]]


def test_scanned_modelspec_becomes_a_contract_of_its_workload() -> None:
    """What the scanner saw is promised, and the workload it saw it on is the target."""
    found = load(SCANNED).contracts[0]

    assert ("Deployment", "chat", "prod") == (found.targets[0].kind, found.targets[0].name, found.targets[0].namespace)
    promised = {clause.setting: clause.promise for clause in found.clauses}
    assert (Exactly("0.11.0", "0.11.0"), Exactly(4096, "4096"), Range(3, None), Exactly(True, "true")) == (
        promised["runtime.version"],
        promised["limits.max_model_len"],
        promised["autoscaling.min_replicas"],
        promised["runtime.chunked_prefill"],
    )
    assert Exactly("A100-SXM4-80GB", "A100-SXM4-80GB") == promised["hardware.gpu_class"]


def test_modelspec_value_of_the_wrong_type_is_a_mistake() -> None:
    """A number that is none is told where it stands."""
    loaded = load(WRITTEN.replace("maxBatchSize: 64", "maxBatchSize: many"))

    assert [(15, "ModelSpec runtime.batch.maxBatchSize: limits.max_num_seqs is an integer, not 'many'")] == [
        (error.line, error.message) for error in loaded.errors
    ]


def test_engines_have_the_names_by_which_containers_are_recognised() -> None:
    """Another name would be a promise that no container can keep."""
    assert set(modelspec._ENGINES.values()) <= set(commands.ENGINES)
