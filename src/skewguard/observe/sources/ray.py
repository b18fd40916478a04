"""The Ray kinds of KubeRay: head and worker groups, and the models that Ray Serve LLM is told to deploy in them.

Sources: ray.io/v1 (one head, worker groups); Ray python/ray/llm/_internal/serve: core/ingress/builder.py (`llm_configs`
of dictionaries or paths of YAML files), core/configs/llm_config.py (the fields), engines/vllm/vllm_models.py
(`engine_kwargs` to fields of vLLM's arguments; the model and its name come from `model_loading_config`).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import structs

from skewguard.language import accelerators
from skewguard.language.errors import InputError
from skewguard.language.facts import Gap, Located
from skewguard.language.neighbours import Autoscaler, Signal
from skewguard.language.trees import Node
from skewguard.language.workloads import Container, EnvVar, Invocation, TextFile, Token
from skewguard.observe.sources import embedded, fields
from skewguard.observe.sources.embedded import Inner
from skewguard.observe.sources.pieces import Piece, Reading, add_fields, piece

_CLUSTERS: Mapping[str, tuple[str, ...]] = {
    "RayCluster": ("spec",),
    "RayService": ("spec", "rayClusterConfig"),
    "RayJob": ("spec", "rayClusterSpec"),
    "RayClusterFleet": ("spec", "template", "spec"),
    "RayClusterReplicaSet": ("spec", "template", "spec"),
}


def ray(reading: Reading) -> list[Piece]:
    """Head and worker groups of a Ray cluster."""
    cluster = reading.object.root.get(*_CLUSTERS[reading.object.kind])
    groups = cluster.get("workerGroupSpecs").elements()
    size = _size(groups)
    labels = {"ray.io/cluster": reading.object.name, "ray.io/is-ray-node": "yes"}

    pieces = []
    head = cluster.get("headGroupSpec", "template")
    first = next(iter(head.get("spec", "containers").elements()), None)

    def finish(container: Container) -> Container:
        """KubeRay runs Ray in the first container of a pod (`RayContainerIndex`); others are the team's own."""
        ray_itself = first is not None and first.get("name").text() in (None, container.name)
        return _served(container, reading) if ray_itself else container

    if head.get("spec"):
        pieces.append(
            piece(head, role="leader", group_size=size, labels={**labels, "ray.io/node-type": "head"}, finish=finish)
        )
    labels = {**labels, "ray.io/node-type": "worker"}
    scaled = cluster.get("enableInTreeAutoscaling").boolean() is True
    counted = not any(config.get(key) for config in _configs(reading, ()) for key in _OWN_BUNDLES)
    pieces.extend(
        piece(
            group.get("template"),
            role="worker",
            replicas=group.get("replicas"),
            group_size=size,
            most=_most(group, scaled=scaled) if counted else None,
            labels={**labels, "ray.io/group": group.get("groupName").text() or ""},
        )
        for group in groups
        if group.get("template", "spec")
    )
    return pieces


_OWN_BUNDLES = ("placement_group_config", "resources_per_bundle", "use_cpu")
"""Fields of a model that say how much of a node each process takes: the count of GPUs then is not that of processes."""


def _size(groups: list[Node]) -> int | None:
    """Pods of the cluster; None where an autoscaler of Ray's decides."""
    total = 1
    for group in groups:
        replicas, low, high = (group.get(key).integer() for key in ("replicas", "minReplicas", "maxReplicas"))
        count = replicas if replicas is not None else low
        if count is None or (low is not None and high is not None and low != high):
            return None
        total += count * (group.get("numOfHosts").integer() or 1)
    return total


def _most(group: Node, *, scaled: bool) -> int | None:
    """The most pods that a worker group can have; None where nothing bounds it.

    KubeRay keeps `replicas` between the bounds, and asks Ray's autoscaler for more only where that is enabled.
    """
    hosts = group.get("numOfHosts").integer() or 1
    replicas, low, high = (group.get(key).integer() for key in ("replicas", "minReplicas", "maxReplicas"))
    if scaled:
        return None if high is None else high * hosts
    fixed = max(replicas or 0, low or 0) if replicas is not None or low is not None else 1
    return max(fixed, high or 0) * hosts


