"""Mappings laid over each other, as controllers merge a platform's template with what the user wrote.

KServe merges a ServingRuntime under an InferenceService, an LLMInferenceService takes its `baseRefs`: both by
Kubernetes' strategic merge, where the user's value wins, mappings merge key by key, and lists of named things by name.
One layer alone, the ordinary case, costs nothing.
"""

from collections.abc import Sequence

from skewguard.language.trees import Node

_KEYS = {"env": "name", "volumes": "name", "volumeMounts": "mountPath", "ports": "containerPort"}


class Layers:
    """One mapping seen through its layers; the last one wins."""

    __slots__ = ("nodes",)

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = [node for node in nodes if node]

    @property
    def top(self) -> Node:
        """The layer the user wrote; an absent node where there is none."""
        return self.nodes[-1] if self.nodes else _NOTHING

    def get(self, *path: str | int) -> Node:
        """The value at a path from the last layer that gives one."""
        if len(self.nodes) == 1:
            return self.nodes[0].get(*path)
        found = _NOTHING
        for node in self.nodes:
            value = node.get(*path)
            if value.present and value.text() != "":  # Go leaves out empty texts before it merges
                found = value
        return found

    def mapping(self, *path: str | int) -> dict[str, Node]:
        """A mapping merged key by key; a null gives the key no value."""
        return {key: value for node in self.nodes for key, value in node.get(*path).items()}

    def sequence(self, field: str) -> list[Node]:
        """A list: merged by name where Kubernetes does so, else the last layer's."""
        if len(self.nodes) == 1:
            return self.nodes[0].get(field).elements()
        if field not in _KEYS:
            return self.get(field).elements()
        merged: dict[str, Node] = {}
        for node in self.nodes:
            for number, element in enumerate(node.get(field).elements()):
                merged[element.get(_KEYS[field]).text() or f"#{number}"] = element
        return [element for element in merged.values() if not _deleted(element)]

    def named(self, field: str) -> list["Layers"]:
        """Containers: those of equal name lie over each other."""
        if len(self.nodes) == 1:
            return [Layers([element]) for element in self.nodes[0].get(field).elements() if element.kind == "mapping"]
        merged: dict[str, list[Node]] = {}
        for node in self.nodes:
            for number, element in enumerate(node.get(field).elements()):
                merged.setdefault(element.get("name").text() or f"#{number}", []).append(element)
        return [Layers(nodes) for nodes in merged.values() if not _deleted(nodes[-1])]

    def each(self, field: str) -> list[Node]:
        """The value of a field in every layer that has it, lowest first."""
        return [node.get(field) for node in self.nodes if node.get(field).present]


def _deleted(element: Node) -> bool:
    """Whether the uppermost layer takes an entry out: the directive of a strategic merge."""
    return element.get("$patch").text() == "delete"


class SoleContainer(Layers):
    """A pod whose only container is written somewhere else than under `containers`; `env` stands before its own."""

    __slots__ = ("container",)

    def __init__(self, nodes: list[Node], container: list[Node], env: Sequence[Node] = ()) -> None:
        super().__init__(nodes)
        self.container = WithVariables(container, env)

    def named(self, field: str) -> list[Layers]:
        """The container, beside the ordinary ones."""
        return [self.container] if field == "containers" else super().named(field)


class WithVariables(Layers):
    """A container with variables that stand elsewhere, before its own."""

    __slots__ = ("shared",)

    def __init__(self, nodes: list[Node], shared: Sequence[Node]) -> None:
        super().__init__(nodes)
        self.shared = shared

    def sequence(self, field: str) -> list[Node]:
        """A list; of `env`, the shared variables first."""
        return [*self.shared, *super().sequence(field)] if field == "env" else super().sequence(field)


class SharedVariables(Layers):
    """A pod of whose containers one gets variables that stand elsewhere, before its own."""

    __slots__ = ("env", "main")

    def __init__(self, nodes: list[Node], main: str, env: Sequence[Node]) -> None:
        super().__init__(nodes)
        self.main = main
        self.env = env

    def named(self, field: str) -> list[Layers]:
        """The containers, the main one with the shared variables."""
        return [
            WithVariables(each.nodes, self.env) if each.get("name").text() == self.main else each
            for each in super().named(field)
        ]


_NOTHING = Node.absent()
