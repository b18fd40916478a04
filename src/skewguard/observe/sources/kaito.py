"""KAITO's workspaces: a pod template of the user's, or a preset whose image and command the operator chooses.

Sources: kaito-project/kaito api/v1beta1/workspace_types.go, v1alpha1/{inferenceset,multiroleinference}_types.go;
pkg/workspace/inference/preset_inferences.go (the preset's words, then the user's ConfigMap mounted at /mnt/config);
pkg/workspace/inference/template_inference.go (a template's pods go to the nodes made for it);
presets/workspace/inference/vllm/inference_api.py (its `vllm:` entries come behind every other word, so they win).
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import structs

from skewguard.language.facts import Gap, Located
from skewguard.language.trees import Node
from skewguard.language.workloads import Container, Invocation, Missing, NodeTerm, Resources, TextFile, Token
from skewguard.observe.sources.layers import Layers, SoleContainer
from skewguard.observe.sources.objects import called, supply
from skewguard.observe.sources.pieces import Piece, Reading, add_fields, piece

_KEY = "inference_config.yaml"
_MOUNTED = f"/mnt/config/{_KEY}"
_RUNTIME = "kaito.sh/runtime"


def workspace(reading: Reading) -> list[Piece]:
    """A Workspace, which is its own spec, or an InferenceSet, whose template it is."""
    root = reading.object.root
    several = reading.object.kind == "InferenceSet"
    spec = root.get("spec", "template") if several else root
    inference = spec.get("inference")
    replicas = root.get("spec", "replicas") if several else None
    if inference.get("template", "spec"):
        return [_placed(piece(inference.get("template")), spec.get("resource"), replicas)]
    preset = inference.get("preset")
    if not preset:
        return []
    made = _preset(reading, preset.get("name"), inference.get("config"), spec.get("resource"))
    return [_placed(made, spec.get("resource"), replicas)]


def multi_role(reading: Reading) -> list[Piece]:
    """A MultiRoleInference: one preset served by roles (`prefill`, `decode`) of their own instances."""
    model = reading.spec.get("model")
    return [
        structs.replace(
            _placed(_preset(reading, model.get("name"), _config(role), role), role, role.get("replicas")),
            role=role.get("type").text(),
        )
        for role in reading.spec.get("roles").elements()
    ]


def _config(role: Node) -> Node:
    return role.get("runtimeConfig") or role.get("inferenceConfig")


def _preset(reading: Reading, name: Node, config: Node, resource: Node) -> Piece:
    """The pod of a preset, as far as its name, its nodes and the user's ConfigMap give it.

    How many nodes serve one copy KAITO works out by the model's size.
    """
    text = name.text() or ""
    gap = Gap(
        "runtime.engine",
        f"KAITO's preset `{text}` chooses image, version and command; the KAITO version decides which",
        rule="preset",
        inputs=(f"preset@{text}",),
        would_need="the Deployment or StatefulSet that KAITO made (`kubectl get deploy,sts -o yaml`)",
    )
    chosen = reading.object.metadata.get("annotations", _RUNTIME).text() or "vllm"
    words, files = _settings(reading, config) if chosen == "vllm" else ((), ())

    def finish(container: Container) -> Container:
        place = name.origin if name else reading.object.origin
        named = structs.replace(
            container, name=reading.object.name, origin=place, files=files, resources=_devices(resource)
        )
        identity = {"model.source_uri": Located(f"kaito://{text}", name.origin)} if text else {}
        if chosen == "vllm":
            start = Invocation((Token("kaito-preset", place), *words), "field")
            named = structs.replace(named, invocations=(start,))
        return add_fields(named, identity, gap)

    return Piece(SoleContainer([name], [name]), Layers([]), group_size=None, finish=finish, complete=False)


_GPUS = {
    **dict.fromkeys(("NC6s_v3", "NC4as_T4_v3", "NC8as_T4_v3", "NC16as_T4_v3", "NV36ads_A10_v5", "NC24ads_A100_v4"), 1),
    **dict.fromkeys(("NC40ads_H100_v5", "NCC40ads_H100_v5"), 1),
    **dict.fromkeys(("NC12s_v3", "NV72ads_A10_v5", "NC48ads_A100_v4", "NC80adis_H100_v5"), 2),
    **dict.fromkeys(("NC24s_v3", "NC24rs_v3", "NC64as_T4_v3", "NC96ads_A100_v4"), 4),
    **dict.fromkeys(("ND96asr_A100_v4", "ND96amsr_A100_v4", "ND96isr_H100_v5", "ND96isr_H200_v5"), 8),
}
"""The NVIDIA GPUs of the Azure machines that KAITO makes, each of which it asks for (pkg/sku/azure_sku_handler.go)."""


def _devices(resource: Node) -> Resources:
    """All GPUs of a node of the named type; none where the type is not known, or split."""
    kind = resource.get("instanceType")
    count = _GPUS.get((kind.text() or "").removeprefix("Standard_"))
    if count is None or resource.get("partition").present:
        return Resources()
    return Resources(limits={"nvidia.com/gpu": Located(str(count), kind.origin)})


def _settings(reading: Reading, config: Node) -> tuple[tuple[Token, ...], tuple[TextFile, ...]]:
    """The ConfigMap that the user names, as the file that the preset reads; nothing where nobody named one."""
    name = config.text()
    if not name:
        return (), ()
    namespace = reading.object.namespace
    words = (Token("--kaito-config-file", config.origin), Token(_MOUNTED, config.origin))
    title = f"{called('ConfigMap', name, namespace)} key {_KEY}"
    data = reading.objects.config(name, namespace)
    if data is None:
        missing = called("ConfigMap", name, namespace)
        how = supply("ConfigMap", name, namespace)
        reading.ledger.miss(Missing(missing, "the engine's settings", how, config.origin, reading.subject))
        return words, (TextFile(_MOUNTED, None, title, config.origin),)
    if _KEY not in data:
        return (), ()
    value, origin = data[_KEY]
    return words, (TextFile(_MOUNTED, value.text(), title, origin, value.lines()),)


def _placed(made: Piece, resource: Node, replicas: Node | None) -> Piece:
    """The pod on the nodes that KAITO makes, or takes, for it."""
    labels = resource.get("labelSelector", "matchLabels")
    terms = tuple(_terms(labels))
    instance = resource.get("instanceType")
    if not instance.text():
        return structs.replace(made, replicas=replicas, terms=terms)
    kind = NodeTerm("node.kubernetes.io/instance-type", "In", (instance.text() or "",), instance.origin)
    note = f"KAITO makes nodes of the type {instance.text()} for it"
    return structs.replace(made, replicas=replicas, terms=(*terms, kind), notes=(note,))


def _terms(labels: Node) -> Iterator[NodeTerm]:
    for key, value in labels.items():
        yield NodeTerm(key, "In", (value.text() or "",), value.origin)


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    "Workspace": workspace,
    "InferenceSet": workspace,
    "MultiRoleInference": multi_role,
}