# ---- what Ray Serve is told to deploy ------------------------------------------------------------------------------


def _served(container: Container, reading: Reading) -> Container:
    """The head with the engines that Ray Serve starts in its cluster, one for each model."""
    gaps = tuple(_code_gaps(reading))
    configs = list(_configs(reading, container.files))
    if not configs:
        return add_fields(container, {}, *gaps)
    for config in configs:
        _misspelt(reading, config)
    served = structs.replace(container, invocations=tuple(_invocation(config) for config in configs))
    return add_fields(served, _agreed([dict(_fields(config)) for config in configs]), *gaps)


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "llm_configs": (
        "model_loading_config", "engine_kwargs", "llm_engine", "accelerator_type", "deployment_config", "runtime_env",
        "lora_config", "placement_group_config", "experimental_configs", "log_engine_metrics", "callback_config",
        "resources_per_bundle", "use_cpu", "accelerator_config", "server_cls", "ingress_cls",
    ),
    "model_loading_config": ("model_id", "model_source", "tokenizer_source"),
}  # fmt: skip
_REFUSED = "Ray Serve LLM refuses the configuration, and no model of it is deployed"


def _misspelt(reading: Reading, config: Inner) -> None:
    for where, known in _FIELDS.items():
        node = config if where == "llm_configs" else config.get(where)
        fields.misspelt(reading, where, known, [(key, node.key_origin(key)) for key, _ in node.items()], _REFUSED)


def launched(container: Container) -> Container:
    """A container whose `serve run FILE` starts the models of a mounted file: with the engines that it starts."""
    files = {id(each): _launch(each) for each in container.invocations}
    configs = [
        config
        for path in files.values()
        for root in (_from_file(path, container.files) if path else ())
        for application in root.get("applications").elements()
        for config in _models(application, container.files)
    ]
    if not configs:
        return container
    rest = tuple(each for each in container.invocations if not files[id(each)])
    return structs.replace(container, invocations=(*rest, *(_invocation(config) for config in configs)))


def _launch(invocation: Invocation) -> str:
    """The file of applications that Ray Serve's own command is given; empty for any other command."""
    words = [token.text for token in invocation.argv]
    if len(words) < len(("serve", "run", "FILE")) or words[0].rpartition("/")[2] != "serve" or words[1] != "run":
        return ""
    return next((word for word in words[2:] if word.endswith((".yaml", ".yml"))), "")


def _invocation(config: Inner) -> Invocation:
    """The model and `engine_kwargs` as Ray Serve LLM's own words: each name, and its value."""
    loading, engine = config.get("model_loading_config"), config.get("llm_engine")
    place = engine.origin if engine.text() else config.origin
    words = [Token("ray.serve.llm" if (engine.text() or "vLLM") == "vLLM" else str(engine.text()), place)]
    source, name = loading.get("model_source"), loading.get("model_id")
    model = source if source.text() else name if not source.present else None
    if model is not None and model.text():
        words += [Token("model", model.origin), Token(model.text() or "", model.origin)]
    if name.text():
        words += [Token("served_model_name", name.origin), Token(name.text() or "", name.origin)]
    arguments = config.get("engine_kwargs")
    for key, value in arguments.items():
        words += [Token(key, arguments.key_origin(key)), Token(_plain(value), value.origin)]
    return Invocation(tuple(words), "field", environment=tuple(_environment(config)))


def _plain(value: Inner) -> str:
    """A value as one word; a list or a mapping as JSON."""
    if value.kind not in ("mapping", "sequence"):
        return value.text() if value.text() is not None else "null"  # type: ignore[return-value]
    try:
        return json.dumps(value.value())
    except (InputError, TypeError):
        return "{}"


