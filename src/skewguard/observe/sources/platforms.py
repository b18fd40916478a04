"""Platforms whose resources hold no pod template: their own fields say image, arguments and environment.

Sources: NIM operator apps.nvidia.com/v1alpha1 NIMService and NIMPipeline (api/apps/v1alpha1/nimservice_types.go);
production-stack VLLMRuntime (operator/internal/controller/vllmruntime_controller.go); KubeAI kubeai.org/v1 Model
(engine_vllm.go, engine_sglang.go); llm-d-model-service
api/v1alpha1/modelservice_types.go (llm-d.ai/v1alpha1 ModelService).
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import structs

from skewguard.language.facts import Gap, Located, Origin
from skewguard.language.trees import Node
from skewguard.language.workloads import Container, EnvVar, Invocation, Mount, NodeTerm, Resources, Token
from skewguard.observe.sources import fields, pods
from skewguard.observe.sources.layers import Layers, SoleContainer
from skewguard.observe.sources.pieces import Piece, Reading, add_fields, fields_of

# ---- NIM -----------------------------------------------------------------------------------------------------------


def nim_service(reading: Reading) -> list[Piece]:
    """A NIMService: the spec is the container and the pod at once."""
    return [_nim(reading.spec, reading.object.name, reading.object.origin)]


def nim_pipeline(reading: Reading) -> list[Piece]:
    """A NIMPipeline: the NIMServices that it makes, those that are switched on."""
    return [
        structs.replace(_nim(each.get("spec"), name.text() or "", name.origin), role=name.text())
        for each in reading.spec.get("services").elements()
        for name in [each.get("name")]
        if each.get("enabled").boolean() is not False
    ]


def _nim(spec: Node, name: str, place: Origin) -> Piece:
    """The pods of one NIMService. With `multiNode` a LeaderWorkerSet of as many pods as there are pipeline stages."""
    image = spec.get("image")
    stages = spec.get("multiNode", "parallelism", "pipeline")
    repository, tag = image.get("repository"), image.get("tag")

    def finish(container: Container) -> Container:
        text = repository.text()
        whole = None if text is None else Located(f"{text}:{tag.text()}" if tag.text() else text, repository.origin)
        held = container.resources
        claims = tuple(claim.get("name").text() or "" for claim in spec.get("draResources").elements())
        return structs.replace(
            container,
            name=name,
            image=whole,
            origin=place,
            env=(*container.env, *_of_operator(spec, {entry.name for entry in container.env})),
            resources=Resources(held.requests, held.limits, held.claims + claims),
            mounts=(*container.mounts, Mount("dshm", "/dev/shm", place)),  # noqa: S108  # a mount point in the container
        )

    return Piece(
        SoleContainer([spec], [spec]),
        Layers([spec]),
        replicas=spec.get("replicas"),
        group_size=(stages.integer() if stages else 1) if spec.get("multiNode").present else 1,
        finish=finish,
        complete=False,
    )


_OF_OPERATOR = {
    "NIM_MODEL_PROFILE": ("storage", "nimCache", "profile"),
    "NIM_TENSOR_PARALLEL_SIZE": ("multiNode", "parallelism", "tensor"),
    "NIM_PIPELINE_PARALLEL_SIZE": ("multiNode", "parallelism", "pipeline"),
}
"""Variables that the operator makes of fields (nimservice_types.go, standalone/nimservice.go); `env` goes before them."""


def _of_operator(spec: Node, given: set[str]) -> Iterator[EnvVar]:
    for name, path in _OF_OPERATOR.items():
        value = pods.located(spec.get(*path))
        if value is not None and value.value and name not in given:
            yield EnvVar(name, value.value, value.origin)


# ---- production-stack ----------------------------------------------------------------------------------------------

# The operator's order: (field path, flag); a switch writes `--x` or `--no-x`.
_RUNTIME_FLAGS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("vllmConfig", "port"), "--port"),
    (("model", "toolCallParser"), "--tool-call-parser"),
    (("model", "maxModelLen"), "--max-model-len"),
    (("model", "dtype"), "--dtype"),
    (("vllmConfig", "tensorParallelSize"), "--tensor-parallel-size"),
    (("model", "maxNumSeqs"), "--max-num-seqs"),
    (("vllmConfig", "gpuMemoryUtilization"), "--gpu_memory_utilization"),
    (("vllmConfig", "maxLoras"), "--max_loras"),
)
_RUNTIME_SWITCHES: tuple[tuple[tuple[str, ...], str, str | None], ...] = (
    (("model", "enableLoRA"), "--enable-lora", None),
    (("model", "enableTool"), "--enable-auto-tool-choice", None),
    (("vllmConfig", "enableChunkedPrefill"), "--enable-chunked-prefill", "--no-enable-chunked-prefill"),
    (("vllmConfig", "enablePrefixCaching"), "--enable-prefix-caching", "--no-enable-prefix-caching"),
)


_RUNTIME_FIELDS: Mapping[str, tuple[str, ...]] = {
    "model": (
        "modelURL", "hfTokenSecret", "enableLoRA", "enableTool", "toolCallParser", "maxModelLen", "dtype", "maxNumSeqs",
        "chatTemplate",
    ),
    "vllmConfig": (
        "enableChunkedPrefill", "enablePrefixCaching", "tensorParallelSize", "gpuMemoryUtilization", "maxLoras",
        "extraArgs", "v1", "port", "env",
    ),
}  # fmt: skip
_PRUNED = "The API server drops it in silence, unless it is asked to be strict, and the engine runs without it"


def vllm_runtime(reading: Reading) -> list[Piece]:
    """production-stack's VLLMRuntime: the operator turns its fields into a command line."""
    spec = reading.spec
    for where, known in _RUNTIME_FIELDS.items():
        node = spec.get(where)
        fields.misspelt(reading, where, known, [(key, node.key_origin(key)) for key, _ in node.items()], _PRUNED)
    deployment = spec.get("deploymentConfig")
    registry, image = deployment.get("image", "registry"), deployment.get("image", "name")

    def finish(container: Container) -> Container:
        text = image.text()
        prefix = f"{registry.text()}/" if registry.text() else ""
        return structs.replace(
            container,
            name="vllm",
            origin=reading.object.origin,
            image=None if text is None else Located(f"{prefix}{text}", image.origin),
            invocations=(Invocation(tuple(_runtime_words(spec, reading.object.origin)), "field"),),
            resources=_runtime_resources(deployment.get("resources")),
            env=(*_runtime_env(spec, reading.object.origin), *container.env),
            mounts=(*container.mounts, *_runtime_mounts(spec)),
        )

    pod = SoleContainer([deployment], [spec.get("vllmConfig")])
    return [
        Piece(
            pod,
            Layers([]),
            replicas=deployment.get("replicas"),
            labels={"app": reading.object.name},
            terms=tuple(_runtime_terms(deployment)),
            finish=finish,
            complete=False,
        )
    ]


