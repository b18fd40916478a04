"""A pod template and its containers, read field by field with the place of everything that was written."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from skewguard.language.facts import Gap, Located, Origin, Subject
from skewguard.language.trees import Node
from skewguard.language.workloads import (
    Container,
    Hint,
    NodeTerm,
    PodTemplate,
    Port,
    Probe,
    Resources,
    Toleration,
)
from skewguard.observe.sources import files, starting, texts
from skewguard.observe.sources.environment import MAX_GROWTH, Environment
from skewguard.observe.sources.expansion import expand, fill
from skewguard.observe.sources.layers import Layers
from skewguard.observe.sources.objects import Ledger, Objects
from skewguard.observe.sources.texts import Text


class Ground(Struct, frozen=True):
    """What a template is read with. `placeholders` are KServe's (`Name` → `chat`); None where there are none.

    `joins_args` is True where a platform appends the user's `args` to its own instead of replacing them. `claimed`
    are volumes that exist without being listed (a StatefulSet's claim templates). `generic` is that of `Workload`.
    """

    subject: Subject
    objects: Objects
    ledger: Ledger
    placeholders: Mapping[str, str] | None = None
    joins_args: bool = False
    claimed: frozenset[str] = frozenset()
    complete: bool = True
    generic: bool = False


def template(spec: Layers, metadata: Layers, ground: Ground, labels: Mapping[str, str] | None = None) -> PodTemplate:
    """Read a pod's spec and metadata. `labels` are those its controller adds."""
    pod = files.volumes(spec.sequence("volumes"), ground.objects, ground.subject.namespace)
    containers = [
        *(_container(each, pod, ground, init=False) for each in spec.named("containers")),
        *(_container(each, pod, ground, init=True) for each in spec.named("initContainers")),
    ]
    _odd_volumes(pod, containers, ground)
    for node in (*spec.nodes, *metadata.nodes):
        _duplicates(node, ground)
    own = {key: value.text() or "" for key, value in metadata.mapping("labels").items()}
    grace = spec.get("terminationGracePeriodSeconds").integer()
    return PodTemplate(
        origin=spec.top.origin,
        containers=tuple(containers),
        labels={**(labels or {}), **own},
        annotations=annotations(metadata),
        volumes=pod.all,
        node_terms=tuple(_node_terms(spec)),
        tolerations=tuple(_toleration(node) for node in spec.sequence("tolerations")),
        service_links=spec.get("enableServiceLinks").boolean() is not False,
        host_network=spec.get("hostNetwork").boolean() is True,
        host_ipc=spec.get("hostIPC").boolean() is True,
        runtime_class=spec.get("runtimeClassName").text(),
        node_name=spec.get("nodeName").text(),
        termination_grace_s=grace,
    )


def annotations(metadata: Layers) -> dict[str, Located[str]]:
    """Annotations with the place of each value."""
    found = {}
    for key, value in metadata.mapping("annotations").items():
        text = value.text()
        if text is not None and key != "kubectl.kubernetes.io/last-applied-configuration":
            found[key] = Located(text, value.origin)
    return found


def located(node: Node) -> Located[str] | None:
    """A scalar with its place; None for anything else."""
    text = node.text()
    return None if text is None else Located(text, node.origin)


def count(node: Node) -> Located[int] | None:
    """An integer with its place; None for anything else."""
    number = node.integer()
    return None if number is None else Located(number, node.origin)


# ---- containers ----------------------------------------------------------------------------------------------------


def _container(layers: Layers, pod: files.Volumes, ground: Ground, *, init: bool) -> Container:
    name = layers.get("name").text() or ""
    place = layers.get("name").origin if name else layers.top.origin
    subject = structs.replace(ground.subject, container=name or None)
    environment = Environment(ground.objects, ground.ledger, subject, place, open_=ground.generic)
    environment.add_sources(layers.sequence("envFrom"))
    for entry in layers.sequence("env"):
        environment.add(entry)
    mounted = files.mounted(layers.sequence("volumeMounts"), pod, ground.ledger, subject)
    gaps: list[Gap] = []
    command = _words(layers.each("command")[-1:], environment, ground, gaps)
    lists = layers.each("args") if ground.joins_args else layers.each("args")[-1:]
    args = _words(lists, environment, ground, gaps)
    tokens = [tuple(texts.token(text.runs) for text in part or ()) for part in (command, args)]
    around = starting.Surroundings(environment.lookup, mounted.find, environment.unseen_names)
    starts = starting.read(command or (), args or (), around, (*tokens[0], *tokens[1]))
    for node in layers.nodes:
        _duplicates(node, ground, subject)
        _duplicate_variables(node.get("env").elements(), ground.ledger, subject)
    return Container(
        name=name,
        origin=place,
        image=_image(layers.get("image")),
        command=None if command is None else tokens[0],
        args=None if args is None else tokens[1],
        base_args=sum(len(each.elements()) for each in lists[:-1]),
        invocations=tuple(starts.invocations),
        env=tuple(environment.entries),
        unseen_env=tuple(environment.unseen),
        files=mounted.files,
        ports=tuple(_ports(layers.sequence("ports"))),
        liveness=_probe(layers.get("livenessProbe")),
        readiness=_probe(layers.get("readinessProbe")),
        startup=_probe(layers.get("startupProbe")),
        resources=resources(layers),
        mounts=mounted.mounts,
        init=init,
        sidecar=init and layers.get("restartPolicy").text() == "Always",
        read_only_root=layers.get("securityContext", "readOnlyRootFilesystem").boolean() is True,
        pull_policy=located(layers.get("imagePullPolicy")),
        working_dir=layers.get("workingDir").text(),
        gaps=(*gaps, *starts.gaps),
    )


def _image(node: Node) -> Located[str] | None:
    image = located(node)
    return image if image is not None and image.value.strip() else None


def _words(lists: Sequence[Node], environment: Environment, ground: Ground, gaps: list[Gap]) -> list[Text] | None:
    """The words of `command` or `args`, expanded; None where the field is absent."""
    if not any(node for node in lists):
        return None
    words: list[Text] = []
    growth = 0
    for node in lists:
        for element in node.elements() if node.kind == "sequence" else [node]:
            if element.kind != "scalar":
                gaps.append(_no_text(element))
                continue
            text = texts.of(element)
            if ground.placeholders is not None:
                text = fill(text, ground.placeholders)
            expanded = expand(text, environment.lookup, environment.unseen_names)
            growth += max(len(expanded.text) - len(text.text), 0)
            kept = growth <= MAX_GROWTH or expanded is text
            words.append(expanded if kept else Text([text.unknown(0, len(text.text), text.text)]))
    return words


def _no_text(node: Node) -> Gap:
    return Gap(
        "runtime.engine",
        f"the word at {node.origin} is a {node.kind}, not a text (a missing quote?): the API server refuses it",
        rule="word",
        would_need="quotes around the word",
    )


def resources(layers: Layers) -> Resources:
    """Requests, limits and claims."""

    def amounts(field: str) -> dict[str, Located[str]]:
        found = {}
        for key, value in layers.mapping("resources", field).items():
            text = value.text()
            if text is not None:
                found[key] = Located(text, value.origin)
        return found

    claims = layers.get("resources", "claims").elements()
    return Resources(amounts("requests"), amounts("limits"), tuple(claim.get("name").text() or "" for claim in claims))


def _ports(nodes: Sequence[Node]) -> Iterator[Port]:
    for node in nodes:
        port = node.get("containerPort")
        protocol = node.get("protocol").text() or "TCP"
        yield Port(port.integer(), port.origin if port else node.origin, node.get("name").text(), None, protocol)


_HANDLERS = (("httpGet", "http"), ("tcpSocket", "tcp"), ("exec", "exec"), ("grpc", "grpc"))


def _probe(node: Node) -> Probe | None:
    if not node:
        return None
    field, handler = next((pair for pair in _HANDLERS if node.get(pair[0]).present), ("", "none"))
    action = node.get(field) if field else node
    port = action.get("port")
    return Probe(
        origin=node.origin,
        handler=handler,  # type: ignore[arg-type]
        path=action.get("path").text(),
        port=port.integer() if port.integer() is not None else port.text(),
        command=tuple(word.text() or "" for word in action.get("command").elements()),
        initial_delay_s=node.get("initialDelaySeconds").integer(),
        period_s=node.get("periodSeconds").integer(),
        timeout_s=node.get("timeoutSeconds").integer(),
        failure_threshold=node.get("failureThreshold").integer(),
        port_origin=port.origin if port else None,
    )


# ---- nodes ---------------------------------------------------------------------------------------------------------


def _node_terms(spec: Layers) -> Iterator[NodeTerm]:
    for key, value in spec.mapping("nodeSelector").items():
        text = value.text()
        if text is not None:
            yield NodeTerm(key, "In", (text,), value.origin)
    required = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    for number, term in enumerate(spec.get(*required).elements()):
        for field in ("matchExpressions", "matchFields"):
            for node in term.get(field).elements():
                values = node.get("values").elements()
                yield NodeTerm(
                    key=node.get("key").text() or "",
                    operator=node.get("operator").text() or "In",
                    values=tuple(value.text() or "" for value in values),
                    origin=values[0].origin if values else node.get("key").origin,
                    alternative=number,
                )


def _toleration(node: Node) -> Toleration:
    return Toleration(
        key=node.get("key").text(),
        operator=node.get("operator").text() or "Equal",
        value=node.get("value").text(),
        effect=node.get("effect").text(),
        origin=node.origin,
    )


# ---- oddities ------------------------------------------------------------------------------------------------------

_INNER = ("resources", "livenessProbe", "readinessProbe", "startupProbe", "securityContext")


def _duplicates(node: Node, ground: Ground, subject: Subject | None = None) -> None:
    """Hints for keys written twice in a container or pod spec, and in what a container holds."""
    inner = [node.get(field) for field in _INNER] if subject is not None else []
    inner += [node.get("resources", field) for field in ("limits", "requests")] if subject is not None else []
    for mapping in (node, *inner):
        duplicates(mapping, ground.ledger, subject or ground.subject)


def duplicates(mapping: Node, ledger: Ledger, subject: Subject) -> None:
    """Hints for the keys that one mapping gives twice."""
    for key, lost, kept in mapping.duplicates() if mapping else ():
        message = (
            f"`{key}` is written twice: {_at(kept)} wins, and what stands at {_at(lost)} is lost, "
            "or the API server refuses the object"
        )
        ledger.hint(Hint("duplicate-key", message, lost, subject, key))


def _duplicate_variables(entries: Sequence[Node], ledger: Ledger, subject: Subject) -> None:
    """Hints for the variables that one list gives two values, where the later one is not made of the earlier."""
    before: dict[str, Node] = {}
    for entry in entries:
        name, value = entry.get("name").text() or "", entry.get("value")
        lost = before.get(name)
        before[name] = entry
        if lost is None or not value or entry.get("valueFrom") or lost.get("valueFrom"):
            continue
        if value.text() == lost.get("value").text() or f"$({name})" in (value.text() or ""):
            continue
        place = lost.get("name").origin
        message = (
            f"`{name}` is given twice with different values: {_at(entry.get('name').origin)} wins, and what stands "
            f"at {_at(place)} is lost"
        )
        ledger.hint(Hint("duplicate-variable", message, place, subject, name))


def _at(place: Origin) -> str:
    """A place of the same object, as a sentence about it bears it."""
    return f"line {place.line}" if place.line is not None else place.ref


# Volumes that an injected container mounts: GKE's Cloud Storage FUSE sidecar knows them by name.
_TAKEN_BY_SIDECARS = frozenset(("gke-gcsfuse-cache", "gke-gcsfuse-tmp", "gke-gcsfuse-buffer"))


def _odd_volumes(pod: files.Volumes, containers: Sequence[Container], ground: Ground) -> None:
    """Hints for mounts without a volume and volumes without a mount; pieces of a pod are not judged."""
    if not ground.complete:
        return
    defined = {volume.name for volume in pod.all} | ground.claimed
    used = {mount.volume for container in containers for mount in container.mounts}
    for container in containers:
        subject = structs.replace(ground.subject, container=container.name)
        for mount in container.mounts:
            if mount.volume not in defined:
                message = f"container {container.name} mounts the volume `{mount.volume}` at {mount.path}, but the pod defines no volume of that name"
                ground.ledger.hint(Hint("undefined-volume", message, mount.origin, subject, mount.volume))
    for volume in pod.all:
        if volume.name not in used and volume.name not in _TAKEN_BY_SIDECARS:
            shared = volume.medium == "Memory" and ("shm" in volume.name or "shared" in volume.name)
            meant = ": the containers keep the 64 MiB /dev/shm of the container runtime" if shared else ""
            message = f"the volume `{volume.name}` is defined, and no container mounts it{meant}"
            ground.ledger.hint(Hint("unmounted-volume", message, volume.origin, ground.subject, volume.name))
