"""RoleBasedGroup: roles of one or several pods each, whose templates may stand in `roleTemplates`, patched by the role.

Sources: sgl-project/rbg api/workloads/v1alpha2/rolebasedgroup_types.go (`standalonePattern`, `leaderWorkerPattern`,
`customComponentsPattern`, each with `template` or `templateRef{name, patch}`), helper.go GetResolvedTemplate (strategic
merge) and GenerateScalingAdapterName; v1alpha1 `template`, `templateRef` and `templatePatch`, `leaderWorkerSet`,
`components`; RoleBasedGroupSet `groupTemplate.spec` (v1alpha1 `template`).
"""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from skewguard.language.trees import Node
from skewguard.language.workloads import Missing
from skewguard.observe.sources.layers import Layers
from skewguard.observe.sources.objects import Object, Objects
from skewguard.observe.sources.pieces import Piece, Reading

KIND, ADAPTER = "RoleBasedGroup", "RoleBasedGroupScalingAdapter"


class _Role(Struct):
    """One role: its name, the layers of its pod template, and who makes several pods of it."""

    name: str
    node: Node
    template: list[Node]
    several: Node
    leader_patch: Node
    worker_patch: Node


def role_based_group(reading: Reading) -> list[Piece]:
    """The templates of a RoleBasedGroup, or of the groups that a RoleBasedGroupSet makes."""
    spec = reading.spec.get("groupTemplate", "spec") or reading.spec.get("template", "spec")
    spec = spec or (reading.spec.get("template") if reading.spec.get("template", "roles") else reading.spec)
    shared = {each.get("name").text(): each.get("template") for each in spec.get("roleTemplates").elements()}
    pieces: list[Piece] = []
    for node in spec.get("roles").elements():
        components = node.get("customComponentsPattern", "components") or node.get("components")
        if components.elements():
            pieces.extend(_components(reading, node, components.elements()))
        else:
            pieces.extend(_pods(reading, _role(reading, node, shared)))
    return pieces


def _role(reading: Reading, node: Node, shared: Mapping[str | None, Node]) -> _Role:
    """A role with the layers of its template: those of its pattern, or (v1alpha1) its own."""
    pattern = node.get("leaderWorkerPattern") or node.get("standalonePattern") or node
    old = node.get("leaderWorkerSet")
    several = node.get("leaderWorkerPattern") or old
    name = node.get("name").text() or ""
    ref = pattern.get("templateRef")
    template = [pattern.get("template")]
    if ref:
        template = [_shared(reading, name, ref, shared), ref.get("patch") or pattern.get("templatePatch")]
    return _Role(
        name,
        node,
        [each for each in template if each],
        several,
        several.get("leaderTemplatePatch") or old.get("patchLeaderTemplate"),
        several.get("workerTemplatePatch") or old.get("patchWorkerTemplate"),
    )


def _shared(reading: Reading, role: str, ref: Node, shared: Mapping[str | None, Node]) -> Node:
    """The template that a role refers to; the controller refuses a group that refers to none of its own."""
    wanted = ref.get("name")
    found = shared.get(wanted.text())
    if found is not None:
        return found
    reading.ledger.miss(
        Missing(
            f"roleTemplate {wanted.text()}",
            f"the pod template of role {role}",
            "add it to `spec.roleTemplates` of the same object: its controller refuses the group without it",
            wanted.origin if wanted else ref.origin,
            reading.subject,
        )
    )
    return Node.absent()


def _pods(reading: Reading, role: _Role) -> Iterator[Piece]:
    """A role's pod; of a group the leader and the workers, where one of them is patched."""
    size = role.several.get("size").integer() if role.several.get("size") else 1
    if not role.several or (not role.leader_patch and not role.worker_patch):
        yield from _piece(reading, role, role.name, role.template, size)
        return
    yield from _piece(reading, role, role.name, [*role.template, role.leader_patch], size, "leader")
    if size is None or size > 1:
        yield from _piece(reading, role, f"{role.name}-worker", [*role.template, role.worker_patch], size, "worker")


def _piece(
    reading: Reading, role: _Role, name: str, layers: list[Node], size: int | None, component: str = ""
) -> Iterator[Piece]:
    spec = [each.get("spec") for each in layers]
    if any(each.get("containers").elements() for each in spec):
        yield Piece(
            Layers(spec),
            Layers([each.get("metadata") for each in layers]),
            role=name,
            replicas=role.node.get("replicas"),
            group_size=size,
            labels=_labels(reading, role.name, component),
        )


def _components(reading: Reading, role: Node, components: list[Node]) -> Iterator[Piece]:
    """Pods of different templates that act together: a role's custom components."""
    name = role.get("name").text() or ""
    sizes = [each.get("size").integer() if each.get("size") else 1 for each in components]
    total = None if None in sizes else sum(size for size in sizes if size is not None)
    for each in components:
        component = each.get("name").text() or ""
        yield Piece(
            Layers([each.get("template", "spec")]),
            Layers([each.get("template", "metadata")]),
            role=f"{name}-{component}",
            replicas=role.get("replicas"),
            group_size=total,
            labels=_labels(reading, name, component),
        )


def _labels(reading: Reading, role: str, component: str) -> dict[str, str]:
    """The labels that the controller puts on the pods of a role.

    Sources: api/workloads/constants/label.go; api/workloads/v1alpha1/constant.go.
    """
    own = reading.object
    if own.version.endswith("/v1alpha1"):
        prefix = "rolebasedgroup.workloads.x-k8s.io/"
        return {f"{prefix}name": own.name, f"{prefix}role": role}
    prefix = "rbg.workloads.x-k8s.io/"
    labels = {f"{prefix}group-name": own.name, f"{prefix}role-name": role}
    return {**labels, f"{prefix}component-name": component} if component else labels


def scaled_role(adapter: str, own: Object, objects: Objects) -> tuple[str, str] | None:
    """The group and role that a scaling adapter sets the replicas of; None where the input does not say."""
    found = objects.find(ADAPTER, adapter, own.namespace)
    if found is not None:
        ref = found.root.get("spec", "scaleTargetRef")
        return ref.get("name").text() or "", ref.get("role").text() or ""
    for group in objects.of_kind(KIND):
        for role in group.root.get("spec", "roles").elements():
            name = role.get("name").text() or ""
            if adapter == f"{group.name}-{name}":  # the controller makes it under this name
                return group.name, name
    return None


READERS: Mapping[str, Callable[[Reading], list[Piece]]] = {
    KIND: role_based_group,
    f"{KIND}Set": role_based_group,
}
