"""KAITO's workspaces: a pod template of the user's, or a preset whose image and command the operator chooses.

Sources: kaito-project/kaito api/v1beta1/workspace_types.go, v1alpha1/{inferenceset,multiroleinference}_types.go;
pkg/workspace/inference/preset_inferences.go (the preset's words, then the user's ConfigMap mounted at /mnt/config);
presets/workspace/inference/vllm/inference_api.py (its `vllm:` entries come behind every other word, so they win).
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import structs

from skewguard.language.documents import Node
from skewguard.language.facts import Gap, Located
from skewguard.language.workloads import Container, Invocation, Missing, NodeTerm, TextFile, Token
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
        return [piece(inference.get("template"), replicas=replicas)]
    preset = inference.get("preset")
    if not preset:
        return []
    made = _preset(reading, preset.get("name"), inference.get("config"))
    return [_placed(made, spec.get("resource"), replicas)]


def multi_role(reading: Reading) -> list[Piece]:
    """A MultiRoleInference: one preset served by roles (`prefill`, `decode`) of their own instances."""
    model = reading.spec.get("model")
    return [
        structs.replace(
            _placed(_preset(reading, model.get("name"), role.get("inferenceConfig")), role, role.get("replicas")),
            role=role.get("type").text(),
        )
        for role in reading.spec.get("roles").elements()
    ]


def _preset(reading: Reading, name: Node, config: Node) -> Piece:
    """The pod of a preset, as far as its name and the user's ConfigMap give it."""
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
        named = structs.replace(container, name=reading.object.name, origin=place, files=files)
        identity = {"model.source_uri": Located(f"kaito://{text}", name.origin)} if text else {}
        if chosen == "vllm":
            start = Invocation((Token("kaito-preset", place), *words), "field")
            named = structs.replace(named, invocations=(start,))
        return add_fields(named, identity, gap)

    return Piece(SoleContainer([name], [name]), Layers([]), finish=finish, complete=False)


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
