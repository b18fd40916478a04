"""ParallelIQ's ModelSpec, read as a contract: what it says about serving is promised, what no clause can hold is told.

Two layouts carry the kind: the written specification (`spec.identity`, `spec.runtime`, `spec.operations`; JSON Schema
in paralleliq/modelspec, apiVersion `piqc.ai/v1alpha1` there and `modelspec.paralleliq.ai/v0.1` in its examples), and
what the piqc scanner writes (`model`, `engine`, `inference`, `resources`, `kubernetes`; apiVersion
`modelspec.paralleliq.ai/v1`). A ModelSpec of the first layout names no workload: it binds those of its own name.
"""

import re
from collections.abc import Callable, Hashable, Iterator
from itertools import islice

from skewguard.knowledge.contract.reading import Reader
from skewguard.knowledge.contract.values import Clause, Contract, Exactly, Promise, Range, Target
from skewguard.language import vocabulary
from skewguard.language.errors import UsageError
from skewguard.language.facts import Origin
from skewguard.language.trees import Node

KIND = "ModelSpec"

_ENGINES = {
    "vllm": "vllm",
    "sglang": "sglang",
    "tgi": "tgi",
    "text-generation-inference": "tgi",
    "ollama": "ollama",
    "tensorrt-llm": "trtllm",
    "trtllm": "trtllm",
    "llama.cpp": "llamacpp",
    "llamacpp": "llamacpp",
    "lmdeploy": "lmdeploy",
    "nim": "nim",
    "triton": "triton",
}
_DTYPES = ("float16", "fp16", "half", "bfloat16", "bf16", "float32", "fp32", "float")

_DEEPEST = 12
"""Levels below the root that are read; the specification has seven."""

_MOST = 2000
"""Scalars that are read: an alias bomb of twelve levels ends here."""

Unmapped = list[tuple[str, Origin]]
Import = Callable[[str], tuple[str, Promise] | str]
"""Text to (setting, promise), or to the reason why nothing can be promised."""


def spoken_by(api_version: str) -> bool:
    """Whether this apiVersion is ModelSpec's."""
    return api_version == "piqc.ai/v1alpha1" or api_version.startswith("modelspec.paralleliq.ai/")


def read(reader: Reader, root: Node) -> tuple[Contract | None, Unmapped]:
    """The contract a ModelSpec amounts to, and each thing in it that no clause can hold, with the reason."""
    name = reader.text(root.get("metadata", "name"), "metadata.name")
    if name is None:
        return None, []
    written = bool(root.get("spec"))
    table = _WRITTEN if written else _SCANNED
    unmapped: Unmapped = []
    clauses: dict[str, Clause] = {}
    for path, node in islice(_leaves(root.get("spec") if written else root, ""), _MOST):
        for clause in _clauses(reader, node, path, table, unmapped):
            clauses.setdefault(clause.setting, clause)
    if written:
        clauses.update(_variables(reader, root, clauses))
    target = _target(reader, root, name, unmapped)
    return (
        Contract(
            name=name,
            origin=reader.origin(root.get("metadata", "name")),
            targets=(target,),
            clauses=tuple(clauses.values()),
            performance=_performance(root.get("spec", "operations", "scaling", "targetLatencyMsP95")),
            source="modelspec",
        ),
        unmapped,
    )


def _leaves(
    node: Node, path: str, seen: frozenset[Hashable] = frozenset(), depth: int = 0
) -> Iterator[tuple[str, Node]]:
    """Every scalar below a node with its dotted path; list positions are written `[]`. Aliases are followed once."""
    if node.kind == "scalar":
        if node:
            yield path, node
        return
    if node.identity in seen or depth > _DEEPEST:
        return
    seen = seen | {node.identity}
    for key, value in node.items():
        yield from _leaves(value, f"{path}.{key}" if path else key, seen, depth + 1)
    for value in node.elements():
        yield from _leaves(value, f"{path}[]", seen, depth + 1)


def _clauses(reader: Reader, node: Node, path: str, table: dict[str, Import], unmapped: Unmapped) -> Iterator[Clause]:
    if path.startswith(_SILENT):
        return
    convert = table.get(path)
    if convert is None:
        unmapped.append((f"ModelSpec {path}: no setting of a contract says this", reader.origin(node)))
        return
    try:
        made = convert((node.text() or "").strip())
    except (UsageError, OverflowError, ValueError) as error:
        reader.wrong(node.origin, f"ModelSpec {path}: {error}")
        return
    if isinstance(made, str):
        unmapped.append((f"ModelSpec {path}: {made}", reader.origin(node)))
    else:
        yield Clause(made[0], made[1], reader.origin(node))


_SILENT = (
    "apiVersion", "kind", "metadata.", "runtime.environment.variables.", "operations.scaling.targetLatencyMsP95",
    "kubernetes.deploymentType", "kubernetes.clusterName", "runtime.accelerator.vendor", "identity.model.family",
    "identity.model.task",
)  # fmt: skip


def _exactly(setting: str) -> Import:
    def convert(text: str) -> tuple[str, Promise]:
        return setting, Exactly(vocabulary.typed(vocabulary.BY_NAME[setting], text), text)

    return convert