def _environment(config: Inner) -> Iterator[EnvVar]:
    variables = config.get("runtime_env", "env_vars")
    for name, value in variables.items():
        yield EnvVar(name, value.text() or "", value.origin, name_origin=variables.key_origin(name))


def _fields(config: Inner) -> Iterator[tuple[str, Located[str]]]:
    """What a model's other fields say: the bucket of its weights, and the accelerator of the nodes it may use."""
    bucket = config.get("model_loading_config", "model_source", "bucket_uri")
    if bucket.text():
        yield "model.source_uri", Located(bucket.text() or "", bucket.origin)
    wanted = config.get("accelerator_type")
    known = accelerators.find(
        (wanted.text() or "").replace("-40G", "-40GB").replace("-80G", "-80GB").replace("GBB", "GB")
    )
    if known is not None:
        yield "hardware.gpu_class", Located(known.title, wanted.origin)


def _agreed(every: Sequence[Mapping[str, Located[str]]]) -> dict[str, Located[str]]:
    """The fields that all models have alike."""
    return {
        name: located
        for name, located in every[0].items()
        if all(name in each and each[name].value == located.value for each in every)
    }


def autoscalers(reading: Reading) -> Iterator[Autoscaler]:
    """The autoscaling of Ray Serve deployments, or their fixed number of replicas."""
    for config in _configs(reading, ()):
        scaling, fixed = (
            config.get("deployment_config", "autoscaling_config"),
            config.get("deployment_config", "num_replicas"),
        )
        if not scaling and fixed.integer() is None:
            continue
        target = scaling.get("target_ongoing_requests")
        place = target.origin if target.present else scaling.origin
        yield Autoscaler(
            kind=reading.object.kind,
            name=reading.object.name,
            namespace=reading.object.namespace,
            origin=scaling.origin if scaling else fixed.origin,
            target_kind=reading.object.kind,
            target_name=reading.object.name,
            signals=(Signal("concurrency", "target_ongoing_requests", place),) if scaling else (),
            min_replicas=_count(scaling.get("min_replicas") if scaling else fixed),
            max_replicas=_count(scaling.get("max_replicas") if scaling else fixed),
        )


def _configs(reading: Reading, files: Sequence[TextFile]) -> Iterator[Inner]:
    """Every model: written there, or in a file that is mounted into the head."""
    for application in _applications(reading):
        yield from _models(application, files)


def _models(application: Inner, files: Sequence[TextFile]) -> Iterator[Inner]:
    """The models of one application."""
    arguments = application.get("args")
    for config in (
        *arguments.get("llm_configs").elements(),
        arguments.get("prefill_config"),
        arguments.get("decode_config"),
    ):
        if config.kind == "mapping":
            yield config
        elif config.text():
            yield from _from_file(config.text() or "", files)


def _from_file(path: str, files: Sequence[TextFile]) -> Iterator[Inner]:
    file = next((each for each in files if each.path == path), None)
    root = embedded.of_file(file) if file is not None else None
    if root is not None and root.kind == "mapping":
        yield root


def _applications(reading: Reading) -> Iterator[Inner]:
    node = reading.spec.get("serveConfigV2")
    root = embedded.read(node) if node.text() else None
    if root is not None:
        yield from root.get("applications").elements()


_BUILDERS = ("llm_configs", "prefill_config", "decode_config")


def _code_gaps(reading: Reading) -> Iterator[Gap]:
    """Applications whose settings stand in Python code."""
    for application in _applications(reading):
        path = application.get("import_path").text()
        if path and not any(application.get("args", name).present for name in _BUILDERS):
            yield Gap(
                "runtime.engine",
                f"Ray Serve starts `{path}`, Python code that is not in the input; the engine's settings stand there",
                rule="ray-serve",
                inputs=(f"code@{path}",),
            )


def _count(node: Inner) -> Located[int] | None:
    number = node.integer()
    return None if number is None else Located(number, node.origin)


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = dict.fromkeys(_CLUSTERS, ray)
