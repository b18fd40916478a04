"""KServe: an InferenceService merged with its ServingRuntime, and what both say of model and scaling.

Sources: kserve pkg/controller/v1beta1/inferenceservice (MergeRuntimeContainers: strategic merge, but the service's
`args` follow the runtime's; ReplacePlaceholders: `{{.Name}}`), v1alpha1 ServingRuntime (supportedModelFormats,
autoSelect).
"""

import re
from collections.abc import Callable, Mapping

from msgspec import structs

from skewguard.language.facts import Gap, Located
from skewguard.language.trees import Node
from skewguard.language.workloads import Container, Invocation, Missing, Token
from skewguard.observe.sources.layers import Layers
from skewguard.observe.sources.objects import Object, Objects, called
from skewguard.observe.sources.pieces import Piece, Reading, add_fields, fields_of

MAIN = "kserve-container"

_FRAMEWORKS = (
    "model", "huggingface", "triton", "pytorch", "tensorflow", "sklearn", "xgboost", "onnx", "pmml", "lightgbm",
    "paddle",
)  # fmt: skip
_SOURCES = {"model.source_uri": ("storageUri",)}


class _Predictor(Layers):
    """A predictor's pod: the service's `model` lies over the runtime's main container."""

    __slots__ = ("model",)

    def __init__(self, nodes: list[Node], model: Node) -> None:
        super().__init__(nodes)
        self.model = model

    def named(self, field: str) -> list[Layers]:
        """Containers, with the model's fields added to the main one."""
        found = super().named(field)
        if field != "containers" or not self.model:
            return found
        main = next((each for each in found if each.get("name").text() == MAIN), found[0] if found else None)
        if main is None:
            return [Layers([self.model])]
        main.nodes.append(self.model)
        return found


def inference_service(reading: Reading) -> list[Piece]:
    """The predictor (with its workers) and the transformer of an InferenceService."""
    pieces = []
    predictors: list[tuple[Node, str | None]] = [(reading.spec.get("predictor"), None)]
    predictors += [(each.get("predictor"), "canary") for each in reading.spec.get("canary").elements()]
    for predictor, role in predictors:
        if predictor:
            pieces.extend(_predictor(reading, predictor, role))
    transformer = reading.spec.get("transformer")
    if transformer.get("containers").elements():
        pieces.append(Piece(Layers([transformer]), Layers([reading.object.metadata]), role="transformer"))
    return pieces


def _predictor(reading: Reading, predictor: Node, role: str | None) -> list[Piece]:
    model = model_of(predictor)
    runtime = runtime_of(reading.object, predictor, reading.objects) if model else None
    base = runtime.root.get("spec") if runtime is not None else Node.absent()
    missing = _missing(reading, predictor, model) if model and runtime is None else None

    def finish(container: Container) -> Container:
        named = container if container.name else structs.replace(container, name=MAIN)
        if named.name != MAIN and model:
            return named
        fields = fields_of(model, _SOURCES) if model else {}
        stored = named.variable("STORAGE_URI")
        if not fields and stored is not None and stored.value and stored.source == "literal":
            fields = {"model.source_uri": Located(stored.value, stored.origin)}
        if missing is not None and named.command is None and named.image is None:
            named = _presumed(named, predictor, model)
        return add_fields(named, fields, *((missing,) if missing else ()))

    metadata = Layers([base, predictor, reading.object.metadata])
    labels = _labels(reading.object)
    placeholders = {"Name": reading.object.name}
    if reading.object.namespace:
        placeholders["Namespace"] = reading.object.namespace
    worker_layers = [node for node in (base.get("workerSpec"), predictor.get("workerSpec")) if node]
    head = Piece(
        _Predictor([base, predictor], model),
        metadata,
        role=role or ("leader" if predictor.get("workerSpec") else None),
        group_size=_group_size(Layers(worker_layers)) if predictor.get("workerSpec").present else 1,
        labels=labels,
        finish=finish,
        placeholders=placeholders,
        joins_args=bool(model) and runtime is not None,
        complete=missing is None,
    )
    if not predictor.get("workerSpec").present or not Layers(worker_layers).named("containers"):
        return [head]
    worker = Piece(
        Layers(worker_layers), metadata, role=f"{role}-worker" if role else "worker", group_size=head.group_size, labels=labels,
        placeholders=placeholders, joins_args=True,
    )  # fmt: skip
    return [head, worker]


_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "huggingfaceserver": ("huggingfaceserver",),
    "huggingface": ("huggingfaceserver",),
    "vllm": ("python3", "-m", "vllm.entrypoints.openai.api_server"),
    "sglang": ("python3", "-m", "sglang.launch_server"),
}
"""What a runtime runs by the words of its name, or KServe's own runtime for a model format."""


