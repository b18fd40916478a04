"""One pod template of one object: what every kind is taken apart into, and how it becomes a workload."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field, structs

from skewguard.language.facts import Gap, Located, Subject
from skewguard.language.trees import Node
from skewguard.language.workloads import Container, NodeTerm, PodTemplate, Workload
from skewguard.observe.sources import pods
from skewguard.observe.sources.layers import Layers
from skewguard.observe.sources.objects import Ledger, Object, Objects

Finish = Callable[[Container], Container]
"""What a platform's own fields add to a container."""


class Piece(Struct, frozen=True):
    """A pod template in the making.

    `spec` and `metadata` are the pod's, as layers. `finish` adds a platform's own fields to each container.
    `replicas` is the node that holds the number, `most` the most pods that an autoscaler may make of it, `terms` are nodes that the platform asks
    for. The other fields are those of `Workload` and `pods.Ground`.
    """

    spec: Layers
    metadata: Layers
    role: str | None = None
    replicas: Node | None = None
    most: int | None = None
    group_size: int | None = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    finish: Finish | None = None
    placeholders: Mapping[str, str] | None = None
    joins_args: bool = False
    claimed: frozenset[str] = frozenset()
    terms: tuple[NodeTerm, ...] = ()
    generic: bool = False
    complete: bool = True
    notes: tuple[str, ...] = ()


class Reading(Struct, frozen=True):
    """What the readers of kinds are handed: the object itself, the others, and the record of what is missing."""

    object: Object
    objects: Objects
    ledger: Ledger

    @property
    def spec(self) -> Node:
        """The object's spec."""
        return self.object.root.get("spec")

    @property
    def subject(self) -> Subject:
        """The object as a subject, without a role."""
        each = self.object
        return Subject(
            kind=each.kind,
            name=each.name,
            namespace=each.namespace,
            group=each.group or None,
            cluster=each.cluster,
            source=each.source,
        )


def piece(template: Node, **more: object) -> Piece:
    """The piece of a PodTemplateSpec (`metadata` and `spec`)."""
    return Piece(Layers([template.get("spec")]), Layers([template.get("metadata")]), **more)  # type: ignore[arg-type]


def claimed(spec: Node) -> frozenset[str]:
    """The volumes that claim templates add to every pod."""
    claims = spec.get("volumeClaimTemplates").elements()
    return frozenset(claim.get("metadata", "name").text() or "" for claim in claims)


def workloads(reading: Reading, pieces: list[Piece]) -> list[Workload]:
    """The workloads of one object: one for each piece, knowing each other."""
    subjects = [structs.replace(reading.subject, role=role) for role in _distinct([each.role for each in pieces])]
    made = []
    for number, (subject, each) in enumerate(zip(subjects, pieces, strict=True)):
        others = tuple(dict.fromkeys(subjects[:number] + subjects[number + 1 :]))
        made.append(_workload(reading, each, subject, others))
    return made


def _distinct(roles: Sequence[str | None]) -> list[str | None]:
    """Roles by which each piece can be found again: the second `worker` is `2-worker`."""
    seen: dict[str | None, int] = {}
    found: list[str | None] = []
    for role in roles:
        seen[role] = seen.get(role, 0) + 1
        found.append(role if seen[role] == 1 else f"{seen[role]}-{role or 'pod'}")
    return found


def _workload(reading: Reading, each: Piece, subject: Subject, members: tuple[Subject, ...]) -> Workload:
    own = reading.object
    patch = each.complete and _is_patch(each.spec, own.kind)
    template = _template(reading, each, subject, complete=each.complete and not patch)
    metadata = own.metadata
    notes = each.notes
    if patch:
        notes = (*notes, "it looks like a Kustomize patch, a piece of an object: render it with `kustomize build`")
    return Workload(
        subject=subject,
        template=template,
        origin=own.origin,
        api_version=own.version,
        replicas=None if each.replicas is None else pods.count(each.replicas),
        labels={key: value.text() or "" for key, value in metadata.get("labels").items()},
        annotations=pods.annotations(Layers([metadata])),
        group_size=each.group_size,
        most_pods=each.most,
        members=members,
        generic=each.generic,
        notes=notes,
    )


def template_of(pod: Node, each: Piece, reading: Reading, subject: Subject) -> PodTemplate:
    """A running pod (`metadata` and `spec`) of one piece's template, with what the platform's own fields add to it."""
    running = structs.replace(
        each, spec=Layers([pod.get("spec")]), metadata=Layers([pod.get("metadata")]), labels={}, placeholders=None, terms=()
    )  # fmt: skip
    return _template(reading, running, subject, complete=True)


def _template(reading: Reading, each: Piece, subject: Subject, *, complete: bool) -> PodTemplate:
    ground = pods.Ground(
        subject=subject,
        objects=reading.objects,
        ledger=reading.ledger,
        placeholders=each.placeholders,
        joins_args=each.joins_args,
        claimed=each.claimed,
        complete=complete,
        generic=each.generic,
    )
    template = pods.template(each.spec, each.metadata, ground, each.labels)
    if each.terms:
        template = structs.replace(template, node_terms=(*template.node_terms, *each.terms))
    template = structs.replace(template, containers=tuple(map(_launched, template.containers)))
    if each.finish is None:
        return template
    return structs.replace(template, containers=tuple(each.finish(item) for item in template.containers))


def _launched(container: Container) -> Container:
    """A container with the engines that `serve run FILE` of Ray starts in it."""
    if not any(each.argv and each.argv[0].text.endswith("serve") for each in container.invocations):
        return container
    from skewguard.observe.sources import ray

    return ray.launched(container)


_MERGED = frozenset(("InferenceService", "LLMInferenceService", "LLMInferenceServiceConfig"))


def _is_patch(spec: Layers, kind: str) -> bool:
    """A pod of a plain kind whose containers have no image is a piece that Kustomize merges into another."""
    containers = spec.named("containers")
    return kind not in _MERGED and bool(containers) and all(not each.get("image") for each in containers)


def add_fields(container: Container, fields: Mapping[str, Located[str]], *gaps: Gap) -> Container:
    """A container with settings that a resource gives in fields of its own."""
    return structs.replace(
        container, fields={**container.fields, **fields}, gaps=tuple(dict.fromkeys((*container.gaps, *gaps)))
    )


def fields_of(node: Node, paths: Mapping[str, tuple[str, ...]]) -> dict[str, Located[str]]:
    """The settings that a resource's own fields give: setting → path of the field."""
    found = {}
    for setting, path in paths.items():
        value = pods.located(node.get(*path))
        if value is not None and value.value != "":
            found[setting] = value
    return found
