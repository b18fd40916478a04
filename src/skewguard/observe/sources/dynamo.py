"""NVIDIA Dynamo's graphs and components: pods in fields of their own, and which of them run no engine.

Sources: ai-dynamo/dynamo deploy/operator/api: v1alpha1 `services.NAME` (or a DynamoComponentDeployment's spec) with
`extraPodSpec.mainContainer`, `envs`, `resources{cpu, memory, gpu, gpuType, custom}` and probes beside it; v1beta1
`components[]` with `type` and `podTemplate`, whose container `main` gets `spec.env` first; `multinode.nodeCount` pods
are one server, with as many GPUs each. internal/dynamo/component_frontend.go: a frontend without a command runs
`python3 -m dynamo.frontend`.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import structs

from skewguard.language.facts import Located
from skewguard.language.trees import Node
from skewguard.language.workloads import Container, Invocation, Resources, Token
from skewguard.observe.sources.layers import Layers, SharedVariables, SoleContainer
from skewguard.observe.sources.pieces import Piece, Reading

_MAIN = "main"
_SERVE_NONE = ("frontend", "planner", "router")
"""Components without an engine, which the operator starts by a command of its own where none is written."""


def graph(reading: Reading) -> list[Piece]:
    """The components of a DynamoGraphDeployment."""
    spec = reading.spec
    named = [(each.get("name").text() or "", each) for each in spec.get("components").elements()]
    shared = [*spec.get("envs").elements(), *spec.get("env").elements()]
    pieces = [_component(name, node, shared) for name, node in (*spec.get("services").items(), *named)]
    return [each for each in pieces if each is not None]


def component(reading: Reading) -> list[Piece]:
    """A DynamoComponentDeployment: one component as an object of its own."""
    name = reading.spec.get("serviceName").text() or reading.spec.get("name").text() or reading.object.name
    made = _component(name, reading.spec, ())
    return [] if made is None else [made]


def _component(name: str, node: Node, shared: Sequence[Node]) -> Piece | None:
    """The pods of one component; None where nobody wrote a container."""
    pod, template = node.get("extraPodSpec"), node.get("podTemplate")
    if template.get("spec"):
        spec: Layers = SharedVariables([template.get("spec")], _MAIN, shared)
    elif pod.get("mainContainer"):
        env = [*shared, *node.get("envs").elements()]
        spec = SoleContainer([pod], [node, pod.get("mainContainer")], env)
    else:
        return None
    kind = node.get("type") or node.get("componentType")

    def finish(container: Container) -> Container:
        if container.init or (template and container.name != _MAIN):
            return container
        return _main(container, kind)

    return Piece(
        spec,
        Layers([template.get("metadata") if template else node]),
        role=_role(name, node, kind),
        replicas=node.get("replicas"),
        group_size=_nodes(node),
        finish=finish,
        complete=False,
    )


def _nodes(node: Node) -> int | None:
    """Pods that act as one server; the operator's default is two where `multinode` says no number."""
    multinode = node.get("multinode")
    if not multinode.present:
        return 1
    return multinode.get("nodeCount").integer() if multinode.get("nodeCount") else 2


def _role(name: str, node: Node, kind: Node) -> str:
    """`prefill` or `decode` where a field or the name says so, else the component's own name."""
    told = " ".join((kind.text() or "", node.get("subComponentType").text() or "", name)).lower()
    return next((half for half in ("prefill", "decode") if half in told), name)


def _main(container: Container, kind: Node) -> Container:
    held = container.resources
    named = structs.replace(
        container,
        name=container.name or _MAIN,
        resources=Resources(_amounts(held.requests), _amounts(held.limits), held.claims),
    )
    if named.command is not None or named.args or kind.text() not in _SERVE_NONE:
        return named
    words = tuple(Token(word, kind.origin) for word in ("python3", "-m", f"dynamo.{kind.text()}"))
    return structs.replace(named, invocations=(Invocation(words, "exec"),))


def _amounts(written: Mapping[str, Located[str]]) -> dict[str, Located[str]]:
    """Amounts under the names of resources: v1alpha1 says `gpu`, and `gpuType` where it is not NVIDIA's."""
    kind = written.get("gpuType")
    name = kind.value if kind is not None else "nvidia.com/gpu"
    renamed = {name if key == "gpu" else key: value for key, value in written.items()}
    return {key: value for key, value in renamed.items() if key != "gpuType"}


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    "DynamoGraphDeployment": graph,
    "DynamoComponentDeployment": component,
}