def _presumed(container: Container, predictor: Node, model: Node) -> Container:
    """The container with the program that a runtime outside the input runs, as its name or the format tells it."""
    runtime, wanted = model.get("runtime"), model.get("modelFormat", "name")
    told = runtime if runtime.text() else wanted
    words = re.split(r"[^a-z0-9]+", (told.text() or "").lower())
    if not told.text() and predictor.get("huggingface"):
        words = ["huggingface"]
    program = next((_PROGRAMS[word] for word in words if word in _PROGRAMS), None)
    if program is None:
        return container
    place = told.origin if told.text() else model.origin
    argv = (*(Token(word, place) for word in program), *(container.args or ()))
    return structs.replace(container, invocations=(Invocation(argv, "field", certain=False),))


def _group_size(worker: Layers) -> int | None:
    """Pods of the group: one for each pipeline stage."""
    stages = worker.get("pipelineParallelSize").integer()
    size = worker.get("size").integer()
    return stages if stages is not None else None if size is None else size + 1


def _labels(service: Object) -> dict[str, str]:
    return {
        "serving.kserve.io/inferenceservice": service.name,
        "app": f"isvc.{service.name}-predictor",
        "component": "predictor",
    }


def model_of(predictor: Node) -> Node:
    """The field that names the model: `model`, or a framework of the older form; absent for plain containers."""
    for framework in _FRAMEWORKS:
        node = predictor.get(framework)
        if node.kind == "mapping":
            return node
    return Node.absent()


def runtime_of(service: Object, predictor: Node, objects: Objects) -> Object | None:
    """The runtime a predictor takes: by its name, else the only one of the input that selects its model format."""
    model = model_of(predictor)
    name = model.get("runtime").text()
    if name:
        found = objects.find("ServingRuntime", name, service.namespace)
        return found or objects.find("ClusterServingRuntime", name, None)
    wanted = model.get("modelFormat", "name").text()
    for kind in ("ServingRuntime", "ClusterServingRuntime"):
        able = [
            each
            for each in objects.of_kind(kind)
            if wanted and _selects(each, wanted) and (kind != "ServingRuntime" or _reaches(each, service))
        ]
        if able:
            return able[0] if len(able) == 1 else None
    return None


def _selects(runtime: Object, wanted: str) -> bool:
    return any(
        each.get("name").text() == wanted and each.get("autoSelect").boolean() is True
        for each in runtime.root.get("spec", "supportedModelFormats").elements()
    )


def _reaches(runtime: Object, service: Object) -> bool:
    return runtime.namespace is None or service.namespace is None or runtime.namespace == service.namespace


def _missing(reading: Reading, predictor: Node, model: Node) -> Gap:
    """Record a runtime that is not in the input; the gap it leaves."""
    name = model.get("runtime").text()
    node = model.get("runtime") if name else model.get("modelFormat", "name")
    wanted = f"the runtime for the model format {model.get('modelFormat', 'name').text() or 'of its framework'}"
    title = called("ServingRuntime", name, reading.object.namespace) if name else wanted
    fetch = f"`kubectl get servingruntime {name} -o yaml`" if name else "`kubectl get servingruntimes -o yaml`"
    reading.ledger.miss(
        Missing(
            title,
            "the engine's image, command and further arguments",
            f"add it to the input ({fetch}, or clusterservingruntime)",
            node.origin if node else predictor.origin,
            reading.subject,
        )
    )
    return Gap(
        "runtime.engine",
        f"{title} is not in the input; it holds the image, the command and further arguments",
        rule="serving-runtime",
        inputs=(f"runtime@{name or model.get('modelFormat', 'name').text()}",),
        would_need=f"{title} in the same input",
    )


# ---- runtimes ------------------------------------------------------------------------------------------------------


def serving_runtime(reading: Reading) -> list[Piece]:
    """A runtime that no InferenceService of the input takes; those that are taken are read there."""
    if id(reading.object) in _taken(reading.objects):
        return []
    spec = reading.spec
    note = "a runtime is one part of a pod: an InferenceService adds the model, resources and further arguments"
    worker = spec.get("workerSpec")
    grouped = bool(worker.get("containers").elements())
    role = "leader" if grouped else None
    pieces = [Piece(Layers([spec]), Layers([spec]), placeholders={}, complete=False, notes=(note,), role=role)]
    if grouped:
        pieces.append(Piece(Layers([worker]), Layers([spec]), placeholders={}, complete=False, role="worker"))
    return pieces


def _taken(objects: Objects) -> set[int]:
    held = objects.memory.get("runtimes")
    if isinstance(held, set):
        return held
    found: set[int] = set()
    for service in objects.of_kind("InferenceService"):
        predictor = service.root.get("spec", "predictor")
        runtime = runtime_of(service, predictor, objects) if model_of(predictor) else None
        found.add(id(runtime))
    objects.memory["runtimes"] = found
    return found


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    "InferenceService": inference_service,
    "ServingRuntime": serving_runtime,
    "ClusterServingRuntime": serving_runtime,
}