def _runtime_env(spec: Node, place: Origin) -> Iterator[EnvVar]:
    """What the operator sets before the user's variables: engine V0 where `v1` is not on."""
    chosen = spec.get("vllmConfig", "v1")
    on = chosen.boolean() is True
    yield EnvVar("VLLM_USE_V1", "1" if on else "0", chosen.origin if chosen else place, "controller")
    lora = spec.get("model", "enableLoRA")
    if lora.boolean() is True:
        yield EnvVar("VLLM_ALLOW_RUNTIME_LORA_UPDATING", "True", lora.origin, "controller")


def _runtime_mounts(spec: Node) -> Iterator[Mount]:
    shared = spec.get("deploymentConfig", "shmSize")
    if shared.text():
        yield Mount("dshm", "/dev/shm", shared.origin)  # noqa: S108  # a mount point in the container
    storage = spec.get("storageConfig")
    if storage.get("enabled").boolean() is True:
        path = storage.get("mountPath").text() or "/data"
        yield Mount(storage.get("volumeName").text() or "pvc-storage", path, storage.origin)


def _runtime_terms(deployment: Node) -> Iterator[NodeTerm]:
    """`nodeSelectorTerms`, alternatives of required node affinity."""
    for number, term in enumerate(deployment.get("nodeSelectorTerms").elements()):
        for node in term.get("matchExpressions").elements():
            values = tuple(value.text() or "" for value in node.get("values").elements())
            operator = node.get("operator").text() or "In"
            yield NodeTerm(node.get("key").text() or "", operator, values, node.get("key").origin, number)


def _runtime_words(spec: Node, place: Origin) -> list[Token]:
    model = spec.get("model", "modelURL")
    words = [Token("vllm", place), Token("serve", place)]
    if model.text():
        words.append(Token(model.text() or "", model.origin))
    words += [Token("--host", place), Token("0.0.0.0", place)]  # noqa: S104  # what the operator writes
    for path, on, off in _RUNTIME_SWITCHES:
        node = spec.get(*path)
        if node.boolean() is True:
            words.append(Token(on, node.origin))
        elif off is not None:
            words.append(Token(off, node.origin if node else place))
    for path, flag in _RUNTIME_FLAGS:
        node = spec.get(*path)
        if node.text() and node.text() != "0":
            words += [Token(flag, node.origin), Token(node.text() or "", node.origin)]
    extra = spec.get("vllmConfig", "extraArgs").elements()
    words += [Token(node.text() or "", node.origin) for node in extra]
    return [*words, *_runtime_transfer(spec)]