def _at_most(setting: str) -> Import:
    def convert(text: str) -> tuple[str, Promise]:
        return setting, Range(maximum=vocabulary.typed(vocabulary.BY_NAME[setting], text))

    return convert


def _at_least(setting: str) -> Import:
    def convert(text: str) -> tuple[str, Promise]:
        return setting, Range(minimum=vocabulary.typed(vocabulary.BY_NAME[setting], text))

    return convert


def _model(text: str) -> tuple[str, Promise] | str:
    if "/" in text:
        return "model.id", Exactly(text, text)
    return f"{text!r} is a label, not a repository or path, so it promises no model.id"


def _artifact(setting: str) -> Import:
    def convert(text: str) -> tuple[str, Promise]:
        if text.startswith(("hf://", "huggingface://")):
            return setting, Exactly(text.partition("://")[2].rstrip("/"), text)
        return ("model.source_uri" if setting == "model.id" else setting), Exactly(text, text)

    return convert


def _engine(text: str) -> tuple[str, Promise] | str:
    engine = _ENGINES.get(text.lower())
    return ("runtime.engine", Exactly(engine, text)) if engine else f"{text!r} is no inference engine"


def _version(text: str) -> tuple[str, Promise] | str:
    if re.fullmatch(r"v?\d+(\.\d+)+\S*", text):
        return "runtime.version", Exactly(text.removeprefix("v"), text)
    return f"{text!r} is no version"


def _precision(text: str) -> tuple[str, Promise] | str:
    if text.lower() in _DTYPES:
        return "runtime.dtype", Exactly(text, text)
    return f"{text!r} is no dtype; if it is a quantization, promise runtime.quantization"


_WRITTEN: dict[str, Import] = {
    "identity.model.id": _model,
    "identity.model.framework": _engine,
    "identity.model.precision": _precision,
    "identity.model.artifacts.modelUri": _artifact("model.id"),
    "identity.model.artifacts.tokenizerUri": _artifact("tokenizer.id"),
    "runtime.accelerator.type": _exactly("hardware.gpu_class"),
    "runtime.accelerator.count": _exactly("hardware.gpu_count"),
    "runtime.batch.maxBatchSize": _at_most("limits.max_num_seqs"),
    "runtime.batch.maxSequenceLengthTokens": _exactly("limits.max_model_len"),
    "operations.serving.maxConcurrency": _at_most("limits.max_num_seqs"),
    "operations.serving.timeoutSeconds": _exactly("serving.request_timeout"),
    "operations.scaling.minReplicas": _exactly("autoscaling.min_replicas"),
    "operations.scaling.maxReplicas": _exactly("autoscaling.max_replicas"),
}

_SCANNED: dict[str, Import] = {
    "model.name": _model,
    "model.servedName": _exactly("model.served_name"),
    "engine.name": _engine,
    "engine.version": _version,
    "inference.precision": _precision,
    "inference.quantization": _exactly("runtime.quantization"),
    "inference.maxModelLen": _exactly("limits.max_model_len"),
    "inference.maxBatchTokens": _exactly("limits.max_num_batched_tokens"),
    "inference.maxSequences": _exactly("limits.max_num_seqs"),
    "inference.tensorParallelSize": _exactly("parallelism.tensor"),
    "inference.pipelineParallelSize": _exactly("parallelism.pipeline"),
    "inference.enableChunkedPrefill": _exactly("runtime.chunked_prefill"),
    "resources.replicas": _at_least("autoscaling.min_replicas"),
    "resources.gpus[].type": _exactly("hardware.gpu_class"),
    "resources.gpuMemoryUtilization": _exactly("runtime.gpu_memory_utilization"),
    "kubernetes.image": _exactly("runtime.image"),
}


def _variables(reader: Reader, root: Node, clauses: dict[str, Clause]) -> Iterator[tuple[str, Clause]]:
    """`runtime.environment.variables`, as the engine's own variables; without an engine nobody knows whose they are."""
    promise = clauses["runtime.engine"].promise if "runtime.engine" in clauses else None
    engine = promise.value if isinstance(promise, Exactly) else None
    for name, value in root.get("spec", "runtime", "environment", "variables").items() if engine else ():
        setting = f"{engine}.env.{name}"
        yield setting, Clause(setting, Exactly(value.text(), value.text() or ""), reader.origin(value))


def _target(reader: Reader, root: Node, name: str, unmapped: Unmapped) -> Target:
    metadata, scanned = root.get("metadata"), root.get("kubernetes")
    kind = scanned.get("deploymentType").text()
    origin = reader.origin(metadata.get("name"))
    if kind is None:
        unmapped.append((f"ModelSpec names no workload: it is taken for every workload named {name}", origin))
    return Target(
        kind=kind or "*",
        name=name,
        origin=origin,
        namespace=metadata.get("namespace").text() or "*",
        cluster=scanned.get("clusterName").text() or "*",
    )


def _performance(target: Node) -> dict[str, object]:
    """`targetLatencyMsP95` is an objective for the whole request, in milliseconds."""
    milliseconds = target.number()
    return {} if milliseconds is None else {"slo": {"e2e": {"p95": milliseconds / 1000}}}
