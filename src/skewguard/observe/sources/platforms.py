"""Platforms whose resources hold no pod template: their own fields say image, arguments and environment.

Sources: NIM operator apps.nvidia.com/v1alpha1 NIMService; KAITO kaito.sh Workspace; production-stack VLLMRuntime
(operator/internal/controller/vllmruntime_controller.go); KubeAI kubeai.org/v1 Model (engine_vllm.go, engine_sglang.go);
Dynamo nvidia.com/v1alpha1 DynamoGraphDeployment (`extraPodSpec.mainContainer`).
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import structs

from skewguard.language import vocabulary
from skewguard.language.documents import Node
from skewguard.language.facts import Gap, Located, Origin
from skewguard.language.workloads import Container, EnvVar, Invocation, Missing, Resources, Token
from skewguard.observe.sources import embedded, pods, searching
from skewguard.observe.sources.layers import Layers, SoleContainer
from skewguard.observe.sources.objects import called, supply
from skewguard.observe.sources.pieces import Piece, Reading, add_fields, piece

# ---- NIM -----------------------------------------------------------------------------------------------------------


def nim_service(reading: Reading) -> list[Piece]:
    """A NIMService: the spec is the container and the pod at once."""
    spec = reading.spec
    image = spec.get("image")
    repository, tag = image.get("repository"), image.get("tag")

    def finish(container: Container) -> Container:
        text = repository.text()
        whole = None if text is None else Located(f"{text}:{tag.text()}" if tag.text() else text, repository.origin)
        cache = pods.located(spec.get("storage", "nimCache", "profile"))
        held = container.resources
        claims = tuple(claim.get("name").text() or "" for claim in spec.get("draResources").elements())
        named = structs.replace(
            container,
            name=reading.object.name,
            image=whole,
            origin=reading.object.origin,
            resources=Resources(held.requests, held.limits, held.claims + claims),
        )
        return add_fields(named, {"nim.profile": cache} if cache else {})

    return [
        Piece(
            SoleContainer([spec], [spec]), Layers([spec]), replicas=spec.get("replicas"), finish=finish, complete=False
        )
    ]


# ---- KAITO ---------------------------------------------------------------------------------------------------------


def workspace(reading: Reading) -> list[Piece]:
    """A KAITO Workspace: a pod template, or a preset whose image and command the operator chooses."""
    root = reading.object.root
    spec = root.get("spec", "template") if reading.object.kind == "InferenceSet" else root
    inference = spec.get("inference")
    replicas = root.get("spec", "replicas") if reading.object.kind == "InferenceSet" else None
    if inference.get("template", "spec"):
        return [piece(inference.get("template"), replicas=replicas)]
    preset = inference.get("preset")
    if not preset:
        return []
    name = preset.get("name")
    settings = _kaito_settings(reading, inference.get("config"))
    instance = spec.get("resource", "instanceType")
    gap = Gap(
        "runtime.engine",
        f"KAITO's preset `{name.text()}` chooses image, version and command",
        rule="preset",
        inputs=(f"preset@{name.text()}",),
        would_need="the Deployment or StatefulSet that KAITO made (`kubectl get deploy,sts -o yaml`)",
    )

    def finish(container: Container) -> Container:
        named = structs.replace(
            container, name=reading.object.name, origin=name.origin if name else reading.object.origin
        )
        identity = {"model.source_uri": Located(f"kaito://{name.text()}", name.origin)} if name.text() else {}
        return add_fields(named, {**identity, **settings}, gap)

    labels = {key: value.text() or "" for key, value in spec.get("resource", "labelSelector", "matchLabels").items()}
    template = SoleContainer([inference.get("preset")], [inference.get("preset")])
    made = Piece(template, Layers([]), replicas=replicas, finish=finish, complete=False, labels=labels)
    if instance.text():
        made = structs.replace(made, notes=(f"KAITO makes nodes of the type {instance.text()} for it",))
    return [made]


def _kaito_settings(reading: Reading, config: Node) -> dict[str, Located[str]]:
    """The `vllm:` part of the ConfigMap that `inference.config` names."""
    name = config.text()
    if not name:
        return {}
    data = reading.objects.config(name, reading.object.namespace)
    if data is None:
        title = called("ConfigMap", name, reading.object.namespace)
        how = supply("ConfigMap", name, reading.object.namespace)
        reading.ledger.miss(Missing(title, "the engine's settings", how, config.origin, reading.subject))
        return {}
    inner = embedded.read(data["inference_config.yaml"][0]) if "inference_config.yaml" in data else None
    found: dict[str, Located[str]] = {}
    for key, value in inner.get("vllm").items() if inner is not None else ():
        text = value.text()
        if text is not None:
            found[vocabulary.named("vllm", key.replace("-", "_"))] = Located(text, value.origin)
    return found


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


def vllm_runtime(reading: Reading) -> list[Piece]:
    """production-stack's VLLMRuntime: the operator turns its fields into a command line."""
    spec = reading.spec
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
        )

    pod = SoleContainer([deployment], [spec.get("vllmConfig")])
    return [Piece(pod, Layers([]), replicas=deployment.get("replicas"), finish=finish, complete=False)]


def _runtime_words(spec: Node, place: Origin) -> list[Token]:
    model = spec.get("model", "modelURL")
    words = [Token("vllm", place), Token("serve", place)]
    if model.text():
        words.append(Token(model.text() or "", model.origin))
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
    return words + [Token(node.text() or "", node.origin) for node in extra]


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


# ---- Dynamo --------------------------------------------------------------------------------------------------------


def dynamo_graph(reading: Reading) -> list[Piece]:
    """A DynamoGraphDeployment: `components[].podTemplate`, or in v1alpha1 `services.NAME.extraPodSpec.mainContainer`."""
    services = reading.spec.get("services").items()
    if not services:
        return searching.templates(reading, generic=False)
    return [
        _dynamo_service(reading, name, node) for name, node in services if node.get("extraPodSpec", "mainContainer")
    ]


def _dynamo_service(reading: Reading, name: str, service: Node) -> Piece:
    pod = service.get("extraPodSpec")
    kind = " ".join((name, service.get("subComponentType").text() or "")).lower()
    role = "prefill" if "prefill" in kind else "decode" if "decode" in kind else name

    def finish(container: Container) -> Container:
        held = container.resources
        requests = {**_dynamo_amounts(service, "requests"), **held.requests}
        limits = {**_dynamo_amounts(service, "limits"), **held.limits}
        return structs.replace(
            container, name=container.name or "main", resources=Resources(requests, limits, held.claims)
        )

    shared = [*reading.spec.get("envs").elements(), *service.get("envs").elements()]
    return Piece(
        SoleContainer([pod], [pod.get("mainContainer")], shared),
        Layers([service]),
        role=role,
        replicas=service.get("replicas"),
        group_size=service.get("multinode", "nodeCount").integer() or 1,
        finish=finish,
        complete=False,
    )


def _dynamo_amounts(service: Node, field: str) -> dict[str, Located[str]]:
    found = {}
    for key, value in service.get("resources", field).items():
        text = value.text()
        if text is not None:
            found["nvidia.com/gpu" if key == "gpu" else key] = Located(text, value.origin)
    return found


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    "NIMService": nim_service,
    "Workspace": workspace,
    "InferenceSet": workspace,
    "VLLMRuntime": vllm_runtime,
    "Model": kubeai_model,
    "DynamoGraphDeployment": dynamo_graph,
}