def _runtime_transfer(spec: Node) -> Iterator[Token]:
    """The connector that the operator adds for LMCache, behind the user's own words."""
    cache = spec.get("lmCacheConfig", "enabled")
    if cache.boolean() is True:
        name = "LMCacheConnectorV1" if spec.get("vllmConfig", "v1").boolean() is True else "LMCacheConnector"
        yield Token("--kv-transfer-config", cache.origin)
        yield Token(f'{{"kv_connector":"{name}","kv_role":"kv_both"}}', cache.origin)


def _runtime_resources(node: Node) -> Resources:
    names = {"cpu": "cpu", "memory": "memory", "gpu": node.get("gpuType").text() or "nvidia.com/gpu"}
    found = {
        name: Located(node.get(key).text() or "", node.get(key).origin) for key, name in names.items() if node.get(key)
    }
    return Resources(found, found)


# ---- KubeAI --------------------------------------------------------------------------------------------------------

_KUBEAI: Mapping[str, tuple[tuple[str, ...], str]] = {
    "VLLM": (("python3", "-m", "vllm.entrypoints.openai.api_server"), "--model"),
    "SGLANG": (("python3", "-m", "sglang.launch_server"), "--model-path"),
}


def kubeai_model(reading: Reading) -> list[Piece]:
    """KubeAI's Model: the operator starts the engine with the model and `args`; image and GPU are its configuration's."""
    spec = reading.spec
    engine, url = spec.get("engine"), spec.get("url")
    command = _KUBEAI.get((engine.text() or "").upper())
    if command is None or not url.text():
        return []

    def finish(container: Container) -> Container:
        scheme, _, rest = (url.text() or "").partition("://")
        model = url.text() or "" if scheme in ("s3", "gs", "oss") else rest.partition("?")[0]
        words = [Token(word, engine.origin) for word in command[0]]
        words += [
            Token(f"{command[1]}={model}", url.origin),
            Token(f"--served-model-name={reading.object.name}", reading.object.origin),
        ]
        named = structs.replace(
            container,
            name="server",
            origin=reading.object.origin,
            invocations=(Invocation((*words, *(container.args or ())), "field"),),
            env=tuple(_kubeai_env(spec.get("env"))),
        )
        return add_fields(named, {"model.source_uri": Located(url.text() or "", url.origin)})

    note = "KubeAI's own configuration chooses the image and the GPU (`resourceProfile`)"
    return [Piece(SoleContainer([spec], [spec]), Layers([]), finish=finish, complete=False, notes=(note,))]


def _kubeai_env(mapping: Node) -> Iterator[EnvVar]:
    for name, value in mapping.items():
        yield EnvVar(name, value.text() or "", value.origin, name_origin=mapping.key_origin(name))


# ---- llm-d ---------------------------------------------------------------------------------------------------------


def model_service(reading: Reading) -> list[Piece]:
    """llm-d's ModelService: containers of the two roles, which its controller lays over a base of its own."""
    spec = reading.spec
    gap = Gap(
        "runtime.engine",
        "llm-d's ModelService controller adds arguments of its base configuration, which is not in the input",
        rule="preset",
        inputs=("preset@llm-d",),
        would_need="the Deployments that the controller made",
    )
    named = fields_of(
        spec, {"model.source_uri": ("modelArtifacts", "uri"), "model.served_name": ("routing", "modelName")}
    )
    roles = [(role, spec.get(role)) for role in ("prefill", "decode")]
    return [_llmd(role, node, named, gap) for role, node in roles if node.get("containers").elements()]


def _llmd(role: str, node: Node, named: Mapping[str, Located[str]], gap: Gap) -> Piece:
    own = {**named, **fields_of(node.get("parallelism"), _LLMD_SIZES)}

    def finish(container: Container) -> Container:
        return add_fields(container, own, gap)

    wanted = node.get("acceleratorTypes")
    values = tuple(each.text() or "" for each in wanted.get("labelValues").elements())
    label = wanted.get("labelKey")
    terms = (NodeTerm(label.text() or "", "In", values, label.origin),) if label.text() else ()
    return Piece(
        Layers([node]),
        Layers([]),
        role=role,
        replicas=node.get("replicas"),
        finish=finish,
        terms=terms,
        complete=False,
    )


_LLMD_SIZES = {"parallelism.tensor": ("tensor",)}


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    "NIMService": nim_service,
    "NIMPipeline": nim_pipeline,
    "ModelService": model_service,
    "VLLMRuntime": vllm_runtime,
    "Model": kubeai_model,
}
